//! The age regressor: four convolutions, and the mean of each of their feature maps.
//!
//! # Source
//! Model 2 of « Classification de genre et d'âge » (I. Cabo, A. Giffard, F. Hamsek and S. Ouchallal, TensorFlow), layer
//! for layer. Its description leaves two things open, which its number of parameters does not settle: the padding, SAME
//! here as in the same authors' model 3, and the λ of its penalty, [`AgeCnn::L2`], that of their model 1.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear, MaxPool2d,
    MaxPool2dConfig, dense, global_average, relu,
};

/// Channels of the feature maps.
const CHANNELS: [usize; 4] = [32, 64, 128, 256];
/// Units of the hidden dense layer.
const HIDDEN: usize = 128;
/// Smallest side of an image: four poolings halve it.
const SMALLEST: usize = 16;

/// Configuration of an [`AgeCnn`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::AgeCnnConfig};
///
/// let device = Device::flex();
/// let model = AgeCnnConfig::new().init(&device);
/// assert_eq!(model.num_params(), 423_361);
/// // The means of feature maps have the same number whatever the images' size.
/// assert_eq!(model.forward(Tensor::zeros([2, 3, 64, 64], &device)).dims(), [2]);
/// ```
#[derive(Clone, Debug)]
pub struct AgeCnnConfig {
    /// Height and width of the images in pixels, 128 by default, at least 16.
    pub image_size: usize,
    /// Share of the hidden layer's values dropped while training, 0.5 by default, in [0, 1).
    pub dropout: f64,
    /// Weight of the current batch in the running statistics of the batch norms, 0.01 by default (Keras writes it 0.99);
    /// see [`BatchNormConfig`].
    pub norm_momentum: f64,
}

impl AgeCnnConfig {
    /// The original's sizes: 128 × 128 pixels, dropout 0.5.
    pub fn new() -> Self {
        Self {
            image_size: 128,
            dropout: 0.5,
            norm_momentum: 0.01,
        }
    }

    /// Sets the height and width of the images, in pixels. The weights are the same for every size.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the share of values dropped while training.
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Sets the weight of the current batch in the running statistics of the batch norms.
    pub fn with_norm_momentum(mut self, norm_momentum: f64) -> Self {
        self.norm_momentum = norm_momentum;
        self
    }

    /// Builds the model on `device`, with Glorot kernels and zero biases as Keras does; call [`Device::seed`] before for
    /// reproducible weights.
    ///
    /// # Panics
    /// When the images have fewer than 16 pixels a side: nothing would be left of them after the last pooling.
    pub fn init(&self, device: &Device) -> AgeCnn {
        let side = self.image_size;
        assert!(
            side >= SMALLEST,
            "Le réseau de l'âge lit des images d'au moins {SMALLEST} × {SMALLEST} pixels, pas de {side} × {side}."
        );
        let conv = |channels: [usize; 2]| Conv2dConfig::new(channels, [3, 3]).init(device);
        let norm = |channels: usize| {
            BatchNormConfig::new(channels)
                .with_momentum(self.norm_momentum)
                .init(device)
        };
        let [first, second, third, fourth] = CHANNELS;

        AgeCnn {
            conv1: conv([3, first]),
            norm1: norm(first),
            conv2: conv([first, second]),
            norm2: norm(second),
            conv3: conv([second, third]),
            norm3: norm(third),
            conv4: conv([third, fourth]),
            norm4: norm(fourth),
            hidden: dense(fourth, HIDDEN, device),
            dropout: DropoutConfig::new(self.dropout).init(),
            output: dense(HIDDEN, 1, device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
        }
    }
}

impl Default for AgeCnnConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The network that estimates an age.
///
/// Four times 3×3 convolution → ReLU → batch norm → 2×2 max-pooling (32, 64, 128 and 256 channels; 128 → 64 → 32 →
/// 16 → 8), the mean of each of the 256 feature maps, dense 128 → ReLU → dropout, dense 1. 423,361 values, 960 of them
/// the statistics of the batch norms.
///
/// # Training
/// The authors minimise the squared error with Adam at 1e-3 and a penalty on two kernels:
/// ```
/// use visages::{models::AgeCnn, train::{AdamConfig, FitConfig, Penalty}};
///
/// let config = FitConfig::new()
///     .with_learning_rate(1e-3)
///     .with_optimizer(AdamConfig::new().with_epsilon(1e-7))
///     .with_penalty(Penalty::l2(AgeCnn::L2).on(AgeCnn::PENALIZED));
/// ```
#[derive(Module)]
pub struct AgeCnn {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    conv3: Conv2d,
    norm3: BatchNorm,
    conv4: Conv2d,
    norm4: BatchNorm,
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
    pool: MaxPool2d,
}

impl AgeCnn {
    /// λ of the penalty `λ‖w‖²`.
    pub const L2: f64 = 0.01;
    /// The layers whose kernels it weighs on.
    pub const PENALIZED: [&'static str; 2] = ["conv1", "hidden"];

    /// Estimated ages, divided by 120.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    /// - output: `[batch]`; times 120, years
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have fewer than 16 pixels a side.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<1> {
        self.head(self.features(images))
    }

    /// Feature maps after the fourth pooling.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 256, image_size / 16, image_size / 16]`, `[batch, 256, 8, 8]` by default
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        let pool = &self.pool;
        let x = self.norm1.forward(relu(self.conv1.forward(images))); // [_, 32, 128, 128]
        let x = self
            .norm2
            .forward(relu(self.conv2.forward(pool.forward(x)))); // [_, 64, 64, 64]
        let x = self
            .norm3
            .forward(relu(self.conv3.forward(pool.forward(x)))); // [_, 128, 32, 32]
        let x = self
            .norm4
            .forward(relu(self.conv4.forward(pool.forward(x)))); // [_, 256, 16, 16]
        pool.forward(x) // [_, 256, 8, 8]
    }

    /// Ages, divided by 120, from the feature maps of [`features`](Self::features).
    ///
    /// # Shapes
    /// - `features`: `[batch, 256, height, width]`
    /// - output: `[batch]`
    pub fn head(&self, features: Tensor<4>) -> Tensor<1> {
        let x = global_average(features).flatten::<2>(1, 3); // [_, 256]
        let x = relu(self.hidden.forward(x)); // [_, 128]
        self.output.forward(self.dropout.forward(x)).flatten(0, 1)
    }

    /// The same network with another share of values dropped while training; see [`AgeCnnConfig::dropout`].
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout.prob = dropout;
        self
    }

    /// Number of values the model holds, batch-norm statistics included.
    pub fn num_params(&self) -> usize {
        super::num_params(self)
    }

    /// Number of values that training changes by gradient descent.
    pub fn num_trainable_params(&self) -> usize {
        super::num_trainable_params(self)
    }
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for AgeCnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
