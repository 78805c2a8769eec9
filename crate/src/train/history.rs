//! What a training went through: the loss step after step, what validation measured epoch after epoch.

use std::path::Path;

use polars::prelude::{Column, DataFrame, NamedFrom, Series, df};

use super::ValidationTarget;
use crate::{
    error::{Error, Result},
    french::compact,
    host::{EpochPoint, TargetPoint, TrainingTrace},
    metrics::shown_name,
    ready::always_ready,
};

/// What ends the name of a measure made on the training images: « exactitude en entraînement » is drawn beside the
/// « exactitude » of the validation.
pub const ON_TRAINING: &str = " en entraînement";

/// Name of a validated loss: figures draw it beside the training loss.
pub const VALIDATION_LOSS: &str = "perte";

/// Steps from which smoothing has a hold.
const YOUNG: f64 = 10.0;

/// Exponentially smoothed series of losses: `s₁ = x₁`, then `sₜ₊₁ = αₜ·sₜ + (1 − αₜ)·xₜ₊₁` with
/// `αₜ = min(α, t / (t + 10))`.
///
/// After t steps the curve thus remembers about a tenth of them. `mdl.util.LossHistory` of MIT 6.S191, from which this
/// comes, keeps α: with its 0.99, a training of a hundred steps never leaves its first loss.
#[derive(Clone, Debug)]
pub struct LossHistory {
    smoothing_factor: f64,
    values: Vec<f64>,
}

impl LossHistory {
    /// An empty series; `smoothing_factor` is the largest α, in [0, 1): 0 does not smooth.
    ///
    /// # Errors
    /// [`Error::Argument`] when α is outside [0, 1).
    pub fn new(smoothing_factor: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&smoothing_factor) {
            return Err(Error::argument(
                "smoothing_factor",
                smoothing_factor,
                "un nombre de 0 (aucun lissage) à moins de 1",
            ));
        }
        Ok(Self {
            smoothing_factor,
            values: Vec::new(),
        })
    }

    /// Adds the loss of one step.
    pub fn append(&mut self, loss: f64) {
        let steps = self.values.len() as f64;
        let factor = self.smoothing_factor.min(steps / (steps + YOUNG));
        let smoothed = match self.values.last() {
            Some(last) => factor * last + (1.0 - factor) * loss,
            None => loss,
        };
        self.values.push(smoothed);
    }

    /// The smoothed losses, one a step.
    pub fn get(&self) -> &[f64] {
        &self.values
    }
}

/// What a training went through: the loss of every step, raw and smoothed, and what validation measured after
/// every epoch.
#[derive(Clone)]
pub struct History {
    epochs: Vec<u32>,
    losses: Vec<f64>,
    smoothed: LossHistory,
    metrics: Vec<String>,
    points: Vec<EpochPoint>,
    target: Option<ValidationTarget>,
}

impl History {
    /// An empty history; see [`LossHistory::new`] for the smoothing factor.
    ///
    /// # Errors
    /// [`Error::Argument`] when the factor is outside [0, 1).
    pub fn new(smoothing_factor: f64) -> Result<Self> {
        LossHistory::new(smoothing_factor)?;
        Ok(Self::smoothed_by(smoothing_factor))
    }

    /// An empty history smoothed by a factor known to be in [0, 1).
    pub(super) fn smoothed_by(smoothing_factor: f64) -> Self {
        Self {
            epochs: Vec::new(),
            losses: Vec::new(),
            smoothed: LossHistory {
                smoothing_factor,
                values: Vec::new(),
            },
            metrics: Vec::new(),
            points: Vec::new(),
            target: None,
        }
    }

    /// Sets the metric by which epochs are compared; the lowest « perte » when none is set and there is one.
    pub fn with_target(mut self, target: ValidationTarget) -> Self {
        self.target = Some(target);
        self
    }

    /// Adds one step; `epoch` counts from 1.
    pub fn push(&mut self, epoch: u32, loss: f64) {
        self.epochs.push(epoch);
        self.losses.push(loss);
        self.smoothed.append(loss);
    }

