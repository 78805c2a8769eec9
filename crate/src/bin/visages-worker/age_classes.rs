//! One training of the measures that the young-or-old lab cites, for `tp bench effets tp6`: the lab's own drawings, network and
//! loop, and everything that its claims need.

use serde::{Deserialize, Serialize};
use visages::{
    burn::{
        module::Module,
        tensor::{Device, Tensor, activation::softmax},
    },
    data::{
        AgeClasses, AgeClassesConfig, BatchConfig, ImageStore, LABEL, Labelled, Preset,
        augment::{Augmenter, Transform, center_crops, random_crops},
        drawn_elsewhere,
    },
    fairness::{
        Z_95, accuracy_difference, accuracy_interval, mcnemar, student_interval, wilson_interval,
    },
    models::{Initialization, YoungOldCnn, YoungOldCnnConfig},
    polars::prelude::Column,
    train::{SgdConfig, gradient_step, softmax_cross_entropy},
};

use crate::error::{Error, Result};

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
/// Means and standard deviations of the colours, in the lab.
const COLOURS: [[f32; 3]; 2] = [[0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]];
/// Those of the trap.
const TRAP: [[f32; 3]; 2] = [[0.5; 3]; 2];
/// Untrained networks, of seeds 0, 1, 2…
const UNTRAINED: u64 = 20;
/// Random crops of each image whose answers are averaged.
const CROPS: u64 = 10;
/// Draws of images that are measured apart, and their sizes: at most half of the images.
const DRAWS: u64 = 20;
const SIZES: [usize; 2] = [100, 500];
/// Column of the answers that are right.
const RIGHT: &str = "right";
/// Faces from elsewhere.
const ELSEWHERE: [usize; 2] = [20, 300];

/// How much is computed, by the names of the lab's sessions.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    Rapide,
    Seance,
}

impl From<Size> for Preset {
    fn from(size: Size) -> Self {
        match size {
            Size::Rapide => Self::Quick,
            Size::Seance => Self::Session,
        }
    }
}

/// How the images are dealt among the three parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Split {
    Person,
    Image,
}

/// What is trained, on what.
#[derive(Debug, Deserialize)]
pub struct Trial {
    preset: Size,
    split: Split,
    seed: u64,
}

/// A value and its 95 % interval.
#[derive(Debug, Serialize)]
struct Estimate {
    value: f64,
    low: f64,
    high: f64,
}

/// Another way of answering about the test, against the lab's usual one.
#[derive(Debug, Serialize)]
struct Comparison {
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

/// Draws of validation images, each measured apart.
#[derive(Debug, Serialize)]
struct Noise {
    /// Epochs of training of the network.
    epochs: u32,
    /// Images a draw.
    size: usize,
    lowest: f64,
    highest: f64,
}

/// Right answers about faces from elsewhere.
#[derive(Debug, Serialize)]
struct Elsewhere {
    faces: usize,
    right: usize,
    /// With the other normalisation.
    trapped: usize,
    accuracy: Estimate,
    trap: Estimate,
}

/// What is measured of the network of the lab's own split only.
#[derive(Debug, Serialize)]
struct Details {
    /// Accuracy on validation of each untrained network, their mean and Student's interval.
    untrained: Vec<f64>,
    untrained_mean: Estimate,
    noise: Vec<Noise>,
    trap: Comparison,
    crops: Comparison,
    elsewhere: Vec<Elsewhere>,
}

/// What the network answers.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Images to learn from, of validation and of test.
    images: [usize; 3],
    /// How hard the drawings are, from 0 to 1.
    difficulty: f64,
    epochs: u32,
    /// People of the test, and those whom the training has met.
    people: [usize; 2],
    /// Accuracy on validation after each epoch.
    course: Vec<f64>,
    /// By person.
    validation: Estimate,
    test: Estimate,
    /// Share of the answers about the test that are class 1.
    old: f64,
    details: Option<Details>,
}

