//! Controls of an earlier session that a saved notebook still names.
//!
//! A page that opens such a notebook asks the kernel for their models, and says « model not found » in English when there
//! are none, though the notebook holds their first picture. The adapter gives it a placeholder instead: the picture, and
//! what to do. It knows the notebook by the variable that Jupyter's server sets.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::models::{Model, PREFIX};
use super::place;

/// Media type of a widget in a notebook.
pub(super) const VIEW: &str = "application/vnd.jupyter.widget-view+json";
/// Where Jupyter's server names the notebook of a kernel.
const NOTEBOOK_VARIABLE: &str = "JPY_SESSION_NAME";
/// A larger notebook is not read.
const LARGEST: u64 = 64 << 20;

const TOLD: &str =
    "Ces curseurs sont ceux d'une séance précédente : réexécutez la cellule pour les retrouver.";

/// The notebook of this kernel, where the server tells it.
pub(super) fn notebook() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(NOTEBOOK_VARIABLE)?);
    path.extension()
        .is_some_and(|end| end == "ipynb")
        .then_some(path)
}

/// The placeholders of a notebook; none where it cannot be read.
pub(super) fn placeholders(notebook: &Path) -> Vec<Model> {
    let small = std::fs::metadata(notebook).is_ok_and(|data| data.len() <= LARGEST);
    let text = small.then(|| std::fs::read(notebook).ok()).flatten();
    let parsed: Option<Json> = text.and_then(|text| serde_json::from_slice(&text).ok());
    parsed.as_ref().map(find).unwrap_or_default()
}

fn find(notebook: &Json) -> Vec<Model> {
    let list = |json: &Json| json.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for cell in list(&notebook["cells"]) {
        for output in list(&cell["outputs"]) {
            let data = &output["data"];
            let Some(id) = data[VIEW]["model_id"].as_str() else {
                continue;
            };
            if id.starts_with(PREFIX) {
                found.push(Model::html(id.to_owned(), &placeholder(data)));
            }
        }
    }
    found
}

fn placeholder(data: &Json) -> String {
    let png: String = text(&data["image/png"])
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c))
        .collect();
    let told = text(&data["text/plain"]);
    let shown = match png.is_empty() {
        true => format!(
            "<pre style=\"white-space: pre-wrap\">{}</pre>",
            place::escape(&told)
        ),
        false => place::picture(&png, &told, ""),
    };
    format!("{}{shown}", place::note(TOLD))
}

/// A text of a notebook: one string, or its lines.
fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(lines) => lines.iter().filter_map(Json::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_saved_notebook_s_own_controls_get_their_picture() {
        let ours = format!("{PREFIX}abc-9");
        let notebook = json!({"cells": [
            {"cell_type": "markdown", "source": "x"},
            {"outputs": [
                {"output_type": "stream", "text": "y"},
                {"data": {VIEW: {"model_id": ours}, "image/png": ["iVBO\n", "Rw0="], "text/plain": ["<un>", " visage"]}},
                {"data": {VIEW: {"model_id": "autre"}}},
            ]},
        ]});
        let found = find(&notebook);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, ours);
        let html = found[0].state["value"].as_str().unwrap();
        assert!(html.contains("base64,iVBORw0=\""), "{html}");
        assert!(html.contains("alt=\"&lt;un&gt; visage\""), "{html}");
        assert!(html.contains("réexécutez la cellule"), "{html}");
        assert!(find(&json!([])).is_empty());
        assert!(placeholders(Path::new("absent.ipynb")).is_empty());
    }
}
