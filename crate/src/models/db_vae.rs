//! The debiasing variational autoencoder (DB-VAE): a face detector that also learns what varies
//! among faces.
//!
//! # Source
//! A. Amini, A. Soleimany, W. Schwarting, S. Bhatia and D. Rus, *Uncovering and Mitigating
//! Algorithmic Bias through Learned Latent Structure*, AIES 2019; MIT 6.S191, lab 2 part 2
//! (`DB_VAE`), © MIT, licence MIT.

use burn::{
    Tensor,
    module::Module,
    tensor::{Device, Distribution},
};

use super::{FaceDecoder, FaceDecoderConfig, StandardCnn, StandardCnnConfig};

/// Configuration of a [`DbVae`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::DbVaeConfig};
///
/// let device = Device::flex();
/// let model = DbVaeConfig::new().init(&device);
/// assert_eq!(model.num_trainable_params(), 909_500);
///
/// let (y_logit, z_mean, z_logvar, recon) = model.forward(Tensor::zeros([2, 3, 64, 64], &device));
/// assert_eq!(y_logit.dims(), [2, 1]);
/// assert_eq!((z_mean.dims(), z_logvar.dims()), ([2, 100], [2, 100]));
/// assert_eq!(recon.dims(), [2, 3, 64, 64]);
/// ```
#[derive(Clone, Debug)]
pub struct DbVaeConfig {
    /// Number of latent variables, 100 by default.
    pub latent_dim: usize,
    /// Base number of filters of encoder and decoder, 12 by default.
    pub n_filters: usize,
    /// Height and width of the images in pixels, a multiple of 16; 64 by default.
    pub image_size: usize,
    /// Units of the encoder's hidden dense layer, 512 by default.
    pub n_hidden: usize,
}

impl DbVaeConfig {
    /// The original's sizes: 100 latent variables, 12 filters, 64 × 64 pixels, 512 hidden units.
    pub fn new() -> Self {
        Self {
            latent_dim: 100,
            n_filters: 12,
            image_size: 64,
            n_hidden: 512,
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

    /// Sets the number of units of the encoder's hidden dense layer.
    pub fn with_n_hidden(mut self, n_hidden: usize) -> Self {
        self.n_hidden = n_hidden;
        self
    }

    /// Builds the model on `device`, initialised as Keras does; call [`Device::seed`] before for
    /// reproducible weights.
    pub fn init(&self, device: &Device) -> DbVae {
        DbVae {
            encoder: StandardCnnConfig::new()
                .with_n_filters(self.n_filters)
                .with_image_size(self.image_size)
                .with_n_hidden(self.n_hidden)
                .with_n_outputs(1 + 2 * self.latent_dim)
                .init(device),
            decoder: FaceDecoderConfig::new()
                .with_latent_dim(self.latent_dim)
                .with_n_filters(self.n_filters)
                .with_image_size(self.image_size)
                .init(device),
            latent_dim: self.latent_dim,
        }
    }
}

impl Default for DbVaeConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`StandardCnn`] with 1 + 2·`latent_dim` outputs as encoder, a [`FaceDecoder`] as decoder.
///
/// The first output is the logit of « this is a face », the next `latent_dim` are the means of the
/// latent variables, the last `latent_dim` their **log-variances** log σ² (the original calls them
/// `z_logsigma`, but computes with them as log-variances). 909,500 trainable parameters with the
/// original's sizes.
#[derive(Module)]
pub struct DbVae {
    encoder: StandardCnn,
    decoder: FaceDecoder,
    latent_dim: usize,
}

impl DbVae {
    /// What the encoder reads in a batch of images: `(y_logit, z_mean, z_logvar)`.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    /// - `y_logit`: `[batch, 1]`; `z_mean`, `z_logvar`: `[batch, latent_dim]`
    pub fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let output = self.encoder.forward(images); // [_, 1 + 2·latent_dim]
        let k = self.latent_dim;
        (
            output.clone().narrow(1, 0, 1),
            output.clone().narrow(1, 1, k),
            output.narrow(1, 1 + k, k),
        )
    }

    /// Draws latent variables: `z = mean + exp(½·logvar) ⊙ ε`, ε standard normal.
    ///
    /// # Shapes
    /// - `z_mean`, `z_logvar` and output: `[batch, latent_dim]`
    pub fn reparameterize(&self, z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
        draw_latents(z_mean, z_logvar)
    }

    /// Images from latent variables.
    ///
    /// # Shapes
    /// - `z`: `[batch, latent_dim]`
    /// - output: `[batch, 3, image_size, image_size]`, values in `[0, 1]`
    pub fn decode(&self, z: Tensor<2>) -> Tensor<4> {
        self.decoder.forward(z)
    }

    /// Encodes, draws latent variables and decodes: `(y_logit, z_mean, z_logvar, reconstruction)`.
    ///
    /// # Shapes
    /// - `images` and reconstruction: `[batch, 3, image_size, image_size]`
    /// - the others as [`encode`](Self::encode)
    pub fn forward(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>, Tensor<4>) {
        let (y_logit, z_mean, z_logvar) = self.encode(images);
        let z = self.reparameterize(z_mean.clone(), z_logvar.clone());
        (y_logit, z_mean, z_logvar, self.decode(z))
    }

    /// The logit of « this is a face ».
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, image_size, image_size]`
    /// - output: `[batch, 1]`
    pub fn predict(&self, images: Tensor<4>) -> Tensor<2> {
        self.encode(images).0
    }

    /// Number of latent variables.
    pub fn latent_dim(&self) -> usize {
        self.latent_dim
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

/// `mean + exp(½·logvar) ⊙ ε`, ε standard normal from the device's generator; shapes are not checked.
///
/// Half of a log-variance is a log standard deviation: without the ½, latents would be drawn with
/// the variance for standard deviation.
pub(crate) fn draw_latents(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
    let epsilon = z_mean.random_like(Distribution::Normal(0.0, 1.0));
    z_mean + (z_logvar * 0.5).exp() * epsilon
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for DbVae {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
