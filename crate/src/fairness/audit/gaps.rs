//! How far apart the groups are: gaps, ratios, their interval and their test.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};
use rand::RngExt;

use super::{
    columns::Factor,
    engine::{
        Least, Lines, Measure, Task, by_key, finite, is_scarce, no_difference_interval, optional,
        undefined, words,
    },
};
use crate::{
    error::Result,
    fairness::stats::{Draws, holm, permutation_p, quantile, resample},
    metrics::{NO_GROUP, Sample, Spec, Worst},
};

/// One metric in the groups of one factor.
struct Spread<'a> {
    measure: &'a Measure,
    factor: &'a Factor,
    /// Value in each group that is compared, NaN in the others.
    values: Vec<f64>,
    /// Rows of each group that the metric looks at, and how many are successes of a rate.
    hits: Vec<(usize, usize)>,
    /// What each group rests on.
    least: Vec<Least>,
    /// Whether a group that is compared has too few rows of a class for an interval.
    scarce: bool,
}

/// A gap between groups, all that a line of the frame says.
struct Gap {
    criterion: &'static str,
    difference: Option<f64>,
    interval: Option<(f64, f64)>,
    ratio: Option<f64>,
    variance: Option<f64>,
    lowest: Option<End>,
    highest: Option<End>,
    worst: Option<String>,
    p_value: Option<f64>,
    groups: usize,
    least: Least,
    remarks: Vec<String>,
}

/// The group at an end, none when all are equal, and its value.
type End = (Option<String>, f64);

/// One line a factor and a criterion.
pub(super) fn gaps(
    task: &impl Task,
    factors: &[Factor],
    min_size: usize,
    draws: Draws,
) -> Result<DataFrame> {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for factor in factors {
        let measures = task.measures(factor);
        let spreads: Vec<Spread> = measures
            .iter()
            .map(|measure| Spread::new(measure, factor, min_size))
            .collect();
        let mut own: Vec<Gap> = spreads.iter().map(|one| one.gap(draws)).collect();
        if let Some((tpr, fpr)) = task.odds() {
            let odds = equalized_odds(
                [&spreads[tpr], &spreads[fpr]],
                [&own[tpr], &own[fpr]],
                draws,
            );
            own.push(odds);
        }
        let absent: Vec<&str> = measures
            .iter()
            .filter(|one| !one.available)
            .map(|one| one.spec.criterion)
            .collect();
        own.retain(|gap| !absent.contains(&gap.criterion));
        for gap in own {
            let all = task.rows();
            lines.push(
                &factor.name,
                gap.criterion,
                all,
                gap.least,
                gap.remarks.clone(),
            );
            found.push(gap);
        }
    }
    let p_values: Vec<Option<f64>> = found.iter().map(|gap| gap.p_value).collect();
    let name = |end: fn(&Gap) -> &Option<End>| -> Vec<Option<String>> {
        let ends = found.iter().map(end);
        ends.map(|end| end.as_ref().and_then(|(name, _)| name.clone()))
            .collect()
    };
    let value = |end: fn(&Gap) -> &Option<End>| -> Vec<Option<f64>> {
        let ends = found.iter().map(end);
        ends.map(|end| end.as_ref().map(|(_, value)| *value))
            .collect()
    };
    let mut columns = lines.head();
    columns[1].rename("criterion".into());
    columns[2] = count_column("groups", found.iter().map(|gap| gap.groups));
    columns.extend([
        optional("difference", found.iter().map(|gap| gap.difference)),
        optional("low", found.iter().map(|gap| gap.interval.map(|i| i.0))),
        optional("high", found.iter().map(|gap| gap.interval.map(|i| i.1))),
        optional("ratio", found.iter().map(|gap| gap.ratio)),
        optional("variance", found.iter().map(|gap| gap.variance)),
        words("lowest", &name(|gap| &gap.lowest)),
        optional("lowest_value", value(|gap| &gap.lowest)),
        words("highest", &name(|gap| &gap.highest)),
        optional("highest_value", value(|gap| &gap.highest)),
        words(
            "worst",
            &found
                .iter()
                .map(|gap| gap.worst.clone())
                .collect::<Vec<_>>(),
        ),
        optional("p_value", p_values.iter().copied()),
        optional("p_holm", holm(&p_values)),
    ]);
    columns.extend(lines.tail());
    Ok(DataFrame::new_infer_height(columns)?)
}

fn count_column(name: &str, values: impl Iterator<Item = usize>) -> Column {
    let values: Vec<u32> = values.map(|value| value as u32).collect();
    Series::new(name.into(), values).into_column()
}

impl<'a> Spread<'a> {
    fn new(measure: &'a Measure, factor: &'a Factor, min_size: usize) -> Self {
        let groups = factor.groups.len();
        let ones = vec![1; factor.label.len()];
        let mut values = measure.sample.values(&factor.label, &ones, groups);
        let mut hits = Vec::with_capacity(groups);
        let mut least = Vec::with_capacity(groups);
        let mut scarce = false;
        for (group, value) in values.iter_mut().enumerate() {
            let rows = factor.rows(group);
            if rows.len() < min_size {
                *value = f64::NAN;
            }
            let sample = measure.sample.on(&rows);
            scarce |= value.is_finite() && is_scarce(&sample);
            hits.push(sample.hits());
            least.push(Least::of(&sample));
        }
        Self {
            measure,
            factor,
            values,
            hits,
            least,
            scarce,
        }
    }

