//! Gender and age at once: one body of four convolutions, two heads.
//!
//! # Source
//! Model 3 of « Classification de genre et d'âge » (I. Cabo, A. Giffard, F. Hamsek and S. Ouchallal, TensorFlow), layer
//! for layer.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear, MaxPool2d,
    MaxPool2dConfig, dense, relu,
};

/// Channels of the feature maps.
const CHANNELS: [usize; 4] = [32, 64, 128, 256];
/// Units of the hidden dense layer of each head.
const HIDDEN: usize = 256;
/// Smallest side of an image: four poolings halve it.
const SMALLEST: usize = 16;

/// Configuration of a [`GenderAgeCnn`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::GenderAgeCnnConfig};
///
/// let device = Device::flex();
/// let model = GenderAgeCnnConfig::new().init(&device);
/// assert_eq!(model.num_params(), 8_779_970);
///
/// let smaller = GenderAgeCnnConfig::new().with_image_size(64).init(&device);
/// let (gender, age) = smaller.forward(Tensor::zeros([2, 3, 64, 64], &device));
/// assert_eq!((gender.dims(), age.dims()), ([2], [2]));
/// ```
#[derive(Clone, Debug)]
pub struct GenderAgeCnnConfig {
    /// Height and width of the images in pixels, 128 by default, at least 16.
    pub image_size: usize,
    /// Share of each head's hidden values dropped while training, 0.3 by default, in [0, 1).
    pub dropout: f64,
    /// Weight of the current batch in the running statistics of the batch norms, 0.01 by default (Keras writes it 0.99);
    /// see [`BatchNormConfig`].
    pub norm_momentum: f64,
    /// What the initial weights of the last layer of ages are multiplied by, 1 by default.
    ///
    /// The maps that are flattened are normalised: the first ages are then wrong by whole lives, and Adam, which remembers
    /// such gradients for a thousand steps, hardly moves. In a short training, 0.01 makes the first ages nearly 0.
    pub age_gain: f64,
}