impl Trial {
    /// Draws, trains and asks.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let preset = Preset::from(self.preset);
        let config = AgeClassesConfig::for_preset(preset, true).with_seed(self.seed);
        let own = config.drawn()?;
        let faces = match self.split {
            Split::Person => own,
            Split::Image => own.split_by_image(self.seed)?,
        };
        let epochs = preset.choose(2, 12, 12);
        device.seed(self.seed);
        let untrained = match self.split {
            Split::Person => (0..UNTRAINED)
                .map(|seed| accuracy(&fresh(seed, &device), &faces.validation, &device))
                .collect::<Result<Vec<_>>>()?,
            Split::Image => Vec::new(),
        };
        let mut noise = Vec::new();
        let mut course = Vec::new();
        let model = self.train(&faces, epochs, &device, |model, epoch| {
            let right = right_at_centre(model, &faces.validation, &device)?;
            course.push(share(&right));
            // The lab's first network has one epoch.
            if self.split == Split::Person && (epoch == 1 || epoch == epochs) {
                noise.extend(spreads(&faces.validation, &right, epoch)?);
            }
            Ok(())
        })?;
        let ask = Asked {
            model: &model,
            faces: &faces,
            seed: self.seed,
            device: &device,
        };
        let usual = ask.test_probabilities(COLOURS)?;
        let right = right_answers(&usual, &faces.test)?;
        let validation = right_at_centre(&model, &faces.validation, &device)?;
        let details = match self.split {
            Split::Image => None,
            Split::Person => {
                let (value, low, high) = student_interval(&untrained)?;
                Some(Details {
                    untrained,
                    untrained_mean: Estimate { value, low, high },
                    noise,
                    trap: ask.compared(&right, &ask.test_probabilities(TRAP)?)?,
                    crops: ask.compared(&right, &ask.many_crops()?)?,
                    elsewhere: ELSEWHERE
                        .into_iter()
                        .map(|count| ask.elsewhere(count))
                        .collect::<Result<_>>()?,
                })
            }
        };
        let (people, met) = faces.people_met(&faces.test)?;
        Ok(Outcome {
            images: [faces.train.len(), faces.validation.len(), faces.test.len()],
            difficulty: config.difficulty,
            epochs,
            people: [people, met],
            course,
            validation: ask.by_person(&validation, &faces.validation)?,
            test: ask.by_person(&right, &faces.test)?,
            old: old(&usual),
            details,
        })
    }

    /// The lab's loop; `after` sees the network at the end of each epoch, ready to answer.
    fn train(
        &self,
        faces: &AgeClasses,
        epochs: u32,
        device: &Device,
        mut after: impl FnMut(&YoungOldCnn, u32) -> Result<()>,
    ) -> Result<YoungOldCnn> {
        let augmenter = Augmenter::new(self.seed)
            .with(Transform::RandomCrop {
                height: CROP,
                width: CROP,
                padding: PADDING,
            })
            .with(Transform::Flip { probability: 0.5 });
        let batches = BatchConfig::new(BATCH)
            .shuffled()
            .with_seed(self.seed)
            .with_augmenter(augmenter);
        let mut optimizer = SgdConfig::new().with_momentum(MOMENTUM).init();
        let mut model = fresh(self.seed, device).train();
        for epoch in 1..=epochs {
            for batch in batches.epoch(&faces.train, epoch, device)? {
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
}

/// A trained network, and what it is asked about.
struct Asked<'a> {
    model: &'a YoungOldCnn,
    faces: &'a AgeClasses,
    seed: u64,
    device: &'a Device,
}

impl Asked<'_> {
    fn test_probabilities(&self, colours: [[f32; 3]; 2]) -> Result<Vec<f64>> {
        probabilities(
            self.model,
            &centres(&self.faces.test)?,
            colours,
            self.device,
        )
    }

    /// Means of the probabilities of [`CROPS`] random crops of each test image.
    fn many_crops(&self) -> Result<Vec<f64>> {
        let images = self.faces.test.images();
        let all: Vec<usize> = (0..images.len()).collect();
        let mut means = vec![0.0; images.len()];
        for crop in 0..CROPS {
            let crops = random_crops(images, &all, CROP, PADDING, self.seed + crop)?;
            let answers = probabilities(self.model, &crops, COLOURS, self.device)?;
            for (mean, answer) in means.iter_mut().zip(answers) {
                *mean += answer / CROPS as f64;
            }
        }
        Ok(means)
    }

    fn by_person(&self, right: &[bool], set: &Labelled) -> Result<Estimate> {
        let people = set.frame().column("person").ok();
        let found = accuracy_interval(right, people, self.seed)?;
        Ok(Estimate {
            value: found.value,
            low: found.low,
            high: found.high,
        })
    }

    fn compared(&self, usual: &[bool], other: &[f64]) -> Result<Comparison> {
        let test = &self.faces.test;
        let right = right_answers(other, test)?;
        let people = test.frame().column("person").ok();
        let found = accuracy_difference(usual, &right, people, self.seed)?;
        let images = mcnemar(usual, &right)?;
        Ok(Comparison {
            accuracy: self.by_person(&right, test)?,
            difference: Estimate {
                value: found.difference,
                low: found.low,
                high: found.high,
            },
            p: found.p,
            corrected: images.corrected,
            created: images.created,
            mcnemar: images.p,
            old: old(other),
        })
    }

    fn elsewhere(&self, count: usize) -> Result<Elsewhere> {
        let set = drawn_elsewhere(count, self.faces.test.images().width(), self.seed)?;
        let crops = centres(&set)?;
        let right = |colours| {
            let answers = probabilities(self.model, &crops, colours, self.device)?;
            Ok::<_, Error>(number(&right_answers(&answers, &set)?))
        };
        let (usual, trapped) = (right(COLOURS)?, right(TRAP)?);
        let faces = set.len();
        Ok(Elsewhere {
            faces,
            right: usual,
            trapped,
            accuracy: wilson(usual, faces)?,
            trap: wilson(trapped, faces)?,
        })
    }
}

