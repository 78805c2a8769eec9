//! Intervals around predicted ages, from the errors made on validation, and how often they hold the true age.

use polars::prelude::{Column, DataFrame, df};

use super::{Factor, SMALL_GROUP, Z_95, numbers, stats::quantile, wilson_interval};
use crate::error::{Error, Result};

/// Fewest validation images of a decade whose own errors give a half-width.
const FEWEST: usize = 30;
/// Years of a decade.
const DECADE: f64 = 10.0;

/// Prediction intervals `[p − h, p + h]` of ages, where the half-width `h` is a quantile of the absolute errors made on a
/// validation part, in the decade of the *predicted* age: the only one that is known when a network answers. A decade with
/// fewer than 30 validation images takes the quantile of all.
///
/// The level is promised for new images like those of validation, all together: nothing is promised of a group, which is
/// what [`coverage`](Self::coverage) measures.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// // In the twenties errors of 0 to 9 years, in the forties of 0 to 18.
/// let error = |image: i32| image % 10 * if image < 40 { 1 } else { 2 };
/// let y_pred: Vec<f64> = (0..80).map(|image| if image < 40 { 25.0 } else { 45.0 }).collect();
/// let y_true: Vec<f64> = (0..80).map(|image| y_pred[image as usize] + f64::from(error(image))).collect();
/// let validation = df!("y_true" => y_true, "y_pred" => y_pred)?;
/// let intervals = ResidualIntervals::fit(&validation, 0.9)?;
/// assert!((intervals.half_width(22.0) - 8.1).abs() < 1e-9 && (intervals.half_width(49.0) - 16.2).abs() < 1e-9);
/// let measured = intervals.coverage(&validation, &[])?;
/// assert_eq!(measured.column("coverage")?.f64()?.get(0), Some(0.9));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Split conformal prediction: J. Lei and others, *Distribution-Free Predictive Inference for Regression*, JASA 2018; here
/// with the plain quantile (linear between two errors) and by decade.
#[derive(Clone, Debug, PartialEq)]
pub struct ResidualIntervals {
    level: f64,
    overall: f64,
    /// Images and half-width of each decade, from 0 to 9 years on.
    decades: Vec<(usize, f64)>,
}

