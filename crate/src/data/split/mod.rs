//! Splits of a data set: by content alone, or by the rows of a frame, stratified and grouped.

mod content;
mod rows;

pub use content::{Split, split_by_content};
pub use rows::{SplitConfig, SplitRows};
