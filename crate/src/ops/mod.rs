//! The layers our models are built from: convolution, transposed convolution, dense layer, batch
//! normalisation, pooling, dropout.
//!
//! They carry burn's struct and field names (`Conv2d { weight, bias }`, `BatchNorm { gamma, beta,
//! running_mean, running_var }`), so record paths and weight adapters written for burn's layers hold
//! for ours. What differs is the default: these layers follow Keras, the library of the labs'
//! originals (Glorot kernels, zero biases, SAME padding as TensorFlow computes it).
//!
//! Every convolution of the crate goes through here; on the processor (flex) the layers compute with
//! our own kernels, [`cpu`], elsewhere with burn's operations.

mod activation;
mod batch_norm;
mod conv2d;
mod conv_norm;
mod conv_transpose2d;
pub mod cpu;
mod difference;
mod dropout;
mod init;
mod linear;
mod padding;
mod pooling;

pub use activation::{relu, sigmoid, silu};
pub use batch_norm::{BatchNorm, BatchNormConfig};
pub use conv_norm::{conv_norm, conv_norm_silu};
pub use conv_transpose2d::{ConvTranspose2d, ConvTranspose2dConfig};
pub use conv2d::{Conv2d, Conv2dConfig};

pub use difference::mean_absolute_difference;
pub use dropout::{Dropout, DropoutConfig};
pub use linear::{Linear, LinearConfig, dense};
pub use pooling::{MaxPool2d, MaxPool2dConfig, global_average, scale_channels};

pub use burn::module::Initializer;
pub use burn::nn::PaddingConfig2d;
