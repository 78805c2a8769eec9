//! The losses of the autoencoders and the draw of the DB-VAE's latent variables, with their shapes checked.
//!
//! `logvar` is the log-variance log σ² of each latent variable, everywhere; `log_sigma`, half of it, is what the VAE of
//! 64 × 64 pixels says instead.

use burn::Tensor;

use super::binary_cross_entropy_with_logits;
use crate::{
    error::{Error, Result},
    models::draw_latents,
    ops::mean_absolute_difference,
};

/// Default weight of the latent loss in [`vae_loss`], the original's.
pub const KL_WEIGHT: f64 = 5e-4;

/// Loss of a variational autoencoder, one value an image: `kl_weight · L_KL + L_x`.
///
/// - `L_KL = ½ Σⱼ (exp(logvarⱼ) + μⱼ² − 1 − logvarⱼ)`, the divergence from N(μ, σ²) to the standard
///   normal, *summed* over the latent variables;
/// - `L_x`, the *mean* absolute difference over colours, rows and columns.
///
/// # Shapes
/// - `x`, `x_recon`: `[batch, channels, height, width]`
/// - `mu`, `logvar`: `[batch, latent_dim]`
/// - output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the two images, the two latent tensors, or the numbers of images differ.
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, train::{KL_WEIGHT, vae_loss}};
///
/// let device = Device::flex();
/// let x = Tensor::<4>::zeros([2, 3, 8, 8], &device);
/// // 100 means at 1 and variances at 1: L_KL = 50.
/// let (mu, logvar) = (Tensor::ones([2, 100], &device), Tensor::zeros([2, 100], &device));
/// let loss: Vec<f32> = vae_loss(x.clone(), x, mu, logvar, KL_WEIGHT)?.try_into_vec_as()?;
/// assert!((loss[1] - 0.025).abs() < 1e-6);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn vae_loss(
    x: Tensor<4>,
    x_recon: Tensor<4>,
    mu: Tensor<2>,
    logvar: Tensor<2>,
    kl_weight: f64,
) -> Result<Tensor<1>> {
    same_shape("images reconstruites (x_recon)", x.dims(), x_recon.dims())?;
    same_shape("log-variances latentes (logvar)", mu.dims(), logvar.dims())?;
    let [batch, ..] = x.dims();
    let [encoded, latent_dim] = mu.dims();
    same_shape(
        "moyennes latentes (mu)",
        [batch, latent_dim],
        [encoded, latent_dim],
    )?;

    let terms = logvar.clone().exp() + mu.square() - 1.0 - logvar;
    let latent_loss = terms.sum_dim(1).reshape([batch]) * 0.5;
    let reconstruction_loss = mean_absolute_difference(x, x_recon); // [batch]
    Ok(latent_loss * kl_weight + reconstruction_loss)
}

/// Draws latent variables by reparameterisation: `z = μ + exp(½·logvar) ⊙ ε`, ε ~ N(0, I) from the
/// device's generator. The draw is differentiable in μ and `logvar`.
///
/// # Shapes
/// - `z_mean`, `z_logvar` and output: `[batch, latent_dim]`
///
/// # Errors
/// [`Error::Shape`] when the shapes differ.
pub fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Result<Tensor<2>> {
    same_shape(
        "log-variances latentes (z_logvar)",
        z_mean.dims(),
        z_logvar.dims(),
    )?;
    Ok(draw_latents(z_mean, z_logvar))
}

