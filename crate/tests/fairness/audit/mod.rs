//! The audits by group: against fairlearn, scikit-learn and statsmodels, by hand, on bad input and under chance;
//! the figures that show them.

mod bad_input;
mod chance;
mod figures;
mod oracles;
mod parity;

use visages::polars::prelude::{DataFrame, DataType};

/// A column of numbers, `None` where it is empty.
fn numbers(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    let column = frame
        .column(name)
        .unwrap()
        .cast(&DataType::Float64)
        .unwrap();
    column.f64().unwrap().iter().collect()
}

/// A column of words, « » where it is empty.
fn words(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).unwrap().str().unwrap();
    column
        .iter()
        .map(|word| word.unwrap_or("").to_owned())
        .collect()
}

/// The rows of a frame where `column` is `word`.
fn rows(frame: &DataFrame, column: &str, word: &str) -> Vec<usize> {
    let words = words(frame, column).into_iter().enumerate();
    words
        .filter(|(_, found)| found == word)
        .map(|(row, _)| row)
        .collect()
}

/// The only line where `column` is `word`: the number in `name`.
fn number_at(frame: &DataFrame, column: &str, word: &str, name: &str) -> Option<f64> {
    let rows = rows(frame, column, word);
    assert_eq!(rows.len(), 1, "{word}: {frame:?}");
    numbers(frame, name)[rows[0]]
}

fn close(found: Option<f64>, expected: f64, what: &str) {
    let found = found.unwrap_or(f64::NAN);
    assert!(
        (found - expected).abs() < 1e-9,
        "{what}: {found} ≠ {expected}"
    );
}
