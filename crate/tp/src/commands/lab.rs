//! `tp lab`: JupyterLab on the notebooks.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::notebook::convert;
use crate::setup::{self, Installation, python::Group};
use crate::{paths, process};

/// Arguments of `tp lab`.
#[derive(Debug, Args)]
pub struct LabArgs {
    /// TP à ouvrir (tp5, par exemple) ; sans cela, le dossier des notebooks
    #[arg(value_name = "TP")]
    pub lab: Option<String>,
    /// Options passées telles quelles à JupyterLab, après « -- »
    #[arg(last = true, value_name = "OPTIONS")]
    pub options: Vec<String>,
}

/// Opens JupyterLab, sets up what is missing first.
///
/// # Errors
/// When the set-up fails or the lab is unknown.
pub fn execute(args: &LabArgs) -> Result<Verdict> {
    let installation = setup::ensure(Group::Students)?;
    let notebooks = installation.repository.notebooks();
    let mut command = installation.python.command("jupyter-lab");
    if let Some(lab) = &args.lab {
        command.arg(working_copy(&installation, lab)?);
    }
    command.current_dir(&notebooks).args(&args.options);
    let status = process::shared(&mut command, "Lancez : cargo tp setup")?;
    if status.success() {
        return Ok(Verdict::Fine);
    }
    Err(Error::Command {
        what: "JupyterLab".into(),
        status: process::in_words(status),
        remedy: "Diagnostic : cargo tp doctor".into(),
        tail: String::new(),
    })
}

/// A notebook of the student's own in `notebooks/travail`, made from the lab's source the first time and never overwritten.
fn working_copy(installation: &Installation, lab: &str) -> Result<PathBuf> {
    let sources = installation.repository.notebooks().join("sources");
    let entries = std::fs::read_dir(&sources)
        .map_err(Error::io("Impossible de lire le dossier", &sources))?;
    let mut labs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    labs.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    labs.sort();
    let stem = |path: &PathBuf| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let is_asked =
        |path: &&PathBuf| stem(path) == lab || stem(path).starts_with(&format!("{lab}_"));
    let Some(source) = labs.iter().find(is_asked) else {
        let known: Vec<String> = labs.iter().map(stem).collect();
        return Err(Error::Usage(format!(
            "Le TP « {lab} » n'existe pas. TP disponibles : {}.",
            known.join(", ")
        )));
    };
    let folder = installation.repository.notebooks().join("travail");
    let notebook = folder.join(format!("{}.ipynb", stem(source)));
    if !notebook.exists() {
        paths::create_folder(&folder)?;
        convert::from_markdown(source, &installation.python)?.write(&notebook)?;
    }
    Ok(notebook)
}
