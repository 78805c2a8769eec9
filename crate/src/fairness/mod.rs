//! Measures by group, always with the number of images and an interval: Polars frames.

mod groups;
mod interval;

pub use groups::{GroupProbabilities, SMALL_GROUP, by_group, group_probabilities};
pub use interval::{Z_95, wilson_interval};
