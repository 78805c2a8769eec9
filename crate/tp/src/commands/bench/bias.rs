//! `tp bench biais`: when does the DB-VAE debias? The study whose protocol is `notebooks/resultats/protocole_biais.md`.
//!
//! | file | owns |
//! |---|---|
//! | `study` | worlds, arms, trainings, what the worker answers |
//! | `screening` | the map of the worlds, and the choice of two of them |
//! | `confirmation` | the differences between arms, and the verdicts |
//! | `tables` | both as Markdown |
//!
//! Each training is a line of a journal, so that an interrupted study goes on where it stopped. The tables go to
//! `notebooks/resultats/`, where `tp publish` takes them.

mod confirmation;
mod screening;
mod study;
mod tables;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::json;

use self::confirmation::Confirmation;
use self::screening::Screening;
use self::study::{
    Arm, CONFIRMATION_SEEDS, Entry, Failure, Line, Outcome, SCREENING_SEEDS, Sizes, Trial, World,
};
use super::journal;
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// World A and the verdicts in short.
const ESSENTIAL: &str = "biais_essentiel";
/// Where `tp publish` looks for the tables.
const RESULTS: &str = "notebooks/resultats";
/// The map of the worlds and the choice; the confirmation begins when it is written.
const MAP: &str = "biais_mondes";
/// The numbers of the map that the library carries, for the lab's figure.
const MEASURES: &str = "crate/assets/biais_mondes.csv";
/// Differences and verdicts.
const VERDICT: &str = "biais";

/// The stages of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Les quatorze mondes, par le seul témoin, et le choix de deux d'entre eux
    Tri,
    /// Les deux mondes choisis, tous les bras
    Confirmation,
    /// Refait le premier entraînement du journal et compare les nombres
    Verification,
}

/// Arguments of `tp bench biais`.
#[derive(Debug, Args)]
pub struct BiasBenchArgs {
    /// Étape : tri, confirmation ou verification
    #[arg(value_name = "ÉTAPE", hide_possible_values = true)]
    stage: Stage,
    /// Fichier où chaque entraînement est noté ; s'il existe, ce qui y est n'est pas refait
    #[arg(long = "journal", value_name = "FICHIER")]
    journal: PathBuf,
    /// Retire des bras, dans l'ordre du protocole : cnn, puis placebo
    #[arg(
        long = "sans",
        value_name = "BRAS",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    without: Vec<Dropped>,
    /// Petite étude d'essai : peu d'images, une époque, deux graines ; elle ne s'écrit pas
    #[arg(long = "essai")]
    trial_run: bool,
    /// Écrit les tableaux dans notebooks/resultats/, où « cargo tp publish » les prend
    #[arg(long = "ecrire")]
    write: bool,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// What may be left out when the study would last too long; seeds never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dropped {
    /// Les deux bras du CNN
    Cnn,
    /// Le placebo ; le verdict « aide » devient alors impossible
    Placebo,
}

/// Trains what the journal lacks, then shows the tables.
///
/// # Errors
/// When the worker cannot be compiled or refuses, or a file cannot be read or written.
pub fn execute(args: &BiasBenchArgs) -> Result<Verdict> {
    if args.write && args.trial_run {
        return Err(Error::Usage(
            "« --essai » ne publie rien : retirez « --ecrire ».".to_owned(),
        ));
    }
    if args.without == [Dropped::Placebo] {
        return Err(Error::Usage(
            "Le protocole retire d'abord le CNN : écrivez « --sans cnn,placebo ».".to_owned(),
        ));
    }
    let repository = Repository::find()?;
    let mut bench = Bench::open(args)?;
    match args.stage {
        Stage::Tri => {
            let screening = bench.screening()?;
            let text = tables::map(&screening, &bench.sizes);
            show(args, &text, || json!(screening.trials()))?;
            if args.write {
                write(&repository, MAP, &text)?;
                let measures = tables::measures(&screening);
                journal::write_result(&repository.root().join(MEASURES), &measures)?;
            }
        }
        Stage::Confirmation => {
            let screening = bench.screening()?;
            written_choice(&repository, &screening, &bench.sizes, args.trial_run)?;
            let choice = screening.choice();
            let entries = bench.confirmation(&[choice.most, choice.least])?;
            let found = Confirmation::new(&choice, entries);
            let text = tables::verdict(&found, &bench.sizes);
            show(args, &text, || json!(found.trials()))?;
            if args.write {
                write(&repository, VERDICT, &text)?;
                write(&repository, ESSENTIAL, &tables::essential(&found))?;
            }
        }
        Stage::Verification => return bench.verify(),
    }
    Ok(Verdict::Fine)
}

fn show(args: &BiasBenchArgs, text: &str, json: impl Fn() -> serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout();
    let _ = match args.json {
        true => writeln!(out, "{}", json()),
        false => write!(out, "{text}"),
    };
    Ok(())
}

fn write(repository: &Repository, name: &str, text: &str) -> Result<()> {
    journal::write_result(
        &repository.root().join(format!("{RESULTS}/{name}.md")),
        text,
    )
}

/// The choice of the worlds is written before any arm is compared in them.
fn written_choice(
    repository: &Repository,
    screening: &Screening,
    sizes: &Sizes,
    trial_run: bool,
) -> Result<()> {
    let path = repository.root().join(format!("{RESULTS}/{MAP}.md"));
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if trial_run || written == tables::map(screening, sizes) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{} ne contient pas la carte que donne ce journal. Écrivez-la par « cargo tp bench biais tri --ecrire » et \
         enregistrez-la dans Git : le protocole veut que le choix des mondes précède la confirmation.",
        path.display()
    )))
}

