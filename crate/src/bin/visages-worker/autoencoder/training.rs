//! One training of the lab's network, and its losses on both parts.

use std::path::{Path, PathBuf};

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
    /// Where its state is kept after each epoch, and found again by another process.
    pub checkpoints: Option<PathBuf>,
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
    /// Duration; not of a training that another process had begun.
    pub seconds: Option<f64>,
    /// Mean loss of the steps of each epoch.
    pub losses: Vec<f64>,
    /// Loss on the test images after each epoch.
    pub test_losses: Vec<f64>,
    pub train: Side,
    pub test: Side,
    /// Divergence of each variable on the test images, the largest first.
    pub kl: Vec<f64>,
    pub collapsed: usize,
}

/// The loss of the test images, by the name that curves know.
const LOSS: &str = "perte";

impl Training<'_> {
    /// Trains on `train`, whose first `different` images are not the same twice; measures on both.
    pub fn run(
        &self,
        train: &ImageStore,
        different: usize,
        test: &ImageStore,
    ) -> Result<(Vae64, Course)> {
        let set = Labelled::new(train.clone(), unlabelled(train.len())?)?;
        let batches = BatchConfig::new(BATCH).with_seed(self.seed);
        self.device.seed(self.seed);
        let model = Vae64Config::new()
            .with_latent_dim(self.latent)
            .init(self.device)?;
        let begun = self.checkpoints.as_deref().is_some_and(holds_files);
        let config = FitConfig::new()
            .with_epochs(self.epochs)
            .with_learning_rate(LEARNING_RATE)
            .with_optimizer(AdamConfig::new().with_epsilon(EPSILON))
            .with_seed(self.seed)
            .with_progress(false);
        let config = match &self.checkpoints {
            None => config,
            Some(folder) if begun => config.with_checkpoints(folder).resume(),
            Some(folder) => config.with_checkpoints(folder),
        };
        let fitted = Trainer::new(model, |start| {
            batches.epoch(&set, start.epoch, &start.device)
        })
        .with_loss(|vae: &Vae64, batch| {
            let x = batch.images.clone();
            let (recon, mean, log_sigma) = vae.forward(x.clone());
            let (squares, kl) = vae_terms(x, recon, mean, log_sigma)?;
            Ok((squares + kl * self.beta).mean())
        })
        .with_fingerprint(set.content_hash(&[])?)
        .with_setting("β", self.beta)
        .with_validation(|vae: &Vae64| {
            let losses = evaluate_vae(vae, test, BATCH, self.device)?;
            Ok(vec![(LOSS, losses.total(self.beta))])
        })
        .fit(&config)?;
        let model = fitted.model;
        let steps = train.len().div_ceil(BATCH);
        let losses = fitted.history.losses().chunks(steps);
        let kl = divergences(&kl_by_dimension(&model, test, BATCH, self.device)?)?;
        let rows: Vec<usize> = (0..different.min(MEASURED)).collect();
        let course = Course {
            epochs: self.epochs,
            beta: self.beta,
            latent: self.latent,
            seconds: (!begun).then_some(fitted.seconds),
            losses: losses
                .map(|l| l.iter().sum::<f64>() / l.len() as f64)
                .collect(),
            test_losses: fitted.history.validation(LOSS)?,
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

/// Whether a folder of checkpoints has a file, at any depth.
fn holds_files(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        path.is_file() || holds_files(&path)
    })
}

/// A frame for images of which nothing is known.
fn unlabelled(images: usize) -> Result<DataFrame> {
    df!("image" => (0..images as u32).collect::<Vec<_>>())
        .map_err(|error| Error::Execution(error.to_string()))
}

fn divergences(frame: &DataFrame) -> Result<Vec<f64>> {
    measures::numbers(frame, "kl")
}
