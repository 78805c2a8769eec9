//! Tables of the draws: the share of the rare faces, the smoothing, and ten steps on the same batch.

use super::super::table::Table;
use super::{Arm, Draw, Draws, EffectsArgs, Study, TRAININGS, Variables, World};
use crate::french::{counted, decimal, fixed, grouped};

/// The share of the rare group among the draws.
pub(super) fn draws(study: &Study, args: &EffectsArgs) -> String {
    let after = ["part réelle, graine par graine"];
    let mut table = Table::new(&["monde", "probabilités", "règle"], args.seeds, &after);
    for (world, arm) in TRAININGS.into_iter().filter(|(_, arm)| *arm != Arm::Cnn) {
        let outcomes = study.of(world, arm);
        let found: Vec<&Draws> = outcomes.iter().filter_map(|o| o.draws.as_ref()).collect();
        let truth = found
            .iter()
            .map(|draws| percent(draws.rare as f64 / draws.faces as f64))
            .collect::<Vec<_>>()
            .join(" ; ");
        let mut push = |when: &str, rule: &str, cells: Vec<String>| {
            let mut row = vec![
                world.title().to_owned(),
                format!("{} : {when}", arm.title()),
                rule.to_owned(),
            ];
            row.extend(cells);
            row.push(truth.clone());
            table.push(&row);
        };
        if arm == Arm::Rule {
            let last = found.iter().map(|draws| {
                let [share, effective] = draws.epochs.last().copied().unwrap_or([f64::NAN; 2]);
                shown(share, effective)
            });
            push("dernière époque", Variables::All.title(), last.collect());
        }
        for of in Variables::ALL {
            let cells = found
                .iter()
                .map(|draws| match draw(draws, of, LAB_SMOOTHING) {
                    Some(draw) if of == Variables::Active => {
                        format!(
                            "{} ({})",
                            shown(draw.share, draw.effective),
                            counted(draw.variables, "variable")
                        )
                    }
                    Some(draw) => shown(draw.share, draw.effective),
                    None => "aucune variable active".to_owned(),
                });
            push("modèle entraîné", of.title(), cells.collect());
        }
    }
    format!(
        "Part des visages rares parmi les tirages (monde du TP : « {} » ; α = 0,001), avec la taille effective du tirage :\n\n{}",
        study.world(),
        table.finish()
    )
}

/// The lab's smoothing.
const LAB_SMOOTHING: f64 = 0.001;

fn draw(draws: &Draws, of: Variables, smoothing: f64) -> Option<&Draw> {
    let mut rules = draws.rules.iter();
    rules.find(|draw| draw.of == of && draw.smoothing == smoothing)
}

fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 1))
}

fn shown(share: f64, effective: f64) -> String {
    format!(
        "{}, taille {}",
        percent(share),
        grouped(effective.round() as u64)
    )
}

/// What the smoothing does to the draws of the trained model.
pub(super) fn smoothings(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["règle", "α"], args.seeds, &[]);
    let outcomes = study.of(World::Lab, Arm::Rule);
    let found: Vec<&Draws> = outcomes.iter().filter_map(|o| o.draws.as_ref()).collect();
    let smoothings: Vec<f64> = found.first().map_or(Vec::new(), |draws| {
        let all = draws.rules.iter().filter(|draw| draw.of == Variables::All);
        all.map(|draw| draw.smoothing).collect()
    });
    for of in Variables::ALL {
        for smoothing in &smoothings {
            let mut row = vec![of.title().to_owned(), decimal(*smoothing, 3)];
            row.extend(found.iter().map(|draws| match draw(draws, of, *smoothing) {
                Some(draw) => format!(
                    "{}, rapport {}",
                    shown(draw.share, draw.effective),
                    grouped(draw.ratio.round() as u64)
                ),
                None => "aucune variable active".to_owned(),
            }));
            table.push(&row);
        }
    }
    format!(
        "Le lissage α, pour le DB-VAE entraîné avec la règle du TP (part des visages rares parmi les tirages, taille effective, rapport de la plus \
         grande probabilité à la plus petite) :\n\n{}",
        table.finish()
    )
}

/// Ten steps on the same batch.
pub(super) fn same_batch(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["perte"], args.seeds, &[]);
    for (place, name) in ["première étape", "dixième étape"].into_iter().enumerate() {
        let mut row = vec![name.to_owned()];
        row.extend(study.of(World::Lab, Arm::Cnn).into_iter().map(|outcome| {
            outcome
                .same_batch
                .map_or("–".to_owned(), |losses| fixed(losses[place], 3))
        }));
        table.push(&row);
    }
    format!(
        "Dix étapes du CNN sur le même lot de 100 images :\n\n{}",
        table.finish()
    )
}
