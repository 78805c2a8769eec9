//! What the tests against PyTorch share: numbers from a hash of their places, and parameters by their paths.

use crate::support::values;
use serde_json::Value;
use visages::burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    optim::GradientsParams,
    prelude::*,
};

/// Parameters in PyTorch's order, and the values that come into each neuron of the layer.
pub type Parameters = &'static [(&'static str, usize)];

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// Numbers in [-1, 1[ from a hash of their places, as in the fixtures' scripts.
pub fn hashed(count: usize, salt: u32) -> impl Iterator<Item = f64> {
    (0..count as u32).map(move |place| {
        let mut x = place.wrapping_add(salt.wrapping_mul(0x9E37_79B9));
        x ^= x >> 16;
        x = x.wrapping_mul(0x7FEB_352D);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846C_A68B);
        x ^= x >> 16;
        f64::from(x) / f64::from(1_u32 << 31) - 1.0
    })
}

/// A matrix of `rows` × `columns`, by columns.
pub fn transposed(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let column = |column| (0..rows).map(move |row| matrix[row * columns + column]);
    (0..columns).flat_map(column).collect()
}

pub fn norm(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

pub fn assert_near(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (f64::from(*a) - b).abs() < tolerance,
            "{found:?} ≠ {expected:?}"
        );
    }
}

/// Images that each have a light of their own, as in the fixtures' scripts.
pub fn images(side: usize, device: &Device) -> Tensor<4> {
    let count = 3 * side * side;
    let light = [0.2, 0.8, 0.6, 0.4];
    let pixels: Vec<f32> = hashed(4 * count, 100)
        .enumerate()
        // Rounded to 32 bits before the light is added, as in the script.
        .map(|(at, value)| (f64::from((0.2 * value) as f32) + light[at / count]) as f32)
        .collect();
    Tensor::from_data(TensorData::new(pixels, [4, 3, side, side]), device)
}

/// The path of each parameter on the way through a module.
struct Path {
    names: Vec<String>,
    parameters: Parameters,
}

impl Path {
    fn of(parameters: Parameters) -> Self {
        let names = Vec::new();
        Self { names, parameters }
    }

    /// Its place among the parameters.
    fn place(&self) -> usize {
        let path = self.names.join(".");
        let mut known = self.parameters.iter();
        let known = known.position(|(name, _)| *name == path);
        known.unwrap_or_else(|| panic!("{path}"))
    }
}

/// `model` with the values of the fixture's script: numbers of a hash, `gain` times PyTorch's bound.
pub fn filled<M: Module>(model: M, parameters: Parameters, gain: f64) -> M {
    let path = Path::of(parameters);
    model.map(&mut Fill { path, gain })
}

struct Fill {
    path: Path,
    gain: f64,
}

impl ModuleMapper for Fill {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.names.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let place = self.path.place();
        let bound = self.gain / (self.path.parameters[place].1 as f64).sqrt();
        param.map(|tensor| {
            let (shape, device) = (tensor.shape(), tensor.device());
            let count = shape.num_elements();
            let flat: Vec<f32> = hashed(count, place as u32 + 1)
                .map(|value| (bound * value) as f32)
                .collect();
            // PyTorch's dense kernels are [out, in], burn's [in, out].
            let values = match D {
                2 => transposed(&flat, shape[1], shape[0]),
                _ => flat,
            };
            Tensor::from_data(TensorData::new(values, shape), &device)
        })
    }
}

/// The values of every parameter, or its gradients, in the order of `parameters`; dense kernels as burn holds them.
pub fn read<M: Module>(
    model: &M,
    parameters: Parameters,
    gradients: Option<&GradientsParams>,
) -> Vec<Vec<f32>> {
    let mut read = Read {
        path: Path::of(parameters),
        gradients,
        found: vec![Vec::new(); parameters.len()],
    };
    model.visit(&mut read);
    read.found
}

struct Read<'a> {
    path: Path,
    gradients: Option<&'a GradientsParams>,
    found: Vec<Vec<f32>>,
}

impl ModuleVisitor for Read<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.names.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.gradients {
            Some(gradients) => gradients.get::<D>(param.id).unwrap(),
            None => param.val(),
        };
        self.found[self.path.place()] = values(tensor);
    }
}
