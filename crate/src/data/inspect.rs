//! A look at many files without decoding them: is each a picture, and which of them are identical?

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use polars::prelude::{Column, DataFrame, NamedFrom, Series};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{
    decode::{INCOHERENT, check_header},
    folder::{list_pictures, no_pictures},
    picture_file::read_file,
};
use crate::{error::Result, host::Reading};

/// Files looked at between two looks at the clock.
const CHUNK: usize = 512;
/// Bytes of SHA-256 that a content hash keeps.
const HASH_BYTES: usize = 8;

/// The visible files of a folder tree, looked at.
pub(super) struct Scanned {
    root: PathBuf,
    /// Paths within the folder, sorted.
    pub files: Vec<PathBuf>,
    inspections: Vec<Inspection>,
}

/// What a look at one file tells.
struct Inspection {
    /// Sixteen hexadecimal digits of SHA-256 of the file's bytes; `None` when it is no usable picture.
    content_hash: Option<String>,
    /// Why it is no usable picture, in French.
    issue: Option<String>,
}

impl Scanned {
    /// Looks at every file under `root`, which must hold one; `what` names them in messages.
    pub(super) fn folder(what: &str, root: &Path) -> Result<Self> {
        Self::folder_without(what, root, |_| false)
    }

    /// The same without the files, told by their path within the folder, that go with the pictures:
    /// tables of labels. There may be nothing else, where a table alone tells something: see
    /// [`not_empty`](Self::not_empty).
    pub(super) fn folder_without(
        what: &str,
        root: &Path,
        companion: impl Fn(&Path) -> bool,
    ) -> Result<Self> {
        let mut files = list_pictures(what, root)?;
        files.retain(|file| !companion(file));
        let mut reading = Reading::start(what, files.len(), true);
        let mut inspections = Vec::with_capacity(files.len());
        for chunk in files.chunks(CHUNK) {
            inspections.par_extend(chunk.par_iter().map(|file| inspect_file(&root.join(file))));
            reading.at(inspections.len())?;
        }
        Ok(Self {
            root: root.to_path_buf(),
            files,
            inspections,
        })
    }

    /// Refuses a folder that only holds what goes with pictures.
    pub(super) fn not_empty(self, what: &str) -> Result<Self> {
        match self.files.is_empty() {
            true => Err(no_pictures(what, &self.root)),
            false => Ok(self),
        }
    }

    /// Whether a path has one of these endings.
    pub(super) fn ends_with(file: &Path, endings: &[&str]) -> bool {
        let ending = file.extension().unwrap_or_default();
        endings.iter().any(|other| ending == *other)
    }

    /// Adds files that a table names and that are not there.
    pub(super) fn add_absent(&mut self, files: Vec<PathBuf>) {
        self.inspections.extend(files.iter().map(|_| Inspection {
            content_hash: None,
            issue: Some("fichier absent".to_owned()),
        }));
        self.files.extend(files);
    }

    /// Name of each file, without its folders.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let name = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        self.files.iter().map(name)
    }

    /// The frame: `path`, `file`, then `columns` (a row a file), `content_hash`, `issue`: what is wrong
    /// with each name, given in `issues`, and with its file.
    pub(super) fn into_frame(
        self,
        columns: Vec<Series>,
        issues: Vec<Vec<String>>,
    ) -> Result<DataFrame> {
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        let paths: Vec<String> = self
            .files
            .iter()
            .map(|file| shown(&self.root.join(file)))
            .collect();
        let files: Vec<String> = self.files.iter().map(|file| shown(file)).collect();
        let (mut hashes, mut all_issues) = (Vec::new(), Vec::new());
        for (mut issues, inspection) in issues.into_iter().zip(self.inspections) {
            hashes.push(inspection.content_hash);
            issues.extend(inspection.issue);
            all_issues.push((!issues.is_empty()).then(|| issues.join(", ")));
        }
        let height = files.len();
        let mut all = vec![
            Series::new("path".into(), paths),
            Series::new("file".into(), files),
        ];
        all.extend(columns);
        all.push(Series::new("content_hash".into(), hashes));
        all.push(Series::new("issue".into(), all_issues));
        let columns = all.into_iter().map(Column::from).collect();
        Ok(DataFrame::new(height, columns)?)
    }
}

fn inspect_file(path: &Path) -> Inspection {
    let look = || match read_file(path).map_err(|failure| failure.reason)? {
        None => Err("ce n'est pas une image".to_owned()),
        Some((format, bytes)) => {
            check_header(&bytes, format)?;
            Ok(hash(&bytes))
        }
    };
    // As in reading: a decoder's bug costs one picture.
    let looked = catch_unwind(AssertUnwindSafe(look));
    match looked.unwrap_or_else(|_| Err(INCOHERENT.to_owned())) {
        Ok(hash) => Inspection {
            content_hash: Some(hash),
            issue: None,
        },
        Err(issue) => Inspection {
            content_hash: None,
            issue: Some(issue),
        },
    }
}

/// The head of SHA-256, in hexadecimal: enough for millions of files.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..HASH_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_head_of_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(hash(b"abc"), "ba7816bf8f01cfea");
    }
}
