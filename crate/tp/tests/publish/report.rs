//! What `tp rapport` finds in a published notebook: chosen outputs, hand-ins.

use serde_json::{Value, json};

use super::{Depot, FIXTURE, cells, graded};

const HEAD: &str = "# Un TP d'essai\n";
const COMMENT: &str =
    "<!-- remises: à la fin de la séance = somme, q_pourquoi | une semaine après = le reste -->";

/// The fixture with a comment in its head.
fn with(comment: &str) -> String {
    FIXTURE.replacen(HEAD, &format!("{HEAD}\n{comment}\n"), 1)
}

#[test]
fn hand_ins_and_chosen_outputs_are_in_both_notebooks() {
    let names: Vec<String> = {
        let depot = Depot::new("noms", FIXTURE);
        let (status, _, stderr) = depot.tp(&["tp8"]);
        assert_eq!(status, Some(0), "{stderr}");
        let student = depot.read("etudiant/tp8_essai.ipynb");
        let parsed: Value = serde_json::from_str(&student).unwrap();
        // A lab that says nothing has no metadata of ours.
        assert_eq!(parsed["metadata"]["tp"], Value::Null);
        graded(&student)
            .into_keys()
            .filter(|id| !id.ends_with("-verification"))
            .map(|id| id.trim_start_matches("tp8-").to_owned())
            .collect()
    };
    assert!(names.contains(&"somme".to_owned()), "{names:?}");
    let later: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "somme")
        .collect();
    let comment = "<!-- remises: à la fin de la séance = somme | une semaine après = le reste -->";
    let source = with(comment).replacen(
        "```rust\nuse visages::prelude::*;",
        "```rust rapport=\"Courbe d'apprentissage\" long\nuse visages::prelude::*;",
        1,
    );
    let depot = Depot::new("remises", &source);
    let (status, _, stderr) = depot.tp(&["tp8"]);
    assert_eq!(status, Some(0), "{stderr}");
    for copy in ["etudiant", "corrige"] {
        let text = depot.read(&format!("{copy}/tp8_essai.ipynb"));
        let notebook: Value = serde_json::from_str(&text).unwrap();
        let deadlines = &notebook["metadata"]["tp"]["deadlines"];
        assert_eq!(deadlines[0]["when"], "à la fin de la séance");
        assert_eq!(
            deadlines[0]["parts"],
            json!([{"name": "somme", "label": "somme", "points": 2.0}])
        );
        let parts = deadlines[1]["parts"].as_array().unwrap();
        let mut found: Vec<&str> = parts
            .iter()
            .filter_map(|part| part["name"].as_str())
            .collect();
        found.sort_unstable();
        assert_eq!(found, later);
        let cells = cells(&text);
        let code = cells
            .iter()
            .find(|cell| cell["cell_type"] == "code")
            .unwrap();
        assert_eq!(
            code["metadata"]["tp"],
            json!({"report": "Courbe d’apprentissage"})
        );
        assert_eq!(code["metadata"]["tags"], json!(["long"]));
        let head = super::source(&cells[0]);
        assert!(
            head.contains("| remise | à rendre | points |\n|---|---|---|\n| à la fin de la séance | `somme` | 2 |"),
            "{head}"
        );
        assert!(!text.contains("<!--"));
    }
    // The same bytes again.
    let (status, stdout, _) = depot.tp(&["tp8", "--verifier"]);
    assert_eq!(status, Some(0), "{stdout}");
}

#[test]
fn unknown_names_and_forgotten_parts_are_refused_at_the_comment() {
    let depot = Depot::new("remises fausses", &with(COMMENT));
    let (status, _, stderr) = depot.tp(&["tp8"]);
    assert_eq!(status, Some(2));
    let line = with(COMMENT)
        .lines()
        .position(|line| line == COMMENT)
        .unwrap()
        + 1;
    let said =
        format!("ligne {line} : « q_pourquoi », dans les remises, n'est le nom d'aucun exercice");
    assert!(stderr.contains(&said), "{stderr}");
    depot.write(&with("<!-- remises: à la fin de la séance = somme -->"));
    let (status, _, stderr) = depot.tp(&["tp8"]);
    assert_eq!(status, Some(2));
    assert!(
        stderr.contains("ne sont dans aucune remise : « compteur »"),
        "{stderr}"
    );
}
