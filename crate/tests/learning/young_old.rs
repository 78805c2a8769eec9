//! The young/old network against PyTorch (`fixtures/pytorch_young_old.py`): forward, loss, gradients, ten steps,
//! initial weights; and gradients that reach the image.

use crate::support::{seeded, values};
use serde_json::Value;
use visages::{
    burn::{
        module::{Module, ModuleMapper, ModuleVisitor, Param},
        optim::GradientsParams,
        prelude::*,
    },
    models::{Initialization, YoungOldCnn, YoungOldCnnConfig},
    train::{FitConfig, SgdConfig, Trainer, softmax_cross_entropy},
};

const FIXTURE: &str = include_str!("../fixtures/pytorch_young_old.json");
const STEPS: usize = 10;
/// Parameters in PyTorch's order, and the values that come into each neuron of the layer.
const PARAMETERS: [(&str, usize); 10] = [
    ("conv1.weight", 27),
    ("conv1.bias", 27),
    ("conv2.weight", 288),
    ("conv2.bias", 288),
    ("fc1.weight", 18_496),
    ("fc1.bias", 18_496),
    ("fc2.weight", 256),
    ("fc2.bias", 256),
    ("fc3.weight", 128),
    ("fc3.bias", 128),
];

fn fixture() -> Value {
    serde_json::from_str(FIXTURE).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// Numbers in [-1, 1[ from a hash of their places, as in the fixture's script.
fn hashed(count: usize, salt: u32) -> impl Iterator<Item = f64> {
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

/// The path of each parameter on the way through a module.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// Its place in [`PARAMETERS`].
    fn place(&self) -> usize {
        let path = self.0.join(".");
        let known = PARAMETERS.iter().position(|(name, _)| *name == path);
        known.unwrap_or_else(|| panic!("{path}"))
    }
}

/// Gives every parameter the values of the fixture's script.
#[derive(Default)]
struct Fill(Path);

impl ModuleMapper for Fill {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.0.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.0.0.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let place = self.0.place();
        let bound = 1.0 / (PARAMETERS[place].1 as f64).sqrt();
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

/// A matrix of `rows` × `columns`, by columns.
fn transposed(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let column = |column| (0..rows).map(move |row| matrix[row * columns + column]);
    (0..columns).flat_map(column).collect()
}

/// The values of every parameter, in the order of [`PARAMETERS`].
struct Read<'a> {
    path: Path,
    gradients: Option<&'a GradientsParams>,
    found: Vec<Vec<f32>>,
}

impl ModuleVisitor for Read<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.gradients {
            Some(gradients) => gradients.get::<D>(param.id).unwrap(),
            None => param.val(),
        };
        self.found[self.path.place()] = values(tensor);
    }
}

fn read(model: &YoungOldCnn, gradients: Option<&GradientsParams>) -> Vec<Vec<f32>> {
    let mut read = Read {
        path: Path::default(),
        gradients,
        found: vec![Vec::new(); PARAMETERS.len()],
    };
    model.visit(&mut read);
    read.found
}

fn norm(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

/// The network of the fixture, nothing dropped.
fn network() -> YoungOldCnn {
    let model = YoungOldCnnConfig::new().with_dropout([0.0; 3]);
    model.init(&Device::flex()).map(&mut Fill::default())
}

fn images(device: &Device) -> Tensor<4> {
    let count = 3 * 75 * 75;
    let light = [0.2, 0.8, 0.6, 0.4];
    let pixels: Vec<f32> = hashed(4 * count, 100)
        .enumerate()
        // Rounded to 32 bits before the light is added, as in the script.
        .map(|(at, value)| (f64::from((0.2 * value) as f32) + light[at / count]) as f32)
        .collect();
    Tensor::from_data(TensorData::new(pixels, [4, 3, 75, 75]), device)
}

fn loss(model: &YoungOldCnn, images: Tensor<4>) -> visages::Result<Tensor<1>> {
    let labels = Tensor::<1, Int>::from_data([0, 1, 1, 0], &images.device());
    Ok(softmax_cross_entropy(model.forward(images), labels)?.mean())
}

fn assert_near(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (f64::from(*a) - b).abs() < tolerance,
            "{found:?} ≠ {expected:?}"
        );
    }
}

#[test]
fn answers_loss_and_gradients_are_those_of_pytorch() {
    let _generator = seeded(0);
    let fixture = fixture();
    let device = Device::flex();
    let model = network();
    let logits = values(model.forward(images(&device)));
    assert_near(&logits, &numbers(&fixture["logits"]), 1e-6);
    let trained = model.train();
    let loss = loss(&trained, images(&device).autodiff()).unwrap();
    let first = number(&fixture["losses"][0]);
    assert!((loss.clone().into_scalar::<f64>() - first).abs() < 1e-6);
    let gradients = GradientsParams::from_grads(loss.backward(), &trained);
    for ((name, _), gradient) in PARAMETERS.iter().zip(read(&trained, Some(&gradients))) {
        let (found, expected) = (
            norm(gradient.into_iter()),
            number(&fixture["gradients"][*name]),
        );
        assert!(
            (found / expected - 1.0).abs() < 1e-4,
            "{name}: {found} ≠ {expected}"
        );
    }
}

