//! Optimizers, penalties, clipping and losses against PyTorch (`fixtures/pytorch_training.py`), and initial weights
//! against the laws they are drawn from.

use std::collections::BTreeMap;

use crate::support::{assert_close, seeded, values};
use serde_json::Value;
use visages::{
    Error, burn,
    burn::{
        module::{Module, Param},
        prelude::*,
        tensor::DType,
    },
    models::Initialization,
    ops::{
        BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
        Linear, dense,
    },
    train::{
        AdamConfig, AdamWConfig, Clipping, FitConfig, Fitted, Penalty, SgdConfig, Trainer,
        absolute_error, balanced_class_weights, gradient_step, huber_error, softmax_cross_entropy,
        squared_error, weighted_mean, weights_of_classes,
    },
};

const FIXTURE: &str = include_str!("../fixtures/pytorch_training.json");
const STEPS: usize = 10;

/// `scale · sin(1.7·i + phase)`.
fn wave<const D: usize>(shape: [usize; D], phase: f64, scale: f64, device: &Device) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let data: Vec<f64> = (0..count)
        .map(|i| scale * f64::sin(1.7 * i as f64 + phase))
        .collect();
    Tensor::from_data(TensorData::new(data, shape), (device, DType::F32))
}

fn numbers(value: &Value) -> Vec<f32> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|n| n.as_f64().unwrap() as f32).collect()
}

fn regression() -> Linear {
    let device = Device::flex();
    let mut line = dense(3, 2, &device);
    line.weight = Param::from_tensor(wave([3, 2], 0.4, 0.5, &device));
    line.bias = Some(Param::from_tensor(wave([2], 0.6, 0.1, &device)));
    line
}

fn config(learning_rate: f64) -> FitConfig {
    FitConfig::new()
        .with_epochs(1)
        .with_learning_rate(learning_rate)
        .with_progress(false)
}

fn ten_steps(config: &FitConfig) -> Fitted<Linear> {
    let trainer = Trainer::new(regression(), |epoch| {
        let x = wave::<2>([8, 3], 0.1, 1.0, &epoch.device);
        let y = wave::<2>([8, 2], 0.9, 2.0, &epoch.device);
        Ok(std::iter::repeat_n((x, y), STEPS).map(Ok))
    });
    trainer
        .with_loss(|line, (x, y)| Ok((line.forward(x.clone()) - y.clone()).square().mean()))
        .fit(config)
        .unwrap()
}

#[test]
fn ten_steps_are_those_of_pytorch() {
    let _generator = seeded(0);
    let sgd = |optimizer: SgdConfig| config(0.1).with_optimizer(optimizer);
    let adam = AdamConfig::new().with_epsilon(1e-7);
    let penalty = || Penalty::l2(0.05).on(["weight"]);
    let clipped = |clipping| sgd(SgdConfig::new()).with_clipping(clipping);
    let configs = BTreeMap::from([
        ("sgd", sgd(SgdConfig::new())),
        ("sgd_momentum", sgd(SgdConfig::new().with_momentum(0.9))),
        (
            "sgd_nesterov",
            sgd(SgdConfig::new().with_momentum(0.9).with_nesterov(true)),
        ),
        ("sgd_decay", sgd(SgdConfig::new().with_weight_decay(0.1))),
        ("sgd_penalty", sgd(SgdConfig::new()).with_penalty(penalty())),
        ("adam", config(0.05).with_optimizer(adam)),
        (
            "adam_decay",
            config(0.05).with_optimizer(adam.with_weight_decay(0.1)),
        ),
        (
            "adam_penalty",
            config(0.05).with_optimizer(adam).with_penalty(penalty()),
        ),
        (
            "adamw",
            config(0.05).with_optimizer(AdamWConfig::new().with_weight_decay(0.1)),
        ),
        ("clip_value", clipped(Clipping::Value(0.2))),
        ("clip_norm", clipped(Clipping::Norm(0.3))),
        ("clip_global_norm", clipped(Clipping::GlobalNorm(0.3))),
    ]);
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    let expected = fixture["optimizers"].as_object().unwrap();
    assert_eq!(
        expected.keys().map(String::as_str).collect::<Vec<_>>(),
        configs.keys().copied().collect::<Vec<_>>()
    );
    for (name, config) in configs {
        let fitted = ten_steps(&config);
        let expected = &expected[name];
        let losses: Vec<f32> = fitted.history.losses().iter().map(|l| *l as f32).collect();
        let found = [
            losses,
            values(fitted.model.weight.val()),
            values(fitted.model.bias.unwrap().val()),
        ];
        for (found, part) in found.iter().zip(["losses", "weight", "bias"]) {
            let expected = numbers(&expected[part]);
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                assert!(
                    (a - b).abs() < 2e-5,
                    "{name}, {part}: {found:?} ≠ {expected:?}"
                );
            }
        }
    }
}

