//! The effects that the debiasing lab claims: what its detectors answer in the worlds that it compares, and how often its
//! rule draws the rare faces.

mod answers;
mod draws;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval::{Estimate, less, paired_less, rate_of};
use super::{EffectsArgs, Measured, Notes, Preset};
use crate::error::Result;
use crate::french::grouped;

/// A detector and how its faces are drawn in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Arm {
    Cnn,
    Uniform,
    Rule,
}

impl Arm {
    const fn title(self) -> &'static str {
        match self {
            Self::Cnn => "CNN",
            Self::Uniform => "DB-VAE, tirage uniforme",
            Self::Rule => "DB-VAE, règle du TP",
        }
    }
}

/// The lab's world, or the same factor with both versions as frequent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    Lab,
    Balanced,
}

impl World {
    const fn title(self) -> &'static str {
        match self {
            Self::Lab => "du TP",
            Self::Balanced => "équilibré",
        }
    }
}

/// A version of the faces of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Common,
    Rare,
}

impl Version {
    /// What the codes of its groups begin with.
    const fn initial(self) -> char {
        match self {
            Self::Common => 'C',
            Self::Rare => 'R',
        }
    }
}

/// What is trained: each world with the detectors that a claim compares, the lab's own first, so that an interrupted measure
/// has what matters most.
const TRAININGS: [(World, Arm); 5] = [
    (World::Lab, Arm::Cnn),
    (World::Lab, Arm::Rule),
    (World::Lab, Arm::Uniform),
    (World::Balanced, Arm::Cnn),
    (World::Balanced, Arm::Uniform),
];
/// The groups of test faces, by their codes.
const GROUPS: [(&str, &str); 4] = [
    ("CF", "femmes, version fréquente"),
    ("CM", "hommes, version fréquente"),
    ("RF", "femmes, version rare"),
    ("RM", "hommes, version rare"),
];
/// Factors of the test faces: name, title, and what the first and the second half of the faces are called.
const FACTORS: [(&str, &str); 5] = [
    ("tone", "type de peau, I à III − IV à VI"),
    (
        "exposure",
        "exposition, moitié la plus sombre − moitié la plus claire",
    ),
    (
        "smile",
        "bouche, moitié la moins souriante − moitié la plus souriante",
    ),
    (
        "makeup",
        "maquillage, moitié la moins maquillée − moitié la plus maquillée",
    ),
    ("blur", "flou, moitié la plus nette − moitié la plus floue"),
];

/// What identifies a training.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Trial {
    balanced: bool,
    arm: Arm,
    seed: u64,
    images: u32,
    epochs: u32,
    people: u32,
}

impl Trial {
    const fn world(&self) -> World {
        match self.balanced {
            true => World::Balanced,
            false => World::Lab,
        }
    }
}

/// Answers to some images, `1` for « face ».
#[derive(Debug, Clone, Deserialize)]
struct Answers {
    code: String,
    at_half: String,
    at_equal: String,
}

/// Which latent variables a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Variables {
    All,
    Active,
    Best,
}

impl Variables {
    const ALL: [Self; 3] = [Self::All, Self::Active, Self::Best];

    const fn title(self) -> &'static str {
        match self {
            Self::All => "maximum sur toutes les variables",
            Self::Active => "maximum sur les variables actives",
            Self::Best => "la variable la plus liée à la rareté",
        }
    }
}

/// How one rule draws faces.
#[derive(Debug, Clone, Deserialize)]
struct Draw {
    of: Variables,
    smoothing: f64,
    variables: usize,
    share: f64,
    effective: f64,
    ratio: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct Draws {
    faces: usize,
    rare: usize,
    epochs: Vec<[f64; 2]>,
    rules: Vec<Draw>,
}

/// The worker's answer.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    /// « couvre-chef, 3 % ».
    world: String,
    seen: [Answers; 2],
    held_out: [Answers; 2],
    groups: Vec<Answers>,
    factors: BTreeMap<String, Vec<f64>>,
    draws: Option<Draws>,
    same_batch: Option<[f64; 2]>,
}

/// The threshold of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Threshold {
    /// One half.
    Half,
    /// That at which 5 % of the other images held out are taken for faces.
    Equal,
}

impl Answers {
    fn said(&self, threshold: Threshold) -> Vec<bool> {
        let text = match threshold {
            Threshold::Half => &self.at_half,
            Threshold::Equal => &self.at_equal,
        };
        text.chars().map(|letter| letter == '1').collect()
    }
}

impl Outcome {
    /// The answers to the test faces of a version.
    fn version(&self, version: Version, threshold: Threshold) -> Vec<bool> {
        let groups = self.groups.iter();
        let own = groups.filter(|group| group.code.starts_with(version.initial()));
        own.flat_map(|group| group.said(threshold)).collect()
    }

    fn recall(&self, version: Version, threshold: Threshold) -> Estimate {
        rate_of(&self.version(version, threshold))
    }

