//! Dense layer.

use burn::{
    Tensor,
    module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay, Param},
    tensor::{Device, module},
};

use super::{cpu, init};

/// Configuration of a [`Linear`].
#[derive(Clone, Debug)]
pub struct LinearConfig {
    /// Number of values in.
    pub d_input: usize,
    /// Number of values out.
    pub d_output: usize,
    /// Whether a bias is added to every output, `true` by default.
    pub bias: bool,
    /// Law of the initial kernel, Glorot uniform by default (Keras' default). The bias starts at 0.
    pub initializer: Initializer,
}

impl LinearConfig {
    /// A dense layer from `d_input` to `d_output` values, with the defaults above.
    pub fn new(d_input: usize, d_output: usize) -> Self {
        Self {
            d_input,
            d_output,
            bias: true,
            initializer: init::GLOROT_UNIFORM,
        }
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
    pub fn init(&self, device: &Device) -> Linear {
        let shape = [self.d_input, self.d_output];
        let [fan_in, fan_out] = shape;
        Linear {
            weight: init::kernel(&self.initializer, shape, fan_in, fan_out, device),
            bias: self.bias.then(|| init::zero_bias(self.d_output, device)),
        }
    }
}

/// A dense layer initialised as Keras does: Glorot-uniform kernel, zero bias.
///
/// # Shapes
/// - input: `[..., d_input]`
/// - output: `[..., d_output]`
///
/// # Source
/// X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural
/// networks*, AISTATS 2010.
pub fn dense(d_input: usize, d_output: usize, device: &Device) -> Linear {
    LinearConfig::new(d_input, d_output).init(device)
}

/// Multiplies by a matrix and adds a bias.
#[derive(Module)]
#[module(custom_display)]
pub struct Linear {
    /// Matrix, `[d_input, d_output]`.
    pub weight: Param<Tensor<2>>,
    /// Bias, `[d_output]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// `input · weight + bias`.
    ///
    /// # Shapes
    /// - `input`: `[..., d_input]`
    /// - output: `[..., d_output]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the last size is not `d_input`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        let [d_input, d_output] = weight.dims();
        let mut shape = input.dims();
        let served = shape.last() == Some(&d_input) && shape.iter().all(|size| *size > 0);
        let served = served && cpu::serves(&input) && cpu::serves(&weight);
        if served && cpu::serves_bias(bias.as_ref(), d_output) {
            let rows = shape.iter().product::<usize>() / d_input;
            let output = cpu::extension::linear(input.reshape([rows, d_input]), weight, bias);
            shape[D - 1] = d_output;
            return output.reshape(shape);
        }
        module::linear(input, weight, bias)
    }
}

impl ModuleDisplay for Linear {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [d_input, d_output] = self.weight.dims();
        content
            .add("d_input", &d_input)
            .add("d_output", &d_output)
            .add("bias", &self.bias.is_some())
            .optional()
    }
}

// The derived form would list every tensor; a reader wants the layer on one line.
impl std::fmt::Debug for Linear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
