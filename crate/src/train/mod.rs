//! Training: the loss, one step, the whole loop with its history, and what a trained model answers.
//!
//! Models come in plain (without autodiff) and go out plain: what a notebook keeps between cells
//! never carries a gradient graph.

mod classifier;
mod evaluate;
mod fit;
mod history;
mod loss;
mod progress;
mod step;
mod stop;

pub use classifier::Classifier;
pub use evaluate::{Evaluation, accuracy, evaluate, predict_probabilities};
pub use fit::{FitConfig, Fitted, fit};
pub use history::{History, LossHistory};
pub use loss::binary_cross_entropy_with_logits;
pub use step::train_step;
pub use stop::StopFlag;
