//! The verdict on one cell, from typed markers and statuses only.

use serde::Serialize;
use tp_protocol::Marker;

use super::diagnosis::{compiler_message, stop_reason};
use super::grading::Worth;
use crate::french::{decimal, fixed};
use crate::jupyter::{CellResult, CellStatus};
use crate::notebook::CodeCell;

/// Points lost to rounding are not lost.
const TOLERANCE: f64 = 1e-9;

/// Points of a cell or a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Points {
    /// Obtained.
    pub points: f64,
    /// Obtainable.
    pub max: f64,
}

impl Points {
    /// Nothing of what a check can give.
    pub(super) const fn none_of(max: f64) -> Self {
        Self { points: 0.0, max }
    }

    /// Whether these are points that a check can give.
    pub(super) fn possible(self) -> bool {
        self.max.is_finite()
            && self.points >= 0.0
            && self.points <= self.max + TOLERANCE
            && self.max >= 0.0
    }

    /// Whether both are worth as much.
    pub(super) fn same_max(self, max: f64) -> bool {
        (self.max - max).abs() <= TOLERANCE
    }

    fn lost(self) -> bool {
        self.points + TOLERANCE < self.max
    }

    /// « 1,5/2 ».
    pub fn in_words(self) -> String {
        format!("{}/{}", decimal(self.points, 2), decimal(self.max, 2))
    }
}

/// What a check cell looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Passed.
    pub passed: u32,
    /// Made.
    pub total: u32,
}

/// The checks that a cell announces, where its points are counted.
fn checks(worth: &Worth<'_>, result: &CellResult) -> Option<Checks> {
    let (Some(_), None) = worth.points(result) else {
        return None;
    };
    result.markers.iter().find_map(|marker| match marker {
        Marker::Points { passed, total, .. } => Some(Checks {
            passed: *passed,
            total: *total,
        }),
        _ => None,
    })
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
    /// Checks that passed and checks made, when it is a check cell that ran to its end.
    pub checks: Option<Checks>,
    /// Why it failed, in French.
    pub reason: Option<String>,
    /// The compiler's own words, for a cell that does not compile.
    #[serde(skip)]
    pub detail: Vec<String>,
}

impl CellReport {
    /// Judges an executed cell whose notebook says nothing of points. `number` is its place among the code cells, from 1.
    pub fn new(number: usize, cell: &CodeCell, result: &CellResult) -> Self {
        Self::judged(number, cell, result, &Worth::Unsaid)
    }

    /// Judges an executed cell that is worth `worth`.
    pub(super) fn judged(
        number: usize,
        cell: &CodeCell,
        result: &CellResult,
        worth: &Worth<'_>,
    ) -> Self {
        let (points, doubt) = worth.points(result);
        let stop = stop_reason(result);
        // A check may not excuse its own failure.
        let may_fail = cell.may_fail() && !worth.is_check();
        let reason = match result.status {
            CellStatus::TimedOut | CellStatus::Died | CellStatus::Interrupted => stop,
            CellStatus::Ok | CellStatus::Error if may_fail => doubt,
            CellStatus::Ok | CellStatus::Error => stop.or(doubt).or_else(|| {
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
            checks: checks(worth, result),
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

#[cfg(test)]
mod tests {
    use super::super::grading::Grading;
    use super::*;
    use crate::notebook::GradedCell;
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
    fn a_check_may_not_excuse_its_own_failure() {
        let check = GradedCell {
            index: 0,
            grade_id: "tp8-a-verification".to_owned(),
            points: 2.0,
            source: "noter".to_owned(),
            by_hand: false,
        };
        let grading = Grading::new(&[check], &[]).unwrap();
        let result = result(CellStatus::Error, vec![], &["mismatched types", "détail"]);
        let cell = cell(&["raises-exception"]);
        let report = CellReport::judged(1, &cell, &result, &grading.worth(0));
        assert!(!report.ok);
        // What does not compile is worth nothing of all that it could be.
        assert_eq!(report.points, Some(Points::none_of(2.0)));
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