/// The journal, and the worker that fills it.
struct Bench<'a> {
    journal: &'a Path,
    without: &'a [Dropped],
    sizes: Sizes,
    known: Vec<Line>,
    repository: Repository,
    cache: Cache,
    program: Option<PathBuf>,
}

impl<'a> Bench<'a> {
    fn open(args: &'a BiasBenchArgs) -> Result<Self> {
        let repository = Repository::find()?;
        Toolchain::detect(&repository)?;
        Ok(Self {
            journal: &args.journal,
            without: &args.without,
            sizes: match args.trial_run {
                true => Sizes::TRIAL_RUN,
                false => Sizes::STUDY,
            },
            known: journal::read(&args.journal)?,
            repository,
            cache: Cache::locate()?,
            program: None,
        })
    }

    /// The control in every world.
    fn screening(&mut self) -> Result<Screening> {
        let mut trials = Vec::new();
        for world in World::ALL {
            for seed in self.sizes.seeds(SCREENING_SEEDS) {
                trials.push(Trial::new(world, Arm::Uniform, seed, &self.sizes));
            }
        }
        Ok(Screening::new(self.entries(&trials)?))
    }

    /// Every arm in the two chosen worlds: seed by seed, so that the arms of a seed find its drawings again.
    fn confirmation(&mut self, worlds: &[World; 2]) -> Result<Vec<Entry>> {
        let kept = |arm: &Arm| match arm {
            Arm::CnnUniform | Arm::CnnInverse => !self.without.contains(&Dropped::Cnn),
            Arm::Placebo => !self.without.contains(&Dropped::Placebo),
            _ => true,
        };
        let arms: Vec<Arm> = Arm::ALL.into_iter().filter(kept).collect();
        let mut trials = Vec::new();
        for seed in self.sizes.seeds(CONFIRMATION_SEEDS) {
            for world in worlds {
                for arm in &arms {
                    trials.push(Trial::new(*world, *arm, seed, &self.sizes));
                }
            }
        }
        self.entries(&trials)
    }

    /// What the journal has or the worker finds, in the order of the trials; those that failed are noted and left out.
    fn entries(&mut self, trials: &[Trial]) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        for (index, trial) in trials.iter().enumerate() {
            let known = self
                .known
                .iter()
                .find(|line| line.trial() == trial)
                .cloned();
            let line = match known {
                Some(line) => line,
                None => {
                    let line = self.train(trial, &format!("{}/{}", index + 1, trials.len()))?;
                    journal::append(self.journal, &line)?;
                    self.known.push(line.clone());
                    line
                }
            };
            match line {
                Line::Done(entry) => found.push(*entry),
                Line::Failed(Failure { trial, failed }) => tell!("✘ {trial} : {failed}"),
            }
        }
        Ok(found)
    }

    /// One training. What the worker refuses is an outcome too; an interruption is not.
    fn train(&mut self, trial: &Trial, place: &str) -> Result<Line> {
        let program = match &self.program {
            Some(program) => program,
            // A whole journal asks for no worker.
            None => self
                .program
                .insert(worker::build(&self.repository, &self.cache)?),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut request = json!(trial);
        request["op"] = json!("study");
        // Apart from a session's drawings, which a study would push out.
        request["cache"] = json!(self.cache.root().join("dessins-etude"));
        let what = format!("{place} : {trial}");
        let started = Instant::now();
        let usual = "environ une minute sur deux cœurs";
        let outcome: Result<Outcome> =
            worker::perform(worker::command(program, cores), &request, &what, usual);
        match outcome {
            Ok(outcome) => Ok(Line::Done(Box::new(Entry {
                trial: trial.clone(),
                outcome,
                seconds: started.elapsed().as_secs_f64(),
            }))),
            Err(Error::Usage(failed)) => Ok(Line::Failed(Failure {
                trial: trial.clone(),
                failed,
            })),
            Err(other) => Err(other),
        }
    }

    /// The first training of the journal again: the same numbers, but for the time it takes.
    fn verify(&mut self) -> Result<Verdict> {
        let Some(noted) = self.known.first().cloned() else {
            return Err(Error::Usage(format!(
                "Le journal {} est vide : rien à vérifier.",
                self.journal.display()
            )));
        };
        let again = self.train(noted.trial(), "1/1")?;
        let same = match (&noted, &again) {
            (Line::Done(one), Line::Done(other)) => {
                one.outcome.without_time() == other.outcome.without_time()
            }
            (one, other) => one == other,
        };
        let said = match same {
            true => "les mêmes nombres que dans le journal",
            false => "des nombres qui ne sont pas ceux du journal",
        };
        let _ = writeln!(std::io::stdout(), "{} : {said}", noted.trial());
        Ok(match same {
            true => Verdict::Fine,
            false => Verdict::Failed,
        })
    }
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
    fn a_trial_run_is_not_published_and_the_placebo_goes_last() {
        let said = |words: &[&str]| execute(&args(words)).unwrap_err().to_string();
        let journal = ["tri", "--journal", "/nulle/part"];
        assert!(said(&[&journal[..], &["--essai", "--ecrire"]].concat()).contains("--essai"));
        assert!(said(&[&journal[..], &["--sans", "placebo"]].concat()).contains("cnn,placebo"));
        assert!(<Line as clap::Parser>::try_parse_from(["biais", "tri"]).is_err());
    }
}
