//! The DB-VAE: sizes, losses against hand-computed values, gradients.

use crate::support::{
    SIDE, assert_close, gradient_error, gradients, loader, seeded, small_db_vae, values,
};
use visages::{
    Error,
    burn::{
        prelude::*,
        tensor::{DType, Distribution},
    },
    models::{DbVae, DbVaeConfig, FaceDecoderConfig},
    train::{KL_WEIGHT, binary_cross_entropy_with_logits, debiasing_loss, sampling, vae_loss},
};

fn device() -> Device {
    Device::flex()
}

fn zeros<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::zeros(shape, &device())
}

#[test]
fn sizes_are_the_originals() {
    let _guard = seeded(1);
    assert_eq!(
        FaceDecoderConfig::new().init(&device()).num_params(),
        166_011
    );
    let model = DbVaeConfig::new().init(&device());
    assert_eq!(model.num_trainable_params(), 909_500);
    // 2 · (12 + 24 + 48 + 72) batch-norm statistics more.
    assert_eq!(model.num_params(), 909_812);
    assert_eq!(model.latent_dim(), 100);
}

#[test]
fn the_outputs_of_the_encoder_are_shared_out() {
    let _guard = seeded(2);
    let model = small_db_vae();
    let images = Tensor::random(
        [3, 3, SIDE, SIDE],
        Distribution::Uniform(0.0, 1.0),
        &device(),
    );
    let (y_logit, z_mean, z_logvar) = model.encode(images.clone());
    assert_eq!(
        (y_logit.dims(), z_mean.dims(), z_logvar.dims()),
        ([3, 1], [3, 4], [3, 4])
    );
    // Three different parts: the encoder has 1 + 4 + 4 outputs.
    let row: Vec<f32> = [y_logit.clone(), z_mean.clone(), z_logvar]
        .into_iter()
        .flat_map(|part| values(part.narrow(0, 0, 1)))
        .collect();
    for i in 0..9 {
        assert!(row[..i].iter().all(|other| other != &row[i]), "{row:?}");
    }
    assert_close(
        &values(model.predict(images.clone())),
        &values(y_logit.clone()),
        0.0,
    );

    let (logit, mean, _, recon) = model.forward(images.clone());
    assert_close(&values(logit), &values(y_logit), 0.0);
    assert_close(&values(mean), &values(z_mean.clone()), 0.0);
    assert_eq!(recon.dims(), images.dims());
    assert!(
        values(recon.clone())
            .iter()
            .all(|pixel| (0.0..=1.0).contains(pixel))
    );
    // Decoded from a draw, not from the mean; the seed decides of the draw.
    assert_ne!(values(recon), values(model.decode(z_mean)));
    let draw = || {
        device().seed(9);
        values(model.forward(images.clone()).3)
    };
    assert_close(&draw(), &draw(), 0.0);
}

#[test]
fn vae_loss_equals_hand_values_image_by_image() {
    let x = Tensor::full([3, 3, 4, 4], 0.5, &device());
    // Image 0: nothing to pay. Image 1: 100 means at 1, so L_KL = 50. Image 2: off by 0.1 everywhere.
    let mu = Tensor::cat(
        vec![
            zeros([1, 100]),
            Tensor::ones([1, 100], &device()),
            zeros([1, 100]),
        ],
        0,
    );
    let recon = Tensor::cat(
        vec![
            Tensor::full([2, 3, 4, 4], 0.5, &device()),
            Tensor::full([1, 3, 4, 4], 0.6, &device()),
        ],
        0,
    );
    let loss = vae_loss(x.clone(), recon, mu, zeros([3, 100]), KL_WEIGHT).unwrap();
    assert_close(&values(loss), &[0.0, 0.025, 0.1], 1e-6);

    // logvar = ln 4, two latents: ½ · 2 · (4 − 1 − ln 4). A weight of 1 shows it whole.
    let logvar = Tensor::full([3, 2], 4.0_f32.ln(), &device());
    let loss = vae_loss(x.clone(), x.clone(), zeros([3, 2]), logvar, 1.0).unwrap();
    assert_close(&values(loss), &[3.0 - 4.0_f32.ln(); 3], 1e-5);

    // An absolute difference: errors of both signs do not cancel.
    let sign = Tensor::from_data([[[[0.4]], [[0.6]], [[0.5]]]], &device());
    let flat = Tensor::full([1, 3, 1, 1], 0.5, &device());
    let loss = vae_loss(flat, sign, zeros([1, 2]), zeros([1, 2]), 1.0).unwrap();
    assert_close(&values(loss), &[0.2 / 3.0], 1e-6);
}

