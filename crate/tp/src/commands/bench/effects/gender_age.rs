//! The effects that the lab on genders and ages claims: what its networks are worth beside constant answers, what a wrong
//! preparation costs, what two techniques change, whom intervals miss, what makes an age hard to tell.

mod tables;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::age_classes::Size;
use super::interval::{Estimate, less};
use super::table::{Table, Unit};
use super::{EffectsArgs, Measured, Notes};
use crate::commands::bench::gender_age::answers::{Age, Constant, Course, Gender, ranking};
use crate::error::Result;

/// Level of the intervals around ages.
const LEVEL: Estimate = Estimate {
    value: 0.9,
    low: 0.9,
    high: 0.9,
};

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
                points(&study, args),
                years(&study, args),
                ranks(&study, args),
            ]),
        ),
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

/// What the lab claims of rates, as differences.
fn points(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["différence, en points"], args.seeds, &["verdict"]);
    let mut push = |name: &str, estimates: Vec<Estimate>| {
        table.differences(&[name], &estimates, Unit::Points);
    };
    push(
        "modèle 1 : exactitude − réponse constante",
        study.each(|o| o.gender[0].less_constant),
    );
    push(
        "modèle 3 : exactitude − réponse constante",
        study.each(|o| o.gender[1].less_constant),
    );
    push(
        "modèle 3 − modèle 1 : exactitude",
        study.each(|o| less(o.gender[1].accuracy, o.gender[0].accuracy)),
    );
    push(
        "modèle 1 : F1 de la classe « homme » − F1 de la classe « femme »",
        study.each(|o| less(o.gender[0].f1[1], o.gender[0].f1[0])),
    );
    push(
        "modèle 1 : exactitude sur l'image entière − sur le recadrage du centre",
        study.each(|o| o.crops.difference),
    );
    let techniques = study.0.first().map_or(0, |o| o.techniques.len());
    for place in 0..techniques {
        let title = study.0[0].techniques[place].title();
        let gap = |o: &Outcome| {
            let found = &o.techniques[place];
            less(found.train, found.validation)
        };
        push(
            &format!("{title} : exactitude d'entraînement − de validation"),
            study.each(gap),
        );
        if place > 0 {
            push(
                &format!("{title} − seul : exactitude de validation"),
                study.each(|o| o.techniques[place].gain),
            );
        }
    }
    for name in study.names(covered) {
        let of = |o: &Outcome| {
            let found = o.coverage.iter().find(|one| coverage_name(one) == name);
            found.map_or(LEVEL, |found| found.coverage)
        };
        push(
            &format!("couverture de l'intervalle, {name} − 90 %"),
            study.each(|o| less(of(o), LEVEL)),
        );
    }
    format!(
        "Les différences de taux, et ce que les graines établissent :\n\n{}",
        table.finish()
    )
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

/// What the lab claims of ages, as differences.
fn years(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["différence, en années"], args.seeds, &["verdict"]);
    let mut push = |name: &str, estimates: Vec<Estimate>| {
        table.differences(&[name], &estimates, Unit::Years);
    };
    push(
        "modèle 3 : MAE − celle de l'âge médian",
        study.each(|o| o.age.less_median),
    );
    for end in 0..2 {
        let name = study
            .0
            .first()
            .map_or(String::new(), |o| o.age.ends[end].name.clone());
        let of = |o: &Outcome| o.age.ends[end].values.first().copied().flatten();
        push(
            &format!("modèle 3 : erreur signée, {name}"),
            study.each(|o| of(o).unwrap_or(UNKNOWN)),
        );
    }
    push(
        "modèle 3 : MAE avec ÷116 puis ×120 − MAE",
        study.each(|o| o.scale.difference),
    );
    for name in study.names(|o| o.factors.iter().map(|one| one.name.clone()).collect()) {
        let of = |o: &Outcome| {
            let found = o.factors.iter().find(|one| one.name == name);
            found.map_or(UNKNOWN, |found| found.difference)
        };
        push(
            &format!("modèle 3, même personne : MAE après − avant, {name}"),
            study.each(of),
        );
    }
    format!(
        "Les différences d'âge, et ce que les graines établissent :\n\n{}",
        table.finish()
    )
}

