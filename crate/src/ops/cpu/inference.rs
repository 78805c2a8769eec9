//! Operations of a network that only answers, on flex tensors without autodiff: a convolution that
//! normalises and activates its result while it is in the registers, and the parts of a
//! squeeze-and-excitation.

use burn::{
    Tensor,
    backend::{
        Backend, Dispatch, Flex, TensorMetadata, backend_extension, flex::FlexTensor,
        tensor::FloatTensor,
    },
};

use super::{
    activate::Activation,
    convolve::{Epilogue, convolve},
    extension::{Values, changed, small_shape, tensor},
    normalize::{Planes, plane_means, rescale, scale_planes},
    shape::ConvShape,
};

/// Convolution of `input`, times `scale`, plus `shift`, activated.
///
/// # Shapes
/// - `input`, `weight`: see [`conv2d`](super::extension::conv2d)
/// - `scale`, `shift`: `[channels_out]`
pub(crate) fn conv2d_rescaled(
    input: Tensor<4>,
    weight: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    activation: Option<Activation>,
    shape: ConvShape,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as InferenceKernels>::visages_conv2d_rescaled(
        input.into_dispatch(),
        weight.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        activation,
        shape,
    ))
}

/// `input`, channel by channel, times `scale`, plus `shift`.
///
/// # Shapes
/// - `input`: `[batch, channels, ...]`
/// - `scale`, `shift`: `[channels]`
pub(crate) fn rescale_channels<const D: usize>(
    input: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as InferenceKernels>::visages_rescale(
        input.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
    ))
}

/// The mean of every channel of every image.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - output: `[batch, channels, 1, 1]`
pub(crate) fn global_average(input: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as InferenceKernels>::visages_means(
        input.into_dispatch(),
    ))
}

/// Every channel of every image times its factor.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `factors`: `[batch, channels, 1, 1]`
pub(crate) fn scale_channels(input: Tensor<4>, factors: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as InferenceKernels>::visages_gate(
        input.into_dispatch(),
        factors.into_dispatch(),
    ))
}

/// The kernels, as burn's dispatch calls them.
#[backend_extension(Flex)]
pub trait InferenceKernels: Backend {
    /// See [`conv2d_rescaled`].
    fn visages_conv2d_rescaled(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        activation: Option<Activation>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// See [`rescale_channels`].
    fn visages_rescale(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`means`].
    fn visages_means(input: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`gate`].
    fn visages_gate(input: FloatTensor<Self>, factors: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl InferenceKernels for Flex {
    fn visages_conv2d_rescaled(
        input: FlexTensor,
        weight: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
        activation: Option<Activation>,
        shape: ConvShape,
    ) -> FlexTensor {
        let [input, weight, scale, shift] = [&input, &weight, &scale, &shift].map(Values::of);
        let epilogue = Epilogue {
            bias: None,
            affine: Some((scale.get(), shift.get())),
            activation,
        };
        let output = convolve(input.get(), weight.get(), epilogue, &shape);
        tensor(output, small_shape(&shape))
    }

    fn visages_rescale(input: FlexTensor, scale: FlexTensor, shift: FlexTensor) -> FlexTensor {
        let planes = Planes::of(&input.shape());
        let [scale, shift] = [&scale, &shift].map(Values::of);
        changed(input, |values| {
            rescale(values, scale.get(), shift.get(), planes);
        })
    }

    fn visages_means(input: FlexTensor) -> FlexTensor {
        let planes = Planes::of(&input.shape());
        let means = plane_means(Values::of(&input).get(), planes.pixels);
        tensor(means, [planes.batch, planes.channels, 1, 1])
    }

    fn visages_gate(input: FlexTensor, factors: FlexTensor) -> FlexTensor {
        let planes = Planes::of(&input.shape());
        let factors = Values::of(&factors);
        changed(input, |values| {
            scale_planes(values, factors.get(), planes.pixels);
        })
    }
}
