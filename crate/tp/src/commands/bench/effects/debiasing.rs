//! The effects that the debiasing lab claims: what its detectors answer in the worlds that it compares, and how often its
//! rule draws the rare faces.

mod answers;
mod draws;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval::{Estimate, less, rate_of};
use super::{EffectsArgs, Measured, Notes, Preset};
use crate::commands::data::synth::Bias;
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

/// What is trained: each world with the detectors that a claim compares.
const TRAININGS: [(Bias, Arm); 5] = [
    (BIASED, Arm::Cnn),
    (BIASED, Arm::Rule),
    (BIASED, Arm::Uniform),
    (Bias::Balanced, Arm::Cnn),
    (Bias::Balanced, Arm::Uniform),
];
/// The other worlds, where only what the rules would draw is of interest.
const OTHERS: [(Bias, Arm); 2] = [
    (Bias::RareOnly, Arm::Uniform),
    (Bias::UnderexposedOnly, Arm::Uniform),
];
/// The world of the lab's default drawings.
const BIASED: Bias = Bias::RareAndUnderexposed;
/// The groups of test faces, by their codes.
const GROUPS: [(&str, &str); 4] = [
    ("LF", "femmes, peau claire"),
    ("LM", "hommes, peau claire"),
    ("DF", "femmes, peau foncée"),
    ("DM", "hommes, peau foncée"),
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
    bias: Bias,
    arm: Arm,
    seed: u64,
    images: u32,
    epochs: u32,
    test_faces: u32,
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
            Self::Best => "la variable la plus liée au teint",
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
    /// The answers to the test faces of a tone, `L` light or `D` dark.
    fn tone(&self, tone: char, threshold: Threshold) -> Vec<bool> {
        let groups = self.groups.iter();
        let of_tone = groups.filter(|group| group.code.starts_with(tone));
        of_tone.flat_map(|group| group.said(threshold)).collect()
    }

    fn recall(&self, tone: char, threshold: Threshold) -> Estimate {
        rate_of(&self.tone(tone, threshold))
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

    /// Light − dark.
    fn gap(&self, threshold: Threshold) -> Estimate {
        less(self.recall('L', threshold), self.recall('D', threshold))
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

/// The trainings of all seeds, in the order of [`TRAININGS`] and [`OTHERS`], seeds together.
struct Study {
    trials: Vec<Trial>,
    outcomes: Vec<Outcome>,
}

impl Study {
    /// What was trained, each once, in their order.
    fn trainings(&self) -> Vec<(Bias, Arm)> {
        let mut found = Vec::new();
        for trial in &self.trials {
            if !found.contains(&(trial.bias, trial.arm)) {
                found.push((trial.bias, trial.arm));
            }
        }
        found
    }

    /// The outcomes of a training, one a seed.
    fn of(&self, bias: Bias, arm: Arm) -> Vec<&Outcome> {
        let both = self.trials.iter().zip(&self.outcomes);
        both.filter(|(trial, _)| (trial.bias, trial.arm) == (bias, arm))
            .map(|(_, outcome)| outcome)
            .collect()
    }

    /// A measure of a training, one a seed.
    fn one(
        &self,
        (bias, arm): (Bias, Arm),
        measure: impl Fn(&Outcome) -> Estimate,
    ) -> Vec<Estimate> {
        self.of(bias, arm).into_iter().map(measure).collect()
    }

    /// A measure of two trainings of the same seed, one a seed.
    fn two(
        &self,
        one: (Bias, Arm),
        other: (Bias, Arm),
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
    let (images, test_faces) = match args.preset {
        Preset::Rapide => (1_500, 100),
        Preset::Seance => (SESSION_IMAGES, 300),
    };
    let epochs = |arm| match (args.preset, arm) {
        (_, Arm::Cnn) => 2,
        (Preset::Rapide, _) => 3,
        (Preset::Seance, _) => 6,
    };
    let images = args.images.unwrap_or(images);
    let mut trials = Vec::new();
    // The lab's own world first: an interrupted measure has what matters most.
    let others = OTHERS.into_iter().filter(|_| args.all_worlds);
    for (bias, arm) in TRAININGS.into_iter().chain(others) {
        for seed in args.seeds.0..=args.seeds.1 {
            let epochs = epochs(arm);
            trials.push(Trial {
                bias,
                arm,
                seed,
                images,
                epochs,
                test_faces,
            });
        }
    }
    let title = |trial: &Trial| {
        format!(
            "{}, {}, graine {}",
            trial.bias.title(),
            trial.arm.title(),
            trial.seed
        )
    };
    let outcomes = notes.outcomes("effects", &trials, title)?;
    let study = Study { trials, outcomes };
    let source = source(args, images, test_faces);
    let whole = |parts: &[String]| format!("{}\n{source}", parts.join("\n"));
    let texts = vec![
        ("", whole(&[answers::differences(&study, args, |_| true)])),
        (
            "_essentiel",
            whole(&[answers::differences(&study, args, |name| {
                answers::ESSENTIAL.contains(&name)
            })]),
        ),
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
const SESSION_IMAGES: u32 = 6_000;

fn source(args: &EffectsArgs, images: u32, test_faces: u32) -> String {
    let preset = match args.preset {
        Preset::Rapide => "rapide",
        Preset::Seance => "seance",
    };
    let session = match images {
        SESSION_IMAGES => String::new(),
        _ => format!(" (une séance en a {})", grouped(SESSION_IMAGES.into())),
    };
    format!(
        "*Visages dessinés ; {} visages et autant d'images sans visage{session}, {} visages de test par groupe, {} (préréglage « {preset} »). \
         Chaque graine tire d'autres dessins, d'autres poids et un autre ordre. Entre crochets, l'intervalle à 95 % des images de test : \
         Wilson pour un taux, Newcombe pour une différence, apparié quand les deux détecteurs voient les mêmes images. Une différence est établie \
         quand les intervalles de toutes les graines sont du même côté de zéro. Mesuré par `cargo tp bench effets tp5`.*\n",
        grouped(images.into()),
        grouped(test_faces.into()),
        args.seeds.in_words(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::interval::paired_less;
    use super::*;

    fn answers(code: &str, text: &str) -> Answers {
        Answers {
            code: code.to_owned(),
            at_half: text.to_owned(),
            at_equal: text.chars().rev().collect(),
        }
    }

    fn outcome(light: &str, dark: &str) -> Outcome {
        let both = || [answers("visages", "1110"), answers("autres", "0100")];
        Outcome {
            seen: both(),
            held_out: both(),
            groups: vec![
                answers("LF", light),
                answers("LM", light),
                answers("DF", dark),
                answers("DM", "1111"),
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
        assert_eq!(found.recall('L', Threshold::Half).value, 0.75);
        assert_eq!(found.recall('D', Threshold::Half).value, 0.625);
        assert!((found.gap(Threshold::Half).value - 0.125).abs() < 1e-12);
        let (worst, code) = found.worst();
        assert_eq!((worst.value, code), (0.25, "DF"));
        // Three faces of four, three other images of four.
        assert_eq!(Outcome::accuracy(&found.seen).value, 0.75);
        assert_eq!(rate_of(&found.alarms()).value, 0.25);
        assert_eq!(found.group("DF"), [true, false, false, false]);
        // The second half of the faces are those of the dark groups, whose blur is the smallest.
        assert!((found.by_factor("tone").value - 0.125).abs() < 1e-12);
        assert!((found.by_factor("blur").value + 0.125).abs() < 1e-12);
        assert_eq!(
            found.tone('L', Threshold::Equal)[..4],
            [false, true, true, true]
        );
    }

    /// The dark group gains, the light one loses: the gap falls by both.
    #[test]
    fn a_gap_is_compared_tone_by_tone() {
        let trial = |arm, seed| Trial {
            bias: Bias::RareAndUnderexposed,
            arm,
            seed,
            images: 1,
            epochs: 1,
            test_faces: 4,
        };
        let study = Study {
            trials: vec![trial(Arm::Cnn, 1), trial(Arm::Rule, 1)],
            outcomes: vec![outcome("1110", "1000"), outcome("1100", "1100")],
        };
        let key = |arm| (Bias::RareAndUnderexposed, arm);
        let dark = study.two(key(Arm::Rule), key(Arm::Cnn), |a, b| {
            paired_less(&a.tone('D', Threshold::Half), &b.tone('D', Threshold::Half))
        });
        assert!((dark[0].value - 0.125).abs() < 1e-12);
        let gap = study.one(key(Arm::Rule), |o| o.gap(Threshold::Half));
        assert!((gap[0].value + 0.25).abs() < 1e-12, "{gap:?}");
    }
}
