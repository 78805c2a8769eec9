//! Several seeds: what a measure is worth when the training is run again.

use polars::prelude::{DataFrame, df};

use super::compare::{numbers, same_groups};
use crate::error::{Error, Result};

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

/// The groups of several trainings that differ by their seed alone: mean ± standard deviation.
///
/// `runs` are frames of [`by_group`](super::by_group), one a seed. The standard deviation tells what
/// chance in the *training* does; the Wilson intervals tell what chance in the choice of the test
/// images does. A gap must be compared with both.
///
/// | column | type | content |
/// |---|---|---|
/// | `group`, `n` | str, u32 | the group and its number of images |
/// | `seeds` | u32 | number of runs |
/// | `recall`, `recall_sd` | f64 | mean and standard deviation of the recall (`NaN` for one run) |
/// | `recall_min`, `recall_max` | f64 | extremes of the recall |
/// | `mean_probability`, `mean_probability_sd` | f64 | the same of the mean probability |
///
/// # Errors
/// [`Error::Argument`] without runs or when their groups differ, [`Error::Frame`] when a column is
/// missing.
pub fn summarize_seeds(runs: &[DataFrame]) -> Result<DataFrame> {
    let Some(first) = runs.first() else {
        return Err(Error::argument(
            "runs",
            "liste vide",
            "le tableau d'au moins un entraînement",
        ));
    };
    let (mut recalls, mut means) = (Vec::new(), Vec::new());
    for run in runs {
        same_groups(first, run)?;
        recalls.push(numbers(run, "recall")?);
        means.push(numbers(run, "mean_probability")?);
    }
    let over_runs = |measures: &[Vec<f64>]| -> Result<Vec<(f64, f64)>> {
        (0..first.height())
            .map(|group| mean_sd(&column(measures, group)))
            .collect()
    };
    let extreme = |fold: fn(f64, f64) -> f64| -> Vec<f64> {
        (0..first.height())
            .filter_map(|group| column(&recalls, group).into_iter().reduce(fold))
            .collect()
    };
    let recall = over_runs(&recalls)?;
    let mean = over_runs(&means)?;
    let mut frame = df!(
        "seeds" => vec![runs.len() as u32; first.height()],
        "recall" => recall.iter().map(|pair| pair.0).collect::<Vec<f64>>(),
        "recall_sd" => recall.iter().map(|pair| pair.1).collect::<Vec<f64>>(),
        "recall_min" => extreme(f64::min),
        "recall_max" => extreme(f64::max),
        "mean_probability" => mean.iter().map(|pair| pair.0).collect::<Vec<f64>>(),
        "mean_probability_sd" => mean.iter().map(|pair| pair.1).collect::<Vec<f64>>(),
    )?;
    frame.insert_column(0, first.column("group")?.clone())?;
    frame.insert_column(1, first.column("n")?.clone())?;
    Ok(frame)
}

/// One group's measure in every run.
fn column(measures: &[Vec<f64>], group: usize) -> Vec<f64> {
    measures.iter().map(|run| run[group]).collect()
}
