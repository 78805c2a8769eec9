//! The study's table: for each bias and detector, means over the seeds and the interval of the gap.

use serde::Serialize;

use super::{BiasBenchArgs, Detector, Entry};
use crate::commands::data::synth::Bias;
use crate::french::{fixed, grouped};

/// Quantile 0.975 of Student's law with 1 to 9 degrees of freedom: two to ten seeds.
const STUDENT: [f64; 9] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
];
/// The same beyond, close enough.
const NORMAL: f64 = 1.96;

/// A bias, a detector, all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    bias: Bias,
    model: Detector,
    seeds: usize,
    /// Mean recalls, from 0 to 1.
    light: f64,
    dark: f64,
    /// Mean over the seeds of light − dark, and its 95 % interval; none for one seed.
    gap: f64,
    interval: Option<[f64; 2]>,
    /// Gap of each seed.
    by_seed: Vec<(u64, f64)>,
    /// How much smaller the gap is than the standard CNN's with the same bias, seed by seed: the mean and its
    /// interval; none without the same seeds of the CNN.
    reduction: Option<(f64, Option<[f64; 2]>)>,
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
        let reduction = rows
            .iter()
            .find(|row| row.bias == rows[index].bias && row.model == Detector::Cnn)
            .filter(|_| rows[index].model != Detector::Cnn)
            .and_then(|cnn| reduction(cnn, &rows[index]));
        rows[index].reduction = reduction;
    }
    rows
}

fn reduction(cnn: &Row, other: &Row) -> Option<(f64, Option<[f64; 2]>)> {
    if cnn.by_seed.len() != other.by_seed.len() {
        return None;
    }
    let differences = cnn
        .by_seed
        .iter()
        .map(|(seed, gap)| {
            let same = other.by_seed.iter().find(|(other, _)| other == seed);
            same.map(|(_, other)| gap - other)
        })
        .collect::<Option<Vec<f64>>>()?;
    Some((mean(&differences), interval(&differences)))
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
        gap: mean(&gaps),
        interval: interval(&gaps),
        by_seed: entries
            .iter()
            .map(|entry| entry.trial.seed)
            .zip(gaps)
            .collect(),
        reduction: None,
        false_positives: [
            mean(&alarms),
            alarms.iter().copied().fold(f64::INFINITY, f64::min),
            alarms.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ],
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Student's interval of a mean: what the seeds alone make it vary.
fn interval(values: &[f64]) -> Option<[f64; 2]> {
    let (count, centre) = (values.len(), mean(values));
    let quantile = match count {
        0 | 1 => return None,
        _ => STUDENT.get(count - 2).copied().unwrap_or(NORMAL),
    };
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let half = quantile * (squares / (count - 1) as f64 / count as f64).sqrt();
    Some([centre - half, centre + half])
}

/// The table in French, as Markdown.
pub fn markdown(rows: &[Row], args: &BiasBenchArgs) -> String {
    let mut text = String::from(
        "| biais injecté | détecteur | rappel, peaux claires | rappel, peaux foncées | écart [95 %], en points | de moins que le CNN [95 %] | faux positifs [extrêmes] |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let reduction = row.reduction.map_or("–".to_owned(), |(mean, interval)| {
            with_interval(mean, interval)
        });
        let [alarms, low, high] = row.false_positives;
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {reduction} | {} [{} ; {}] |\n",
            row.bias.title(),
            row.model.name(),
            fixed(row.light, 3),
            fixed(row.dark, 3),
            with_interval(row.gap, row.interval),
            fixed(alarms, 3),
            fixed(low, 3),
            fixed(high, 3),
        ));
    }
    let seeds = match (args.seeds.0, args.seeds.1) {
        (first, last) if first == last => format!("graine {first}"),
        (first, last) => format!("graines {first} à {last}"),
    };
    text.push_str(&format!(
        "\n*Visages dessinés ; {} visages et autant d'autres images, {} visages de test par groupe, {seeds} (moyennes ; intervalle de Student sur les graines). \
         Mesuré par `cargo tp bench biais`.*\n",
        grouped(args.images.into()),
        grouped(args.test_faces.into()),
    ));
    text
}

fn with_interval(value: f64, interval: Option<[f64; 2]>) -> String {
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
                bias: Bias::RareEtSombre,
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
        assert!((row.gap - 0.2).abs() < 1e-12 && (row.dark - 0.7).abs() < 1e-12);
        let [low, high] = row.interval.unwrap();
        let half = 4.303 * 0.1 / 3_f64.sqrt();
        assert!((low - 0.2 + half).abs() < 1e-9 && (high - 0.2 - half).abs() < 1e-9);
        assert!(
            row.false_positives
                .iter()
                .all(|rate| (rate - 0.05).abs() < 1e-12)
        );
        assert_eq!(super::rows(&entries[..1])[0].interval, None);
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
        assert!((low - 0.08 + half).abs() < 1e-9 && (high - 0.08 - half).abs() < 1e-9);
        // A seed that only one of them has.
        assert_eq!(rows(&entries[..5])[1].reduction, None);
    }

    #[test]
    fn a_gap_is_written_in_points() {
        assert_eq!(
            with_interval(-0.0451, Some([-0.2, 0.1])),
            "−4,5 [−20,0 ; 10,0]"
        );
        assert_eq!(with_interval(-0.0001, None), "0,0");
    }
}
