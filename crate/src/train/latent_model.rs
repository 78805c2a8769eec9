//! What the autoencoders have in common: images to latent variables, and back.

use burn::{Tensor, module::Module};

use crate::{
    error::{Error, Result},
    models::Vae64,
};

/// A network that encodes images into a normal law over latent variables and decodes them.
///
/// Whoever explores latent variables takes one ([`encode_images`](super::encode_images),
/// [`latent_traversal`](crate::explain::latent_traversal)…). A [`Vae64`] is one, and so is every
/// [`DebiasingModel`](super::DebiasingModel). The names of its methods are not those of the networks, whose `encode`
/// and `decode` differ.
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::{DbVaeConfig, Vae64Config}, train::LatentModel};
///
/// fn codes<M: LatentModel>(model: &M, images: Tensor<4>) -> visages::Result<[usize; 2]> {
///     let (mean, log_variance) = model.posterior(images)?;
///     assert_eq!(model.generate(mean.clone()).dims()[1..], [3, 64, 64]);
///     Ok((mean + log_variance).dims())
/// }
///
/// let device = Device::flex();
/// let images = || Tensor::zeros([2, 3, 64, 64], &device);
/// assert_eq!(codes(&Vae64Config::new().init(&device)?, images())?, [2, 4]);
/// assert_eq!(codes(&DbVaeConfig::new().init(&device), images())?, [2, 100]);
/// # Ok::<(), visages::Error>(())
/// ```
pub trait LatentModel: Module {
    /// Mean and log-variance of the latent variables of a batch of images.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, height, width]`, values in `[0, 1]`
    /// - output: `[batch, latent_dim]` twice
    ///
    /// # Errors
    /// [`Error::Shape`] for images of a size that the network does not read, or when what it says has another shape.
    fn posterior(&self, images: Tensor<4>) -> Result<(Tensor<2>, Tensor<2>)>;

    /// Images from latent variables.
    ///
    /// # Shapes
    /// - `z`: `[batch, latent_dim]`
    /// - output: `[batch, 3, height, width]`
    fn generate(&self, z: Tensor<2>) -> Tensor<4>;
}

impl LatentModel for Vae64 {
    fn posterior(&self, images: Tensor<4>) -> Result<(Tensor<2>, Tensor<2>)> {
        let [batch, ..] = images.dims();
        let expected = [batch, 3, 64, 64];
        if images.dims() != expected {
            return Err(Error::shape(
                "images du VAE, le seul format que ce réseau lit",
                expected,
                images.dims(),
            ));
        }
        let (mean, log_sigma) = self.encode(images);
        Ok((mean, log_sigma * 2.0))
    }

    fn generate(&self, z: Tensor<2>) -> Tensor<4> {
        self.decode(z)
    }
}
