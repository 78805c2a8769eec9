//! What a student's notebook holds for its report, in order.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::closed::{self, Judged};
use super::outputs::joined;
use super::told::{self, Told};
use crate::error::{Error, Result};
use crate::notebook::Notebook;
use crate::publish::{headings, options};

/// What the student's copy holds in the place of an answer (`publish/nbgrader.py`).
const STUB: &str = "*Votre réponse ici.*";
/// What the solution writes above a model answer (`publish/markers.rs`).
const MODEL: &str = "**Réponse attendue.**";
/// What the code to write is, in a student's copy.
const TODO: &str = "todo!(\"À FAIRE\")";
/// Tag by which a student chooses a cell whose outputs go into the report.
const CHOSEN: &str = "rapport";

/// A lab's notebook, read for its report.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// « tp5 ».
    pub lab: String,
    /// The title of the lab.
    pub title: String,
    /// The students, where the notebook's metadata name its authors.
    pub authors: Vec<String>,
    /// What the session says of itself: preset, device, seed, data.
    pub session: Option<String>,
    /// The day of the last execution, in French, where Jupyter notes it.
    pub day: Option<String>,
    /// Whether any cell was executed.
    pub executed: bool,
    /// Exercises, questions, figures, in order.
    pub entries: Vec<Entry>,
    /// The automatic checks, in order.
    pub checks: Vec<Check>,
    /// When what is to be handed in.
    pub deadlines: Vec<Deadline>,
}

/// One thing of the report.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The part of the lab where it stands, in Markdown.
    pub section: String,
    /// Its heading, in Markdown.
    pub heading: String,
    /// What it holds.
    pub body: Body,
}

/// What an entry holds.
#[derive(Debug, Clone)]
pub enum Body {
    /// Code that the student writes.
    Exercise {
        /// Name and code of each of its cells.
        cells: Vec<(String, String)>,
    },
    /// A closed question.
    Closed {
        /// The variable of its answer.
        name: String,
        /// The answer given.
        answer: String,
        /// The choice that it is, in Markdown, where it is one letter.
        choice: Option<String>,
        /// Whether it is right.
        judged: Judged,
    },
    /// A written answer.
    Open {
        /// Its name.
        name: String,
        /// What is asked, in Markdown.
        statement: String,
        /// The answer, in Markdown; empty when nothing was written.
        answer: String,
        /// The pictures pasted in the answer.
        attachments: Value,
        /// What a person can give for it.
        points: f64,
    },
    /// Free work, in cells that the student adds.
    Task {
        /// Its name.
        name: String,
        /// What is asked, in Markdown.
        statement: String,
        /// The student's own cells: the text (with its pictures) or the outputs of each.
        cells: Vec<Own>,
        /// What a person can give for it.
        points: f64,
    },
    /// Outputs that the lab or the student chose.
    Figure {
        /// They.
        outputs: Vec<Value>,
    },
}

/// A cell that a student added.
#[derive(Debug, Clone)]
pub enum Own {
    /// Text and its pictures.
    Text(String, Value),
    /// Code and its outputs.
    Code(String, Vec<Value>),
}

/// An automatic check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The exercise, or the first question, that it checks.
    pub name: String,
    /// What it can give.
    pub max: f64,
    /// What its outputs tell.
    pub told: Told,
}

/// A hand-in, as `tp publish` notes it in the notebook (`publish/deadlines.rs`).
#[derive(Debug, Clone, PartialEq)]
pub struct Deadline {
    /// In the author's words.
    pub when: String,
    /// Name, label (« question 3 ») and points of each of its parts.
    pub parts: Vec<(String, String, f64)>,
}

impl Entry {
    /// The names of what it answers.
    pub fn names(&self) -> Vec<&str> {
        match &self.body {
            Body::Exercise { cells } => cells.iter().map(|(name, _)| name.as_str()).collect(),
            Body::Closed { name, .. } | Body::Open { name, .. } | Body::Task { name, .. } => {
                vec![name]
            }
            Body::Figure { .. } => Vec::new(),
        }
    }

