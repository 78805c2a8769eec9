//! What goes wrong in a cell is seen, and costs nothing more than it must.

use std::time::{Duration, Instant};

use tp::jupyter::{CellError, CellResult, CellStatus};
use tp_protocol::Marker;

use super::{ok, run, shared};

#[test]
fn an_interrupted_compiler_harms_no_later_cell() {
    let mut client = shared();
    ok(&mut client, "let valeurs = vec![1.0, 0.5, 0.25];");
    // The moments of a compilation: its machine code is written, then linked.
    let mut cut = 0;
    for tour in 0..6_u64 {
        let code = format!(
            "let textes{tour} = valeurs.iter().map(|v| format!(\"{{v}}\")).collect::<Vec<_>>();"
        );
        let moment = Duration::from_millis(150 + 125 * tour);
        let result = client.execute(&code, moment, &mut |_| ()).unwrap();
        let told = result.error().map(|error| error.value.clone());
        cut += usize::from(told.is_some_and(|told| told.contains("Compilation interrompue")));
        let code = "{ let somme: f64 = valeurs.iter().sum(); println!(\"{somme}\"); }";
        assert_eq!(ok(&mut client, code), "1.75\n", "stopped after {moment:?}");
    }
    assert!(cut >= 2, "{cut} compilations were interrupted");
}

