//! Small notebooks, made here.

use std::path::Path;

use serde_json::{Value, json};
use tp_protocol::question::{Choice, Kind, Question, encode};

use super::closed::Judged;
use super::contents::{Body, Report};
use super::{page, told::Told};
use crate::notebook::Notebook;

fn text(id: &str, source: &str) -> Value {
    json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": source})
}

fn code(id: &str, source: &str, outputs: Value) -> Value {
    json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": null, "source": source, "outputs": outputs})
}

fn as_part(mut cell: Value, tag: &str, name: &str, points: Option<f64>) -> Value {
    let grade_id = format!("tp9-{name}");
    cell["metadata"]["tags"] = json!([tag]);
    cell["metadata"]["nbgrader"] = json!({"grade_id": grade_id, "schema_version": 3});
    if let Some(points) = points {
        cell["metadata"]["nbgrader"]["points"] = json!(points);
    }
    cell
}

fn stream(said: &str) -> Value {
    json!([{"output_type": "stream", "name": "stdout", "text": [said]}])
}

fn question(name: &str, kind: Kind) -> String {
    let choice = |answer: &str, right| Choice {
        answer: answer.to_owned(),
        text: "texte".to_owned(),
        right,
        explanation: "explication cachée".to_owned(),
    };
    let text = encode(&Question {
        id: format!("tp9/{name}"),
        title: "Titre".to_owned(),
        points: 1.0,
        kind,
        letters: 2,
        choices: vec![choice("A", kind == Kind::Prediction), choice("B", true)],
    });
    format!("    question(\"\n{text}\n\", &{name}),\n")
}

const STATEMENT: &str =
    "Que se passe-t-il ?\n\n- **A.** La `somme`.\n- **B.** Une erreur.\n- **?** Je ne sais pas.";

/// A lab with one thing of each kind; `done` fills it.
fn lab(done: bool) -> Value {
    let either = |filled: &str, blank: &str| if done { filled } else { blank }.to_owned();
    let told = |said: &str| if done { stream(said) } else { json!([]) };
    let figure = json!([
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<div role=\"progressbar\"></div>", "text/plain": "barre"}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBO\nRw0K", "text/plain": "Perte < 0,3"}},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/html": "<table><tr><td onclick=\"x()\">0,81</td></tr></table><script>x()</script>", "text/plain": "x"}},
        {"output_type": "stream", "name": "stdout", "text": ["\u{1b}[31mterminé\u{1b}[0m : <pas>\n"]},
    ]);
    let mut curve = code(
        "0123456789ab",
        "fit()",
        if done { figure } else { json!([]) },
    );
    curve["metadata"]["tp"] = json!({"report": "Courbe d’apprentissage"});
    if done {
        curve["metadata"]["execution"] = json!({"iopub.execute_input": "2026-03-01T10:00:00Z"});
    }
    let mut answer = text(
        "q",
        &either(
            "Parce que **oui** <script>x()</script>, avec $x^2$.\n\n![figure](attachment:a.png)",
            "*Votre réponse ici.*",
        ),
    );
    answer["attachments"] = json!({"a.png": {"image/png": "AAAA"}});
    let checks = format!(
        "questions(&[\n{}])",
        question("q_one", Kind::One) + &question("q_two", Kind::One)
    );
    let closed = "// Écrivez\nlet q_one = \"\"; // Un\nlet q_two = \"\";";
    json!({
        "nbformat": 4, "nbformat_minor": 5,
        "metadata": {"tp": {"deadlines": [
            {"when": "à la fin de la séance", "parts": [
                {"name": "train", "label": "exercice 1", "points": 2.0},
                {"name": "q_why", "label": "question 3", "points": 3.0}]},
            {"when": "une semaine après", "parts": [{"name": "q_gone", "label": "question 4", "points": 1.5}]}]}},
        "cells": [
            text("t", "# TP 9 · *Essai*"),
            code("s", "let session = Session::open(\"tp9\")?;", told("Séance tp9 · graine 42\n")),
            text("p", "## 1 Apprendre\n\n### Exercice 1 · La boucle (2 points)\n\nÉcrivez-la."),
            as_part(code("e", &either("fn train() -> bool { 1 < 2 }", "fn train() {\n    // VOTRE CODE ICI\n    todo!(\"À FAIRE\");\n}"), json!([])), "exercice", "train", None),
            as_part(code("v", "grade(2.0, &[])", told("✔ a\n1,5 point sur 2 (3 vérifications réussies sur 4)\n")), "verification", "train-verification", Some(2.0)),
            curve,
            as_part_of_question(text("a", &format!("#### Question 1 · Un (1 point)\n\n{STATEMENT}"))),
            as_part_of_question(text("b", &format!("#### Question 2 · Deux (1 point)\n\n{STATEMENT}"))),
            as_part(code("c", &either("let q_one = \"b\"; // Un\nlet q_two = \"A\";", closed), json!([])), "question", "q_one", None),
            as_part(code("d", &checks, told("✔ Un : B.\n1 point sur 2\n")), "verification", "q_one-verification", Some(2.0)),
            text("o", "<a id=\"x\"></a>\n\n#### Question 3 · Pourquoi ? (3 points)\n\nExpliquez en trois lignes.\n\n<details><summary>Indice</summary>\n\nsecret\n</details>"),
            as_part(answer, "reponse", "q_why", Some(3.0)),
        ],
    })
}

