//! Measures by group from one frame of labels, answers and group columns.

mod age_errors;
mod ages;
mod columns;
mod compare;
mod curves;
mod engine;
mod gaps;
mod outcomes;

pub use ages::AgeAudit;
pub(crate) use columns::{Factor, find, numbers};

use polars::prelude::DataFrame;

use self::{
    columns::Classes,
    engine::{Groups, Measure, Task},
    outcomes::{Outcomes, no_score},
};
use super::{metric::Metric, stats::Draws};
use crate::error::{Error, Result};

/// Number of resamples and of permutations, unless told otherwise.
const RESAMPLES: usize = 2000;
/// Seed, unless told otherwise: that of the sessions.
const SEED: u64 = 42;

/// A classifier's yes / no answers, looked at group by group.
///
/// # What it is
/// One frame, one line an image: what is true (`y_true`), what a model answers (a column of 0 and 1, or
/// a column of scores), and columns of groups. An `Audit` says which column is which; its methods
/// measure. Every result is a Polars frame with the columns told below, every measure has its number
/// of images and a 95 % interval, and what cannot be measured is an empty cell with a `note` in French,
/// never a wrong number.
///
/// # Intervals and tests
/// - Rates (accuracy, selection rate, TPR, FPR, TNR, FNR, precision): Wilson's score interval; their
///   differences: Newcombe's.
/// - AUC and its differences: BCa bootstrap with [`resamples`](Self::resamples) draws within each group and
///   each class, so that no draw lacks one; none with fewer than 10 positives or 10 negatives, whose chance so few draws
///   cannot show.
/// - ECE: a cautious bootstrap interval, which holds 0 for a well calibrated model; none for its differences,
///   because chance enlarges the ECE of small groups more. The permutation test remains right.
/// - Largest gap between groups ([`gaps`](Self::gaps)): an interval that holds for all pairs of groups
///   at once, and a permutation test: how often would groups drawn at random be that far apart?
/// - p-values of one frame are corrected by Holm's method for their number: read `p_holm`.
/// - `small` flags what rests on fewer than 30 images; an AUC alone, on fewer than 30 positives or 30 negatives.
///
/// Two intervals that overlap do not show that two groups are equal, nor two that don't how far apart they are:
/// [`differences`](Self::differences) answers that.
///
/// # Tutorial
/// Eight images, two groups:
/// ```
/// use visages::prelude::*;
///
/// let frame = df!(
///     "y_true" => [1, 1, 0, 0, 1, 1, 0, 0],
///     "y_pred" => [1, 1, 0, 0, 1, 0, 1, 0],
///     "tone"   => ["I", "I", "I", "I", "VI", "VI", "VI", "VI"],
/// )?;
/// let audit = Audit::new(&frame).label("y_true").prediction("y_pred").groups(&["tone"]);
///
/// // One line a group: half of the positives of group VI are found, all those of group I.
/// let by_group = audit.by_group()?;
/// assert_eq!(by_group.column("tpr")?.f64()?.get(0), Some(1.0));
/// assert_eq!(by_group.column("tpr")?.f64()?.get(1), Some(0.5));
/// // Two positives only: the interval says how little that proves.
/// assert!(by_group.column("tpr_high")?.f64()?.get(1) > Some(0.9));
///
/// // The gaps that have a name, and their test.
/// let gaps = audit.metrics(&[Metric::SelectionRate, Metric::Tpr, Metric::Fpr]).gaps()?;
/// let names: Vec<_> = gaps.column("criterion")?.str()?.iter().flatten().collect();
/// assert_eq!(names, ["demographic_parity", "equal_opportunity", "fpr", "equalized_odds"]);
/// let difference: Vec<_> = gaps.column("difference")?.f64()?.iter().flatten().collect();
/// assert_eq!(difference, [0.0, 0.5, 0.5, 0.5]);
/// // Groups of four images drawn at random are often that far apart.
/// assert!(gaps.column("p_holm")?.f64()?.min() > Some(0.2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// With scores, `.score("probability")` in place of `.prediction("y_pred")`: the answer is « yes » from
/// [`threshold`](Self::threshold) on, and AUC and ECE are measured too.
#[derive(Clone, Debug)]
pub struct Audit {
    frame: DataFrame,
    label: String,
    prediction: Option<String>,
    score: Option<String>,
    threshold: f64,
    groups: Vec<String>,
    metrics: Option<Vec<Metric>>,
    bins: usize,
    min_size: usize,
    resamples: usize,
    seed: u64,
}