    /// What is missing in it, in French; `None` when something was written.
    pub fn lack(&self) -> Option<&'static str> {
        match &self.body {
            Body::Exercise { cells } => cells
                .iter()
                .any(|(_, code)| code.contains(TODO) || code.trim().is_empty())
                .then_some("du code reste à écrire"),
            Body::Closed { judged, .. } => {
                (*judged == Judged::Empty).then_some("aucun choix n'est fait")
            }
            Body::Open { answer, .. } => answer.is_empty().then_some("la réponse reste à écrire"),
            Body::Task { cells, .. } => cells.is_empty().then_some("aucune cellule n'est ajoutée"),
            Body::Figure { outputs } => outputs
                .is_empty()
                .then_some("la cellule qui l'affiche n'a pas été exécutée"),
        }
    }
}

impl Report {
    /// Reads a notebook; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Unusable`] when it is the notebook of no lab.
    pub fn read(notebook: Notebook, path: &Path) -> Result<Self> {
        let title = notebook.title();
        let root = notebook.into_json();
        let none = Vec::new();
        let cells = root["cells"].as_array().unwrap_or(&none);
        let Some(lab) = cells.iter().find_map(lab) else {
            return Err(Error::Unusable {
                path: path.to_owned(),
                reason: "ce n'est le notebook d'aucun TP".to_owned(),
                remedy: "Donnez celui d'un TP, ouvert par « cargo tp lab » et enregistré dans « notebooks/travail ».".to_owned(),
            });
        };
        let mut report = Self {
            title: title.unwrap_or_else(|| lab.clone()),
            authors: authors(&root["metadata"]),
            deadlines: deadlines(&root["metadata"]),
            lab,
            ..Self::default()
        };
        let mut reader = Reader {
            sealed: cells
                .iter()
                .filter(|cell| tags(cell).any(|tag| tag == "verification"))
                .flat_map(|cell| closed::questions(&joined(&cell["source"])))
                .collect(),
            ..Reader::default()
        };
        for cell in cells {
            reader.take(cell, &mut report);
        }
        report.day = reader.moment.as_deref().and_then(told::day);
        Ok(report)
    }

    /// The entries where nothing was written: their place among the entries and what is missing.
    pub fn lacks(&self) -> Vec<(usize, &'static str)> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter_map(|(index, entry)| Some((index, entry.lack()?)))
            .collect()
    }

    /// The entry that answers to a name.
    pub fn entry(&self, name: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.names().contains(&name))
    }

    /// The points that the outputs of the checks tell, and what all checks can give.
    pub fn points(&self) -> (f64, f64) {
        let told = self.checks.iter().map(|check| match check.told {
            Told::Points(points) => points,
            Told::Stopped | Told::Unclear | Told::NotRun => 0.0,
        });
        (told.sum(), self.checks.iter().map(|check| check.max).sum())
    }

    /// The points that a person gives.
    pub fn by_hand(&self) -> f64 {
        let given = self.entries.iter().map(|entry| match entry.body {
            Body::Open { points, .. } | Body::Task { points, .. } => points,
            Body::Exercise { .. } | Body::Closed { .. } | Body::Figure { .. } => 0.0,
        });
        given.sum()
    }
}

/// Where the reading is.
#[derive(Debug, Default)]
struct Reader {
    /// The texts of the closed questions, by name.
    sealed: BTreeMap<String, String>,
    section: String,
    /// The last numbered heading.
    heading: String,
    /// What follows it, up to its answer.
    statement: String,
    /// Closed questions whose answers come.
    pending: Vec<(String, String)>,
    /// Whether cells that the student adds belong to a task.
    in_task: bool,
    moment: Option<String>,
}

