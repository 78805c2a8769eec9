//! The account of a training while it runs: bar, live curve, gentle stop, history, last line.

use std::{ops::RangeInclusive, path::Path};

use super::{Fitted, History, ON_TRAINING, ValidationTarget, progress::Progress};
use crate::{
    error::{Error, Result},
    french::compact,
    host::{self, PictureRow, StopFlag, TrainingPlan, TrainingWatcher},
};

/// Smoothing of the curve of a loop of one's own.
const SMOOTHING: f64 = 0.99;

/// Follows a training loop of one's own: its bar, its live curve, the gentle stop, its history and its last line.
///
/// The library's own loop uses the same object.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// # use visages::data::ImageStore;
///
/// fn train_by_hand(model: StandardCnn, loader: &DetectionLoader, device: &Device) -> Result<Fitted<StandardCnn>, Error> {
///     let mut optimizer = AdamConfig::new().init();
///     let mut log = TrainingLog::start(2, loader.train_size() / 32);
///     let mut model = model.train();
///     'training: for epoch in log.epochs() {
///         for batch in loader.batches(32, epoch.into(), device)? {
///             if log.stops() { break 'training; }
///             let (updated, loss) = train_step(model, &mut optimizer, &batch?, 5e-4)?;
///             model = updated;
///             log.step(epoch, loss)?;
///         }
///         let held_out = evaluate(&model, loader.held_out(), 32, device)?;
///         log.end_epoch(epoch, &[("exactitude", held_out.accuracy)])?;
///     }
///     Ok(log.finish_with(model.valid()))
/// }
/// # let mut images = ImageStore::new(64, 64);
/// # for image in 0..48_usize {
/// #     let pixels: Vec<u8> = (0..64 * 64 * 3).map(|at| (at * (image + 3) % 251) as u8).collect();
/// #     images.push(&pixels)?;
/// # }
/// # let device = Device::flex();
/// # let loader = DetectionLoader::new(&images, &images, 0.25, 1)?;
/// # let history = train_by_hand(StandardCnnConfig::new().with_n_filters(2).init(&device), &loader, &device)?.history;
/// # assert_eq!(history.len(), 2 * (loader.train_size() / 32));
/// # Ok::<(), Error>(())
/// ```
pub struct TrainingLog {
    history: History,
    epochs: u32,
    progress: Progress,
    watcher: Option<Box<dyn TrainingWatcher>>,
    shown: bool,
    stop: StopFlag,
    stopped: bool,
    learning_rate: Option<f64>,
    steps: usize,
}

/// What a log is opened with.
pub(super) struct LogPlan {
    pub(super) epochs: u32,
    /// Steps expected, over all runs.
    pub(super) steps: usize,
    /// What was done in earlier runs.
    pub(super) history: History,
    pub(super) shown: bool,
    pub(super) stop: StopFlag,
}

impl TrainingLog {
    /// Opens the bar of a training of so many epochs and steps an epoch. (An epoch with more or fewer steps only makes
    /// the time left less exact.)
    pub fn start(epochs: u32, steps_per_epoch: usize) -> Self {
        Self::open(LogPlan {
            epochs,
            steps: steps_per_epoch * epochs as usize,
            history: History::smoothed_by(SMOOTHING),
            shown: true,
            stop: StopFlag::new(),
        })
    }

    pub(super) fn open(plan: LogPlan) -> Self {
        let before = plan.history.len();
        let shown = plan.shown && !host::is_hushed();
        let watcher = host::observe(TrainingPlan {
            epochs: plan.epochs,
            steps: plan.steps,
            before,
            shown,
        });
        Self {
            history: plan.history,
            epochs: plan.epochs,
            progress: Progress::start(plan.epochs, plan.steps).after(before),
            watcher,
            shown,
            stop: plan.stop,
            stopped: false,
            learning_rate: None,
            steps: plan.steps,
        }
    }

