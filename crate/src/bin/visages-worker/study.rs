//! One training of the study of debiasing, for `tp bench biais`: a world of drawings, a seed, an arm.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use visages::{
    burn::tensor::Device,
    data::{DrawnWorld, ImageStore, RareFactor, World, WorldConfig, WorldTest},
    explain::latent_factors,
    metrics::{Metric, binary_metrics},
    models::{DbVae, DbVaeConfig, StandardCnn, StandardCnnConfig},
    polars::prelude::{PolarsError, df},
    train::{
        BINS, Classifier, DebiasedFit, DebiasingConfig, FitConfig, LatentTable, SMOOTHING, Trainer,
        binary_cross_entropy_with_logits, debiasing_train_step, encode_images, fit,
        fit_debiasing_with, predict_probabilities, sample_probabilities,
    },
};

use crate::{
    draws::{active, equal_threshold, share},
    error::{Error, Result},
};

/// Images a batch, of those that are asked for answers.
const BATCH: usize = 64;
/// Images encoded at a time.
const ENCODED: usize = 256;
/// Probability from which a face counts as found, in the lab.
const HALF: f32 = 0.5;

/// Which detector, and how its faces are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Arm {
    /// The DB-VAE, faces drawn uniformly: the control.
    Uniform,
    /// The lab's rule: the largest of the probabilities of all latent variables.
    Rule,
    /// The same rule on the active variables.
    Active,
    /// The lab's probabilities, dealt among the faces at random.
    Placebo,
    /// The true inverse frequency of each version.
    Inverse,
    /// The standard CNN, faces drawn uniformly.
    CnnUniform,
    /// The standard CNN, drawn by the true inverse frequency.
    CnnInverse,
}

/// What is trained, on what.
#[derive(Debug, Deserialize)]
pub struct Trial {
    /// The name of what is rare, as [`RareFactor::name`] has it.
    factor: String,
    rare_share: f64,
    arm: Arm,
    seed: u64,
    /// Faces, and as many other images, those held out included.
    images: usize,
    /// People of the test; other images of the test; others that fix the threshold.
    test: [usize; 3],
    epochs: u32,
    /// Where drawings are kept: the trainings of a world and seed share them.
    cache: PathBuf,
}

/// One version of the people of the test.
#[derive(Debug, Serialize)]
struct Version {
    n: usize,
    /// Found at the threshold of equal demands, and at ½.
    found: usize,
    found_half: usize,
    /// Area under the curve, against the other images.
    auc: f64,
}

/// Other images of one kind, and how many were taken for faces.
#[derive(Debug, Default, Serialize)]
struct Alarms {
    n: usize,
    taken: usize,
}

/// Where the draws of an epoch fell.
#[derive(Debug, Serialize)]
struct Epoch {
    rare: f64,
    effective: f64,
}

/// What each rule would draw from the trained control.
#[derive(Debug, Serialize)]
struct Mechanism {
    /// Share of the rare among the draws: the lab's rule, the active variables, the product of all.
    rule: f64,
    active: f64,
    product: f64,
    active_variables: usize,
    /// Part of the variance of « is rare » that all latent variables explain together, cross-validated.
    r_squared: f64,
}

/// What the detector answers.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Training faces, and the rare among them.
    faces: usize,
    rare_faces: usize,
    common: Version,
    rare: Version,
    threshold: f32,
    /// All other images of the test; people from behind or in pieces, of light and of dark skin.
    alarms: Alarms,
    light_decoys: Alarms,
    dark_decoys: Alarms,
    /// One an epoch; none for the CNN.
    draws: Vec<Epoch>,
    mechanism: Option<Mechanism>,
    seconds: f64,
}

