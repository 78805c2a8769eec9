//! What a set of controls is made of.

use std::{ops::RangeInclusive, sync::Arc};

use tp_protocol::controls::{Control, Kind};

use crate::error::{Error, Result};

/// Steps that a slider has when nothing else is asked for, at least.
const STEPS: f64 = 100.0;

/// Controls to show with [`interact`](super::interact), each called by its label. They stand below each other, or side by side
/// within a [`row`](Controls::row).
///
/// ```
/// use visages::prelude::*;
/// let controls = Controls::new()
///     .slider("Luminosité", 0.0..=1.0, 0.5)
///     .step(0.05)
///     .int_slider("Images", 1..=20, 8)
///     .row(|row| row.checkbox("Groupes", true).button("Autre tirage"))
///     .choice("Modèle", &["CNN", "DB-VAE"])
///     .upload("Votre photo");
/// # let _ = controls;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Controls {
    controls: Vec<Control>,
    rows: Vec<Vec<usize>>,
    /// Within a row, controls share it.
    beside: bool,
    problem: Option<(&'static str, String, String)>,
}

/// Controls that were checked.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) controls: Vec<Control>,
    pub(super) rows: Vec<Vec<usize>>,
}

impl Controls {
    /// No control yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A slider of real numbers over `range`, at `value` first; a number field stands beside it. Its step is about a hundredth
    /// of the range: see [`step`](Self::step).
    pub fn slider(mut self, label: &str, range: RangeInclusive<f64>, value: f64) -> Self {
        let (min, max) = (*range.start(), *range.end());
        if !(min.is_finite() && max.is_finite() && min < max) {
            let found = format!("de {min} à {max}");
            self.refuse("range", found, "deux nombres, le plus petit d'abord");
        } else if !(min..=max).contains(&value) {
            self.refuse("value", value, format!("un nombre de {min} à {max}"));
        }
        let step = 10_f64.powf(((max - min) / STEPS).log10().floor());
        let kind = Kind::Slider {
            min,
            max,
            step,
            value,
        };
        self.add(label, kind)
    }

    /// A slider of whole numbers over `range`, at `value` first; a number field stands beside it.
    pub fn int_slider(mut self, label: &str, range: RangeInclusive<i64>, value: i64) -> Self {
        let (min, max) = (*range.start(), *range.end());
        if min >= max {
            let found = format!("de {min} à {max}");
            self.refuse("range", found, "deux nombres, le plus petit d'abord");
        } else if !range.contains(&value) {
            self.refuse("value", value, format!("un nombre de {min} à {max}"));
        }
        let kind = Kind::IntSlider {
            min,
            max,
            step: 1,
            value,
        };
        self.add(label, kind)
    }

    /// Changes the step of the slider that was added last; that of whole numbers is rounded.
    pub fn step(mut self, by: f64) -> Self {
        let fits = match self.controls.last_mut().map(|control| &mut control.kind) {
            Some(Kind::Slider { min, max, step, .. }) if by > 0.0 && by <= *max - *min => {
                *step = by;
                true
            }
            Some(Kind::IntSlider { step, .. }) if by.round() >= 1.0 && by < 1e9 => {
                *step = by.round() as i64;
                true
            }
            _ => false,
        };
        if !fits {
            self.refuse(
                "step",
                by,
                "un pas plus petit que l'intervalle, juste après un curseur",
            );
        }
        self
    }

    /// A list of texts, the first one chosen.
    pub fn choice(mut self, label: &str, options: &[&str]) -> Self {
        if options.is_empty() {
            self.refuse("options", "liste vide", "au moins un choix");
        }
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        self.add(label, Kind::Choice { options, index: 0 })
    }

    /// A check box.
    pub fn checkbox(self, label: &str, checked: bool) -> Self {
        self.add(label, Kind::Checkbox { value: checked })
    }

    /// A button, whose clicks are counted.
    pub fn button(self, label: &str) -> Self {
        self.add(label, Kind::Button)
    }

    /// A button that takes a picture of the reader's own, from a telephone too. It is shown in the controls only: neither the
    /// notebook nor a page keeps its bytes.
    pub fn upload(self, label: &str) -> Self {
        let accept = "image/jpeg,image/png".to_owned();
        self.add(label, Kind::Upload { accept })
    }

    /// Controls side by side, as far as the page is wide.
    pub fn row(mut self, of: impl FnOnce(Self) -> Self) -> Self {
        let outside = self.beside;
        self.rows.push(Vec::new());
        self.beside = true;
        let mut all = of(self);
        all.beside = outside;
        all
    }

    fn add(mut self, label: &str, kind: Kind) -> Self {
        if label.trim().is_empty() {
            self.refuse("label", "texte vide", "un nom pour chaque commande");
        } else if self.controls.iter().any(|control| control.label == label) {
            let found = format!("« {label} »");
            self.refuse("label", found, "un nom différent pour chaque commande");
        }
        let index = self.controls.len();
        match self.rows.last_mut().filter(|_| self.beside) {
            Some(row) => row.push(index),
            None => self.rows.push(vec![index]),
        }
        let label = label.to_owned();
        self.controls.push(Control { label, kind });
        self
    }

    /// Keeps the first problem for [`build`](Self::build).
    fn refuse(
        &mut self,
        argument: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) {
        self.problem
            .get_or_insert_with(|| (argument, found.to_string(), expected.into()));
    }

    pub(super) fn build(mut self) -> Result<Arc<Panel>> {
        if self.controls.is_empty() {
            self.refuse("controls", "aucune commande", "au moins un curseur");
        }
        if let Some((name, found, expected)) = self.problem {
            return Err(Error::argument(name, found, expected));
        }
        self.rows.retain(|row| !row.is_empty());
        Ok(Arc::new(Panel {
            controls: self.controls,
            rows: self.rows,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_stand_in_rows() {
        let panel = Controls::new()
            .slider("a", 0.0..=1.0, 0.5)
            .row(|row| row.checkbox("b", true).button("c"))
            .row(|row| row)
            .int_slider("d", -3..=3, 0)
            .step(2.0)
            .build()
            .unwrap();
        assert_eq!(panel.rows, [vec![0], vec![1, 2], vec![3]]);
        assert!(matches!(panel.controls[0].kind, Kind::Slider { step, .. } if step == 0.01));
        assert!(matches!(
            panel.controls[3].kind,
            Kind::IntSlider { step: 2, .. }
        ));
    }

    #[test]
    fn what_makes_no_sense_is_told_in_french() {
        let new = Controls::new;
        for (controls, words) in [
            (new(), "au moins un curseur"),
            (new().slider("a", 1.0..=0.0, 0.5), "le plus petit d'abord"),
            (
                new().slider("a", 0.0..=f64::NAN, 0.5),
                "le plus petit d'abord",
            ),
            (new().slider("a", 0.0..=1.0, 2.0), "un nombre de 0 à 1"),
            (new().int_slider("a", 3..=3, 3), "le plus petit d'abord"),
            (new().int_slider("a", 1..=3, 0), "un nombre de 1 à 3"),
            (new().choice("a", &[]), "au moins un choix"),
            (new().button("a").button("a"), "« a »"),
            (new().button(" "), "texte vide"),
            (new().button("a").step(0.1), "un pas plus petit"),
            (
                new().slider("a", 0.0..=1.0, 0.5).step(0.0),
                "un pas plus petit",
            ),
        ] {
            let error = controls.build().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
