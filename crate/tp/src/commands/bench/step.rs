//! `tp bench pas`: the time of a training step, alone or beside the same step of another library, in one run.
//!
//! Both sides start from the same weights (a formula) and train on the same batch. Their losses must agree at the first
//! step, the second and the fiftieth; then blocks of steps alternate, so that what else the machine does falls on both.

pub(super) mod peer;
mod report;
pub(super) mod side;

use std::io::Write;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::peer::Peer;
use self::report::{Losses, Profile, Run, SideReport};
use self::side::Side;
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::counted;
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Steps before the comparison of losses; they warm both sides up.
const CHECKED_STEPS: usize = 50;
/// The labs' ε.
const EPSILON: f64 = 1e-7;
/// Steps for nothing before the timed ones: the peer compiles its function at the first.
const WARM_UP_STEPS: usize = 3;
/// A block lasts at most about this long, in milliseconds: slow networks make fewer steps a block.
const BLOCK_LIMIT: f64 = 5_000.0;
/// Fewest steps of a block.
const FEWEST_STEPS: usize = 3;
/// Most measurements of each part of a step; slow networks make fewer, see [`BLOCK_LIMIT`].
const PROFILE_REPEATS: usize = 20;

/// The networks that can be timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
pub enum Model {
    /// Détecteur standard du TP 5
    #[serde(rename = "cnn")]
    Cnn,
    /// DB-VAE du TP 5
    #[value(name = "dbvae")]
    #[serde(rename = "dbvae")]
    DbVae,
    /// Auto-encodeur variationnel 64 × 64
    #[serde(rename = "vae64")]
    Vae64,
    /// Classifieur jeune ou âgé
    #[value(name = "jeune-age")]
    #[serde(rename = "jeune-age")]
    YoungOld,
    /// Réseau du genre du TP 3, en 100 × 100
    #[value(name = "genre")]
    #[serde(rename = "genre")]
    Gender,
    /// Réseau de l'âge du TP 3, en 128 × 128
    #[serde(rename = "age")]
    Age,
    /// Réseau à deux têtes du TP 3, en 128 × 128
    #[value(name = "genre-age")]
    #[serde(rename = "genre-age")]
    GenderAge,
    /// EfficientNet-B0 en 224 × 224, propagation avant seule
    #[value(name = "efficientnet-b0")]
    #[serde(rename = "efficientnet-b0")]
    EfficientNetB0,
}

impl Model {
    /// Whether the network is trained, or only answers.
    const fn trains(self) -> bool {
        match self {
            Self::Cnn
            | Self::DbVae
            | Self::Vae64
            | Self::YoungOld
            | Self::Gender
            | Self::Age
            | Self::GenderAge => true,
            Self::EfficientNetB0 => false,
        }
    }

    /// The debiasing lab's learning rate; a small one for the networks of gender and age. The formula's weights fill dense
    /// layers of up to 16,384 values: at their authors' rates, one step of Adam would multiply the loss by hundreds, and
    /// what rounding makes of it with it.
    const fn learning_rate(self) -> f64 {
        match self {
            Self::Gender | Self::Age | Self::GenderAge => 1e-5,
            Self::Cnn | Self::DbVae | Self::Vae64 | Self::YoungOld | Self::EfficientNetB0 => 5e-4,
        }
    }

