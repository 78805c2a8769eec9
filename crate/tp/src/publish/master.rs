//! The master notebook: the source's cells with nbgrader's metadata and stable identifiers. Both copies are made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::french::decimal;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tp_protocol::question::Kind;

use super::budget::Budget;
use super::deadlines::{self, Deadline};
use super::notes::{self, Notes};
use super::options::{Options, Role};
use super::source::{self, Locator};
use super::{Problem, draws, expand, headings, links, markers, results, spaces, types};

/// The kernel of every lab.
pub const KERNEL: &str = "tp-rust";
/// What our own metadata are under, of a notebook and of a cell.
pub const OWN: &str = "tp";

/// What a lab holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Cells of the solution.
    pub cells: usize,
    /// Cells that the student completes.
    pub exercises: usize,
    /// Check cells, those of closed questions apart.
    pub checks: usize,
    /// Closed questions and predictions.
    pub closed: usize,
    /// Answers and tasks that a person grades.
    pub by_hand: usize,
    /// All points.
    pub points: f64,
}

/// A cell of the source, checked, or one that publication makes.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub kind: String,
    pub source: String,
    /// The text of the solution, where it is not made from `source`.
    pub solution: Option<String>,
    pub id: String,
    pub line: usize,
    pub options: Options,
}

impl Cell {
    pub fn is_code(&self) -> bool {
        self.kind == "code"
    }
}

/// A lab with everything in it.
#[derive(Debug, Clone)]
pub struct Master {
    lab: String,
    kernel: Value,
    cells: Vec<Cell>,
    notes: Notes,
    deadlines: Vec<Deadline>,
}

