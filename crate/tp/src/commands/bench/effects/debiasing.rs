//! The effects that the debiasing lab claims: what its detectors answer in the worlds that it compares, and how often its
//! rule draws the rare faces.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval::{Estimate, less, paired_less, rate_of};
use super::table::{Table, Unit};
use super::{EffectsArgs, Measured, Notes, Preset};
use crate::commands::data::synth::Bias;
use crate::error::Result;
use crate::french::{counted, decimal, fixed, grouped};

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
        ("", whole(&[differences(&study, args, |_| true)])),
        (
            "_essentiel",
            whole(&[differences(&study, args, |name| ESSENTIAL.contains(&name))]),
        ),
        ("_reponses", whole(&[answers(&study, args)])),
        (
            "_tirages",
            whole(&[
                draws(&study, args),
                smoothings(&study, args),
                same_batch(&study, args),
            ]),
        ),
    ];
    let trials: Vec<&Trial> = study.trials.iter().collect();
    Ok((
        texts,
        json!({ "lab": "tp5", "trials": trials, "known": notes.known }),
    ))
}

/// What each detector answers.
fn answers(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["monde", "détecteur", "mesure"], args.seeds, &[]);
    for (bias, arm) in study.trainings() {
        let names = |measure| [bias.title(), arm.title(), measure];
        let one = |measure: &dyn Fn(&Outcome) -> Estimate| study.one((bias, arm), measure);
        let mut rates: Vec<(&str, Vec<Estimate>)> = vec![
            (
                "exactitude, images d'entraînement",
                one(&|o| Outcome::accuracy(&o.seen)),
            ),
            (
                "exactitude, images jamais vues",
                one(&|o| Outcome::accuracy(&o.held_out)),
            ),
            ("taux de faux positifs", one(&|o| rate_of(&o.alarms()))),
            (
                "rappel, peaux claires",
                one(&|o| o.recall('L', Threshold::Half)),
            ),
            (
                "rappel, peaux foncées",
                one(&|o| o.recall('D', Threshold::Half)),
            ),
            ("rappel du pire groupe", one(&|o| o.worst().0)),
        ];
        for (code, name) in GROUPS.iter().filter(|_| bias == BIASED) {
            rates.push((*name, one(&|o| rate_of(&o.group(code)))));
        }
        for (measure, estimates) in &rates {
            table.measures(&names(measure), estimates, Unit::Rate);
        }
    }
    format!("Ce que répondent les détecteurs :\n\n{}", table.finish())
}

/// The differences that the lab itself shows.
const ESSENTIAL: [&str; 6] = [
    "CNN : écart de rappel, peaux claires − peaux foncées",
    "CNN, monde équilibré : même écart",
    "peaux foncées : rappel du DB-VAE (règle du TP) − du CNN",
    "peaux foncées : rappel du DB-VAE (règle du TP) − du DB-VAE tiré uniformément",
    "peaux claires : rappel du DB-VAE (règle du TP) − du DB-VAE tiré uniformément",
    "faux positifs du DB-VAE (règle du TP) − du DB-VAE tiré uniformément",
];

