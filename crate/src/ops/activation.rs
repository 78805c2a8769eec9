//! The activations of the labs' networks.

use burn::{Tensor, tensor::activation};

use super::cpu;

/// `max(x, 0)`, value by value.
///
/// # Shapes
/// The output has the input's.
pub fn relu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    match cpu::serves(&input) {
        true => cpu::extension::relu(input),
        false => activation::relu(input),
    }
}

/// `1 / (1 + exp(−x))`, value by value, in `[0, 1]`.
///
/// # Shapes
/// The output has the input's.
pub fn sigmoid<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    match cpu::serves(&input) {
        true => cpu::extension::sigmoid(input),
        false => activation::sigmoid(input),
    }
}
