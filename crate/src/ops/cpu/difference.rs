//! The mean absolute difference of two batches, image by image, in one pass over memory: burn takes three, on one
//! thread, and four for the gradient.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{output::by_pieces, output::piece_of, tile::dispatch};

/// Vectors that are summed side by side.
const SUMS: usize = 4;

/// The mean of `|a − b|` over every image.
///
/// # Shapes
/// - `a`, `b`: `[batch, values]`
/// - result: `[batch]`
pub(super) fn mean_absolute_differences(a: &[f32], b: &[f32], values: usize) -> Vec<f32> {
    a.par_chunks(values.max(1))
        .zip(b.par_chunks(values.max(1)))
        .map(|(a, b)| dispatch(Sum { a, b }) / values as f32)
        .collect()
}

/// The gradient of `a`; that of `b` is its opposite. Equal values have none, nor has NaN.
///
/// # Shapes
/// - `a`, `b` and result: `[batch, values]`
/// - `gradient`: `[batch]`, that of the means
pub(super) fn of_first(a: &[f32], b: &[f32], gradient: &[f32], values: usize) -> Vec<f32> {
    by_pieces(a.len(), values, |image, output| {
        let slope = gradient[image] / values as f32;
        let (a, b) = (piece_of(a, image, values), piece_of(b, image, values));
        dispatch(Signs {
            a,
            b,
            slope,
            output,
        });
    })
}

struct Sum<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (a, last_a) = S::as_simd_f32s(self.a);
        let (b, last_b) = S::as_simd_f32s(self.b);
        let mut sums = [simd.splat_f32s(0.0); SUMS];
        let (a, rest_a) = a.as_chunks::<SUMS>();
        let (b, rest_b) = b.as_chunks::<SUMS>();
        for (a, b) in a.iter().zip(b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum = simd.add_f32s(*sum, simd.abs_f32s(simd.sub_f32s(*a, *b)));
            }
        }
        for ((sum, a), b) in sums.iter_mut().zip(rest_a).zip(rest_b) {
            *sum = simd.add_f32s(*sum, simd.abs_f32s(simd.sub_f32s(*a, *b)));
        }
        let [w, x, y, z] = sums;
        let total = simd.add_f32s(simd.add_f32s(w, x), simd.add_f32s(y, z));
        let last: f32 = last_a.iter().zip(last_b).map(|(a, b)| (a - b).abs()).sum();
        simd.reduce_sum_f32s(total) + last
    }
}

/// Writes `slope` times the sign of each difference.
struct Signs<'a> {
    a: &'a [f32],
    b: &'a [f32],
    slope: f32,
    output: &'a mut [f32],
}

impl WithSimd for Signs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let slope = simd.splat_f32s(self.slope);
        let (a, last_a) = S::as_simd_f32s(self.a);
        let (b, last_b) = S::as_simd_f32s(self.b);
        let (output, last) = S::as_mut_simd_f32s(self.output);
        for ((output, a), b) in output.iter_mut().zip(a).zip(b) {
            *output = sign(simd, slope, *a, *b);
        }
        let (a, b) = (
            simd.partial_load_f32s(last_a),
            simd.partial_load_f32s(last_b),
        );
        simd.partial_store_f32s(last, sign(simd, slope, a, b));
    }
}

/// `slope · sign(a − b)`; 0 where the difference is NaN, as burn has it.
#[inline(always)]
fn sign<S: Simd>(simd: S, slope: S::f32s, a: S::f32s, b: S::f32s) -> S::f32s {
    let difference = simd.sub_f32s(a, b);
    let zero = simd.splat_f32s(0.0);
    let above = simd.select_f32s(simd.greater_than_f32s(difference, zero), slope, zero);
    let below = simd.less_than_f32s(difference, zero);
    simd.select_f32s(below, simd.neg_f32s(slope), above)
}
