//! Two-dimensional convolution.

use burn::{
    Tensor,
    module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay, Param},
    nn::PaddingConfig2d,
    tensor::{Device, module::conv2d, ops::ConvOptions},
};

use super::{
    cpu::{self, ConvShape},
    init, padding,
};

/// Configuration of a [`Conv2d`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, ops::Conv2dConfig};
///
/// let device = Device::flex();
/// let conv = Conv2dConfig::new([3, 12], [5, 5]).with_stride([2, 2]).init(&device);
/// let output = conv.forward(Tensor::zeros([8, 3, 64, 64], &device));
/// assert_eq!(output.dims(), [8, 12, 32, 32]);
/// ```
#[derive(Clone, Debug)]
pub struct Conv2dConfig {
    /// `[channels_in, channels_out]`.
    pub channels: [usize; 2],
    /// `[height, width]` of the kernel.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]` step of the kernel, 1 by default.
    pub stride: [usize; 2],
    /// Padding; [`PaddingConfig2d::Same`] by default, as TensorFlow computes it.
    pub padding: PaddingConfig2d,
    /// Whether a bias is added to every output channel, `true` by default.
    pub bias: bool,
    /// Law of the initial kernel, Glorot uniform by default (Keras' default). The bias starts at 0.
    pub initializer: Initializer,
}

impl Conv2dConfig {
    /// A convolution from `channels[0]` to `channels[1]` channels, with the defaults above.
    pub fn new(channels: [usize; 2], kernel_size: [usize; 2]) -> Self {
        Self {
            channels,
            kernel_size,
            stride: [1, 1],
            padding: PaddingConfig2d::Same,
            bias: true,
            initializer: init::GLOROT_UNIFORM,
        }
    }

    /// Sets the step of the kernel.
    pub fn with_stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Sets the padding.
    pub fn with_padding(mut self, padding: PaddingConfig2d) -> Self {
        self.padding = padding;
        self
    }

    /// Sets whether a bias is added.
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets the law of the initial kernel.
    pub fn with_initializer(mut self, initializer: Initializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// Builds the layer on `device`, drawing its kernel from the device's generator.
    pub fn init(&self, device: &Device) -> Conv2d {
        let [channels_in, channels_out] = self.channels;
        let [height, width] = self.kernel_size;
        Conv2d {
            weight: init::kernel(
                &self.initializer,
                [channels_out, channels_in, height, width],
                channels_in * height * width,
                channels_out * height * width,
                device,
            ),
            bias: self.bias.then(|| init::zero_bias(channels_out, device)),
            stride: self.stride,
            kernel_size: self.kernel_size,
            padding: self.padding.clone(),
        }
    }
}

/// Applies a 2-D convolution (cross-correlation) to a batch of images.
#[derive(Module)]
#[module(custom_display)]
pub struct Conv2d {
    /// Kernel, `[channels_out, channels_in, height, width]`.
    pub weight: Param<Tensor<4>>,
    /// Bias, `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// `[vertical, horizontal]` step of the kernel.
    pub stride: [usize; 2],
    /// `[height, width]` of the kernel.
    pub kernel_size: [usize; 2],
    /// Padding rule.
    #[module(skip)]
    pub padding: PaddingConfig2d,
}

impl Conv2d {
    /// Convolves `input` with the kernel and adds the bias.
    ///
    /// # Shapes
    /// - `input`: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, ⌈height / stride⌉, ⌈width / stride⌉]` with SAME padding
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the number of channels does not match.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [batch, channels_in, height, width] = input.dims();
        let size = [height, width];
        let padding = padding::of_convolution(&self.padding, size, self.kernel_size, self.stride);
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        let [channels_out, expected, ..] = weight.dims();
        // burn says what is wrong with a number of channels; our kernels take what is right.
        if expected == channels_in && cpu::serves(&input) && cpu::serves(&weight) {
            let channels = [channels_in, channels_out];
            let (kernel, stride) = (self.kernel_size, self.stride);
            if let Some(shape) = ConvShape::new(batch, channels, size, kernel, stride, padding) {
                return cpu::extension::conv2d(input, weight, bias, shape);
            }
        }
        let options = ConvOptions::new_with_padding(self.stride, padding, [1, 1], 1);
        conv2d(input, weight, bias, options)
    }
}

impl ModuleDisplay for Conv2d {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [channels_out, channels_in, ..] = self.weight.dims();
        content
            .add_debug_attribute("channels", &[channels_in, channels_out])
            .add_debug_attribute("kernel_size", &self.kernel_size)
            .add_debug_attribute("stride", &self.stride)
            .add_debug_attribute("padding", &self.padding)
            .optional()
    }
}

// The derived form would list every tensor; a reader wants the layer on one line.
impl std::fmt::Debug for Conv2d {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
