//! Whoever looks at trainings from outside: the notebook, which shows them live. Training itself
//! knows nothing of notebooks.

use std::path::Path;
use std::sync::OnceLock;

use super::History;
use crate::data::ImageStore;

/// What a training is about to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Epochs, over all runs.
    pub(crate) epochs: u32,
    /// Steps, over all runs.
    pub(crate) steps: usize,
    /// Steps made in an earlier run.
    pub(crate) before: usize,
    /// Whether it should be shown.
    pub(crate) shown: bool,
}

/// Follows one training.
pub(crate) trait Observer {
    /// Whether progress is shown, so that printed lines would say it twice.
    fn shows(&self) -> bool;

    /// A step was made, in this epoch (from 1).
    fn step(&mut self, epoch: u32, history: &History);

    /// What the model makes of the same few images now: names of rows and images.
    fn previews(&mut self, rows: &[(&str, &ImageStore)]);

    /// The state after an epoch (from 1) was saved.
    fn saved(&mut self, folder: &Path, epoch: u32);

    /// The loop is over; `stopped` before its term.
    fn end(&mut self, history: &History, stopped: bool);
}

/// Makes an observer for each training.
type Maker = fn(Plan) -> Box<dyn Observer>;

// One observer a process: the notebook that all its cells belong to.
static MAKER: OnceLock<Maker> = OnceLock::new();

/// Has every later training observed.
pub(crate) fn install(maker: Maker) {
    // The first one stays: installing is done once a process.
    let _ = MAKER.set(maker);
}

/// The observer of a training that begins.
pub(super) fn observe(plan: Plan) -> Option<Box<dyn Observer>> {
    MAKER.get().map(|maker| maker(plan))
}
