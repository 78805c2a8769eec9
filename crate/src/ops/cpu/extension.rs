//! The kernels as operations of burn on flex tensors; [`super::gradients`] has them on flex tensors with autodiff.

use burn::{
    Tensor,
    backend::{
        Backend, Dispatch, Flex, TensorMetadata, backend_extension, flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::TensorData,
};

use super::{
    activate::Activation,
    convolve::{Epilogue, convolve},
    dense::{DenseShape, dense},
    difference::mean_absolute_differences,
    dropout::drop_values,
    normalize::{Planes, normalize},
    pool::{PoolShape, max_pool},
    shape::ConvShape,
    spread::spread,
};

/// Convolution of `input` under `shape`.
///
/// # Shapes
/// - `input`: `[batch, channels_in, height, width]`
/// - `weight`: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - `bias`: `[channels_out]`
pub(crate) fn conv2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    shape: ConvShape,
) -> Tensor<4> {
    let bias = bias.unwrap_or_else(|| zeros(shape.channels[1], &input));
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_conv2d(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        shape,
    ))
}

/// Transposed convolution: `shape` is that of the convolution from the result back to `input`.
///
/// # Shapes
/// - `input`: `[batch, channels_out, output_height, output_width]` of `shape`
/// - `weight`: `[channels_out, channels_in / groups, kernel_height, kernel_width]`
/// - `bias`: `[channels_in]`
pub(crate) fn conv_transpose2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    shape: ConvShape,
) -> Tensor<4> {
    let bias = bias.unwrap_or_else(|| zeros(shape.channels[0], &input));
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_conv_transpose2d(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        shape,
    ))
}

/// Output, mean and variance of batch normalisation while training.
pub(crate) fn batch_norm_train<const D: usize>(
    input: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    let (output, mean, variance) = <Dispatch as LayerKernels>::visages_batch_norm(
        input.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    );
    (
        Tensor::from_dispatch(output),
        Tensor::from_dispatch(mean),
        Tensor::from_dispatch(variance),
    )
}

/// `input` activated.
pub(crate) fn activate<const D: usize>(input: Tensor<D>, activation: Activation) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_activate(
        input.into_dispatch(),
        activation,
    ))
}

/// The largest value of every window.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]` of `shape`
pub(crate) fn max_pool2d(input: Tensor<4>, shape: PoolShape) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_max_pool2d(
        input.into_dispatch(),
        shape,
    ))
}

/// The mean of `|a − b|` over every image.
///
/// # Shapes
/// - `a`, `b`: `[batch, …]`, the same
/// - output: `[batch]`
pub(crate) fn mean_absolute_difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_mean_difference(
        a.into_dispatch(),
        b.into_dispatch(),
    ))
}

/// `input` with a share of its values, chosen by `seed`, set to zero, the others multiplied by `1 / (1 − share)`.
pub(crate) fn dropout<const D: usize>(input: Tensor<D>, share: f64, seed: u64) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_dropout(
        input.into_dispatch(),
        share,
        seed,
    ))
}

