//! Convolution of every channel by a kernel of its own (as many groups as channels), and its gradients.
//!
//! In a [`Grid`] what a tap reads for all output pixels lies at one distance from the pixels' own
//! places: a plane is one long vector, and a sum over taps is a few shifted reads. The ends of the rows
//! are computed for nothing and left behind.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    convolve::Epilogue,
    grid::{Grid, SLACK},
    output::{Blank, blank_pieces, by_pieces, piece_of},
    shape::{ConvShape, copy},
    tile::{dispatch, each_row, for_height},
};

/// Vectors computed side by side.
const SIDE_BY_SIDE: usize = 4;
/// Pieces of work, whatever the number of threads.
const PIECES: usize = 16;

/// Whether `shape` is served: one channel a group, in and out.
pub(super) fn serves(shape: &ConvShape) -> bool {
    shape.groups > 1 && shape.group_in() == 1 && shape.group_out() == 1
}

/// See [`convolve`](super::convolve::convolve), for the shapes that [`serves`] accepts.
pub(super) fn convolve(
    x: &[f32],
    weight: &[f32],
    epilogue: Epilogue,
    shape: &ConvShape,
) -> Vec<f32> {
    let grid = Grid::new(shape);
    let length = shape.batch * shape.channels[1] * shape.pixels_out();
    let planes = (shape.batch * shape.groups).div_ceil(PIECES).max(1);
    let write = |piece: usize, output: &mut Blank| {
        dispatch(Forward {
            x: piece_of(x, piece, planes * shape.pixels_in()),
            output,
            weight,
            epilogue,
            first: piece * planes,
            grid: &grid,
            shape,
        });
    };
    // SAFETY: planes and their rows follow each other.
    unsafe { blank_pieces(length, planes * shape.pixels_out(), write) }
}

/// See [`spread`](super::spread::spread), without bias.
pub(super) fn spread(y: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    let grid = Grid::new(shape);
    let length = shape.batch * shape.channels[0] * shape.pixels_in();
    let planes = (shape.batch * shape.groups).div_ceil(PIECES).max(1);
    by_pieces(length, planes * shape.pixels_in(), |piece, output| {
        dispatch(Back {
            y: piece_of(y, piece, planes * shape.pixels_out()),
            output,
            weight,
            first: piece * planes,
            grid: &grid,
            shape,
        });
    })
}

/// See [`correlate`](super::correlate::correlate).
pub(super) fn correlate(x: &[f32], y: &[f32], shape: &ConvShape) -> Vec<f32> {
    let grid = Grid::new(shape);
    let mut gradient = vec![0.0; shape.groups * shape.taps()];
    gradient
        .par_chunks_mut(shape.taps())
        .enumerate()
        .for_each(|(channel, gradient)| {
            dispatch(Correlate {
                x,
                y,
                gradient,
                channel,
                grid: &grid,
                shape,
            });
        });
    gradient
}

/// `length` rounded up to whole vectors.
fn whole<S: Simd>(length: usize) -> usize {
    length.div_ceil(S::F32_LANES) * S::F32_LANES
}

/// `start + Σ factor · values[shift..]`, for every place of `into` (whole vectors).
#[inline(always)]
fn shifted_sum<S: Simd>(
    simd: S,
    start: f32,
    values: &[f32],
    taps: &[(f32, usize)],
    into: &mut [f32],
) {
    let (vectors, _) = S::as_mut_simd_f32s(into);
    let (blocks, rest) = vectors.as_chunks_mut::<SIDE_BY_SIDE>();
    let mut at = 0;
    for block in blocks {
        let mut sum = [simd.splat_f32s(start); SIDE_BY_SIDE];
        for (factor, shift) in taps {
            let factor = simd.splat_f32s(*factor);
            let from = &values[at + shift..][..SIDE_BY_SIDE * S::F32_LANES];
            let (from, _) = S::as_simd_f32s(from);
            for (sum, from) in sum.iter_mut().zip(from) {
                *sum = simd.mul_add_e_f32s(factor, *from, *sum);
            }
        }
        *block = sum;
        at += SIDE_BY_SIDE * S::F32_LANES;
    }
    for vector in rest {
        let mut sum = simd.splat_f32s(start);
        for (factor, shift) in taps {
            let (from, _) = S::as_simd_f32s(&values[at + shift..][..S::F32_LANES]);
            sum = simd.mul_add_e_f32s(simd.splat_f32s(*factor), from[0], sum);
        }
        *vector = sum;
        at += S::F32_LANES;
    }
}

/// Some planes of the output; `first` is the index of the first in the batch.
struct Forward<'a, 'b> {
    x: &'a [f32],
    output: &'a mut Blank<'b>,
    weight: &'a [f32],
    epilogue: Epilogue<'a>,
    first: usize,
    grid: &'a Grid,
    shape: &'a ConvShape,
}

