//! Forward convolution: panels of laid-out pixels times the kernel.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    images_per_piece,
    product::{Source, lay_out, product, vector_places},
    shape::{ConvShape, Segment, copy, segments},
    tile::{self, Tile, dispatch, for_height},
};

/// Convolves a batch.
///
/// # Shapes
/// - `x`: `[batch, channels_in, height, width]`
/// - `weight`: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - `bias`: `[channels_out]`
/// - result: `[batch, channels_out, output_height, output_width]`
pub(super) fn convolve(
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    shape: &ConvShape,
) -> Vec<f32> {
    dispatch(Convolve {
        x,
        weight,
        bias,
        shape,
    })
}

struct Convolve<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    shape: &'a ConvShape,
}

impl WithSimd for Convolve<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let shape = *self.shape;
        let [channels_in, channels_out] = shape.channels;
        let (image_in, image_out) = (
            channels_in * shape.pixels_in(),
            channels_out * shape.pixels_out(),
        );
        let depth = shape.group_in() * shape.taps();
        let tiles = tile::tiles::<S>(shape.group_out());
        let packed = pack(self.weight, &shape, &tiles, depth);
        let start = padded_bias(self.bias, &shape, &tiles);

        let mut output = vec![0.0; shape.batch * image_out];
        let piece = images_per_piece(shape.batch);
        output
            .par_chunks_mut((piece * image_out).max(1))
            .zip(self.x.par_chunks((piece * image_in).max(1)))
            .for_each(|(output, x)| {
                simd.vectorize(Piece {
                    simd,
                    x,
                    output,
                    packed: &packed,
                    start: &start,
                    tiles: &tiles,
                    shape: &shape,
                });
            });
        output
    }
}

/// The kernel in the order in which tiles read it: group, tile, tap, row.
fn pack(weight: &[f32], shape: &ConvShape, tiles: &[Tile], depth: usize) -> Vec<f32> {
    let rows = tile::padded_rows(tiles);
    let mut packed = vec![0.0; shape.groups * rows * depth];
    for group in 0..shape.groups {
        for tile in tiles {
            let into = &mut packed[(group * rows + tile.offset) * depth..][..tile.height * depth];
            for row in 0..tile.rows {
                let channel = group * shape.group_out() + tile.start + row;
                let from = &weight[channel * depth..][..depth];
                for (into, value) in into.chunks_exact_mut(tile.height).zip(from) {
                    into[row] = *value;
                }
            }
        }
    }
    packed
}

/// The bias, row by row of the tiles; zeros without bias.
pub(super) fn padded_bias(bias: Option<&[f32]>, shape: &ConvShape, tiles: &[Tile]) -> Vec<f32> {
    let rows = tile::padded_rows(tiles);
    let mut start = vec![0.0; shape.groups * rows];
    if let Some(bias) = bias {
        let per_group = bias.len() / shape.groups;
        for group in 0..shape.groups {
            let from = &bias[group * per_group..][..per_group];
            start[group * rows..][..per_group].copy_from_slice(from);
        }
    }
    start
}

/// Some images of the batch, computed by one thread.
struct Piece<'a, S> {
    simd: S,
    x: &'a [f32],
    output: &'a mut [f32],
    packed: &'a [f32],
    start: &'a [f32],
    tiles: &'a [Tile],
    shape: &'a ConvShape,
}

