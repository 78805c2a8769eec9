//! What a notebook needs beyond computing: the session, rich results, graded checks, and the
//! kernel's account of a cell that stops.

mod age_classes;
mod attempt;
mod capture;
mod check;
mod compare;
pub mod controls;
mod data_source;
mod display;
mod drawings;
mod known;
mod live;
mod live_training;
mod output;
mod panic;
mod process;
mod question;
mod session;
mod settings;
pub mod shown;
mod tensor_text;
mod user_cache;
#[doc(hidden)]
pub mod variables;

pub use attempt::{Attempt, attempt};
pub use check::{Check, Grade, IntoOutcome, Outcome, Verdict, check, grade};
pub use compare::{close, equal};
pub use controls::{Controls, IntoView, Rehearsal, Upload, Values, View, interact, rehearse};
pub use display::{Table, show_table};
pub use live::{ProgressBar, clear_output, progress_bar, stop_requested};
pub use panic::{cell_failed, cell_panicked, enter_cell, leave_cell, run_cell, tell_evcxr};
pub use question::{Answer, question, questions};
pub use session::Session;
pub use settings::{DATA_VARIABLE, DEFAULT_SEED, SEED_VARIABLE, SessionBuilder};
