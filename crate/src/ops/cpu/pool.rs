//! Max pooling in one pass, its gradient from the input: neither indices nor output are kept.

use std::array;

use pulp::{Simd, WithSimd};

use super::{
    output::{by_pieces, piece_of},
    tile::dispatch,
};

/// Pieces of work, whatever the number of threads.
const PIECES: usize = 16;

/// Sizes of a max pooling without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolShape {
    /// Images times channels.
    pub planes: usize,
    /// `[height, width]` of a plane.
    pub size: [usize; 2],
    /// `[height, width]` of a plane of the output.
    pub output: [usize; 2],
    /// `[height, width]` of a window.
    pub kernel: [usize; 2],
    /// Step of the windows.
    pub stride: [usize; 2],
}

impl PoolShape {
    /// The pooling of planes of `size`, `None` when no window fits in.
    pub fn new(
        planes: usize,
        size: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
    ) -> Option<Self> {
        let mut output = [0; 2];
        for axis in 0..2 {
            output[axis] = size[axis].checked_sub(kernel[axis])? / stride[axis] + 1;
        }
        Some(Self {
            planes,
            size,
            output,
            kernel,
            stride,
        })
    }

    fn planes_per_piece(&self) -> usize {
        self.planes.div_ceil(PIECES).max(1)
    }

    fn pixels(&self) -> [usize; 2] {
        [self.size, self.output].map(|[height, width]| height * width)
    }

    fn is_two_by_two(&self) -> bool {
        self.kernel == [2, 2] && self.stride == [2, 2]
    }
}

/// The largest value of every window; NaN where there is one.
///
/// # Shapes
/// - `x`: `[planes, height, width]`
/// - result: `[planes, output_height, output_width]`
pub(super) fn max_pool(x: &[f32], shape: &PoolShape) -> Vec<f32> {
    let [pixels_in, pixels_out] = shape.pixels();
    let planes = shape.planes_per_piece();
    by_pieces(
        shape.planes * pixels_out,
        planes * pixels_out,
        |piece, output| {
            let x = piece_of(x, piece, planes * pixels_in);
            dispatch(Forward { x, output, shape });
        },
    )
}

/// The gradient of [`max_pool`]: the first largest value of a window takes its gradient.
///
/// # Shapes
/// - `x` and result: `[planes, height, width]`
/// - `gradient`: `[planes, output_height, output_width]`
pub(super) fn max_pool_backward(x: &[f32], gradient: &[f32], shape: &PoolShape) -> Vec<f32> {
    let [pixels_in, pixels_out] = shape.pixels();
    let planes = shape.planes_per_piece();
    by_pieces(
        shape.planes * pixels_in,
        planes * pixels_in,
        |piece, result| {
            dispatch(Back {
                x: piece_of(x, piece, planes * pixels_in),
                gradient: piece_of(gradient, piece, planes * pixels_out),
                result,
                shape,
            });
        },
    )
}

/// The larger value, or the one that is no number.
#[inline(always)]
fn larger(best: f32, value: f32) -> f32 {
    if value > best || value.is_nan() {
        value
    } else {
        best
    }
}

struct Forward<'a> {
    x: &'a [f32],
    output: &'a mut [f32],
    shape: &'a PoolShape,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let shape = self.shape;
        let [pixels_in, pixels_out] = shape.pixels();
        let width = shape.size[1];
        let planes = self.x.chunks_exact(pixels_in);
        for (x, output) in planes.zip(self.output.chunks_exact_mut(pixels_out)) {
            for (row, output) in output.chunks_exact_mut(shape.output[1]).enumerate() {
                let rows = &x[row * shape.stride[0] * width..];
                if shape.is_two_by_two() {
                    let (above, below) = (&rows[..width], &rows[width..2 * width]);
                    let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
                    for (output, (above, below)) in output.iter_mut().zip(above.iter().zip(below)) {
                        *output = larger(larger(above[0], above[1]), larger(below[0], below[1]));
                    }
                    continue;
                }
                output.fill(f32::NEG_INFINITY);
                for ky in 0..shape.kernel[0] {
                    for kx in 0..shape.kernel[1] {
                        let values = rows[ky * width + kx..].iter().step_by(shape.stride[1]);
                        for (output, value) in output.iter_mut().zip(values) {
                            *output = larger(*output, *value);
                        }
                    }
                }
            }
        }
    }
}

