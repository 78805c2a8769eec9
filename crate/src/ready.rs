//! What a cell has, or does not have yet.
//!
//! Figures and measures take a value (`&DataFrame`) as well as one that waits for an exercise
//! (`&Attempt<DataFrame>`): a cell then needs no wrapper of its own, and runs before the exercise is written.
//!
//! ```
//! use visages::prelude::*;
//!
//! let frame: DataFrame = df!("n" => [1, 2])?;
//! let now: Table = show_table(&frame);
//! let later: Attempt<Table> = show_table(&Attempt::Done(frame));
//! assert_eq!(Some(&now), later.done());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use polars::prelude::DataFrame;

use crate::error::Result;

/// A value that is there, or that may still be missing: what figures and measures take.
///
/// Values that are always there give `U`; an [`Attempt`](crate::notebook::Attempt) stops at what is missing.
pub trait Ready {
    /// What is worked on.
    type Value;
    /// What work on it gives: `U` itself, or an attempt at it.
    type Out<U>;

    /// Works on several values, once all are there.
    ///
    /// # Errors
    /// Those of `next`.
    fn turn_all<U>(
        all: &[&Self],
        next: impl FnOnce(&[&Self::Value]) -> Result<U>,
    ) -> Result<Self::Out<U>>;

    /// Works on this value, once it is there.
    ///
    /// # Errors
    /// Those of `next`.
    fn turn<U>(&self, next: impl FnOnce(&Self::Value) -> Result<U>) -> Result<Self::Out<U>> {
        Self::turn_all(&[self], |values| next(values[0]))
    }

    /// The same for work that cannot fail.
    fn with<U>(&self, next: impl FnOnce(&Self::Value) -> U) -> Self::Out<U>;
}

/// Values that are always there: `always_ready! { History, {M} Fitted<M> }`.
macro_rules! always_ready {
    ($($({$($parameter:ident),*})? $type:ty),* $(,)?) => {$(
        impl$(<$($parameter),*>)? $crate::ready::Ready for $type {
            type Value = Self;
            type Out<U> = U;

            fn turn_all<U>(
                all: &[&Self],
                next: impl FnOnce(&[&Self]) -> $crate::error::Result<U>,
            ) -> $crate::error::Result<U> {
                next(all)
            }

            fn with<U>(&self, next: impl FnOnce(&Self) -> U) -> U {
                next(self)
            }
        }
    )*};
}
pub(crate) use always_ready;

always_ready! { DataFrame }

/// Named values, in two lists of the same length.
pub(crate) fn unzip<'a, A>(named: &[(&'a str, &'a A)]) -> (Vec<&'a str>, Vec<&'a A>) {
    named.iter().copied().unzip()
}
