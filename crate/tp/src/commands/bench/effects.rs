//! `tp bench effets`: the effects that the labs claim, measured on the drawings that their default session shows, over three
//! seeds. A seed is a column, never a part of a mean; the interval beside each value is that of the test images.
//!
//! What all seeds do not establish is printed as « non établi ». Each trial is a line of a journal, so that an interrupted
//! measure goes on where it stopped; the tables go to `notebooks/resultats/`, where `tp publish` takes them.

mod age_classes;
mod autoencoder;
mod debiasing;
mod gender_age;
pub(super) mod interval;
mod labels;
pub(super) mod table;

use std::cell::OnceCell;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::journal::{self, Seeds};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Seeds of the measures: that of the default session, and the two after.
const SEEDS: Seeds = Seeds(42, 44);

/// Where `tp publish` looks for tables.
const RESULTS: &str = "notebooks/resultats";

/// The tables of a lab, each with the end of its name, and the measures as JSON.
type Measured = (Vec<(&'static str, String)>, Value);

/// The labs whose effects are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lab {
    /// Le jeu de données
    Tp1,
    /// Le genre et l'âge
    Tp3,
    /// Le débiaisement
    Tp5,
    /// Les deux tranches d'âge
    Tp6,
    /// L'auto-encodeur variationnel
    Tp7,
}

impl Lab {
    /// Beginning of the names of its tables.
    const fn name(self) -> &'static str {
        match self {
            Self::Tp1 => "effets_tp1",
            Self::Tp3 => "effets_tp3",
            Self::Tp5 => "effets_tp5",
            Self::Tp6 => "effets_tp6",
            Self::Tp7 => "effets_tp7",
        }
    }
}

/// How much is computed, by the names that the labs' sessions take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// Quelques minutes
    Rapide,
    /// Les tailles d'une séance
    Seance,
}

