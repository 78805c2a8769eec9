//! Max pooling, and the means of feature maps.

use burn::{
    Tensor,
    module::Module,
    tensor::{module::max_pool2d, ops::MaxPoolOptions},
};

use super::cpu::{self, PoolShape};

/// Configuration of a [`MaxPool2d`].
#[derive(Clone, Debug)]
pub struct MaxPool2dConfig {
    /// `[height, width]` of a window.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]` step of the windows; by default they touch without overlapping.
    pub stride: [usize; 2],
}

impl MaxPool2dConfig {
    /// Windows of `kernel_size` side by side.
    pub fn new(kernel_size: [usize; 2]) -> Self {
        Self {
            kernel_size,
            stride: kernel_size,
        }
    }

    /// Sets the step of the windows.
    pub fn with_stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Builds the layer, which has no parameter.
    pub fn init(&self) -> MaxPool2d {
        MaxPool2d {
            kernel_size: self.kernel_size,
            stride: self.stride,
        }
    }
}

/// Keeps the largest value of every window. Windows that would leave the image are left out.
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, ops::MaxPool2dConfig};
///
/// let pool = MaxPool2dConfig::new([2, 2]).init();
/// let output = pool.forward(Tensor::zeros([1, 8, 73, 73], &Device::flex()));
/// assert_eq!(output.dims(), [1, 8, 36, 36]);
/// ```
#[derive(Module, Debug)]
pub struct MaxPool2d {
    /// `[height, width]` of a window.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]` step of the windows.
    pub stride: [usize; 2],
}

impl MaxPool2d {
    /// The largest value of every window.
    ///
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: `[batch, channels, ⌊(height − kernel) / stride⌋ + 1, …]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when no window fits in.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = input.dims();
        if cpu::serves(&input) {
            let planes = batch * channels;
            let shape = PoolShape::new(planes, [height, width], self.kernel_size, self.stride);
            if let Some(shape) = shape {
                return cpu::extension::max_pool2d(input, shape);
            }
        }
        let options = MaxPoolOptions::new(self.kernel_size).with_stride(self.stride);
        max_pool2d(input, options)
    }
}

/// The mean of every feature map.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - output: `[batch, channels, 1, 1]`
pub fn global_average(input: Tensor<4>) -> Tensor<4> {
    match cpu::only_answers(&input) {
        true => cpu::inference::global_average(input),
        false => input.mean_dim(3).mean_dim(2),
    }
}

/// Every feature map times its factor.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `factors`: `[batch, channels, 1, 1]`
pub fn scale_channels(input: Tensor<4>, factors: Tensor<4>) -> Tensor<4> {
    let [batch, channels, ..] = input.dims();
    let one_each = factors.dims() == [batch, channels, 1, 1];
    match one_each && cpu::only_answers(&input) && cpu::only_answers(&factors) {
        true => cpu::inference::scale_channels(input, factors),
        false => input * factors,
    }
}
