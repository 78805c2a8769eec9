//! The variational autoencoder of the lab on latent spaces: 64 × 64 pixels, a handful of latent
//! variables to turn by hand.
//!
//! # Source
//! The « VAE 64 » scripts that the lab is drawn from (`model_VAE_64.py`, PyTorch), shape for shape
//! and weight for weight. D. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, ICLR 2014,
//! arXiv:1312.6114.

use burn::{
    Tensor,
    module::Module,
    tensor::{Device, Distribution},
};

use crate::{
    error::{Error, Result},
    ops::{
        Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Linear, PaddingConfig2d,
        dense, relu, sigmoid,
    },
};

/// Height and width of the images, in pixels.
const SIDE: usize = 64;
/// Side of the encoder's last feature maps: three convolutions at stride 2.
const LAST_SIDE: usize = SIDE / 8;
/// Channels of the feature maps.
const CHANNELS: [usize; 3] = [32, 64, 64];
/// Units of the dense layers on both sides of the latent variables.
const HIDDEN: usize = 512;
/// Most latent variables.
const MOST_LATENT: usize = 64;

/// Configuration of a [`Vae64`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::Vae64Config};
///
/// let device = Device::flex();
/// let model = Vae64Config::new().with_latent_dim(4).init(&device)?;
/// assert_eq!(model.num_params(), 4_318_155);
/// let (recon, mean, log_sigma) = model.forward(Tensor::zeros([2, 3, 64, 64], &device));
/// assert_eq!((recon.dims(), mean.dims()), ([2, 3, 64, 64], log_sigma.dims()));
/// // Sizes that the network has not are refused.
/// assert!(Vae64Config::new().with_image_size(100).init(&device).is_err());
/// assert!(Vae64Config::new().with_latent_dim(0).init(&device).is_err());
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Vae64Config {
    /// Number of latent variables, from 1 to 64; 4 by default.
    pub latent_dim: usize,
    /// Height and width of the images in pixels: 64, the only size that this network has.
    pub image_size: usize,
}

impl Vae64Config {
    /// The original's sizes: 4 latent variables.
    pub fn new() -> Self {
        Self {
            latent_dim: 4,
            image_size: SIDE,
        }
    }

    /// Sets the number of latent variables.
    pub fn with_latent_dim(mut self, latent_dim: usize) -> Self {
        self.latent_dim = latent_dim;
        self
    }

