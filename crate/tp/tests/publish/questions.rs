//! Closed questions, from the region of a source to the cells of both copies; and every closed question of the labs.

use std::fs;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tp::publish::closed::Closed;
use tp_protocol::question::{Kind, Outcome, encode, judge};

use super::{Depot, cells, graded, repository, source};

const QUESTIONS: &str = include_str!("questions.md");

/// The student's copy and the solution, made once.
fn published() -> &'static [String; 2] {
    static PUBLISHED: OnceLock<[String; 2]> = OnceLock::new();
    PUBLISHED.get_or_init(|| {
        let depot = Depot::new("questions", QUESTIONS);
        let (status, stdout, stderr) = depot.tp(&["tp8"]);
        assert_eq!(status, Some(0), "{stderr}");
        assert!(stdout.contains("5 questions fermées"), "{stdout}");
        [
            depot.read("etudiant/tp8_essai.ipynb"),
            depot.read("corrige/tp8_essai.ipynb"),
        ]
    })
}

/// The texts of questions in a check cell.
fn texts(check: &str) -> Vec<String> {
    let quoted = check.split("question(\"").skip(1);
    quoted
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[test]
fn questions_become_a_text_answers_and_a_check() {
    let [student, solution] = published();
    assert!(!student.contains("secret_"));
    // Explanations are for the check cells, in the solution too.
    assert!(!solution.replace("secret_reponse", "").contains("secret_"));
    let (student, solution) = (graded(student), graded(solution));
    assert_eq!(
        source(&student["tp8-q_owner"]),
        "// Écrivez votre réponse entre les guillemets, puis exécutez la cellule. « ? » : je ne sais pas.\n\
         let q_owner = \"\"; // Propriété : une lettre\n\
         let q_shape = \"\"; // Formes : un nombre"
    );
    let key = source(&solution["tp8-q_owner"]);
    assert!(
        key.contains("let q_owner = \"B\";") && key.contains("let q_shape = \"131 072\";"),
        "{key}"
    );
    let key = source(&solution["tp8-q_which"]);
    assert!(
        key.contains("let q_which = \"A, C\";") && key.contains("let q_order = \"B A\";"),
        "{key}"
    );
    assert!(source(&solution["tp8-p_early"]).contains("let p_early = \"A\";"));
    for (id, points) in [
        ("tp8-q_owner", 2.0),
        ("tp8-q_which", 2.5),
        ("tp8-p_early", 0.5),
    ] {
        let answer = &student[id]["metadata"];
        assert_eq!(answer["nbgrader"]["solution"], true);
        assert_eq!(answer["nbgrader"]["grade"], false);
        assert_eq!(answer["nbgrader"]["locked"], false);
        let check = &student[&format!("{id}-verification")];
        let metadata = &check["metadata"];
        assert_eq!(metadata["nbgrader"]["schema_version"], 3);
        assert_eq!(metadata["nbgrader"]["grade"], true);
        assert_eq!(metadata["nbgrader"]["locked"], true);
        assert_eq!(metadata["nbgrader"]["points"], points, "{id}");
        assert_eq!(metadata["jupyter"], json!({"source_hidden": true}));
        assert_eq!(
            source(check),
            source(&solution[&format!("{id}-verification")])
        );
        let text = source(check);
        assert!(text.contains("use ::visages::notebook::{question, questions};"));
        assert!(
            text.lines().all(|line| line.chars().count() <= 120),
            "{text}"
        );
        for question in texts(&text) {
            let said = judge(&question, "").unwrap();
            assert_eq!(said.outcome, Outcome::Empty);
            assert!(said.text.ends_with(" : à répondre."), "{said:?}");
        }
    }
}

#[test]
fn answers_and_checks_stand_where_they_should() {
    let order = |text: &str| -> Vec<String> {
        let name = |cell: &Value| {
            let id = cell.pointer("/metadata/nbgrader/grade_id");
            match id.and_then(Value::as_str) {
                Some(id) => id.to_owned(),
                None => {
                    let text = source(cell).replace('\u{a0}', " ");
                    text.lines().next().unwrap_or_default().to_owned()
                }
            }
        };
        cells(text).iter().map(name).collect()
    };
    let expected = [
        "# Des questions",
        "#### Prédiction 1 · Sans attendre (0,5 point)",
        "tp8-p_early",
        "Puis la mesure.",
        "println!(\"{}\", 1 + 1);",
        "Voici le résultat.",
        "tp8-p_early-verification",
        "La suite du texte.",
        "tp8-somme",
        "tp8-somme-verification",
        "#### Question 1 · Ouverte (3 points)",
        "tp8-q_open",
        "#### Question 2 · Propriété (1 point)",
        "#### Question 3 · Formes (1 point)",
        "tp8-q_owner",
        "tp8-q_owner-verification",
        "Un texte les sépare des suivantes.",
        "#### Question 4 · Lesquels (1,5 point)",
        "#### Question 5 · Rangement (1 point)",
        "tp8-q_which",
        "tp8-q_which-verification",
    ];
    let [student, solution] = published();
    assert_eq!(order(student), expected);
    assert_eq!(order(solution), expected);
    let suite = cells(student);
    let suite = suite
        .iter()
        .map(source)
        .find(|text| text.starts_with("La suite"));
    assert!(
        suite
            .unwrap()
            .contains("### Exercice 1 · Une somme (2\u{a0}points)\n")
    );
}

#[test]
fn another_question_above_changes_no_answer_and_no_check() {
    let more = QUESTIONS.replace(
        "#### Question · Ouverte",
        "#### Question · Avant\n\n<!-- #region reponse=\"q_more\" points=1 -->\nx\n<!-- #endregion -->\n\n#### Question · Ouverte",
    );
    let depot = Depot::new("questions de plus", &more);
    assert_eq!(depot.tp(&[]).0, Some(0));
    let after = graded(&depot.read("etudiant/tp8_essai.ipynb"));
    let before = graded(&published()[0]);
    assert_eq!(after.len(), before.len() + 1);
    for (id, cell) in before {
        assert_eq!(after[&id], cell, "{id}");
    }
}

#[test]
fn parts_have_a_table_and_notes_leave_no_trace() {
    let head = "# Des questions\n\n<!-- fiche: objectifs=lire, écrire | prérequis=aucun | durée=3 h -->\n<!-- machine: 14 -->\n\n### Avant tout\n\nUn rappel<!-- terme: rappel | recall | une part --> et un `code`.\n\n## 1. L'échantillon\n\n### Détail\n\n## 2. Fin\n";
    let depot = Depot::new("sommaire", &QUESTIONS.replace("# Des questions\n", head));
    let (status, stdout, stderr) = depot.tp(&[]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.contains("machine 14 min"), "{stdout}");
    let student = depot.read("etudiant/tp8_essai.ipynb");
    assert!(!student.contains("<!--"));
    let text = source(&cells(&student)[0]);
    let table = "**Sommaire**\n\n- [1. L’échantillon](#1-l-echantillon)\n  - [Détail](#detail)\n- [2. Fin](#2-fin)\n  - [Exercice 1 · Une somme (2\u{a0}points)](#exercice-1-une-somme-2-points)\n\n<a id=\"1-l-echantillon\"></a>\n\n## 1. L’échantillon\n";
    assert!(text.contains(table), "{text}");
    assert!(
        text.contains("### Avant tout\n\nUn rappel et un `code`.\n"),
        "{text}"
    );
    let guide = depot.read("LISEZMOI.md");
    assert!(guide.contains("| [Des questions](etudiant/tp8_essai.ipynb) | lire, écrire | aucun | 3\u{a0}h | 10, dont 3 à la main |"), "{guide}");
    assert!(
        depot
            .read("GLOSSAIRE.md")
            .contains("| rappel | *recall* | une part | 8 |")
    );
    // The pages go stale with the sources.
    fs::write(depot.path("GLOSSAIRE.md"), "ancien").unwrap();
    let (status, stdout, _) = depot.tp(&["--verifier"]);
    assert_eq!(status, Some(1));
    assert!(
        stdout.contains("« notebooks/GLOSSAIRE.md » ne correspond plus aux sources"),
        "{stdout}"
    );
    assert_eq!(depot.tp(&["tp8", "--verifier"]).0, Some(0));

    // A lab of the same number has the same identifiers.
    fs::write(depot.path("sources/tp8_autre.md"), QUESTIONS).unwrap();
    let (status, _, stderr) = depot.tp(&[]);
    assert_eq!(status, Some(2));
    assert!(
        stderr.contains("« tp8_autre.md » et « tp8_essai.md » ont le même numéro"),
        "{stderr}"
    );
}

/// Mistakes that are told together: what replaces what in the fixture, the text at which the mistake then is, what is said.
const MISTAKES: [&[[&str; 4]]; 5] = [
    &[
        [
            "- B. ✔ La cellule",
            "- B. La cellule",
            "- A. La somme",
            "aucun choix",
        ],
        ["✔ 131 072", "✔ beaucoup", "- ✔ beaucoup", "en chiffres"],
        ["- ✔ B A", "- ✔ B", "- ✔ B —", "n'est pas un ordre"],
        [
            "<!-- retour: p_early -->",
            "",
            "#### Prédiction · Sans",
            "n'est reprise nulle part",
        ],
    ],
    &[
        ["- A. La somme", "- A. ✔ La somme", "- B. ✔ La", "plusieurs"],
        [
            "Un texte les",
            "<!-- retour: p_early -->\n\nUn texte les",
            "<!-- retour: p_early -->\n\nUn",
            "déjà reprise",
        ],
        [
            "sorte=\"ordre\"",
            "sorte=\"tri\"",
            "<!-- #region question=\"q_order\"",
            "\"plusieurs\", \"nombre\" ou",
        ],
    ],
    &[
        [
            " — secret_python : comme en Python.",
            "",
            "- A. La somme",
            "n'a pas d'explication",
        ],
        [
            "# Des questions\n",
            "# Des questions\n\n<!-- retour: p_early -->\n",
            "<!-- retour: p_early -->\n\n\n",
            "avant d'être faite",
        ],
        [
            "question=\"q_shape\"",
            "question=\"q_owner\"",
            "#### Question · Formes",
            "« tp8-q_owner » est déjà",
        ],
    ],
    &[
        [
            "Un texte les",
            "<!-- retour: p_autre -->\n\nUn texte les",
            "<!-- retour: p_autre",
            "aucune prédiction",
        ],
        [
            "question=\"q_owner\" points=1",
            "question=\"q_owner\"",
            "<!-- #region question=\"q_owner\"",
            "points manquent",
        ],
        [
            "question=\"q_shape\"",
            "question=\"shape\"",
            "<!-- #region question=\"shape\"",
            "« q_ »",
        ],
        [
            "#### Question · Lesquels",
            "Lesquels",
            "Lesquels\n\nChoisissez",
            "« #### Question · Titre »",
        ],
    ],
    &[
        [
            "#### Question · Ouverte",
            "#### Question 4 · Ouverte",
            "#### Question 4",
            "à la publication",
        ],
        [
            "### Exercice · Une",
            "#### Question · Perdue\n\n### Exercice · Une",
            "#### Question · Perdue",
            "suivi d'aucune réponse",
        ],
    ],
];

#[test]
fn mistakes_of_questions_are_told_with_their_line() {
    for (index, mistakes) in MISTAKES.into_iter().enumerate() {
        let mut source = QUESTIONS.to_owned();
        for [old, new, ..] in mistakes {
            assert!(source.contains(old), "{old}");
            source = source.replacen(old, new, 1);
        }
        let depot = Depot::new(&format!("question fautive {index}"), &source);
        let (status, stdout, stderr) = depot.tp(&[]);
        assert_eq!((status, &*stdout), (Some(2), ""), "{stderr}");
        for [_, _, place, said] in mistakes {
            let line = 1 + source[..source.find(place).unwrap()].matches('\n').count();
            let expected = format!("ligne {line} : ");
            let told = stderr
                .lines()
                .any(|told| told.contains(&expected) && told.contains(said));
            assert!(told, "{expected}{said}\n{stderr}");
        }
        assert_eq!(stderr.lines().count(), mistakes.len(), "{stderr}");
    }
}

/// The closed questions of a source, by the lines that open their regions.
fn closed_questions(lab: &str, text: &str) -> Vec<Closed> {
    let mut found = Vec::new();
    for piece in text.split("\n<!-- #region ").skip(1) {
        let (options, rest) = piece.split_once("-->\n").unwrap();
        let body = rest.split("\n<!-- #endregion -->").next().unwrap();
        let option = |name: &str| {
            let value = options
                .split_whitespace()
                .find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
            value.map(|value| value.trim_matches('"').to_owned())
        };
        let name = option("question").map(|name| (name, false));
        let Some((name, is_prediction)) =
            name.or_else(|| option("prediction").map(|name| (name, true)))
        else {
            continue;
        };
        let tolerance = option("tolerance").map_or(0.0, |text| text.parse().unwrap());
        let kind = match (option("sorte").as_deref(), is_prediction) {
            (None, true) => Kind::Prediction,
            (None, false) => Kind::One,
            (Some("plusieurs"), false) => Kind::Several,
            (Some("nombre"), false) => Kind::Number { tolerance },
            (Some("ordre"), false) => Kind::Order,
            (sorte, _) => panic!("{name}: {sorte:?}"),
        };
        let points = option("points").unwrap().parse().unwrap();
        let closed = Closed::read(lab, &name, points, kind, body);
        found.push(closed.unwrap_or_else(|mistakes| panic!("{lab} {name}: {mistakes:?}")));
    }
    found
}

/// Gives every choice of a question, « ? » and nothing.
fn answer_in_every_way(closed: &Closed, text: &str) {
    let points = closed.question.points;
    let choices = &closed.question.choices;
    let context = |answer: &str| format!("{} {answer}", closed.question.id);
    for choice in choices {
        let said = judge(text, &choice.answer).unwrap();
        let context = context(&choice.answer);
        assert_eq!(said.max, points, "{context}");
        assert!(choice.explanation.chars().count() >= 8, "{context}");
        let alone = choices.iter().filter(|one| one.right).count() == 1;
        let full = match closed.question.kind {
            Kind::Prediction => true,
            Kind::Several => choice.right && alone,
            _ => choice.right,
        };
        assert_eq!(said.points, if full { points } else { 0.0 }, "{context}");
        // A right choice among several is praised with the others only.
        if full || !choice.right {
            assert!(
                said.text.contains(&choice.explanation),
                "{context}: {said:?}"
            );
        }
        for other in choices
            .iter()
            .filter(|other| other.explanation != choice.explanation)
        {
            assert!(
                !said.text.contains(&other.explanation),
                "{context}: {said:?}"
            );
        }
    }
    let key = closed.key();
    assert_eq!(
        judge(text, &key).unwrap().points,
        points,
        "{}",
        context(&key)
    );
    for (answer, outcome) in [("?", Outcome::Unknown), ("", Outcome::Empty)] {
        let said = judge(text, answer).unwrap();
        assert_eq!(
            (said.outcome, said.points),
            (outcome, 0.0),
            "{}",
            context(answer)
        );
    }
    let unknown = judge(text, "?").unwrap().text;
    for choice in choices {
        let told = unknown.contains(&choice.explanation);
        assert_eq!(told, choice.right, "{}: {unknown}", context("?"));
    }
}

#[test]
fn every_choice_of_every_question_is_answered() {
    for closed in closed_questions("tp8", QUESTIONS) {
        answer_in_every_way(&closed, &encode(&closed.question));
    }
    let folder = repository().join("notebooks");
    let mut labs = Vec::new();
    for entry in fs::read_dir(folder.join("sources")).unwrap().flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !stem.starts_with("tp") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let lab = stem.split('_').next().unwrap();
        let questions = closed_questions(lab, &text);
        let student = folder.join("etudiant").join(format!("{stem}.ipynb"));
        let student = fs::read_to_string(student).unwrap();
        let held: Vec<String> = cells(&student)
            .iter()
            .flat_map(|cell| texts(&source(cell)))
            .map(|text| text.split_whitespace().collect())
            .collect();
        assert_eq!(held.len(), questions.len(), "{stem}: publish it again");
        for closed in &questions {
            let text = encode(&closed.question);
            assert!(
                held.contains(&text),
                "{}: publish it again",
                closed.question.id
            );
            answer_in_every_way(closed, &text);
        }
        labs.push((stem, questions.len()));
    }
    assert!(!labs.is_empty());
    // As soon as one lab has closed questions, each has, but those that go on with another and have no points: `tp5b_…`.
    if labs.iter().any(|(_, count)| *count > 0) {
        let goes_on = |lab: &str| {
            let number = lab.split('_').next().unwrap_or_default();
            number.ends_with(|end: char| end.is_ascii_lowercase())
        };
        for (lab, count) in labs.iter().filter(|(lab, _)| !goes_on(lab)) {
            assert!(*count > 0, "{lab} has no closed question");
        }
    }
}
