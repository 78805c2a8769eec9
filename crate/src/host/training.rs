//! What is told of a training while it runs: names, numbers, and pictures as bytes.

use std::{borrow::Cow, cell::Cell, path::Path};

use super::host;

/// What a training is about to do.
#[derive(Debug, Clone, Copy)]
pub struct TrainingPlan {
    /// Epochs, over all runs.
    pub epochs: u32,
    /// Steps, over all runs.
    pub steps: usize,
    /// Steps made in an earlier run.
    pub before: usize,
    /// Whether it should be shown.
    pub shown: bool,
}

/// What a training went through so far.
#[derive(Debug, Clone, Copy)]
pub struct TrainingTrace<'a> {
    /// The epoch of every step, from 1.
    pub epochs: &'a [u32],
    /// The mean loss of the batch at every step.
    pub losses: &'a [f64],
    /// The smoothed loss at every step.
    pub smoothed: &'a [f64],
    /// Names of what validation measures, none without validation.
    pub metrics: &'a [String],
    /// The epochs that were finished.
    pub points: &'a [EpochPoint],
    /// The metric that choices are made by, if there is one.
    pub target: Option<TargetPoint>,
}

/// The end of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochPoint {
    /// Epoch, from 1.
    pub epoch: u32,
    /// Steps made up to there, over the whole training.
    pub step: usize,
    /// Learning rate of its last step.
    pub learning_rate: f64,
    /// What validation measured, one value a metric; empty without validation.
    pub values: Vec<f64>,
}

/// The metric that choices are made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetPoint {
    /// Its place among the metrics.
    pub metric: usize,
    /// The place of the best epoch among the points, once one has a value.
    pub best: Option<usize>,
}

/// A row of pictures of one size, with its name.
#[derive(Debug, Clone)]
pub struct PictureRow<'a> {
    /// Name of the row: « Originaux ».
    pub name: &'a str,
    /// Height of each picture, in pixels.
    pub height: usize,
    /// Width of each picture, in pixels.
    pub width: usize,
    /// The pictures: height × width × 3 bytes each, RGB, row after row.
    pub pictures: Vec<Cow<'a, [u8]>>,
}

/// Follows one training.
pub trait TrainingWatcher {
    /// Whether progress is shown, so that printed lines would say it twice.
    fn shows(&self) -> bool;

    /// A step was made, in this epoch (from 1).
    fn step(&mut self, epoch: u32, trace: &TrainingTrace<'_>);

    /// An epoch is over and was validated, if it is.
    fn epoch(&mut self, trace: &TrainingTrace<'_>);

    /// What the model makes of the same few images now.
    fn previews(&mut self, rows: &[PictureRow<'_>]);

    /// The state after an epoch (from 1) was saved.
    fn saved(&mut self, folder: &Path, epoch: u32);

    /// The loop is over; `stopped` before its term.
    fn end(&mut self, trace: &TrainingTrace<'_>, stopped: bool);
}

thread_local! {
    static HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// Runs code whose trainings show nothing: a check that trains for a few steps is no training of the reader's.
pub(crate) fn hushed<T>(run: impl FnOnce() -> T) -> T {
    /// Brings the former state back, whatever happens.
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            HUSHED.set(self.0);
        }
    }
    let _restore = Restore(HUSHED.replace(true));
    run()
}

/// Whether trainings of this thread show nothing.
pub(crate) fn is_hushed() -> bool {
    HUSHED.get()
}

/// The host's watcher of a training that begins.
pub(crate) fn observe(plan: TrainingPlan) -> Option<Box<dyn TrainingWatcher>> {
    let maker = host()?.training?;
    Some(maker(plan))
}
