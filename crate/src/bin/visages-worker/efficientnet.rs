//! EfficientNet-B0 on 224 × 224 images: it answers and does not train, as in the lab on transfer.

use visages::{
    burn::prelude::*,
    models::{EfficientNet, EfficientNetConfig, num_trainable_params},
    ops::{BatchNormConfig, Conv2dConfig, conv_norm, conv_norm_silu},
};

use crate::{
    error::Result,
    formula,
    profile::{Layers, Phases, Profile, execution},
    protocol::Settings,
    workload::Workload,
};

const SIDE: usize = 224;
/// Factor of every γ: with the formula's, a signal that no batch statistics renew would vanish in
/// fifty layers.
const GAIN: f64 = 1.5;

/// The network and its batch, without autodiff.
pub struct B0 {
    model: EfficientNet,
    images: Tensor<4>,
}

impl B0 {
    pub fn new(settings: &Settings) -> Self {
        let device = Device::flex();
        let model = EfficientNetConfig::b0().init(&device);
        Self {
            model: formula::weights_with_gain(model, GAIN),
            images: formula::images(settings.batch, SIDE, &device),
        }
    }
}

/// How much the images' features differ: biases, the same for all images, have no part in it.
fn spread(features: Tensor<2>) -> Tensor<1> {
    let mean = features.clone().mean_dim(0);
    (features - mean).square().mean()
}

impl Workload for B0 {
    fn checked_step(&mut self) -> Result<f64> {
        self.step()
    }

    fn step(&mut self) -> Result<f64> {
        let value = spread(self.model.forward(self.images.clone()));
        Ok(f64::from(
            value.try_into_scalar::<f32>().map_err(execution)?,
        ))
    }

    fn trainable(&self) -> usize {
        num_trainable_params(&self.model)
    }

    fn profile(&mut self, repeats: usize) -> Result<Profile> {
        let phases = Phases::measure(repeats, |clock| {
            let maps = self.model.features(self.images.clone());
            clock.lap("convolutions");
            drop(maps);
            Ok(())
        })?;
        let [batch, ..] = self.images.dims();
        let device = Device::flex();
        let mut layers = Layers::new(repeats);
        // The largest of each kind with its normalisation: forward only, on a device without autodiff. The whole batch
        // at once, where the network takes a few images at a time.
        let stem = Conv2dConfig::new([3, 32], [3, 3])
            .with_stride([2, 2])
            .with_bias(false)
            .init(&device);
        let norm = |channels| BatchNormConfig::new(channels).init(&device);
        let stem_bn = norm(32);
        layers.time_forward("stem", [batch, 3, SIDE, SIDE], |x| {
            conv_norm_silu(&stem, &stem_bn, x)
        });
        for (name, channels, side, kernel, stride) in [
            ("block1a_dwconv", 32, 112, 3, 1),
            ("block2a_dwconv", 96, 112, 3, 2),
            ("block3b_dwconv", 240, 28, 5, 1),
            ("block6b_dwconv", 1152, 7, 5, 1),
        ] {
            let depthwise = Conv2dConfig::new([channels, channels], [kernel, kernel])
                .with_groups(channels)
                .with_stride([stride, stride])
                .with_bias(false)
                .init(&device);
            let (shape, norm) = ([batch, channels, side, side], norm(channels));
            layers.time_forward(name, shape, |x| conv_norm_silu(&depthwise, &norm, x));
        }
        for (name, channels, side) in [
            ("block2a_expand", [16, 96], 112),
            ("block2a_project", [96, 24], 56),
            ("block6b_expand", [192, 1152], 7),
            ("top_conv", [320, 1280], 7),
        ] {
            let point = Conv2dConfig::new(channels, [1, 1])
                .with_bias(false)
                .init(&device);
            let (shape, norm) = ([batch, channels[0], side, side], norm(channels[1]));
            layers.time_forward(name, shape, |x| conv_norm(&point, &norm, x));
        }
        Ok(Profile {
            phases,
            layers: layers.into_vec(),
        })
    }
}
