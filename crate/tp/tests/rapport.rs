//! `tp rapport` as a program, on the published student's copy of tp5. Needs no Python; the PDF is looked at where Chromium is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A folder of its own, whose name has a space, an accent and a « # »: a hand-in's has.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("tp été #1 {name} {}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Exit code, stdout, stderr.
fn rapport(arguments: &[&Path], path: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tp"));
    command.arg("rapport").args(arguments).stdin(Stdio::null());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn blank() -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../notebooks/etudiant/tp5_debiaisage.ipynb");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The numbered headings of a notebook that ask for something: all but none.
fn numbered(notebook: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for cell in notebook["cells"].as_array().unwrap() {
        let lines = cell["source"].as_array().unwrap();
        if cell["cell_type"] != "markdown" {
            continue;
        }
        for line in lines.iter().filter_map(Value::as_str) {
            let text = line.trim_start_matches('#').trim();
            let starts = ["Exercice ", "Question ", "Prédiction "];
            let is_heading = line.starts_with('#') && text.contains('·');
            if is_heading && starts.iter().any(|start| text.starts_with(start)) {
                found.push(text.to_owned());
            }
        }
    }
    found
}

#[test]
fn a_blank_copy_of_tp5_is_empty_from_its_first_to_its_last_part() {
    let folder = Folder::new("vide");
    let notebook = blank();
    let path = folder.write("mon tp5.ipynb", &notebook.to_string());
    let before = fs::read(&path).unwrap();
    let (status, stdout, stderr) = rapport(&[&path], Some(""));
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("Pas de PDF, faute de Chromium"), "{stderr}");
    let page = fs::read_to_string(folder.0.join("mon tp5_rapport.html")).unwrap();
    let asked = numbered(&notebook);
    assert!(asked.len() > 20, "{asked:?}");
    let said = format!("Ce qui est vide ({0} sur {0})", asked.len());
    assert!(page.contains(&said), "{said}");
    assert!(
        stdout.contains(&format!("{0} parties vides sur {0}", asked.len())),
        "{stdout}"
    );
    // In the order of the lab, each with a link to its place.
    for (index, heading) in asked.iter().enumerate() {
        let plain = heading.replace(['`', '*'], "");
        let place = format!("<a href=\"#partie-{}\">", index + 1);
        let (_, link) = page.split_once(&place).unwrap();
        let (link, _) = link.split_once("</a>").unwrap();
        let link = link.replace("<code>", "").replace("</code>", "");
        let link = link.replace("<em>", "").replace("</em>", "");
        assert_eq!(link, plain);
        assert!(page.contains(&format!("id=\"partie-{}\"", index + 1)));
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_page_with_outputs_holds_everything_and_prints() {
    let folder = Folder::new("sorties");
    let mut notebook = blank();
    for cell in notebook["cells"].as_array_mut().unwrap() {
        match cell["id"].as_str().unwrap() {
            "tp5-q_bias" => cell["source"] = json!("Le rappel dépend du **groupe**."),
            "tp5-q_gap" => cell["source"] = json!("let q_gap = \"C\";"),
            "tp5-q_gap-verification" => {
                cell["outputs"] =
                    json!([{"output_type": "stream", "name": "stdout", "text": "1 point sur 1\n"}]);
            }
            "tp5-train_cnn" => cell["source"] = json!("fn train_cnn() {}"),
            "e62e86ab251d" | "6041cd08a097" => {
                // The smallest PNG.
                let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
                cell["metadata"]["tp"] = json!({"report": "Une figure"});
                cell["outputs"] = json!([{"output_type": "display_data", "metadata": {}, "data": {"image/png": png, "text/plain": "la courbe"}}]);
            }
            _ => {}
        }
    }
    let path = folder.write("tp5.ipynb", &notebook.to_string());
    let pages = folder.0.join("pages");
    let (status, _, stderr) = rapport(&[&path, Path::new("--sortie"), &pages], None);
    assert_eq!(status, Some(0), "{stderr}");
    let page = fs::read_to_string(pages.join("tp5_rapport.html")).unwrap();
    assert!(page.contains("<p>Le rappel dépend du <strong>groupe</strong>.</p>"));
    assert!(page.contains("✔ juste") && page.contains("fn train_cnn() {}"));
    assert!(page.matches("alt=\"la courbe\"").count() >= 1);
    assert!(!page.contains("<script") && !page.contains("src=\"http"));
    let pdf = pages.join("tp5_rapport.pdf");
    if stderr.is_empty() {
        assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    } else {
        // No Chromium here, or one that cannot print: told, not hidden.
        assert!(stderr.contains("Pas de PDF") && !pdf.exists(), "{stderr}");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_french() {
    let folder = Folder::new("refus");
    let refused = |arguments: &[&Path], said: &str| {
        let (status, stdout, stderr) = rapport(arguments, Some(""));
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    };
    refused(&[&folder.0.join("absent.ipynb")], "n'existe pas");
    refused(&[Path::new("tp99")], "« tp99 » n'est pas un notebook");
    let text = folder.write("notes.txt", "bonjour");
    refused(&[&text], "ce n'est pas un notebook");
    let other = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []});
    let other = folder.write("autre.ipynb", &other.to_string());
    refused(&[&other], "ce n'est le notebook d'aucun TP");
    let lab = folder.write("tp5.ipynb", &blank().to_string());
    // A file where the folder should be.
    let sortie = Path::new("--sortie");
    refused(&[&lab, sortie, &text], "Impossible de créer le dossier");
    // The PDF was asked for: the page is written all the same.
    let (status, stdout, stderr) = rapport(&[&lab, Path::new("--pdf")], Some(""));
    assert_eq!(status, Some(2));
    assert!(stderr.contains("Chromium est introuvable"), "{stderr}");
    assert!(stdout.contains("tp5_rapport.html"), "{stdout}");
}
