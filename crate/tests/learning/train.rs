//! The loss by hand, the loop on small synthetic images, and what it refuses.

use crate::support::seeded;
use polars::prelude::DataType;
use visages::{
    Error, burn,
    burn::{optim::AdamConfig, prelude::*},
    data::{Batch, DetectionLoader, ImageStore, Labelled},
    device,
    host::StopFlag,
    models::{StandardCnn, StandardCnnConfig},
    ops::{Conv2d, Conv2dConfig, Linear, dense},
    polars::{self, prelude::df},
    train::{
        Classifier, Evaluation, FitConfig, History, LossHistory, accuracy,
        binary_cross_entropy_with_logits, evaluate, fit, predict_probabilities, train_step,
    },
};

const SIDE: usize = 16;

/// A reproducible byte for every index.
fn noise(index: usize) -> u8 {
    let mut x = index as u64 + 1;
    for _ in 0..3 {
        x = x
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        x ^= x >> 29;
    }
    (x >> 40) as u8
}

/// « Faces »: a pale disc on a dark noisy ground. The others: the noise alone.
fn images(count: usize, disc: bool) -> ImageStore {
    let mut store = ImageStore::new(SIDE, SIDE);
    for image in 0..count {
        let seed = (image * 2 + usize::from(disc)) * SIDE * SIDE * 3;
        let shift = image % 3;
        let pixels: Vec<u8> = (0..SIDE * SIDE * 3)
            .map(|i| {
                let (row, column) = (i / 3 / SIDE, i / 3 % SIDE);
                let far = row.abs_diff(7 + shift).pow(2) + column.abs_diff(7).pow(2);
                let base = noise(seed + i) / 4;
                if disc && far < 20 { base + 180 } else { base }
            })
            .collect();
        store.push(&pixels).unwrap();
    }
    store
}

fn loader() -> DetectionLoader {
    DetectionLoader::new(&images(60, true), &images(60, false), 0.25, 1).unwrap()
}

fn small_cnn() -> StandardCnn {
    StandardCnnConfig::new()
        .with_n_filters(4)
        .with_image_size(SIDE)
        .with_n_hidden(32)
        .init(&Device::flex())
}

fn quiet() -> FitConfig {
    FitConfig::new().with_batch_size(16).with_progress(false)
}

#[test]
fn the_loss_equals_hand_values_even_for_huge_logits() {
    let device = Device::flex().autodiff();
    let logits = [0.0, 2.0, -3.0, 1000.0, -1000.0, 1000.0, -1000.0];
    let labels = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0];
    let expected = [
        std::f32::consts::LN_2,
        2.126_928,
        3.048_587,
        0.0,
        0.0,
        1000.0,
        1000.0,
    ];
    let l = Tensor::<1>::from_data(logits, &device).require_grad();
    let loss =
        binary_cross_entropy_with_logits(l.clone(), Tensor::from_data(labels, &device)).unwrap();
    let gradients = loss.clone().sum().backward();
    let found: Vec<f32> = loss.try_into_vec_as().unwrap();
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-5 * expected.max(1.0),
            "{found} ≠ {expected}"
        );
    }
    // The gradient is σ(l) − y, also at l = 0.
    let slopes: Vec<f32> = l.grad(&gradients).unwrap().try_into_vec_as().unwrap();
    for ((slope, l), y) in slopes.iter().zip(logits).zip(labels) {
        let expected = 1.0 / (1.0 + f32::exp(-l)) - y;
        assert!(
            (slope - expected).abs() < 1e-5,
            "{slope} ≠ {expected} pour {l}"
        );
    }
}

#[test]
fn the_loss_refuses_a_silent_broadcast() {
    let device = Device::flex();
    let error =
        binary_cross_entropy_with_logits(Tensor::zeros([4], &device), Tensor::zeros([3], &device));
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("[4]") && message.contains("[3]"),
        "{message}"
    );
}

