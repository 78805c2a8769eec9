//! Loops compiled for what this processor has.

use pulp::{NullaryFnOnce, Scalar, Simd, WithSimd};

/// Runs `operation` with the widest vectors of this processor.
#[inline(always)]
pub(crate) fn dispatch<Op: WithSimd>(operation: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return Simd::vectorize(simd, operation);
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return Simd::vectorize(simd, operation);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = pulp::aarch64::Neon::try_new() {
        return Simd::vectorize(simd, operation);
    }
    Simd::vectorize(Scalar, operation)
}

/// Runs a plain loop where the compiler may use this processor's widest vectors. The loop is a closure marked
/// `#[inline(always)]` and `move`: what it calls apart is compiled for any processor, and a number that it holds by
/// reference is read again for each value.
#[inline(always)]
pub(crate) fn vectorized<R>(operation: impl FnMut() -> R) -> R {
    dispatch(Loop(operation))
}

/// Called as `FnMut`: rustc calls a closure as `FnOnce` through a function of its own, which ignores `inline(always)`.
struct Loop<F>(F);

impl<R, F: FnMut() -> R> NullaryFnOnce for Loop<F> {
    type Output = R;

    #[inline(always)]
    fn call(mut self) -> R {
        (self.0)()
    }
}
