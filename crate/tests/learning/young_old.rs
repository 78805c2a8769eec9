//! The young/old network against PyTorch (`fixtures/pytorch_young_old.py`): forward, loss, gradients, ten steps,
//! initial weights; and gradients that reach the image.

use crate::{
    parity::{assert_near, filled, images, norm, number, numbers, read},
    support::{seeded, values},
};
use serde_json::Value;
use visages::{
    burn::{module::Module, optim::GradientsParams, prelude::*},
    models::{Initialization, YoungOldCnn, YoungOldCnnConfig},
    train::{FitConfig, SgdConfig, Trainer, softmax_cross_entropy},
};

const FIXTURE: &str = include_str!("../fixtures/pytorch_young_old.json");
const STEPS: usize = 10;
/// Parameters in PyTorch's order, and the values that come into each neuron of the layer.
const PARAMETERS: [(&str, usize); 10] = [
    ("conv1.weight", 27),
    ("conv1.bias", 27),
    ("conv2.weight", 288),
    ("conv2.bias", 288),
    ("fc1.weight", 18_496),
    ("fc1.bias", 18_496),
    ("fc2.weight", 256),
    ("fc2.bias", 256),
    ("fc3.weight", 128),
    ("fc3.bias", 128),
];

fn fixture() -> Value {
    serde_json::from_str(FIXTURE).unwrap()
}

/// The network of the fixture, nothing dropped.
fn network() -> YoungOldCnn {
    let model = YoungOldCnnConfig::new().with_dropout([0.0; 3]);
    filled(model.init(&Device::flex()), &PARAMETERS, 1.0)
}

fn loss(model: &YoungOldCnn, images: Tensor<4>) -> visages::Result<Tensor<1>> {
    let labels = Tensor::<1, Int>::from_data([0, 1, 1, 0], &images.device());
    Ok(softmax_cross_entropy(model.forward(images), labels)?.mean())
}

#[test]
fn answers_loss_and_gradients_are_those_of_pytorch() {
    let _generator = seeded(0);
    let fixture = fixture();
    let device = Device::flex();
    let model = network();
    let logits = values(model.forward(images(75, &device)));
    assert_near(&logits, &numbers(&fixture["logits"]), 1e-6);
    let trained = model.train();
    let loss = loss(&trained, images(75, &device).autodiff()).unwrap();
    let first = number(&fixture["losses"][0]);
    assert!((loss.clone().into_scalar::<f64>() - first).abs() < 1e-6);
    let gradients = GradientsParams::from_grads(loss.backward(), &trained);
    for ((name, _), gradient) in
        PARAMETERS
            .iter()
            .zip(read(&trained, &PARAMETERS, Some(&gradients)))
    {
        let (found, expected) = (
            norm(gradient.into_iter()),
            number(&fixture["gradients"][*name]),
        );
        assert!(
            (found / expected - 1.0).abs() < 1e-4,
            "{name}: {found} ≠ {expected}"
        );
    }
}

#[test]
fn ten_steps_of_sgd_with_momentum_are_those_of_pytorch() {
    let _generator = seeded(0);
    let fixture = fixture();
    let before = read(&network(), &PARAMETERS, None);
    let config = FitConfig::new()
        .with_epochs(1)
        .with_learning_rate(0.01)
        .with_optimizer(SgdConfig::new().with_momentum(0.5))
        .with_progress(false);
    let trainer = Trainer::new(network(), |epoch| {
        let batch = images(75, &epoch.device);
        Ok(std::iter::repeat_n(batch, STEPS).map(Ok))
    });
    let fitted = trainer
        .with_loss(|model, images| loss(model, images.clone()))
        .fit(&config)
        .unwrap();
    let losses: Vec<f32> = fitted.history.losses().iter().map(|l| *l as f32).collect();
    assert_near(&losses, &numbers(&fixture["losses"]), 2e-6);
    let last = values(fitted.model.forward(images(75, &Device::flex())));
    assert_near(&last, &numbers(&fixture["last_logits"]), 1e-5);
    let after = read(&fitted.model, &PARAMETERS, None);
    for (((name, _), before), after) in PARAMETERS.iter().zip(&before).zip(&after) {
        let moved = norm(before.iter().zip(after).map(|(a, b)| b - a));
        let expected = number(&fixture["moved"][*name]);
        assert!(
            (moved / expected - 1.0).abs() < 1e-3,
            "{name}: {moved} ≠ {expected}"
        );
    }
}

