//! Training a DB-VAE: one step, the loop with its resampling and previews, a student's own network.

use crate::support::{SIDE, loader, seeded, small_db_vae, values};
use visages::{
    Error, burn,
    burn::{optim::AdamConfig, prelude::*},
    data::Batch,
    host::StopFlag,
    ops::{Linear, dense},
    train::{
        DebiasingConfig, DebiasingModel, FitConfig, debiasing_train_step, evaluate, fit_debiasing,
        fit_debiasing_with, latent_means, sample_probabilities,
    },
};

fn device() -> Device {
    Device::flex()
}

/// What a student writes: a dense encoder, a dense decoder.
#[derive(Module, Debug)]
struct Homework {
    encoder: Linear,
    decoder: Linear,
    latent_dim: usize,
}

const PIXELS: usize = 3 * SIDE * SIDE;

impl Homework {
    fn new(outputs: usize, latent_dim: usize) -> Self {
        Self {
            encoder: dense(PIXELS, outputs, &device()),
            decoder: dense(latent_dim, PIXELS, &device()),
            latent_dim,
        }
    }
}

impl DebiasingModel for Homework {
    fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let output = self.encoder.forward(images.flatten(1, 3));
        let [_, size] = output.dims();
        let k = self.latent_dim;
        (
            output.clone().narrow(1, 0, 1),
            output.clone().narrow(1, 1, k),
            output.narrow(1, 1 + k, size - 1 - k),
        )
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<4> {
        let [batch, _] = z.dims();
        self.decoder.forward(z).reshape([batch, 3, SIDE, SIDE])
    }
}

fn quiet(epochs: u32) -> DebiasingConfig {
    let fit = FitConfig::new()
        .with_epochs(epochs)
        .with_batch_size(16)
        .with_progress(false);
    DebiasingConfig::new().with_fit(fit.with_learning_rate(3e-3))
}

#[test]
fn a_step_lowers_the_loss_and_wants_a_model_in_training_mode() {
    let _guard = seeded(7);
    let data = loader();
    let batch: Batch = data.batch(16, 1, &device()).unwrap();
    let mut optimizer = AdamConfig::new().init();
    let error = debiasing_train_step(small_db_vae(), &mut optimizer, &batch, 1e-3).unwrap_err();
    assert!(matches!(error, Error::NotTraining), "{error}");

    let mut model = small_db_vae().train();
    let mut losses = Vec::new();
    for _ in 0..30 {
        let (updated, loss) = debiasing_train_step(model, &mut optimizer, &batch, 3e-3).unwrap();
        model = updated;
        losses.push(loss);
    }
    assert!(losses[29] < 0.5 * losses[0], "{losses:?}");

    // A wrong split of the outputs is told.
    let wrong = Homework::new(1 + 4 + 3, 4).train();
    let error = debiasing_train_step(wrong, &mut optimizer, &batch, 1e-3).unwrap_err();
    assert!(error.to_string().contains("troisième sortie"), "{error}");
}

