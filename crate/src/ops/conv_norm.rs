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
    let (weight, bias) = (conv.weight.val(), conv.bias.as_ref().map(Param::val));
    let [channels] = norm.gamma.dims();
    if !(norm.training.is_enabled() && input.device().is_autodiff())
        && cpu::asks_nothing(&input)
        && cpu::asks_nothing(&weight)
        && bias.as_ref().is_none_or(cpu::asks_nothing)
        && norm.asks_nothing()
        && let Some(shape) = conv.shape(&input)
        && shape.channels[1] == channels
    {
        let (scale, mut shift) = norm.as_affine(&input.device());
        if let Some(bias) = bias {
            shift = shift + bias.without_autodiff() * scale.clone();
        }
        let weight = weight.without_autodiff();
        return cpu::without_autodiff(input, |input| {
            cpu::inference::conv2d_rescaled(input, weight, scale, shift, activation, shape)
        });
    }
    let output = norm.forward(conv.forward(input));
    match activation {
        Some(kind) => activate(output, kind),
        None => output,
    }
}
