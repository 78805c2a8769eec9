//! The training loop.

use burn::optim::AdamConfig;

use super::{Classifier, History, StopFlag, progress::Progress, train_step};
use crate::{
    data::DetectionLoader,
    error::{Error, Result},
    french::duration,
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

    /// Shares a stop flag with the loop.
    pub fn with_stop(mut self, stop: StopFlag) -> Self {
        self.stop = stop;
        self
    }

    /// Checks what the loop itself uses; the loader checks the batch size.
    fn check(&self) -> Result<()> {
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
/// seeds that device's generator, so that what the network draws (weights not yet initialised,
/// dropout) depends on `config.seed` alone. Adam has Keras' settings (ε = 1e-7).
///
/// # Errors
/// [`Error::Argument`] for settings that make no sense, [`Error::Diverged`] as soon as a loss is
/// infinite or NaN, and those of [`train_step`] and of the loader.
pub fn fit<M: Classifier>(
    model: M,
    data: &DetectionLoader,
    config: &FitConfig,
) -> Result<Fitted<M>> {
    config.check()?;
    // A batch size of zero is refused by the loader, below.
    let steps_per_epoch = data
        .train_size()
        .checked_div(config.batch_size)
        .unwrap_or(0);
    let total =
        (steps_per_epoch * config.epochs as usize).min(config.max_steps.unwrap_or(usize::MAX));
    let mut history = History::new(config.smoothing_factor)?;

    let Some(device) = model.devices().into_iter().next() else {
        return Err(Error::argument(
            "model",
            "aucun paramètre",
            "un réseau avec au moins une couche entraînable",
        ));
    };
    let device = device.without_autodiff();
    device.seed(config.seed);

    let mut model = model.train();
    let mut optimizer = AdamConfig::new().with_epsilon(1e-7).init();
    let mut progress = Progress::start(config.epochs, total);
    let mut stopped = false;

    'epochs: for epoch in 1..=config.epochs {
        // Every epoch has an order of its own, whatever happened in the epochs before.
        let seed = config.seed ^ (u64::from(epoch) << 32);
        for batch in data.batches(config.batch_size, seed, &device)? {
            if history.len() == total {
                break 'epochs;
            }
            if config.stop.is_requested() {
                stopped = true;
                break 'epochs;
            }
            let (updated, loss) = train_step(model, &mut optimizer, &batch?, config.learning_rate)?;
            model = updated;
            history.push(epoch, loss);
            if !loss.is_finite() {
                return Err(Error::Diverged {
                    step: history.len(),
                    epoch,
                    learning_rate: config.learning_rate,
                });
            }
            if let Some(line) = progress.after_step(epoch, history.len(), loss)
                && config.progress
            {
                println!("{line}");
            }
        }
    }

    if config.progress {
        println!("{}", progress.end(history.losses(), stopped));
    }
    Ok(Fitted {
        model: model.valid(),
        history,
        seconds: progress.seconds(),
        stopped,
    })
}
