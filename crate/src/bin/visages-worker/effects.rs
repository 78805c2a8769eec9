//! One training of the measures that the debiasing lab cites, for `tp bench effets`: a detector, drawn faces, a seed, and
//! everything that its claims need, image by image.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use visages::{
    burn::{module::Module, tensor::Device},
    data::{DrawnWorld, ImageStore, LABEL, Labelled, SkinTone, World, WorldConfig},
    models::{DbVae, DbVaeConfig, StandardCnnConfig},
    polars::prelude::PolarsResult,
    train::{
        AdamConfig, BINS, Classifier, DebiasingConfig, FitConfig, LatentTable, SMOOTHING,
        effective_sample_size, encode_images, fit, fit_debiasing, predict_probabilities,
        sample_probabilities, train_step,
    },
};

use crate::{
    draws::{active, equal_threshold, share},
    error::{Error, Result},
};

/// Images a batch, of those that are asked for answers.
const BATCH: usize = 64;
/// Probability from which a face counts as found.
const THRESHOLD: f32 = 0.5;
/// Images seen in training that are asked again.
const SEEN: usize = 5_000;
/// Smoothing with which faces are drawn uniformly.
const UNIFORM: f64 = 1e12;
/// The smoothings that are compared.
const SMOOTHINGS: [f64; 6] = [0.0, SMOOTHING, 0.01, 0.1, 1.0, 10.0];

/// A detector and how its faces are drawn in training.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Arm {
    /// The standard CNN.
    Cnn,
    /// The DB-VAE, faces drawn uniformly.
    Uniform,
    /// The DB-VAE, faces drawn by the lab's rule.
    Rule,
}

/// What is trained, on what.
#[derive(Debug, Deserialize)]
pub struct Trial {
    /// Nothing is rare, instead of what is in the lab's world.
    balanced: bool,
    arm: Arm,
    seed: u64,
    /// Faces, and as many other images, those held out included.
    images: usize,
    epochs: u32,
    /// People of the test, in both versions.
    people: usize,
    /// Where drawings are kept: the trainings of a world share them.
    cache: PathBuf,
}

/// Answers to some images: `1` where the detector says « face », else `0`.
#[derive(Debug, Serialize)]
struct Answers {
    code: String,
    at_half: String,
    /// At the threshold that takes [`EQUAL_ALARMS`](crate::draws::EQUAL_ALARMS) of the other images held out for faces.
    at_equal: String,
    /// Mean probability.
    mean: f64,
}

/// Which latent variables a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Variables {
    All,
    /// Those whose mean latent loss exceeds [`ACTIVE`](crate::draws::ACTIVE).
    Active,
    /// The one that goes best with the rare group.
    Best,
}

/// How faces are drawn by one rule.
#[derive(Debug, Serialize)]
struct Draw {
    of: Variables,
    smoothing: f64,
    /// Variables that count.
    variables: usize,
    /// Share of the rare group among the draws.
    share: f64,
    effective: f64,
    /// The largest probability, divided by the smallest.
    ratio: f64,
}

/// How the faces of a DB-VAE are drawn.
#[derive(Debug, Serialize)]
struct Draws {
    /// Training faces, and those of the rare group.
    faces: usize,
    rare: usize,
    /// Share of the rare group among the draws of each epoch, and the effective sample size.
    epochs: Vec<[f64; 2]>,
    /// What rules would draw from the trained model.
    rules: Vec<Draw>,
}

/// What the detector answers.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// « couvre-chef, 3 % ».
    world: String,
    /// Images of the training set: faces, then others.
    seen: [Answers; 2],
    held_out: [Answers; 2],
    groups: Vec<Answers>,
    /// Factors of the test faces, in the order of the groups, by their names.
    factors: BTreeMap<String, Vec<f32>>,
    draws: Option<Draws>,
    /// Losses of the first and of the last of ten steps on the same batch; for the CNN.
    same_batch: Option<[f64; 2]>,
    seconds: f64,
}

/// Images of the batch that is seen again and again, as in the lab.
const SAME_BATCH: usize = 100;
/// Steps on it.
const SAME_STEPS: usize = 10;
/// Factors that the lab relates mistakes to.
const FACTORS: [&str; 5] = ["tone", "exposure", "smile", "makeup", "blur"];

