//! Statistics without frames: what chance does to a metric.

mod bootstrap;
mod normal;
mod paired;
mod permutation;
mod random;

pub(crate) use bootstrap::quantile;
pub(super) use bootstrap::{Replicates, bca_interval, resample};
pub(crate) use normal::normal_cdf;
pub(super) use paired::mcnemar_exact;
pub use permutation::holm;
pub(super) use permutation::{permutation_p, swap_groups_p, swap_p};
pub(super) use random::Draws;
