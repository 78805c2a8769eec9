//! Measures by group, always with the number of images and an interval: Polars frames.
//!
//! One path: a model's predictions are a frame ([`predict`](crate::train::predict)), [`Audit`] (yes / no answers) or
//! [`AgeAudit`] (predicted ages) measures it by group, and [`figures`](crate::figures) show what it gives. Several of these
//! frames are set side by side by [`by_model`], [`before_after`] and [`summarize_seeds`].
//!
//! | file | owns |
//! |---|---|
//! | `audit` | both audits and all their frames |
//! | `compare` | frames of several models or seeds side by side |
//! | `interval` | intervals of proportions |
//! | `stats` | bootstrap, permutations, paired tests, Holm's correction |

mod audit;
mod compare;
mod interval;
mod stats;

pub use audit::{AgeAudit, Audit};
pub(crate) use audit::{Factor, find, numbers, words};
pub use compare::{before_after, by_model, mean_sd, summarize_seeds};
pub use interval::{Z_95, difference_interval, wilson_interval};
pub use stats::holm;
pub(crate) use stats::quantile;

/// Below this number of images, a rate is flagged as too uncertain to compare.
pub const SMALL_GROUP: usize = 30;
