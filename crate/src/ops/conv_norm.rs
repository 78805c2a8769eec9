//! A convolution and the batch normalisation of its result, in one pass when no gradient is asked.

use burn::{Tensor, module::Param};

use super::{
    BatchNorm, Conv2d,
    activation::activate,
    cpu::{self, Activation},
};

/// `norm(conv(input))`.
///
/// # Shapes
/// As [`Conv2d::forward`].
///
/// # Panics
/// Like every tensor operation of burn, when the number of channels does not match.
pub fn conv_norm(conv: &Conv2d, norm: &BatchNorm, input: Tensor<4>) -> Tensor<4> {
    chain(conv, norm, None, input)
}

/// `silu(norm(conv(input)))`.
///
/// # Shapes
/// As [`Conv2d::forward`].
///
/// # Panics
/// Like every tensor operation of burn, when the number of channels does not match.
pub fn conv_norm_silu(conv: &Conv2d, norm: &BatchNorm, input: Tensor<4>) -> Tensor<4> {
    chain(conv, norm, Some(Activation::Silu), input)
}

fn chain(
    conv: &Conv2d,
    norm: &BatchNorm,
    activation: Option<Activation>,
    input: Tensor<4>,
) -> Tensor<4> {
    let weight = conv.weight.val();
    let [channels] = norm.gamma.dims();
    if cpu::only_answers(&input)
        && cpu::only_answers(&weight)
        && let Some(shape) = conv.shape(&input)
        && shape.channels[1] == channels
    {
        let (scale, mut shift) = norm.as_affine(&input.device());
        if let Some(bias) = conv.bias.as_ref().map(Param::val) {
            shift = shift + bias * scale.clone();
        }
        return cpu::inference::conv2d_rescaled(input, weight, scale, shift, activation, shape);
    }
    let output = norm.forward(conv.forward(input));
    match activation {
        Some(kind) => activate(output, kind),
        None => output,
    }
}
