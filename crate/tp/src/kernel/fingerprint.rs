//! The fingerprint of a kernel folder: all that goes into it, in one hash.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::paths::Repository;
use crate::setup::rust::Toolchain;

/// Changes when the layout of kernel folders does.
const LAYOUT: &str = "2";

/// Files and folders, from the repository's root, that the library and the launcher are compiled from.
const INPUTS: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "crate/Cargo.toml",
    "crate/src",
    "crate/assets",
    "crate/protocol/Cargo.toml",
    "crate/protocol/src",
    "crate/tp/Cargo.toml",
    "crate/tp/src",
];

/// Hashes the sources, the lock file and the compiler's version.
///
/// Sources rather than binaries: the same sources give the same folder, whichever target folder `tp` was built in.
///
/// # Errors
/// [`Error::Io`] when a source cannot be read.
pub fn compute(repository: &Repository, toolchain: &Toolchain) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(LAYOUT);
    hash.update(&toolchain.version_text);
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&repository.root().join(input), &mut files)?;
    }
    files.sort();
    for file in files {
        let name = file.strip_prefix(repository.root()).unwrap_or(&file);
        add(&mut hash, &name.to_string_lossy(), &file)?;
    }
    Ok(hash
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn add(hash: &mut Sha256, name: &str, file: &Path) -> Result<()> {
    let content = std::fs::read(file).map_err(Error::io("Impossible de lire", file))?;
    // Lengths keep « ab » + « c » apart from « a » + « bc ».
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
    hash.update((content.len() as u64).to_le_bytes());
    hash.update(content);
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in
            std::fs::read_dir(path).map_err(Error::io("Impossible de lire le dossier", path))?
        {
            collect(
                &entry
                    .map_err(Error::io("Impossible de lire le dossier", path))?
                    .path(),
                files,
            )?;
        }
    } else if path.is_file() {
        files.push(path.to_owned());
    }
    Ok(())
}
