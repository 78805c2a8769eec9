//! The answers that look at no face: the most frequent gender and the median age.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use super::{AgeAudit, Audit, Factor, audit::answers, numbers, stats::quantile};
use crate::{
    error::{Error, Result},
    metrics::{AgeMetric, Metric},
};

/// Columns of the answers.
const GENDER: &str = "constant_gender";
const AGE: &str = "constant_age";

/// What constant answers are worth: the most frequent gender and the median age of `train`, scored on `test`; of all, then
/// of each group of `groups`, whose members all receive the answer of their group. A network that does no better has learnt
/// nothing of faces.
///
/// | column | type | content |
/// |---|---|---|
/// | `factor`, `group` | str | « ensemble », or the column of groups and the group |
/// | `n_train` | u32 | images of `train` that give the answer; 0 for a group that `train` lacks, which receives the answer of all |
/// | `gender` | u8 | the most frequent gender, 0 when both are as frequent |
/// | `median_age` | f64 | the median age, in years |
/// | `n` | u32 | images of `test` |
/// | `accuracy`, `accuracy_low`, `accuracy_high` | f64 | share of them that the gender is right for, and its 95 % interval |
/// | `mae`, `mae_low`, `mae_high` | f64 | mean absolute error of the age, in years, and its 95 % interval |
///
/// Groups are those of `test`. By the column `gender`, the first answer is always right: it is told.
///
/// # Errors
/// [`Error::Argument`] for an empty part; [`Error::Column`] without the columns `age` and `gender` (0 or 1) or that of a
/// group.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let train = df!("age" => [20, 30, 80], "gender" => [1_u8, 1, 0], "race" => [0_u8, 0, 1])?;
/// let test = df!("age" => [35, 70], "gender" => [1_u8, 1], "race" => [0_u8, 1])?;
/// let answers = constant_answers(&train, &test, &["race"])?;
/// let column = |name: &str| -> Vec<f64> { answers.column(name).unwrap().f64().unwrap().iter().flatten().collect() };
/// assert_eq!(column("median_age"), [30.0, 25.0, 80.0]);
/// // Of all: |35 − 30| and |70 − 30|. By code: 10, then 10.
/// assert_eq!(column("mae"), [22.5, 10.0, 10.0]);
/// assert_eq!(column("accuracy"), [1.0, 1.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn constant_answers(train: &DataFrame, test: &DataFrame, groups: &[&str]) -> Result<DataFrame> {
    for (name, part) in [("train", train), ("test", test)] {
        if part.height() == 0 {
            return Err(Error::argument(name, "tableau vide", "au moins une image"));
        }
    }
    let known = Known {
        genders: answers(train, "gender")?,
        ages: numbers(train, "age")?,
    };
    let every: Vec<u32> = (0..train.height() as u32).collect();
    let of_all = known.answer(&every);
    let mut found = scored(test, Factor::whole(test.height()), &[of_all])?;
    for name in groups {
        let (learnt, tested) = (Factor::read(train, name)?, Factor::read(test, name)?);
        let of_group = |group: &String| {
            let place = learnt.groups.iter().position(|other| other == group);
            place.map_or(Answer { n: 0, ..of_all }, |place| {
                known.answer(&learnt.rows(place))
            })
        };
        let of_groups: Vec<Answer> = tested.groups.iter().map(of_group).collect();
        found = found.vstack(&scored(test, tested, &of_groups)?)?;
    }
    Ok(found)
}

/// What is told of the faces of a group.
#[derive(Clone, Copy)]
struct Answer {
    n: u32,
    gender: bool,
    age: f64,
}

/// The labels of the training part.
struct Known {
    genders: Vec<bool>,
    ages: Vec<f64>,
}

impl Known {
    fn answer(&self, rows: &[u32]) -> Answer {
        let women = rows
            .iter()
            .filter(|row| self.genders[**row as usize])
            .count();
        let mut ages: Vec<f64> = rows.iter().map(|row| self.ages[*row as usize]).collect();
        ages.sort_by(f64::total_cmp);
        Answer {
            n: rows.len() as u32,
            gender: 2 * women > rows.len(),
            age: quantile(&ages, 0.5),
        }
    }
}

/// A line for each group of `factor`, whose members receive the same answer.
fn scored(test: &DataFrame, factor: Factor, told: &[Answer]) -> Result<DataFrame> {
    let labels = factor.label.iter().map(|group| usize::from(*group));
    let genders: Vec<bool> = labels.clone().map(|group| told[group].gender).collect();
    let ages: Vec<f64> = labels.map(|group| told[group].age).collect();
    let mut frame = test.clone();
    frame.with_column(Column::new(GENDER.into(), genders))?;
    frame.with_column(Column::new(AGE.into(), ages))?;
    let groups = [factor.name.as_str()];
    let audit = Audit::new(&frame)
        .label("gender")
        .prediction(GENDER)
        .metrics(&[Metric::Accuracy]);
    let age_audit = AgeAudit::new(&frame)
        .label("age")
        .prediction(AGE)
        .metrics(&[AgeMetric::Mae]);
    let (right, errors) = match test.column(&factor.name) {
        Ok(_) => (
            audit.groups(&groups).by_group()?,
            age_audit.groups(&groups).by_group()?,
        ),
        Err(_) => (audit.overall()?, age_audit.overall()?),
    };
    let of = |frame: &DataFrame, name: &str| frame.column(name).cloned();
    let column = |series: Series| series.into_column();
    Ok(DataFrame::new_infer_height(vec![
        of(&right, "factor")?,
        of(&right, "group")?,
        column(Series::new(
            "n_train".into(),
            told.iter().map(|one| one.n).collect::<Vec<_>>(),
        )),
        column(Series::new(
            "gender".into(),
            told.iter()
                .map(|one| u8::from(one.gender))
                .collect::<Vec<_>>(),
        )),
        column(Series::new(
            "median_age".into(),
            told.iter().map(|one| one.age).collect::<Vec<_>>(),
        )),
        of(&right, "n")?,
        of(&right, "accuracy")?,
        of(&right, "accuracy_low")?,
        of(&right, "accuracy_high")?,
        of(&errors, "mae")?,
        of(&errors, "mae_low")?,
        of(&errors, "mae_high")?,
    ])?)
}
