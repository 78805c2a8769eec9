//! Gradient of a convolution with respect to its kernel: every window of the input, weighted by the
//! gradient of the output pixel that looked at it.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    depthwise, images_per_piece,
    normalize::plane_sum,
    shape::{ConvShape, interleave},
    thin,
    tile::{self, Tile, accumulate, add, block, dispatch, for_height, load},
};

/// Pixels summed one after the other: a longer sum in single precision would lose digits.
const SUMMED: usize = 1024;

/// The gradient of the kernel.
///
/// # Shapes
/// - `x`: `[batch, channels_in, height, width]`
/// - `y`: `[batch, channels_out, output_height, output_width]`, gradient of the output
/// - result: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
pub(super) fn correlate(x: &[f32], y: &[f32], shape: &ConvShape) -> Vec<f32> {
    if depthwise::serves(shape) {
        return depthwise::correlate(x, y, shape);
    }
    dispatch(Correlate { x, y, shape })
}

/// The gradient of a bias: the sum of `y` over images and pixels.
///
/// # Shapes
/// - `y`: `[batch, channels, pixels]`
/// - result: `[channels]`
pub(super) fn sum_per_channel(y: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    if pixels == 1 {
        let mut sums = vec![0.0; channels];
        for image in y.chunks_exact(channels.max(1)) {
            for (sum, value) in sums.iter_mut().zip(image) {
                *sum += value;
            }
        }
        return sums;
    }
    let images = y.len() / (channels * pixels).max(1);
    let of_channel = |channel: usize| -> f32 {
        let plane = |image: usize| &y[(image * channels + channel) * pixels..][..pixels];
        (0..images)
            .map(|image| plane_sum(plane(image)))
            .sum::<f32>()
    };
    (0..channels).into_par_iter().map(of_channel).collect()
}

struct Correlate<'a> {
    x: &'a [f32],
    y: &'a [f32],
    shape: &'a ConvShape,
}

impl WithSimd for Correlate<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let shape = *self.shape;
        let [channels_in, channels_out] = shape.channels;
        if self.x.is_empty() {
            return vec![0.0; channels_out * shape.group_in() * shape.taps()];
        }
        let tiles = tile::tiles::<S>(shape.group_out());
        let bands = bands(&shape);
        let is_thin = thin::serves::<S>(&shape);
        let piece = images_per_piece(shape.batch);
        let (large, small) = (
            piece * channels_in * shape.pixels_in(),
            piece * channels_out * shape.pixels_out(),
        );
        let partial: Vec<Vec<f32>> = self
            .x
            .par_chunks(large.max(1))
            .zip(self.y.par_chunks(small.max(1)))
            .map(|(x, y)| {
                let shape = &shape;
                if is_thin {
                    return simd.vectorize(thin::Piece { simd, x, y, shape });
                }
                simd.vectorize(Piece {
                    simd,
                    x,
                    y,
                    tiles: &tiles,
                    bands: &bands,
                    shape,
                })
            })
            .collect();
        // Added in the order of the pieces: the sum is the same whatever the threads did.
        let mut partial = partial.into_iter();
        let mut total = partial.next().unwrap_or_default();
        for part in partial {
            for (total, part) in total.iter_mut().zip(&part) {
                *total += part;
            }
        }
        if is_thin {
            return total;
        }
        unpack(&total, &tiles, &bands, &shape, S::F32_LANES)
    }
}

/// The gradient in the kernel's order, from the order in which blocks are stored: group, tile, band,
/// block, row of the tile.
fn unpack(
    packed: &[f32],
    tiles: &[Tile],
    bands: &[Band],
    shape: &ConvShape,
    lanes: usize,
) -> Vec<f32> {
    let (group_in, group_out) = (shape.group_in(), shape.group_out());
    let depth = group_in * shape.taps();
    let mut gradient = vec![0.0; shape.channels[1] * depth];
    let mut from = packed;
    for group in 0..shape.groups {
        for tile in tiles {
            let first = group * group_out + tile.start;
            let into = &mut gradient[first * depth..][..tile.rows * depth];
            for band in bands {
                let length = band.taps * group_in;
                for start in (0..length).step_by(tile::VECTORS * lanes) {
                    let stored = stored(length - start, lanes);
                    let (block, rest) = from.split_at(tile.height * stored);
                    from = rest;
                    for (sums, into) in block.chunks_exact(stored).zip(into.chunks_exact_mut(depth))
                    {
                        for (place, sum) in (start..length).zip(sums) {
                            let (tap, channel) = (place / group_in, place % group_in);
                            into[channel * shape.taps() + band.tap + tap] = *sum;
                        }
                    }
                }
            }
        }
    }
    gradient
}

