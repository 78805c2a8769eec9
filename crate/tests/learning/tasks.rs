//! One loop for any task: what it trains, its options, its stop, and going on after an interruption.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
};

use crate::support::{seeded, values};
use visages::{
    Error, Result, burn,
    burn::{
        lr_scheduler::{
            composed::ComposedLrSchedulerConfig, cosine::CosineAnnealingLrSchedulerConfig,
            exponential::ExponentialLrSchedulerConfig, linear::LinearLrSchedulerConfig,
            step::StepLrSchedulerConfig,
        },
        module::{Module, ModuleVisitor, Param},
        prelude::*,
        tensor::activation::relu,
    },
    host::StopFlag,
    models::{Vae64, Vae64Config},
    ops::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, dense},
    train::{
        AdamWConfig, Clipping, EarlyStopping, FitConfig, Fitted, Penalty, ReduceOnPlateau,
        SgdConfig, Trainer, ValidationTarget, binary_cross_entropy_with_logits, freeze_layers,
        gradient_step, softmax_cross_entropy, squared_error, unfreeze_layers, vae_loss,
    },
};

const POINTS: usize = 96;
const BATCH: usize = 16;
const STEPS: usize = POINTS / BATCH;

/// A dense network with everything that has a state or draws.
#[derive(Module, Debug)]
struct Net {
    hidden: Linear,
    norm: BatchNorm,
    dropout: Dropout,
    output: Linear,
}

impl Net {
    fn new(outputs: usize) -> Self {
        let device = Device::flex();
        device.seed(7);
        Self {
            hidden: dense(2, 24, &device),
            norm: BatchNormConfig::new(24).init(&device),
            dropout: DropoutConfig::new(0.1).init(),
            output: dense(24, outputs, &device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.norm.forward(relu(self.hidden.forward(x)));
        self.output.forward(self.dropout.forward(x))
    }

    fn column(&self, x: Tensor<2>, column: usize) -> Tensor<1> {
        let [batch, _] = x.dims();
        self.forward(x).narrow(1, column, 1).reshape([batch])
    }
}

/// A network that encodes points into two latent variables and decodes them.
#[derive(Module, Debug)]
struct PointVae {
    encoder: Linear,
    decoder: Linear,
}

/// Points of the plane, what side they are on, how high, in which of two halves.
#[derive(Clone)]
struct Points {
    x: Tensor<2>,
    side: Tensor<1>,
    height: Tensor<1>,
    half: Tensor<1, Int>,
}

/// The points at `rows` on `device`.
fn points(rows: &[usize], device: &Device) -> Points {
    let at = |row: usize| {
        let turn = row as f64 * 2.399_963;
        let radius = (row as f64 / POINTS as f64).sqrt();
        (radius * turn.cos(), radius * turn.sin())
    };
    let xy: Vec<f32> = rows
        .iter()
        .flat_map(|row| [at(*row).0 as f32, at(*row).1 as f32])
        .collect();
    let of = |f: fn(f64, f64) -> f64| -> Vec<f32> {
        rows.iter()
            .map(|row| f(at(*row).0, at(*row).1) as f32)
            .collect()
    };
    let vector = |values: Vec<f32>| Tensor::from_data(values.as_slice(), device);
    let halves: Vec<i64> = rows.iter().map(|row| i64::from(at(*row).1 > 0.0)).collect();
    Points {
        x: Tensor::from_data(TensorData::new(xy, [rows.len(), 2]), device),
        side: vector(of(|x, y| f64::from(x + y > 0.0))),
        height: vector(of(|x, y| 2.0 * x - y)),
        half: Tensor::from_data(halves.as_slice(), device),
    }
}

/// The batches of an epoch, in the order of its seed.
fn batches(seed: u64, device: &Device) -> Vec<Result<Points>> {
    let mut rows: Vec<usize> = (0..POINTS).collect();
    let mut state = seed;
    for i in (1..POINTS).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        rows.swap(i, (state >> 33) as usize % (i + 1));
    }
    rows.chunks(BATCH)
        .map(|rows| Ok(points(rows, device)))
        .collect()
}

fn trainer<'a, M: Module + 'a>(model: M) -> Trainer<'a, M, Points> {
    Trainer::new(model, |epoch| Ok(batches(epoch.seed, &epoch.device))).with_fingerprint("points")
}