impl<S: Simd> pulp::NullaryFnOnce for Piece<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let shape = self.shape;
        let [_, channels_out] = shape.channels;
        let pixels = shape.pixels_out();
        let images = self.output.len() / (channels_out * pixels);
        let width = tile::width::<S>();
        let depth = shape.group_in() * shape.taps();
        let rows = tile::padded_rows(self.tiles);

        let mut planes = Planes::new(images, shape);
        let mut panel = vec![0.0; depth * width];
        let mut result = vec![0.0; rows * width];
        let offsets = planes.offsets(shape);
        let mut runs: Vec<Segment> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for group in 0..shape.groups {
            planes.fill(self.x, group, shape);
            let packed = &self.packed[group * rows * depth..][..rows * depth];
            let start = &self.start[group * rows..][..rows];
            for first in (0..images * pixels).step_by(width) {
                let last = (first + width).min(images * pixels);
                segments(first, last, shape.output, &mut runs);
                places.clear();
                places.extend(runs.iter().map(|run| planes.place(run, shape)));
                let source = match vector_places::<S>(&runs, &places) {
                    Some(places) => Source::InPlace {
                        values: &planes.values,
                        offsets: &offsets,
                        places,
                    },
                    None => {
                        lay_out(&mut panel, width, &planes.values, &offsets, &runs, &places);
                        Source::Panel(&panel)
                    }
                };
                for tile in self.tiles {
                    let factors = &packed[tile.offset * depth..][..tile.height * depth];
                    let start = &start[tile.offset..][..tile.height];
                    let into = &mut result[tile.offset * width..][..tile.height * width];
                    for_height!(
                        tile.height,
                        product::<S>(self.simd, start, factors, &source, into)
                    );
                    for (row, from) in into.chunks_exact(width).enumerate().take(tile.rows) {
                        let channel = group * shape.group_out() + tile.start + row;
                        for run in &runs {
                            let at = (run.image * channels_out + channel) * pixels
                                + run.row * shape.output[1]
                                + run.column;
                            copy(
                                &mut self.output[at..][..run.length],
                                &from[run.at..][..run.length],
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The channels of one group of some images, padded, columns sorted by their remainder modulo the
/// stride: what neighbouring output pixels read through one tap is then contiguous.
struct Planes {
    values: Vec<f32>,
    /// Columns of one remainder.
    columns: usize,
    /// Values of one padded row, of one channel, of one image.
    row: usize,
    channel: usize,
    image: usize,
}

impl Planes {
    fn new(images: usize, shape: &ConvShape) -> Self {
        let [height, width] = shape.padded();
        let columns = width.div_ceil(shape.stride[1]);
        let row = columns * shape.stride[1];
        let channel = row * height;
        let image = channel * shape.group_in();
        Self {
            // The padding is written here, once: `fill` leaves it as it is.
            values: vec![0.0; images * image],
            columns,
            row,
            channel,
            image,
        }
    }

    #[inline(always)]
    fn fill(&mut self, x: &[f32], group: usize, shape: &ConvShape) {
        let [height, width] = shape.size;
        let [top, left] = shape.begin;
        let [padded_height, padded_width] = shape.padded();
        let image_in = shape.channels[0] * height * width;
        let seen = width.min(padded_width.saturating_sub(left));
        for (image, x) in self
            .values
            .chunks_exact_mut(self.image)
            .zip(x.chunks_exact(image_in))
        {
            let first = group * shape.group_in() * height * width;
            let channels = x[first..].chunks_exact(height * width);
            for (plane, x) in image.chunks_exact_mut(self.channel).zip(channels) {
                let rows = plane.chunks_exact_mut(self.row).skip(top);
                let inside = padded_height.saturating_sub(top).min(height);
                for (row, x) in rows.zip(x.chunks_exact(width)).take(inside) {
                    sort_columns(row, &x[..seen], left, shape.stride[1], self.columns);
                }
            }
        }
    }

    /// Where the first pixel of a segment starts reading, for the first tap of the first channel.
    #[inline(always)]
    fn place(&self, run: &Segment, shape: &ConvShape) -> usize {
        run.image * self.image + run.row * shape.stride[0] * self.row + run.column
    }

    /// How much further each channel and tap reads.
    fn offsets(&self, shape: &ConvShape) -> Vec<usize> {
        let mut offsets = Vec::with_capacity(shape.group_in() * shape.taps());
        for channel in 0..shape.group_in() {
            for ky in 0..shape.kernel[0] {
                for kx in 0..shape.kernel[1] {
                    let column = kx * shape.dilation[1];
                    offsets.push(
                        channel * self.channel
                            + ky * shape.dilation[0] * self.row
                            + column % shape.stride[1] * self.columns
                            + column / shape.stride[1],
                    );
                }
            }
        }
        offsets
    }
}

/// Writes `x`, which starts in column `left`, with its columns sorted by remainder modulo `stride`.
#[inline(always)]
fn sort_columns(row: &mut [f32], x: &[f32], left: usize, stride: usize, columns: usize) {
    match stride {
        1 => row[left..][..x.len()].copy_from_slice(x),
        2 => {
            let (even, odd) = row.split_at_mut(columns);
            let (first, second) = if left.is_multiple_of(2) {
                (&mut even[left / 2..], &mut odd[left / 2..])
            } else {
                (&mut odd[left / 2..], &mut even[left / 2 + 1..])
            };
            for ((pair, first), second) in x.chunks_exact(2).zip(&mut *first).zip(&mut *second) {
                *first = pair[0];
                *second = pair[1];
            }
            if let [last] = x.chunks_exact(2).remainder() {
                first[x.len() / 2] = *last;
            }
        }
        _ => {
            for (column, value) in x.iter().enumerate() {
                let column = column + left;
                row[column % stride * columns + column / stride] = *value;
            }
        }
    }
}
