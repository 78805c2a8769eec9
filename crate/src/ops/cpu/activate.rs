//! ReLU and sigmoid in one pass over memory, shared out over the threads.

use rayon::prelude::*;

use super::tile::vectorized;

/// Values that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// `max(x, 0)`, NaN staying NaN.
pub(super) fn relu(x: &[f32]) -> Vec<f32> {
    map(x, |x| if x <= 0.0 { 0.0 } else { x })
}

/// Gradient of [`relu`] where its output was `y`.
pub(super) fn relu_backward(y: &[f32], gradient: &[f32]) -> Vec<f32> {
    zip(y, gradient, |y, g| if y <= 0.0 { 0.0 } else { g })
}

/// `1 / (1 + exp(−x))`.
pub(super) fn sigmoid(x: &[f32]) -> Vec<f32> {
    map(x, |x| 1.0 / (1.0 + exp(-x)))
}

/// Gradient of [`sigmoid`] where its output was `y`.
pub(super) fn sigmoid_backward(y: &[f32], gradient: &[f32]) -> Vec<f32> {
    zip(y, gradient, |y, g| g * y * (1.0 - y))
}

/// `eˣ` without a branch, so that it is computed by whole vectors; relative error under 2e-7, results
/// clamped to the normal numbers.
///
/// # Source
/// The reduction and the polynomial are those of Cephes' `expf` (S. Moshier).
#[inline(always)]
fn exp(x: f32) -> f32 {
    // `max` and `min` would lose a NaN.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let n = (x * std::f32::consts::LOG2_E).round_ties_even();
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_5e-2;
    let p = p * r + 1.666_666_6e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    // 2ⁿ, n between −126 and 127. A NaN gives some n; the polynomial keeps the NaN.
    p * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

fn map(x: &[f32], f: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    let mut output = vec![0.0; x.len()];
    output
        .par_chunks_mut(PIECE)
        .zip(x.par_chunks(PIECE))
        .for_each(|(output, x)| {
            vectorized(
                #[inline(always)]
                || {
                    for (output, x) in output.iter_mut().zip(x) {
                        *output = f(*x);
                    }
                },
            );
        });
    output
}

fn zip(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let mut output = vec![0.0; x.len()];
    output
        .par_chunks_mut(PIECE)
        .zip(x.par_chunks(PIECE).zip(y.par_chunks(PIECE)))
        .for_each(|(output, (x, y))| {
            vectorized(
                #[inline(always)]
                || {
                    for ((output, x), y) in output.iter_mut().zip(x).zip(y) {
                        *output = f(*x, *y);
                    }
                },
            );
        });
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_exact_to_a_few_units_in_the_last_place() {
        for step in -8_700..=8_800 {
            let x = step as f32 * 0.01;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) / expected - 1.0).abs();
            assert!(error < 2e-7, "{x}: {error}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::INFINITY) > 1e38 && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn activations_at_their_edges() {
        assert_eq!(relu(&[-1.0, 0.0, 2.0]), [0.0, 0.0, 2.0]);
        assert!(relu(&[f32::NAN])[0].is_nan());
        assert_eq!(relu_backward(&[0.0, 2.0], &[5.0, 5.0]), [0.0, 5.0]);
        assert_eq!(sigmoid(&[0.0]), [0.5]);
        assert_eq!(sigmoid(&[200.0])[0], 1.0);
        assert!(sigmoid(&[-200.0])[0] < 1e-37);
        assert_eq!(sigmoid_backward(&[0.5], &[2.0]), [0.5]);
    }
}
