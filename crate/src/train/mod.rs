//! Training: losses, one step, the loop with its history, and what a trained model answers.
//!
//! Models come in plain (without autodiff) and go out plain: what a notebook keeps between cells
//! never carries a gradient graph.
//!
//! One loop trains anything. What it trains is a [`Task`]: [`fit`] and [`fit_debiasing`] have theirs, a [`Trainer`] makes
//! one of closures. A loop of one's own has its bar, curve, history and gentle stop from a [`TrainingLog`].
//!
//! | files | own |
//! |---|---|
//! | `task`, `trainer` | what a training is about: the trait, and closures in its place |
//! | `fit_config`, `epochs`, `engine`, `control` | settings; the loop, the object that it drives, what changes from epoch to epoch |
//! | `log`, `progress`, `history`, `target` | what is shown and kept of a training, and the metric that choices are made by |
//! | `optimizer`, `adam`, `layers` | optimizers, clipping; penalties and frozen layers by their names |
//! | `checkpoint`, `checkpoint_key`, `probe`, `exact` | going on after an interruption, and refusing to when anything differs |
//! | `detection`, `classifier`, `evaluate` | the plain detector |
//! | `debias`, `debiasing_log`, `debiasing_model`, `resampling` | the DB-VAE and the adaptive resampling of its faces |
//! | `latent_model`, `latent`, `vae_measures` | what autoencoders have in common; latent variables of images, reconstructions and their errors |
//! | `loss`, `vae_loss` | losses, one value an image |

mod adam;
mod checkpoint;
mod checkpoint_key;
mod classifier;
mod control;
mod debias;
mod debiasing_log;
mod debiasing_model;
mod detection;
mod engine;
mod epochs;
mod evaluate;
mod exact;
mod fit_config;
mod history;
mod latent;
mod latent_model;
mod layers;
mod log;
mod loss;
mod optimizer;
mod probe;
mod progress;
mod resampling;
mod target;
mod task;
mod trainer;
mod vae_loss;
mod vae_measures;

pub use adam::AdamConfig;
pub use classifier::Classifier;
pub use control::Schedule;
pub use debias::{
    DebiasedFit, DebiasingConfig, Preview, Resampling, fit_debiasing, fit_debiasing_with,
};
pub use debiasing_log::DebiasingLog;
pub use debiasing_model::{DebiasingModel, debiasing_train_step};
pub use detection::{fit, fit_with, train_step};
pub use epochs::fit_task;
pub use evaluate::{
    Evaluation, accuracy, evaluate, predict, predict_label, predict_probabilities, predictions,
    scored_predictions,
};
pub use fit_config::{FitConfig, Fitted};
pub use history::{History, LossHistory, ON_TRAINING, Traced, VALIDATION_LOSS};
pub use latent::{LatentTable, encode_images, latent_means};
pub use latent_model::LatentModel;
pub use layers::{Penalty, freeze_layers, unfreeze_layers};
pub use log::TrainingLog;
pub use loss::{
    absolute_error, balanced_class_weights, binary_cross_entropy_with_logits, huber_error,
    softmax_cross_entropy, squared_error, weighted_mean, weights_of_classes,
};
pub use optimizer::{AdamWConfig, Clipping, OptimizerConfig, SgdConfig, clip_gradients};
pub use resampling::{
    BINS, SMOOTHING, density_histogram, digitize, effective_sample_size, sample_probabilities,
};
pub use target::{EarlyStopping, ReduceOnPlateau, ValidationTarget};
pub use task::{Descent, Task, gradient_step};
pub use trainer::{EpochStart, Trainer};
pub use vae_loss::{KL_WEIGHT, debiasing_loss, sampling, vae_loss, vae_terms};
pub use vae_measures::{VaeLosses, evaluate_vae, reconstruct, reconstruction_errors};

use checkpoint::Checkpoints;
