//! One notebook. It stays JSON, because `nbformat`'s typed form drops what it does not know (attachments of raw cells, unknown
//! members) and adds `null`s; that form is used to check a notebook, and for outputs that we make ourselves.

use std::collections::BTreeSet;
use std::path::Path;

use nbformat::v4::Output;
use serde::Serialize as _;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::paths;

const REMEDY: &str = "Ouvrez-le dans JupyterLab et enregistrez-le, ou reprenez une copie intacte.";

/// A notebook of format 4.5.
#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    root: Map<String, Value>,
}

/// A code cell that has something to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCell {
    /// Position among all the cells.
    pub index: usize,
    /// Identifier of the cell.
    pub id: String,
    /// Its code.
    pub source: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// A cell that gives points, as nbgrader's metadata say.
#[derive(Debug, Clone, PartialEq)]
pub struct GradedCell {
    /// Position among all the cells.
    pub index: usize,
    /// nbgrader's identifier (« tp5-vae_loss-verification »).
    pub grade_id: String,
    /// What it can give; 0 where the metadata say no possible number.
    pub points: f64,
    /// Its text.
    pub source: String,
    /// Whether a person gives the points: an answer or a task, not a check.
    pub by_hand: bool,
}

impl CodeCell {
    /// The first line of code that says something: no comment, no import of a check cell; at most `width` characters.
    pub fn first_line(&self, width: usize) -> String {
        let lines = || {
            self.source
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
        };
        let line = lines()
            .find(|line| !line.starts_with("//") && !line.starts_with("{ use "))
            .or_else(|| lines().next())
            .unwrap_or_default();
        if line.chars().count() <= width {
            return line.to_owned();
        }
        let kept: String = line.chars().take(width.saturating_sub(1)).collect();
        format!("{}…", kept.trim_end())
    }

    /// Whether the cell shows an error on purpose.
    pub fn may_fail(&self) -> bool {
        self.tags.iter().any(|tag| tag == "raises-exception")
    }
}

