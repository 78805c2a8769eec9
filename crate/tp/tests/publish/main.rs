//! `tp publish` as a program: both notebooks of a fixture lab, their staleness, every mistake of a source.
//! Needs the Python tools that `cargo tp setup --auteurs` puts in place; no kernel.

mod mistakes;
mod questions;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

const FIXTURE: &str = include_str!("fixture.md");

/// A repository with its own `notebooks/`, which borrows the Python environment of this one.
struct Depot(PathBuf);

impl Depot {
    fn new(name: &str, source: &str) -> Self {
        // A space and an accent: folders have them.
        let root =
            std::env::temp_dir().join(format!("tp publié été {name} {}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("crate/tp")).unwrap();
        fs::create_dir_all(root.join("notebooks/sources")).unwrap();
        let real = repository();
        for file in ["Cargo.lock", "environment.yml", "crate/tp/Cargo.toml"] {
            fs::copy(real.join(file), root.join(file)).unwrap();
        }
        let depot = Self(root);
        depot.write(source);
        depot
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join("notebooks").join(file)
    }

    fn write(&self, source: &str) {
        fs::write(self.path("sources/tp8_essai.md"), source).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn tp(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tp"));
        command.arg("publish").args(arguments).stdin(Stdio::null());
        command.current_dir(&self.0).env("TP_DEPOT", &self.0);
        command.env("CONDA_PREFIX", python_environment());
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

impl Drop for Depot {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The environment that `tp` uses here: the active conda environment, or `.venv`. Its stamp names it by its true path.
fn python_environment() -> PathBuf {
    let conda = std::env::var_os("CONDA_PREFIX").map(PathBuf::from);
    let found = conda.filter(|root| root.join("bin/jupyter-lab").is_file());
    let venv = || repository().join(".venv").canonicalize();
    found.unwrap_or_else(|| venv().expect("« cargo tp setup --auteurs » first"))
}

fn cells(notebook: &str) -> Vec<Value> {
    let notebook: Value = serde_json::from_str(notebook).unwrap();
    notebook["cells"].as_array().unwrap().clone()
}

fn source(cell: &Value) -> String {
    let lines = cell["source"].as_array().unwrap();
    lines.iter().filter_map(Value::as_str).collect()
}

/// nbgrader's cells by their identifier.
fn graded(notebook: &str) -> BTreeMap<String, Value> {
    let graded = cells(notebook).into_iter().filter_map(|cell| {
        let id = cell
            .pointer("/metadata/nbgrader/grade_id")?
            .as_str()?
            .to_owned();
        Some((id, cell))
    });
    graded.collect()
}

/// What publishing the fixture gives: stdout, the student's notebook, the solution. Made once: Python is slow to start.
fn published() -> &'static [String; 3] {
    static PUBLISHED: OnceLock<[String; 3]> = OnceLock::new();
    PUBLISHED.get_or_init(|| {
        let depot = Depot::new("une fois", FIXTURE);
        let (status, stdout, stderr) = depot.tp(&["tp8"]);
        assert_eq!(status, Some(0), "{stderr}");
        [
            stdout,
            depot.read("etudiant/tp8_essai.ipynb"),
            depot.read("corrige/tp8_essai.ipynb"),
        ]
    })
}

#[test]
fn the_student_gets_stubs_and_no_secret() {
    let [stdout, text, _] = published();
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        lines[0],
        "✔ tp8_essai : 18 cellules, 2 exercices, 2 vérifications, 0 question fermée, 3 à noter à la main, 8,5 points"
    );
    // Three solutions, two answers that count; nothing is said of the machine.
    assert!(lines[1].contains(" · cellules de code 6 sur 45 · trous 3 sur 8 · questions 2 sur 15 · dont ouvertes 2 sur 4 · points à la main 5 sur 8,5, soit 59 % ✘"), "{stdout}");
    assert!(
        lines[2].starts_with(
            "    durée 40 min sur 3 h (machine non déclarée) · version courte : aucun"
        ),
        "{stdout}"
    );
    assert!(lines[3].starts_with("    phrases de "), "{stdout}");
    assert_eq!(lines.len(), 4, "{stdout}");
    for forbidden in [
        "secret_",
        "BEGIN",
        "END ",
        "SOLUTION",
        "HIDDEN",
        "MARK SCHEME",
        "40 + 2",
    ] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    let student = graded(text);
    assert_eq!(
        source(&student["tp8-somme"]),
        "fn somme(valeurs: &[f64]) -> f64 {\n    // Additionnez toutes les valeurs.\n    // VOTRE CODE ICI\n    todo!(\"À FAIRE\");\n}"
    );
    let counter = source(&student["tp8-compteur"]);
    assert_eq!(counter.matches("        todo!(\"À FAIRE\");\n").count(), 2);
    assert!(counter.contains("todo!(\"À FAIRE\");\n        self.valeur\n"));
    assert_eq!(
        source(&student["tp8-somme-verification"]),
        "// Vérification de « somme » (2 points) : exécutez cette cellule.\n{ use ::visages::notebook::{check, close, grade};\ngrade(2.0, &[\n    check(\"la somme de rien est nulle\", || close(somme(&[]), 0.0, 1e-9)),\n])\n}"
    );
    assert_eq!(source(&student["tp8-q1"]), "*Votre réponse ici.*");
    assert_eq!(
        source(&student["tp8-q2"]),
        "**Question 2.** Et ici\u{202f}?\n\n*Votre réponse ici.*\n\nUne fin gardée."
    );
    assert_eq!(
        source(&student["tp8-photos"]).trim_end(),
        "**Travail.** Essayez vos images."
    );
}

#[test]
fn prose_has_its_no_break_spaces_and_nothing_else_has() {
    for text in &published()[1..] {
        assert!(
            text.contains(
                r"Formule\u{a0}: $x \\neq \\hat x$\u{202f}; «\u{a0}guillemets\u{202f}» et `\\n`."
                    .replace(r"\u{a0}", "\u{a0}")
                    .replace(r"\u{202f}", "\u{202f}")
                    .as_str()
            )
        );
        for cell in cells(text)
            .iter()
            .filter(|cell| cell["cell_type"] == "code")
        {
            assert!(!source(cell).contains(['\u{a0}', '\u{202f}']));
        }
    }
}

#[test]
fn the_solution_keeps_everything_but_markers() {
    let [_, _, text] = published();
    for kept in [
        "somme", "cache", "reponse", "bareme", "zone", "tache", "note",
    ] {
        assert!(text.contains(&format!("secret_{kept}")), "{kept}");
    }
    for forbidden in ["BEGIN ", "END ", "todo!", "Votre réponse"] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    let solution = graded(text);
    assert_eq!(
        source(&solution["tp8-somme"]),
        "fn somme(valeurs: &[f64]) -> f64 {\n    // Additionnez toutes les valeurs.\n    let secret_somme: f64 = valeurs.iter().sum();\n    secret_somme\n}"
    );
    assert!(source(&solution["tp8-somme-verification"]).contains("// Vérifications absentes"));
    assert!(source(&solution["tp8-q1"]).starts_with("**Réponse attendue.**\n\nsecret_reponse"));
    assert!(
        source(&solution["tp8-photos"])
            .contains("**Barème.**\n\n1\u{a0}point\u{a0}: secret_tache.")
    );
}

#[test]
fn cells_carry_what_nbgrader_needs() {
    let [_, text, solution] = published();
    let (student, solution) = (graded(text), graded(solution));
    assert!(student.keys().eq(solution.keys()));
    // grade, solution, locked, task, points: the table of nbgrader's documentation.
    let expected = [
        ("tp8-compteur", false, true, false, false, None),
        (
            "tp8-compteur-verification",
            true,
            false,
            true,
            false,
            Some(1.5),
        ),
        ("tp8-photos", false, false, true, true, Some(2.0)),
        ("tp8-q1", true, true, false, false, Some(3.0)),
        ("tp8-q2", true, true, false, false, Some(0.0)),
        ("tp8-somme", false, true, false, false, None),
        (
            "tp8-somme-verification",
            true,
            false,
            true,
            false,
            Some(2.0),
        ),
    ];
    assert_eq!(student.len(), expected.len());
    for (id, grade, is_solution, locked, task, points) in expected {
        let metadata = &student[id]["metadata"]["nbgrader"];
        assert_eq!(metadata["schema_version"], 3);
        assert_eq!(metadata["grade"], grade, "{id}");
        assert_eq!(metadata["solution"], is_solution, "{id}");
        assert_eq!(metadata["locked"], locked, "{id}");
        assert_eq!(metadata["task"], task, "{id}");
        assert_eq!(metadata["points"].as_f64(), points, "{id}");
        assert_eq!(metadata["checksum"].as_str().unwrap().len(), 32);
        assert_eq!(student[id]["metadata"]["deletable"], false);
        assert_eq!(student[id]["id"], id);
    }
    assert_eq!(
        student["tp8-somme"]["metadata"]["tags"],
        serde_json::json!(["exercice", "long", "mesure"])
    );
    let all = cells(text);
    assert!(
        all.iter()
            .any(|cell| cell["metadata"]["tags"] == serde_json::json!(["raises-exception"]))
    );
    // A given cell has nothing that would hold a student back.
    assert_eq!(all[1]["metadata"], serde_json::json!({}));
    for cell in all.iter().filter(|cell| cell["cell_type"] == "code") {
        assert_eq!(cell["outputs"], serde_json::json!([]));
        assert!(cell["execution_count"].is_null());
    }
    assert_eq!(
        all.iter()
            .filter(|cell| source(cell).contains("ls -l"))
            .count(),
        1
    );
    let mut identifiers: Vec<&str> = all
        .iter()
        .map(|cell| cell["id"].as_str().unwrap())
        .collect();
    identifiers.sort_unstable();
    identifiers.dedup();
    assert_eq!(identifiers.len(), all.len());
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let [_, student, solution] = published();
    let depot = Depot::new("ailleurs", FIXTURE);
    assert_eq!(depot.tp(&["tp8_essai"]).0, Some(0));
    for (file, text) in [("etudiant", student), ("corrige", solution)] {
        assert_eq!(*text, depot.read(&format!("{file}/tp8_essai.ipynb")));
        assert!(text.ends_with("}\n") && !text.contains('\r'));
        for machine in ["jupytext", "nbgrader_version", "python", "été"] {
            assert!(!text.contains(machine), "{machine}");
        }
    }
    // Text added above changes no other cell, nor its identifier.
    let before = cells(student);
    depot.write(&FIXTURE.replace(
        "Un bloc à lire :",
        "```rust\nlet z = 0;\n```\n\nUn bloc à lire :",
    ));
    assert_eq!(depot.tp(&[]).0, Some(0));
    let mut after = cells(&depot.read("etudiant/tp8_essai.ipynb"));
    let added = after
        .iter()
        .position(|cell| source(cell) == "let z = 0;")
        .unwrap();
    after.remove(added);
    assert_eq!(before, after);
}

#[test]
fn stale_missing_and_orphan_notebooks_are_named() {
    let depot = Depot::new("à jour", FIXTURE);
    let (status, stdout, _) = depot.tp(&["--verifier"]);
    assert_eq!(status, Some(1));
    assert!(
        stdout.contains("✘ « notebooks/etudiant/tp8_essai.ipynb » manque"),
        "{stdout}"
    );
    assert!(!depot.path("etudiant").exists());
    assert_eq!(depot.tp(&[]).0, Some(0));
    let date = |file: &str| fs::metadata(depot.path(file)).unwrap().modified().unwrap();
    let published = date("etudiant/tp8_essai.ipynb");
    let (status, stdout, _) = depot.tp(&["--verifier"]);
    assert_eq!(
        (status, &*stdout),
        (
            Some(0),
            "✔ 1 TP : les notebooks publiés correspondent aux sources\n"
        )
    );
    assert!(depot.tp(&[]).1.ends_with("(inchangé)\n"));
    assert_eq!(date("etudiant/tp8_essai.ipynb"), published);

    // A change in the solution alone leaves the student's copy as it is.
    depot.write(&FIXTURE.replace("40 + 2", "42"));
    let (status, stdout, _) = depot.tp(&["tp8", "--verifier"]);
    assert_eq!(status, Some(1));
    assert!(
        stdout.contains("✘ « notebooks/corrige/tp8_essai.ipynb » ne correspond plus à sa source")
    );
    assert!(!stdout.contains("etudiant"));

    depot.write(FIXTURE);
    fs::copy(
        depot.path("etudiant/tp8_essai.ipynb"),
        depot.path("etudiant/tp7_vieux.ipynb"),
    )
    .unwrap();
    let (status, stdout, _) = depot.tp(&["--verifier"]);
    assert_eq!(status, Some(1));
    assert!(
        stdout.contains("« notebooks/etudiant/tp7_vieux.ipynb » n'a pas de source"),
        "{stdout}"
    );
    assert_eq!(depot.tp(&["tp8", "--verifier"]).0, Some(0));
}

#[test]
fn unknown_labs_and_conflicting_options_are_usage_errors() {
    let depot = Depot::new("usage", FIXTURE);
    let (status, _, stderr) = depot.tp(&["tp9"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("« tp9 » n'existe pas. TP disponibles : tp8_essai"));
    let (status, _, stderr) = depot.tp(&["--verifier", "--executer", "x"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("ne va pas avec"), "{stderr}");
}

#[test]
fn no_published_lab_holds_a_marker() {
    let folder = repository().join("notebooks/etudiant");
    let files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for marker in ["BEGIN SOLUTION", "END SOLUTION", "HIDDEN", "MARK SCHEME"] {
            assert!(!text.contains(marker), "{} : {marker}", file.display());
        }
    }
}