#[test]
fn a_db_vae_learns_to_detect_and_to_draw() {
    let _guard = seeded(8);
    let data = loader();
    let fitted = fit_debiasing(small_db_vae(), &data, &quiet(12).with_preview_every(30)).unwrap();
    let steps = 12 * (data.train_size() / 16);
    assert_eq!(fitted.history.len(), steps);
    let losses = fitted.history.losses();
    assert!(losses[steps - 1] < 0.3 * losses[0], "{losses:?}");

    // Running batch-norm statistics are trained: evaluation mode is right on images never seen.
    let report = evaluate(&fitted.model, data.held_out(), 7, &device()).unwrap();
    assert!(report.accuracy > 0.95, "{report:?}");

    assert_eq!(fitted.resamplings.len(), 12);
    for (index, resampling) in fitted.resamplings.iter().enumerate() {
        assert_eq!(resampling.epoch, index as u32 + 1);
        assert_eq!(resampling.probabilities.len(), data.faces().len());
        let sum: f64 = resampling.probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
    assert_ne!(
        fitted.resamplings[0].probabilities,
        fitted.resamplings[11].probabilities
    );

    // After step 1, then every 30, and at the end; the last are closer to the originals.
    let at: Vec<usize> = fitted.previews.iter().map(|preview| preview.step).collect();
    let mut expected: Vec<usize> = (1..=steps).step_by(30).collect();
    expected.push(steps);
    expected.dedup();
    assert_eq!(at, expected);
    let rows = fitted.preview_rows();
    assert_eq!(rows.len(), at.len() + 1);
    assert_eq!((rows[0].0, rows[1].0), ("Originaux", "Après 1 pas"));
    let distance = |row: usize| -> i64 {
        let apart = |i| -> i64 {
            let (from, to) = (rows[0].1.image(i).unwrap(), rows[row].1.image(i).unwrap());
            let pairs = from.iter().zip(to.iter());
            pairs.map(|(a, b)| i64::from(a.abs_diff(*b))).sum()
        };
        (0..5).map(apart).sum()
    };
    assert!(
        2 * distance(rows.len() - 1) < distance(1),
        "{} {}",
        distance(rows.len() - 1),
        distance(1)
    );
}

#[test]
fn the_same_seed_gives_the_same_training() {
    let _guard = seeded(9);
    let data = loader();
    let model = small_db_vae();
    let run = |seed: u64| {
        let mut config = quiet(2);
        config.fit = config.fit.with_seed(seed);
        fit_debiasing(model.clone(), &data, &config)
            .unwrap()
            .history
            .losses()
            .to_vec()
    };
    let (first, second, other) = (run(4), run(4), run(5));
    for (a, b) in first.iter().zip(&second) {
        assert!((a - b).abs() < 1e-4, "{a} ≠ {b}");
    }
    assert!((first[3] - other[3]).abs() > 1e-4);
}

#[test]
fn the_loop_takes_a_students_functions() {
    let _guard = seeded(10);
    let data = loader();
    let (mut calls, mut steps) = (0, 0);
    let fitted = fit_debiasing_with(
        Homework::new(9, 4),
        &data,
        &quiet(3),
        |faces, model: &Homework| {
            calls += 1;
            sample_probabilities(&latent_means(model, faces, 32, &device())?, 5, 0.1)
        },
        |model, optimizer, batch, learning_rate| {
            steps += 1;
            assert_eq!(learning_rate, 3e-3);
            assert_eq!(values(batch.labels.clone()), [[1.0; 8], [0.0; 8]].concat());
            debiasing_train_step(model, optimizer, batch, learning_rate)
        },
    )
    .unwrap();
    assert_eq!((calls, steps), (3, fitted.history.len()));

    // Wrong probabilities are refused before the first step.
    for probabilities in [
        vec![1.0; 3],
        vec![f64::NAN; data.faces().len()],
        vec![0.0; data.faces().len()],
    ] {
        let result = fit_debiasing_with(
            Homework::new(9, 4),
            &data,
            &quiet(1),
            |_, _| Ok(probabilities.clone()),
            |_, _, _, _| panic!("aucun pas ne doit être fait"),
        );
        assert!(matches!(
            result.unwrap_err(),
            Error::Shape { .. } | Error::Argument { .. }
        ));
    }
}

#[test]
fn stops_limits_and_refusals_are_those_of_fit() {
    let _guard = seeded(11);
    let data = loader();
    let stop = StopFlag::new();
    stop.request();
    let mut config = quiet(2);
    config.fit = config.fit.with_stop(stop);
    let fitted = fit_debiasing(small_db_vae(), &data, &config).unwrap();
    assert!(fitted.stopped && fitted.history.is_empty());

    // No probabilities are computed for an epoch that is not begun.
    let mut config = quiet(4);
    config.fit = config.fit.with_max_steps(data.train_size() / 16);
    let fitted = fit_debiasing(small_db_vae(), &data, &config.with_preview_faces(0)).unwrap();
    assert_eq!((fitted.resamplings.len(), fitted.previews.len()), (1, 0));

    for fit in [
        FitConfig::new().with_batch_size(3),
        FitConfig::new().with_epochs(0),
    ] {
        let config = DebiasingConfig::new().with_fit(fit.with_progress(false));
        let error = fit_debiasing(small_db_vae(), &data, &config).unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{error}");
    }
    let error = fit_debiasing(small_db_vae(), &data, &quiet(1).with_smoothing(-1.0)).unwrap_err();
    assert!(error.to_string().contains("smoothing"), "{error}");
}
