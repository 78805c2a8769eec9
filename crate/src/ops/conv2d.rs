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
    /// `[vertical, horizontal]` distance between two taps of the kernel, 1 by default.
    pub dilation: [usize; 2],
    /// Channels are cut into that many independent groups, 1 by default; both numbers of channels are
    /// multiples of it.
    pub groups: usize,
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
            dilation: [1, 1],
            groups: 1,
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

    /// Sets the distance between two taps of the kernel.
    pub fn with_dilation(mut self, dilation: [usize; 2]) -> Self {
        self.dilation = dilation;
        self
    }

    /// Sets the number of groups; as many as channels make a depthwise convolution.
    pub fn with_groups(mut self, groups: usize) -> Self {
        self.groups = groups;
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
        let group_in = channels_in / self.groups;
        Conv2d {
            weight: init::kernel(
                &self.initializer,
                [channels_out, group_in, height, width],
                group_in * height * width,
                channels_out / self.groups * height * width,
                device,
            ),
            bias: self.bias.then(|| init::zero_bias(channels_out, device)),
            stride: self.stride,
            kernel_size: self.kernel_size,
            dilation: self.dilation,
            groups: self.groups,
            padding: self.padding.clone(),
        }
    }
}

/// Applies a 2-D convolution (cross-correlation) to a batch of images.
#[derive(Module)]
#[module(custom_display)]
pub struct Conv2d {
    /// Kernel, `[channels_out, channels_in / groups, height, width]`.
    pub weight: Param<Tensor<4>>,
    /// Bias, `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// `[vertical, horizontal]` step of the kernel.
    pub stride: [usize; 2],
    /// `[height, width]` of the kernel.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]` distance between two taps of the kernel.
    pub dilation: [usize; 2],
    /// Number of independent groups of channels.
    pub groups: usize,
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
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        if cpu::serves(&input)
            && cpu::serves(&weight)
            && let Some(shape) = self.shape(&input)
            && cpu::serves_bias(bias.as_ref(), shape.channels[1])
        {
            return cpu::extension::conv2d(input, weight, bias, shape);
        }
        let [_, _, height, width] = input.dims();
        let padding = self.pads([height, width]);
        let options =
            ConvOptions::new_with_padding(self.stride, padding, self.dilation, self.groups);
        conv2d(input, weight, bias, options)
    }

    /// The sizes of the convolution of `input`, `None` when they do not fit together: burn then says what
    /// is wrong.
    pub(super) fn shape(&self, input: &Tensor<4>) -> Option<ConvShape> {
        let [batch, channels_in, height, width] = input.dims();
        let [channels_out, group_in, ..] = self.weight.dims();
        let size = [height, width];
        let fits =
            group_in * self.groups == channels_in && channels_out.is_multiple_of(self.groups);
        let channels = [channels_in, channels_out];
        fits.then(|| {
            ConvShape::new(batch, channels, size, self.kernel(), self.stride)
                .grouped(self.groups, self.dilation)
                .padded_by(self.pads(size))
        })?
    }

    /// `(begin, end)` padding of both axes of an input of `size`.
    fn pads(&self, size: [usize; 2]) -> [(usize, usize); 2] {
        let kernel = self.kernel();
        let reach = [0, 1].map(|axis| (kernel[axis].max(1) - 1) * self.dilation[axis] + 1);
        padding::of_convolution(&self.padding, size, reach, self.stride)
    }

    /// `[height, width]` of the weight that is there now: it may have been replaced by one of another size.
    fn kernel(&self) -> [usize; 2] {
        let [_, _, height, width] = self.weight.dims();
        [height, width]
    }
}

impl ModuleDisplay for Conv2d {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [channels_out, group_in, ..] = self.weight.dims();
        let content = content
            .add_debug_attribute("channels", &[group_in * self.groups, channels_out])
            .add_debug_attribute("kernel_size", &self.kernel_size)
            .add_debug_attribute("stride", &self.stride)
            .add_debug_attribute("padding", &self.padding);
        let content = match self.groups {
            1 => content,
            groups => content.add("groups", &groups),
        };
        match self.dilation {
            [1, 1] => content.optional(),
            dilation => content
                .add_debug_attribute("dilation", &dilation)
                .optional(),
        }
    }
}

// The derived form would list every tensor; a reader wants the layer on one line.
impl std::fmt::Debug for Conv2d {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