    /// The answers to the test faces of a group.
    fn group(&self, code: &str) -> Vec<bool> {
        let found = self.groups.iter().find(|group| group.code == code);
        found.map_or(Vec::new(), |group| group.said(Threshold::Half))
    }

    /// The recall of the half of the test faces where a factor is smaller, less that of the other half. Equal values stay
    /// together, in the first half.
    fn by_factor(&self, factor: &str) -> Estimate {
        let values = self.factors.get(factor).cloned().unwrap_or_default();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = match factor {
            // Types I to III.
            "tone" => 3.0,
            _ => sorted
                .get(sorted.len().saturating_sub(1) / 2)
                .copied()
                .unwrap_or(f64::NAN),
        };
        let groups = self.groups.iter();
        let said = groups.flat_map(|group| group.said(Threshold::Half));
        let pairs: Vec<(bool, f64)> = said.zip(values).collect();
        let half = |first: bool| {
            let kept = pairs
                .iter()
                .filter(|(_, value)| (*value <= middle) == first);
            kept.map(|(said, _)| *said).collect::<Vec<bool>>()
        };
        less(rate_of(&half(true)), rate_of(&half(false)))
    }

    /// Common − rare: the same people in both versions.
    fn gap(&self, threshold: Threshold) -> Estimate {
        paired_less(
            &self.version(Version::Common, threshold),
            &self.version(Version::Rare, threshold),
        )
    }

    /// The recall of the group where it is lowest, and the group's code.
    fn worst(&self) -> (Estimate, &str) {
        let groups = self.groups.iter();
        let recalls =
            groups.map(|group| (rate_of(&group.said(Threshold::Half)), group.code.as_str()));
        recalls
            .min_by(|a, b| a.0.value.total_cmp(&b.0.value))
            .unwrap_or((rate_of(&[]), ""))
    }

    /// Right answers to faces and other images.
    fn accuracy([faces, others]: &[Answers; 2]) -> Estimate {
        let mut right = faces.said(Threshold::Half);
        right.extend(others.said(Threshold::Half).iter().map(|said| !said));
        rate_of(&right)
    }

    fn alarms(&self) -> Vec<bool> {
        self.held_out[1].said(Threshold::Half)
    }
}

/// The trainings of all seeds, in the order of [`TRAININGS`], seeds together.
struct Study {
    trials: Vec<Trial>,
    outcomes: Vec<Outcome>,
}

impl Study {
    /// The lab's world: « couvre-chef, 3 % ».
    fn world(&self) -> &str {
        let found = self.of(World::Lab, Arm::Cnn);
        found.first().map_or("", |outcome| outcome.world.as_str())
    }

    /// The outcomes of a training, one a seed.
    fn of(&self, world: World, arm: Arm) -> Vec<&Outcome> {
        let both = self.trials.iter().zip(&self.outcomes);
        both.filter(|(trial, _)| (trial.world(), trial.arm) == (world, arm))
            .map(|(_, outcome)| outcome)
            .collect()
    }

    /// A measure of a training, one a seed.
    fn one(
        &self,
        (world, arm): (World, Arm),
        measure: impl Fn(&Outcome) -> Estimate,
    ) -> Vec<Estimate> {
        self.of(world, arm).into_iter().map(measure).collect()
    }

    /// A measure of two trainings of the same seed, one a seed.
    fn two(
        &self,
        one: (World, Arm),
        other: (World, Arm),
        measure: impl Fn(&Outcome, &Outcome) -> Estimate,
    ) -> Vec<Estimate> {
        let pairs = self
            .of(one.0, one.1)
            .into_iter()
            .zip(self.of(other.0, other.1));
        pairs.map(|(one, other)| measure(one, other)).collect()
    }
}

/// Trains what the journal lacks; the tables, and the measures as JSON.
pub fn measure(args: &EffectsArgs, notes: &mut Notes) -> Result<Measured> {
    let (images, people) = match args.preset {
        Preset::Rapide => (1_500, 200),
        Preset::Seance => (SESSION_IMAGES, 600),
    };
    let epochs = |arm| match (args.preset, arm) {
        (_, Arm::Cnn) => 2,
        (Preset::Rapide, _) => 3,
        (Preset::Seance, _) => 6,
    };
    let images = args.images.unwrap_or(images);
    let mut trials = Vec::new();
    for (world, arm) in TRAININGS {
        for seed in args.seeds.0..=args.seeds.1 {
            let epochs = epochs(arm);
            trials.push(Trial {
                balanced: world == World::Balanced,
                arm,
                seed,
                images,
                epochs,
                people,
            });
        }
    }
    let title = |trial: &Trial| {
        format!(
            "monde {}, {}, graine {}",
            trial.world().title(),
            trial.arm.title(),
            trial.seed
        )
    };
    let outcomes = notes.outcomes("effects", &trials, title)?;
    let study = Study { trials, outcomes };
    let source = source(args, images, people);
    let whole = |parts: &[String]| format!("{}\n{source}", parts.join("\n"));
    let texts = vec![
        ("", whole(&[answers::differences(&study, args)])),
        ("_reponses", whole(&[answers::answers(&study, args)])),
        (
            "_tirages",
            whole(&[
                draws::draws(&study, args),
                draws::smoothings(&study, args),
                draws::same_batch(&study, args),
            ]),
        ),
    ];
    let trials: Vec<&Trial> = study.trials.iter().collect();
    Ok((
        texts,
        json!({ "lab": "tp5", "trials": trials, "known": notes.known }),
    ))
}

