//! `tp lab`: JupyterLab on the notebooks.

use std::path::PathBuf;

use clap::Args;

use super::run::{self, Copy};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::notebook::Notebook;
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
    command.envs(paths::named_from_here()?);
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

/// A notebook of the student's own in `notebooks/travail`, copied from the published one the first time and never overwritten.
fn working_copy(installation: &Installation, lab: &str) -> Result<PathBuf> {
    let notebooks = installation.repository.notebooks();
    let published = run::resolve(lab, Some(Copy::Student), &notebooks)?;
    let folder = notebooks.join("travail");
    let notebook = folder.join(format!("{}.ipynb", published.name()));
    if !notebook.exists() {
        paths::create_folder(&folder)?;
        Notebook::read(&published.path)?.write(&notebook)?;
    }
    Ok(notebook)
}
