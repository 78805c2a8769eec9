//! One network of the lab on a folder of photographs: trained, its epoch chosen on validation, its test images asked once.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use visages::burn::tensor::Device;

use super::{
    LARGE, SIDE,
    effects::{both, gender_scores},
    faces::Faces,
    measures::{self, Age, Constant, Gender},
    training::{Course, Training, answers, middles},
};
use crate::error;

/// The networks of the lab.
#[derive(Debug, Clone, Copy, Deserialize)]
enum Network {
    #[serde(rename = "genre")]
    Gender,
    #[serde(rename = "age")]
    Age,
    #[serde(rename = "genre-age")]
    Both,
}

/// What is trained, on what.
#[derive(Debug, Deserialize)]
pub struct Headline {
    model: Network,
    seed: u64,
    /// Most photographs; all when absent.
    images: Option<usize>,
    epochs: u32,
    /// A folder in the format of UTKFace, or the one that holds it.
    folder: PathBuf,
    /// Where the state of an unfinished training is kept.
    checkpoints: Option<PathBuf>,
}

/// What the network answers.
#[derive(Debug, Serialize)]
pub struct Result {
    images: [usize; 3],
    constant: Constant,
    course: Course,
    gender: Option<Gender>,
    age: Option<Age>,
}

impl Headline {
    /// Reads, trains and asks.
    pub fn run(&self) -> error::Result<Result> {
        let device = Device::flex();
        let faces = Faces::scan(&self.folder, self.images, self.seed)?;
        let training = Training {
            seed: self.seed,
            epochs: self.epochs,
            device: &device,
            checkpoints: self.checkpoints.clone(),
        };
        let parts = faces.parts(match self.model {
            Network::Gender => LARGE,
            Network::Age | Network::Both => SIDE,
        })?;
        let test = &parts.test;
        let constant = measures::constant(parts.train.frame(), test.frame())?;
        let told_gender =
            |scores: &[f64]| measures::gender(test.frame(), scores, &constant, self.seed).map(Some);
        let told_age =
            |ages: &[f64]| measures::age(test.frame(), ages, &constant, self.seed).map(Some);
        let (course, gender, age) = match self.model {
            Network::Gender => {
                let (model, course) = training.gender(&parts.train, &parts.validation)?;
                let scores = gender_scores(&model, &middles(test)?, &device)?;
                (course, told_gender(&scores)?, None)
            }
            Network::Age => {
                let (model, course) = training.age(&parts.train, &parts.validation)?;
                let [ages] = answers(test.images(), &device, |images| [model.forward(images)])?;
                (course, None, told_age(&ages)?)
            }
            Network::Both => {
                let (model, course) = training.both(&parts.train, &parts.validation)?;
                let (scores, ages) = both(&model, test.images(), &device)?;
                (course, told_gender(&scores)?, told_age(&ages)?)
            }
        };
        Ok(Result {
            images: [parts.train.len(), parts.validation.len(), test.len()],
            constant,
            course,
            gender,
            age,
        })
    }
}