    /// Sets the metric by which epochs are compared: its best epoch is marked on the curve.
    pub fn with_target(mut self, target: ValidationTarget) -> Self {
        self.history = self.history.with_target(target);
        self
    }

    /// Shares a stop flag with the loop.
    pub fn with_stop(mut self, stop: StopFlag) -> Self {
        self.stop = stop;
        self
    }

    /// How many epochs were announced.
    pub(super) fn announced(&self) -> u32 {
        self.epochs
    }

    /// Prints a line of the training, beside its bar too.
    pub(super) fn tell(&self, line: &str) {
        if self.shown {
            println!("{line}");
        }
    }

    /// The epochs, from 1.
    pub fn epochs(&self) -> RangeInclusive<u32> {
        1..=self.epochs
    }

    /// Whether the reader asked to stop: the loop then returns the model as it is.
    pub fn stops(&mut self) -> bool {
        self.stopped = self.stop.is_requested() || host::asked();
        self.stopped
    }

    /// A step was made in this epoch (from 1), with this loss.
    ///
    /// # Errors
    /// [`Error::Diverged`] when the loss is infinite or not a number.
    pub fn step(&mut self, epoch: u32, loss: f64) -> Result<()> {
        self.record(epoch, loss)?;
        self.show();
        Ok(())
    }

    /// Notes a step.
    pub(super) fn record(&mut self, epoch: u32, loss: f64) -> Result<()> {
        self.history.push(epoch, loss);
        match loss.is_finite() {
            true => Ok(()),
            false => Err(Error::Diverged {
                step: self.history.len(),
                epoch,
                learning_rate: self.learning_rate,
            }),
        }
    }

    /// Shows the last step.
    pub(super) fn show(&mut self) {
        let (Some(&epoch), Some(&loss)) =
            (self.history.epochs().last(), self.history.losses().last())
        else {
            return;
        };
        if let Some(watcher) = &mut self.watcher {
            watcher.step(epoch, &self.history.trace());
        }
        if let Some(line) = self.progress.after_step(epoch, self.history.len(), loss)
            && self.prints()
        {
            println!("{line}");
        }
    }

    /// An epoch is over: name and value of everything that its validation measured (`&[("exactitude", 0.9)]`). A loss
    /// named « perte » is drawn beside that of the training.
    ///
    /// # Errors
    /// Those of [`History::end_epoch`].
    pub fn end_epoch<S: AsRef<str>>(&mut self, epoch: u32, measured: &[(S, f64)]) -> Result<()> {
        let rate = self.learning_rate.unwrap_or(f64::NAN);
        self.history.end_epoch(epoch, rate, measured)?;
        if let Some(watcher) = &mut self.watcher {
            watcher.epoch(&self.history.trace());
        }
        if !measured.is_empty() {
            self.say(&format!(
                "époque {epoch}/{} · {}",
                self.epochs,
                listed_values(measured)
            ));
        }
        Ok(())
    }

    /// Validation measured something after the last step, within an epoch or before the first step: name and value of
    /// each, the same names each time. This draws a learning curve of a point every k steps, live:
    ///
    /// ```
    /// use visages::prelude::*;
    ///
    /// # let mut losses = [0.7, 0.6, 0.5, 0.4].into_iter();
    /// let target = ValidationTarget::highest("exactitude");
    /// let mut log = TrainingLog::start(1, 4).with_target(target);
    /// for step in 1..=4 {
    ///     log.step(1, losses.next().unwrap_or_default())?;
    ///     if step % 2 == 0 {
    ///         let (loss, accuracy, on_training) = (0.6, 0.7, 0.8); // measured on both sets
    ///         log.validate(&[
    ///             ("perte", loss),
    ///             ("exactitude", accuracy),
    ///             ("exactitude en entraînement", on_training),
    ///         ])?;
    ///     }
    /// }
    /// assert_eq!(log.finish().validation("exactitude")?.len(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// « perte » is drawn beside the loss of the training. The metric of [`with_target`](Self::with_target) is drawn below,
    /// and beside it what was measured on training images under the same name and « en entraînement ».
    ///
    /// # Errors
    /// Those of [`History::end_epoch`].
    pub fn validate<S: AsRef<str>>(&mut self, measured: &[(S, f64)]) -> Result<()> {
        let rate = self.learning_rate.unwrap_or(f64::NAN);
        self.history.validate(rate, measured)?;
        if let Some(watcher) = &mut self.watcher {
            watcher.epoch(&self.history.trace());
        }
        self.say(&format!(
            "pas {}/{} · {}",
            self.history.len(),
            self.steps,
            listed_values(measured)
        ));
        Ok(())
    }

