//! Curves over scores: reliability and ROC.

use polars::prelude::{DataFrame, df};

use super::{columns::Factor, outcomes::Outcomes};
use crate::{
    error::Result,
    fairness::{Z_95, wilson_interval},
    metrics::calibration_bin,
};

/// Labels and scores of each group: (factor, group, [(score, positive)]).
type Part<'a> = (&'a str, &'a str, Vec<(f64, bool)>);

fn parts<'a>(task: &Outcomes, factors: &'a [Factor]) -> Vec<Part<'a>> {
    let scores = task.answers.score.as_deref().unwrap_or_default();
    let mut parts = Vec::new();
    for factor in factors {
        for (group, name) in factor.groups.iter().enumerate() {
            let rows = factor.rows(group).into_iter().map(|row| row as usize);
            let pairs = rows
                .map(|row| (scores[row], task.answers.positive[row]))
                .collect();
            parts.push((factor.name.as_str(), name.as_str(), pairs));
        }
    }
    parts
}

/// One line a bin that has images.
pub(super) fn reliability(task: &Outcomes, factors: &[Factor]) -> Result<DataFrame> {
    let (mut names, mut groups, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sizes, mut means) = (Vec::new(), Vec::new());
    let (mut rates, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
    for (factor, group, pairs) in parts(task, factors) {
        for bin in 0..task.answers.bins {
            let own = || {
                pairs
                    .iter()
                    .filter(|(score, _)| calibration_bin(*score, task.answers.bins) == bin)
            };
            let n = own().count();
            if n == 0 {
                continue;
            }
            let positives = own().filter(|(_, positive)| *positive).count();
            let (low, high) = wilson_interval(positives, n, Z_95)?;
            names.push(factor);
            groups.push(group);
            numbers.push(bin as u32);
            sizes.push(n as u32);
            means.push(own().map(|(score, _)| score).sum::<f64>() / n as f64);
            rates.push(positives as f64 / n as f64);
            lows.push(low);
            highs.push(high);
        }
    }
    let edge = |shift: u32| -> Vec<f64> {
        let edges = numbers.iter().map(|bin| f64::from(bin + shift));
        edges.map(|edge| edge / task.answers.bins as f64).collect()
    };
    Ok(df!(
        "factor" => names,
        "group" => groups,
        "bin" => &numbers,
        "from" => edge(0),
        "to" => edge(1),
        "n" => sizes,
        "mean_score" => means,
        "rate" => rates,
        "low" => lows,
        "high" => highs,
    )?)
}

/// One line a threshold that is a score of the group.
pub(super) fn roc(task: &Outcomes, factors: &[Factor]) -> Result<DataFrame> {
    let (mut names, mut groups) = (Vec::new(), Vec::new());
    let (mut thresholds, mut fprs, mut tprs) = (Vec::new(), Vec::new(), Vec::new());
    for (factor, group, mut pairs) in parts(task, factors) {
        let positives = pairs.iter().filter(|(_, positive)| *positive).count();
        let negatives = pairs.len() - positives;
        if positives == 0 || negatives == 0 {
            continue;
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut push = |threshold: f64, false_yes: usize, true_yes: usize| {
            names.push(factor);
            groups.push(group);
            thresholds.push(threshold);
            fprs.push(false_yes as f64 / negatives as f64);
            tprs.push(true_yes as f64 / positives as f64);
        };
        push(f64::INFINITY, 0, 0);
        let (mut false_yes, mut true_yes) = (0, 0);
        for (at, (score, positive)) in pairs.iter().enumerate() {
            match positive {
                true => true_yes += 1,
                false => false_yes += 1,
            }
            // Equal scores pass the threshold together.
            if pairs.get(at + 1).is_none_or(|next| next.0 != *score) {
                push(*score, false_yes, true_yes);
            }
        }
    }
    Ok(df!(
        "factor" => names,
        "group" => groups,
        "threshold" => thresholds,
        "fpr" => fprs,
        "tpr" => tprs,
    )?)
}
