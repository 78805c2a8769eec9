//! Training: the loss, one step, the whole loop with its history, and what a trained model answers.
//!
//! Models come in plain (without autodiff) and go out plain: what a notebook keeps between cells
//! never carries a gradient graph. Beside the plain detector stands the DB-VAE: its losses, the
//! adaptive resampling of its faces, and its loop.

mod adam;
mod checkpoint;
mod checkpoint_key;
mod classifier;
mod debias;
mod debiasing_model;
mod epochs;
mod evaluate;
mod fit;
mod history;
mod latent;
mod loss;
mod progress;
mod resampling;
mod step;
mod vae_loss;

pub use adam::AdamConfig;
pub use checkpoint::{Checkpoint, Checkpoints};
pub use checkpoint_key::CheckpointKey;
pub use classifier::Classifier;
pub use debias::{
    DebiasedFit, DebiasingConfig, Preview, Resampling, fit_debiasing, fit_debiasing_with,
};
pub use debiasing_model::{DebiasingModel, debiasing_train_step};
pub use evaluate::{Evaluation, accuracy, evaluate, predict, predict_probabilities, predictions};
pub use fit::{FitConfig, Fitted, fit};
pub use history::{History, LossHistory};
pub use latent::{LatentTable, encode_images, latent_means};
pub use loss::binary_cross_entropy_with_logits;
pub use resampling::{
    BINS, SMOOTHING, density_histogram, digitize, effective_sample_size, sample_probabilities,
};
pub use step::train_step;
pub use vae_loss::{KL_WEIGHT, debiasing_loss, sampling, vae_loss};
