//! Running code that leans on an exercise: what is not written yet stops one result, not the notebook.
//!
//! ```
//! use visages::prelude::*;
//! # fn square(_x: f64) -> f64 { todo!("À FAIRE") }
//! let squared = attempt(|| Ok(square(3.0)))?;
//! assert!(matches!(squared, Attempt::Todo));
//! assert_eq!(squared.or(0.0), 0.0);
//! # Ok::<(), Error>(())
//! ```

use super::{
    display::Table,
    output::print_line,
    panic::{Stopped, catch},
};
use crate::{
    error::{Error, Result},
    figures::Figure,
};

/// What a cell says when an exercise it needs is not written.
const UNFINISHED: &str = "○ À faire : cette cellule a besoin d'un exercice qui n'est pas encore complété. Complétez-le, puis réexécutez-la.";

/// What [`attempt`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt<T> {
    /// The code ran to its end.
    Done(T),
    /// The code needs an exercise that is still `todo!("À FAIRE")`.
    Todo,
}

/// Runs code that calls a student's functions; `todo!()` in one of them is told in a French line
/// and comes back as [`Attempt::Todo`], so that later cells compile and run.
///
/// # Errors
/// The code's own error; [`Error::StudentCode`] when it panics on anything but `todo!()`.
pub fn attempt<T>(run: impl FnOnce() -> Result<T>) -> Result<Attempt<T>> {
    match catch(run) {
        Ok(outcome) => outcome.map(Attempt::Done),
        Err(Stopped::Todo) => {
            print_line(UNFINISHED);
            Ok(Attempt::Todo)
        }
        Err(Stopped::Panicked(message)) => Err(Error::StudentCode { message }),
    }
}

impl<T> Attempt<T> {
    /// The result, or `default` when there is none yet.
    pub fn or(self, default: T) -> T {
        match self {
            Attempt::Done(value) => value,
            Attempt::Todo => default,
        }
    }

    /// The result, when there is one.
    pub fn done(&self) -> Option<&T> {
        match self {
            Attempt::Done(value) => Some(value),
            Attempt::Todo => None,
        }
    }

    /// The same attempt, its result passed through `next`; nothing to do stays nothing to do.
    ///
    /// # Errors
    /// Those of [`attempt`].
    pub fn then<U>(&self, next: impl FnOnce(&T) -> Result<U>) -> Result<Attempt<U>> {
        match self {
            Attempt::Done(value) => attempt(|| next(value)),
            Attempt::Todo => {
                print_line(UNFINISHED);
                Ok(Attempt::Todo)
            }
        }
    }
}

impl Attempt<Figure> {
    /// What the kernel calls for a cell's last expression: the figure; nothing where there is none
    /// (the line was printed before).
    pub fn evcxr_display(&self) {
        if let Attempt::Done(figure) = self {
            figure.evcxr_display();
        }
    }
}

impl Attempt<Table> {
    /// What the kernel calls for a cell's last expression: the table, if there is one.
    pub fn evcxr_display(&self) {
        if let Attempt::Done(table) = self {
            table.evcxr_display();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_exercise_is_a_state_and_not_a_failure() {
        let unfinished = || -> u8 { todo!("À FAIRE") };
        assert_eq!(attempt(|| Ok(unfinished())).unwrap(), Attempt::Todo);
        assert_eq!(attempt(|| Ok(unfinished())).unwrap().or(7), 7);
        assert_eq!(attempt(|| Ok(3)).unwrap(), Attempt::Done(3));
        assert_eq!(attempt(|| Ok(3)).unwrap().done(), Some(&3));
    }

    #[test]
    fn errors_and_other_panics_are_told() {
        let error = attempt(|| -> Result<()> { Err(Error::NotTraining) }).unwrap_err();
        assert!(matches!(error, Error::NotTraining));
        let zero = std::hint::black_box(0_usize);
        let error = attempt(|| Ok(1 / zero)).unwrap_err().to_string();
        assert!(error.contains("division d'un entier par zéro"), "{error}");
    }

    #[test]
    fn what_follows_runs_only_on_a_result() {
        let done: Attempt<u8> = Attempt::Done(2);
        assert_eq!(done.then(|two| Ok(two * 3)).unwrap(), Attempt::Done(6));
        let later = |_: &u8| -> Result<u8> { todo!("À FAIRE") };
        assert_eq!(done.then(later).unwrap(), Attempt::Todo);
        let mut called = false;
        let nothing: Attempt<u8> = Attempt::Todo;
        let followed = nothing.then(|_| {
            called = true;
            Ok(())
        });
        assert_eq!(followed.unwrap(), Attempt::Todo);
        assert!(!called);
    }
}
