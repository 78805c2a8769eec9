//! The lab's network on the matched photographs of UTKFace: what is asked of the worker, and the tables.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::interval::{Estimate, less};
use super::super::table::{Table, Unit};
use super::super::{EffectsArgs, Notes, Preset};
use super::tables::{p_value, percent};
use super::{CONSTANT, Comparison, row};
use crate::error::Result;
use crate::french::{counted, grouped};

/// Side of the images, in pixels, as the lab reads them.
const SIDE: usize = 100;

/// What identifies a measure: three networks of one seed.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Trial {
    folder: String,
    side: usize,
    epochs: u32,
    seed: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Fold {
    images: [usize; 3],
    epoch: u32,
    validation: f64,
    test: f64,
}

/// The worker's answer.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    folds: Vec<Fold>,
    images: usize,
    of_class_1: usize,
    accuracy: Estimate,
    old: f64,
    crops: Comparison,
}

/// Trains what the journal lacks; the tables of the photographs of `folder`.
pub(super) fn measure(folder: &Path, args: &EffectsArgs, notes: &mut Notes) -> Result<String> {
    let epochs = match args.preset {
        Preset::Rapide => 2,
        Preset::Seance => 30,
    };
    let trials: Vec<Trial> = (args.seeds.0..=args.seeds.1)
        .map(|seed| Trial {
            folder: folder.display().to_string(),
            side: SIDE,
            epochs,
            seed,
        })
        .collect();
    let outcomes = notes.outcomes("agesphotographs", &trials, |trial| {
        format!("photos, trois réseaux, graine {}", trial.seed)
    })?;
    Ok(tables(&outcomes, epochs, args))
}

fn tables(outcomes: &[Outcome], epochs: u32, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["mesure, sur les photos"], args.seeds, &["verdict"]);
    let mut push = |name: &str, cell: &dyn Fn(&Outcome) -> String| {
        let mut cells = row(name, outcomes.iter().map(cell));
        cells.push(String::new());
        table.push(&cells);
    };
    push("images de test, les trois parties réunies", &|o| {
        format!(
            "{}, dont {} de la classe 1",
            grouped(o.images as u64),
            grouped(o.of_class_1 as u64)
        )
    });
    push(
        "exactitude de test de chaque réseau, époque gardée",
        &|o| {
            let folds = o.folds.iter();
            let shown = folds.map(|f| format!("{} (époque {})", percent(f.test), f.epoch));
            shown.collect::<Vec<_>>().join(" · ")
        },
    );
    push("exactitude de validation de chaque réseau", &|o| {
        let shown = o.folds.iter().map(|f| percent(f.validation));
        shown.collect::<Vec<_>>().join(" · ")
    });
    push("part des réponses « 52–62 ans »", &|o| percent(o.old));
    push(
        "dix recadrages : erreurs corrigées, créées, test de McNemar",
        &|o| {
            format!(
                "{}, {}, {}",
                o.crops.corrected,
                o.crops.created,
                p_value(o.crops.mcnemar)
            )
        },
    );
    table.measures_without_verdict(
        &["exactitude, les trois tests réunis"],
        &outcomes.iter().map(|o| o.accuracy).collect::<Vec<_>>(),
        Unit::Rate,
    );
    let gains: Vec<Estimate> = outcomes
        .iter()
        .map(|o| less(o.accuracy, CONSTANT))
        .collect();
    table.differences(
        &["exactitude − réponse constante, en points"],
        &gains,
        Unit::Points,
    );
    let crops: Vec<Estimate> = outcomes.iter().map(|o| o.crops.difference).collect();
    table.differences(
        &["moyenne de dix recadrages − recadrage du centre, en points"],
        &crops,
        Unit::Points,
    );
    let sizes = outcomes.first().and_then(|o| o.folds.first());
    let [train, validation, test] = sizes.map_or([0; 3], |fold| fold.images);
    format!(
        "Les photos sont appariées par genre annoté et par code. La réponse constante vaut donc 0,500, comme la réponse donnée d'après ces deux \
         étiquettes.\n\n{}\n*Chaque tiers des images sert de test à un réseau entraîné sur les deux autres, pendant {} ({} d'entraînement, {} de validation \
         et {} de test pour le premier réseau). L'époque gardée est la meilleure sur la validation. Les réponses des trois tests sont réunies. Entre crochets, \
         l'intervalle à 95 % suppose des images indépendantes : il est un peu trop étroit si une personne a plusieurs photos. Mesuré par \
         `cargo tp bench effets tp6 --photos DOSSIER`.*\n",
        table.finish(),
        counted(epochs as usize, "époque"),
        counted(train, "image"),
        grouped(validation as u64),
        grouped(test as u64),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::args;
    use super::*;

    #[test]
    fn measures_by_hand() {
        let around = |value: f64, half: f64| Estimate {
            value,
            low: value - half,
            high: value + half,
        };
        let outcome = Outcome {
            folds: vec![
                Fold {
                    images: [1_080, 216, 646],
                    epoch: 17,
                    validation: 0.81,
                    test: 0.792,
                },
                Fold {
                    images: [1_080, 216, 646],
                    epoch: 4,
                    validation: 0.8,
                    test: 0.76,
                },
            ],
            images: 1_292,
            of_class_1: 646,
            accuracy: around(0.776, 0.02),
            old: 0.45,
            crops: Comparison {
                accuracy: around(0.78, 0.02),
                difference: around(0.004, 0.01),
                p: 0.4,
                corrected: 30,
                created: 25,
                mcnemar: 0.59,
                old: 0.44,
            },
        };
        let text = tables(&[outcome], 30, &args());
        for expected in [
            "| 1\u{202f}292, dont 646 de la classe 1 |  |",
            "| 79,2 % (époque 17) · 76,0 % (époque 4) |  |",
            "| exactitude, les trois tests réunis | 0,776 [0,756 ; 0,796] |  |",
            "| exactitude − réponse constante, en points | 27,6 [25,6 ; 29,6] | établi, positif |",
            "| moyenne de dix recadrages − recadrage du centre, en points | 0,4 [−0,6 ; 1,4] | non établi |",
            "| 30, 25, p = 0,590 |",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
