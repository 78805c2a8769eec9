//! Measures by group, always with the number of images and an interval: Polars frames.

mod compare;
mod groups;
mod interval;
mod seeds;

pub use compare::{before_after, held_out_rates};
pub use groups::{GroupProbabilities, SMALL_GROUP, by_group, group_probabilities};
pub use interval::{Z_95, wilson_interval};
pub use seeds::{mean_sd, summarize_seeds};
