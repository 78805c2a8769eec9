//! Transposed convolution, which is also the gradient of a convolution with respect to its input.
//!
//! With stride `s` the pixels of the large image fall into `s²` **phases** by the remainders of their
//! row and column modulo `s`. Within one phase the transposed convolution is an ordinary convolution of
//! stride 1 of the small image with some of the taps: no zeros are inserted and nothing is scattered.

use pulp::{Simd, WithSimd};

use super::{
    convolve::padded_bias,
    depthwise, images_per_piece,
    output::{by_pieces, piece_of},
    product::{Source, lay_out, places_along, product, vector_places},
    shape::{ConvShape, Segment, Walk, copy},
    tile::{self, Tile, dispatch, for_height},
};

/// Spreads the small images `y` over the large ones.
///
/// # Shapes
/// - `y`: `[batch, channels_out, output_height, output_width]` of `shape`
/// - `weight`: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - `bias`: `[channels_in]`
/// - result: `[batch, channels_in, height, width]`
pub(super) fn spread(
    y: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    shape: &ConvShape,
) -> Vec<f32> {
    if depthwise::serves(shape) && bias.is_none() {
        return depthwise::spread(y, weight, shape);
    }
    dispatch(Spread {
        y,
        weight,
        bias,
        shape,
    })
}

/// Values that a vector may read past the last plane, besides what its taps read further, less than a row.
const SLACK: usize = 64;

struct Spread<'a> {
    y: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    shape: &'a ConvShape,
}

impl WithSimd for Spread<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let shape = *self.shape;
        let [channels_in, channels_out] = shape.channels;
        let (large, small) = (
            channels_in * shape.pixels_in(),
            channels_out * shape.pixels_out(),
        );
        let tiles = tile::tiles::<S>(shape.group_in());
        let axes = [0, 1].map(|axis| Axis::new(&shape, axis));
        let phases = phases(self.weight, &shape, &axes, &tiles);
        let start = padded_bias(self.bias, &shape, &tiles);

        let piece = images_per_piece(shape.batch);
        by_pieces(shape.batch * large, piece * large, |index, output| {
            simd.vectorize(Piece {
                simd,
                y: piece_of(self.y, index, piece * small),
                output,
                phases: &phases,
                axes: &axes,
                start: &start,
                tiles: &tiles,
                shape: &shape,
            });
        })
    }
}

/// What one axis of the large image takes from the small one.
struct Axis {
    /// Positions of one phase: `⌈size / stride⌉`.
    grid: usize,
    /// For each phase, its taps and the place that each reads, shifted so that the least is 0.
    taps: Vec<Vec<(usize, usize)>>,
    /// Number of different shifts.
    shifts: usize,
    /// Shift of index 0: position `q` of a phase reads `q + least + index`.
    least: isize,
}

impl Axis {
    fn new(shape: &ConvShape, axis: usize) -> Self {
        let stride = shape.stride[axis] as isize;
        // Large position stride·q + phase = stride·o + tap·dilation − begin.
        let read = |phase: isize, tap: usize| {
            let distance =
                phase + shape.begin[axis] as isize - (tap * shape.dilation[axis]) as isize;
            (distance.rem_euclid(stride) == 0).then(|| distance.div_euclid(stride))
        };
        let of_phase = |phase| {
            (0..shape.kernel[axis])
                .filter_map(move |tap| read(phase, tap).map(|place| (tap, place)))
        };
        let places = || (0..stride).flat_map(of_phase).map(|(_, place)| place);
        let least = places().min().unwrap_or(0);
        let most = places().max().unwrap_or(0);
        Self {
            grid: shape.size[axis].div_ceil(shape.stride[axis]),
            taps: (0..stride)
                .map(|phase| {
                    of_phase(phase)
                        .map(|(tap, place)| (tap, (place - least) as usize))
                        .collect()
                })
                .collect(),
            shifts: (most - least + 1) as usize,
            least,
        }
    }

    /// Positions of the small image that are read, zeros around it included.
    fn padded(&self) -> usize {
        self.grid + self.shifts - 1
    }
}

/// One phase: which rows of the panel it sums up, and the kernel in that order.
struct Phase {
    remainders: [usize; 2],
    rows: Vec<usize>,
    /// For each group and tile, the factors of `rows`.
    packed: Vec<f32>,
}

