//! The verdict on one cell, from typed markers and statuses only.

use serde::Serialize;
use tp_protocol::Marker;

use crate::jupyter::{CellResult, CellStatus};
use crate::notebook::CodeCell;

/// Points lost to rounding are not lost.
const TOLERANCE: f64 = 1e-9;

/// How many lines of a compiler message are shown.
const DETAIL_LINES: usize = 14;

/// Points of a cell or a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Points {
    /// Obtained.
    pub points: f64,
    /// Obtainable.
    pub max: f64,
}

impl Points {
    fn lost(self) -> bool {
        self.points + TOLERANCE < self.max
    }

    /// « 1,5/2 ».
    pub fn in_words(self) -> String {
        format!("{}/{}", decimal(self.points, 2), decimal(self.max, 2))
    }
}

/// One executed cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellReport {
    /// Its place among the code cells, from 1.
    pub cell: usize,
    /// Its identifier in the notebook.
    pub id: String,
    /// Its first line of code.
    pub code: String,
    /// Whether it did what it should.
    pub ok: bool,
    /// From request to reply.
    pub seconds: f64,
    /// Points, when it is a check cell.
    pub points: Option<Points>,
    /// Why it failed, in French.
    pub reason: Option<String>,
    /// The compiler's own words, for a cell that does not compile.
    #[serde(skip)]
    pub detail: Vec<String>,
}

impl CellReport {
    /// Judges an executed cell. `number` is its place among the code cells, from 1.
    pub fn new(number: usize, cell: &CodeCell, result: &CellResult) -> Self {
        let points = points(&result.markers);
        let stop = stop_reason(result);
        let reason = match result.status {
            CellStatus::TimedOut | CellStatus::Died | CellStatus::Interrupted => stop,
            CellStatus::Ok | CellStatus::Error if cell.may_fail() => None,
            CellStatus::Ok | CellStatus::Error => stop.or_else(|| {
                let lost = points.filter(|points| points.lost())?;
                Some(format!(
                    "vérification non réussie : {} points",
                    lost.in_words()
                ))
            }),
        };
        let detail = if reason.is_some() {
            compiler_message(result)
        } else {
            Vec::new()
        };
        Self {
            cell: number,
            id: cell.id.clone(),
            code: cell.first_line(60),
            ok: reason.is_none(),
            seconds: result.seconds,
            points,
            reason,
            detail,
        }
    }

    /// The line of progress: « cellule  4/23 · 0,8 s · ✔ · 2/2 points · let x = 1; ».
    pub fn line(&self, total: usize) -> String {
        let width = total.to_string().len();
        let mark = if self.ok { "✔" } else { "✘" };
        let points = self.points.map_or(String::new(), |points| {
            format!(" · {} points", points.in_words())
        });
        let Self {
            cell,
            seconds,
            code,
            ..
        } = self;
        format!(
            "cellule {cell:>width$}/{total} · {} s · {mark}{points} · {code}",
            fixed(*seconds, 1)
        )
    }
}

/// The sum of the check cells' points.
fn points(markers: &[Marker]) -> Option<Points> {
    let mut sum = None;
    for marker in markers {
        if let Marker::Points { points, max, .. } = marker {
            let so_far: &mut Points = sum.get_or_insert_default();
            so_far.points += points;
            so_far.max += max;
        }
    }
    sum
}

/// Why a cell did not run to its end, in one French line.
fn stop_reason(result: &CellResult) -> Option<String> {
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
    let Some(error) = result.error() else {
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
            None => format!("erreur du noyau : {value}"),
        },
    )
}

