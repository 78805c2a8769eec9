//! What latent variables say of what is known of the images: one by one, and all together.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, DataType, df};

use super::regression::{FOLDS, cross_validated, folds};
use crate::{
    error::{Error, Result},
    fairness::find,
    train::LatentTable,
};

/// Fewest images of a factor: two a fold.
const FEWEST: usize = 2 * FOLDS;
/// Most names of a factor of words.
const MOST_NAMES: usize = 20;
/// Name of all variables together.
const TOGETHER: &str = "ensemble";

/// How well each known factor is predicted from each latent variable alone, then from all of them together: the R² of linear
/// least squares, cross-validated in five parts drawn from `seed`.
///
/// A variable that says nothing has an R² of 0 or a little less; one that says all has 1. A factor may be spread over several
/// variables (the axes that a VAE finds are not ours): no variable alone then says much, and « ensemble » tells.
///
/// # Arguments
/// - `mu`: latent means, one line an image, as [`latent_means`](crate::train::latent_means) gives them;
/// - `frame`: what is known of the same images, in the same order; `factors`: its columns. Numbers and booleans are taken as
///   they are (a pose as a signed angle). Words become a column of 0 and 1 a word, whose squares are added up.
///
/// Images for which a factor is null are left out of its lines.
///
/// # Output
/// | column | type | content |
/// |---|---|---|
/// | `factor` | str | the column of `frame` |
/// | `variable` | str | « z0 », « z1 »… then « ensemble » |
/// | `r_squared` | f64 | not a number when the factor has a single value |
/// | `low`, `high` | f64 | its 95 % interval, by drawing the images anew 500 times |
/// | `n` | u32 | images |
///
/// # Errors
/// [`Error::Shape`] when there is not one line an image; [`Error::Argument`] without factors; [`Error::Column`] for a column that
/// is missing, is neither numbers nor words, has more than 20 words, or has a value for fewer than 10 images.
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// // The first variable is the factor, twice over; the second is something else.
/// let mu: Vec<f32> = (0..40).flat_map(|i| [2.0 * i as f32, (i * 7 % 5) as f32]).collect();
/// let frame = df!("pose" => (0..40).map(f64::from).collect::<Vec<_>>())?;
/// let found = latent_factors(&LatentTable::new(mu, 2)?, &frame, &["pose"], 1)?;
/// let r_squared = found.column("r_squared")?.f64()?;
/// assert!(r_squared.get(0) > Some(0.999) && r_squared.get(1) < Some(0.2) && r_squared.get(2) > Some(0.999));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn latent_factors(
    mu: &LatentTable,
    frame: &DataFrame,
    factors: &[&str],
    seed: u64,
) -> Result<DataFrame> {
    if mu.len() != frame.height() {
        return Err(Error::shape(
            "tableau des facteurs (une ligne par image)",
            [mu.len()],
            [frame.height()],
        ));
    }
    if factors.is_empty() {
        return Err(Error::argument(
            "factors",
            "liste vide",
            "au moins un facteur, une colonne du tableau",
        ));
    }
    let variables: Vec<Vec<f64>> = (0..mu.latent_dim())
        .map(|dimension| mu.column(dimension))
        .collect::<Result<_>>()?;
    let (mut lines, mut sizes) = (Vec::new(), Vec::new());
    for name in factors {
        let (rows, targets) = known(frame, name)?;
        if rows.len() < FEWEST {
            return Err(Error::column(
                *name,
                format!(
                    "{} images ont une valeur, il en faut {FEWEST} au moins",
                    rows.len()
                ),
            ));
        }
        let chosen: Vec<Vec<f64>> = variables
            .iter()
            .map(|values| rows.iter().map(|&row| values[row]).collect())
            .collect();
        let folds = folds(rows.len(), seed);
        let mut note = |variable: String, columns: &[&[f64]]| {
            let found = cross_validated(columns, &targets, &folds);
            let interval = found.interval(seed);
            lines.push((*name, variable, found.r_squared(), interval));
            sizes.push(rows.len() as u32);
        };
        for (dimension, values) in chosen.iter().enumerate() {
            note(format!("z{dimension}"), &[values]);
        }
        let all: Vec<&[f64]> = chosen.iter().map(Vec::as_slice).collect();
        note(TOGETHER.to_owned(), &all);
    }
    Ok(df!(
        "factor" => lines.iter().map(|line| line.0).collect::<Vec<_>>(),
        "variable" => lines.iter().map(|line| line.1.as_str()).collect::<Vec<_>>(),
        "r_squared" => lines.iter().map(|line| line.2).collect::<Vec<f64>>(),
        "low" => lines.iter().map(|line| line.3[0]).collect::<Vec<f64>>(),
        "high" => lines.iter().map(|line| line.3[1]).collect::<Vec<f64>>(),
        "n" => sizes,
    )?)
}

/// The rows at which a factor is known, and its values there: a column of numbers, or one of 0 and 1 a word.
fn known(frame: &DataFrame, name: &str) -> Result<(Vec<usize>, Vec<Vec<f64>>)> {
    let column = find(frame, name)?;
    if *column.dtype() == DataType::String {
        let words: Vec<Option<&str>> = column.str()?.iter().collect();
        let mut names: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let rows: Vec<usize> = (0..words.len())
            .filter(|&row| words[row].is_some())
            .collect();
        for (place, &row) in rows.iter().enumerate() {
            names
                .entry(words[row].unwrap_or_default())
                .or_default()
                .push(place);
        }
        if names.len() > MOST_NAMES {
            return Err(Error::column(
                name,
                format!(
                    "{} mots différents, de 1 à {MOST_NAMES} sont attendus",
                    names.len()
                ),
            ));
        }
        let indicator = |places: &Vec<usize>| {
            let mut values = vec![0.0; rows.len()];
            places.iter().for_each(|&place| values[place] = 1.0);
            values
        };
        let targets = names.values().map(indicator).collect();
        return Ok((rows, targets));
    }
    if !(column.dtype().is_primitive_numeric() || column.dtype().is_bool()) {
        return Err(Error::column(name, "des nombres ou des mots sont attendus"));
    }
    let column = column.cast(&DataType::Float64)?;
    let values = column.f64()?.iter().enumerate();
    let (rows, values): (Vec<usize>, Vec<f64>) = values
        .filter_map(|(row, value)| Some((row, value.filter(|value| value.is_finite())?)))
        .unzip();
    Ok((rows, vec![values]))
}
