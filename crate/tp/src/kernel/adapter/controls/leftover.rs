//! Controls of an earlier session that a saved notebook still names.
//!
//! A page that opens such a notebook asks the kernel for their models, and says « model not found » in English when there
//! are none, though the notebook holds their first picture. The adapter gives it a placeholder instead: the picture, and
//! what to do. It knows the notebook by the variable that Jupyter's server sets.
//!
//! A page that stays open over a restart still has the models. When it asked for the restart itself, it asks the new kernel
//! for all states: the ids that the former one left beside the connection file are answered as disabled. When it did not,
//! it goes on speaking to them, and each message is answered so.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::models::Model;
use super::place;
use super::trace::{PREFIX, Trace};
use crate::paths;

/// Media type of a widget in a notebook.
pub(super) const VIEW: &str = "application/vnd.jupyter.widget-view+json";
/// Where Jupyter's server names the notebook of a kernel.
const NOTEBOOK_VARIABLE: &str = "JPY_SESSION_NAME";
/// A larger notebook is not read.
const LARGEST: u64 = 64 << 20;

/// Sets that are remembered over a restart, at most.
const MOST_KEPT: usize = 64;

/// What stands with controls whose session is over.
pub(super) const TOLD: &str =
    "Ces curseurs viennent d'une séance fermée : exécutez de nouveau leur cellule.";

/// The models of a set whose session is over that say so: its inputs and its note.
pub(super) fn dead(trace: &Trace<'_>) -> Vec<Model> {
    let note = trace.note(&place::note(TOLD));
    trace.inputs().chain([note]).collect()
}

/// Where the ids are left for the kernel that takes this one's place.
pub(super) fn memory(connection_file: &Path) -> PathBuf {
    connection_file.with_extension("curseurs")
}

/// One id a set of the kernel before this one; they are read once.
pub(super) fn recall(memory: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(memory).unwrap_or_default();
    let _ = std::fs::remove_file(memory);
    let ids = text.lines().take(MOST_KEPT);
    ids.filter(|id| Trace::of(id).is_some())
        .map(str::to_owned)
        .collect()
}

/// Leaves ids for the next kernel, the latest ones where they are many.
pub(super) fn keep(memory: &Path, ids: &[String]) {
    let latest = &ids[ids.len().saturating_sub(MOST_KEPT)..];
    if !latest.is_empty() {
        let _ = paths::write_private(memory, latest.join("\n").as_bytes());
    }
}

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
    use tp_protocol::controls::{Control, Kind};

    use super::super::models::Models;
    use super::*;

    #[test]
    fn an_id_is_enough_to_know_the_inputs_and_the_note_of_its_set() {
        let control = |label: &str, kind| Control {
            label: label.to_owned(),
            kind,
        };
        let controls = [
            control("Tirer", Kind::Button),
            control(
                "Part",
                Kind::IntSlider {
                    min: 0,
                    max: 9,
                    step: 1,
                    value: 3,
                },
            ),
            control("Groupes", Kind::Checkbox { value: true }),
        ];
        // The second control stands first.
        let models = Models::build(&controls, &[vec![1, 0], vec![2]], "");
        for model in &models.all {
            let dead = dead(&Trace::of(&model.id).expect("ours"));
            let (note, inputs) = dead.split_last().unwrap();
            assert_eq!(note.id, models.note);
            assert!(note.state["value"].to_string().contains("séance fermée"));
            let of = |models: &[Model]| -> Vec<(String, String)> {
                let parts = models
                    .iter()
                    .map(|one| (one.id.clone(), one.state["_model_name"].to_string()));
                parts.collect()
            };
            let real: Vec<Model> = models
                .inputs
                .iter()
                .filter_map(|(id, _)| models.all.iter().find(|model| model.id == *id).cloned())
                .collect();
            assert_eq!(of(inputs), of(&real));
            assert!(inputs.iter().all(|input| input.state["disabled"] == true));
        }
        for other in [
            "autre",
            "tp-visages-",
            "tp-visages-abc-9",
            "tp-visages-abc-fz-e0",
        ] {
            assert_eq!(Trace::of(other), None, "{other}");
        }
    }

    #[test]
    fn ids_are_left_for_one_kernel_only() {
        let name = format!("kernel-{}.json", uuid::Uuid::new_v4());
        let memory = memory(&std::env::temp_dir().join(name));
        assert!(recall(&memory).is_empty());
        let ids: Vec<String> = (0..70).map(|set| format!("{PREFIX}{set}-fs-1")).collect();
        keep(&memory, &ids);
        assert_eq!(recall(&memory), ids[6..]);
        assert!(recall(&memory).is_empty());
        keep(&memory, &[]);
        assert!(!memory.exists());
    }

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
        assert!(html.contains("exécutez de nouveau leur cellule"), "{html}");
        assert!(find(&json!([])).is_empty());
        assert!(placeholders(Path::new("absent.ipynb")).is_empty());
    }
}
