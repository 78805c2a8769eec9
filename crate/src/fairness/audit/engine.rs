//! What both audits share: metrics of rows in groups, as frames.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use super::columns::{Classes, Extent, Factor};
use crate::{
    error::{Error, Result},
    fairness::{
        SMALL_GROUP, Z_95,
        stats::{Draws, Replicates, bca_interval, resample},
        wilson_interval,
    },
    metrics::{Sample, Spec},
};

/// One metric on the rows of a frame.
pub(super) struct Measure {
    pub spec: Spec,
    pub sample: Sample,
    /// False when its column was not given: the metric has no value, and nothing to compare.
    pub available: bool,
    /// Stratum of each row: rows are drawn anew, or change groups, within their stratum.
    pub strata: Vec<u16>,
}

/// Rows of the rarer class below which an area under the ROC curve has no interval. Resampling one positive always gives
/// that positive: the interval would hold the truth 12 times in 100 (simulated).
const MIN_CLASS: usize = 10;

/// How many rows the weakest part of a measure rests on, and what they are, in French.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Least {
    pub count: usize,
    pub of: &'static str,
}

impl Least {
    /// Any images.
    pub(super) fn images(count: usize) -> Self {
        Self {
            count,
            of: "images",
        }
    }

    /// What `sample` rests on.
    pub(super) fn of(sample: &Sample) -> Self {
        match sample.rarer_class() {
            Some(count) => Self {
                count,
                of: "cas positifs ou négatifs",
            },
            None => Self::images(sample.hits().0),
        }
    }

    /// The smaller of both.
    pub(super) fn min(self, other: Self) -> Self {
        match other.count < self.count {
            true => other,
            false => self,
        }
    }
}

/// Whether a sample has too few rows of a class for any interval.
pub(super) fn is_scarce(sample: &Sample) -> bool {
    sample.rarer_class().is_some_and(|rows| rows < MIN_CLASS)
}

impl Measure {
    /// `rows` of the frame sorted by stratum, as positions in `rows`.
    pub(super) fn strata_of(&self, rows: &[u32]) -> Vec<Vec<u32>> {
        by_key(rows.iter().map(|row| self.strata[*row as usize]))
    }
}

/// Positions sorted by key.
pub(super) fn by_key<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<Vec<u32>> {
    let mut parts = std::collections::BTreeMap::<K, Vec<u32>>::new();
    for (position, key) in keys.enumerate() {
        parts.entry(key).or_default().push(position as u32);
    }
    parts.into_values().collect()
}

/// What is measured, once its columns are read.
pub(super) trait Task {
    /// Number of rows of the frame.
    fn rows(&self) -> usize;

    /// The metrics asked for; some depend on the groups that are compared.
    fn measures(&self, factor: &Factor) -> Vec<Measure>;

    /// Counts of some rows that come before the metrics.
    fn counts(&self, rows: &[u32]) -> Vec<(&'static str, u32)>;

    /// What a reader of these rows' metrics, some of which are `missing`, must be warned of, in French.
    fn remarks(&self, rows: &[u32], missing: &[&str]) -> Vec<String>;

    /// Places of TPR and FPR among the measures, when both are there.
    fn odds(&self) -> Option<(usize, usize)> {
        None
    }
}

/// The only measure of a task that was asked for one.
pub(super) fn first(task: &impl Task, factor: &Factor) -> Result<Measure> {
    task.measures(factor)
        .pop()
        .ok_or_else(|| Error::argument("metrics", "liste vide", "au moins une mesure"))
}

/// A metric of some rows and its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Estimate {
    /// Rows the metric looks at.
    pub n: usize,
    pub value: Option<f64>,
    pub interval: Option<(f64, f64)>,
    /// Too few rows of a class for an interval.
    pub scarce: bool,
}

