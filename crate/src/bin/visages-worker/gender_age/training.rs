//! The lab's trainings: Adam, a cosine, pictures changed at random; the epoch is chosen on validation.

use std::path::{Path, PathBuf};

use serde::Serialize;
use visages::{
    burn::{
        lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig,
        module::Module,
        tensor::{Device, Tensor},
    },
    data::{
        BatchConfig, ImageStore, Labelled, LabelledBatch,
        augment::{Augmenter, Transform, center_crops},
    },
    models::{AgeCnn, AgeCnnConfig, GenderAgeCnn, GenderAgeCnnConfig, GenderCnn, GenderCnnConfig},
    train::{
        AdamConfig, EarlyStopping, FitConfig, Fitted, Trainer, ValidationTarget,
        binary_cross_entropy_with_logits, squared_error,
    },
};

use super::small_net::SmallNet;
use super::{
    AGE_GAIN, AGE_WEIGHT, BATCH, BRIGHTNESS, CROP, GENDER_LEARNING_RATE, LEARNING_RATE,
    NORM_MOMENTUM, OLDEST, SIDE,
};
use crate::error::Result;

/// Images a batch, when answers are asked.
const ASKED: usize = 200;
/// The loss of validation: told, but no epoch is chosen by it. A network that is too sure of its few mistakes makes it grow
/// while its answers get better.
const LOSS: &str = "perte";
const ACCURACY: &str = "accuracy";
const MAE: &str = "mae";
/// The wrong genders' share plus the mean error of age in thirtieths of a year: the epoch of a network of two heads is that of
/// the smallest. A point of accuracy counts as 0.3 year.
const CHOICE: &str = "choix";
const YEARS_AS_MUCH_AS_ALL_GENDERS: f64 = 30.0;

/// A training of one of the networks.
pub struct Training<'a> {
    pub seed: u64,
    pub epochs: u32,
    pub device: &'a Device,
    /// Where its state is kept after each epoch, and found again.
    pub checkpoints: Option<PathBuf>,
}

/// What a training was.
#[derive(Debug, Clone, Serialize)]
pub struct Course {
    pub epochs: u32,
    /// The epoch whose weights are kept.
    pub best: Option<u32>,
    /// What validation measured after each epoch: name and values.
    pub validation: Vec<(String, Vec<f64>)>,
    /// Mean loss of the steps of each epoch.
    pub losses: Vec<f64>,
    pub seconds: f64,
}

