//! What a folder of drawn faces really shows, beside what the names of its files say.

use std::path::Path;

use polars::prelude::{DataFrame, df};
use serde::Deserialize;

use super::{faces::DrawnFacesConfig, folder::MANIFEST};
use crate::error::{Error, Result};

/// What is read of a line of the manifest.
#[derive(Deserialize)]
struct Line {
    file: String,
    defect: String,
    gender: u8,
    code: u8,
    written_age: i32,
    written_gender: u8,
    written_code: Option<u8>,
    apparent_age: f64,
}

impl DrawnFacesConfig {
    /// The labels that are written in the names of a folder of
    /// [`write_utkface_folder`](Self::write_utkface_folder), beside what was drawn, one row a file; `None` for a folder
    /// of photographs, of which nobody knows the truth.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `file` | str | name of the file |
    /// | `defect` | str | planted on purpose, see [`Defect::name`](super::Defect::name); null when there is none |
    /// | `age`, `gender`, `race` | i32, u8, u8 | as the name says; `race` is null when the name lacks it |
    /// | `drawn_age` | f64 | the age of the person who was drawn, in years: the label × (1 + noise) |
    /// | `drawn_gender`, `drawn_race` | u8 | presentation and code of the person who was drawn |
    ///
    /// # Errors
    /// [`Error::DataFile`] for a manifest that cannot be read.
    pub fn true_labels(folder: &Path) -> Result<Option<DataFrame>> {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Ok(None);
        }
        let failed = |error: csv::Error| Error::DataFile {
            path: path.clone(),
            reason: format!("ce n'est pas la liste d'un dossier de dessins ({error})"),
        };
        let mut reader = csv::Reader::from_path(&path).map_err(failed)?;
        let lines = reader
            .deserialize()
            .collect::<std::result::Result<Vec<Line>, _>>()
            .map_err(failed)?;
        let texts = |text: fn(&Line) -> &str| -> Vec<&str> { lines.iter().map(text).collect() };
        let codes = |code: fn(&Line) -> u8| -> Vec<u8> { lines.iter().map(code).collect() };
        let defects = lines
            .iter()
            .map(|line| Some(line.defect.as_str()).filter(|defect| !defect.is_empty()));
        Ok(Some(df!(
            "file" => texts(|line| &line.file),
            "defect" => defects.collect::<Vec<_>>(),
            "age" => lines.iter().map(|line| line.written_age).collect::<Vec<_>>(),
            "gender" => codes(|line| line.written_gender),
            "race" => lines.iter().map(|line| line.written_code).collect::<Vec<_>>(),
            "drawn_age" => lines.iter().map(|line| line.apparent_age).collect::<Vec<_>>(),
            "drawn_gender" => codes(|line| line.gender),
            "drawn_race" => codes(|line| line.code),
        )?))
    }
}