fn all() -> Points {
    points(&(0..POINTS).collect::<Vec<_>>(), &Device::flex())
}

fn binary<'a>() -> Trainer<'a, Net, Points> {
    trainer(Net::new(1))
        .with_loss(|net, batch| {
            let logits = net.column(batch.x.clone(), 0);
            Ok(binary_cross_entropy_with_logits(logits, batch.side.clone())?.mean())
        })
        .with_validation(|net| {
            let all = all();
            let logits = net.column(all.x, 0);
            let right = logits
                .clone()
                .greater_elem(0.0)
                .float()
                .equal(all.side.clone());
            let loss: f32 = binary_cross_entropy_with_logits(logits, all.side)?
                .mean()
                .into_scalar();
            let share: f32 = right.float().mean().into_scalar();
            Ok(vec![
                ("perte", f64::from(loss)),
                ("exactitude", f64::from(share)),
            ])
        })
}

fn regression<'a>() -> Trainer<'a, Net, Points> {
    trainer(Net::new(1)).with_loss(|net, batch| {
        let found = net.column(batch.x.clone(), 0);
        Ok(squared_error(found, batch.height.clone())?.mean())
    })
}

/// A side and a height at once.
fn two_heads<'a>() -> Trainer<'a, Net, Points> {
    trainer(Net::new(2)).with_loss(|net, batch| {
        let output = net.forward(batch.x.clone());
        let column = |at| output.clone().narrow(1, at, 1).reshape([BATCH]);
        let side = binary_cross_entropy_with_logits(column(0), batch.side.clone())?.mean();
        let height = squared_error(column(1), batch.height.clone())?.mean();
        Ok(side + height * 0.5)
    })
}

fn classes<'a>() -> Trainer<'a, Net, Points> {
    trainer(Net::new(2)).with_loss(|net, batch| {
        let logits = net.forward(batch.x.clone());
        Ok(softmax_cross_entropy(logits, batch.half.clone())?.mean())
    })
}

fn vae<'a>() -> Trainer<'a, PointVae, Points> {
    let device = Device::flex();
    device.seed(7);
    let model = PointVae {
        encoder: dense(2, 4, &device),
        decoder: dense(2, 2, &device),
    };
    trainer(model).with_loss(|vae, batch| {
        let encoded = vae.encoder.forward(batch.x.clone());
        let (mean, logvar) = (encoded.clone().narrow(1, 0, 2), encoded.narrow(1, 2, 2));
        let z = visages::train::sampling(mean.clone(), logvar.clone())?;
        let recon = vae.decoder.forward(z);
        let image = |x: Tensor<2>| x.reshape([BATCH, 1, 1, 2]);
        let loss = vae_loss(image(batch.x.clone()), image(recon), mean, logvar, 1e-3)?;
        Ok(loss.mean())
    })
}

fn config() -> FitConfig {
    FitConfig::new()
        .with_epochs(6)
        .with_learning_rate(0.02)
        .with_seed(3)
        .with_progress(false)
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("visages-tache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every value of a model.
fn weights<M: Module>(model: &M) -> Vec<f32> {
    struct Collect(Vec<f32>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(values(param.val()));
        }
    }
    let mut collect = Collect(Vec::new());
    model.visit(&mut collect);
    collect.0
}

/// The same weights, losses and validations, to the last bit.
fn assert_same<M: Module>(a: &Fitted<M>, b: &Fitted<M>) {
    assert_eq!(weights(&a.model), weights(&b.model));
    assert_eq!(a.history.losses(), b.history.losses());
    assert_eq!(a.history.smoothed(), b.history.smoothed());
    assert_eq!(a.history.points(), b.history.points());
    assert_eq!(
        (a.best_epoch, a.stopped_early),
        (b.best_epoch, b.stopped_early)
    );
}

/// Trains whole; then killed in its third epoch and resumed; then stopped and resumed: all the same.
fn assert_resumes<M: Module + 'static>(
    name: &str,
    config: &FitConfig,
    make: impl Fn() -> Trainer<'static, M, Points>,
) {
    let whole = make().fit(config).unwrap();
    let folder = Folder::new(name);
    let saved = config.clone().with_checkpoints(&folder.0);
    let killed = saved.clone().with_max_steps(2 * STEPS + 2);
    make().fit(&killed).unwrap();
    Device::flex().seed(999);
    let resumed = make().fit(&saved.clone().resume()).unwrap();
    assert_same(&whole, &resumed);
    // What keeps checkpoints trains as what keeps none: the probe leaves no trace.
    let again = make().fit(&saved).unwrap();
    assert_same(&whole, &again);

    let stop = StopFlag::new();
    stop.request();
    let stopped = make().fit(&saved.clone().with_stop(stop)).unwrap();
    assert!(stopped.stopped && stopped.history.is_empty());
}