    /// The groups that have a value.
    fn compared(&self) -> Vec<usize> {
        (0..self.values.len())
            .filter(|group| self.values[*group].is_finite())
            .collect()
    }

    /// The label of each row, none for groups that are not compared.
    fn labels(&self) -> Vec<u16> {
        let labels = self.factor.label.iter();
        labels
            .map(|label| match self.values[usize::from(*label)].is_finite() {
                true => *label,
                false => NO_GROUP,
            })
            .collect()
    }

    /// Rows that may change groups, within their strata.
    fn exchangeable(&self, labels: &[u16]) -> Vec<Vec<u32>> {
        let mut rows = self.measure.sample.domain();
        rows.retain(|row| labels[*row as usize] != NO_GROUP);
        let strata = self.measure.strata_of(&rows).into_iter();
        let to_rows = |part: Vec<u32>| part.into_iter().map(|at| rows[at as usize]).collect();
        strata.map(to_rows).collect()
    }

    fn gap(&self, draws: Draws) -> Gap {
        let spec = self.measure.spec;
        let draws = draws.stream(&[spec.criterion, &self.factor.name]);
        let mut gap = self.ends();
        if gap.difference.is_none() {
            return gap;
        }
        let ranges = self.ranges(draws);
        gap.interval = simultaneous(gap.difference, ranges.as_deref(), spec);
        if gap.interval.is_none() {
            gap.remarks.push(no_difference_interval(spec, self.scarce));
        }
        let labels = self.labels();
        let ones = vec![1; labels.len()];
        gap.p_value = permutation_p(&labels, &self.exchangeable(&labels), draws, |labels| {
            largest_gap(&self.measure.sample, labels, &ones, self.values.len())
        });
        gap
    }

    /// The gap without what chance does to it.
    fn ends(&self) -> Gap {
        let spec = self.measure.spec;
        let compared = self.compared();
        let mut gap = Gap {
            criterion: spec.criterion,
            difference: None,
            interval: None,
            ratio: None,
            variance: None,
            lowest: None,
            highest: None,
            worst: None,
            p_value: None,
            groups: compared.len(),
            least: compared
                .iter()
                .map(|group| self.least[*group])
                .reduce(Least::min)
                .unwrap_or(Least::images(0)),
            remarks: Vec::new(),
        };
        let left_out: Vec<&str> = (0..self.values.len())
            .filter(|group| !self.values[*group].is_finite())
            .map(|group| self.factor.groups[group].as_str())
            .collect();
        if !left_out.is_empty() {
            gap.remarks
                .push(format!("hors comparaison : {}", left_out.join(", ")));
        }
        let by_value = |a: &&usize, b: &&usize| self.values[**a].total_cmp(&self.values[**b]);
        let (Some(low), Some(high)) = (
            compared.iter().min_by(by_value),
            // The first of equal ones, as for the lowest.
            compared.iter().rev().max_by(by_value),
        ) else {
            gap.remarks.push(undefined(spec.name));
            return gap;
        };
        if compared.len() < 2 {
            gap.remarks
                .push("un seul groupe mesurable : rien à comparer".to_owned());
            return gap;
        }
        let (least, most) = (self.values[*low], self.values[*high]);
        // Equal values have no ends: any name would accuse one group of what all have.
        let named = |group: usize| (least < most).then(|| self.factor.groups[group].clone());
        let values = || compared.iter().map(|group| self.values[*group]);
        let mean = values().sum::<f64>() / compared.len() as f64;
        let squares: f64 = values().map(|value| (value - mean).powi(2)).sum();
        gap.difference = Some(most - least);
        // A ratio only means something on a scale with a zero.
        gap.ratio = (spec.bounds.0 == 0.0)
            .then(|| finite(least / most))
            .flatten();
        gap.variance = Some(squares / compared.len() as f64);
        gap.worst = match spec.worst {
            Worst::Lowest => named(*low),
            Worst::Highest => named(*high),
            Worst::Farthest if least.abs() > most.abs() => named(*low),
            Worst::Farthest => named(*high),
            Worst::Neither => None,
        };
        gap.lowest = Some((named(*low), least));
        gap.highest = Some((named(*high), most));
        gap
    }

    /// Each draw's largest difference between two groups' deviations from their own value; `None` when a
    /// group never varies.
    fn ranges(&self, draws: Draws) -> Option<Vec<f64>> {
        let deviations = match self.measure.spec {
            _ if self.scarce => return None,
            Spec {
                is_inflated: true, ..
            } => return None,
            Spec { is_rate: true, .. } => self.rate_deviations(draws),
            _ => self.deviations(draws),
        };
        let groups = deviations.first().map_or(0, Vec::len);
        let varies = |group: usize| deviations.iter().any(|one| one[group].abs() > 1e-12);
        if !(0..groups).all(varies) {
            return None;
        }
        let ranges = deviations.iter().map(|one| {
            let high = one.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            high - one.iter().copied().fold(f64::INFINITY, f64::min)
        });
        Some(ranges.collect())
    }

