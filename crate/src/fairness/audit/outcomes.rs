//! Yes / no answers, as rows of metrics.

use polars::prelude::DataFrame;

use super::{
    columns::{Factor, answers, numbers, scores},
    engine::{self, Measure, Task, check},
};
use crate::{
    error::{Error, Result},
    fairness::SMALL_GROUP,
    metrics::{Answers, Confusion, Metric},
};

/// Where an audit finds what it measures, and how scores become answers.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub label: String,
    pub prediction: Option<String>,
    pub score: Option<String>,
    pub threshold: f64,
    pub bins: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            label: "y_true".to_owned(),
            prediction: None,
            score: None,
            threshold: 0.5,
            bins: 10,
        }
    }
}

impl Columns {
    /// With the columns of predictions, `score` or else `y_pred`, where no other was named.
    pub(super) fn on(&self, frame: &DataFrame) -> Self {
        let mut columns = self.clone();
        let usual = |name: &str| frame.column(name).ok().map(|_| name.to_owned());
        if columns.score.is_none() && columns.prediction.is_none() {
            columns.score = usual("score");
            let answers = usual("y_pred").filter(|_| columns.score.is_none());
            match answers {
                // Probabilities are no answers yet: fractions tell them.
                Some(name) if has_fractions(frame, &name) => columns.score = Some(name),
                answers => columns.prediction = answers,
            }
        }
        columns
    }
}

fn has_fractions(frame: &DataFrame, name: &str) -> bool {
    numbers(frame, name).is_ok_and(|values| values.iter().any(|value| value.fract() != 0.0))
}

/// Labels, answers and scores, image by image.
pub(super) struct Outcomes {
    pub answers: Answers,
    metrics: Vec<Metric>,
}

impl Outcomes {
    /// Reads and checks all that an audit says of its frame.
    pub(super) fn read(
        frame: &DataFrame,
        columns: &Columns,
        metrics: Option<&[Metric]>,
        resamples: usize,
    ) -> Result<Self> {
        check(frame, resamples)?;
        let columns = columns.on(frame);
        if !(0.0..=1.0).contains(&columns.threshold) {
            return Err(Error::argument(
                "threshold",
                columns.threshold,
                "une probabilité de 0 à 1",
            ));
        }
        if !(2..=100).contains(&columns.bins) {
            return Err(Error::argument(
                "bins",
                columns.bins,
                "de 2 à 100 classes de score",
            ));
        }
        let asked = metrics.unwrap_or_default();
        if let (None, Some(metric)) = (
            &columns.score,
            asked.iter().find(|metric| metric.needs_score()),
        ) {
            return Err(no_score(metric.name()));
        }
        let positive = answers(frame, &columns.label)?;
        let score = columns.score.as_ref();
        let score = score.map(|name| scores(frame, name)).transpose()?;
        let answer = match (&columns.prediction, &score) {
            (Some(name), _) => answers(frame, name)?,
            (None, Some(score)) => score
                .iter()
                .map(|score| *score >= columns.threshold)
                .collect(),
            (None, None) => {
                return Err(Error::argument(
                    "prediction",
                    "aucune colonne",
                    "la colonne des réponses, .prediction(\"y_pred\"), ou celle des scores, .score(\"probabilite\")",
                ));
            }
        };
        Ok(Self {
            answers: Answers {
                positive,
                answer,
                score,
                bins: columns.bins,
            },
            metrics: metrics.unwrap_or(&Metric::AUDITED).to_vec(),
        })
    }

    /// Labels and answers of some rows, counted.
    fn count(&self, rows: &[u32]) -> Confusion {
        let Answers {
            positive, answer, ..
        } = &self.answers;
        Confusion::count(
            rows.iter()
                .map(|row| (positive[*row as usize], answer[*row as usize])),
        )
    }

    fn measure(&self, metric: Metric) -> Measure {
        let positive = self.answers.positive.iter();
        Measure {
            spec: metric.spec(),
            sample: metric.sample(&self.answers),
            available: !metric.needs_score() || self.answers.score.is_some(),
            strata: positive
                .map(|positive| u16::from(metric.is_by_class() && *positive))
                .collect(),
        }
    }
}

impl Task for Outcomes {
    fn rows(&self) -> usize {
        self.answers.positive.len()
    }

    fn measures(&self, _: &Factor) -> Vec<Measure> {
        self.metrics
            .iter()
            .map(|metric| self.measure(*metric))
            .collect()
    }

    fn counts(&self, rows: &[u32]) -> Vec<(&'static str, u32)> {
        let counts = self.count(rows);
        [
            ("positives", counts.positives()),
            ("negatives", counts.negatives()),
            ("tp", counts.true_positives),
            ("fp", counts.false_positives),
            ("tn", counts.true_negatives),
            ("fn", counts.false_negatives),
        ]
        .map(|(name, count)| (name, count as u32))
        .to_vec()
    }

    fn remarks(&self, rows: &[u32], missing: &[&str]) -> Vec<String> {
        let asked = |metrics: &[Metric]| -> bool {
            self.metrics.iter().any(|metric| metrics.contains(metric))
        };
        let counts = self.count(rows);
        let sides = [
            (
                counts.positives(),
                "positif",
                asked(&[
                    Metric::Tpr,
                    Metric::Fnr,
                    Metric::Auc,
                    Metric::BalancedAccuracy,
                ]),
            ),
            (
                counts.negatives(),
                "négatif",
                asked(&[
                    Metric::Fpr,
                    Metric::Tnr,
                    Metric::Auc,
                    Metric::BalancedAccuracy,
                ]),
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
        // What no remark above accounts for is at least named.
        let told = [
            Metric::Tpr,
            Metric::Fnr,
            Metric::Fpr,
            Metric::Tnr,
            Metric::Auc,
            Metric::BalancedAccuracy,
            Metric::Precision,
        ]
        .map(Metric::name);
        if !rows.is_empty() {
            let untold = missing.iter().filter(|name| !told.contains(name));
            remarks.extend(untold.map(|name| engine::undefined(name)));
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
