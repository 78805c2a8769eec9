//! Requests and answers, one JSON object a line. `tp` and the peers' scripts hold the same names.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    age_classes, autoencoder,
    cacd::Preparation,
    effects,
    error::{Error, Result},
    gender_age,
    images::Reading,
    labels,
    profile::Profile,
    shortcut, study,
    synth::Drawing,
};

/// Largest batch: 64 × 64 images of one then take 200 MB.
const LARGEST_BATCH: usize = 4096;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Request {
    /// Build a network and its batch.
    Prepare(Settings),
    /// Make steps that draw nothing at random, and tell their losses.
    Check { steps: usize },
    /// Make steps as a training runs them, and tell how long each took.
    Time { steps: usize },
    /// Tell how long each part of a step takes.
    Profile { repeats: usize },
    /// Draw a folder of faces; lines that tell how far it is come before the answer.
    Synth(Drawing),
    /// Train a detector of the study of debiasing on a world of drawings.
    Study(study::Trial),
    /// Train a detector of the debiasing lab and tell all that its claims need.
    Effects(effects::Trial),
    /// Tell what the labels of drawn faces say, and the truth.
    Labels(labels::Reading),
    /// Train the network of the young-or-old lab and tell all that its claims need.
    Ages(age_classes::Trial),
    /// The young-or-old lab's network on photographs.
    AgesPhotographs(age_classes::PhotographsTrial),
    /// Train the networks of the gender-and-age lab and tell all that its claims need.
    #[serde(rename = "gender_age")]
    GenderAge(gender_age::Trial),
    /// Train one of them on photographs.
    Headline(gender_age::Headline),
    /// Train the networks of the lab on the variational autoencoder and tell all that its claims need.
    Autoencoder(autoencoder::Trial),
    /// Tell what two labels say of the age of drawn faces.
    Shortcut(shortcut::Shortcut),
    /// Draw a contact sheet.
    Sheet(Drawing),
    /// Read a folder of pictures into memory.
    Images(Reading),
    /// Make the folders of the « young or old » lab; lines that tell how far it is come before the answer.
    Cacd(Preparation),
    /// Count what a file in the layout of `train_face.h5` holds.
    H5 { path: PathBuf },
}

impl Request {
    pub fn read(line: &str) -> Result<Self> {
        Ok(serde_json::from_str(line)?)
    }
}

/// Which network, and how it trains.
#[derive(Debug, Deserialize)]
pub struct Settings {
    pub model: Model,
    /// Images a step.
    pub batch: usize,
    pub learning_rate: f64,
    /// ε of Adam.
    pub epsilon: f32,
}

impl Settings {
    pub fn check(&self) -> Result<()> {
        if self.batch < 2 || self.batch > LARGEST_BATCH || !self.batch.is_multiple_of(2) {
            return Err(Error::Setting {
                name: "batch",
                value: self.batch.to_string(),
                accepted: "un nombre pair de 2 à 4096",
            });
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return Err(Error::Setting {
                name: "learning_rate",
                value: self.learning_rate.to_string(),
                accepted: "un nombre positif",
            });
        }
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err(Error::Setting {
                name: "epsilon",
                value: self.epsilon.to_string(),
                accepted: "un nombre positif",
            });
        }
        Ok(())
    }
}

/// The networks that can be timed.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum Model {
    #[serde(rename = "cnn")]
    Cnn,
    #[serde(rename = "dbvae")]
    DbVae,
    #[serde(rename = "vae64")]
    Vae64,
    #[serde(rename = "jeune-age")]
    YoungOld,
    #[serde(rename = "genre")]
    Gender,
    #[serde(rename = "age")]
    Age,
    #[serde(rename = "genre-age")]
    GenderAge,
    #[serde(rename = "efficientnet-b0")]
    EfficientNetB0,
}

/// What is answered.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Failed {
        ok: bool,
        error: String,
    },
    Prepared {
        ok: bool,
        engine: String,
        threads: usize,
        trainable: usize,
    },
    Losses {
        ok: bool,
        losses: Vec<f64>,
    },
    Times {
        ok: bool,
        milliseconds: Vec<f64>,
    },
    Profile {
        ok: bool,
        #[serde(flatten)]
        profile: Profile,
    },
    Written {
        ok: bool,
        files: usize,
        resumed: usize,
        malformed: usize,
        duplicates: usize,
        contradictions: usize,
    },
    Drawn {
        ok: bool,
    },
    Images {
        ok: bool,
        files: usize,
        unreadable: usize,
        seconds: f64,
    },
    Cacd {
        ok: bool,
        train: [usize; 2],
        test: [usize; 2],
        unreadable: usize,
    },
    Counted {
        ok: bool,
        faces: usize,
        others: usize,
    },
    Studied {
        ok: bool,
        #[serde(flatten)]
        outcome: study::Outcome,
    },
    Effects {
        ok: bool,
        #[serde(flatten)]
        outcome: Box<effects::Outcome>,
    },
    Labels {
        ok: bool,
        #[serde(flatten)]
        outcome: labels::Outcome,
    },
    Ages {
        ok: bool,
        #[serde(flatten)]
        outcome: Box<age_classes::Outcome>,
    },
    AgesPhotographs {
        ok: bool,
        #[serde(flatten)]
        outcome: age_classes::PhotographsOutcome,
    },
    GenderAge {
        ok: bool,
        #[serde(flatten)]
        outcome: Box<gender_age::Outcome>,
    },
    Headline {
        ok: bool,
        #[serde(flatten)]
        outcome: Box<gender_age::HeadlineOutcome>,
    },
    Autoencoder {
        ok: bool,
        #[serde(flatten)]
        outcome: Box<autoencoder::Outcome>,
    },
    Shortcut {
        ok: bool,
        #[serde(flatten)]
        outcome: shortcut::Outcome,
    },
}
