//! One training of the measures that the young-or-old lab cites, for `tp bench effets tp6`: the lab's own drawings, network and
//! loop, and everything that its claims need.
//!
//! | file | owns |
//! |---|---|
//! | `mod` | what is measured on drawings |
//! | `photographs` | what is measured on the photographs of UTKFace |
//! | `network` | the lab's network and loop, and the comparison of its answers |

mod network;
mod photographs;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use visages::{
    burn::tensor::Device,
    data::{AgeClassesConfig, Labelled, Preset, drawn_elsewhere},
    fairness::student_interval,
    models::YoungOldCnn,
    polars::prelude::Column,
};

use self::network::{
    COLOURS, Comparison, Estimate, at_centre, by_person, compared, fresh, many_crops, number, old,
    right_answers, right_at_centre, share, train, wilson,
};
pub use self::photographs::{Outcome as PhotographsOutcome, Trial as PhotographsTrial};
use crate::error::Result;

/// Means and standard deviations of the colours, in the trap.
const TRAP: [[f32; 3]; 2] = [[0.5; 3]; 2];
/// Untrained networks, of seeds 0, 1, 2…
const UNTRAINED: u64 = 20;
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

/// What choosing the epoch on the images that it is then measured on adds to the accuracy.
#[derive(Debug, Serialize)]
struct Choice {
    /// Epochs that each half of the test's people would choose.
    epochs: [u32; 2],
    /// Mean over both halves of the accuracy of its epoch on the half itself, and on the other half.
    own: f64,
    other: f64,
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
    choice: Choice,
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
                .map(|seed| {
                    let model = fresh(seed, &device);
                    Ok(share(&right_at_centre(&model, &faces.validation, &device)?))
                })
                .collect::<Result<Vec<_>>>()?,
            Split::Image => Vec::new(),
        };
        let (mut noise, mut course, mut tests) = (Vec::new(), Vec::new(), Vec::new());
        let model = train(&faces.train, epochs, self.seed, &device, |model, epoch| {
            let right = right_at_centre(model, &faces.validation, &device)?;
            course.push(share(&right));
            if self.split == Split::Person {
                tests.push(right_at_centre(model, &faces.test, &device)?);
                // The lab's first network has one epoch.
                if epoch == 1 || epoch == epochs {
                    noise.extend(spreads(&faces.validation, &right, epoch)?);
                }
            }
            Ok(())
        })?;
        let test = &faces.test;
        let people_of = |set: &Labelled| set.frame().column("person").ok().cloned();
        let people = people_of(test);
        let usual = at_centre(&model, test, COLOURS, &device)?;
        let right = right_answers(&usual, test)?;
        let validation = right_at_centre(&model, &faces.validation, &device)?;
        let against = |answers: Vec<f64>| {
            let other = right_answers(&answers, test)?;
            compared(&right, &other, old(&answers), people.as_ref(), self.seed)
        };
        let details = match self.split {
            Split::Image => None,
            Split::Person => {
                let (value, low, high) = student_interval(&untrained)?;
                Some(Details {
                    untrained,
                    untrained_mean: Estimate { value, low, high },
                    noise,
                    trap: against(at_centre(&model, test, TRAP, &device)?)?,
                    crops: against(many_crops(&model, test, self.seed, &device)?)?,
                    elsewhere: ELSEWHERE
                        .into_iter()
                        .map(|count| self.elsewhere(&model, test.images().width(), count, &device))
                        .collect::<Result<_>>()?,
                    choice: choice(&tests, &test.classes("person")?),
                })
            }
        };
        let validation_people = people_of(&faces.validation);
        let (tested, met) = faces.people_met(&faces.test)?;
        Ok(Outcome {
            images: [faces.train.len(), faces.validation.len(), faces.test.len()],
            difficulty: config.difficulty,
            epochs,
            people: [tested, met],
            course,
            validation: by_person(&validation, validation_people.as_ref(), self.seed)?,
            test: by_person(&right, people.as_ref(), self.seed)?,
            old: old(&usual),
            details,
        })
    }

    fn elsewhere(
        &self,
        model: &YoungOldCnn,
        side: usize,
        count: usize,
        device: &Device,
    ) -> Result<Elsewhere> {
        let set = drawn_elsewhere(count, side, self.seed)?;
        let right = |colours| -> Result<usize> {
            let answers = at_centre(model, &set, colours, device)?;
            Ok(number(&right_answers(&answers, &set)?))
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

/// Both halves of the people choose among the epochs, whose right answers are `tests`; each choice is measured on the half
/// that made it and on the other.
fn choice(tests: &[Vec<bool>], people: &[usize]) -> Choice {
    let mut known: Vec<usize> = people.to_vec();
    known.sort_unstable();
    known.dedup();
    // One person in two: those of both classes come in turn in pairs.
    let first: HashSet<usize> = known.chunks(2).step_by(2).flatten().copied().collect();
    let accuracy = |epoch: usize, half: bool| {
        let answers = tests[epoch].iter().zip(people);
        let of_half = answers.filter(|(_, person)| first.contains(person) == half);
        share(&of_half.map(|(right, _)| *right).collect::<Vec<_>>())
    };
    // The first of the best, as a reader of the curve would take.
    let best = |half: bool| {
        (0..tests.len()).fold(0, |best, epoch| {
            match accuracy(epoch, half) > accuracy(best, half) {
                true => epoch,
                false => best,
            }
        })
    };
    let chosen = [best(true), best(false)];
    let mean = |same: bool| {
        let both = chosen.into_iter().zip([true, false]);
        both.map(|(epoch, half)| accuracy(epoch, half == same))
            .sum::<f64>()
            / 2.0
    };
    Choice {
        epochs: chosen.map(|epoch| epoch as u32 + 1),
        own: mean(true),
        other: mean(false),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Four people, one image each; the first and the second are one half.
    #[test]
    fn a_half_chooses_and_the_other_measures_by_hand() {
        let tests = [
            vec![true, false, true, false],
            vec![true, true, false, false],
            vec![false, false, true, true],
        ];
        let found = choice(&tests, &[7, 8, 9, 10]);
        // The first half has 1/2, 1, 0: epoch 2; the second 1/2, 0, 1: epoch 3.
        assert_eq!(found.epochs, [2, 3]);
        assert_eq!((found.own, found.other), (1.0, 0.0));
    }
}