fn mean_of_last(fitted: &[f64]) -> f64 {
    fitted[fitted.len() - STEPS..].iter().sum::<f64>() / STEPS as f64
}

#[test]
fn a_binary_output_a_regression_two_heads_classes_and_a_vae_are_trained() {
    let _generator = seeded(0);
    let longer = config().with_epochs(30);
    let sides = binary().fit(&longer).unwrap();
    assert!(
        sides.history.validation("exactitude").unwrap()[29] > 0.95,
        "{sides:?}"
    );
    for (name, history, bound) in [
        (
            "regression",
            regression().fit(&longer).unwrap().history,
            0.2,
        ),
        ("two heads", two_heads().fit(&longer).unwrap().history, 0.35),
        ("classes", classes().fit(&longer).unwrap().history, 0.35),
        ("vae", vae().fit(&longer).unwrap().history, 0.3),
    ] {
        assert_eq!(history.len(), 30 * STEPS);
        let last = mean_of_last(history.losses());
        assert!(last < bound, "{name}: {last}");
    }
}

#[test]
fn each_of_them_resumes_to_the_last_bit() {
    let _generator = seeded(0);
    assert_resumes("binaire", &config(), binary);
    assert_resumes("regression", &config(), regression);
    assert_resumes("deux-tetes", &config(), two_heads);
    assert_resumes("classes", &config(), classes);
    assert_resumes("vae", &config(), vae);
}

#[test]
fn every_option_resumes_to_the_last_bit() {
    let _generator = seeded(0);
    let penalized = config()
        .with_optimizer(SgdConfig::new().with_momentum(0.9))
        .with_penalty(Penalty::l2(1e-3).on(["hidden"]))
        .with_clipping(Clipping::Norm(1.0));
    assert_resumes("penalites", &penalized, binary);
    let scheduled = config()
        .with_optimizer(AdamWConfig::new())
        .with_schedule(StepLrSchedulerConfig::new(0.03, 7).with_gamma(0.7));
    assert_resumes("plan", &scheduled, binary);
    let by_epoch = config().with_epoch_schedule(CosineAnnealingLrSchedulerConfig::new(0.03, 6));
    assert_resumes("plan-epoque", &by_epoch, binary);
    // A plateau that is reached, and an early stopping whose best epoch lies before the interruption.
    let plateau = ReduceOnPlateau::new()
        .with_patience(1)
        .with_min_delta(0.2)
        .with_factor(0.5);
    assert_resumes("plateau", &config().with_plateau(plateau), binary);
    let stopping = config()
        .with_target(ValidationTarget::highest("perte"))
        .with_early_stopping(EarlyStopping::new(4));
    let whole = binary().fit(&stopping).unwrap();
    assert_eq!(
        (whole.best_epoch, whole.stopped_early),
        (Some(1), true),
        "{whole:?}"
    );
    assert_resumes("arret-anticipe", &stopping, binary);
}

