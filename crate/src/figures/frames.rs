//! What figures read in the frames of audits, and how they say it.

use polars::prelude::{DataFrame, DataType};

use crate::{
    error::{Error, Result},
    fairness::find,
    french::decimal,
    metrics::{self, Spec},
};

/// A column of numbers, some of which may be missing.
pub(super) fn optional(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>> {
    let column = find(frame, name)?.cast(&DataType::Float64)?;
    let values = column.f64()?.iter();
    Ok(values
        .map(|value| value.filter(|value| value.is_finite()))
        .collect())
}

/// The metric that a frame names.
pub(super) fn metric(name: &str) -> Result<Spec> {
    metrics::find(name).ok_or_else(|| {
        Error::column(
            "metric",
            format!("« {name} » n'est pas une mesure connue ; prenez le tableau d'un audit"),
        )
    })
}

/// « 0,80 », or « non défini ».
pub(super) fn value_in_words(value: Option<f64>) -> String {
    value.map_or("non défini".to_owned(), |value| decimal(value, 2))
}

/// « , intervalle à 95 % de 0,38 à 0,96 », or nothing.
pub(super) fn range_in_words(low: Option<f64>, high: Option<f64>) -> String {
    low.zip(high).map_or(String::new(), |(low, high)| {
        format!(
            ", intervalle à 95 % de {} à {}",
            decimal(low, 2),
            decimal(high, 2)
        )
    })
}
