//! Batch normalisation while training (two reads for the statistics, one pass for the result), and other
//! operations channel by channel.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    output::{by_pieces, piece_of},
    tile::{dispatch, vectorized},
};

/// Sizes of a batch: `[batch, channels, pixels]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    pub batch: usize,
    pub channels: usize,
    pub pixels: usize,
}

impl Planes {
    /// The sizes of `[batch, channels, ...]`.
    pub fn of(shape: &[usize]) -> Self {
        Self {
            batch: shape[0],
            channels: shape[1],
            pixels: shape[2..].iter().product(),
        }
    }

    /// Values of one channel in the whole batch.
    fn count(&self) -> f32 {
        (self.batch * self.pixels) as f32
    }

    /// The planes of one channel, image after image.
    fn of_channel<'a>(&self, values: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        values
            .chunks_exact(self.pixels)
            .skip(channel)
            .step_by(self.channels)
    }
}

/// What a training step of batch normalisation computes.
pub(super) struct Normalized {
    /// `[batch, channels, pixels]`.
    pub output: Vec<f32>,
    /// Mean of the batch, `[channels]`.
    pub mean: Vec<f32>,
    /// Biased variance of the batch, `[channels]`.
    pub variance: Vec<f32>,
}

/// `γ · (x − mean) / √(variance + ε) + β`, mean and variance being those of the batch.
pub(super) fn normalize(
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    planes: Planes,
) -> Normalized {
    let statistics: Vec<(f32, f32)> = (0..planes.channels)
        .into_par_iter()
        .map(|channel| dispatch(Moments { x, channel, planes }))
        .collect();
    let (mean, variance): (Vec<f32>, Vec<f32>) = statistics.into_iter().unzip();
    let image = (planes.channels * planes.pixels).max(1);
    let output = by_pieces(x.len(), image, |index, output| {
        let images = output.chunks_exact_mut(planes.pixels);
        let x = piece_of(x, index, image).chunks_exact(planes.pixels);
        for (channel, (output, x)) in images.zip(x).enumerate() {
            let scale = gamma[channel] / (variance[channel] + epsilon).sqrt();
            let (mean, beta) = (mean[channel], beta[channel]);
            vectorized(
                #[inline(always)]
                move || {
                    for (output, x) in output.iter_mut().zip(x) {
                        *output = (x - mean) * scale + beta;
                    }
                },
            );
        }
    });
    Normalized {
        output,
        mean,
        variance,
    }
}

/// `scale · x + shift` where the values are, channel by channel.
pub(super) fn rescale(values: &mut [f32], scale: &[f32], shift: &[f32], planes: Planes) {
    let image = (planes.channels * planes.pixels).max(1);
    values.par_chunks_mut(image).for_each(|values| {
        let channels = values.chunks_exact_mut(planes.pixels);
        for (values, (&scale, &shift)) in channels.zip(scale.iter().zip(shift)) {
            vectorized(
                #[inline(always)]
                move || {
                    for value in values.iter_mut() {
                        *value = *value * scale + shift;
                    }
                },
            );
        }
    });
}

/// Multiplies every plane by a number of its own.
///
/// # Shapes
/// - `values`: `[planes, pixels]`
/// - `factors`: `[planes]`
pub(super) fn scale_planes(values: &mut [f32], factors: &[f32], pixels: usize) {
    const PLANES: usize = 16;
    values
        .par_chunks_mut((PLANES * pixels).max(1))
        .zip(factors.par_chunks(PLANES))
        .for_each(|(values, factors)| {
            for (values, &factor) in values.chunks_exact_mut(pixels).zip(factors) {
                vectorized(
                    #[inline(always)]
                    move || {
                        for value in values.iter_mut() {
                            *value *= factor;
                        }
                    },
                );
            }
        });
}

/// The mean of every plane.
///
/// # Shapes
/// - `values`: `[planes, pixels]`
/// - result: `[planes]`
pub(super) fn plane_means(values: &[f32], pixels: usize) -> Vec<f32> {
    values
        .par_chunks_exact(pixels)
        .with_min_len(16)
        .map(|plane| plane_sum(plane) / pixels as f32)
        .collect()
}

/// The sum of a plane.
pub(super) fn plane_sum(plane: &[f32]) -> f32 {
    dispatch(Sum { plane })
}

struct Sum<'a> {
    plane: &'a [f32],
}

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f32 {
        sum(self.plane, |value| value)
    }
}

