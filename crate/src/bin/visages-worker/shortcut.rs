//! What two labels say of the class of a face that nobody looks at, for `tp bench effets tp6`: drawn faces in the manner of
//! UTKFace, read as the young-or-old lab reads them, before and after the classes are matched.

use serde::{Deserialize, Serialize};
use visages::{
    data::{DrawnFacesConfig, Preset, match_classes, utkface},
    host::StopFlag,
    polars::prelude::{ClosedInterval, DataFrame, DataType, IntoLazy, PolarsResult, col, lit},
};

use crate::{
    age_classes::Size,
    error::{Error, Result},
    labels::Scratch,
};

/// Side of the pictures: labels do not depend on it, and small ones are soon drawn.
const SIDE: usize = 32;
const CLASS: &str = "class";
const GENDER: &str = "gender";
const CODE: &str = "race";

/// What is drawn.
#[derive(Debug, Deserialize)]
pub struct Shortcut {
    preset: Size,
    seed: u64,
}

/// Images of some groups, and those of class 1 among them.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// `[images, class 1]` of each gender × code that is there.
    groups: Vec<[usize; 2]>,
    /// The same after matching.
    matched: Vec<[usize; 2]>,
}

impl Shortcut {
    /// Draws the folder, reads it, deletes it.
    pub fn run(&self) -> Result<Outcome> {
        let preset = Preset::from(self.preset);
        let config = DrawnFacesConfig::for_preset(preset)
            .with_side(SIDE)
            .with_seed(self.seed);
        let scratch = Scratch::new(&format!("raccourci-{}", self.seed));
        config.write_utkface_folder(&scratch.0, &StopFlag::new(), |_, _| {})?;
        let failed =
            |error: visages::polars::error::PolarsError| Error::Execution(error.to_string());
        let faces = two_ages(utkface::scan(&scratch.0)?).map_err(failed)?;
        let matched = match_classes(&faces, CLASS, &[GENDER, CODE], self.seed)?;
        Ok(Outcome {
            groups: groups(&faces).map_err(failed)?,
            matched: groups(&matched).map_err(failed)?,
        })
    }
}

/// The faces of both classes whose labels are known.
fn two_ages(files: DataFrame) -> PolarsResult<DataFrame> {
    let known = ["age", GENDER, CODE].map(|name| col(name).is_not_null());
    let [age, gender, code] = known;
    let between =
        |low: i32, high: i32| col("age").is_between(lit(low), lit(high), ClosedInterval::Both);
    files
        .lazy()
        .filter(age.and(gender).and(code))
        .filter(between(20, 26).or(between(52, 62)))
        .with_column(col("age").gt_eq(lit(52)).cast(DataType::Int32).alias(CLASS))
        .collect()
}

fn groups(faces: &DataFrame) -> PolarsResult<Vec<[usize; 2]>> {
    let (classes, genders) = (faces.column(CLASS)?.i32()?, faces.column(GENDER)?.u8()?);
    let codes = faces.column(CODE)?.u8()?;
    let mut found = std::collections::BTreeMap::new();
    for row in 0..faces.height() {
        let group: &mut [usize; 2] = found.entry((genders.get(row), codes.get(row))).or_default();
        group[0] += 1;
        group[1] += usize::from(classes.get(row) == Some(1));
    }
    Ok(found.into_values().collect())
}
