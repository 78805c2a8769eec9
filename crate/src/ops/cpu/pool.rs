//! Max pooling in one pass, its gradient from the input: neither indices nor output are kept.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::tile::dispatch;

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
    let mut output = vec![0.0; shape.planes * pixels_out];
    let planes = shape.planes_per_piece();
    output
        .par_chunks_mut((planes * pixels_out).max(1))
        .zip(x.par_chunks((planes * pixels_in).max(1)))
        .for_each(|(output, x)| dispatch(Forward { x, output, shape }));
    output
}

/// The gradient of [`max_pool`]: the first largest value of a window takes its gradient.
///
/// # Shapes
/// - `x` and result: `[planes, height, width]`
/// - `gradient`: `[planes, output_height, output_width]`
pub(super) fn max_pool_backward(x: &[f32], gradient: &[f32], shape: &PoolShape) -> Vec<f32> {
    let [pixels_in, pixels_out] = shape.pixels();
    let mut result = vec![0.0; shape.planes * pixels_in];
    let planes = shape.planes_per_piece();
    let (large, small) = ((planes * pixels_in).max(1), (planes * pixels_out).max(1));
    result
        .par_chunks_mut(large)
        .zip(x.par_chunks(large).zip(gradient.par_chunks(small)))
        .for_each(|(result, (x, gradient))| {
            dispatch(Back {
                x,
                gradient,
                result,
                shape,
            });
        });
    result
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

/// One row of 2 × 2 windows that do not overlap.
#[inline(always)]
fn two_by_two_backward(x: &[f32], gradient: &[f32], result: &mut [f32], width: usize) {
    let (above, below) = x[..2 * width].split_at(width);
    let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
    let (to_above, to_below) = result[..2 * width].split_at_mut(width);
    let to_above = to_above.as_chunks_mut::<2>().0;
    let to_below = to_below.as_chunks_mut::<2>().0;
    let windows = above.iter().zip(below).zip(gradient);
    for (((above, below), gradient), (to_above, to_below)) in
        windows.zip(to_above.iter_mut().zip(to_below))
    {
        let largest = larger(larger(above[0], above[1]), larger(below[0], below[1]));
        let [a, b, c] = [above[0], above[1], below[0]].map(|value| value == largest);
        to_above[0] = if a { *gradient } else { 0.0 };
        to_above[1] = if !a & b { *gradient } else { 0.0 };
        to_below[0] = if !(a | b) & c { *gradient } else { 0.0 };
        to_below[1] = if a | b | c { 0.0 } else { *gradient };
    }
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