/// Values stored for a row of a block that has `left` of them: one vector where that is enough.
#[inline(always)]
fn stored(left: usize, lanes: usize) -> usize {
    if left <= lanes {
        lanes
    } else {
        tile::VECTORS * lanes
    }
}

/// Taps whose values lie side by side in an image in `[height, width, channels]` order.
struct Band {
    /// Row and column of the first tap, in the padded image.
    row: usize,
    column: usize,
    /// First tap and number of taps.
    tap: usize,
    taps: usize,
}

/// A row of the kernel when taps are neighbours, else each tap alone.
fn bands(shape: &ConvShape) -> Vec<Band> {
    let [height, width] = shape.kernel;
    let together = if shape.dilation[1] == 1 { width } else { 1 };
    let mut bands = Vec::new();
    for ky in 0..height {
        for kx in (0..width).step_by(together) {
            bands.push(Band {
                row: ky * shape.dilation[0],
                column: kx * shape.dilation[1],
                tap: ky * width + kx,
                taps: together,
            });
        }
    }
    bands
}

/// Some images of the batch, computed by one thread.
struct Piece<'a, S> {
    simd: S,
    x: &'a [f32],
    y: &'a [f32],
    tiles: &'a [Tile],
    bands: &'a [Band],
    shape: &'a ConvShape,
}

impl<S: Simd> pulp::NullaryFnOnce for Piece<'_, S> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn call(self) -> Vec<f32> {
        let shape = self.shape;
        let [channels_in, _] = shape.channels;
        let group_in = shape.group_in();
        let images = self.x.len() / (channels_in * shape.pixels_in());
        let width = tile::width::<S>();
        let padded = shape.padded();
        let image = padded[0] * padded[1] * group_in;
        // One vector block more than the images: the last window may be read past its end.
        let mut windows = vec![0.0; images * image + width];
        let mut factors = vec![0.0; images * shape.pixels_out() * tile::padded_rows(self.tiles)];
        let blocks: usize = self
            .bands
            .iter()
            .map(|band| band.taps * group_in)
            .map(|length| length.div_ceil(S::F32_LANES) * S::F32_LANES)
            .sum();
        let mut gradient = vec![0.0; shape.groups * tile::padded_rows(self.tiles) * blocks];
        let mut into = gradient.as_mut_slice();
        let places = places(images, image, shape);
        for group in 0..shape.groups {
            channels_last(self.x, &mut windows, group, shape);
            transpose(self.y, &mut factors, group, self.tiles, shape);
            for tile in self.tiles {
                let pixels = images * shape.pixels_out();
                let factors = &factors[tile.offset * pixels..][..tile.height * pixels];
                for band in self.bands {
                    let length = band.taps * group_in;
                    for first in (0..length).step_by(width) {
                        let at = (band.row * padded[1] + band.column) * group_in + first;
                        let windows = &windows[at..];
                        let stored = stored(length - first, S::F32_LANES);
                        let (sums, rest) = into.split_at_mut(tile.height * stored);
                        into = rest;
                        if stored == width {
                            for_height!(
                                tile.height,
                                weighted::<S, 2>(self.simd, factors, windows, &places, sums)
                            );
                        } else {
                            for_height!(
                                tile.height,
                                weighted::<S, 1>(self.simd, factors, windows, &places, sums)
                            );
                        }
                    }
                }
            }
        }
        gradient
    }
}

/// Where the window of each output pixel starts, image after image.
fn places(images: usize, image: usize, shape: &ConvShape) -> Vec<u32> {
    let padded_width = shape.padded()[1];
    let [height, width] = shape.output;
    let mut places = Vec::with_capacity(images * height * width);
    for index in 0..images {
        for row in 0..height {
            for column in 0..width {
                let pixel = row * shape.stride[0] * padded_width + column * shape.stride[1];
                // A piece of a batch is far smaller than 4 billion values.
                places.push((index * image + pixel * shape.group_in()) as u32);
            }
        }
    }
    places
}

