//! Notebooks on disk: read, filled with outputs, written; made from Markdown and turned into HTML by the Python tools.
//!
//! | file | owns |
//! |---|---|
//! | [`document`] | one notebook, as JSON that loses nothing |
//! | [`convert`] | jupytext and nbconvert |
//! | [`mathml`] | equations of a page, shown without a network |
//! | `page` | what is put right in nbconvert's page |

pub mod convert;
pub mod document;
pub mod mathml;
mod page;

pub use document::{CodeCell, GradedCell, Notebook};