fn phases(weight: &[f32], shape: &ConvShape, axes: &[Axis; 2], tiles: &[Tile]) -> Vec<Phase> {
    let [vertical, horizontal] = axes;
    let (group_in, group_out) = (shape.group_in(), shape.group_out());
    let padded_rows = tile::padded_rows(tiles);
    let mut phases = Vec::new();
    for (a, rows_taps) in vertical.taps.iter().enumerate() {
        for (b, columns_taps) in horizontal.taps.iter().enumerate() {
            let taps = || {
                (0..group_out).flat_map(move |channel| {
                    rows_taps.iter().flat_map(move |row| {
                        columns_taps
                            .iter()
                            .map(move |column| (channel, *row, *column))
                    })
                })
            };
            let rows: Vec<usize> = taps()
                .map(|(channel, (_, down), (_, right))| {
                    (channel * vertical.shifts + down) * horizontal.shifts + right
                })
                .collect();
            let mut packed = vec![0.0; shape.groups * padded_rows * rows.len()];
            for group in 0..shape.groups {
                for tile in tiles {
                    let first = (group * padded_rows + tile.offset) * rows.len();
                    let into = packed[first..].chunks_exact_mut(tile.height);
                    for (into, (channel, (ky, _), (kx, _))) in into.zip(taps()) {
                        let out = group * group_out + channel;
                        for (row, into) in into.iter_mut().enumerate().take(tile.rows) {
                            let channel_in = out * group_in + tile.start + row;
                            *into =
                                weight[(channel_in * shape.kernel[0] + ky) * shape.kernel[1] + kx];
                        }
                    }
                }
            }
            phases.push(Phase {
                remainders: [a, b],
                rows,
                packed,
            });
        }
    }
    phases
}

/// Some images of the batch, computed by one thread.
struct Piece<'a, S> {
    simd: S,
    y: &'a [f32],
    output: &'a mut [f32],
    phases: &'a [Phase],
    axes: &'a [Axis; 2],
    start: &'a [f32],
    tiles: &'a [Tile],
    shape: &'a ConvShape,
}

impl<S: Simd> pulp::NullaryFnOnce for Piece<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let shape = self.shape;
        let [vertical, horizontal] = self.axes;
        let grid = [vertical.grid, horizontal.grid];
        let [channels_in, _] = shape.channels;
        let images = self.output.len() / (channels_in * shape.pixels_in());
        let width = tile::width::<S>();
        let padded_rows = tile::padded_rows(self.tiles);
        let (group_in, group_out) = (shape.group_in(), shape.group_out());

        let mut planes = Planes::new(images, shape, self.axes);
        let depth = group_out * vertical.shifts * horizontal.shifts;
        let mut panel = vec![0.0; depth * width + S::F32_LANES];
        let highest = self.tiles.iter().map(|tile| tile.height).max().unwrap_or(0);
        let size = highest * width;
        let mut results = vec![0.0; self.phases.len() * size];
        let offsets = planes.offsets(group_out, vertical.shifts, horizontal.shifts);
        let chosen_offsets: Vec<Vec<usize>> = self
            .phases
            .iter()
            .map(|phase| phase.rows.iter().map(|row| offsets[*row]).collect())
            .collect();
        let mut runs: Vec<Segment> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        let walk = Walk::new(grid, planes.row, true, S::F32_LANES);
        let positions = walk.positions(images);
        for group in 0..shape.groups {
            planes.fill::<S>(self.y, group, shape, self.axes);
            let start = &self.start[group * padded_rows..][..padded_rows];
            for first in (0..positions).step_by(width) {
                let last = (first + width).min(positions);
                runs.clear();
                walk.segments(first, last, &mut runs);
                let in_place = if walk.along_padding {
                    Some(places_along::<S>(&walk, planes.image, first, last))
                } else {
                    places.clear();
                    places.extend(runs.iter().map(|run| planes.place(run)));
                    let in_place = vector_places::<S>(&runs, &places);
                    if in_place.is_none() {
                        lay_out::<S>(&mut panel, &planes.values, &offsets, &runs, &places);
                    }
                    in_place
                };
                for tile in self.tiles {
                    let start = &start[tile.offset..][..tile.height];
                    let phases = self.phases.iter().zip(&chosen_offsets);
                    for ((phase, offsets), into) in phases.zip(results.chunks_exact_mut(size)) {
                        let source = match in_place {
                            Some(places) => Source::InPlace {
                                values: &planes.values,
                                offsets,
                                places,
                            },
                            None => Source::Rows {
                                panel: &panel,
                                rows: &phase.rows,
                            },
                        };
                        let taps = phase.rows.len();
                        let at = (group * padded_rows + tile.offset) * taps;
                        let factors = &phase.packed[at..][..tile.height * taps];
                        for_height!(
                            tile.height,
                            product::<S>(self.simd, start, factors, &source, into)
                        );
                    }
                    for row in 0..tile.rows {
                        let channel = group * group_in + tile.start + row;
                        for run in &runs {
                            let image = run.image * channels_in + channel;
                            let plane =
                                &mut self.output[image * shape.pixels_in()..][..shape.pixels_in()];
                            write::<S>(plane, &results, size, row * width, run, self.phases, shape);
                        }
                    }
                }
            }
        }
    }
}