impl Reader {
    fn take(&mut self, cell: &Value, report: &mut Report) {
        let source = joined(&cell["source"]);
        let outputs = cell["outputs"].as_array().cloned().unwrap_or_default();
        if cell["cell_type"] == "code" {
            report.executed |= !outputs.is_empty() || !cell["execution_count"].is_null();
            if report.session.is_none() {
                report.session = told::session(&source, &outputs);
            }
            if let Some(moment) = told::moment(&cell["metadata"]) {
                // Moments of one form sort as texts.
                self.moment = self.moment.take().max(Some(moment.to_owned()));
            }
        }
        let role = tags(cell)
            .find(|tag| ROLES.contains(tag))
            .unwrap_or_default();
        let known = part(cell);
        match (role, known) {
            (options::QUESTION_TAG, _) if cell["cell_type"] == "markdown" => {
                self.read_text(&source);
                self.pending.push((self.heading.clone(), source));
            }
            (options::QUESTION_TAG, Some(_)) => self.answers(&source, report),
            ("exercice", Some(name)) => self.exercise(name, source, report),
            ("verification", Some(name)) => {
                let max = points(cell);
                let told = told::points(&outputs, max);
                let name = name.trim_end_matches("-verification").to_owned();
                report.checks.push(Check { name, max, told });
            }
            ("reponse", Some(name)) | ("", Some(name)) if cell["cell_type"] == "markdown" => {
                let body = Body::Open {
                    name: name.to_owned(),
                    statement: self.asked(),
                    answer: written(&source),
                    attachments: cell["attachments"].clone(),
                    points: points(cell),
                };
                self.push(body, report);
            }
            ("tache", Some(name)) => {
                let body = Body::Task {
                    name: name.to_owned(),
                    statement: without_scheme(&source),
                    cells: Vec::new(),
                    points: points(cell),
                };
                self.push(body, report);
                self.in_task = true;
                return;
            }
            _ => {
                if self.in_task && is_own(cell) {
                    self.own(cell, source, outputs, report);
                    return;
                }
                if cell["cell_type"] == "markdown" {
                    self.read_text(&source);
                }
            }
        }
        self.in_task = false;
        let chosen = cell.pointer("/metadata/tp/report").and_then(Value::as_str);
        let by_student = || {
            tags(cell)
                .any(|tag| tag == CHOSEN)
                .then_some("Figure choisie")
        };
        if let (true, Some(title)) = (cell["cell_type"] == "code", chosen.or_else(by_student)) {
            let outputs = cell["outputs"].as_array().cloned().unwrap_or_default();
            report.entries.push(Entry {
                section: self.section.clone(),
                heading: title.to_owned(),
                body: Body::Figure { outputs },
            });
        }
    }

    /// Follows the headings of a text.
    fn read_text(&mut self, source: &str) {
        for (_, line) in headings::prose(source) {
            match headings::heading(line) {
                Some((level, text)) => {
                    if headings::published(text).is_some() {
                        text.clone_into(&mut self.heading);
                    } else if level <= 3 {
                        // What follows is of no question.
                        self.heading.clear();
                    }
                    if level == 2 {
                        text.clone_into(&mut self.section);
                    }
                    self.statement.clear();
                }
                None => {
                    self.statement.push_str(line);
                    self.statement.push('\n');
                }
            }
        }
        self.statement.push('\n');
    }

