//! The young/old classifier, trained with a cross-entropy over two classes.

use visages::{
    burn::{module::Module, nn::loss::CrossEntropyLossConfig, optim::ModuleOptimizer, prelude::*},
    models::{YoungOldCnn, YoungOldCnnConfig, num_trainable_params},
    ops::{Conv2dConfig, DropoutConfig, MaxPool2dConfig, PaddingConfig2d, dense, relu},
    train::gradient_step,
};

use crate::{
    error::Result,
    formula,
    profile::{Layer, Layers, Phases, Profile},
    protocol::Settings,
    workload::{Trained, Workload, optimizer},
};

const SIDE: usize = 75;
/// The original's shares of values dropped.
const DROPOUT: [f64; 3] = [0.25, 0.25, 0.5];

/// The network and its batch.
pub struct YoungOld {
    model: Trained<YoungOldCnn>,
    optimizer: ModuleOptimizer,
    images: Tensor<4>,
    classes: Tensor<1, Int>,
    learning_rate: f64,
}

impl YoungOld {
    pub fn new(settings: &Settings) -> Self {
        let device = Device::flex();
        let model = YoungOldCnnConfig::new().init(&device);
        Self {
            model: Trained::new(formula::weights(model)),
            optimizer: optimizer(settings),
            images: formula::images(settings.batch, SIDE, &device).autodiff(),
            classes: formula::labels(settings.batch, &device).autodiff().int(),
            learning_rate: settings.learning_rate,
        }
    }

    fn descend(&mut self, dropout: [f64; 3]) -> Result<f64> {
        let (optimizer, images, classes) = (&mut self.optimizer, &self.images, &self.classes);
        self.model.update(|model| {
            let model = model.with_dropout(dropout);
            let logits = model.forward(images.clone());
            let loss = cross_entropy(logits, classes.clone());
            Ok(gradient_step(model, optimizer, loss, self.learning_rate)?)
        })
    }
}

fn cross_entropy(logits: Tensor<2>, classes: Tensor<1, Int>) -> Tensor<1> {
    let loss = CrossEntropyLossConfig::new().init(&logits.device());
    loss.forward(logits, classes)
}

impl Workload for YoungOld {
    fn checked_step(&mut self) -> Result<f64> {
        self.descend([0.0; 3])
    }

    fn step(&mut self) -> Result<f64> {
        self.descend(DROPOUT)
    }

    fn trainable(&self) -> usize {
        self.model.get().map_or(0, num_trainable_params)
    }

    fn profile(&mut self, repeats: usize) -> Result<Profile> {
        let phases = Phases::measure(repeats, |clock| {
            let (optimizer, images, classes) = (&mut self.optimizer, &self.images, &self.classes);
            self.model.update(|model| {
                let model = model.with_dropout(DROPOUT);
                let maps = model.features(images.clone());
                clock.lap("convolutions");
                let logits = model.head(maps);
                clock.lap("couches denses");
                let loss = cross_entropy(logits, classes.clone());
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

fn layers(batch: usize, repeats: usize) -> Vec<Layer> {
    let device = Device::flex();
    let mut layers = Layers::new(repeats);
    let pool = MaxPool2dConfig::new([2, 2]).init();
    let mut shape = [batch, 3, SIDE, SIDE];
    for (index, channels) in [[3, 32], [32, 64]].into_iter().enumerate() {
        let conv = Conv2dConfig::new(channels, [3, 3])
            .with_padding(PaddingConfig2d::Valid)
            .init(&device)
            .train();
        let dropout = DropoutConfig::new(DROPOUT[index]).init().train();
        let number = index + 1;
        shape = layers.time(format!("conv{number}"), shape, index == 0, |x| {
            conv.forward(x)
        });
        layers.time(format!("relu{number}"), shape, false, relu);
        shape = layers.time(format!("pool{number}"), shape, false, |x| pool.forward(x));
        layers.time(format!("dropout{number}"), shape, false, |x| {
            dropout.forward(x)
        });
    }
    for (name, input, output) in [("fc1", 18_496, 256), ("fc2", 256, 128), ("fc3", 128, 2)] {
        let layer = dense(input, output, &device).train();
        layers.time(name, [batch, input], false, |x| layer.forward(x));
    }
    layers.into_vec()
}
