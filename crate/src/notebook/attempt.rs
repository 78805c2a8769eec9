//! Running code that leans on an exercise: what is not written yet stops one result, not the notebook.
//!
//! ```
//! use visages::prelude::*;
//! # fn carre(_x: f64) -> f64 { todo!("À FAIRE") }
//! let essai = essayer(|| Ok(carre(3.0)))?;
//! assert!(matches!(essai, Essai::AFaire));
//! assert_eq!(essai.ou(0.0), 0.0);
//! # Ok::<(), Error>(())
//! ```

use super::{
    display::Table,
    panic::{Stopped, catch, print_line},
};
use crate::{
    error::{Error, Result},
    figures::Figure,
};

/// What a cell says when an exercise it needs is not written.
const UNFINISHED: &str = "○ À faire : cette cellule a besoin d'un exercice qui n'est pas encore complété. Complétez-le, puis réexécutez-la.";

/// What [`essayer`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Essai<T> {
    /// The code ran to its end.
    Fait(T),
    /// The code needs an exercise that is still `todo!("À FAIRE")`.
    AFaire,
}

/// Runs code that calls a student's functions; `todo!()` in one of them is told in a French line
/// and comes back as [`Essai::AFaire`], so that later cells compile and run.
///
/// # Errors
/// The code's own error; [`Error::StudentCode`] when it panics on anything but `todo!()`.
pub fn essayer<T>(run: impl FnOnce() -> Result<T>) -> Result<Essai<T>> {
    match catch(run) {
        Ok(outcome) => outcome.map(Essai::Fait),
        Err(Stopped::Todo) => {
            print_line(UNFINISHED);
            Ok(Essai::AFaire)
        }
        Err(Stopped::Panicked(message)) => Err(Error::StudentCode { message }),
    }
}

impl<T> Essai<T> {
    /// The result, or `default` when there is none yet.
    pub fn ou(self, default: T) -> T {
        match self {
            Essai::Fait(value) => value,
            Essai::AFaire => default,
        }
    }

    /// The result, when there is one.
    pub fn fait(&self) -> Option<&T> {
        match self {
            Essai::Fait(value) => Some(value),
            Essai::AFaire => None,
        }
    }

    /// The same attempt, its result passed through `next`; nothing to do stays nothing to do.
    ///
    /// # Errors
    /// Those of [`essayer`].
    pub fn puis<U>(&self, next: impl FnOnce(&T) -> Result<U>) -> Result<Essai<U>> {
        match self {
            Essai::Fait(value) => essayer(|| next(value)),
            Essai::AFaire => {
                print_line(UNFINISHED);
                Ok(Essai::AFaire)
            }
        }
    }
}

impl Essai<Figure> {
    /// What the kernel calls for a cell's last expression: the figure; nothing where there is none
    /// (the line was printed before).
    pub fn evcxr_display(&self) {
        if let Essai::Fait(figure) = self {
            figure.evcxr_display();
        }
    }
}

impl Essai<Table> {
    /// What the kernel calls for a cell's last expression: the table, if there is one.
    pub fn evcxr_display(&self) {
        if let Essai::Fait(table) = self {
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
        assert_eq!(essayer(|| Ok(unfinished())).unwrap(), Essai::AFaire);
        assert_eq!(essayer(|| Ok(unfinished())).unwrap().ou(7), 7);
        assert_eq!(essayer(|| Ok(3)).unwrap(), Essai::Fait(3));
        assert_eq!(essayer(|| Ok(3)).unwrap().fait(), Some(&3));
    }

    #[test]
    fn errors_and_other_panics_are_told() {
        let error = essayer(|| -> Result<()> { Err(Error::NotTraining) }).unwrap_err();
        assert!(matches!(error, Error::NotTraining));
        let zero = std::hint::black_box(0_usize);
        let error = essayer(|| Ok(1 / zero)).unwrap_err().to_string();
        assert!(error.contains("division d'un entier par zéro"), "{error}");
    }

    #[test]
    fn what_follows_runs_only_on_a_result() {
        let done: Essai<u8> = Essai::Fait(2);
        assert_eq!(done.puis(|two| Ok(two * 3)).unwrap(), Essai::Fait(6));
        let later = |_: &u8| -> Result<u8> { todo!("À FAIRE") };
        assert_eq!(done.puis(later).unwrap(), Essai::AFaire);
        let mut called = false;
        let nothing: Essai<u8> = Essai::AFaire;
        let followed = nothing.puis(|_| {
            called = true;
            Ok(())
        });
        assert_eq!(followed.unwrap(), Essai::AFaire);
        assert!(!called);
    }
}
