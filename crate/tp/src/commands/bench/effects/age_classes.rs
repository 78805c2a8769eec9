//! The effects that the lab on two ranges of age claims: what its network is worth before and after training, what a
//! comparison on the same images establishes, what people met in training are worth, and what two labels say without a face.

mod photographs;
mod tables;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval::{Estimate, less, paired_less};
use super::table::{Table, Unit};
use super::{EffectsArgs, Measured, Notes, Preset};
use crate::error::Result;

/// Where the mean of untrained networks should stand: two points around one half.
const CHANCE: [f64; 2] = [0.48, 0.52];
/// What an answer that is always the same is worth: both classes have as many images.
const CONSTANT: Estimate = Estimate {
    value: 0.5,
    low: 0.5,
    high: 0.5,
};

/// The lab's session, by the names that the worker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Size {
    Rapide,
    Seance,
}

impl From<Preset> for Size {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Rapide => Self::Rapide,
            Preset::Seance => Self::Seance,
        }
    }
}

/// How images are dealt among training, validation and test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Split {
    Person,
    Image,
}

impl Split {
    const fn title(self) -> &'static str {
        match self {
            Self::Person => "découpage par personne",
            Self::Image => "découpage par image",
        }
    }
}

/// What identifies a training.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Trial {
    preset: Size,
    split: Split,
    seed: u64,
}

/// What identifies drawn labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Reading {
    preset: Size,
    seed: u64,
}

/// Another way of answering about the test images, and the usual one.
#[derive(Debug, Clone, Deserialize)]
struct Comparison {
    accuracy: Estimate,
    difference: Estimate,
    p: f64,
    corrected: usize,
    created: usize,
    mcnemar: f64,
    old: f64,
}

/// The lowest and the highest accuracy of draws of images.
#[derive(Debug, Clone, Deserialize)]
struct Noise {
    epochs: u32,
    size: usize,
    lowest: f64,
    highest: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct Elsewhere {
    faces: usize,
    accuracy: Estimate,
    trap: Estimate,
}

#[derive(Debug, Clone, Deserialize)]
struct Details {
    untrained: Vec<f64>,
    untrained_mean: Estimate,
    noise: Vec<Noise>,
    trap: Comparison,
    crops: Comparison,
    elsewhere: Vec<Elsewhere>,
    choice: Choice,
}

/// What choosing the epoch on the images that it is then measured on adds to the accuracy.
#[derive(Debug, Clone, Deserialize)]
struct Choice {
    epochs: [u32; 2],
    own: f64,
    other: f64,
}

/// The worker's answer about a training; the details are those of the lab's own split.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    images: [usize; 3],
    difficulty: f64,
    epochs: u32,
    people: [usize; 2],
    course: Vec<f64>,
    validation: Estimate,
    test: Estimate,
    old: f64,
    details: Option<Details>,
}

/// The worker's answer about labels: `[images, class 1]` of each group.
#[derive(Debug, Clone, Deserialize)]
struct Labels {
    groups: Vec<[usize; 2]>,
    matched: Vec<[usize; 2]>,
}

/// What all seeds have.
struct Study {
    labels: Vec<Labels>,
    by_person: Vec<Outcome>,
    by_image: Vec<Outcome>,
}

impl Study {
    /// The details of each seed.
    fn details(&self) -> Vec<&Details> {
        let outcomes = self.by_person.iter();
        outcomes.filter_map(|o| o.details.as_ref()).collect()
    }

    /// Something of the details, one a seed.
    fn detailed<T>(&self, measure: impl Fn(&Details) -> T) -> Vec<T> {
        self.details().into_iter().map(measure).collect()
    }

    /// Something of the network of the lab, one a seed.
    fn each<T>(&self, measure: impl Fn(&Outcome) -> T) -> Vec<T> {
        self.by_person.iter().map(measure).collect()
    }
}

/// A row: its name, then what each seed has.
fn row(name: &str, cells: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found = vec![name.to_owned()];
    found.extend(cells);
    found
}