fn as_part_of_question(mut cell: Value) -> Value {
    cell["metadata"]["tags"] = json!(["question"]);
    cell
}

fn read(notebook: &Value) -> Report {
    let path = Path::new("rendu.ipynb");
    Report::read(Notebook::parse(&notebook.to_string(), path).unwrap(), path).unwrap()
}

fn headings(report: &Report) -> Vec<&str> {
    let entries = report.entries.iter();
    entries.map(|entry| entry.heading.as_str()).collect()
}

#[test]
fn a_blank_copy_lists_everything_as_empty() {
    let report = read(&lab(false));
    assert_eq!(
        headings(&report),
        [
            "Exercice 1 · La boucle (2 points)",
            "Courbe d’apprentissage",
            "Question 1 · Un (1 point)",
            "Question 2 · Deux (1 point)",
            "Question 3 · Pourquoi ? (3 points)"
        ]
    );
    let lacking: Vec<usize> = report.lacks().into_iter().map(|(index, _)| index).collect();
    assert_eq!(lacking, [0, 1, 2, 3, 4]);
    assert!(!report.executed && report.day.is_none() && report.session.is_none());
    assert_eq!((report.points(), report.by_hand()), ((0.0, 4.0), 3.0));
    let page = page::html(&report);
    for said in [
        "<title>Compte-rendu · TP 9 · Essai</title>",
        "Ce qui est vide (6 sur 6)",
        "<a href=\"#partie-5\">Question 3 · Pourquoi ? (3 points)</a>",
        "sa cellule n’est plus dans le notebook",
        "Aucune vérification automatique n’a été exécutée.",
        "class=\"ligne\"",
        "<td class=\"nombre\">2 sur 2</td>",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
}

#[test]
fn what_was_done_is_shown_in_order_and_nothing_active_with_it() {
    let report = read(&lab(true));
    assert_eq!(report.lacks(), []);
    assert_eq!(report.day.as_deref(), Some("1er mars 2026"));
    assert_eq!(report.points(), (2.5, 4.0));
    assert_eq!(report.checks[0].told, Told::Points(1.5));
    let judged: Vec<Judged> = report
        .entries
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::Closed { judged, .. } => Some(*judged),
            _ => None,
        })
        .collect();
    assert_eq!(judged, [Judged::Right, Judged::Wrong]);
    let page = page::html(&report);
    for said in [
        "fn train() -&gt; bool { 1 &lt; 2 }",
        "Vérification : 1,5 point sur 2.",
        "<img alt=\"Perte &lt; 0,3\" src=\"data:image/png;base64,iVBORw0K\">",
        "<table><tr><td>0,81</td></tr></table>",
        "<pre>terminé : &lt;pas&gt;</pre>",
        "<strong>B.</strong> Une erreur.<br>\n✔ juste",
        "<strong>A.</strong> La <code>somme</code>.<br>\n✘ faux",
        "Parce que <strong>oui</strong> &lt;script&gt;x()&lt;/script&gt;, avec <math>",
        "src=\"data:image/png;base64,AAAA\"",
        "Expliquez en trois lignes.",
        "<dd>Séance tp9 · graine 42</dd>",
        "<strong>2,5 points sur 4</strong>",
        "<td class=\"nombre\">0 sur 2</td>",
    ] {
        let spaced = page.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(spaced.contains(said), "{said}\n{spaced}");
    }
    for never in [
        "<script", "onclick", "http:", "https:", "secret", "cachée", "barre<",
    ] {
        assert!(!page.contains(never), "{never}");
    }
}

