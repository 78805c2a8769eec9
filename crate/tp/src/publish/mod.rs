//! Publication: one Markdown source of a lab becomes the student's notebook and the solution.
//!
//! jupytext reads the source, [`master`] turns its short cell options into nbgrader's metadata and refuses what would not
//! work, and nbgrader's own preprocessors cut what a student must not see. The result holds no output and depends on the
//! source alone, byte for byte.
//!
//! | module | owns |
//! |---|---|
//! | [`options`] | the short options of a cell |
//! | [`source`] | where a cell is in its source, unclosed blocks |
//! | [`markers`] | the lines that enclose solutions, hidden tests and mark schemes |
//! | [`results`] | measured numbers, inserted into the text |
//! | [`spaces`] | French no-break spaces |
//! | [`closed`] | a closed question as its author writes it |
//! | [`expand`] | the cells of closed questions |
//! | [`headings`] | numbers and points of exercises, questions and predictions |
//! | [`notes`] | what an author writes in comments: terms, facts of the lab |
//! | [`budget`] | how long a lab is, against what it may be |
//! | [`deadlines`] | when what is to be handed in |
//! | [`links`] | links that would lead nowhere |
//! | [`guide`] | `LISEZMOI.md` and `GLOSSAIRE.md` |
//! | [`types`] | an `impl` far from its type, which evcxr cannot take twice |
//! | [`master`] | the notebook that both copies are made from |

pub mod budget;
pub mod closed;
pub mod deadlines;
pub mod draws;
pub mod expand;
pub mod guide;
pub mod headings;
pub mod links;
pub mod markers;
pub mod master;
pub mod notes;
pub mod options;
pub mod results;
pub mod source;
pub mod spaces;
pub mod types;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::notebook::{Notebook, convert};
use crate::setup::python::Environment;
use crate::{paths, process};

use budget::Budget;
pub use master::{Master, Summary};
use notes::Notes;

/// The preprocessors, run by the Python of the environment that has nbgrader.
const NBGRADER: &str = include_str!("nbgrader.py");

const REMEDY: &str = "Lancez « cargo tp setup --auteurs », puis « cargo tp doctor ».";

/// Both notebooks of one lab, as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// File name without extension.
    pub name: String,
    /// The student's notebook.
    pub student: String,
    /// The solution.
    pub solution: String,
    /// Its title, that of its first heading.
    pub title: String,
    /// What the lab holds.
    pub summary: Summary,
    /// What its author notes in comments.
    pub notes: Notes,
    /// How long it is.
    pub budget: Budget,
}

impl Publication {
    /// « tp5 » of « tp5_debiaisage ».
    pub fn lab(&self) -> &str {
        lab(&self.name)
    }

    /// Whether it goes on from another lab (« tp5b ») instead of having a number of its own.
    pub fn is_companion(&self) -> bool {
        !self.lab().ends_with(|c: char| c.is_ascii_digit())
    }
}

