//! What the debiasing lab measures of detectors, from the frames of [`predict`](crate::train::predict).
//!
//! Each function is a few lines on [`Audit`]; they take answers that are there or that wait for an exercise.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use super::{
    Audit, Z_95, compare::stacked, find, numbers, paired_difference_interval, stats::mcnemar_exact,
    words,
};
use crate::{
    error::{Error, Result},
    metrics::Metric,
    ready::{Ready, unzip},
};

/// The column of groups of test faces.
const GROUP: &str = "group";

/// Recall and mean probability of each group, in the order of the set: [`Audit::by_group`] of the column `group`.
///
/// # Errors
/// Those of [`Audit::by_group`].
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// let answers = df!(
///     "y_true" => [1, 1, 1, 1], "score" => [0.9, 0.8, 0.7, 0.2], "group" => ["A", "A", "B", "B"],
/// )?;
/// let recalls = recall_by_group(&answers)?;
/// assert_eq!(recalls.column("tpr")?.f64()?.get(1), Some(0.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recall_by_group<A: Ready<Value = DataFrame>>(answers: &A) -> Result<A::Out<DataFrame>> {
    answers.turn(|answers| recalls(answers).by_group())
}

fn recalls(answers: &DataFrame) -> Audit {
    Audit::new(answers)
        .groups(&[GROUP])
        .keep_order()
        .metrics(&[Metric::Tpr, Metric::MeanScore])
}

/// Accuracy, recall and false positive rate of several models, or of one model on several sets: one row each, with the
/// intervals of [`Audit::overall`].
///
/// | column | type | content |
/// |---|---|---|
/// | `model` | str | the name given |
/// | `accuracy` | f64 | share of right answers |
/// | `positives`, `tpr`, `tpr_low`, `tpr_high` | u32, f64 | faces; recall and its 95 % interval |
/// | `negatives`, `fpr`, `fpr_low`, `fpr_high` | u32, f64 | other images; false positive rate and its 95 % interval |
///
/// # Errors
/// Those of [`Audit::overall`]; [`Error::Argument`] without models.
pub fn rates_by_model<A: Ready<Value = DataFrame>>(
    answers: &[(&str, &A)],
) -> Result<A::Out<DataFrame>> {
    let (names, answers) = unzip(answers);
    A::turn_all(&answers, |answers| {
        let measured = answers
            .iter()
            .map(|one| {
                Audit::new(one)
                    .metrics(&[Metric::Accuracy, Metric::Tpr, Metric::Fpr])
                    .overall()
            })
            .collect::<Result<Vec<_>>>()?;
        let all = stacked(&names, &measured.iter().collect::<Vec<_>>())?;
        Ok(all.select([
            "model",
            "accuracy",
            "positives",
            "tpr",
            "tpr_low",
            "tpr_high",
            "negatives",
            "fpr",
            "fpr_low",
            "fpr_high",
        ])?)
    })
}

/// The worst served group of each model and how far it is from the best served one: one row a model.
///
/// | column | type | content |
/// |---|---|---|
/// | `model` | str | its name |
/// | `worst` | str | the group with the lowest recall; empty when all are equal |
/// | `n`, `tpr`, `tpr_low`, `tpr_high` | u32, f64 | its faces, its recall, the 95 % interval |
/// | `highest_value` | f64 | the highest recall of a group |
/// | `difference`, `low`, `high` | f64 | highest − lowest recall, and the interval of [`Audit::gaps`] |
///
/// A gap alone tells nothing of its ends: it also closes when the best served group loses.
///
/// # Errors
/// Those of [`Audit::gaps`]; [`Error::Argument`] without models.
pub fn recall_gaps<A: Ready<Value = DataFrame>>(
    answers: &[(&str, &A)],
) -> Result<A::Out<DataFrame>> {
    let (names, answers) = unzip(answers);
    A::turn_all(&answers, |answers| {
        let rows = answers
            .iter()
            .map(|one| worst_and_gap(one))
            .collect::<Result<Vec<_>>>()?;
        stacked(&names, &rows.iter().collect::<Vec<_>>())
    })
}