#[test]
fn ten_steps_of_sgd_with_momentum_are_those_of_pytorch() {
    let _generator = seeded(0);
    let fixture = fixture();
    let before = read(&network(), None);
    let config = FitConfig::new()
        .with_epochs(1)
        .with_learning_rate(0.01)
        .with_optimizer(SgdConfig::new().with_momentum(0.5))
        .with_progress(false);
    let trainer = Trainer::new(network(), |epoch| {
        let batch = images(&epoch.device);
        Ok(std::iter::repeat_n(batch, STEPS).map(Ok))
    });
    let fitted = trainer
        .with_loss(|model, images| loss(model, images.clone()))
        .fit(&config)
        .unwrap();
    let losses: Vec<f32> = fitted.history.losses().iter().map(|l| *l as f32).collect();
    assert_near(&losses, &numbers(&fixture["losses"]), 2e-6);
    let last = values(fitted.model.forward(images(&Device::flex())));
    assert_near(&last, &numbers(&fixture["last_logits"]), 1e-5);
    let after = read(&fitted.model, None);
    for (((name, _), before), after) in PARAMETERS.iter().zip(&before).zip(&after) {
        let moved = norm(before.iter().zip(after).map(|(a, b)| b - a));
        let expected = number(&fixture["moved"][*name]);
        assert!(
            (moved / expected - 1.0).abs() < 1e-3,
            "{name}: {moved} ≠ {expected}"
        );
    }
}

#[test]
fn initial_weights_have_the_bounds_and_moments_of_pytorchs() {
    let _generator = seeded(0);
    let fixture = fixture();
    let model = YoungOldCnnConfig::new().init(&Device::flex());
    let ours = read(&Initialization::Pytorch.apply(model, 7), None);
    for ((name, fan), values) in PARAMETERS.iter().zip(&ours) {
        let bound = 1.0 / (*fan as f64).sqrt();
        let largest = |values: &[f32]| values.iter().fold(0.0_f64, |a, v| a.max(v.abs().into()));
        let count = values.len() as f64;
        let square = norm(values.iter().copied()).powi(2) / count;
        let theirs = &fixture["initialization"][*name];
        // A uniform law: mean square bound²/3, whose estimate has a standard deviation of bound² √(4/45n).
        let spread = 5.0 * bound.powi(2) * (4.0 / 45.0 / count).sqrt();
        for (library, largest, square) in [
            ("ours", largest(values), square),
            ("PyTorch", number(&theirs["max"]), number(&theirs["square"])),
        ] {
            assert!(
                largest <= bound * (1.0 + 1e-6),
                "{library}, {name}: {largest}"
            );
            assert!(
                (square - bound.powi(2) / 3.0).abs() < spread,
                "{library}, {name}: {square}"
            );
            if count > 100.0 {
                assert!(largest > 0.9 * bound, "{library}, {name}: {largest}");
            }
        }
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        assert!(
            mean.abs() < 5.0 * bound / (3.0 * count).sqrt(),
            "{name}: {mean}"
        );
    }
}

/// Climbs the first logit from an image: what the lab's last question does.
fn ascend(model: &YoungOldCnn, start: Tensor<4>, steps: usize) -> (Tensor<4>, Vec<f32>) {
    // In evaluation mode nothing is dropped, and weights are constants: only the image gets a gradient.
    let model = model.valid();
    let mut image = start;
    let mut logits = Vec::new();
    for _ in 0..steps {
        let x = image.clone().autodiff().require_grad();
        let logit = model.forward(x.clone()).slice([0..1, 0..1]).sum();
        logits.push(logit.clone().into_scalar());
        let gradient = x.grad(&logit.backward()).unwrap();
        let size = gradient.clone().abs().mean();
        image = (image + gradient / size.reshape([1, 1, 1, 1]) * 0.01).clamp(0.0, 1.0);
    }
    (image, logits)
}

#[test]
fn gradient_ascent_reaches_the_image_and_leaves_the_weights() {
    let _generator = seeded(0);
    let device = Device::flex();
    // Dropout stays in the network: evaluation mode alone turns it off.
    let model = Initialization::Pytorch.apply(YoungOldCnnConfig::new().init(&device), 3);
    for start in [
        images(&device).narrow(0, 0, 1),
        Tensor::full([1, 3, 75, 75], 0.5, &device),
    ] {
        let before = read(&model, None);
        // From a network as it was trained, dropout on.
        let (image, logits) = ascend(&model.clone().train(), start.clone(), 20);
        assert_eq!(image.dims(), [1, 3, 75, 75]);
        assert!(!image.is_autodiff());
        let rises = logits.windows(2).filter(|pair| pair[1] > pair[0]).count();
        assert!(rises >= 18, "{logits:?}");
        let last: f32 = model
            .forward(image.clone())
            .slice([0..1, 0..1])
            .into_scalar();
        assert!(last > logits[0] + 0.05, "{logits:?}, {last}");
        // The same again: nothing is drawn.
        assert_eq!(ascend(&model.clone().train(), start, 20).1, logits);
        assert_eq!(read(&model, None), before);
    }
}
