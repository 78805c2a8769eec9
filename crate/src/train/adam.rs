//! The Adam optimiser.

use burn::{
    Tensor,
    backend::{Flex, flex::FlexTensor},
    optim::{Adam, AdamState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer},
    tensor::Device,
};

use crate::ops::cpu::{self, adam::Update};

/// Configuration of Adam, with burn's defaults.
///
/// # Source
/// D. Kingma and J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015, arXiv:1412.6980.
///
/// # Example
/// ```
/// use visages::train::AdamConfig;
/// let optimizer = AdamConfig::new().with_epsilon(1e-7).init();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// Decay of the mean of the gradients, in [0, 1), 0.9 by default.
    pub beta_1: f32,
    /// Decay of the mean of their squares, in [0, 1), 0.999 by default.
    pub beta_2: f32,
    /// Added to the denominator, 1e-5 by default (Keras: 1e-7).
    pub epsilon: f32,
    /// λ of `λw` added to the gradient of *every* parameter, biases and norms too, as PyTorch's Adam does; 0 by default.
    pub weight_decay: f32,
}

impl AdamConfig {
    /// Adam with the defaults above.
    pub fn new() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-5,
            weight_decay: 0.0,
        }
    }

    /// Sets the decay of the mean of the gradients.
    pub fn with_beta_1(mut self, beta_1: f32) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// Sets the decay of the mean of their squares.
    pub fn with_beta_2(mut self, beta_2: f32) -> Self {
        self.beta_2 = beta_2;
        self
    }

    /// Sets what is added to the denominator.
    pub fn with_epsilon(mut self, epsilon: f32) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Sets the decay of every parameter.
    pub fn with_weight_decay(mut self, weight_decay: f32) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// The optimiser of a whole model. On the processor (flex) each parameter is updated in one pass over
    /// memory; elsewhere by burn's own Adam. States and checkpoints are burn's in both cases.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }

    pub(super) fn build(&self) -> FusedAdam {
        let burn = burn::optim::AdamConfig::new()
            .with_beta_1(self.beta_1)
            .with_beta_2(self.beta_2)
            .with_epsilon(self.epsilon);
        FusedAdam {
            config: *self,
            burn: burn.build(),
        }
    }
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Burn's Adam, with our update where it can be used.
#[derive(Clone)]
pub(super) struct FusedAdam {
    config: AdamConfig,
    burn: Adam,
}

impl Optimizer for FusedAdam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let gradient = match self.config.weight_decay {
            0.0 => gradient,
            decay => gradient + parameter.clone() * decay,
        };
        let ours = [&parameter, &gradient]
            .into_iter()
            .all(|tensor| cpu::serves(tensor) && !tensor.device().is_autodiff());
        // The first step, which creates the state, is burn's.
        match state {
            Some(state) if ours => {
                let (parameter, state) = self.fused(learning_rate, parameter, gradient, state);
                (parameter, Some(state))
            }
            state => self.burn.step(learning_rate, parameter, gradient, state),
        }
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        Adam::to_device(state, device)
    }
}

impl FusedAdam {
    fn fused<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: AdamState<D>,
    ) -> (Tensor<D>, AdamState<D>) {
        let AdaptiveMomentumState {
            time,
            moment_1,
            moment_2,
            max_moment_2,
        } = state.momentum;
        let time = time + 1;
        let update = Update {
            learning_rate: learning_rate as f32,
            beta_1: self.config.beta_1,
            beta_2: self.config.beta_2,
            epsilon: self.config.epsilon,
            time: time as i32,
        };
        let [mut parameter, gradient, mut moment_1, mut moment_2] =
            [parameter, gradient, moment_1, moment_2].map(in_order);
        cpu::adam::update(
            parameter.storage_mut(),
            gradient.storage(),
            moment_1.storage_mut(),
            moment_2.storage_mut(),
            update,
        );
        let [parameter, moment_1, moment_2] =
            [parameter, moment_1, moment_2].map(Tensor::from_primitive::<Flex>);
        let momentum = AdaptiveMomentumState {
            time,
            moment_1,
            moment_2,
            max_moment_2,
        };
        (parameter, AdamState { momentum })
    }
}

/// The flex tensor underneath, its storage holding its values and nothing else, in order.
fn in_order<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    let tensor = match tensor.try_into_primitive::<Flex>() {
        Ok(tensor) => tensor,
        Err(error) => unreachable!("a tensor on flex without autodiff: {error:?}"),
    };
    let whole = tensor.storage::<f32>().len();
    if tensor
        .as_slice::<f32>()
        .is_some_and(|values| values.len() == whole)
    {
        return tensor;
    }
    tensor.to_contiguous()
}
