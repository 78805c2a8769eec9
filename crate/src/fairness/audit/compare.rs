//! Differences: each group with a reference group, a model with another on the same images.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use super::{
    columns::Factor,
    engine::{
        Least, Lines, Measure, by_key, estimate, finite, is_scarce, no_difference_interval,
        optional, undefined,
    },
};
use crate::{
    error::{Error, Result},
    fairness::{
        Z_95, difference_interval,
        stats::{Draws, bca_interval, holm, mcnemar_exact, permutation_p, swap_p},
    },
};

/// Each group of a factor less its group `reference`.
pub(super) fn differences(
    measure: &Measure,
    factor: &Factor,
    reference: &str,
    draws: Draws,
) -> Result<DataFrame> {
    let Some(base) = factor.groups.iter().position(|group| group == reference) else {
        return Err(Error::argument(
            "reference",
            reference,
            format!(
                "un groupe de « {} » : {}",
                factor.name,
                factor.groups.join(", ")
            ),
        ));
    };
    let spec = measure.spec;
    let draws = draws.stream(&["différence", spec.name, &factor.name, reference]);
    let domain = measure.sample.domain();
    let bare = |group: usize| {
        let rows = factor.rows(group);
        let sample = measure.sample.on(&rows);
        let value = finite(sample.value(&vec![1; rows.len()]));
        (sample, value)
    };
    let (base_sample, base_value) = bare(base);
    let base_hits = base_sample.hits();
    let mut lines = Lines::default();
    let mut values = Vec::new();
    let (mut differences, mut intervals, mut p_values) = (Vec::new(), Vec::new(), Vec::new());
    for (group, name) in factor
        .groups
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != base)
    {
        let (sample, value) = bare(group);
        let hits = sample.hits();
        let least = Least::of(&sample).min(Least::of(&base_sample));
        let scarce = is_scarce(&sample) || is_scarce(&base_sample);
        let draws = draws.stream(&[name]);
        let mut remarks = Vec::new();
        let (mut interval, mut p_value) = (None, None);
        let difference = value.zip(base_value).map(|(value, base)| value - base);
        if difference.is_some() {
            let in_pair =
                |row: &&u32| [base, group].contains(&usize::from(factor.label[**row as usize]));
            let rows: Vec<u32> = domain.iter().filter(in_pair).copied().collect();
            let sample = measure.sample.on(&rows);
            let side = |row: &u32| u16::from(usize::from(factor.label[*row as usize]) == group);
            let labels: Vec<u16> = rows.iter().map(side).collect();
            let signed = |labels: &[u16], weights: &[u32]| {
                let found = sample.values(labels, weights, 2);
                found[1] - found[0]
            };
            interval = match spec.is_rate {
                true => {
                    let [first, second] = [base_hits, hits].map(|(n, hits)| (hits, n));
                    Some(difference_interval(first, second, Z_95)?)
                }
                false => {
                    // A group that never varies, or hardly, would pass for one that is known exactly.
                    let varies = |group| -> Result<bool> {
                        Ok(estimate(measure, &factor.rows(group), draws)?
                            .interval
                            .is_some())
                    };
                    let strata = by_key(
                        rows.iter()
                            .map(|row| (side(row), measure.strata[*row as usize])),
                    );
                    match !spec.is_inflated && varies(base)? && varies(group)? {
                        true => bca_interval(&strata, draws, |weights| signed(&labels, weights)),
                        false => None,
                    }
                }
            };
            if interval.is_none() {
                remarks.push(no_difference_interval(spec, scarce));
            }
            let ones = vec![1; rows.len()];
            p_value = permutation_p(&labels, &measure.strata_of(&rows), draws, |labels| {
                signed(labels, &ones).abs()
            });
        } else {
            remarks.push(undefined(spec.name));
        }
        lines.push(&factor.name, name, hits.0, least, remarks);
        values.push(value);
        differences.push(difference);
        intervals.push(interval);
        p_values.push(p_value);
    }
    let count = values.len();
    let mut columns = lines.head();
    columns.insert(
        2,
        Series::new("reference".into(), vec![reference; count]).into_column(),
    );
    columns.insert(
        3,
        Series::new("metric".into(), vec![spec.name; count]).into_column(),
    );
    columns.extend([
        Series::new("n_reference".into(), vec![base_hits.0 as u32; count]).into_column(),
        optional("value", values),
        optional("reference_value", vec![base_value; count]),
        optional("difference", differences),
        optional("low", intervals.iter().map(|i| i.map(|i| i.0))),
        optional("high", intervals.iter().map(|i| i.map(|i| i.1))),
        optional("p_value", p_values.iter().copied()),
        optional("p_holm", holm(&p_values)),
    ]);
    columns.extend(lines.tail());
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Two models, given by the same metric of both, on all images and in each group.
pub(super) fn against(
    [first, second]: [&Measure; 2],
    factors: &[Factor],
    draws: Draws,
) -> Result<DataFrame> {
    let spec = first.spec;
    let mut lines = Lines::default();
    let mut values = [Vec::new(), Vec::new()];
    let (mut differences, mut intervals, mut p_values) = (Vec::new(), Vec::new(), Vec::new());
    let mut alone = [Vec::<Option<u32>>::new(), Vec::new()];
    for factor in factors {
        for (group, name) in factor.groups.iter().enumerate() {
            let draws = draws.stream(&["modèles", spec.name, &factor.name, name]);
            let mut rows = factor.rows(group);
            let domains = [first, second].map(|one| one.sample.domain());
            rows.retain(|row| domains.iter().any(|rows| rows.binary_search(row).is_ok()));
            let samples = [first, second].map(|one| one.sample.on(&rows));
            let ones = vec![1; rows.len()];
            let found = [samples[0].value(&ones), samples[1].value(&ones)].map(finite);
            let difference = found[0].zip(found[1]).map(|(one, other)| other - one);
            let mut remarks = Vec::new();
            let (mut interval, mut p_value, mut splits) = (None, None, [None, None]);
            if difference.is_some() {
                let strata = first.strata_of(&rows);
                // Both models are asked about the same images.
                let scarce = is_scarce(&samples[0]);
                if !spec.is_inflated && !scarce {
                    interval = bca_interval(&strata, draws, |weights| {
                        samples[1].value(weights) - samples[0].value(weights)
                    });
                }
                if interval.is_none() {
                    remarks.push(no_difference_interval(spec, scarce));
                }
                let counts = samples[0].splits(&samples[1]);
                p_value = match counts.filter(|_| spec.is_rate) {
                    Some((one, other)) => {
                        splits = [Some(one as u32), Some(other as u32)];
                        Some(mcnemar_exact(one, other))
                    }
                    None => {
                        let both = samples[0].joined(&samples[1], rows.len());
                        let ones = vec![1; 2 * rows.len()];
                        swap_p(rows.len(), draws, |labels| {
                            let found = both.values(labels, &ones, 2);
                            (found[1] - found[0]).abs()
                        })
                    }
                };
            } else {
                remarks.push(undefined(spec.name));
            }
            let least = match spec.is_rate {
                // Precision: each model has its own « yes ».
                true => Least::images(rows.len()),
                false => Least::of(&samples[0]),
            };
            lines.push(&factor.name, name, rows.len(), least, remarks);
            for at in [0, 1] {
                values[at].push(found[at]);
                alone[at].push(splits[at]);
            }
            differences.push(difference);
            intervals.push(interval);
            p_values.push(p_value);
        }
    }
    let mut columns = lines.head();
    columns.insert(
        2,
        Series::new("metric".into(), vec![spec.name; differences.len()]).into_column(),
    );
    columns.extend([
        optional("value", values[0].iter().copied()),
        optional("other_value", values[1].iter().copied()),
        optional("difference", differences),
        optional("low", intervals.iter().map(|i| i.map(|i| i.0))),
        optional("high", intervals.iter().map(|i| i.map(|i| i.1))),
        Series::new("only_first".into(), &alone[0]).into_column(),
        Series::new("only_second".into(), &alone[1]).into_column(),
        optional("p_value", p_values.iter().copied()),
        optional("p_holm", holm(&p_values)),
    ]);
    columns.extend(lines.tail());
    Ok(DataFrame::new_infer_height(columns)?)
}
