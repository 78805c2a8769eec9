//! Notebooks on disk: read, filled with outputs, written; made from Markdown and turned into HTML by the Python tools.
//!
//! | file | owns |
//! |---|---|
//! | [`document`] | one notebook, as JSON that loses nothing |
//! | [`convert`] | jupytext and nbconvert |

pub mod convert;
pub mod document;

pub use document::{CodeCell, GradedCell, Notebook};
