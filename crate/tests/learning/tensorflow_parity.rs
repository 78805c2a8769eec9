//! The standard CNN and the DB-VAE against TensorFlow: outputs, losses and gradients of the same
//! weights on the same images, in evaluation mode (running statistics) and in training mode (batch
//! statistics). The numbers come from `fixtures/tensorflow_parity.py`, the formulas of weights,
//! images and noise are the same on both sides.

use crate::support::{gradients, seeded, values};
use visages::{
    burn::{
        module::{Module, ModuleMapper, Param},
        prelude::*,
        tensor::DType,
    },
    models::{DbVae, DbVaeConfig, StandardCnn, StandardCnnConfig, num_trainable_params},
    train::{KL_WEIGHT, binary_cross_entropy_with_logits, debiasing_loss, vae_loss},
};

const FIXTURE: &str = include_str!("../fixtures/tensorflow_parity.json");
const BATCH: usize = 4;
const LATENT: usize = 100;

fn device() -> Device {
    Device::flex()
}

/// `sin(0.37·j² + number)`, j = i mod 9973.
fn chirp(index: usize, number: usize) -> f64 {
    let j = index % 9973;
    f64::sin(0.37 * (j * j) as f64 + number as f64)
}

pub(crate) fn wave<const D: usize>(shape: [usize; D], value: impl Fn(f64) -> f64) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let data: Vec<f64> = (0..count).map(|i| value(i as f64)).collect();
    Tensor::from_data(TensorData::new(data, shape), (&device(), DType::F64))
}

/// What both networks are given, on a device with autodiff when they train.
struct Inputs {
    images: Tensor<4>,
    labels: Tensor<1>,
    noise: Tensor<2>,
}

impl Inputs {
    fn new(dtype: DType, training: bool) -> Self {
        let images = wave([BATCH, 3, 64, 64], |i| 0.5 + 0.5 * f64::sin(0.013 * i)).cast(dtype);
        let labels = wave([BATCH], |i| 1.0 - i % 2.0).cast(dtype);
        let noise = wave([BATCH, LATENT], |i| f64::sin(1.7 * i + 5.0)).cast(dtype);
        match training {
            true => Self {
                images: images.autodiff(),
                labels: labels.autodiff(),
                noise: noise.autodiff(),
            },
            false => Self {
                images,
                labels,
                noise,
            },
        }
    }
}

/// Gives every tensor of a model its values, in visiting order.
struct Formula {
    dtype: DType,
    next: usize,
    path: Vec<String>,
}

impl ModuleMapper for Formula {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (number, name) = (self.next, self.path.last().cloned().unwrap_or_default());
        self.next += 1;
        param.map(|tensor| {
            let shape = tensor.dims();
            let fan: usize = match D {
                4 => shape[1..].iter().product(),
                _ => shape[0],
            };
            let value = |s: f64| match name.as_str() {
                "weight" => s * (2.0 / fan as f64).sqrt(),
                "bias" => s / 20.0,
                "gamma" => 1.0 + s / 5.0,
                "beta" | "running_mean" => s / 10.0,
                "running_var" => 1.0 + 0.3 * s,
                other => panic!("tenseur inattendu : {other}"),
            };
            let count = shape.iter().product();
            let data: Vec<f64> = (0..count).map(|i| value(chirp(i, number))).collect();
            Tensor::from_data(TensorData::new(data, shape), (&tensor.device(), self.dtype))
        })
    }
}

pub(crate) fn with_formula<M: Module>(model: M, dtype: DType) -> M {
    model.map(&mut Formula {
        dtype,
        next: 0,
        path: Vec::new(),
    })
}

/// TensorFlow's numbers for one network in one mode.
pub(crate) struct Expected(pub(crate) serde_json::Value);

impl Expected {
    fn of(network: &str, training: bool) -> Self {
        let mode = if training { "training" } else { "inference" };
        let whole: serde_json::Value = serde_json::from_str(FIXTURE).unwrap();
        Self(whole[format!("{network}_{mode}")].clone())
    }

    pub(crate) fn list(&self, name: &str) -> Vec<f64> {
        let list = self.0[name].as_array().unwrap_or_else(|| panic!("{name}"));
        list.iter().map(|value| value.as_f64().unwrap()).collect()
    }

    /// Compares to 1e-4, relative to the largest number of the list.
    pub(crate) fn check<const D: usize>(&self, name: &str, found: Tensor<D>) {
        let found: Vec<f64> = values(found).into_iter().map(f64::from).collect();
        self.check_values(name, &found, 1e-4);
    }

    pub(crate) fn check_values(&self, name: &str, found: &[f64], tolerance: f64) {
        let expected = self.list(name);
        assert_eq!(found.len(), expected.len(), "{name}");
        let scale = expected.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
        for (index, (a, b)) in found.iter().zip(&expected).enumerate() {
            assert!(
                (a - b).abs() <= tolerance * scale,
                "{name}[{index}] : {a} ≠ {b}"
            );
        }
    }

