//! Activations in one pass over memory, in place where the values belong to nobody else.

use rayon::prelude::*;

use super::tile::vectorized;

/// Values that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// 1.5 · 2²³: added to a number under 2²², it leaves no bit for a fraction.
const ROUNDING: f32 = 12_582_912.0;

/// What a layer ends with, value by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `max(x, 0)`, NaN staying NaN.
    Relu,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// `x / (1 + exp(−x))`, also called swish.
    Silu,
}

impl Activation {
    /// Whether [`backward`](Self::backward) wants the input; the others only want the output.
    pub fn keeps_input(self) -> bool {
        self == Self::Silu
    }

    /// Activates `values` where they are, on this thread.
    #[inline(always)]
    pub fn on(self, values: &mut [f32]) {
        match self {
            Self::Relu => each(values, relu),
            Self::Sigmoid => each(values, sigmoid),
            Self::Silu => each(values, |x| x * sigmoid(x)),
        }
    }

    /// Activates `values` where they are, on all threads.
    pub fn in_place(self, values: &mut [f32]) {
        values.par_chunks_mut(PIECE).for_each(|values| {
            vectorized(
                #[inline(always)]
                || self.on(values),
            );
        });
    }

    /// Turns the gradient of the output into that of the input; `saved` is the input or the output, as
    /// [`keeps_input`](Self::keeps_input) says.
    pub fn backward(self, saved: &[f32], gradient: &mut [f32]) {
        gradient
            .par_chunks_mut(PIECE)
            .zip(saved.par_chunks(PIECE))
            .for_each(|(gradient, saved)| {
                vectorized(
                    #[inline(always)]
                    || match self {
                        Self::Relu => both(gradient, saved, |g, y| if y <= 0.0 { 0.0 } else { g }),
                        Self::Sigmoid => both(gradient, saved, |g, y| g * y * (1.0 - y)),
                        Self::Silu => both(gradient, saved, |g, x| {
                            let s = sigmoid(x);
                            g * s * (1.0 + x * (1.0 - s))
                        }),
                    },
                );
            });
    }
}

/// `f` of each value: sixteen at a time, or the compiler would use its vectors on long runs only.
#[inline(always)]
pub(super) fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    let (blocks, rest) = values.as_chunks_mut::<16>();
    for block in blocks {
        for value in block {
            *value = f(*value);
        }
    }
    for value in rest {
        *value = f(*value);
    }
}

#[inline(always)]
fn both(gradient: &mut [f32], saved: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (gradient, saved) in gradient.iter_mut().zip(saved) {
        *gradient = f(*gradient, *saved);
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
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
    // Rounded to an integer by an addition, whose last bits hold the integer: conversions would keep the
    // compiler from using vectors.
    let rounded = x * std::f32::consts::LOG2_E + ROUNDING;
    let n = rounded - ROUNDING;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_5e-2;
    let p = p * r + 1.666_666_6e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    // 2ⁿ, n between −126 and 127. A NaN gives some n; the polynomial keeps the NaN.
    p * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
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
        use Activation::{Relu, Sigmoid, Silu};
        let apply = |activation: Activation, x: &[f32]| {
            let mut values = x.to_vec();
            activation.in_place(&mut values);
            values
        };
        assert_eq!(apply(Relu, &[-1.0, 0.0, 2.0]), [0.0, 0.0, 2.0]);
        assert!(apply(Relu, &[f32::NAN])[0].is_nan());
        assert_eq!(apply(Sigmoid, &[0.0, 200.0]), [0.5, 1.0]);
        assert!(apply(Sigmoid, &[-200.0])[0] < 1e-37);
        assert_eq!(apply(Silu, &[0.0, 200.0]), [0.0, 200.0]);
        assert!(apply(Silu, &[-200.0])[0].abs() < 1e-30);
        let back = |activation: Activation, saved: f32, gradient: f32| {
            let mut gradient = [gradient];
            activation.backward(&[saved], &mut gradient);
            gradient[0]
        };
        assert_eq!([back(Relu, 0.0, 5.0), back(Relu, 2.0, 5.0)], [0.0, 5.0]);
        assert_eq!(back(Sigmoid, 0.5, 2.0), 0.5);
        // d(x·s)/dx = s + x·s·(1 − s): one half at 0, 1 far on the right.
        assert_eq!([back(Silu, 0.0, 2.0), back(Silu, 100.0, 2.0)], [1.0, 2.0]);
    }
}