    /// Its name in requests and in tables.
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Arguments of `tp bench pas`.
#[derive(Debug, Args)]
pub struct StepBenchArgs {
    /// Bibliothèque à laquelle comparer dans la même mesure : tensorflow (au plus vite, noyaux fusionnés) ou keras (tel qu'on
    /// l'écrit d'ordinaire), installés au besoin ; ou pytorch (tel qu'on l'écrit d'ordinaire), pytorch-canaux (canaux en dernier),
    /// pytorch-compile ou pytorch-compile-canaux (torch.compile), qui doivent être déjà là, dans le Python que nomme la variable
    /// TP_PYTORCH, sinon dans celui des TP (.venv) ou dans python3
    #[arg(long = "pair", value_name = "PAIR", hide_possible_values = true)]
    peer: Option<Peer>,
    /// Réseaux mesurés, séparés par des virgules, parmi cnn, dbvae, vae64, jeune-age, genre, age, genre-age et
    /// efficientnet-b0 (cnn,dbvae par défaut)
    #[arg(
        long = "modele",
        hide_possible_values = true,
        value_name = "RESEAU",
        value_delimiter = ',',
        default_value = "cnn,dbvae",
        hide_default_value = true
    )]
    models: Vec<Model>,
    /// Nombres d'images par pas, pairs, séparés par des virgules (32 par défaut)
    #[arg(long = "lots", value_name = "N", value_delimiter = ',', default_value = "32", hide_default_value = true,
          value_parser = even)]
    batches: Vec<usize>,
    /// Nombres de fils d'exécution, séparés par des virgules (tous les cœurs par défaut)
    #[arg(long = "fils", value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Vec<u16>,
    /// Blocs de chaque côté (6 par défaut)
    #[arg(long = "blocs", value_name = "N", default_value_t = 6, hide_default_value = true,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    blocks: u16,
    /// Pas par bloc (10 par défaut)
    #[arg(long = "pas", value_name = "N", default_value_t = 10, hide_default_value = true,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    steps: u16,
    /// Montre aussi la durée de chaque partie de notre pas
    #[arg(long = "profil")]
    profile: bool,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// A batch size: half of the images are faces.
fn even(text: &str) -> std::result::Result<usize, String> {
    match text.trim().parse() {
        Ok(size) if (2..=4096).contains(&size) && size % 2 == 0 => Ok(size),
        _ => Err("un nombre pair de 2 à 4096".to_owned()),
    }
}

/// Answer to « prepare ».
#[derive(Debug, Deserialize)]
struct Prepared {
    engine: String,
    threads: usize,
    trainable: usize,
}

#[derive(Debug, Deserialize)]
struct CheckedLosses {
    losses: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Times {
    milliseconds: Vec<f64>,
}

/// One thing to measure.
#[derive(Debug, Clone, Copy)]
struct Configuration {
    model: Model,
    batch: usize,
    threads: usize,
}

/// Measures and prints; [`Verdict::Failed`] when the losses of both sides differ.
///
/// # Errors
/// When the worker cannot be compiled, the peer cannot be installed or found, or one of them fails.
pub fn execute(args: &StepBenchArgs) -> Result<Verdict> {
    let repository = Repository::find()?;
    let cache = Cache::locate()?;
    Toolchain::detect(&repository)?;
    // First: it fails early, before minutes of compilation.
    let peer = args
        .peer
        .map(|peer| peer.ensure(&repository, &cache))
        .transpose()?;
    let worker = worker::build(&repository, &cache)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads: Vec<usize> = match args.threads.as_slice() {
        [] => vec![cores],
        given => given.iter().map(|threads| usize::from(*threads)).collect(),
    };

    let load = load();
    let mut runs = Vec::new();
    for &model in &args.models {
        for &threads in &threads {
            for &batch in &args.batches {
                let configuration = Configuration {
                    model,
                    batch,
                    threads,
                };
                let peer = peer.as_ref().map(|peer| peer.command(threads));
                let sides = Sides::start(worker::command(&worker, threads), peer)?;
                runs.push(sides.measure(configuration, args)?);
            }
        }
    }

    let text = if args.json {
        json!({ "version": 1, "bench": "pas", "cores": cores, "load": load, "peer": args.peer, "runs": runs }).to_string()
    } else {
        report::text(&runs, load)
    };
    // A reader that is gone wants no result.
    let _ = writeln!(std::io::stdout(), "{text}");
    let agree = |run: &Run| run.losses.as_ref().is_none_or(Losses::agree);
    Ok(match runs.iter().all(agree) {
        true => Verdict::Fine,
        false => Verdict::Failed,
    })
}

/// Our worker and, if one was asked for, the peer: fresh processes for each configuration, whose peak of memory is then
/// that configuration's.
struct Sides {
    ours: Side,
    peer: Option<Side>,
}

impl Sides {
    fn start(
        worker: std::process::Command,
        peer: Option<(String, std::process::Command)>,
    ) -> Result<Self> {
        let peer = peer.map(|(name, command)| Side::start(&name, command));
        Ok(Self {
            ours: Side::start("visages-worker", worker)?,
            peer: peer.transpose()?,
        })
    }

