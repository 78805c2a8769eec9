//! What the check cells of a notebook can give, and which announced points are believed.
//!
//! A cell's process prints its points, and a student's code runs in the same process: what is printed is believed only
//! where it can be true. Maxima come from nbgrader's metadata, never from the cell; where the lab is published here, the
//! checks to make and their text come from there.
//!
//! This stops every accident and the tricks of a student's own Rust. It does not stop code that takes over the process's
//! output: for that, hand-ins are read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tp_protocol::Marker;

use super::verdict::Points;
use crate::jupyter::{CellResult, CellStatus};
use crate::notebook::GradedCell;

/// A check that a notebook should hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    id: String,
    max: f64,
    /// Where its cell is among all the cells of the notebook.
    cell: Option<usize>,
    /// Why the cell is not the check that it should be, in French.
    doubt: Option<&'static str>,
}

/// A check whose cell is not in the notebook.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingCheck {
    /// nbgrader's identifier.
    pub id: String,
    /// What it could have given.
    pub max: f64,
}

/// All checks of a notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Grading {
    rules: Vec<Rule>,
}

/// What a cell is worth.
#[derive(Debug, Clone, Copy)]
pub enum Worth<'a> {
    /// The notebook says nothing of points: what its cells announce is believed, where it is possible.
    Unsaid,
    /// No check: it gives nothing, whatever it prints.
    Nothing,
    /// A check.
    Check(&'a Rule),
}

const ALTERED: &str =
    "la vérification a été modifiée, ou vient d'une autre version du TP : elle ne compte pas";
const TWICE: &str = "cette vérification est en double : elle ne compte pas";
const UNRELIABLE: &str = "résultat de la vérification non fiable";
const SILENT: &str = "la vérification n'a pas donné de points";

impl Grading {
    /// The checks of a notebook, whose cells that give points are `own`; `published` are those of each published copy of its
    /// lab, the student's first. `None` when nothing says what its cells are worth.
    pub fn new(own: &[GradedCell], published: &[Vec<GradedCell>]) -> Option<Self> {
        let is_check = |cell: &&GradedCell| !cell.by_hand;
        let mut places: BTreeMap<&str, &GradedCell> = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        for cell in own.iter().filter(is_check) {
            if places.insert(&cell.grade_id, cell).is_some() {
                repeated.insert(cell.grade_id.as_str());
            }
        }
        let wanted = published.first().map_or(own, Vec::as_slice);
        let mut seen = BTreeSet::new();
        let rules: Vec<Rule> = wanted
            .iter()
            .filter(is_check)
            .filter(|cell| seen.insert(&cell.grade_id))
            .map(|check| {
                let cell = places.get(check.grade_id.as_str()).copied();
                let mut texts = published
                    .iter()
                    .flatten()
                    .filter(|copy| copy.grade_id == check.grade_id)
                    .map(|copy| copy.source.trim());
                let doubt = match cell {
                    Some(cell) if repeated.contains(cell.grade_id.as_str()) => Some(TWICE),
                    Some(cell) if !published.is_empty() => {
                        let same = texts.any(|text| text == cell.source.trim());
                        (!same).then_some(ALTERED)
                    }
                    _ => None,
                };
                Rule {
                    id: check.grade_id.clone(),
                    max: check.points,
                    cell: cell.map(|cell| cell.index),
                    doubt,
                }
            })
            .collect();
        (!rules.is_empty() || own.iter().any(|cell| cell.by_hand)).then_some(Self { rules })
    }

    /// What the cell at `index` among all cells is worth.
    pub fn worth(&self, index: usize) -> Worth<'_> {
        match self.rules.iter().find(|rule| rule.cell == Some(index)) {
            Some(rule) => Worth::Check(rule),
            None => Worth::Nothing,
        }
    }

    /// What all checks can give, made or not.
    pub fn max(&self) -> f64 {
        self.rules.iter().map(|rule| rule.max).sum()
    }

    /// The checks that the notebook no longer holds.
    pub fn missing(&self) -> Vec<MissingCheck> {
        let missing = self.rules.iter().filter(|rule| rule.cell.is_none());
        missing
            .map(|rule| MissingCheck {
                id: rule.id.clone(),
                max: rule.max,
            })
            .collect()
    }
}