/// Images of each sort in a session of the lab.
const SESSION_IMAGES: u32 = 3_000;

fn source(args: &EffectsArgs, images: u32, people: u32) -> String {
    let preset = match args.preset {
        Preset::Rapide => "rapide",
        Preset::Seance => "seance",
    };
    let session = match images {
        SESSION_IMAGES => String::new(),
        _ => format!(" (une séance en a {})", grouped(SESSION_IMAGES.into())),
    };
    format!(
        "*Visages dessinés ; {} visages et autant d'images sans visage{session}, {} personnes de test dessinées dans les deux versions, {} (préréglage « {preset} »). \
         Chaque graine tire d'autres dessins, d'autres poids et un autre ordre. Entre crochets, l'intervalle à 95 % des images de test : \
         Wilson pour un taux, Newcombe pour une différence, apparié quand les deux détecteurs voient les mêmes images, ou un détecteur les mêmes personnes. Une différence est établie \
         quand les intervalles de toutes les graines sont du même côté de zéro. Mesuré par `cargo tp bench effets tp5`.*\n",
        grouped(images.into()),
        grouped(people.into()),
        args.seeds.in_words(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(code: &str, text: &str) -> Answers {
        Answers {
            code: code.to_owned(),
            at_half: text.to_owned(),
            at_equal: text.chars().rev().collect(),
        }
    }

    fn outcome(common: &str, rare: &str) -> Outcome {
        let both = || [answers("visages", "1110"), answers("autres", "0100")];
        Outcome {
            world: "couvre-chef, 3 %".to_owned(),
            seen: both(),
            held_out: both(),
            groups: vec![
                answers("CF", common),
                answers("CM", common),
                answers("RF", rare),
                answers("RM", "1111"),
            ],
            factors: BTreeMap::from([
                (
                    "tone".to_owned(),
                    [1.0; 8].into_iter().chain([5.0; 8]).collect(),
                ),
                ("blur".to_owned(), (0..16).map(f64::from).rev().collect()),
            ]),
            draws: None,
            same_batch: None,
        }
    }

    #[test]
    fn measures_by_hand() {
        let found = outcome("1110", "1000");
        assert_eq!(found.recall(Version::Common, Threshold::Half).value, 0.75);
        assert_eq!(found.recall(Version::Rare, Threshold::Half).value, 0.625);
        assert!((found.gap(Threshold::Half).value - 0.125).abs() < 1e-12);
        let (worst, code) = found.worst();
        assert_eq!((worst.value, code), (0.25, "RF"));
        // Three faces of four, three other images of four.
        assert_eq!(Outcome::accuracy(&found.seen).value, 0.75);
        assert_eq!(rate_of(&found.alarms()).value, 0.25);
        assert_eq!(found.group("RF"), [true, false, false, false]);
        // The second half of the faces are those of the rare groups, whose blur is the smallest.
        assert!((found.by_factor("tone").value - 0.125).abs() < 1e-12);
        assert!((found.by_factor("blur").value + 0.125).abs() < 1e-12);
        assert_eq!(
            found.version(Version::Common, Threshold::Equal)[..4],
            [false, true, true, true]
        );
    }

    /// The rare version gains, the common one loses: the gap falls by both.
    #[test]
    fn a_gap_is_compared_version_by_version() {
        let trial = |arm, seed| Trial {
            balanced: false,
            arm,
            seed,
            images: 1,
            epochs: 1,
            people: 8,
        };
        let study = Study {
            trials: vec![trial(Arm::Cnn, 1), trial(Arm::Rule, 1)],
            outcomes: vec![outcome("1110", "1000"), outcome("1100", "1100")],
        };
        let key = |arm| (World::Lab, arm);
        let rare = study.two(key(Arm::Rule), key(Arm::Cnn), |a, b| {
            paired_less(
                &a.version(Version::Rare, Threshold::Half),
                &b.version(Version::Rare, Threshold::Half),
            )
        });
        assert!((rare[0].value - 0.125).abs() < 1e-12);
        let gap = study.one(key(Arm::Rule), |o| o.gap(Threshold::Half));
        assert!((gap[0].value + 0.25).abs() < 1e-12, "{gap:?}");
    }
}
