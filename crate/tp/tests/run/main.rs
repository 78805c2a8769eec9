//! `tp run` as a program: verdicts, files, exit codes, Ctrl-C, kill -9. Needs what `cargo tp setup` puts in place.

mod cheats;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest wait for a kernel to start on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with notebooks, removed at the end of its test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        // A space and an accent: students' folders have them.
        let path = std::env::temp_dir().join(format!("tp essai été {name} {}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn notebook(&self, name: &str, cells: &[Value]) -> PathBuf {
        let kernelspec =
            json!({"name": "tp-rust", "display_name": "Rust (TP visages)", "language": "rust"});
        let metadata = json!({"kernelspec": kernelspec, "essai": {"garde": true}});
        let notebook =
            json!({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells});
        let path = self.0.join(name);
        std::fs::write(&path, notebook.to_string()).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn code(id: &str, source: &str) -> Value {
    json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": 9, "source": source,
           "outputs": [{"output_type": "stream", "name": "stdout", "text": "ancienne sortie"}]})
}

fn tagged(id: &str, source: &str, tag: &str) -> Value {
    let mut cell = code(id, source);
    cell["metadata"]["tags"] = json!([tag]);
    cell
}

fn tp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tp"));
    command.stdin(Stdio::null()).env_remove("TP_DONNEES");
    command
}

fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    (
        status.code(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn verdicts_files_and_exit_codes() {
    let scratch = Scratch::new("verdicts");
    let markdown =
        json!({"cell_type": "markdown", "id": "titre", "metadata": {}, "source": "# Titre"});
    let good = scratch.notebook(
        "bon.ipynb",
        &[
            markdown,
            code(
                "c1",
                "use visages::prelude::*;\nlet x = Tensor::<1>::ones([4], &Device::flex());",
            ),
            code("vide", "  "),
            tagged("c2", "let y: i32 = \"exprès\";", "raises-exception"),
            code(
                "c3",
                "println!(\"été : {}\", x.sum().into_scalar::<f32>());",
            ),
            code(
                "c4",
                "println!(\"{}\", std::env::var(\"TP_PRESET\")?);\nstd::env::var(\"TP_DONNEES\")?",
            ),
            code(
                "c5",
                "use visages::notebook::{check, grade};\ngrade(2.0, &[check(\"juste\", || true)])",
            ),
        ],
    );
    let bad = scratch.notebook(
        "faux.ipynb",
        &[
            code("f1", "use visages::prelude::*;"),
            code("f2", "panic!(\"raté\");"),
            code(
                "f3",
                "use visages::notebook::{check, grade};\ngrade(2.0, &[check(\"juste\", || true), check(\"fausse\", || false)])",
            ),
            code("f4", "println!(\"on continue\");"),
        ],
    );
    // Among others, what cannot be executed ends nothing.
    let broken = scratch.path("abîmé.ipynb");
    std::fs::write(&broken, "{\"nbformat\": 4").unwrap();
    let empty = scratch.notebook("vide.ipynb", &[code("rien", "  ")]);
    let output = scratch.path("résultats");
    let (status, stdout, stderr) = outcome(
        tp().args(["run", "--json", "--preset", "rapide", "--donnees"])
            .arg(&scratch.0)
            .arg("--sortie")
            .arg(&output)
            .args([&broken, &good, &empty, &bad]),
    );
    assert_eq!(status, Some(1), "{stderr}");

    let report: Value = serde_json::from_str(&stdout).unwrap();
    let [unreadable, fine, nothing, failed] = &report["notebooks"].as_array().unwrap()[..] else {
        panic!("{report}")
    };
    for (unusable, said) in [
        (unreadable, "abîmé.ipynb"),
        (nothing, "aucune cellule de code"),
    ] {
        assert_eq!(unusable["outcome"], "unusable");
        assert!(
            unusable["reason"].as_str().unwrap().contains(said),
            "{unusable}"
        );
        assert!(stderr.contains(said), "{stderr}");
    }
    assert_eq!(
        (&fine["outcome"], &failed["outcome"]),
        (&json!("ok"), &json!("failed")),
        "{stderr}"
    );
    assert_eq!(
        (&fine["cells_total"], &fine["points"]),
        (&json!(5), &json!({"points": 2.0, "max": 2.0}))
    );
    // A student's notebook goes on after a failure; each failure is told.
    let reasons: Vec<&Value> = failed["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| &cell["reason"])
        .collect();
    assert_eq!(reasons.len(), 4);
    assert!(reasons[0].is_null() && reasons[3].is_null());
    assert!(
        reasons[1].as_str().unwrap().starts_with("panique : raté"),
        "{reasons:?}"
    );
    assert_eq!(reasons[2], "vérification non réussie : 1/2 points");
    assert!(
        stderr.contains("cellule 5/5") && stderr.contains("✔ · 2/2 points"),
        "{stderr}"
    );

    // What is written: same notebook, new outputs, counts from 1.
    let written = read(&output.join("bon.ipynb"));
    assert_eq!(written["metadata"]["essai"], json!({"garde": true}));
    assert_eq!(written["metadata"]["kernelspec"]["name"], "tp-rust");
    let cells = written["cells"].as_array().unwrap();
    let counts: Vec<&Value> = cells.iter().map(|cell| &cell["execution_count"]).collect();
    assert_eq!(
        counts,
        [
            &Value::Null,
            &json!(1),
            &Value::Null,
            &json!(2),
            &json!(3),
            &json!(4),
            &json!(5)
        ]
    );
    assert_eq!(cells[2]["outputs"], json!([]));
    assert_eq!(cells[3]["outputs"][0]["output_type"], "error");
    assert_eq!(
        cells[4]["outputs"],
        json!([{"output_type": "stream", "name": "stdout", "text": ["été : 4\n"]}])
    );
    assert_eq!(cells[5]["outputs"][0]["text"], json!(["rapide\n"]));
    let shown = cells[5]["outputs"][1]["data"]["text/plain"].to_string();
    assert!(shown.contains(&*scratch.0.to_string_lossy()), "{shown}");
    assert_eq!(
        cells[6]["outputs"].as_array().unwrap().last().unwrap()["execution_count"],
        5
    );
    let page = std::fs::read_to_string(output.join("bon.html")).unwrap();
    assert!(
        page.contains("été : 4")
            && page.contains("lang=\"fr\"")
            && !page.contains("ancienne sortie")
    );
    assert!(output.join("faux.html").is_file());
}

#[test]
fn closed_questions_are_judged_in_a_kernel() {
    use tp_protocol::question::{Choice, Kind, Question, encode};

    let scratch = Scratch::new("questions");
    // A draft is executed as it would be published: its solution answers everything.
    let draft = "# Essai\n\n```rust\nuse visages::prelude::*;\n```\n\n\
        <!-- #region question=\"q_a\" points=1.5 -->\n#### Question · Un\n\nQuoi ?\n\n- A. Ceci. — Non.\n- B. ✔ Cela. — Oui.\n<!-- #endregion -->\n\n\
        <!-- #region question=\"q_n\" points=1 sorte=\"nombre\" tolerance=0.01 -->\n#### Question · Deux\n\nCombien ?\n\n- ✔ 0,31 — Oui.\n<!-- #endregion -->\n\n\
        <!-- #region prediction=\"p_b\" points=0.5 -->\n#### Prédiction · Trois\n\nPrédisez.\n\n- A. Peu. — Ainsi.\n- B. Beaucoup. — Autrement.\n<!-- #endregion -->\n\n\
        ```rust\nlet measured = 3;\n```\n\n<!-- retour: p_b -->\n\n\
        ```rust exercice=\"double\"\nfn double(x: i32) -> i32 {\n    // BEGIN SOLUTION\n    2 * x\n    // END SOLUTION\n}\n```\n\n\
        ```rust verification=\"double\" points=1\ngrade(1.0, &[check(\"deux\", || double(1) == 2)])\n```\n";
    std::fs::write(scratch.path("essai.md"), draft).unwrap();
    let out = scratch.path("sorties");
    let (status, stdout, stderr) = outcome(
        tp().args(["run", "essai.md", "--sortie"])
            .arg(&out)
            .current_dir(&scratch.0),
    );
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("4/4 points"), "{stdout}");
    let executed = read(&out.join("essai.ipynb")).to_string();
    for said in [
        "● Trois : vous aviez prédit « A. Peu. » Comparez avec la mesure",
        "    Ainsi.",
        "Trois (0,5\u{a0}point)",
    ] {
        assert!(executed.contains(said), "{said}: {executed}");
    }

    // What a student may leave there: nothing, a number, a character, a wrong choice.
    let question = |id: &str, kind, letters, answer: &str| {
        let choice = |answer: &str, right| Choice {
            answer: answer.to_owned(),
            text: String::new(),
            right,
            explanation: format!("Voici {answer}."),
        };
        encode(&Question {
            id: format!("tp0/{id}"),
            title: id.to_owned(),
            points: 1.0,
            kind,
            letters,
            choices: vec![choice(answer, true), choice("A", false)],
        })
    };
    let number = question("q_n", Kind::Number { tolerance: 0.0 }, 0, "12");
    let one = question("q_o", Kind::One, 2, "B");
    let check = format!(
        "{{ use ::visages::notebook::{{question, questions}};\nquestions(&[question(\"{number}\", &q_n), question(\n\"\n{one}\n\", &q_o)]) }}"
    );
    scratch.notebook(
        "copie.ipynb",
        &[
            code("a", "let q_n = \"\";\nlet q_o = \"\";"),
            code("b", &check),
            code("c", "let q_n = 12;\nlet q_o = 'a';"),
            code("d", &check),
        ],
    );
    let (status, stdout, stderr) = outcome(
        tp().args(["run", "copie.ipynb", "--sortie"])
            .arg(&out)
            .current_dir(&scratch.0),
    );
    assert_eq!(status, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("1/4 points"), "{stdout}{stderr}");
    let executed = read(&out.join("copie.ipynb")).to_string();
    for said in [
        "○ q_n : à répondre.",
        "✔ q_n : 12.",
        "✘ q_o : A.",
        "Voici A.",
    ] {
        assert!(executed.contains(said), "{said}: {executed}");
    }
}

#[test]
fn bad_requests_are_told_in_one_french_line() {
    let scratch = Scratch::new("demandes");
    let python = json!({"nbformat": 4, "nbformat_minor": 5, "cells": [],
                        "metadata": {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}});
    std::fs::write(scratch.path("python.ipynb"), python.to_string()).unwrap();
    std::fs::write(scratch.path("abîmé.ipynb"), "{\"nbformat\": 4").unwrap();
    scratch.notebook("vide.ipynb", &[code("rien", "  ")]);
    std::fs::write(
        scratch.path("lisez-moi.md"),
        "# Titre\n\n```bash\nls\n```\n",
    )
    .unwrap();
    std::fs::write(scratch.path("texte.md"), "# Titre\n\nUn texte.\n").unwrap();
    std::fs::create_dir(scratch.path("dossier")).unwrap();
    for (arguments, expected) in [
        (vec!["run", "tp99"], "« tp99 » n'existe pas"),
        (vec!["run", "absent.ipynb"], "absent.ipynb"),
        (vec!["run", "python.ipynb"], "python"),
        (vec!["run", "abîmé.ipynb"], "abîmé.ipynb"),
        (
            vec!["run", "python.ipynb", "--donnees", "nulle-part"],
            "nulle-part",
        ),
        (vec!["run", "python.ipynb", "python.ipynb"], "deux fois"),
        (vec!["run", "vide.ipynb"], "aucune cellule de code"),
        (vec!["run", "lisez-moi.md"], "« bash »"),
        (vec!["run", "texte.md"], "aucune cellule de code"),
        (vec!["run", "dossier"], "aucun notebook"),
        // The result would take the hand-in's place.
        (
            vec!["run", "vide.ipynb", "--sortie", "."],
            "donnez à --sortie un autre dossier",
        ),
        (
            vec!["run", "python.ipynb", "vide.ipynb"],
            "Aucun de ces notebooks",
        ),
        (vec!["run", "tp5", "--tous"], "--tous"),
        (
            vec!["run", "tp5", "--preset", "enorme"],
            "rapide, seance, complet",
        ),
        (vec!["run"], "TP|FICHIER"),
    ] {
        let (status, stdout, stderr) = outcome(tp().args(&arguments).current_dir(&scratch.0));
        assert_eq!(status, Some(2), "{arguments:?}: {stderr}");
        // Of several notebooks, each is told.
        assert!(
            stdout.is_empty() || expected.starts_with("Aucun"),
            "{stdout}"
        );
        let last = stderr.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("✘ ") && last.contains(expected),
            "{arguments:?}: {stderr}"
        );
    }
}

/// A running `tp run` of a notebook whose second cell writes its process id into a file and never ends.
struct Endless {
    child: Child,
    cell: u32,
}

impl Endless {
    fn start(scratch: &Scratch) -> Self {
        let file = scratch.path("pid");
        let endless = format!(
            "std::fs::write({:?}, std::process::id().to_string())?;\nloop {{ std::thread::sleep(std::time::Duration::from_millis(20)); }}",
            file
        );
        let notebook = scratch.notebook(
            "sans-fin.ipynb",
            &[code("a", "println!(\"fait\");"), code("b", &endless)],
        );
        let mut child = tp();
        child
            .arg("run")
            .arg(&notebook)
            .arg("--sortie")
            .arg(scratch.path("sortie"));
        let child = child
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let cell = loop {
            match std::fs::read_to_string(&file)
                .ok()
                .and_then(|text| text.parse().ok())
            {
                Some(pid) => break pid,
                None if start.elapsed() > PATIENCE => panic!("the cell did not start"),
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        Self { child, cell }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(name)
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end of `tp` and of the cell's process.
    fn end(mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        let start = Instant::now();
        while Path::new(&format!("/proc/{}", self.cell)).exists() {
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "the cell's process outlived tp"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        status
    }
}

#[test]
fn ctrl_c_saves_what_was_done_and_ends_the_kernel() {
    let scratch = Scratch::new("interruption");
    let endless = Endless::start(&scratch);
    endless.signal("-INT");
    assert_eq!(endless.end().code(), Some(2));
    let written = read(&scratch.path("sortie/sans-fin.ipynb"));
    assert_eq!(written["cells"][0]["outputs"][0]["text"], json!(["fait\n"]));
    assert_eq!(written["cells"][1]["outputs"], json!([]));
}

#[cfg(target_os = "linux")]
#[test]
fn kill_9_of_tp_leaves_no_kernel() {
    let scratch = Scratch::new("mort");
    let endless = Endless::start(&scratch);
    endless.signal("-KILL");
    assert_eq!(endless.end().code(), None);
}
