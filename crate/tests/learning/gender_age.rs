//! The gender and age networks against TensorFlow (`fixtures/tensorflow_gender_age.py`): sizes, outputs, losses with the
//! authors' penalties, gradients, steps of Adam, statistics of the batch norms; and what their configurations refuse.

use crate::{
    support::{gradients, seeded, values},
    tensorflow_parity::{Expected, in_mode, wave, with_formula},
};
use visages::{
    burn::{module::Module, prelude::*, tensor::DType},
    models::{
        AgeCnn, AgeCnnConfig, GenderAgeCnn, GenderAgeCnnConfig, GenderCnn, GenderCnnConfig,
        num_params,
    },
    train::{
        AdamConfig, FitConfig, Penalty, Trainer, binary_cross_entropy_with_logits, squared_error,
    },
};

const FIXTURE: &str = include_str!("../fixtures/tensorflow_gender_age.json");
const BATCH: usize = 4;
const STEPS: usize = 3;
const AGES: [f64; BATCH] = [8.0, 26.0, 47.0, 90.0];

/// One network of the three.
trait Network: Module {
    const NAME: &'static str;
    const LEARNING_RATE: f64;

    fn build(image_size: Option<usize>) -> Self;
    fn outputs(&self, images: Tensor<4>) -> Vec<Tensor<1>>;
    fn penalty() -> Penalty;

    /// Genders first, as the fixture's script has them.
    fn loss(&self, batch: &Batch) -> visages::Result<Tensor<1>>;
}

/// What the networks read.
#[derive(Clone)]
struct Batch {
    images: Tensor<4>,
    genders: Tensor<1>,
    ages: Tensor<1>,
}

impl Batch {
    fn new(side: usize, dtype: DType, device: &Device) -> Self {
        let images = wave([BATCH, 3, side, side], |i| 0.5 + 0.5 * f64::sin(0.013 * i));
        let genders = wave([BATCH], |i| 1.0 - i % 2.0);
        let ages = wave([BATCH], |i| AGES[i as usize] / 120.0);
        Self {
            images: images.cast(dtype).to_device(device),
            genders: genders.cast(dtype).to_device(device),
            ages: ages.cast(dtype).to_device(device),
        }
    }

    fn cross_entropy(&self, logits: Tensor<1>) -> visages::Result<Tensor<1>> {
        Ok(binary_cross_entropy_with_logits(logits, self.genders.clone())?.mean())
    }

    fn squared_error(&self, ages: Tensor<1>) -> visages::Result<Tensor<1>> {
        Ok(squared_error(ages, self.ages.clone())?.mean())
    }
}

impl Network for GenderCnn {
    const NAME: &'static str = "gender";
    const LEARNING_RATE: f64 = 1e-4;

    fn build(image_size: Option<usize>) -> Self {
        let config = GenderCnnConfig::new().with_dropout(0.0);
        let config = image_size.map_or(config.clone(), |side| config.with_image_size(side));
        config.init(&Device::flex())
    }

    fn outputs(&self, images: Tensor<4>) -> Vec<Tensor<1>> {
        vec![self.forward(images)]
    }

    fn penalty() -> Penalty {
        Penalty::l2(Self::L2).on(Self::PENALIZED)
    }

    fn loss(&self, batch: &Batch) -> visages::Result<Tensor<1>> {
        batch.cross_entropy(self.forward(batch.images.clone()))
    }
}

impl Network for AgeCnn {
    const NAME: &'static str = "age";
    const LEARNING_RATE: f64 = 1e-3;

    fn build(image_size: Option<usize>) -> Self {
        let config = AgeCnnConfig::new().with_dropout(0.0);
        let config = image_size.map_or(config.clone(), |side| config.with_image_size(side));
        config.init(&Device::flex())
    }

    fn outputs(&self, images: Tensor<4>) -> Vec<Tensor<1>> {
        vec![self.forward(images)]
    }

    fn penalty() -> Penalty {
        Penalty::l2(Self::L2).on(Self::PENALIZED)
    }

    fn loss(&self, batch: &Batch) -> visages::Result<Tensor<1>> {
        batch.squared_error(self.forward(batch.images.clone()))
    }
}

impl Network for GenderAgeCnn {
    const NAME: &'static str = "gender_age";
    const LEARNING_RATE: f64 = 1e-4;

    fn build(image_size: Option<usize>) -> Self {
        let config = GenderAgeCnnConfig::new().with_dropout(0.0);
        let config = image_size.map_or(config.clone(), |side| config.with_image_size(side));
        config.init(&Device::flex())
    }

    fn outputs(&self, images: Tensor<4>) -> Vec<Tensor<1>> {
        let (genders, ages) = self.forward(images);
        vec![genders, ages]
    }

    fn penalty() -> Penalty {
        Penalty::l2(Self::L2).on(Self::PENALIZED)
    }

    fn loss(&self, batch: &Batch) -> visages::Result<Tensor<1>> {
        let (genders, ages) = self.forward(batch.images.clone());
        Ok(batch.cross_entropy(genders)? + batch.squared_error(ages)?)
    }
}

