//! Two ways of answering the age of the same persons: which one errs more, and by how much.

use polars::prelude::DataFrame;

use super::{
    numbers,
    stats::{Draws, bca_interval, swap_groups_p},
};
use crate::{
    error::{Error, Result},
    french::{count, format_number},
};

/// Resamples of the interval, and exchanges of the test.
const DRAWS: usize = 4000;

/// The difference of two mean absolute errors on the same persons, in years.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorDifference {
    /// Number of persons.
    pub n: usize,
    /// Mean absolute error before.
    pub before: f64,
    /// Mean absolute error after.
    pub after: f64,
    /// `after − before`: positive when the change makes ages harder to tell.
    pub difference: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Two-sided probability of a difference at least as large, did the change do nothing.
    pub p: f64,
    /// Mean of the ages predicted after minus those predicted before: the change makes older when positive.
    pub shift: f64,
}

impl std::fmt::Display for ErrorDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [before, after, difference, low, high] = [
            self.before,
            self.after,
            self.difference,
            self.low,
            self.high,
        ]
        .map(|years| format_number(years, 2));
        let p = match self.p < 0.0005 {
            true => "p < 0,001".to_owned(),
            false => format!("p = {}", format_number(self.p, 3)),
        };
        write!(
            f,
            "MAE {before} puis {after} ans, écart {difference} [{low} ; {high}], {p} sur {}",
            count(self.n, "personne")
        )
    }
}

/// The difference `after − before` of mean absolute errors, from two frames of predictions (`y_true`, `y_pred`, in years) of
/// the same persons in the same order. Each person is its own control: what makes one age harder than another counts in both
/// errors and leaves their difference, so its interval (BCa bootstrap over persons) is narrower than that of two groups.
///
/// # Errors
/// [`Error::Shape`] when there are not as many rows; [`Error::Argument`] for empty frames; [`Error::Column`] without one of
/// the columns, or when true ages differ: these are not the same persons.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// // Errors of 0 to 19 years, and one to three more after.
/// let truth = vec![40.0; 20];
/// let errors: Vec<f64> = (0..20).map(f64::from).collect();
/// let frame = |more: f64| df!(
///     "y_true" => &truth,
///     "y_pred" => errors.iter().map(|e| 40.0 + e + more * (1.0 + e % 3.0)).collect::<Vec<_>>(),
/// );
/// let found = paired_error_difference(&frame(0.0)?, &frame(1.0)?, 42)?;
/// assert!((found.difference - 1.95).abs() < 1e-9 && found.low > 1.5 && found.high < 2.4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn paired_error_difference(
    before: &DataFrame,
    after: &DataFrame,
    seed: u64,
) -> Result<ErrorDifference> {
    if before.height() != after.height() {
        return Err(Error::shape(
            "réponses comparées (les mêmes personnes, une par ligne)",
            [before.height()],
            [after.height()],
        ));
    }
    let n = before.height();
    if n == 0 {
        return Err(Error::argument(
            "before",
            "tableau vide",
            "au moins une personne",
        ));
    }
    let truth = numbers(before, "y_true")?;
    if let Some(row) = numbers(after, "y_true")?
        .iter()
        .zip(&truth)
        .position(|(one, other)| one != other)
    {
        return Err(Error::column(
            "y_true",
            format!(
                "les deux tableaux n'ont pas le même âge à la ligne {} ; comparez les mêmes personnes, dans le même ordre",
                row + 1
            ),
        ));
    }
    let predicted = [numbers(before, "y_pred")?, numbers(after, "y_pred")?];
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n as f64;
    let [first, second] = [0, 1].map(|which: usize| -> Vec<f64> {
        let pairs = predicted[which].iter().zip(&truth);
        pairs.map(|(age, truth)| (age - truth).abs()).collect()
    });
    let changes: Vec<f64> = second.iter().zip(&first).map(|(b, a)| b - a).collect();
    let difference = mean(&changes);
    let draws = Draws::new(seed, DRAWS);
    let all: Vec<u32> = (0..n as u32).collect();
    let interval = bca_interval(&[all], draws.stream(&["difference"]), |weights| {
        let pairs = changes.iter().zip(weights);
        let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (change, times)| {
            let times = f64::from(*times);
            (sum + times * change, count + times)
        });
        sum / count
    });
    // Where nothing varies, there is nothing to draw.
    let (low, high) = interval.unwrap_or((difference, difference));
    Ok(ErrorDifference {
        n,
        before: mean(&first),
        after: mean(&second),
        difference,
        low,
        high,
        p: swap_groups_p(&changes, draws.stream(&["exchange"])),
        shift: mean(&predicted[1]) - mean(&predicted[0]),
    })
}
