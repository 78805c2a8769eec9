//! What is read from a frame: yes / no columns, numbers, groups. Nothing doubtful passes.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::{Column, DataFrame, DataType};

use crate::{
    error::{Error, Result},
    metrics::NO_GROUP,
};

/// Most groups a column may have, and most crossings of several columns.
const MAX_GROUPS: usize = 400;

/// A column, or the list of those there are.
pub(crate) fn find<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    frame.column(name).map_err(|_| {
        let names: Vec<&str> = frame
            .get_column_names()
            .iter()
            .map(|name| name.as_str())
            .collect();
        let there = match names.is_empty() {
            true => "le tableau n'en a aucune".to_owned(),
            false => format!("colonnes présentes : {}", names.join(", ")),
        };
        Error::column(name, format!("absente du tableau ; {there}"))
    })
}

/// The numbers of a column, all finite.
pub(crate) fn numbers(frame: &DataFrame, name: &str) -> Result<Vec<f64>> {
    let column = find(frame, name)?;
    if !(column.dtype().is_primitive_numeric() || *column.dtype() == DataType::Boolean) {
        return Err(Error::column(name, "des nombres sont attendus ici"));
    }
    let values = column.cast(&DataType::Float64)?;
    let values = values.f64()?.iter().enumerate();
    values
        .map(|(row, value)| match value {
            Some(value) if value.is_finite() => Ok(value),
            Some(value) if value.is_nan() => Err(bad_cell(name, row, "NaN n'est pas un nombre")),
            Some(_) => Err(bad_cell(name, row, "valeur infinie")),
            None => Err(bad_cell(name, row, "case vide")),
        })
        .collect()
}

/// The words of a column, « ? » for an empty cell.
pub(crate) fn words(frame: &DataFrame, name: &str) -> Result<Vec<String>> {
    let values = find(frame, name)?.str();
    let values = values.map_err(|_| Error::column(name, "des mots sont attendus ici"))?;
    Ok(values
        .iter()
        .map(|word| word.unwrap_or("?").to_owned())
        .collect())
}

/// « ligne 3, case vide… »: rows are counted from 1, as a reader does.
fn bad_cell(name: &str, row: usize, what: &str) -> Error {
    Error::column(
        name,
        format!(
            "{what} à la ligne {} ; corrigez cette valeur ou retirez la ligne avant de mesurer",
            row + 1
        ),
    )
}

/// The yes and no of a column: booleans, or 0 and 1.
pub(in crate::fairness) fn answers(frame: &DataFrame, name: &str) -> Result<Vec<bool>> {
    let values = numbers(frame, name)?.into_iter().enumerate();
    values
        .map(|(row, value)| match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            _ => Err(bad_cell(name, row, &format!("{value} n'est ni 0 ni 1"))),
        })
        .collect()
}

/// The probabilities of a column.
pub(in crate::fairness) fn scores(frame: &DataFrame, name: &str) -> Result<Vec<f64>> {
    let values = numbers(frame, name)?;
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        None => Ok(values),
        Some(row) => Err(Error::NotAProbability {
            what: format!("colonne « {name} », ligne {}", row + 1),
            value: values[row],
        }),
    }
}

/// Rows sorted into groups.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    /// Name of the column, or of the columns that are crossed: « tone × gender ».
    pub name: String,
    /// Names of the groups: numbers in increasing order, words in alphabetical order or in the frame's.
    pub groups: Vec<String>,
    /// The group of each row.
    pub label: Vec<u16>,
}

impl Factor {
    /// The groups of a column of words, of whole numbers or of yes and no.
    pub(crate) fn read(frame: &DataFrame, name: &str) -> Result<Self> {
        Self::ordered(frame, name, false)
    }

    /// The same; words are in the order in which the column first has them when it is kept.
    pub(super) fn ordered(frame: &DataFrame, name: &str, keep_order: bool) -> Result<Self> {
        let column = find(frame, name)?;
        let empty = |row| bad_cell(name, row, "case vide");
        let mut keys: BTreeMap<(i64, String), u16> = BTreeMap::new();
        let values: Vec<(i64, String)> = match column.dtype() {
            DataType::String => {
                let values = column.str()?.iter().enumerate();
                let mut met: HashMap<&str, i64> = HashMap::new();
                values
                    .map(|(row, value)| {
                        let value = value.ok_or_else(|| empty(row))?;
                        let next = met.len() as i64;
                        let place = *met.entry(value).or_insert(next);
                        Ok((if keep_order { place } else { 0 }, value.to_owned()))
                    })
                    .collect::<Result<_>>()?
            }
            DataType::Boolean => {
                let values = numbers(frame, name)?.into_iter();
                let word = |yes| if yes { "vrai" } else { "faux" };
                values
                    .map(|value| (value as i64, word(value == 1.0).to_owned()))
                    .collect()
            }
            kind if kind.is_primitive_numeric() => {
                let values = numbers(frame, name)?;
                if values.iter().any(|value| value.fract() != 0.0) {
                    return Err(Error::column(
                        name,
                        "des nombres à virgule ne font pas des groupes ; découpez-les en classes, ou employez by_factor, qui le fait",
                    ));
                }
                let values = values.into_iter();
                values
                    .map(|value| (value as i64, format!("{value:.0}")))
                    .collect()
            }
            _ => {
                return Err(Error::column(
                    name,
                    "un groupe est un mot, un nombre entier ou un booléen",
                ));
            }
        };
        for value in &values {
            keys.entry(value.clone()).or_default();
        }
        check_count(name, keys.len())?;
        for (index, label) in keys.values_mut().enumerate() {
            *label = index as u16;
        }
        Ok(Self {
            name: name.to_owned(),
            label: values.iter().map(|value| keys[value]).collect(),
            groups: keys.into_keys().map(|(_, word)| word).collect(),
        })
    }

