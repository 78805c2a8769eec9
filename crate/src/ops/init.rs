//! Initial values of the layers: kernels drawn at construction, biases at zero.

use burn::{
    Tensor,
    module::{Initializer, Param},
    tensor::Device,
};

/// Keras' default kernel initialiser: uniform on ±√(6 / (fan_in + fan_out)).
pub(super) const GLOROT_UNIFORM: Initializer = Initializer::XavierUniform { gain: 1.0 };

/// A kernel of shape `shape`, drawn now.
///
/// burn draws a parameter at its first use; drawing at construction makes a model depend on the
/// seed set before `init` alone, not on the order in which its layers are first used.
pub(super) fn kernel<const D: usize>(
    initializer: &Initializer,
    shape: [usize; D],
    fan_in: usize,
    fan_out: usize,
    device: &Device,
) -> Param<Tensor<D>> {
    let weight: Param<Tensor<D>> =
        initializer.init_with(shape, Some(fan_in), Some(fan_out), device);
    drop(weight.val());
    weight
}

/// A bias of `length` zeros.
pub(super) fn zero_bias(length: usize, device: &Device) -> Param<Tensor<1>> {
    Initializer::Zeros.init([length], device)
}
