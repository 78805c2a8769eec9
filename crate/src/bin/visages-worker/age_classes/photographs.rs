//! The young-or-old lab's network on the matched photographs of UTKFace, for `tp bench effets tp6 --photos`: as many networks
//! as folds, so that each image is of a test once, and the answers of all tests put together.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use visages::{
    burn::tensor::Device,
    data::{AgeClassesConfig, LABEL, LoadOptions},
    models::YoungOldCnn,
};

use super::network::{
    COLOURS, Comparison, Estimate, at_centre, by_person, compared, many_crops, old, right_answers,
    right_at_centre, share, train,
};
use crate::error::Result;

/// Networks, each tested on its own part of the images.
const FOLDS: usize = 3;

/// What is trained, on what.
#[derive(Debug, Deserialize)]
pub struct Trial {
    /// Folder of UTKFace.
    folder: PathBuf,
    /// Side of the images, in pixels, as the lab reads them.
    side: usize,
    epochs: u32,
    seed: u64,
}

/// One of the networks.
#[derive(Debug, Serialize)]
struct Fold {
    /// Images to learn from, of validation and of test.
    images: [usize; 3],
    /// The epoch that is best on validation, whose network is kept.
    epoch: u32,
    validation: f64,
    test: f64,
}

/// What the networks answer about all images.
#[derive(Debug, Serialize)]
pub struct Outcome {
    folds: Vec<Fold>,
    images: usize,
    /// Of the images, those of class 1.
    of_class_1: usize,
    accuracy: Estimate,
    /// Share of the answers that are class 1.
    old: f64,
    crops: Comparison,
}

impl Trial {
    /// Reads, trains and asks.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let load = LoadOptions::new()
            .with_size(self.side, self.side)
            .with_verbose(false);
        let config = AgeClassesConfig::new().with_seed(self.seed).with_load(load);
        let mut folds = Vec::new();
        let (mut labels, mut usual, mut many) = (Vec::new(), Vec::new(), Vec::new());
        let (mut right, mut right_many) = (Vec::new(), Vec::new());
        for (fold, faces) in (0..).zip(config.utkface_folds(&self.folder, FOLDS)?) {
            let seed = self.seed + 1_000 * fold;
            device.seed(seed);
            let mut best: Option<(f64, u32, YoungOldCnn)> = None;
            train(&faces.train, self.epochs, seed, &device, |model, epoch| {
                let accuracy = share(&right_at_centre(model, &faces.validation, &device)?);
                if best.as_ref().is_none_or(|(most, ..)| accuracy > *most) {
                    best = Some((accuracy, epoch, model.clone()));
                }
                Ok(())
            })?;
            let Some((validation, epoch, model)) = best else {
                continue;
            };
            let answers = at_centre(&model, &faces.test, COLOURS, &device)?;
            let of_fold = right_answers(&answers, &faces.test)?;
            folds.push(Fold {
                images: [faces.train.len(), faces.validation.len(), faces.test.len()],
                epoch,
                validation,
                test: share(&of_fold),
            });
            right.extend(of_fold);
            usual.extend(answers);
            let answers = many_crops(&model, &faces.test, seed, &device)?;
            right_many.extend(right_answers(&answers, &faces.test)?);
            many.extend(answers);
            labels.extend(faces.test.classes(LABEL)?);
        }
        // Nobody is known in UTKFace: images stand for people.
        Ok(Outcome {
            folds,
            images: labels.len(),
            of_class_1: labels.iter().sum(),
            accuracy: by_person(&right, None, self.seed)?,
            old: old(&usual),
            crops: compared(&right, &right_many, old(&many), None, self.seed)?,
        })
    }
}