#[test]
fn smoothing_holds_more_and_more() {
    let mut history = LossHistory::new(0.99).unwrap();
    for loss in [1.0, 0.5, 0.0] {
        history.append(loss);
    }
    // α is 1/11 after one step, 2/12 after two.
    let expected = [1.0, 6.0 / 11.0, 1.0 / 11.0];
    for (found, expected) in history.get().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12);
    }
    // A short training is followed, a long one is smoothed as much as was asked.
    let mut short = LossHistory::new(0.99).unwrap();
    (0..100).for_each(|step| short.append(if step < 50 { 9.0 } else { 1.0 }));
    assert!(short.get()[99] < 1.05, "{:?}", short.get()[99]);
    let mut long = LossHistory::new(0.99).unwrap();
    (0..5_000).for_each(|_| long.append(1.0));
    long.append(2.0);
    assert!((long.get()[5_000] - 1.01).abs() < 1e-9);
    let mut raw = LossHistory::new(0.0).unwrap();
    raw.append(3.0);
    raw.append(1.0);
    assert_eq!(raw.get(), [3.0, 1.0]);
    for factor in [1.0, -0.1, f64::NAN] {
        assert!(LossHistory::new(factor).is_err(), "{factor}");
    }
}

#[test]
fn the_history_is_a_frame_with_fixed_columns() {
    let mut history = History::new(0.5).unwrap();
    history.push(1, 2.0);
    history.push(2, 1.0);
    let frame = history.frame().unwrap();
    assert_eq!(frame.shape(), (2, 4));
    let schema: Vec<(String, DataType)> = frame
        .schema()
        .iter()
        .map(|(name, kind)| (name.to_string(), kind.clone()))
        .collect();
    let expected = [
        ("step", DataType::UInt32),
        ("epoch", DataType::UInt32),
        ("loss", DataType::Float64),
        ("smoothed", DataType::Float64),
    ];
    assert_eq!(schema, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let smoothed: Vec<Option<f64>> = frame
        .column("smoothed")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(smoothed, [Some(2.0), Some(12.0 / 11.0)]);
}

#[test]
fn a_few_images_are_learnt_by_heart() {
    let _generator = seeded(0);
    let data = loader();
    let fitted = fit(
        small_cnn(),
        &data,
        &quiet().with_epochs(8).with_learning_rate(3e-3),
    )
    .unwrap();
    let history = &fitted.history;
    assert_eq!(history.len(), data.train_size() / 16 * 8);
    assert_eq!(history.epochs().last(), Some(&8));
    assert!(history.losses()[0] > 0.3, "{:?}", history.losses());
    let last = history.losses()[history.len() - 5..].iter().sum::<f64>() / 5.0;
    assert!(last < 0.05, "{last}");
    // What was never trained on is as easy here; the model comes back plain and in evaluation mode.
    let report = evaluate(&fitted.model, data.held_out(), 7, &Device::flex()).unwrap();
    assert!(report.accuracy > 0.95, "{report:?}");
    assert!(
        !fitted
            .model
            .forward(data.faces().to_tensor(&[0], &Device::flex()).unwrap())
            .is_autodiff()
    );
    assert!(!fitted.stopped && fitted.seconds > 0.0);
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let _generator = seeded(0);
    let data = loader();
    let model = small_cnn();
    let run = |seed: u64| {
        let config = quiet().with_seed(seed).with_max_steps(8);
        fit(model.clone(), &data, &config).unwrap().history
    };
    let (first, second, other) = (run(4), run(4), run(5));
    assert_eq!(first.len(), 8);
    for (a, b) in first.losses().iter().zip(second.losses()) {
        assert!((a - b).abs() < 1e-4, "{a} ≠ {b}");
    }
    let gap = |a: &History, b: &History| (a.losses()[3] - b.losses()[3]).abs();
    assert!(gap(&first, &other) > 1e-4);
}

#[test]
fn epochs_are_dealt_in_different_orders() {
    let _generator = seeded(0);
    let data = loader();
    let config = quiet()
        .with_learning_rate(1e-12)
        .with_epochs(2)
        .with_smoothing_factor(0.0);
    let history = fit(small_cnn(), &data, &config).unwrap().history;
    let half = history.len() / 2;
    // The model hardly moves, so equal batches would give equal losses.
    let same =
        (0..half).filter(|&i| (history.losses()[i] - history.losses()[i + half]).abs() < 1e-6);
    assert!(same.count() < half / 2);
    assert_eq!(history.smoothed(), history.losses());
}

#[test]
fn a_stop_request_returns_the_model_as_it_is() {
    let _generator = seeded(0);
    let data = loader();
    let stop = StopFlag::new();
    stop.request();
    let model = small_cnn();
    let image = data.faces().to_tensor(&[0], &Device::flex()).unwrap();
    let before: f32 = model.forward(image.clone()).into_scalar();
    let fitted = fit(model, &data, &quiet().with_stop(stop.clone())).unwrap();
    assert!(fitted.stopped && fitted.history.is_empty());
    assert_eq!(fitted.model.forward(image).into_scalar::<f32>(), before);
    stop.reset();
    assert!(!stop.is_requested());
}

#[test]
fn a_diverging_loss_stops_with_advice() {
    let _generator = seeded(0);
    let config = quiet().with_learning_rate(1e30).with_epochs(5);
    let error = fit(small_cnn(), &loader(), &config).unwrap_err();
    assert!(
        matches!(error, Error::Diverged { epoch: 1, .. }),
        "{error:?}"
    );
    let message = error.to_string();
    assert!(
        message.contains("learning_rate") && message.contains("époque 1"),
        "{message}"
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let _generator = seeded(0);
    let data = loader();
    for config in [
        quiet().with_epochs(0),
        quiet().with_batch_size(0),
        quiet().with_batch_size(3),
        quiet().with_batch_size(10_000),
        quiet().with_learning_rate(f64::NAN),
        quiet().with_learning_rate(-1.0),
        quiet().with_smoothing_factor(1.0),
    ] {
        let error = fit(small_cnn(), &data, &config).unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{error:?}");
    }
}

/// What a student writes in a cell.
#[derive(Module, Debug)]
struct Homework {
    conv: Conv2d,
    output: Linear,
}

impl Homework {
    fn new(outputs: usize) -> Self {
        let device = Device::flex();
        let conv = Conv2dConfig::new([3, 4], [5, 5])
            .with_stride([2, 2])
            .init(&device);
        Self {
            conv,
            output: dense(4 * 8 * 8, outputs, &device),
        }
    }
}

impl Classifier for Homework {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.output.forward(self.conv.forward(images).flatten(1, 3))
    }
}

#[test]
fn a_students_own_network_is_trained() {
    let _generator = seeded(0);
    let data = loader();
    let fitted = fit(Homework::new(1), &data, &quiet().with_epochs(3)).unwrap();
    assert!(fitted.history.losses().last() < fitted.history.losses().first());
    let message = fit(Homework::new(2), &data, &quiet())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("[16, 1]") && message.contains("[16, 2]"),
        "{message}"
    );
}

