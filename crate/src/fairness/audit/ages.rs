//! Predicted ages, group by group.

use polars::prelude::{DataFrame, df};

use super::{
    age_errors::Ages,
    columns::{Classes, Factor, numbers},
    compare,
    engine::{self, Groups, Task, check},
    gaps,
    shared::{RESAMPLES, SEED, shared_by_audits},
};
use crate::{
    error::{Error, Result},
    fairness::stats::Draws,
    metrics::AgeMetric,
};

/// Ages the bins can tell apart.
const OLDEST: f64 = 150.0;

/// Predicted ages, looked at group by group.
///
/// One frame, one line an image: the true age (`y_true`), the predicted age (`y_pred`) and columns of groups. Methods,
/// frames, intervals and tests are those of [`Audit`](super::Audit), with the metrics of [`AgeMetric`]: MAE, signed error,
/// RMSE, CS@5 and the age-standardised MAE.
///
/// # Why standardise
/// Old faces are harder: a group of older people has a larger MAE even when nothing is unfair.
/// Direct standardisation asks what each group's MAE would be if all groups had the same ages: the mean
/// over age bins of the group's MAE in the bin, each bin weighted by its share of *all* images.
/// - Bins are [`bin_years`](Self::bin_years) wide (ten by default): 0 to 9 years, 10 to 19…
/// - A bin counts when every group of the column that has 30 images or more has at least 10 in it, so that all groups
///   are compared on the same ages; weights are then renormalised.
/// - A group that lacks 10 images in a bin that counts has no `mae_std`, and a note says so.
///
/// [`standardisation`](Self::standardisation) shows the bins that count. The bootstrap draws within bins.
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// // Group B is older; in each decade both groups have the same errors.
/// let (mut y_true, mut y_pred, mut group) = (vec![], vec![], vec![]);
/// for (name, age, error, count) in [
///     ("A", 25, 2, 30), ("A", 65, 8, 10), ("B", 25, 2, 10), ("B", 65, 8, 30),
/// ] {
///     for image in 0..count {
///         y_true.push(age);
///         y_pred.push(age + if image % 2 == 0 { error } else { -error });
///         group.push(name);
///     }
/// }
/// let frame = df!("age" => y_true, "age_pred" => y_pred, "group" => group)?;
/// let audit = AgeAudit::new(&frame).label("age").prediction("age_pred").groups(&["group"]);
/// let by_group = audit.by_group()?;
/// let column = |name: &str| -> Vec<f64> {
///     by_group.column(name).unwrap().f64().unwrap().iter().flatten().collect()
/// };
/// assert_eq!(column("mae"), [3.5, 6.5]);
/// assert_eq!(column("mae_std"), [5.0, 5.0]);
/// assert_eq!(column("signed_error"), [0.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Direct standardisation: any textbook of epidemiology; MAE and cumulative score: the literature on age estimation.
#[derive(Clone, Debug)]
pub struct AgeAudit {
    frame: DataFrame,
    label: String,
    prediction: String,
    bin_years: usize,
    groups: Vec<String>,
    keep_order: bool,
    metrics: Option<Vec<AgeMetric>>,
    min_size: usize,
    resamples: usize,
    seed: u64,
}

impl AgeAudit {
    /// An audit of `frame`: true age in `y_true`, predicted age in `y_pred`, the metrics of [`AgeMetric::AUDITED`], bins of
    /// ten years, 2000 resamples, seed 42. The frame is not copied.
    pub fn new(frame: &DataFrame) -> Self {
        Self {
            frame: frame.clone(),
            label: "y_true".to_owned(),
            prediction: "y_pred".to_owned(),
            bin_years: 10,
            groups: Vec::new(),
            keep_order: false,
            metrics: None,
            min_size: 1,
            resamples: RESAMPLES,
            seed: SEED,
        }
    }

    /// The column of true ages, in years from 0 to 150. Default: `y_true`.
    #[must_use]
    pub fn label(mut self, column: &str) -> Self {
        self.label = column.to_owned();
        self
    }

    /// The column of predicted ages, in years. Default: `y_pred`.
    #[must_use]
    pub fn prediction(mut self, column: &str) -> Self {
        self.prediction = column.to_owned();
        self
    }

    /// Width of the age bins of `mae_std`, in years. Default: 10.
    #[must_use]
    pub fn bin_years(mut self, years: usize) -> Self {
        self.bin_years = years;
        self
    }

    shared_by_audits!(AgeMetric);

    /// The age bins of `mae_std`, for each column of groups and their crossing.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor` | str | the column of groups |
    /// | `from`, `to` | u32 | first and last age of the bin |
    /// | `n` | u32 | images of the bin |
    /// | `weight` | f64 | its weight in `mae_std`; 0 when a group lacks images there |
    /// | `fewest`, `fewest_n` | str, u32 | the group with the fewest images in the bin, and how many |
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn standardisation(&self) -> Result<DataFrame> {
        let task = self.task()?;
        let (mut names, mut from, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut weights, mut fewest, mut least) = (Vec::new(), Vec::new(), Vec::new());
        for factor in self.read_groups()?.required()?.all() {
            let own = task.weights(&factor);
            for (bin, cells) in task.cells(&factor).iter().enumerate() {
                let n: usize = cells.iter().sum();
                let smallest = cells.iter().enumerate().min_by_key(|(_, cell)| **cell);
                let Some((group, cell)) = smallest.filter(|_| n > 0) else {
                    continue;
                };
                names.push(factor.name.clone());
                from.push((bin * self.bin_years) as u32);
                sizes.push(n as u32);
                weights.push(own[bin]);
                fewest.push(factor.groups[group].clone());
                least.push(*cell as u32);
            }
        }
        let last = |from: &u32| from + self.bin_years as u32 - 1;
        Ok(df!(
            "factor" => names,
            "from" => &from,
            "to" => from.iter().map(last).collect::<Vec<u32>>(),
            "n" => sizes,
            "weight" => weights,
            "fewest" => fewest,
            "fewest_n" => least,
        )?)
    }

    fn task(&self) -> Result<Ages> {
        check(&self.frame, self.resamples)?;
        if !(1..=100).contains(&self.bin_years) {
            return Err(Error::argument(
                "bin_years",
                self.bin_years,
                "de 1 à 100 ans",
            ));
        }
        let truth = numbers(&self.frame, &self.label)?;
        if let Some(row) = truth.iter().position(|age| !(0.0..=OLDEST).contains(age)) {
            let problem = format!(
                "{} n'est pas un âge (de 0 à {OLDEST} ans), ligne {}",
                truth[row],
                row + 1
            );
            return Err(Error::column(&self.label, problem));
        }
        let predicted = numbers(&self.frame, &self.prediction)?;
        let errors = predicted.iter().zip(&truth).map(|(p, t)| p - t).collect();
        let bin = |age: &f64| (age / self.bin_years as f64) as u16;
        Ok(Ages {
            bin: truth.iter().map(bin).collect(),
            errors,
            metrics: self.metrics.clone().unwrap_or(AgeMetric::AUDITED.to_vec()),
        })
    }

    /// The same audit of another model, whose predicted ages are the column `other`.
    fn with_other(&self, other: &str, metric: AgeMetric) -> Result<Self> {
        match metric {
            AgeMetric::MaeStd => Err(Error::argument(
                "metric",
                metric.name(),
                "une autre mesure : deux modèles sur les mêmes images ont les mêmes âges, la MAE suffit",
            )),
            _ => Ok(self.clone().prediction(other)),
        }
    }
}
