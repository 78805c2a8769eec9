//! What is wrong with a scanned folder: incomplete labels, odd names, unusable files, identical pictures.

use std::{collections::BTreeMap, fmt};

use polars::prelude::{DataFrame, IdxCa, IdxSize, NamedFrom, Series};

use crate::{
    error::Result,
    french::{count, format_number},
};

/// Files that each line of a report names.
const NAMED_FILES: usize = 8;

/// What [`report`] found. Its display is a French text of a few lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Rows of the frame.
    pub files: usize,
    /// Rows with an age, a gender and an origin.
    pub labelled: usize,
    /// Usable pictures without one of the labels: file, issue.
    pub malformed: Vec<(String, String)>,
    /// Labelled pictures whose name has something odd: file, issue.
    pub odd: Vec<(String, String)>,
    /// Files that are no usable pictures: file, issue.
    pub unusable: Vec<(String, String)>,
    /// Groups of byte-identical pictures.
    pub identical_groups: usize,
    /// Pictures in these groups.
    pub identical_files: usize,
    /// Groups whose known labels differ.
    pub contradictory_groups: usize,
}

/// Counts what is wrong in a frame of [`scan`](super::scan).
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) when a column of [`scan`](super::scan) lacks.
pub fn report(df: &DataFrame) -> Result<Report> {
    let rows = Rows::read(df)?;
    let mut report = Report {
        files: df.height(),
        labelled: 0,
        malformed: Vec::new(),
        odd: Vec::new(),
        unusable: Vec::new(),
        identical_groups: 0,
        identical_files: 0,
        contradictory_groups: 0,
    };
    for row in 0..df.height() {
        let labelled = rows.labels[row].is_complete();
        report.labelled += usize::from(labelled);
        let Some(issue) = &rows.issues[row] else {
            continue;
        };
        let list = match (&rows.hashes[row], labelled) {
            (None, _) => &mut report.unusable,
            (Some(_), false) => &mut report.malformed,
            (Some(_), true) => &mut report.odd,
        };
        list.push((rows.files[row].clone(), issue.clone()));
    }
    for members in rows.groups() {
        report.identical_groups += 1;
        report.identical_files += members.len();
        report.contradictory_groups += usize::from(rows.contradict(&members));
    }
    Ok(report)
}

/// The rows of a frame of [`scan`](super::scan) whose picture is there more than once, copies next to each
/// other, with one more column: `contradictory` (bool), whether known labels differ within the group.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) when a column of [`scan`](super::scan) lacks.
pub fn identical(df: &DataFrame) -> Result<DataFrame> {
    let rows = Rows::read(df)?;
    let (mut indices, mut contradictory) = (Vec::new(), Vec::new());
    for members in rows.groups() {
        let differ = rows.contradict(&members);
        contradictory.extend(members.iter().map(|_| differ));
        indices.extend(members.into_iter().map(|row| row as IdxSize));
    }
    let mut copies = df.take(&IdxCa::new("row".into(), indices))?;
    copies.with_column(Series::new("contradictory".into(), contradictory).into())?;
    Ok(copies)
}

/// Age, gender and origin of a row.
#[derive(Debug, Clone, Copy)]
struct Labels {
    age: Option<i32>,
    gender: Option<u8>,
    race: Option<u8>,
}

impl Labels {
    fn is_complete(&self) -> bool {
        self.age.is_some() && self.gender.is_some() && self.race.is_some()
    }

    /// Whether both know a label and say something else.
    fn contradicts(&self, other: &Self) -> bool {
        fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            matches!((one, other), (Some(one), Some(other)) if one != other)
        }
        differ(self.age, other.age)
            || differ(self.gender, other.gender)
            || differ(self.race, other.race)
    }
}

/// The columns that are needed, row by row.
struct Rows {
    files: Vec<String>,
    labels: Vec<Labels>,
    hashes: Vec<Option<String>>,
    issues: Vec<Option<String>>,
}

impl Rows {
    fn read(df: &DataFrame) -> Result<Self> {
        let texts = |name: &str| -> Result<Vec<Option<String>>> {
            let column = df.column(name)?.str()?;
            Ok(column.iter().map(|text| text.map(str::to_owned)).collect())
        };
        let (ages, genders) = (df.column("age")?.i32()?, df.column("gender")?.u8()?);
        let races = df.column("race")?.u8()?;
        let labels = ages
            .iter()
            .zip(genders.iter())
            .zip(races.iter())
            .map(|((age, gender), race)| Labels { age, gender, race });
        Ok(Self {
            labels: labels.collect(),
            files: texts("file")?
                .into_iter()
                .map(Option::unwrap_or_default)
                .collect(),
            hashes: texts("content_hash")?,
            issues: texts("issue")?,
        })
    }

    /// Rows with the same picture, at least two a group, in the order of their first row.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut by_hash: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, hash) in self.hashes.iter().enumerate() {
            if let Some(hash) = hash {
                by_hash.entry(hash).or_default().push(row);
            }
        }
        let mut groups: Vec<Vec<usize>> = by_hash
            .into_values()
            .filter(|rows| rows.len() > 1)
            .collect();
        groups.sort();
        groups
    }

    fn contradict(&self, rows: &[usize]) -> bool {
        rows.iter().enumerate().any(|(index, one)| {
            rows[..index]
                .iter()
                .any(|other| self.labels[*one].contradicts(&self.labels[*other]))
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: usize| format_number(value as f64, 0);
        writeln!(
            f,
            "{} fichier{}, dont {} avec âge, genre et origine.",
            number(self.files),
            if self.files < 2 { "" } else { "s" },
            number(self.labelled)
        )?;
        for (what, list) in [
            ("Étiquettes incomplètes", &self.malformed),
            ("Noms irréguliers, étiquettes lisibles", &self.odd),
            ("Fichiers inutilisables", &self.unusable),
        ] {
            writeln!(f, "{what} : {}", number(list.len()))?;
            for (file, issue) in list.iter().take(NAMED_FILES) {
                writeln!(f, "  · {file} : {issue}")?;
            }
            if let Some(others @ 1..) = list.len().checked_sub(NAMED_FILES) {
                writeln!(f, "  · et {}", count(others, "autre"))?;
            }
        }
        match self.identical_groups {
            0 => write!(f, "Images identiques : aucune."),
            groups => write!(
                f,
                "Images identiques : {} en {}, dont {} aux étiquettes contradictoires.",
                count(self.identical_files, "fichier"),
                count(groups, "groupe"),
                number(self.contradictory_groups)
            ),
        }
    }
}