/// TensorFlow's numbers, and the side they were computed at.
fn expected<N: Network>() -> (Expected, usize) {
    let whole: serde_json::Value = serde_json::from_str(FIXTURE).unwrap();
    let numbers = whole[N::NAME].clone();
    let side = numbers["side"].as_u64().unwrap() as usize;
    (Expected(numbers), side)
}

fn outputs<N: Network>(model: &N, batch: &Batch) -> Vec<f64> {
    let outputs = model.outputs(batch.images.clone()).into_iter();
    outputs.flat_map(values).map(f64::from).collect()
}

fn equals_tensorflows<N: Network>() {
    let _generator = seeded(0);
    let (expected, side) = expected::<N>();
    let device = Device::flex();
    assert_eq!(expected.0["parameters"], num_params(&N::build(None)));

    let model = N::build(Some(side));
    let ready = in_mode(with_formula(model.clone(), DType::F32), false);
    let batch = Batch::new(side, DType::F32, &device);
    expected.check_values("outputs", &outputs(&ready, &batch), 2e-6);

    let precise = with_formula(model, DType::F64);
    let batch = Batch::new(side, DType::F64, &device.autodiff());
    let loss = |model: &N| model.loss(&batch).unwrap();
    expected.check("loss", loss(&precise.clone().train()));
    expected.check_gradients(gradients(&precise, loss));
}

fn trains_as_in_tensorflow<N: Network>() {
    let _generator = seeded(0);
    let (expected, side) = expected::<N>();
    let model = with_formula(N::build(Some(side)), DType::F32);
    let config = FitConfig::new()
        .with_epochs(1)
        .with_learning_rate(N::LEARNING_RATE)
        .with_optimizer(AdamConfig::new().with_epsilon(1e-7))
        .with_penalty(N::penalty())
        .with_progress(false);
    let fitted = Trainer::new(model, |epoch| {
        let batch = Batch::new(side, DType::F32, &epoch.device);
        Ok(std::iter::repeat_n(batch, STEPS).map(Ok))
    })
    .with_loss(|model: &N, batch| model.loss(batch))
    .fit(&config)
    .unwrap();
    let batch = Batch::new(side, DType::F32, &Device::flex());
    let found = outputs(&fitted.model, &batch);
    expected.check_values("losses", fitted.history.losses(), 3e-5);
    expected.check_values("trained_outputs", &found, 1e-3);
}

#[test]
fn the_gender_network_equals_tensorflows() {
    equals_tensorflows::<GenderCnn>();
}

#[test]
fn the_age_network_equals_tensorflows() {
    equals_tensorflows::<AgeCnn>();
}

#[test]
fn the_gender_and_age_network_equals_tensorflows() {
    equals_tensorflows::<GenderAgeCnn>();
}

#[test]
fn the_gender_network_trains_as_in_tensorflow() {
    trains_as_in_tensorflow::<GenderCnn>();
}

#[test]
fn the_age_network_trains_as_in_tensorflow() {
    trains_as_in_tensorflow::<AgeCnn>();
}

#[test]
fn the_gender_and_age_network_trains_as_in_tensorflow() {
    trains_as_in_tensorflow::<GenderAgeCnn>();
}

/// What a panic said.
fn refusal(build: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(build).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn images_too_small_for_the_poolings_are_refused_in_french() {
    let _generator = seeded(0);
    for (smallest, build) in [
        (68, (|side| drop(GenderCnn::build(Some(side)))) as fn(usize)),
        (16, |side| drop(AgeCnn::build(Some(side)))),
        (16, |side| drop(GenderAgeCnn::build(Some(side)))),
    ] {
        build(smallest);
        let words = refusal(move || build(smallest - 1));
        let limit = format!("au moins {smallest} × {smallest} pixels");
        assert!(words.contains(&limit), "{words}");
    }
}

/// The smallest images and an odd side go through, and shares of dropout reach every dropout layer.
#[test]
fn other_sizes_and_dropouts_are_accepted() {
    let _generator = seeded(0);
    let device = Device::flex();
    let zeros = |side: usize| Tensor::<4>::zeros([1, 3, side, side], &device);
    let model = GenderCnn::build(Some(72));
    assert_eq!(model.features(zeros(72)).dims(), [1, 512, 1, 1]);
    assert_eq!(model.forward(zeros(68)).dims(), [1]);
    // The means of the feature maps do not depend on the size.
    let model = AgeCnn::build(Some(64));
    assert_eq!(model.features(zeros(50)).dims(), [1, 256, 3, 3]);
    assert_eq!(model.forward(zeros(50)).dims(), [1]);
    let model = GenderAgeCnn::build(Some(50));
    assert_eq!(model.forward(zeros(50)).0.dims(), [1]);

    let images = Tensor::<4>::ones([1, 3, 50, 50], &device).autodiff();
    let drawn = |dropout: f64| {
        let model = with_formula(model.clone(), DType::F32).with_dropout(dropout);
        let (genders, ages) = model.train().forward(images.clone());
        [values(genders), values(ages)]
    };
    assert_eq!(drawn(0.0), drawn(0.0));
    let (first, second) = (drawn(0.5), drawn(0.5));
    assert!(first[0] != second[0] && first[1] != second[1]);
}