/// What the system does when memory is short: the compiler alone is killed.
#[test]
fn a_compiler_that_the_system_kills_is_told_and_harms_no_later_cell() {
    let mut client = shared();
    ok(&mut client, "let valeurs = vec![1.0, 0.5, 0.25];");
    let mut told = 0;
    for tour in 0..6_u64 {
        let kernel = client.id();
        // From the moment when the compiler is there: on a busy machine cargo takes its time to start it.
        let moment = Duration::from_millis(40 * tour);
        let killer = std::thread::spawn(move || {
            let given_up = Instant::now() + Duration::from_secs(30);
            while compilers(kernel).is_empty() && Instant::now() < given_up {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(moment);
            compilers(kernel).into_iter().for_each(tp::platform::kill);
        });
        let code = format!(
            "let textes{tour} = valeurs.iter().map(|v| format!(\"{{v}}\")).collect::<Vec<_>>();"
        );
        let result = run(&mut client, &code);
        killer.join().unwrap();
        if let Some(error) = result.error() {
            assert_eq!(error.name, "EchecDuCompilateur", "{error:#?}");
            assert!(error.traceback.len() < 15, "{error:#?}");
            told += usize::from(error.value.contains("mémoire"));
        }
        let code = "{ let somme: f64 = valeurs.iter().sum(); println!(\"{somme}\"); }";
        assert_eq!(ok(&mut client, code), "1.75\n", "killed after {moment:?}");
    }
    assert!(told >= 2, "{told} compilers were killed");
}

/// The compilers below a process.
fn compilers(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for pid in tp::platform::children(parent) {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        if name.trim() == "rustc" {
            found.push(pid);
        }
        found.extend(compilers(pid));
    }
    found
}

#[test]
fn failures_are_typed_and_leave_the_variables() {
    let mut client = shared();
    ok(&mut client, "let device = Device::flex();");
    ok(&mut client, "let a = Tensor::<2>::ones([2, 3], &device);");
    ok(&mut client, "let mut compte = 41;");
    ok(&mut client, "let df = df!(\"n\" => [1_i64, 2])?;");

    // A burn panic: shapes that do not match.
    let result = run(
        &mut client,
        "let faux = a.clone().matmul(Tensor::<2>::ones([2, 3], &device));",
    );
    let message = panic_message(&result);
    assert!(!message.is_empty() && message.len() < 1000, "{message}");
    let error = told(&result, "Panique");
    assert!(
        error.value.contains("[2, 3] et [2, 3]"),
        "the shapes: {error:?}"
    );
    points_at(&error, "let faux = a.clone()");
    // A panic of the student's own, in a function of another cell.
    ok(
        &mut client,
        "fn inverse(x: i32) -> i32 {\n    assert!(x != 0, \"division par zéro\");\n    1 / x\n}",
    );
    let result = run(&mut client, "inverse(0)");
    assert!(panic_message(&result).contains("division par zéro"));
    let error = told(&result, "Panique");
    points_at(&error, "assert!(x != 0");
    let place = format!("de la cellule [{}]", result.execution_count - 1);
    assert!(error.traceback.concat().contains(&place), "{error:?}");
    // Every variable is still there, and the value is the one before the panic.
    ok(&mut client, "compte += 1;");
    let text = ok(
        &mut client,
        "println!(\"{compte} {:?} {}\", a.dims(), df.height());",
    );
    assert_eq!(text, "42 [2, 3] 2\n");

    // A caught panic is no error.
    let code =
        "let attrape = std::panic::catch_unwind(|| inverse(0)).is_err();\nprintln!(\"{attrape}\");";
    assert_eq!(ok(&mut client, code), "true\n");

    // An error passed on by `?` is one.
    let result = run(
        &mut client,
        "let colonne = df.column(\"absente\")?.clone();",
    );
    let message = failure_message(&result);
    assert!(message.contains("absente"), "{message}");
    let result = run(
        &mut client,
        "let ici = std::env::current_dir()?;\nlet fichier = std::fs::read_to_string(\"/nulle/part\")?;",
    );
    assert!(!failure_message(&result).is_empty());
    points_at(&told(&result, "Erreur"), "let fichier");
    assert_eq!(ok(&mut client, "println!(\"{compte}\");"), "42\n");

    // Code that does not compile.
    let result = run(&mut client, "let texte: i32 = \"un\";");
    assert_eq!(result.status, CellStatus::Error);
    let error = result.error().expect("an error output");
    assert!(
        error.value.contains("mismatched types") && error.traceback.len() > 1,
        "{error:?}"
    );
    assert!(error.traceback[0].contains("type attendu"), "{error:?}");
    assert_eq!(ok(&mut client, "println!(\"{compte}\");"), "42\n");

    // What a cell prints that looks like a message of ours, but in the middle of a line, stays text.
    let code = format!(
        "println!(\"x{}1 {{{{}}}}\");",
        tp_protocol::PREFIX.escape_default()
    );
    let result = run(&mut client, &code);
    assert!(
        result.markers.is_empty() && result.stdout().contains("tp-visages/1"),
        "{result:#?}"
    );

    // The end of the cell's process: variables are lost, definitions and the kernel stay.
    let result = run(&mut client, "std::process::exit(3);");
    let error = told(&result, "ProcessusTermine");
    assert!(error.value.contains("code de sortie 3"), "{error:?}");
    let error = told(&run(&mut client, "compte"), "ErreurDeCompilation");
    assert!(error.traceback[0].contains("n'existe plus"), "{error:?}");
    assert_eq!(ok(&mut client, "println!(\"{}\", inverse(1));"), "1\n");
}

/// What a beginner's cells show: values behind an unfinished line, the line of every panic, refused numbers.
#[test]
fn the_mistakes_of_a_beginner_are_told_where_they_are() {
    let mut client = shared();
    let result = run(&mut client, "print!(\"x = \");\n3");
    assert_eq!(
        (result.stdout(), result.value()),
        ("x = ".to_owned(), Some("3"))
    );
    ok(
        &mut client,
        "let a = Tensor::<2>::ones([2, 3], &Device::flex());\nlet b = Tensor::<2>::ones([3, 3], &Device::flex());",
    );
    let shown = run(&mut client, "a.clone() * 2.0");
    assert!(
        shown
            .value()
            .is_some_and(|value| value.contains("[2.0, 2.0, 2.0]")),
        "{shown:#?}"
    );
    // The panics of a library, in cells that were loaded after the first.
    for code in [
        "let c = a.clone() + b.clone();",
        "println!(\"suite\");\nlet c = a.clone() + b.clone();",
    ] {
        let error = told(&run(&mut client, code), "Panique");
        assert!(error.value.contains("[2, 3] et [3, 3]"), "{error:?}");
        points_at(&error, "let c = a.clone() + b.clone();");
    }
    // In the last expression; in a function, though another cell holds the same line.
    points_at(
        &told(&run(&mut client, "let z = 0;\n10 / z"), "Panique"),
        "10 / z",
    );
    ok(
        &mut client,
        "fn acces(v: &[i32], i: usize) -> i32 {\n    let x = v[i];\n    x + 1\n}",
    );
    let (function, number) = (
        "de la cellule",
        client
            .execute(
                "let v = [1, 2]; let i = 1;\nlet x = v[i];\nprintln!(\"{x}\");",
                Duration::from_secs(60),
                &mut |_| (),
            )
            .unwrap()
            .execution_count
            - 1,
    );
    let error = told(&run(&mut client, "let r = acces(&[1, 2], 7);"), "Panique");
    assert!(
        error
            .traceback
            .concat()
            .contains(&format!("ligne 2 {function} [{number}]")),
        "{error:?}"
    );
    // Code with an accent has its hint and its line too.
    let error = told(
        &run(
            &mut client,
            "// été\nlet liste: Vec<i32> = Vec::new();\nliste.push(1);",
        ),
        "ErreurDeCompilation",
    );
    let text = error.traceback.join("\n");
    assert!(
        text.contains("let mut liste") && text.contains("à la ligne 3"),
        "{text}"
    );
    // What a failed cell would have defined is not said to have been there, even where a macro has the name.
    let error = told(&run(&mut client, "liste"), "ErreurDeCompilation");
    assert!(!error.traceback[0].contains("n'existe plus"), "{error:?}");
    let failed = run(
        &mut client,
        "let s = std::fs::read_to_string(\"/nulle/part\")?;",
    );
    let error = told(&run(&mut client, "s.len()"), "ErreurDeCompilation");
    let text = error.traceback.join("\n");
    let cell = format!("La cellule [{}]", failed.execution_count);
    assert!(
        text.contains("« s » n'existe pas") && text.contains(&cell),
        "{text}"
    );
    let error = told(
        &run(&mut client, "let grand: u8 = 300;"),
        "ErreurDeCompilation",
    );
    assert!(
        error.traceback[0].contains("ne tient pas dans son type"),
        "{error:?}"
    );
}

/// evcxr takes a line of its own words for an order, and waits for ever for one that another text is glued to.
#[test]
fn a_thread_that_prints_without_end_of_line_hangs_no_cell() {
    let mut client = shared();
    for pause in [0, 3] {
        let thread = format!(
            "let printer = std::thread::spawn(|| {{ use std::io::Write; let start = std::time::Instant::now();\n\
             while start.elapsed().as_secs_f64() < 4.0 {{ print!(\"x\"); let _ = std::io::stdout().flush(); \
             std::thread::sleep(std::time::Duration::from_millis({pause})); }} }});"
        );
        let limit = Duration::from_secs(60);
        for (code, shown) in [
            (thread.as_str(), ""),
            ("let seize = 16;\nseize", "\"16\""),
            ("fn vingt() -> i32 {\n    20\n}", ""),
            ("vingt()", "\"20\""),
        ] {
            let result = client.execute(code, limit, &mut |_| ()).unwrap();
            let outputs = serde_json::to_string(&result.outputs).unwrap();
            assert_eq!(result.status, CellStatus::Ok, "{code}: {result:#?}");
            assert!(outputs.contains(shown), "{code}: {outputs}");
        }
        let error = told(&run(&mut client, "panic!(\"toujours vue\")"), "Panique");
        assert!(error.value.contains("toujours vue"), "{error:?}");
        // The kernel is shared: what the thread still prints would stand in the next test's cells.
        ok(&mut client, "let _ = printer.join();");
    }
}

/// Without anybody to ask, a line read from the keyboard is empty; the next order is evcxr's, not the cell's.
#[test]
fn a_cell_that_reads_its_standard_input_does_not_wait_for_ever() {
    let mut client = shared();
    let code = "let mut nom = String::new();\nstd::io::stdin().read_line(&mut nom)?;\nprintln!(\"lu {nom:?}\");";
    let limit = Duration::from_secs(60);
    let result = client.execute(code, limit, &mut |_| ()).unwrap();
    assert_eq!(
        (result.status, result.stdout().as_str()),
        (CellStatus::Ok, "lu \"\\n\"\n")
    );
    assert_eq!(ok(&mut client, "println!(\"{}\", nom.len());"), "1\n");
}

/// The error output of a cell that failed.
fn told(result: &CellResult, name: &str) -> CellError {
    assert_eq!(result.status, CellStatus::Error, "{result:#?}");
    let error = result.error().expect("an error output");
    assert_eq!(error.name, name, "{error:?}");
    assert!(
        !error.traceback.concat().contains("src/lib.rs"),
        "no line of a file that the student never saw: {error:?}"
    );
    error
}

/// The traceback shows this line of the student's.
fn points_at(error: &CellError, line: &str) {
    let shown = error.traceback.iter().find(|text| text.contains('→'));
    assert!(shown.is_some_and(|text| text.contains(line)), "{error:?}");
}

fn panic_message(result: &CellResult) -> String {
    match &result.markers[..] {
        [Marker::Panic { message, .. }] => message.clone(),
        _ => panic!("no panic marker: {result:#?}"),
    }
}

fn failure_message(result: &CellResult) -> String {
    match &result.markers[..] {
        [Marker::Failure { message }] => message.clone(),
        _ => panic!("no failure marker: {result:#?}"),
    }
}
