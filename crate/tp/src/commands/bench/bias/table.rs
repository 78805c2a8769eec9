//! The study's table: for each bias and detector, means over the seeds and the interval of the gap.

use serde::Serialize;

use super::{BiasBenchArgs, Detector, Entry};
use crate::commands::data::synth::Bias;
use crate::french::{fixed, grouped};
use crate::statistics::{Mean, mean, summary};

/// A bias, a detector, all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    bias: Bias,
    model: Detector,
    seeds: usize,
    /// Mean recalls, from 0 to 1.
    light: f64,
    dark: f64,
    /// Light − dark.
    gap: Mean,
    /// Seed by seed, light − dark and the rate of false positives.
    by_seed: Vec<(u64, f64, f64)>,
    /// How much larger the gap is than in the balanced world with the same detector, seed by seed; none without the same
    /// seeds there.
    excess: Option<Mean>,
    /// How much smaller the gap is than the standard CNN's with the same bias, seed by seed; none without the same seeds of
    /// the CNN.
    reduction: Option<Mean>,
    /// False positives less those of the standard CNN, in the same way.
    alarms_change: Option<Mean>,
    /// Mean rate of false positives and its extremes, on other images held out.
    false_positives: [f64; 3],
}

/// One row for each bias and detector of the entries, in their order.
pub fn rows(entries: &[Entry]) -> Vec<Row> {
    let mut keys: Vec<(Bias, Detector)> = Vec::new();
    for entry in entries {
        let key = (entry.trial.bias, entry.trial.model);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.sort();
    let mut rows: Vec<Row> = keys
        .into_iter()
        .map(|(bias, model)| {
            let same = entries
                .iter()
                .filter(|entry| entry.trial.bias == bias && entry.trial.model == model);
            row(bias, model, &same.collect::<Vec<_>>())
        })
        .collect();
    for index in 0..rows.len() {
        let Row { bias, model, .. } = rows[index];
        let of = |bias, model| {
            let found = rows
                .iter()
                .find(|row| row.bias == bias && row.model == model);
            found.map(|row| (&rows[index], row))
        };
        let control = of(Bias::Balanced, model).filter(|_| bias != Bias::Balanced);
        let cnn = of(bias, Detector::Cnn).filter(|_| model != Detector::Cnn);
        let excess = control.and_then(|(own, control)| less(own, control, |seed| seed.1));
        let reduction = cnn.and_then(|(own, cnn)| less(cnn, own, |seed| seed.1));
        let alarms_change = cnn.and_then(|(own, cnn)| less(own, cnn, |seed| seed.2));
        rows[index].excess = excess;
        rows[index].reduction = reduction;
        rows[index].alarms_change = alarms_change;
    }
    rows
}

/// A value of one row less the other row's, seed by seed; `None` when they have not the same seeds.
fn less(one: &Row, other: &Row, value: impl Fn(&(u64, f64, f64)) -> f64) -> Option<Mean> {
    if one.by_seed.len() != other.by_seed.len() {
        return None;
    }
    let pairs = one.by_seed.iter().map(|seed| {
        let same = other.by_seed.iter().find(|other| other.0 == seed.0);
        same.map(|same| value(seed) - value(same))
    });
    pairs
        .collect::<Option<Vec<f64>>>()
        .map(|found| summary(&found))
}

fn row(bias: Bias, model: Detector, entries: &[&Entry]) -> Row {
    let recall = |entry: &Entry, tone: char| {
        let of_tone = || {
            let groups = entry.outcome.groups.iter();
            groups.filter(|group| group.code.starts_with(tone))
        };
        let found: usize = of_tone().map(|group| group.found).sum();
        let n: usize = of_tone().map(|group| group.n).sum();
        found as f64 / n as f64
    };
    let light: Vec<f64> = entries.iter().map(|entry| recall(entry, 'L')).collect();
    let dark: Vec<f64> = entries.iter().map(|entry| recall(entry, 'D')).collect();
    let gaps: Vec<f64> = light.iter().zip(&dark).map(|(l, d)| l - d).collect();
    let alarms: Vec<f64> = entries
        .iter()
        .map(|entry| entry.outcome.false_alarms as f64 / entry.outcome.other_images as f64)
        .collect();
    Row {
        bias,
        model,
        seeds: entries.len(),
        light: mean(&light),
        dark: mean(&dark),
        gap: summary(&gaps),
        by_seed: (entries.iter().zip(gaps).zip(&alarms))
            .map(|((entry, gap), alarms)| (entry.trial.seed, gap, *alarms))
            .collect(),
        excess: None,
        reduction: None,
        alarms_change: None,
        false_positives: [
            mean(&alarms),
            alarms.iter().copied().fold(f64::INFINITY, f64::min),
            alarms.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ],
    }
}

/// The tables in French, as Markdown: what each detector does in each world, then what changes seed by seed.
pub fn markdown(rows: &[Row], args: &BiasBenchArgs) -> String {
    let mut text = String::from(
        "| biais injecté | détecteur | rappel, peaux claires | rappel, peaux foncées | écart [95 %], en points | faux positifs [extrêmes] |\n\
         |---|---|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let [alarms, low, high] = row.false_positives;
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} [{} ; {}] |\n",
            row.bias.title(),
            row.model.name(),
            fixed(row.light, 3),
            fixed(row.dark, 3),
            with_interval(row.gap),
            fixed(alarms, 3),
            fixed(low, 3),
            fixed(high, 3),
        ));
    }
    text.push_str(
        "\nDifférences graine par graine, en points [95 %] :\n\n\
         | biais injecté | détecteur | écart − écart du monde équilibré | écart du CNN − écart du DB-VAE | faux positifs du DB-VAE − ceux du CNN |\n\
         |---|---|---:|---:|---:|\n",
    );
    let shown = |mean: Option<Mean>| mean.map_or("–".to_owned(), with_interval);
    let compared = |row: &&Row| row.excess.is_some() || row.reduction.is_some();
    for row in rows.iter().filter(compared) {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            row.bias.title(),
            row.model.name(),
            shown(row.excess),
            shown(row.reduction),
            shown(row.alarms_change),
        ));
    }
    let seeds = args.seeds.in_words();
    text.push_str(&format!(
        "\n*Visages dessinés ; {} visages et autant d'images sans visage, {} visages de test par groupe, {seeds} (moyennes ; intervalle de Student sur les graines). \
         Le CNN s'entraîne {} époques, le DB-VAE {} : ils ne diffèrent pas que par leur méthode. Mesuré par `cargo tp bench biais`.*\n",
        grouped(args.images.into()),
        grouped(args.test_faces.into()),
        Detector::Cnn.epochs(),
        Detector::DbVae.epochs(),
    ));
    text
}

