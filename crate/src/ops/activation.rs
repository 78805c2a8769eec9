//! The activations of the labs' networks.

use burn::{Tensor, tensor::activation};

use super::cpu::{self, Activation};

/// `max(x, 0)`, value by value.
///
/// # Shapes
/// The output has the input's.
pub fn relu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    activate(input, Activation::Relu)
}

/// `1 / (1 + exp(−x))`, value by value, in `[0, 1]`.
///
/// # Shapes
/// The output has the input's.
pub fn sigmoid<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    activate(input, Activation::Sigmoid)
}

/// `x / (1 + exp(−x))`, value by value, also called swish.
///
/// # Shapes
/// The output has the input's.
///
/// # Source
/// D. Hendrycks and K. Gimpel, *Gaussian Error Linear Units*, 2016, arXiv:1606.08415.
pub fn silu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    activate(input, Activation::Silu)
}

pub(super) fn activate<const D: usize>(input: Tensor<D>, kind: Activation) -> Tensor<D> {
    if cpu::serves(&input) {
        return cpu::extension::activate(input, kind);
    }
    match kind {
        Activation::Relu => activation::relu(input),
        Activation::Sigmoid => activation::sigmoid(input),
        Activation::Silu => activation::silu(input),
    }
}
