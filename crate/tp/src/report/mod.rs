//! The hand-in's page (« compte-rendu ») of any lab, made from a student's notebook, executed or not. Nothing is executed: what
//! was measured is what the outputs say.
//!
//! The page holds everything that it shows: no script, no address that is fetched. What a student writes is shown, never
//! interpreted: raw HTML stays text, and of the HTML of an output only tables are kept.
//!
//! | module | owns |
//! |---|---|
//! | [`contents`] | what a report holds, what is missing in it |
//! | [`reading`] | the contents of a notebook, in order |
//! | `cells` | its cells and metadata |
//! | [`closed`] | closed questions: the answer given and whether it is right |
//! | [`told`] | what outputs tell: points, the session, the date |
//! | [`markdown`] | Markdown as HTML |
//! | [`outputs`] | outputs as HTML |
//! | [`markup`] | tables of an output, without anything active |
//! | [`page`] | the page |
//! | `header` | its head |
//! | [`print`](mod@print) | the PDF of the page |
//!
//! ```
//! use tp::{notebook::Notebook, report};
//!
//! let text = r##"{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
//!   {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# TP 9 · Essai\n\n#### Question 1 · Pourquoi ? (2 points)"},
//!   {"cell_type": "markdown", "id": "b", "source": "Parce que **oui**.",
//!    "metadata": {"nbgrader": {"grade_id": "tp9-q_1", "grade": true, "solution": true, "points": 2}}}]}"##;
//! let path = std::path::Path::new("rendu.ipynb");
//! let read = report::Report::read(Notebook::parse(text, path)?, path)?;
//! assert!(report::page::html(&read).contains("Parce que <strong>oui</strong>."));
//! # Ok::<(), tp::error::Error>(())
//! ```

mod cells;
pub mod closed;
pub mod contents;
mod header;
pub mod markdown;
pub mod markup;
pub mod outputs;
pub mod page;
pub mod print;
pub mod reading;
pub mod told;

#[cfg(test)]
mod tests;

pub use contents::Report;

/// Text for HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
