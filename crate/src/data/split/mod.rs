//! Splits of a data set: by content alone, by blocks of time, or by the rows of a frame, stratified and grouped; and matching, before.

mod blocks;
mod content;
mod matched;
mod rows;

pub use blocks::{Blocks, split_in_blocks};
pub use content::{Split, split_by_content};
pub use matched::match_classes;
pub(super) use matched::{Matched, matched_rows};
pub use rows::{SplitConfig, SplitRows};