impl GenderAgeCnnConfig {
    /// The original's sizes: 128 × 128 pixels, dropout 0.3.
    pub fn new() -> Self {
        Self {
            image_size: 128,
            dropout: 0.3,
            norm_momentum: 0.01,
            age_gain: 1.0,
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

    /// Sets the weight of the current batch in the running statistics of the batch norms.
    pub fn with_norm_momentum(mut self, norm_momentum: f64) -> Self {
        self.norm_momentum = norm_momentum;
        self
    }

    /// Sets what the initial weights of the last layer of ages are multiplied by.
    pub fn with_age_gain(mut self, age_gain: f64) -> Self {
        self.age_gain = age_gain;
        self
    }

    /// Builds the model on `device`, with Glorot kernels and zero biases as Keras does; call [`Device::seed`] before for
    /// reproducible weights.
    ///
    /// # Panics
    /// When the images have fewer than 16 pixels a side: nothing would be left of them after the last pooling.
    pub fn init(&self, device: &Device) -> GenderAgeCnn {
        let side = self.image_size;
        assert!(
            side >= SMALLEST,
            "Le réseau du genre et de l'âge lit des images d'au moins {SMALLEST} × {SMALLEST} pixels, pas de {side} × {side}."
        );
        let conv = |channels: [usize; 2]| Conv2dConfig::new(channels, [3, 3]).init(device);
        let norm = |channels: usize| {
            BatchNormConfig::new(channels)
                .with_momentum(self.norm_momentum)
                .init(device)
        };
        let dropout = || DropoutConfig::new(self.dropout).init();
        let [first, second, third, fourth] = CHANNELS;
        // Four poolings, each of which leaves an odd row out.
        let side = side / 16;
        let flat = fourth * side * side;

        let mut age_output = dense(HIDDEN, 1, device);
        age_output.weight = age_output.weight.map(|weight| weight * self.age_gain);

        GenderAgeCnn {
            conv1: conv([3, first]),
            norm1: norm(first),
            conv2: conv([first, second]),
            norm2: norm(second),
            conv3: conv([second, third]),
            norm3: norm(third),
            conv4: conv([third, fourth]),
            norm4: norm(fourth),
            gender_hidden: dense(flat, HIDDEN, device),
            gender_dropout: dropout(),
            gender_output: dense(HIDDEN, 1, device),
            age_hidden: dense(flat, HIDDEN, device),
            age_dropout: dropout(),
            age_output,
            pool: MaxPool2dConfig::new([2, 2]).init(),
        }
    }
}

impl Default for GenderAgeCnnConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The network that tells the annotated gender and estimates the age.
///
/// With 128 × 128 images: four times 3×3 convolution → ReLU → batch norm → 2×2 max-pooling (32, 64, 128 and 256
/// channels; 128 → 64 → 32 → 16 → 8), flattened to 16,384 values, then two heads alike: dense 256 → ReLU → dropout,
/// dense 1. 8,779,970 values, 960 of them the statistics of the batch norms and 8,389,120 in the two hidden layers.
///
/// # Training
/// The authors minimise the sum of the squared error of the age and of the binary cross-entropy of the gender, with Adam
/// at 1e-4 and a penalty on the kernels of all layers but the last ones:
/// ```
/// use visages::{models::GenderAgeCnn, train::{AdamConfig, FitConfig, Penalty}};
///
/// let config = FitConfig::new()
///     .with_learning_rate(1e-4)
///     .with_optimizer(AdamConfig::new().with_epsilon(1e-7))
///     .with_penalty(Penalty::l2(GenderAgeCnn::L2).on(GenderAgeCnn::PENALIZED));
/// ```
#[derive(Module)]
pub struct GenderAgeCnn {
    conv1: Conv2d,
    norm1: BatchNorm,
    conv2: Conv2d,
    norm2: BatchNorm,
    conv3: Conv2d,
    norm3: BatchNorm,
    conv4: Conv2d,
    norm4: BatchNorm,
    gender_hidden: Linear,
    gender_dropout: Dropout,
    gender_output: Linear,
    age_hidden: Linear,
    age_dropout: Dropout,
    age_output: Linear,
    pool: MaxPool2d,
}

impl GenderAgeCnn {
    /// λ of the authors' penalty `λ‖w‖²`.
    pub const L2: f64 = 5e-4;
    /// The layers whose kernels it weighs on.
    pub const PENALIZED: [&'static str; 6] = [
        "conv1",
        "conv2",
        "conv3",
        "conv4",
        "gender_hidden",
        "age_hidden",
    ];

    /// Logits of « femme » (class 1 of UTKFace's annotation) and estimated ages, divided by 120.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    /// - outputs: `([batch], [batch])`; the sigmoid of a logit is a probability, the second times 120 is in years
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn forward(&self, images: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
        self.head(self.features(images))
    }

    /// Feature maps after the fourth pooling, which both heads read.
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

    /// Gender logits and ages, divided by 120, from the feature maps of [`features`](Self::features).
    ///
    /// # Shapes
    /// - `features`: `[batch, 256, image_size / 16, image_size / 16]`
    /// - outputs: `([batch], [batch])`
    pub fn head(&self, features: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
        let x = features.flatten::<2>(1, 3); // [_, 16384]
        let gender = relu(self.gender_hidden.forward(x.clone())); // [_, 256]
        let gender = self
            .gender_output
            .forward(self.gender_dropout.forward(gender));
        let age = relu(self.age_hidden.forward(x)); // [_, 256]
        let age = self.age_output.forward(self.age_dropout.forward(age));
        (gender.flatten(0, 1), age.flatten(0, 1))
    }

    /// The same network with another share of values dropped while training; see [`GenderAgeCnnConfig::dropout`].
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.gender_dropout.prob = dropout;
        self.age_dropout.prob = dropout;
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
impl std::fmt::Debug for GenderAgeCnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
