//! Tables of what each detector answers, and of the differences that the lab claims.

use super::super::interval::{Estimate, less, paired_less, rate_of};
use super::super::table::{Table, Unit};
use super::{Arm, BIASED, EffectsArgs, FACTORS, GROUPS, Outcome, Study, Threshold};
use crate::commands::data::synth::Bias;

/// What each detector answers.
pub(super) fn answers(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["monde", "détecteur", "mesure"], args.seeds, &[]);
    for (bias, arm) in study.trainings() {
        let names = |measure| [bias.title(), arm.title(), measure];
        let one = |measure: &dyn Fn(&Outcome) -> Estimate| study.one((bias, arm), measure);
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
                "rappel, peaux claires",
                one(&|o| o.recall('L', Threshold::Half)),
            ),
            (
                "rappel, peaux foncées",
                one(&|o| o.recall('D', Threshold::Half)),
            ),
            ("rappel du pire groupe", one(&|o| o.worst().0)),
        ];
        for (code, name) in GROUPS.iter().filter(|_| bias == BIASED) {
            rates.push((*name, one(&|o| rate_of(&o.group(code)))));
        }
        for (measure, estimates) in &rates {
            table.measures(&names(measure), estimates, Unit::Rate);
        }
    }
    format!("Ce que répondent les détecteurs :\n\n{}", table.finish())
}

/// The differences that the lab itself shows.
pub(super) const ESSENTIAL: [&str; 6] = [
    "CNN : écart de rappel, peaux claires − peaux foncées",
    "CNN, monde équilibré : même écart",
    "peaux foncées : rappel du DB-VAE (règle du TP) − du CNN",
    "peaux foncées : rappel du DB-VAE (règle du TP) − du DB-VAE tiré uniformément",
    "peaux claires : rappel du DB-VAE (règle du TP) − du DB-VAE tiré uniformément",
    "faux positifs du DB-VAE (règle du TP) − du DB-VAE tiré uniformément",
];

/// What the lab claims, as differences: those whose name is `kept`.
pub(super) fn differences(
    study: &Study,
    args: &EffectsArgs,
    kept: impl Fn(&str) -> bool,
) -> String {
    const FAIR: Bias = Bias::Balanced;
    let gap = |threshold| move |outcome: &Outcome| outcome.gap(threshold);
    let tone = |tone, threshold| {
        move |one: &Outcome, other: &Outcome| {
            paired_less(&one.tone(tone, threshold), &other.tone(tone, threshold))
        }
    };
    // The gap of one less that of the other: both tones are the same images for both detectors.
    let gaps = |threshold| {
        move |one: &Outcome, other: &Outcome| {
            less(
                tone('L', threshold)(one, other),
                tone('D', threshold)(one, other),
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
        (BIASED, Arm::Cnn),
        (BIASED, Arm::Uniform),
        (BIASED, Arm::Rule),
    );
    let mut rows: Vec<(String, Vec<Estimate>)> = Vec::new();
    let mut push = |name: &str, estimates: Vec<Estimate>| rows.push((name.to_owned(), estimates));
    push(
        "CNN : exactitude sur les images d'entraînement − sur les images jamais vues",
        study.one(cnn, overfit),
    );
    push(
        "CNN : écart de rappel, peaux claires − peaux foncées",
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
            &format!("peaux claires : {}", against("rappel")),
            study.two(rule, other, tone('L', Half)),
        );
        push(
            &format!("peaux foncées : {}", against("rappel")),
            study.two(rule, other, tone('D', Half)),
        );
        push(
            &against("rappel du pire groupe"),
            study.two(rule, other, worst),
        );
        push(&against("écart"), study.two(rule, other, gaps(Half)));
        push(&against("faux positifs"), study.two(rule, other, alarms));
        push(
            &format!(
                "peaux foncées, à 5 % de faux positifs : {}",
                against("rappel")
            ),
            study.two(rule, other, tone('D', Equal)),
        );
    }
    for (factor, title) in FACTORS {
        push(
            &format!("CNN, rappel selon : {title}"),
            study.one(cnn, |o| o.by_factor(factor)),
        );
    }
    let mut table = Table::new(&["différence, en points"], args.seeds, &["verdict"]);
    for (name, estimates) in rows.iter().filter(|(name, _)| kept(name)) {
        table.differences(&[name.as_str()], estimates, Unit::Points);
    }
    format!(
        "Les différences, et ce que les graines établissent (monde « {} », sauf mention contraire) :\n\n{}",
        BIASED.title(),
        table.finish()
    )
}