#[test]
fn early_stopping_gives_the_best_weights_back() {
    let _generator = seeded(0);
    // Validation is played: best in epoch 2, nothing better for two epochs.
    let played = |values: &'static [f64]| {
        let epoch = Cell::new(0);
        regression().with_validation(move |_| {
            epoch.set(epoch.get() + 1);
            Ok(vec![("erreur", values[epoch.get() - 1])])
        })
    };
    let stopping = config()
        .with_target(ValidationTarget::lowest("erreur"))
        .with_early_stopping(EarlyStopping::new(2));
    let fitted = played(&[1.0, 0.8, 0.9, 0.85, 0.1, 0.1])
        .fit(&stopping)
        .unwrap();
    assert!(fitted.stopped_early && !fitted.stopped);
    assert_eq!(
        (fitted.best_epoch, fitted.history.best_epoch()),
        (Some(2), Some(2))
    );
    assert_eq!(fitted.history.epochs().last(), Some(&4));
    let two = regression().fit(&config().with_epochs(2)).unwrap();
    assert_eq!(weights(&fitted.model), weights(&two.model));

    // To the last epoch: the best weights all the same.
    let patient = stopping.clone().with_early_stopping(EarlyStopping::new(9));
    let fitted = played(&[1.0, 0.8, 0.9, 0.85, 0.9, 0.9])
        .fit(&patient)
        .unwrap();
    assert_eq!((fitted.best_epoch, fitted.stopped_early), (Some(2), false));
    assert_eq!(weights(&fitted.model), weights(&two.model));

    // A gain below `min_delta` is none; what is no number is never best.
    let strict = stopping.with_early_stopping(EarlyStopping::new(2).with_min_delta(0.3));
    let fitted = played(&[f64::NAN, 1.0, 0.8, 0.75, 0.1, 0.1])
        .fit(&strict)
        .unwrap();
    assert_eq!((fitted.best_epoch, fitted.stopped_early), (Some(2), true));
}

#[test]
fn choices_that_need_a_validation_say_so() {
    let _generator = seeded(0);
    let stopping = config().with_early_stopping(EarlyStopping::new(2));
    let message = regression().fit(&stopping).unwrap_err().to_string();
    assert!(message.contains(".with_validation"), "{message}");
    let accuracy_alone = regression().with_validation(|_| Ok(vec![("exactitude", 0.5)]));
    let message = accuracy_alone.fit(&stopping).unwrap_err().to_string();
    assert!(
        message.contains("« exactitude »") && message.contains("with_target"),
        "{message}"
    );
    for wrong in [
        config().with_early_stopping(EarlyStopping::new(0)),
        config().with_plateau(ReduceOnPlateau::new().with_factor(1.5)),
        config().with_clipping(Clipping::Value(-1.0)),
        config().with_schedule(ExponentialLrSchedulerConfig::new(2.0, 0.5)),
    ] {
        let error = binary().fit(&wrong).unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{error:?}");
    }
    let without = Trainer::new(Net::new(1), |epoch| Ok(batches(epoch.seed, &epoch.device)));
    let message = without.fit(&config()).unwrap_err().to_string();
    assert!(message.contains(".with_loss"), "{message}");
    let endless = Trainer::new(Net::new(1), |_| Ok(std::iter::repeat_with(|| Ok(()))));
    let endless = endless.with_loss(|net, ()| Ok(net.output.weight.val().mean()));
    let message = endless.fit(&config()).unwrap_err().to_string();
    assert!(message.contains(".with_steps_per_epoch"), "{message}");
}

/// The learning rate at the end of each epoch.
fn rates(config: &FitConfig) -> Vec<f64> {
    let flat = regression().with_validation(|_| Ok(vec![("perte", 1.0)]));
    let history = flat.fit(config).unwrap().history;
    history
        .points()
        .iter()
        .map(|point| point.learning_rate)
        .collect()
}

fn assert_rates(config: &FitConfig, expected: &[f64]) {
    let found = rates(config);
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-12, "{found:?} ≠ {expected:?}");
    }
}

#[test]
fn the_learning_rate_follows_its_plan() {
    let _generator = seeded(0);
    let four = || config().with_epochs(4);
    assert_rates(&four(), &[0.02; 4]);
    // Six steps an epoch, divided by two every four steps: 5, 11, 17 and 23 steps lie before the last of each epoch.
    let steps = StepLrSchedulerConfig::new(0.08, 4).with_gamma(0.5);
    assert_rates(
        &four().with_schedule(steps.clone()),
        &[0.04, 0.02, 0.005, 0.0025],
    );
    assert_rates(&four().with_epoch_schedule(steps), &[0.08; 4]);
    let tenth = ExponentialLrSchedulerConfig::new(0.08, 0.1);
    assert_rates(
        &four().with_epoch_schedule(tenth.clone()),
        &[0.08, 0.008, 0.0008, 8e-5],
    );
    let cosine = CosineAnnealingLrSchedulerConfig::new(0.08, 4);
    let half = |share: f64| 0.04 * (1.0 + (std::f64::consts::PI * share).cos());
    assert_rates(
        &four().with_epoch_schedule(cosine),
        &[half(0.0), half(0.25), half(0.5), half(0.75)],
    );
    assert_rates(
        &four().with_epoch_schedule(LinearLrSchedulerConfig::new(0.08, 0.0, 4)),
        &[0.08, 0.06, 0.04, 0.02],
    );
    let product = ComposedLrSchedulerConfig::new()
        .constant(0.5)
        .exponential(tenth);
    assert_rates(
        &four().with_epoch_schedule(product),
        &[0.04, 0.004, 0.0004, 4e-5],
    );
    assert_rates(&four().with_schedule(0.07), &[0.07; 4]);
}