#[test]
fn sampling_has_the_variance_of_its_log_variance() {
    let _guard = seeded(4);
    let n = 40_000;
    let logvar = Tensor::full([n, 1], 4.0_f32.ln(), &device());
    let z = values(sampling(Tensor::full([n, 1], 3.0, &device()), logvar).unwrap());
    let mean = z.iter().map(|v| f64::from(*v)).sum::<f64>() / n as f64;
    let variance = z
        .iter()
        .map(|v| (f64::from(*v) - mean).powi(2))
        .sum::<f64>()
        / n as f64;
    // Standard error of the mean 0.01, of the deviation 0.007. Without ½ the deviation would be 4.
    assert!((mean - 3.0).abs() < 0.05, "{mean}");
    assert!((variance.sqrt() - 2.0).abs() < 0.035, "{}", variance.sqrt());

    // dz/dμ = 1 and dz/dlogvar = ½ (z − μ).
    let autodiff = device().autodiff();
    let mu = Tensor::<2>::from_data([[1.0, -2.0]], &autodiff).require_grad();
    let logvar = Tensor::<2>::from_data([[0.5, -1.0]], &autodiff).require_grad();
    let z = sampling(mu.clone(), logvar.clone()).unwrap();
    let gradients = z.clone().sum().backward();
    assert_close(&values(mu.grad(&gradients).unwrap()), &[1.0, 1.0], 0.0);
    let expected: Vec<f32> = values(z)
        .iter()
        .zip([1.0, -2.0])
        .map(|(z, m)| 0.5 * (z - m))
        .collect();
    assert_close(&values(logvar.grad(&gradients).unwrap()), &expected, 1e-6);
}

/// Two faces and two others with different losses everywhere.
#[derive(Clone)]
struct Losses {
    x: Tensor<4>,
    recon: Tensor<4>,
    y: Tensor<1>,
    logit: Tensor<2>,
    mu: Tensor<2>,
    logvar: Tensor<2>,
}

impl Losses {
    fn new() -> Self {
        let draw = |shape| Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device());
        Self {
            x: Tensor::random([4, 3, 4, 4], Distribution::Uniform(0.0, 1.0), &device()),
            recon: Tensor::random([4, 3, 4, 4], Distribution::Uniform(0.0, 1.0), &device()),
            y: Tensor::from_data([1.0, 0.0, 1.0, 0.0], &device()),
            logit: Tensor::from_data([[0.3], [-1.2], [2.0], [0.7]], &device()),
            mu: draw([4, 5]),
            logvar: draw([4, 5]),
        }
    }

    fn total(&self) -> f32 {
        let Self {
            x,
            recon,
            y,
            logit,
            mu,
            logvar,
        } = self;
        let (total, classification) = debiasing_loss(
            x.clone(),
            recon.clone(),
            y.clone(),
            logit.clone(),
            mu.clone(),
            logvar.clone(),
        )
        .unwrap();
        assert_eq!(classification.dims(), [4]);
        total.into_scalar()
    }
}

#[test]
fn the_total_loss_is_the_mean_over_images_with_the_indicator_on_the_vae() {
    let _guard = seeded(5);
    let losses = Losses::new();
    let Losses {
        x,
        recon,
        y,
        logit,
        mu,
        logvar,
    } = &losses;
    let bce =
        values(binary_cross_entropy_with_logits(logit.clone().reshape([4]), y.clone()).unwrap());
    let vae = values(
        vae_loss(
            x.clone(),
            recon.clone(),
            mu.clone(),
            logvar.clone(),
            KL_WEIGHT,
        )
        .unwrap(),
    );
    let expected = (bce[0] + vae[0] + bce[1] + bce[2] + vae[2] + bce[3]) / 4.0;
    assert_close(&[losses.total()], &[expected], 1e-6);
    // The value of the [batch, batch] broadcast is another.
    let wrong = (bce.iter().sum::<f32>() + 0.5 * vae.iter().sum::<f32>()) / 4.0;
    assert!((wrong - expected).abs() > 1e-4);
}

