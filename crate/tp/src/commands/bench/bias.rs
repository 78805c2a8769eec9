//! `tp bench biais`: what known biases do to the standard detector and to the DB-VAE, on drawn faces, over several seeds.
//!
//! Each training is a line of a journal, so that an interrupted study goes on where it stopped. The table can be written to
//! `notebooks/resultats/`, where `tp publish` takes it.

mod table;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::journal::{self, Seeds};
use crate::cli::Verdict;
use crate::commands::data::synth::Bias;
use crate::error::{Error, Result};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Where `tp publish` looks for the table.
const RESULT: &str = "notebooks/resultats/biais.md";

/// Difficulty of the shots, set with the standard detector alone on seeds 1 to 5.
const DIFFICULTY: f64 = 0.5;

/// The detectors of the debiasing lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detector {
    /// Détecteur standard
    Cnn,
    /// DB-VAE
    #[value(name = "dbvae")]
    DbVae,
}

impl Detector {
    /// Epochs of the lab.
    const fn epochs(self) -> u32 {
        match self {
            Self::Cnn => 2,
            Self::DbVae => 6,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Cnn => "CNN standard",
            Self::DbVae => "DB-VAE",
        }
    }
}

/// Arguments of `tp bench biais`.
#[derive(Debug, Args)]
pub struct BiasBenchArgs {
    /// Graines, la première et la dernière (6-10 par défaut ; 1-5 ont servi à régler la difficulté)
    #[arg(
        long = "graines",
        value_name = "A-B",
        default_value = "6-10",
        hide_default_value = true
    )]
    seeds: Seeds,
    /// Détecteurs : cnn, dbvae (les deux par défaut)
    #[arg(
        long = "modele",
        value_name = "M",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    models: Vec<Detector>,
    /// Biais : rare-et-sous-expose, equilibre, sous-exposition-sans-rarete, rarete-sans-sous-exposition (les quatre par défaut)
    #[arg(
        long = "biais",
        value_name = "BIAIS",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    biases: Vec<Bias>,
    /// Visages, et autant d'images sans visage (3 000 par défaut)
    #[arg(long = "images", value_name = "N", default_value_t = 3_000, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(100..=50_000))]
    images: u32,
    /// Visages de test dans chacun des quatre groupes (300 par défaut)
    #[arg(long = "tests", value_name = "N", default_value_t = 300, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(10..=10_000))]
    test_faces: u32,
    /// Difficulté des prises de vue, de 0 à 1 (0,5 par défaut)
    #[arg(
        long = "difficulte",
        value_name = "D",
        default_value_t = DIFFICULTY,
        hide_default_value = true
    )]
    difficulty: f64,
    /// Sous-exposition des peaux foncées, de 0 à 1, au lieu de celle du biais : pour régler
    #[arg(long = "sous-exposition", value_name = "S")]
    underexposure: Option<f64>,
    /// Fichier où chaque entraînement est noté ; s'il existe, ce qui y est n'est pas refait
    #[arg(long = "journal", value_name = "FICHIER")]
    journal: Option<PathBuf>,
    /// Écrit le tableau dans notebooks/resultats/biais.md, que « cargo tp publish » insère dans le TP 5
    #[arg(long = "ecrire")]
    write: bool,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// What identifies a training: two equal ones give the same counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Trial {
    bias: Bias,
    model: Detector,
    seed: u64,
    images: u32,
    epochs: u32,
    difficulty: f64,
    underexposure: Option<f64>,
    test_faces: u32,
}

/// Faces of one group that were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Found {
    code: String,
    n: usize,
    found: usize,
}

/// The worker's counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Outcome {
    groups: Vec<Found>,
    held_out_faces: usize,
    held_out_found: usize,
    other_images: usize,
    false_alarms: usize,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    trial: Trial,
    outcome: Outcome,
}

/// Trains what the journal lacks, then shows the table.
///
/// # Errors
/// When the worker cannot be compiled or refuses, or a file cannot be read or written.
pub fn execute(args: &BiasBenchArgs) -> Result<Verdict> {
    if args.write {
        publishable(args)?;
    }
    let repository = Repository::find()?;
    let cache = Cache::locate()?;
    Toolchain::detect(&repository)?;
    let trials = trials(args);
    let noted: Vec<Entry> = args
        .journal
        .as_deref()
        .map_or(Ok(Vec::new()), journal::read)?;
    let mut entries = known(&noted, &trials);
    let program = worker::build(&repository, &cache)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for (index, trial) in trials.iter().enumerate() {
        if entries.iter().any(|entry| entry.trial == *trial) {
            continue;
        }
        let mut request = json!(trial);
        request["op"] = json!("bias");
        let what = format!(
            "{}/{} : {}, {}, graine {}",
            index + 1,
            trials.len(),
            trial.bias.title(),
            trial.model.name(),
            trial.seed
        );
        let usual = "de quelques secondes à une minute sur deux cœurs";
        let outcome = worker::perform(worker::command(&program, cores), &request, &what, usual)?;
        let entry = Entry {
            trial: trial.clone(),
            outcome,
        };
        if let Some(journal) = &args.journal {
            journal::append(journal, &entry)?;
        }
        entries.push(entry);
    }
    let rows = table::rows(&entries);
    if args.json {
        let text = json!({ "trials": entries, "rows": rows }).to_string();
        let _ = writeln!(std::io::stdout(), "{text}");
    } else {
        let _ = write!(std::io::stdout(), "{}", table::markdown(&rows, args));
    }
    if args.write {
        journal::write_result(
            &repository.root().join(RESULT),
            &table::markdown(&rows, args),
        )?;
    }
    Ok(Verdict::Fine)
}

