//! Frames of audits side by side: several models, before and after, several seeds.

use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, Series, df};

use super::find;
use crate::{
    error::{Error, Result},
    metrics::{self, shown_name},
    ready::{Ready, unzip},
};

/// Frames of the same columns one below the other, under the name of their model.
///
/// | column | type | content |
/// |---|---|---|
/// | `model` | str | name of the model |
/// | … | | the columns of the frames, as [`Audit::overall`](super::Audit::overall) gives them |
///
/// # Errors
/// [`Error::Argument`] without frames, [`Error::Frame`] when their columns differ.
pub fn by_model<A: Ready<Value = DataFrame>>(models: &[(&str, &A)]) -> Result<A::Out<DataFrame>> {
    let (names, frames) = unzip(models);
    A::turn_all(&frames, |frames| stacked(&names, frames))
}

/// Every metric of one or several models, one row each: to be read down, where [`by_model`] is wider than a page.
///
/// | column | type | content |
/// |---|---|---|
/// | `metric` | str | its name in French |
/// | `model` | str | name of the model |
/// | `n` | u32 | images |
/// | `value`, `low`, `high` | f64 | the metric and its interval, empty where it has none |
///
/// Each frame has one row, as [`Audit::overall`](super::Audit::overall) gives it.
///
/// # Errors
/// [`Error::Argument`] without frames or for one that has not one row, [`Error::Column`] when a metric of the first is
/// not in another.
///
/// # Example
/// ```
/// use visages::{fairness::{Audit, by_measure}, polars::prelude::df};
/// let answers = df!("y_true" => [1, 1, 0, 0], "score" => [0.9, 0.2, 0.1, 0.4])?;
/// let overall = Audit::new(&answers).overall()?;
/// let rows = by_measure(&[("réseau", &overall)])?;
/// let place = rows.column("metric")?.str()?.iter().position(|name| name == Some("exactitude"));
/// assert_eq!(place.and_then(|place| rows.column("value").ok()?.f64().ok()?.get(place)), Some(0.75));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn by_measure<A: Ready<Value = DataFrame>>(models: &[(&str, &A)]) -> Result<A::Out<DataFrame>> {
    let (names, frames) = unzip(models);
    A::turn_all(&frames, |frames| rows(&names, frames))
}

