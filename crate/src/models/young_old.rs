//! The young/old classifier: two convolutions and three dense layers, which hold 99 % of the
//! parameters.
//!
//! # Source
//! The notebook « TP classif images » that the lab is drawn from (`Net`, PyTorch), shape for shape.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{
    Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear, MaxPool2d, MaxPool2dConfig,
    PaddingConfig2d, dense, relu,
};

/// Channels of the feature maps.
const CHANNELS: [usize; 2] = [32, 64];

/// Configuration of a [`YoungOldCnn`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::YoungOldCnnConfig};
///
/// let device = Device::flex();
/// let model = YoungOldCnnConfig::new().init(&device);
/// assert_eq!(model.num_params(), 4_787_778);
/// assert_eq!(model.forward(Tensor::zeros([2, 3, 75, 75], &device)).dims(), [2, 2]);
/// ```
#[derive(Clone, Debug)]
pub struct YoungOldCnnConfig {
    /// Height and width of the images in pixels, 75 by default, at least 10.
    pub image_size: usize,
    /// Shares of values dropped while training: after the first pooling, after the second, and
    /// after the first dense layer; 0.25, 0.25 and 0.5 by default, each in [0, 1).
    pub dropout: [f64; 3],
}

impl YoungOldCnnConfig {
    /// The original's sizes: 75 × 75 pixels, dropout 0.25, 0.25 and 0.5.
    pub fn new() -> Self {
        Self {
            image_size: 75,
            dropout: [0.25, 0.25, 0.5],
        }
    }

    /// Sets the height and width of the images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the shares of values dropped while training.
    pub fn with_dropout(mut self, dropout: [f64; 3]) -> Self {
        self.dropout = dropout;
        self
    }

    /// Builds the model on `device`, with Glorot kernels and zero biases as our other networks; call
    /// [`Device::seed`] before for reproducible weights.
    pub fn init(&self, device: &Device) -> YoungOldCnn {
        let conv = |channels: [usize; 2]| {
            Conv2dConfig::new(channels, [3, 3])
                .with_padding(PaddingConfig2d::Valid)
                .init(device)
        };
        let [small, large] = CHANNELS;
        // Twice: 3 × 3 without padding, then half of it.
        let side = (self.image_size.saturating_sub(2) / 2).saturating_sub(2) / 2;
        let [dropout1, dropout2, dropout3] =
            self.dropout.map(|share| DropoutConfig::new(share).init());

        YoungOldCnn {
            conv1: conv([3, small]),
            dropout1,
            conv2: conv([small, large]),
            dropout2,
            fc1: dense(large * side * side, 256, device),
            dropout3,
            fc2: dense(256, 128, device),
            fc3: dense(128, 2, device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
        }
    }
}

impl Default for YoungOldCnnConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The convolutional classifier of the young/old lab.
///
/// With 75 × 75 images: 3×3 convolution 32 → ReLU → max-pooling → dropout, then 64 channels the same
/// way (75 → 73 → 36 → 34 → 17), flattened to 18,496 values, dense 256 → ReLU → dropout, dense 128 →
/// ReLU, dense 2. 4,787,778 parameters, 4,735,232 of them in the first dense layer.
#[derive(Module)]
pub struct YoungOldCnn {
    conv1: Conv2d,
    dropout1: Dropout,
    conv2: Conv2d,
    dropout2: Dropout,
    fc1: Linear,
    dropout3: Dropout,
    fc2: Linear,
    fc3: Linear,
    pool: MaxPool2d,
}

impl YoungOldCnn {
    /// Logits of a batch of images, one a class.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 2]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.features(images))
    }

    /// Feature maps after the second pooling.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 64, 17, 17]` with 75 × 75 images
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        // ReLU grows with its input: after the pooling it gives the same, gradients included, on four
        // times fewer values.
        let x = self.conv1.forward(images); // [_, 32, 73, 73]
        let x = self.dropout1.forward(relu(self.pool.forward(x))); // [_, 32, 36, 36]
        let x = self.conv2.forward(x); // [_, 64, 34, 34]
        self.dropout2.forward(relu(self.pool.forward(x))) // [_, 64, 17, 17]
    }

    /// Logits from the feature maps of [`features`](Self::features).
    ///
    /// # Shapes
    /// - `features`: `[batch, 64, 17, 17]` with 75 × 75 images
    /// - output: `[batch, 2]`
    pub fn head(&self, features: Tensor<4>) -> Tensor<2> {
        let x = relu(self.fc1.forward(features.flatten::<2>(1, 3))); // [_, 256]
        let x = relu(self.fc2.forward(self.dropout3.forward(x))); // [_, 128]
        self.fc3.forward(x)
    }

    /// The same network with other shares of values dropped while training; see
    /// [`YoungOldCnnConfig::dropout`].
    pub fn with_dropout(mut self, dropout: [f64; 3]) -> Self {
        let layers = [&mut self.dropout1, &mut self.dropout2, &mut self.dropout3];
        for (layer, share) in layers.into_iter().zip(dropout) {
            layer.prob = share;
        }
        self
    }

    /// Number of parameters, all of them trained.
    pub fn num_params(&self) -> usize {
        super::num_params(self)
    }
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for YoungOldCnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
