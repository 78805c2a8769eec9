//! The detectors of the debiasing lab: the standard CNN and the DB-VAE, each trained by the
//! library's own step.

use visages::{
    burn::{module::Module, optim::ModuleOptimizer, prelude::*},
    data::Batch,
    models::{DbVae, DbVaeConfig, StandardCnn, StandardCnnConfig, num_trainable_params},
    ops::{BatchNormConfig, Conv2dConfig, ConvTranspose2dConfig, dense, relu, sigmoid},
    train::{
        DebiasingModel, binary_cross_entropy_with_logits, debiasing_loss, debiasing_train_step,
        train_step,
    },
};

use crate::{
    error::Result,
    formula,
    profile::{self, Layers, Phases, Profile},
    protocol::Settings,
    workload::{Trained, Workload, optimizer},
};

const SIDE: usize = 64;
const LATENT: usize = 100;
/// Channels in, channels out and side of the kernel of the four convolutions, at stride 2.
const CONVOLUTIONS: [(usize, usize, usize); 4] =
    [(3, 12, 5), (12, 24, 5), (24, 48, 3), (48, 72, 3)];
/// Values in the last feature maps, 72 × 4 × 4.
const FLAT: usize = 1152;
const HIDDEN: usize = 512;

fn batch(size: usize) -> Batch {
    let device = Device::flex();
    Batch {
        images: formula::images(size, SIDE, &device),
        labels: formula::labels(size, &device),
    }
}

/// The standard CNN.
pub struct Cnn {
    model: Trained<StandardCnn>,
    optimizer: ModuleOptimizer,
    batch: Batch,
    learning_rate: f64,
}

impl Cnn {
    pub fn new(settings: &Settings) -> Self {
        let model = StandardCnnConfig::new().init(&Device::flex());
        Self {
            model: Trained::new(formula::weights(model)),
            optimizer: optimizer(settings),
            batch: batch(settings.batch),
            learning_rate: settings.learning_rate,
        }
    }
}

impl Workload for Cnn {
    fn checked_step(&mut self) -> Result<f64> {
        // Nothing is drawn at random in this network.
        self.step()
    }

    fn step(&mut self) -> Result<f64> {
        let (optimizer, batch) = (&mut self.optimizer, &self.batch);
        self.model
            .update(|model| Ok(train_step(model, optimizer, batch, self.learning_rate)?))
    }

    fn trainable(&self) -> usize {
        self.model.get().map_or(0, num_trainable_params)
    }

    fn profile(&mut self, repeats: usize) -> Result<Profile> {
        let mut phases = Phases::measure(repeats, |clock| {
            let (optimizer, batch) = (&mut self.optimizer, &self.batch);
            self.model.update(|model| {
                let logits = model.forward(batch.images.clone().autodiff());
                clock.lap("propagation avant");
                let [size, _] = logits.dims();
                let labels = batch.labels.clone().autodiff();
                let loss = binary_cross_entropy_with_logits(logits.reshape([size]), labels)?.mean();
                clock.lap("perte");
                Ok((
                    clock.finish(model, loss, optimizer, self.learning_rate)?,
                    (),
                ))
            })
        })?;
        phases.push(profile::loading(self.batch.len(), SIDE, repeats)?);
        let mut layers = Layers::new(repeats);
        encoder_layers(&mut layers, self.batch.len(), 1);
        Ok(Profile {
            phases,
            layers: layers.into_vec(),
        })
    }
}

/// A DB-VAE that takes the formula's noise instead of drawing it; everything else is the library's.
#[derive(Module, Debug)]
struct FormulaNoise {
    model: DbVae,
    #[module(skip)]
    noise: Tensor<2>,
}

impl DebiasingModel for FormulaNoise {
    fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        self.model.encode(images)
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<4> {
        self.model.decode(z)
    }

    fn reparameterize(&self, z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
        z_mean + (z_logvar * 0.5).exp() * self.noise.clone()
    }
}

/// The DB-VAE.
pub struct DebiasingVae {
    model: Trained<DbVae>,
    optimizer: ModuleOptimizer,
    batch: Batch,
    noise: Tensor<2>,
    learning_rate: f64,
}

impl DebiasingVae {
    pub fn new(settings: &Settings) -> Self {
        let device = Device::flex();
        let model = DbVaeConfig::new().init(&device);
        Self {
            model: Trained::new(formula::weights(model)),
            optimizer: optimizer(settings),
            batch: batch(settings.batch),
            noise: formula::noise(settings.batch, LATENT, &device).autodiff(),
            learning_rate: settings.learning_rate,
        }
    }
}

