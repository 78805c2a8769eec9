//! UTKFace as a Polars frame: one row a file, whatever the file is worth.
//!
//! ```no_run
//! use visages::data::utkface;
//! let df = utkface::scan("data/UTKFace")?;
//! println!("{}", utkface::report(&df)?);
//! # Ok::<(), visages::Error>(())
//! ```
//!
//! # Source
//! Z. Zhang, Y. Song, H. Qi, *Age Progression/Regression by Conditional Adversarial Autoencoder*, CVPR
//! 2017; <https://susanqq.github.io/UTKFace/>, non-commercial research only.

mod corrections;
mod groups;
mod name;
mod noise;
pub(in crate::data) mod published;
mod report;
mod usable;

use std::path::Path;

use polars::prelude::{DataFrame, NamedFrom, Series};
use tp_protocol::data_sets::UTKFACE;

pub use corrections::{correct, corrections};
pub use groups::{
    GENDER_NAMES, RACE_NAMES, age_group, decade, joint_counts, published_counts, with_names,
};
pub use name::{MAX_AGE, UtkName};
pub use noise::label_noise;
pub use report::{Report, identical, report};
pub use usable::usable;

use super::inspect::Scanned;
use crate::error::Result;

/// Endings of files that go with the pictures: the manifest and settings of drawn faces.
const COMPANIONS: [&str; 2] = ["csv", "json"];

/// One row for each visible file of a folder tree (tables, `.csv` and `.json`, apart), in the order of the paths; `dir` is the folder of
/// the pictures or one that holds a folder `UTKFace`.
///
/// | column | type | content |
/// |---|---|---|
/// | `path` | str | where the file is |
/// | `file` | str | its path within the folder |
/// | `age` | i32 | years, from the name; null when absent or out of 0 to [`MAX_AGE`] |
/// | `gender` | u8 | 0 a man, 1 a woman, as annotated; null when absent |
/// | `race` | u8 | 0 to 4, as annotated ([`RACE_NAMES`]); null when absent |
/// | `captured_at` | str | `2017-01-16 17:45:25.125`; null when the name has no such moment |
/// | `content_hash` | str | the same for byte-identical pictures; null when the file is no usable picture |
/// | `issue` | str | what is wrong with the name or the file, in French; null when nothing is |
///
/// Files are read whole but pixels are not decoded: loading tells which are damaged inside.
///
/// # Errors
/// [`Error::FolderMissing`](crate::Error::FolderMissing), [`Error::FolderEmpty`](crate::Error::FolderEmpty)
/// without a file, [`Error::Io`](crate::Error::Io), [`Error::Stopped`](crate::Error::Stopped).
pub fn scan(dir: impl AsRef<Path>) -> Result<DataFrame> {
    let dir = dir.as_ref();
    let root = UTKFACE.find(dir).unwrap_or_else(|| dir.to_path_buf());
    let scanned = Scanned::folder_without(UTKFACE.title, &root, |file| {
        Scanned::ends_with(file, &COMPANIONS)
    })?
    .not_empty(UTKFACE.title)?;
    let names: Vec<UtkName> = scanned.names().map(|name| UtkName::parse(&name)).collect();
    let ages: Vec<Option<i32>> = names.iter().map(|name| name.age).collect();
    let genders: Vec<Option<u8>> = names.iter().map(|name| name.gender).collect();
    let races: Vec<Option<u8>> = names.iter().map(|name| name.race).collect();
    let moments: Vec<Option<&str>> = names
        .iter()
        .map(|name| name.captured_at.as_deref())
        .collect();
    let columns = vec![
        Series::new("age".into(), ages),
        Series::new("gender".into(), genders),
        Series::new("race".into(), races),
        Series::new("captured_at".into(), moments),
    ];
    let issues = names.into_iter().map(|name| name.issues).collect();
    scanned.into_frame(columns, issues)
}
