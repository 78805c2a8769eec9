//! Weights, images and noise from formulas, the same in the peers' scripts: nothing is read from a
//! file, and both sides start from the same numbers.

use visages::burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
};

/// `0.5 + 0.5 · sin(0.013 · i)`, `[batch, 3, side, side]`.
pub fn images(batch: usize, side: usize, device: &Device) -> Tensor<4> {
    wave([batch, 3, side, side], device, |i| {
        0.5 + 0.5 * f64::sin(0.013 * i)
    })
}

/// 1, 0, 1, 0…, `[batch]`.
pub fn labels(batch: usize, device: &Device) -> Tensor<1> {
    wave([batch], device, |i| 1.0 - i % 2.0)
}

/// `sin(1.7 · i + 5)`, in place of what a network draws; `[batch, latent]`.
pub fn noise(batch: usize, latent: usize, device: &Device) -> Tensor<2> {
    wave([batch, latent], device, |i| f64::sin(1.7 * i + 5.0))
}

/// A tensor whose value number `i`, in row-major order, is `value(i)`.
pub fn wave<const D: usize>(
    shape: [usize; D],
    device: &Device,
    value: impl Fn(f64) -> f64,
) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let data: Vec<f32> = (0..count).map(|i| value(i as f64) as f32).collect();
    Tensor::from_data(TensorData::new(data, shape), device)
}

/// The model with the formula's weights: with `s = sin(0.37·j² + number)`, `j = i mod 9973`, `i` the
/// index of a value and `number` that of the tensor in visiting order, a kernel is `s·√(2 / fan)`,
/// a bias `s / 20`, γ `1 + s / 5`, β and the running mean `s / 10`, the running variance `1 + 0.3·s`.
pub fn weights<M: Module>(model: M) -> M {
    weights_with_gain(model, 1.0)
}

/// [`weights`] with every γ times `gain`.
pub fn weights_with_gain<M: Module>(model: M, gain: f64) -> M {
    model.map(&mut Weights {
        gain,
        next: 0,
        path: Vec::new(),
    })
}

struct Weights {
    gain: f64,
    next: usize,
    path: Vec<String>,
}

impl ModuleMapper for Weights {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (number, gain) = (self.next as f64, self.gain);
        let name = self.path.last().cloned();
        self.next += 1;
        param.map(|tensor| {
            let shape = tensor.dims();
            let fan: usize = match D {
                4 => shape[1..].iter().product(),
                _ => shape[0],
            };
            let scale = (2.0 / fan as f64).sqrt();
            let value = |i: f64| {
                let j = i % 9973.0;
                let s = f64::sin(0.37 * (j * j) + number);
                match name.as_deref() {
                    Some("bias") => s / 20.0,
                    Some("gamma") => gain * (1.0 + s / 5.0),
                    Some("beta" | "running_mean") => s / 10.0,
                    Some("running_var") => 1.0 + 0.3 * s,
                    _ => s * scale,
                }
            };
            wave(shape, &tensor.device(), value)
        })
    }
}
