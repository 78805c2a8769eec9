//! Forward convolution: panels of laid-out pixels times the kernel.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    activate::{Activation, each},
    depthwise, images_per_piece,
    output::{Blank, blank_pieces, piece_of},
    product::{Source, lay_out, places_along, product, vector_places},
    shape::{ConvShape, Segment, Walk, interleave, sort_columns},
    tile::{self, Tile, dispatch, for_height},
};

/// Panels that a tile goes through before the next tile.
const PANELS: usize = 8;
/// Values that a vector may read past the last plane, besides what its taps read further, less than a row.
const SLACK: usize = 64;
/// Most values laid out at a time: a part of the second cache.
const LAID_OUT: usize = 1 << 16;

/// Values of the kernel that one thread packs at a time, at least.
const PACKED: usize = 1 << 14;

/// What is added to the sums, and what becomes of them.
#[derive(Clone, Copy, Default)]
pub(super) struct Epilogue<'a> {
    /// Added, one value an output channel.
    pub bias: Option<&'a [f32]>,
    /// Then multiplied by the first and the second added, one value an output channel each.
    pub affine: Option<(&'a [f32], &'a [f32])>,
    /// Last.
    pub activation: Option<Activation>,
}

impl<'a> Epilogue<'a> {
    /// A bias, and nothing else.
    pub fn bias(bias: &'a [f32]) -> Self {
        Self {
            bias: Some(bias),
            ..Self::default()
        }
    }

    /// Where the sums of a channel start.
    pub fn start(&self, channel: usize) -> f32 {
        self.bias.map_or(0.0, |bias| bias[channel])
    }

    /// What becomes of sums, `length` for each channel from `first` on.
    #[inline(always)]
    pub fn finish<S: Simd>(&self, simd: S, first: usize, sums: &mut [f32], length: usize) {
        if let Some((scale, shift)) = self.affine {
            let factors = scale[first..].iter().zip(&shift[first..]);
            for (sums, (&scale, &shift)) in sums.chunks_exact_mut(length).zip(factors) {
                let (scale, shift) = (simd.splat_f32s(scale), simd.splat_f32s(shift));
                each(
                    simd,
                    sums,
                    #[inline(always)]
                    |sum| simd.mul_add_e_f32s(sum, scale, shift),
                );
            }
        }
        // All channels at once: for a few vectors, the activation's constants cost as much as its sums.
        if let Some(activation) = self.activation {
            activation.on(simd, sums);
        }
    }
}

/// Convolves a batch.
///
/// # Shapes
/// - `x`: `[batch, channels_in, height, width]`
/// - `weight`: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - result: `[batch, channels_out, output_height, output_width]`
pub(super) fn convolve(
    x: &[f32],
    weight: &[f32],
    epilogue: Epilogue,
    shape: &ConvShape,
) -> Vec<f32> {
    if depthwise::serves(shape) {
        return depthwise::convolve(x, weight, epilogue, shape);
    }
    dispatch(Convolve {
        x,
        weight,
        epilogue,
        shape: shape.flattened(),
    })
}

struct Convolve<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    epilogue: Epilogue<'a>,
    shape: ConvShape,
}

impl WithSimd for Convolve<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let shape = self.shape;
        let [channels_in, channels_out] = shape.channels;
        let (image_in, image_out) = (
            channels_in * shape.pixels_in(),
            channels_out * shape.pixels_out(),
        );
        let depth = shape.group_in() * shape.taps();
        let tiles = tile::tiles::<S>(shape.group_out());
        let packed = pack(self.weight, &shape, &tiles, depth);
        let start = padded_bias(self.epilogue.bias, &shape, &tiles);

        let piece = images_per_piece(shape.batch);
        let write = |index: usize, output: &mut Blank| {
            simd.vectorize(Piece {
                simd,
                x: piece_of(self.x, index, piece * image_in),
                output,
                packed: &packed,
                start: &start,
                epilogue: self.epilogue,
                tiles: &tiles,
                shape: &shape,
            });
        };
        // SAFETY: tiles share out the channels, and a walk goes through every pixel once.
        unsafe { blank_pieces(shape.batch * image_out, piece * image_out, write) }
    }
}