    /// What the last question asks: neither hints nor anchors.
    fn asked(&mut self) -> String {
        let statement = std::mem::take(&mut self.statement);
        let lines = statement.lines().take_while(|line| !line.starts_with('<'));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    fn answers(&mut self, source: &str, report: &mut Report) {
        let given = closed::answers(source);
        // A student may keep variables of his own here.
        let is_question = |name: &str| name.starts_with("q_") || name.starts_with("p_");
        let given: Vec<&(String, String)> =
            given.iter().filter(|(name, _)| is_question(name)).collect();
        for (index, (heading, statement)) in
            std::mem::take(&mut self.pending).into_iter().enumerate()
        {
            let (name, answer) = given.get(index).copied().cloned().unwrap_or_default();
            let body = Body::Closed {
                judged: closed::judged(self.sealed.get(&name).map(String::as_str), &answer),
                choice: closed::choice(&statement, &answer).map(str::to_owned),
                name,
                answer,
            };
            self.heading = heading;
            self.push(body, report);
        }
    }

    fn exercise(&mut self, name: &str, code: String, report: &mut Report) {
        let cell = (name.to_owned(), code);
        let same = |entry: &&mut Entry| entry.heading == self.heading && !self.heading.is_empty();
        match report
            .entries
            .last_mut()
            .filter(same)
            .map(|entry| &mut entry.body)
        {
            Some(Body::Exercise { cells }) => cells.push(cell),
            _ => self.push(Body::Exercise { cells: vec![cell] }, report),
        }
    }

    fn own(&self, cell: &Value, source: String, outputs: Vec<Value>, report: &mut Report) {
        let Some(Body::Task { cells, .. }) = report.entries.last_mut().map(|entry| &mut entry.body)
        else {
            return;
        };
        if !source.trim().is_empty() {
            cells.push(match cell["cell_type"] == "markdown" {
                true => Own::Text(source, cell["attachments"].clone()),
                false => Own::Code(source, outputs),
            });
        }
    }

    fn push(&self, body: Body, report: &mut Report) {
        let mut entry = Entry {
            section: self.section.clone(),
            heading: self.heading.clone(),
            body,
        };
        if entry.heading.is_empty() {
            entry.heading = format!("« {} »", entry.names().join(", "));
        }
        report.entries.push(entry);
    }
}

/// Tags that say what a cell is for.
const ROLES: [&str; 5] = [
    options::QUESTION_TAG,
    "exercice",
    "verification",
    "reponse",
    "tache",
];

fn tags(cell: &Value) -> impl Iterator<Item = &str> {
    let tags = cell.pointer("/metadata/tags").and_then(Value::as_array);
    tags.into_iter().flatten().filter_map(Value::as_str)
}

/// nbgrader's identifier of a cell, as its lab and its name.
fn grade_id(cell: &Value) -> Option<(&str, &str)> {
    let id = cell.pointer("/metadata/nbgrader/grade_id")?.as_str()?;
    let (lab, name) = id.split_once('-')?;
    is_lab(lab).then_some((lab, name))
}

fn part(cell: &Value) -> Option<&str> {
    grade_id(cell).map(|(_, name)| name)
}

fn is_lab(name: &str) -> bool {
    name.strip_prefix("tp")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The lab that a cell is of, by its identifier or by the session that it opens.
fn lab(cell: &Value) -> Option<String> {
    if let Some((lab, _)) = grade_id(cell) {
        return Some(lab.to_owned());
    }
    let source = joined(&cell["source"]);
    let (_, rest) = source.split_once("Session::open(\"")?;
    let named = rest.split('"').next()?;
    is_lab(named).then(|| named.to_owned())
}

fn points(cell: &Value) -> f64 {
    let points = cell.pointer("/metadata/nbgrader/points");
    points.and_then(Value::as_f64).unwrap_or_default().max(0.0)
}

/// Whether a student made a cell: those of a lab have the identifiers that publication gives.
fn is_own(cell: &Value) -> bool {
    let id = cell["id"].as_str().unwrap_or_default();
    let hash = id.split('-').next().unwrap_or_default();
    let published = hash.len() == 12
        && hash.chars().all(|c| c.is_ascii_hexdigit())
        && id.matches('-').count() < 2;
    !published && grade_id(cell).is_none()
}

/// What was written in an answer cell: neither the stub nor, of a solution, the mark scheme.
fn written(source: &str) -> String {
    let is_solution = source.lines().any(|line| line.trim() == MODEL);
    let source = match is_solution {
        true => without_scheme(source),
        false => source.to_owned(),
    };
    let kept: Vec<&str> = source
        .lines()
        .filter(|line| ![STUB, MODEL].contains(&line.trim()))
        .collect();
    kept.join("\n").trim().to_owned()
}

/// A text up to its mark scheme.
fn without_scheme(source: &str) -> String {
    let is_scheme =
        |line: &str| line.trim_start_matches('*').starts_with("Barème") && line.starts_with('*');
    let kept: Vec<&str> = source.lines().take_while(|line| !is_scheme(line)).collect();
    kept.join("\n").trim().to_owned()
}

/// The names in the notebook's own field for its authors, which labs leave out.
fn authors(metadata: &Value) -> Vec<String> {
    let authors = metadata["authors"].as_array().into_iter().flatten();
    let names = authors.filter_map(|author| author["name"].as_str().or(author.as_str()));
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn deadlines(metadata: &Value) -> Vec<Deadline> {
    let found = metadata.pointer("/tp/deadlines").and_then(Value::as_array);
    let read = found.into_iter().flatten().map(|deadline| Deadline {
        when: deadline["when"].as_str().unwrap_or_default().to_owned(),
        parts: deadline["parts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|part| {
                let text = |key: &str| part[key].as_str().unwrap_or_default().to_owned();
                let points = part["points"].as_f64().unwrap_or_default();
                (text("name"), text("label"), points)
            })
            .collect(),
    });
    read.collect()
}
