//! Tables of what each detector answers, and of the differences that the lab claims.

use super::super::interval::{Estimate, less, paired_less, rate_of};
use super::super::table::{Table, Unit};
use super::{
    Arm, EffectsArgs, FACTORS, GROUPS, Outcome, Study, TRAININGS, Threshold, Version, World,
};

/// What each detector answers.
pub(super) fn answers(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["monde", "détecteur", "mesure"], args.seeds, &[]);
    for (world, arm) in TRAININGS {
        let names = |measure| [world.title(), arm.title(), measure];
        let one = |measure: &dyn Fn(&Outcome) -> Estimate| study.one((world, arm), measure);
        let mut rates: Vec<(&str, Vec<Estimate>)> = vec![
            (
                "exactitude, images d'entraînement",
                one(&|o| Outcome::accuracy(&o.seen)),
            ),
            (
                "exactitude, images jamais vues",
                one(&|o| Outcome::accuracy(&o.held_out)),
            ),
            ("taux de faux positifs", one(&|o| rate_of(&o.alarms()))),
            (
                "rappel, version fréquente",
                one(&|o| o.recall(Version::Common, Threshold::Half)),
            ),
            (
                "rappel, version rare",
                one(&|o| o.recall(Version::Rare, Threshold::Half)),
            ),
            ("rappel du pire groupe", one(&|o| o.worst().0)),
        ];
        for (code, name) in GROUPS.iter().filter(|_| world == World::Lab) {
            rates.push((*name, one(&|o| rate_of(&o.group(code)))));
        }
        for (measure, estimates) in &rates {
            table.measures(&names(measure), estimates, Unit::Rate);
        }
    }
    format!("Ce que répondent les détecteurs :\n\n{}", table.finish())
}

/// What the lab claims, as differences.
pub(super) fn differences(study: &Study, args: &EffectsArgs) -> String {
    const FAIR: World = World::Balanced;
    let gap = |threshold| move |outcome: &Outcome| outcome.gap(threshold);
    let recall = |version, threshold| {
        move |one: &Outcome, other: &Outcome| {
            paired_less(
                &one.version(version, threshold),
                &other.version(version, threshold),
            )
        }
    };
    // The gap of one less that of the other: both versions are the same images for both detectors.
    let gaps = |threshold| {
        move |one: &Outcome, other: &Outcome| {
            less(
                recall(Version::Common, threshold)(one, other),
                recall(Version::Rare, threshold)(one, other),
            )
        }
    };
    let overfit = |o: &Outcome| less(Outcome::accuracy(&o.seen), Outcome::accuracy(&o.held_out));
    let alarms = |one: &Outcome, other: &Outcome| paired_less(&one.alarms(), &other.alarms());
    let worst = |one: &Outcome, other: &Outcome| less(one.worst().0, other.worst().0);
    let apart =
        |one: &Outcome, other: &Outcome| less(one.gap(Threshold::Half), other.gap(Threshold::Half));
    use Threshold::{Equal, Half};
    let (cnn, uniform, rule) = (
        (World::Lab, Arm::Cnn),
        (World::Lab, Arm::Uniform),
        (World::Lab, Arm::Rule),
    );
    let mut rows: Vec<(String, Vec<Estimate>)> = Vec::new();
    let mut push = |name: &str, estimates: Vec<Estimate>| rows.push((name.to_owned(), estimates));
    push(
        "CNN : exactitude sur les images d'entraînement − sur les images jamais vues",
        study.one(cnn, overfit),
    );
    push(
        "CNN : écart de rappel, version fréquente − version rare",
        study.one(cnn, gap(Half)),
    );
    push(
        "CNN, monde équilibré : même écart",
        study.one((FAIR, Arm::Cnn), gap(Half)),
    );
    push(
        "CNN : écart − écart du monde équilibré",
        study.two(cnn, (FAIR, Arm::Cnn), apart),
    );
    push(
        "DB-VAE (règle du TP) : écart de rappel",
        study.one(rule, gap(Half)),
    );
    push(
        "DB-VAE (tirage uniforme) : écart de rappel",
        study.one(uniform, gap(Half)),
    );
    push(
        "DB-VAE (tirage uniforme), monde équilibré : écart de rappel",
        study.one((FAIR, Arm::Uniform), gap(Half)),
    );
    for (title, other) in [("du CNN", cnn), ("du DB-VAE tiré uniformément", uniform)] {
        let against = |what: &str| format!("{what} du DB-VAE (règle du TP) − {title}");
        for (code, name) in GROUPS {
            let of_group =
                |one: &Outcome, other: &Outcome| paired_less(&one.group(code), &other.group(code));
            push(
                &format!("{name} : {}", against("rappel")),
                study.two(rule, other, of_group),
            );
        }
        push(
            &format!("version fréquente : {}", against("rappel")),
            study.two(rule, other, recall(Version::Common, Half)),
        );
        push(
            &format!("version rare : {}", against("rappel")),
            study.two(rule, other, recall(Version::Rare, Half)),
        );
        push(
            &against("rappel du pire groupe"),
            study.two(rule, other, worst),
        );
        push(&against("écart"), study.two(rule, other, gaps(Half)));
        push(&against("faux positifs"), study.two(rule, other, alarms));
        push(
            &format!(
                "version rare, à 5 % de faux positifs : {}",
                against("rappel")
            ),
            study.two(rule, other, recall(Version::Rare, Equal)),
        );
    }
    for (factor, title) in FACTORS {
        push(
            &format!("CNN, rappel selon : {title}"),
            study.one(cnn, |o| o.by_factor(factor)),
        );
    }
    let mut table = Table::new(&["différence, en points"], args.seeds, &["verdict"]);
    for (name, estimates) in &rows {
        table.differences(&[name.as_str()], estimates, Unit::Points);
    }
    format!(
        "Les différences, et ce que les graines établissent (monde du TP, « {} », sauf mention contraire) :\n\n{}",
        study.world(),
        table.finish()
    )
}
