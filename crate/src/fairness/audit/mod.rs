//! Measures by group from one frame of labels, answers and group columns.
//!
//! | file | owns |
//! |---|---|
//! | `yes_no` | [`Audit`]: settings of yes / no answers, calibration and ROC curves |
//! | `ages` | [`AgeAudit`]: settings of ages, standardisation |
//! | `shared` | what both audits do alike |
//! | `outcomes`, `age_errors` | rows of both sorts, as samples of metrics |
//! | `columns` | what is read from a frame: answers, numbers, groups, classes |
//! | `engine`, `gaps`, `compare`, `curves` | the frames: tables by group, gaps, differences, curves |

mod age_errors;
mod ages;
mod columns;
mod compare;
mod curves;
mod engine;
mod gaps;
mod outcomes;
mod shared;
mod yes_no;

pub use ages::AgeAudit;
pub(crate) use columns::{Factor, find, numbers, words};
pub(super) use columns::{answers, scores};
pub use yes_no::Audit;
