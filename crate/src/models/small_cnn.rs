//! A small network of two heads: what a technique changes is seen in seconds.
//!
//! # Source
//! Our own: the age-and-gender network of the lab (convolution → ReLU → batch norm → max-pooling, a dense head a task) in small.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear, MaxPool2d,
    MaxPool2dConfig, PaddingConfig2d, dense, relu,
};

/// Channels of the feature maps.
const CHANNELS: [usize; 3] = [16, 32, 64];
/// Units of the hidden dense layer.
const HIDDEN: usize = 64;

/// Configuration of a [`SmallCnn`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::SmallCnnConfig};
///
/// let device = Device::flex();
/// let model = SmallCnnConfig::new().with_batch_norm(true).with_dropout(0.5).init(&device);
/// let (gender, age) = model.forward(Tensor::zeros([2, 3, 32, 32], &device));
/// assert_eq!((gender.dims(), age.dims()), ([2], [2]));
/// ```
#[derive(Clone, Debug)]
pub struct SmallCnnConfig {
    /// Height and width of the images in pixels, 32 by default, at least 8.
    pub image_size: usize,
    /// Share of the hidden values dropped while training, in [0, 1); 0 by default.
    pub dropout: f64,
    /// Whether a batch norm follows each convolution; not by default.
    pub batch_norm: bool,
}

impl SmallCnnConfig {
    /// 32 × 32 pixels, neither dropout nor batch norm.
    pub fn new() -> Self {
        Self {
            image_size: 32,
            dropout: 0.0,
            batch_norm: false,
        }
    }

    /// Sets the height and width of the images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the share of the hidden values dropped while training.
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Sets whether a batch norm follows each convolution.
    pub fn with_batch_norm(mut self, batch_norm: bool) -> Self {
        self.batch_norm = batch_norm;
        self
    }

    /// Builds the model on `device`, with Glorot kernels and zero biases; call [`Device::seed`] before for reproducible
    /// weights.
    pub fn init(&self, device: &Device) -> SmallCnn {
        let conv = |channels: [usize; 2]| {
            Conv2dConfig::new(channels, [3, 3])
                .with_padding(PaddingConfig2d::Same)
                .init(device)
        };
        let norm = |channels: usize| {
            self.batch_norm
                .then(|| BatchNormConfig::new(channels).init(device))
        };
        let [first, second, third] = CHANNELS;
        // Halved three times.
        let side = self.image_size / 8;
        SmallCnn {
            conv1: conv([3, first]),
            norm1: norm(first),
            conv2: conv([first, second]),
            norm2: norm(second),
            conv3: conv([second, third]),
            norm3: norm(third),
            hidden: dense(third * side * side, HIDDEN, device),
            dropout: DropoutConfig::new(self.dropout).init(),
            gender: dense(HIDDEN, 1, device),
            age: dense(HIDDEN, 1, device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
        }
    }
}

impl Default for SmallCnnConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// A small network of gender and age.
///
/// With 32 × 32 images: 3×3 convolution 16 → ReLU → batch norm or not → max-pooling, then 32 and 64 channels the same way
/// (32 → 16 → 8 → 4), flattened to 1,024 values, dense 64 → ReLU → dropout, and a dense unit a task. 89,314 parameters
/// without batch norms.
#[derive(Module)]
pub struct SmallCnn {
    conv1: Conv2d,
    norm1: Option<BatchNorm>,
    conv2: Conv2d,
    norm2: Option<BatchNorm>,
    conv3: Conv2d,
    norm3: Option<BatchNorm>,
    hidden: Linear,
    dropout: Dropout,
    gender: Linear,
    age: Linear,
    pool: MaxPool2d,
}

impl SmallCnn {
    /// Logits of class 1 of the gender, and ages divided by 120.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    /// - output: `[batch]` and `[batch]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn forward(&self, images: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
        self.head(self.features(images))
    }

    /// Feature maps after the third pooling.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 64, image_size / 8, image_size / 8]`
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        let x = self.block(&self.conv1, &self.norm1, images); // [_, 16, 16, 16]
        let x = self.block(&self.conv2, &self.norm2, x); // [_, 32, 8, 8]
        self.block(&self.conv3, &self.norm3, x) // [_, 64, 4, 4]
    }

    /// Answers from the feature maps of [`features`](Self::features).
    ///
    /// # Shapes
    /// - `features`: `[batch, 64, image_size / 8, image_size / 8]`
    /// - output: `[batch]` and `[batch]`
    pub fn head(&self, features: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
        let x = relu(self.hidden.forward(features.flatten::<2>(1, 3))); // [_, 64]
        let x = self.dropout.forward(x);
        let one = |layer: &Linear| layer.forward(x.clone()).flatten(0, 1);
        (one(&self.gender), one(&self.age))
    }

    fn block(&self, conv: &Conv2d, norm: &Option<BatchNorm>, x: Tensor<4>) -> Tensor<4> {
        let x = relu(conv.forward(x));
        let x = match norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        self.pool.forward(x)
    }

    /// Number of parameters, batch-norm statistics included.
    pub fn num_params(&self) -> usize {
        super::num_params(self)
    }
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for SmallCnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_by_hand() {
        let device = Device::flex();
        // 3×3 kernels and biases, the hidden layer, two units.
        let plain = (27 + 1) * 16 + (144 + 1) * 32 + (288 + 1) * 64 + 1_025 * 64 + 2 * 65;
        assert_eq!(plain, 89_314);
        let config = SmallCnnConfig::new();
        assert_eq!(config.init(&device).num_params(), plain);
        // Scale, shift, mean and variance of each channel.
        let normed = config.clone().with_batch_norm(true).init(&device);
        assert_eq!(normed.num_params(), plain + 4 * (16 + 32 + 64));
        let larger = config.with_image_size(48).init(&device);
        assert_eq!(larger.num_params(), plain + 64 * 64 * (36 - 16));
        let (gender, age) = larger.forward(Tensor::zeros([3, 3, 48, 48], &device));
        assert_eq!((gender.dims(), age.dims()), ([3], [3]));
    }
}