#[test]
fn a_step_wants_a_model_in_training_mode() {
    let _generator = seeded(0);
    let data = loader();
    let batch = data.batch(8, 1, &Device::flex()).unwrap();
    let mut optimizer = AdamConfig::new().init();
    let error = train_step(small_cnn(), &mut optimizer, &batch, 1e-3).unwrap_err();
    assert!(error.to_string().contains("model.train()"), "{error}");
    assert!(train_step(small_cnn().train(), &mut optimizer, &batch, 1e-3).is_ok());
}

#[test]
fn steps_agree_on_flex_and_ndarray() {
    let _generator = seeded(0);
    let ndarray = device::from_name("ndarray").unwrap();
    let data = loader();
    let model = small_cnn();
    let run = |model: StandardCnn, batch: Batch| -> Vec<f64> {
        let mut optimizer = AdamConfig::new().init();
        let mut model = model.train();
        let mut losses = Vec::new();
        for _ in 0..4 {
            let (updated, loss) = train_step(model, &mut optimizer, &batch, 1e-3).unwrap();
            model = updated;
            losses.push(loss);
        }
        losses
    };
    let flex = run(model.clone(), data.batch(8, 1, &Device::flex()).unwrap());
    let other = run(
        model.to_device(&ndarray),
        data.batch(8, 1, &ndarray).unwrap(),
    );
    assert!(other[3] < other[0], "{other:?}");
    for (a, b) in flex.iter().zip(&other) {
        assert!((a - b).abs() < 1e-3, "{flex:?} ≠ {other:?}");
    }
}

