//! The wish to stop what runs.
//!
//! A loop that can return what it has (a training, the reading of a folder) looks at [`asked`] at each step and tells
//! what it keeps with [`answer`]. One that has nothing to return (probabilities, one an image) calls [`check`].

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::host;
use crate::error::{Error, Result};

/// How long what follows an answered wish may still take: a cell that trains, then measures, must not lose the model
/// that the training returned.
const FOLLOW_UP: Duration = Duration::from_secs(10);

/// When the present wish was answered.
static ANSWERED: Mutex<Option<Instant>> = Mutex::new(None);

/// A request to stop, shared between a loop and whoever may interrupt it.
///
/// The loop looks at it before every step, then returns what it has: nothing is lost.
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

    /// Lowers the flag before another loop.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Whether running loops should return what they have.
pub(crate) fn asked() -> bool {
    let Some(host) = host() else {
        return false;
    };
    let asked = (host.asked)();
    if !asked {
        *lock() = None;
    }
    asked
}

/// Says that a loop stops at the reader's wish, and what it keeps.
pub(crate) fn answer(message: &str) {
    lock().get_or_insert_with(Instant::now);
    if let Some(host) = host() {
        (host.answered)(message);
    }
}

/// Ends a computation that has nothing to return before its term: `what` names it with its article,
/// « la lecture des étiquettes ».
///
/// # Errors
/// [`Error::Stopped`] when a stop is wanted, unless a loop answered a moment ago.
pub(crate) fn check(what: &str) -> Result<()> {
    let gives_up = asked() && lock().is_none_or(|answered| answered.elapsed() > FOLLOW_UP);
    match gives_up {
        true => Err(Error::Stopped {
            what: what.to_owned(),
        }),
        false => Ok(()),
    }
}

fn lock() -> MutexGuard<'static, Option<Instant>> {
    ANSWERED.lock().unwrap_or_else(PoisonError::into_inner)
}