    /// Norms of the gradients, computed here with 64-bit floats: with 32-bit ones a few of the
    /// differences and activations near 0 change sides.
    pub(crate) fn check_gradients(&self, found: Vec<(String, Option<Vec<f32>>)>) {
        let found: Vec<(String, f64)> = found
            .into_iter()
            .filter_map(|(path, gradient)| {
                let squares = gradient?.into_iter().map(|g| f64::from(g).powi(2));
                Some((path, squares.sum::<f64>().sqrt()))
            })
            .collect();
        let expected = self.list("gradient_norms");
        assert_eq!(found.len(), expected.len());
        for ((path, norm), expected) in found.iter().zip(expected) {
            assert!(
                (norm / expected - 1.0).abs() < 1e-3,
                "{path} : {norm} ≠ {expected}"
            );
        }
    }
}

fn cnn_outputs(model: &StandardCnn, inputs: Inputs) -> (Tensor<2>, Tensor<1>) {
    let logits = model.forward(inputs.images);
    let losses =
        binary_cross_entropy_with_logits(logits.clone().reshape([BATCH]), inputs.labels).unwrap();
    (logits, losses)
}

#[test]
fn the_standard_cnn_equals_tensorflows() {
    let _generator = seeded(0);
    for training in [false, true] {
        let expected = Expected::of("cnn", training);
        let model = StandardCnnConfig::new().init(&device());
        assert_eq!(expected.0["parameters"], num_trainable_params(&model));
        let ready = in_mode(with_formula(model.clone(), DType::F32), training);
        let (logits, losses) = cnn_outputs(&ready, Inputs::new(DType::F32, training));
        expected.check("logits", logits);
        expected.check("losses", losses);
        if training {
            let model = with_formula(model, DType::F64);
            expected.check_gradients(gradients(&model, |model| {
                cnn_outputs(model, Inputs::new(DType::F64, true)).1.mean()
            }));
        }
    }
}

pub(crate) fn in_mode<M: Module>(model: M, training: bool) -> M {
    if training {
        model.train()
    } else {
        model.valid()
    }
}

/// What `encode`, `decode` and the losses make of the inputs.
struct Outputs {
    y_logit: Tensor<2>,
    mean: Tensor<2>,
    logvar: Tensor<2>,
    recon: Tensor<4>,
    vae: Tensor<1>,
    classification: Tensor<1>,
    total: Tensor<1>,
}

impl Outputs {
    fn new(model: &DbVae, inputs: Inputs) -> Self {
        let x = inputs.images;
        let (y_logit, mean, logvar) = model.encode(x.clone());
        // The draw with the fixture's noise in place of a random one.
        let z = mean.clone() + (logvar.clone() * 0.5).exp() * inputs.noise;
        let recon = model.decode(z);
        let vae = vae_loss(
            x.clone(),
            recon.clone(),
            mean.clone(),
            logvar.clone(),
            KL_WEIGHT,
        );
        let (total, classification) = debiasing_loss(
            x,
            recon.clone(),
            inputs.labels,
            y_logit.clone(),
            mean.clone(),
            logvar.clone(),
        )
        .unwrap();
        Self {
            y_logit,
            mean,
            logvar,
            recon,
            vae: vae.unwrap(),
            classification,
            total,
        }
    }
}

#[test]
fn the_db_vae_equals_tensorflows() {
    let _generator = seeded(0);
    for training in [false, true] {
        let expected = Expected::of("db_vae", training);
        let model = DbVaeConfig::new().init(&device());
        assert_eq!(expected.0["parameters"], num_trainable_params(&model));
        let ready = in_mode(with_formula(model.clone(), DType::F32), training);
        let found = Outputs::new(&ready, Inputs::new(DType::F32, training));
        expected.check("logits", found.y_logit);
        expected.check("means", found.mean.slice([0..1, 0..10]));
        expected.check("logvars", found.logvar.slice([1..2, 0..10]));
        let pixels = values(found.recon);
        let averages: Vec<f64> = pixels
            .chunks(pixels.len() / BATCH)
            .map(|image| image.iter().map(|p| f64::from(*p)).sum::<f64>() / image.len() as f64)
            .collect();
        expected.check_values("mean_of_recon", &averages, 1e-5);
        let some: Vec<f64> = pixels.iter().step_by(1543).map(|p| f64::from(*p)).collect();
        expected.check_values("pixels", &some, 1e-4);
        expected.check("vae_losses", found.vae);
        expected.check("classification_losses", found.classification);
        expected.check("total_loss", found.total);
        if training {
            let model = with_formula(model, DType::F64);
            expected.check_gradients(gradients(&model, |model| {
                Outputs::new(model, Inputs::new(DType::F64, true)).total
            }));
        }
    }
}