impl Trial {
    /// Draws, trains and asks.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let config = self.config()?;
        let drawn = config.training()?;
        let fit_config = FitConfig::new()
            .with_epochs(self.epochs)
            .with_progress(false)
            .with_seed(self.seed);
        // The seed draws the weights first, then the training has its own: the same in all arms.
        device.seed(self.seed);
        if matches!(self.arm, Arm::CnnUniform | Arm::CnnInverse) {
            let (model, seconds) = self.cnn(&drawn, &fit_config, &device)?;
            return self.ask(&model, &config.test()?, &drawn, Vec::new(), None, seconds);
        }
        let fitted = self.db_vae(&drawn, fit_config, &device)?;
        let epochs = fitted.resamplings.iter().map(|drawing| Epoch {
            rare: share(&drawing.probabilities, &drawn.rare),
            effective: drawing.effective_size,
        });
        let mechanism = match self.arm {
            Arm::Uniform => Some(mechanism(&fitted.model, &drawn, self.seed, &device)?),
            _ => None,
        };
        let draws = epochs.collect();
        self.ask(
            &fitted.model,
            &config.test()?,
            &drawn,
            draws,
            mechanism,
            fitted.seconds,
        )
    }

    fn config(&self) -> Result<WorldConfig> {
        let factor = RareFactor::named(&self.factor).ok_or_else(|| Error::Setting {
            name: "factor",
            value: self.factor.clone(),
            accepted: "le nom d'un facteur de l'étude",
        })?;
        let world = World::new(factor, self.rare_share);
        let [people, others, calibration] = self.test;
        Ok(WorldConfig::new(world)
            .with_images(self.images, self.images)
            .with_test(people, others, calibration)
            .with_seed(self.seed)
            .with_cache(&self.cache))
    }

    fn cnn(
        &self,
        drawn: &DrawnWorld,
        config: &FitConfig,
        device: &Device,
    ) -> Result<(StandardCnn, f64)> {
        let model = StandardCnnConfig::new().init(device);
        if self.arm == Arm::CnnUniform {
            let fitted = fit(model, &drawn.loader, config)?;
            return Ok((fitted.model, fitted.seconds));
        }
        let probabilities = inverse_frequency(&drawn.rare);
        let size = config.batch_size;
        let fitted = Trainer::new(model, |epoch| {
            drawn
                .loader
                .weighted_batches(size, &probabilities, epoch.seed, &epoch.device)
        })
        .with_loss(|net: &StandardCnn, batch| {
            let logits = net.forward(batch.images.clone()).flatten(0, 1);
            Ok(binary_cross_entropy_with_logits(logits, batch.labels.clone())?.mean())
        })
        .fit(config)?;
        Ok((fitted.model, fitted.seconds))
    }

    fn db_vae(
        &self,
        drawn: &DrawnWorld,
        config: FitConfig,
        device: &Device,
    ) -> Result<DebiasedFit<DbVae>> {
        let debiasing = DebiasingConfig::new()
            .with_preview_every(0)
            .with_fit(config);
        let probabilities = |faces: &ImageStore, model: &DbVae| -> visages::Result<Vec<f64>> {
            let uniform = || Ok(vec![1.0; faces.len()]);
            let lab = || {
                let (means, _) = encode_images(model, faces, ENCODED, device)?;
                sample_probabilities(&means, BINS, SMOOTHING)
            };
            match self.arm {
                Arm::Rule => lab(),
                Arm::Placebo => Ok(dealt(lab()?, self.seed)),
                Arm::Active => {
                    let (means, logvars) = encode_images(model, faces, ENCODED, device)?;
                    match active(&means, &logvars)? {
                        Some(table) => sample_probabilities(&table, BINS, SMOOTHING),
                        None => uniform(),
                    }
                }
                Arm::Inverse => Ok(inverse_frequency(&drawn.rare)),
                Arm::Uniform | Arm::CnnUniform | Arm::CnnInverse => uniform(),
            }
        };
        Ok(fit_debiasing_with(
            DbVaeConfig::new().init(device),
            &drawn.loader,
            &debiasing,
            probabilities,
            debiasing_train_step,
        )?)
    }

    fn ask<M: Classifier>(
        &self,
        model: &M,
        test: &WorldTest,
        drawn: &DrawnWorld,
        draws: Vec<Epoch>,
        mechanism: Option<Mechanism>,
        seconds: f64,
    ) -> Result<Outcome> {
        let device = Device::flex();
        let score = |images: &ImageStore| predict_probabilities(model, images, BATCH, &device);
        let threshold = equal_threshold(&score(&test.calibration)?);
        let others = score(&test.others)?;
        let version = |images: &ImageStore| -> Result<Version> {
            let scores = score(images)?;
            let found = |from: f32| scores.iter().filter(|score| **score >= from).count();
            let truth: Vec<f32> = scores
                .iter()
                .map(|_| 1.0)
                .chain(others.iter().map(|_| 0.0))
                .collect();
            let all: Vec<f32> = scores.iter().chain(&others).copied().collect();
            Ok(Version {
                n: scores.len(),
                found: found(threshold),
                found_half: found(HALF),
                auc: binary_metrics(&[Metric::Auc], &truth, &all, 0.5)?[0].1,
            })
        };
        let alarms = |kept: &dyn Fn(usize) -> bool| {
            let kept = others.iter().enumerate().filter(|(index, _)| kept(*index));
            kept.fold(Alarms::default(), |found, (_, score)| Alarms {
                n: found.n + 1,
                taken: found.taken + usize::from(*score >= threshold),
            })
        };
        let decoy = |index: usize, dark: bool| {
            let cause = &test.causes[index];
            cause.kind.shows_a_person() && cause.person.tone.is_dark() == dark
        };
        Ok(Outcome {
            faces: drawn.rare.len(),
            rare_faces: drawn.rare.iter().filter(|rare| **rare).count(),
            common: version(&test.common)?,
            rare: version(&test.rare)?,
            threshold,
            alarms: alarms(&|_| true),
            light_decoys: alarms(&|index| decoy(index, false)),
            dark_decoys: alarms(&|index| decoy(index, true)),
            draws,
            mechanism,
            seconds,
        })
    }
}

