//! Several kernels at once: they share the library's file and nothing else.

use std::sync::Barrier;

use super::{command, numbers, ok, shared, start};

/// A small training whose history depends on every draw and every step.
const TRAINING: [&str; 4] = [
    "let device = Device::flex();\ndevice.seed(GRAINE);",
    "let x = Tensor::<2>::random([64, 16], Distribution::Default, &device);",
    "fn entrainer(x: Tensor<2>, pas: usize) -> Vec<f32> {
    let device = x.device();
    let cible = x.clone().powf_scalar(2.0).sum_dim(1).autodiff();
    let x = x.autodiff();
    let mut w = Tensor::<2>::random([16, 32], Distribution::Default, &device);
    let mut v = Tensor::<2>::random([32, 1], Distribution::Default, &device);
    let mut pertes = Vec::new();
    for _ in 0..pas {
        let (w0, v0) = (w.autodiff().require_grad(), v.autodiff().require_grad());
        let erreur = x.clone().matmul(w0.clone()).tanh().matmul(v0.clone()) - cible.clone();
        let perte = erreur.powf_scalar(2.0).mean();
        pertes.push(perte.clone().into_scalar::<f32>());
        let gradients = perte.backward();
        w = w0.clone().inner() - w0.grad(&gradients).unwrap() * 0.01;
        v = v0.clone().inner() - v0.grad(&gradients).unwrap() * 0.01;
    }
    pertes
}",
    "println!(\"{:?}\", entrainer(x.clone(), 300));",
];

#[test]
fn two_kernels_train_as_each_does_alone() {
    let mut client = shared();
    let command = command();
    let alone: Vec<Vec<f64>> = [11, 22].map(|seed| train(&mut client, seed)).into();
    let barrier = Barrier::new(2);
    let together: Vec<Vec<f64>> = std::thread::scope(|scope| {
        let threads = [11, 22].map(|seed| {
            let (command, barrier) = (&command, &barrier);
            scope.spawn(move || {
                let mut client = start(command);
                barrier.wait();
                train(&mut client, seed)
            })
        });
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(together, alone);
    let [first, second] = &alone[..] else {
        panic!("{alone:?}")
    };
    assert_ne!(first, second, "two seeds");
    assert!(
        first.len() == 300 && first[299] < 0.5 * first[0],
        "it learns: {} then {}",
        first[0],
        first[299]
    );
}

fn train(client: &mut tp::jupyter::Client, seed: u64) -> Vec<f64> {
    let [seeded, data, definition, training] = TRAINING;
    ok(client, &seeded.replace("GRAINE", &seed.to_string()));
    ok(client, data);
    ok(client, definition);
    numbers(client, training).concat()
}
