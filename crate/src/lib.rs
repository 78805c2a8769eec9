//! Faces, models and fairness measures for the French deep-learning labs « TP visages ».
//!
//! Dependencies run left to right only:
//! [`host`] → [`data`] → [`models`] ([`ops`]) → [`metrics`] → [`train`] → [`fairness`], [`explain`] → [`figures`] →
//! [`notebook`].
//! A notebook begins with `use visages::prelude::*;`.
//!
//! The third-party crates of the labs are re-exported, so that a cell (which links this library
//! alone) reaches them: the derives of `burn` also emit paths that begin with `burn::`.

#![warn(missing_docs)]

pub mod data;
pub mod device;
pub mod error;
pub mod explain;
pub mod fairness;
pub mod figures;
mod french;
pub mod host;
pub mod metrics;
pub mod models;
pub mod notebook;
pub mod ops;
pub mod prelude;
pub mod ready;
mod simd;

pub mod train;

pub use error::{Error, Result};

pub use burn;
pub use image;
pub use plotters;
pub use polars;