/// Arguments of `tp bench effets`.
#[derive(Debug, Args)]
pub struct EffectsArgs {
    /// TP dont on mesure les effets : tp1, tp3, tp5, tp6, tp7 (tous par défaut)
    #[arg(value_name = "TP", hide_possible_values = true)]
    labs: Vec<Lab>,
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
    /// Visages du TP 5, et autant d'images sans visage (ceux du préréglage par défaut)
    #[arg(long = "images", value_name = "N", value_parser = clap::value_parser!(u32).range(100..=50_000))]
    images: Option<u32>,
    /// Dossier des photos d'UTKFace : y mesure aussi le réseau du TP 6
    #[arg(long = "photos", value_name = "DOSSIER")]
    photographs: Option<PathBuf>,
    /// Fichier où chaque mesure est notée ; s'il existe, ce qui y est n'est pas refait
    #[arg(long = "journal", value_name = "FICHIER")]
    journal: Option<PathBuf>,
    /// Écrit les tableaux dans notebooks/resultats/, où « cargo tp publish » les prend
    #[arg(long = "ecrire")]
    write: bool,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// One line of the journal: what was asked, what was answered.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
struct Line {
    trial: Value,
    outcome: Value,
}

/// Measures what the journal lacks, then shows the tables.
///
/// # Errors
/// When the worker cannot be compiled or refuses, or a file cannot be read or written.
pub fn execute(args: &EffectsArgs) -> Result<Verdict> {
    if args.write && args.seeds != SEEDS {
        return Err(Error::Usage(
            "« --ecrire » publie les graines 42 à 44. Retirez « --graines », ou « --ecrire » pour seulement lire les tableaux."
                .to_owned(),
        ));
    }
    let repository = Repository::find()?;
    let cache = Cache::locate()?;
    Toolchain::detect(&repository)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (place, drawings) = (Repository::find()?, cache.root().join("dessins"));
    let program = OnceCell::new();
    let mut notes = Notes {
        known: args
            .journal
            .as_deref()
            .map_or(Ok(Vec::new()), journal::read)?,
        journal: args.journal.clone(),
        drawings,
        perform: Box::new(move |request, what| {
            // A whole journal asks for no worker.
            let program = match program.get() {
                Some(program) => program,
                None => {
                    let built: PathBuf = worker::build(&place, &cache)?;
                    program.get_or_init(|| built)
                }
            };
            let usual = "de quelques secondes à un quart d'heure sur deux cœurs";
            worker::perform(worker::command(program, cores), request, what, usual)
        }),
    };
    let labs = match args.labs.as_slice() {
        [] => Lab::value_variants(),
        named => named,
    };
    let mut all = Vec::new();
    for lab in labs {
        let (texts, measures) = match lab {
            Lab::Tp1 => labels::measure(args, &mut notes)?,
            Lab::Tp3 => gender_age::measure(args, &mut notes)?,
            Lab::Tp5 => debiasing::measure(args, &mut notes)?,
            Lab::Tp6 => age_classes::measure(args, &mut notes)?,
            Lab::Tp7 => autoencoder::measure(args, &mut notes)?,
        };
        if args.json {
            all.push(measures);
        } else {
            for (_, text) in &texts {
                let _ = writeln!(std::io::stdout(), "{text}");
            }
        }
        if args.write {
            for (part, text) in &texts {
                let file = format!("{RESULTS}/{}{part}.md", lab.name());
                journal::write_result(&repository.root().join(file), text)?;
            }
        }
    }
    if args.json {
        let _ = writeln!(std::io::stdout(), "{}", json!(all));
    }
    Ok(Verdict::Fine)
}

/// Has the worker answer a request, and says what it does meanwhile.
type Perform = Box<dyn Fn(&Value, &str) -> Result<Value>>;

/// What is known already, and how to know the rest.
struct Notes {
    known: Vec<Line>,
    journal: Option<PathBuf>,
    /// Where the worker keeps its drawings.
    drawings: PathBuf,
    perform: Perform,
}

impl Notes {
    /// The outcome of each trial, in their order; those that the journal lacks are measured and noted.
    fn outcomes<T: Serialize, O: DeserializeOwned>(
        &mut self,
        op: &str,
        trials: &[T],
        title: impl Fn(&T) -> String,
    ) -> Result<Vec<O>> {
        let mut found = Vec::new();
        for (index, asked) in trials.iter().enumerate() {
            let mut trial = json!(asked);
            trial["op"] = json!(op);
            let known = self.known.iter().find(|line| line.trial == trial);
            let outcome = match known {
                Some(line) => line.outcome.clone(),
                None => {
                    let mut request = trial.clone();
                    request["cache"] = json!(self.drawings);
                    let what = format!("{}/{} : {}", index + 1, trials.len(), title(asked));
                    let outcome = (self.perform)(&request, &what)?;
                    let line = Line {
                        trial,
                        outcome: outcome.clone(),
                    };
                    if let Some(journal) = &self.journal {
                        journal::append(journal, &line)?;
                    }
                    self.known.push(line);
                    outcome
                }
            };
            let read = serde_json::from_value(outcome).map_err(|error| {
                Error::Usage(format!(
                    "Le journal vient d'une autre version de la commande ({error}). Prenez un autre fichier."
                ))
            })?;
            found.push(read);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn what_is_noted_is_not_measured_again() {
        let path = std::env::temp_dir().join(format!("tp-effets-{}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let measured = Rc::new(Cell::new(0));
        let notes = |known| {
            let measured = Rc::clone(&measured);
            Notes {
                known,
                journal: Some(path.clone()),
                drawings: "/d".into(),
                perform: Box::new(move |request, _| {
                    measured.set(measured.get() + 1);
                    assert_eq!(request["cache"], "/d");
                    Ok(json!(request["seed"].as_u64().unwrap() * 10))
                }),
            }
        };
        let trials = [json!({"seed": 1}), json!({"seed": 2})];
        let title = |_: &Value| String::new();
        let mut first = notes(Vec::new());
        assert_eq!(
            first.outcomes::<_, u64>("x", &trials[..1], title).unwrap(),
            [10]
        );
        // Another session reads the file; the place of the drawings does not tell trials apart, the operation does.
        let mut second = notes(journal::read(&path).unwrap());
        assert_eq!(
            second.outcomes::<_, u64>("x", &trials, title).unwrap(),
            [10, 20]
        );
        assert_eq!(measured.get(), 2);
        second.outcomes::<_, u64>("y", &trials[..1], title).unwrap();
        assert_eq!(measured.get(), 3);
        let refused = second.outcomes::<_, bool>("x", &trials, title).unwrap_err();
        assert!(refused.to_string().contains("journal"), "{refused}");
        std::fs::remove_file(path).unwrap();
    }
}
