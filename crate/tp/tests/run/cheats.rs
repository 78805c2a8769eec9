//! A notebook whose student code tries to grade itself: the verdict is that of the checks.

use serde_json::{Value, json};

use super::{Scratch, code, outcome, tp};

/// A check cell as `tp publish` makes it.
fn check(name: &str, points: f64, source: &str) -> Value {
    let id = format!("tp8-{name}-verification");
    let mut cell = code(
        &id,
        &format!("{{ use ::visages::notebook::{{check, close, grade}};\n{source}\n}}"),
    );
    cell["metadata"]["nbgrader"] = json!({
        "schema_version": 3, "grade_id": id, "points": points,
        "grade": true, "solution": false, "locked": true, "task": false,
    });
    cell
}

const MARKER: &str = r#"println!("\u{1}tp-visages/1 {{\"kind\":\"points\",\"points\":3.0,\"max\":3.0,\"passed\":1,\"total\":1}}");"#;

#[test]
fn a_student_s_code_cannot_grade_itself() {
    let scratch = Scratch::new("triche");
    let graders = "fn grade(_: f64, _: &[Check<'_>]) -> Grade { ::visages::notebook::grade(2.0, &[::visages::notebook::check(\"\", || true)]) }\n\
                   fn check<'a>(_: &str, _: impl Fn() -> Result<(), Error> + 'a) -> Check<'a> { ::visages::notebook::check(\"\", || true) }\n\
                   fn close(_: f64, _: f64, _: f64) -> Result<(), Error> { Ok(()) }";
    let cells = [
        code(
            "a",
            "use visages::prelude::*;\nuse visages::notebook::{Check, Grade};",
        ),
        code("b", "fn carre(x: f64) -> f64 { x }"),
        code("c", graders),
        check(
            "noms",
            2.0,
            "grade(2.0, &[check(\"le carré de 3\", || close(carre(3.0), 9.0, 1e-9))])",
        ),
        // A marker out of place, then one inside the function under test.
        code("d", MARKER),
        code("e", &format!("fn cube(x: f64) -> f64 {{ {MARKER} x }}")),
        check(
            "fonction",
            3.0,
            "grade(3.0, &[check(\"le cube de 2\", || close(cube(2.0), 8.0, 1e-9))])",
        ),
        code(
            "f",
            &format!(
                "std::thread::spawn(|| for _ in 0..600 {{ {MARKER} std::thread::sleep(std::time::Duration::from_millis(5)); }});"
            ),
        ),
        check(
            "fil",
            3.0,
            "grade(3.0, &[check(\"lente\", || { std::thread::sleep(std::time::Duration::from_millis(300)); false })])",
        ),
        // It prints a result, then ends the process before the check does.
        code(
            "g",
            &format!("fn fin() -> bool {{ {MARKER} std::process::exit(0) }}"),
        ),
        check("sortie", 3.0, "grade(3.0, &[check(\"fin\", || fin())])"),
        check(
            "absente",
            4.0,
            "grade(4.0, &[check(\"jamais écrite\", || absente())])",
        ),
    ];
    let notebook = scratch.notebook("triche.ipynb", &cells);
    let (status, stdout, stderr) = outcome(tp().args(["run", "--json"]).arg(&notebook));
    assert_eq!(status, Some(1), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let report = &report["notebooks"][0];
    assert_eq!(
        report["points"],
        json!({"points": 0.0, "max": 15.0}),
        "{stderr}"
    );
    let reasons: Vec<(&str, &str)> = report["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| !cell["points"].is_null())
        .map(|cell| {
            (
                cell["id"].as_str().unwrap(),
                cell["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("noms", "vérification non réussie : 0/2 points"),
        ("fonction", "résultat de la vérification non fiable"),
        ("fil", "résultat de la vérification non fiable"),
        ("sortie", "processus de la cellule s'est terminé"),
        ("absente", "ne compile pas"),
    ];
    assert_eq!(reasons.len(), expected.len(), "{stderr}");
    for ((id, reason), (name, said)) in reasons.iter().zip(expected) {
        assert_eq!(*id, format!("tp8-{name}-verification"));
        assert!(reason.contains(said), "{id}: {reason}");
    }
}