impl Notebook {
    /// Reads a notebook of format 4.0 to 4.5 and brings it to 4.5.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::Unusable`] when it is no such notebook.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("Impossible de lire", path))?;
        Self::parse(&text, path)
    }

    /// As [`Notebook::read`], from the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Unusable`] when the text is no such notebook.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        Self::checked(text).map_err(|reason| Error::Unusable {
            path: path.to_owned(),
            reason,
            remedy: REMEDY.to_owned(),
        })
    }

    fn checked(text: &str) -> std::result::Result<Self, String> {
        let Value::Object(root) = serde_json::from_str(text)
            .map_err(|error| format!("ce n'est pas un notebook (JSON : {error})"))?
        else {
            return Err("ce n'est pas un notebook".to_owned());
        };
        let version = |name: &str| root.get(name).and_then(Value::as_u64);
        match (version("nbformat"), version("nbformat_minor")) {
            (Some(4), Some(0..=5)) => {}
            (Some(major), minor) => {
                return Err(format!(
                    "son format {major}.{} n'est pas 4.0 à 4.5",
                    minor.unwrap_or_default()
                ));
            }
            (None, _) => return Err("ce n'est pas un notebook (« nbformat » manque)".to_owned()),
        }
        let mut notebook = Self { root };
        notebook.upgrade();
        // Checked without outputs: a broken output is about to be replaced, and nbformat prints a warning for it.
        let mut empty = notebook.clone();
        empty.clear_outputs();
        nbformat::parse_notebook(&Value::Object(empty.root).to_string())
            .map_err(|error| format!("ses cellules sont abîmées ({error})"))?;
        Ok(notebook)
    }

    /// Brings format 4.0–4.4 to 4.5: every cell gets an identifier, and no two the same.
    fn upgrade(&mut self) {
        self.root.insert("nbformat_minor".to_owned(), json!(5));
        let mut used = BTreeSet::new();
        for cell in self.cells_mut() {
            let id = cell.get("id").and_then(Value::as_str).map(str::to_owned);
            let kept =
                id.filter(|id| nbformat::v4::CellId::new(id).is_ok() && used.insert(id.clone()));
            if kept.is_none() {
                let id = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
                used.insert(id.clone());
                cell.insert("id".to_owned(), json!(id));
            }
        }
    }

    fn cells_mut(&mut self) -> impl Iterator<Item = &mut Map<String, Value>> {
        self.root
            .get_mut("cells")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
    }

    /// The notebook as JSON.
    pub fn into_json(self) -> Value {
        Value::Object(self.root)
    }

    /// The language that the notebook is written for, in lower case, where it says one.
    pub fn language(&self) -> Option<String> {
        let metadata = self.root.get("metadata")?;
        let said = metadata
            .pointer("/kernelspec/language")
            .or_else(|| metadata.pointer("/language_info/name"))
            // Of a text without a header, what jupytext found in it.
            .or_else(|| metadata.pointer("/jupytext/main_language"))?;
        said.as_str().map(str::to_lowercase)
    }

    /// The code cells that hold more than white space, in order.
    pub fn code_cells(&self) -> Vec<CodeCell> {
        let cells = self
            .root
            .get("cells")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        cells
            .enumerate()
            .filter(|(_, cell)| cell["cell_type"] == "code")
            .map(|(index, cell)| CodeCell {
                index,
                id: cell["id"].as_str().unwrap_or_default().to_owned(),
                source: joined(&cell["source"]),
                tags: cell
                    .pointer("/metadata/tags")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(|tag| tag.as_str().map(str::to_owned))
                    .collect(),
            })
            .filter(|cell| !cell.source.trim().is_empty())
            .collect()
    }

    /// The text cells, in order.
    pub fn texts(&self) -> Vec<String> {
        let cells = self.root.get("cells").and_then(Value::as_array);
        cells
            .into_iter()
            .flatten()
            .filter(|cell| cell["cell_type"] == "markdown")
            .map(|cell| joined(&cell["source"]))
            .collect()
    }

    /// The cells that give points, in order. A check that holds no code to run is none.
    pub fn graded_cells(&self) -> Vec<GradedCell> {
        let cells = self
            .root
            .get("cells")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let graded = cells.enumerate().filter_map(|(index, cell)| {
            let nbgrader = cell.pointer("/metadata/nbgrader")?;
            let says = |name: &str| nbgrader[name].as_bool().unwrap_or_default();
            let source = joined(&cell["source"]);
            let by_hand = says("task") || (says("grade") && says("solution"));
            let is_code = cell["cell_type"] == "code" && !source.trim().is_empty();
            let counts = by_hand || (says("grade") && is_code);
            counts.then(|| GradedCell {
                index,
                grade_id: nbgrader["grade_id"].as_str().unwrap_or_default().to_owned(),
                points: nbgrader["points"].as_f64().unwrap_or_default().max(0.0),
                source,
                by_hand,
            })
        });
        graded.collect()
    }

    /// The plain text that goes with each picture among the outputs, in order; empty where there is none.
    pub fn picture_texts(&self) -> Vec<String> {
        let cells = self.root.get("cells").and_then(Value::as_array);
        let outputs = cells
            .into_iter()
            .flatten()
            .filter_map(|cell| cell["outputs"].as_array())
            .flatten();
        outputs
            .map(|output| &output["data"])
            .filter(|data| !data["image/png"].is_null())
            .map(|data| joined(&data["text/plain"]))
            .collect()
    }

    /// The first heading of its text, without the marks of Markdown.
    pub fn title(&self) -> Option<String> {
        let cells = self.root.get("cells").and_then(Value::as_array);
        let texts = cells
            .into_iter()
            .flatten()
            .filter(|cell| cell["cell_type"] == "markdown");
        let titles = texts.filter_map(|cell| {
            let text = joined(&cell["source"]);
            let title = text.lines().find_map(|line| line.strip_prefix("# "))?;
            Some(title.replace(['*', '`'], "").trim().to_owned())
        });
        titles.into_iter().find(|title| !title.is_empty())
    }

    /// Removes every output and execution count.
    pub fn clear_outputs(&mut self) {
        for cell in self.cells_mut() {
            if cell.get("cell_type").is_some_and(|kind| kind == "code") {
                cell.insert("outputs".to_owned(), json!([]));
                cell.insert("execution_count".to_owned(), Value::Null);
            }
        }
    }

    /// Puts the outputs of an execution into the cell at `index`.
    ///
    /// # Errors
    /// [`Error::Unusable`] when an output cannot be written as JSON.
    pub fn set_outputs(
        &mut self,
        index: usize,
        outputs: &[Output],
        execution_count: usize,
    ) -> Result<()> {
        let outputs = serde_json::to_value(outputs).map_err(unwritable)?;
        if let Some(cell) = self.cells_mut().nth(index) {
            cell.insert("outputs".to_owned(), outputs);
            cell.insert("execution_count".to_owned(), json!(execution_count));
        }
        Ok(())
    }

    /// Says which language the outputs come from, in the words that highlighters know (evcxr misspells its lexer's name).
    pub fn set_rust(&mut self) {
        let metadata = self.root.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            let info = json!({
                "codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/x-rust", "name": "rust",
                "pygments_lexer": "rust",
            });
            metadata.insert("language_info".to_owned(), info);
        }
    }

    /// The file's text, as Jupyter itself writes it: sorted members, one space of indent.
    ///
    /// # Errors
    /// [`Error::Unusable`] when serialisation fails.
    pub fn to_text(&self) -> Result<String> {
        let mut text = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
        self.root.serialize(&mut serializer).map_err(unwritable)?;
        text.push(b'\n');
        String::from_utf8(text).map_err(unwritable)
    }

    /// Writes the notebook whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        paths::write_atomically(path, self.to_text()?.as_bytes())
    }
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::Unusable {
        path: "notebook".into(),
        reason: error.to_string(),
        remedy: REMEDY.to_owned(),
    }
}

