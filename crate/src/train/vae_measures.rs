//! What an autoencoder is worth on a collection of images: its loss, its reconstructions, their errors.

use burn::{
    Tensor,
    tensor::{Device, Distribution},
};

use super::LatentModel;
use crate::{
    data::ImageStore,
    error::{Error, Result},
    host,
};

/// What an interrupt ends here.
const MEASURING: &str = "la mesure des reconstructions";

/// Both terms of the loss, as means over the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VaeLosses {
    /// Number of images.
    pub images: usize,
    /// Sum of the squared differences over the pixels and colours of an image.
    pub reconstruction: f64,
    /// Divergence from the law of the latent variables of an image to the standard normal, in nats.
    pub kl: f64,
}

impl VaeLosses {
    /// The loss: reconstruction and `beta` times the divergence.
    pub fn total(&self, beta: f64) -> f64 {
        self.reconstruction + beta * self.kl
    }
}

/// Both terms of the loss on these images, latent variables drawn around their means as in training (from the device's
/// generator: call [`Device::seed`] before, to measure the same twice).
///
/// The model answers in evaluation mode, `batch_size` images at a time.
///
/// # Errors
/// [`Error::Argument`] for an empty batch or without images, those of [`LatentModel::posterior`], [`Error::Shape`] when the
/// images drawn have another shape, [`Error::Stopped`] when the reader interrupts it.
pub fn evaluate_vae<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<VaeLosses> {
    let (mut reconstruction, mut kl) = (0.0, 0.0);
    in_batches(model, images, batch_size, device, |model, x| {
        let (mean, logvar) = model.posterior(x.clone())?;
        let noise = mean.random_like(Distribution::Normal(0.0, 1.0));
        let z = mean.clone() + (logvar.clone() * 0.5).exp() * noise;
        reconstruction += sums(&same_size(x, model.generate(z))?)?.iter().sum::<f64>();
        let terms: Tensor<2> = logvar.clone() + 1.0 - mean.square() - logvar.exp();
        let terms = terms.sum_dim(1).try_into_vec_as::<f32>()?;
        kl -= 0.5 * terms.iter().map(|term| f64::from(*term)).sum::<f64>();
        Ok(())
    })?;
    let count = images.len() as f64;
    Ok(VaeLosses {
        images: images.len(),
        reconstruction: reconstruction / count,
        kl: kl / count,
    })
}

/// The images that the model draws from the means of the latent variables of `images`, in their order: nothing is drawn at
/// random.
///
/// # Errors
/// Those of [`evaluate_vae`].
pub fn reconstruct<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<ImageStore> {
    let mut drawn = ImageStore::with_capacity(images.height(), images.width(), images.len());
    in_batches(model, images, batch_size, device, |model, x| {
        let (mean, _) = model.posterior(x)?;
        drawn.extend(&ImageStore::from_tensor(model.generate(mean))?)
    })?;
    Ok(drawn)
}

/// How far each image is from what the model draws from the mean of its latent variables: the sum of the squared differences
/// over pixels and colours, in their order.
///
/// # Errors
/// Those of [`evaluate_vae`].
pub fn reconstruction_errors<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<Vec<f64>> {
    let mut errors = Vec::with_capacity(images.len());
    in_batches(model, images, batch_size, device, |model, x| {
        let (mean, _) = model.posterior(x.clone())?;
        errors.extend(sums(&same_size(x, model.generate(mean))?)?);
        Ok(())
    })?;
    Ok(errors)
}

/// The difference of a batch and its reconstruction.
fn same_size(x: Tensor<4>, drawn: Tensor<4>) -> Result<Tensor<4>> {
    match x.dims() == drawn.dims() {
        true => Ok(x - drawn),
        false => Err(Error::shape("images reconstruites", x.dims(), drawn.dims())),
    }
}

/// Sum of squares of each image.
fn sums(difference: &Tensor<4>) -> Result<Vec<f64>> {
    let squares: Tensor<2> = difference.clone().square().flatten(1, 3);
    let sums = squares.sum_dim(1).try_into_vec_as::<f32>()?;
    Ok(sums.into_iter().map(f64::from).collect())
}

/// Gives the images to `each`, a batch at a time, with the model in evaluation mode.
fn in_batches<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
    mut each: impl FnMut(&M, Tensor<4>) -> Result<()>,
) -> Result<()> {
    if batch_size == 0 {
        return Err(Error::argument(
            "batch_size",
            batch_size,
            "au moins une image par lot",
        ));
    }
    if images.is_empty() {
        return Err(Error::argument(
            "images",
            "collection vide",
            "au moins une image",
        ));
    }
    let device = device.clone().without_autodiff();
    let model = model.valid().to_device(&device);
    let indices: Vec<usize> = (0..images.len()).collect();
    for batch in indices.chunks(batch_size) {
        host::check(MEASURING)?;
        each(&model, images.to_tensor(batch, &device)?)?;
    }
    Ok(())
}