/// Trains what the journal lacks; the tables, and the measures as JSON.
pub fn measure(args: &EffectsArgs, notes: &mut Notes) -> Result<Measured> {
    let preset = Size::from(args.preset);
    let seeds = args.seeds.0..=args.seeds.1;
    let readings: Vec<Reading> = seeds.clone().map(|seed| Reading { preset, seed }).collect();
    let labels = notes.outcomes("shortcut", &readings, |reading| {
        format!("étiquettes dessinées, graine {}", reading.seed)
    })?;
    let mut trained = |split: Split| {
        let trials: Vec<Trial> = seeds
            .clone()
            .map(|seed| Trial {
                preset,
                split,
                seed,
            })
            .collect();
        let title = |trial: &Trial| format!("{}, graine {}", trial.split.title(), trial.seed);
        notes.outcomes("ages", &trials, title)
    };
    let study = Study {
        labels,
        by_person: trained(Split::Person)?,
        by_image: trained(Split::Image)?,
    };
    let source = tables::source(&study, args);
    let whole = |parts: &[String]| format!("{}\n{source}", parts.join("\n"));
    let mut texts = vec![
        ("", whole(&[differences(&study, args, |_| true)])),
        (
            "_essentiel",
            format!(
                "{}\n{}",
                differences(&study, args, |name| ESSENTIAL.contains(&name)),
                tables::short_source(&study, args)
            ),
        ),
        (
            "_mesures",
            whole(&[
                tables::before(&study, args),
                tables::trained_network(&study, args),
                tables::comparisons(&study, args),
                tables::noise(&study, args),
                tables::elsewhere(&study, args),
                tables::choice(&study, args),
                tables::shortcut(&study, args),
            ]),
        ),
    ];
    if let Some(folder) = &args.photographs {
        texts.push(("_photos", photographs::measure(folder, args, notes)?));
    }
    Ok((texts, json!({ "lab": "tp6", "known": notes.known })))
}

/// The differences that the lab itself shows.
const ESSENTIAL: [&str; 5] = [
    "réseau entraîné, sur le test : exactitude − réponse constante",
    "normalisation par 0,5 et 0,5 − normalisation de l'entraînement",
    "moyenne de dix recadrages aléatoires − recadrage du centre",
    "découpage par image − découpage par personne",
    "300 visages d'ailleurs − test",
];

/// What the lab claims, as differences: those whose name is `kept`.
fn differences(study: &Study, args: &EffectsArgs, kept: impl Fn(&str) -> bool) -> String {
    let mut table = Table::new(&["différence, en points"], args.seeds, &["verdict"]);
    let mut push = |name: &str, estimates: Vec<Estimate>| {
        if kept(name) {
            table.differences(&[name], &estimates, Unit::Points);
        }
    };
    push(
        "réseaux neufs : exactitude moyenne − 50 %",
        study.detailed(|d| less(d.untrained_mean, CONSTANT)),
    );
    push(
        "réseau entraîné, sur le test : exactitude − réponse constante",
        study.each(|o| less(o.test, CONSTANT)),
    );
    push(
        "réseau entraîné : exactitude de validation − de test",
        study.each(|o| less(o.validation, o.test)),
    );
    push(
        "normalisation par 0,5 et 0,5 − normalisation de l'entraînement",
        study.detailed(|d| d.trap.difference),
    );
    push(
        "moyenne de dix recadrages aléatoires − recadrage du centre",
        study.detailed(|d| d.crops.difference),
    );
    let pairs = study.by_image.iter().zip(&study.by_person);
    push(
        "découpage par image − découpage par personne",
        pairs
            .map(|(image, person)| less(image.test, person.test))
            .collect(),
    );
    for place in 0..study.elsewhere_sizes().len() {
        let count = study.elsewhere_sizes()[place];
        push(
            &format!("{count} visages d'ailleurs − test"),
            study.each(|o| {
                let found = o.details.as_ref().and_then(|d| d.elsewhere.get(place));
                found.map_or(CONSTANT, |found| less(found.accuracy, o.test))
            }),
        );
    }
    let gain = |labels: &Labels| {
        let [rule, most] = tables::guesses(&labels.groups);
        paired_less(&rule, &most)
    };
    push(
        "étiquettes d'UTKFace dessinées : réponse d'après le genre annoté et le code − classe la plus fréquente",
        study.labels.iter().map(gain).collect(),
    );
    let narrow: Vec<bool> = study.detailed(|d| is_chance(d.untrained_mean));
    let verdict = match narrow.iter().all(|inside| *inside) {
        true => "établi",
        false => "non établi",
    };
    let cells = narrow.iter().map(|inside| yes(*inside));
    let name = "réseaux neufs : intervalle tout entier entre 48 % et 52 %";
    let mut bounded = row(name, cells);
    bounded.push(verdict.to_owned());
    if kept(name) {
        table.push(&bounded);
    }
    format!(
        "Les différences, et ce que les graines établissent :\n\n{}",
        table.finish()
    )
}