impl Worth<'_> {
    /// Whether it is a check of a graded notebook.
    pub fn is_check(&self) -> bool {
        matches!(self, Self::Check(_))
    }

    /// The points of an executed cell, and why they are not those that it announced.
    pub fn points(&self, result: &CellResult) -> (Option<Points>, Option<String>) {
        let announced: Vec<Points> = result
            .markers
            .iter()
            .filter_map(|marker| match marker {
                Marker::Points { points, max, .. } => Some(Points {
                    points: *points,
                    max: *max,
                }),
                _ => None,
            })
            .collect();
        match self {
            Self::Nothing => (None, None),
            Self::Unsaid => match announced[..] {
                [] => (None, None),
                _ if announced.iter().all(|points| points.possible()) => {
                    let sum = |of: fn(&Points) -> f64| announced.iter().map(of).sum();
                    let points = Points {
                        points: sum(|one| one.points),
                        max: sum(|one| one.max),
                    };
                    (Some(points), None)
                }
                _ => (None, Some(UNRELIABLE.to_owned())),
            },
            Self::Check(rule) => {
                let none = Some(Points::none_of(rule.max));
                if let Some(doubt) = rule.doubt {
                    return (none, Some(doubt.to_owned()));
                }
                let stopped = result
                    .markers
                    .iter()
                    .any(|marker| matches!(marker, Marker::Panic { .. } | Marker::Failure { .. }));
                // Why it stopped is told elsewhere.
                if stopped || result.status != CellStatus::Ok {
                    return (none, None);
                }
                match announced[..] {
                    [] => (none, Some(SILENT.to_owned())),
                    [points] if points.possible() && points.same_max(rule.max) => {
                        (Some(points), None)
                    }
                    _ => (none, Some(UNRELIABLE.to_owned())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jupyter::CellResult;

    fn cell(index: usize, name: &str, points: f64, source: &str) -> GradedCell {
        GradedCell {
            index,
            grade_id: format!("tp8-{name}-verification"),
            points,
            source: source.to_owned(),
            by_hand: false,
        }
    }

    fn answer(points: f64) -> GradedCell {
        let mut cell = cell(9, "q1", points, "");
        cell.by_hand = true;
        cell
    }

    fn marker(points: f64, max: f64) -> Marker {
        Marker::Points {
            name: None,
            points,
            max,
            passed: 1,
            total: 1,
        }
    }

    fn result(status: CellStatus, markers: &[Marker]) -> CellResult {
        CellResult {
            status,
            outputs: Vec::new(),
            markers: markers.to_vec(),
            execution_count: 1,
            seconds: 0.1,
        }
    }

    /// Points of a check worth 3 that left these markers, and what is said of them.
    fn judged(status: CellStatus, markers: &[Marker]) -> (f64, f64, Option<String>) {
        let grading = Grading::new(&[cell(4, "a", 3.0, "noter")], &[]).unwrap();
        let (points, doubt) = grading.worth(4).points(&result(status, markers));
        let points = points.unwrap();
        (points.points, points.max, doubt)
    }

    #[test]
    fn only_one_possible_result_is_believed() {
        use CellStatus::{Died, Error, Ok, TimedOut};
        assert_eq!(judged(Ok, &[marker(3.0, 3.0)]), (3.0, 3.0, None));
        assert_eq!(judged(Ok, &[marker(1.5, 3.0)]), (1.5, 3.0, None));
        let doubted = |markers: &[Marker]| {
            let (points, max, doubt) = judged(Ok, markers);
            assert_eq!((points, max), (0.0, 3.0), "{markers:?}");
            doubt.unwrap()
        };
        // A function under test that prints a result of its own, then the real one.
        assert_eq!(doubted(&[marker(100.0, 0.0), marker(0.0, 3.0)]), UNRELIABLE);
        assert_eq!(doubted(&[marker(3.0, 3.0), marker(0.0, 3.0)]), UNRELIABLE);
        // Numbers that cannot be.
        for impossible in [
            marker(100.0, 0.0),
            marker(4.0, 3.0),
            marker(-1.0, 3.0),
            marker(1.0, 1.0),
            marker(f64::NAN, 3.0),
            marker(3.0, f64::INFINITY),
        ] {
            assert_eq!(doubted(&[impossible]), UNRELIABLE);
        }
        assert_eq!(doubted(&[]), SILENT);
        // It printed a result, then stopped: what stopped it is told by the cell's own verdict.
        for status in [Error, Died, TimedOut] {
            assert_eq!(judged(status, &[marker(3.0, 3.0)]), (0.0, 3.0, None));
        }
        let panic = Marker::Panic {
            message: "x".to_owned(),
            location: None,
        };
        assert_eq!(judged(Ok, &[marker(3.0, 3.0), panic]), (0.0, 3.0, None));
    }

    #[test]
    fn other_cells_give_nothing() {
        let grading = Grading::new(&[cell(4, "a", 3.0, "noter")], &[]).unwrap();
        let printed = result(CellStatus::Ok, &[marker(3.0, 3.0)]);
        assert_eq!(grading.worth(3).points(&printed), (None, None));
        // Without a word on points anywhere, possible ones are added up.
        assert_eq!(Grading::new(&[], &[]), None);
        let (points, doubt) = Worth::Unsaid.points(&printed);
        assert_eq!((points.unwrap().points, doubt), (3.0, None));
        let odd = result(CellStatus::Ok, &[marker(100.0, 0.0)]);
        assert_eq!(Worth::Unsaid.points(&odd).1.unwrap(), UNRELIABLE);
    }

    #[test]
    fn the_published_lab_says_which_checks_there_are() {
        let student = vec![
            cell(1, "a", 3.0, "grade(3.0, &[visible])"),
            cell(2, "b", 1.0, "grade(1.0, &[])"),
            cell(3, "c", 2.0, "grade(2.0, &[])"),
            answer(5.0),
        ];
        let mut solution = student.clone();
        solution[0].source = "grade(3.0, &[visible, hidden])".to_owned();
        let published = [student, solution];
        let full = result(CellStatus::Ok, &[marker(3.0, 3.0)]);
        let hand_in = |cells: &[GradedCell]| Grading::new(cells, &published).unwrap();

        // Either text is the lab's own; white space at the ends is nothing.
        for text in ["grade(3.0, &[visible])\n", "grade(3.0, &[visible, hidden])"] {
            let grading = hand_in(&[cell(7, "a", 3.0, text)]);
            assert_eq!(grading.worth(7).points(&full).1, None);
            // Two checks were deleted: they count, and give nothing.
            assert_eq!(grading.max(), 6.0);
            let missing: Vec<String> = grading.missing().into_iter().map(|one| one.id).collect();
            assert_eq!(missing, ["tp8-b-verification", "tp8-c-verification"]);
        }
        // Another text, more points, a check of one's own, a check twice.
        let grading = hand_in(&[
            cell(1, "a", 100.0, "grade(3.0, &[])"),
            cell(2, "b", 1.0, "grade(1.0, &[])"),
            cell(3, "c", 2.0, "grade(2.0, &[])"),
            cell(4, "mien", 50.0, "grade(50.0, &[])"),
            cell(5, "b", 1.0, "grade(1.0, &[])"),
        ]);
        let (points, doubt) = grading.worth(1).points(&full);
        assert_eq!(
            (points, doubt.unwrap()),
            (Some(Points::none_of(3.0)), ALTERED.to_owned())
        );
        assert_eq!(grading.worth(4).points(&full), (None, None));
        let one = result(CellStatus::Ok, &[marker(1.0, 1.0)]);
        assert_eq!(grading.worth(5).points(&one).1.unwrap(), TWICE);
        assert_eq!((grading.max(), grading.missing()), (6.0, vec![]));
        // All nbgrader metadata were removed.
        assert_eq!(Grading::new(&[], &published).unwrap().missing().len(), 3);
    }
}