/// Gradients of [`normalize`] with respect to `gamma` and `beta`, `[channels]` each.
pub(super) struct NormalizedGradients {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
}

/// Turns the gradient of the output of [`normalize`] into that of `x`, and returns the others.
pub(super) fn normalize_backward(
    x: &[f32],
    gamma: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
    gradient: &mut [f32],
    planes: Planes,
) -> NormalizedGradients {
    let of_output: &[f32] = gradient;
    let inverse: Vec<f32> = variance
        .iter()
        .map(|v| 1.0 / (v + epsilon).sqrt())
        .collect();
    let sums: Vec<(f32, f32)> = (0..planes.channels)
        .into_par_iter()
        .map(|channel| {
            let (plain, weighted) = dispatch(GradientSums {
                x,
                gradient: of_output,
                mean: mean[channel],
                channel,
                planes,
            });
            (weighted * inverse[channel], plain)
        })
        .collect();
    let (of_gamma, of_beta): (Vec<f32>, Vec<f32>) = sums.into_iter().unzip();
    let image = (planes.channels * planes.pixels).max(1);
    gradient
        .par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .for_each(|(gradient, x)| {
            let gradients = gradient.chunks_exact_mut(planes.pixels);
            for (channel, (gradient, x)) in gradients.zip(x.chunks_exact(planes.pixels)).enumerate()
            {
                let scale = gamma[channel] * inverse[channel];
                let slope = of_gamma[channel] / planes.count() * inverse[channel];
                let level = of_beta[channel] / planes.count();
                let mean = mean[channel];
                vectorized(
                    #[inline(always)]
                    move || {
                        for (gradient, x) in gradient.iter_mut().zip(x) {
                            *gradient = scale * (*gradient - level - (x - mean) * slope);
                        }
                    },
                );
            }
        });
    NormalizedGradients {
        gamma: of_gamma,
        beta: of_beta,
    }
}

// The sums are operations of their own and not closures: a closure that the compiler keeps apart is compiled for
// the plainest processor.

/// Mean and variance of one channel.
struct Moments<'a> {
    x: &'a [f32],
    channel: usize,
    planes: Planes,
}

impl WithSimd for Moments<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> (f32, f32) {
        let mut total = 0.0;
        for plane in self.planes.of_channel(self.x, self.channel) {
            total += sum(plane, |value| value);
        }
        let mean = total / self.planes.count();
        let mut squares = 0.0;
        for plane in self.planes.of_channel(self.x, self.channel) {
            squares += sum(plane, |value| (value - mean) * (value - mean));
        }
        (mean, squares / self.planes.count())
    }
}

/// `Σ gradient` and `Σ gradient · (x − mean)` of one channel.
struct GradientSums<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    mean: f32,
    channel: usize,
    planes: Planes,
}

impl WithSimd for GradientSums<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> (f32, f32) {
        let gradients = self.planes.of_channel(self.gradient, self.channel);
        let (mut plain, mut weighted) = (0.0, 0.0);
        for (gradient, x) in gradients.zip(self.planes.of_channel(self.x, self.channel)) {
            plain += sum(gradient, |value| value);
            weighted += product_sum(gradient, x, self.mean);
        }
        (plain, weighted)
    }
}

/// The sum of `f` over a plane, as sixteen partial sums: a fixed order that vectors can follow.
#[inline(always)]
fn sum(plane: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut partial = [0.0_f32; 16];
    let (blocks, rest) = plane.as_chunks::<16>();
    for block in blocks {
        for (partial, value) in partial.iter_mut().zip(block) {
            *partial += f(*value);
        }
    }
    partial.iter().sum::<f32>() + rest.iter().map(|value| f(*value)).sum::<f32>()
}

/// `Σ gradient · (x − mean)`.
#[inline(always)]
fn product_sum(gradient: &[f32], x: &[f32], mean: f32) -> f32 {
    let mut partial = [0.0_f32; 16];
    let ((gradients, rest), (xs, x_rest)) = (gradient.as_chunks::<16>(), x.as_chunks::<16>());
    for (gradient, x) in gradients.iter().zip(xs) {
        for ((partial, gradient), x) in partial.iter_mut().zip(gradient).zip(x) {
            *partial += gradient * (x - mean);
        }
    }
    let rest = rest.iter().zip(x_rest).map(|(g, x)| g * (x - mean));
    partial.iter().sum::<f32>() + rest.sum::<f32>()
}
