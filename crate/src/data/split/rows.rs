//! Rows of a frame → training, validation and test parts: each with the same shares of every stratum, and no
//! picture or person on two sides.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::{DataFrame, DataType};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{
    data::labelled::{find, take},
    error::{Error, Result},
};

/// Column of what identical pictures share.
const CONTENT: &str = "content_hash";

/// Number of parts: training, validation, test.
const PARTS: usize = 3;

/// How the rows of a frame are split.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitConfig {
    /// Share of the validation part, 0 for none. Default: 0.2.
    pub validation: f64,
    /// Share of the test part, 0 for none. Default: 0.2.
    pub test: f64,
    /// Columns whose combinations are the strata, each shared like the whole. Default: none.
    pub stratify: Vec<String>,
    /// Columns whose equal values stay together: copies of a picture, pictures of a person. Rows linked
    /// through one column or another all stay together; an unknown value links nothing.
    /// Default: `content_hash`, where the frame has it (drawings have no copies).
    pub together: Option<Vec<String>>,
    /// Seed of the draw. Default: 42.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            validation: 0.2,
            test: 0.2,
            stratify: Vec::new(),
            together: None,
            seed: 42,
        }
    }
}

impl SplitConfig {
    /// The defaults: 60 % of the rows to train, 20 % to validate, 20 % to test.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the shares of the validation and test parts.
    #[must_use]
    pub fn with_shares(mut self, validation: f64, test: f64) -> Self {
        (self.validation, self.test) = (validation, test);
        self
    }

