//! What the tests of models share: seeds, values, small synthetic images, finite differences.
#![allow(dead_code)] // no test uses all of it

use std::sync::{Mutex, MutexGuard};

use visages::{
    burn::{
        module::{Module, ModuleMapper, ModuleVisitor, Param},
        optim::GradientsParams,
        prelude::*,
        tensor::DType,
    },
    data::{DetectionLoader, ImageStore},
    models::{DbVae, DbVaeConfig},
};

/// Side of the synthetic images, in pixels.
pub const SIDE: usize = 16;

/// Tests of one process share the device's random generator: those that depend on it take turns.
static GENERATOR: Mutex<()> = Mutex::new(());

pub fn seeded(seed: u64) -> MutexGuard<'static, ()> {
    let guard = GENERATOR
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    Device::flex().seed(seed);
    guard
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

pub fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance, "{found:?} ≠ {expected:?}");
    }
}

/// « Faces »: a disc on a dark ground, pale in nine images out of ten and red in the tenth. The
/// others: the ground alone.
pub fn discs(count: usize, disc: bool) -> ImageStore {
    let mut store = ImageStore::new(SIDE, SIDE);
    for image in 0..count {
        let colour = if image % 10 == 0 {
            [180, 0, 0]
        } else {
            [180; 3]
        };
        let pixels: Vec<u8> = (0..SIDE * SIDE * 3)
            .map(|i| {
                let (row, column) = (i / 3 / SIDE, i / 3 % SIDE);
                let far = row.abs_diff(7 + image % 3).pow(2) + column.abs_diff(7).pow(2);
                let ground = ((image * 31 + i * 7 + i * i / 5 + image * i) % 64) as u8;
                if disc && far < 20 {
                    ground + colour[i % 3]
                } else {
                    ground
                }
            })
            .collect();
        store.push(&pixels).unwrap();
    }
    store
}

pub fn loader() -> DetectionLoader {
    DetectionLoader::new(&discs(80, true), &discs(80, false), 0.25, 1).unwrap()
}

/// A DB-VAE for the images above.
pub fn small_db_vae() -> DbVae {
    DbVaeConfig::new()
        .with_latent_dim(4)
        .with_n_filters(4)
        .with_image_size(SIDE)
        .with_n_hidden(32)
        .init(&Device::flex())
}

/// Turns every parameter into 64-bit floats, and adds `delta` to one value of one parameter;
/// parameters are numbered in visiting order.
struct Nudge {
    parameter: usize,
    element: usize,
    delta: f64,
    next: usize,
}

impl ModuleMapper for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let delta = if self.next == self.parameter {
            self.delta
        } else {
            0.0
        };
        self.next += 1;
        param.map(|tensor| {
            let (shape, device) = (tensor.shape(), tensor.device());
            let mut data = tensor.try_into_vec_as::<f64>().unwrap();
            if delta != 0.0 {
                data[self.element] += delta;
            }
            Tensor::from_data(TensorData::new(data, shape), (&device, DType::F64))
        })
    }
}

/// Gradients and paths in visiting order; no gradient for the batch-norm statistics.
struct Collect<'a> {
    gradients: &'a GradientsParams,
    path: Vec<String>,
    found: Vec<(String, Option<Vec<f32>>)>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = self.gradients.get::<D>(param.id).map(values);
        self.found.push((self.path.join("."), gradient));
    }
}

/// The gradient of every parameter of `model` (plain) for `loss` of the model in training mode.
pub fn gradients<M: Module>(
    model: &M,
    loss: impl Fn(&M) -> Tensor<1>,
) -> Vec<(String, Option<Vec<f32>>)> {
    let trained = model.clone().train();
    let gradients = GradientsParams::from_grads(loss(&trained).backward(), &trained);
    let mut collect = Collect {
        gradients: &gradients,
        path: Vec::new(),
        found: Vec::new(),
    };
    trained.visit(&mut collect);
    collect.found
}

/// Relative distance between gradients and central differences, over a few values of every
/// parameter whose path begins with `prefix`; also how many values were compared.
///
/// All is computed with 64-bit floats: `loss` must bring its images as such. The step is then so
/// small that no ReLU changes sides.
pub fn gradient_error<M: Module>(
    model: &M,
    loss: impl Fn(&M) -> Tensor<1>,
    prefix: &str,
) -> (f64, usize) {
    const STEP: f64 = 1e-6;
    let nudged = |parameter: usize, element: usize, delta: f64| {
        model.clone().map(&mut Nudge {
            parameter,
            element,
            delta,
            next: 0,
        })
    };
    let found = gradients(&nudged(0, 0, 0.0), &loss);
    let (mut error, mut norm, mut compared) = (0.0_f64, 0.0_f64, 0);
    for (parameter, (path, gradient)) in found.iter().enumerate() {
        let Some(gradient) = gradient.as_ref().filter(|_| path.starts_with(prefix)) else {
            continue;
        };
        for element in (0..gradient.len()).step_by(gradient.len().div_ceil(4)) {
            let at = |delta: f64| -> f64 {
                loss(&nudged(parameter, element, delta).train()).into_scalar()
            };
            let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            error += (difference - f64::from(gradient[element])).powi(2);
            norm += difference.powi(2);
            compared += 1;
        }
    }
    ((error / norm).sqrt(), compared)
}
