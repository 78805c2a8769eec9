//! What the study of debiasing trains: worlds, arms, seeds; and what the worker answers.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Seeds of the screening, and those of the confirmation: fresh ones.
pub const SCREENING_SEEDS: RangeInclusive<u64> = 101..=103;
/// See [`SCREENING_SEEDS`].
pub const CONFIRMATION_SEEDS: RangeInclusive<u64> = 201..=216;

/// What is rare in a world, by the library's names, and how rare it is among the training faces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct World {
    pub factor: &'static str,
    pub rare_share: f64,
}

impl World {
    /// The fourteen of the protocol.
    pub const ALL: [Self; 14] = [
        Self::new("teint", 0.03),
        Self::new("teint", 0.10),
        Self::new("pose", 0.03),
        Self::new("pose", 0.10),
        Self::new("couvre-chef", 0.03),
        Self::new("couvre-chef", 0.10),
        Self::new("lunettes de soleil", 0.03),
        Self::new("lunettes de soleil", 0.10),
        Self::new("exposition", 0.03),
        Self::new("exposition", 0.10),
        Self::new("fond", 0.03),
        Self::new("fond", 0.10),
        Self::new("teint sous-exposé", 0.03),
        Self::new("teint", 0.50),
    ];

    const fn new(factor: &'static str, rare_share: f64) -> Self {
        Self { factor, rare_share }
    }

    /// Whether nothing is rare in it.
    pub fn is_balanced(&self) -> bool {
        self.rare_share >= 0.5
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:.0} %", self.factor, 100.0 * self.rare_share)
    }
}

/// A detector, and how its faces are drawn in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    Uniform,
    Rule,
    Active,
    Placebo,
    Inverse,
    CnnUniform,
    CnnInverse,
}

impl Arm {
    /// The control first.
    pub const ALL: [Self; 7] = [
        Self::Uniform,
        Self::Rule,
        Self::Active,
        Self::Placebo,
        Self::Inverse,
        Self::CnnUniform,
        Self::CnnInverse,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "DB-VAE, tirage uniforme (témoin)",
            Self::Rule => "DB-VAE, règle du TP",
            Self::Active => "DB-VAE, règle sur les variables actives",
            Self::Placebo => "DB-VAE, placebo",
            Self::Inverse => "DB-VAE, vraie fréquence inverse",
            Self::CnnUniform => "CNN, tirage uniforme",
            Self::CnnInverse => "CNN, vraie fréquence inverse",
        }
    }

    /// How a sentence speaks of a rule that is tested.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Active => "les variables actives",
            _ => "la règle du TP",
        }
    }

    /// Epochs: those of the lab's session.
    const fn epochs(self) -> u32 {
        match self {
            Self::CnnUniform | Self::CnnInverse => 2,
            _ => 6,
        }
    }
}

/// How much is drawn and trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// Faces, and as many other images, those held out included.
    pub images: usize,
    /// People of the test; other images of the test; others that fix the threshold.
    pub test: [usize; 3],
    /// In place of those of the arms.
    epochs: Option<u32>,
    /// Most seeds of a stage.
    seeds: usize,
}

impl Sizes {
    /// Those of the protocol.
    pub const STUDY: Self = Self {
        images: 3_000,
        test: [300, 1_000, 500],
        epochs: None,
        seeds: usize::MAX,
    };
    /// Enough to try the command.
    pub const TRIAL_RUN: Self = Self {
        images: 200,
        test: [20, 60, 40],
        epochs: Some(1),
        seeds: 2,
    };

    pub fn seeds(&self, all: RangeInclusive<u64>) -> impl Iterator<Item = u64> + use<> {
        all.take(self.seeds)
    }
}

/// What identifies a training: two equal ones give the same numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    pub factor: String,
    pub rare_share: f64,
    pub arm: Arm,
    pub seed: u64,
    pub images: usize,
    pub test: [usize; 3],
    pub epochs: u32,
}

impl Trial {
    pub fn new(world: World, arm: Arm, seed: u64, sizes: &Sizes) -> Self {
        Self {
            factor: world.factor.to_owned(),
            rare_share: world.rare_share,
            arm,
            seed,
            images: sizes.images,
            test: sizes.test,
            epochs: sizes.epochs.unwrap_or(arm.epochs()),
        }
    }