impl Audit {
    /// An audit of `frame`: label in `y_true`, threshold ½, all metrics, ten calibration bins, 2000
    /// resamples, seed 42. The frame is not copied.
    pub fn new(frame: &DataFrame) -> Self {
        Self {
            frame: frame.clone(),
            label: "y_true".to_owned(),
            prediction: None,
            score: None,
            threshold: 0.5,
            groups: Vec::new(),
            metrics: None,
            bins: 10,
            min_size: 1,
            resamples: RESAMPLES,
            seed: SEED,
        }
    }

    /// The column of what is true: booleans, or 0 and 1. Default: `y_true`.
    pub fn label(mut self, column: &str) -> Self {
        self.label = column.to_owned();
        self
    }

    /// The column of answers: booleans, or 0 and 1. Without it, answers come from the scores.
    pub fn prediction(mut self, column: &str) -> Self {
        self.prediction = Some(column.to_owned());
        self
    }

    /// The column of scores: the probability, in [0, 1], that the image is positive.
    pub fn score(mut self, column: &str) -> Self {
        self.score = Some(column.to_owned());
        self
    }

    /// The score from which the answer is « yes », in [0, 1]; only used without
    /// [`prediction`](Self::prediction). Default: 0.5.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// The columns of groups: words, whole numbers or booleans.
    pub fn groups(mut self, columns: &[&str]) -> Self {
        self.groups = columns.iter().map(|&column| column.to_owned()).collect();
        self
    }

    /// What to measure, instead of everything. Default: [`Metric::ALL`].
    pub fn metrics(mut self, metrics: &[Metric]) -> Self {
        self.metrics = Some(metrics.to_vec());
        self
    }

    /// Number of calibration bins, from 2 to 100: with ten, [0, 0.1], ]0.1, 0.2] … ]0.9, 1].
    /// Fewer images a bin make the ECE larger by chance alone. Default: 10.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// Number of images below which a group is left out of [`gaps`](Self::gaps): one image alone
    /// has a rate of 0 or 1, and makes the largest gap. Default: 1, every group counts.
    pub fn min_size(mut self, images: usize) -> Self {
        self.min_size = images;
        self
    }

    /// Number of bootstrap resamples and of permutations, 100 at least. Default: 2000.
    pub fn resamples(mut self, resamples: usize) -> Self {
        self.resamples = resamples;
        self
    }

    /// Seed of everything drawn at random; the same seed gives the same numbers whatever the number
    /// of processors. Default: 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// All images together, as one line of [`by_group`](Self::by_group).
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn overall(&self) -> Result<DataFrame> {
        let task = self.outcomes()?;
        let whole = [Factor::whole(task.rows())];
        engine::table(&task, &whole, self.draws())
    }

    /// Every metric in every group, one line a group of each column.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group` | str | the column of groups, and the group |
    /// | `n` | u32 | images |
    /// | `positives`, `negatives` | u32 | images whose label is 1, 0 |
    /// | `tp`, `fp`, `tn`, `fn` | u32 | right « yes », wrong « yes », right « no », wrong « no » |
    /// | `M`, `M_low`, `M_high` | f64 | for each metric `M` ([`Metric::name`]): value and 95 % interval; empty when it does not exist |
    /// | `small` | bool | fewer than 30 images: do not compare without a test |
    /// | `note` | str | in French, why a cell is empty or doubtful |
    ///
    /// # Errors
    /// [`Error::Column`] for a column that is missing, holds an empty cell, NaN or something else than 0 and 1,
    /// or that makes no groups; [`Error::NotAProbability`] for a score; [`Error::Argument`] for a setting
    /// or an empty frame.
    pub fn by_group(&self) -> Result<DataFrame> {
        let task = self.outcomes()?;
        let groups = self.read_groups()?.required()?;
        engine::table(&task, &groups.single, self.draws())
    }