#[test]
fn predictions_do_not_depend_on_the_batch_or_the_mode() {
    let _generator = seeded(0);
    let device = Device::flex();
    let store = images(9, true);
    let model = small_cnn();
    let whole = predict_probabilities(&model, &store, 9, &device).unwrap();
    let pieces = predict_probabilities(&model, &store, 4, &device).unwrap();
    let training = predict_probabilities(&model.clone().train(), &store, 9, &device).unwrap();
    assert_eq!(whole.len(), 9);
    for (whole, (piece, training)) in whole.iter().zip(pieces.iter().zip(&training)) {
        assert!((whole - piece).abs() < 1e-6 && (whole - training).abs() < 1e-6);
        assert!((0.0..=1.0).contains(whole));
    }
    assert!(predict_probabilities(&model, &store, 0, &device).is_err());
    let none = predict_probabilities(&model, &ImageStore::new(SIDE, SIDE), 4, &device).unwrap();
    assert!(none.is_empty());
}

#[test]
fn rates_are_counted_by_hand() {
    // Faces: 0.9 found, 0.5 found (the threshold counts), 0.4 missed. Others: 0.6 alarm, 0.1 right.
    let probabilities = [0.9, 0.5, 0.4, 0.6, 0.1];
    let labels = [1, 1, 1, 0, 0];
    let report = Evaluation::new(&probabilities, &labels).unwrap();
    assert_eq!((report.faces, report.non_faces), (3, 2));
    assert!((report.accuracy - 0.6).abs() < 1e-12);
    assert_eq!(report.recall, Some(2.0 / 3.0));
    assert_eq!(report.false_positive_rate, Some(0.5));
    assert_eq!(accuracy(&probabilities, &labels).unwrap(), report.accuracy);
    // A detector of « faces everywhere » looks perfect on faces alone: its other rate is unknown.
    let faces_only = Evaluation::new(&[1.0, 1.0], &[1, 1]).unwrap();
    assert_eq!(
        (faces_only.recall, faces_only.false_positive_rate),
        (Some(1.0), None)
    );

    assert!(accuracy(&[0.5], &[1, 0]).is_err());
    assert!(accuracy(&[], &[]).is_err());
    assert!(accuracy(&[0.5], &[2]).is_err());
    for bad in [f32::NAN, 1.5, -0.1] {
        let error = accuracy(&[0.5, bad], &[1, 0]).unwrap_err();
        assert!(matches!(error, Error::NotAProbability { .. }), "{error:?}");
        assert!(error.to_string().contains("image 1"), "{error}");
    }
}

#[test]
fn a_broken_network_is_told_not_averaged() {
    let _generator = seeded(0);
    let mut network = Homework::new(1);
    let shape = network.output.weight.shape();
    network.output.weight =
        burn::module::Param::from_tensor(Tensor::full(shape, f32::NAN, &Device::flex()));
    let data = Labelled::new(images(2, true), df!("label" => [1, 1]).unwrap()).unwrap();
    let error = evaluate(&network, &data, 2, &Device::flex()).unwrap_err();
    assert!(matches!(error, Error::NotAProbability { .. }), "{error:?}");
}
