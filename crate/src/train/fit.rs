//! Settings and result of a training; training a plain detector.

use std::path::{Path, PathBuf};

use burn::{optim::ModuleOptimizer, tensor::Device};

use super::{
    Classifier, History,
    epochs::{self, Training},
    train_step,
};
use crate::{
    data::{Batch, DetectionBatches, DetectionLoader},
    error::{Error, Result},
    french::duration,
    host::{self, StopFlag},
};

/// Settings of [`fit`]; the defaults are the original lab's.
///
/// # Example
/// ```
/// let config = visages::train::FitConfig::new().with_epochs(1).with_seed(7);
/// assert_eq!(config.batch_size, 32);
/// ```
#[derive(Clone, Debug)]
pub struct FitConfig {
    /// Passes over the training images, 2 by default.
    pub epochs: u32,
    /// Images a step, an even number, half of them faces; 32 by default.
    pub batch_size: usize,
    /// Learning rate of Adam, 5e-4 by default.
    pub learning_rate: f64,
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
    /// Folder where the state is saved after every epoch; none by default. See [`Checkpoints`](super::Checkpoints).
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

    /// Whether the loop should return what it has.
    pub(super) fn stops(&self) -> bool {
        self.stop.is_requested() || host::asked()
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

/// What [`fit`] returns.
#[derive(Clone)]
pub struct Fitted<M> {
    /// The trained model, plain (evaluation mode, without autodiff).
    pub model: M,
    /// The loss of every step.
    pub history: History,
    /// Duration of the loop, in seconds.
    pub seconds: f64,
    /// Whether the stop flag ended the loop before its term.
    pub stopped: bool,
}

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

/// Trains a detector with Adam on balanced batches of faces and other images.
///
/// The loop makes `train_size / batch_size` steps an epoch, on the device where the model is. It
/// seeds that device's generator at the start of each epoch, so that what the network draws
/// (dropout) depends on `config.seed` alone. Adam has Keras' settings (ε = 1e-7).
///
/// # Errors
/// [`Error::Argument`] for settings that make no sense, [`Error::Diverged`] as soon as a loss is
/// infinite or NaN, and those of [`train_step`] and of the loader.
pub fn fit<M: Classifier>(
    model: M,
    data: &DetectionLoader,
    config: &FitConfig,
) -> Result<Fitted<M>> {
    let batch_size = config.batch_size;
    let steps = steps_per_epoch(data, batch_size);
    epochs::run(model, config, steps, &mut Uniform { data, batch_size })
}

/// Batches an epoch; none for a batch size of zero, which the loader refuses.
pub(super) fn steps_per_epoch(data: &DetectionLoader, batch_size: usize) -> usize {
    data.train_size().checked_div(batch_size).unwrap_or(0)
}

/// Training on all images alike.
struct Uniform<'a> {
    data: &'a DetectionLoader,
    batch_size: usize,
}

impl<'a, M: Classifier> Training<M> for Uniform<'a> {
    type Batches = DetectionBatches;

    fn data(&self) -> &DetectionLoader {
        self.data
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("tirage des visages", "uniforme".to_owned())]
    }

    fn epoch(&mut self, _: &M, _: u32, seed: u64, device: &Device) -> Result<DetectionBatches> {
        self.data.batches(self.batch_size, seed, device)
    }

    fn step(
        &mut self,
        model: M,
        optimizer: &mut ModuleOptimizer,
        batch: &Batch,
        learning_rate: f64,
    ) -> Result<(M, f64)> {
        train_step(model, optimizer, batch, learning_rate)
    }
}