#[test]
fn the_learning_rate_falls_on_a_plateau_as_keras_has_it() {
    let _generator = seeded(0);
    let plateau = ReduceOnPlateau::new().with_patience(2).with_factor(0.5);
    // The first epoch is best; the second and third bring nothing: halved after the third, then after the fifth.
    let six = config().with_plateau(plateau);
    assert_rates(&six, &[0.02, 0.02, 0.02, 0.01, 0.01, 0.005]);
    let floor = config().with_plateau(plateau.with_min_learning_rate(0.008));
    assert_rates(&floor, &[0.02, 0.02, 0.02, 0.01, 0.01, 0.008]);
    let both = six.with_epoch_schedule(ExponentialLrSchedulerConfig::new(0.1, 0.5));
    assert_rates(&both, &[0.1, 0.05, 0.025, 0.00625, 0.003_125, 0.000_781_25]);
}

#[test]
fn the_history_has_an_epoch_a_row_and_writes_itself() {
    let _generator = seeded(0);
    let history = binary().fit(&config().with_epochs(2)).unwrap().history;
    let frame = history.epoch_frame().unwrap();
    let names: Vec<&str> = frame
        .get_column_names()
        .into_iter()
        .map(|name| name.as_str())
        .collect();
    let expected = [
        "epoch",
        "steps",
        "learning_rate",
        "loss",
        "validation_perte",
        "validation_exactitude",
    ];
    assert_eq!(names, expected);
    assert_eq!(frame.height(), 2);
    let first: f64 = history.losses()[..STEPS].iter().sum::<f64>() / STEPS as f64;
    let loss = frame.column("loss").unwrap().f64().unwrap().get(0).unwrap();
    assert!((loss - first).abs() < 1e-12);

    let folder = Folder::new("csv");
    let path = folder.0.join("historique.csv");
    history.write_csv(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], expected.join(","));
    assert_eq!(lines.len(), 3);
    let validated = history.validation("perte").unwrap()[0];
    assert!(lines[1].starts_with("1,6,0.02,") && lines[1].contains(&validated.to_string()));
    assert!(history.write_csv(folder.0.join("absent/h.csv")).is_err());

    let error = history.validation("rappel").unwrap_err().to_string();
    assert!(error.contains("« perte », « exactitude »"), "{error}");
}