    /// Ends an epoch (from 1): the learning rate of its last step, and name and value of everything that validation
    /// measured, nothing without validation.
    ///
    /// # Errors
    /// [`Error::Argument`] when the names are not those of the epoch before, or when one comes twice.
    pub fn end_epoch<S: AsRef<str>>(
        &mut self,
        epoch: u32,
        learning_rate: f64,
        measured: &[(S, f64)],
    ) -> Result<()> {
        let names: Vec<String> = measured
            .iter()
            .map(|(name, _)| name.as_ref().to_owned())
            .collect();
        if let Some(twice) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
            return Err(Error::argument(
                "validation",
                format!("« {} » deux fois", names[twice]),
                "un nom différent pour chaque mesure",
            ));
        }
        if !self.points.is_empty() && names != self.metrics {
            return Err(Error::argument(
                "validation",
                listed(&names),
                format!(
                    "les mêmes mesures à chaque époque, dans le même ordre : {}",
                    listed(&self.metrics)
                ),
            ));
        }
        self.metrics = names;
        self.points.push(EpochPoint {
            epoch,
            step: self.len(),
            learning_rate,
            values: measured.iter().map(|(_, value)| *value).collect(),
        });
        Ok(())
    }

    /// Adds what validation measured after the last step, within an epoch or before the first step: name and value of
    /// each. A second measure after the same step replaces the first.
    ///
    /// # Errors
    /// Those of [`end_epoch`](Self::end_epoch).
    pub fn validate<S: AsRef<str>>(
        &mut self,
        learning_rate: f64,
        measured: &[(S, f64)],
    ) -> Result<()> {
        let epoch = self.epochs.last().copied().unwrap_or(1);
        let again = |point: &EpochPoint| point.step == self.losses.len();
        let replaced = self.points.pop_if(|point| again(point));
        let added = self.end_epoch(epoch, learning_rate, measured);
        if added.is_err() {
            self.points.extend(replaced);
        }
        added
    }

    /// Takes what an earlier run went through.
    pub(super) fn refill(
        &mut self,
        epochs: &[u32],
        losses: &[f64],
        metrics: Vec<String>,
        points: Vec<EpochPoint>,
    ) {
        for (&epoch, &loss) in epochs.iter().zip(losses) {
            self.push(epoch, loss);
        }
        (self.metrics, self.points) = (metrics, points);
    }

    /// Number of steps made.
    pub fn len(&self) -> usize {
        self.losses.len()
    }

    /// Whether no step was made.
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }

    /// The epoch of every step, from 1.
    pub fn epochs(&self) -> &[u32] {
        &self.epochs
    }

    /// The mean loss of the batch at every step.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The smoothed loss at every step.
    pub fn smoothed(&self) -> &[f64] {
        self.smoothed.get()
    }

    /// Names of what validation measures.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// The epochs that were finished, with what validation measured.
    pub fn points(&self) -> &[EpochPoint] {
        &self.points
    }

    /// What validation measured under this name, one value an epoch.
    ///
    /// # Errors
    /// [`Error::Argument`] when nothing has this name, with the names there are.
    pub fn validation(&self, metric: &str) -> Result<Vec<f64>> {
        let at = self.metric(metric)?;
        Ok(self.points.iter().map(|point| point.values[at]).collect())
    }

    /// The epoch (from 1) that did best on the metric choices are made by; none without such a metric.
    pub fn best_epoch(&self) -> Option<u32> {
        let best = self.target_point()?.best?;
        Some(self.points[best].epoch)
    }

    /// The step (from 1; 0 is before the first) after which validation did best on the metric choices are made by; none
    /// without such a metric.
    pub fn best_step(&self) -> Option<usize> {
        let best = self.target_point()?.best?;
        Some(self.points[best].step)
    }

    /// The metric that choices are made by, once validation has measured it.
    pub(super) fn chosen(&self) -> Option<(usize, ValidationTarget)> {
        let target = match &self.target {
            Some(target) => target.clone(),
            None => ValidationTarget::lowest(VALIDATION_LOSS),
        };
        let at = self
            .metrics
            .iter()
            .position(|metric| metric == target.metric());
        Some((at?, target))
    }

    fn target_point(&self) -> Option<TargetPoint> {
        let (metric, target) = self.chosen()?;
        let mut best: Option<(usize, f64)> = None;
        for (at, point) in self.points.iter().enumerate() {
            let value = point.values[metric];
            if !value.is_nan() && best.is_none_or(|(_, kept)| target.prefers(value, kept)) {
                best = Some((at, value));
            }
        }
        Some(TargetPoint {
            metric,
            best: best.map(|(at, _)| at),
        })
    }

    /// The place of a metric.
    fn metric(&self, name: &str) -> Result<usize> {
        let found = self.metrics.iter().position(|metric| metric == name);
        found.ok_or_else(|| {
            Error::argument(
                "metric",
                format!("« {name} »"),
                match self.metrics.is_empty() {
                    true => "cet entraînement n'a pas de validation".to_owned(),
                    false => format!("une mesure de la validation : {}", listed(&self.metrics)),
                },
            )
        })
    }

    /// What a host is told.
    pub(crate) fn trace(&self) -> TrainingTrace<'_> {
        TrainingTrace {
            epochs: &self.epochs,
            losses: &self.losses,
            smoothed: self.smoothed.get(),
            metrics: &self.metrics,
            points: &self.points,
            target: self.target_point(),
        }
    }

    /// The history as a frame, one row a step.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `step` | u32 | step, from 1, over the whole training |
    /// | `epoch` | u32 | epoch, from 1 |
    /// | `loss` | f64 | mean loss of the batch |
    /// | `smoothed` | f64 | smoothed loss, see [`LossHistory`] |
    ///
    /// # Errors
    /// [`Error::Frame`] when polars refuses the columns.
    pub fn frame(&self) -> Result<DataFrame> {
        let steps: Vec<u32> = (1..).take(self.len()).collect();
        Ok(df!(
            "step" => steps,
            "epoch" => &self.epochs,
            "loss" => &self.losses,
            "smoothed" => self.smoothed.get(),
        )?)
    }

    /// The history as a frame, one row a finished epoch, or a validation within one.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `epoch` | u32 | epoch, from 1 |
    /// | `steps` | u32 | steps made up to there, over the whole training |
    /// | `learning_rate` | f64 | learning rate of its last step |
    /// | `loss` | f64 | mean of the losses of its steps up to there |
    /// | `validation_…` | f64 | what validation measured, one column a metric, under its name |
    /// | `training_…` | f64 | what was measured on training images, see [`ON_TRAINING`] |
    ///
    /// # Errors
    /// [`Error::Frame`] when polars refuses the columns.
    pub fn epoch_frame(&self) -> Result<DataFrame> {
        let points = &self.points;
        let steps: Vec<u32> = points.iter().map(|point| point.step as u32).collect();
        let mut frame = df!(
            "epoch" => points.iter().map(|point| point.epoch).collect::<Vec<_>>(),
            "steps" => steps,
            "learning_rate" => points.iter().map(|point| point.learning_rate).collect::<Vec<_>>(),
            "loss" => self.epoch_losses(),
        )?;
        for (at, metric) in self.metrics.iter().enumerate() {
            let values: Vec<f64> = points.iter().map(|point| point.values[at]).collect();
            let series = Series::new(validation_column(metric).into(), values);
            frame.with_column(Column::from(series))?;
        }
        Ok(frame)
    }

    /// Writes [`epoch_frame`](Self::epoch_frame) as CSV: a line of names, then one an epoch, numbers with a decimal
    /// point and all their digits.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |error: csv::Error| Error::io("écrire le fichier", path, error.into());
        let mut writer = csv::Writer::from_path(path).map_err(failed)?;
        let mut names = ["epoch", "steps", "learning_rate", "loss"]
            .map(str::to_owned)
            .to_vec();
        names.extend(self.metrics.iter().map(|metric| validation_column(metric)));
        writer.write_record(&names).map_err(failed)?;
        for (point, loss) in self.points.iter().zip(self.epoch_losses()) {
            let mut row = vec![point.epoch.to_string(), point.step.to_string()];
            let values = [point.learning_rate, loss].into_iter();
            row.extend(
                values
                    .chain(point.values.iter().copied())
                    .map(|value| value.to_string()),
            );
            writer.write_record(&row).map_err(failed)?;
        }
        writer
            .flush()
            .map_err(|error| Error::io("écrire le fichier", path, error))
    }

    /// The mean loss of the steps of each finished epoch.
    fn epoch_losses(&self) -> Vec<f64> {
        self.points
            .iter()
            .map(|point| {
                let made = self.epochs[..point.step].iter().rev();
                let count = made.take_while(|epoch| **epoch == point.epoch).count();
                let losses = &self.losses[point.step - count..point.step];
                losses.iter().sum::<f64>() / count as f64
            })
            .collect()
    }
}

