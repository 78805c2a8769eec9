//! Initial weights of any network, drawn as Keras or as PyTorch draws them.

use burn::{
    Tensor,
    module::{Module, ModuleMapper, Param},
    tensor::TensorData,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The law of a network's initial weights.
///
/// Our layers are born as Keras' are. This draws the weights of a whole network anew, ours or a student's: kernels and
/// biases of dense layers, convolutions and transposed convolutions (burn's and ours). Normalisations start at γ = 1,
/// β = 0, mean 0 and variance 1 in both libraries. Parameters that belong to none of these layers stay as they are.
///
/// | layer | Keras | PyTorch |
/// |---|---|---|
/// | kernel | Glorot: uniform on ±√(6 / (fan in + fan out)) | Kaiming with a = √5: uniform on ±1/√(fan in) |
/// | bias | 0 | uniform on ±1/√(fan in) |
///
/// The fans are those of each library: kernel area times channels in or out; PyTorch counts the channels that come
/// *out* of a transposed convolution as its fan in.
///
/// # Source
/// X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010;
/// K. He et al., *Delving Deep into Rectifiers*, ICCV 2015; the documentation of `keras.layers.Dense` and `torch.nn.Linear`.
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::{Initialization, StandardCnnConfig}};
///
/// let model = StandardCnnConfig::new().init(&Device::flex());
/// let model = Initialization::Pytorch.apply(model, 42);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialization {
    /// Keras' defaults.
    Keras,
    /// PyTorch's defaults.
    Pytorch,
}

impl Initialization {
    /// `model` (plain) with weights drawn from `seed`: the same whatever the device's generator.
    pub fn apply<M: Module>(self, model: M, seed: u64) -> M {
        self.draw(model, seed, false)
    }

    /// [`apply`](Self::apply), in which the parameters of unknown layers are drawn too: nothing of what `model` held is left.
    pub(crate) fn redraw<M: Module>(self, model: M, seed: u64) -> M {
        self.draw(model, seed, true)
    }

    fn draw<M: Module>(self, model: M, seed: u64, unknown: bool) -> M {
        // `valid` gives batch norms statistics that no copy of the model shares.
        model.valid().map(&mut Draw {
            law: self,
            unknown,
            rng: StdRng::seed_from_u64(seed),
            path: Vec::new(),
            fan_in: 1,
        })
    }

    /// Half width of the uniform law of a kernel.
    fn kernel_bound(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Self::Keras => (6.0 / (fan_in + fan_out) as f64).sqrt(),
            Self::Pytorch => 1.0 / (fan_in as f64).sqrt(),
        }
    }

    /// Half width of the uniform law of a bias.
    fn bias_bound(self, fan_in: usize) -> f64 {
        match self {
            Self::Keras => 0.0,
            Self::Pytorch => 1.0 / (fan_in as f64).sqrt(),
        }
    }
}

/// Draws parameter after parameter.
struct Draw {
    law: Initialization,
    unknown: bool,
    rng: StdRng,
    /// Name of each field on the way, and of the struct it belongs to.
    path: Vec<(String, String)>,
    /// Of the kernel before: the bias follows it.
    fan_in: usize,
}

/// Where a parameter stands in its layer.
enum Role {
    Kernel { fan_in: usize, fan_out: usize },
    Bias,
    Constant(f32),
    Unknown,
}

impl Draw {
    fn role(&self, shape: &[usize]) -> Role {
        let (name, layer) = match self.path.last() {
            Some((name, layer)) => (name.as_str(), layer.as_str()),
            None => return Role::Unknown,
        };
        let area: usize = shape.iter().skip(2).product();
        let fans = |fan_in: usize, fan_out: usize| Role::Kernel {
            fan_in: (fan_in * area).max(1),
            fan_out: (fan_out * area).max(1),
        };
        match (name, layer, shape) {
            // `[values in, values out]`
            ("weight", "Struct:Linear", [inputs, outputs]) => fans(*inputs, *outputs),
            // `[channels out, channels in / groups, …]`
            ("weight", "Struct:Conv1d" | "Struct:Conv2d", [outputs, inputs, ..]) => {
                fans(*inputs, *outputs)
            }
            // `[channels in, channels out / groups, …]`: both libraries see `[fan out, fan in]` there.
            (
                "weight",
                "Struct:ConvTranspose1d" | "Struct:ConvTranspose2d",
                [inputs, outputs, ..],
            ) => fans(*outputs, *inputs),
            (
                "bias",
                "Struct:Linear"
                | "Struct:Conv1d"
                | "Struct:Conv2d"
                | "Struct:ConvTranspose1d"
                | "Struct:ConvTranspose2d",
                _,
            ) => Role::Bias,
            ("gamma" | "running_var", _, [_]) => Role::Constant(1.0),
            ("beta" | "running_mean", _, [_]) => Role::Constant(0.0),
            _ => Role::Unknown,
        }
    }

    fn uniform(&mut self, count: usize, bound: f64) -> Vec<f32> {
        (0..count)
            .map(|_| (bound * self.rng.random_range(-1.0..=1.0)) as f32)
            .collect()
    }
}

impl ModuleMapper for Draw {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.shape();
        let count = shape.num_elements();
        let values = match self.role(&shape.to_vec()) {
            Role::Kernel { fan_in, fan_out } => {
                self.fan_in = fan_in;
                self.uniform(count, self.law.kernel_bound(fan_in, fan_out))
            }
            Role::Bias => self.uniform(count, self.law.bias_bound(self.fan_in)),
            Role::Constant(value) => vec![value; count],
            Role::Unknown if self.unknown => {
                let fan_in = count / shape.to_vec().first().copied().unwrap_or(1).max(1);
                self.uniform(count, self.law.kernel_bound(fan_in.max(1), fan_in.max(1)))
            }
            Role::Unknown => return param,
        };
        param.map(|tensor| {
            let device = tensor.device();
            Tensor::from_data(TensorData::new(values, tensor.shape()), &device)
        })
    }
}