fn rows(names: &[&str], frames: &[&DataFrame]) -> Result<DataFrame> {
    let wanted = "le tableau d'au moins un modèle, d'une ligne chacun";
    let Some(first) = frames.first() else {
        return Err(Error::argument("models", "liste vide", wanted));
    };
    if let Some(other) = frames.iter().find(|frame| frame.height() != 1) {
        let found = format!("{} lignes", other.height());
        return Err(Error::argument("models", found, wanted));
    }
    let (mut metrics, mut models, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    let mut numbers: [Vec<Option<f64>>; 3] = Default::default();
    for metric in metric_columns(first) {
        for (name, frame) in names.iter().zip(frames) {
            metrics.push(shown_name(&metric));
            models.push(*name);
            counts.push(find(frame, "n")?.cast(&DataType::UInt32)?.u32()?.get(0));
            let at =
                |column: &str| values(frame, column).map(|found| found.first().copied().flatten());
            numbers[0].push(at(&metric)?);
            // Some metrics have no interval.
            numbers[1].push(at(&format!("{metric}_low")).unwrap_or_default());
            numbers[2].push(at(&format!("{metric}_high")).unwrap_or_default());
        }
    }
    let [value, low, high] = numbers;
    Ok(df!(
        "metric" => metrics, "model" => models, "n" => counts,
        "value" => value, "low" => low, "high" => high,
    )?)
}

/// The frames of several models, one below the other.
pub(super) fn stacked(names: &[&str], frames: &[&DataFrame]) -> Result<DataFrame> {
    let mut all: Option<DataFrame> = None;
    for (name, frame) in names.iter().zip(frames) {
        let mut own = (*frame).clone();
        let names = vec![*name; own.height()];
        own.insert_column(0, Series::new("model".into(), names).into_column())?;
        all = Some(match all {
            Some(above) => above.vstack(&own)?,
            None => own,
        });
    }
    all.ok_or_else(|| {
        Error::argument(
            "models",
            "liste vide",
            "le tableau d'au moins un modèle, avec son nom",
        )
    })
}

/// Two models on the same groups, from their frames of [`Audit::by_group`](super::Audit::by_group) or of an
/// [`AgeAudit`](super::AgeAudit).
///
/// | column | type | content |
/// |---|---|---|
/// | `factor` | str | the column of groups, when there are several |
/// | `group`, `n` | str, u32 | the group and its number of images |
/// | `M_before`, `M_after`, `M_change` | f64 | each metric `M` of the frames, and after − before |
///
/// The frames do not tell whether a change is more than chance: [`Audit::against`](super::Audit::against) does.
///
/// # Errors
/// [`Error::Argument`] when the groups or their sizes differ, [`Error::Column`] when a metric of the first frame is
/// not in the second.
pub fn before_after<A: Ready<Value = DataFrame>>(
    before: &A,
    after: &A,
) -> Result<A::Out<DataFrame>> {
    A::turn_all(&[before, after], |frames| changed(frames[0], frames[1]))
}

fn changed(before: &DataFrame, after: &DataFrame) -> Result<DataFrame> {
    let mut columns = same_groups(&[before, after])?;
    for metric in metric_columns(before) {
        let (first, second) = (values(before, &metric)?, values(after, &metric)?);
        let pairs = first.iter().zip(&second);
        let change: Vec<Option<f64>> = pairs
            .map(|(before, after)| Some((*after)? - (*before)?))
            .collect();
        for (end, values) in [("before", first), ("after", second), ("change", change)] {
            columns.push(Series::new(format!("{metric}_{end}").into(), values).into_column());
        }
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Mean and standard deviation (divisor n − 1) of one measure over several runs.
///
/// One run alone has no standard deviation: it is `NaN`, not 0.
///
/// # Errors
/// [`Error::Argument`] without values, or when one is not a finite number.
///
/// # Example
/// ```
/// let (mean, sd) = visages::fairness::mean_sd(&[0.90, 0.94, 0.98])?;
/// assert!((mean - 0.94).abs() < 1e-12 && (sd - 0.04).abs() < 1e-12);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn mean_sd(values: &[f64]) -> Result<(f64, f64)> {
    if values.is_empty() {
        return Err(Error::argument(
            "values",
            "liste vide",
            "la mesure d'au moins un entraînement",
        ));
    }
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Error::argument("values", value, "des nombres finis"));
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let sd = match values.len() {
        1 => f64::NAN,
        _ => (squares / (count - 1.0)).sqrt(),
    };
    Ok((mean, sd))
}

/// The groups of several trainings that differ by their seed alone: mean ± standard deviation of each metric.
///
/// `runs` are frames of [`Audit::by_group`](super::Audit::by_group), one a seed. The standard deviation tells what
/// chance in the *training* does; the intervals of each run tell what chance in the choice of the test
/// images does. A gap must be compared with both.
///
/// | column | type | content |
/// |---|---|---|
/// | `factor` | str | the column of groups, when there are several |
/// | `group`, `n` | str, u32 | the group and its number of images |
/// | `seeds` | u32 | number of runs |
/// | `M`, `M_sd` | f64 | mean and standard deviation of each metric `M` (`NaN` for one run) |
/// | `M_min`, `M_max` | f64 | its extremes; the four are empty when a run has no value |
///
/// # Errors
/// [`Error::Argument`] without runs or when their groups differ, [`Error::Column`] when a metric of the first is missing
/// in another.
pub fn summarize_seeds(runs: &[DataFrame]) -> Result<DataFrame> {
    let Some(first) = runs.first() else {
        return Err(Error::argument(
            "runs",
            "liste vide",
            "le tableau d'au moins un entraînement",
        ));
    };
    let mut columns = same_groups(&runs.iter().collect::<Vec<_>>())?;
    let count = vec![runs.len() as u32; first.height()];
    columns.push(Series::new("seeds".into(), count).into_column());
    for metric in metric_columns(first) {
        let of_runs = runs
            .iter()
            .map(|run| values(run, &metric))
            .collect::<Result<Vec<_>>>()?;
        // Mean, standard deviation, extremes of each group.
        let mut summary = [const { Vec::new() }; 4];
        for group in 0..first.height() {
            let of_group: Option<Vec<f64>> = of_runs.iter().map(|run| run[group]).collect();
            let found = match of_group {
                None => [None; 4],
                Some(values) => {
                    let (mean, sd) = mean_sd(&values)?;
                    let extreme = |fold: fn(f64, f64) -> f64| values.iter().copied().reduce(fold);
                    [Some(mean), Some(sd), extreme(f64::min), extreme(f64::max)]
                }
            };
            for (column, value) in summary.iter_mut().zip(found) {
                column.push(value);
            }
        }
        for (end, values) in ["", "_sd", "_min", "_max"].into_iter().zip(summary) {
            columns.push(Series::new(format!("{metric}{end}").into(), values).into_column());
        }
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Two trainings compared seed by seed: in each group, the mean of the differences « second − first » and Student's
/// interval of that mean.
///
/// `first` and `second` are frames of [`Audit::by_group`](super::Audit::by_group), one a seed and in the same order of
/// seeds. What a seed does to both trainings alike vanishes in the difference: this is the right comparison, not that of
/// two means with the standard deviation of one seed.
///
/// | column | type | content |
/// |---|---|---|
/// | `factor` | str | the column of groups, when there are several |
/// | `group`, `n` | str, u32 | the group and its number of images |
/// | `metric` | str | the metric |
/// | `seeds` | u32 | number of pairs |
/// | `lowest_value`, `highest_value` | f64 | the extreme differences |
/// | `difference`, `low`, `high` | f64 | mean difference and its 95 % interval, empty for one pair |
///
/// # Errors
/// [`Error::Argument`] without pairs, when the lists differ in length or the groups differ; [`Error::Column`] without the
/// metric.
pub fn paired_seeds(
    first: &[DataFrame],
    second: &[DataFrame],
    metric: metrics::Metric,
) -> Result<DataFrame> {
    if first.is_empty() || first.len() != second.len() {
        return Err(Error::argument(
            "runs",
            format!("{} et {} entraînements", first.len(), second.len()),
            "autant d'entraînements des deux côtés, dans le même ordre de graines",
        ));
    }
    let mut columns = same_groups(&first.iter().chain(second).collect::<Vec<_>>())?;
    let groups = first[0].height();
    let metric = metric.spec().name;
    let of = |runs: &[DataFrame]| -> Result<Vec<Vec<Option<f64>>>> {
        runs.iter().map(|run| values(run, metric)).collect()
    };
    let (first, second) = (of(first)?, of(second)?);
    let mut found = [const { Vec::new() }; 5];
    for group in 0..groups {
        let differences: Option<Vec<f64>> = first
            .iter()
            .zip(&second)
            .map(|(one, other)| Some(other[group]? - one[group]?))
            .collect();
        let line = match differences {
            None => [None; 5],
            Some(values) => {
                let (mean, low, high) = student_interval(&values)?;
                let extreme = |fold: fn(f64, f64) -> f64| values.iter().copied().reduce(fold);
                let known = |end: f64| end.is_finite().then_some(end);
                [
                    extreme(f64::min),
                    extreme(f64::max),
                    Some(mean),
                    known(low),
                    known(high),
                ]
            }
        };
        for (column, value) in found.iter_mut().zip(line) {
            column.push(value);
        }
    }
    columns.push(Series::new("metric".into(), vec![metric; groups]).into_column());
    columns.push(Series::new("seeds".into(), vec![first.len() as u32; groups]).into_column());
    let names = ["lowest_value", "highest_value", "difference", "low", "high"];
    for (name, values) in names.into_iter().zip(found) {
        columns.push(Series::new(name.into(), values).into_column());
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Mean of some values and Student's 95 % interval of that mean; both ends are `NaN` for one value.
///
/// # Errors
/// Those of [`mean_sd`].
///
/// # Example
/// ```
/// // Mean 20, standard error 10/√3, quantile 4.303 with two degrees of freedom.
/// let (mean, low, high) = visages::fairness::student_interval(&[10.0, 20.0, 30.0])?;
/// assert!((mean - 20.0).abs() < 1e-9 && (low + 4.84).abs() < 0.01 && (high - 44.84).abs() < 0.01);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn student_interval(values: &[f64]) -> Result<(f64, f64, f64)> {
    let (mean, sd) = mean_sd(values)?;
    let half = match values.len() {
        1 => f64::NAN,
        count => student_quantile(count - 1) * sd / (count as f64).sqrt(),
    };
    Ok((mean, mean - half, mean + half))
}

/// Quantile 0.975 of Student's law with `freedom` ≥ 1 degrees of freedom, by bisection.
fn student_quantile(freedom: usize) -> f64 {
    let (mut low, mut high) = (0.0, 13.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        match student_within(middle, freedom) < 0.95 {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}

/// Probability that a variable of Student's law stands between −t and t: a finite sum, its degrees being whole
/// (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn student_within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let square = angle.cos().powi(2);
    let odd = !freedom.is_multiple_of(2);
    // The terms of the sum: each is the one before, times cos² and a ratio of whole numbers.
    let (mut term, mut sum) = match (odd, freedom) {
        (true, 1) => (0.0, 0.0),
        (true, _) => (angle.cos(), angle.cos()),
        (false, _) => (1.0, 1.0),
    };
    let first = if odd { 3 } else { 2 };
    let mut at = first;
    while at < freedom {
        term *= square * (at - 1) as f64 / at as f64;
        sum += term;
        at += 2;
    }
    match odd {
        true => std::f64::consts::FRAC_2_PI * (angle + angle.sin() * sum),
        false => angle.sin() * sum,
    }
}

/// The columns that tell the groups of some frames, which must be the same in all, with the same sizes.
fn same_groups(frames: &[&DataFrame]) -> Result<Vec<Column>> {
    let of = |frame: &DataFrame| -> Result<Vec<Column>> {
        let mut columns = vec![find(frame, "group")?.clone(), find(frame, "n")?.clone()];
        if let Ok(factor) = frame.column("factor")
            && factor.n_unique()? > 1
        {
            columns.insert(0, factor.clone());
        }
        Ok(columns)
    };
    let Some((first, others)) = frames.split_first() else {
        return Ok(Vec::new());
    };
    let groups = of(first)?;
    for other in others {
        if of(other)? != groups {
            return Err(Error::argument(
                "frames",
                "des groupes différents",
                "des tableaux des mêmes groupes, de mêmes effectifs et dans le même ordre",
            ));
        }
    }
    Ok(groups)
}

/// The columns of a frame that are metrics.
fn metric_columns(frame: &DataFrame) -> Vec<String> {
    let names = frame.get_column_names();
    let metrics = names.iter().filter(|name| metrics::find(name).is_some());
    metrics.map(|name| name.to_string()).collect()
}

/// A column of numbers; what does not exist is empty.
fn values(frame: &DataFrame, column: &str) -> Result<Vec<Option<f64>>> {
    let column = find(frame, column)?.cast(&DataType::Float64)?;
    Ok(column.f64()?.iter().collect())
}
