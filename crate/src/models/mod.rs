//! The networks of the labs, one readable file an architecture.
//!
//! Every model is built as `XConfig::new().init(&device)` on a plain device (without autodiff) and
//! splits into `features()` and `head()`, which is where the explanation methods take hold.

mod parameters;
mod standard_cnn;

pub use parameters::{num_params, num_trainable_params};
pub use standard_cnn::{StandardCnn, StandardCnnConfig};