impl Study {
    fn elsewhere_sizes(&self) -> Vec<usize> {
        let first = self.details().into_iter().next();
        first.map_or(Vec::new(), |d| {
            d.elsewhere.iter().map(|found| found.faces).collect()
        })
    }
}

fn is_chance(mean: Estimate) -> bool {
    mean.low >= CHANCE[0] && mean.high <= CHANCE[1]
}

fn yes(said: bool) -> String {
    match said {
        true => "oui".to_owned(),
        false => "non".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(value: f64, half: f64) -> Estimate {
        Estimate {
            value,
            low: value - half,
            high: value + half,
        }
    }

    fn comparison(gain: f64) -> Comparison {
        Comparison {
            accuracy: around(0.7 + gain, 0.03),
            difference: around(gain, 0.02),
            p: 0.0001,
            corrected: 12,
            created: 5,
            mcnemar: 0.1436,
            old: 0.25,
        }
    }

    fn outcome(test: f64, detailed: bool) -> Outcome {
        let details = || Details {
            untrained: vec![0.5, 0.44, 0.57],
            untrained_mean: around(0.505, 0.01),
            noise: vec![Noise {
                epochs: 1,
                size: 300,
                lowest: 0.61,
                highest: 0.685,
            }],
            trap: comparison(-0.1),
            crops: comparison(0.01),
            elsewhere: vec![Elsewhere {
                faces: 20,
                accuracy: around(0.65, 0.2),
                trap: around(0.5, 0.2),
            }],
            choice: Choice {
                epochs: [9, 12],
                own: 0.71,
                other: 0.693,
            },
        };
        Outcome {
            images: [3_000, 600, 1_200],
            difficulty: 0.25,
            epochs: 12,
            people: [240, 0],
            course: vec![0.5, 0.723],
            validation: around(0.71, 0.04),
            test: around(test, 0.03),
            old: 0.4,
            details: detailed.then(details),
        }
    }

    pub(super) fn study() -> Study {
        Study {
            labels: vec![Labels {
                groups: vec![[10, 7], [10, 2], [10, 1]],
                matched: vec![[6, 3], [4, 2]],
            }],
            by_person: vec![outcome(0.7, true)],
            by_image: vec![outcome(0.8, false)],
        }
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

    #[test]
    fn differences_by_hand() {
        let text = differences(&study(), &args(), |_| true);
        for expected in [
            "| réseaux neufs : exactitude moyenne − 50 % | 0,5 [−0,5 ; 1,5] | non établi |",
            "| réseau entraîné, sur le test : exactitude − réponse constante | 20,0 [17,0 ; 23,0] | établi, positif |",
            "| normalisation par 0,5 et 0,5 − normalisation de l'entraînement | −10,0 [−12,0 ; −8,0] | établi, négatif |",
            "| moyenne de dix recadrages aléatoires − recadrage du centre | 1,0 [−1,0 ; 3,0] | non établi |",
            // Both intervals are 3 points on each side: 3 × √2.
            "| découpage par image − découpage par personne | 10,0 [5,8 ; 14,2] | établi, positif |",
            "| réseaux neufs : intervalle tout entier entre 48 % et 52 % | oui | établi |",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        let mut wide = study();
        if let Some(details) = &mut wide.by_person[0].details {
            details.untrained_mean = around(0.505, 0.02);
        }
        assert!(differences(&wide, &args(), |_| true).contains("52 % | non | non établi |"));
    }
    #[test]
    fn the_lab_shows_some_of_the_differences() {
        let all = differences(&study(), &args(), |_| true);
        // The example has no three hundred faces.
        for name in &ESSENTIAL[..4] {
            assert!(all.contains(&format!("| {name} |")), "{name}\n{all}");
        }
        let few = differences(&study(), &args(), |name| ESSENTIAL.contains(&name));
        assert_eq!(few.matches("établi").count(), 1 + 4, "{few}");
    }
}