impl ResidualIntervals {
    /// The half-widths of intervals that should hold the true age of a share `level` of the images, from a frame of
    /// predictions (`y_true`, `y_pred`, in years) on images that the network has not learnt from.
    ///
    /// # Errors
    /// [`Error::Argument`] for an empty frame or a level that is not strictly between 0 and 1; [`Error::Column`] without
    /// one of the columns.
    pub fn fit(validation: &DataFrame, level: f64) -> Result<Self> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::argument(
                "level",
                level,
                "une part strictement comprise entre 0 et 1, 0.9 pour un intervalle à 90 %",
            ));
        }
        let (truth, predicted) = ages(validation)?;
        let mut by_decade: Vec<Vec<f64>> = Vec::new();
        let mut all = Vec::with_capacity(truth.len());
        for (truth, predicted) in truth.iter().zip(&predicted) {
            let (error, decade) = ((predicted - truth).abs(), decade(*predicted));
            if by_decade.len() <= decade {
                by_decade.resize(decade + 1, Vec::new());
            }
            by_decade[decade].push(error);
            all.push(error);
        }
        let of = |errors: &mut Vec<f64>| {
            errors.sort_by(f64::total_cmp);
            quantile(errors, level)
        };
        let overall = of(&mut all);
        let half_width = |mut errors: Vec<f64>| match errors.len() < FEWEST {
            true => (errors.len(), overall),
            false => (errors.len(), of(&mut errors)),
        };
        Ok(Self {
            level,
            overall,
            decades: by_decade.into_iter().map(half_width).collect(),
        })
    }

    /// The share of the images whose age should lie in their interval.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Half-width of the interval around a predicted age, in years.
    pub fn half_width(&self, predicted_age: f64) -> f64 {
        let decade = self.decades.get(decade(predicted_age));
        decade.map_or(self.overall, |(_, half_width)| *half_width)
    }

    /// The half-widths: `decade` (i32, its first year), `n` (u32, validation images), `half_width` (f64, years), `own` (bool,
    /// whether it comes from the errors of this decade alone).
    ///
    /// # Errors
    /// [`Error::Frame`] when polars refuses the columns.
    pub fn half_widths(&self) -> Result<DataFrame> {
        let numbered = self.decades.iter().enumerate();
        let present: Vec<(usize, (usize, f64))> = numbered
            .filter(|(_, (n, _))| *n > 0)
            .map(|(decade, found)| (decade, *found))
            .collect();
        Ok(df!(
            "decade" => present.iter().map(|(decade, _)| 10 * *decade as i32).collect::<Vec<_>>(),
            "n" => present.iter().map(|(_, (n, _))| *n as u32).collect::<Vec<_>>(),
            "half_width" => present.iter().map(|(_, (_, half_width))| *half_width).collect::<Vec<_>>(),
            "own" => present.iter().map(|(_, (n, _))| *n >= FEWEST).collect::<Vec<_>>(),
        )?)
    }

    /// The frame of predictions with three more columns: the ends `low` and `high` of the interval, in years, and `covered`
    /// (bool), whether it holds the true age.
    ///
    /// # Errors
    /// [`Error::Argument`] for an empty frame; [`Error::Column`] without `y_true` or `y_pred`.
    pub fn apply(&self, predictions: &DataFrame) -> Result<DataFrame> {
        let (truth, predicted) = ages(predictions)?;
        let half: Vec<f64> = predicted.iter().map(|age| self.half_width(*age)).collect();
        let ends = |sign: f64| -> Vec<f64> {
            let pairs = predicted.iter().zip(&half);
            pairs.map(|(age, half)| age + sign * half).collect()
        };
        let errors = predicted.iter().zip(&truth).zip(&half);
        let covered: Vec<bool> = errors
            .map(|((predicted, truth), half)| (predicted - truth).abs() <= *half)
            .collect();
        let mut frame = predictions.clone();
        frame.with_column(Column::new("low".into(), ends(-1.0)))?;
        frame.with_column(Column::new("high".into(), ends(1.0)))?;
        frame.with_column(Column::new("covered".into(), covered))?;
        Ok(frame)
    }

    /// How often the intervals hold the true age: all together, then in each group of these columns.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `factor`, `group` | str | « ensemble », or the column of groups and the group |
    /// | `n`, `covered` | u32 | images, and those whose age lies in their interval |
    /// | `coverage`, `coverage_low`, `coverage_high` | f64 | their share, and Wilson's 95 % interval |
    /// | `width` | f64 | mean width of the intervals, in years |
    /// | `small` | bool | fewer than 30 images |
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply); [`Error::Column`] for a column that makes no groups.
    pub fn coverage(&self, predictions: &DataFrame, groups: &[&str]) -> Result<DataFrame> {
        let (truth, predicted) = ages(predictions)?;
        let half: Vec<f64> = predicted.iter().map(|age| self.half_width(*age)).collect();
        let mut factors = vec![Factor::whole(truth.len())];
        for name in groups {
            factors.push(Factor::read(predictions, name)?);
        }
        let mut lines = Lines::default();
        for factor in &factors {
            for (group, name) in factor.groups.iter().enumerate() {
                let rows = factor.rows(group);
                let held = |row: &&u32| {
                    let row = **row as usize;
                    (predicted[row] - truth[row]).abs() <= half[row]
                };
                let covered = rows.iter().filter(held).count();
                let width: f64 = rows.iter().map(|row| 2.0 * half[*row as usize]).sum();
                let (low, high) = wilson_interval(covered, rows.len(), Z_95)?;
                lines.factor.push(factor.name.clone());
                lines.group.push(name.clone());
                lines.n.push(rows.len() as u32);
                lines.covered.push(covered as u32);
                lines.low.push(low);
                lines.high.push(high);
                lines.width.push(width / rows.len() as f64);
            }
        }
        lines.frame()
    }
}

#[derive(Default)]
struct Lines {
    factor: Vec<String>,
    group: Vec<String>,
    n: Vec<u32>,
    covered: Vec<u32>,
    low: Vec<f64>,
    high: Vec<f64>,
    width: Vec<f64>,
}

impl Lines {
    fn frame(self) -> Result<DataFrame> {
        let pairs = self.covered.iter().zip(&self.n);
        let coverage: Vec<f64> = pairs
            .map(|(covered, n)| f64::from(*covered) / f64::from(*n))
            .collect();
        let small: Vec<bool> = self.n.iter().map(|n| *n < SMALL_GROUP as u32).collect();
        Ok(df!(
            "factor" => self.factor,
            "group" => self.group,
            "n" => self.n,
            "covered" => self.covered,
            "coverage" => coverage,
            "coverage_low" => self.low,
            "coverage_high" => self.high,
            "width" => self.width,
            "small" => small,
        )?)
    }
}

/// Number of the decade of an age: 2 for 26; a predicted age below 0 belongs to the first.
fn decade(age: f64) -> usize {
    (age / DECADE).max(0.0) as usize
}

/// True and predicted ages.
fn ages(frame: &DataFrame) -> Result<(Vec<f64>, Vec<f64>)> {
    if frame.height() == 0 {
        return Err(Error::argument(
            "predictions",
            "tableau vide",
            "au moins une image",
        ));
    }
    Ok((numbers(frame, "y_true")?, numbers(frame, "y_pred")?))
}
