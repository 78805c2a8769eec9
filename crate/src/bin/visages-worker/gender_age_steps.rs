//! Training steps of the gender network, of the age network and of the one that does both, at their authors' sizes,
//! without the penalties: a training adds those to the gradients on the optimizer's way, which costs little.

use visages::{
    burn::{module::Module, optim::ModuleOptimizer, prelude::*},
    models::{
        AgeCnn, AgeCnnConfig, GenderAgeCnn, GenderAgeCnnConfig, GenderCnn, GenderCnnConfig,
        num_trainable_params,
    },
    ops::{
        BatchNormConfig, Conv2dConfig, DropoutConfig, MaxPool2dConfig, PaddingConfig2d, dense,
        global_average, relu,
    },
    train::{binary_cross_entropy_with_logits, gradient_step, squared_error},
};

use crate::{
    error::Result,
    formula,
    profile::{Layers, Phases, Profile},
    protocol::Settings,
    workload::{Trained, Workload, optimizer},
};

/// What a step needs of one of the networks.
pub trait Network: Module {
    /// Height and width of the images.
    const SIDE: usize;
    /// Share of values dropped.
    const DROPOUT: f64;
    /// Values of the head or heads.
    type Answers;

    fn build(device: &Device) -> Self;
    fn dropping(self, share: f64) -> Self;
    fn maps(&self, images: Tensor<4>) -> Tensor<4>;
    fn answers(&self, maps: Tensor<4>) -> Self::Answers;
    fn loss(answers: Self::Answers, targets: &Targets) -> Result<Tensor<1>>;

    /// Times the layers, the images' shape being given.
    fn layers(layers: &mut Layers, images: [usize; 4]);
}

/// What a network should answer.
pub struct Targets {
    genders: Tensor<1>,
    ages: Tensor<1>,
}

impl Targets {
    fn cross_entropy(&self, logits: Tensor<1>) -> Result<Tensor<1>> {
        Ok(binary_cross_entropy_with_logits(logits, self.genders.clone())?.mean())
    }

    fn squared_error(&self, ages: Tensor<1>) -> Result<Tensor<1>> {
        Ok(squared_error(ages, self.ages.clone())?.mean())
    }
}

/// A network and its batch.
pub struct Steps<N> {
    model: Trained<N>,
    optimizer: ModuleOptimizer,
    images: Tensor<4>,
    targets: Targets,
    learning_rate: f64,
}

impl<N: Network> Steps<N> {
    pub fn new(settings: &Settings) -> Self {
        let device = Device::flex();
        let noise = formula::noise(settings.batch, 1, &device).autodiff();
        Self {
            model: Trained::new(formula::weights(N::build(&device))),
            optimizer: optimizer(settings),
            images: formula::images(settings.batch, N::SIDE, &device).autodiff(),
            targets: Targets {
                genders: formula::labels(settings.batch, &device).autodiff(),
                // From 0.1 to 0.5: 12 to 60 years.
                ages: noise.flatten(0, 1) * 0.2 + 0.3,
            },
            learning_rate: settings.learning_rate,
        }
    }

    fn descend(&mut self, dropout: f64) -> Result<f64> {
        let (optimizer, images, targets) = (&mut self.optimizer, &self.images, &self.targets);
        self.model.update(|model| {
            let model = model.dropping(dropout);
            let answers = model.answers(model.maps(images.clone()));
            let loss = N::loss(answers, targets)?;
            Ok(gradient_step(model, optimizer, loss, self.learning_rate)?)
        })
    }
}

impl<N: Network> Workload for Steps<N> {
    fn checked_step(&mut self) -> Result<f64> {
        self.descend(0.0)
    }

    fn step(&mut self) -> Result<f64> {
        self.descend(N::DROPOUT)
    }

    fn trainable(&self) -> usize {
        self.model.get().map_or(0, num_trainable_params)
    }

    fn profile(&mut self, repeats: usize) -> Result<Profile> {
        let phases = Phases::measure(repeats, |clock| {
            let (optimizer, images, targets) = (&mut self.optimizer, &self.images, &self.targets);
            self.model.update(|model| {
                let model = model.dropping(N::DROPOUT);
                let maps = model.maps(images.clone());
                clock.lap("convolutions");
                let answers = model.answers(maps);
                clock.lap("couches denses");
                let loss = N::loss(answers, targets)?;
                clock.lap("perte");
                Ok((
                    clock.finish(model, loss, optimizer, self.learning_rate)?,
                    (),
                ))
            })
        })?;
        let mut layers = Layers::new(repeats);
        N::layers(&mut layers, self.images.dims());
        Ok(Profile {
            phases,
            layers: layers.into_vec(),
        })
    }
}

impl Network for GenderCnn {
    const SIDE: usize = 100;
    const DROPOUT: f64 = 0.5;
    type Answers = Tensor<1>;

    fn build(device: &Device) -> Self {
        GenderCnnConfig::new().init(device)
    }

    fn dropping(self, share: f64) -> Self {
        self.with_dropout(share)
    }

    fn maps(&self, images: Tensor<4>) -> Tensor<4> {
        self.features(images)
    }

    fn answers(&self, maps: Tensor<4>) -> Tensor<1> {
        self.head(maps)
    }

