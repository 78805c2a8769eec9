//! Frames of audits side by side: several models, before and after, several seeds.

use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, Series};

use super::find;
use crate::{
    error::{Error, Result},
    metrics,
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
pub fn by_model(models: &[(&str, &DataFrame)]) -> Result<DataFrame> {
    let mut all: Option<DataFrame> = None;
    for (name, frame) in models {
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
pub fn before_after(before: &DataFrame, after: &DataFrame) -> Result<DataFrame> {
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
