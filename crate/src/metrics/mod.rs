//! What is measured, each metric described once and computed once.
//!
//! Validation steps, audits by group, tables and figures all take names, labels, units, bounds and values from here.
//!
//! | file | owns |
//! |---|---|
//! | `spec` | what is known of a metric: [`Spec`], and [`find`] by the name of a column |
//! | `metric` | the metrics themselves: [`Metric`] of yes / no answers, [`AgeMetric`] of ages |
//! | `values` | their values from two slices: [`binary_metrics`], [`age_metrics`] |
//! | `sample` | their values on weighted rows in groups, which everything above and the audits go through |
//! | `answers` | yes / no answers read from columns or slices, and their four counts |

mod answers;
mod metric;
mod sample;
mod spec;
mod values;

pub(crate) use answers::{Answers, Confusion};
pub use metric::{AgeMetric, Metric};
pub(crate) use sample::{NO_GROUP, Sample, calibration_bin};
pub(crate) use spec::shown_name;
pub use spec::{Denominator, Spec, Worst, find};
pub use values::{age_metrics, binary_metrics};