fn worst_and_gap(answers: &DataFrame) -> Result<DataFrame> {
    let audit = recalls(answers).metrics(&[Metric::Tpr]);
    let (groups, gaps) = (audit.by_group()?, audit.gaps()?);
    let values = numbers(&groups, "tpr")?;
    let lowest = (0..values.len()).min_by(|a, b| values[*a].total_cmp(&values[*b]));
    let row = groups.slice(lowest.unwrap_or(0) as i64, 1);
    let mut columns = vec![find(&gaps, "worst")?.head(Some(1))];
    for name in ["n", "tpr", "tpr_low", "tpr_high"] {
        columns.push(find(&row, name)?.clone());
    }
    for name in ["highest_value", "difference", "low", "high"] {
        columns.push(find(&gaps, name)?.head(Some(1)));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Two detectors on the same faces, group by group: the difference of their recalls « second − first ».
///
/// | column | type | content |
/// |---|---|---|
/// | `group`, `n` | str, u32 | the group and its faces, in the order of the set |
/// | `value`, `other_value` | f64 | recall of the first detector, of the second |
/// | `difference`, `low`, `high` | f64 | second − first, and Newcombe's paired interval |
/// | `only_first`, `only_second` | u32 | faces that one detector alone finds |
/// | `p_value` | f64 | exact McNemar test |
///
/// The interval is [`paired_difference_interval`]: it also holds for small groups and for recalls of 1, where a bootstrap
/// ([`Audit::against`]) gives none.
///
/// # Errors
/// [`Error::Argument`] when the two frames are not about the same images, [`Error::Column`] when a column is missing.
pub fn paired_recalls<A: Ready<Value = DataFrame>>(
    first: &A,
    second: &A,
) -> Result<A::Out<DataFrame>> {
    A::turn_all(&[first, second], |answers| paired(answers[0], answers[1]))
}

fn paired(first: &DataFrame, second: &DataFrame) -> Result<DataFrame> {
    let (groups, truth) = (words(first, GROUP)?, numbers(first, "y_true")?);
    if words(second, GROUP)? != groups || numbers(second, "y_true")? != truth {
        return Err(Error::argument(
            "second",
            "les réponses à d'autres images",
            "les réponses des deux modèles aux mêmes images, dans le même ordre",
        ));
    }
    let found = [numbers(first, "y_pred")?, numbers(second, "y_pred")?];
    let mut names: Vec<&str> = Vec::new();
    // Faces found by both, by the first alone, by the second alone, by neither.
    let mut counts: Vec<[usize; 4]> = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        let at = match names.iter().position(|name| name == group) {
            Some(at) => at,
            None => {
                names.push(group);
                counts.push([0; 4]);
                names.len() - 1
            }
        };
        if truth[row] == 1.0 {
            let missed = found
                .each_ref()
                .map(|answers| usize::from(answers[row] != 1.0));
            // [found, found], [found, missed], [missed, found], [missed, missed].
            counts[at][2 * missed[0] + missed[1]] += 1;
        }
    }
    let mut lines: [Vec<f64>; 6] = Default::default();
    for four in &counts {
        let [both, one, other, neither] = *four;
        let n = (both + one + other + neither) as f64;
        let (low, high) = paired_difference_interval(*four, Z_95)?;
        let line = [
            (both + one) as f64 / n,
            (both + other) as f64 / n,
            (other as f64 - one as f64) / n,
            low,
            high,
            mcnemar_exact(one, other),
        ];
        for (column, value) in lines.iter_mut().zip(line) {
            column.push(value);
        }
    }
    let count = |of: fn(&[usize; 4]) -> usize| -> Vec<u32> {
        counts.iter().map(|four| of(four) as u32).collect()
    };
    let number = |name: &str, at: usize| Series::new(name.into(), &lines[at]).into_column();
    Ok(DataFrame::new_infer_height(vec![
        Series::new(GROUP.into(), &names).into_column(),
        Series::new("n".into(), count(|four| four.iter().sum())).into_column(),
        number("value", 0),
        number("other_value", 1),
        number("difference", 2),
        number("low", 3),
        number("high", 4),
        Series::new("only_first".into(), count(|four| four[1])).into_column(),
        Series::new("only_second".into(), count(|four| four[2])).into_column(),
        number("p_value", 5),
    ])?)
}
