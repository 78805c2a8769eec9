//! Settings and result of a training.

use std::path::{Path, PathBuf};

use burn::lr_scheduler::LrSchedulerConfig;

use super::{
    AdamConfig, Clipping, EarlyStopping, History, OptimizerConfig, Penalty, ReduceOnPlateau,
    Schedule, Traced, ValidationTarget,
};
use crate::{
    error::{Error, Result},
    french::duration,
    host::StopFlag,
    ready::always_ready,
};

/// Settings of a training; the defaults are those of the debiasing lab's original.
///
/// # Example
/// ```
/// use visages::{burn::lr_scheduler::step::StepLrSchedulerConfig, train::*};
///
/// let config = FitConfig::new().with_epochs(1).with_seed(7);
/// assert_eq!(config.batch_size, 32);
/// // A tenth of the rate every ten epochs, five epochs of patience on the validated accuracy.
/// let config = FitConfig::new()
///     .with_epochs(50)
///     .with_optimizer(SgdConfig::new().with_momentum(0.9))
///     .with_epoch_schedule(StepLrSchedulerConfig::new(0.01, 10))
///     .with_target(ValidationTarget::highest("exactitude"))
///     .with_early_stopping(EarlyStopping::new(5));
/// ```
#[derive(Clone, Debug)]
pub struct FitConfig {
    /// Passes over the training images, 2 by default.
    pub epochs: u32,
    /// Images a step, an even number, half of them faces; 32 by default.
    pub batch_size: usize,
    /// Learning rate, 5e-4 by default; a schedule takes its place.
    pub learning_rate: f64,
    /// The optimizer, Adam with Keras' ε = 1e-7 by default.
    pub optimizer: OptimizerConfig,
    /// Plan of the learning rate, none by default.
    pub schedule: Option<Schedule>,
    /// Reduces the learning rate when validation no longer improves; not by default.
    pub plateau: Option<ReduceOnPlateau>,
    /// Ends the training when validation no longer improves and gives back its best weights; not by default.
    pub early_stopping: Option<EarlyStopping>,
    /// The metric of the validation that choices are made by; the lowest « perte » by default.
    pub target: Option<ValidationTarget>,
    /// Penalties on the kernels of layers, none by default.
    pub penalties: Vec<Penalty>,
    /// How gradients that are too large are made smaller; not by default.
    pub clipping: Option<Clipping>,
    /// Seed of the order of the images and of the device's generator, 0 by default.
    pub seed: u64,
    /// Stops after this many steps, whatever the epochs; no limit by default.
    pub max_steps: Option<usize>,
    /// Smoothing of the loss curve, 0.99 by default; see [`LossHistory`](super::LossHistory).
    pub smoothing_factor: f64,
    /// Whether progress lines are printed, `true` by default.
    pub progress: bool,
    /// Raised by someone else to stop the loop between two steps.
    pub stop: StopFlag,
    /// Folder where the state is saved after every epoch; none by default.
    pub checkpoints: Option<PathBuf>,
    /// Whether to go on from the last checkpoint rather than to start from zero; `false` by default.
    pub resume: bool,
}

impl FitConfig {
    /// The original's settings: 2 epochs, batches of 32, learning rate 5e-4, smoothing 0.99.
    pub fn new() -> Self {
        Self {
            epochs: 2,
            batch_size: 32,
            learning_rate: 5e-4,
            optimizer: AdamConfig::new().with_epsilon(1e-7).into(),
            schedule: None,
            plateau: None,
            early_stopping: None,
            target: None,
            penalties: Vec::new(),
            clipping: None,
            seed: 0,
            max_steps: None,
            smoothing_factor: 0.99,
            progress: true,
            stop: StopFlag::new(),
            checkpoints: None,
            resume: false,
        }
    }

    /// Sets the number of passes over the training images.
    pub fn with_epochs(mut self, epochs: u32) -> Self {
        self.epochs = epochs;
        self
    }

    /// Sets the number of images a step.
    pub fn with_batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Sets the learning rate.
    pub fn with_learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// Sets the optimizer.
    pub fn with_optimizer(mut self, optimizer: impl Into<OptimizerConfig>) -> Self {
        self.optimizer = optimizer.into();
        self
    }

    /// Has the learning rate follow one of burn's plans, one move a step.
    pub fn with_schedule(mut self, plan: impl Into<LrSchedulerConfig>) -> Self {
        let (plan, by_epoch) = (plan.into(), false);
        self.schedule = Some(Schedule { plan, by_epoch });
        self
    }

    /// Has the learning rate follow one of burn's plans, one move an epoch.
    pub fn with_epoch_schedule(mut self, plan: impl Into<LrSchedulerConfig>) -> Self {
        let (plan, by_epoch) = (plan.into(), true);
        self.schedule = Some(Schedule { plan, by_epoch });
        self
    }

    /// Has the learning rate reduced when validation no longer improves.
    pub fn with_plateau(mut self, plateau: ReduceOnPlateau) -> Self {
        self.plateau = Some(plateau);
        self
    }

