//! Adaptive resampling: how likely each face is to be drawn, from where it lies in latent space.
//!
//! # Source
//! A. Amini et al., *Uncovering and Mitigating Algorithmic Bias through Learned Latent Structure*,
//! AIES 2019, with the maximum over latent variables of MIT 6.S191, lab 2 part 2, in place of the
//! paper's product.

use super::LatentTable;
use crate::error::{Error, Result};

/// Default number of bins of a latent variable's histogram, the original's.
pub const BINS: usize = 10;

/// Default smoothing α added to the densities, the original's.
pub const SMOOTHING: f64 = 0.001;

/// Histogram of `values` in bins of equal width: `(density, edges)`, `bins` densities whose integral
/// is 1 and `bins + 1` increasing edges from the smallest value to the largest.
///
/// As `numpy.histogram(values, bins=bins, density=True)`: each bin holds its left edge, the last one
/// both. When all values are equal (or too close for `bins` different edges), the bins cover half a
/// unit on each side (more for values beyond a million).
///
/// # Errors
/// [`Error::Argument`] without bins or values, or when a value is infinite or not a number.
///
/// # Example
/// ```
/// let (density, edges) = visages::train::density_histogram(&[0.0, 0.1, 0.2, 1.0], 2)?;
/// assert_eq!(edges, [0.0, 0.5, 1.0]);
/// assert_eq!(density, [1.5, 0.5]); // 3/4 and 1/4 of the values, over a width of 1/2
/// # Ok::<(), visages::Error>(())
/// ```
pub fn density_histogram(values: &[f64], bins: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    if bins == 0 {
        return Err(Error::argument("bins", bins, "au moins un intervalle"));
    }
    if values.is_empty() {
        return Err(Error::argument(
            "values",
            "liste vide",
            "au moins une valeur",
        ));
    }
    if let Some((index, value)) = values.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        return Err(Error::argument(
            "values",
            format!("{value} à l'indice {index}"),
            "des nombres finis ; un NaN ou un infini vient d'un modèle dont l'entraînement a divergé",
        ));
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !(high - low).is_finite() {
        return Err(Error::argument(
            "values",
            format!("de {low:e} à {high:e}"),
            "des valeurs moins éloignées les unes des autres",
        ));
    }
    let mut edges = even_edges(low, high, bins);
    if edges.windows(2).any(|pair| pair[0] >= pair[1]) {
        // Half a unit is lost in the rounding of huge values.
        let half = 0.5_f64.max(5e-7 * low.abs().max(high.abs()));
        edges = even_edges(low - half, high + half, bins);
    }

    let mut counts = vec![0_u64; bins];
    for bin in digitize(values, &edges) {
        // Only the largest value lies on the last edge.
        counts[bin.min(bins) - 1] += 1;
    }
    let density = counts
        .iter()
        .zip(edges.windows(2))
        .map(|(&count, pair)| count as f64 / values.len() as f64 / (pair[1] - pair[0]))
        .collect();
    Ok((density, edges))
}

/// `bins + 1` numbers from `low` to `high`, both included.
fn even_edges(low: f64, high: f64, bins: usize) -> Vec<f64> {
    let step = (high - low) / bins as f64;
    let mut edges: Vec<f64> = (0..=bins).map(|i| low + step * i as f64).collect();
    edges[bins] = high;
    edges
}

/// Number of the bin of each value: `i` when `edges[i − 1] ≤ value < edges[i]`.
///
/// As `numpy.digitize(values, edges)` for increasing edges: 0 is left of the first edge and
/// `edges.len()` right of the last, so the bins of a histogram are numbered from **1**. Its
/// largest value lies *on* the last edge; with −∞ and +∞ for outer edges, it falls into the last bin.
///
/// # Example
/// ```
/// use visages::train::digitize;
///
/// assert_eq!(digitize(&[0.0, 0.4, 0.5, 1.0], &[0.0, 0.5, 1.0]), [1, 1, 2, 3]);
/// let open = [f64::NEG_INFINITY, 0.5, f64::INFINITY];
/// assert_eq!(digitize(&[0.0, 0.4, 0.5, 1.0], &open), [1, 1, 2, 2]);
/// ```
pub fn digitize(values: &[f64], edges: &[f64]) -> Vec<usize> {
    values
        .iter()
        .map(|value| edges.partition_point(|edge| edge <= value))
        .collect()
}

/// Probability to draw each face, large where faces are rare in latent space; the sum is 1.
///
/// For each latent variable, the density of its histogram plus `smoothing` (α) is normalised and
/// inverted, which gives each face a probability; a face keeps the **largest** of its probabilities
/// over the latent variables, and all are normalised again. With α = 0 every occupied bin of a lone
/// variable is drawn as often as another; the larger α, the closer to uniform. α is added to a
/// *density*, so its effect depends on the scale of the latent variable.
///
/// # Errors
/// [`Error::Argument`] without bins or faces, for a negative or infinite α, or when a latent value is
/// not a finite number.
pub fn sample_probabilities(mu: &LatentTable, bins: usize, smoothing: f64) -> Result<Vec<f64>> {
    if !(smoothing.is_finite() && smoothing >= 0.0) {
        return Err(Error::argument(
            "smoothing",
            smoothing,
            "un nombre positif ou nul, par exemple 0.001",
        ));
    }
    let mut probabilities = vec![0.0_f64; mu.len()];
    for dimension in 0..mu.latent_dim() {
        let values = mu.column(dimension)?;
        let (density, mut edges) = density_histogram(&values, bins)?;
        edges[0] = f64::NEG_INFINITY;
        edges[bins] = f64::INFINITY;

        let mut smoothed: Vec<f64> = density.iter().map(|d| d + smoothing).collect();
        normalize(&mut smoothed);
        let mut p: Vec<f64> = digitize(&values, &edges)
            .into_iter()
            .map(|bin| 1.0 / smoothed[bin - 1])
            .collect();
        normalize(&mut p);
        for (kept, new) in probabilities.iter_mut().zip(p) {
            *kept = kept.max(new);
        }
    }
    normalize(&mut probabilities);
    Ok(probabilities)
}

/// Divides positive values by their sum.
fn normalize(values: &mut [f64]) {
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
}

/// Kish's effective sample size `(Σp)² / Σp²`: how many faces drawn uniformly would be as diverse.
///
/// It is the number of faces for a uniform law and 1 when one face takes all; for probabilities of
/// sum 1 it is `1 / Σp²`.
///
/// # Errors
/// [`Error::Argument`] when a value is negative or not finite, or when none is positive.
///
/// # Source
/// L. Kish, *Survey Sampling*, Wiley 1965.
pub fn effective_sample_size(probabilities: &[f64]) -> Result<f64> {
    if let Some(value) = probabilities
        .iter()
        .find(|p| !(p.is_finite() && **p >= 0.0))
    {
        return Err(Error::argument(
            "probabilities",
            value,
            "des nombres positifs ou nuls",
        ));
    }
    let sum: f64 = probabilities.iter().sum();
    if sum <= 0.0 {
        return Err(Error::argument(
            "probabilities",
            "somme nulle",
            "au moins une probabilité positive",
        ));
    }
    // Shares first: the squares of tiny weights would vanish.
    let squares: f64 = probabilities.iter().map(|p| (p / sum).powi(2)).sum();
    Ok(1.0 / squares)
}
