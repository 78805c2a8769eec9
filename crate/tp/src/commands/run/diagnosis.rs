//! Why a cell did not run to its end, in French, and the compiler's own words.

use tp_protocol::Marker;

use crate::french::fixed;
use crate::jupyter::{CellError, CellResult, CellStatus};

/// How many lines of a compiler message are shown.
const DETAIL_LINES: usize = 14;

/// Why a cell did not run to its end, in one French line.
pub(super) fn stop_reason(result: &CellResult) -> Option<String> {
    match result.status {
        CellStatus::TimedOut => {
            return Some(format!(
                "durée limite dépassée ({} s)",
                fixed(result.seconds, 0)
            ));
        }
        CellStatus::Died => return Some("le noyau s'est arrêté".to_owned()),
        CellStatus::Interrupted => return Some("interrompue".to_owned()),
        CellStatus::Ok | CellStatus::Error => {}
    }
    let told = result.markers.iter().find_map(|marker| match marker {
        Marker::Panic { message, location } => {
            // The cell's own file is one that evcxr generates: its lines say nothing to a reader.
            let place = location
                .as_ref()
                .filter(|place| !place.starts_with("src/lib.rs"));
            let place = place.map_or(String::new(), |place| format!(" ({place})"));
            Some(format!("panique : {}{place}", first_line(message)))
        }
        Marker::Failure { message } => Some(format!("erreur : {}", first_line(message))),
        _ => None,
    });
    if told.is_some() || result.status == CellStatus::Ok {
        return told;
    }
    let Some(error) = main_error(result) else {
        return Some("erreur sans message".to_owned());
    };
    let value = first_line(&error.value);
    // The adapter names its errors; a kernel without it calls them all « Error ».
    match error.name.as_str() {
        "ErreurDeCompilation" => return Some(format!("ne compile pas : {value}")),
        "Error" => {}
        _ => return Some(value.to_owned()),
    }
    Some(
        match value.strip_prefix("Subprocess terminated with status: ") {
            Some(status) => {
                let memory = if status.starts_with("signal: 9") {
                    " ; la mémoire manquait peut-être"
                } else {
                    ""
                };
                format!(
                    "le processus de la cellule s'est arrêté ({status}), ses variables sont perdues{memory}"
                )
            }
            None if error.traceback.len() > 1 => format!("ne compile pas : {value}"),
            None => format!("erreur : {value}"),
        },
    )
}

/// The compiler's own words on what a cell stopped on.
pub(super) fn compiler_message(result: &CellResult) -> Vec<String> {
    let lines = main_error(result)
        .map(|error| error.traceback)
        .unwrap_or_default();
    if lines.len() < 2 {
        return Vec::new();
    }
    lines
        .iter()
        .map(|line| without_colours(line))
        .take(DETAIL_LINES)
        .collect()
}

/// The first error that is one. As soon as a cell does not compile, evcxr also shows, as errors, the compiler's warnings
/// about earlier cells.
fn main_error(result: &CellResult) -> Option<CellError> {
    let real = result.errors().find(|error| !is_warning(error));
    real.or_else(|| result.error())
}

fn is_warning(error: &CellError) -> bool {
    let unreachable = ["unreachable statement", "unreachable expression"];
    unreachable.contains(&first_line(&error.value))
        || error.traceback.iter().any(|line| {
            let line = without_colours(line);
            // A lint has a name in small letters where an error has a code: « [unused_variables] Error: », « [E0425] Error: ».
            let lint = |rest: &str| rest.starts_with(|next: char| next.is_ascii_lowercase());
            line.starts_with("warning:")
                || (line.contains("] Error: ") && line.strip_prefix('[').is_some_and(lint))
        })
}

fn first_line(text: &str) -> &str {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}

/// Removes terminal colours (`ESC [ … m`).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, coloured)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = coloured.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use nbformat::v4::{ErrorOutput, Output};

    fn failed(errors: &[(&str, &[&str])]) -> CellResult {
        let output = |(value, traceback): &(&str, &[&str])| {
            Output::Error(ErrorOutput {
                ename: "Error".to_owned(),
                evalue: (*value).to_owned(),
                traceback: traceback.iter().map(|line| (*line).to_owned()).collect(),
            })
        };
        CellResult {
            status: CellStatus::Error,
            outputs: errors.iter().map(output).collect(),
            markers: Vec::new(),
            execution_count: 1,
            seconds: 0.1,
        }
    }

    #[test]
    fn warnings_about_earlier_cells_hide_no_error() {
        // As evcxr 0.22 shows them after a half-written exercise.
        let missing = "cannot find function `sampling` in this scope";
        let result = failed(&[
            ("unreachable statement", &["unreachable statement"]),
            (
                "unused variable: `x`",
                &["warning: unused variable: `x`", "unused variable: `x`"],
            ),
            (
                "unused variable: `y`",
                &["\u{1b}[31m[unused_variables] Error:\u{1b}[0m unused variable: `y`"],
            ),
            (
                missing,
                &["    sampling(zero)", "    ^^^^ not found", missing],
            ),
        ]);
        assert_eq!(
            stop_reason(&result).unwrap(),
            format!("ne compile pas : {missing}")
        );
        assert_eq!(compiler_message(&result)[0], "    sampling(zero)");
        let coded = failed(&[(
            missing,
            &["\u{1b}[31m[E0425] Error:\u{1b}[0m cannot find", "ligne"],
        )]);
        assert!(!is_warning(&coded.error().unwrap()));
    }

    #[test]
    fn a_message_of_one_line_is_not_blamed_on_the_kernel() {
        let result = failed(&[("unreachable statement", &["unreachable statement"])]);
        assert_eq!(
            stop_reason(&result).unwrap(),
            "erreur : unreachable statement"
        );
        assert!(compiler_message(&result).is_empty());
    }
}
