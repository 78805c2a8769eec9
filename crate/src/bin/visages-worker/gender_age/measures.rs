//! Estimates from frames of predictions: genders, ages, groups.

use serde::Serialize;
use visages::{
    fairness::{
        AgeAudit, Audit, ErrorDifference, ResidualIntervals, accuracy_difference, constant_answers,
        paired_error_difference,
    },
    metrics::{AgeMetric, Metric},
    polars::prelude::{BooleanChunked, DataFrame, NamedFrom},
    train::{predictions, scored_predictions},
};

use super::OLDEST;
use crate::error::{Error, Result};

/// First age that is not of the youngest, and first age of the oldest.
const ENDS: [i32; 2] = [10, 60];
/// Level of the intervals around ages.
const LEVEL: f64 = 0.9;

/// A value and its 95 % interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl From<ErrorDifference> for Estimate {
    fn from(found: ErrorDifference) -> Self {
        Self {
            value: found.difference,
            low: found.low,
            high: found.high,
        }
    }
}

/// What the answers that look at no face are worth.
#[derive(Debug, Serialize)]
pub struct Constant {
    /// The most frequent gender and the median age of the training part.
    pub gender: f64,
    pub age: f64,
    pub accuracy: Estimate,
    pub mae: Estimate,
}

/// Answers about the gender of the test images.
#[derive(Debug, Serialize)]
pub struct Gender {
    pub accuracy: Estimate,
    pub balanced: Estimate,
    pub auc: Estimate,
    /// F1 when class 1 is looked for, and when class 0 is.
    pub f1: [Estimate; 2],
    /// Accuracy less that of the constant answer, image by image.
    pub less_constant: Estimate,
    /// Share of the answers that are class 1.
    pub feminine: f64,
    pub by_decade: Vec<Group>,
    pub by_code: Vec<Group>,
}

/// Some measures of the images of a group; what cannot be told is absent.
#[derive(Debug, Serialize)]
pub struct Group {
    pub name: String,
    pub n: usize,
    pub values: Vec<Option<Estimate>>,
}

/// Answers about the age of the test images.
#[derive(Debug, Serialize)]
pub struct Age {
    pub mae: Estimate,
    pub rmse: Estimate,
    pub cs5: Estimate,
    pub signed: Estimate,
    /// MAE less that of the median age, image by image.
    pub less_median: Estimate,
    /// Signed errors before 10 years and from 60 years on.
    pub ends: [Group; 2],
    /// MAE and signed error.
    pub by_decade: Vec<Group>,
    /// MAE and standardised MAE.
    pub by_code: Vec<Group>,
    pub by_gender: Vec<Group>,
    pub by_age_group: Vec<Group>,
    /// Errors of 10 years at most.
    pub within_ten: f64,
}

/// How often intervals of 90 % hold the age.
#[derive(Debug, Serialize)]
pub struct Coverage {
    pub factor: String,
    pub group: String,
    pub n: usize,
    pub coverage: Estimate,
    pub width: f64,
}

fn failed(error: visages::polars::error::PolarsError) -> Error {
    Error::Execution(error.to_string())
}

fn number(frame: &DataFrame, column: &str, row: usize) -> Result<Option<f64>> {
    let column = frame.column(column).map_err(failed)?;
    Ok(column.get(row).map_err(failed)?.extract::<f64>())
}

fn word(frame: &DataFrame, column: &str, row: usize) -> Result<String> {
    let column = frame
        .column(column)
        .map_err(failed)?
        .str()
        .map_err(failed)?;
    Ok(column.get(row).unwrap_or_default().to_owned())
}

/// A measure of a row of a table; an interval that does not exist is the value itself.
fn measure(frame: &DataFrame, name: &str, row: usize) -> Result<Option<Estimate>> {
    let Some(value) = number(frame, name, row)? else {
        return Ok(None);
    };
    let end = |end: &str| number(frame, &format!("{name}_{end}"), row);
    Ok(Some(Estimate {
        value,
        low: end("low")?.unwrap_or(value),
        high: end("high")?.unwrap_or(value),
    }))
}

