//! Yes / no answers, group by group.

use polars::prelude::DataFrame;

use super::{
    columns::{Classes, Factor},
    compare, curves,
    engine::{self, Groups, Task},
    gaps,
    outcomes::{Columns, Outcomes, no_score},
    shared::{RESAMPLES, SEED, shared_by_audits},
};
use crate::{error::Result, fairness::stats::Draws, metrics::Metric};

/// A classifier's yes / no answers, looked at group by group.
///
/// # What it is
/// One frame, one line an image, as [`predict`](crate::train::predict) makes it: what is true (`y_true`), what a model
/// answers (a column of 0 and 1, or a column of scores), and columns of groups. An `Audit` says which column is which; its methods
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
/// [`threshold`](Self::threshold) on, and AUC and ECE are measured too. A frame of [`predict`](crate::train::predict) needs
/// neither: its column `score` is taken.
#[derive(Clone, Debug)]
pub struct Audit {
    frame: DataFrame,
    columns: Columns,
    groups: Vec<String>,
    keep_order: bool,
    metrics: Option<Vec<Metric>>,
    min_size: usize,
    resamples: usize,
    seed: u64,
}

impl Audit {
    /// An audit of `frame`: label in `y_true`, scores in `score` or else answers in `y_pred` where nothing else is said (scores
    /// too, when it holds fractions, as [`predictions`](crate::train::predictions) of probabilities does), threshold ½, the metrics of [`Metric::AUDITED`], ten calibration bins, 2000 resamples, seed 42. The frame is not
    /// copied.
    pub fn new(frame: &DataFrame) -> Self {
        Self {
            frame: frame.clone(),
            columns: Columns::default(),
            groups: Vec::new(),
            keep_order: false,
            metrics: None,
            min_size: 1,
            resamples: RESAMPLES,
            seed: SEED,
        }
    }

    /// The column of what is true: booleans, or 0 and 1. Default: `y_true`.
    #[must_use]
    pub fn label(mut self, column: &str) -> Self {
        self.columns.label = column.to_owned();
        self
    }

    /// The column of answers: booleans, or 0 and 1. Without it, answers come from the scores.
    #[must_use]
    pub fn prediction(mut self, column: &str) -> Self {
        self.columns.prediction = Some(column.to_owned());
        self
    }

    /// The column of scores: the probability, in [0, 1], that the image is positive.
    #[must_use]
    pub fn score(mut self, column: &str) -> Self {
        self.columns.score = Some(column.to_owned());
        self
    }

    /// The score from which the answer is « yes », in [0, 1]; only used without
    /// [`prediction`](Self::prediction). Default: 0.5.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.columns.threshold = threshold;
        self
    }

    /// Number of calibration bins, from 2 to 100: with ten, [0, 0.1], ]0.1, 0.2] … ]0.9, 1].
    /// Fewer images a bin make the ECE larger by chance alone. Default: 10.
    #[must_use]
    pub fn bins(mut self, bins: usize) -> Self {
        self.columns.bins = bins;
        self
    }

    shared_by_audits!(Metric);

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
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`](crate::Error::Argument) without scores.
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
    /// Those of [`by_group`](Self::by_group); [`Error::Argument`](crate::Error::Argument) without scores.
    pub fn roc(&self) -> Result<DataFrame> {
        let (task, factors) = self.with_scores()?;
        curves::roc(&task, &factors)
    }

    fn with_scores(&self) -> Result<(Outcomes, Vec<Factor>)> {
        let task = self.task()?;
        if task.answers.score.is_none() {
            return Err(no_score("une courbe"));
        }
        let mut factors = vec![Factor::whole(task.rows())];
        factors.extend(self.read_groups()?.single);
        Ok((task, factors))
    }

    fn task(&self) -> Result<Outcomes> {
        Outcomes::read(
            &self.frame,
            &self.columns,
            self.metrics.as_deref(),
            self.resamples,
        )
    }

    /// The same audit of another model, whose column is `other`: of answers when this audit has a
    /// [`prediction`](Self::prediction) column, of scores otherwise.
    fn with_other(&self, other: &str, metric: Metric) -> Result<Self> {
        let named = self.columns.on(&self.frame);
        Ok(match named.prediction.is_some() && !metric.needs_score() {
            true => self.clone().prediction(other),
            false => self.clone().score(other),
        })
    }
}
