//! Batch normalisation.

use burn::{
    Tensor,
    module::{
        Content, DisplaySettings, Flag, Initializer, Module, ModuleDisplay, Param, RunningState,
    },
    tensor::{
        Device,
        module::{batch_norm, batch_norm_train},
    },
};

use super::cpu;

/// Configuration of a [`BatchNorm`].
///
/// The momentum is, as in burn and PyTorch, the weight of the *new* batch. The default is PyTorch's
/// 0.1; Keras' parity is `with_momentum(0.01)` (Keras writes it 0.99) with the same `epsilon`. The
/// running variance starts at 1, far above that of an activation of small images: with 0.01, 210
/// steps of the standard CNN leave 12 % of that start in it, and the trained detector then finds
/// 96.5 % of its own training faces in evaluation mode, against 99.6 % with 0.1 (measured, the
/// weights being the same).
#[derive(Clone, Debug)]
pub struct BatchNormConfig {
    /// Number of channels.
    pub num_features: usize,
    /// Added to the variance before its square root, 1e-3 by default (as Keras).
    pub epsilon: f64,
    /// Weight of the current batch in the running statistics, in [0, 1], 0.1 by default.
    pub momentum: f64,
}

impl BatchNormConfig {
    /// Batch normalisation of `num_features` channels, with the defaults above.
    pub fn new(num_features: usize) -> Self {
        Self {
            num_features,
            epsilon: 1e-3,
            momentum: 0.1,
        }
    }

    /// Sets what is added to the variance.
    pub fn with_epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Sets the weight of the current batch in the running statistics.
    pub fn with_momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Builds the layer on `device`: γ = 1, β = 0, running mean 0, running variance 1.
    pub fn init(&self, device: &Device) -> BatchNorm {
        let shape = [self.num_features];
        BatchNorm {
            gamma: Initializer::Ones.init(shape, device),
            beta: Initializer::Zeros.init(shape, device),
            training: Param::from_bool(true),
            running_mean: RunningState::new(Tensor::zeros(shape, device)),
            running_var: RunningState::new(Tensor::ones(shape, device)),
            momentum: self.momentum,
            epsilon: self.epsilon,
        }
    }
}

/// Normalises every channel: `y = γ · (x − mean) / √(variance + ε) + β`.
///
/// While training (a model in training mode, on an autodiff device) mean and variance are those of
/// the batch, and the running statistics follow them; otherwise the running statistics are used.
///
/// # Source
/// S. Ioffe and C. Szegedy, *Batch Normalization*, ICML 2015, arXiv:1502.03167.
#[derive(Module)]
#[module(custom_display)]
pub struct BatchNorm {
    /// Scale γ, `[num_features]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift β, `[num_features]`.
    pub beta: Param<Tensor<1>>,
    /// Whether the layer trains; `freeze` and `valid` turn it off.
    pub training: Param<Flag>,
    /// Running mean, `[num_features]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running variance, `[num_features]`.
    pub running_var: RunningState<Tensor<1>>,
    /// Weight of the current batch in the running statistics.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
}

impl BatchNorm {
    /// Normalises `input`, channel by channel.
    ///
    /// # Shapes
    /// - `input` and output: `[batch, num_features, ...]`
    ///
    /// # Panics
    /// Like every tensor operation of burn, when the number of channels does not match.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        // The device says that a backward pass is possible, the flag that this layer takes part.
        if input.device().is_autodiff() && self.training.is_enabled() {
            self.forward_train(input)
        } else {
            self.forward_inference(input)
        }
    }

    /// What the layer does with its running statistics: `(scale, shift)`, `[num_features]` each, constants.
    pub(super) fn as_affine(&self, device: &Device) -> (Tensor<1>, Tensor<1>) {
        let statistic = |running: &RunningState<Tensor<1>>| {
            running.value_sync().to_device(device).without_autodiff()
        };
        let (mean, variance) = (statistic(&self.running_mean), statistic(&self.running_var));
        let scale = self.gamma.val().without_autodiff() / (variance + self.epsilon).sqrt();
        let shift = self.beta.val().without_autodiff() - mean * scale.clone();
        (scale, shift)
    }

    /// Whether no gradient is asked of γ and β.
    pub(super) fn asks_nothing(&self) -> bool {
        [&self.gamma, &self.beta]
            .iter()
            .all(|param| cpu::asks_nothing(&param.val()))
    }

    fn forward_inference<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let device = input.device();
        let gamma = self.gamma.val();
        let same_channels = input.dims().get(1) == gamma.dims().first();
        // A frozen layer of a network that trains answers as fast as a trained network does.
        if same_channels && cpu::asks_nothing(&input) && self.asks_nothing() {
            let (scale, shift) = self.as_affine(&device);
            return cpu::without_autodiff(input, |input| {
                cpu::inference::rescale_channels(input, scale, shift)
            });
        }
        batch_norm(
            input,
            gamma,
            self.beta.val(),
            self.running_mean.value_sync().to_device(&device),
            self.running_var.value_sync().to_device(&device),
            self.epsilon,
        )
    }

    fn forward_train<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let device = input.device();
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        let same_channels = input.dims().get(1) == gamma.dims().first();
        let (output, mean, variance) =
            if same_channels && cpu::serves(&input) && cpu::serves(&gamma) {
                cpu::extension::batch_norm_train(input, gamma, beta, self.epsilon)
            } else {
                let batch = batch_norm_train(input, gamma, beta, self.epsilon);
                (batch.output, batch.mean, batch.variance)
            };

        let follow = |running: &RunningState<Tensor<1>>, current: Tensor<1>| {
            let kept = running
                .value_sync()
                .to_device(&device)
                .mul_scalar(1.0 - self.momentum);
            running.update((kept + current.detach().mul_scalar(self.momentum)).detach());
        };
        follow(&self.running_mean, mean);
        follow(&self.running_var, variance);
        output
    }
}

impl ModuleDisplay for BatchNorm {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [num_features] = self.gamma.dims();
        let content = content
            .add("num_features", &num_features)
            .add("momentum", &self.momentum)
            .add("epsilon", &self.epsilon);
        match self.training.is_enabled() {
            true => content.optional(),
            false => content.add("training", &self.training).optional(),
        }
    }
}

// The derived form would list every tensor; a reader wants the layer on one line.
impl std::fmt::Debug for BatchNorm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
