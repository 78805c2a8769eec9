//! `tp lab`: JupyterLab on the notebooks.

use std::path::{Path, PathBuf};

use clap::Args;

use super::run::{self, Copy};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::notebook::Notebook;
use crate::publish::links;
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
    copy_with_links(&notebooks, published.name())
}

/// Copies a published lab, and the labs that it links to beside it: its links then lead to the student's own copies.
fn copy_with_links(notebooks: &Path, name: String) -> Result<PathBuf> {
    let folder = notebooks.join("travail");
    paths::create_folder(&folder)?;
    let notebook = folder.join(format!("{name}.ipynb"));
    let mut wanted = vec![name];
    let mut copied: Vec<String> = Vec::new();
    while let Some(name) = wanted.pop() {
        let published = notebooks.join("etudiant").join(format!("{name}.ipynb"));
        // A link to a lab that is not published leads nowhere: that is for its author.
        if copied.contains(&name) || !published.is_file() {
            continue;
        }
        let lab = Notebook::read(&published)?;
        let copy = folder.join(format!("{name}.ipynb"));
        if !copy.exists() {
            lab.write(&copy)?;
        }
        wanted.extend(linked_labs(&lab));
        copied.push(name);
    }
    Ok(notebook)
}

/// The labs beside a notebook that its text links to.
fn linked_labs(notebook: &Notebook) -> Vec<String> {
    let links = notebook
        .texts()
        .into_iter()
        .flat_map(|text| links::relative(&text));
    links
        .filter_map(|(_, target)| {
            let name = target.strip_suffix(".ipynb")?;
            (!name.contains('/')).then(|| name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_labs_come_along_and_nothing_is_overwritten() {
        let notebooks = std::env::temp_dir().join(format!("tp-travail-{}", std::process::id()));
        let lab = |text: &str| {
            let cells = serde_json::json!([{"cell_type": "markdown", "metadata": {}, "id": "a", "source": text}]);
            serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
                .to_string()
        };
        std::fs::create_dir_all(notebooks.join("etudiant")).unwrap();
        std::fs::create_dir_all(notebooks.join("travail")).unwrap();
        for (name, text) in [
            (
                "tp5_a",
                "[TP 0](tp0_b.ipynb), [droit](../droit.md), [TP 9](tp9_z.ipynb)",
            ),
            ("tp0_b", "Retour au [TP 5](tp5_a.ipynb#fin)."),
            ("tp1_c", ""),
        ] {
            std::fs::write(notebooks.join(format!("etudiant/{name}.ipynb")), lab(text)).unwrap();
        }
        let mine = notebooks.join("travail/tp0_b.ipynb");
        std::fs::write(&mine, "à moi").unwrap();
        let opened = copy_with_links(&notebooks, "tp5_a".to_owned()).unwrap();
        assert_eq!(opened, notebooks.join("travail/tp5_a.ipynb"));
        assert!(opened.is_file());
        assert_eq!(std::fs::read_to_string(mine).unwrap(), "à moi");
        assert!(!notebooks.join("travail/tp1_c.ipynb").exists());
        std::fs::remove_dir_all(notebooks).unwrap();
    }
}
