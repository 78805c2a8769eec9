//! One training of the lab's network, and its losses on both parts.

use serde::Serialize;
use visages::{
    burn::tensor::Device,
    data::{BatchConfig, ImageStore, Labelled},
    explain::kl_by_dimension,
    models::{Vae64, Vae64Config},
    polars::prelude::{DataFrame, df},
    train::{
        AdamConfig, FitConfig, Trainer, VaeLosses, evaluate_vae, reconstruction_errors, vae_terms,
    },
};

use super::{
    BATCH,
    measures::{self, Estimate},
};
use crate::error::{Error, Result};

/// Learning rate of Adam: PyTorch's default, and so is its ε.
const LEARNING_RATE: f64 = 1e-3;
const EPSILON: f32 = 1e-8;
/// Most training images on which losses are measured.
const MEASURED: usize = 500;
/// A variable that says less than this, in nats, has collapsed.
const COLLAPSED: f64 = 0.1;

/// How a network is trained.
pub struct Training<'a> {
    pub seed: u64,
    pub latent: usize,
    pub beta: f64,
    pub epochs: u32,
    pub device: &'a Device,
}

/// Both terms of the loss, and the error of reconstructions from the means.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    pub images: usize,
    pub reconstruction: f64,
    pub kl: f64,
    pub total: f64,
    /// From the means, image by image: with its interval.
    pub error: Estimate,
}

/// What a training gave.
#[derive(Debug, Clone, Serialize)]
pub struct Course {
    pub epochs: u32,
    pub beta: f64,
    pub latent: usize,
    pub seconds: f64,
    /// Mean loss of the steps of each epoch.
    pub losses: Vec<f64>,
    /// Loss on test images after some epochs.
    pub test_losses: Vec<(u32, f64)>,
    pub train: Side,
    pub test: Side,
    /// Divergence of each variable on the test images, the largest first.
    pub kl: Vec<f64>,
    pub collapsed: usize,
}

/// Epochs after which the test images are looked at.
const LOOKS: u32 = 10;

impl Training<'_> {
    /// Trains on `train`, measures on both.
    pub fn run(&self, train: &ImageStore, test: &ImageStore) -> Result<(Vae64, Course)> {
        let set = Labelled::new(train.clone(), unlabelled(train.len())?)?;
        let batches = BatchConfig::new(BATCH).with_seed(self.seed);
        self.device.seed(self.seed);
        let model = Vae64Config::new()
            .with_latent_dim(self.latent)
            .init(self.device)?;
        let every = (self.epochs / LOOKS).max(1);
        let (mut epoch, mut test_losses) = (0, Vec::new());
        let config = FitConfig::new()
            .with_epochs(self.epochs)
            .with_learning_rate(LEARNING_RATE)
            .with_optimizer(AdamConfig::new().with_epsilon(EPSILON))
            .with_seed(self.seed)
            .with_progress(false);
        let fitted = Trainer::new(model, |start| {
            batches.epoch(&set, start.epoch, &start.device)
        })
        .with_loss(|vae: &Vae64, batch| {
            let x = batch.images.clone();
            let (recon, mean, log_sigma) = vae.forward(x.clone());
            let (squares, kl) = vae_terms(x, recon, mean, log_sigma)?;
            Ok((squares + kl * self.beta).mean())
        })
        .with_validation(|vae: &Vae64| {
            epoch += 1;
            if epoch % every == 0 {
                let losses = evaluate_vae(vae, test, BATCH, self.device)?;
                test_losses.push((epoch, losses.total(self.beta)));
            }
            Ok(Vec::<(String, f64)>::new())
        })
        .fit(&config)?;
        let model = fitted.model;
        let steps = train.len().div_ceil(BATCH);
        let losses = fitted.history.losses().chunks(steps);
        let kl = divergences(&kl_by_dimension(&model, test, BATCH, self.device)?)?;
        let rows: Vec<usize> = (0..train.len().min(MEASURED)).collect();
        let course = Course {
            epochs: self.epochs,
            beta: self.beta,
            latent: self.latent,
            seconds: fitted.seconds,
            losses: losses
                .map(|l| l.iter().sum::<f64>() / l.len() as f64)
                .collect(),
            test_losses,
            train: self.side(&model, &train.select(&rows)?)?,
            test: self.side(&model, test)?,
            collapsed: kl.iter().filter(|kl| **kl < COLLAPSED).count(),
            kl,
        };
        Ok((model, course))
    }

    fn side(&self, model: &Vae64, images: &ImageStore) -> Result<Side> {
        self.device.seed(self.seed);
        let VaeLosses {
            images: count,
            reconstruction,
            kl,
        } = evaluate_vae(model, images, BATCH, self.device)?;
        let errors = reconstruction_errors(model, images, BATCH, self.device)?;
        Ok(Side {
            images: count,
            reconstruction,
            kl,
            total: reconstruction + self.beta * kl,
            error: measures::mean(&errors),
        })
    }
}

/// A frame for images of which nothing is known.
fn unlabelled(images: usize) -> Result<DataFrame> {
    df!("image" => (0..images as u32).collect::<Vec<_>>())
        .map_err(|error| Error::Execution(error.to_string()))
}

fn divergences(frame: &DataFrame) -> Result<Vec<f64>> {
    measures::numbers(frame, "kl")
}
