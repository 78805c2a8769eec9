//! The report on one notebook.

use serde::Serialize;

use super::verdict::{CellReport, Points, fixed};

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
    /// The executed cells.
    pub cells: Vec<CellReport>,
    /// The files written.
    pub files: Vec<String>,
}

impl NotebookReport {
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

    /// The verdict, in one French line.
    pub fn line(&self) -> String {
        let points = self.points.map_or(String::new(), |points| {
            format!(" · {} points", points.in_words())
        });
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
            "{mark} {} : {what} · {} s{points}",
            self.notebook,
            fixed(self.seconds, 0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notebook_sums_up_its_cells() {
        let mut report = NotebookReport {
            notebook: "tp5".to_owned(),
            preset: "rapide",
            outcome: Outcome::Ok,
            cells_total: 3,
            seconds: 41.6,
            start_seconds: 9.0,
            points: None,
            cells: Vec::new(),
            files: Vec::new(),
        };
        let judged = |points: Option<Points>, reason: Option<&str>| CellReport {
            cell: 2,
            id: "c".to_owned(),
            code: "let x = 1;".to_owned(),
            ok: reason.is_none(),
            seconds: 0.5,
            points,
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
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["outcome"], "failed");
        assert_eq!(json["cells"][1]["points"]["max"], 2.0);
    }
}
