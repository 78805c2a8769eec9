//! Columns of a frame as the numbers that a network learns.

use polars::prelude::{DataFrame, DataType, IdxCa, IdxSize, NamedFrom};

use crate::error::{Error, Result};

/// The rows of `df` at these indices, in that order.
///
/// # Errors
/// [`Error::Index`] when the frame has no such row.
pub(in crate::data) fn take(df: &DataFrame, rows: &[usize]) -> Result<DataFrame> {
    if let Some(&index) = rows.iter().find(|row| **row >= df.height()) {
        return Err(Error::Index {
            what: "le tableau",
            index,
            len: df.height(),
        });
    }
    let rows: Vec<IdxSize> = rows.iter().map(|row| *row as IdxSize).collect();
    Ok(df.take(&IdxCa::new("row".into(), rows))?)
}

/// A column of numbers or booleans (false 0, true 1), one value a row.
///
/// # Errors
/// [`Error::Column`] when it is not there, holds something else or misses a value.
pub(in crate::data) fn numbers(df: &DataFrame, name: &str) -> Result<Vec<f32>> {
    let column = find(df, name)?;
    let dtype = column.dtype();
    if !(dtype.is_primitive_numeric() || dtype.is_bool()) {
        return Err(Error::column(
            name,
            format!(
                "elle contient des valeurs de type {dtype}, un réseau apprend des nombres ; ajoutez une colonne de \
                     nombres avec « with_column »"
            ),
        ));
    }
    let missing = column.null_count();
    if missing > 0 {
        return Err(Error::column(
            name,
            format!(
                "{missing} lignes sur {} n'ont pas de valeur ; écartez-les d'abord, par exemple avec \
                 .filter(col(\"{name}\").is_not_null())",
                column.len()
            ),
        ));
    }
    let column = column.cast(&DataType::Float32)?;
    Ok(column.f32()?.iter().flatten().collect())
}

/// A column of classes, whole numbers from 0, or booleans.
///
/// # Errors
/// Those of [`numbers`]; [`Error::Column`] for a value that is no whole number from 0.
pub(in crate::data) fn classes(df: &DataFrame, name: &str) -> Result<Vec<usize>> {
    numbers(df, name)?
        .into_iter()
        .enumerate()
        .map(|(row, value)| {
            // Whole numbers are exact in f32 up to 2²⁴, far more than there are classes.
            if value.fract() == 0.0 && (0.0..=16_777_216.0).contains(&value) {
                return Ok(value as usize);
            }
            Err(Error::column(
                name,
                format!(
                    "{value} à la ligne {row} n'est pas une classe, un nombre entier à partir de 0"
                ),
            ))
        })
        .collect()
}

/// The values of a column as texts; `None` where there is none.
///
/// # Errors
/// [`Error::Column`] when it is not there, [`Error::Frame`] when its values have no text.
pub(in crate::data) fn texts(df: &DataFrame, name: &str) -> Result<Vec<Option<String>>> {
    let column = find(df, name)?.cast(&DataType::String)?;
    let texts = column.str()?.iter();
    Ok(texts.map(|text| text.map(str::to_owned)).collect())
}

/// A column, or which there are.
///
/// # Errors
/// [`Error::Column`] when it is not there.
pub(in crate::data) fn find<'a>(
    df: &'a DataFrame,
    name: &str,
) -> Result<&'a polars::prelude::Column> {
    df.column(name).map_err(|_| {
        let known: Vec<String> = df
            .get_column_names()
            .iter()
            .map(|name| format!("« {name} »"))
            .collect();
        Error::column(
            name,
            format!(
                "elle n'existe pas ; le tableau a les colonnes {}",
                known.join(", ")
            ),
        )
    })
}