    pub fn is_in(&self, world: &World) -> bool {
        self.factor == world.factor && self.rare_share == world.rare_share
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.rare_share;
        write!(
            f,
            "{}, {share:.0} %, {}, graine {}",
            self.factor,
            self.arm.name(),
            self.seed
        )
    }
}

/// One version of the people of the test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    pub n: usize,
    /// Found at the threshold of 5 % of false positives, and at ½.
    pub found: usize,
    pub found_half: usize,
    pub auc: f64,
}

impl Version {
    pub fn recall(&self) -> f64 {
        self.found as f64 / self.n as f64
    }

    pub fn recall_half(&self) -> f64 {
        self.found_half as f64 / self.n as f64
    }
}

/// Other images, and how many were taken for faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarms {
    pub n: usize,
    pub taken: usize,
}

impl Alarms {
    pub fn rate(&self) -> f64 {
        self.taken as f64 / self.n as f64
    }
}

/// Where the draws of an epoch fell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    pub rare: f64,
    pub effective: f64,
}

/// What each rule would draw from the trained control: shares of the rare among the draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mechanism {
    pub rule: f64,
    pub active: f64,
    pub product: f64,
    pub active_variables: usize,
    pub r_squared: f64,
}

/// The worker's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub faces: usize,
    pub rare_faces: usize,
    pub common: Version,
    pub rare: Version,
    pub threshold: f32,
    pub alarms: Alarms,
    pub light_decoys: Alarms,
    pub dark_decoys: Alarms,
    pub draws: Vec<Epoch>,
    pub mechanism: Option<Mechanism>,
    seconds: f64,
}

impl Outcome {
    /// All but the time that the training took.
    pub fn without_time(&self) -> Self {
        Self {
            seconds: 0.0,
            ..self.clone()
        }
    }

    /// Recall of the common version less that of the rare one.
    pub fn gap(&self) -> f64 {
        self.common.recall() - self.rare.recall()
    }

    pub fn true_share(&self) -> f64 {
        self.rare_faces as f64 / self.faces as f64
    }

    /// Mean share of the rare among the draws of the epochs; none for a CNN.
    pub fn drawn_share(&self) -> Option<f64> {
        let shares: Vec<f64> = self.draws.iter().map(|epoch| epoch.rare).collect();
        (!shares.is_empty()).then(|| crate::statistics::mean(&shares))
    }
}

/// A training that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub trial: Trial,
    pub outcome: Outcome,
    /// What it took, drawings included.
    pub seconds: f64,
}

/// A training that the worker could not finish: it diverged, or worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub trial: Trial,
    pub failed: String,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    Done(Box<Entry>),
    Failed(Failure),
}

impl Line {
    pub fn trial(&self) -> &Trial {
        match self {
            Self::Done(entry) => &entry.trial,
            Self::Failed(failure) => &failure.trial,
        }
    }
}

/// Made-up entries, for tests.
#[cfg(test)]
pub mod examples {
    use super::*;

    /// A training with these recalls, in parts of 300 people; the rules of the control draw `drawn` times the rare share.
    pub fn entry(world: World, arm: Arm, seed: u64, recalls: [usize; 2], drawn: f64) -> Entry {
        let version = |found: usize| Version {
            n: 300,
            found,
            found_half: found,
            auc: 0.9,
        };
        let rare_faces = (2_550.0 * world.rare_share) as usize;
        let share = rare_faces as f64 / 2_550.0;
        Entry {
            trial: Trial::new(world, arm, seed, &Sizes::STUDY),
            outcome: Outcome {
                faces: 2_550,
                rare_faces,
                common: version(recalls[0]),
                rare: version(recalls[1]),
                threshold: 0.4,
                alarms: Alarms {
                    n: 1_000,
                    taken: 50,
                },
                light_decoys: Alarms { n: 80, taken: 8 },
                dark_decoys: Alarms { n: 80, taken: 4 },
                draws: vec![Epoch {
                    rare: share,
                    effective: 2_000.0,
                }],
                mechanism: Some(Mechanism {
                    rule: drawn * share,
                    active: 2.0 * drawn * share,
                    product: share,
                    active_variables: 7,
                    r_squared: 0.25,
                }),
                seconds: 1.0,
            },
            seconds: 60.0,
        }
    }
}
