//! Yes / no answers beside the truth.

use crate::error::{Error, Result};

/// What is true of each image, what was answered, and with which score.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub positive: Vec<bool>,
    pub answer: Vec<bool>,
    /// In `[0, 1]`.
    pub score: Option<Vec<f64>>,
    /// Bins of the calibration error.
    pub bins: usize,
}

/// Bins of the calibration error, unless told otherwise.
pub(crate) const BINS: usize = 10;

impl Answers {
    /// Labels (0 or 1) and scores (in `[0, 1]`): the answer is « yes » from `threshold` on.
    ///
    /// # Errors
    /// [`Error::Shape`] when the lengths differ, [`Error::Argument`] without any image or with another label,
    /// [`Error::NotAProbability`] for NaN or a score outside `[0, 1]`.
    pub(crate) fn new(truth: &[f64], score: &[f64], threshold: f64) -> Result<Self> {
        check_lengths(truth.len(), score.len())?;
        if let Some(image) = score.iter().position(|score| !(0.0..=1.0).contains(score)) {
            return Err(Error::NotAProbability {
                what: format!("image {image}"),
                value: score[image],
            });
        }
        let label = |(image, label): (usize, &f64)| match *label {
            0.0 => Ok(false),
            1.0 => Ok(true),
            other => Err(Error::argument(
                "labels",
                format!("{other} pour l'image {image}"),
                "1 (visage, oui) ou 0 (autre image, non)",
            )),
        };
        Ok(Self {
            positive: truth.iter().enumerate().map(label).collect::<Result<_>>()?,
            answer: score.iter().map(|score| *score >= threshold).collect(),
            score: Some(score.to_vec()),
            bins: BINS,
        })
    }
}

/// Refuses two lists of other lengths, or without anything.
pub(super) fn check_lengths(truth: usize, predicted: usize) -> Result<()> {
    if truth != predicted {
        return Err(Error::shape(
            "étiquettes comparées aux réponses du modèle",
            [predicted],
            [truth],
        ));
    }
    match truth {
        0 => Err(Error::argument(
            "labels",
            "liste vide",
            "au moins une image étiquetée",
        )),
        _ => Ok(()),
    }
}

/// The four counts of yes / no answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Confusion {
    pub true_positives: usize,
    pub false_positives: usize,
    pub true_negatives: usize,
    pub false_negatives: usize,
}

impl Confusion {
    /// Counts pairs of truth and answer.
    pub(crate) fn count(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for pair in pairs {
            let cell = match pair {
                (true, true) => &mut counts.true_positives,
                (false, true) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (true, false) => &mut counts.false_negatives,
            };
            *cell += 1;
        }
        counts
    }

    pub(crate) fn positives(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    pub(crate) fn negatives(&self) -> usize {
        self.true_negatives + self.false_positives
    }
}
