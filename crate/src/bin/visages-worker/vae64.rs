//! The VAE of 64 × 64 images, trained as its original: sum of squared differences plus divergence.

use visages::{
    burn::{module::Module, optim::ModuleOptimizer, prelude::*},
    models::{Vae64, Vae64Config, num_trainable_params},
    ops::{Conv2dConfig, ConvTranspose2dConfig, PaddingConfig2d, dense, relu, sigmoid},
    train::gradient_step,
};

use crate::{
    error::Result,
    formula,
    profile::{Layers, Phases, Profile},
    protocol::Settings,
    workload::{Trained, Workload, optimizer},
};

const SIDE: usize = 64;
const LATENT: usize = 4;

/// The network and its batch.
pub struct Vae {
    model: Trained<Vae64>,
    optimizer: ModuleOptimizer,
    images: Tensor<4>,
    noise: Tensor<2>,
    learning_rate: f64,
}

impl Vae {
    pub fn new(settings: &Settings) -> Result<Self> {
        let device = Device::flex();
        let model = Vae64Config::new().with_latent_dim(LATENT).init(&device)?;
        Ok(Self {
            model: Trained::new(formula::weights(model)),
            optimizer: optimizer(settings),
            images: formula::images(settings.batch, SIDE, &device).autodiff(),
            noise: formula::noise(settings.batch, LATENT, &device).autodiff(),
            learning_rate: settings.learning_rate,
        })
    }

    fn descend(&mut self, draw: impl Fn(&Vae64, Tensor<2>, Tensor<2>) -> Tensor<2>) -> Result<f64> {
        let (optimizer, images) = (&mut self.optimizer, &self.images);
        self.model.update(|model| {
            let (mean, log_sigma) = model.encode(images.clone());
            let z = draw(&model, mean.clone(), log_sigma.clone());
            let loss = loss(images.clone(), model.decode(z), mean, log_sigma);
            Ok(gradient_step(model, optimizer, loss, self.learning_rate)?)
        })
    }
}

/// `Σ (x − x̂)² − ½ Σ (1 + 2s − μ² − e^{2s})`, s = log σ, over the whole batch.
fn loss(x: Tensor<4>, recon: Tensor<4>, mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<1> {
    let twice = log_sigma * 2.0;
    let divergence = (twice.clone() + 1.0 - mean.square() - twice.exp()).sum() * -0.5;
    (x - recon).square().sum() + divergence
}

impl Workload for Vae {
    fn checked_step(&mut self) -> Result<f64> {
        let noise = self.noise.clone();
        self.descend(|_, mean, log_sigma| mean + log_sigma.exp() * noise.clone())
    }

    fn step(&mut self) -> Result<f64> {
        self.descend(Vae64::reparameterize)
    }

    fn trainable(&self) -> usize {
        self.model.get().map_or(0, num_trainable_params)
    }

    fn profile(&mut self, repeats: usize) -> Result<Profile> {
        let phases = Phases::measure(repeats, |clock| {
            let (optimizer, images) = (&mut self.optimizer, &self.images);
            self.model.update(|model| {
                let (mean, log_sigma) = model.encode(images.clone());
                clock.lap("encodeur");
                let z = model.reparameterize(mean.clone(), log_sigma.clone());
                clock.lap("tirage des variables latentes");
                let recon = model.decode(z);
                clock.lap("décodeur");
                let loss = loss(images.clone(), recon, mean, log_sigma);
                clock.lap("perte");
                Ok((
                    clock.finish(model, loss, optimizer, self.learning_rate)?,
                    (),
                ))
            })
        })?;
        let [batch, ..] = self.images.dims();
        Ok(Profile {
            phases,
            layers: layers(batch, repeats),
        })
    }
}

fn layers(batch: usize, repeats: usize) -> Vec<crate::profile::Layer> {
    let device = Device::flex();
    let mut layers = Layers::new(repeats);
    let mut shape = [batch, 3, SIDE, SIDE];
    for (index, channels) in [[3, 32], [32, 64], [64, 64]].into_iter().enumerate() {
        let conv = Conv2dConfig::new(channels, [3, 3])
            .with_stride([2, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .init(&device)
            .train();
        let number = index + 1;
        shape = layers.time(format!("conv{number}"), shape, index == 0, |x| {
            conv.forward(x)
        });
        layers.time(format!("relu{number}"), shape, false, relu);
    }
    let dense_layers = [
        ("hidden", 4096, 512),
        ("mean", 512, LATENT),
        ("log_sigma", 512, LATENT),
        ("latent", LATENT, 512),
        ("expand", 512, 4096),
    ];
    for (name, input, output) in dense_layers {
        let layer = dense(input, output, &device).train();
        layers.time(name, [batch, input], false, |x| layer.forward(x));
    }
    for (index, channels) in [[64, 64], [64, 32], [32, 3]].into_iter().enumerate() {
        let up = ConvTranspose2dConfig::new(channels, [3, 3])
            .with_stride([2, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 0, 0))
            .init(&device)
            .train();
        let number = index + 1;
        shape = layers.time(format!("up{number}"), shape, false, |x| up.forward(x));
        match number {
            3 => layers.time("sigmoid", shape, false, sigmoid),
            _ => layers.time(format!("relu up{number}"), shape, false, relu),
        };
    }
    layers.into_vec()
}
