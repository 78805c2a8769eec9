//! Activations in one pass over memory, in place where the values belong to nobody else.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::tile::dispatch;

/// Values that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// 1.5 · 2²³: added to a number under 2²², it leaves no bit for a fraction.
const ROUNDING: f32 = 12_582_912.0;

/// What a layer ends with, value by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `max(x, 0)`, NaN staying NaN.
    Relu,
    /// `1 / (1 + exp(−x))`, never below 6e-39.
    Sigmoid,
    /// `x / (1 + exp(−x))`, also called swish. Below −1e30, where it is zero, it is a small number, −∞ stays −∞.
    Silu,
}

impl Activation {
    /// Whether [`backward`](Self::backward) wants the input; the others only want the output.
    pub fn keeps_input(self) -> bool {
        self == Self::Silu
    }

    /// Activates `values` where they are, on this thread.
    #[inline(always)]
    pub fn on<S: Simd>(self, simd: S, values: &mut [f32]) {
        match self {
            Self::Relu => each(
                simd,
                values,
                #[inline(always)]
                |x| relu(simd, x),
            ),
            Self::Sigmoid => each(
                simd,
                values,
                #[inline(always)]
                |x| sigmoid(simd, x),
            ),
            // The product keeps a NaN.
            Self::Silu => each(
                simd,
                values,
                #[inline(always)]
                |x| simd.mul_f32s(x, sigmoid_of_number(simd, x)),
            ),
        }
    }

    /// Activates `values` where they are, on all threads.
    pub fn in_place(self, values: &mut [f32]) {
        values
            .par_chunks_mut(PIECE)
            .for_each(|values| dispatch(Apply(self, values)));
    }

    /// Turns the gradient of the output into that of the input; `saved` is the input or the output, as
    /// [`keeps_input`](Self::keeps_input) says.
    pub fn backward(self, saved: &[f32], gradient: &mut [f32]) {
        gradient
            .par_chunks_mut(PIECE)
            .zip(saved.par_chunks(PIECE))
            .for_each(|(gradient, saved)| dispatch(Back(self, gradient, saved)));
    }

    /// The gradient of the input, from that of the output and what [`backward`](Self::backward) is given.
    #[inline(always)]
    fn slope<S: Simd>(self, simd: S, gradient: S::f32s, saved: S::f32s) -> S::f32s {
        let one = simd.splat_f32s(1.0);
        match self {
            Self::Relu => {
                let zero = simd.splat_f32s(0.0);
                simd.select_f32s(simd.less_than_or_equal_f32s(saved, zero), zero, gradient)
            }
            Self::Sigmoid => {
                let rest = simd.sub_f32s(one, saved);
                simd.mul_f32s(simd.mul_f32s(gradient, saved), rest)
            }
            // s + x·s·(1 − s), of s = sigmoid(x); the product keeps a NaN.
            Self::Silu => {
                let s = sigmoid_of_number(simd, saved);
                let rest = simd.sub_f32s(one, s);
                simd.mul_f32s(
                    simd.mul_f32s(gradient, s),
                    simd.mul_add_e_f32s(saved, rest, one),
                )
            }
        }
    }
}

struct Apply<'a>(Activation, &'a mut [f32]);

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(activation, values) = self;
        activation.on(simd, values);
    }
}

struct Back<'a>(Activation, &'a mut [f32], &'a [f32]);

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(activation, gradient, saved) = self;
        let (gradients, last) = S::as_mut_simd_f32s(gradient);
        let (saved, last_saved) = S::as_simd_f32s(saved);
        for (gradient, saved) in gradients.iter_mut().zip(saved) {
            *gradient = activation.slope(simd, *gradient, *saved);
        }
        let (values, saved) = (
            simd.partial_load_f32s(last),
            simd.partial_load_f32s(last_saved),
        );
        simd.partial_store_f32s(last, activation.slope(simd, values, saved));
    }
}

/// `f` of each value, a whole vector at a time.
#[inline(always)]
pub(super) fn each<S: Simd>(simd: S, values: &mut [f32], f: impl Fn(S::f32s) -> S::f32s) {
    let (vectors, rest) = S::as_mut_simd_f32s(values);
    for vector in vectors {
        *vector = f(*vector);
    }
    if !rest.is_empty() {
        let vector = simd.partial_load_f32s(rest);
        simd.partial_store_f32s(rest, f(vector));
    }
}

#[inline(always)]
fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_or_equal_f32s(x, zero), zero, x)
}

#[inline(always)]
fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let is_number = simd.equal_f32s(x, x);
    simd.select_f32s(is_number, sigmoid_of_number(simd, x), x)
}

/// [`sigmoid`] of what is no NaN; of a NaN, anything.
#[inline(always)]
fn sigmoid_of_number<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.neg_f32s(x))))
}

/// `eˣ` without a branch; relative error under 2e-7, results clamped to the normal numbers; of a NaN, anything.
///
/// # Source
/// The reduction and the polynomial are those of Cephes' `expf` (S. Moshier).
#[inline(always)]
fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (low, high) = (simd.splat_f32s(-87.0), simd.splat_f32s(88.0));
    let x = simd.min_f32s(simd.max_f32s(x, low), high);
    // Rounded to an integer by an addition, whose last bits hold the integer.
    let rounding = simd.splat_f32s(ROUNDING);
    let rounded = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), rounding);
    let n = simd.sub_f32s(rounded, rounding);
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(2.121_944_4e-4), r);
    let mut p = simd.splat_f32s(1.987_569_2e-4);
    for coefficient in [
        1.398_2e-3,
        8.333_452e-3,
        4.166_579_5e-2,
        1.666_666_6e-1,
        0.5,
    ] {
        p = simd.mul_add_e_f32s(p, r, simd.splat_f32s(coefficient));
    }
    let p = simd.mul_add_e_f32s(simd.mul_f32s(p, r), r, r);
    let p = simd.add_f32s(p, simd.splat_f32s(1.0));
    // 2ⁿ, n between −126 and 127.
    let bits = simd.add_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(127));
    let power = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    simd.mul_f32s(p, simd.transmute_f32s_u32s(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Exponentials<'a>(&'a mut [f32]);

    impl WithSimd for Exponentials<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            each(simd, self.0, |x| exp(simd, x));
        }
    }

    /// With this processor's vectors, or with none.
    fn exponentials(x: &[f32], vectors: bool) -> Vec<f32> {
        let mut values = x.to_vec();
        match vectors {
            true => dispatch(Exponentials(&mut values)),
            false => Exponentials(&mut values).with_simd(pulp::Scalar),
        }
        values
    }

    #[test]
    fn the_exponential_is_exact_to_a_few_units_in_the_last_place() {
        let x: Vec<f32> = (-8_700..=8_800).map(|step| step as f32 * 0.01).collect();
        for vectors in [true, false] {
            for (x, y) in x.iter().zip(exponentials(&x, vectors)) {
                let error = (f64::from(y) / f64::from(*x).exp() - 1.0).abs();
                assert!(error < 2e-7, "{x}: {error}");
            }
            let edges = exponentials(&[f32::INFINITY, f32::NEG_INFINITY], vectors);
            assert!(edges[0] > 1e38 && edges[1] < 1e-37);
        }
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
        assert!(apply(Sigmoid, &[f32::NAN])[0].is_nan());
        assert!(apply(Silu, &[f32::NAN])[0].is_nan());
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