impl Training<'_> {
    /// Model 1, on parts of the pictures of `train`; validated on their middles.
    pub fn gender(&self, train: &Labelled, validation: &Labelled) -> Result<(GenderCnn, Course)> {
        let crop = Transform::RandomCrop {
            height: CROP,
            width: CROP,
            padding: 0,
        };
        let batches = self.batches(Some(crop));
        self.device.seed(self.seed);
        let model = GenderCnnConfig::new()
            .with_image_size(CROP)
            .with_norm_momentum(NORM_MOMENTUM)
            .init(self.device);
        let middles = middles(validation)?;
        let truth = validation.numbers("gender")?;
        let fitted = Trainer::new(model, |epoch| {
            batches.epoch(train, epoch.epoch, &epoch.device)
        })
        .with_fingerprint(train.content_hash(&["gender"])?)
        .with_loss(|net, batch: &LabelledBatch| {
            let logits = net.forward(batch.images.clone());
            Ok(binary_cross_entropy_with_logits(logits, batch.target("gender")?)?.mean())
        })
        .with_validation(|net: &GenderCnn| {
            let [logits] = answers(&middles, self.device, |images| [net.forward(images)])?;
            Ok(validated_gender(&truth, &logits))
        })
        .fit(&self.config(GENDER_LEARNING_RATE, ValidationTarget::highest(ACCURACY)))?;
        Ok(self.told(fitted))
    }

    /// Model 2, on whole pictures.
    pub fn age(&self, train: &Labelled, validation: &Labelled) -> Result<(AgeCnn, Course)> {
        let batches = self.batches(None);
        self.device.seed(self.seed);
        let model = AgeCnnConfig::new()
            .with_image_size(SIDE)
            .with_norm_momentum(NORM_MOMENTUM)
            .init(self.device);
        let truth = validation.numbers("age")?;
        let fitted = Trainer::new(model, |epoch| {
            batches.epoch(train, epoch.epoch, &epoch.device)
        })
        .with_fingerprint(train.content_hash(&["age"])?)
        .with_loss(|net, batch: &LabelledBatch| {
            let ages = batch.target("age")? / OLDEST;
            Ok(squared_error(net.forward(batch.images.clone()), ages)?.mean())
        })
        .with_validation(|net: &AgeCnn| {
            let images = validation.images();
            let [ages] = answers(images, self.device, |images| [net.forward(images)])?;
            Ok(validated_age(&truth, &ages))
        })
        .fit(&self.config(LEARNING_RATE, ValidationTarget::lowest(MAE)))?;
        Ok(self.told(fitted))
    }

    /// Model 3, on whole pictures: both losses, that of ages with its weight.
    pub fn both(&self, train: &Labelled, validation: &Labelled) -> Result<(GenderAgeCnn, Course)> {
        self.device.seed(self.seed);
        let model = GenderAgeCnnConfig::new()
            .with_image_size(SIDE)
            .with_norm_momentum(NORM_MOMENTUM)
            .with_age_gain(AGE_GAIN)
            .init(self.device);
        let fitted = self.two_heads(
            model,
            GenderAgeCnn::forward,
            self.batches(None),
            train,
            validation,
        )?;
        Ok(self.told(fitted))
    }

    /// The small network, on pictures as they are.
    pub fn small(
        &self,
        model: SmallNet,
        train: &Labelled,
        validation: &Labelled,
    ) -> Result<SmallNet> {
        let batches = BatchConfig::new(BATCH).shuffled().with_seed(self.seed);
        let fitted = self.two_heads(model, SmallNet::forward, batches, train, validation)?;
        Ok(fitted.model.valid())
    }

    /// A network of two answers: gender's logits, ages divided by 120.
    fn two_heads<M: Module>(
        &self,
        model: M,
        forward: fn(&M, Tensor<4>) -> (Tensor<1>, Tensor<1>),
        batches: BatchConfig,
        train: &Labelled,
        validation: &Labelled,
    ) -> Result<Fitted<M>> {
        let genders = validation.numbers("gender")?;
        let truth = validation.numbers("age")?;
        let fitted = Trainer::new(model, |epoch| {
            batches.epoch(train, epoch.epoch, &epoch.device)
        })
        .with_fingerprint(train.content_hash(&["gender", "age"])?)
        .with_setting("poids de la perte de l'âge", AGE_WEIGHT)
        .with_loss(|net: &M, batch: &LabelledBatch| {
            let (gender, age) = forward(net, batch.images.clone());
            let gender = binary_cross_entropy_with_logits(gender, batch.target("gender")?)?;
            let age = squared_error(age, batch.target("age")? / OLDEST)?;
            Ok(gender.mean() + age.mean() * AGE_WEIGHT)
        })
        .with_validation(|net: &M| {
            let [logits, ages] = answers(validation.images(), self.device, |images| {
                let (gender, age) = forward(net, images);
                [gender, age]
            })?;
            let mut found = validated_gender(&genders, &logits);
            let ages = validated_age(&truth, &ages);
            let of = |measures: &[(String, f64)], name: &str| {
                let named = measures.iter().find(|(own, _)| own == name);
                named.map_or(f64::NAN, |(_, value)| *value)
            };
            let choice = 1.0 - of(&found, ACCURACY) + of(&ages, MAE) / YEARS_AS_MUCH_AS_ALL_GENDERS;
            found[0].1 += AGE_WEIGHT * of(&ages, "mse") / OLDEST.powi(2);
            found.extend(ages);
            found.push((CHOICE.to_owned(), choice));
            Ok(found)
        })
        .fit(&self.config(LEARNING_RATE, ValidationTarget::lowest(CHOICE)))?;
        Ok(fitted)
    }

    fn batches(&self, crop: Option<Transform>) -> BatchConfig {
        let augmenter = crop
            .into_iter()
            .fold(Augmenter::new(self.seed), Augmenter::with)
            .with(Transform::Flip { probability: 0.5 })
            .with(Transform::Brightness { share: BRIGHTNESS });
        BatchConfig::new(BATCH)
            .shuffled()
            .with_seed(self.seed)
            .with_augmenter(augmenter)
    }

    fn config(&self, learning_rate: f64, target: ValidationTarget) -> FitConfig {
        let cosine = CosineAnnealingLrSchedulerConfig::new(learning_rate, self.epochs as usize);
        let config = FitConfig::new()
            .with_epochs(self.epochs)
            .with_optimizer(AdamConfig::new())
            .with_epoch_schedule(cosine)
            // Never early: the weights of the best epoch come back.
            .with_early_stopping(EarlyStopping::new(self.epochs))
            .with_target(target)
            .with_seed(self.seed)
            .with_progress(false);
        match &self.checkpoints {
            None => config,
            Some(folder) if holds_files(folder) => config.with_checkpoints(folder).resume(),
            Some(folder) => config.with_checkpoints(folder),
        }
    }

    fn told<M: Module>(&self, fitted: Fitted<M>) -> (M, Course) {
        let history = &fitted.history;
        let points = history.points();
        let validation = history.metrics().iter().enumerate();
        let validation = validation
            .map(|(place, name)| {
                let values = points.iter().map(|point| point.values[place]);
                (name.clone(), values.collect())
            })
            .collect();
        let mut losses = Vec::new();
        for epoch in 1..=self.epochs {
            let pairs = history.epochs().iter().zip(history.losses());
            let own: Vec<f64> = pairs
                .filter(|(of, _)| **of == epoch)
                .map(|(_, loss)| *loss)
                .collect();
            if !own.is_empty() {
                losses.push(own.iter().sum::<f64>() / own.len() as f64);
            }
        }
        let course = Course {
            epochs: self.epochs,
            best: fitted.best_epoch,
            validation,
            losses,
            seconds: fitted.seconds,
        };
        (fitted.model, course)
    }
}

