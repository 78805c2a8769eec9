//! Failures of the compiler itself, whatever the cell says: killed for want of memory, no room left, a link that fails.

use super::errors::{COMPILER, CellError};

/// What evcxr puts before the words of cargo when it found no error of the code in them (`module.rs` of 0.22.0).
const UNEXPLAINED: &str = "Compilation failed, but no parsable errors were found. STDERR:";
/// What it puts before the list of all that was compiled, which is very long.
const LIST: &str = "\nSTDOUT:";
/// What cargo puts before what a program that failed had printed: the compiler, asked what it knows, prints fifty lines.
const PRINTED: &str = "--- stdout";
/// What it puts before the complaints of that program.
const COMPLAINED: &str = "--- stderr";
/// Longest line of cargo's that is shown: the compiler's command takes thousands of characters.
const LONGEST: usize = 160;

/// The error for evcxr's report `message` when the code of the cell is not its cause.
pub(super) fn failure(message: &str) -> Option<CellError> {
    if let Some(reason) = wrapper(message) {
        return Some(CellError::new(
            COMPILER,
            "Le noyau n'a pas pu compiler la cellule.",
            vec![
                format!("  {reason}"),
                "  La cellule n'a pas été exécutée ; toutes vos variables sont gardées.".to_owned(),
            ],
        ));
    }
    let links = message.starts_with("linking with");
    let full = message.contains("No space left on device");
    let killed = message.contains("(signal: 9") || message.contains("terminated with signal 9");
    let crashed = message.starts_with(UNEXPLAINED) && message.contains("(signal: ");
    let (what, advice) = if full {
        (
            "Le disque est plein : le compilateur n'a pas pu écrire.",
            "Libérez de la place, puis réexécutez la cellule.",
        )
    } else if killed {
        (
            "Le compilateur a été tué avant d'avoir fini, sans doute faute de mémoire.",
            "Fermez d'autres programmes ou d'autres notebooks, puis réexécutez la cellule.",
        )
    } else if crashed {
        (
            "Le compilateur s'est arrêté brutalement.",
            "Réexécutez la cellule ; si cela recommence : cargo tp doctor",
        )
    } else if links {
        (
            "L'édition de liens, dernière étape de la compilation, a échoué.",
            "Réexécutez la cellule ; si cela recommence, redémarrez le noyau (menu Noyau).",
        )
    } else {
        return None;
    };
    let mut details = vec![
        format!("  {advice}"),
        "  La cellule n'a pas été exécutée ; toutes vos variables sont gardées.".to_owned(),
    ];
    details.extend(shortened(message).lines().map(|line| format!("  {line}")));
    Some(CellError::new(COMPILER, what, details))
}

/// What our own compiler wrapper refused, in its words.
fn wrapper(message: &str) -> Option<&str> {
    let told = message.starts_with(UNEXPLAINED).then_some(message)?;
    let (_, reason) = told.split_once("tp-rustc: ")?;
    reason.lines().next()
}

/// A report without the list of all that was compiled, nor what the compiler printed, its lines cut.
pub(super) fn shortened(report: &str) -> String {
    if !report.contains(UNEXPLAINED) {
        return report.to_owned();
    }
    let (told, _) = report.split_once(LIST).unwrap_or((report, ""));
    let mut printed = false;
    let lines: Vec<String> = told
        .lines()
        .filter(|line| {
            printed = (printed || line.trim() == PRINTED) && line.trim() != COMPLAINED;
            !printed && !line.contains(UNEXPLAINED) && !line.trim().is_empty()
        })
        .map(cut)
        .collect();
    lines.join("\n")
}