impl WithSimd for Forward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (grid, shape) = (self.grid, self.shape);
        let mut plane = grid.plane(shape);
        let mut row = vec![0.0; grid.width * shape.stride[1]];
        let mut result = vec![0.0; whole::<S>(shape.output[0] * grid.width)];
        let offsets = grid.offsets();
        let images = self.x.chunks_exact(shape.pixels_in());
        let mut taps = vec![(0.0, 0); shape.taps()];
        for (index, x) in images.enumerate() {
            let channel = (self.first + index) % shape.groups;
            let factors = &self.weight[channel * shape.taps()..][..shape.taps()];
            for (tap, (factor, offset)) in taps.iter_mut().zip(factors.iter().zip(&offsets)) {
                *tap = (*factor, *offset);
            }
            grid.fill::<S>(x, &mut plane, &mut row, shape);
            let start = self.epilogue.start(channel);
            shifted_sum(simd, start, &plane, &taps, &mut result);
            let length = result.len();
            self.epilogue.finish(simd, channel, &mut result, length);
            let rows = result.chunks(grid.width).take(shape.output[0]);
            for (y, row) in rows.enumerate() {
                let at = index * shape.pixels_out() + y * shape.output[1];
                self.output.put::<S>(at, &row[..shape.output[1]]);
            }
        }
    }
}

/// Some planes of the gradient of the input.
struct Back<'a> {
    y: &'a [f32],
    output: &'a mut [f32],
    weight: &'a [f32],
    first: usize,
    grid: &'a Grid,
    shape: &'a ConvShape,
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (grid, shape) = (self.grid, self.shape);
        let furthest = grid.furthest();
        let phases = shape.stride[0] * shape.stride[1];
        let size = whole::<S>(grid.phase());
        // Before the gradient, zeros: the first pixels are read by taps that lie before the image.
        let mut wide = vec![0.0; furthest + size + SLACK];
        let mut results = vec![0.0; phases * size];
        let mut taps = vec![Vec::new(); phases];
        let gradients = self.y.chunks_exact(shape.pixels_out());
        let outputs = self.output.chunks_exact_mut(shape.pixels_in());
        for (index, (y, output)) in gradients.zip(outputs).enumerate() {
            let channel = (self.first + index) % shape.groups;
            let factors = &self.weight[channel * shape.taps()..][..shape.taps()];
            taps.iter_mut().for_each(Vec::clear);
            for ((factor, phase), shift) in factors.iter().zip(&grid.phases).zip(&grid.shifts) {
                taps[*phase].push((*factor, furthest - shift));
            }
            grid.widen::<S>(y, &mut wide[furthest..], shape);
            for (taps, result) in taps.iter().zip(results.chunks_exact_mut(size)) {
                shifted_sum(simd, 0.0, &wide, taps, result);
            }
            let (left, right) = (shape.begin[1], shape.stride[1]);
            let seen = shape.size[1].min(shape.padded()[1].saturating_sub(left));
            for (y, output) in output.chunks_exact_mut(shape.size[1]).enumerate() {
                let Some((phase, place)) = grid.row(y, shape) else {
                    break;
                };
                let from = &results[phase * size + place..];
                if right == 1 {
                    copy::<S>(&mut output[..seen], &from[left..]);
                    continue;
                }
                for start in 0..right.min(seen) {
                    let column = start + left;
                    let from = &from[column % right * size + column / right..];
                    let into = output[start..seen].chunks_mut(right);
                    for (into, from) in into.zip(from) {
                        into[0] = *from;
                    }
                }
            }
        }
    }
}

/// The gradient of one channel's kernel.
struct Correlate<'a> {
    x: &'a [f32],
    y: &'a [f32],
    gradient: &'a mut [f32],
    channel: usize,
    grid: &'a Grid,
    shape: &'a ConvShape,
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (grid, shape) = (self.grid, self.shape);
        let mut plane = grid.plane(shape);
        let mut row = vec![0.0; grid.width * shape.stride[1]];
        let mut wide = vec![0.0; whole::<S>(shape.output[0] * grid.width)];
        let offsets = grid.offsets();
        let (pixels_in, pixels_out) = (shape.pixels_in(), shape.pixels_out());
        for image in 0..shape.batch {
            let index = image * shape.groups + self.channel;
            let x = &self.x[index * pixels_in..][..pixels_in];
            grid.fill::<S>(x, &mut plane, &mut row, shape);
            grid.widen::<S>(
                &self.y[index * pixels_out..][..pixels_out],
                &mut wide,
                shape,
            );
            let mut done = 0;
            while done < offsets.len() {
                let left = offsets.len() - done;
                let height = match left {
                    ..=4 => 4,
                    5..=8 => 8,
                    _ => 12,
                };
                let (offsets, sums) = (&offsets[done..], &mut self.gradient[done..]);
                for_height!(height, dots::<S>(simd, &wide, &plane, offsets, sums));
                done += height;
            }
        }
    }
}

/// Adds `Σ y · plane[offset..]` to each sum, for the first `TAPS` offsets at most.
#[inline(always)]
fn dots<S: Simd, const TAPS: usize>(
    simd: S,
    y: &[f32],
    plane: &[f32],
    offsets: &[usize],
    sums: &mut [f32],
) {
    let mut places = [0; TAPS];
    for (place, offset) in places.iter_mut().zip(offsets) {
        *place = *offset;
    }
    let mut totals = [simd.splat_f32s(0.0); TAPS];
    let (vectors, _) = S::as_simd_f32s(y);
    for (index, y) in vectors.iter().enumerate() {
        let plane = &plane[index * S::F32_LANES..];
        each_row!(TAPS, m => {
            let (from, _) = S::as_simd_f32s(&plane[places[m]..][..S::F32_LANES]);
            totals[m] = simd.mul_add_e_f32s(*y, from[0], totals[m]);
        });
    }
    let mut values = [0.0; TAPS];
    each_row!(TAPS, m => { values[m] = simd.reduce_sum_f32s(totals[m]); });
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
