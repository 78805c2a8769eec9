//! Models side by side: rates on held-out images, groups before and after.

use polars::prelude::{Column, DataFrame, DataType, df};

use super::{Z_95, wilson_interval};
use crate::{
    error::{Error, Result},
    train::Evaluation,
};

/// Rates of several models on held-out images, one line a model.
///
/// | column | type | content |
/// |---|---|---|
/// | `model` | str | name of the model |
/// | `accuracy` | f64 | share of right answers |
/// | `faces` | u32 | number of faces |
/// | `recall`, `recall_low`, `recall_high` | f64 | share of the faces found, 95 % Wilson interval |
/// | `non_faces` | u32 | number of other images |
/// | `fpr`, `fpr_low`, `fpr_high` | f64 | share of the other images taken for faces, 95 % Wilson interval |
///
/// # Errors
/// [`Error::EmptyGroup`] when a model was evaluated without faces or without other images: one of
/// its rates does not exist, and the other alone misleads.
pub fn held_out_rates(models: &[(&str, &Evaluation)]) -> Result<DataFrame> {
    let mut recalls = Vec::new();
    let mut alarms = Vec::new();
    for (name, evaluation) in models {
        let (Some(recall), Some(fpr)) = (evaluation.recall, evaluation.false_positive_rate) else {
            let missing = match evaluation.faces {
                0 => "visages",
                _ => "autres images",
            };
            return Err(Error::EmptyGroup {
                name: format!("{name}, {missing}"),
            });
        };
        recalls.push(with_interval(recall, evaluation.faces)?);
        alarms.push(with_interval(fpr, evaluation.non_faces)?);
    }
    let names: Vec<&str> = models.iter().map(|(name, _)| *name).collect();
    let evaluations = || models.iter().map(|(_, evaluation)| evaluation);
    let part = |rates: &[[f64; 3]], index: usize| -> Vec<f64> {
        rates.iter().map(|rate| rate[index]).collect()
    };
    Ok(df!(
        "model" => names,
        "accuracy" => evaluations().map(|e| e.accuracy).collect::<Vec<f64>>(),
        "faces" => evaluations().map(|e| e.faces as u32).collect::<Vec<u32>>(),
        "recall" => part(&recalls, 0),
        "recall_low" => part(&recalls, 1),
        "recall_high" => part(&recalls, 2),
        "non_faces" => evaluations().map(|e| e.non_faces as u32).collect::<Vec<u32>>(),
        "fpr" => part(&alarms, 0),
        "fpr_low" => part(&alarms, 1),
        "fpr_high" => part(&alarms, 2),
    )?)
}

/// A rate among `n` images and its interval.
fn with_interval(rate: f64, n: usize) -> Result<[f64; 3]> {
    let (low, high) = wilson_interval((rate * n as f64).round() as usize, n, Z_95)?;
    Ok([rate, low, high])
}

/// Two models on the same groups, from their frames of [`by_group`](super::by_group).
///
/// | column | type | content |
/// |---|---|---|
/// | `group`, `n` | str, u32 | the group and its number of images |
/// | `recall_before`, `recall_after`, `recall_change` | f64 | share of the faces found, after − before |
/// | `mean_before`, `mean_after`, `mean_change` | f64 | mean probability, after − before |
///
/// # Errors
/// [`Error::Argument`] when the groups or their sizes differ, [`Error::Frame`] when a column is missing.
pub fn before_after(before: &DataFrame, after: &DataFrame) -> Result<DataFrame> {
    same_groups(before, after)?;
    let change = |column: &str| -> Result<(Vec<f64>, Vec<f64>, Vec<f64>)> {
        let (before, after) = (numbers(before, column)?, numbers(after, column)?);
        let change = before.iter().zip(&after).map(|(b, a)| a - b).collect();
        Ok((before, after, change))
    };
    let (recall_before, recall_after, recall_change) = change("recall")?;
    let (mean_before, mean_after, mean_change) = change("mean_probability")?;
    let mut frame = df!(
        "recall_before" => recall_before,
        "recall_after" => recall_after,
        "recall_change" => recall_change,
        "mean_before" => mean_before,
        "mean_after" => mean_after,
        "mean_change" => mean_change,
    )?;
    frame.insert_column(0, before.column("group")?.clone())?;
    frame.insert_column(1, before.column("n")?.clone())?;
    Ok(frame)
}

/// Refuses frames of other groups, or of the same names with other sizes.
pub(super) fn same_groups(one: &DataFrame, other: &DataFrame) -> Result<()> {
    let same = |column: &str| -> Result<bool> {
        Ok(one.column(column)?.as_materialized_series()
            == other.column(column)?.as_materialized_series())
    };
    match same("group")? && same("n")? {
        true => Ok(()),
        false => Err(Error::argument(
            "frames",
            "des groupes différents",
            "des tableaux des mêmes groupes, de mêmes effectifs et dans le même ordre",
        )),
    }
}

/// A column of numbers without missing values.
pub(super) fn numbers(frame: &DataFrame, column: &str) -> Result<Vec<f64>> {
    let values: Column = frame.column(column)?.cast(&DataType::Float64)?;
    let values = values.f64()?;
    values
        .iter()
        .map(|value| {
            value.ok_or_else(|| {
                Error::argument(
                    "frames",
                    format!("case vide dans la colonne « {column} »"),
                    "des nombres dans toutes les cases",
                )
            })
        })
        .collect()
}
