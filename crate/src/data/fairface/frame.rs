//! FairFace as a Polars frame: one row a file, with the labels of its table.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use polars::prelude::{DataFrame, NamedFrom, Series};

use super::{LabelTable, label_tables};
use crate::{data::inspect::Scanned, error::Result};

/// Endings of files that go with the pictures.
const COMPANIONS: [&str; 3] = ["csv", "txt", "md"];

/// One row for each picture under `dir`, which also holds the table of labels (`labels.csv`, or the
/// published `fairface_label_train.csv` and `fairface_label_val.csv`), then one for each picture of the
/// table that is not there.
///
/// | column | type | content |
/// |---|---|---|
/// | `path`, `file` | str | where the file is; its path within the folder |
/// | `age_group` | str | « 20-29 », « more than 70 »… as in the table |
/// | `gender` | str | `Female` or `Male`, as annotated |
/// | `race` | str | one of seven origins as annotators saw them |
/// | `service_test` | bool | whether the picture is one of the balanced set of the authors' test of services |
/// | `content_hash` | str | the same for byte-identical pictures; null for no usable picture |
/// | `issue` | str | what is wrong, in French |
///
/// # Errors
/// Those of reading the folder; [`Error::Labels`](crate::error::Error::Labels) for a table without the columns `file`,
/// `age`, `gender`, `race`, [`Error::FolderEmpty`](crate::error::Error::FolderEmpty) without a table.
pub fn scan(dir: impl AsRef<Path>) -> Result<DataFrame> {
    let dir = dir.as_ref();
    let mut scanned = Scanned::folder_without("FairFace", dir, |file| {
        Scanned::ends_with(file, &COMPANIONS)
    })?;
    let mut labels: HashMap<PathBuf, [Option<String>; 4]> = HashMap::new();
    for path in label_tables(dir)? {
        let table = LabelTable::open(&path)?;
        let columns = [
            Some(table.column("age")?),
            Some(table.column("gender")?),
            Some(table.column("race")?),
            table.column("service_test").ok(),
        ];
        table.each(|_, file, record| {
            let field = |column: Option<usize>| record.get(column?).map(str::to_owned);
            labels.insert(file, columns.map(field));
            Ok(())
        })?;
    }
    let there: HashSet<&PathBuf> = scanned.files.iter().collect();
    let absent = labels.keys().filter(|file| !there.contains(file));
    let mut absent: Vec<PathBuf> = absent.cloned().collect();
    absent.sort();
    scanned.add_absent(absent);

    let mut columns: [Vec<Option<String>>; 3] = Default::default();
    let (mut tests, mut issues) = (Vec::new(), Vec::new());
    for file in &scanned.files {
        let [age, gender, race, test] = labels.remove(file).unwrap_or_default();
        issues.push(match race {
            Some(_) => Vec::new(),
            None => vec!["absente de la table des étiquettes".to_owned()],
        });
        for (column, value) in columns.iter_mut().zip([age, gender, race]) {
            column.push(value);
        }
        tests.push(test.map(|text| text.eq_ignore_ascii_case("true")));
    }
    let [ages, genders, races] = columns;
    let columns = vec![
        Series::new("age_group".into(), ages),
        Series::new("gender".into(), genders),
        Series::new("race".into(), races),
        Series::new("service_test".into(), tests),
    ];
    scanned.into_frame(columns, issues)
}
