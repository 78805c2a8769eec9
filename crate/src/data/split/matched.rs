//! Matching: as many rows of each class in every stratum, so that the stratum no longer tells the class.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, DataType};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{
    data::labelled::{find, take},
    error::Result,
};

/// One row of each class, all of one stratum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::data) struct Matched {
    /// Number of the stratum, from 0.
    pub stratum: u32,
    /// A row of each class, in the order of the classes.
    pub rows: Vec<usize>,
}

/// The rows of `frame` that leave as many of each class of `label` in every stratum, a combination of values of the columns
/// `on`: as many as the rarest class has there, drawn with `seed`. A stratum that lacks a class disappears, and so does a
/// row that lacks its label or a value of `on`. Rows keep their order. Without columns, the whole is one stratum.
///
/// Afterwards `on` tells nothing of `label`: whoever guesses the class from them is right once in as many times as there
/// are classes.
///
/// ```
/// use visages::{data::match_classes, polars::prelude::df};
/// let frame = df!("label" => [0, 0, 0, 1, 1], "gender" => [0, 0, 1, 1, 0])?;
/// let matched = match_classes(&frame, "label", &["gender"], 42)?;
/// // Of the two young men one is left, for the only old one.
/// assert_eq!(matched.height(), 4);
/// # Ok::<(), visages::Error>(())
/// ```
///
/// # Errors
/// [`Error::Column`](crate::Error::Column) for a column that is not there.
pub fn match_classes(frame: &DataFrame, label: &str, on: &[&str], seed: u64) -> Result<DataFrame> {
    let matched = matched_rows(frame, label, on, seed)?;
    let mut rows: Vec<usize> = matched.into_iter().flat_map(|group| group.rows).collect();
    rows.sort_unstable();
    take(frame, &rows)
}

/// The rows that [`match_classes`] keeps, one of each class together, stratum after stratum and drawn within each.
///
/// # Errors
/// Those of [`match_classes`].
pub(in crate::data) fn matched_rows(
    frame: &DataFrame,
    label: &str,
    on: &[&str],
    seed: u64,
) -> Result<Vec<Matched>> {
    let labels = texts(find(frame, label)?)?;
    let columns = on
        .iter()
        .map(|name| texts(find(frame, name)?))
        .collect::<Result<Vec<_>>>()?;
    let mut strata: BTreeMap<Vec<&str>, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    let mut classes: BTreeMap<&str, ()> = BTreeMap::new();
    for (row, class) in labels.iter().enumerate() {
        let values: Option<Vec<&str>> = columns
            .iter()
            .map(|values| values[row].as_deref())
            .collect();
        let (Some(class), Some(values)) = (class.as_deref(), values) else {
            continue;
        };
        classes.insert(class, ());
        let stratum = strata.entry(values).or_default();
        stratum.entry(class).or_default().push(row);
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let mut matched = Vec::new();
    for (stratum, by_class) in (0..).zip(strata.into_values()) {
        if by_class.len() < classes.len() {
            continue;
        }
        let mut drawn: Vec<Vec<usize>> = by_class.into_values().collect();
        for rows in &mut drawn {
            rows.shuffle(&mut rng);
        }
        let fewest = drawn.iter().map(Vec::len).min().unwrap_or(0);
        matched.extend((0..fewest).map(|place| Matched {
            stratum,
            rows: drawn.iter().map(|rows| rows[place]).collect(),
        }));
    }
    Ok(matched)
}

/// The values of a column as texts; `None` where there is none.
fn texts(column: &Column) -> Result<Vec<Option<String>>> {
    let column = column.cast(&DataType::String)?;
    let values = column.str()?.iter();
    Ok(values.map(|value| value.map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    /// Two genders and two codes; counts by hand, young then old:
    /// (0, 0): 3 and 2, (0, 1): 2 and none, (1, 0): 1 and 3, (1, 1): 1 and 1; and two rows that lack something.
    fn frame() -> DataFrame {
        df!(
            "label" => [0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1].map(Some),
            "gender" => [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0].map(Some),
            "code" => [
                Some(0), Some(0), Some(0), Some(0), Some(0), Some(1), Some(1), Some(0), Some(0), Some(0),
                Some(0), Some(1), Some(1), None, None,
            ],
            "row" => (0..15).collect::<Vec<u32>>(),
        )
        .unwrap()
    }

    fn numbers(frame: &DataFrame, name: &str) -> Vec<u32> {
        let column = frame.column(name).unwrap().cast(&DataType::UInt32).unwrap();
        column.u32().unwrap().iter().flatten().collect()
    }

    #[test]
    fn every_stratum_keeps_as_many_as_its_rarest_class() {
        let matched = match_classes(&frame(), "label", &["gender", "code"], 1).unwrap();
        let rows = numbers(&matched, "row");
        assert!(rows.is_sorted(), "{rows:?}");
        // By hand: 2 + 2 of (0, 0), none of (0, 1), 1 + 1 of (1, 0), 1 + 1 of (1, 1).
        assert_eq!(rows.len(), 8);
        let kept = |among: &[u32]| rows.iter().filter(|row| among.contains(row)).count();
        assert_eq!([kept(&[0, 1, 2]), kept(&[3, 4])], [2, 2]);
        assert_eq!(kept(&[5, 6]), 0);
        assert_eq!([kept(&[7]), kept(&[8, 9, 10])], [1, 1]);
        assert_eq!([kept(&[11]), kept(&[12])], [1, 1]);
        // Of what lacks a code nobody knows the stratum.
        assert_eq!(kept(&[13, 14]), 0);
        // One column: (0) has 5 and 2, as those that lack a code have a gender: 6 and 3; (1) has 2 and 4.
        let by_gender = match_classes(&frame(), "label", &["gender"], 1).unwrap();
        assert_eq!(by_gender.height(), 2 * 3 + 2 * 2);
        // The whole: 8 and 7.
        let balanced = match_classes(&frame(), "label", &[], 1).unwrap();
        let labels = numbers(&balanced, "label");
        assert_eq!((labels.len(), labels.iter().sum::<u32>()), (14, 7));
    }

    #[test]
    fn the_seed_draws_the_rows() {
        let genders: Vec<u8> = (0..200).map(|row| row % 2).collect();
        let labels: Vec<u8> = (0..200).map(|row| u8::from(row % 5 == 0)).collect();
        let frame =
            df!("label" => labels, "gender" => genders, "row" => (0..200).collect::<Vec<u32>>());
        let frame = frame.unwrap();
        let rows = |seed| {
            numbers(
                &match_classes(&frame, "label", &["gender"], seed).unwrap(),
                "row",
            )
        };
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
        // Every old one is there, whatever the seed.
        for old in (0..200).step_by(5) {
            assert!(rows(3).contains(&old) && rows(4).contains(&old));
        }
        assert_eq!(rows(5).len(), 80);
    }

    #[test]
    fn a_class_alone_or_an_unknown_column_is_no_match() {
        let one = df!("label" => [1, 1], "gender" => [0, 1]).unwrap();
        // With a single class there is nothing to match: every row stays.
        assert_eq!(
            match_classes(&one, "label", &["gender"], 0)
                .unwrap()
                .height(),
            2
        );
        let apart = df!("label" => [0, 1], "gender" => [0, 1]).unwrap();
        assert_eq!(
            match_classes(&apart, "label", &["gender"], 0)
                .unwrap()
                .height(),
            0
        );
        let error = match_classes(&apart, "classe", &[], 0).unwrap_err();
        assert!(error.to_string().contains("« classe »"), "{error}");
        assert!(match_classes(&apart, "label", &["code"], 0).is_err());
    }
}
