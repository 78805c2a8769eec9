//! Predicted ages, group by group.

use polars::prelude::{DataFrame, df};

use super::{
    RESAMPLES, SEED,
    age_errors::Ages,
    columns::{Factor, numbers},
    compare,
    engine::{self, Groups, Task, check},
    first, gaps, read_classes,
};
use crate::{
    error::{Error, Result},
    fairness::{metric::AgeMetric, stats::Draws},
};

/// Ages the bins can tell apart.
const OLDEST: f64 = 150.0;

/// Predicted ages, looked at group by group.
///
/// One frame, one line an image: the true age (`y_true`), the predicted age and columns of groups. Methods,
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
    groups: Vec<String>,
    metrics: Vec<AgeMetric>,
    bin_years: usize,
    min_size: usize,
    resamples: usize,
    seed: u64,
}

impl AgeAudit {
    /// An audit of `frame`: true age in `y_true`, predicted age in `y_pred`, all metrics, bins of ten
    /// years, 2000 resamples, seed 42. The frame is not copied.
    pub fn new(frame: &DataFrame) -> Self {
        Self {
            frame: frame.clone(),
            label: "y_true".to_owned(),
            prediction: "y_pred".to_owned(),
            groups: Vec::new(),
            metrics: AgeMetric::ALL.to_vec(),
            bin_years: 10,
            min_size: 1,
            resamples: RESAMPLES,
            seed: SEED,
        }
    }

    /// The column of true ages, in years from 0 to 150. Default: `y_true`.
    pub fn label(mut self, column: &str) -> Self {
        self.label = column.to_owned();
        self
    }

    /// The column of predicted ages, in years. Default: `y_pred`.
    pub fn prediction(mut self, column: &str) -> Self {
        self.prediction = column.to_owned();
        self
    }

    /// The columns of groups: words, whole numbers or booleans.
    pub fn groups(mut self, columns: &[&str]) -> Self {
        self.groups = columns.iter().map(|&column| column.to_owned()).collect();
        self
    }

    /// What to measure, instead of everything. Default: [`AgeMetric::ALL`].
    pub fn metrics(mut self, metrics: &[AgeMetric]) -> Self {
        self.metrics = metrics.to_vec();
        self
    }

    /// Width of the age bins of `mae_std`, in years. Default: 10.
    pub fn bin_years(mut self, years: usize) -> Self {
        self.bin_years = years;
        self
    }

    /// Number of images below which a group is left out of [`gaps`](Self::gaps). Default: 1.
    pub fn min_size(mut self, images: usize) -> Self {
        self.min_size = images;
        self
    }

    /// Number of bootstrap resamples and of permutations, 100 at least. Default: 2000.
    pub fn resamples(mut self, resamples: usize) -> Self {
        self.resamples = resamples;
        self
    }

    /// Seed of everything drawn at random. Default: 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// All images together, as one line of [`by_group`](Self::by_group).
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn overall(&self) -> Result<DataFrame> {
        let task = self.ages()?;
        let whole = [Factor::whole(task.rows())];
        engine::table(&task, &whole, self.draws())
    }

    /// Every metric in every group, one line a group of each column.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group` | str | the column of groups, and the group |
    /// | `n` | u32 | images |
    /// | `M`, `M_low`, `M_high` | f64 | for each metric `M` ([`AgeMetric::name`]): value and 95 % interval (Wilson for `cs5`, BCa bootstrap for the others); empty when it does not exist |
    /// | `small` | bool | fewer than 30 images |
    /// | `note` | str | in French, why a cell is empty or doubtful |
    ///
    /// # Errors
    /// [`Error::Column`] for a column that is missing, holds an empty cell, NaN or an age out of range, or that
    /// makes no groups; [`Error::Argument`] for a setting or an empty frame.
    pub fn by_group(&self) -> Result<DataFrame> {
        let task = self.ages()?;
        let groups = self.read_groups()?.required()?;
        engine::table(&task, &groups.single, self.draws())
    }

    /// The same for every crossing of the group columns.
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn by_intersection(&self) -> Result<DataFrame> {
        let task = self.ages()?;
        let finest = self.read_groups()?.required()?.finest();
        engine::table(&task, finest.as_slice(), self.draws())
    }

    /// Largest gaps between groups, in the columns of [`Audit::gaps`](super::Audit::gaps); the criterion is the
    /// metric. The permutation test of `mae_std` exchanges images of the same age bin only.
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn gaps(&self) -> Result<DataFrame> {
        let task = self.ages()?;
        let factors = self.read_groups()?.required()?.all();
        gaps::gaps(&task, &factors, self.min_size, self.draws())
    }

    /// Each group minus the group `reference`, in the columns of
    /// [`Audit::differences`](super::Audit::differences).
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group), and [`Error::Argument`] for a factor or group that does not exist.
    pub fn differences(
        &self,
        factor: &str,
        reference: &str,
        metric: AgeMetric,
    ) -> Result<DataFrame> {
        let task = self.only(metric).ages()?;
        let factor = self.read_groups()?.required()?.named(factor)?;
        let measure = first(&task, &factor)?;
        compare::differences(&measure, &factor, reference, self.draws())
    }

    /// This model and another, whose predicted ages are the column `other`, on the same images, in the columns of
    /// [`Audit::against`](super::Audit::against); `mae_std` cannot be compared so.
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`] for `mae_std`.
    pub fn against(&self, other: &str, metric: AgeMetric) -> Result<DataFrame> {
        if metric == AgeMetric::MaeStd {
            return Err(Error::argument(
                "metric",
                metric.name(),
                "une autre mesure : deux modèles sur les mêmes images ont les mêmes âges, la MAE suffit",
            ));
        }
        let tasks = [
            self.only(metric).ages()?,
            self.only(metric).prediction(other).ages()?,
        ];
        let mut factors = vec![Factor::whole(tasks[0].rows())];
        factors.extend(self.read_groups()?.all());
        let [one, two] = [
            first(&tasks[0], &factors[0])?,
            first(&tasks[1], &factors[0])?,
        ];
        compare::against([&one, &two], &factors, self.draws())
    }

    /// One metric along a known factor, in the columns of [`Audit::by_factor`](super::Audit::by_factor).
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`] for fewer than two classes.
    pub fn by_factor(&self, column: &str, metric: AgeMetric, classes: usize) -> Result<DataFrame> {
        let task = self.only(metric).ages()?;
        let classes = read_classes(&self.frame, column, classes)?;
        let measure = first(&task, &classes.factor)?;
        engine::by_class(&measure, &classes, self.draws())
    }

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
        let task = self.ages()?;
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

    fn only(&self, metric: AgeMetric) -> Self {
        self.clone().metrics(&[metric])
    }

    fn read_groups(&self) -> Result<Groups> {
        Groups::read(&self.frame, &self.groups)
    }

    fn draws(&self) -> Draws {
        Draws::new(self.seed, self.resamples)
    }

    fn ages(&self) -> Result<Ages> {
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
            metrics: self.metrics.clone(),
        })
    }
}