    fn loss(answers: Tensor<1>, targets: &Targets) -> Result<Tensor<1>> {
        targets.cross_entropy(answers)
    }

    fn layers(layers: &mut Layers, images: [usize; 4]) {
        let [batch, ..] = images;
        let valid = PaddingConfig2d::Valid;
        let mut shape = block(layers, 1, images, 64, valid.clone(), 3);
        for (number, channels) in [(2, 128), (3, 256), (4, 512)] {
            shape = convolution(layers, number, shape, channels, valid.clone());
            // As the network does: the pooling comes first.
            shape = pooling(layers, number, shape, 2);
            layers.time(format!("relu{number}"), shape, false, relu);
        }
        let flat = shape[1] * shape[2] * shape[3];
        head(layers, "", batch, [flat, 512], Self::DROPOUT);
    }
}

impl Network for AgeCnn {
    const SIDE: usize = 128;
    const DROPOUT: f64 = 0.5;
    type Answers = Tensor<1>;

    fn build(device: &Device) -> Self {
        AgeCnnConfig::new().init(device)
    }

    fn dropping(self, share: f64) -> Self {
        self.with_dropout(share)
    }

    fn maps(&self, images: Tensor<4>) -> Tensor<4> {
        self.features(images)
    }

    fn answers(&self, maps: Tensor<4>) -> Tensor<1> {
        self.head(maps)
    }

    fn loss(answers: Tensor<1>, targets: &Targets) -> Result<Tensor<1>> {
        targets.squared_error(answers)
    }

    fn layers(layers: &mut Layers, images: [usize; 4]) {
        let shape = four_blocks(layers, images);
        layers.time("moyennes", shape, false, global_average);
        head(layers, "", shape[0], [256, 128], Self::DROPOUT);
    }
}

impl Network for GenderAgeCnn {
    const SIDE: usize = 128;
    const DROPOUT: f64 = 0.3;
    type Answers = (Tensor<1>, Tensor<1>);

    fn build(device: &Device) -> Self {
        GenderAgeCnnConfig::new().init(device)
    }

    fn dropping(self, share: f64) -> Self {
        self.with_dropout(share)
    }

    fn maps(&self, images: Tensor<4>) -> Tensor<4> {
        self.features(images)
    }

    fn answers(&self, maps: Tensor<4>) -> Self::Answers {
        self.head(maps)
    }

    fn loss((genders, ages): Self::Answers, targets: &Targets) -> Result<Tensor<1>> {
        Ok(targets.cross_entropy(genders)? + targets.squared_error(ages)?)
    }

    fn layers(layers: &mut Layers, images: [usize; 4]) {
        let [batch, channels, height, width] = four_blocks(layers, images);
        let flat = channels * height * width;
        for name in ["gender_", "age_"] {
            head(layers, name, batch, [flat, 256], Self::DROPOUT);
        }
    }
}

/// The convolutions that the last two networks have in common.
fn four_blocks(layers: &mut Layers, images: [usize; 4]) -> [usize; 4] {
    let channels = [(1, 32), (2, 64), (3, 128), (4, 256)];
    channels
        .into_iter()
        .fold(images, |shape, (number, channels)| {
            block(layers, number, shape, channels, PaddingConfig2d::Same, 2)
        })
}

/// Convolution, ReLU, batch norm and pooling.
fn block(
    layers: &mut Layers,
    number: usize,
    input: [usize; 4],
    channels: usize,
    padding: PaddingConfig2d,
    window: usize,
) -> [usize; 4] {
    let shape = convolution(layers, number, input, channels, padding);
    layers.time(format!("relu{number}"), shape, false, relu);
    let norm = BatchNormConfig::new(channels).init(&Device::flex()).train();
    layers.time(format!("norm{number}"), shape, false, |x| norm.forward(x));
    pooling(layers, number, shape, window)
}

fn convolution(
    layers: &mut Layers,
    number: usize,
    input: [usize; 4],
    channels: usize,
    padding: PaddingConfig2d,
) -> [usize; 4] {
    let conv = Conv2dConfig::new([input[1], channels], [3, 3])
        .with_padding(padding)
        .init(&Device::flex())
        .train();
    layers.time(format!("conv{number}"), input, number == 1, |x| {
        conv.forward(x)
    })
}

fn pooling(layers: &mut Layers, number: usize, input: [usize; 4], window: usize) -> [usize; 4] {
    let pool = MaxPool2dConfig::new([window, window]).init();
    layers.time(format!("pool{number}"), input, false, |x| pool.forward(x))
}

/// The dense layers of a head, whose names begin with `name`.
fn head(layers: &mut Layers, name: &str, batch: usize, sizes: [usize; 2], dropout: f64) {
    let device = Device::flex();
    let [flat, units] = sizes;
    let hidden = dense(flat, units, &device).train();
    layers.time(format!("{name}hidden"), [batch, flat], false, |x| {
        hidden.forward(x)
    });
    layers.time(format!("relu {name}hidden"), [batch, units], false, relu);
    let dropout = DropoutConfig::new(dropout).init().train();
    layers.time(format!("{name}dropout"), [batch, units], false, |x| {
        dropout.forward(x)
    });
    let output = dense(units, 1, &device).train();
    layers.time(format!("{name}output"), [batch, units], false, |x| {
        output.forward(x)
    });
}
