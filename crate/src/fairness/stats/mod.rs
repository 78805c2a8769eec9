//! Statistics without frames: what a metric is on weighted rows, and what chance does to it.

mod bootstrap;
mod normal;
mod paired;
mod permutation;
mod random;
mod sample;

pub(crate) use bootstrap::quantile;
pub(super) use bootstrap::{Replicates, bca_interval, resample};
pub(super) use paired::mcnemar_exact;
pub use permutation::holm;
pub(super) use permutation::{permutation_p, swap_p};
pub(super) use random::Draws;
pub(super) use sample::{NO_GROUP, Sample, calibration_bin};