impl Workload for DebiasingVae {
    fn checked_step(&mut self) -> Result<f64> {
        let (optimizer, batch) = (&mut self.optimizer, &self.batch);
        self.model.update(|model| {
            let noise = self.noise.clone();
            let model = FormulaNoise { model, noise };
            let (model, loss) = debiasing_train_step(model, optimizer, batch, self.learning_rate)?;
            Ok((model.model, loss))
        })
    }

    fn step(&mut self) -> Result<f64> {
        let (optimizer, batch) = (&mut self.optimizer, &self.batch);
        self.model.update(|model| {
            Ok(debiasing_train_step(
                model,
                optimizer,
                batch,
                self.learning_rate,
            )?)
        })
    }

    fn trainable(&self) -> usize {
        self.model.get().map_or(0, num_trainable_params)
    }

    fn profile(&mut self, repeats: usize) -> Result<Profile> {
        let mut phases = Phases::measure(repeats, |clock| {
            let (optimizer, batch) = (&mut self.optimizer, &self.batch);
            self.model.update(|model| {
                let images = batch.images.clone().autodiff();
                let (y_logit, mean, logvar) = model.encode(images.clone());
                clock.lap("encodeur");
                let z = model.reparameterize(mean.clone(), logvar.clone());
                clock.lap("tirage des variables latentes");
                let recon = model.decode(z);
                clock.lap("décodeur");
                let labels = batch.labels.clone().autodiff();
                let (loss, _) = debiasing_loss(images, recon, labels, y_logit, mean, logvar)?;
                clock.lap("perte");
                Ok((
                    clock.finish(model, loss, optimizer, self.learning_rate)?,
                    (),
                ))
            })
        })?;
        phases.push(profile::loading(self.batch.len(), SIDE, repeats)?);
        let mut layers = Layers::new(repeats);
        encoder_layers(&mut layers, self.batch.len(), 1 + 2 * LATENT);
        decoder_layers(&mut layers, self.batch.len());
        Ok(Profile {
            phases,
            layers: layers.into_vec(),
        })
    }
}

fn encoder_layers(layers: &mut Layers, batch: usize, n_outputs: usize) {
    let device = Device::flex();
    let mut shape = [batch, 3, SIDE, SIDE];
    for (index, (channels_in, channels_out, side)) in CONVOLUTIONS.into_iter().enumerate() {
        let number = index + 1;
        let conv = Conv2dConfig::new([channels_in, channels_out], [side, side])
            .with_stride([2, 2])
            .init(&device)
            .train();
        let norm = BatchNormConfig::new(channels_out).init(&device).train();
        shape = layers.time(format!("conv{number}"), shape, index == 0, |x| {
            conv.forward(x)
        });
        layers.time(format!("relu{number}"), shape, false, relu);
        layers.time(format!("norm{number}"), shape, false, |x| norm.forward(x));
    }
    let hidden = dense(FLAT, HIDDEN, &device).train();
    let output = dense(HIDDEN, n_outputs, &device).train();
    let shape = layers.time("hidden", shape, false, |x: Tensor<4>| {
        hidden.forward(x.flatten::<2>(1, 3))
    });
    layers.time("relu hidden", shape, false, relu);
    layers.time("output", shape, false, |x| output.forward(x));
}

fn decoder_layers(layers: &mut Layers, batch: usize) {
    let device = Device::flex();
    let input = dense(LATENT, FLAT, &device).train();
    layers.time("input", [batch, LATENT], false, |x| input.forward(x));
    layers.time("relu input", [batch, FLAT], false, relu);
    let mut shape = [batch, 72, 4, 4];
    for (index, (channels_out, channels_in, side)) in CONVOLUTIONS.into_iter().rev().enumerate() {
        let number = index + 1;
        let up = ConvTranspose2dConfig::new([channels_in, channels_out], [side, side])
            .with_stride([2, 2])
            .init(&device)
            .train();
        shape = layers.time(format!("up{number}"), shape, false, |x| up.forward(x));
        if number < CONVOLUTIONS.len() {
            layers.time(format!("relu up{number}"), shape, false, relu);
        } else {
            layers.time("sigmoid", shape, false, sigmoid);
        }
    }
}