/// Loss of the DB-VAE: `(total, classification)`, with
/// `total = meanᵢ(BCEᵢ + 1[yᵢ = 1] · VAEᵢ)` and the cross-entropy `BCEᵢ` of every image.
///
/// Faces train classifier and autoencoder, other images the classifier alone: the reconstruction
/// of a non-face has no part in the loss. [`vae_loss`] is taken with the weight [`KL_WEIGHT`].
///
/// # Shapes
/// - `x`, `x_recon`: `[batch, channels, height, width]`
/// - `y`: `[batch]`, 1 for a face, 0 otherwise; `y_logit`: `[batch, 1]`
/// - `mu`, `logvar`: `[batch, latent_dim]`
/// - output: `[1]` and `[batch]`
///
/// # Errors
/// [`Error::Shape`] when a shape does not fit the others. Both originals sum `[batch, 1]` and
/// `[batch]` here, and the silent broadcast to `[batch, batch]` undoes the indicator.
pub fn debiasing_loss(
    x: Tensor<4>,
    x_recon: Tensor<4>,
    y: Tensor<1>,
    y_logit: Tensor<2>,
    mu: Tensor<2>,
    logvar: Tensor<2>,
) -> Result<(Tensor<1>, Tensor<1>)> {
    let [batch, ..] = x.dims();
    same_shape("étiquettes (y)", [batch], y.dims())?;
    same_shape("logits (y_logit)", [batch, 1], y_logit.dims())?;

    let vae = vae_loss(x, x_recon, mu, logvar, KL_WEIGHT)?; // [batch]
    let classification = binary_cross_entropy_with_logits(y_logit.reshape([batch]), y.clone())?;
    let face_indicator = y.clone().equal_elem(1).float().cast(y.dtype());
    let total = (classification.clone() + face_indicator * vae).mean();
    Ok((total, classification))
}

/// Both terms of the loss of the VAE of 64 × 64 images, one value an image: `(squares, kl)`.
///
/// - `squares`, the *sum* over colours, rows and columns of `(x − x̂)²`;
/// - `kl = −½ Σⱼ (1 + 2sⱼ − μⱼ² − exp(2sⱼ))` with `s = log σ`: the divergence from N(μ, σ²) to the standard normal, summed over
///   the latent variables, in nats.
///
/// The loss of a batch is the mean of `squares + β · kl`. (The original sums over the images of a batch as well: its gradients
/// are those, times the size of the batch, which Adam undoes.)
///
/// # Shapes
/// - `x`, `x_recon`: `[batch, channels, height, width]`
/// - `mean`, `log_sigma`: `[batch, latent_dim]`
/// - output: `[batch]` and `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the two images, the two latent tensors, or the numbers of images differ.
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// let device = Device::flex();
/// let x = Tensor::<4>::zeros([1, 3, 64, 64], &device);
/// // Every pixel is 0.1 off: 12,288 × 0.01. And σ = 2, μ = 0: ½ (4 − 1) − ln 2.
/// let (mean, log_sigma) = (Tensor::zeros([1, 1], &device), Tensor::full([1, 1], 2_f32.ln(), &device));
/// let (squares, kl) = vae_terms(x.clone(), x + 0.1, mean, log_sigma)?;
/// let (squares, kl): (f32, f32) = (squares.into_scalar(), kl.into_scalar());
/// assert!((squares - 122.88).abs() < 1e-2 && (kl - 0.8069).abs() < 1e-4);
/// # Ok::<(), Error>(())
/// ```
pub fn vae_terms(
    x: Tensor<4>,
    x_recon: Tensor<4>,
    mean: Tensor<2>,
    log_sigma: Tensor<2>,
) -> Result<(Tensor<1>, Tensor<1>)> {
    same_shape("images reconstruites (x_recon)", x.dims(), x_recon.dims())?;
    same_shape(
        "log-écarts-types latents (log_sigma)",
        mean.dims(),
        log_sigma.dims(),
    )?;
    let [batch, ..] = x.dims();
    let [encoded, latent_dim] = mean.dims();
    same_shape(
        "moyennes latentes (mean)",
        [batch, latent_dim],
        [encoded, latent_dim],
    )?;
    let squares: Tensor<2> = (x - x_recon).square().flatten(1, 3); // [batch, pixels]
    let twice = log_sigma * 2.0;
    let terms = twice.clone() + 1.0 - mean.square() - twice.exp();
    Ok((
        squares.sum_dim(1).reshape([batch]),
        terms.sum_dim(1).reshape([batch]) * -0.5,
    ))
}

fn same_shape<const D: usize>(what: &str, expected: [usize; D], found: [usize; D]) -> Result<()> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::shape(what, expected, found)),
    }
}
