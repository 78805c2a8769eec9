//! `tp run`: executes notebooks through the real kernel, writes what they gave, and says whether all went well.

mod cells;
mod diagnosis;
mod grading;
mod report;
mod targets;
mod verdict;

use std::io::Write;
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
    /// TP (« tp5 ») ou fichiers (« rendu.ipynb », « source.md »)
    #[arg(value_name = "TP|FICHIER", required_unless_present = "all")]
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
    /// Rend le résultat de chaque cellule en JSON sur la sortie standard
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

/// Runs the notebooks one after the other, each in a kernel of its own.
///
/// # Errors
/// When a notebook, the data folder or the output folder cannot be used, when set-up or the kernel's start fails, or on
/// Ctrl-C. A cell that fails is a [`Verdict::Failed`].
pub fn execute(args: &RunArgs) -> Result<Verdict> {
    let repository = paths::Repository::find()?;
    let folder = repository.notebooks();
    let targets = if args.all {
        targets::all(args.copy(), &folder)?
    } else {
        args.notebooks
            .iter()
            .map(|asked| targets::resolve(asked, args.copy(), &folder))
            .collect::<Result<_>>()?
    };
    check_names(&targets)?;
    let data = args.data.as_deref().map(existing_folder).transpose()?;
    if let Some(output) = &args.output {
        paths::create_folder(output)?;
    }
    let installation = setup::ensure(Group::Students)?;

    let mut reports = Vec::new();
    for target in &targets {
        let kernel = kernel_command(&installation, args, data.as_deref(), target)?;
        let report = run_one(target, kernel, &installation, args, &folder)?;
        let interrupted = report.outcome == Outcome::Interrupted;
        if !args.json {
            say(&report.line());
            report
                .files
                .iter()
                .for_each(|file| say(&format!("  → {file}")));
        }
        reports.push(report);
        if interrupted {
            break;
        }
    }
    if args.json {
        say(&json!({ "version": 1, "notebooks": reports }).to_string());
    }
    conclude(&reports, args.json)
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
    let failed = reports
        .iter()
        .filter(|report| report.outcome != Outcome::Ok)
        .count();
    if reports.len() > 1 && !quiet {
        let fine = reports.len() - failed;
        say(&format!(
            "{} {fine} notebooks sur {} sans échec",
            if failed == 0 { "✔" } else { "✘" },
            reports.len()
        ));
    }
    Ok(if failed == 0 {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// A result, on stdout. A reader that is gone wants none.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Two notebooks of one name would overwrite each other's results.
fn check_names(targets: &[Target]) -> Result<()> {
    for (index, target) in targets.iter().enumerate() {
        if targets[..index]
            .iter()
            .any(|earlier| earlier.name() == target.name())
        {
            let message = format!(
                "« {} » est demandé deux fois. Exécutez ces notebooks séparément.",
                target.name()
            );
            return Err(Error::Usage(message));
        }
    }
    Ok(())
}

/// What `--donnees` says for the embedded drawings instead of a folder.
pub(crate) const DRAWN_FACES: &str = tp_protocol::data_sets::DRAWINGS;

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
    match (
        data,
        std::env::var_os("TP_DONNEES").filter(|value| !value.is_empty()),
    ) {
        (Some(folder), _) => command = command.with_env("TP_DONNEES", folder),
        // Said from this folder, it must not be read from the notebook's.
        (None, Some(folder)) if folder != DRAWN_FACES => {
            let absolute =
                std::path::absolute(&folder).map_err(Error::io("Chemin inutilisable", &folder))?;
            command = command.with_env("TP_DONNEES", absolute);
        }
        (None, _) => {}
    }
    if let Some(device) = &args.device {
        command = command.with_env("TP_DEVICE", device);
    }
    Ok(command)
}

fn run_one(
    target: &Target,
    kernel: KernelCommand,
    installation: &Installation,
    args: &RunArgs,
    notebooks: &Path,
) -> Result<NotebookReport> {
    let mut notebook = if target.is_source() {
        convert::from_markdown(&target.path, &installation.python)?
    } else {
        Notebook::read(&target.path)?
    };
    if let Some(language) = notebook.language().filter(|language| language != "rust") {
        return Err(Error::Unusable {
            path: target.path.clone(),
            reason: format!("ce notebook est écrit en « {language} », pas en Rust"),
            remedy: "Choisissez le noyau « Rust (TP visages) » dans JupyterLab et enregistrez-le."
                .to_owned(),
        });
    }
    notebook.clear_outputs();
    notebook.set_rust();
    let name = target.name();
    let own = notebook.graded_cells();
    let published = match target.is_source() {
        true => Vec::new(),
        false => published_checks(&name, &own, notebooks)?,
    };
    let grading = Grading::new(&own, &published);
    eprintln!(
        "▸ {name} ({} cellules, préréglage « {} »)",
        notebook.code_cells().len(),
        args.preset.name()
    );

    let start = Instant::now();
    let options = StartOptions {
        catch_signals: true,
        ..StartOptions::default()
    };
    let mut client = Client::start(&kernel, options)?;
    let start_seconds = start.elapsed().as_secs_f64();
    eprintln!("  noyau prêt en {} s", fixed(start_seconds, 1));
    let mut report = NotebookReport {
        notebook: name,
        preset: args.preset.name(),
        outcome: Outcome::Ok,
        cells_total: notebook.code_cells().len(),
        seconds: 0.0,
        start_seconds,
        points: None,
        by_hand: own
            .iter()
            .filter(|cell| cell.by_hand)
            .map(|cell| cell.points)
            .sum(),
        missing: Vec::new(),
        cells: Vec::new(),
        files: Vec::new(),
    };
    let ran = cells::run(
        &mut client,
        &mut notebook,
        target.stops,
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
    if let Some(output) = &args.output {
        write_results(&notebook, output, installation, &mut report)?;
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
    output: &Path,
    installation: &Installation,
    report: &mut NotebookReport,
) -> Result<()> {
    let file = output.join(format!("{}.ipynb", report.notebook));
    notebook.write(&file)?;
    report.files.push(file.display().to_string());
    if report.outcome != Outcome::Interrupted {
        let page = convert::to_html(&file, &installation.python)?;
        report.files.push(page.display().to_string());
    }
    Ok(())
}
