//! What a student's notebook holds for its report, in order.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::cells::{
    authors, deadlines, is_own, lab, part, points, tags, without_scheme, written, zone,
};
use super::closed;
use super::contents::{Body, Check, Entry, Own, Report};
use super::outputs::joined;
use super::told::{self, Told};
use crate::error::{Error, Result};
use crate::notebook::Notebook;
use crate::publish::{headings, options};

/// Tag by which a student chooses a cell whose outputs go into the report.
const CHOSEN: &str = "rapport";
/// Tag of the cells whose pictures are faces of the data set.
const FACES: &str = "visages";
/// What stands in the place of photographs of people.
const WITHHELD: &str =
    "Les photos restent dans la séance : elles n'entrent pas dans le compte-rendu.";

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
            withholds_faces: !told::only_drawings(cells),
            ..Reader::default()
        };
        for cell in cells {
            reader.take(cell, &mut report);
        }
        reader.leave(&mut report);
        report.day = reader.moment.as_deref().and_then(told::day);
        Ok(report)
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
    /// Heading and statement of the closed questions whose answers come.
    pending: Vec<(String, String)>,
    /// Whether cells that the student adds belong to a task.
    in_task: bool,
    /// Whether faces of the data set may be photographs of people.
    withholds_faces: bool,
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
            report.zones.extend(zone(&source));
            for line in told::class_lines(&outputs) {
                if !report.class_lines.contains(&line) {
                    report.class_lines.push(line);
                }
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
        // The answers of closed questions follow them, but for what a student puts between.
        if role != options::QUESTION_TAG && !is_own(cell) {
            self.leave(report);
        }
        match (role, known) {
            (options::QUESTION_TAG, _) if cell["cell_type"] == "markdown" => {
                self.read_text(&source);
                let statement = self.asked();
                self.pending.push((self.heading.clone(), statement));
            }
            (options::QUESTION_TAG, Some(_)) => self.answers(&source, report),
            ("exercice", Some(name)) => self.exercise(name, source, report),
            ("verification", Some(name)) => {
                let max = points(cell);
                let told = told::points(&outputs, max);
                if matches!(told, Told::Points(_)) {
                    meet(&source, report);
                }
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
            let mut outputs = cell["outputs"].as_array().cloned().unwrap_or_default();
            if self.withholds_faces && tags(cell).any(|tag| tag == FACES) {
                let all = outputs.len();
                outputs.retain(|output| output["output_type"] == "stream");
                if outputs.len() < all {
                    outputs.push(json!({ "output_type": "stream", "text": WITHHELD }));
                }
            }
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
                choices: closed::choices(&statement, &answer),
                met: Vec::new(),
                statement,
                name,
                answer,
            };
            self.heading = heading;
            self.push(body, report);
        }
    }

    /// Closed questions whose answers are gone: nothing was answered.
    fn leave(&mut self, report: &mut Report) {
        if !self.pending.is_empty() {
            let (heading, statement) = (self.heading.clone(), self.statement.clone());
            self.answers("", report);
            (self.heading, self.statement) = (heading, statement);
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

/// Notes what an executed check cell says of the predictions that it meets.
fn meet(check: &str, report: &mut Report) {
    for (asked, text) in closed::questions(check) {
        for entry in &mut report.entries {
            if let Body::Closed {
                name, answer, met, ..
            } = &mut entry.body
                && *name == asked
            {
                *met = closed::met(&text, answer);
            }
        }
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