#[test]
fn a_non_face_trains_the_classifier_alone() {
    let _guard = seeded(6);
    let losses = Losses::new();
    let before = losses.total();
    // The row of a non-face, then that of a face, is replaced.
    for (row, matters) in [(1, false), (3, false), (0, true), (2, true)] {
        let mut changed = losses.clone();
        changed.recon = changed
            .recon
            .slice_assign(s![row..row + 1], Tensor::ones([1, 3, 4, 4], &device()));
        assert_eq!(
            (changed.total() - before).abs() > 1e-4,
            matters,
            "reconstruction {row}"
        );
        changed.recon = losses.recon.clone();
        changed.mu = changed
            .mu
            .slice_assign(s![row..row + 1], Tensor::full([1, 5], 30.0, &device()));
        assert_eq!(
            (changed.total() - before).abs() > 1e-4,
            matters,
            "latentes {row}"
        );
        changed.mu = losses.mu.clone();
        changed.logit = changed
            .logit
            .slice_assign(s![row..row + 1], Tensor::full([1, 1], 5.0, &device()));
        assert!((changed.total() - before).abs() > 1e-4, "logit {row}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_told_in_french() {
    let x = zeros([4, 3, 4, 4]);
    let latent = zeros([4, 5]);
    let message = |result: Result<Tensor<1>, Error>| result.unwrap_err().to_string();
    let text = message(vae_loss(
        x.clone(),
        zeros([4, 3, 4, 5]),
        latent.clone(),
        latent.clone(),
        1.0,
    ));
    assert!(
        text.contains("x_recon") && text.contains("[4, 3, 4, 5]"),
        "{text}"
    );
    let text = message(vae_loss(
        x.clone(),
        x.clone(),
        latent.clone(),
        zeros([4, 1]),
        1.0,
    ));
    assert!(
        text.contains("log-variances") && text.contains("[4, 1]"),
        "{text}"
    );
    let text = message(vae_loss(
        x.clone(),
        x.clone(),
        zeros([1, 5]),
        zeros([1, 5]),
        1.0,
    ));
    assert!(
        text.contains("moyennes latentes") && text.contains("[1, 5]"),
        "{text}"
    );
    assert!(sampling(zeros([4, 5]), zeros([4, 1])).is_err());
    for (labels, logits) in [([3], [4, 1]), ([4], [1, 1])] {
        let total = debiasing_loss(
            x.clone(),
            x.clone(),
            zeros(labels),
            zeros(logits),
            latent.clone(),
            latent.clone(),
        );
        assert!(matches!(total, Err(Error::Shape { .. })));
    }
}

#[test]
fn gradients_equal_finite_differences() {
    let _guard = seeded(21);
    let model = DbVaeConfig::new()
        .with_latent_dim(3)
        .with_n_filters(2)
        .with_image_size(SIDE)
        .with_n_hidden(6)
        .init(&device());
    let images = Tensor::<4>::random(
        [6, 3, SIDE, SIDE],
        Distribution::Normal(0.5, 1.0),
        &device(),
    );
    let images = images.cast(DType::F64).autodiff();
    let labels = Tensor::<1>::from_data([1.0, 0.0, 1.0, 0.0, 1.0, 1.0], &device());
    let labels = labels.cast(DType::F64).autodiff();
    let loss = |model: &DbVae| {
        // The same noise each time.
        device().seed(8);
        let (logit, mean, logvar, recon) = model.forward(images.clone());
        debiasing_loss(images.clone(), recon, labels.clone(), logit, mean, logvar)
            .unwrap()
            .0
    };
    for (prefix, at_least) in [("encoder", 70), ("decoder", 30)] {
        let (error, compared) = gradient_error(&model, loss, prefix);
        assert!(compared >= at_least, "{prefix} : {compared} valeurs");
        assert!(error < 1e-5, "{prefix} : {error}");
    }
}

#[test]
fn losses_and_gradients_agree_on_flex_and_ndarray() {
    let _guard = seeded(12);
    let batch = loader().batch(8, 1, &device()).unwrap();
    let model = small_db_vae();
    let noise = Tensor::<2>::random([8, 4], Distribution::Normal(0.0, 1.0), &device());
    let on = |name: &str| -> (f32, Vec<f32>) {
        let device = visages::device::from_name(name).unwrap();
        let images = batch.images.clone().to_device(&device).autodiff();
        let labels = batch.labels.clone().to_device(&device).autodiff();
        let noise = noise.clone().to_device(&device).autodiff();
        let model = model.clone().to_device(&device);
        let loss = |model: &DbVae| {
            let (logit, mean, logvar) = model.encode(images.clone());
            let z = mean.clone() + logvar.clone().exp().sqrt() * noise.clone();
            let recon = model.decode(z);
            let (images, labels) = (images.clone(), labels.clone());
            debiasing_loss(images, recon, labels, logit, mean, logvar)
                .unwrap()
                .0
        };
        let value = loss(&model.clone().train()).into_scalar();
        let norms = gradients(&model, loss)
            .into_iter()
            .filter_map(|(_, gradient)| Some(gradient?.iter().map(|g| g * g).sum::<f32>().sqrt()));
        (value, norms.collect())
    };
    let (flex, ndarray) = (on("flex"), on("ndarray"));
    assert!(
        (flex.0 - ndarray.0).abs() < 1e-5,
        "{} ≠ {}",
        flex.0,
        ndarray.0
    );
    assert_eq!(flex.1.len(), 30);
    for (a, b) in flex.1.iter().zip(&ndarray.1) {
        assert!((a - b).abs() < 1e-3 * a.max(1e-2), "{a} ≠ {b}");
    }
}
