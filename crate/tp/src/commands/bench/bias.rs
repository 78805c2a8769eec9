//! `tp bench biais`: what known biases do to the standard detector and to the DB-VAE, on drawn faces, over several seeds.
//!
//! Each training is a line of a journal, so that an interrupted study goes on where it stopped. The table can be written to
//! `notebooks/resultats/`, where `tp publish` takes it.

mod table;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::table::Row;
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

/// Seeds, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seeds(u64, u64);

impl std::str::FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u64>().ok();
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last && last - first < 100 => {
                Ok(Self(first, last))
            }
            _ => Err("une graine, ou la première et la dernière : 6-10".to_owned()),
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
    /// Biais : rare-et-sombre, equilibre, contraste-sans-rarete, rarete-sans-contraste (les quatre par défaut)
    #[arg(
        long = "biais",
        value_name = "BIAIS",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    biases: Vec<Bias>,
    /// Visages, et autant d'autres images (3 000 par défaut)
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
    let journal = args.journal.as_deref().map_or(Ok(Vec::new()), read)?;
    let mut entries = known(&journal, &trials);
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
            append(journal, &entry)?;
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
        write_result(&repository.root().join(RESULT), &rows, args)?;
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
    if args.seeds.1 - args.seeds.0 + 1 < FEWEST_SEEDS {
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

/// The journal; a last line cut short by an interruption counts for nothing.
fn read(path: &Path) -> Result<Vec<Entry>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("Impossible de lire", path)(error)),
    }
}

fn append(path: &Path, entry: &Entry) -> Result<()> {
    let line = json!(entry).to_string();
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        // A line cut short by an interruption stays alone on its line.
        .and_then(|mut file| file.write_all(format!("\n{line}\n").as_bytes()))
        .map_err(Error::io("Impossible d'écrire", path))
}

fn write_result(path: &Path, rows: &[Row], args: &BiasBenchArgs) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io("Impossible de créer", folder))?;
    }
    fs::write(path, table::markdown(rows, args)).map_err(Error::io("Impossible d'écrire", path))?;
    tell!("→ {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_one_or_a_range() {
        assert_eq!("6-10".parse(), Ok(Seeds(6, 10)));
        assert_eq!("3".parse(), Ok(Seeds(3, 3)));
        for wrong in ["10-6", "", "a-b", "1-1000", "-1"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }

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
                "equilibre,rare-et-sombre,contraste-sans-rarete,rarete-sans-contraste",
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

    #[test]
    fn a_journal_gives_back_its_lines_but_for_a_torn_one() {
        let path = std::env::temp_dir().join(format!("tp-biais-{}.jsonl", std::process::id()));
        let _ = fs::remove_file(&path);
        assert_eq!(read(&path).unwrap(), []);
        let entry = Entry {
            trial: Trial {
                bias: Bias::Balanced,
                model: Detector::Cnn,
                seed: 6,
                images: 300,
                epochs: 2,
                difficulty: 0.5,
                underexposure: None,
                test_faces: 10,
            },
            outcome: Outcome {
                groups: vec![Found {
                    code: "LF".to_owned(),
                    n: 10,
                    found: 9,
                }],
                held_out_faces: 4,
                held_out_found: 3,
                other_images: 4,
                false_alarms: 0,
            },
        };
        fs::write(&path, r#"{"trial":{"bias":"#).unwrap();
        append(&path, &entry).unwrap();
        assert_eq!(read(&path).unwrap(), [entry]);
        fs::remove_file(path).unwrap();
    }
}
