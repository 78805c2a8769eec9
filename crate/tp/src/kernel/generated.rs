//! What becomes of the source that evcxr generates around a cell: its panics and errors are told in our own words, because
//! evcxr swallows them; its end is told to evcxr alone; its last value is shown in one compilation; what its variables wait in
//! is compiled once, in the library.
//!
//! Lines stay where they are, so that the positions of compiler messages hold. evcxr's own text is that of 0.22.0, to which
//! the kernel is pinned; should it change, [`verify`] refuses what could not be rewritten.

use super::brackets::brackets;

/// Lines that evcxr generates, with what stands in for them. Each stays one line, and is an expression or statement
/// wherever the original is one.
const LINES: [(&str, &str); 8] = [
    (
        "match std::panic::catch_unwind(",
        "match ::visages::notebook::run_cell(",
    ),
    (
        "if std::panic::catch_unwind(||{",
        "if ::visages::notebook::run_cell(||{",
    ),
    (
        "    println!(\"EVCXR_PANIC_NOTIFICATION\");",
        "    ::visages::notebook::tell_evcxr(\"EVCXR_PANIC_NOTIFICATION\");",
    ),
    // The caller's place is that of the `?`.
    (
        "                fn from(error: T) -> Self {",
        "                #[track_caller] fn from(error: T) -> Self {",
    ),
    ("                    eprintln!(\"{}\", error);", ""),
    (
        "                    println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);",
        "                    ::visages::notebook::cell_failed(&error);::visages::notebook::tell_evcxr(evcxr_internal_runtime::USER_ERROR_OCCURRED);",
    ),
    // The three ends of a cell.
    (
        "if !vars_ok {return evcxr_variable_store;}}",
        "if !vars_ok {::visages::notebook::leave_cell();return evcxr_variable_store;}}",
    ),
    (
        "evcxr_variable_store",
        "::visages::notebook::leave_cell();evcxr_variable_store",
    ),
];

/// The first line of the module with which evcxr keeps variables, and the one that stands in for it. The rest of the module
/// becomes as many empty lines.
const STORE: (&str, &str) = (
    "mod evcxr_internal_runtime {",
    "mod evcxr_internal_runtime {pub use ::visages::notebook::variables::*;",
);
/// The line behind that module.
const AFTER_STORE: &str = "#[unsafe(no_mangle)]";

/// The end of a cell that holds definitions alone.
const EMPTY: (&str, &str) = (
    "mut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {x}",
    "mut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {::visages::notebook::leave_cell();x}",
);

/// What evcxr puts around the last expression of a cell, on lines of their own, before it and behind it.
const DISPLAY: (&str, &str) = ("(", ").evcxr_display();");
/// The same, once that did not compile.
const DEBUG: (&str, &str) = ("evcxr_send_text_plain(&format!(\"{:?}\",&(", ")));");

/// What stands in for [`DEBUG`]. Its first line ends as evcxr's does.
const SHOWN_AS_DEBUG: (&str, &str) = ("::visages::notebook::shown::show_debug(&(", "));");

/// The source as it is compiled. `shows_all` when no crate of the student's own may show its values in another way.
pub(super) fn rewritten(code: &str, shows_all: bool) -> String {
    let mut lines: Vec<&str> = code.split('\n').collect();
    for line in &mut lines {
        let known = LINES.iter().chain([&EMPTY]);
        if let Some((_, ours)) = known.into_iter().find(|(generated, _)| generated == line) {
            *line = ours;
        }
    }
    if let Some((start, end)) = store(&lines) {
        lines[start + 1..end].fill("");
        lines[start] = STORE.1;
    }
    let last = |lines: &[&str], wanted: &str| lines.iter().rposition(|line| *line == wanted);
    if let Some(end) = last(&lines, DISPLAY.1) {
        if let Some(start) = opening(&lines, end) {
            lines[start] = "::visages::shown!(";
            lines[end] = if shows_all { ");" } else { ", strict);" };
        }
    } else if let Some(start) = last(&lines, DEBUG.0)
        && let Some(end) = last(&lines, DEBUG.1).filter(|end| *end > start)
    {
        (lines[start], lines[end]) = SHOWN_AS_DEBUG;
    }
    lines.join("\n")
}

/// The first and the last line of the module that keeps variables. A student's text stands above it and below it.
fn store(lines: &[&str]) -> Option<(usize, usize)> {
    let after = lines.iter().rposition(|line| *line == AFTER_STORE)?;
    let start = lines[..after].iter().rposition(|line| *line == STORE.0)?;
    let end = after.checked_sub(1).filter(|end| lines[*end] == "}")?;
    Some((start, end))
}

/// The line of evcxr's « ( » that line `end` closes: the nearest one from which all that is opened is closed.
fn opening(lines: &[&str], end: usize) -> Option<usize> {
    let candidates = (0..end).rev().filter(|line| lines[*line] == DISPLAY.0);
    candidates
        .into_iter()
        .find(|start| matches!(brackets(&lines[start + 1..end].join("\n")), Ok(0)))
}