/// What the lab claims, as differences: those whose name is `kept`.
fn differences(study: &Study, args: &EffectsArgs, kept: impl Fn(&str) -> bool) -> String {
    const FAIR: Bias = Bias::Balanced;
    let gap = |threshold| move |outcome: &Outcome| outcome.gap(threshold);
    let tone = |tone, threshold| {
        move |one: &Outcome, other: &Outcome| {
            paired_less(&one.tone(tone, threshold), &other.tone(tone, threshold))
        }
    };
    // The gap of one less that of the other: both tones are the same images for both detectors.
    let gaps = |threshold| {
        move |one: &Outcome, other: &Outcome| {
            less(
                tone('L', threshold)(one, other),
                tone('D', threshold)(one, other),
            )
        }
    };
    let overfit = |o: &Outcome| less(Outcome::accuracy(&o.seen), Outcome::accuracy(&o.held_out));
    let alarms = |one: &Outcome, other: &Outcome| paired_less(&one.alarms(), &other.alarms());
    let worst = |one: &Outcome, other: &Outcome| less(one.worst().0, other.worst().0);
    let apart =
        |one: &Outcome, other: &Outcome| less(one.gap(Threshold::Half), other.gap(Threshold::Half));
    use Threshold::{Equal, Half};
    let (cnn, uniform, rule) = (
        (BIASED, Arm::Cnn),
        (BIASED, Arm::Uniform),
        (BIASED, Arm::Rule),
    );
    let mut rows: Vec<(String, Vec<Estimate>)> = Vec::new();
    let mut push = |name: &str, estimates: Vec<Estimate>| rows.push((name.to_owned(), estimates));
    push(
        "CNN : exactitude sur les images d'entraînement − sur les images jamais vues",
        study.one(cnn, overfit),
    );
    push(
        "CNN : écart de rappel, peaux claires − peaux foncées",
        study.one(cnn, gap(Half)),
    );
    push(
        "CNN, monde équilibré : même écart",
        study.one((FAIR, Arm::Cnn), gap(Half)),
    );
    push(
        "CNN : écart − écart du monde équilibré",
        study.two(cnn, (FAIR, Arm::Cnn), apart),
    );
    push(
        "DB-VAE (règle du TP) : écart de rappel",
        study.one(rule, gap(Half)),
    );
    push(
        "DB-VAE (tirage uniforme) : écart de rappel",
        study.one(uniform, gap(Half)),
    );
    push(
        "DB-VAE (tirage uniforme), monde équilibré : écart de rappel",
        study.one((FAIR, Arm::Uniform), gap(Half)),
    );
    for (title, other) in [("du CNN", cnn), ("du DB-VAE tiré uniformément", uniform)] {
        let against = |what: &str| format!("{what} du DB-VAE (règle du TP) − {title}");
        for (code, name) in GROUPS {
            let of_group =
                |one: &Outcome, other: &Outcome| paired_less(&one.group(code), &other.group(code));
            push(
                &format!("{name} : {}", against("rappel")),
                study.two(rule, other, of_group),
            );
        }
        push(
            &format!("peaux claires : {}", against("rappel")),
            study.two(rule, other, tone('L', Half)),
        );
        push(
            &format!("peaux foncées : {}", against("rappel")),
            study.two(rule, other, tone('D', Half)),
        );
        push(
            &against("rappel du pire groupe"),
            study.two(rule, other, worst),
        );
        push(&against("écart"), study.two(rule, other, gaps(Half)));
        push(&against("faux positifs"), study.two(rule, other, alarms));
        push(
            &format!(
                "peaux foncées, à 5 % de faux positifs : {}",
                against("rappel")
            ),
            study.two(rule, other, tone('D', Equal)),
        );
    }
    for (factor, title) in FACTORS {
        push(
            &format!("CNN, rappel selon : {title}"),
            study.one(cnn, |o| o.by_factor(factor)),
        );
    }
    let mut table = Table::new(&["différence, en points"], args.seeds, &["verdict"]);
    for (name, estimates) in rows.iter().filter(|(name, _)| kept(name)) {
        table.differences(&[name.as_str()], estimates, Unit::Points);
    }
    format!(
        "Les différences, et ce que les graines établissent (monde « {} », sauf mention contraire) :\n\n{}",
        BIASED.title(),
        table.finish()
    )
}