/// The line of the refusal of a resumed training.
fn refusal<M: Module + 'static>(trainer: Trainer<'_, M, Points>, folder: &Path) -> String {
    let config = config().with_epochs(2).with_checkpoints(folder).resume();
    let error = trainer.fit(&config).unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }), "{error:?}");
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn a_loss_that_was_edited_is_not_resumed() {
    let _generator = seeded(0);
    let folder = Folder::new("perte-changee");
    let first = config().with_epochs(1).with_checkpoints(&folder.0);
    let task = |scale: f64| {
        trainer(Net::new(1)).with_loss(move |net, batch| {
            let found = net.column(batch.x.clone(), 0);
            Ok(squared_error(found, batch.height.clone())?.mean() * scale)
        })
    };
    task(1.0).fit(&first).unwrap();
    let message = refusal(task(1.01), &folder.0);
    assert!(
        message.contains("ne calcule plus la même chose (perte sur un lot d'essai"),
        "{message}"
    );
    // The same loss by another way is the same step.
    let same = trainer(Net::new(1)).with_step(|net: Net, optimizer, batch, rate| {
        let error = net.column(batch.x.clone(), 0) - batch.height.clone();
        let loss = (error.clone() * error).mean();
        gradient_step(net, optimizer, loss, rate)
    });
    assert!(same.fit(&first.clone().with_epochs(2).resume()).is_ok());
    // A gradient that no longer reaches a layer, the loss being the same.
    let cut = trainer(Net::new(1)).with_loss(|net, batch| {
        let hidden = net.norm.forward(relu(net.hidden.forward(batch.x.clone())));
        let found = net
            .output
            .forward(net.dropout.forward(hidden.detach()))
            .reshape([BATCH]);
        Ok(squared_error(found, batch.height.clone())?.mean())
    });
    let message = refusal(cut, &folder.0);
    assert!(message.contains("reçoivent un gradient"), "{message}");
    // A learning rate written in the step.
    let own_rate = trainer(Net::new(1)).with_step(|net: Net, optimizer, batch, _| {
        let found = net.column(batch.x.clone(), 0);
        let loss = squared_error(found, batch.height.clone())?.mean();
        gradient_step(net, optimizer, loss, 1e-4)
    });
    let message = refusal(own_rate, &folder.0);
    assert!(
        message.contains("taux d'apprentissage de l'étape"),
        "{message}"
    );
    // Settings are told by their names first.
    let other = task(1.0).with_setting("côté des images", 64);
    assert!(refusal(other, &folder.0).contains("côté des images"));
    let frozen = freeze_layers(Net::new(1), ["hidden"]).unwrap();
    let frozen = trainer(frozen).with_loss(|net, batch| Ok(net.column(batch.x.clone(), 0).mean()));
    let message = refusal(frozen, &folder.0);
    assert!(message.contains("entraînées"), "{message}");
}

#[test]
fn frozen_layers_get_no_gradient_and_keep_their_statistics() {
    let _generator = seeded(0);
    let before = freeze_layers(Net::new(1), ["hidden", "norm"]).unwrap();
    let training = before.clone().train();
    let x = all().x.autodiff();
    // Nothing is recorded up to the frozen layers' output: their backward costs nothing.
    let features = training.norm.forward(relu(training.hidden.forward(x)));
    assert!(!features.is_tracked() && features.is_autodiff());
    let plain = before.norm.forward(relu(before.hidden.forward(all().x)));
    assert_eq!(values(features), values(plain));

    let task = |model: Net| {
        trainer(model).with_loss(|net, batch| {
            let found = net.column(batch.x.clone(), 0);
            Ok(squared_error(found, batch.height.clone())?.mean())
        })
    };
    let fitted = task(before.clone()).fit(&config()).unwrap();
    let after = &fitted.model;
    assert_eq!(weights(&before.hidden), weights(&after.hidden));
    assert_eq!(weights(&before.norm), weights(&after.norm));
    assert_ne!(weights(&before.output), weights(&after.output));
    assert!(fitted.history.losses().last() < fitted.history.losses().first());

    let thawed = unfreeze_layers(fitted.model.clone(), ["hidden", "norm"]).unwrap();
    let again = task(thawed).fit(&config()).unwrap();
    assert_ne!(weights(&before.hidden), weights(&again.model.hidden));
    assert_ne!(weights(&before.norm), weights(&again.model.norm));

    let message = freeze_layers(Net::new(1), ["couche1"])
        .unwrap_err()
        .to_string();
    assert!(message.contains("« hidden », « norm »"), "{message}");
}

#[test]
fn the_vae_of_the_lab_is_trained() {
    let _generator = seeded(5);
    let network = Vae64Config::new().with_latent_dim(2);
    let model = network.init(&Device::flex()).unwrap();
    let trainer = Trainer::new(model, |epoch| {
        let pixels: Vec<f32> = (0..4 * 3 * 64 * 64)
            .map(|at| 0.5 + 0.5 * (at as f32 * 0.01).sin())
            .collect();
        let images = Tensor::<4>::from_data(TensorData::new(pixels, [4, 3, 64, 64]), &epoch.device);
        Ok(std::iter::repeat_n(images, 6).map(Ok))
    });
    let fitted = trainer
        .with_loss(|vae: &Vae64, images| {
            let (recon, mean, log_sigma) = vae.forward(images.clone());
            Ok(vae_loss(images.clone(), recon, mean, log_sigma * 2.0, 1e-4)?.mean())
        })
        .fit(&config().with_epochs(1).with_learning_rate(1e-3))
        .unwrap();
    assert!(
        fitted.history.losses()[5] < fitted.history.losses()[0],
        "{fitted:?}"
    );
}