fn measured(frame: &DataFrame, name: &str, row: usize) -> Result<Estimate> {
    measure(frame, name, row)?.ok_or_else(|| Error::Execution(format!("{name} n'existe pas")))
}

fn groups(table: &DataFrame, names: &[&str]) -> Result<Vec<Group>> {
    (0..table.height())
        .map(|row| {
            let values = names.iter().map(|name| measure(table, name, row));
            Ok(Group {
                name: word(table, "group", row)?,
                n: number(table, "n", row)?.unwrap_or_default() as usize,
                values: values.collect::<Result<_>>()?,
            })
        })
        .collect()
}

pub fn constant(train: &DataFrame, test: &DataFrame) -> Result<Constant> {
    let found = constant_answers(train, test, &[])?;
    let one = |name: &str| Ok::<_, Error>(number(&found, name, 0)?.unwrap_or(f64::NAN));
    Ok(Constant {
        gender: one("gender")?,
        age: one("median_age")?,
        accuracy: measured(&found, "accuracy", 0)?,
        mae: measured(&found, "mae", 0)?,
    })
}

/// Whether each answer is the annotated gender.
pub fn right(frame: &DataFrame, scores: &[f64]) -> Result<Vec<bool>> {
    let genders = frame
        .column("gender")
        .map_err(failed)?
        .u8()
        .map_err(failed)?;
    let pairs = genders.iter().zip(scores);
    Ok(pairs
        .map(|(gender, score)| gender == Some(u8::from(*score >= 0.5)))
        .collect())
}

/// The difference of two accuracies on the same images.
pub fn gain(before: &[bool], after: &[bool], seed: u64) -> Result<Estimate> {
    let found = accuracy_difference(before, after, None, seed)?;
    Ok(Estimate {
        value: found.difference,
        low: found.low,
        high: found.high,
    })
}

pub fn accuracy(right: &[bool], seed: u64) -> Result<Estimate> {
    let found = visages::fairness::accuracy_interval(right, None, seed)?;
    Ok(Estimate {
        value: found.value,
        low: found.low,
        high: found.high,
    })
}

pub fn gender(test: &DataFrame, scores: &[f64], constant: &Constant, seed: u64) -> Result<Gender> {
    let frame = scored_predictions(test, "gender", scores)?;
    let wanted = [
        Metric::Accuracy,
        Metric::BalancedAccuracy,
        Metric::Auc,
        Metric::F1,
    ];
    let audit = Audit::new(&frame)
        .score("score")
        .metrics(&wanted)
        .seed(seed);
    let all = audit.overall()?;
    // The same answers, told as answers to « is it a man? ».
    let reversed: Vec<f64> = scores.iter().map(|score| 1.0 - score).collect();
    let genders = test
        .column("gender")
        .map_err(failed)?
        .u8()
        .map_err(failed)?;
    let men: Vec<u8> = genders
        .iter()
        .map(|one| 1 - one.unwrap_or_default().min(1))
        .collect();
    let mut other = test.clone();
    other
        .with_column(visages::polars::prelude::Column::new("men".into(), men))
        .map_err(failed)?;
    let other = scored_predictions(&other, "men", &reversed)?;
    let other = Audit::new(&other)
        .metrics(&[Metric::F1])
        .seed(seed)
        .overall()?;
    let constants = vec![constant.gender; scores.len()];
    let by = |column: &str| {
        let audit = audit.clone().metrics(&[Metric::Accuracy]);
        groups(&audit.groups(&[column]).by_group()?, &["accuracy"])
    };
    let feminine = scores.iter().filter(|score| **score >= 0.5).count();
    Ok(Gender {
        accuracy: measured(&all, "accuracy", 0)?,
        balanced: measured(&all, "balanced_accuracy", 0)?,
        auc: measured(&all, "auc", 0)?,
        f1: [measured(&all, "f1", 0)?, measured(&other, "f1", 0)?],
        less_constant: gain(&right(test, &constants)?, &right(test, scores)?, seed)?,
        feminine: feminine as f64 / scores.len() as f64,
        by_decade: by("decade")?,
        by_code: by("race")?,
    })
}