#[test]
fn a_model_answer_comes_without_its_mark_scheme() {
    let mut notebook = lab(true);
    let last = notebook["cells"].as_array().unwrap().len() - 1;
    let mut answer = |source: &str| {
        notebook["cells"][last]["source"] = json!(source);
        match &read(&notebook).entries.last().unwrap().body {
            Body::Open { answer, .. } => answer.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        answer("**Réponse attendue.**\n\nLe modèle.\n\n*Barème* : 1 point pour tout."),
        "Le modèle."
    );
    // A student may speak of a mark scheme, and leave the line that was to be replaced.
    assert_eq!(
        answer("*Votre réponse ici.*\n\n*Barème* : le mien."),
        "*Barème* : le mien."
    );
    assert_eq!(answer(" \n*Votre réponse ici.*\n"), "");
}

#[test]
fn cells_that_a_student_adds_belong_to_a_task_or_are_chosen() {
    let mut notebook = lab(false);
    let cells = notebook["cells"].as_array_mut().unwrap();
    cells.push(text(
        "0a1b2c3d4e5f",
        "#### Question 4 · Vos dessins (2 points)",
    ));
    cells.push(as_part(
        text("k", "Ajoutez une figure."),
        "tache",
        "q_free",
        Some(2.0),
    ));
    let mut chosen = code("9f0c2f0e", "plot()", stream("0,7\n"));
    chosen["metadata"]["tags"] = json!(["rapport"]);
    cells.push(text("3c9a1f52", "Voici."));
    cells.push(chosen.clone());
    cells.push(text("aaaaaaaaaaaa-2", "La suite du TP."));
    cells.push(chosen);
    let report = read(&notebook);
    let [task, figure] = &report.entries[5..] else {
        panic!("{report:?}");
    };
    assert_eq!(task.heading, "Question 4 · Vos dessins (2 points)");
    assert!(matches!(&task.body, Body::Task { cells, .. } if cells.len() == 2));
    assert_eq!(figure.heading, "Figure choisie");
    let page = page::html(&report);
    assert!(page.contains("<p>Voici.</p>") && !page.contains("La suite du TP"));
    assert_eq!(page.matches("<pre>0,7</pre>").count(), 2);
}

#[test]
fn a_question_whose_answer_cell_is_gone_takes_no_other_answer() {
    let mut notebook = lab(true);
    let cells = notebook["cells"].as_array_mut().unwrap();
    let place = cells.iter().position(|cell| cell["id"] == "b").unwrap();
    let between = text(
        "0001",
        "Une note de l'étudiant, entre une question et sa réponse.",
    );
    cells.insert(place + 1, between);
    assert_eq!(read(&notebook).lacks(), []);
    let cells = notebook["cells"].as_array_mut().unwrap();
    cells.remove(place + 2);
    let report = read(&notebook);
    let lacking: Vec<usize> = report.lacks().into_iter().map(|(index, _)| index).collect();
    assert_eq!(lacking, [2, 3]);
    assert_eq!(headings(&report)[4], "Question 3 · Pourquoi ? (3 points)");
}

#[test]
fn a_notebook_of_no_lab_is_refused() {
    let notebook = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code("a", "let x = 1;", json!([]))]});
    let path = Path::new("rendu.ipynb");
    let parsed = Notebook::parse(&notebook.to_string(), path).unwrap();
    let refused = Report::read(parsed, path).unwrap_err().to_string();
    assert!(
        refused.contains("rendu.ipynb") && refused.contains("ce n'est le notebook d'aucun TP"),
        "{refused}"
    );
}

