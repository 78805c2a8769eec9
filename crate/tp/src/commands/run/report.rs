//! The report on one notebook.

use serde::Serialize;

use super::grading::{Grading, MissingCheck};
use super::verdict::{CellReport, Points};
use crate::error::Error;
use crate::french::{decimal, fixed};

/// How a notebook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every cell did what it should.
    Ok,
    /// A cell failed or lost points.
    Failed,
    /// Ctrl-C came.
    Interrupted,
    /// It could not be executed.
    Unusable,
}

/// One executed notebook.
#[derive(Debug, Clone, Serialize)]
pub struct NotebookReport {
    /// Its name, without extension.
    pub notebook: String,
    /// The preset of the run.
    pub preset: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Code cells in the notebook.
    pub cells_total: usize,
    /// From the kernel's start to the last reply.
    pub seconds: f64,
    /// Of which the kernel's start.
    pub start_seconds: f64,
    /// Points of all check cells.
    pub points: Option<Points>,
    /// Points that a person gives: answers and tasks.
    pub by_hand: f64,
    /// Checks whose cell is no longer in the notebook.
    pub missing: Vec<MissingCheck>,
    /// The executed cells.
    pub cells: Vec<CellReport>,
    /// The files written.
    pub files: Vec<String>,
    /// Why it could not be executed, or its results not written, in French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl NotebookReport {
    /// The report on a notebook of which no cell was executed yet.
    pub fn new(notebook: &str, preset: &'static str) -> Self {
        Self {
            notebook: notebook.to_owned(),
            preset,
            outcome: Outcome::Ok,
            cells_total: 0,
            seconds: 0.0,
            start_seconds: 0.0,
            points: None,
            by_hand: 0.0,
            missing: Vec::new(),
            cells: Vec::new(),
            files: Vec::new(),
            reason: None,
        }
    }

    /// The report on a notebook that cannot be executed.
    pub fn unusable(notebook: &str, preset: &'static str, error: &Error) -> Self {
        Self {
            outcome: Outcome::Unusable,
            reason: Some(error.to_string()),
            ..Self::new(notebook, preset)
        }
    }

    /// Takes note that the results could not be written: what was asked failed.
    pub fn unwritten(&mut self, error: &Error) {
        if self.outcome == Outcome::Ok {
            self.outcome = Outcome::Failed;
        }
        self.reason = Some(error.to_string());
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: CellReport) {
        if let Some(points) = cell.points {
            let so_far = self.points.get_or_insert_default();
            so_far.points += points.points;
            so_far.max += points.max;
        }
        if !cell.ok && self.outcome == Outcome::Ok {
            self.outcome = Outcome::Failed;
        }
        self.cells.push(cell);
    }

    /// Counts every check of the notebook, also those that were not made: they give nothing.
    pub fn settle(&mut self, grading: &Grading) {
        self.missing = grading.missing();
        if !self.missing.is_empty() && self.outcome == Outcome::Ok {
            self.outcome = Outcome::Failed;
        }
        let points = self.points.map_or(0.0, |points| points.points);
        let max = grading.max();
        self.points = (max > 0.0).then_some(Points { points, max });
    }

    /// The checks that are missing, in one French line.
    fn missing_in_words(&self) -> String {
        let names: Vec<&str> = self.missing.iter().map(|check| &*check.id).collect();
        match names[..] {
            [] => String::new(),
            [name] => format!(" ; vérification absente : {name}"),
            _ => format!(" ; vérifications absentes : {}", names.join(", ")),
        }
    }

    /// The verdict, in one French line.
    pub fn line(&self) -> String {
        if let (Outcome::Unusable, Some(reason)) = (self.outcome, &self.reason) {
            return format!("✘ {} : {reason}", self.notebook);
        }
        let mut points = self.points.map_or(String::new(), |points| {
            format!(" · {} points", points.in_words())
        });
        if self.by_hand > 0.0 {
            points.push_str(&format!(
                " (et {} à noter à la main)",
                decimal(self.by_hand, 2)
            ));
        }
        let mark = if self.outcome == Outcome::Ok {
            "✔"
        } else {
            "✘"
        };
        let failed: Vec<&CellReport> = self.cells.iter().filter(|cell| !cell.ok).collect();
        let what = match (&failed[..], self.outcome) {
            ([.., last], Outcome::Interrupted) => {
                format!("interrompu à la cellule {}/{}", last.cell, self.cells_total)
            }
            ([first, ..], _) => {
                let reason = first.reason.as_deref().unwrap_or_default();
                let count = if failed.len() == 1 {
                    "1 échec".to_owned()
                } else {
                    format!("{} échecs", failed.len())
                };
                let rest = self.cells_total - self.cells.len();
                let skipped = match rest {
                    0 => String::new(),
                    1 => ", 1 non exécutée".to_owned(),
                    _ => format!(", {rest} non exécutées"),
                };
                format!(
                    "{count} sur {} cellules (cellule {} : {reason}){skipped}",
                    self.cells_total, first.cell
                )
            }
            ([], _) => format!("{} cellules", self.cells_total),
        };
        format!(
            "{mark} {} : {what}{} · {} s{points}",
            self.notebook,
            self.missing_in_words(),
            fixed(self.seconds, 0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notebook::GradedCell;

    #[test]
    fn a_notebook_sums_up_its_cells() {
        let mut report = NotebookReport::new("tp5", "rapide");
        (report.cells_total, report.seconds) = (3, 41.6);
        let judged = |points: Option<Points>, reason: Option<&str>| CellReport {
            cell: 2,
            id: "c".to_owned(),
            code: "let x = 1;".to_owned(),
            ok: reason.is_none(),
            seconds: 0.5,
            points,
            checks: None,
            reason: reason.map(str::to_owned),
            detail: Vec::new(),
        };
        report.push(judged(None, None));
        assert_eq!(report.line(), "✔ tp5 : 3 cellules · 42 s");
        let half = Points {
            points: 1.0,
            max: 2.0,
        };
        report.push(judged(Some(half), Some("raison")));
        assert_eq!(report.outcome, Outcome::Failed);
        let line = "✘ tp5 : 1 échec sur 3 cellules (cellule 2 : raison), 1 non exécutée · 42 s · 1/2 points";
        assert_eq!(report.line(), line);
        report.push(judged(Some(half), Some("autre")));
        assert_eq!(
            report.line(),
            "✘ tp5 : 2 échecs sur 3 cellules (cellule 2 : raison) · 42 s · 2/4 points"
        );
        // Checks that were not made or are gone count.
        let graded = |index, name: &str, by_hand| GradedCell {
            index,
            grade_id: format!("tp5-{name}"),
            points: 2.0,
            source: "noter".to_owned(),
            by_hand,
        };
        let lab = ["a", "b", "c"].map(|name| graded(0, name, false));
        let own = [graded(2, "a", false), graded(5, "q", true)];
        report.by_hand = 2.0;
        report.settle(&Grading::new(&own, &[lab.to_vec()]).unwrap());
        assert_eq!(
            report.line(),
            "✘ tp5 : 2 échecs sur 3 cellules (cellule 2 : raison) ; vérifications absentes : tp5-b, tp5-c · 42 s · \
             2/6 points (et 2 à noter à la main)"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["outcome"], "failed");
        assert_eq!(json["cells"][1]["points"]["max"], 2.0);
    }
}
