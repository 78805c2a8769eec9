//! Controls without a page, for check cells: a function that shows some is run, and asked what it would have shown.

use std::{cell::RefCell, fmt, sync::Arc};

use tp_protocol::controls::{Kind, Value};

use super::{Work, builder::Panel, values::Values, view::View};
use crate::error::{Error, Result};

thread_local! {
    /// What a rehearsal on this thread heard: outside of one, nothing; within, the last set that was shown.
    static STAGE: RefCell<Option<Option<Rehearsal>>> = const { RefCell::new(None) };
}

/// The controls that a function showed, and what stands below them: see [`rehearse`].
pub struct Rehearsal {
    panel: Arc<Panel>,
    work: Work,
}

/// Runs a function that calls [`interact`](super::interact) without showing anything: its controls can then be read and moved.
/// A check judges so what a student wrote.
///
/// ```
/// use visages::{notebook::rehearse, prelude::*};
/// fn threshold() -> Result<(), Error> {
///     let controls = Controls::new().slider("Seuil", 0.0..=1.0, 0.5);
///     interact(controls, |values| format!("seuil {}", format_number(values.number("Seuil"), 2)))
/// }
/// let mut shown = rehearse(threshold)?;
/// assert_eq!(shown.labels(), ["Seuil"]);
/// assert_eq!((shown.range("Seuil"), shown.first("Seuil")), (Some((0.0, 1.0)), Some(0.5)));
/// assert_eq!(shown.view_at(&[("Seuil", 0.25)])?.text(), "seuil 0,25");
/// assert!(shown.view_at(&[("Seuil", 1.5)]).is_err());
/// # Ok::<(), Error>(())
/// ```
///
/// As in a cell, the function of the values is called once with the first values. Of several sets, the last one is kept.
///
/// # Errors
/// Those of `run`, and [`Error::Argument`] when it showed no controls.
pub fn rehearse(run: impl FnOnce() -> Result<()>) -> Result<Rehearsal> {
    /// Puts the former stage back, after a panic too.
    struct Curtain(Option<Option<Rehearsal>>);
    impl Drop for Curtain {
        fn drop(&mut self) {
            let former = self.0.take();
            STAGE.with(|stage| *stage.borrow_mut() = former);
        }
    }

    let curtain = Curtain(STAGE.with(|stage| stage.borrow_mut().replace(None)));
    let outcome = run();
    let heard = STAGE.with(|stage| stage.borrow_mut().as_mut().and_then(Option::take));
    drop(curtain);
    outcome?;
    heard.ok_or_else(|| {
        Error::argument(
            "interact",
            "jamais appelé",
            "un appel à interact, avec vos curseurs",
        )
    })
}

/// Whether a rehearsal goes on here.
pub(super) fn is_on() -> bool {
    STAGE.with(|stage| stage.borrow().is_some())
}

/// Keeps a set that a rehearsal heard, after the first call of its function.
pub(super) fn keep(panel: Arc<Panel>, mut work: Work) -> Result<()> {
    view(&mut work, &Values::first(panel.clone()))?;
    STAGE.with(|stage| {
        if let Some(heard) = &mut *stage.borrow_mut() {
            *heard = Some(Rehearsal { panel, work });
        }
    });
    Ok(())
}

/// What the function makes of these values; a label that does not exist explains whatever it led to.
fn view(work: &mut Work, values: &Values) -> Result<View> {
    let made = work(values);
    match values.mistake() {
        Some(mistake) => Err(mistake),
        None => made,
    }
}

impl Rehearsal {
    /// The labels of the controls, in their order.
    pub fn labels(&self) -> Vec<String> {
        let controls = self.panel.controls.iter();
        controls.map(|control| control.label.clone()).collect()
    }

    /// Least and greatest value of a slider.
    pub fn range(&self, label: &str) -> Option<(f64, f64)> {
        match self.kind(label)? {
            Kind::Slider { min, max, .. } => Some((*min, *max)),
            Kind::IntSlider { min, max, .. } => Some((*min as f64, *max as f64)),
            _ => None,
        }
    }

    /// First value of a slider.
    pub fn first(&self, label: &str) -> Option<f64> {
        match self.kind(label)?.first_value() {
            Value::Number(value) => Some(value),
            Value::Integer(value) => Some(value as f64),
            _ => None,
        }
    }

    /// What is shown once these sliders stand at these values, the other controls at their first ones.
    ///
    /// # Errors
    /// [`Error::Argument`] for a label that no slider has or a value out of its range; those of the function of the values.
    pub fn view_at(&mut self, moves: &[(&str, f64)]) -> Result<View> {
        let first = self.panel.controls.iter();
        let mut now: Vec<Value> = first.map(|control| control.kind.first_value()).collect();
        for (label, value) in moves {
            let found = self
                .panel
                .controls
                .iter()
                .position(|one| one.label == *label);
            let Some((place, (min, max))) = found.zip(self.range(label)) else {
                let found = format!("« {label} »");
                return Err(Error::argument("label", found, "le nom d'un curseur"));
            };
            if !(min..=max).contains(value) {
                let expected = format!("un nombre de {min} à {max}");
                return Err(Error::argument("value", value, expected));
            }
            now[place] = match now[place] {
                Value::Integer(_) => Value::Integer(value.round() as i64),
                _ => Value::Number(*value),
            };
        }
        let mut values = Values::first(self.panel.clone());
        values.renew(now, None);
        view(&mut self.work, &values)
    }

    fn kind(&self, label: &str) -> Option<&Kind> {
        let found = self.panel.controls.iter().find(|one| one.label == label);
        found.map(|control| &control.kind)
    }
}

// A function has no `Debug`.
impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rehearsal({})", self.labels().join(" ; "))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Controls, interact},
        *,
    };

    fn show(range: f64) -> Result<()> {
        let controls = Controls::new()
            .slider("a", -range..=range, 0.0)
            .int_slider("n", 0..=9, 3)
            .checkbox("b", true);
        interact(controls, |values| {
            format!("{} {}", values.number("a"), values.integer("n"))
        })
    }

    #[test]
    fn controls_are_read_and_moved_without_a_page() {
        let mut seen = rehearse(|| show(2.0)).unwrap();
        assert_eq!(seen.labels(), ["a", "n", "b"]);
        assert_eq!(seen.range("a"), Some((-2.0, 2.0)));
        assert_eq!((seen.first("n"), seen.range("b")), (Some(3.0), None));
        assert_eq!(seen.view_at(&[]).unwrap().text(), "0 3");
        let view = seen.view_at(&[("n", 7.0), ("a", -1.5)]).unwrap();
        assert_eq!((view.text(), view.png()), ("-1.5 7", None));
        for wrong in [("a", 2.5), ("b", 1.0), ("c", 0.0)] {
            assert!(seen.view_at(&[wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_told_and_what_fails_fails() {
        let error = rehearse(|| Ok(())).unwrap_err().to_string();
        assert!(error.contains("interact"), "{error}");
        assert!(rehearse(|| show(-1.0)).is_err());
        let misread = || {
            interact(Controls::new().button("a"), |values| {
                values.number("z").to_string()
            })
        };
        let error = rehearse(misread).unwrap_err().to_string();
        assert!(error.contains("« z »"), "{error}");
    }

    #[test]
    fn a_panic_ends_the_rehearsal() {
        let panicked = std::panic::catch_unwind(|| {
            rehearse(|| interact(Controls::new().button("a"), |_| -> String { todo!() }))
        });
        assert!(panicked.is_err() && !is_on());
    }
}
