//! One training of the study of known biases, for `tp bench biais`: a detector, drawn faces, a seed.

use serde::{Deserialize, Serialize};
use visages::{
    burn::tensor::Device,
    data::{Bias, SyntheticConfig},
    models::{DbVaeConfig, StandardCnnConfig},
    train::{
        Classifier, DebiasingConfig, Evaluation, FitConfig, evaluate, fit, fit_debiasing,
        predict_probabilities,
    },
};

use crate::{error::Result, synth::BiasName};

/// Images a batch, of those that are asked for answers.
const BATCH: usize = 64;
/// Probability from which a face counts as found.
const THRESHOLD: f32 = 0.5;

/// Which detector.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Detector {
    Cnn,
    DbVae,
}

/// What is trained, on what.
#[derive(Debug, Deserialize)]
pub struct Trial {
    bias: BiasName,
    model: Detector,
    seed: u64,
    /// Faces, and as many other images, those held out included.
    images: usize,
    epochs: u32,
    difficulty: f64,
    /// In place of that of the bias.
    underexposure: Option<f64>,
    /// Test faces in each of the four groups.
    test_faces: usize,
}

/// Faces of one group that were found.
#[derive(Debug, Serialize)]
pub struct Found {
    code: String,
    n: usize,
    found: usize,
}

/// What the detector answers.
#[derive(Debug, Serialize)]
pub struct Outcome {
    groups: Vec<Found>,
    held_out_faces: usize,
    held_out_found: usize,
    other_images: usize,
    false_alarms: usize,
}

impl Trial {
    /// Draws, trains and counts.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let mut config = SyntheticConfig::new()
            .with_bias(Bias::from(self.bias))
            .with_images(self.images, self.images)
            .with_test_faces(self.test_faces)
            .with_difficulty(self.difficulty)
            .with_seed(self.seed);
        if let Some(underexposure) = self.underexposure {
            config = config.with_underexposure(underexposure);
        }
        let loader = config.detection_loader()?;
        let fit_config = FitConfig::new()
            .with_epochs(self.epochs)
            .with_progress(false)
            .with_seed(self.seed);
        // As in the lab: the seed draws the weights first, then the training has its own.
        device.seed(self.seed);
        match self.model {
            Detector::Cnn => {
                let model = StandardCnnConfig::new().init(&device);
                let model = fit(model, &loader, &fit_config)?.model;
                self.count(
                    &model,
                    &config,
                    &evaluate(&model, loader.held_out(), BATCH, &device)?,
                )
            }
            Detector::DbVae => {
                let model = DbVaeConfig::new().init(&device);
                let debiasing = DebiasingConfig::new().with_fit(fit_config);
                let model = fit_debiasing(model, &loader, &debiasing)?.model;
                self.count(
                    &model,
                    &config,
                    &evaluate(&model, loader.held_out(), BATCH, &device)?,
                )
            }
        }
    }

    fn count<M: Classifier>(
        &self,
        model: &M,
        config: &SyntheticConfig,
        held_out: &Evaluation,
    ) -> Result<Outcome> {
        let faces = config.test_faces()?;
        let groups = faces
            .groups
            .iter()
            .map(|group| {
                let answers = predict_probabilities(model, &group.images, BATCH, &Device::flex())?;
                Ok(Found {
                    code: group.code.clone(),
                    n: answers.len(),
                    found: answers.iter().filter(|p| **p >= THRESHOLD).count(),
                })
            })
            .collect::<Result<Vec<Found>>>()?;
        let part = |rate: Option<f64>, n: usize| (rate.unwrap_or(0.0) * n as f64).round() as usize;
        Ok(Outcome {
            groups,
            held_out_faces: held_out.faces,
            held_out_found: part(held_out.recall, held_out.faces),
            other_images: held_out.non_faces,
            false_alarms: part(held_out.false_positive_rate, held_out.non_faces),
        })
    }
}
