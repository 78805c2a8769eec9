//! What a stopped cell prints, seen from outside: each case runs in a process of its own.

use std::process::Command;

use tp_protocol::Marker;

/// Name of the test that plays the cell.
const CHILD: &str = "panic::cell";
const CASE: &str = "VISAGES_TEST_CASE";

/// The cell's process: what the kernel's wrapper generates around a cell.
#[test]
#[ignore = "played by the other tests in a process of its own"]
fn cell() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use visages::notebook::{cell_failed, cell_panicked, enter_cell};

    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    // libtest may have begun a line.
    println!("\ndébut");
    enter_cell();
    let run = || match case.as_str() {
        "panic" => panic!("aïe\nseconde ligne"),
        "todo" => todo!("À FAIRE"),
        "index" => {
            let values = [1, 2, 3];
            let index = std::hint::black_box(7);
            println!("{}", values[index]);
        }
        "payload" => std::panic::panic_any(7_u8),
        "matmul" => {
            use visages::burn::tensor::{Device, Tensor};
            let device = Device::flex();
            let a = Tensor::<2>::zeros([2, 4], &device);
            let b = Tensor::<2>::zeros([5, 3], &device);
            println!("{}", a.matmul(b));
        }
        "thread" => {
            let outcome = std::thread::spawn(|| panic!("dans un fil")).join();
            assert!(outcome.is_err());
        }
        "rayon" => {
            let (_, _) = visages_rayon_join();
        }
        "failure" => cell_failed(&"dossier\nintrouvable"),
        "hostile" => cell_failed(&Hostile),
        "noter" => {
            use visages::notebook::{check, grade};
            let note = grade(
                2.0,
                &[
                    check("un", || true),
                    check("deux", || -> bool { todo!("À FAIRE") }),
                    check("trois", || -> bool { panic!("silence") }),
                ],
            );
            note.evcxr_display();
        }
        "twice" => {
            let first = catch_unwind(|| panic!("premier"));
            assert!(first.is_err());
            cell_panicked();
            enter_cell();
        }
        other => unreachable!("{other}"),
    };
    if catch_unwind(AssertUnwindSafe(run)).is_err() || case == "twice" {
        cell_panicked();
    }
    println!("fin");
}

/// A worker's panic reaches the caller without passing the hook again.
fn visages_rayon_join() -> (i32, i32) {
    rayon::join(
        || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            1
        },
        || panic!("dans un fil de calcul"),
    )
}

struct Hostile;

impl std::fmt::Display for Hostile {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("afficher échoue")
    }
}

/// Lines that the cell printed on stdout, and all of stderr.
fn play(case: &str, protocol: bool) -> (Vec<String>, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env(CASE, case)
        .env_remove("TP_PROTOCOLE")
        .env("RUST_BACKTRACE", "1");
    if protocol {
        command.env("TP_PROTOCOLE", "1");
    }
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{case}: {stdout}");
    let lines: Vec<String> = stdout
        .lines()
        .skip_while(|line| *line != "début")
        .skip(1)
        .map(str::to_owned)
        .collect();
    let end = lines
        .iter()
        .position(|line| line == "fin")
        .unwrap_or_else(|| panic!("{case}: {stdout}"));
    (
        lines[..end].to_vec(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn only_marker(case: &str) -> Marker {
    let (lines, stderr) = play(case, true);
    assert_eq!(lines.len(), 1, "{case}: {lines:?}");
    assert!(!stderr.contains("panicked at"), "{case}: {stderr}");
    Marker::decode(&lines[0]).unwrap().unwrap()
}

fn panic_message(case: &str) -> String {
    match only_marker(case) {
        Marker::Panic { message, location } => {
            assert!(location.is_some(), "{case}");
            message
        }
        other => panic!("{case}: {other:?}"),
    }
}

#[test]
fn a_panic_becomes_one_marker_and_stays_off_stderr() {
    assert_eq!(panic_message("panic"), "aïe\nseconde ligne");
    assert_eq!(panic_message("todo"), "Exercice à compléter : À FAIRE");
    assert_eq!(
        panic_message("index"),
        "indice 7 hors limites : il y a 3 éléments"
    );
    assert_eq!(panic_message("payload"), "cause inconnue");
}

#[test]
fn a_burn_shape_error_is_short_and_names_the_operation() {
    let message = panic_message("matmul");
    assert!(message.contains("« Matmul »"), "{message}");
    assert!(message.contains("formes [2, 4] et [5, 3]"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.chars().count() < 400, "{message}");
}

#[test]
fn without_protocol_the_reader_gets_one_french_line() {
    let (lines, stderr) = play("panic", false);
    assert_eq!(
        lines,
        ["✘ La cellule s'est arrêtée (panique) : aïe seconde ligne"]
    );
    assert!(!stderr.contains("aïe"), "{stderr}");
    let (lines, _) = play("failure", false);
    assert_eq!(
        lines,
        ["✘ La cellule s'est arrêtée (erreur) : dossier introuvable"]
    );
}

#[test]
fn a_failure_is_told_even_when_its_display_panics() {
    assert_eq!(
        only_marker("failure"),
        Marker::Failure {
            message: "dossier\nintrouvable".to_owned()
        }
    );
    let Marker::Failure { message } = only_marker("hostile") else {
        panic!("not a failure");
    };
    assert!(message.contains("a lui-même échoué"), "{message}");
}

#[test]
fn other_threads_say_one_line_and_the_cell_goes_on() {
    let (lines, stderr) = play("thread", true);
    assert!(lines.is_empty(), "{lines:?}");
    assert!(stderr.contains("arrière-plan"), "{stderr}");
    assert!(stderr.contains("dans un fil"), "{stderr}");
    assert!(!stderr.contains("RUST_BACKTRACE"), "{stderr}");
}

#[test]
fn a_workers_panic_that_reaches_the_cell_keeps_its_message() {
    let (lines, _) = play("rayon", true);
    assert_eq!(lines.len(), 1, "{lines:?}");
    match Marker::decode(&lines[0]).unwrap().unwrap() {
        Marker::Panic { message, .. } => assert_eq!(message, "dans un fil de calcul"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_cell_forgets_the_panics_before_it() {
    let (lines, _) = play("twice", true);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let messages: Vec<Marker> = lines
        .iter()
        .map(|line| Marker::decode(line).unwrap().unwrap())
        .collect();
    assert!(matches!(&messages[0], Marker::Panic { message, .. } if message == "premier"));
    assert!(matches!(&messages[1], Marker::Panic { message, .. } if message == "cause inconnue"));
}

#[test]
fn a_check_cell_prints_its_lines_its_marker_and_the_bare_number() {
    let (lines, stderr) = play("noter", true);
    assert_eq!(lines[0], "✔ un");
    assert_eq!(lines[1], "○ deux : à faire");
    assert_eq!(lines[2], "✘ trois : le code s'est arrêté : silence");
    assert_eq!(lines[3], "0,66 point sur 2 (1 vérification réussie sur 3)");
    assert_eq!(
        Marker::decode(&lines[4]).unwrap().unwrap(),
        Marker::Points {
            name: None,
            points: 0.66,
            max: 2.0,
            passed: 1,
            total: 3
        }
    );
    assert_eq!(
        lines[5..],
        [
            "EVCXR_BEGIN_CONTENT text/plain",
            "0.66",
            "EVCXR_END_CONTENT"
        ]
    );
    assert!(!stderr.contains("silence"), "{stderr}");

    let (lines, _) = play("noter", false);
    assert!(lines.iter().all(|line| Marker::decode(line).is_none()));
}
