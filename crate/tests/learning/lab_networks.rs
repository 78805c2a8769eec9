//! The networks of the labs on latent spaces, on young and old faces, and on transfer: sizes of
//! their originals, shapes of their parts, and what is particular to each.

use crate::support::{assert_close, gradient_error, seeded, values};
use visages::{
    burn::{module::Module, prelude::*, tensor::DType},
    models::{EfficientNetConfig, Vae64Config, YoungOldCnnConfig},
    ops::{Conv2dConfig, ConvTranspose2dConfig, PaddingConfig2d},
};

fn device() -> Device {
    Device::flex()
}

/// 64-bit pixels that no two images share.
fn pixels(shape: [usize; 4]) -> Tensor<4> {
    let count: usize = shape.iter().product();
    let data: Vec<f64> = (0..count)
        .map(|i| 0.5 + 0.5 * f64::sin(0.7 * i as f64))
        .collect();
    Tensor::from_data(TensorData::new(data, shape), (&device(), DType::F64))
}

#[test]
fn the_vae_has_its_originals_size_at_every_latent_dimension() {
    let _generator = seeded(0);
    // PyTorch's count at 4 latent variables; each more adds two columns of 512 + 1 and a row of 512.
    for (latent_dim, expected) in [(4, 4_318_155), (1, 4_313_541), (32, 4_361_219)] {
        let model = Vae64Config::new()
            .with_latent_dim(latent_dim)
            .init(&device())
            .unwrap();
        assert_eq!(
            (model.num_params(), model.latent_dim()),
            (expected, latent_dim)
        );
    }
}

#[test]
fn the_vae_draws_around_its_means_and_decodes_to_pixels() {
    let _generator = seeded(3);
    let model = Vae64Config::new().init(&device()).unwrap();
    let (mean, log_sigma) = model.encode(Tensor::ones([3, 3, 64, 64], &device()));
    assert_eq!((mean.dims(), log_sigma.dims()), ([3, 4], [3, 4]));
    // σ = e^−20: nothing is left of the noise; were it read as a log-variance, e^−10 would be.
    let drawn = model.reparameterize(mean.clone(), Tensor::full([3, 4], -20.0, &device()));
    assert_close(&values(drawn), &values(mean), 1e-7);
    let wide = model.reparameterize(
        Tensor::zeros([2000, 1], &device()),
        Tensor::full([2000, 1], f32::ln(3.0), &device()),
    );
    let deviation = values(wide.square().mean())[0].sqrt();
    assert!((deviation - 3.0).abs() < 0.2, "{deviation}");
    let recon = values(model.decode(log_sigma));
    assert!(recon.len() == 3 * 3 * 64 * 64 && recon.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn a_transposed_convolution_crops_where_pytorch_does() {
    let _generator = seeded(0);
    // `padding=1, output_padding=1` on one pixel: the kernel's value (1, 1) lands first.
    let mut up = ConvTranspose2dConfig::new([1, 1], [3, 3])
        .with_stride([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 0, 0))
        .with_bias(false)
        .init(&device());
    let kernel: Vec<f32> = (1u8..=9).map(f32::from).collect();
    up.weight =
        visages::burn::module::Param::from_data(TensorData::new(kernel, [1, 1, 3, 3]), &device());
    let output = up.forward(Tensor::ones([1, 1, 1, 1], &device()));
    assert_eq!(output.dims(), [1, 1, 2, 2]);
    assert_close(&values(output), &[5.0, 6.0, 8.0, 9.0], 1e-6);
}

#[test]
fn gradients_cross_the_vaes_own_paddings() {
    let _generator = seeded(0);
    let down = Conv2dConfig::new([3, 2], [3, 3])
        .with_stride([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .init(&device());
    let up = ConvTranspose2dConfig::new([3, 2], [3, 3])
        .with_stride([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 0, 0))
        .init(&device());
    let x = pixels([2, 3, 8, 8]).autodiff();
    let (error, compared) = gradient_error(&down, |l| l.forward(x.clone()).square().mean(), "");
    assert!(compared >= 6 && error < 1e-6, "{error}");
    let (error, compared) = gradient_error(&up, |l| l.forward(x.clone()).square().mean(), "");
    assert!(compared >= 6 && error < 1e-6, "{error}");
}

#[test]
fn the_young_old_network_has_its_originals_size_and_maps() {
    let _generator = seeded(0);
    let model = YoungOldCnnConfig::new().init(&device());
    assert_eq!(model.num_params(), 4_787_778);
    let maps = model.features(Tensor::zeros([2, 3, 75, 75], &device()));
    assert_eq!(maps.dims(), [2, 64, 17, 17]);
    let small = YoungOldCnnConfig::new().with_image_size(32).init(&device());
    assert_eq!(
        small
            .forward(Tensor::zeros([1, 3, 32, 32], &device()))
            .dims(),
        [1, 2]
    );
}

#[test]
fn dropout_acts_while_training_only_and_can_be_changed() {
    let _generator = seeded(5);
    let model = YoungOldCnnConfig::new().with_image_size(32).init(&device());
    let plain = pixels([2, 3, 32, 32]).cast(DType::F32);
    let answers = |model: &visages::models::YoungOldCnn, x: Tensor<4>| values(model.forward(x));
    assert_eq!(
        answers(&model, plain.clone()),
        answers(&model, plain.clone())
    );
    let trained = model.clone().train();
    let x = plain.clone().autodiff();
    assert_ne!(answers(&trained, x.clone()), answers(&trained, x.clone()));
    let still = trained.with_dropout([0.0; 3]);
    assert_close(&answers(&still, x), &answers(&model, plain), 1e-5);
}

#[test]
fn efficientnets_have_their_originals_sizes() {
    let _generator = seeded(0);
    // torchvision's counts less the head of 1,000 classes; Keras counts the statistics too.
    for (config, trainable, features) in [
        (EfficientNetConfig::b0(), 5_288_548 - 1_281_000, 1280),
        (EfficientNetConfig::b1(), 7_794_184 - 1_281_000, 1280),
        (EfficientNetConfig::b2(), 9_109_994 - 1_409_000, 1408),
    ] {
        let model = config.init(&device());
        assert_eq!(model.num_trainable_params(), trainable);
        let output = model.forward(Tensor::zeros([1, 3, 32, 32], &device()));
        assert_eq!(output.dims(), [1, features]);
    }
    assert_eq!(
        EfficientNetConfig::b0().init(&device()).num_params(),
        4_049_564
    );
}

#[test]
fn efficientnet_halves_odd_sides_upwards() {
    let _generator = seeded(0);
    let model = EfficientNetConfig::b0().init(&device());
    let maps = model.features(Tensor::zeros([1, 3, 75, 40], &device()));
    assert_eq!(maps.dims(), [1, 1280, 3, 2]);
}
