//! Dropout.

use burn::{
    Tensor,
    module::{Content, DisplaySettings, Flag, Module, ModuleDisplay, Param},
    tensor::Distribution,
};

use super::cpu;

/// Configuration of a [`Dropout`].
#[derive(Clone, Debug)]
pub struct DropoutConfig {
    /// Share of the values set to zero while training, in [0, 1).
    pub prob: f64,
}

impl DropoutConfig {
    /// Dropout of a share `prob` of the values.
    pub fn new(prob: f64) -> Self {
        Self { prob }
    }

    /// Builds the layer, which has no parameter.
    ///
    /// # Panics
    /// As burn's layer, when the share is not in [0, 1).
    pub fn init(&self) -> Dropout {
        assert!(
            (0.0..1.0).contains(&self.prob),
            "La part de valeurs annulées par un dropout est entre 0 et 1 (exclu), pas {}.",
            self.prob
        );
        Dropout {
            prob: self.prob,
            training: Param::from_bool(true),
        }
    }
}

/// Sets a share of the values to zero while training, drawn anew at every call, and enlarges the
/// others so that the mean stays; changes nothing otherwise.
///
/// Two numbers are drawn from the device's generator, so that [`Device::seed`](burn::tensor::Device::seed)
/// settles what is dropped.
///
/// # Source
/// N. Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, JMLR 15,
/// 2014.
#[derive(Module)]
#[module(custom_display)]
pub struct Dropout {
    /// Share of the values set to zero while training.
    pub prob: f64,
    /// Whether the layer trains; `freeze` and `valid` turn it off.
    pub training: Param<Flag>,
}

impl Dropout {
    /// Drops values of `input` while training.
    ///
    /// # Shapes
    /// The output has the input's.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let trains = self.training.is_enabled() && input.device().is_autodiff();
        if !trains || self.prob == 0.0 {
            return input;
        }
        if cpu::serves(&input) {
            let device = input.device().without_autodiff();
            // Numbers under 2²⁴: the integers that a 32-bit float holds.
            let words: Tensor<1> =
                Tensor::random([2], Distribution::Uniform(0.0, 16_777_216.0), &device);
            if let Ok(words) = words.into_data().try_into_vec::<f32>() {
                let seed = words.iter().fold(0, |seed, word| seed << 32 | *word as u64);
                return cpu::extension::dropout(input, self.prob, seed);
            }
        }
        let kept = 1.0 - self.prob;
        let mask = input.random_like(Distribution::Bernoulli(kept));
        input * mask * (1.0 / kept)
    }
}

impl ModuleDisplay for Dropout {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content.add("prob", &self.prob).optional()
    }
}

// The derived form would list the flag; a reader wants the layer on one line.
impl std::fmt::Debug for Dropout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
