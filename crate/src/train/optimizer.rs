//! The optimizers of a training, and what is done to a gradient before they see it.
//!
//! Adam is our own ([`AdamConfig`]); AdamW and stochastic gradient descent are burn's, with PyTorch's defaults. On the
//! way to any of them a gradient may be given a penalty's part and be clipped.

use std::collections::BTreeMap;

use burn::{
    Tensor,
    grad_clipping::GradientClipping,
    module::{Module, ModuleVisitor, Param, ParamGroup},
    optim::{
        DynOptimizer, GradientsParams, LearningRate, ModuleOptimizer, Optimizer,
        decay::WeightDecayConfig, momentum::MomentumConfig,
    },
    tensor::Device,
};

use super::AdamConfig;
use crate::error::{Error, Result};

/// Stochastic gradient descent, with PyTorch's defaults: `v ← μ·v + g`, `w ← w − η·v`.
///
/// burn's own configuration damps the gradient by a tenth (`v ← μ·v + 0.9·g`); this one does not.
///
/// # Example
/// ```
/// use visages::train::SgdConfig;
/// let optimizer = SgdConfig::new().with_momentum(0.9).init();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    /// Momentum μ, in [0, 1), 0 by default.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's: `w ← w − η·(μ·v + g)`; `false` by default.
    pub nesterov: bool,
    /// λ of `λw` added to the gradient of *every* parameter, biases and norms too; 0 by default.
    pub weight_decay: f32,
}

impl SgdConfig {
    /// Plain gradient descent.
    pub fn new() -> Self {
        Self {
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
        }
    }

    /// Sets the momentum.
    pub fn with_momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Sets whether the momentum is Nesterov's.
    pub fn with_nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
    }

    /// Sets the decay of every parameter.
    pub fn with_weight_decay(mut self, weight_decay: f32) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// The optimizer of a whole model.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }

    fn build(&self) -> burn::optim::Sgd {
        let momentum = (self.momentum > 0.0).then(|| {
            MomentumConfig::new()
                .with_momentum(self.momentum)
                .with_dampening(0.0)
                .with_nesterov(self.nesterov)
        });
        let decay = (self.weight_decay > 0.0).then(|| WeightDecayConfig::new(self.weight_decay));
        burn::optim::SgdConfig::new()
            .with_momentum(momentum)
            .with_weight_decay(decay)
            .build()
    }
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Adam whose decay does not pass through the moments: `w ← (1 − ηλ)·w`, then Adam's step. PyTorch's defaults.
///
/// # Source
/// I. Loshchilov and F. Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019, arXiv:1711.05101.
///
/// # Example
/// ```
/// use visages::train::AdamWConfig;
/// let optimizer = AdamWConfig::new().with_weight_decay(0.05).init();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Decay of the mean of the gradients, in [0, 1), 0.9 by default.
    pub beta_1: f32,
    /// Decay of the mean of their squares, in [0, 1), 0.999 by default.
    pub beta_2: f32,
    /// Added to the denominator, 1e-8 by default.
    pub epsilon: f32,
    /// Decay λ of *every* parameter, biases and norms too; 0.01 by default.
    pub weight_decay: f32,
}

impl AdamWConfig {
    /// AdamW with the defaults above.
    pub fn new() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
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

    /// The optimizer of a whole model.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }

    fn build(&self) -> burn::optim::AdamW {
        burn::optim::AdamWConfig::new()
            .with_beta_1(self.beta_1)
            .with_beta_2(self.beta_2)
            .with_epsilon(self.epsilon)
            .with_weight_decay(self.weight_decay)
            .build()
    }
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Which optimizer a training uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerConfig {
    /// Adam.
    Adam(AdamConfig),
    /// AdamW.
    AdamW(AdamWConfig),
    /// Stochastic gradient descent.
    Sgd(SgdConfig),
}

impl From<AdamConfig> for OptimizerConfig {
    fn from(config: AdamConfig) -> Self {
        Self::Adam(config)
    }
}

impl From<AdamWConfig> for OptimizerConfig {
    fn from(config: AdamWConfig) -> Self {
        Self::AdamW(config)
    }
}

impl From<SgdConfig> for OptimizerConfig {
    fn from(config: SgdConfig) -> Self {
        Self::Sgd(config)
    }
}

impl OptimizerConfig {
    /// The optimizer of a whole model.
    pub fn init(&self) -> ModuleOptimizer {
        self.shaped(&BTreeMap::new(), None)
    }