/// `input · weight + bias`.
///
/// # Shapes
/// - `input`: `[batch, inputs]`
/// - `weight`: `[inputs, outputs]`
/// - `bias`: `[outputs]`
pub(crate) fn linear(input: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let [_, outputs] = weight.dims();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([outputs], &input.device().without_autodiff()));
    Tensor::from_dispatch(<Dispatch as LayerKernels>::visages_linear(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}

/// A bias of zeros that asks for no gradient.
fn zeros(channels: usize, like: &Tensor<4>) -> Tensor<1> {
    Tensor::zeros([channels], &like.device().without_autodiff())
}

/// The kernels, as burn's dispatch calls them.
#[backend_extension(Flex, Autodiff)]
pub trait LayerKernels: Backend {
    /// See [`conv2d`].
    fn visages_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// See [`conv_transpose2d`].
    fn visages_conv_transpose2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;

    /// See [`batch_norm_train`].
    fn visages_batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// See [`linear`].
    fn visages_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`activate`].
    fn visages_activate(input: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;

    /// See [`max_pool2d`].
    fn visages_max_pool2d(input: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self>;

    /// See [`mean_absolute_difference`].
    fn visages_mean_difference(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`dropout`].
    fn visages_dropout(input: FloatTensor<Self>, share: f64, seed: u64) -> FloatTensor<Self>;
}

/// The values of a tensor that [`super::serves`] accepted, after a copy when they are not in order.
pub(super) struct Values(FlexTensor);

impl Values {
    pub fn of(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    pub fn get(&self) -> &[f32] {
        self.0.as_slice::<f32>().unwrap_or_default()
    }
}

/// `tensor` with its values changed where they are, or a copy when something else holds them.
pub(super) fn changed(tensor: FlexTensor, change: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut ordered = tensor.to_contiguous();
    drop(tensor);
    change(ordered.storage_mut::<f32>());
    ordered
}

pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

impl DenseShape {
    /// The sizes of `input · weight`.
    pub fn of(input: &FlexTensor, weight: &FlexTensor) -> Self {
        let (input, weight) = (input.shape(), weight.shape());
        Self {
            batch: input[0],
            inputs: weight[0],
            outputs: weight[1],
        }
    }
}

/// Images of a batch, and values of one.
pub(super) fn images_of(tensor: &FlexTensor) -> (usize, usize) {
    let shape = tensor.shape();
    (shape[0], shape.num_elements() / shape[0].max(1))
}

pub(super) fn large_shape(shape: &ConvShape) -> [usize; 4] {
    [shape.batch, shape.channels[0], shape.size[0], shape.size[1]]
}

pub(super) fn small_shape(shape: &ConvShape) -> [usize; 4] {
    [
        shape.batch,
        shape.channels[1],
        shape.output[0],
        shape.output[1],
    ]
}

pub(super) fn weight_shape(shape: &ConvShape) -> [usize; 4] {
    [
        shape.channels[1],
        shape.group_in(),
        shape.kernel[0],
        shape.kernel[1],
    ]
}

impl LayerKernels for Flex {
    fn visages_conv2d(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        shape: ConvShape,
    ) -> FlexTensor {
        let [input, weight, bias] = [&input, &weight, &bias].map(Values::of);
        let output = convolve(
            input.get(),
            weight.get(),
            Epilogue::bias(bias.get()),
            &shape,
        );
        tensor(output, small_shape(&shape))
    }

    fn visages_conv_transpose2d(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        shape: ConvShape,
    ) -> FlexTensor {
        let [input, weight, bias] = [&input, &weight, &bias].map(Values::of);
        let output = spread(input.get(), weight.get(), Some(bias.get()), &shape);
        tensor(output, large_shape(&shape))
    }

    fn visages_batch_norm(
        input: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let shape = input.shape();
        let planes = Planes::of(&shape);
        let [input, gamma, beta] = [&input, &gamma, &beta].map(Values::of);
        let result = normalize(input.get(), gamma.get(), beta.get(), epsilon as f32, planes);
        (
            FlexTensor::from_data(TensorData::new(result.output, shape)),
            tensor(result.mean, [planes.channels]),
            tensor(result.variance, [planes.channels]),
        )
    }

    fn visages_linear(input: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let shape = DenseShape::of(&input, &weight);
        let [input, weight, bias] = [&input, &weight, &bias].map(Values::of);
        let output = dense(input.get(), weight.get(), bias.get(), shape);
        tensor(output, [shape.batch, shape.outputs])
    }

    fn visages_activate(input: FlexTensor, activation: Activation) -> FlexTensor {
        changed(input, |values| activation.in_place(values))
    }

    fn visages_max_pool2d(input: FlexTensor, shape: PoolShape) -> FlexTensor {
        let [batch, channels] = [0, 1].map(|axis| input.shape()[axis]);
        let output = max_pool(Values::of(&input).get(), &shape);
        tensor(output, [batch, channels, shape.output[0], shape.output[1]])
    }

    fn visages_mean_difference(a: FlexTensor, b: FlexTensor) -> FlexTensor {
        let (batch, values) = images_of(&a);
        let [a, b] = [&a, &b].map(Values::of);
        tensor(mean_absolute_differences(a.get(), b.get(), values), [batch])
    }

    fn visages_dropout(input: FlexTensor, share: f64, seed: u64) -> FlexTensor {
        changed(input, |values| drop_values(values, share, seed))
    }
}
