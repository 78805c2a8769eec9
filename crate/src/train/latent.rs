//! The latent variables of a whole collection of images.

use burn::{
    Tensor,
    tensor::{Device, TensorData},
};

use super::LatentModel;
use crate::{
    data::ImageStore,
    error::{Error, Result},
    host::{self, StopFlag},
};

/// What an interrupt ends here.
const ENCODING: &str = "l'encodage des images";

/// One line of latent values an image: `[images, latent_dim]`, kept outside any device.
#[derive(Clone, PartialEq)]
pub struct LatentTable {
    values: Vec<f32>,
    latent_dim: usize,
}

impl LatentTable {
    /// A table from its values, line after line.
    ///
    /// # Errors
    /// [`Error::Shape`] when `latent_dim` is zero or does not divide the number of values.
    pub fn new(values: Vec<f32>, latent_dim: usize) -> Result<Self> {
        if latent_dim == 0 || !values.len().is_multiple_of(latent_dim) {
            return Err(Error::Shape {
                what: "tableau de variables latentes".to_owned(),
                expected: format!("un multiple de {latent_dim} valeurs, {latent_dim} par image"),
                found: format!("{} valeurs", values.len()),
            });
        }
        Ok(Self { values, latent_dim })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.values.len() / self.latent_dim
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of latent variables.
    pub fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    /// The values of one latent variable (from 0), one an image.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such variable.
    pub fn column(&self, dimension: usize) -> Result<Vec<f64>> {
        if dimension >= self.latent_dim {
            return Err(Error::Index {
                what: "la liste des variables latentes",
                index: dimension,
                len: self.latent_dim,
            });
        }
        let column = self.values.iter().skip(dimension).step_by(self.latent_dim);
        Ok(column.map(|value| f64::from(*value)).collect())
    }

    /// The latent values of one image.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image.
    pub fn row(&self, image: usize) -> Result<&[f32]> {
        self.values
            .chunks_exact(self.latent_dim)
            .nth(image)
            .ok_or(Error::Index {
                what: "le tableau de variables latentes",
                index: image,
                len: self.len(),
            })
    }

    /// Mean and standard deviation (over the images) of every latent variable; both 0 without images.
    pub fn mean_and_deviation(&self) -> Vec<(f64, f64)> {
        let count = self.len().max(1) as f64;
        (0..self.latent_dim)
            .map(|dimension| {
                let column = || {
                    let values = self.values.iter().skip(dimension).step_by(self.latent_dim);
                    values.map(|value| f64::from(*value))
                };
                let mean = column().sum::<f64>() / count;
                let variance = column().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
                (mean, variance.sqrt())
            })
            .collect()
    }

    /// The first `count` images, all of them when there are fewer.
    #[must_use]
    pub fn head(&self, count: usize) -> Self {
        let count = count.min(self.len()) * self.latent_dim;
        Self {
            values: self.values[..count].to_vec(),
            latent_dim: self.latent_dim,
        }
    }

    /// The whole table as a tensor.
    ///
    /// # Shapes
    /// - output: `[len(), latent_dim()]`
    pub fn to_tensor(&self, device: &Device) -> Tensor<2> {
        let data = TensorData::new(self.values.clone(), [self.len(), self.latent_dim]);
        Tensor::from_data(data, device)
    }
}

// A derived `Debug` would print every value at the end of a cell.
impl std::fmt::Debug for LatentTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (images, variables) = (self.len(), self.latent_dim);
        write!(f, "LatentTable({images} images × {variables} variables)")
    }
}

/// Means and log-variances of the latent variables of `images`, in their order.
///
/// A [`DbVae`](crate::models::DbVae), a network of one's own that is a
/// [`DebiasingModel`](super::DebiasingModel), and a [`Vae64`](crate::models::Vae64) are encoded alike: log-variances are
/// twice the `log_sigma` of the last. The model answers in evaluation mode, `batch_size` images at a time, and is left as it is; the
/// images are prepared as in training (the originals forget to).
///
/// # Errors
/// [`Error::Argument`] for an empty batch or without images, those of [`LatentModel::posterior`], [`Error::Stopped`] when
/// the reader interrupts it.
pub fn encode_images<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<(LatentTable, LatentTable)> {
    encode_until(model, images, batch_size, device, &StopFlag::new())
}

/// [`encode_images`], which `flag` ends with [`Error::Stopped`] too.
pub(super) fn encode_until<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
    flag: &StopFlag,
) -> Result<(LatentTable, LatentTable)> {
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
            "au moins une image à encoder",
        ));
    }
    let device = device.clone().without_autodiff();
    let model = model.valid().to_device(&device);
    let indices: Vec<usize> = (0..images.len()).collect();
    let (mut means, mut logvars, mut latent_dim) = (Vec::new(), Vec::new(), 0);
    for batch in indices.chunks(batch_size) {
        if flag.is_requested() {
            return Err(Error::Stopped {
                what: ENCODING.to_owned(),
            });
        }
        host::check(ENCODING)?;
        let (mean, logvar) = model.posterior(images.to_tensor(batch, &device)?)?;
        latent_dim = mean.dims()[1];
        means.extend(mean.try_into_vec_as::<f32>()?);
        logvars.extend(logvar.try_into_vec_as::<f32>()?);
    }
    Ok((
        LatentTable::new(means, latent_dim)?,
        LatentTable::new(logvars, latent_dim)?,
    ))
}

/// Means of the latent variables of `images`: the `get_latent_mu` of the original.
///
/// # Errors
/// Those of [`encode_images`].
pub fn latent_means<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<LatentTable> {
    Ok(encode_images(model, images, batch_size, device)?.0)
}