/// The kernel in the order in which tiles read it: group, tile, tap, row.
fn pack(weight: &[f32], shape: &ConvShape, tiles: &[Tile], depth: usize) -> Vec<f32> {
    let rows = tile::padded_rows(tiles);
    let mut packed = vec![0.0; shape.groups * rows * depth];
    // All tiles are as high as the first, but the last.
    let size = tiles.first().map_or(1, |tile| tile.height * depth).max(1);
    packed
        .par_chunks_mut((rows * depth).max(1))
        .enumerate()
        .for_each(|(group, packed)| {
            let pieces = packed.par_chunks_mut(size).zip(tiles);
            let together = PACKED.div_ceil(size);
            pieces.with_min_len(together).for_each(|(into, tile)| {
                let channel = group * shape.group_out() + tile.start;
                let from = &weight[channel * depth..];
                interleave(from, depth, tile.rows, depth, into, tile.height);
            });
        });
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
struct Piece<'a, 'b, S> {
    simd: S,
    x: &'a [f32],
    output: &'a mut Blank<'b>,
    packed: &'a [f32],
    start: &'a [f32],
    epilogue: Epilogue<'a>,
    tiles: &'a [Tile],
    shape: &'a ConvShape,
}

impl<S: Simd> pulp::NullaryFnOnce for Piece<'_, '_, S> {
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
        let (geometry, offsets) = (planes.geometry, planes.geometry.offsets(shape));
        let walk = Walk::new(
            shape.output,
            geometry.row,
            shape.stride == [1, 1] && !shape.is_pointwise(),
            S::F32_LANES,
        );
        let positions = walk.positions(images);
        let size = depth * width + S::F32_LANES;
        let together = (LAID_OUT / size).clamp(1, PANELS);
        let mut laid_out = vec![0.0; together * size];
        let mut result = vec![0.0; rows.min(12) * width];
        let mut runs: Vec<Segment> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        let mut panels: Vec<Panel> = Vec::new();
        for group in 0..shape.groups {
            let values = planes.of_group(self.x, group, shape);
            let packed = &self.packed[group * rows * depth..][..rows * depth];
            let start = &self.start[group * rows..][..rows];
            for block in (0..positions).step_by(together * width) {
                runs.clear();
                panels.clear();
                let end = (block + together * width).min(positions);
                for (first, laid_out) in (block..end)
                    .step_by(width)
                    .zip(laid_out.chunks_exact_mut(size))
                {
                    let from = runs.len();
                    walk.segments(first, (first + width).min(end), &mut runs);
                    let in_place = if walk.along_padding {
                        Some(places_along::<S>(&walk, geometry.image, first, end))
                    } else {
                        places.clear();
                        places.extend(runs[from..].iter().map(|run| geometry.place(run, shape)));
                        let in_place = vector_places::<S>(&runs[from..], &places);
                        if in_place.is_none() {
                            lay_out::<S>(laid_out, values, &offsets, &runs[from..], &places);
                        }
                        in_place
                    };
                    panels.push(Panel {
                        in_place,
                        runs: from..runs.len(),
                    });
                }
                // A tile's factors stay in the first cache for all panels of the block, which it writes side
                // by side.
                for tile in self.tiles {
                    let factors = &packed[tile.offset * depth..][..tile.height * depth];
                    let start = &start[tile.offset..][..tile.height];
                    let into = &mut result[..tile.height * width];
                    for (panel, laid_out) in panels.iter().zip(laid_out.chunks_exact(size)) {
                        let source = match panel.in_place {
                            Some(places) => Source::InPlace {
                                values,
                                offsets: &offsets,
                                places,
                            },
                            None => Source::Panel(laid_out),
                        };
                        for_height!(
                            tile.height,
                            product::<S>(self.simd, start, factors, &source, into)
                        );
                        let first = group * shape.group_out() + tile.start;
                        let into = &mut into[..tile.rows * width];
                        self.epilogue.finish(self.simd, first, into, width);
                        for (row, from) in into.chunks_exact(width).enumerate() {
                            let channel = first + row;
                            for run in &runs[panel.runs.clone()] {
                                let at = (run.image * channels_out + channel) * pixels
                                    + run.row * shape.output[1]
                                    + run.column;
                                self.output.put::<S>(at, &from[run.at..][..run.length]);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Some consecutive pixels of the output, as many as a block is wide.
struct Panel {
    /// Where its vectors are read, unless it is laid out.
    in_place: Option<[usize; tile::VECTORS]>,
    /// Its segments.
    runs: Range<usize>,
}

/// The channels of one group of some images, padded, columns sorted by their remainder modulo the
/// stride: what neighbouring output pixels read through one tap is then contiguous. A pointwise
/// convolution reads the images themselves.
struct Planes {
    values: Vec<f32>,
    geometry: Geometry,
}

/// How the planes lie.
#[derive(Clone, Copy)]
struct Geometry {
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
        let own = !shape.is_pointwise();
        let channels = if own {
            shape.group_in()
        } else {
            shape.channels[0]
        };
        let image = channel * channels;
        Self {
            // The padding is written here, once: filling leaves it as it is. Vectors along the last rows end after them.
            values: vec![0.0; if own { images * image + row + SLACK } else { 0 }],
            geometry: Geometry {
                columns,
                row,
                channel,
                image,
            },
        }
    }

    /// The planes of one group of `x`.
    #[inline(always)]
    fn of_group<'a>(&'a mut self, x: &'a [f32], group: usize, shape: &ConvShape) -> &'a [f32] {
        if shape.is_pointwise() {
            return &x[group * shape.group_in() * self.geometry.channel..];
        }
        let [height, width] = shape.size;
        let [top, left] = shape.begin;
        let [padded_height, padded_width] = shape.padded();
        let image_in = shape.channels[0] * height * width;
        let seen = width.min(padded_width.saturating_sub(left));
        let Geometry {
            columns,
            row,
            channel,
            image,
        } = self.geometry;
        for (image, x) in self
            .values
            .chunks_exact_mut(image)
            .zip(x.chunks_exact(image_in))
        {
            let first = group * shape.group_in() * height * width;
            let channels = x[first..].chunks_exact(height * width);
            for (plane, x) in image.chunks_exact_mut(channel).zip(channels) {
                let rows = plane.chunks_exact_mut(row).skip(top);
                let inside = padded_height.saturating_sub(top).min(height);
                for (row, x) in rows.zip(x.chunks_exact(width)).take(inside) {
                    sort_columns(row, &x[..seen], left, shape.stride[1], columns);
                }
            }
        }
        &self.values
    }
}

impl Geometry {
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

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;
    use crate::ops::cpu::shape::{plain_shapes, wave};

    #[test]
    fn a_plain_processor_computes_the_same() {
        for shape in plain_shapes() {
            let (x, weight) = (wave(shape.inputs()), wave(shape.weights()));
            let epilogue = Epilogue {
                activation: Some(Activation::Silu),
                ..Epilogue::default()
            };
            let expected = convolve(&x, &weight, epilogue, &shape);
            let found = Convolve {
                x: &x,
                weight: &weight,
                epilogue,
                shape: shape.flattened(),
            }
            .with_simd(Scalar);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-3, "{shape:?}");
            }
        }
    }
}
