//! What a notebook imports: `use visages::prelude::*;`.
//!
//! Ours, burn's and polars' names live together here. What is named one by one wins over the
//! polars prelude, which comes in whole; neither hides a name of Rust's own prelude
//! (`Result`, `Option`, `Vec`…), so a student's `Result<T, E>` means what it always means.

// The derives of burn emit paths that begin with `burn::`.
pub use burn;
pub use burn::config::Config;
pub use burn::module::{Module, Param};
pub use burn::nn::{self, PaddingConfig2d, Relu, Sigmoid};
pub use burn::optim::{GradientsParams, ModuleOptimizer};
pub use burn::tensor::{
    Bool, Device, Distribution, ElementConversion, Float, Int, Shape, Tensor, TensorData,
    activation::{self, log_sigmoid, softmax},
    s,
};

pub use image;
pub use plotters;
pub use polars;
pub use polars::prelude::*;

pub use crate::data::{
    AgeClasses, AgeClassesConfig, AgeSource, Batch, BatchConfig, Blocks, Crop, Decoding,
    DetectionConfig, DetectionLoader, DrawnFacesConfig, DrawnPeopleConfig, FACTORS, FaceGroup,
    FeatureBatch, FeatureConfig, Features, Framing, ImageFolder, ImageStore, IndexBatches,
    Labelled, LabelledBatch, LabelledSplit, LoadOptions, Preset, RareFactor, SplitConfig,
    SplitRows, Storage, TestFaces, Variation, World, WorldConfig,
    augment::{Augmenter, Transform, center_crops, random_crops},
    cacd, celeba, classes, drawn_objects, fairface, match_classes, mean_image, picture_measures,
    read_images, split_by_content, split_in_blocks, squared_errors, utkface, varied_faces,
    world_measures,
};
pub use crate::error::Error;
pub use crate::explain::{
    Clusters, PrincipalComponents, Probe, Traversal, adjusted_rand_index, cluster_factors,
    interpolate, k_means, kl_by_dimension, latent_factors, latent_traversal, linear_probe,
    most_active, pixel_features, principal_components, prior_share_outside, prior_traversal,
    share_outside,
};
pub use crate::fairness::{
    Accuracy, AccuracyDifference, AgeAudit, Audit, ErrorDifference, McNemar, ResidualIntervals,
    Z_95, accuracy_difference, accuracy_interval, before_after, by_measure, by_model,
    constant_answers, difference_interval, holm, margins_by_class, mcnemar, mean_sd,
    paired_difference_interval, paired_error_difference, paired_recalls, paired_seeds,
    rates_by_model, recall_by_group, recall_gaps, student_interval, summarize_seeds,
    wilson_interval,
};
pub use crate::figures::{
    Figure, GridOptions, age_scatter, augmentation_rows, confusion_matrix, crosstab_heatmap,
    cycle_gan_scheme, db_vae_scheme, difference_bars, errors_by_factor, factor_heatmap,
    grouped_bars, histogram_by_group, image_grid, image_pair, image_rows, latent_map, loss_curve,
    named_points, probability_grid, recall_bars, reliability_diagram, roc_by_group, split_violin,
    stacked_bars, stacked_histogram, vae_scheme,
};
pub use crate::french::{format_count, format_number};
pub use crate::host::StopFlag;
pub use crate::metrics::{AgeMetric, Metric, age_metrics, binary_metrics};
pub use crate::models::{
    AgeCnn, AgeCnnConfig, GenderAgeCnn, GenderAgeCnnConfig, GenderCnn, GenderCnnConfig,
    Initialization, StandardCnn, StandardCnnConfig, Vae64, Vae64Config, load_weights, num_params,
    num_trainable_params, save_weights,
};
pub use crate::notebook::{
    Attempt, Controls, IntoView, Session, Table, Values, attempt, clear_output, interact,
    progress_bar, show_table, stop_requested,
};
pub use crate::ops::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
    Dropout, DropoutConfig, Linear, LinearConfig, MaxPool2d, MaxPool2dConfig, dense, relu, sigmoid,
};
pub use crate::train::{
    AdamConfig, AdamWConfig, Classifier, Clipping, DebiasedFit, DebiasingConfig, DebiasingLog,
    DebiasingModel, EarlyStopping, Evaluation, FitConfig, Fitted, History, LatentModel,
    LatentTable, LossHistory, Penalty, ReduceOnPlateau, SgdConfig, Trainer, TrainingLog, VaeLosses,
    ValidationTarget, absolute_error, accuracy, balanced_class_weights,
    binary_cross_entropy_with_logits, density_histogram, digitize, effective_sample_size, evaluate,
    evaluate_vae, fit, fit_debiasing, fit_debiasing_with, fit_with, freeze_layers, gradient_step,
    huber_error, latent_means, predict, predict_label, predict_probabilities, predictions,
    reconstruct, reconstruction_errors, scored_predictions, softmax_cross_entropy, squared_error,
    train_step, unfreeze_layers, vae_terms, weighted_mean, weights_of_classes,
};
