//! The standard face detector: four convolutions and two dense layers.
//!
//! # Source
//! MIT 6.S191, lab 2 part 2 (`make_standard_classifier`), © MIT, licence MIT.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Linear, dense, relu};

/// Configuration of a [`StandardCnn`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::StandardCnnConfig};
///
/// let device = Device::flex();
/// let model = StandardCnnConfig::new().init(&device);
/// assert_eq!(model.num_trainable_params(), 640_889);
/// assert_eq!(model.forward(Tensor::zeros([2, 3, 64, 64], &device)).dims(), [2, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct StandardCnnConfig {
    /// Filters of the first convolution, 12 by default; the next three have 2, 4 and 6 times as many.
    pub n_filters: usize,
    /// Number of outputs: 1 by default, the logit of « this is a face ».
    pub n_outputs: usize,
    /// Height and width of the images in pixels, 64 by default.
    pub image_size: usize,
    /// Units of the hidden dense layer, 512 by default.
    pub n_hidden: usize,
    /// Weight of the current batch in the running statistics of the batch norms, 0.1 by default;
    /// see [`BatchNormConfig`].
    pub norm_momentum: f64,
}

impl StandardCnnConfig {
    /// The original's sizes: 12 filters, 1 output, 64 × 64 pixels, 512 hidden units.
    pub fn new() -> Self {
        Self {
            n_filters: 12,
            n_outputs: 1,
            image_size: 64,
            n_hidden: 512,
            norm_momentum: 0.1,
        }
    }

    /// Sets the number of filters of the first convolution.
    pub fn with_n_filters(mut self, n_filters: usize) -> Self {
        self.n_filters = n_filters;
        self
    }

    /// Sets the number of outputs.
    pub fn with_n_outputs(mut self, n_outputs: usize) -> Self {
        self.n_outputs = n_outputs;
        self
    }

    /// Sets the height and width of the images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the number of units of the hidden dense layer.
    pub fn with_n_hidden(mut self, n_hidden: usize) -> Self {
        self.n_hidden = n_hidden;
        self
    }

    /// Sets the weight of the current batch in the running statistics of the batch norms.
    pub fn with_norm_momentum(mut self, norm_momentum: f64) -> Self {
        self.norm_momentum = norm_momentum;
        self
    }

    /// Builds the model on `device`, initialised as Keras does; call [`Device::seed`] before for
    /// reproducible weights.
    pub fn init(&self, device: &Device) -> StandardCnn {
        let f = self.n_filters;
        let conv = |channels: [usize; 2], kernel: usize| {
            Conv2dConfig::new(channels, [kernel, kernel])
                .with_stride([2, 2])
                .init(device)
        };
        let norm = |channels: usize| {
            BatchNormConfig::new(channels)
                .with_momentum(self.norm_momentum)
                .init(device)
        };
        // SAME padding at stride 2 halves the side four times, rounding up.
        let side = self.image_size.div_ceil(16);

        StandardCnn {
            conv1: conv([3, f], 5),
            norm1: norm(f),
            conv2: conv([f, 2 * f], 5),
            norm2: norm(2 * f),
            conv3: conv([2 * f, 4 * f], 3),
            norm3: norm(4 * f),
            conv4: conv([4 * f, 6 * f], 3),
            norm4: norm(6 * f),
            hidden: dense(6 * f * side * side, self.n_hidden, device),
            output: dense(self.n_hidden, self.n_outputs, device),
        }
    }
}

impl Default for StandardCnnConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The standard convolutional classifier of the debiasing lab.
///
/// With 64 × 64 images and 12 filters: convolution → ReLU → batch norm four times
/// (5×5 12, 5×5 24, 3×3 48, 3×3 72, each at stride 2), flattened to 1,152 values, dense 512 → ReLU,
/// dense `n_outputs`. 640,889 trainable parameters for one output (641,201 values with the batch-norm
/// statistics), 743,489 for 201.
#[derive(Module)]
pub struct StandardCnn {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    conv3: Conv2d,
    norm3: BatchNorm,
    conv4: Conv2d,
    norm4: BatchNorm,
    hidden: Linear,
    output: Linear,
}

impl StandardCnn {
    /// Logits of a batch of images.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    /// - output: `[batch, n_outputs]`; the sigmoid of a logit is a probability
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.features(images))
    }

    /// Feature maps after the fourth convolution block.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 6 · n_filters, image_size / 16, image_size / 16]`, `[batch, 72, 4, 4]` by default
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        let x = self.norm1.forward(relu(self.conv1.forward(images))); // [_, 12, 32, 32]
        let x = self.norm2.forward(relu(self.conv2.forward(x))); // [_, 24, 16, 16]
        let x = self.norm3.forward(relu(self.conv3.forward(x))); // [_, 48, 8, 8]
        self.norm4.forward(relu(self.conv4.forward(x))) // [_, 72, 4, 4]
    }

    /// Logits from the feature maps of [`features`](Self::features).
    ///
    /// # Shapes
    /// - `features`: `[batch, 6 · n_filters, image_size / 16, image_size / 16]`
    /// - output: `[batch, n_outputs]`
    pub fn head(&self, features: Tensor<4>) -> Tensor<2> {
        let x = features.flatten(1, 3); // [_, 1152]
        self.output.forward(relu(self.hidden.forward(x)))
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
impl std::fmt::Debug for StandardCnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