/// Text stored as one string or as a list of lines.
fn joined(source: &Value) -> String {
    match source {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nbformat::v4::MultilineString;

    fn parse(value: &Value) -> Result<Notebook> {
        Notebook::parse(&value.to_string(), Path::new("essai.ipynb"))
    }

    fn code(id: &str, source: Value) -> Value {
        json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": 3, "source": source,
               "outputs": [{"output_type": "stream", "name": "stdout", "text": "vieux"}]})
    }

    fn sample() -> Value {
        json!({
            "nbformat": 4, "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "tp-rust", "display_name": "Rust", "language": "Rust", "x": 1}, "tp": {"y": [1]}},
            "cells": [
                {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "texte", "attachments": {"a.png": {"image/png": "AA=="}}},
                code("a", json!(["// commentaire\n", "let x = 1;"])),
                code("vide", json!(" \n")),
                {"cell_type": "raw", "id": "r", "metadata": {"k": null}, "source": ["brut"], "attachments": {}},
                code("b", json!("x")),
            ],
            "inconnu": true,
        })
    }

    #[test]
    fn the_title_is_the_first_heading_of_its_text() {
        let notebook = |source: Value| {
            let mut value = sample();
            value["cells"][0]["source"] = source;
            parse(&value).unwrap().title()
        };
        assert_eq!(notebook(json!("texte")), None);
        assert_eq!(
            notebook(json!(["Avant\n", "# TP 5 · *Débiaiser*\n", "# Autre"])),
            Some("TP 5 · Débiaiser".to_owned())
        );
        // A comment of a code cell is no title.
        assert_eq!(notebook(json!("## Partie")), None);
    }

    #[test]
    fn nothing_but_outputs_changes() {
        let mut notebook = parse(&sample()).unwrap();
        notebook.clear_outputs();
        let outputs = vec![Output::Stream {
            name: "stdout".to_owned(),
            text: MultilineString("un\ndeux".to_owned()),
        }];
        notebook.set_outputs(4, &outputs, 2).unwrap();
        let mut expected = sample();
        for index in [1, 2, 4] {
            expected["cells"][index]["outputs"] = json!([]);
            expected["cells"][index]["execution_count"] = Value::Null;
        }
        expected["cells"][4]["execution_count"] = json!(2);
        expected["cells"][4]["outputs"] =
            json!([{"output_type": "stream", "name": "stdout", "text": ["un\n", "deux"]}]);
        let text = notebook.to_text().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert!(text.starts_with("{\n \"cells\": [\n  {\n") && text.ends_with("}\n"));
        assert_eq!(Notebook::parse(&text, Path::new("x")).unwrap(), notebook);
    }

    #[test]
    fn cells_to_run_are_the_code_cells_with_code() {
        let mut value = sample();
        value["cells"][4]["metadata"]["tags"] = json!(["raises-exception", "long"]);
        let notebook = parse(&value).unwrap();
        let cells = notebook.code_cells();
        assert_eq!(
            cells.iter().map(|cell| cell.index).collect::<Vec<_>>(),
            [1, 4]
        );
        assert_eq!(cells[0].source, "// commentaire\nlet x = 1;");
        assert_eq!(cells[0].first_line(60), "let x = 1;");
        assert_eq!(cells[0].first_line(6), "let x…");
        let check = CodeCell {
            source: "{ use ::visages::notebook::{grade};\ngrade(1.0, &[])\n}".to_owned(),
            ..cells[0].clone()
        };
        assert_eq!(check.first_line(60), "grade(1.0, &[])");
        assert!(!cells[0].may_fail() && cells[1].may_fail());
        assert_eq!(notebook.language().as_deref(), Some("rust"));
    }

    #[test]
    fn older_notebooks_get_valid_and_distinct_identifiers() {
        let mut value = sample();
        value["nbformat_minor"] = json!(2);
        value["cells"][0].as_object_mut().unwrap().remove("id");
        value["cells"][1]["id"] = json!("b");
        value["cells"][2]["id"] = json!("é interdit");
        let notebook = parse(&value).unwrap();
        let read: Value = serde_json::from_str(&notebook.to_text().unwrap()).unwrap();
        assert_eq!(read["nbformat_minor"], 5);
        let ids: BTreeSet<&str> = read["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| cell["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), 5);
        assert!(ids.contains("b") && ids.contains("r"));
    }

    #[test]
    fn what_is_no_notebook_is_refused_in_french() {
        let refused = |text: &str| {
            Notebook::parse(text, Path::new("rendu.ipynb"))
                .unwrap_err()
                .to_string()
        };
        assert!(refused("{").contains("rendu.ipynb"));
        assert!(refused("[1]").contains("ce n'est pas un notebook"));
        assert!(refused("{}").contains("nbformat"));
        assert!(refused(r#"{"nbformat":3,"nbformat_minor":0,"worksheets":[]}"#).contains("3.0"));
        assert!(
            refused(
                r#"{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code"}]}"#
            )
            .contains("abîmées")
        );
        assert!(refused(r#"{"nbformat":4,"nbformat_minor":5,"metadata":{}}"#).contains("abîmées"));
    }
}