    /// Rates drawn again with one success and one failure more, so that 5 out of 5 may vary.
    fn rate_deviations(&self, draws: Draws) -> Vec<Vec<f64>> {
        let parts: Vec<(usize, f64)> = self
            .compared()
            .into_iter()
            .map(|group| self.hits[group])
            .map(|(n, hits)| (n, (hits + 1) as f64 / (n + 2) as f64))
            .collect();
        draws.map(|rng| {
            let one = |(n, rate): &(usize, f64)| {
                let hits = (0..*n).filter(|_| rng.random::<f64>() < *rate).count();
                hits as f64 / *n as f64 - rate
            };
            parts.iter().map(one).collect()
        })
    }

    /// Values of resampled rows, less the observed ones.
    fn deviations(&self, draws: Draws) -> Vec<Vec<f64>> {
        let labels = self.labels();
        let mut rows = self.measure.sample.domain();
        rows.retain(|row| labels[*row as usize] != NO_GROUP);
        let sample = self.measure.sample.on(&rows);
        let own: Vec<u16> = rows.iter().map(|row| labels[*row as usize]).collect();
        let strata = by_key(
            rows.iter()
                .map(|row| (labels[*row as usize], self.measure.strata[*row as usize])),
        );
        let compared = self.compared();
        resample(&strata, draws, |weights| {
            let found = sample.values(&own, weights, self.values.len());
            compared
                .iter()
                .map(|group| found[*group] - self.values[*group])
                .collect()
        })
    }
}

/// Largest minus smallest value of the groups that have rows.
fn largest_gap(sample: &Sample, labels: &[u16], ones: &[u32], groups: usize) -> f64 {
    let values = sample.values(labels, ones, groups);
    let values = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    high - low
}

/// Interval of a gap that holds for all pairs of groups at once: gap ± the 95 % quantile of the ranges.
fn simultaneous(difference: Option<f64>, ranges: Option<&[f64]>, spec: Spec) -> Option<(f64, f64)> {
    let (difference, mut ranges) = (difference?, ranges?.to_vec());
    if ranges.iter().any(|range| !range.is_finite()) {
        return None;
    }
    ranges.sort_by(f64::total_cmp);
    let margin = quantile(&ranges, 0.95);
    let largest = spec.bounds.1 - spec.bounds.0;
    Some((
        (difference - margin).max(0.0),
        (difference + margin).min(largest),
    ))
}

/// The larger of the gaps of TPR and FPR.
fn equalized_odds(spreads: [&Spread; 2], gaps: [&Gap; 2], draws: Draws) -> Gap {
    let [tpr, fpr] = gaps;
    let larger = usize::from(fpr.difference > tpr.difference);
    let mut gap = spreads[larger].ends();
    gap.criterion = "equalized_odds";
    gap.variance = None;
    gap.least = tpr.least.min(fpr.least);
    if tpr.difference.is_none() || fpr.difference.is_none() {
        gap.difference = None;
        gap.ratio = None;
        (gap.lowest, gap.highest, gap.worst) = (None, None, None);
        gap.remarks = vec![
            "il faut le rappel et le taux de faux positifs d'au moins deux groupes".to_owned(),
        ];
        return gap;
    }
    // As fairlearn does: the worse of the two ratios, that of the other metric perhaps.
    gap.ratio = tpr.ratio.zip(fpr.ratio).map(|(one, other)| one.min(other));
    let spec = spreads[larger].measure.spec;
    gap.remarks.push(format!(
        "le plus grand écart est celui du {}",
        spec.name.to_uppercase()
    ));

    let factor = spreads[0].factor;
    let draws = draws.stream(&[gap.criterion, &factor.name]);
    let both = spreads.map(|one| one.ranges(draws.stream(&[one.measure.spec.name])));
    if let [Some(one), Some(other)] = both {
        let ranges: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a.max(*b)).collect();
        gap.interval = simultaneous(gap.difference, Some(&ranges), spec);
    }
    // Positive rows only matter to the TPR, negative ones to the FPR: each keeps its own groups.
    let mut labels = vec![NO_GROUP; factor.label.len()];
    let mut strata = Vec::new();
    for spread in spreads {
        let own = spread.labels();
        for part in spread.exchangeable(&own) {
            for row in &part {
                labels[*row as usize] = own[*row as usize];
            }
            strata.push(part);
        }
    }
    let ones = vec![1; labels.len()];
    gap.p_value = permutation_p(&labels, &strata, draws, |labels| {
        let groups = factor.groups.len();
        let of = |one: &Spread| largest_gap(&one.measure.sample, labels, &ones, groups);
        of(spreads[0]).max(of(spreads[1]))
    });
    gap
}
