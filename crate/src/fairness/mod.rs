//! Measures by group, always with the number of images and an interval: Polars frames.
//!
//! [`Audit`] looks at yes / no answers and [`AgeAudit`] at predicted ages, from one frame of labels, answers and group
//! columns. [`by_group`] and its neighbours serve the face detectors, whose test images come group by group.

mod audit;
mod compare;
mod groups;
mod interval;
mod metric;
mod seeds;
mod stats;

pub use audit::{AgeAudit, Audit};
pub(crate) use audit::{Factor, find, numbers};
pub use compare::{before_after, held_out_rates};
pub use groups::{GroupProbabilities, SMALL_GROUP, by_group, group_probabilities};
pub use interval::{Z_95, difference_interval, wilson_interval};
pub use metric::{AgeMetric, Metric};
pub use seeds::{mean_sd, summarize_seeds};
pub use stats::holm;
pub(crate) use stats::quantile;
