//! What a notebook needs beyond computing: the session, rich results, graded checks, and the
//! kernel's account of a cell that stops.

mod attempt;
mod capture;
mod check;
mod compare;
mod data_source;
mod display;
mod drawings;
mod live;
mod panic;
mod process;
mod session;
mod settings;
mod user_cache;

pub use attempt::{Essai, essayer};
pub use check::{Check, IntoOutcome, Note, Outcome, Verdict, check, noter};
pub use compare::{egal, proche};
pub use data_source::SYNTHETIC;
pub use display::{ShowTensor, Table, tableau};
pub use live::{Barre, arret_demande, barre, effacer};
pub use panic::{cell_failed, cell_panicked, enter_cell, run_cell, tell_evcxr};
pub use session::Seance;
pub use settings::{DATA_VARIABLE, DEFAULT_SEED, SEED_VARIABLE, SeanceBuilder};