/// Whether a cell's source was rewritten all through.
///
/// # Errors
/// What was not found, in one French line.
pub(super) fn verify(code: &str) -> Result<(), String> {
    let has = |text: &str| code.contains(text);
    let line_begins = |text: &str| code.lines().any(|line| line.trim_start().starts_with(text));
    let runs = has("pub extern \"C\" fn run_user_code_");
    let cell = code.split_once("pub extern \"C\" fn run_user_code_");
    let cell = cell.map_or("", |(_, cell)| cell);
    let caught = cell.contains(" ::visages::notebook::run_cell(");
    let missing = if runs && !has("::visages::notebook::leave_cell();") {
        "la fin d'une cellule"
    } else if line_begins("println!(\"EVCXR_PANIC_NOTIFICATION\")")
        || !caught && cell.contains("catch_unwind")
    {
        "la reprise après une panique"
    } else if line_begins("println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED") {
        "l'annonce d'une erreur"
    } else if cell.contains("evcxr_internal_runtime::VariableStore") && !has(STORE.1) {
        "la réserve des variables"
    } else {
        return Ok(());
    };
    Err(format!(
        "ce noyau ne reconnaît pas {missing} dans le texte qu'engendre evcxr. Relancez : cargo tp setup"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As evcxr 0.22.0 writes it, shortened.
    const CELL: &str = "#![allow(unused_imports, unused_mut, dead_code)]
fn f() -> bool {
std::panic::catch_unwind(|| 1).is_err()
}
            struct EvcxrUserCodeError {}
                fn from(error: T) -> Self {
                    eprintln!(\"{}\", error);
                    println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);
mod evcxr_internal_runtime {
pub struct VariableStore {
    variables: std::collections::HashMap<String, Box<dyn std::any::Any + 'static>>,
}
}
#[unsafe(no_mangle)]
pub extern \"C\" fn run_user_code_3(
mut evcxr_variable_store: *mut evcxr_internal_runtime::VariableStore)
if !vars_ok {return evcxr_variable_store;}}
match std::panic::catch_unwind(
  std::panic::AssertUnwindSafe(||{
let a = (
(
1
)
);
(
f(
(
\")\".len()
)
) // (
).evcxr_display();
})) { \n  Ok(_) => {}
  Err(_) => {
    println!(\"EVCXR_PANIC_NOTIFICATION\");
}}
evcxr_variable_store
}
";

    #[test]
    fn a_cell_is_rewritten_line_for_line() {
        let ours = rewritten(CELL, true);
        assert_eq!(ours.lines().count(), CELL.lines().count());
        assert_eq!(verify(&ours), Ok(()));
        // The student's own is theirs.
        assert!(ours.contains("\nstd::panic::catch_unwind(|| 1).is_err()\n"));
        assert!(
            ours.contains("\n::visages::shown!(\nf(\n(\n\")\".len()\n)\n) // (\n);\n"),
            "{ours}"
        );
        assert!(ours.contains("variables::*;\n\n\n\n}\n#[unsafe") && !ours.contains("HashMap"));
        assert!(ours.contains("let a = (\n(\n1\n)\n);\n"), "{ours}");
        assert_eq!(ours.matches("leave_cell();").count(), 2);
        assert!(rewritten(CELL, false).contains("\n, strict);\n"));
        for unknown in ["let x = 1;\n", "", "(\n1\n", ").evcxr_display();\n"] {
            assert_eq!(rewritten(unknown, true), unknown);
        }
        let definitions = format!("pub extern \"C\" fn run_user_code_4(\n{}\n", EMPTY.0);
        assert_eq!(verify(&rewritten(&definitions, true)), Ok(()));
    }

    #[test]
    fn a_value_that_is_only_debug_is_ours_too() {
        let code =
            "evcxr_send_text_plain(&format!(\"{:?}\",&(\nf(((1\n)))\n)));\nevcxr_variable_store\n";
        assert_eq!(
            rewritten(code, true),
            "::visages::notebook::shown::show_debug(&(\nf(((1\n)))\n));\n::visages::notebook::leave_cell();evcxr_variable_store\n"
        );
    }

    #[test]
    fn another_text_of_evcxr_s_is_refused() {
        for (ours, other) in [
            (
                "match std::panic::catch_unwind(",
                "match std::panic::catch_unwind::<_, _>(",
            ),
            ("    println!(\"EVCXR_PANIC_N", "  println!(\"EVCXR_PANIC_N"),
            ("USER_ERROR_OCCURRED);", "USER_ERROR_OCCURRED, );"),
            ("mod evcxr_internal_runtime {", "mod evcxr_runtime {"),
            ("}\n}\n#[unsafe", "}\n}\n\n#[unsafe"),
        ] {
            let other = CELL.replace(ours, other);
            assert_ne!(other, CELL);
            let refused = verify(&rewritten(&other, true)).unwrap_err();
            assert!(refused.contains("cargo tp setup"), "{refused}");
        }
        let endless = CELL
            .replace(
                "\nevcxr_variable_store\n",
                "\nreturn evcxr_variable_store;\n",
            )
            .replace("if !vars_ok {", "if ! vars_ok {");
        assert!(verify(&rewritten(&endless, true)).is_err());
    }
}