    /// Every crossing of the groups of several columns, those that no row belongs to included.
    pub(super) fn crossed(factors: &[Self]) -> Result<Self> {
        let names: Vec<&str> = factors.iter().map(|factor| factor.name.as_str()).collect();
        let name = names.join(" × ");
        let count = factors.iter().map(|factor| factor.groups.len()).product();
        check_count(&name, count)?;
        let rows = factors.first().map_or(0, |factor| factor.label.len());
        let mut crossed = Self {
            name,
            groups: vec![String::new()],
            label: vec![0; rows],
        };
        for factor in factors {
            let longer = |start: &String| -> Vec<String> {
                let words = factor.groups.iter();
                words
                    .map(|word| match start.is_empty() {
                        true => word.clone(),
                        false => format!("{start} × {word}"),
                    })
                    .collect()
            };
            crossed.groups = crossed.groups.iter().flat_map(longer).collect();
            for (label, own) in crossed.label.iter_mut().zip(&factor.label) {
                *label = *label * factor.groups.len() as u16 + own;
            }
        }
        Ok(crossed)
    }

    /// All rows in one group.
    pub(in crate::fairness) fn whole(rows: usize) -> Self {
        Self {
            name: "ensemble".to_owned(),
            groups: vec!["ensemble".to_owned()],
            label: vec![0; rows],
        }
    }

    /// The rows of group number `group`, in increasing order.
    pub(crate) fn rows(&self, group: usize) -> Vec<u32> {
        let rows = self.label.iter().enumerate();
        rows.filter(|(_, label)| usize::from(**label) == group)
            .map(|(row, _)| row as u32)
            .collect()
    }
}

fn check_count(name: &str, groups: usize) -> Result<()> {
    const { assert!(MAX_GROUPS < NO_GROUP as usize) };
    match groups <= MAX_GROUPS {
        true => Ok(()),
        false => Err(Error::column(
            name,
            format!("{groups} groupes ; {MAX_GROUPS} au plus peuvent être comparés"),
        )),
    }
}

/// The rows of a column cut into classes: its own groups when it has few values, classes of about
/// equal size when it is a column of many numbers.
pub(super) struct Classes {
    pub factor: Factor,
    /// The column in each class, `None` for words.
    pub extent: Vec<Option<Extent>>,
}

/// Smallest, largest and mean value of a class.
pub(super) struct Extent {
    pub from: f64,
    pub to: f64,
    pub centre: f64,
}

impl Classes {
    /// Cuts into at most `count` classes, from 2 to 50.
    pub(super) fn read(frame: &DataFrame, name: &str, count: usize) -> Result<Self> {
        if !(2..=50).contains(&count) {
            return Err(Error::argument("classes", count, "de 2 à 50 classes"));
        }
        let numeric = find(frame, name)?.dtype().is_primitive_numeric();
        if !numeric {
            let factor = Factor::read(frame, name)?;
            let extent = factor.groups.iter().map(|_| None).collect();
            return Ok(Self { factor, extent });
        }
        let values = numbers(frame, name)?;
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        // The largest value of each class; a value met many times stays in one class.
        let mut ends: Vec<f64> = match distinct.len() <= count {
            true => distinct.clone(),
            false => (1..=count)
                .map(|class| sorted[(class * sorted.len()).div_ceil(count) - 1])
                .collect(),
        };
        ends.dedup();
        let label: Vec<u16> = values
            .iter()
            .map(|value| ends.partition_point(|end| end < value) as u16)
            .collect();
        let mut groups = Vec::new();
        let mut extent = Vec::new();
        for (class, end) in ends.iter().enumerate() {
            let own = || {
                values
                    .iter()
                    .zip(&label)
                    .filter(|(_, l)| usize::from(**l) == class)
            };
            let low = own().map(|(v, _)| *v).fold(f64::INFINITY, f64::min);
            let sum: f64 = own().map(|(v, _)| v).sum();
            extent.push(Some(Extent {
                from: low,
                to: *end,
                centre: sum / own().count() as f64,
            }));
            groups.push(match low == *end {
                true => crate::french::compact(low),
                false => format!(
                    "{} à {}",
                    crate::french::compact(low),
                    crate::french::compact(*end)
                ),
            });
        }
        let factor = Factor {
            name: name.to_owned(),
            groups,
            label,
        };
        Ok(Self { factor, extent })
    }
}
