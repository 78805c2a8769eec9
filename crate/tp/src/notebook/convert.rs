//! Conversions by the Python tools: a Markdown source becomes a notebook (jupytext), a notebook becomes a page (nbconvert).

use std::path::{Path, PathBuf};

use super::{Notebook, page};
use crate::error::{Error, Result};
use crate::setup::python::Environment;
use crate::{paths, process};

const REMEDY: &str = "Lancez « cargo tp doctor » pour vérifier les outils Python.";

/// Reads a Jupytext Markdown source as a notebook. Needs jupytext, an author's tool.
///
/// # Errors
/// [`Error::Command`] when jupytext fails, [`Error::Unusable`] when its notebook is broken.
pub fn from_markdown(source: &Path, python: &Environment) -> Result<Notebook> {
    let mut command = python.command("jupytext");
    command
        .args(["--quiet", "--from", "md", "--to", "ipynb", "--output", "-"])
        .arg(absolute(source)?);
    let what = format!("La lecture de « {} » par jupytext", source.display());
    let text = process::output(&mut command, &what, REMEDY)?;
    Notebook::parse(&text, source)
}

/// Writes the HTML page of a notebook beside it, under the title of the lab, and returns its path. Its equations need no
/// network, and its check cells are folded.
///
/// # Errors
/// [`Error::Command`] when nbconvert fails.
pub fn to_html(notebook: &Path, python: &Environment) -> Result<PathBuf> {
    let path = notebook.with_extension("html");
    let mut command = python.command("jupyter");
    command
        .args([
            "nbconvert",
            "--log-level",
            "ERROR",
            "--to",
            "html",
            "--HTMLExporter.language_code=fr",
            "--stdout",
        ])
        .arg(absolute(notebook)?);
    let what = format!("La conversion de « {} » en HTML", notebook.display());
    let text = process::output(&mut command, &what, REMEDY)?;
    let read = Notebook::read(notebook)?;
    let text = page::described(&text, &read.picture_texts());
    let text = page::titled(&text, read.title().as_deref());
    let text = page::with_equations(&text);
    let text = page::with_folded_checks(&text);
    let text = page::with_whole_lines(&text);
    paths::write_atomically(&path, text.as_bytes())?;
    Ok(path)
}

/// A path that no tool takes for an option, whatever the file is called.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io("Chemin inutilisable", path))
}
