//! Ages, groups of ages, names of the codes, and counts by groups.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use super::published;
use crate::error::{Error, Result};

/// Groups of ages of the labs, with the first age beyond each.
const AGE_GROUPS: [(&str, i32); 5] = [
    ("bébé", 5),
    ("enfant", 16),
    ("jeune", 31),
    ("adulte", 61),
    ("âgé", i32::MAX),
];

/// The codes of gender, in words: what annotators chose between.
pub const GENDER_NAMES: [&str; 2] = ["homme", "femme"];
/// The codes of origin, 0 to 4, in the words of the data set's authors. They are annotators' impressions.
pub const RACE_NAMES: [&str; 5] = ["blanc", "noir", "asiatique", "indien", "autre"];

/// The group of an age: « bébé » before 5 years, « enfant » before 16, « jeune » before 31,
/// « adulte » before 61, « âgé » from then on.
///
/// ```
/// use visages::data::utkface::age_group;
/// assert_eq!([4, 5, 30, 60, 61].map(age_group), ["bébé", "enfant", "jeune", "adulte", "âgé"]);
/// ```
pub fn age_group(age: i32) -> &'static str {
    AGE_GROUPS
        .iter()
        .find(|(_, end)| age < *end)
        .map_or("âgé", |(name, _)| name)
}

/// First year of the decade of an age: 20 for 26.
pub fn decade(age: i32) -> i32 {
    age.div_euclid(10) * 10
}

