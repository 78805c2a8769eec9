//! The ground of the crate: who runs it, and what the crate tells and asks of it.
//!
//! A program that shows what lasts (a notebook, a server) [`install`]s a [`Host`]. Long loops then look at its wish to
//! stop, and tell it how far they are. Without a host they print lines and run to their end.
//!
//! Nothing here knows of images, models or notebooks: a host is given names, numbers and bytes.
//!
//! | file | owns |
//! |---|---|
//! | `stop` | the wish to stop: [`StopFlag`], and what loops do about the host's |
//! | `reading` | how far a reading of many files is |
//! | `training` | what is told of a training |

mod reading;
mod stop;
mod training;

use std::sync::OnceLock;

pub use reading::ReadingWatcher;
pub use stop::StopFlag;
pub use training::{
    EpochPoint, PictureRow, TargetPoint, TrainingPlan, TrainingTrace, TrainingWatcher,
};

pub(crate) use reading::Reading;
pub(crate) use stop::{answer, asked, check};
pub(crate) use training::{hushed, is_hushed, observe};

/// Makes the watcher of one reading or drawing, from what is read (« les images »), what each one becomes (« fichiers lus »),
/// how many there are, and whether it should be shown.
pub type ReadingMaker = fn(&str, &'static str, usize, bool) -> Box<dyn ReadingWatcher>;

/// What a program that runs the crate offers it.
#[derive(Clone, Copy)]
pub struct Host {
    /// Whether a stop is wanted now; called at each step of every long loop.
    pub asked: fn() -> bool,
    /// Hears what a loop that stops keeps, one French sentence.
    pub answered: fn(&str),
    /// Makes a watcher for each reading or drawing; none when readings print lines.
    pub reading: Option<ReadingMaker>,
    /// Makes a watcher for each training; none when trainings print lines.
    pub training: Option<fn(TrainingPlan) -> Box<dyn TrainingWatcher>>,
}

// One host a process: the notebook that all its cells belong to.
static HOST: OnceLock<Host> = OnceLock::new();

/// Has every later loop of this process turn to `host`. The first host stays.
pub fn install(host: Host) {
    let _ = HOST.set(host);
}

fn host() -> Option<&'static Host> {
    HOST.get()
}
