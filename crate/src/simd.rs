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

/// Runs a plain loop where the compiler may use this processor's widest vectors.
#[inline(always)]
pub(crate) fn vectorized<R>(operation: impl NullaryFnOnce<Output = R>) -> R {
    dispatch(operation)
}