impl Master {
    /// Reads the notebook that jupytext made of `text`, the source of the lab `name` (« tp5_debiaisage »).
    ///
    /// # Errors
    /// Every mistake of the source.
    pub fn new(name: &str, text: &str, notebook: &Value) -> Result<Self, Vec<Problem>> {
        let lab = super::lab(name).to_owned();
        let kernel = notebook["metadata"]["kernelspec"].clone();
        if kernel["language"] != "rust" {
            let what = "l'en-tête ne dit pas « language: rust » (kernelspec) ; reprenez celui d'un autre TP.";
            return Err(vec![Problem::new(1, what)]);
        }
        if kernel["name"] != KERNEL {
            let what = format!(
                "l'en-tête nomme le noyau « {} » : écrivez « name: {KERNEL} » (kernelspec).",
                kernel["name"].as_str().unwrap_or_default()
            );
            return Err(vec![Problem::new(1, what)]);
        }
        let mut problems = Vec::new();
        let mut locator = Locator::new(text);
        let mut cells = Vec::new();
        for cell in notebook["cells"].as_array().into_iter().flatten() {
            match read_cell(cell, &mut locator) {
                Ok(cell) => cells.push(cell),
                Err(problem) => problems.push(problem),
            }
        }
        let mut master = Self {
            lab,
            kernel,
            cells,
            notes: Notes::default(),
            deadlines: Vec::new(),
        };
        problems.extend(master.mistakes());
        problems.extend(master.read_notes());
        // An exercise that could not be read, or has another's name, leaves its check alone: that is told once.
        if problems.is_empty() {
            problems.extend(master.checks_of_nothing());
            problems.extend(master.lost_roles(text));
        }
        // What a question is made of does not hide what is wrong elsewhere.
        let cells = std::mem::take(&mut master.cells);
        match expand::expand(&master.lab, cells) {
            Ok(cells) => master.cells = cells,
            Err(found) => problems.extend(found),
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        // A heading's number is no part of its cell's identifier.
        master.identify();
        headings::number(&mut master.cells)?;
        master.deadlines = deadlines::read(&master.cells)?;
        Ok(master)
    }

    /// Puts the measured results of a folder where the text cells name them.
    ///
    /// # Errors
    /// Every result that is not there.
    pub fn insert_results(&mut self, folder: &Path) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        for cell in self.cells.iter_mut().filter(|cell| !cell.is_code()) {
            match results::insert(&cell.source, folder) {
                Ok(filled) => cell.source = filled,
                Err((line, what)) => problems.push(Problem::new(cell.line + line, what)),
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(problems),
        }
    }

    /// Reads the comments of the text cells.
    fn read_notes(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for cell in self.cells.iter().filter(|cell| !cell.is_code()) {
            if let Err(found) = self.notes.read(&cell.source) {
                let at = |(line, what)| Problem::new(cell.line + line, what);
                problems.extend(found.into_iter().map(at));
            }
        }
        problems
    }

    /// Links that lead nowhere from a student's copy.
    pub fn broken_links(&self, notebooks: &Path) -> Vec<Problem> {
        let text = self.cells.iter().filter(|cell| !cell.is_code());
        text.flat_map(|cell| {
            let found = links::broken(&cell.source, notebooks);
            found
                .into_iter()
                .map(|(line, what)| Problem::new(cell.line + line, what))
        })
        .collect()
    }

    /// What the author's comments say.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// How long the lab is.
    pub fn budget(&self) -> Budget {
        Budget::of(&self.cells, self.notes.machine)
    }

    /// The first heading, without its mark.
    pub fn title(&self) -> String {
        let mut text = self.cells.iter().filter(|cell| !cell.is_code());
        text.find_map(|cell| {
            let lines = headings::prose(&cell.source);
            let mut titles = lines.iter().filter_map(|(_, line)| headings::heading(line));
            titles.next().map(|(_, title)| title.to_owned())
        })
        .unwrap_or_else(|| self.lab.clone())
    }

    /// Gives the text its last form: no author's comment, anchors, a table of contents.
    pub fn complete(&mut self) {
        let table = deadlines::table(&self.deadlines);
        for cell in self.cells.iter_mut().filter(|cell| !cell.is_code()) {
            if !self.deadlines.is_empty() {
                cell.source = notes::replaced(&cell.source, deadlines::WORD, &table);
            }
            cell.source = notes::without(&cell.source);
        }
        // A cell that held nothing but comments.
        self.cells
            .retain(|cell| cell.options.role != Role::Given || !cell.source.trim().is_empty());
        headings::contents(&mut self.cells);
    }

    /// What the student's copy is made from; nbgrader's preprocessors cut it.
    pub fn student(&self) -> Value {
        let given = |cell: &&Cell| cell.options.role != Role::SolutionOnly;
        let cells = self.cells.iter().filter(given);
        self.notebook(cells.map(|cell| self.json(cell, sealed(cell, &cell.source))))
    }

    /// The solution.
    pub fn solution(&self) -> Value {
        self.notebook(self.cells.iter().map(|cell| {
            let text = match &cell.solution {
                Some(text) => text.clone(),
                None => markers::solution_text(&cell.source, &cell.options.role),
            };
            self.json(cell, sealed(cell, &text))
        }))
    }

    /// What the lab holds.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            cells: self.cells.len(),
            ..Summary::default()
        };
        for cell in &self.cells {
            match cell.options.role {
                Role::Exercise(_) => summary.exercises += 1,
                Role::Check { .. } => summary.checks += 1,
                Role::Answer { .. } | Role::Task { .. } => summary.by_hand += 1,
                Role::Closed { .. } => summary.closed += 1,
                Role::Given
                | Role::SolutionOnly
                | Role::ClosedAnswer(_)
                | Role::ClosedCheck { .. } => {}
            }
            summary.points += cell.options.role.points().unwrap_or(0.0);
        }
        summary
    }

    fn notebook(&self, cells: impl Iterator<Item = Value>) -> Value {
        let mut notebook = json!({
            "nbformat": 4, "nbformat_minor": 5,
            "metadata": {"kernelspec": self.kernel},
            "cells": cells.collect::<Vec<_>>(),
        });
        if !self.deadlines.is_empty() {
            let told = deadlines::metadata(&self.deadlines);
            notebook["metadata"][OWN] = json!({ "deadlines": told });
        }
        notebook
    }

    fn json(&self, cell: &Cell, source: String) -> Value {
        let source = match cell.is_code() {
            true => source,
            false => spaces::no_break(&source),
        };
        let mut value = json!({
            "cell_type": cell.kind, "id": cell.id, "source": source,
            "metadata": cell.options.metadata(&self.lab),
        });
        if cell.is_code() {
            value["outputs"] = json!([]);
            value["execution_count"] = Value::Null;
        }
        value
    }

    /// Identifiers that survive what is written around a cell: nbgrader's, else a hash of the text.
    fn identify(&mut self) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for cell in &mut self.cells {
            cell.id = cell.options.role.grade_id(&self.lab).unwrap_or_else(|| {
                let hash = Sha256::digest(format!("{}\n{}", cell.kind, cell.source));
                let short: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
                let count = seen.entry(short.clone()).or_default();
                *count += 1;
                match count {
                    1 => short,
                    again => format!("{short}-{again}"),
                }
            });
        }
    }

    fn mistakes(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for cell in &self.cells {
            let found = markers::check(&cell.source, cell.is_code(), &cell.options.role);
            let at = |(line, what)| Problem::new(cell.line + line, what);
            problems.extend(found.into_iter().map(at));
            if let Role::Check { points, .. } = cell.options.role {
                problems.extend(announced(cell, points));
                problems.extend(draws::unseeded(&cell.source).into_iter().map(|line| {
                    Problem::new(
                        cell.line + line,
                        "tirage au sort dans une vérification sans graine : le même notebook n'aurait pas toujours la même note. Commencez cette vérification par « device.seed(1); »."
                            .to_owned(),
                    )
                }));
            }
            if cell.is_code() {
                problems.extend(other_session(cell, &self.lab));
            }
        }
        problems.extend(self.repeated_names());
        problems.extend(self.early_checks());
        let code: Vec<&Cell> = self.cells.iter().filter(|cell| cell.is_code()).collect();
        let sources: Vec<&str> = code.iter().map(|cell| cell.source.as_str()).collect();
        for (cell, line, name) in types::lone_impls(&sources) {
            let what = format!(
                "« impl » de {name}, défini dans une autre cellule : exécutée deux fois, celle-ci donnerait l'erreur E0592 jusqu'au redémarrage. Réunissez {name} et tous ses « impl » dans une cellule."
            );
            problems.push(Problem::new(code[cell].line + line, what));
        }
        problems
    }

    fn repeated_names(&self) -> Vec<Problem> {
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        let mut problems = Vec::new();
        for cell in &self.cells {
            let Some(id) = cell.options.role.claimed(&self.lab) else {
                continue;
            };
            if let Some(line) = first.get(&id) {
                let what = format!(
                    "l'identifiant « {id} » est déjà celui de la cellule de la ligne {line} ; donnez un autre nom."
                );
                problems.push(Problem::new(cell.line, what));
            } else {
                first.insert(id, cell.line);
            }
        }
        problems
    }

    /// Checks whose name is that of no exercise.
    fn checks_of_nothing(&self) -> Vec<Problem> {
        let role = |cell: &&Cell| match &cell.options.role {
            Role::Exercise(name) => Some(name.clone()),
            _ => None,
        };
        let exercises: BTreeSet<String> =
            self.cells.iter().filter_map(|cell| role(&cell)).collect();
        let lost = self
            .cells
            .iter()
            .filter_map(|cell| match &cell.options.role {
                Role::Check { name, .. } if !exercises.contains(name) => {
                    let what =
                        format!("la vérification « {name} » ne correspond à aucun exercice.");
                    // The options stand on the line above the text.
                    Some(Problem::new(cell.line.saturating_sub(1).max(1), what))
                }
                _ => None,
            });
        lost.collect()
    }

    /// Options that made no cell: jupytext took their line for text, so the student would read what they are to hide.
    fn lost_roles(&self, text: &str) -> Vec<Problem> {
        let roles = source::roles(text);
        let ends = roles.iter().skip(1).map(|(line, _)| *line);
        let ends = ends.chain([usize::MAX]);
        let lost = roles.iter().zip(ends).filter(|((line, option), end)| {
            let made = |cell: &Cell| {
                let own = match cell.options.role {
                    Role::Given => None,
                    Role::Exercise(_) => Some("exercice="),
                    Role::Check { .. } => Some("verification="),
                    Role::Answer { .. } => Some("reponse="),
                    Role::Task { .. } => Some("tache="),
                    Role::SolutionOnly => Some("corrige"),
                    Role::Closed {
                        kind: Kind::Prediction,
                        ..
                    } => Some("prediction="),
                    Role::Closed { .. } => Some("question="),
                    // Made by publication: no line of the source says them.
                    Role::ClosedAnswer(_) | Role::ClosedCheck { .. } => None,
                };
                own == Some(*option) && (*line..*end).contains(&cell.line)
            };
            !self.cells.iter().any(made)
        });
        lost.map(|((line, option), _)| {
            let option = option.trim_end_matches('=');
            let what = format!(
                "l'option « {option} » n'a donné aucune cellule : jupytext prend cette ligne pour du texte, que l'étudiant lirait."
            );
            Problem::new(*line, what)
        })
        .collect()
    }

    /// Checks that come before the exercise of their name.
    fn early_checks(&self) -> Vec<Problem> {
        let mut checked: BTreeSet<&str> = BTreeSet::new();
        let mut problems = Vec::new();
        for cell in &self.cells {
            match &cell.options.role {
                Role::Check { name, .. } => {
                    checked.insert(name);
                }
                Role::Exercise(name) if checked.contains(name.as_str()) => {
                    let what = format!("la vérification de l'exercice « {name} » vient avant lui.");
                    problems.push(Problem::new(cell.line, what));
                }
                _ => {}
            }
        }
        problems
    }
}