/// « tp5 » of « tp5_debiaisage ».
fn lab(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

/// Makes both notebooks of a Markdown source.
///
/// # Errors
/// [`Error::InvalidSource`] with every mistake of the source and its line; [`Error::Command`] when jupytext or nbgrader fails.
pub fn publish(source: &Path, python: &Environment) -> Result<Publication> {
    let text = std::fs::read_to_string(source).map_err(Error::io("Impossible de lire", source))?;
    // An unclosed block swallows the rest of its file: nothing that jupytext would say of it makes sense.
    let unclosed = source::unclosed(&text);
    if !unclosed.is_empty() {
        return Err(invalid(source, unclosed));
    }
    let notebook = convert::from_markdown(source, python)?.into_json();
    let name = source
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut master =
        Master::new(&name, &text, &notebook).map_err(|found| invalid(source, found))?;
    // notebooks/sources/tp5.md → notebooks
    let notebooks = source.parent().and_then(Path::parent);
    let notebooks = notebooks.unwrap_or(Path::new(".."));
    let lost = master.broken_links(notebooks);
    if !lost.is_empty() {
        return Err(invalid(source, lost));
    }
    master
        .insert_results(&notebooks.join(results::FOLDER))
        .map_err(|found| invalid(source, found))?;
    let budget = master.budget();
    master.complete();
    let [student, solution] = preprocess(&master, source, python)?;
    if let Some(marker) = markers::left_in(&student) {
        return Err(Error::Unusable {
            path: source.to_owned(),
            reason: format!("« {marker} » resterait dans la version étudiante"),
            remedy: "Écrivez ce repère seul sur sa ligne, dans une cellule qui l'admet.".to_owned(),
        });
    }
    Ok(Publication {
        name,
        student,
        solution,
        title: master.title(),
        summary: master.summary(),
        notes: master.notes().clone(),
        budget,
    })
}

/// The solution of a Markdown source, as it is executed before it is published: closed questions are cells, checks grade with
/// the library's functions, results are not inserted. A text in another language stays as jupytext reads it.
///
/// # Errors
/// [`Error::InvalidSource`] with every mistake of the source and its line; [`Error::Command`] when jupytext fails.
pub fn executable(source: &Path, python: &Environment) -> Result<Notebook> {
    let text = std::fs::read_to_string(source).map_err(Error::io("Impossible de lire", source))?;
    let notebook = convert::from_markdown(source, python)?;
    if notebook
        .language()
        .is_none_or(|language| language != "rust")
    {
        return Ok(notebook);
    }
    let unclosed = source::unclosed(&text);
    if !unclosed.is_empty() {
        return Err(invalid(source, unclosed));
    }
    let mut notebook = notebook.into_json();
    // A draft has no header of its own.
    if notebook["metadata"]["kernelspec"]["language"].is_null() {
        notebook["metadata"]["kernelspec"] = json!({ "display_name": "Rust (TP visages)", "language": "rust", "name": master::KERNEL });
    }
    let name = source.file_stem().unwrap_or_default().to_string_lossy();
    let master = Master::new(&name, &text, &notebook).map_err(|found| invalid(source, found))?;
    Notebook::parse(&master.solution().to_string(), source)
}

/// A mistake in a source: the line, from 1, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in the source, from 1.
    pub line: usize,
    /// What is wrong and what to do, in French.
    pub what: String,
}

impl Problem {
    /// A mistake at a line.
    pub fn new(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// All mistakes at once, in the order of the lines.
fn invalid(source: &Path, mut problems: Vec<Problem>) -> Error {
    problems.sort_by_key(|problem| problem.line);
    let lines = problems
        .iter()
        .map(|Problem { line, what }| format!("« {} », ligne {line} : {what}", source.display()));
    Error::InvalidSource {
        problems: lines.collect(),
    }
}

/// The student's copy and the solution, after nbgrader's preprocessors.
fn preprocess(master: &Master, source: &Path, python: &Environment) -> Result<[String; 2]> {
    let copies = [
        Temporary::new(&master.student().to_string())?,
        Temporary::new(&master.solution().to_string())?,
    ];
    let mut command = python.command("python");
    // Isolated: neither the user's own packages nor a file of the current folder take part.
    command.args(["-I", "-c", NBGRADER]);
    command.args(copies.iter().map(|copy| &copy.0));
    let what = format!("La préparation de « {} » par nbgrader", source.display());
    let text = process::output(&mut command, &what, REMEDY)?;
    let unreadable = |error: serde_json::Error| Error::Unusable {
        path: source.to_owned(),
        reason: format!("nbgrader n'en fait pas un notebook ({error})"),
        remedy: REMEDY.to_owned(),
    };
    let [student, solution]: [String; 2] = serde_json::from_str(&text).map_err(unreadable)?;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).map_err(unreadable);
    Ok([finish(parsed(&student)?)?, finish(parsed(&solution)?)?])
}

/// Only what depends on the source: tools write their versions into the notebook's metadata.
fn finish(mut notebook: Value) -> Result<String> {
    let kernel = notebook["metadata"]["kernelspec"].take();
    let own = notebook["metadata"][master::OWN].take();
    notebook["metadata"] = json!({ "kernelspec": kernel });
    if !own.is_null() {
        notebook["metadata"][master::OWN] = own;
    }
    let mut notebook = Notebook::parse(&notebook.to_string(), Path::new("notebook"))?;
    notebook.set_rust();
    notebook.to_text()
}

/// A file that lives as long as this value.
struct Temporary(PathBuf);

impl Temporary {
    fn new(content: &str) -> Result<Self> {
        let name = format!("tp-publish-{}.ipynb", uuid::Uuid::new_v4().simple());
        let path = std::env::temp_dir().join(name);
        paths::write_atomically(&path, content.as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