/// Something that keeps the history of a training: the history itself, or what a loop returned.
pub trait Traced {
    /// What the training went through.
    fn history(&self) -> &History;
}

impl Traced for History {
    fn history(&self) -> &History {
        self
    }
}

always_ready! { History }

fn validation_column(metric: &str) -> String {
    match metric.strip_suffix(ON_TRAINING) {
        Some(metric) => format!("training_{metric}"),
        None => format!("validation_{metric}"),
    }
}

/// Names between guillemets, or that there is none.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    match names.is_empty() {
        true => "aucune".to_owned(),
        false => names
            .iter()
            .map(|name| format!("« {} »", name.as_ref()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

// A derived `Debug` would print every loss at the end of a cell.
impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "History({} pas", self.len())?;
        if let (Some(first), Some(last)) = (self.losses.first(), self.losses.last()) {
            write!(f, ", perte de {} à {}", compact(*first), compact(*last))?;
        }
        if let Some(point) = self.points.last() {
            let measured = self.metrics.iter().zip(&point.values);
            for (metric, value) in measured.filter(|(metric, _)| !metric.ends_with(ON_TRAINING)) {
                let metric = shown_name(metric);
                write!(f, ", {metric} en validation {}", compact(*value))?;
            }
        }
        write!(f, ")")
    }
}
