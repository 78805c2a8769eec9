//! The effects that the lab on genders and ages claims: what its networks are worth beside constant answers, what a wrong
//! preparation costs, what two techniques change, whom intervals miss, what makes an age hard to tell.

mod differences;
mod tables;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::age_classes::Size;
use super::interval::Estimate;
use super::{EffectsArgs, Measured, Notes};
use crate::commands::bench::gender_age::answers::{Age, Constant, Course, Gender};
use crate::error::Result;

/// What identifies a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Trial {
    preset: Size,
    seed: u64,
}

/// How often intervals hold the age, in a group.
#[derive(Debug, Clone, Deserialize)]
struct Coverage {
    factor: String,
    group: String,
    n: usize,
    coverage: Estimate,
    width: f64,
}

/// Middles of the test pictures, and the pictures whole.
#[derive(Debug, Clone, Deserialize)]
struct Crops {
    centre: Estimate,
    whole: Estimate,
    difference: Estimate,
    feminine: [f64; 2],
}

/// Ages divided by 116 and multiplied by 120.
#[derive(Debug, Clone, Deserialize)]
struct Scale {
    signed: f64,
    mae: f64,
    difference: Estimate,
    shift: f64,
}

/// A small network.
#[derive(Debug, Clone, Deserialize)]
struct Technique {
    dropout: bool,
    batch_norm: bool,
    train: Estimate,
    validation: Estimate,
    gain: Estimate,
}

impl Technique {
    fn title(&self) -> &'static str {
        match (self.dropout, self.batch_norm) {
            (false, false) => "petit réseau seul",
            (true, false) => "petit réseau avec abandon (dropout)",
            (false, true) => "petit réseau avec normalisation par lot",
            (true, true) => "petit réseau avec les deux",
        }
    }
}

/// One factor of the same drawn people.
#[derive(Debug, Clone, Deserialize)]
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

/// The worker's answer about a seed.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    images: [usize; 3],
    constant: Constant,
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

/// What all seeds have.
struct Study(Vec<Outcome>);

impl Study {
    fn each<T>(&self, measure: impl Fn(&Outcome) -> T) -> Vec<T> {
        self.0.iter().map(measure).collect()
    }

    /// The names of some parts, in the order of the first seed, then those of other seeds alone.
    fn names(&self, parts: impl Fn(&Outcome) -> Vec<String>) -> Vec<String> {
        let mut found = Vec::new();
        for name in self.0.iter().flat_map(parts) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
        found
    }
}

/// Trains what the journal lacks; the tables, and the measures as JSON.
pub fn measure(args: &EffectsArgs, notes: &mut Notes) -> Result<Measured> {
    let preset = Size::from(args.preset);
    let trials: Vec<Trial> = (args.seeds.0..=args.seeds.1)
        .map(|seed| Trial { preset, seed })
        .collect();
    let study = Study(notes.outcomes("gender_age", &trials, |trial| {
        format!("genre et âge, graine {}", trial.seed)
    })?);
    let source = tables::source(&study, args);
    let whole = |parts: &[String]| format!("{}\n{source}", parts.join("\n"));
    let texts = vec![
        (
            "",
            whole(&[
                differences::points(&study, args),
                differences::years(&study, args),
                differences::ranks(&study, args),
            ]),
        ),
        ("_essentiel", differences::cited(&study, args)),
        (
            "_mesures",
            whole(&[
                tables::networks(&study, args),
                tables::groups(&study, args),
                tables::coverage(&study, args),
                tables::mistakes(&study, args),
                tables::techniques(&study, args),
                tables::factors(&study, args),
            ]),
        ),
    ];
    Ok((texts, json!({ "lab": "tp3", "known": notes.known })))
}

/// « ensemble », « code 2 », « femme », « âgé ».
fn coverage_name(found: &Coverage) -> String {
    match found.factor.as_str() {
        "race" => format!("code {}", found.group),
        _ => found.group.clone(),
    }
}

fn covered(outcome: &Outcome) -> Vec<String> {
    outcome.coverage.iter().map(coverage_name).collect()
}

#[cfg(test)]
mod tests {
    use crate::commands::bench::effects::Preset;
    use crate::commands::bench::gender_age::answers::tests::{
        age, around, constant, course, gender,
    };

    use super::*;

    fn technique(dropout: bool, batch_norm: bool, validation: f64) -> Technique {
        Technique {
            dropout,
            batch_norm,
            train: around(0.95, 0.01),
            validation: around(validation, 0.03),
            gain: around(validation - 0.7, 0.02),
        }
    }

    fn coverage(factor: &str, group: &str, value: f64) -> Coverage {
        Coverage {
            factor: factor.to_owned(),
            group: group.to_owned(),
            n: 90,
            coverage: around(value, 0.03),
            width: 30.5,
        }
    }

    fn factor(name: &str, value: f64) -> Factor {
        Factor {
            name: name.to_owned(),
            description: "aucun, puis complet".to_owned(),
            people: 480,
            before: 8.0,
            after: 8.0 + value,
            difference: around(value, 0.5),
            p: 0.0001,
            shift: -1.5,
        }
    }

    fn outcome() -> Outcome {
        Outcome {
            images: [1_800, 450, 570],
            constant: constant(),
            courses: [course(), course()],
            gender: [gender(0.8), gender(0.82)],
            age: age(9.0),
            coverage: vec![
                coverage("ensemble", "ensemble", 0.9),
                coverage("race", "1", 0.88),
                coverage("age_group", "âgé", 0.6),
            ],
            crops: Crops {
                centre: around(0.8, 0.03),
                whole: around(0.6, 0.03),
                difference: around(-0.2, 0.04),
                feminine: [0.45, 0.85],
            },
            scale: Scale {
                signed: 0.9,
                mae: 9.4,
                difference: around(0.4, 0.1),
                shift: 1.2,
            },
            techniques: vec![
                technique(false, false, 0.7),
                technique(true, false, 0.75),
                technique(false, true, 0.71),
                technique(true, true, 0.76),
            ],
            technique_epochs: 20,
            factors: vec![factor("maquillage", 0.1), factor("flou", 2.0)],
        }
    }

    pub(super) fn study() -> Study {
        Study(vec![outcome()])
    }

    pub(super) fn args() -> EffectsArgs {
        EffectsArgs {
            labs: Vec::new(),
            seeds: "42".parse().unwrap(),
            preset: Preset::Seance,
            images: None,
            journal: None,
            photographs: None,
            write: false,
            json: false,
        }
    }
}
