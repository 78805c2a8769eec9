//! One seed of the measures that the gender-and-age lab cites: its drawings, its networks, and all that its claims need.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use visages::{
    burn::tensor::Device,
    data::{
        DrawnFacesConfig, ImageStore, Labelled, LabelledSplit, Preset, Variation, varied_faces,
    },
    fairness::paired_error_difference,
    host::StopFlag,
    models::{GenderAgeCnn, GenderCnn},
    polars::prelude::df,
};

use super::{
    CROP, FEW, LARGE, OLDEST, SIDE,
    faces::Faces,
    measures::{self, Age, Constant, Coverage, Estimate, Gender},
    small_net::SmallNet,
    training::{Course, Training, answers, middles, probability},
};
use crate::{
    age_classes::Size,
    error::{Error, Result},
};

/// Seeds between the people whose factors are changed and those of the lab: nobody is met twice.
const STRANGERS: u64 = 1_000;
/// First age of the people whose factors are changed: make-up is for adults.
const ADULT: u8 = 16;
/// What ages were divided by in the original's training, and multiplied by in its answers.
const DIVIDED: f64 = 116.0;
/// Share of hidden values dropped in the small network.
const DROPOUT: f64 = 0.5;

/// Epochs of model 1, of model 3 and of the small networks.
const fn epochs(preset: Preset) -> [u32; 3] {
    match preset {
        Preset::Quick => [1, 1, 2],
        _ => [24, 12, 20],
    }
}

/// What is drawn and trained.
#[derive(Debug, Deserialize)]
pub struct Trial {
    preset: Size,
    seed: u64,
    /// Where drawings are kept, the lab's own.
    cache: PathBuf,
}

/// Two ways of preparing the test images of model 1.
#[derive(Debug, Serialize)]
struct Crops {
    centre: Estimate,
    whole: Estimate,
    /// Whole pictures less their middles, image by image.
    difference: Estimate,
    /// Shares of the answers that are class 1, on middles and on whole pictures.
    feminine: [f64; 2],
}

/// Ages divided by one number and multiplied by another.
#[derive(Debug, Serialize)]
struct Scale {
    /// Signed error and MAE with the wrong number.
    signed: f64,
    mae: f64,
    /// MAE with the wrong number less that with the right one, image by image.
    difference: Estimate,
    /// Years added to the mean answer.
    shift: f64,
}

/// A small network with or without a technique.
#[derive(Debug, Serialize)]
struct Technique {
    dropout: bool,
    batch_norm: bool,
    train: Estimate,
    validation: Estimate,
    /// Accuracy on validation less that of the network with neither, image by image.
    gain: Estimate,
}

/// Errors of age of the same people, before and after one factor changes.
#[derive(Debug, Serialize)]
struct Factor {
    name: String,
    description: String,
    people: usize,
    before: f64,
    after: f64,
    difference: Estimate,
    p: f64,
    shift: f64,
}

/// What the networks answer.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Images to learn from, of validation and of test.
    images: [usize; 3],
    constant: Constant,
    /// Models 1 and 3.
    courses: [Course; 2],
    gender: [Gender; 2],
    age: Age,
    coverage: Vec<Coverage>,
    crops: Crops,
    scale: Scale,
    techniques: Vec<Technique>,
    technique_epochs: u32,
    factors: Vec<Factor>,
}

impl Trial {
    /// Draws, trains and asks.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let preset = Preset::from(self.preset);
        let config = DrawnFacesConfig::for_preset(preset).with_seed(self.seed);
        let folder = self.cache.join(config.folder_name());
        config.write_utkface_folder(&folder, &StopFlag::new(), |_, _| {})?;
        let faces = Faces::scan(&folder, None, self.seed)?;
        let [first, third, small] = epochs(preset);
        let training = |epochs: u32| Training {
            seed: self.seed,
            epochs,
            device: &device,
            checkpoints: None,
        };
        let large = faces.parts(LARGE)?;
        let constant = measures::constant(large.train.frame(), large.test.frame())?;
        let (model_1, course_1) = training(first).gender(&large.train, &large.validation)?;
        let scores = gender_scores(&model_1, &middles(&large.test)?, &device)?;
        let test = large.test.frame();
        let gender_1 = measures::gender(test, &scores, &constant, self.seed)?;
        let whole = faces.parts(CROP)?.test;
        let whole = gender_scores(&model_1, whole.images(), &device)?;
        let crops = self.crops(&large.test, &scores, &whole)?;

