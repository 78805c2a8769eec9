//! Which images a session uses: those that are named, else those that are found, else drawn ones.

use std::path::{Path, PathBuf};

use crate::data::{FACE_FOLDERS, NON_FACE_FOLDERS, TEST_FACE_FOLDERS, h5_file};

/// Value of `TP_DONNEES` that asks for drawn faces.
pub const SYNTHETIC: &str = "synthetique";

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DataSource {
    /// A folder or a file, named by the reader or found.
    At(PathBuf),
    /// Drawn images, asked for.
    Synthetic,
    /// Drawn images, because no data set was found in these folders.
    NotFound(Vec<PathBuf>),
}

/// Whether a data path is the word « synthetique », with or without its accent. A launcher may have
/// put a folder before it; a folder that exists is meant as such.
pub(super) fn asks_for_drawings(path: &Path) -> bool {
    let word = path.file_name().unwrap_or_default().to_string_lossy();
    word.trim().to_lowercase().replace('é', "e") == SYNTHETIC && !path.exists()
}

/// The first folder `data` with a data set, in `start` or above it, up to the repository's root. The
/// root of the file system is left out: a `/data` there has nothing to do with the labs.
pub(super) fn find_data(start: &Path) -> DataSource {
    let mut searched = Vec::new();
    for folder in start.ancestors() {
        if folder.parent().is_none() {
            break;
        }
        let candidate = folder.join("data");
        if holds_data(&candidate) {
            return DataSource::At(candidate);
        }
        searched.push(candidate);
        if [".git", "Cargo.lock"]
            .iter()
            .any(|mark| folder.join(mark).exists())
        {
            break;
        }
    }
    DataSource::NotFound(searched)
}

/// Whether a folder holds at least a part of a data set. A part alone is an error later on, which
/// says what lacks: better than drawings nobody asked for.
fn holds_data(folder: &Path) -> bool {
    let mut names = FACE_FOLDERS
        .iter()
        .chain(&NON_FACE_FOLDERS)
        .chain(&TEST_FACE_FOLDERS);
    h5_file(folder).is_some() || names.any(|name| folder.join(name).is_dir())
}
