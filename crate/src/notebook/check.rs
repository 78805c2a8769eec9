//! Check cells: `grade` runs named checks on the student's work and gives the points.
//!
//! ```
//! use visages::notebook::{check, close, grade};
//! # fn loss(x: f64) -> f64 { x * x }
//! let note = grade(2.0, &[
//!     check("la perte de zéro est nulle", || close(loss(0.0), 0.0, 1e-6)),
//!     check("la perte est paire", || loss(-3.0) == loss(3.0)).hint("Pensez au carré."),
//! ]);
//! assert_eq!(note.points(), 2.0);
//! ```

use std::fmt;

use tp_protocol::Marker;

use super::{
    display::print_blocks,
    output::{print_line, speaks_protocol},
    panic::{Stopped, catch},
};
use crate::{french::compact, host};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected; the text says what was, in French. It may be empty.
    Failed(String),
    /// The student has not written it yet.
    Todo,
}

/// What a check's closure returns when it uses `?`: `|| -> Verdict { …; Ok(()) }`. The error, whatever
/// its type, becomes the text of the check that fails.
pub type Verdict = std::result::Result<(), Box<dyn std::error::Error>>;

/// What a check's closure may return: a `bool`, nothing (it did not panic), an [`Outcome`], or a
/// `Result` of those, whose error is shown.
pub trait IntoOutcome {
    /// The finding.
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Passed
    }
}

impl IntoOutcome for bool {
    fn into_outcome(self) -> Outcome {
        if self {
            Outcome::Passed
        } else {
            Outcome::Failed(String::new())
        }
    }
}

impl<T: IntoOutcome, E: fmt::Display> IntoOutcome for std::result::Result<T, E> {
    fn into_outcome(self) -> Outcome {
        match self {
            Ok(finding) => finding.into_outcome(),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

/// One named check; see [`check`].
pub struct Check<'a> {
    name: String,
    hint: Option<String>,
    run: Box<dyn Fn() -> Outcome + 'a>,
}

/// A check: a French name for what must hold, and a closure that looks.
pub fn check<'a, R: IntoOutcome>(name: &str, run: impl Fn() -> R + 'a) -> Check<'a> {
    Check {
        name: name.to_owned(),
        hint: None,
        run: Box::new(move || run().into_outcome()),
    }
}

impl Check<'_> {
    /// A hint that is shown when the check does not pass.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    fn outcome(&self) -> Outcome {
        match catch(|| host::hushed(|| (self.run)())) {
            Ok(outcome) => outcome,
            Err(Stopped::Todo) => Outcome::Todo,
            Err(Stopped::Panicked(message)) => {
                Outcome::Failed(format!("le code s'est arrêté : {message}"))
            }
        }
    }

    /// The line (or lines) shown for a finding.
    fn line(&self, outcome: &Outcome) -> String {
        let mut line = match outcome {
            Outcome::Passed => format!("✔ {}", self.name),
            Outcome::Todo => format!("○ {} : à faire", self.name),
            Outcome::Failed(detail) if detail.is_empty() => format!("✘ {}", self.name),
            Outcome::Failed(detail) => format!("✘ {} : {detail}", self.name),
        };
        if let (Outcome::Failed(_), Some(hint)) = (outcome, &self.hint) {
            line.push_str("\n    Indice : ");
            line.push_str(hint);
        }
        line
    }
}

impl fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Points of a check cell. As the last expression of a cell it shows the number alone, which
/// nbgrader reads as partial credit.
#[derive(Debug, Clone, PartialEq)]
pub struct Grade {
    points: f64,
    max: f64,
    passed: u32,
    total: u32,
}