#[test]
fn losses_are_those_of_pytorch() {
    let device = Device::flex();
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    let expected = &fixture["losses"];
    let logits = || wave::<2>([4, 3], 0.2, 2.0, &device);
    let classes = || Tensor::<1, Int>::from_data([2, 0, 1, 1], &device);
    let each = softmax_cross_entropy(logits(), classes()).unwrap();
    assert_close(
        &values(each.clone()),
        &numbers(&expected["cross_entropy"]),
        1e-5,
    );
    let weights = weights_of_classes(classes(), &[0.5, 1.0, 3.0]).unwrap();
    let mean: f32 = weighted_mean(each, weights).unwrap().into_scalar();
    let weighted = expected["weighted_cross_entropy"].as_f64().unwrap() as f32;
    assert!((mean - weighted).abs() < 1e-5, "{mean} ≠ {weighted}");

    let pair = || {
        (
            wave::<1>([6], 0.3, 3.0, &device),
            wave::<1>([6], 1.1, 1.0, &device),
        )
    };
    let (p, t) = pair();
    let found = values(absolute_error(p, t).unwrap());
    assert_close(&found, &numbers(&expected["l1"]), 1e-5);
    let (p, t) = pair();
    let found = values(squared_error(p, t).unwrap());
    assert_close(&found, &numbers(&expected["mse"]), 1e-4);
    let (p, t) = pair();
    let found = values(huber_error(p, t, 1.5).unwrap());
    assert_close(&found, &numbers(&expected["huber"]), 1e-5);
}

#[test]
fn losses_refuse_what_does_not_fit() {
    let device = Device::flex();
    let vector = |n: usize| Tensor::<1>::zeros([n], &device);
    for error in [
        absolute_error(vector(3), vector(2)).unwrap_err(),
        squared_error(vector(3), vector(2)).unwrap_err(),
        huber_error(vector(3), vector(2), 1.0).unwrap_err(),
        weighted_mean(vector(3), vector(2)).unwrap_err(),
        softmax_cross_entropy(
            Tensor::zeros([3, 2], &device),
            Tensor::from_data([0, 1], &device),
        )
        .unwrap_err(),
    ] {
        assert!(matches!(error, Error::Shape { .. }), "{error:?}");
    }
    assert!(huber_error(vector(2), vector(2), 0.0).is_err());
    assert!(balanced_class_weights(&[], 2).is_err());
    assert!(balanced_class_weights(&[0, 2], 2).is_err());
    assert_eq!(balanced_class_weights(&[1, 1], 2).unwrap(), [0.0, 0.5]);
}

#[test]
fn a_penalty_names_layers_that_are_there() {
    let _generator = seeded(0);
    let error = |penalty: Penalty| {
        let config = config(0.1).with_penalty(penalty);
        let trainer = Trainer::new(regression(), |epoch| {
            Ok(vec![Ok(Tensor::<2>::zeros([1, 3], &epoch.device))])
        });
        let trainer = trainer.with_loss(|line, x| Ok(line.forward(x.clone()).mean()));
        trainer.fit(&config).unwrap_err().to_string()
    };
    let message = error(Penalty::l2(0.1).on(["hiden"]));
    assert!(
        message.contains("« hiden »") && message.contains("« weight »"),
        "{message}"
    );
    assert!(error(Penalty::l2(-1.0)).contains("l2"));
    // A bias is no kernel.
    assert!(error(Penalty::l2(0.1).on(["bias"])).contains("aucun noyau"));
}

#[test]
fn a_step_of_ones_own_clips_together_by_itself() {
    let _generator = seeded(0);
    let config = config(0.1).with_clipping(Clipping::GlobalNorm(1.0));
    let trainer = Trainer::new(regression(), |epoch| {
        Ok(vec![Ok(wave::<2>([8, 3], 0.1, 1.0, &epoch.device))])
    });
    let error = trainer
        .with_step(|line: Linear, optimizer, x, rate| {
            let loss = line.forward(x.clone()).square().mean();
            gradient_step(line, optimizer, loss, rate)
        })
        .fit(&config)
        .unwrap_err();
    assert!(error.to_string().contains("clip_gradients"), "{error}");
}