/// Puts the pixels of all phases where they belong in one channel of a large image.
#[inline(always)]
fn write<S: Simd>(
    plane: &mut [f32],
    results: &[f32],
    size: usize,
    row: usize,
    run: &Segment,
    phases: &[Phase],
    shape: &ConvShape,
) {
    let [height, width] = shape.size;
    let [down, right] = shape.stride;
    let from = |phase: usize| &results[phase * size + row + run.at..][..run.length];
    for a in 0..down {
        let y = run.row * down + a;
        if y >= height {
            continue;
        }
        let first = run.column * right;
        let last = (first + run.length * right).min(width);
        let into = &mut plane[y * width + first..y * width + last];
        match right {
            1 => copy::<S>(into, from(a)),
            2 => {
                let (even, odd) = (from(2 * a), from(2 * a + 1));
                for ((pair, even), odd) in into.chunks_exact_mut(2).zip(even).zip(odd) {
                    pair[0] = *even;
                    pair[1] = *odd;
                }
                if let [last] = into.chunks_exact_mut(2).into_remainder() {
                    *last = even[even.len() - 1];
                }
            }
            _ => {
                for (b, phase) in phases[a * right..][..right].iter().enumerate() {
                    debug_assert_eq!(phase.remainders, [a, b]);
                    let columns = into.iter_mut().skip(b).step_by(right);
                    for (into, value) in columns.zip(from(a * right + b)) {
                        *into = *value;
                    }
                }
            }
        }
    }
}

/// The channels of one group of some small images, with zeros around them where taps read outside.
struct Planes {
    values: Vec<f32>,
    row: usize,
    channel: usize,
    image: usize,
}

impl Planes {
    fn new(images: usize, shape: &ConvShape, axes: &[Axis; 2]) -> Self {
        let row = axes[1].padded();
        let channel = row * axes[0].padded();
        let image = channel * shape.group_out();
        Self {
            // Vectors along the last rows end after them.
            values: vec![0.0; images * image + row + SLACK],
            row,
            channel,
            image,
        }
    }

    #[inline(always)]
    fn fill<S: Simd>(&mut self, y: &[f32], group: usize, shape: &ConvShape, axes: &[Axis; 2]) {
        let [height, width] = shape.output;
        let small = shape.channels[1] * height * width;
        // Position p of the padded axis is position p + least of the small image.
        let [skip_rows, skip_columns] = [0, 1].map(|axis| (-axes[axis].least).max(0) as usize);
        let [from_row, from_column] = [0, 1].map(|axis| axes[axis].least.max(0) as usize);
        let columns = width
            .saturating_sub(from_column)
            .min(self.row.saturating_sub(skip_columns));
        for (image, y) in self
            .values
            .chunks_exact_mut(self.image)
            .zip(y.chunks_exact(small))
        {
            let first = group * shape.group_out() * height * width;
            let channels = y[first..].chunks_exact(height * width);
            for (plane, y) in image.chunks_exact_mut(self.channel).zip(channels) {
                let rows = plane.chunks_exact_mut(self.row).skip(skip_rows);
                for (row, y) in rows.zip(y.chunks_exact(width).skip(from_row)) {
                    copy::<S>(
                        &mut row[skip_columns..][..columns],
                        &y[from_column..][..columns],
                    );
                }
            }
        }
    }

    /// Where the first pixel of a segment starts reading, at the least shift of the first channel.
    #[inline(always)]
    fn place(&self, run: &Segment) -> usize {
        run.image * self.image + run.row * self.row + run.column
    }

    /// How much further each channel and shift reads.
    fn offsets(&self, channels: usize, down: usize, right: usize) -> Vec<usize> {
        let mut offsets = Vec::with_capacity(channels * down * right);
        for channel in 0..channels {
            for down in 0..down {
                offsets.extend((0..right).map(|r| channel * self.channel + down * self.row + r));
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
            let (y, weight) = (wave(shape.outputs()), wave(shape.weights()));
            let expected = spread(&y, &weight, None, &shape);
            let found = Spread {
                y: &y,
                weight: &weight,
                bias: None,
                shape: &shape,
            }
            .with_simd(Scalar);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-3, "{shape:?}");
            }
        }
    }
}