    /// Says the learning rate that the next steps use, for the history of epochs and for the message of a divergence.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = Some(learning_rate);
    }

    /// What the training went through so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Prints a line of the training, where no bar stands in its place.
    pub(super) fn say(&self, line: &str) {
        if self.prints() {
            println!("{line}");
        }
    }

    fn prints(&self) -> bool {
        self.shown && !self.is_watched()
    }

    /// Whether a host shows this training.
    pub(super) fn is_watched(&self) -> bool {
        self.watcher.as_ref().is_some_and(|watcher| watcher.shows())
    }

    pub(super) fn previews(&mut self, rows: &[PictureRow<'_>]) {
        if let Some(watcher) = &mut self.watcher {
            watcher.previews(rows);
        }
    }

    pub(super) fn saved(&mut self, folder: &Path, epoch: u32) {
        if let Some(watcher) = &mut self.watcher {
            watcher.saved(folder, epoch);
        }
    }

    /// The loop ends before its term, whoever asked.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Seconds since the start.
    pub(super) fn seconds(&self) -> f64 {
        self.progress.seconds()
    }

    /// Ends the log as [`finish`](Self::finish) does, with the model that the loop trained: what [`fit`](super::fit)
    /// returns. The model is plain (`model.valid()`).
    pub fn finish_with<M>(self, model: M) -> Fitted<M> {
        let (seconds, stopped) = (self.seconds(), self.stopped);
        Fitted {
            model,
            history: self.finish(),
            seconds,
            stopped,
            stopped_early: false,
            best_epoch: None,
        }
    }

    /// Whether the loop ends before its term.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Ends the bar, draws the last curve and prints the last line; what the training went through.
    pub fn finish(mut self) -> History {
        if let Some(watcher) = &mut self.watcher {
            watcher.end(&self.history.trace(), self.stopped);
        }
        if self.stopped && host::asked() {
            host::answer(&format!(
                "Entraînement arrêté à votre demande au pas {} sur {} : le modèle et l'historique sont gardés.",
                self.history.len(),
                self.steps
            ));
        }
        if self.shown {
            println!("{}", self.progress.end(self.history.losses(), self.stopped));
        }
        self.history
    }
}

/// « validation : exactitude 0,9 · perte 0,2 », and what was measured on training images after it.
fn listed_values<S: AsRef<str>>(measured: &[(S, f64)]) -> String {
    let mut parts = [("validation", Vec::new()), ("entraînement", Vec::new())];
    for (name, value) in measured {
        let (at, name) = match name.as_ref().strip_suffix(ON_TRAINING) {
            Some(name) => (1, name),
            None => (0, name.as_ref()),
        };
        parts[at].1.push(format!("{name} {}", compact(*value)));
    }
    let told = parts.iter().filter(|(_, values)| !values.is_empty());
    let told: Vec<String> = told
        .map(|(set, values)| format!("{set} : {}", values.join(" · ")))
        .collect();
    told.join(" · ")
}

// A derived `Debug` would need one of the watcher.
impl std::fmt::Debug for TrainingLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "TrainingLog({:?}, {} époques)",
            self.history, self.epochs
        )
    }
}
