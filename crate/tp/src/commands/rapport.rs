//! `tp rapport`: the page that a student hands in, from a notebook.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::counted;
use crate::notebook::Notebook;
use crate::report::{self, Report};
use crate::{paths, process};

/// End of the name of a report: « tp5_debiaisage » gives « tp5_debiaisage_rapport.html ».
const SUFFIX: &str = "_rapport";

/// Arguments of `tp rapport`.
#[derive(Debug, Args)]
#[command(
    after_help = "La page est un seul fichier HTML, qui s'ouvre sans réseau. Rien n'est exécuté : enregistrez d'abord le notebook dans JupyterLab.\n\
                  Quand Chromium ou Chrome est installé, la commande écrit aussi la page en PDF. Sinon, ouvrez la page dans un navigateur et imprimez-la."
)]
pub struct ReportArgs {
    /// Notebook (rendu.ipynb), ou TP (tp5) : votre copie dans notebooks/travail
    #[arg(value_name = "FICHIER")]
    pub notebook: String,
    /// Dossier où écrire la page ; par défaut, celui du notebook
    #[arg(long = "sortie", value_name = "DOSSIER")]
    pub output: Option<PathBuf>,
    /// Exige le PDF : sans Chromium, la commande échoue
    #[arg(long)]
    pub pdf: bool,
}

/// Writes the page, and the PDF where Chromium is there.
///
/// # Errors
/// [`Error::Usage`] when there is no such notebook, [`Error::Unusable`] when it is none or that of no lab, [`Error::Io`] when
/// the page cannot be written, [`Error::Missing`] or [`Error::Command`] when the PDF was asked for and cannot be made.
pub fn execute(args: &ReportArgs) -> Result<Verdict> {
    let notebook = find(&args.notebook)?;
    let report = Report::read(Notebook::read(&notebook)?, &notebook)?;
    let page = page_path(&notebook, args.output.as_deref())?;
    paths::write_atomically(&page, report::page::html(&report).as_bytes())?;
    say(&format!("✔ {}", page.display()));
    let lacks = report.lacks().len();
    if lacks > 0 {
        say(&format!(
            "  {} sur {} : la liste est en tête de la page",
            counted(lacks, "partie vide"),
            report.entries.len()
        ));
    }
    match (process::chromium(), args.pdf) {
        (Some(chromium), asked) => match report::print::to_pdf(&page, &chromium) {
            Ok(pdf) => say(&format!("✔ {}", pdf.display())),
            Err(error) if asked => return Err(error),
            Err(error) => tell!("– Pas de PDF. {error}"),
        },
        (None, true) => {
            return Err(Error::Missing {
                what: "Chromium".to_owned(),
                remedy: "La page HTML est écrite : imprimez-la en PDF depuis un navigateur, ou installez Chromium (« sudo apt install chromium »).".to_owned(),
            });
        }
        (None, false) => tell!(
            "– Pas de PDF, faute de Chromium. Ouvrez la page dans un navigateur et imprimez-la."
        ),
    }
    Ok(Verdict::Fine)
}

/// The notebook of a name: a file, or the student's own copy of a lab.
fn find(asked: &str) -> Result<PathBuf> {
    let path = Path::new(asked);
    let is_name = path.extension().is_none() && path.components().count() == 1;
    if path.is_file() || !is_name {
        return Ok(path.to_owned());
    }
    let folder = paths::Repository::find()?.notebooks().join("travail");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let named = stem == asked
                || stem
                    .strip_prefix(asked)
                    .is_some_and(|rest| rest.starts_with('_'));
            named && path.extension().is_some_and(|end| end == "ipynb")
        })
        .collect();
    found.sort();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(Error::Usage(format!(
            "« {asked} » n'est pas un notebook, et « {} » ne contient aucune copie de ce TP. Donnez le chemin de votre notebook (rendu.ipynb).",
            folder.display()
        ))),
        _ => Err(Error::Usage(format!(
            "« {asked} » désigne plusieurs notebooks de « {} ». Donnez le chemin du vôtre.",
            folder.display()
        ))),
    }
}

/// Where the page goes: beside the notebook, or in the folder asked for.
fn page_path(notebook: &Path, folder: Option<&Path>) -> Result<PathBuf> {
    let mut name = notebook.file_stem().unwrap_or_default().to_owned();
    name.push(SUFFIX);
    name.push(".html");
    let folder = match folder {
        Some(folder) => {
            paths::create_folder(folder)?;
            folder.to_owned()
        }
        None => notebook.parent().unwrap_or(Path::new("")).to_owned(),
    };
    Ok(folder.join(name))
}

/// A result, on stdout. A reader that is gone wants none.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
