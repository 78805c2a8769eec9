//! `tp bench genre-age`: the three networks of the gender-and-age lab on photographs, each over three seeds: every picture
//! once, the epoch chosen on validation, the test images asked once.
//!
//! Each training is a line of a journal, so that an interrupted study goes on where it stopped; the state of an unfinished
//! training is kept beside the journal after each epoch. The tables go to `notebooks/resultats/`, where `tp publish` takes them.

pub mod answers;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::answers::{Age, Constant, Course, Gender};
use super::journal::{self, Seeds};
use crate::cli::Verdict;
use crate::commands::data::list::data_root;
use crate::error::{Error, Result};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Where `tp publish` looks for tables.
const RESULTS: &str = "notebooks/resultats";
/// Fewest seeds of a study that the lab may cite.
const FEWEST_SEEDS: u64 = 3;

/// The networks of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Network {
    /// Modèle 1
    Genre,
    /// Modèle 2
    Age,
    /// Modèle 3
    GenreAge,
}

impl Network {
    const fn title(self) -> &'static str {
        match self {
            Self::Genre => "modèle 1 (genre)",
            Self::Age => "modèle 2 (âge)",
            Self::GenreAge => "modèle 3 (genre et âge)",
        }
    }
}

/// How much is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// Quelques centaines de photographies
    Rapide,
    /// Toutes les photographies
    Seance,
}

impl Preset {
    /// Most photographs, and epochs.
    const fn sizes(self) -> (Option<usize>, u32) {
        match self {
            Self::Rapide => (Some(600), 2),
            Self::Seance => (None, 20),
        }
    }
}

/// Arguments of `tp bench genre-age`.
#[derive(Debug, Args)]
pub struct GenderAgeArgs {
    /// Dossier des données, où se trouve UTKFace (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
    /// Modèles : genre, age, genre-age (les trois par défaut)
    #[arg(
        long = "modele",
        value_name = "M",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    networks: Vec<Network>,
    /// Graines, la première et la dernière (42-44 par défaut)
    #[arg(
        long = "graines",
        value_name = "A-B",
        default_value = "42-44",
        hide_default_value = true
    )]
    seeds: Seeds,
    /// Préréglage : rapide ou seance (par défaut)
    #[arg(
        long = "preset",
        value_name = "P",
        default_value = "seance",
        hide_default_value = true,
        hide_possible_values = true
    )]
    preset: Preset,
    /// Fichier où chaque entraînement est noté ; s'il existe, ce qui y est n'est pas refait
    #[arg(long = "journal", value_name = "FICHIER")]
    journal: Option<PathBuf>,
    /// Écrit les tableaux dans notebooks/resultats/, où « cargo tp publish » les prend
    #[arg(long = "ecrire")]
    write: bool,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// What identifies a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Trial {
    model: Network,
    seed: u64,
    images: Option<usize>,
    epochs: u32,
}

/// The worker's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Outcome {
    images: [usize; 3],
    constant: Constant,
    course: Course,
    gender: Option<Gender>,
    age: Option<Age>,
}

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    trial: Trial,
    outcome: Outcome,
}