fn read_cell(cell: &Value, locator: &mut Locator<'_>) -> Result<Cell, Problem> {
    let kind = cell["cell_type"].as_str().unwrap_or_default().to_owned();
    let source = text(&cell["source"]);
    let Some(line) = locator.find(&source) else {
        return Err(foreign(&source, locator));
    };
    let none = Map::new();
    let metadata = cell["metadata"].as_object().unwrap_or(&none);
    let options = Options::read(kind == "code", metadata)
        // The options stand on the line above the text.
        .map_err(|what| Problem::new(line.saturating_sub(1).max(1), what))?;
    Ok(Cell {
        kind,
        source,
        solution: None,
        id: String::new(),
        line,
        options,
    })
}

/// A cell that the source does not hold word for word is a block in another language.
fn foreign(source: &str, locator: &mut Locator<'_>) -> Problem {
    let (magic, rest) = source.split_once('\n').unwrap_or((source, ""));
    let language = magic.trim_start_matches('%');
    let line = locator
        .find(rest)
        .map_or(locator.here(), |line| line.saturating_sub(1));
    Problem::new(
        line,
        format!(
            "un bloc « {language} » deviendrait une cellule de code que le noyau Rust ne comprend pas ; écrivez « ```{language} .noeval » pour le montrer sans l'exécuter."
        ),
    )
}

