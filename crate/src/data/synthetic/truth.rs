//! What a folder of drawn faces really shows, beside what the names of its files say.

use std::path::Path;

use polars::prelude::{Column, DataFrame, df};
use serde::Deserialize;

use super::{
    SkinTone,
    faces::DrawnFacesConfig,
    factors::{Background, Glasses, Headwear},
    folder::MANIFEST,
};
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
    tone: String,
    headwear: String,
    glasses: String,
    background: String,
    yaw: f64,
    smile: f64,
    light_side: f64,
    exposure: f64,
    warmth: f64,
    size: f64,
}

/// Name of a factor and its value.
type Factor = (&'static str, fn(&Line) -> f64);

/// The factors of [`DrawnFacesConfig::true_factors`].
const VALUES: [Factor; 11] = [
    ("teint", |line| skin(&line.tone)),
    ("pose", |line| line.yaw),
    ("côté de la lumière", |line| line.light_side),
    ("exposition", |line| line.exposure),
    ("lumière chaude", |line| line.warmth),
    ("sourire", |line| line.smile),
    ("lunettes", |line| {
        whether(line.glasses != Glasses::None.name())
    }),
    ("chapeau", |line| {
        whether(line.headwear != Headwear::None.name())
    }),
    ("âge dessiné", |line| line.apparent_age),
    ("taille du visage", |line| line.size),
    ("fond uni", |line| {
        whether(line.background == Background::Plain.name())
    }),
];

/// The columns of [`DrawnFacesConfig::true_factors`] beside `file`, in their order.
pub const FACTORS: [&str; 11] = {
    let mut names = [""; 11];
    let mut at = 0;
    while at < names.len() {
        names[at] = VALUES[at].0;
        at += 1;
    }
    names
};

/// From 1 (type I) to 6 (type VI); not a number for what is no type.
fn skin(name: &str) -> f64 {
    let tone = SkinTone::ALL.into_iter().find(|tone| tone.name() == name);
    tone.map_or(f64::NAN, |tone| tone.index() as f64 + 1.0)
}

fn whether(said: bool) -> f64 {
    f64::from(u8::from(said))
}

/// The lines of the manifest of a folder; `None` where there is no manifest.
fn lines(folder: &Path) -> Result<Option<Vec<Line>>> {
    let path = folder.join(MANIFEST);
    if !path.is_file() {
        return Ok(None);
    }
    let failed = |error: csv::Error| Error::DataFile {
        path: path.clone(),
        reason: format!("ce n'est pas la liste d'un dossier de dessins ({error})"),
    };
    let mut reader = csv::Reader::from_path(&path).map_err(failed)?;
    let lines = reader.deserialize().collect::<std::result::Result<_, _>>();
    Ok(Some(lines.map_err(failed)?))
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
        let Some(lines) = lines(folder)? else {
            return Ok(None);
        };
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

    /// What decides of each picture of a folder of [`write_utkface_folder`](Self::write_utkface_folder), as numbers, one
    /// row a file; `None` for a folder of photographs, of which nobody knows it. Names are French: figures show them.
    ///
    /// | column | content |
    /// |---|---|
    /// | `file` | name of the file, a str; the others are f64 |
    /// | `teint` | from 1 (type I, the lightest) to 6 (type VI) |
    /// | `pose` | how far the head is turned, in degrees, positive to the right of the picture |
    /// | `côté de la lumière` | where the main light comes from, in degrees, positive to the right |
    /// | `exposition` | in stops: 0 is right, −1 half of the light |
    /// | `lumière chaude` | from −1 (cold) to 1 (warm) |
    /// | `sourire` | from −1 (corners of the mouth down) to 1 |
    /// | `lunettes`, `chapeau`, `fond uni` | 1 yes, 0 no |
    /// | `âge dessiné` | in years |
    /// | `taille du visage` | half-height of the head, as a share of the side |
    ///
    /// [`FACTORS`] lists the names.
    ///
    /// # Errors
    /// [`Error::DataFile`] for a manifest that cannot be read.
    ///
    /// # Example
    /// ```no_run
    /// use visages::prelude::*;
    ///
    /// let session = Session::open("tp7")?;
    /// let folder = session.utkface()?;
    /// let faces = Labelled::read(&utkface::usable(&utkface::scan(&folder)?)?, &LoadOptions::new())?;
    /// let faces = match DrawnFacesConfig::true_factors(&folder)? {
    ///     Some(factors) => faces.join(&factors, "file")?,
    ///     None => faces, // photographs
    /// };
    /// # Ok::<(), Error>(())
    /// ```
    pub fn true_factors(folder: &Path) -> Result<Option<DataFrame>> {
        let Some(lines) = lines(folder)? else {
            return Ok(None);
        };
        let files: Vec<&str> = lines.iter().map(|line| line.file.as_str()).collect();
        let mut frame = df!("file" => files)?;
        for (name, value) in VALUES {
            let values: Vec<f64> = lines.iter().map(value).collect();
            frame.with_column(Column::new(name.into(), values))?;
        }
        Ok(Some(frame))
    }
}