    fn measure(mut self, configuration: Configuration, args: &StepBenchArgs) -> Result<Run> {
        let Configuration {
            model,
            batch,
            threads,
        } = configuration;
        let name = model.name();
        tell!("▸ {name}, lot de {batch}, {}", counted(threads, "fil"));
        let request = json!({
            "op": "prepare", "model": name, "batch": batch, "threads": threads,
            "learning_rate": model.learning_rate(), "epsilon": EPSILON,
        });
        let ours: Prepared = self.ours.ask(&request)?;
        let peer = self.peer.as_mut().map(|peer| peer.ask(&request));
        let peer: Option<Prepared> = peer.transpose()?;
        let same_size = peer.as_ref().map_or(ours.trainable, |peer| peer.trainable);
        if ours.threads != threads || same_size != ours.trainable {
            return Err(Error::Usage(format!(
                "Les deux côtés diffèrent : {} fils demandés, {} chez nous ; {} paramètres entraînés chez nous, {same_size} en face.",
                threads, ours.threads, ours.trainable
            )));
        }

        let losses = self.check(model)?;
        let warm = json!({ "op": "time", "steps": WARM_UP_STEPS });
        let mut steps = usize::from(args.steps);
        let mut sides: Vec<(&mut Side, SideReport)> =
            vec![(&mut self.ours, SideReport::new(ours.engine))];
        if let (Some(side), Some(peer)) = (self.peer.as_mut(), peer) {
            sides.push((side, SideReport::new(peer.engine)));
        }
        for (side, _) in &mut sides {
            let times: Times = side.ask(&warm)?;
            let last = times.milliseconds.last().copied().unwrap_or_default();
            let most = (BLOCK_LIMIT / last.max(1e-3)) as usize;
            steps = steps.min(most.max(FEWEST_STEPS));
        }
        let request = json!({ "op": "time", "steps": steps });
        for block in 0..args.blocks {
            let count = sides.len();
            for turn in 0..count {
                // Neither side always comes after the other.
                let index = if block % 2 == 0 {
                    turn
                } else {
                    count - 1 - turn
                };
                let (side, report) = &mut sides[index];
                let before = side.cpu_seconds();
                let times: Times = side.ask(&request)?;
                report.add(&times.milliseconds, before.zip(side.cpu_seconds()));
            }
        }
        let mut reports = sides
            .into_iter()
            .map(|(side, report)| report.finish(side.peak_memory()));
        let (Some(ours), peer) = (reports.next(), reports.next()) else {
            return Err(Error::Usage("Aucune mesure.".to_owned()));
        };
        drop(reports);
        let repeats =
            ((BLOCK_LIMIT / ours.median.max(1e-3)) as usize).clamp(FEWEST_STEPS, PROFILE_REPEATS);
        let profile = args.profile.then(|| {
            let request = json!({ "op": "profile", "repeats": repeats });
            self.ours.ask::<Profile>(&request)
        });
        Ok(Run {
            model,
            batch,
            threads,
            steps_a_block: steps,
            losses,
            ours,
            peer,
            profile: profile.transpose()?,
        })
    }

    /// The losses of both sides without anything drawn at random; `None` without a peer.
    fn check(&mut self, model: Model) -> Result<Option<Losses>> {
        let steps = if model.trains() { CHECKED_STEPS } else { 1 };
        let request = json!({ "op": "check", "steps": steps });
        let ours: CheckedLosses = self.ours.ask(&request)?;
        let Some(peer) = self.peer.as_mut() else {
            return Ok(None);
        };
        let peer: CheckedLosses = peer.ask(&request)?;
        Losses::new(&ours.losses, &peer.losses, steps).map(Some)
    }
}

/// What else the machine does: its load over the last minute, where the system tells it.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