#[test]
fn initial_weights_have_the_bounds_and_moments_of_pytorchs() {
    let _generator = seeded(0);
    let fixture = fixture();
    let model = YoungOldCnnConfig::new().init(&Device::flex());
    let ours = read(&Initialization::Pytorch.apply(model, 7), &PARAMETERS, None);
    for ((name, fan), values) in PARAMETERS.iter().zip(&ours) {
        let bound = 1.0 / (*fan as f64).sqrt();
        let largest = |values: &[f32]| values.iter().fold(0.0_f64, |a, v| a.max(v.abs().into()));
        let count = values.len() as f64;
        let square = norm(values.iter().copied()).powi(2) / count;
        let theirs = &fixture["initialization"][*name];
        // A uniform law: mean square bound²/3, whose estimate has a standard deviation of bound² √(4/45n).
        let spread = 5.0 * bound.powi(2) * (4.0 / 45.0 / count).sqrt();
        for (library, largest, square) in [
            ("ours", largest(values), square),
            ("PyTorch", number(&theirs["max"]), number(&theirs["square"])),
        ] {
            assert!(
                largest <= bound * (1.0 + 1e-6),
                "{library}, {name}: {largest}"
            );
            assert!(
                (square - bound.powi(2) / 3.0).abs() < spread,
                "{library}, {name}: {square}"
            );
            if count > 100.0 {
                assert!(largest > 0.9 * bound, "{library}, {name}: {largest}");
            }
        }
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        assert!(
            mean.abs() < 5.0 * bound / (3.0 * count).sqrt(),
            "{name}: {mean}"
        );
    }
}

/// Climbs the first logit from an image: what the lab's last question does.
fn ascend(model: &YoungOldCnn, start: Tensor<4>, steps: usize) -> (Tensor<4>, Vec<f32>) {
    // In evaluation mode nothing is dropped, and weights are constants: only the image gets a gradient.
    let model = model.valid();
    let mut image = start;
    let mut logits = Vec::new();
    for _ in 0..steps {
        let x = image.clone().autodiff().require_grad();
        let logit = model.forward(x.clone()).slice([0..1, 0..1]).sum();
        logits.push(logit.clone().into_scalar());
        let gradient = x.grad(&logit.backward()).unwrap();
        let size = gradient.clone().abs().mean();
        image = (image + gradient / size.reshape([1, 1, 1, 1]) * 0.01).clamp(0.0, 1.0);
    }
    (image, logits)
}

#[test]
fn gradient_ascent_reaches_the_image_and_leaves_the_weights() {
    let _generator = seeded(0);
    let device = Device::flex();
    // Dropout stays in the network: evaluation mode alone turns it off.
    let model = Initialization::Pytorch.apply(YoungOldCnnConfig::new().init(&device), 3);
    for start in [
        images(75, &device).narrow(0, 0, 1),
        Tensor::full([1, 3, 75, 75], 0.5, &device),
    ] {
        let before = read(&model, &PARAMETERS, None);
        // From a network as it was trained, dropout on.
        let (image, logits) = ascend(&model.clone().train(), start.clone(), 20);
        assert_eq!(image.dims(), [1, 3, 75, 75]);
        assert!(!image.is_autodiff());
        let rises = logits.windows(2).filter(|pair| pair[1] > pair[0]).count();
        assert!(rises >= 18, "{logits:?}");
        let last: f32 = model
            .forward(image.clone())
            .slice([0..1, 0..1])
            .into_scalar();
        assert!(last > logits[0] + 0.05, "{logits:?}, {last}");
        // The same again: nothing is drawn.
        assert_eq!(ascend(&model.clone().train(), start, 20).1, logits);
        assert_eq!(read(&model, &PARAMETERS, None), before);
    }
}
