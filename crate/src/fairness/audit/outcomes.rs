//! Yes / no answers, as rows of metrics.

use super::{
    Audit,
    columns::{Factor, answers, scores},
    engine::{Measure, Task, check},
};
use crate::{
    error::{Error, Result},
    fairness::{SMALL_GROUP, metric::Metric, stats::Sample},
};

/// Labels, answers and scores, image by image.
pub(super) struct Outcomes {
    pub positive: Vec<bool>,
    pub score: Option<Vec<f64>>,
    pub bins: usize,
    answer: Vec<bool>,
    metrics: Vec<Metric>,
}

impl Outcomes {
    /// Reads and checks all that an audit says of its frame.
    pub(super) fn read(audit: &Audit) -> Result<Self> {
        check(&audit.frame, audit.resamples)?;
        if !(0.0..=1.0).contains(&audit.threshold) {
            return Err(Error::argument(
                "threshold",
                audit.threshold,
                "une probabilité de 0 à 1",
            ));
        }
        if !(2..=100).contains(&audit.bins) {
            return Err(Error::argument(
                "bins",
                audit.bins,
                "de 2 à 100 classes de score",
            ));
        }
        if audit.score.is_none() {
            let asked = audit
                .metrics
                .iter()
                .flatten()
                .find(|metric| metric.needs_score());
            if let Some(metric) = asked {
                return Err(no_score(metric.name()));
            }
        }
        let positive = answers(&audit.frame, &audit.label)?;
        let score = audit.score.as_ref();
        let score = score.map(|name| scores(&audit.frame, name)).transpose()?;
        let answer = match (&audit.prediction, &score) {
            (Some(name), _) => answers(&audit.frame, name)?,
            (None, Some(score)) => score
                .iter()
                .map(|score| *score >= audit.threshold)
                .collect(),
            (None, None) => {
                return Err(Error::argument(
                    "prediction",
                    "aucune colonne",
                    "la colonne des réponses, .prediction(\"y_pred\"), ou celle des scores, .score(\"probabilite\")",
                ));
            }
        };
        let metrics = audit.metrics.clone().unwrap_or(Metric::ALL.to_vec());
        Ok(Self {
            positive,
            score,
            bins: audit.bins,
            answer,
            metrics,
        })
    }

    /// Number of rows of each label and answer.
    fn count(&self, rows: &[u32], positive: bool, answer: bool) -> usize {
        let same = |row: &&u32| {
            let row = **row as usize;
            self.positive[row] == positive && self.answer[row] == answer
        };
        rows.iter().filter(same).count()
    }

    fn measure(&self, metric: Metric) -> Measure {
        let pairs = || self.positive.iter().zip(&self.answer);
        let share = |what: fn(bool, bool) -> Option<bool>| {
            Sample::mean(pairs().map(|(positive, answer)| {
                what(*positive, *answer).map(|hit| f64::from(u8::from(hit)))
            }))
        };
        let none = || Sample::mean(pairs().map(|_| None));
        let sample = match metric {
            Metric::Accuracy => share(|positive, answer| Some(positive == answer)),
            Metric::SelectionRate => share(|_, answer| Some(answer)),
            Metric::Tpr => share(|positive, answer| positive.then_some(answer)),
            Metric::Fnr => share(|positive, answer| positive.then_some(!answer)),
            Metric::Fpr => share(|positive, answer| (!positive).then_some(answer)),
            Metric::Tnr => share(|positive, answer| (!positive).then_some(!answer)),
            Metric::Precision => share(|positive, answer| answer.then_some(positive)),
            Metric::Auc => match &self.score {
                Some(score) => Sample::auc(&self.positive, score),
                None => none(),
            },
            Metric::CalibrationError => match &self.score {
                Some(score) => Sample::calibration(&self.positive, score, self.bins),
                None => none(),
            },
        };
        let by_class = metric == Metric::Auc;
        Measure {
            spec: metric.spec(),
            sample,
            available: !metric.needs_score() || self.score.is_some(),
            strata: self
                .positive
                .iter()
                .map(|positive| u16::from(by_class && *positive))
                .collect(),
        }
    }
}

impl Task for Outcomes {
    fn rows(&self) -> usize {
        self.positive.len()
    }

    fn measures(&self, _: &Factor) -> Vec<Measure> {
        self.metrics
            .iter()
            .map(|metric| self.measure(*metric))
            .collect()
    }

    fn counts(&self, rows: &[u32]) -> Vec<(&'static str, u32)> {
        let count = |positive, answer| self.count(rows, positive, answer) as u32;
        let (tp, fp) = (count(true, true), count(false, true));
        let (tn, fn_) = (count(false, false), count(true, false));
        vec![
            ("positives", tp + fn_),
            ("negatives", tn + fp),
            ("tp", tp),
            ("fp", fp),
            ("tn", tn),
            ("fn", fn_),
        ]
    }

    fn remarks(&self, rows: &[u32], missing: &[&str]) -> Vec<String> {
        let asked = |metrics: &[Metric]| -> bool {
            self.metrics.iter().any(|metric| metrics.contains(metric))
        };
        let positives = rows
            .iter()
            .filter(|row| self.positive[**row as usize])
            .count();
        let sides = [
            (
                positives,
                "positif",
                asked(&[Metric::Tpr, Metric::Fnr, Metric::Auc]),
            ),
            (
                rows.len() - positives,
                "négatif",
                asked(&[Metric::Fpr, Metric::Tnr, Metric::Auc]),
            ),
        ];
        let mut remarks = Vec::new();
        for (count, side, _) in sides
            .iter()
            .filter(|(_, _, asked)| *asked && !rows.is_empty())
        {
            if *count == 0 {
                remarks.push(format!("aucun cas {side}"));
            } else if *count < SMALL_GROUP && rows.len() >= SMALL_GROUP {
                remarks.push(format!(
                    "{} seulement",
                    crate::french::count(*count, &format!("cas {side}"))
                ));
            }
        }
        if !rows.is_empty() && missing.contains(&Metric::Precision.name()) {
            remarks.push("aucune réponse positive : pas de précision".to_owned());
        }
        remarks
    }

    fn odds(&self) -> Option<(usize, usize)> {
        let place = |wanted| self.metrics.iter().position(|metric| *metric == wanted);
        place(Metric::Tpr).zip(place(Metric::Fpr))
    }
}

/// Something needs scores that were not given.
pub(super) fn no_score(what: &str) -> Error {
    Error::argument(
        "score",
        "aucune colonne",
        format!(
            "la colonne des probabilités, .score(\"probabilite\"), sans laquelle {what} ne se mesure pas"
        ),
    )
}
