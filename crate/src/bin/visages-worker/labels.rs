//! What the labels of drawn faces are worth, for `tp bench effets tp1`: a folder in the manner of UTKFace, read as the lab
//! reads it, beside the truth that only drawings have.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use visages::{
    data::{DrawnFacesConfig, SplitConfig, utkface},
    host::StopFlag,
    polars::prelude::{DataFrame, IntoLazy, PolarsResult, UniqueKeepStrategy, col},
};

use crate::error::{Error, Result};

/// Side of the pictures: labels and copies do not depend on it, and small ones are soon drawn.
const SIDE: usize = 32;
/// Share of the pictures on which constant answers are scored, as in the lab.
const TESTED: f64 = 0.2;

/// What is drawn.
#[derive(Debug, Deserialize)]
pub struct Reading {
    faces: usize,
    seed: u64,
}

/// What the files say, and the truth.
#[derive(Debug, Serialize)]
pub struct Outcome {
    files: usize,
    /// Labels (age, gender, code) of every labelled picture, once, as the lab keeps them.
    people: Vec<[i32; 3]>,
    /// Rows of `people` on which constant answers are scored; the others choose them.
    tested: Vec<usize>,
    /// How far the age that each face is drawn with is from its label, in years.
    noise: Vec<f32>,
    /// Labels of every group of byte-identical files; −1 for a label that the name lacks.
    copies: Vec<Vec<[i32; 3]>>,
}

/// A folder that is gone once it has been read.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// A folder of this process that is not there yet.
    pub fn new(name: &str) -> Self {
        let name = format!("visages-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Reading {
    /// Draws the folder, reads it, deletes it.
    pub fn run(&self) -> Result<Outcome> {
        let config = DrawnFacesConfig::new()
            .with_faces(self.faces)
            .with_side(SIDE)
            .with_seed(self.seed);
        let scratch = Scratch::new(&format!("effets-{}", self.seed));
        let report = config.write_utkface_folder(&scratch.0, &StopFlag::new(), |_, _| {})?;
        let files = utkface::scan(&scratch.0)?;
        let copies = utkface::identical(&files)?;
        let failed =
            |error: visages::polars::error::PolarsError| Error::Execution(error.to_string());
        let people = distinct(files).map_err(failed)?;
        let parts = SplitConfig::new()
            .with_shares(0.0, TESTED)
            .with_seed(self.seed)
            .split(&people)?;
        let noise = config
            .records()?
            .into_iter()
            .map(|record| (record.factors.age - f32::from(record.label.age)).abs());
        Ok(Outcome {
            files: report.files,
            people: labels(&people).map_err(failed)?,
            tested: parts.test,
            noise: noise.collect(),
            copies: grouped(&copies).map_err(failed)?,
        })
    }
}

/// The labelled pictures, each once: the first of its copies.
fn distinct(files: DataFrame) -> PolarsResult<DataFrame> {
    let labelled = ["age", "gender", "race", "content_hash"].map(|name| col(name).is_not_null());
    let [age, gender, race, hash] = labelled;
    files
        .lazy()
        .filter(age.and(gender).and(race).and(hash))
        .unique_stable_generic(Some(vec![col("content_hash")]), UniqueKeepStrategy::First)
        .collect()
}

/// Age, gender and code of every row; −1 for one that is not known.
fn labels(files: &DataFrame) -> PolarsResult<Vec<[i32; 3]>> {
    let ages = files.column("age")?.i32()?;
    let (genders, codes) = (files.column("gender")?.u8()?, files.column("race")?.u8()?);
    let known = |value: Option<u8>| value.map_or(-1, i32::from);
    let row = |row| {
        let age = ages.get(row).unwrap_or(-1);
        [age, known(genders.get(row)), known(codes.get(row))]
    };
    Ok((0..files.height()).map(row).collect())
}

/// The labels of identical files, which stand next to each other.
fn grouped(copies: &DataFrame) -> PolarsResult<Vec<Vec<[i32; 3]>>> {
    let hashes = copies.column("content_hash")?.str()?;
    let mut groups: Vec<Vec<[i32; 3]>> = Vec::new();
    let mut last = None;
    for (row, label) in labels(copies)?.into_iter().enumerate() {
        let hash = hashes.get(row);
        if groups.is_empty() || hash != last {
            groups.push(Vec::new());
            last = hash;
        }
        if let Some(group) = groups.last_mut() {
            group.push(label);
        }
    }
    Ok(groups)
}
