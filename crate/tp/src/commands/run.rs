//! `tp run`: executes notebooks through the real kernel, writes what they gave, and says whether all went well.

mod batch;
mod cells;
mod diagnosis;
mod grading;
mod report;
mod targets;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::json;

use grading::Grading;
pub use report::{NotebookReport, Outcome};
pub use targets::{Copy, Target, all, published, resolve};
pub use verdict::{CellReport, Points};

use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::fixed;
use crate::jupyter::{Client, KernelCommand, StartOptions};
use crate::notebook::{GradedCell, Notebook, convert};
use crate::paths;
pub(crate) use crate::paths::DRAWN_FACES;
use crate::publish;
use crate::setup::python::Group;
use crate::setup::{self, Installation};

/// How much a run computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Quelques minutes par TP, petites données
    #[value(name = "rapide")]
    Quick,
    /// Ce que fait un étudiant en séance
    #[value(name = "seance")]
    Session,
    /// Les tailles et les durées des sujets d'origine
    #[value(name = "complet")]
    Full,
}

impl Preset {
    /// Value of `TP_PRESET`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "rapide",
            Self::Session => "seance",
            Self::Full => "complet",
        }
    }

    /// Longest time that one cell may take.
    const fn cell_limit(self) -> Duration {
        match self {
            Self::Quick => Duration::from_secs(10 * 60),
            Self::Session => Duration::from_secs(60 * 60),
            Self::Full => Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Arguments of `tp run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// TP (« tp5 »), fichiers (« rendu.ipynb », « source.md ») ou dossiers de notebooks
    #[arg(value_name = "TP|FICHIER|DOSSIER", required_unless_present = "all")]
    pub notebooks: Vec<String>,
    /// Exécute tous les TP
    #[arg(long = "tous", conflicts_with = "notebooks")]
    pub all: bool,
    /// Exécute le corrigé et s'arrête au premier échec (par défaut pour un TP)
    #[arg(long = "corrige", conflicts_with = "student")]
    pub solution: bool,
    /// Exécute la version de l'étudiant, jusqu'au bout
    #[arg(long = "etudiant")]
    pub student: bool,
    /// Taille des données et durée des entraînements : rapide (quelques minutes, par défaut), seance (ce que fait un
    /// étudiant), complet (les tailles des sujets d'origine)
    #[arg(long, value_name = "PRESET", value_enum, default_value_t = Preset::Quick, hide_default_value = true, hide_possible_values = true)]
    pub preset: Preset,
    /// Dossier des données
    #[arg(long = "donnees", value_name = "DOSSIER")]
    pub data: Option<PathBuf>,
    /// Appareil de calcul : flex, ndarray ou cuda:0
    #[arg(long, value_name = "APPAREIL")]
    pub device: Option<String>,
    /// Dossier où écrire le notebook exécuté et sa page HTML (rien n'est écrit sans cette option)
    #[arg(long = "sortie", value_name = "DOSSIER")]
    pub output: Option<PathBuf>,
    /// Écrit le résultat de chaque cellule en JSON sur la sortie standard
    #[arg(long)]
    pub json: bool,
}

impl RunArgs {
    fn copy(&self) -> Option<Copy> {
        match (self.solution, self.student) {
            (true, _) => Some(Copy::Solution),
            (_, true) => Some(Copy::Student),
            _ => None,
        }
    }
}

/// Runs the notebooks one after the other, each in a kernel of its own. Of several, one that cannot be used is told and
/// does not keep the others from being run.
///
/// # Errors
/// When the only notebook, the data folder or the output folder cannot be used, when set-up or the kernel's start fails, or
/// on Ctrl-C. A cell that fails is a [`Verdict::Failed`].
pub fn execute(args: &RunArgs) -> Result<Verdict> {
    let repository = paths::Repository::find()?;
    let folder = repository.notebooks();
    let notebooks = if args.all {
        batch::named(targets::all(args.copy(), &folder)?)?
    } else {
        batch::find(&args.notebooks, args.copy(), &folder)?
    };
    let data = args.data.as_deref().map(existing_folder).transpose()?;
    if let Some(output) = &args.output {
        paths::create_folder(output)?;
        batch::spare_inputs(&notebooks, output)?;
    }
    let installation = setup::ensure(Group::Students)?;

    let alone = notebooks.len() == 1;
    let (mut reports, mut failure) = (Vec::new(), None);
    for named in &notebooks {
        let ran = prepare(&named.target, &installation, &folder).map_err(Stop::Notebook);
        let ran = ran.and_then(|prepared| {
            let kernel = kernel_command(&installation, args, data.as_deref(), &named.target);
            let ran =
                kernel.and_then(|kernel| run_one(named, prepared, &kernel, &installation, args));
            ran.map_err(Stop::Kernel)
        });
        let (error, stops) = match ran {
            Ok(report) => {
                let stops = report.outcome == Outcome::Interrupted;
                tell(&report, args.json);
                reports.push(report);
                (None, stops)
            }
            Err(Stop::Notebook(error)) => (Some(error), false),
            Err(Stop::Kernel(error)) => (Some(error), true),
        };
        if let Some(error) = error {
            let report = NotebookReport::unusable(&named.label, args.preset.name(), &error);
            if alone || stops {
                failure = Some(error);
            } else {
                tell(&report, args.json);
            }
            reports.push(report);
        }
        if stops {
            break;
        }
    }
    if args.json {
        say!("{}", json!({ "version": 1, "notebooks": reports }));
    }
    match failure {
        Some(error) => Err(error),
        None => conclude(&reports, args.json),
    }
}

/// Why a notebook was not run to its end.
enum Stop {
    /// It cannot be used.
    Notebook(Error),
    /// The kernel cannot: no other notebook could be run.
    Kernel(Error),
}

/// Says how a notebook ended; with `quiet`, only whether it could be used at all.
fn tell(report: &NotebookReport, quiet: bool) {
    if quiet {
        report
            .reason
            .iter()
            .for_each(|_| tell!("{}", report.line()));
        return;
    }
    say!("{}", report.line());
    if let (Some(reason), true) = (&report.reason, report.outcome != Outcome::Unusable) {
        say!("  ⚠ {reason}");
    }
    for file in &report.files {
        say!("  → {file}");
    }
}

fn conclude(reports: &[NotebookReport], quiet: bool) -> Result<Verdict> {
    if let Some(stopped) = reports
        .iter()
        .find(|report| report.outcome == Outcome::Interrupted)
    {
        return Err(Error::Usage(format!(
            "Interrompu pendant « {} » ; le noyau est arrêté.",
            stopped.notebook
        )));
    }
    let count = |outcome| {
        let same = reports.iter().filter(|report| report.outcome == outcome);
        same.count()
    };
    let (fine, unusable) = (count(Outcome::Ok), count(Outcome::Unusable));
    if reports.len() > 1 && !quiet {
        let aside = match unusable {
            0 => String::new(),
            1 => ", 1 inutilisable".to_owned(),
            _ => format!(", {unusable} inutilisables"),
        };
        say!(
            "{} {fine} notebooks sur {} sans échec{aside}",
            if fine == reports.len() { "✔" } else { "✘" },
            reports.len()
        );
    }
    if unusable == reports.len() {
        return Err(Error::Usage(
            "Aucun de ces notebooks n'a pu être exécuté.".to_owned(),
        ));
    }
    Ok(if fine == reports.len() {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// A data folder or file (`train_face.h5`) as an absolute path; the word for drawings as it is.
fn existing_folder(folder: &Path) -> Result<PathBuf> {
    if folder.as_os_str() == DRAWN_FACES {
        return Ok(folder.to_owned());
    }
    if !folder.exists() {
        return Err(Error::Usage(format!(
            "Le dossier de données « {} » n'existe pas. (« synthetique » emploie les visages dessinés.)",
            folder.display()
        )));
    }
    folder
        .canonicalize()
        .map_err(Error::io("Chemin inutilisable", folder))
}

/// The kernel of one notebook, started in the notebook's folder as Jupyter does.
fn kernel_command(
    installation: &Installation,
    args: &RunArgs,
    data: Option<&Path>,
    target: &Target,
) -> Result<KernelCommand> {
    let path = std::path::absolute(&target.path)
        .map_err(Error::io("Chemin inutilisable", &target.path))?;
    let mut command = installation
        .kernel
        .command()
        .with_env(tp_protocol::PROTOCOL_VARIABLE, "1")
        .with_env("TP_PRESET", args.preset.name())
        .with_cwd(path.parent().unwrap_or(Path::new("/")));
    if let Some(folder) = data {
        command = command.with_env("TP_DONNEES", folder);
    }
    if let Some(device) = &args.device {
        command = command.with_env("TP_DEVICE", device);
    }
    Ok(command)
}

/// A notebook that can be executed.
struct Prepared {
    notebook: Notebook,
    /// Its own cells that give points.
    own: Vec<GradedCell>,
    grading: Option<Grading>,
}

/// Reads a notebook, its old outputs removed.
///
/// # Errors
/// When it is broken, of another language, or holds nothing to execute.
fn prepare(target: &Target, installation: &Installation, notebooks: &Path) -> Result<Prepared> {
    let mut notebook = if target.is_source() {
        publish::executable(&target.path, &installation.python)?
    } else {
        Notebook::read(&target.path)?
    };
    let unusable = |reason: String, remedy: &str| Error::Unusable {
        path: target.path.clone(),
        reason,
        remedy: remedy.to_owned(),
    };
    let (empty, source) = (notebook.code_cells().is_empty(), target.is_source());
    if let Some(language) = notebook.language().filter(|language| language != "rust")
        && !(empty && source)
    {
        let remedy = match source {
            true => "Le code d'un source de TP est entre ```rust et ```.",
            false => "Choisissez le noyau « Rust (TP visages) » dans JupyterLab et enregistrez-le.",
        };
        let reason = format!("son code est en « {language} », pas en Rust");
        return Err(unusable(reason, remedy));
    }
    if empty {
        return Err(unusable(
            "il ne contient aucune cellule de code".to_owned(),
            "Vérifiez que c'est le bon fichier, et qu'il a été enregistré.",
        ));
    }
    notebook.clear_outputs();
    notebook.set_rust();
    let own = notebook.graded_cells();
    let published = match target.is_source() {
        true => Vec::new(),
        false => published_checks(&target.name(), &own, notebooks)?,
    };
    let grading = Grading::new(&own, &published);
    Ok(Prepared {
        notebook,
        own,
        grading,
    })
}

/// Executes a notebook in a kernel of its own.
///
/// # Errors
/// When the kernel cannot be started or spoken to. Results that cannot be written are told by the report.
fn run_one(
    named: &batch::Named,
    prepared: Prepared,
    kernel: &KernelCommand,
    installation: &Installation,
    args: &RunArgs,
) -> Result<NotebookReport> {
    let Prepared {
        mut notebook,
        own,
        grading,
    } = prepared;
    let mut report = NotebookReport::new(&named.label, args.preset.name());
    report.cells_total = notebook.code_cells().len();
    let by_hand = own.iter().filter(|cell| cell.by_hand);
    report.by_hand = by_hand.map(|cell| cell.points).sum();
    tell!(
        "▸ {} ({} cellules, préréglage « {} »)",
        named.label,
        report.cells_total,
        report.preset
    );

    let start = Instant::now();
    let options = StartOptions {
        catch_signals: true,
        ..StartOptions::default()
    };
    let mut client = Client::start(kernel, options)?;
    report.start_seconds = start.elapsed().as_secs_f64();
    tell!("  noyau prêt en {} s", fixed(report.start_seconds, 1));
    let ran = cells::run(
        &mut client,
        &mut notebook,
        named.target.stops,
        args.preset,
        grading.as_ref(),
        &mut report,
    );
    if let Some(grading) = &grading {
        report.settle(grading);
    }
    report.seconds = start.elapsed().as_secs_f64();
    client.shutdown();
    // What was executed is written whatever ended it.
    if let Some(output) = &args.output
        && let Err(error) =
            write_results(&notebook, &named.output(output), installation, &mut report)
    {
        report.unwritten(&error);
    }
    ran.map(|()| report)
}

/// The cells that give points in the published copies of the lab that a notebook is of, the student's first.
///
/// The lab is the one of its file's name, or the one that its own cells name.
fn published_checks(
    name: &str,
    own: &[GradedCell],
    notebooks: &Path,
) -> Result<Vec<Vec<GradedCell>>> {
    let lab = |text: &str, end: char| text.split(end).next().unwrap_or_default().to_owned();
    let named: Vec<String> = own.iter().map(|cell| lab(&cell.grade_id, '-')).collect();
    let mut found = Vec::new();
    for copy in [Copy::Student, Copy::Solution] {
        for path in targets::published(copy, notebooks) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            if stem == name || named.contains(&lab(&stem, '_')) {
                found.push(Notebook::read(&path)?.graded_cells());
            }
        }
    }
    Ok(found)
}

fn write_results(
    notebook: &Notebook,
    file: &Path,
    installation: &Installation,
    report: &mut NotebookReport,
) -> Result<()> {
    if let Some(folder) = file.parent() {
        paths::create_folder(folder)?;
    }
    notebook.write(file)?;
    report.files.push(file.display().to_string());
    if report.outcome != Outcome::Interrupted {
        let page = convert::to_html(file, &installation.python)?;
        report.files.push(page.display().to_string());
    }
    Ok(())
}