    /// Has the training end when validation no longer improves, and its best weights given back.
    pub fn with_early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.early_stopping = Some(early_stopping);
        self
    }

    /// Sets the metric of the validation that choices are made by.
    pub fn with_target(mut self, target: ValidationTarget) -> Self {
        self.target = Some(target);
        self
    }

    /// Adds a penalty on kernels.
    pub fn with_penalty(mut self, penalty: Penalty) -> Self {
        self.penalties.push(penalty);
        self
    }

    /// Sets how gradients that are too large are made smaller.
    pub fn with_clipping(mut self, clipping: Clipping) -> Self {
        self.clipping = Some(clipping);
        self
    }

    /// Sets the seed.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Limits the number of steps.
    pub fn with_max_steps(mut self, max_steps: usize) -> Self {
        self.max_steps = Some(max_steps);
        self
    }

    /// Sets the smoothing of the loss curve.
    pub fn with_smoothing_factor(mut self, smoothing_factor: f64) -> Self {
        self.smoothing_factor = smoothing_factor;
        self
    }

    /// Sets whether progress lines are printed.
    pub fn with_progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self
    }

    /// Saves the state after every epoch under `folder`, in a folder per training (model,
    /// configuration, data, seed). A training still starts from zero unless [`resume`](Self::resume)
    /// is asked for.
    pub fn with_checkpoints(mut self, folder: impl AsRef<Path>) -> Self {
        self.checkpoints = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Goes on from the last checkpoint of the same training, or refuses with what differs. The
    /// number of epochs, over all, may be raised.
    pub fn resume(mut self) -> Self {
        self.resume = true;
        self
    }

    /// Shares a stop flag with the loop.
    pub fn with_stop(mut self, stop: StopFlag) -> Self {
        self.stop = stop;
        self
    }

    /// Name and value of the settings that change the weights; the batch size is the task's.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let shown = |what: Option<String>| what.unwrap_or_else(|| "aucun".to_owned());
        let debug =
            |what: Option<&dyn std::fmt::Debug>| shown(what.map(|what| format!("{what:?}")));
        let target = self.target.as_ref().map(ToString::to_string);
        [
            (
                "taux d'apprentissage (learning_rate)",
                self.learning_rate.to_string(),
            ),
            ("optimiseur (optimizer)", format!("{:?}", self.optimizer)),
            (
                "plan du taux d'apprentissage (schedule)",
                debug(self.schedule.as_ref().map(|plan| plan as _)),
            ),
            (
                "réduction sur un plateau (plateau)",
                debug(self.plateau.as_ref().map(|plateau| plateau as _)),
            ),
            (
                "arrêt anticipé (early_stopping)",
                debug(self.early_stopping.as_ref().map(|stopping| stopping as _)),
            ),
            ("mesure suivie (target)", shown(target)),
            (
                "pénalités (penalties)",
                debug((!self.penalties.is_empty()).then_some(&self.penalties as _)),
            ),
            (
                "rognage des gradients (clipping)",
                debug(self.clipping.as_ref().map(|clipping| clipping as _)),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Checks what the loop itself uses; the loader checks the batch size.
    pub(super) fn check(&self) -> Result<()> {
        if self.epochs == 0 {
            return Err(Error::argument(
                "epochs",
                self.epochs,
                "au moins une époque",
            ));
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return Err(Error::argument(
                "learning_rate",
                self.learning_rate,
                "un nombre positif, par exemple 5e-4",
            ));
        }
        if let Some(plateau) = &self.plateau {
            plateau.check()?;
        }
        if let Some(early_stopping) = &self.early_stopping {
            early_stopping.check()?;
        }
        if let Some(clipping) = self.clipping {
            clipping.check()?;
        }
        if self.resume && self.checkpoints.is_none() {
            return Err(Error::argument(
                "resume",
                self.resume,
                "pour reprendre un entraînement, indiquez aussi son dossier : .with_checkpoints(\"…\")",
            ));
        }
        Ok(())
    }
}

impl Default for FitConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What a training returns.
#[derive(Clone)]
pub struct Fitted<M> {
    /// The trained model, plain (evaluation mode, without autodiff); with early stopping, as it was after its best epoch.
    pub model: M,
    /// The loss of every step, and what validation measured.
    pub history: History,
    /// Duration of the loop, in seconds.
    pub seconds: f64,
    /// Whether the reader or the stop flag ended the loop before its term.
    pub stopped: bool,
    /// Whether early stopping did.
    pub stopped_early: bool,
    /// The epoch (from 1) whose weights came back, with early stopping.
    pub best_epoch: Option<u32>,
}

impl<M> Traced for Fitted<M> {
    fn history(&self) -> &History {
        &self.history
    }
}

always_ready! { {M} Fitted<M> }

// A derived `Debug` would print the whole model at the end of a cell.
impl<M> std::fmt::Debug for Fitted<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stopped = if self.stopped { ", arrêté" } else { "" };
        write!(
            f,
            "Fitted({:?} en {}{stopped})",
            self.history,
            duration(self.seconds)
        )
    }
}
