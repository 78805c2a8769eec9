//! From lists of latent values to images.

use burn::{
    Tensor,
    tensor::{Device, TensorData},
};

use crate::{
    data::ImageStore,
    error::{Error, Result},
    train::LatentModel,
};

/// The images of codes that lie one after the other, `latent_dim` values each; the model is plain and on the device.
pub(super) fn decode<M: LatentModel>(
    model: &M,
    codes: Vec<f32>,
    latent_dim: usize,
    device: &Device,
) -> Result<ImageStore> {
    let count = codes.len() / latent_dim;
    let z = TensorData::new(codes, [count, latent_dim]);
    let images = model.generate(Tensor::from_data(z, device));
    let [found, channels, height, width] = images.dims();
    if found != count {
        return Err(Error::shape(
            "images décodées (une image par ligne de z)",
            [count, channels, height, width],
            images.dims(),
        ));
    }
    ImageStore::from_tensor(images)
}

/// Refuses an empty list, and values that are no numbers.
pub(super) fn finite(name: &'static str, values: &[f32]) -> Result<()> {
    if values.is_empty() {
        return Err(Error::argument(
            name,
            "liste vide",
            "une valeur par variable latente",
        ));
    }
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(value) => Err(Error::argument(name, value, "des nombres finis")),
    }
}

/// Decodes `steps` images on the way from a code to another, both ends included, along a straight line.
///
/// # Arguments
/// `from` and `to` are the latent values of two images, as [`LatentTable::row`](crate::train::LatentTable::row) gives them.
///
/// # Errors
/// [`Error::Shape`] when one code has more values than the other; [`Error::Argument`] for an empty code, a value that is not a
/// finite number, or fewer than two steps.
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// let device = Device::flex();
/// let vae = Vae64Config::new().with_latent_dim(2).init(&device)?;
/// let faces = interpolate(&vae, &[-1.0, 0.0], &[1.0, 0.5], 7, &device)?;
/// assert_eq!((faces.len(), faces.width()), (7, 64));
/// # Ok::<(), Error>(())
/// ```
pub fn interpolate<M: LatentModel>(
    model: &M,
    from: &[f32],
    to: &[f32],
    steps: usize,
    device: &Device,
) -> Result<ImageStore> {
    if from.len() != to.len() {
        return Err(Error::shape(
            "code d'arrivée (autant de valeurs qu'au départ)",
            [from.len()],
            [to.len()],
        ));
    }
    finite("from", from)?;
    finite("to", to)?;
    if steps < 2 {
        return Err(Error::argument("steps", steps, "au moins deux images"));
    }
    let device = device.clone().without_autodiff();
    let model = model.valid().to_device(&device);
    let codes = (0..steps).flat_map(|step| {
        let share = step as f32 / (steps - 1) as f32;
        let pairs = from.iter().zip(to);
        pairs.map(move |(from, to)| from * (1.0 - share) + to * share)
    });
    decode(&model, codes.collect(), from.len(), &device)
}
