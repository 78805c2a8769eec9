//! Splits of a data set: by content alone, or by the rows of a frame, stratified and grouped; and matching, before.

mod content;
mod matched;
mod rows;

pub use content::{Split, split_by_content};
pub use matched::match_classes;
pub(super) use matched::{Matched, matched_rows};
pub use rows::{SplitConfig, SplitRows};