/// Each face as likely as its version is rare: both versions take half of the draws.
fn inverse_frequency(rare: &[bool]) -> Vec<f64> {
    let count = rare.iter().filter(|rare| **rare).count();
    let [rare_weight, common_weight] =
        [count, rare.len() - count].map(|count| 1.0 / count.max(1) as f64);
    rare.iter()
        .map(|rare| if *rare { rare_weight } else { common_weight })
        .collect()
}

/// The same values in an order that the seed draws (Fisher and Yates, with SplitMix64).
fn dealt(mut values: Vec<f64>, seed: u64) -> Vec<f64> {
    let mut state = seed;
    for last in (1..values.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        values.swap(last, (mixed % (last as u64 + 1)) as usize);
    }
    values
}

/// What the rules would draw from a trained model, and what its latent variables know of the rare.
fn mechanism(model: &DbVae, drawn: &DrawnWorld, seed: u64, device: &Device) -> Result<Mechanism> {
    let (means, logvars) = encode_images(model, drawn.loader.faces(), ENCODED, device)?;
    let rare = &drawn.rare;
    let table = active(&means, &logvars)?;
    let truth = share(&vec![1.0; rare.len()], rare);
    let active_share = match &table {
        Some(table) => share(&sample_probabilities(table, BINS, SMOOTHING)?, rare),
        None => truth,
    };
    Ok(Mechanism {
        rule: share(&sample_probabilities(&means, BINS, SMOOTHING)?, rare),
        active: active_share,
        product: share(&product(&means)?, rare),
        active_variables: table.map_or(0, |table| table.latent_dim()),
        r_squared: r_squared(&means, rare, seed)?,
    })
}

/// The paper's rule: the product of the probabilities of all latent variables.
fn product(means: &LatentTable) -> Result<Vec<f64>> {
    let mut logs = vec![0.0_f64; means.len()];
    for dimension in 0..means.latent_dim() {
        let column = means
            .column(dimension)?
            .into_iter()
            .map(|value| value as f32);
        let own = sample_probabilities(&LatentTable::new(column.collect(), 1)?, BINS, SMOOTHING)?;
        for (log, p) in logs.iter_mut().zip(own) {
            *log += p.ln();
        }
    }
    // The largest becomes 1: nothing overflows.
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok(logs.into_iter().map(|log| (log - largest).exp()).collect())
}

/// Part of the variance of « is rare » that all latent variables explain together, on faces that did not fit it.
fn r_squared(means: &LatentTable, rare: &[bool], seed: u64) -> Result<f64> {
    let told = |error: PolarsError| Error::Execution(error.to_string());
    let values: Vec<f64> = rare.iter().map(|rare| f64::from(u8::from(*rare))).collect();
    let known = df!("rare" => values).map_err(told)?;
    let frame = latent_factors(means, &known, &["rare"], seed)?;
    let (variables, found) = (
        frame.column("variable").map_err(told)?,
        frame.column("r_squared").map_err(told)?,
    );
    let variables = variables.str().map_err(told)?;
    let place = variables.iter().position(|name| name == Some("ensemble"));
    let value = place.and_then(|place| found.f64().ok()?.get(place));
    value.ok_or_else(|| Error::Execution("la régression n'a pas de ligne « ensemble »".to_owned()))
}