/// Runs every check and gives `max_points` × the share that passed, to the hundredth. Prints one
/// line a check (✔ passed, ✘ failed with a hint, ○ not written yet), then the points.
///
/// A check that panics fails alone; `todo!("À FAIRE")` is told apart from a mistake. Nothing is
/// ever raised. A `max_points` that is negative or no number counts as 0.
pub fn grade(max_points: f64, checks: &[Check<'_>]) -> Grade {
    let max = if max_points.is_finite() {
        max_points.max(0.0)
    } else {
        0.0
    };
    let mut passed = 0_u32;
    for check in checks {
        let outcome = check.outcome();
        passed += u32::from(outcome == Outcome::Passed);
        print_line(&check.line(&outcome));
    }
    let total = u32::try_from(checks.len()).unwrap_or(u32::MAX);
    let points = match total {
        0 => 0.0,
        _ if passed == total => max,
        _ => (max * f64::from(passed) / f64::from(total) * 100.0).floor() / 100.0,
    };
    let note = Grade {
        points,
        max,
        passed,
        total,
    };
    print_line(&note.to_string());
    note.announce();
    note
}

impl Grade {
    /// Points of answers: `right` of `total` earn theirs.
    pub(super) fn of_answers(points: f64, max: f64, right: u32, total: u32) -> Self {
        Self {
            points,
            max,
            passed: right,
            total,
        }
    }

    /// Tells the points to whoever runs the notebook.
    pub(super) fn announce(&self) {
        if speaks_protocol() {
            print_line(&self.marker().encode());
        }
    }

    /// Points obtained.
    pub fn points(&self) -> f64 {
        self.points
    }

    /// Points that the cell is worth.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// Number of checks that passed.
    pub fn passed(&self) -> u32 {
        self.passed
    }

    /// Number of checks.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// What the kernel calls for a cell's last expression: the points as a bare number.
    pub fn evcxr_display(&self) {
        print_blocks(&[("text/plain", &self.points.to_string())]);
    }

    fn marker(&self) -> Marker {
        Marker::Points {
            name: None,
            points: self.points,
            max: self.max,
            passed: self.passed,
            total: self.total,
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: f64| if count < 2.0 { "" } else { "s" };
        write!(
            f,
            "{} point{} sur {} ({} vérification{} réussie{} sur {})",
            compact(self.points),
            plural(self.points),
            compact(self.max),
            self.passed,
            plural(f64::from(self.passed)),
            plural(f64::from(self.passed)),
            self.total
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_the_share_of_checks_that_passed() {
        let note = grade(
            2.0,
            &[
                check("vrai", || true),
                check("faux", || false),
                check("à écrire", || -> bool { todo!("À FAIRE") }),
                check("panique", || -> bool { panic!("aïe") }),
            ],
        );
        assert_eq!((note.points(), note.max()), (0.5, 2.0));
        assert_eq!((note.passed(), note.total()), (1, 4));
        assert_eq!(
            note.to_string(),
            "0,5 point sur 2 (1 vérification réussie sur 4)"
        );
        assert_eq!(
            note.marker(),
            Marker::Points {
                name: None,
                points: 0.5,
                max: 2.0,
                passed: 1,
                total: 4
            }
        );
    }

    #[test]
    fn thirds_never_exceed_and_the_whole_is_exact() {
        let checks = [
            check("a", || true),
            check("b", || true),
            check("c", || false),
        ];
        assert_eq!(grade(1.0, &checks).points(), 0.66);
        assert_eq!(grade(0.1 + 0.2, &checks[..2]).points(), 0.1 + 0.2);
        assert_eq!(grade(3.0, &[]).points(), 0.0);
        for odd in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(grade(odd, &checks[..1]).points(), 0.0);
        }
    }

    #[test]
    fn closures_may_return_many_things() {
        let fails = |text: &str| Outcome::Failed(text.to_owned());
        assert_eq!(check("", || ()).outcome(), Outcome::Passed);
        assert_eq!(
            check("", || Ok::<(), String>(())).outcome(),
            Outcome::Passed
        );
        assert_eq!(check("", || Err::<(), _>("non")).outcome(), fails("non"));
        let question = || -> std::result::Result<bool, Box<dyn std::error::Error>> {
            Ok("x".parse::<i32>()? == 3)
        };
        assert_eq!(
            check("", question).outcome(),
            fails("invalid digit found in string")
        );
        assert_eq!(check("", || Outcome::Todo).outcome(), Outcome::Todo);
        assert_eq!(
            check("", || -> bool { unimplemented!() }).outcome(),
            Outcome::Todo
        );
        assert_eq!(
            check("", || -> bool { panic!("aïe") }).outcome(),
            fails("le code s'est arrêté : aïe")
        );
        // A closure borrows what the cell holds.
        let held = String::from("abc");
        assert_eq!(check("", || held.len() == 3).outcome(), Outcome::Passed);
        assert_eq!(held.len(), 3);
    }

    #[test]
    fn lines_show_the_hint_only_where_it_helps() {
        let check = check("forme", || true).hint("Relisez.");
        assert_eq!(check.line(&Outcome::Passed), "✔ forme");
        assert_eq!(check.line(&Outcome::Todo), "○ forme : à faire");
        assert_eq!(
            check.line(&Outcome::Failed("attendu 1, obtenu 2".to_owned())),
            "✘ forme : attendu 1, obtenu 2\n    Indice : Relisez."
        );
    }
}