/// Adds the sum over output pixels of `factors × window`.
#[inline(always)]
fn weighted<S: Simd, const ROWS: usize, const V: usize>(
    simd: S,
    factors: &[f32],
    windows: &[f32],
    places: &[u32],
    into: &mut [f32],
) {
    for (factors, places) in factors.chunks(SUMMED * ROWS).zip(places.chunks(SUMMED)) {
        // A block of its own: kept through all chunks, it would live in memory.
        let mut sum = block::<S, ROWS, V>(simd, &[]);
        for (factors, place) in factors.chunks_exact(ROWS).zip(places) {
            accumulate(
                simd,
                &mut sum,
                factors,
                load(simd, &windows[*place as usize..]),
            );
        }
        add::<S, ROWS, V>(simd, &sum, into);
    }
}

/// Copies the channels of one group into `[image, row, column, channel]` order, inside the padding.
#[inline(always)]
fn channels_last(x: &[f32], windows: &mut [f32], group: usize, shape: &ConvShape) {
    let [height, width] = shape.size;
    let [top, left] = shape.begin;
    let [padded_height, padded_width] = shape.padded();
    let channels = shape.group_in();
    let row = padded_width * channels;
    let inside = height.min(padded_height.saturating_sub(top));
    let seen = width.min(padded_width.saturating_sub(left));
    if seen == 0 {
        // Every window lies in the padding.
        return;
    }
    let images = x.chunks_exact(shape.channels[0] * height * width);
    for (image, into) in images.zip(windows.chunks_exact_mut(padded_height * row)) {
        let planes = &image[group * channels * height * width..];
        for (y, into) in into
            .chunks_exact_mut(row)
            .skip(top)
            .take(inside)
            .enumerate()
        {
            let into = &mut into[left * channels..];
            interleave(
                &planes[y * width..],
                height * width,
                channels,
                seen,
                into,
                channels,
            );
        }
    }
}

/// Copies the gradient of one group into `[tile, image, pixel, row of the tile]` order.
#[inline(always)]
fn transpose(y: &[f32], factors: &mut [f32], group: usize, tiles: &[Tile], shape: &ConvShape) {
    let pixels = shape.pixels_out();
    let image = shape.channels[1] * pixels;
    let images = y.len() / image;
    for tile in tiles {
        let into = &mut factors[tile.offset * images * pixels..];
        let into = into.chunks_exact_mut(pixels * tile.height);
        for (into, y) in into.zip(y.chunks_exact(image)) {
            let first = group * shape.group_out() + tile.start;
            interleave(
                &y[first * pixels..],
                pixels,
                tile.rows,
                pixels,
                into,
                tile.height,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;
    use crate::ops::cpu::shape::{plain_shapes, wave};

    #[test]
    fn a_plain_processor_computes_the_same() {
        for shape in plain_shapes() {
            let (x, y) = (wave(shape.inputs()), wave(shape.outputs()));
            let expected = correlate(&x, &y, &shape);
            let found = Correlate {
                x: &x,
                y: &y,
                shape: &shape,
            }
            .with_simd(Scalar);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-3, "{shape:?}");
            }
        }
    }

    #[test]
    fn windows_that_see_no_column_have_a_gradient_of_zero() {
        let shape = ConvShape::new(2, [4, 8], [14, 1], [4, 1], [4, 6])
            .padded_by([(0, 0), (4, 0)])
            .expect("the kernel fits in");
        let (x, y) = (wave(shape.inputs()), wave(shape.outputs()));
        let gradient = correlate(&x, &y, &shape);
        assert_eq!(gradient.len(), 8 * 4 * 4);
        assert!(gradient.iter().all(|value| *value == 0.0));
    }

    /// A sum of equal values loses a digit each time it grows tenfold, in single precision.
    #[test]
    fn a_sum_over_many_pixels_keeps_its_digits() {
        let shape = ConvShape::new(8, [16, 4], [256, 256], [1, 1], [1, 1]);
        let (x, y) = (vec![0.1; shape.inputs()], vec![0.1; shape.outputs()]);
        let exact = f64::from(0.1_f32).powi(2) * (8 * 256 * 256) as f64;
        for value in correlate(&x, &y, &shape) {
            let error = (f64::from(value) / exact - 1.0).abs();
            assert!(error < 2e-5, "{error}");
        }
    }
}