/// Whether a folder of checkpoints has a file, at any depth.
fn holds_files(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        path.is_file() || holds_files(&path)
    })
}

/// The middles of the pictures of model 1.
pub fn middles(set: &Labelled) -> visages::Result<ImageStore> {
    let all: Vec<usize> = (0..set.len()).collect();
    center_crops(set.images(), &all, CROP)
}

/// What a network says of some pictures, one list an answer.
pub fn answers<const N: usize>(
    images: &ImageStore,
    device: &Device,
    forward: impl Fn(Tensor<4>) -> [Tensor<1>; N],
) -> visages::Result<[Vec<f64>; N]> {
    let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(images.len()));
    let rows: Vec<usize> = (0..images.len()).collect();
    for chunk in rows.chunks(ASKED) {
        let said = forward(images.to_tensor(chunk, device)?);
        for (all, said) in found.iter_mut().zip(said) {
            all.extend(said.into_data().iter::<f64>());
        }
    }
    Ok(found)
}

/// Probability of a logit.
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn validated_gender(truth: &[f32], logits: &[f64]) -> Vec<(String, f64)> {
    let pairs = || truth.iter().map(|truth| f64::from(*truth)).zip(logits);
    let n = truth.len() as f64;
    // −log σ(±l) = log(1 + e^∓l), without overflow.
    let loss =
        |(truth, logit): (f64, &f64)| logit.max(0.0) - logit * truth + (-logit.abs()).exp().ln_1p();
    let right = pairs().filter(|(truth, logit)| (**logit >= 0.0) == (*truth == 1.0));
    vec![
        (LOSS.to_owned(), pairs().map(loss).sum::<f64>() / n),
        (ACCURACY.to_owned(), right.count() as f64 / n),
    ]
}

fn validated_age(truth: &[f32], answers: &[f64]) -> Vec<(String, f64)> {
    let pairs = || truth.iter().zip(answers);
    let errors = || pairs().map(|(truth, answer)| OLDEST * answer - f64::from(*truth));
    let n = truth.len() as f64;
    vec![
        (MAE.to_owned(), errors().map(f64::abs).sum::<f64>() / n),
        (
            "mse".to_owned(),
            errors().map(|error| error * error).sum::<f64>() / n,
        ),
    ]
}