        let parts = faces.parts(SIDE)?;
        let (model_3, course_3) = training(third).both(&parts.train, &parts.validation)?;
        let (scores, ages) = both(&model_3, parts.test.images(), &device)?;
        let (_, validated) = both(&model_3, parts.validation.images(), &device)?;
        let test = parts.test.frame();
        let coverage = measures::coverage(
            &measures::aged(parts.validation.frame(), &validated)?,
            &measures::aged(test, &ages)?,
        )?;
        Ok(Outcome {
            images: [parts.train.len(), parts.validation.len(), parts.test.len()],
            courses: [course_1, course_3],
            gender: [
                gender_1,
                measures::gender(test, &scores, &constant, self.seed)?,
            ],
            age: measures::age(test, &ages, &constant, self.seed)?,
            coverage,
            crops,
            scale: self.scale(&parts.test, &ages)?,
            techniques: self.techniques(&parts, &training(small))?,
            technique_epochs: small,
            factors: self.factors(&model_3, preset, &device)?,
            constant,
        })
    }

    fn crops(&self, test: &Labelled, middles: &[f64], whole: &[f64]) -> Result<Crops> {
        let right = [middles, whole].map(|scores| measures::right(test.frame(), scores));
        let [centre, whole_right] = right;
        let (centre, whole_right) = (centre?, whole_right?);
        let feminine = |scores: &[f64]| {
            let feminine = scores.iter().filter(|score| **score >= 0.5);
            feminine.count() as f64 / scores.len() as f64
        };
        Ok(Crops {
            centre: measures::accuracy(&centre, self.seed)?,
            whole: measures::accuracy(&whole_right, self.seed)?,
            difference: measures::gain(&centre, &whole_right, self.seed)?,
            feminine: [feminine(middles), feminine(whole)],
        })
    }

    fn scale(&self, test: &Labelled, ages: &[f64]) -> Result<Scale> {
        let usual = measures::aged(test.frame(), ages)?;
        // A network that learnt age / 116 gives age / 116: × 120 makes everyone older.
        let stretched: Vec<f64> = ages.iter().map(|age| age * OLDEST / DIVIDED).collect();
        let stretched = measures::aged(test.frame(), &stretched)?;
        let found = paired_error_difference(&usual, &stretched, self.seed)?;
        let truth = test.numbers("age")?;
        let pairs = ages.iter().zip(&truth);
        let signed = pairs.map(|(age, truth)| OLDEST * age * OLDEST / DIVIDED - f64::from(*truth));
        Ok(Scale {
            signed: signed.sum::<f64>() / truth.len() as f64,
            mae: found.after,
            shift: found.shift,
            difference: found.into(),
        })
    }

    /// The small network with neither technique, with each, with both.
    fn techniques(&self, parts: &LabelledSplit, training: &Training) -> Result<Vec<Technique>> {
        let device = training.device;
        let few = parts.train.sample(parts.train.len().min(FEW), self.seed)?;
        let mut plain: Option<Vec<bool>> = None;
        let mut found = Vec::new();
        for (dropout, batch_norm) in [(false, false), (true, false), (false, true), (true, true)] {
            let share = if dropout { DROPOUT } else { 0.0 };
            device.seed(self.seed);
            let network = SmallNet::new(batch_norm, share, device);
            let model = training.small(network, &few, &parts.validation)?;
            let right = |set: &Labelled| {
                let [logits] = answers(set.images(), device, |images| [model.forward(images).0])?;
                let scores: Vec<f64> = logits.into_iter().map(probability).collect();
                measures::right(set.frame(), &scores)
            };
            let (learnt, held_out) = (right(&few)?, right(&parts.validation)?);
            let reference = plain.get_or_insert_with(|| held_out.clone());
            found.push(Technique {
                dropout,
                batch_norm,
                train: measures::accuracy(&learnt, self.seed)?,
                validation: measures::accuracy(&held_out, self.seed)?,
                gain: measures::gain(reference, &held_out, self.seed)?,
            });
        }
        Ok(found)
    }

    /// People whom the network has not met, drawn twice.
    fn factors(
        &self,
        model: &GenderAgeCnn,
        preset: Preset,
        device: &Device,
    ) -> Result<Vec<Factor>> {
        let records: Vec<_> = DrawnFacesConfig::new()
            .with_faces(preset.choose(100, 600, 600))
            .with_seed(self.seed + STRANGERS)
            .records()?
            .into_iter()
            .filter(|record| record.label.age >= ADULT)
            .collect();
        let ages: Vec<i32> = records
            .iter()
            .map(|record| i32::from(record.label.age))
            .collect();
        let truth = df!("age" => ages).map_err(|error| Error::Execution(error.to_string()))?;
        let asked = |images: &ImageStore| {
            let (_, ages) = both(model, images, device)?;
            measures::aged(&truth, &ages)
        };
        Variation::ALL
            .into_iter()
            .map(|variation| {
                let (before, after) = varied_faces(&records, variation, SIDE)?;
                let found = paired_error_difference(&asked(&before)?, &asked(&after)?, self.seed)?;
                Ok(Factor {
                    name: variation.name().to_owned(),
                    description: variation.description().to_owned(),
                    people: found.n,
                    before: found.before,
                    after: found.after,
                    p: found.p,
                    shift: found.shift,
                    difference: found.into(),
                })
            })
            .collect()
    }
}

/// Probabilities of class 1 by model 1.
pub(super) fn gender_scores(
    model: &GenderCnn,
    images: &ImageStore,
    device: &Device,
) -> Result<Vec<f64>> {
    let [logits] = answers(images, device, |images| [model.forward(images)])?;
    Ok(logits.into_iter().map(probability).collect())
}

/// Probabilities of class 1 and ages divided by 120, by model 3.
pub(super) fn both(
    model: &GenderAgeCnn,
    images: &ImageStore,
    device: &Device,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let [logits, ages] = answers(images, device, |images| {
        let (gender, age) = model.forward(images);
        [gender, age]
    })?;
    Ok((logits.into_iter().map(probability).collect(), ages))
}
