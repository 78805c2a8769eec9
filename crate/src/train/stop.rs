//! Asking a running loop to stop between two steps.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A request to stop, shared between the loop and whoever may interrupt it.
///
/// The loop looks at it before every step, then returns the model as it is: nothing is lost.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every loop that holds this flag to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Lowers the flag before another training.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
