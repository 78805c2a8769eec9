//! Measures by group, always with the number of images and an interval: Polars frames.
//!
//! One path: a model's predictions are a frame ([`predict`](crate::train::predict)), [`Audit`] (yes / no answers) or
//! [`AgeAudit`] (predicted ages) measures it by group, and [`figures`](crate::figures) show what it gives. Several of these
//! frames are set side by side by [`by_model`], [`by_measure`], [`before_after`] and [`summarize_seeds`].
//!
//! | file | owns |
//! |---|---|
//! | `audit` | both audits and all their frames |
//! | `compare` | frames of several models or seeds side by side |
//! | `constant_answers` | the answers that look at no face |
//! | `detector` | what the debiasing lab measures of detectors: recall by group, gaps, differences on the same faces |
//! | `interval` | intervals of proportions |
//! | `margins` | how far apart the probabilities of two classes are |
//! | `mcnemar` | what one way of answering corrects and spoils |
//! | `paired_errors` | errors of age on the same persons, before and after |
//! | `persons` | who each image is of |
//! | `residual_intervals` | intervals around predicted ages, and their coverage |
//! | `right_answers` | how certain an accuracy is, and the difference of two on the same images |
//! | `stats` | bootstrap, permutations, paired tests, Holm's correction |

mod audit;
mod compare;
mod constant_answers;
mod detector;
mod interval;
mod margins;
mod mcnemar;
mod paired_errors;
mod persons;
mod residual_intervals;
mod right_answers;
mod stats;

pub use audit::{AgeAudit, Audit};
pub(crate) use audit::{Factor, find, numbers, words};
pub use compare::{
    before_after, by_measure, by_model, mean_sd, paired_seeds, student_interval, summarize_seeds,
};
pub use constant_answers::constant_answers;
pub use detector::{paired_recalls, rates_by_model, recall_by_group, recall_gaps};
pub use interval::{Z_95, difference_interval, paired_difference_interval, wilson_interval};
pub use margins::margins_by_class;
pub use mcnemar::{McNemar, mcnemar};
pub use paired_errors::{ErrorDifference, paired_error_difference};
pub use residual_intervals::ResidualIntervals;
pub use right_answers::{Accuracy, AccuracyDifference, accuracy_difference, accuracy_interval};
pub use stats::holm;
pub(crate) use stats::{normal_cdf, quantile};

/// Below this number of images, a rate is flagged as too uncertain to compare.
pub const SMALL_GROUP: usize = 30;