/// Fewest seeds of a study that the lab may cite.
const FEWEST_SEEDS: u64 = 5;

/// Refuses to publish what is not the study that the lab tells of.
fn publishable(args: &BiasBenchArgs) -> Result<()> {
    let mut others = Vec::new();
    if asked(&args.biases).len() < Bias::value_variants().len() {
        others.push("--biais");
    }
    if asked(&args.models).len() < Detector::value_variants().len() {
        others.push("--modele");
    }
    if args.difficulty != DIFFICULTY {
        others.push("--difficulte");
    }
    if args.underexposure.is_some() {
        others.push("--sous-exposition");
    }
    if args.seeds.count() < FEWEST_SEEDS {
        others.push("--graines");
    }
    match others.is_empty() {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "« --ecrire » publie l'étude du TP 5 : les quatre mondes, les deux détecteurs, la difficulté par défaut et au moins \
             {FEWEST_SEEDS} graines. Retirez {}, ou « --ecrire » pour seulement lire le tableau.",
            others.join(", ")
        ))),
    }
}

/// The journal's entry of each trial that it has, once: two runs at the same time may both have noted it.
fn known(journal: &[Entry], trials: &[Trial]) -> Vec<Entry> {
    let entry = |trial: &Trial| journal.iter().find(|entry| entry.trial == *trial).cloned();
    trials.iter().filter_map(entry).collect()
}

/// What was named, or everything.
fn asked<T: ValueEnum + PartialEq>(named: &[T]) -> Vec<T> {
    let all = T::value_variants().iter();
    all.filter(|one| named.is_empty() || named.contains(one))
        .cloned()
        .collect()
}

fn trials(args: &BiasBenchArgs) -> Vec<Trial> {
    let mut trials = Vec::new();
    for bias in asked(&args.biases) {
        for model in asked(&args.models) {
            for seed in args.seeds.0..=args.seeds.1 {
                trials.push(Trial {
                    bias,
                    model,
                    seed,
                    images: args.images,
                    epochs: model.epochs(),
                    difficulty: args.difficulty,
                    underexposure: args.underexposure,
                    test_faces: args.test_faces,
                });
            }
        }
    }
    trials
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: BiasBenchArgs,
    }

    fn args(words: &[&str]) -> BiasBenchArgs {
        let words = [&["biais"], words].concat();
        <Line as clap::Parser>::try_parse_from(words).unwrap().args
    }

    #[test]
    fn only_the_whole_study_is_published() {
        for right in [
            &[][..],
            &["--graines", "6-15"],
            &[
                "--biais",
                "equilibre,rare-et-sous-expose,sous-exposition-sans-rarete,rarete-sans-sous-exposition",
            ],
        ] {
            assert!(publishable(&args(right)).is_ok(), "{right:?}");
        }
        for wrong in [
            ["--graines", "6"],
            ["--graines", "6-9"],
            ["--biais", "equilibre"],
            ["--modele", "cnn"],
            ["--difficulte", "0.4"],
            ["--sous-exposition", "0.5"],
        ] {
            let said = publishable(&args(&wrong)).unwrap_err().to_string();
            assert!(said.contains(wrong[0]), "{said}");
        }
    }

    #[test]
    fn a_trial_counts_once() {
        let trials = trials(&args(&[
            "--graines",
            "6-7",
            "--modele",
            "cnn,cnn",
            "--biais",
            "equilibre,equilibre",
        ]));
        assert_eq!(trials.len(), 2);
        let entry = |seed: usize| Entry {
            trial: trials[seed].clone(),
            outcome: Outcome {
                groups: Vec::new(),
                held_out_faces: 1,
                held_out_found: 1,
                other_images: 1,
                false_alarms: 0,
            },
        };
        let journal = [entry(1), entry(0), entry(1)];
        assert_eq!(known(&journal, &trials), [entry(0), entry(1)]);
    }
}