fn with_interval((value, interval): Mean) -> String {
    let interval = interval.map_or(String::new(), |[low, high]| {
        format!(" [{} ; {}]", points(low), points(high))
    });
    points(value) + &interval
}

/// A share as points of percentage.
fn points(share: f64) -> String {
    fixed(100.0 * share, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::bias::{Found, Outcome, Trial};

    fn entry(seed: u64, light: usize, dark: usize) -> Entry {
        let group = |code: &str, found| Found {
            code: code.to_owned(),
            n: 100,
            found,
        };
        Entry {
            trial: Trial {
                bias: Bias::RareAndUnderexposed,
                model: Detector::Cnn,
                seed,
                images: 300,
                epochs: 2,
                difficulty: 0.5,
                underexposure: None,
                test_faces: 100,
            },
            outcome: Outcome {
                groups: vec![
                    group("LF", light),
                    group("LM", light),
                    group("DF", dark),
                    group("DM", dark),
                ],
                held_out_faces: 100,
                held_out_found: 90,
                other_images: 100,
                false_alarms: 5,
            },
        }
    }

    /// Gaps of 10, 20 and 30 points: mean 20, standard error 10/√3, Student's quantile with 2 degrees 4.303.
    #[test]
    fn means_and_interval_by_hand() {
        let entries = [entry(1, 90, 80), entry(2, 90, 70), entry(3, 90, 60)];
        let rows = rows(&entries);
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert!((row.gap.0 - 0.2).abs() < 1e-12 && (row.dark - 0.7).abs() < 1e-12);
        let [low, high] = row.gap.1.unwrap();
        let half = 4.303 * 0.1 / 3_f64.sqrt();
        assert!((low - 0.2 + half).abs() < 1e-4 && (high - 0.2 - half).abs() < 1e-4);
        assert!(
            row.false_positives
                .iter()
                .all(|rate| (rate - 0.05).abs() < 1e-12)
        );
        assert_eq!(super::rows(&entries[..1])[0].gap.1, None);
    }

    /// Gaps of 10, 20 and 30 points with the CNN, of 4, 20 and 12 with the other: 6, 0 and 18 fewer.
    #[test]
    fn a_reduction_is_paired_by_seed() {
        let mut entries = [(1, 80), (2, 70), (3, 60), (3, 78), (1, 86), (2, 70)]
            .map(|(seed, dark)| entry(seed, 90, dark));
        for other in &mut entries[3..] {
            other.trial.model = Detector::DbVae;
        }
        let all = rows(&entries);
        assert_eq!(all[0].reduction, None);
        let (mean, interval) = all[1].reduction.unwrap();
        let [low, high] = interval.unwrap();
        assert!((mean - 0.08).abs() < 1e-12);
        // Standard deviation of 6, 0 and 18: √84.
        let half = 4.303 * 0.84_f64.sqrt() / 10.0 / 3_f64.sqrt();
        assert!((low - 0.08 + half).abs() < 1e-4 && (high - 0.08 - half).abs() < 1e-4);
        // A seed that only one of them has.
        assert_eq!(rows(&entries[..5])[1].reduction, None);
    }

    /// Gaps of 10 and 20 points with a bias, of 4 and −2 without: 6 and 22 more; false positives 5 % and 2 %.
    #[test]
    fn an_excess_is_paired_by_seed() {
        let mut entries =
            [(1, 80), (2, 70), (2, 92), (1, 86)].map(|(seed, dark)| entry(seed, 90, dark));
        for other in &mut entries[2..] {
            other.trial.bias = Bias::Balanced;
        }
        let all = rows(&entries);
        let (mean, interval) = all[0].excess.unwrap();
        assert!(all[0].bias == Bias::RareAndUnderexposed && (mean - 0.14).abs() < 1e-12);
        // Standard error of 6 and 22: 8; one degree of freedom.
        assert!((interval.unwrap()[1] - 0.14 - 12.706 * 0.08).abs() < 1e-4);
        assert_eq!(all[1].excess, None);

        for other in &mut entries[2..] {
            other.trial.bias = Bias::RareAndUnderexposed;
            other.trial.model = Detector::DbVae;
            other.outcome.false_alarms = 2;
        }
        let (mean, interval) = rows(&entries)[1].alarms_change.unwrap();
        let [low, high] = interval.unwrap();
        assert!((mean + 0.03).abs() < 1e-12 && high - low < 1e-9);
    }

    #[test]
    fn a_gap_is_written_in_points() {
        assert_eq!(
            with_interval((-0.0451, Some([-0.2, 0.1]))),
            "−4,5 [−20,0 ; 10,0]"
        );
        assert_eq!(with_interval((-0.0001, None)), "0,0");
    }
}