/// Trains what the journal lacks, then shows the tables.
///
/// # Errors
/// When the worker cannot be compiled or refuses, or a file cannot be read or written.
pub fn execute(args: &GenderAgeArgs) -> Result<Verdict> {
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
    let found = |trial: &Trial| noted.iter().find(|entry| entry.trial == *trial).cloned();
    let mut entries = Vec::new();
    let mut program = None;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for (index, trial) in trials.iter().enumerate() {
        if let Some(entry) = found(trial) {
            entries.push(entry);
            continue;
        }
        // A whole journal asks for no worker.
        let program = match &program {
            Some(program) => program,
            None => program.insert(worker::build(&repository, &cache)?),
        };
        let kept = args.journal.as_deref().map(|path| points(path, trial));
        let mut request = json!(trial);
        request["op"] = json!("headline");
        request["folder"] = json!(data_root(args.root.as_deref())?);
        request["checkpoints"] = json!(kept);
        let what = format!(
            "{}/{} : {}, graine {}",
            index + 1,
            trials.len(),
            trial.model.title(),
            trial.seed
        );
        let usual = "de quelques secondes à une demi-heure sur deux cœurs";
        let outcome = worker::perform(worker::command(program, cores), &request, &what, usual)?;
        let entry = Entry {
            trial: trial.clone(),
            outcome,
        };
        if let Some(path) = &args.journal {
            journal::append(path, &entry)?;
        }
        if let Some(folder) = &kept {
            // Of no more use: the line is written.
            let _ = std::fs::remove_dir_all(folder);
        }
        entries.push(entry);
    }
    let texts = table::markdown(&entries, args);
    if args.json {
        let _ = writeln!(std::io::stdout(), "{}", json!({ "trials": entries }));
    } else {
        for (_, text) in &texts {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
    if args.write {
        for (name, text) in &texts {
            let file = format!("{RESULTS}/{name}.md");
            journal::write_result(&repository.root().join(file), text)?;
        }
    }
    Ok(Verdict::Fine)
}

/// Where the state of an unfinished training is kept, beside the journal.
fn points(journal: &Path, trial: &Trial) -> PathBuf {
    let mut name = journal.file_name().unwrap_or_default().to_owned();
    name.push(".points");
    let images = trial.images.map_or("tout".to_owned(), |n| n.to_string());
    let network = match trial.model {
        Network::Genre => "genre",
        Network::Age => "age",
        Network::GenreAge => "genre-age",
    };
    let own = format!("{network}-{}-{images}-{}", trial.seed, trial.epochs);
    journal.with_file_name(name).join(own)
}

/// Refuses to publish what is not the study that the lab tells of.
fn publishable(args: &GenderAgeArgs) -> Result<()> {
    let mut others = Vec::new();
    if asked(&args.networks).len() < Network::value_variants().len() {
        others.push("--modele");
    }
    if args.preset != Preset::Seance {
        others.push("--preset");
    }
    if args.seeds.count() < FEWEST_SEEDS {
        others.push("--graines");
    }
    match others.is_empty() {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "« --ecrire » publie l'étude du TP 3 : les trois modèles, toutes les photographies et au moins {FEWEST_SEEDS} graines. \
             Retirez {}, ou « --ecrire » pour seulement lire les tableaux.",
            others.join(", ")
        ))),
    }
}

/// The networks that were named, or all.
fn asked(named: &[Network]) -> Vec<Network> {
    let all = Network::value_variants().iter().copied();
    all.filter(|one| named.is_empty() || named.contains(one))
        .collect()
}

fn trials(args: &GenderAgeArgs) -> Vec<Trial> {
    let (images, epochs) = args.preset.sizes();
    let mut trials = Vec::new();
    for model in asked(&args.networks) {
        for seed in args.seeds.0..=args.seeds.1 {
            trials.push(Trial {
                model,
                seed,
                images,
                epochs,
            });
        }
    }
    trials
}

#[cfg(test)]
mod tests {
    use super::answers::tests::{age, constant, course, gender};
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: GenderAgeArgs,
    }

    pub(super) fn args(words: &[&str]) -> GenderAgeArgs {
        let words = [&["genre-age"], words].concat();
        <Line as clap::Parser>::try_parse_from(words).unwrap().args
    }

    pub(super) fn entries(args: &GenderAgeArgs) -> Vec<Entry> {
        trials(args)
            .into_iter()
            .map(|trial| {
                let outcome = Outcome {
                    images: [7_500, 1_900, 2_400],
                    constant: constant(),
                    course: course(),
                    gender: (trial.model != Network::Age).then(|| gender(0.88)),
                    age: (trial.model != Network::Genre).then(|| age(7.2)),
                };
                Entry { trial, outcome }
            })
            .collect()
    }

    #[test]
    fn only_the_whole_study_is_published() {
        assert!(publishable(&args(&[])).is_ok());
        for wrong in [
            ["--graines", "42-43"],
            ["--modele", "age"],
            ["--preset", "rapide"],
        ] {
            let said = publishable(&args(&wrong)).unwrap_err().to_string();
            assert!(said.contains(wrong[0]), "{said}");
        }
    }

    #[test]
    fn trials_are_nine_and_come_back_from_the_journal() {
        let args = args(&[]);
        assert_eq!(trials(&args).len(), 9);
        let entry = &entries(&args)[0];
        let text = json!(entry).to_string();
        assert!(text.contains(r#""model":"genre""#), "{text}");
        let read: Entry = serde_json::from_str(&text).unwrap();
        assert_eq!(read.trial, entry.trial);
        let other = &trials(&args)[8];
        assert_eq!(json!(other)["model"], "genre-age");
        assert_eq!(
            points(Path::new("/t/j.jsonl"), other),
            Path::new("/t/j.jsonl.points/genre-age-44-tout-20")
        );
    }
}
