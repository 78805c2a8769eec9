//! Running code that leans on an exercise: what is not written yet stops one result, not the notebook.
//!
//! ```
//! use visages::prelude::*;
//! # fn square(_x: f64) -> f64 { todo!("À FAIRE") }
//! let squared = attempt(|| Ok(square(3.0)))?;
//! assert!(squared.done().is_none());
//! assert_eq!(squared.or(0.0), 0.0);
//! # Ok::<(), Error>(())
//! ```

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    display::Table,
    output::print_line,
    panic::{Stopped, catch_named},
};
use crate::{
    error::{Error, Result},
    figures::Figure,
    ready::Ready,
    train::{DebiasedFit, Fitted},
};

/// What [`attempt`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt<T> {
    /// The code ran to its end.
    Done(T),
    /// Something is not there: most often an exercise that is still `todo!("À FAIRE")`. The French line says what.
    Missing(String),
}

/// What a cell says when an exercise it needs is not written.
fn unfinished(function: Option<&str>) -> String {
    let needs = match function {
        Some(name) => {
            format!("de la fonction « {name} », qui n'est pas encore complétée. Complétez-la")
        }
        None => "d'un exercice qui n'est pas encore complété. Complétez-le".to_owned(),
    };
    format!("○ À faire : cette cellule a besoin {needs}, puis réexécutez la cellule.")
}

/// Runs code that calls a student's functions; `todo!()` in one of them is told in a French line
/// and comes back as [`Attempt::Missing`], so that later cells compile and run.
///
/// # Errors
/// The code's own error; [`Error::StudentCode`] when it panics on anything but `todo!()`.
pub fn attempt<T>(run: impl FnOnce() -> Result<T>) -> Result<Attempt<T>> {
    match catch_named(run) {
        Ok(outcome) => outcome.map(Attempt::Done),
        Err((Stopped::Todo, function)) => Ok(missing(unfinished(function.as_deref()))),
        Err((Stopped::Panicked(message), _)) => Err(Error::StudentCode { message }),
    }
}

/// Steps of one cell that wait for the same exercise follow each other sooner than this; two cells, which are compiled one
/// after the other, never do.
const SAME_CELL: Duration = Duration::from_millis(100);

/// Says what is missing, once where several steps of a cell wait for the same.
fn missing<T>(line: String) -> Attempt<T> {
    static LAST: Mutex<Option<(String, Instant)>> = Mutex::new(None);
    let now = Instant::now();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if is_new(last.as_ref(), &line, now) {
        print_line(&line);
    }
    *last = Some((line.clone(), now));
    Attempt::Missing(line)
}

/// Whether a line was not just said.
fn is_new(last: Option<&(String, Instant)>, line: &str, now: Instant) -> bool {
    last.is_none_or(|(said, when)| said != line || now.duration_since(*when) > SAME_CELL)
}

impl<T> Attempt<T> {
    /// The result, or `default` when there is none yet.
    pub fn or(self, default: T) -> T {
        match self {
            Attempt::Done(value) => value,
            Attempt::Missing(_) => default,
        }
    }

    /// The result, when there is one.
    pub fn done(&self) -> Option<&T> {
        match self {
            Attempt::Done(value) => Some(value),
            Attempt::Missing(_) => None,
        }
    }

    /// The same attempt, its result passed through `next`; what is missing stays missing.
    ///
    /// # Errors
    /// Those of [`attempt`].
    pub fn then<U>(&self, next: impl FnOnce(&T) -> Result<U>) -> Result<Attempt<U>> {
        match self {
            Attempt::Done(value) => attempt(|| next(value)),
            Attempt::Missing(line) => Ok(missing(line.clone())),
        }
    }

