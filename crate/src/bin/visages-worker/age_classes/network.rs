//! The young-or-old lab's network: its loop, its answers, and what they are worth.

use serde::Serialize;
use visages::{
    burn::{
        module::Module,
        tensor::{Device, Tensor, activation::softmax},
    },
    data::{
        BatchConfig, ImageStore, LABEL, Labelled,
        augment::{Augmenter, Transform, center_crops, random_crops},
    },
    fairness::{Z_95, accuracy_difference, accuracy_interval, mcnemar, wilson_interval},
    models::{Initialization, YoungOldCnn, YoungOldCnnConfig},
    polars::prelude::Column,
    train::{SgdConfig, gradient_step, softmax_cross_entropy},
};

use crate::error::Result;

/// Side of the parts that the network receives, in pixels.
const CROP: usize = 75;
/// Black pixels added on each side before a random crop.
const PADDING: usize = 4;
/// Images a batch, in training.
const BATCH: usize = 40;
/// Images a batch, when answers are asked.
const ASKED: usize = 200;
const LEARNING_RATE: f64 = 0.01;
const MOMENTUM: f64 = 0.5;
/// Random crops of each image whose answers are averaged.
const CROPS: u64 = 10;

/// Means and standard deviations of the colours, in the lab.
pub const COLOURS: [[f32; 3]; 2] = [[0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]];

/// A value and its 95 % interval.
#[derive(Debug, Serialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Another way of answering about the test, against the lab's usual one.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Its accuracy, by person.
    accuracy: Estimate,
    /// Its accuracy less the usual one, by person, and the p value of that.
    difference: Estimate,
    p: f64,
    /// Mistakes that it corrects and those that it makes, and McNemar's p value.
    corrected: usize,
    created: usize,
    mcnemar: f64,
    /// Share of its answers that are class 1.
    old: f64,
}

/// The lab's network before any training, ready to answer.
pub fn fresh(seed: u64, device: &Device) -> YoungOldCnn {
    Initialization::Pytorch.apply(YoungOldCnnConfig::new().init(device), seed)
}

/// The lab's loop; `after` sees the network at the end of each epoch, ready to answer.
pub fn train(
    train: &Labelled,
    epochs: u32,
    seed: u64,
    device: &Device,
    mut after: impl FnMut(&YoungOldCnn, u32) -> Result<()>,
) -> Result<YoungOldCnn> {
    let augmenter = Augmenter::new(seed)
        .with(Transform::RandomCrop {
            height: CROP,
            width: CROP,
            padding: PADDING,
        })
        .with(Transform::Flip { probability: 0.5 });
    let batches = BatchConfig::new(BATCH)
        .shuffled()
        .with_seed(seed)
        .with_augmenter(augmenter);
    let mut optimizer = SgdConfig::new().with_momentum(MOMENTUM).init();
    let mut model = fresh(seed, device).train();
    for epoch in 1..=epochs {
        for batch in batches.epoch(train, epoch, device)? {
            let batch = batch?;
            let images = normalized(batch.images.clone(), COLOURS);
            let logits = model.forward(images.autodiff());
            let classes = batch.class_target(LABEL)?.autodiff();
            let loss = softmax_cross_entropy(logits, classes)?.mean();
            (model, _) = gradient_step(model, &mut optimizer, loss, LEARNING_RATE)?;
        }
        after(&model.valid(), epoch)?;
    }
    Ok(model.valid())
}

fn normalized(images: Tensor<4>, colours: [[f32; 3]; 2]) -> Tensor<4> {
    let device = images.device();
    let [means, deviations] =
        colours.map(|values| Tensor::<1>::from_floats(values, &device).reshape([1, 3, 1, 1]));
    (images - means) / deviations
}

/// Probabilities of class 1 of images of the network's size.
fn probabilities(
    model: &YoungOldCnn,
    images: &ImageStore,
    colours: [[f32; 3]; 2],
    device: &Device,
) -> Result<Vec<f64>> {
    let rows: Vec<usize> = (0..images.len()).collect();
    let mut answers = Vec::new();
    for chunk in rows.chunks(ASKED) {
        let logits = model.forward(normalized(images.to_tensor(chunk, device)?, colours));
        let of_one = softmax(logits, 1).slice([0..chunk.len(), 1..2]);
        answers.extend(of_one.into_data().iter::<f64>());
    }
    Ok(answers)
}

/// Probabilities of class 1 of the middle of each image.
pub fn at_centre(
    model: &YoungOldCnn,
    set: &Labelled,
    colours: [[f32; 3]; 2],
    device: &Device,
) -> Result<Vec<f64>> {
    let all: Vec<usize> = (0..set.len()).collect();
    let crops = center_crops(set.images(), &all, CROP)?;
    probabilities(model, &crops, colours, device)
}

/// Means of the probabilities of [`CROPS`] random crops of each image.
pub fn many_crops(
    model: &YoungOldCnn,
    set: &Labelled,
    seed: u64,
    device: &Device,
) -> Result<Vec<f64>> {
    let images = set.images();
    let all: Vec<usize> = (0..images.len()).collect();
    let mut means = vec![0.0; images.len()];
    for crop in 0..CROPS {
        let crops = random_crops(images, &all, CROP, PADDING, seed + crop)?;
        let answers = probabilities(model, &crops, COLOURS, device)?;
        for (mean, answer) in means.iter_mut().zip(answers) {
            *mean += answer / CROPS as f64;
        }
    }
    Ok(means)
}

pub fn right_answers(answers: &[f64], set: &Labelled) -> Result<Vec<bool>> {
    let labels = set.classes(LABEL)?;
    let right = answers.iter().zip(labels);
    Ok(right
        .map(|(p, label)| usize::from(*p > 0.5) == label)
        .collect())
}

pub fn right_at_centre(model: &YoungOldCnn, set: &Labelled, device: &Device) -> Result<Vec<bool>> {
    right_answers(&at_centre(model, set, COLOURS, device)?, set)
}

pub fn number(right: &[bool]) -> usize {
    right.iter().filter(|right| **right).count()
}

pub fn share(right: &[bool]) -> f64 {
    number(right) as f64 / right.len().max(1) as f64
}

/// Share of the answers that are class 1.
pub fn old(answers: &[f64]) -> f64 {
    share(&answers.iter().map(|p| *p > 0.5).collect::<Vec<_>>())
}

pub fn wilson(right: usize, all: usize) -> Result<Estimate> {
    let (low, high) = wilson_interval(right, all, Z_95)?;
    Ok(Estimate {
        value: right as f64 / all as f64,
        low,
        high,
    })
}

/// The share of right answers, its interval by person.
pub fn by_person(right: &[bool], people: Option<&Column>, seed: u64) -> Result<Estimate> {
    let found = accuracy_interval(right, people, seed)?;
    Ok(Estimate {
        value: found.value,
        low: found.low,
        high: found.high,
    })
}

/// Other answers about the same images, of which `old` says how many are class 1, against the `usual` ones.
pub fn compared(
    usual: &[bool],
    other: &[bool],
    old: f64,
    people: Option<&Column>,
    seed: u64,
) -> Result<Comparison> {
    let found = accuracy_difference(usual, other, people, seed)?;
    let images = mcnemar(usual, other)?;
    Ok(Comparison {
        accuracy: by_person(other, people, seed)?,
        difference: Estimate {
            value: found.difference,
            low: found.low,
            high: found.high,
        },
        p: found.p,
        corrected: images.corrected,
        created: images.created,
        mcnemar: images.p,
        old,
    })
}