    /// The optimizer that adds 2λw to the gradient of the parameters with such a penalty, by their path, and clips.
    pub(super) fn shaped(
        &self,
        penalties: &BTreeMap<String, f64>,
        clipping: Option<Clipping>,
    ) -> ModuleOptimizer {
        match self {
            Self::Adam(config) => assemble(config.build(), penalties, clipping),
            Self::AdamW(config) => assemble(config.build(), penalties, clipping),
            Self::Sgd(config) => assemble(config.build(), penalties, clipping),
        }
    }
}

/// How gradients that are too large are made smaller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clipping {
    /// Every value is brought between −c and c: Keras' `clipvalue`, PyTorch's `clip_grad_value_`.
    Value(f32),
    /// The gradient of each parameter is shortened to this norm: Keras' `clipnorm`.
    Norm(f32),
    /// All gradients together are shortened to this norm: Keras' `global_clipnorm`, PyTorch's `clip_grad_norm_`.
    /// A step of one's own calls [`clip_gradients`] itself.
    GlobalNorm(f32),
}

impl Clipping {
    pub(super) fn check(self) -> Result<()> {
        let (Self::Value(bound) | Self::Norm(bound) | Self::GlobalNorm(bound)) = self;
        match bound.is_finite() && bound > 0.0 {
            true => Ok(()),
            false => Err(Error::argument(
                "clipping",
                bound,
                "un nombre positif, par exemple 1.0",
            )),
        }
    }

    /// What is done to each parameter by itself.
    fn of_each(self) -> Option<GradientClipping> {
        match self {
            Self::Value(bound) => Some(GradientClipping::Value(bound)),
            Self::Norm(bound) => Some(GradientClipping::Norm(bound)),
            Self::GlobalNorm(_) => None,
        }
    }
}

/// Shortens all gradients of a model together to the norm `max_norm`, when theirs is larger: PyTorch's
/// `clip_grad_norm_`.
///
/// # Errors
/// [`Error::Argument`] for a norm that is not positive; those of reading a tensor.
pub fn clip_gradients<M: Module>(
    model: &M,
    gradients: GradientsParams,
    max_norm: f64,
) -> Result<GradientsParams> {
    Clipping::GlobalNorm(max_norm as f32).check()?;
    let mut measure = Measure {
        gradients: &gradients,
        squares: Ok(0.0),
    };
    model.visit(&mut measure);
    let norm = measure.squares?.sqrt();
    // As PyTorch, which keeps from dividing by zero so.
    let factor = max_norm / (norm + 1e-6);
    if factor >= 1.0 {
        return Ok(gradients);
    }
    let mut shorten = Shorten {
        gradients,
        factor: factor as f32,
    };
    model.visit(&mut shorten);
    Ok(shorten.gradients)
}

struct Measure<'a> {
    gradients: &'a GradientsParams,
    squares: Result<f64>,
}

impl ModuleVisitor for Measure<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id)
            && let Ok(sum) = &mut self.squares
        {
            match gradient.square().sum().try_into_scalar::<f32>() {
                Ok(square) => *sum += f64::from(square),
                Err(error) => self.squares = Err(error.into()),
            }
        }
    }
}

struct Shorten {
    gradients: GradientsParams,
    factor: f32,
}

impl ModuleVisitor for Shorten {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}

/// One optimizer, behind a group for each strength of penalty.
fn assemble<O>(
    inner: O,
    penalties: &BTreeMap<String, f64>,
    clipping: Option<Clipping>,
) -> ModuleOptimizer
where
    O: Optimizer,
    Shaped<O>: DynOptimizer,
{
    let clipping = clipping.and_then(Clipping::of_each);
    if penalties.is_empty() && clipping.is_none() {
        return ModuleOptimizer::from(inner);
    }
    let shaped = |l2: f64| Shaped {
        inner: inner.clone(),
        twice: 2.0 * l2,
        clipping: clipping.clone(),
    };
    let mut strengths: Vec<(f64, Vec<String>)> = Vec::new();
    for (path, l2) in penalties {
        match strengths.iter_mut().find(|(strength, _)| strength == l2) {
            Some((_, paths)) => paths.push(path.clone()),
            None => strengths.push((*l2, vec![path.clone()])),
        }
    }
    let plain = ModuleOptimizer::from(shaped(0.0));
    strengths.into_iter().fold(plain, |optimizer, (l2, paths)| {
        optimizer.with_group(ParamGroup::from_paths(paths), shaped(l2), None)
    })
}

/// An optimizer whose gradients get a penalty's part and are clipped first.
#[derive(Clone)]
struct Shaped<O> {
    inner: O,
    /// 2λ.
    twice: f64,
    clipping: Option<GradientClipping>,
}

impl<O: Optimizer> Optimizer for Shaped<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let gradient = match self.twice {
            0.0 => gradient,
            twice => gradient + parameter.clone() * twice,
        };
        let gradient = match &self.clipping {
            Some(clipping) => clipping.clip_gradient(gradient),
            None => gradient,
        };
        self.inner.step(learning_rate, parameter, gradient, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