/// The share of the rare group among the draws.
fn draws(study: &Study, args: &EffectsArgs) -> String {
    let after = ["part réelle, graine par graine"];
    let mut table = Table::new(&["monde", "probabilités", "règle"], args.seeds, &after);
    let trained = study
        .trainings()
        .into_iter()
        .filter(|(_, arm)| *arm != Arm::Cnn);
    for (bias, arm) in trained {
        let outcomes = study.of(bias, arm);
        let found: Vec<&Draws> = outcomes.iter().filter_map(|o| o.draws.as_ref()).collect();
        let truth = found
            .iter()
            .map(|draws| percent(draws.rare as f64 / draws.faces as f64))
            .collect::<Vec<_>>()
            .join(" ; ");
        let mut push = |when: &str, rule: &str, cells: Vec<String>| {
            let mut row = vec![
                bias.title().to_owned(),
                format!("{} : {when}", arm.title()),
                rule.to_owned(),
            ];
            row.extend(cells);
            row.push(truth.clone());
            table.push(&row);
        };
        if arm == Arm::Rule {
            let last = found.iter().map(|draws| {
                let [share, effective] = draws.epochs.last().copied().unwrap_or([f64::NAN; 2]);
                shown(share, effective)
            });
            push("dernière époque", Variables::All.title(), last.collect());
        }
        for of in Variables::ALL {
            let cells = found
                .iter()
                .map(|draws| match draw(draws, of, LAB_SMOOTHING) {
                    Some(draw) if of == Variables::Active => {
                        format!(
                            "{} ({})",
                            shown(draw.share, draw.effective),
                            counted(draw.variables, "variable")
                        )
                    }
                    Some(draw) => shown(draw.share, draw.effective),
                    None => "aucune variable active".to_owned(),
                });
            push("modèle entraîné", of.title(), cells.collect());
        }
    }
    format!(
        "Part des peaux foncées parmi les tirages (α = 0,001), avec la taille effective du tirage :\n\n{}",
        table.finish()
    )
}

/// The lab's smoothing.
const LAB_SMOOTHING: f64 = 0.001;

fn draw(draws: &Draws, of: Variables, smoothing: f64) -> Option<&Draw> {
    let mut rules = draws.rules.iter();
    rules.find(|draw| draw.of == of && draw.smoothing == smoothing)
}

fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 1))
}

fn shown(share: f64, effective: f64) -> String {
    format!(
        "{}, taille {}",
        percent(share),
        grouped(effective.round() as u64)
    )
}

/// What the smoothing does to the draws of the trained model.
fn smoothings(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["règle", "α"], args.seeds, &[]);
    let outcomes = study.of(BIASED, Arm::Rule);
    let found: Vec<&Draws> = outcomes.iter().filter_map(|o| o.draws.as_ref()).collect();
    let smoothings: Vec<f64> = found.first().map_or(Vec::new(), |draws| {
        let all = draws.rules.iter().filter(|draw| draw.of == Variables::All);
        all.map(|draw| draw.smoothing).collect()
    });
    for of in Variables::ALL {
        for smoothing in &smoothings {
            let mut row = vec![of.title().to_owned(), decimal(*smoothing, 3)];
            row.extend(found.iter().map(|draws| match draw(draws, of, *smoothing) {
                Some(draw) => format!(
                    "{}, rapport {}",
                    shown(draw.share, draw.effective),
                    grouped(draw.ratio.round() as u64)
                ),
                None => "aucune variable active".to_owned(),
            }));
            table.push(&row);
        }
    }
    format!(
        "Le lissage α, pour le DB-VAE entraîné avec la règle du TP (part des peaux foncées parmi les tirages, taille effective, rapport de la plus \
         grande probabilité à la plus petite) :\n\n{}",
        table.finish()
    )
}

/// Ten steps on the same batch.
fn same_batch(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["perte"], args.seeds, &[]);
    for (place, name) in ["première étape", "dixième étape"].into_iter().enumerate() {
        let mut row = vec![name.to_owned()];
        row.extend(study.of(BIASED, Arm::Cnn).into_iter().map(|outcome| {
            outcome
                .same_batch
                .map_or("–".to_owned(), |losses| fixed(losses[place], 3))
        }));
        table.push(&row);
    }
    format!(
        "Dix étapes du CNN sur le même lot de 100 images :\n\n{}",
        table.finish()
    )
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
