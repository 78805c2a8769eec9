//! The files of a folder tree.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 16;

/// Every visible file under `root`, as sorted paths within it. Links are followed, data sets being often kept elsewhere; a
/// folder met twice is read once.
///
/// # Errors
/// [`Error::Io`] when a folder cannot be read.
pub fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((within, depth)) = pending.pop() {
        let folder = root.join(&within);
        let failed = || Error::io("Impossible de lire", &folder);
        if !seen.insert(folder.canonicalize().map_err(failed())?) {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let within = within.join(name);
            let path = root.join(&within);
            if path.is_file() {
                files.push(within);
            } else if path.is_dir() && depth < MAX_DEPTH {
                pending.push((within, depth + 1));
            }
        }
        // Which of two links to one folder is read must not depend on the system.
        pending.sort_by(|one, other| other.cmp(one));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn loops_end_and_folders_are_no_files() {
        let root = std::env::temp_dir().join(format!("tp-data-arbre-{}", std::process::id()));
        fs::create_dir_all(root.join("a/b.jpg")).unwrap();
        for file in ["a/1.jpg", "a/.2.jpg", "3.txt"] {
            fs::write(root.join(file), b"x").unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("a/boucle")).unwrap();
        std::os::unix::fs::symlink("nulle part", root.join("pendant.jpg")).unwrap();
        assert_eq!(
            files(&root).unwrap(),
            [Path::new("3.txt"), Path::new("a/1.jpg")]
        );
        fs::remove_dir_all(&root).unwrap();
    }
}
