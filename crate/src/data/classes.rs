//! Pictures sorted into folders by class, as a Polars frame: `chien/…`, or `train/chien/…` and `test/chien/…`.

use std::path::Path;

use polars::prelude::{DataFrame, NamedFrom, Series};

use super::inspect::Scanned;
use crate::error::Result;

/// Names of folders that hold a part of the data rather than a class, in lower case.
const PARTS: [&str; 5] = ["train", "val", "valid", "validation", "test"];

/// One row for each visible file of a folder tree.
///
/// | column | type | content |
/// |---|---|---|
/// | `path`, `file` | str | where the file is; its path within the folder |
/// | `split` | str | `train`, `val`, `valid`, `validation` or `test`, when the first folder says so; else null |
/// | `class` | str | the folder of the class; null for a file outside of any |
/// | `content_hash` | str | the same for byte-identical pictures; null for no usable picture |
/// | `issue` | str | what is wrong, in French |
///
/// # Errors
/// [`Error::FolderMissing`](crate::Error::FolderMissing), [`Error::FolderEmpty`](crate::Error::FolderEmpty)
/// without a file, [`Error::Io`](crate::Error::Io), [`Error::Stopped`](crate::Error::Stopped).
pub fn scan(dir: impl AsRef<Path>) -> Result<DataFrame> {
    let scanned = Scanned::folder("les images", dir.as_ref())?;
    let (mut splits, mut classes, mut issues) = (Vec::new(), Vec::new(), Vec::new());
    for file in &scanned.files {
        let (split, class) = place(file);
        issues.push(match class {
            Some(_) => Vec::new(),
            None => vec!["image hors d'un dossier de classe".to_owned()],
        });
        splits.push(split);
        classes.push(class);
    }
    let columns = vec![
        Series::new("split".into(), splits),
        Series::new("class".into(), classes),
    ];
    scanned.into_frame(columns, issues)
}

/// The part of the data and the class that a path within the folder tells.
fn place(file: &Path) -> (Option<String>, Option<String>) {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut folders = folder
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .peekable();
    let split = folders.next_if(|name| PARTS.contains(&name.to_lowercase().as_str()));
    (split.map(|name| name.to_lowercase()), folders.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_classes_are_told_apart() {
        let placed = |file: &str| place(Path::new(file));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(placed("chien/1.jpg"), (None, some("chien")));
        assert_eq!(placed("Train/0/a/1.jpg"), (some("train"), some("0")));
        assert_eq!(placed("test/1.jpg"), (some("test"), None));
        assert_eq!(placed("1.jpg"), (None, None));
    }
}
