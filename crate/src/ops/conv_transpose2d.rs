//! Two-dimensional transposed convolution.

use burn::{
    Tensor,
    module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay, Param},
    nn::PaddingConfig2d,
    tensor::{Device, module::conv_transpose2d, ops::ConvTransposeOptions},
};

use super::{
    cpu::{self, ConvShape},
    init, padding,
};

/// Configuration of a [`ConvTranspose2d`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, ops::ConvTranspose2dConfig};
///
/// let device = Device::flex();
/// let up = ConvTranspose2dConfig::new([72, 48], [3, 3]).with_stride([2, 2]).init(&device);
/// let output = up.forward(Tensor::zeros([8, 72, 4, 4], &device));
/// assert_eq!(output.dims(), [8, 48, 8, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvTranspose2dConfig {
    /// `[channels_in, channels_out]`.
    pub channels: [usize; 2],
    /// `[height, width]` of the kernel.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]` enlargement, 1 by default.
    pub stride: [usize; 2],
    /// What is cropped from the full output; [`PaddingConfig2d::Same`] by default, as TensorFlow
    /// computes it: the output is exactly `stride` times the input.
    pub padding: PaddingConfig2d,
    /// Whether a bias is added to every output channel, `true` by default.
    pub bias: bool,
    /// Law of the initial kernel, Glorot uniform by default (Keras' default). The bias starts at 0.
    pub initializer: Initializer,
}

impl ConvTranspose2dConfig {
    /// A transposed convolution from `channels[0]` to `channels[1]` channels, with the defaults above.
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

    /// Sets the enlargement.
    pub fn with_stride(mut self, stride: [usize; 2]) -> Self {
        self.stride = stride;
        self
    }

    /// Sets what is cropped from the full output.
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
    pub fn init(&self, device: &Device) -> ConvTranspose2d {
        let [channels_in, channels_out] = self.channels;
        let [height, width] = self.kernel_size;
        ConvTranspose2d {
            weight: init::kernel(
                &self.initializer,
                [channels_in, channels_out, height, width],
                // Keras keeps this kernel as [h, w, out, in] and takes its fans as for a
                // convolution; Glorot's law is symmetric in the two.
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

/// Applies a 2-D transposed convolution: the gradient of a convolution with respect to its input,
/// used to enlarge feature maps.
#[derive(Module)]
#[module(custom_display)]
pub struct ConvTranspose2d {
    /// Kernel, `[channels_in, channels_out, height, width]`.
    pub weight: Param<Tensor<4>>,
    /// Bias, `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// `[vertical, horizontal]` enlargement.
    pub stride: [usize; 2],
    /// `[height, width]` of the kernel.
    pub kernel_size: [usize; 2],
    /// Crop rule.
    #[module(skip)]
    pub padding: PaddingConfig2d,
}

impl ConvTranspose2d {
    /// Spreads every input pixel over the output through the kernel and adds the bias.
    ///
    /// # Shapes
    /// - `input`: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, stride · height, stride · width]` with SAME padding
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the number of channels does not match.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [batch, channels_in, height, width] = input.dims();
        let size = [height, width];
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        // Of the weight that is there now: it may have been replaced by one of another size.
        let [expected, channels_out, kernel @ ..] = weight.dims();
        let crop = padding::of_transpose(&self.padding, size, kernel, self.stride);
        if expected == channels_in
            && cpu::serves(&input)
            && cpu::serves(&weight)
            && cpu::serves_bias(bias.as_ref(), channels_out)
        {
            let large = [0, 1].map(|axis| {
                let full = (size[axis] - 1) * self.stride[axis] + kernel[axis];
                match self.padding {
                    PaddingConfig2d::Same => size[axis] * self.stride[axis],
                    _ => full.saturating_sub(crop[axis].0 + crop[axis].1),
                }
            });
            let shape = ConvShape {
                batch,
                groups: 1,
                channels: [channels_out, channels_in],
                size: large,
                output: size,
                kernel,
                stride: self.stride,
                dilation: [1, 1],
                begin: [crop[0].0, crop[1].0],
            };
            return cpu::extension::conv_transpose2d(input, weight, bias, shape);
        }

        // The operation itself crops alike on both sides; what is left over (one row and one column
        // with SAME and an odd kernel at stride 2) is sliced off, or added when the kernel is
        // smaller than the stride.
        let both = crop.map(|(begin, end)| begin.min(end));
        let short = [0, 1].map(|axis| self.stride[axis].saturating_sub(kernel[axis]));
        let padding_out = match self.padding {
            PaddingConfig2d::Same => short,
            _ => [0, 0],
        };
        let output = conv_transpose2d(
            input,
            weight,
            bias,
            ConvTransposeOptions::new(self.stride, both, padding_out, [1, 1], 1),
        );

        let [_, channels, full_height, full_width] = output.dims();
        let rest = [0, 1].map(|axis| (crop[axis].0 - both[axis], crop[axis].1 - both[axis]));
        if rest == [(0, 0); 2] {
            return output;
        }
        output.slice([
            0..batch,
            0..channels,
            rest[0].0..full_height - rest[0].1,
            rest[1].0..full_width - rest[1].1,
        ])
    }
}

impl ModuleDisplay for ConvTranspose2d {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [channels_in, channels_out, ..] = self.weight.dims();
        content
            .add_debug_attribute("channels", &[channels_in, channels_out])
            .add_debug_attribute("kernel_size", &self.kernel_size)
            .add_debug_attribute("stride", &self.stride)
            .add_debug_attribute("padding", &self.padding)
            .optional()
    }
}

// The derived form would list every tensor; a reader wants the layer on one line.
impl std::fmt::Debug for ConvTranspose2d {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
