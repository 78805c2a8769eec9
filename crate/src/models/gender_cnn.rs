//! The gender classifier: four convolutions without padding and a wide dense layer.
//!
//! # Source
//! Model 1 of « Classification de genre et d'âge » (I. Cabo, A. Giffard, F. Hamsek and S. Ouchallal, TensorFlow), layer
//! for layer. Two more dense layers are built there but connected to nothing: they are not here.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear, MaxPool2d,
    MaxPool2dConfig, PaddingConfig2d, dense, relu,
};

/// Channels of the feature maps.
const CHANNELS: [usize; 4] = [64, 128, 256, 512];
/// Units of the hidden dense layer.
const HIDDEN: usize = 512;
/// Smallest side of an image: 68 → 66 → 22 → 20 → 10 → 8 → 4 → 2 → 1.
const SMALLEST: usize = 68;

/// Configuration of a [`GenderCnn`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::GenderCnnConfig};
///
/// let device = Device::flex();
/// let model = GenderCnnConfig::new().init(&device);
/// assert_eq!(model.num_params(), 2_600_833);
///
/// let smaller = GenderCnnConfig::new().with_image_size(72).init(&device);
/// assert_eq!(smaller.forward(Tensor::zeros([2, 3, 72, 72], &device)).dims(), [2]);
/// ```
#[derive(Clone, Debug)]
pub struct GenderCnnConfig {
    /// Height and width of the images in pixels, 100 by default, at least 68.
    pub image_size: usize,
    /// Share of the hidden layer's values dropped while training, 0.5 by default, in [0, 1).
    pub dropout: f64,
    /// Weight of the current batch in the running statistics of the batch norm, 0.01 by default (Keras writes it 0.99);
    /// see [`BatchNormConfig`].
    pub norm_momentum: f64,
}

impl GenderCnnConfig {
    /// The original's sizes: 100 × 100 pixels, dropout 0.5.
    pub fn new() -> Self {
        Self {
            image_size: 100,
            dropout: 0.5,
            norm_momentum: 0.01,
        }
    }

    /// Sets the height and width of the images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the share of values dropped while training.
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Sets the weight of the current batch in the running statistics of the batch norm.
    pub fn with_norm_momentum(mut self, norm_momentum: f64) -> Self {
        self.norm_momentum = norm_momentum;
        self
    }

    /// Builds the model on `device`, with Glorot kernels and zero biases as Keras does; call [`Device::seed`] before for
    /// reproducible weights.
    ///
    /// # Panics
    /// When the images have fewer than 68 pixels a side: nothing would be left of them after the last pooling.
    pub fn init(&self, device: &Device) -> GenderCnn {
        let side = self.image_size;
        assert!(
            side >= SMALLEST,
            "Le réseau du genre lit des images d'au moins {SMALLEST} × {SMALLEST} pixels, pas de {side} × {side}."
        );
        let conv = |channels: [usize; 2]| {
            Conv2dConfig::new(channels, [3, 3])
                .with_padding(PaddingConfig2d::Valid)
                .init(device)
        };
        let [first, second, third, fourth] = CHANNELS;
        // 3 × 3 without padding, then a third of it, then three times a half.
        let side = [3, 2, 2, 2]
            .iter()
            .fold(side, |side, window| (side - 2) / window);

        GenderCnn {
            conv1: conv([3, first]),
            norm1: BatchNormConfig::new(first)
                .with_momentum(self.norm_momentum)
                .init(device),
            conv2: conv([first, second]),
            conv3: conv([second, third]),
            conv4: conv([third, fourth]),
            hidden: dense(fourth * side * side, HIDDEN, device),
            dropout: DropoutConfig::new(self.dropout).init(),
            output: dense(HIDDEN, 1, device),
            pool1: MaxPool2dConfig::new([3, 3]).init(),
            pool: MaxPool2dConfig::new([2, 2]).init(),
        }
    }
}

impl Default for GenderCnnConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The network that tells the annotated gender.
///
/// With 100 × 100 images: 3×3 convolution 64 → ReLU → batch norm → 3×3 max-pooling, then 128, 256 and 512 channels,
/// each 3×3 convolution → ReLU → 2×2 max-pooling (100 → 98 → 32 → 30 → 15 → 13 → 6 → 4 → 2), flattened to 2,048
/// values, dense 512 → ReLU → dropout, dense 1. 2,600,833 values, 128 of them the statistics of the batch norm.
///
/// # Training
/// The authors minimise the binary cross-entropy with Adam at 1e-4 and a penalty on two kernels:
/// ```
/// use visages::{models::GenderCnn, train::{AdamConfig, FitConfig, Penalty}};
///
/// let config = FitConfig::new()
///     .with_learning_rate(1e-4)
///     .with_optimizer(AdamConfig::new().with_epsilon(1e-7))
///     .with_penalty(Penalty::l2(GenderCnn::L2).on(GenderCnn::PENALIZED));
/// ```
#[derive(Module)]
pub struct GenderCnn {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    conv3: Conv2d,
    conv4: Conv2d,
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
    pool1: MaxPool2d,
    pool: MaxPool2d,
}

impl GenderCnn {
    /// λ of the authors' penalty `λ‖w‖²`.
    pub const L2: f64 = 0.01;
    /// The layers whose kernels it weighs on.
    pub const PENALIZED: [&'static str; 2] = ["conv1", "hidden"];

    /// Logits of « femme » (class 1 of UTKFace's annotation).
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    /// - output: `[batch]`; the sigmoid of a logit is a probability
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<1> {
        self.head(self.features(images))
    }

    /// Feature maps after the last pooling.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 512, 2, 2]` with 100 × 100 images, `[batch, 512, 1, 1]` with 72 × 72 ones
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        let x = self.norm1.forward(relu(self.conv1.forward(images))); // [_, 64, 98, 98]
        let x = self.pool1.forward(x); // [_, 64, 32, 32]
        // ReLU grows with its input: after the pooling it gives the same, on four times fewer values.
        let x = relu(self.pool.forward(self.conv2.forward(x))); // [_, 128, 15, 15]
        let x = relu(self.pool.forward(self.conv3.forward(x))); // [_, 256, 6, 6]
        relu(self.pool.forward(self.conv4.forward(x))) // [_, 512, 2, 2]
    }

    /// Logits from the feature maps of [`features`](Self::features).
    ///
    /// # Shapes
    /// - `features`: `[batch, 512, 2, 2]` with 100 × 100 images
    /// - output: `[batch]`
    pub fn head(&self, features: Tensor<4>) -> Tensor<1> {
        let x = relu(self.hidden.forward(features.flatten::<2>(1, 3))); // [_, 512]
        self.output.forward(self.dropout.forward(x)).flatten(0, 1)
    }

    /// The same network with another share of values dropped while training; see [`GenderCnnConfig::dropout`].
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
impl std::fmt::Debug for GenderCnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