fn compiler_message(result: &CellResult) -> Vec<String> {
    let lines = result
        .error()
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

/// A number with a comma and exactly `digits` decimals.
pub fn fixed(value: f64, digits: usize) -> String {
    format!("{value:.digits$}").replace('.', ",")
}

/// A number with a comma and at most `digits` decimals.
fn decimal(value: f64, digits: usize) -> String {
    let text = fixed(value, digits);
    if text.contains(',') {
        text.trim_end_matches('0').trim_end_matches(',').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nbformat::v4::{ErrorOutput, Output};

    fn cell(tags: &[&str]) -> CodeCell {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        CodeCell {
            index: 0,
            id: "c".to_owned(),
            source: "let x = 1;".to_owned(),
            tags,
        }
    }

    fn result(status: CellStatus, markers: Vec<Marker>, traceback: &[&str]) -> CellResult {
        let outputs = if traceback.is_empty() {
            Vec::new()
        } else {
            vec![Output::Error(ErrorOutput {
                ename: "Error".to_owned(),
                evalue: traceback[0].to_owned(),
                traceback: traceback.iter().map(|line| (*line).to_owned()).collect(),
            })]
        };
        CellResult {
            status,
            outputs,
            markers,
            execution_count: 1,
            seconds: 0.84,
        }
    }

    fn graded(points: f64, max: f64) -> Marker {
        Marker::Points {
            name: None,
            points,
            max,
            passed: 1,
            total: 2,
        }
    }

    fn panic() -> Marker {
        Marker::Panic {
            message: "\nindex hors limites\nsuite".to_owned(),
            location: None,
        }
    }

    #[test]
    fn every_kind_of_failure_is_one() {
        use CellStatus::{Died, Error, Interrupted, Ok, TimedOut};
        let reason = |status, markers, traceback: &[&str]| {
            CellReport::new(4, &cell(&[]), &result(status, markers, traceback)).reason
        };
        assert_eq!(reason(Ok, vec![], &[]), None);
        assert_eq!(reason(Ok, vec![graded(2.0, 2.0)], &[]), None);
        assert_eq!(reason(Ok, vec![graded(0.1 + 0.2, 0.3)], &[]), None);
        assert_eq!(
            reason(Ok, vec![graded(1.5, 2.0)], &[]).unwrap(),
            "vérification non réussie : 1,5/2 points"
        );
        assert_eq!(
            reason(Ok, vec![panic()], &[]).unwrap(),
            "panique : index hors limites"
        );
        let failure = Marker::Failure {
            message: "fichier absent".to_owned(),
        };
        assert_eq!(
            reason(Ok, vec![failure], &[]).unwrap(),
            "erreur : fichier absent"
        );
        assert_eq!(
            reason(Error, vec![], &["mismatched types", "détail"]).unwrap(),
            "ne compile pas : mismatched types"
        );
        let dead = reason(
            Error,
            vec![],
            &["Subprocess terminated with status: exit status: 3"],
        )
        .unwrap();
        assert_eq!(
            dead,
            "le processus de la cellule s'est arrêté (exit status: 3), ses variables sont perdues"
        );
        assert_eq!(reason(Error, vec![], &[]).unwrap(), "erreur sans message");
        assert_eq!(
            reason(TimedOut, vec![], &[]).unwrap(),
            "durée limite dépassée (1 s)"
        );
        assert!(reason(Died, vec![], &[]).is_some() && reason(Interrupted, vec![], &[]).is_some());
    }

    #[test]
    fn a_cell_that_may_fail_may_not_kill_the_kernel() {
        let judged = |status, markers| {
            CellReport::new(
                1,
                &cell(&["raises-exception"]),
                &result(status, markers, &["x"]),
            )
            .ok
        };
        assert!(judged(CellStatus::Error, vec![]) && judged(CellStatus::Ok, vec![panic()]));
        assert!(!judged(CellStatus::Died, vec![]) && !judged(CellStatus::TimedOut, vec![]));
    }

    #[test]
    fn lines_are_french() {
        let report = CellReport::new(
            4,
            &cell(&[]),
            &result(
                CellStatus::Ok,
                vec![graded(1.0, 1.0), graded(0.5, 0.5)],
                &[],
            ),
        );
        assert_eq!(
            report.line(23),
            "cellule  4/23 · 0,8 s · ✔ · 1,5/1,5 points · let x = 1;"
        );
        let report = CellReport::new(4, &cell(&[]), &result(CellStatus::Ok, vec![panic()], &[]));
        assert_eq!(report.line(9), "cellule 4/9 · 0,8 s · ✘ · let x = 1;");
        let coloured = ["E", "\u{1b}[31mrouge\u{1b}[0m fin"];
        let report = CellReport::new(1, &cell(&[]), &result(CellStatus::Error, vec![], &coloured));
        assert_eq!(report.detail, ["E", "rouge fin"]);
    }
}
