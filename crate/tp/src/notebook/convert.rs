//! Conversions by the Python tools: a Markdown source becomes a notebook (jupytext), a notebook becomes a page (nbconvert).

use std::path::{Path, PathBuf};

use super::Notebook;
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

/// Writes the HTML page of a notebook beside it, and returns its path.
///
/// # Errors
/// [`Error::Command`] when nbconvert fails.
pub fn to_html(notebook: &Path, python: &Environment) -> Result<PathBuf> {
    let page = notebook.with_extension("html");
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
    let text = described(&text, &Notebook::read(notebook)?.picture_texts());
    paths::write_atomically(&page, text.as_bytes())?;
    Ok(page)
}

/// What nbconvert's template says of every picture, in English.
const NO_DESCRIPTION: &str = "alt=\"No description has been provided for this image\"";

/// A page whose pictures have their alternative texts, in the order of the notebook. When the page does not hold as many
/// pictures, it stays as it is: a wrong description is worse than none.
fn described(page: &str, texts: &[String]) -> String {
    let parts: Vec<&str> = page.split(NO_DESCRIPTION).collect();
    if parts.len() != texts.len() + 1 {
        return page.to_owned();
    }
    let mut described = parts[0].to_owned();
    for (text, part) in texts.iter().zip(&parts[1..]) {
        let text = text
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        described.push_str(&format!("alt=\"{}\"{part}", text.trim()));
    }
    described
}

/// A path that no tool takes for an option, whatever the file is called.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io("Chemin inutilisable", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_get_their_texts_in_order() {
        let page = format!("<img {NO_DESCRIPTION} src=1><p>b</p><img {NO_DESCRIPTION} src=2>");
        let texts = ["Une « courbe »".to_owned(), "a < \"b\"".to_owned()];
        assert_eq!(
            described(&page, &texts),
            "<img alt=\"Une « courbe »\" src=1><p>b</p><img alt=\"a &lt; &quot;b&quot;\" src=2>"
        );
        assert_eq!(described(&page, &texts[..1]), page);
    }
}