fn wilson(right: usize, all: usize) -> Result<Estimate> {
    let (low, high) = wilson_interval(right, all, Z_95)?;
    Ok(Estimate {
        value: right as f64 / all as f64,
        low,
        high,
    })
}

/// The lab's network before any training, ready to answer.
fn fresh(seed: u64, device: &Device) -> YoungOldCnn {
    Initialization::Pytorch.apply(YoungOldCnnConfig::new().init(device), seed)
}

fn normalized(images: Tensor<4>, colours: [[f32; 3]; 2]) -> Tensor<4> {
    let device = images.device();
    let [means, deviations] =
        colours.map(|values| Tensor::<1>::from_floats(values, &device).reshape([1, 3, 1, 1]));
    (images - means) / deviations
}

fn centres(set: &Labelled) -> Result<ImageStore> {
    let all: Vec<usize> = (0..set.len()).collect();
    Ok(center_crops(set.images(), &all, CROP)?)
}

/// Probabilities of class 1.
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

fn right_answers(answers: &[f64], set: &Labelled) -> Result<Vec<bool>> {
    let labels = set.classes(LABEL)?;
    let right = answers.iter().zip(labels);
    Ok(right
        .map(|(p, label)| usize::from(*p > 0.5) == label)
        .collect())
}

fn right_at_centre(model: &YoungOldCnn, set: &Labelled, device: &Device) -> Result<Vec<bool>> {
    right_answers(&probabilities(model, &centres(set)?, COLOURS, device)?, set)
}

fn accuracy(model: &YoungOldCnn, set: &Labelled, device: &Device) -> Result<f64> {
    Ok(share(&right_at_centre(model, set, device)?))
}

fn number(right: &[bool]) -> usize {
    right.iter().filter(|right| **right).count()
}

fn share(right: &[bool]) -> f64 {
    number(right) as f64 / right.len().max(1) as f64
}

/// Share of the answers that are class 1.
fn old(answers: &[f64]) -> f64 {
    share(&answers.iter().map(|p| *p > 0.5).collect::<Vec<_>>())
}

/// The lowest and the highest accuracy of [`DRAWS`] draws of images, for each of the [`SIZES`].
fn spreads(set: &Labelled, right: &[bool], epochs: u32) -> Result<Vec<Noise>> {
    let numbered = set.with_column(Column::new(RIGHT.into(), right))?;
    let spread = |size: usize| {
        let size = size.min(set.len() / 2);
        let mut found = Vec::new();
        for draw in 0..DRAWS {
            let right = numbered.sample(size, draw)?.numbers(RIGHT)?;
            found.push(f64::from(right.iter().sum::<f32>()) / size as f64);
        }
        Ok(Noise {
            epochs,
            size,
            lowest: found.iter().copied().fold(f64::INFINITY, f64::min),
            highest: found.iter().copied().fold(0.0, f64::max),
        })
    };
    SIZES.into_iter().map(spread).collect()
}