    /// The same for every crossing of the group columns (« I × femme »), in the columns of
    /// [`by_group`](Self::by_group). A crossing without images has its line: it is what no test can show.
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn by_intersection(&self) -> Result<DataFrame> {
        let task = self.outcomes()?;
        let finest = self.read_groups()?.required()?.finest();
        engine::table(&task, finest.as_slice(), self.draws())
    }

    /// Largest gaps between groups, one line a criterion for each group column, then for their crossing.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor` | str | the column of groups |
    /// | `criterion` | str | `demographic_parity` (selection rate), `equal_opportunity` (TPR), `equalized_odds` (the larger of the gaps of TPR and FPR), or the metric |
    /// | `groups` | u32 | groups that are compared |
    /// | `difference` | f64 | largest − smallest value |
    /// | `low`, `high` | f64 | 95 % interval for the gap of all pairs of groups at once; `low` is 0 when no pair is told apart |
    /// | `ratio` | f64 | smallest / largest value |
    /// | `variance` | f64 | variance of the values between groups (divisor: number of groups) |
    /// | `lowest`, `lowest_value`, `highest`, `highest_value` | str, f64 | the groups at both ends; no names when all groups are equal |
    /// | `worst` | str | the group that fares worst; empty when neither end is better |
    /// | `p_value` | f64 | permutation test: share of random groupings with such a gap |
    /// | `p_holm` | f64 | the same, corrected for the number of tests of this frame |
    /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group), for the smallest group compared |
    ///
    /// The interval is wide on purpose (Bonferroni-like): a largest gap is chosen among many, and chance
    /// alone makes one. Rates are drawn again with one success and one failure more, so that 5 out of 5
    /// may vary. The permutation test of TPR (FPR, AUC) exchanges images of the same label only.
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn gaps(&self) -> Result<DataFrame> {
        let task = self.outcomes()?;
        let factors = self.read_groups()?.required()?.all();
        gaps::gaps(&task, &factors, self.min_size, self.draws())
    }

    /// Each group of `factor` (a group column, or their crossing « tone × gender ») minus the group `reference`.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group`, `reference`, `metric` | str | what is compared |
    /// | `n`, `n_reference` | u32 | images that the metric looks at (positives, for the TPR) |
    /// | `value`, `reference_value` | f64 | the metric in both groups |
    /// | `difference`, `low`, `high` | f64 | value − reference value, 95 % interval |
    /// | `p_value`, `p_holm` | f64 | permutation test of both groups; corrected for the number of groups |
    /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group), for the smaller of both groups |
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group), and [`Error::Argument`] for a factor or group that does not exist.
    pub fn differences(&self, factor: &str, reference: &str, metric: Metric) -> Result<DataFrame> {
        let task = self.only(metric).outcomes()?;
        let factor = self.read_groups()?.required()?.named(factor)?;
        let measure = first(&task, &factor)?;
        compare::differences(&measure, &factor, reference, self.draws())
    }

    /// This model and another on the same images: all together, in each group, in each crossing.
    /// `other` is the other model's column, of answers when this audit has a
    /// [`prediction`](Self::prediction) column and of scores otherwise.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group`, `metric` | str | where (« ensemble » for all), what |
    /// | `n` | u32 | images that the metric looks at |
    /// | `value`, `other_value` | f64 | this model, the other |
    /// | `difference`, `low`, `high` | f64 | other − this one, paired 95 % bootstrap interval |
    /// | `only_first`, `only_second` | u32 | images that count in the rate with this model alone, with the other alone |
    /// | `p_value`, `p_holm` | f64 | exact McNemar test for a rate; for AUC, ECE and precision, a permutation test that exchanges the models' answers image by image |
    /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group) |
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group).
    pub fn against(&self, other: &str, metric: Metric) -> Result<DataFrame> {
        let mut second = self.only(metric);
        match (&self.prediction, metric.needs_score()) {
            (Some(_), false) => second.prediction = Some(other.to_owned()),
            _ => second.score = Some(other.to_owned()),
        }
        let tasks = [self.only(metric).outcomes()?, second.outcomes()?];
        let mut factors = vec![Factor::whole(tasks[0].rows())];
        factors.extend(self.read_groups()?.all());
        let [one, two] = [
            first(&tasks[0], &factors[0])?,
            first(&tasks[1], &factors[0])?,
        ];
        compare::against([&one, &two], &factors, self.draws())
    }

    /// One metric along a known factor (light, blur, expression…): a column of words as it is, a column of
    /// numbers cut into at most `classes` classes of about equal size.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group` | str | the column, and the class: « 0,1 à 0,25 » |
    /// | `from`, `to`, `centre` | f64 | smallest, largest and mean value of the column in the class; empty for words |
    /// | `metric` | str | what is measured |
    /// | `n` | u32 | images that the metric looks at |
    /// | `value`, `low`, `high` | f64 | the metric and its 95 % interval |
    /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group) |
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`] for fewer than two classes.
    pub fn by_factor(&self, column: &str, metric: Metric, classes: usize) -> Result<DataFrame> {
        let task = self.only(metric).outcomes()?;
        let classes = read_classes(&self.frame, column, classes)?;
        let measure = first(&task, &classes.factor)?;
        engine::by_class(&measure, &classes, self.draws())
    }

    /// What scores promise and what happens, in each bin that has images: all together, then each group of
    /// each column.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group` | str | where |
    /// | `bin` | u32 | number of the bin, from 0 |
    /// | `from`, `to` | f64 | its ends, in [0, 1] |
    /// | `n` | u32 | images of the bin |
    /// | `mean_score` | f64 | mean score |
    /// | `rate`, `low`, `high` | f64 | share of positives, 95 % Wilson interval |
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`] without scores.
    pub fn reliability(&self) -> Result<DataFrame> {
        let (task, factors) = self.with_scores()?;
        curves::reliability(&task, &factors)
    }

    /// Points of the ROC curve, from (0, 0) to (1, 1): all together, then each group of each column that
    /// has both classes.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group` | str | where |
    /// | `threshold` | f64 | answers are « yes » from this score on; `+∞` at the first point |
    /// | `fpr`, `tpr` | f64 | rates at this threshold |
    ///
    /// # Errors
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`] without scores.
    pub fn roc(&self) -> Result<DataFrame> {
        let (task, factors) = self.with_scores()?;
        curves::roc(&task, &factors)
    }

    fn with_scores(&self) -> Result<(Outcomes, Vec<Factor>)> {
        if self.score.is_none() {
            return Err(no_score("une courbe"));
        }
        let task = self.outcomes()?;
        let mut factors = vec![Factor::whole(task.rows())];
        factors.extend(self.read_groups()?.single);
        Ok((task, factors))
    }

    /// The same audit, of one metric.
    fn only(&self, metric: Metric) -> Self {
        self.clone().metrics(&[metric])
    }

    fn read_groups(&self) -> Result<Groups> {
        Groups::read(&self.frame, &self.groups)
    }

    fn draws(&self) -> Draws {
        Draws::new(self.seed, self.resamples)
    }

    fn outcomes(&self) -> Result<Outcomes> {
        Outcomes::read(self)
    }
}

/// The only measure of a task that was asked for one.
fn first(task: &impl Task, factor: &Factor) -> Result<Measure> {
    task.measures(factor)
        .pop()
        .ok_or_else(|| Error::argument("metrics", "liste vide", "au moins une mesure"))
}

fn read_classes(frame: &DataFrame, column: &str, classes: usize) -> Result<Classes> {
    match (2..=50).contains(&classes) {
        true => Classes::read(frame, column, classes),
        false => Err(Error::argument("classes", classes, "de 2 à 50 classes")),
    }
}