    /// Sets the height and width of the images, in pixels: a size that is not 64 is refused by [`init`](Self::init).
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Builds the model on `device`, with Glorot kernels and zero biases as our other networks; call
    /// [`Device::seed`] before for reproducible weights.
    ///
    /// # Errors
    /// [`Error::Argument`] for images that are not of 64 pixels, or for a number of latent variables outside 1..=64.
    pub fn init(&self, device: &Device) -> Result<Vae64> {
        if self.image_size != SIDE {
            return Err(Error::argument(
                "image_size",
                self.image_size,
                format!("ce réseau ne lit que des images de {SIDE} × {SIDE} pixels"),
            ));
        }
        if !(1..=MOST_LATENT).contains(&self.latent_dim) {
            return Err(Error::argument(
                "latent_dim",
                self.latent_dim,
                format!("ce réseau a de 1 à {MOST_LATENT} variables latentes"),
            ));
        }
        let down = |channels: [usize; 2]| {
            Conv2dConfig::new(channels, [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        // PyTorch's `padding=1, output_padding=1`: one row and one column cropped above and on the
        // left of the full output, none below and on the right.
        let up = |channels: [usize; 2]| {
            ConvTranspose2dConfig::new(channels, [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 0, 0))
                .init(device)
        };
        let [small, middle, large] = CHANNELS;
        let flat = large * LAST_SIDE * LAST_SIDE;

        Ok(Vae64 {
            conv1: down([3, small]),
            conv2: down([small, middle]),
            conv3: down([middle, large]),
            hidden: dense(flat, HIDDEN, device),
            mean: dense(HIDDEN, self.latent_dim, device),
            log_sigma: dense(HIDDEN, self.latent_dim, device),
            latent: dense(self.latent_dim, HIDDEN, device),
            expand: dense(HIDDEN, flat, device),
            up1: up([large, middle]),
            up2: up([middle, small]),
            up3: up([small, 3]),
        })
    }
}

impl Default for Vae64Config {
    fn default() -> Self {
        Self::new()
    }
}

/// A variational autoencoder of 64 × 64 images.
///
/// Encoder: 3×3 convolutions at stride 2 with 32, 64 and 64 channels, each with ReLU, flattened to
/// 4,096 values, dense 512 → ReLU, then two dense layers: means and **log standard deviations**
/// log σ of the latent variables (not log-variances, as in [`DbVae`](super::DbVae)). Decoder: dense
/// 512 and 4,096, each with ReLU, then transposed convolutions to 64, 32 and 3 channels, the last
/// with a sigmoid. 4,318,155 parameters with 4 latent variables.
#[derive(Module)]
pub struct Vae64 {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Conv2d,
    hidden: Linear,
    /// Head of the means of the latent variables: 512 values in, `latent_dim` out.
    pub mean: Linear,
    /// Head of the logarithms of their standard deviations.
    pub log_sigma: Linear,
    latent: Linear,
    expand: Linear,
    up1: ConvTranspose2d,
    up2: ConvTranspose2d,
    up3: ConvTranspose2d,
}

impl Vae64 {
    /// What both heads of the encoder read: the last values before the latent variables.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, 64, 64]`, values in `[0, 1]`
    /// - output: `[batch, 512]`, never negative
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let x = relu(self.conv1.forward(images)); // [_, 32, 32, 32]
        let x = relu(self.conv2.forward(x)); // [_, 64, 16, 16]
        let x = relu(self.conv3.forward(x)); // [_, 64, 8, 8]
        relu(self.hidden.forward(x.flatten::<2>(1, 3))) // [_, 512]
    }

    /// What the encoder reads in a batch of images: `(mean, log_sigma)`.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, 64, 64]`, values in `[0, 1]`
    /// - `mean`, `log_sigma`: `[batch, latent_dim]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the images have another size.
    pub fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        let x = self.features(images);
        (self.mean.forward(x.clone()), self.log_sigma.forward(x))
    }

    /// Draws latent variables: `z = mean + exp(log_sigma) ⊙ ε`, ε standard normal from the device's
    /// generator.
    ///
    /// # Shapes
    /// - `mean`, `log_sigma` and output: `[batch, latent_dim]`
    pub fn reparameterize(&self, mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
        let epsilon = mean.random_like(Distribution::Normal(0.0, 1.0));
        mean + log_sigma.exp() * epsilon
    }

    /// Images from latent variables.
    ///
    /// # Shapes
    /// - `z`: `[batch, latent_dim]`
    /// - output: `[batch, 3, 64, 64]`, values in `[0, 1]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the number of latent variables differs.
    pub fn decode(&self, z: Tensor<2>) -> Tensor<4> {
        let [batch, _] = z.dims();
        let x = relu(self.latent.forward(z)); // [_, 512]
        let x = relu(self.expand.forward(x)); // [_, 4096]
        let x = x.reshape([batch, CHANNELS[2], LAST_SIDE, LAST_SIDE]); // [_, 64, 8, 8]
        let x = relu(self.up1.forward(x)); // [_, 64, 16, 16]
        let x = relu(self.up2.forward(x)); // [_, 32, 32, 32]
        sigmoid(self.up3.forward(x)) // [_, 3, 64, 64]
    }

    /// Encodes, draws latent variables and decodes: `(reconstruction, mean, log_sigma)`.
    ///
    /// # Shapes
    /// - `images` and reconstruction: `[batch, 3, 64, 64]`
    /// - `mean`, `log_sigma`: `[batch, latent_dim]`
    pub fn forward(&self, images: Tensor<4>) -> (Tensor<4>, Tensor<2>, Tensor<2>) {
        let (mean, log_sigma) = self.encode(images);
        let z = self.reparameterize(mean.clone(), log_sigma.clone());
        (self.decode(z), mean, log_sigma)
    }

    /// Number of latent variables.
    pub fn latent_dim(&self) -> usize {
        let [_, latent_dim] = self.mean.weight.dims();
        latent_dim
    }

    /// Number of parameters, all of them trained.
    pub fn num_params(&self) -> usize {
        super::num_params(self)
    }
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for Vae64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