/// The same frame with more columns, for readers: `age_group` and `decade` from `age`, `gender_name` from its code, and
/// `race_name` where there is a column `race`: drawings have none. What is unknown stays null.
///
/// # Errors
/// [`Error::Frame`] without the columns `age` and `gender`.
pub fn with_names(df: &DataFrame) -> Result<DataFrame> {
    let ages = df.column("age")?.i32()?;
    let groups: Vec<Option<&str>> = ages.iter().map(|age| age.map(age_group)).collect();
    let decades: Vec<Option<i32>> = ages.iter().map(|age| age.map(decade)).collect();
    let named = |column: &str, names: &[&'static str]| -> Result<Vec<Option<&'static str>>> {
        let codes = df.column(column)?.u8()?;
        let name = |code: Option<u8>| names.get(usize::from(code?)).copied();
        Ok(codes.iter().map(name).collect())
    };
    let mut named_frame = df.clone();
    let mut columns: Vec<Column> = vec![
        Series::new("age_group".into(), groups).into_column(),
        Series::new("decade".into(), decades).into_column(),
        Series::new("gender_name".into(), named("gender", &GENDER_NAMES)?).into_column(),
    ];
    if df.column("race").is_ok() {
        columns.push(Series::new("race_name".into(), named("race", &RACE_NAMES)?).into_column());
    }
    for column in columns {
        named_frame.with_column(column)?;
    }
    Ok(named_frame)
}

/// How many rows there are for each combination of values of `columns`, sorted by these values: the
/// columns, then `count` (u32). Combinations without a row are left out, unknown values count.
///
/// # Errors
/// [`Error::Argument`] for an empty list, [`Error::Frame`] for a column that is not there.
pub fn joint_counts(df: &DataFrame, columns: &[&str]) -> Result<DataFrame> {
    if columns.is_empty() {
        return Err(Error::argument(
            "columns",
            "liste vide",
            "donnez au moins une colonne, par exemple [\"gender\", \"race\"]",
        ));
    }
    use polars::prelude::{IntoLazy, SortMultipleOptions, col, len};
    let keys: Vec<polars::prelude::Expr> = columns.iter().map(|name| col(*name)).collect();
    Ok(df
        .clone()
        .lazy()
        .group_by(keys)
        .agg([len().alias("count")])
        .sort(
            columns.iter().copied(),
            SortMultipleOptions::default().with_nulls_last(true),
        )
        .collect()?)
}

/// The counts of the whole UTKFace, over its 23,705 files that carry all three labels: columns `age`,
/// `gender`, `race`, `count`, one row for each combination that occurs. Facts about the data set, for
/// those who have only a part of it, or drawings.
///
/// # Errors
/// None in practice: the frame is built from a constant table.
pub fn published_counts() -> Result<DataFrame> {
    let (mut ages, mut genders, mut races, mut counts) = (vec![], vec![], vec![], vec![]);
    for (age, men, women) in published::COUNTS {
        for (gender, by_race) in [(0_u8, men), (1, women)] {
            for (race, count) in (0_u8..).zip(by_race).filter(|(_, count)| *count > 0) {
                ages.push(i32::from(age));
                genders.push(gender);
                races.push(race);
                counts.push(u32::from(count));
            }
        }
    }
    Ok(polars::prelude::df!(
        "age" => ages,
        "gender" => genders,
        "race" => races,
        "count" => counts,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    #[test]
    fn groups_and_decades_at_their_edges() {
        let groups = [0, 4, 5, 15, 16, 30, 31, 60, 61, 116].map(age_group);
        let expected = [
            "bébé", "bébé", "enfant", "enfant", "jeune", "jeune", "adulte", "adulte", "âgé", "âgé",
        ];
        assert_eq!(groups, expected);
        assert_eq!([0, 9, 10, 26, 116].map(decade), [0, 0, 10, 20, 110]);
    }

    #[test]
    fn names_follow_codes_and_unknown_stays_unknown() {
        let frame = df!(
            "age" => [Some(26), None],
            "gender" => [Some(1_u8), None],
            "race" => [Some(4_u8), Some(9)],
        )
        .unwrap();
        let named = with_names(&frame).unwrap();
        let expected = df!(
            "age_group" => [Some("jeune"), None],
            "decade" => [Some(20), None],
            "gender_name" => [Some("femme"), None],
            "race_name" => [Some("autre"), None],
        )
        .unwrap();
        let columns = ["age_group", "decade", "gender_name", "race_name"];
        assert!(named.select(columns).unwrap().equals_missing(&expected));
        assert!(with_names(&df!("age" => [1]).unwrap()).is_err());
    }

    #[test]
    fn joint_counts_are_counted_by_hand() {
        let frame = df!(
            "gender" => [Some(1_u8), Some(0), Some(1), None, Some(1)],
            "race" => [2_u8, 0, 2, 1, 0],
        )
        .unwrap();
        let counts = joint_counts(&frame, &["gender", "race"]).unwrap();
        let expected = df!(
            "gender" => [Some(0_u8), Some(1), Some(1), None],
            "race" => [0_u8, 0, 2, 1],
            "count" => [1_u32, 1, 2, 1],
        )
        .unwrap();
        assert!(counts.equals_missing(&expected), "{counts}");
        assert!(joint_counts(&frame, &[]).is_err());
        assert!(joint_counts(&frame, &["age"]).is_err());
    }

    /// Sums over the published table that stand elsewhere: men and women by origin, groups of ages, the mode.
    #[test]
    fn published_counts_have_the_known_margins() {
        let counts = with_names(&published_counts().unwrap()).unwrap();
        let count: Vec<u32> = {
            let column = counts.column("count").unwrap().u32().unwrap();
            column.into_no_null_iter().collect()
        };
        let sum_by = |column: &str, value: &str| -> u32 {
            let names = counts.column(column).unwrap().str().unwrap();
            let of_value = names.iter().zip(&count);
            of_value
                .filter(|(name, _)| *name == Some(value))
                .map(|(_, count)| count)
                .sum()
        };
        assert_eq!(count.iter().sum::<u32>(), published::TOTAL);
        let by_race = RACE_NAMES.map(|name| sum_by("race_name", name));
        assert_eq!(by_race, [10_078, 4_526, 3_434, 3_975, 1_692]);
        assert_eq!(
            GENDER_NAMES.map(|name| sum_by("gender_name", name)),
            [12_391, 11_314]
        );
        let by_age =
            ["bébé", "enfant", "jeune", "adulte", "âgé"].map(|name| sum_by("age_group", name));
        assert_eq!(by_age, [2_167, 1_661, 8_833, 8_649, 2_395]);
        let ages = counts.column("age").unwrap().i32().unwrap();
        let of_26 = ages.iter().zip(&count).filter(|(age, _)| *age == Some(26));
        assert_eq!(of_26.map(|(_, count)| count).sum::<u32>(), 2_197);
    }
}