struct Back<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    result: &'a mut [f32],
    shape: &'a PoolShape,
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let shape = self.shape;
        let [pixels_in, pixels_out] = shape.pixels();
        let planes = self.x.chunks_exact(pixels_in);
        let gradients = self.gradient.chunks_exact(pixels_out);
        let results = self.result.chunks_exact_mut(pixels_in);
        for ((x, result), gradient) in planes.zip(results).zip(gradients) {
            for row in 0..shape.output[0] {
                let places = row * shape.output[1]..(row + 1) * shape.output[1];
                let gradient = &gradient[places];
                let first = row * shape.stride[0] * shape.size[1];
                let (x, result) = (&x[first..], &mut result[first..]);
                if shape.is_two_by_two() {
                    two_by_two_backward(x, gradient, result, shape.size[1]);
                } else {
                    row_backward(x, gradient, result, shape);
                }
            }
        }
    }
}

/// Values of a row that [`two_by_two_backward`] treats together: half as many windows.
const TOGETHER: usize = 16;

/// One row of 2 × 2 windows that do not overlap.
#[inline(always)]
fn two_by_two_backward(x: &[f32], gradient: &[f32], result: &mut [f32], width: usize) {
    let (above, below) = x[..2 * width].split_at(width);
    let (to_above, to_below) = result[..2 * width].split_at_mut(width);
    let (above, below) = (above.as_chunks().0, below.as_chunks().0);
    let to_above = to_above.as_chunks_mut::<TOGETHER>();
    let to_below = to_below.as_chunks_mut::<TOGETHER>();
    let blocks = above
        .iter()
        .zip(below)
        .zip(gradient.as_chunks::<{ TOGETHER / 2 }>().0);
    for ((to_above, to_below), ((above, below), gradient)) in
        to_above.0.iter_mut().zip(to_below.0).zip(blocks)
    {
        (*to_above, *to_below) = window_gradients(above, below, gradient);
    }
    let (to_above, to_below) = (to_above.1.as_chunks_mut(), to_below.1.as_chunks_mut());
    let done = above.len() * TOGETHER;
    let windows = to_above
        .0
        .iter_mut()
        .zip(to_below.0)
        .zip(&gradient[done / 2..]);
    for (index, ((to_above, to_below), gradient)) in windows.enumerate() {
        let at = done + 2 * index;
        let place = |row: usize| [x[row * width + at], x[row * width + at + 1]];
        (*to_above, *to_below) = window_gradients(&place(0), &place(1), &[*gradient]);
    }
}

/// What the gradients of `WINDOWS` windows give to the row above and to the row below.
///
/// Written without a jump and with every value beside its neighbour, so that it is computed by whole vectors.
#[inline(always)]
fn window_gradients<const VALUES: usize, const WINDOWS: usize>(
    above: &[f32; VALUES],
    below: &[f32; VALUES],
    gradient: &[f32; WINDOWS],
) -> ([f32; VALUES], [f32; VALUES]) {
    const { assert!(VALUES == 2 * WINDOWS) };
    let swapped = |values: &[f32; VALUES]| -> [f32; VALUES] { array::from_fn(|i| values[i ^ 1]) };
    let (beside_above, beside_below) = (swapped(above), swapped(below));
    let highest: [f32; VALUES] = array::from_fn(|i| larger(above[i], below[i]));
    let beside = swapped(&highest);
    let largest: [f32; VALUES] = array::from_fn(|i| larger(highest[i], beside[i]));
    let gradient: [f32; VALUES] = array::from_fn(|i| gradient[i / 2]);
    // All ones where it holds: masks as numbers, which the compiler keeps in vectors.
    let equals = |values: &[f32; VALUES]| -> [u32; VALUES] {
        array::from_fn(|i| u32::from(values[i] == largest[i]).wrapping_neg())
    };
    let (above, beside_above) = (equals(above), equals(&beside_above));
    let (below, beside_below) = (equals(below), equals(&beside_below));
    let left: [u32; VALUES] = array::from_fn(|i| if i % 2 == 0 { u32::MAX } else { 0 });
    let keep = |mask: [u32; VALUES]| -> [f32; VALUES] {
        array::from_fn(|i| f32::from_bits(gradient[i].to_bits() & mask[i]))
    };
    // The order is that of reading: above left, above right, below left; else below right, which NaN gets too.
    let to_above = keep(array::from_fn(|i| above[i] & (left[i] | !beside_above[i])));
    let to_below = keep(array::from_fn(|i| {
        let none_above = !(above[i] | beside_above[i]);
        none_above & ((left[i] & below[i]) | (!left[i] & !beside_below[i]))
    }));
    (to_above, to_below)
}

/// One row of any windows.
#[inline(always)]
fn row_backward(x: &[f32], gradient: &[f32], result: &mut [f32], shape: &PoolShape) {
    let width = shape.size[1];
    for (column, gradient) in gradient.iter().enumerate() {
        let first = column * shape.stride[1];
        let mut largest = first;
        for ky in 0..shape.kernel[0] {
            for kx in 0..shape.kernel[1] {
                let place = first + ky * width + kx;
                if x[place] > x[largest] || x[place].is_nan() {
                    largest = place;
                }
            }
        }
        result[largest] += gradient;
    }
}