/// What has no value.
const UNKNOWN: Estimate = Estimate {
    value: f64::NAN,
    low: f64::NAN,
    high: f64::NAN,
};

/// Whether codes keep their order once ages are standardised.
fn ranks(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(
        &["codes, de la plus petite MAE à la plus grande"],
        args.seeds,
        &[],
    );
    // Only codes that have both are compared.
    let both = |o: &Outcome| {
        let complete = |group: &&_| {
            let group: &crate::commands::bench::gender_age::answers::Group = group;
            group.values.iter().all(Option::is_some)
        };
        let codes: Vec<_> = o.age.by_code.iter().filter(complete).cloned().collect();
        [ranking(&codes, 0), ranking(&codes, 1)]
    };
    let mut push = |name: &str, cells: Vec<String>| {
        let mut row = vec![name.to_owned()];
        row.extend(cells);
        table.push(&row);
    };
    push("MAE brute", study.each(|o| both(o)[0].clone()));
    push(
        "MAE standardisée sur l'âge",
        study.each(|o| both(o)[1].clone()),
    );
    push(
        "le classement change",
        study.each(|o| {
            let [raw, standardised] = both(o);
            match raw == standardised {
                true => "non".to_owned(),
                false => "oui".to_owned(),
            }
        }),
    );
    format!(
        "Le classement des codes par la MAE du modèle 3. Des codes voisins peuvent changer de place par hasard :\n\n{}",
        table.finish()
    )
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
            all_worlds: false,
            journal: None,
            photographs: None,
            write: false,
            json: false,
        }
    }

    #[test]
    fn differences_by_hand() {
        let (study, args) = (study(), args());
        let text = [points(&study, &args), years(&study, &args)].concat();
        for expected in [
            "| modèle 1 : exactitude − réponse constante | 28,0 [25,0 ; 31,0] | établi, positif |",
            // Both intervals are 2 points on each side: 2 × √2.
            "| modèle 3 − modèle 1 : exactitude | 2,0 [−0,8 ; 4,8] | non établi |",
            "| modèle 1 : exactitude sur l'image entière − sur le recadrage du centre | −20,0 [−24,0 ; −16,0] | établi, négatif |",
            "| petit réseau avec abandon (dropout) − seul : exactitude de validation | 5,0 [3,0 ; 7,0] | établi, positif |",
            "| petit réseau avec normalisation par lot − seul : exactitude de validation | 1,0 [−1,0 ; 3,0] | non établi |",
            "| couverture de l'intervalle, ensemble − 90 % | 0,0 [−3,0 ; 3,0] | non établi |",
            "| couverture de l'intervalle, code 1 − 90 % | −2,0 [−5,0 ; 1,0] | non établi |",
            "| couverture de l'intervalle, âgé − 90 % | −30,0 [−33,0 ; −27,0] | établi, négatif |",
            "| modèle 3 : MAE − celle de l'âge médian | −6,20 [−7,00 ; −5,40] | établi, négatif |",
            "| modèle 3 : erreur signée, moins de 10 ans | 5,00 [4,00 ; 6,00] | établi, positif |",
            "| modèle 3 : erreur signée, 60 ans et plus | −12,00 [−13,00 ; −11,00] | établi, négatif |",
            "| modèle 3, même personne : MAE après − avant, maquillage | 0,10 [−0,40 ; 0,60] | non établi |",
            "| modèle 3, même personne : MAE après − avant, flou | 2,00 [1,50 ; 2,50] | établi, positif |",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(!text.contains("petit réseau seul − seul"), "{text}");
    }

    #[test]
    fn rankings_compare_codes_that_have_both() {
        let text = ranks(&study(), &args());
        for expected in [
            "| MAE brute | 1 < 0 |",
            "| MAE standardisée sur l'âge | 0 < 1 |",
            "| le classement change | oui |",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