/// A session opened under another lab's name (a companion's may be that of its lab).
fn other_session(cell: &Cell, lab: &str) -> Option<Problem> {
    cell.source.lines().enumerate().find_map(|(line, text)| {
        let (_, rest) = text.split_once("Session::open(\"")?;
        let named = rest.split('"').next().unwrap_or_default();
        let number = lab.trim_end_matches(|c: char| c.is_ascii_lowercase());
        if named == lab || named == number {
            return None;
        }
        let what = format!("ce TP est « {lab} » : écrivez « Session::open(\"{lab}\") ».");
        Some(Problem::new(cell.line + line, what))
    })
}

/// The points of a check cell's option must be those of its `grade`: nbgrader refuses more.
fn announced(cell: &Cell, points: f64) -> Option<Problem> {
    let call = cell.source.lines().enumerate().find_map(|(line, text)| {
        let (_, arguments) = text.split_once("grade(")?;
        Some((line, arguments))
    });
    let Some((line, arguments)) = call else {
        let what = "une vérification finit par « grade(points, &[…]) ».";
        return Some(Problem::new(cell.line, what));
    };
    let first = arguments.split([',', ')']).next().unwrap_or_default();
    let said: Option<f64> = first.trim().replace('_', "").parse().ok();
    if said == Some(points) {
        return None;
    }
    let what = format!("« grade({first}, …) », mais l'option dit points={points}.");
    Some(Problem::new(cell.line + line, what))
}

/// The names by which a check cell grades.
const GRADERS: [&str; 6] = ["Verdict", "check", "close", "equal", "grade", "rehearse"];

/// The text of a check cell such that it grades with the library's own functions, whatever functions of the same names the
/// student's cells define; other cells as they are. Of a folded cell, JupyterLab shows the first line.
fn sealed(cell: &Cell, text: &str) -> String {
    let (name, points) = match &cell.options.role {
        Role::Check { name, points } => (name, *points),
        Role::ClosedCheck { titles, points, .. } => {
            let titles: Vec<String> = titles.iter().map(|title| format!("« {title} »")).collect();
            return format!(
                "// Réponse à {} ({}) : exécutez cette cellule.\n{text}",
                titles.join(", "),
                in_points(*points)
            );
        }
        _ => return text.to_owned(),
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: BTreeSet<&str> = text.split(|c| !is_word(c)).collect();
    let used: Vec<&str> = GRADERS
        .into_iter()
        .filter(|name| words.contains(name))
        .collect();
    let names = used.join(", ");
    format!(
        "// Vérification de « {name} » ({}) : exécutez cette cellule.\n{{ use ::visages::notebook::{{{names}}};\n{text}\n}}",
        in_points(points)
    )
}

/// « 1,5 point », « 2 points »
fn in_points(points: f64) -> String {
    let plural = if points < 2.0 { "" } else { "s" };
    format!("{} point{plural}", decimal(points, 2))
}

/// Text stored as one string or as a list of lines.
fn text(source: &Value) -> String {
    match source {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}