#[test]
fn authors_of_the_notebook_are_named() {
    let mut notebook = lab(false);
    notebook["metadata"]["authors"] = json!([{"name": "Ada <L.>"}, {"name": " "}, {"name": "Bo"}]);
    let page = page::html(&read(&notebook));
    assert!(page.contains("<dd>Ada &lt;L.&gt;, Bo</dd>") && !page.contains("class=\"ligne\""));
}

/// A report whose session said this, with a gallery of faces under it.
fn gallery(session: &str) -> String {
    let open = code("0123456789ab", "Session::open(\"tp9\")", stream(session));
    let outputs = json!([
        {"output_type": "stream", "name": "stdout", "text": "exactitude : 0,700\n"},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0K", "text/plain": "visages"}},
    ]);
    let mut faces = code("0123456789ac", "plotdata()", outputs);
    faces["metadata"]["tp"] = json!({"report": "Les pires images"});
    faces["metadata"]["tags"] = json!(["visages"]);
    let root = json!({"cells": [text("0123456789aa", "# TP 9"), open, faces], "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    page::html(&read(&root))
}

#[test]
fn photographs_of_people_stay_in_the_session() {
    let drawn = "Données : visages dessinés (synthétiques), faute de photos dans un dossier « data » ; voyez\n";
    let kept = gallery(drawn);
    assert!(
        kept.contains("iVBORw0K") && kept.contains("0,700"),
        "{kept}"
    );
    for photographs in [
        "Données : data (photos : UTKFace ; des dessins remplacent ce qui n'y est pas)\n",
        &format!("{drawn}Visages d'ailleurs : 20 photos de FairFace\n"),
        "",
    ] {
        let page = gallery(photographs);
        assert!(!page.contains("iVBORw0K"), "{photographs}");
        assert!(
            page.contains("restent dans la séance") && page.contains("0,700"),
            "{page}"
        );
    }
}

#[test]
fn closed_questions_are_shown_with_what_they_ask() {
    for done in [false, true] {
        let report = read(&lab(done));
        let asked: Vec<&str> = report
            .entries
            .iter()
            .filter_map(|entry| match &entry.body {
                Body::Closed { statement, .. } => Some(statement.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(asked, [STATEMENT, STATEMENT]);
        let page = page::html(&report);
        let list = "<li><strong>A.</strong> La <code>somme</code>.</li>";
        assert_eq!(page.matches("<p>Que se passe-t-il ?</p>").count(), 2);
        assert_eq!(page.matches(list).count(), 2);
    }
}

/// A lab whose prediction was answered so, and whose « retour » cell printed this.
fn predicted(answer: &str, outputs: Value) -> Report {
    let cells = json!([
        text("0123456789aa", "# TP 9"),
        as_part_of_question(text(
            "a",
            &format!("#### Prédiction 1 · Un (1 point)\n\n{STATEMENT}")
        )),
        as_part(
            code("b", &format!("let p_one = \"{answer}\";"), json!([])),
            "question",
            "p_one",
            None
        ),
        text("0123456789ac", "On mesure."),
        as_part(
            code(
                "c",
                &format!("questions(&[\n{}])", question("p_one", Kind::Prediction)),
                outputs
            ),
            "verification",
            "p_one-verification",
            Some(1.0),
        ),
    ]);
    read(&json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
}

#[test]
fn a_prediction_meets_its_outcome_once_it_is_measured() {
    let met = || stream("○ Titre : vous aviez prédit « A. »\n    ancien texte\n1 point sur 1\n");
    let said = "explication cachée";
    let page = page::html(&predicted("A", met()));
    let (before, after) = page.split_once(said).unwrap();
    assert!(before.contains("<p>Que se passe-t-il ?</p>"), "{page}");
    assert!(before.contains("prédiction faite</p>"), "{page}");
    assert!(
        before.contains("Le TP dit de ce choix, que la mesure le confirme ou non"),
        "{page}"
    );
    let after = after.replace('\u{a0}', " ");
    assert!(after.contains("Vérification : 1 point sur 1."), "{after}");
    // What the student says now is what is met.
    assert!(!page.contains("ancien texte"));
    let unknown = page::html(&predicted("?", met()));
    assert!(unknown.contains("Le TP dit du choix attendu") && unknown.contains(said));
    // Neither before the measure, nor when the cell stopped, nor without an answer.
    let error = json!([{"output_type": "error", "ename": "E", "evalue": "x", "traceback": []}]);
    for report in [
        predicted("A", json!([])),
        predicted("A", error),
        predicted("", met()),
    ] {
        let page = page::html(&report);
        assert!(
            !page.contains(said) && !page.contains("Le TP dit"),
            "{page}"
        );
    }
}

#[test]
fn the_head_tells_the_total_the_preset_and_the_line_of_the_class() {
    let mut notebook = lab(true);
    let page = page::html(&read(&notebook)).replace('\u{a0}', " ");
    let total = "<dt>Total</dt><dd>7 points, dont 4 points aux vérifications automatiques et 3 points à la main</dd>";
    assert!(page.contains(total), "{page}");
    assert!(!page.contains("Préréglage") && !page.contains("Ligne de classe"));
    let cells = notebook["cells"].as_array_mut().unwrap();
    cells[1]["outputs"] = stream("Séance tp9 · préréglage « seance » · graine 42\n");
    let line = "classe ; tp9 ; graine 42 ; KL 8,5231";
    for said in [format!("perte : 3\n{line}\n"), format!("{line}\n")] {
        cells.push(code("0123456789ad", "class_line()", stream(&said)));
    }
    let page = page::html(&read(&notebook));
    assert!(
        page.contains("<dt>Préréglage</dt><dd>seance</dd>"),
        "{page}"
    );
    // As it was printed, and once.
    let shown = format!("<dt>Ligne de classe</dt><dd><code>{line}</code></dd>");
    assert_eq!(page.matches(&shown).count(), 1, "{page}");
}

#[test]
fn the_values_that_a_lab_invites_to_change_are_shown() {
    let mut notebook = lab(true);
    assert!(!page::html(&read(&notebook)).contains("Zone modifiable"));
    let entries = read(&notebook).entries.len();
    let source = "let a = 1;\n// ***** Ce que vous pouvez changer *****\nlet epochs: u32 = 40; // < 200\n// *****\nlet b = 2;";
    let cells = notebook["cells"].as_array_mut().unwrap();
    cells.push(code("0123456789ae", source, json!([])));
    let report = read(&notebook);
    let page = page::html(&report);
    let shown =
        "<h2>Zone modifiable</h2>\n<pre><code>let epochs: u32 = 40; // &lt; 200</code></pre>";
    assert!(page.contains(shown), "{page}");
    assert!(!page.contains("let a = 1") && !page.contains("let b = 2"));
    // It is no part to fill.
    assert_eq!((report.entries.len(), report.lacks()), (entries, vec![]));
}

#[test]
fn what_a_chosen_cell_prints_is_shown_without_any_figure() {
    let mut notebook = lab(true);
    let outputs = json!([
        {"output_type": "stream", "name": "stdout", "text": ["test : perte 236,2\n", "KL 8,5\n"]},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "0.81"}},
    ]);
    let mut printed = code("0123456789af", "show()", outputs);
    printed["metadata"]["tp"] = json!({"report": "Les deux pertes"});
    notebook["cells"].as_array_mut().unwrap().push(printed);
    let page = page::html(&read(&notebook));
    assert!(
        page.contains(
            "<h3>Les deux pertes</h3>\n<pre>test : perte 236,2\nKL 8,5</pre>\n<pre>0.81</pre>"
        ),
        "{page}"
    );
}
