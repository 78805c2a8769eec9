//! Initial values of the layers: kernels drawn at construction, biases at zero.

use burn::{
    Tensor,
    module::{Initializer, Param},
    nn::Linear,
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

/// A dense layer initialised as Keras does: Glorot-uniform kernel, zero bias.
///
/// burn's `LinearConfig` draws kernel *and* bias from PyTorch's narrower Kaiming-uniform law; the
/// labs port Keras networks, hence this constructor. The layer itself is burn's.
///
/// # Shapes
/// - input: `[..., d_input]`
/// - output: `[..., d_output]`
///
/// # Source
/// X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural
/// networks*, AISTATS 2010.
pub fn dense(d_input: usize, d_output: usize, device: &Device) -> Linear {
    Linear {
        weight: kernel(
            &GLOROT_UNIFORM,
            [d_input, d_output],
            d_input,
            d_output,
            device,
        ),
        bias: Some(zero_bias(d_output, device)),
    }
}