/// The metric on `rows`: Wilson's interval for a rate, the bootstrap's otherwise.
pub(super) fn estimate(measure: &Measure, rows: &[u32], draws: Draws) -> Result<Estimate> {
    let sample = measure.sample.on(rows);
    let (n, hits) = sample.hits();
    let value = finite(sample.value(&vec![1; rows.len()]));
    let scarce = is_scarce(&sample);
    let interval = match (value, measure.spec.is_rate) {
        (None, _) => None,
        (Some(_), _) if scarce => None,
        (Some(_), true) => Some(wilson_interval(hits, n, Z_95)?),
        (Some(_), false) => {
            let kept: Vec<u32> = sample
                .domain()
                .iter()
                .map(|at| rows[*at as usize])
                .collect();
            let sample = measure.sample.on(&kept);
            let strata = measure.strata_of(&kept);
            match measure.spec.is_inflated {
                true => cautious_interval(&sample, &strata, draws),
                false => bca_interval(&strata, draws, |weights| sample.value(weights)),
            }
        }
    };
    Ok(Estimate {
        n,
        value,
        interval,
        scarce,
    })
}

/// Interval of a calibration error. Each bin adds an absolute value, which chance can only enlarge: the usual bootstrap
/// never reaches 0, even for a perfect model (simulated coverage: 0 %). The sum of the bins' own changes bounds what
/// chance may have added or hidden; that is 95 % for a perfect model, and more otherwise.
fn cautious_interval(sample: &Sample, strata: &[Vec<u32>], draws: Draws) -> Option<(f64, f64)> {
    let (n, _) = sample.hits();
    let value = sample.value(&vec![1; n]);
    let shifts = Replicates::new(resample(strata, draws, |weights| {
        sample.calibration_shift(weights)
    }))?;
    // Rows vary less around the mean of their own bin than around the truth.
    let free = n.checked_sub(sample.bins_used()).filter(|free| *free > 0)?;
    let margin = shifts.quantile(0.95) * (n as f64 / free as f64).sqrt();
    Some(((value - margin).max(0.0), (value + margin).min(1.0)))
}

pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// One line a group of each factor.
pub(super) fn table(task: &impl Task, factors: &[Factor], draws: Draws) -> Result<DataFrame> {
    let mut lines = Lines::default();
    let mut counts: Vec<(&'static str, Vec<u32>)> = Vec::new();
    let mut metrics: Vec<(Spec, Vec<Estimate>)> = Vec::new();
    for factor in factors {
        let measures = task.measures(factor);
        if metrics.is_empty() {
            metrics = measures.iter().map(|one| (one.spec, Vec::new())).collect();
        }
        for (index, group) in factor.groups.iter().enumerate() {
            let rows = factor.rows(index);
            let (mut bare, mut missing, mut scarce) = (Vec::new(), Vec::new(), Vec::new());
            for (measure, (spec, column)) in measures.iter().zip(&mut metrics) {
                let draws = draws.stream(&[spec.name, &factor.name, group]);
                let found = estimate(measure, &rows, draws)?;
                match found {
                    Estimate { value: None, .. } => missing.push(spec.name),
                    Estimate { scarce: true, .. } => scarce.push(spec.name),
                    Estimate { interval: None, .. } => bare.push(spec.name),
                    _ => {}
                }
                column.push(found);
            }
            for (place, (name, count)) in task.counts(&rows).into_iter().enumerate() {
                if counts.len() == place {
                    counts.push((name, Vec::new()));
                }
                counts[place].1.push(count);
            }
            let mut remarks = task.remarks(&rows, &missing);
            if !bare.is_empty() {
                remarks.push(no_interval(&bare));
            }
            remarks.extend(scarce.into_iter().map(too_scarce));
            let least = Least::images(rows.len());
            lines.push(&factor.name, group, rows.len(), least, remarks);
        }
    }
    let mut columns = lines.head();
    for (name, values) in counts {
        columns.push(Series::new(name.into(), values).into_column());
    }
    for (spec, estimates) in metrics {
        columns.push(optional(spec.name, estimates.iter().map(|one| one.value)));
        let ends = |end: fn((f64, f64)) -> f64| {
            estimates
                .iter()
                .map(move |one| one.interval.map(end))
                .collect::<Vec<_>>()
        };
        columns.push(optional(&format!("{}_low", spec.name), ends(|i| i.0)));
        columns.push(optional(&format!("{}_high", spec.name), ends(|i| i.1)));
    }
    columns.extend(lines.tail());
    Ok(DataFrame::new_infer_height(columns)?)
}

/// One metric in each class of a column.
pub(super) fn by_class(measure: &Measure, classes: &Classes, draws: Draws) -> Result<DataFrame> {
    let factor = &classes.factor;
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for (index, group) in factor.groups.iter().enumerate() {
        let draws = draws.stream(&[measure.spec.name, &factor.name, group]);
        let rows = factor.rows(index);
        let one = estimate(measure, &rows, draws)?;
        let remarks = match one {
            Estimate { value: None, .. } => vec![undefined(measure.spec.name)],
            Estimate { scarce: true, .. } => vec![too_scarce(measure.spec.name)],
            Estimate { interval: None, .. } => vec![no_interval(&[measure.spec.name])],
            _ => Vec::new(),
        };
        let least = Least::of(&measure.sample.on(&rows));
        lines.push(&factor.name, group, one.n, least, remarks);
        found.push(one);
    }
    let mut columns = lines.head();
    let metric = vec![measure.spec.name; found.len()];
    let ends =
        |end: fn(&Extent) -> f64| classes.extent.iter().map(move |one| one.as_ref().map(end));
    columns.splice(
        2..2,
        [
            optional("from", ends(|one| one.from)),
            optional("to", ends(|one| one.to)),
            optional("centre", ends(|one| one.centre)),
            Series::new("metric".into(), metric).into_column(),
        ],
    );
    columns.push(optional("value", found.iter().map(|one| one.value)));
    columns.push(optional(
        "low",
        found.iter().map(|one| one.interval.map(|i| i.0)),
    ));
    columns.push(optional(
        "high",
        found.iter().map(|one| one.interval.map(|i| i.1)),
    ));
    columns.extend(lines.tail());
    Ok(DataFrame::new_infer_height(columns)?)
}

/// What every frame by group begins and ends with.
#[derive(Default)]
pub(super) struct Lines {
    factor: Vec<String>,
    group: Vec<String>,
    n: Vec<u32>,
    small: Vec<bool>,
    note: Vec<Option<String>>,
}

impl Lines {
    /// A line on `n` rows, whose weakest part rests on `least`.
    pub(super) fn push(
        &mut self,
        factor: &str,
        group: &str,
        n: usize,
        least: Least,
        mut remarks: Vec<String>,
    ) {
        let small = least.count < SMALL_GROUP;
        if n == 0 {
            remarks.insert(0, "aucune image".to_owned());
        } else if small {
            remarks.insert(0, format!("moins de {SMALL_GROUP} {}", least.of));
        }
        self.factor.push(factor.to_owned());
        self.group.push(group.to_owned());
        self.n.push(n as u32);
        self.small.push(small);
        self.note
            .push((!remarks.is_empty()).then(|| remarks.join(" ; ")));
    }

    /// Columns `factor`, `group`, `n`.
    pub(super) fn head(&self) -> Vec<Column> {
        vec![
            Series::new("factor".into(), &self.factor).into_column(),
            Series::new("group".into(), &self.group).into_column(),
            Series::new("n".into(), &self.n).into_column(),
        ]
    }

    /// Columns `small`, `note`.
    pub(super) fn tail(&self) -> Vec<Column> {
        vec![
            Series::new("small".into(), &self.small).into_column(),
            Series::new("note".into(), &self.note).into_column(),
        ]
    }
}

pub(super) fn optional(name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Column {
    let values: Vec<Option<f64>> = values.into_iter().collect();
    Series::new(name.into(), values).into_column()
}

pub(super) fn words(name: &str, values: &[Option<String>]) -> Column {
    Series::new(name.into(), values).into_column()
}

pub(super) fn no_interval(metrics: &[&str]) -> String {
    format!(
        "pas d'intervalle pour {} : le rééchantillonnage ne change rien",
        metrics.join(", ")
    )
}

pub(super) fn too_scarce(metric: &str) -> String {
    format!("pas d'intervalle pour {metric} : moins de {MIN_CLASS} cas positifs ou négatifs")
}

pub(super) fn undefined(metric: &str) -> String {
    format!("{metric} non défini ici")
}

/// Why a difference has no interval; `scarce` when one of its parts has too few rows of a class.
pub(super) fn no_difference_interval(spec: Spec, scarce: bool) -> String {
    match spec.is_inflated {
        _ if scarce => too_scarce(spec.name),
        true => format!(
            "pas d'intervalle pour un écart de {} : cet écart est surestimé quand les groupes sont petits",
            spec.name
        ),
        false => no_interval(&[spec.name]),
    }
}

/// The columns of an audit's groups, and their crossing when there are several.
pub(super) struct Groups {
    pub single: Vec<Factor>,
    pub crossed: Option<Factor>,
}

impl Groups {
    /// Reads them; words are in alphabetical order, or in that of the frame.
    pub(super) fn read(frame: &DataFrame, names: &[String], keep_order: bool) -> Result<Self> {
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(Error::column(name, "donnée deux fois comme groupe"));
            }
        }
        let single: Vec<Factor> = names
            .iter()
            .map(|name| Factor::ordered(frame, name, keep_order))
            .collect::<Result<_>>()?;
        let crossed = match single.len() {
            0 | 1 => None,
            _ => Some(Factor::crossed(&single)?),
        };
        Ok(Self { single, crossed })
    }

    /// At least one column of groups.
    pub(super) fn required(self) -> Result<Self> {
        match self.single.is_empty() {
            true => Err(Error::argument(
                "groups",
                "aucune colonne",
                "au moins une colonne de groupes, par exemple .groups(&[\"groupe\"])",
            )),
            false => Ok(self),
        }
    }

    /// The crossing, or the only column.
    pub(super) fn finest(mut self) -> Option<Factor> {
        self.crossed.or_else(|| self.single.pop())
    }

    /// Each column, then the crossing.
    pub(super) fn all(self) -> Vec<Factor> {
        let mut factors = self.single;
        factors.extend(self.crossed);
        factors
    }

    /// The column or the crossing called `name`.
    pub(super) fn named(self, name: &str) -> Result<Factor> {
        let factors = self.all();
        let names: Vec<String> = factors
            .iter()
            .map(|one| format!("« {} »", one.name))
            .collect();
        let found = factors.into_iter().find(|factor| factor.name == name);
        found.ok_or_else(|| {
            Error::argument(
                "factor",
                name,
                format!("un groupement de cet audit : {}", names.join(", ")),
            )
        })
    }
}

/// Number of resamples and permutations below which an interval or a p-value means nothing.
const MIN_RESAMPLES: usize = 100;

/// Refuses too few draws and empty frames.
pub(super) fn check(frame: &DataFrame, resamples: usize) -> Result<()> {
    if resamples < MIN_RESAMPLES {
        return Err(Error::argument(
            "resamples",
            resamples,
            format!("au moins {MIN_RESAMPLES} tirages ; 2000 par défaut"),
        ));
    }
    if frame.height() == 0 {
        return Err(Error::argument(
            "frame",
            "tableau vide",
            "au moins une ligne, une par image",
        ));
    }
    if u16::try_from(frame.height() / 1000).is_err() {
        return Err(Error::argument(
            "frame",
            frame.height(),
            "moins de 65 millions de lignes",
        ));
    }
    Ok(())
}