/// Answers of a network, in years, beside the true ages.
pub fn aged(frame: &DataFrame, answers: &[f64]) -> Result<DataFrame> {
    let years: Vec<f64> = answers.iter().map(|answer| OLDEST * answer).collect();
    Ok(predictions(frame, "age", &years)?)
}

pub fn age(test: &DataFrame, answers: &[f64], constant: &Constant, seed: u64) -> Result<Age> {
    let frame = aged(test, answers)?;
    let audit = AgeAudit::new(&frame).seed(seed);
    let all = audit.overall()?;
    let median = vec![constant.age / OLDEST; answers.len()];
    let by = |column: &str, metrics: &[AgeMetric]| {
        let table = audit
            .clone()
            .metrics(metrics)
            .groups(&[column])
            .by_group()?;
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        groups(&table, &names)
    };
    let ages: Vec<Option<i32>> = test
        .column("age")
        .map_err(failed)?
        .i32()
        .map_err(failed)?
        .iter()
        .collect();
    let end = |name: &str, kept: &dyn Fn(i32) -> bool| {
        let mask: Vec<bool> = ages.iter().map(|age| age.is_some_and(kept)).collect();
        let mask = BooleanChunked::new("kept".into(), mask);
        let rows = frame.filter(&mask).map_err(failed)?;
        let n = rows.height();
        let values = match n {
            0 => vec![None],
            _ => {
                let audit = AgeAudit::new(&rows).metrics(&[AgeMetric::SignedError]);
                vec![measure(&audit.seed(seed).overall()?, "signed_error", 0)?]
            }
        };
        Ok::<_, Error>(Group {
            name: name.to_owned(),
            n,
            values,
        })
    };
    let pairs = answers.iter().zip(&ages);
    let near = pairs.filter(|(answer, age)| {
        age.is_some_and(|age| (OLDEST * **answer - f64::from(age)).abs() <= 10.0)
    });
    let both = [AgeMetric::Mae, AgeMetric::SignedError];
    let standard = [AgeMetric::Mae, AgeMetric::MaeStd];
    Ok(Age {
        mae: measured(&all, "mae", 0)?,
        rmse: measured(&all, "rmse", 0)?,
        cs5: measured(&all, "cs5", 0)?,
        signed: measured(&all, "signed_error", 0)?,
        less_median: paired_error_difference(&aged(test, &median)?, &frame, seed)?.into(),
        ends: [
            end("moins de 10 ans", &|age| age < ENDS[0])?,
            end("60 ans et plus", &|age| age >= ENDS[1])?,
        ],
        by_decade: by("decade", &both)?,
        by_code: by("race", &standard)?,
        by_gender: by("gender_name", &standard)?,
        by_age_group: by("age_group", &both)?,
        within_ten: near.count() as f64 / answers.len() as f64,
    })
}

/// Coverage of the intervals that the residuals of validation give, all together, then by gender, code and group of ages.
pub fn coverage(validation: &DataFrame, test: &DataFrame) -> Result<Vec<Coverage>> {
    let intervals = ResidualIntervals::fit(validation, LEVEL)?;
    let table = intervals.coverage(test, &["gender_name", "race", "age_group"])?;
    (0..table.height())
        .map(|row| {
            Ok(Coverage {
                factor: word(&table, "factor", row)?,
                group: word(&table, "group", row)?,
                n: number(&table, "n", row)?.unwrap_or_default() as usize,
                coverage: measured(&table, "coverage", row)?,
                width: number(&table, "width", row)?.unwrap_or(f64::NAN),
            })
        })
        .collect()
}
