//! CelebA as a Polars frame, with its attributes and identities where their files are.
//!
//! # Source
//! Z. Liu, P. Luo, X. Wang, X. Tang, *Deep Learning Face Attributes in the Wild*, ICCV 2015;
//! non-commercial research only.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use polars::prelude::{DataFrame, NamedFrom, Series};

use super::inspect::Scanned;
use crate::error::{Error, Result};

/// Files of attributes: as published, and as copies of it are.
const ATTRIBUTE_FILES: [&str; 2] = ["list_attr_celeba.txt", "list_attr_celeba.csv"];
/// Files of identities.
const IDENTITY_FILES: [&str; 2] = ["identity_CelebA.txt", "identity_CelebA.csv"];
/// Endings of the files of labels, which are no pictures.
const TABLES: [&str; 2] = ["txt", "csv"];

/// One row for each visible file of a folder tree, tables left out. `list_attr_celeba` and
/// `identity_CelebA` (`.txt` or `.csv`) are looked for in the folder and in the one above.
///
/// | column | type | content |
/// |---|---|---|
/// | `path`, `file` | str | where the file is; its path within the folder |
/// | `number` | u32 | number of the picture, from its name |
/// | `identity` | u32 | the person, when the file of identities is there |
/// | `Male`, `Young`… | bool | the 40 attributes, when their file is there |
/// | `content_hash` | str | the same for byte-identical pictures; null for no usable picture |
/// | `issue` | str | what is wrong, in French |
///
/// # Errors
/// Those of reading the folder; [`Error::Labels`] for a table that is not what it should be.
pub fn scan(dir: impl AsRef<Path>) -> Result<DataFrame> {
    let dir = dir.as_ref();
    let scanned = Scanned::folder_without("CelebA", dir, |file| Scanned::ends_with(file, &TABLES))?
        .not_empty("CelebA")?;
    let names: Vec<String> = scanned.names().collect();
    let numbers: Vec<Option<u32>> = names
        .iter()
        .map(|name| name.split('.').next()?.parse().ok())
        .collect();
    let mut issues: Vec<Vec<String>> = numbers
        .iter()
        .map(|number| match number {
            Some(_) => Vec::new(),
            None => vec!["nom qui n'est pas un numéro".to_owned()],
        })
        .collect();
    let mut columns = vec![Series::new("number".into(), numbers)];
    if let Some(path) = find(dir, &IDENTITY_FILES) {
        let table = Table::read(&path, &["identity"])?;
        let people = table.column(0, &names, |value| value.parse::<u32>().ok())?;
        columns.push(Series::new("identity".into(), people));
    }
    if let Some(path) = find(dir, &ATTRIBUTE_FILES) {
        let table = Table::read(&path, &[])?;
        for (index, attribute) in table.columns.iter().enumerate() {
            let values = table.column(index, &names, |value| match value {
                "1" => Some(true),
                "-1" | "0" => Some(false),
                _ => None,
            })?;
            columns.push(Series::new(attribute.as_str().into(), values));
        }
        for (name, issues) in names.iter().zip(&mut issues) {
            if !table.rows.contains_key(name) {
                issues.push("sans attributs".to_owned());
            }
        }
    }
    scanned.into_frame(columns, issues)
}

fn find(dir: &Path, names: &[&str]) -> Option<PathBuf> {
    let folders = [Some(dir), dir.parent()];
    folders
        .into_iter()
        .flatten()
        .flat_map(|folder| names.iter().map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// Values by file name.
struct Table {
    path: PathBuf,
    columns: Vec<String>,
    rows: HashMap<String, Vec<String>>,
}

impl Table {
    /// Reads a table of file names and values separated by spaces or commas. Without names in
    /// `columns`, a first line gives them; one that only holds a count comes before it.
    fn read(path: &Path, columns: &[&str]) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::io("lire le fichier", path, error))?;
        let mut table = Self {
            path: path.to_path_buf(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: HashMap::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let mut fields = line
                .split([' ', ',', '\t'])
                .map(str::trim)
                .filter(|field| !field.is_empty());
            let Some(first) = fields.next() else {
                continue;
            };
            let values: Vec<String> = fields.map(str::to_owned).collect();
            let is_count = values.is_empty() && first.parse::<usize>().is_ok();
            let is_row = first.contains('.');
            if is_row && values.len() == table.columns.len() {
                table.rows.insert(first.to_owned(), values);
            } else if !is_row && table.columns.is_empty() && !values.is_empty() {
                let heading = !["image_id", "image", "file"].contains(&first);
                let first = heading.then(|| first.to_owned());
                table.columns = first.into_iter().chain(values).collect();
            } else if is_row || !(is_count || number == 0) {
                return Err(table.wrong(format!(
                    "la ligne {} a {} valeurs au lieu de {}",
                    number + 1,
                    values.len(),
                    table.columns.len()
                )));
            }
        }
        Ok(table)
    }

    /// One value a file, `None` where the table does not have it.
    fn column<T>(
        &self,
        index: usize,
        names: &[String],
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<Option<T>>> {
        let value = |name: &String| match self.rows.get(name) {
            None => Ok(None),
            Some(values) => read(&values[index]).map(Some).ok_or_else(|| {
                self.wrong(format!(
                    "valeur « {} » inattendue pour « {name} » (colonne « {} »)",
                    values[index], self.columns[index]
                ))
            }),
        };
        names.iter().map(value).collect()
    }

    fn wrong(&self, reason: String) -> Error {
        Error::Labels {
            path: self.path.clone(),
            reason,
        }
    }
}
