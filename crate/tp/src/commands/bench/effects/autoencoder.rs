//! The effects that the lab on the variational autoencoder claims: what its loss costs on images that it has not seen, few images
//! or many, pictures whose colours are mixed up, variables that collapse, codes far from the prior, known factors, a few numbers
//! against pixels, pictures of another kind.

mod tables;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::age_classes::Size;
use super::interval::{Estimate, less};
use super::table::{Table, Unit, verdict, written};
use super::{EffectsArgs, Measured, Notes};
use crate::error::Result;
use crate::french::grouped;

/// All variables together, by the name that the library gives them.
const TOGETHER: &str = "ensemble";

/// What identifies a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Trial {
    preset: Size,
    seed: u64,
}

/// Losses on the images of one part.
#[derive(Debug, Clone, Deserialize)]
struct Side {
    images: usize,
    reconstruction: f64,
    kl: f64,
    total: f64,
    error: Estimate,
}

/// A training.
#[derive(Debug, Clone, Deserialize)]
struct Course {
    epochs: u32,
    beta: f64,
    latent: usize,
    seconds: Option<f64>,
    train: Side,
    test: Side,
    kl: Vec<f64>,
    collapsed: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct Errors {
    faces: Estimate,
    mean_face: Estimate,
    gain: Estimate,
    objects: Estimate,
    objects_by_mean_face: Estimate,
    objects_gain: Estimate,
}

#[derive(Debug, Clone, Deserialize)]
struct Outside {
    limit: f64,
    prior: f64,
    means: f64,
    n: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct Far {
    name: String,
    images: usize,
    nearest: f64,
    saturated: f64,
    change: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct Known {
    factor: String,
    variable: String,
    r_squared: Estimate,
    n: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct Classifier {
    label: String,
    reads: String,
    labels: usize,
    accuracy: Estimate,
    majority: f64,
    n: usize,
    seconds: f64,
}

/// The worker's answer about a seed.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    images: [usize; 2],
    few: usize,
    usual: Course,
    small: Course,
    scrambled: Course,
    beta: Course,
    many: Course,
    many_beta: Course,
    scrambled_less_usual: Estimate,
    small_less_usual: Estimate,
    errors: Errors,
    outside: Vec<Outside>,
    far: Vec<Far>,
    factors: Vec<Known>,
    classifiers: Vec<Classifier>,
}

impl Outcome {
    /// The R² of all variables together, and that of the best one alone.
    fn known(&self, factor: &str) -> Option<[&Known; 2]> {
        let of = || self.factors.iter().filter(|known| known.factor == factor);
        let together = of().find(|known| known.variable == TOGETHER)?;
        let best = of()
            .filter(|known| known.variable != TOGETHER)
            .max_by(|a, b| a.r_squared.value.total_cmp(&b.r_squared.value))?;
        Some([together, best])
    }
}

/// What all seeds have.
struct Study(Vec<Outcome>);

impl Study {
    fn each<T>(&self, measure: impl Fn(&Outcome) -> T) -> Vec<T> {
        self.0.iter().map(measure).collect()
    }

    /// The factors, in the order of the worker.
    fn factors(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for known in self.0.iter().flat_map(|o| &o.factors) {
            if !names.contains(&known.factor) {
                names.push(known.factor.clone());
            }
        }
        names
    }

    /// Number of images of the lab's training, and of the small one.
    fn sizes(&self) -> [String; 2] {
        let first = self.0.first();
        [first.map_or(0, |o| o.images[0]), first.map_or(0, |o| o.few)]
            .map(|count| grouped(count as u64))
    }
}

/// Trains what the journal lacks; the tables, and the measures as JSON.
pub fn measure(args: &EffectsArgs, notes: &mut Notes) -> Result<Measured> {
    let preset = Size::from(args.preset);
    let trials: Vec<Trial> = (args.seeds.0..=args.seeds.1)
        .map(|seed| Trial { preset, seed })
        .collect();
    let study = Study(notes.outcomes("autoencoder", &trials, |trial| {
        format!("auto-encodeur variationnel, graine {}", trial.seed)
    })?);
    let source = tables::source(&study, args);
    let whole = |parts: &[String]| format!("{}\n{source}", parts.join("\n"));
    let texts = vec![
        (
            "",
            whole(&[
                errors(&study, args, Part::Whole),
                variables(&study, args, Part::Whole),
                factors(&study, args, Part::Whole),
                numbers(&study, args, Part::Whole),
            ]),
        ),
        (
            "_essentiel",
            format!(
                "{}\n{}",
                [
                    errors(&study, args, Part::Essential),
                    variables(&study, args, Part::Essential),
                    factors(&study, args, Part::Essential),
                    numbers(&study, args, Part::Essential),
                ]
                .join("\n"),
                tables::short_source(&study, args)
            ),
        ),
        (
            "_mesures",
            whole(&[
                tables::losses(&study, args),
                tables::errors(&study, args),
                tables::divergences(&study, args),
                tables::outside(&study, args),
                tables::far(&study, args),
                tables::factors(&study, args),
                tables::classifiers(&study, args),
            ]),
        ),
    ];
    Ok((texts, json!({ "lab": "tp7", "known": notes.known })))
}

/// How much of a table is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// What the lab itself shows; the optional lab has the rest.
    Essential,
}

/// The factors of the essential table: brightness, which the variables should hold, and those that labels name.
const ESSENTIAL_FACTORS: [&str; 6] = [
    "teint",
    "pose",
    "exposition",
    "sourire",
    "lunettes",
    "luminosité",
];

/// What the lab claims of errors of reconstruction, as differences.
fn errors(study: &Study, args: &EffectsArgs, part: Part) -> String {
    let mut table = Table::new(
        &["différence d'erreur de reconstruction, par image"],
        args.seeds,
        &["verdict"],
    );
    let [all, few] = study.sizes();
    // The mean face of the test is what the network beats everywhere: nothing to discuss.
    let minor = "visages de test : réseau − visage moyen";
    let mut push = |name: &str, estimates: Vec<Estimate>| {
        if part == Part::Whole || name != minor {
            table.differences(&[name], &estimates, Unit::Years);
        }
    };
    push(
        &format!("{all} images : test − entraînement"),
        study.each(|o| less(o.usual.test.error, o.usual.train.error)),
    );
    push(
        &format!("{few} images : test − entraînement"),
        study.each(|o| less(o.small.test.error, o.small.train.error)),
    );
    push(
        &format!("sur le test : {few} images − {all} images"),
        study.each(|o| o.small_less_usual),
    );
    push(
        "sur le test : images mélangées par reshape − images bien lues",
        study.each(|o| o.scrambled_less_usual),
    );
    push(minor, study.each(|o| o.errors.gain));
    push(
        "objets dessinés : réseau − visage moyen",
        study.each(|o| o.errors.objects_gain),
    );
    push(
        "réseau : objets dessinés − visages de test",
        study.each(|o| less(o.errors.objects, o.errors.faces)),
    );
    format!(
        "Les erreurs de reconstruction, et ce que les graines établissent :\n\n{}",
        table.finish()
    )
}

/// How many variables collapse.
fn variables(study: &Study, args: &EffectsArgs, part: Part) -> String {
    let mut table = Table::new(&["entraînement", "mesure, sur le test"], args.seeds, &[]);
    let mut push = |course: fn(&Outcome) -> &Course| {
        let Some(first) = study.0.first().map(course) else {
            return;
        };
        let name = format!("{} variables, β = {}", first.latent, first.beta);
        let mut cells = vec![name.clone(), "variables effondrées".to_owned()];
        cells.extend(study.each(|o| format!("{} sur {}", course(o).collapsed, course(o).latent)));
        table.push(&cells);
        let mut cells = vec![name, "KL totale, en nats".to_owned()];
        cells.extend(study.each(|o| crate::french::fixed(course(o).test.kl, 1)));
        table.push(&cells);
    };
    push(|o| &o.usual);
    push(|o| &o.beta);
    if part == Part::Whole {
        push(|o| &o.many);
        push(|o| &o.many_beta);
    }
    format!(
        "Les variables latentes qui servent. Une variable est dite effondrée quand sa KL est inférieure à 0,1 nat :\n\n{}",
        table.finish()
    )
}

/// What all variables together say of each known factor.
fn factors(study: &Study, args: &EffectsArgs, part: Part) -> String {
    let mut table = Table::new(
        &["facteur connu", "R², sur le test"],
        args.seeds,
        &["verdict"],
    );
    let kept =
        |factor: &String| part == Part::Whole || ESSENTIAL_FACTORS.contains(&factor.as_str());
    for factor in study.factors().into_iter().filter(kept) {
        let of = |place: usize| -> Vec<Estimate> {
            let mut found = Vec::new();
            for outcome in &study.0 {
                found.extend(outcome.known(&factor).map(|known| known[place].r_squared));
            }
            found
        };
        let (together, best) = (of(0), of(1));
        let mut cells = vec![factor.clone(), "toutes les variables".to_owned()];
        cells.extend(together.iter().map(|found| written(found, Unit::Rate)));
        cells.push(said(&together).to_owned());
        table.push(&cells);
        if part == Part::Essential {
            continue;
        }
        let mut cells = vec![factor.clone(), "la meilleure seule".to_owned()];
        cells.extend(best.iter().map(|found| written(found, Unit::Rate)));
        cells.push(said(&best).to_owned());
        table.push(&cells);
    }
    format!(
        "Ce que disent les {} variables de chaque facteur connu :\n\n{}",
        study.0.first().map_or(0, |o| o.usual.latent),
        table.finish()
    )
}

/// What the seeds establish of an R²: below 0, the variables predict worse than the mean, which is no finding either.
fn said(estimates: &[Estimate]) -> &'static str {
    match verdict(estimates) {
        "établi, positif" => "établi",
        _ => "non établi",
    }
}

/// A few numbers against pixels, in a small classifier.
fn numbers(study: &Study, args: &EffectsArgs, part: Part) -> String {
    let mut table = Table::new(
        &["facteur", "exemples étiquetés", "différence, en points"],
        args.seeds,
        &["verdict"],
    );
    let Some(first) = study.0.first() else {
        return String::new();
    };
    let few = format!("{} nombres", first.usual.latent);
    let asked = first.classifiers.iter().filter(|c| match part {
        Part::Whole => c.reads != "pixels",
        Part::Essential => c.reads == few,
    });
    for asked in asked {
        let found = study.each(|o| {
            let of = |reads: &str| {
                let mut same = o.classifiers.iter().filter(|c| {
                    c.reads == reads && c.label == asked.label && c.labels == asked.labels
                });
                same.next().map(|c| c.accuracy)
            };
            Some(less(of(&asked.reads)?, of("pixels")?))
        });
        let found: Vec<Estimate> = found.into_iter().flatten().collect();
        let name = format!("{} − pixels", asked.reads);
        let labels = grouped(asked.labels as u64);
        table.differences(&[&asked.label, &labels, &name], &found, Unit::Points);
    }
    format!(
        "Le facteur dépasse-t-il sa médiane ? Une régression logistique le dit d'après quelques nombres ou d'après tous les pixels. \
         Voici la différence des exactitudes sur le test :\n\n{}",
        table.finish()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::effects::Preset;

    fn around(value: f64, half: f64) -> Estimate {
        Estimate {
            value,
            low: value - half,
            high: value + half,
        }
    }

    fn course(latent: usize, beta: f64, train: f64, test: f64, collapsed: usize) -> Course {
        let side = |error: f64, images: usize| Side {
            images,
            reconstruction: error + 2.0,
            kl: 12.5,
            total: error + 2.0 + beta * 12.5,
            error: around(error, 3.0),
        };
        Course {
            epochs: 40,
            beta,
            latent,
            seconds: Some(95.0),
            train: side(train, 500),
            test: side(test, 490),
            kl: vec![5.0; latent],
            collapsed,
        }
    }

    fn known(variable: &str, value: f64) -> Known {
        Known {
            factor: "pose".to_owned(),
            variable: variable.to_owned(),
            r_squared: around(value, 0.05),
            n: 490,
        }
    }

    fn classifier(reads: &str, accuracy: f64) -> Classifier {
        Classifier {
            label: "lunettes".to_owned(),
            reads: reads.to_owned(),
            labels: 100,
            accuracy: around(accuracy, 0.03),
            majority: 0.7,
            n: 490,
            seconds: 0.25,
        }
    }

    pub(super) fn study() -> Study {
        Study(vec![Outcome {
            images: [1_990, 490],
            few: 200,
            usual: course(4, 1.0, 200.0, 210.0, 0),
            small: course(4, 1.0, 90.0, 330.0, 0),
            scrambled: course(4, 1.0, 300.0, 320.0, 1),
            beta: course(4, 40.0, 260.0, 262.0, 2),
            many: course(32, 1.0, 150.0, 190.0, 0),
            many_beta: course(32, 10.0, 170.0, 185.0, 23),
            scrambled_less_usual: around(110.0, 5.0),
            small_less_usual: around(120.0, 8.0),
            errors: Errors {
                faces: around(210.0, 3.0),
                mean_face: around(500.0, 12.0),
                gain: around(-290.0, 10.0),
                objects: around(700.0, 30.0),
                objects_by_mean_face: around(690.0, 30.0),
                objects_gain: around(10.0, 20.0),
            },
            outside: vec![Outside {
                limit: 3.0,
                prior: 0.0027,
                means: 0.012,
                n: 1_960,
            }],
            far: vec![Far {
                name: "une variable à ±5".to_owned(),
                images: 8,
                nearest: 812.25,
                saturated: 0.31,
                change: 0.2,
            }],
            factors: vec![known("z0", 0.02), known("z1", 0.3), known("ensemble", 0.62)],
            classifiers: vec![classifier("4 nombres", 0.75), classifier("pixels", 0.9)],
        }])
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
        let (study, args) = (study(), args());
        let text = |part| {
            [
                errors(&study, &args, part),
                variables(&study, &args, part),
                factors(&study, &args, part),
                numbers(&study, &args, part),
            ]
            .concat()
            .replace('\u{202f}', " ")
        };
        let (whole, essential) = (text(Part::Whole), text(Part::Essential));
        // A part of the rows, unchanged.
        assert!(essential.lines().all(|line| whole.contains(line)));
        assert!(essential.lines().count() + 5 < whole.lines().count());
        for expected in [
            // Both intervals are 3 on each side: 3 × √2.
            "| 1 990 images : test − entraînement | 10,00 [5,76 ; 14,24] | établi, positif |",
            "| 200 images : test − entraînement | 240,00 [235,76 ; 244,24] | établi, positif |",
            "| sur le test : 200 images − 1 990 images | 120,00 [112,00 ; 128,00] | établi, positif |",
            "| objets dessinés : réseau − visage moyen | 10,00 [−10,00 ; 30,00] | non établi |",
            "| visages de test : réseau − visage moyen | −290,00 [−300,00 ; −280,00] | établi, négatif |",
            "| 4 variables, β = 40 | variables effondrées | 2 sur 4 |",
            "| 32 variables, β = 1 | KL totale, en nats | 12,5 |",
            "| 32 variables, β = 10 | variables effondrées | 23 sur 32 |",
            "| pose | toutes les variables | 0,620 [0,570 ; 0,670] | établi |",
            "| pose | la meilleure seule | 0,300 [0,250 ; 0,350] | établi |",
            "| lunettes | 100 | 4 nombres − pixels | −15,0 [−19,2 ; −10,8] | établi, négatif |",
        ] {
            assert!(whole.contains(expected), "{expected}\n{whole}");
        }
    }
}