impl Trial {
    /// Draws, trains and asks.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let world = match self.balanced {
            true => World::LAB.balanced(),
            false => World::LAB,
        };
        let config = WorldConfig::new(world)
            .with_images(self.images, self.images)
            .with_people(self.people)
            .with_seed(self.seed)
            .with_cache(&self.cache);
        let drawn = config.training()?;
        let fit_config = FitConfig::new()
            .with_epochs(self.epochs)
            .with_progress(false)
            .with_seed(self.seed);
        // As in the lab: the seed draws the weights first, then the training has its own.
        device.seed(self.seed);
        let smoothing = match self.arm {
            Arm::Cnn => {
                let model = StandardCnnConfig::new().init(&device);
                let fitted = fit(model, &drawn.loader, &fit_config)?;
                let mut outcome = self.ask(&fitted.model, &config, &drawn, None, fitted.seconds)?;
                outcome.same_batch = Some(self.same_batch(&drawn, &device)?);
                return Ok(outcome);
            }
            Arm::Uniform => UNIFORM,
            Arm::Rule => SMOOTHING,
        };
        let debiasing = DebiasingConfig::new()
            .with_smoothing(smoothing)
            .with_preview_every(0)
            .with_fit(fit_config);
        let fitted = fit_debiasing(DbVaeConfig::new().init(&device), &drawn.loader, &debiasing)?;
        let rare = &drawn.rare;
        let epochs = fitted
            .resamplings
            .iter()
            .map(|drawing| [share(&drawing.probabilities, rare), drawing.effective_size])
            .collect();
        let draws = Draws {
            faces: rare.len(),
            rare: rare.iter().filter(|rare| **rare).count(),
            epochs,
            rules: rules(&fitted.model, &drawn, &device)?,
        };
        self.ask(&fitted.model, &config, &drawn, Some(draws), fitted.seconds)
    }

    fn ask<M: Classifier>(
        &self,
        model: &M,
        config: &WorldConfig,
        drawn: &DrawnWorld,
        draws: Option<Draws>,
        seconds: f64,
    ) -> Result<Outcome> {
        let loader = &drawn.loader;
        let device = Device::flex();
        let score = |images: &ImageStore| predict_probabilities(model, images, BATCH, &device);
        let [faces, others] = by_class(loader.held_out(), score)?;
        let threshold = equal_threshold(&others);
        let answers = |code: &str, scores: &[f32]| Answers::new(code, scores, threshold);
        let half = loader
            .faces()
            .len()
            .min(loader.non_faces().len())
            .min(SEEN / 2);
        let [seen_faces, seen_others] = by_class(&loader.sample(2 * half, self.seed)?, score)?;
        let groups = config.test_faces()?.groups;
        let groups = groups
            .iter()
            .map(|group| Ok(answers(&group.code, &score(&group.images)?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Outcome {
            world: config.world.to_string(),
            seen: [
                answers("visages", &seen_faces),
                answers("autres", &seen_others),
            ],
            held_out: [answers("visages", &faces), answers("autres", &others)],
            groups,
            factors: factors(config)?,
            draws,
            same_batch: None,
            seconds,
        })
    }

    /// Ten steps on one batch from the lab's first weights.
    fn same_batch(&self, drawn: &DrawnWorld, device: &Device) -> Result<[f64; 2]> {
        device.seed(self.seed);
        let mut model = StandardCnnConfig::new().init(device).train();
        let mut optimizer = AdamConfig::new().init();
        let batch = drawn.loader.batch(SAME_BATCH, self.seed, device)?;
        let mut losses = Vec::new();
        for _ in 0..SAME_STEPS {
            let (updated, loss) = train_step(model, &mut optimizer, &batch, 5e-4)?;
            model = updated;
            losses.push(loss);
        }
        Ok([losses[0], losses[SAME_STEPS - 1]])
    }
}

impl Answers {
    fn new(code: &str, scores: &[f32], threshold: f32) -> Self {
        let said = |from: f32| {
            let letter = |score: &f32| if *score >= from { '1' } else { '0' };
            scores.iter().map(letter).collect()
        };
        let sum: f64 = scores.iter().copied().map(f64::from).sum();
        Self {
            code: code.to_owned(),
            at_half: said(THRESHOLD),
            at_equal: said(threshold),
            mean: sum / scores.len().max(1) as f64,
        }
    }
}

/// The answers to the faces and to the other images of a set.
fn by_class(
    set: &Labelled,
    score: impl Fn(&ImageStore) -> visages::Result<Vec<f32>>,
) -> Result<[Vec<f32>; 2]> {
    let mut found = [Vec::new(), Vec::new()];
    for (score, class) in score(set.images())?.into_iter().zip(set.classes(LABEL)?) {
        found[usize::from(class == 0)].push(score);
    }
    Ok(found)
}

/// What is known of each test face: its type of skin as a number, and other factors.
fn factors(config: &WorldConfig) -> Result<BTreeMap<String, Vec<f32>>> {
    let known = config.test_frame()?;
    let column = |name: &str| {
        let column = known.column(name)?;
        if name == "tone" {
            let tones = column.str()?.iter().map(|tone| {
                let place = SkinTone::ALL
                    .iter()
                    .position(|known| Some(known.name()) == tone);
                place.map_or(f32::NAN, |place| place as f32 + 1.0)
            });
            return Ok(tones.collect());
        }
        let values = column.f32()?.iter();
        Ok(values.map(|value| value.unwrap_or(f32::NAN)).collect())
    };
    FACTORS
        .iter()
        .map(|name| {
            let values: PolarsResult<Vec<f32>> = column(name);
            let values = values.map_err(|error| Error::Execution(error.to_string()))?;
            Ok(((*name).to_owned(), values))
        })
        .collect()
}

/// What each rule draws from the trained model: all variables, the active ones or one, by each smoothing.
fn rules(model: &DbVae, drawn: &DrawnWorld, device: &Device) -> Result<Vec<Draw>> {
    let rare = &drawn.rare;
    let (means, logvars) = encode_images(model, drawn.loader.faces(), 4 * BATCH, device)?;
    let active = active(&means, &logvars)?;
    let best = LatentTable::new(
        best(&means, rare)?
            .iter()
            .map(|value| *value as f32)
            .collect(),
        1,
    )?;
    let mut found = Vec::new();
    for (of, table) in [
        (Variables::All, Some(means)),
        (Variables::Active, active),
        (Variables::Best, Some(best)),
    ] {
        let Some(table) = table else { continue };
        for smoothing in SMOOTHINGS {
            let probabilities = sample_probabilities(&table, BINS, smoothing)?;
            found.push(Draw {
                of,
                smoothing,
                variables: table.latent_dim(),
                share: share(&probabilities, rare),
                effective: effective_sample_size(&probabilities)?,
                ratio: ratio(&probabilities),
            });
        }
    }
    Ok(found)
}

fn ratio(probabilities: &[f64]) -> f64 {
    let low = probabilities.iter().copied().fold(f64::INFINITY, f64::min);
    probabilities.iter().copied().fold(0.0, f64::max) / low
}

/// The variable whose values differ most between the rare group and the others, in standard deviations.
fn best(means: &LatentTable, rare: &[bool]) -> Result<Vec<f64>> {
    let mean = |values: &[f64], of: Option<bool>| {
        let kept = values.iter().zip(rare);
        let kept: Vec<f64> = kept
            .filter(|(_, rare)| of.is_none_or(|of| of == **rare))
            .map(|(value, _)| *value)
            .collect();
        kept.iter().sum::<f64>() / kept.len().max(1) as f64
    };
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for dimension in 0..means.latent_dim() {
        let values = means.column(dimension)?;
        let centre = mean(&values, None);
        let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
        let deviation = (squares / values.len() as f64).sqrt();
        let gap = (mean(&values, Some(true)) - mean(&values, Some(false))).abs();
        let gap = if deviation > 0.0 {
            gap / deviation
        } else {
            0.0
        };
        if gap > best.0 {
            best = (gap, values);
        }
    }
    Ok(best.1)
}
