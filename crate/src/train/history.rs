//! The loss, step after step.

use polars::prelude::{DataFrame, df};

use crate::{
    error::{Error, Result},
    french::compact,
    host::TrainingTrace,
};

/// Exponentially smoothed series of losses, as `mdl.util.LossHistory` of MIT 6.S191:
/// `s₁ = x₁`, then `sₜ = α·sₜ₋₁ + (1 − α)·xₜ`.
///
/// The first loss is kept whole (no bias correction), so with α = 0.99 the curve needs a few hundred
/// steps to leave it.
#[derive(Clone, Debug)]
pub struct LossHistory {
    smoothing_factor: f64,
    values: Vec<f64>,
}

impl LossHistory {
    /// An empty series; `smoothing_factor` is α, in [0, 1): 0 does not smooth.
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
        let smoothed = match self.values.last() {
            Some(last) => self.smoothing_factor * last + (1.0 - self.smoothing_factor) * loss,
            None => loss,
        };
        self.values.push(smoothed);
    }

    /// The smoothed losses, one a step.
    pub fn get(&self) -> &[f64] {
        &self.values
    }
}

/// What a training went through: the loss of every step, raw and smoothed.
#[derive(Clone)]
pub struct History {
    epochs: Vec<u32>,
    losses: Vec<f64>,
    smoothed: LossHistory,
}

impl History {
    /// An empty history; see [`LossHistory::new`] for the smoothing factor.
    ///
    /// # Errors
    /// [`Error::Argument`] when the factor is outside [0, 1).
    pub fn new(smoothing_factor: f64) -> Result<Self> {
        Ok(Self {
            epochs: Vec::new(),
            losses: Vec::new(),
            smoothed: LossHistory::new(smoothing_factor)?,
        })
    }

    /// Adds one step; `epoch` counts from 1.
    pub fn push(&mut self, epoch: u32, loss: f64) {
        self.epochs.push(epoch);
        self.losses.push(loss);
        self.smoothed.append(loss);
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

    /// What a host is told.
    pub(crate) fn trace(&self) -> TrainingTrace<'_> {
        TrainingTrace {
            epochs: &self.epochs,
            losses: &self.losses,
            smoothed: self.smoothed.get(),
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
}

// A derived `Debug` would print every loss at the end of a cell.
impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "History({} pas", self.len())?;
        if let (Some(first), Some(last)) = (self.losses.first(), self.losses.last()) {
            write!(f, ", perte de {} à {}", compact(*first), compact(*last))?;
        }
        write!(f, ")")
    }
}