    /// Sets the columns whose combinations are the strata.
    #[must_use]
    pub fn with_stratify(mut self, columns: &[&str]) -> Self {
        self.stratify = columns.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Sets the columns whose equal values stay together.
    #[must_use]
    pub fn with_together(mut self, columns: &[&str]) -> Self {
        self.together = Some(columns.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// Sets the seed of the draw.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws the part of each row. The same frame and seed give the same parts, whatever the machine.
    ///
    /// ```
    /// use visages::{data::SplitConfig, polars::prelude::df};
    /// let frame = df!("content_hash" => ["a", "b", "b", "c", "d"], "gender" => [0, 1, 1, 0, 1])?;
    /// let parts = SplitConfig::new().with_stratify(&["gender"]).split(&frame)?;
    /// assert_eq!(parts.train.len() + parts.validation.len() + parts.test.len(), 5);
    /// # Ok::<(), visages::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] for shares that are negative or leave nothing to train on, [`Error::Frame`] for a
    /// column that is not there.
    pub fn split(&self, df: &DataFrame) -> Result<SplitRows> {
        let train = 1.0 - self.validation - self.test;
        if !(self.validation >= 0.0 && self.test >= 0.0 && train > 0.0) {
            return Err(Error::argument(
                "validation, test",
                format!("{} et {}", self.validation, self.test),
                "deux parts positives ou nulles, dont la somme est inférieure à 1",
            ));
        }
        let strata = keys(df, &self.stratify)?;
        let mut links = Links::new(df.height());
        let together = match &self.together {
            Some(columns) => columns.clone(),
            None if df.column(CONTENT).is_ok() => vec![CONTENT.to_owned()],
            None => Vec::new(),
        };
        for column in &together {
            links.join_equal(&keys(df, std::slice::from_ref(column))?);
        }
        // Groups by stratum, that of their first row, in the order of the rows.
        let mut by_stratum: BTreeMap<&Option<String>, BTreeMap<usize, Vec<usize>>> =
            BTreeMap::new();
        for row in 0..df.height() {
            let first = links.first(row);
            let groups = by_stratum.entry(&strata[first]).or_default();
            groups.entry(first).or_default().push(row);
        }
        let shares = [train, self.validation, self.test];
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut parts: [Vec<usize>; PARTS] = Default::default();
        // What a stratum could not share out exactly is made up for in the next one.
        let mut wanted = [0.0; PARTS];
        for groups in by_stratum.into_values() {
            let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
            groups.shuffle(&mut rng);
            let rows: usize = groups.iter().map(Vec::len).sum();
            for (wanted, share) in wanted.iter_mut().zip(shares) {
                *wanted += share * rows as f64;
            }
            for group in groups {
                let mut neediest = 0;
                for part in 1..PARTS {
                    if wanted[part] > wanted[neediest] {
                        neediest = part;
                    }
                }
                wanted[neediest] -= group.len() as f64;
                parts[neediest].extend(group);
            }
        }
        for part in &mut parts {
            part.sort_unstable();
        }
        let [train, validation, test] = parts;
        Ok(SplitRows {
            train,
            validation,
            test,
        })
    }
}

/// Rows of each part, in increasing order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitRows {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to choose a model or a setting with.
    pub validation: Vec<usize>,
    /// Rows to measure the final model with, once.
    pub test: Vec<usize>,
}

impl SplitRows {
    /// The rows of `df` at these indices: `parts.rows(&df, &parts.train)?`.
    ///
    /// # Errors
    /// [`Error::Index`] when the frame has no such row.
    pub fn rows(&self, df: &DataFrame, part: &[usize]) -> Result<DataFrame> {
        take(df, part)
    }
}

/// The values of several columns in each row, as one text; `None` where the only column is unknown.
fn keys(df: &DataFrame, columns: &[String]) -> Result<Vec<Option<String>>> {
    let mut keys = vec![Some(String::new()); df.height()];
    for (index, name) in columns.iter().enumerate() {
        let column = find(df, name)?.cast(&DataType::String)?;
        for (key, value) in keys.iter_mut().zip(column.str()?.iter()) {
            *key = match (key.take(), value) {
                (Some(text), Some(value)) if index == 0 => Some(text + value),
                (Some(text), value) if index > 0 => {
                    // Lengths keep apart « a » + « bc » from « ab » + « c ».
                    let value = value.unwrap_or("?");
                    Some(format!("{text}|{}:{value}", value.len()))
                }
                _ if columns.len() > 1 => Some("?".to_owned()),
                _ => None,
            };
        }
    }
    Ok(keys)
}

/// Rows that must stay together: each points to an earlier one of its group, the first to itself.
struct Links(Vec<usize>);

impl Links {
    fn new(rows: usize) -> Self {
        Self((0..rows).collect())
    }

    /// The first row of the group of `row`.
    fn first(&mut self, row: usize) -> usize {
        let mut first = row;
        while self.0[first] != first {
            first = self.0[first];
        }
        // The whole way is shortened for the next search.
        let mut row = row;
        while self.0[row] != first {
            row = std::mem::replace(&mut self.0[row], first);
        }
        first
    }

    fn join_equal(&mut self, keys: &[Option<String>]) {
        let mut first_with: HashMap<&str, usize> = HashMap::new();
        for (row, key) in keys.iter().enumerate() {
            if let Some(key) = key {
                let other = *first_with.entry(key).or_insert(row);
                let (one, other) = (self.first(row), self.first(other));
                self.0[one.max(other)] = one.min(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;
    use std::collections::HashSet;

    /// 1,000 rows: 900 of one gender, 100 of the other; every tenth picture is there twice; ten
    /// people have ten pictures each.
    fn frame() -> DataFrame {
        let hashes: Vec<String> = (0..1000)
            .map(|row| format!("{}", if row % 10 == 1 { row - 1 } else { row }))
            .collect();
        let people: Vec<Option<String>> = (0..1000)
            .map(|row| (row >= 900).then(|| format!("p{}", row % 10)))
            .collect();
        let genders: Vec<u8> = (0..1000).map(|row| u8::from(row >= 900)).collect();
        df!("content_hash" => hashes, "identity" => people, "gender" => genders).unwrap()
    }

    fn side_of(parts: &SplitRows) -> Vec<usize> {
        let mut sides = vec![usize::MAX; 1000];
        for (side, rows) in [&parts.train, &parts.validation, &parts.test]
            .into_iter()
            .enumerate()
        {
            for &row in rows {
                assert_eq!(sides[row], usize::MAX);
                sides[row] = side;
            }
        }
        assert!(sides.iter().all(|side| *side < PARTS));
        sides
    }

    #[test]
    fn shares_are_kept_in_every_stratum_and_copies_stay_together() {
        let config = SplitConfig::new().with_stratify(&["gender"]);
        let parts = config.split(&frame()).unwrap();
        let sides = side_of(&parts);
        for row in (1..1000).step_by(10) {
            assert_eq!(sides[row], sides[row - 1]);
        }
        for (rows, sizes) in [(0..900, [540, 180, 180]), (900..1000, [60, 20, 20])] {
            for (side, size) in sizes.into_iter().enumerate() {
                let count = rows.clone().filter(|row| sides[*row] == side).count();
                assert!(count.abs_diff(size) <= 2, "{count} {size}");
            }
        }
    }

    #[test]
    fn people_stay_together_even_through_copies() {
        let config = SplitConfig::new().with_together(&["content_hash", "identity"]);
        let sides = side_of(&config.split(&frame()).unwrap());
        // Row 901 is a copy of row 900: persons 0 and 1 are linked, and with them all their pictures.
        let linked: HashSet<usize> = (900..1000)
            .filter(|row| row % 10 < 2)
            .map(|row| sides[row])
            .collect();
        assert_eq!(linked.len(), 1);
        for person in 2..10 {
            let own: HashSet<usize> = (900..1000)
                .filter(|row| row % 10 == person)
                .map(|row| sides[row])
                .collect();
            assert_eq!(own.len(), 1);
        }
    }

    #[test]
    fn the_seed_decides() {
        let split = |seed| SplitConfig::new().with_seed(seed).split(&frame()).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn unknown_values_link_nothing_and_small_strata_even_out() {
        let frame = df!(
            "content_hash" => [None::<&str>; 100],
            "age" => (0..100).collect::<Vec<i32>>(),
        )
        .unwrap();
        // A hundred strata of one row.
        let config = SplitConfig::new().with_stratify(&["age"]);
        let parts = config.split(&frame).unwrap();
        assert_eq!(
            (parts.train.len(), parts.validation.len(), parts.test.len()),
            (60, 20, 20)
        );
        let tests = parts.rows(&frame, &parts.test).unwrap();
        assert_eq!(tests.height(), 20);
        assert!(parts.rows(&frame, &[100]).is_err());
    }

    #[test]
    fn impossible_shares_and_columns_are_refused() {
        for (validation, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.1), (0.0, 1.0)] {
            assert!(
                SplitConfig::new()
                    .with_shares(validation, test)
                    .split(&frame())
                    .is_err()
            );
        }
        assert!(
            SplitConfig::new()
                .with_stratify(&["race"])
                .split(&frame())
                .is_err()
        );
        let parts = SplitConfig::new()
            .with_shares(0.0, 0.0)
            .split(&frame())
            .unwrap();
        assert_eq!(parts.train.len(), 1000);
    }
}
