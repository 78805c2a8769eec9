//! The decoder of the DB-VAE: from latent variables back to a face.
//!
//! # Source
//! MIT 6.S191, lab 2 part 2 (`make_face_decoder_network`), © MIT, licence MIT.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{ConvTranspose2d, ConvTranspose2dConfig, Linear, dense, relu, sigmoid};

/// Configuration of a [`FaceDecoder`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::FaceDecoderConfig};
///
/// let device = Device::flex();
/// let decoder = FaceDecoderConfig::new().init(&device);
/// assert_eq!(decoder.num_params(), 166_011);
/// assert_eq!(decoder.forward(Tensor::zeros([2, 100], &device)).dims(), [2, 3, 64, 64]);
/// ```
#[derive(Clone, Debug)]
pub struct FaceDecoderConfig {
    /// Number of latent variables, 100 by default.
    pub latent_dim: usize,
    /// Base number of filters, 12 by default: the maps have 6, 4, 2 and 1 times as many.
    pub n_filters: usize,
    /// Height and width of the images in pixels, a multiple of 16 (else rounded up); 64 by default.
    pub image_size: usize,
}

impl FaceDecoderConfig {
    /// The original's sizes: 100 latent variables, 12 filters, 64 × 64 pixels.
    pub fn new() -> Self {
        Self {
            latent_dim: 100,
            n_filters: 12,
            image_size: 64,
        }
    }

    /// Sets the number of latent variables.
    pub fn with_latent_dim(mut self, latent_dim: usize) -> Self {
        self.latent_dim = latent_dim;
        self
    }

    /// Sets the base number of filters.
    pub fn with_n_filters(mut self, n_filters: usize) -> Self {
        self.n_filters = n_filters;
        self
    }

    /// Sets the height and width of the images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Builds the decoder on `device`, initialised as Keras does.
    pub fn init(&self, device: &Device) -> FaceDecoder {
        let f = self.n_filters;
        let up = |channels: [usize; 2], kernel: usize| {
            ConvTranspose2dConfig::new(channels, [kernel, kernel])
                .with_stride([2, 2])
                .init(device)
        };
        // Four doublings lead from this side to the image's.
        let side = self.image_size.div_ceil(16);

        FaceDecoder {
            input: dense(self.latent_dim, 6 * f * side * side, device),
            up1: up([6 * f, 4 * f], 3),
            up2: up([4 * f, 2 * f], 3),
            up3: up([2 * f, f], 5),
            up4: up([f, 3], 5),
            side,
        }
    }
}

impl Default for FaceDecoderConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The decoder of the debiasing lab: the encoder's convolutions, mirrored.
///
/// With 100 latent variables and 12 filters: dense 1152 → ReLU → `[72, 4, 4]`, then transposed
/// convolutions at stride 2: 3×3 48, 3×3 24, 5×5 12 (each with ReLU) and 5×5 3 with a *sigmoid*.
/// 166,011 parameters.
///
/// # Why a sigmoid
/// Pixels lie in `[0, 1]`, and so does what a sigmoid returns. The TensorFlow original ends with a
/// ReLU, which is not bounded above and has no gradient where it returns 0: a pixel that goes black
/// for every image stays black. MIT's PyTorch version ends with nothing, and its pixels leave the
/// range of colours.
#[derive(Module)]
pub struct FaceDecoder {
    input: Linear,
    up1: ConvTranspose2d,
    up2: ConvTranspose2d,
    up3: ConvTranspose2d,
    up4: ConvTranspose2d,
    side: usize,
}

impl FaceDecoder {
    /// Images from latent variables.
    ///
    /// # Shapes
    /// - `z`: `[batch, latent_dim]`
    /// - output: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the number of latent variables differs.
    pub fn forward(&self, z: Tensor<2>) -> Tensor<4> {
        let [batch, _] = z.dims();
        let [channels, ..] = self.up1.weight.dims();
        let x = relu(self.input.forward(z)); // [_, 1152]
        let x = x.reshape([batch, channels, self.side, self.side]); // [_, 72, 4, 4]
        let x = relu(self.up1.forward(x)); // [_, 48, 8, 8]
        let x = relu(self.up2.forward(x)); // [_, 24, 16, 16]
        let x = relu(self.up3.forward(x)); // [_, 12, 32, 32]
        sigmoid(self.up4.forward(x)) // [_, 3, 64, 64]
    }

    /// Number of parameters, all of them trained.
    pub fn num_params(&self) -> usize {
        super::num_params(self)
    }
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for FaceDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