    /// Two results together, once both are there.
    pub fn zip<'a, U>(&'a self, other: &'a Attempt<U>) -> Attempt<(&'a T, &'a U)> {
        match (self, other) {
            (Attempt::Done(one), Attempt::Done(other)) => Attempt::Done((one, other)),
            (Attempt::Missing(line), _) | (_, Attempt::Missing(line)) => {
                Attempt::Missing(line.clone())
            }
        }
    }

    /// A part of the result, silently missing when the whole is.
    fn part<U>(&self, of: impl FnOnce(&T) -> U) -> Attempt<U> {
        match self {
            Attempt::Done(value) => Attempt::Done(of(value)),
            Attempt::Missing(line) => Attempt::Missing(line.clone()),
        }
    }
}

impl<M: Clone> Attempt<Fitted<M>> {
    /// The trained model.
    pub fn model(&self) -> Attempt<M> {
        self.part(|fit| fit.model.clone())
    }
}

impl<M: Clone> Attempt<DebiasedFit<M>> {
    /// The trained model.
    pub fn model(&self) -> Attempt<M> {
        self.part(|fit| fit.model.clone())
    }
}

/// What is missing stops the work, and is told.
impl<T> Ready for Attempt<T> {
    type Value = T;
    type Out<U> = Attempt<U>;

    fn turn_all<U>(all: &[&Self], next: impl FnOnce(&[&T]) -> Result<U>) -> Result<Attempt<U>> {
        let mut values = Vec::with_capacity(all.len());
        for one in all {
            match one {
                Attempt::Done(value) => values.push(value),
                Attempt::Missing(line) => return Ok(missing(line.clone())),
            }
        }
        attempt(|| next(&values))
    }

    fn with<U>(&self, next: impl FnOnce(&T) -> U) -> Attempt<U> {
        match self {
            Attempt::Done(value) => Attempt::Done(next(value)),
            Attempt::Missing(line) => missing(line.clone()),
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
    use polars::prelude::{DataFrame, df};

    use super::*;
    use crate::{
        fairness::{before_after, by_model},
        notebook::show_table,
    };

    #[test]
    fn an_unfinished_exercise_is_a_state_and_not_a_failure() {
        let unfinished = || -> u8 { todo!("À FAIRE") };
        let found = attempt(|| Ok(unfinished())).unwrap();
        assert!(matches!(&found, Attempt::Missing(line) if line.contains("À faire")));
        assert_eq!(found.or(7), 7);
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
        assert!(done.then(later).unwrap().done().is_none());
        let mut called = false;
        let nothing: Attempt<u8> = Attempt::Missing("rien".to_owned());
        let followed = nothing.then(|_| {
            called = true;
            Ok(())
        });
        assert_eq!(followed.unwrap(), Attempt::Missing("rien".to_owned()));
        assert!(!called);
    }

    #[test]
    fn the_line_names_the_function_when_it_is_known() {
        assert_eq!(
            unfinished(Some("latent_loss")),
            "○ À faire : cette cellule a besoin de la fonction « latent_loss », qui n'est pas encore complétée. \
             Complétez-la, puis réexécutez la cellule."
        );
        assert_eq!(
            unfinished(None),
            "○ À faire : cette cellule a besoin d'un exercice qui n'est pas encore complété. Complétez-le, puis réexécutez \
             la cellule."
        );
    }

    /// Figures and measures take what is there as well as what is not.
    #[test]
    fn work_on_attempts_stops_at_what_is_missing() {
        let frame =
            df!("factor" => ["g"], "group" => ["a"], "n" => [2_u32], "tpr" => [0.5]).unwrap();
        let (done, nothing) = (
            Attempt::Done(frame.clone()),
            Attempt::<DataFrame>::Missing("rien".to_owned()),
        );
        assert_eq!(show_table(&done).done(), Some(&show_table(&frame)));
        assert!(show_table(&nothing).done().is_none());
        let both = by_model(&[("x", &done), ("y", &done)]).unwrap();
        assert_eq!(both.done().map(DataFrame::height), Some(2));
        let either = by_model(&[("x", &done), ("y", &nothing)]).unwrap();
        assert_eq!(either, Attempt::Missing("rien".to_owned()));
        assert!(before_after(&done, &nothing).unwrap().done().is_none());
    }
}