/// Every layer whose weights are drawn, and what they are.
#[derive(Module, Debug)]
struct Layers {
    dense: Linear,
    conv: Conv2d,
    up: ConvTranspose2d,
    norm: BatchNorm,
    burn_dense: burn::nn::Linear,
    own: Param<Tensor<1>>,
}

impl Layers {
    fn new() -> Self {
        let device = Device::flex();
        Self {
            dense: dense(300, 200, &device),
            conv: Conv2dConfig::new([8, 64], [5, 5]).init(&device),
            up: ConvTranspose2dConfig::new([64, 8], [5, 5]).init(&device),
            norm: BatchNormConfig::new(4).init(&device),
            burn_dense: burn::nn::LinearConfig::new(300, 200).init(&device),
            own: Param::from_tensor(Tensor::full([3], 7.0, &device)),
        }
    }
}

/// The values look uniform on ±`bound`: none outside, the variance bound²/3, the mean 0.
fn assert_uniform<const D: usize>(tensor: Tensor<D>, bound: f64) {
    let values = values(tensor);
    let n = values.len() as f64;
    let largest = values
        .iter()
        .fold(0.0_f64, |a, v| a.max(f64::from(v.abs())));
    assert!(
        largest <= bound && largest > bound * (1.0 - 10.0 / n),
        "{largest} ≠ {bound}"
    );
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let variance = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n;
    // Five standard deviations of each estimate.
    assert!(mean.abs() < 5.0 * bound / (3.0 * n).sqrt(), "{mean}");
    let spread = 5.0 * bound.powi(2) * (4.0 / 45.0 / n).sqrt();
    assert!(
        (variance - bound.powi(2) / 3.0).abs() < spread,
        "{variance}"
    );
}

#[test]
fn weights_are_drawn_from_the_law_of_each_library() {
    let _generator = seeded(0);
    let keras = Initialization::Keras.apply(Layers::new(), 1);
    let glorot = |fans: usize| (6.0 / fans as f64).sqrt();
    assert_uniform(keras.dense.weight.val(), glorot(500));
    assert_uniform(keras.burn_dense.weight.val(), glorot(500));
    assert_uniform(keras.conv.weight.val(), glorot(25 * 72));
    assert_uniform(keras.up.weight.val(), glorot(25 * 72));
    for bias in [&keras.dense.bias, &keras.conv.bias, &keras.up.bias] {
        assert!(
            values(bias.as_ref().unwrap().val())
                .iter()
                .all(|b| *b == 0.0)
        );
    }

    let torch = Initialization::Pytorch.apply(Layers::new(), 1);
    let kaiming = |fan_in: usize| 1.0 / (fan_in as f64).sqrt();
    assert_uniform(torch.dense.weight.val(), kaiming(300));
    assert_uniform(torch.dense.bias.as_ref().unwrap().val(), kaiming(300));
    assert_uniform(torch.burn_dense.weight.val(), kaiming(300));
    assert_uniform(torch.conv.weight.val(), kaiming(25 * 8));
    assert_uniform(torch.conv.bias.as_ref().unwrap().val(), kaiming(25 * 8));
    // `torch.nn.ConvTranspose2d(64, 8, 5)` counts the 8 channels that come out.
    assert_uniform(torch.up.weight.val(), kaiming(25 * 8));

    for model in [&keras, &torch] {
        assert_eq!(values(model.norm.gamma.val()), [1.0; 4]);
        assert_eq!(values(model.norm.beta.val()), [0.0; 4]);
        // A parameter of no known layer stays.
        assert_eq!(values(model.own.val()), [7.0; 3]);
    }
}

#[test]
fn the_seed_alone_settles_the_weights() {
    let _generator = seeded(0);
    let draw = |seed| Initialization::Pytorch.apply(Layers::new(), seed);
    let (first, second, other) = (draw(4), draw(4), draw(5));
    assert_eq!(
        values(first.conv.weight.val()),
        values(second.conv.weight.val())
    );
    assert_ne!(
        values(first.conv.weight.val()),
        values(other.conv.weight.val())
    );
    // It trains as any model does.
    let trained = first.train();
    assert!(trained.conv.weight.val().is_require_grad());
    assert!(trained.norm.training.is_enabled());
}
