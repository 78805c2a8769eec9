//! The metric that choices are made by: which epoch is best, when to stop, when to slow down.

use crate::{
    error::{Error, Result},
    metrics::{Spec, Worst},
};

/// A metric of the validation, and whether more of it is better.
///
/// ```
/// use visages::train::ValidationTarget;
/// let target = ValidationTarget::highest("exactitude");
/// assert!(target.prefers(0.9, 0.8));
///
/// use visages::metrics::{AgeMetric, Metric};
/// assert_eq!(ValidationTarget::of(AgeMetric::Mae)?, ValidationTarget::lowest("mae"));
/// assert!(ValidationTarget::of(Metric::MeanScore).is_err());
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationTarget {
    metric: String,
    highest: bool,
}

impl ValidationTarget {
    /// The epoch where `metric` is lowest is best: a loss, an error.
    pub fn lowest(metric: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            highest: false,
        }
    }

    /// The epoch where `metric` is highest is best: an accuracy.
    pub fn highest(metric: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            highest: true,
        }
    }

    /// The best epoch by a metric that has a better end: its highest value for an accuracy, its lowest for an error.
    ///
    /// # Errors
    /// [`Error::Argument`] for a metric of which neither end is better by itself, such as a signed error.
    pub fn of(metric: impl Into<Spec>) -> Result<Self> {
        let spec: Spec = metric.into();
        match spec.worst {
            Worst::Lowest => Ok(Self::highest(spec.name)),
            Worst::Highest => Ok(Self::lowest(spec.name)),
            Worst::Farthest | Worst::Neither => Err(Error::argument(
                "metric",
                spec.name,
                "une mesure dont un bout est le meilleur, par exemple Metric::Accuracy ou AgeMetric::Mae",
            )),
        }
    }

    /// Name of the metric.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// Whether `value` is better than `other`; what is not a number is never better.
    pub fn prefers(&self, value: f64, other: f64) -> bool {
        match self.highest {
            true => value > other,
            false => value < other,
        }
    }

    /// Whether `value` is better than `best` by more than `min_delta`; anything is better than nothing.
    pub(super) fn improves(&self, value: f64, best: Option<f64>, min_delta: f64) -> bool {
        let Some(best) = best else {
            return !value.is_nan();
        };
        match self.highest {
            true => value > best + min_delta,
            false => value < best - min_delta,
        }
    }
}

impl std::fmt::Display for ValidationTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = if self.highest {
            "la plus haute"
        } else {
            "la plus basse"
        };
        write!(f, "« {} » {side}", self.metric)
    }
}

/// Ends a training whose validation no longer improves, and gives back the weights of its best epoch: Keras'
/// `EarlyStopping` with `restore_best_weights`.
///
/// The training ends after the first epoch at which the metric has not improved for `patience` epochs. Whether it ends
/// there or goes to its last epoch, the weights that come back are those of the best one.
///
/// # Source
/// Keras 3, `keras.callbacks.EarlyStopping`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// Epochs without improvement after which the training ends, at least 1.
    pub patience: u32,
    /// Smallest change that counts as an improvement, 0 by default.
    pub min_delta: f64,
}

impl EarlyStopping {
    /// Ends after `patience` epochs without improvement.
    pub fn new(patience: u32) -> Self {
        Self {
            patience,
            min_delta: 0.0,
        }
    }

    /// Sets the smallest change that counts as an improvement.
    pub fn with_min_delta(mut self, min_delta: f64) -> Self {
        self.min_delta = min_delta;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.patience == 0 {
            return Err(Error::argument(
                "patience",
                self.patience,
                "au moins une époque",
            ));
        }
        check_delta(self.min_delta)
    }
}

/// Divides the learning rate when validation no longer improves: Keras' `ReduceLROnPlateau`.
///
/// After `patience` epochs without improvement the rate is multiplied by `factor`, then the count starts again. A
/// schedule, if there is one, is multiplied by what was reached.
///
/// # Source
/// Keras 3, `keras.callbacks.ReduceLROnPlateau`, without its cool-down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// What the rate is multiplied by, in ]0, 1[, 0.1 by default.
    pub factor: f64,
    /// Epochs without improvement after which it is, at least 1, 10 by default.
    pub patience: u32,
    /// Smallest change that counts as an improvement, 1e-4 by default.
    pub min_delta: f64,
    /// The rate is never made smaller than this, 0 by default.
    pub min_learning_rate: f64,
}

impl ReduceOnPlateau {
    /// Keras' defaults: a tenth after ten epochs without an improvement of 1e-4.
    pub fn new() -> Self {
        Self {
            factor: 0.1,
            patience: 10,
            min_delta: 1e-4,
            min_learning_rate: 0.0,
        }
    }

    /// Sets what the rate is multiplied by.
    pub fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Sets the number of epochs without improvement.
    pub fn with_patience(mut self, patience: u32) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the smallest change that counts as an improvement.
    pub fn with_min_delta(mut self, min_delta: f64) -> Self {
        self.min_delta = min_delta;
        self
    }

    /// Sets the smallest learning rate.
    pub fn with_min_learning_rate(mut self, min_learning_rate: f64) -> Self {
        self.min_learning_rate = min_learning_rate;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(self.factor > 0.0 && self.factor < 1.0) {
            return Err(Error::argument(
                "factor",
                self.factor,
                "un nombre entre 0 et 1, par exemple 0.1",
            ));
        }
        if self.patience == 0 {
            return Err(Error::argument(
                "patience",
                self.patience,
                "au moins une époque",
            ));
        }
        if !(self.min_learning_rate.is_finite() && self.min_learning_rate >= 0.0) {
            return Err(Error::argument(
                "min_learning_rate",
                self.min_learning_rate,
                "un nombre positif ou nul",
            ));
        }
        check_delta(self.min_delta)
    }
}

impl Default for ReduceOnPlateau {
    fn default() -> Self {
        Self::new()
    }
}

fn check_delta(min_delta: f64) -> Result<()> {
    match min_delta.is_finite() && min_delta >= 0.0 {
        true => Ok(()),
        false => Err(Error::argument(
            "min_delta",
            min_delta,
            "un nombre positif ou nul",
        )),
    }
}
