//! Cells and metadata of a notebook, as a report reads them.

use serde_json::Value;

use super::contents::Deadline;
use super::outputs::joined;

/// What the student's copy holds in the place of an answer (`publish/nbgrader.py`).
const STUB: &str = "*Votre réponse ici.*";
/// What the solution writes above a model answer (`publish/markers.rs`).
const MODEL: &str = "**Réponse attendue.**";

pub(super) fn tags(cell: &Value) -> impl Iterator<Item = &str> {
    let tags = cell.pointer("/metadata/tags").and_then(Value::as_array);
    tags.into_iter().flatten().filter_map(Value::as_str)
}

/// nbgrader's identifier of a cell, as its lab and its name.
pub(super) fn grade_id(cell: &Value) -> Option<(&str, &str)> {
    let id = cell.pointer("/metadata/nbgrader/grade_id")?.as_str()?;
    let (lab, name) = id.split_once('-')?;
    is_lab(lab).then_some((lab, name))
}

pub(super) fn part(cell: &Value) -> Option<&str> {
    grade_id(cell).map(|(_, name)| name)
}

pub(super) fn is_lab(name: &str) -> bool {
    name.strip_prefix("tp")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The lab that a cell is of, by its identifier or by the session that it opens.
pub(super) fn lab(cell: &Value) -> Option<String> {
    if let Some((lab, _)) = grade_id(cell) {
        return Some(lab.to_owned());
    }
    let source = joined(&cell["source"]);
    let (_, rest) = source.split_once("Session::open(\"")?;
    let named = rest.split('"').next()?;
    is_lab(named).then(|| named.to_owned())
}

pub(super) fn points(cell: &Value) -> f64 {
    let points = cell.pointer("/metadata/nbgrader/points");
    points.and_then(Value::as_f64).unwrap_or_default().max(0.0)
}

/// Whether a student made a cell: those of a lab have the identifiers that publication gives.
pub(super) fn is_own(cell: &Value) -> bool {
    let id = cell["id"].as_str().unwrap_or_default();
    let hash = id.split('-').next().unwrap_or_default();
    let published = hash.len() == 12
        && hash.chars().all(|c| c.is_ascii_hexdigit())
        && id.matches('-').count() < 2;
    !published && grade_id(cell).is_none()
}

/// What was written in an answer cell: neither the stub nor, of a solution, the mark scheme.
pub(super) fn written(source: &str) -> String {
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
pub(super) fn without_scheme(source: &str) -> String {
    let is_scheme =
        |line: &str| line.trim_start_matches('*').starts_with("Barème") && line.starts_with('*');
    let kept: Vec<&str> = source.lines().take_while(|line| !is_scheme(line)).collect();
    kept.join("\n").trim().to_owned()
}

/// What begins the lines around the values that a lab invites to change.
const ZONE: &str = "// ***";

/// The values that a lab invites to change, as the cell gives them: what stands between two lines of stars.
pub(super) fn zone(source: &str) -> Option<String> {
    let is_edge = |line: &&str| line.trim_start().starts_with(ZONE);
    let mut lines = source.lines().skip_while(|line| !is_edge(line));
    lines.next()?;
    let kept: Vec<&str> = lines.take_while(|line| !is_edge(line)).collect();
    let kept = kept.join("\n").trim_end().to_owned();
    (!kept.trim().is_empty()).then_some(kept)
}

/// The names in the notebook's own field for its authors, which labs leave out.
pub(super) fn authors(metadata: &Value) -> Vec<String> {
    let authors = metadata["authors"].as_array().into_iter().flatten();
    let names = authors.filter_map(|author| author["name"].as_str().or(author.as_str()));
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn deadlines(metadata: &Value) -> Vec<Deadline> {
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