/// Both ends of a long line: the command, and how it ended.
fn cut(line: &str) -> String {
    let count = line.chars().count();
    if count <= LONGEST {
        return line.to_owned();
    }
    let half = LONGEST / 2;
    let start: String = line.chars().take(half).collect();
    let end: String = line.chars().skip(count - half).collect();
    format!("{start} […] {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As evcxr 0.22.0 reports a compiler that was killed, shortened in the middle of its lines.
    fn killed() -> String {
        let command = "--extern visages=lib.rlib ".repeat(200);
        let list = "{\"reason\":\"compiler-artifact\"}\n".repeat(100);
        format!(
            "Compilation failed, but no parsable errors were found. STDERR:\n   Compiling ctx v1.0.0 (/tmp/x)\n\
             error: could not compile `ctx` (lib)\n\nCaused by:\n  process didn't exit successfully: `rustc {command}` \
             (signal: 9, SIGKILL: kill)\n\nSTDOUT:{list}\n"
        )
    }

    #[test]
    fn a_killed_compiler_is_told_in_a_few_lines() {
        let error = failure(&killed()).expect("an error");
        assert_eq!(error.name, COMPILER);
        assert!(error.value.contains("mémoire"), "{error:?}");
        let text = error.traceback.join("\n");
        assert!(text.contains("(signal: 9, SIGKILL: kill)"), "{text}");
        assert!(!text.contains("compiler-artifact"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() < 200),
            "{text}"
        );
        assert!(error.traceback.len() < 12, "{text}");
    }

    /// Cargo asks the compiler what it knows before the first cell: killed then, it has already printed a long list.
    #[test]
    fn what_a_killed_compiler_had_printed_is_left_out() {
        let known = "    target_feature=\"sse\"\n".repeat(50);
        let report = format!(
            "{UNEXPLAINED}\nerror: failed to run `rustc` to learn about target-specific information\n\nCaused by:\n  \
             process didn't exit successfully: `rustc -` (signal: 9, SIGKILL: kill)\n  --- stdout\n{known}  --- stderr\n  \
             cannot allocate\n"
        );
        let error = failure(&report).expect("an error");
        let text = error.traceback.join("\n");
        assert!(text.contains("(signal: 9, SIGKILL: kill)"), "{text}");
        assert!(
            !text.contains("target_feature") && text.contains("cannot allocate"),
            "{text}"
        );
        assert!(error.traceback.len() < 12, "{text}");
    }

    #[test]
    fn each_failure_has_its_words() {
        let crash = killed().replace("(signal: 9, SIGKILL: kill)", "(signal: 11, SIGSEGV)");
        for (message, words) in [
            (crash.as_str(), "brutalement"),
            ("linking with `cc` failed: exit status: 1", "liens"),
            (
                "failed to write /tmp/a.o: No space left on device (os error 28)",
                "disque est plein",
            ),
        ] {
            let error = failure(message).expect(message);
            assert!(error.value.contains(words), "{error:?}");
        }
    }

    #[test]
    fn what_our_wrapper_refuses_is_told_in_its_words() {
        let report = "Compilation failed, but no parsable errors were found. STDERR:\n   Compiling ctx\n\
                      tp-rustc: ce noyau ne reconnaît pas la fin d'une cellule. Relancez : cargo tp setup\nerror: x\n";
        let error = failure(report).expect("an error");
        let text = error.traceback.join("\n");
        assert!(
            text.contains("cargo tp setup") && !text.contains("error: x"),
            "{text}"
        );
    }

    #[test]
    fn errors_of_the_code_are_not_the_compiler_s() {
        for message in [
            "mismatched types",
            "cannot find value `signal` in this scope",
            "Compilation failed, but no parsable errors were found. STDERR:\nerror: no matching package named `rien` found",
        ] {
            assert_eq!(failure(message), None);
        }
        assert_eq!(
            shortened(
                "Compilation failed, but no parsable errors were found. STDERR:\nerror: rien\n\nSTDOUT:{}\n"
            ),
            "error: rien"
        );
        assert_eq!(shortened("a\n\nSTDOUT:b"), "a\n\nSTDOUT:b");
    }
}
