//! `train_face.h5`, the training set of the MIT lab in one file: is it whole, and what does it hold?

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::catalog::told;
use crate::error::{Error, Result};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Beginning of an HDF5 file.
pub const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// Faces of the whole set, and as many other images.
const WHOLE: usize = 54_957;
/// Bytes that tell how long the file should be.
const HEAD: usize = 64;

/// What the file holds, as the library reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Counted {
    /// Faces.
    pub faces: usize,
    /// Other images.
    pub others: usize,
}

impl Counted {
    /// What differs from the whole set, in French.
    pub fn differences(self) -> Vec<String> {
        [("visages", self.faces), ("images sans visage", self.others)]
            .into_iter()
            .filter_map(|(what, found)| told(&format!("{what} : "), found, WHOLE))
            .collect()
    }
}

/// Whether a file begins like an HDF5 file.
///
/// # Errors
/// When it cannot be read.
pub fn is_hdf5(path: &Path) -> Result<bool> {
    Ok(head(path)?.starts_with(SIGNATURE))
}

/// Refuses what cannot be a whole file, without opening it by the library.
///
/// # Errors
/// [`Error::Unusable`] for a file that is empty, of another kind or cut; [`Error::Io`] when it cannot be read.
pub fn check(path: &Path) -> Result<()> {
    let head = head(path)?;
    let size = std::fs::metadata(path)
        .map_err(Error::io("Impossible de lire", path))?
        .len();
    let reason = if head.is_empty() {
        "le fichier est vide (0 octet)".to_owned()
    } else if !head.starts_with(SIGNATURE) {
        "ce n'est pas un fichier HDF5".to_owned()
    } else {
        match end(&head) {
            Some(end) if end <= size => return Ok(()),
            Some(end) => format!("il est tronqué ({size} octets sur {end})"),
            None => "son en-tête est abîmé".to_owned(),
        }
    };
    Err(Error::Unusable {
        path: path.to_owned(),
        reason,
        remedy: "Téléchargez-le de nouveau ; si c'est une page Web enregistrée à sa place, ouvrez l'adresse dans un navigateur."
            .to_owned(),
    })
}

/// Has the library open the file and count what it holds.
///
/// # Errors
/// [`Error::Usage`] with the reader's French line when the file is not what it should be, those of compiling the worker.
pub fn count(path: &Path) -> Result<Counted> {
    let path = std::path::absolute(path).map_err(Error::io("Impossible de situer", path))?;
    let (repository, cache) = (Repository::find()?, Cache::locate()?);
    Toolchain::detect(&repository)?;
    let program = worker::build(&repository, &cache)?;
    worker::perform(
        worker::command(&program, 1),
        &json!({ "op": "h5", "path": path }),
        "Ouverture de train_face.h5",
        "quelques secondes",
    )
}

fn head(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEAD as u64).read_to_end(&mut head))
        .map_err(Error::io("Impossible de lire", path))?;
    Ok(head)
}

/// The end of the file according to its superblock (HDF5 file format specification, II.A), for addresses of eight bytes.
fn end(head: &[u8]) -> Option<u64> {
    let (size_of_addresses, at) = match *head.get(8)? {
        0 => (13, 40),
        1 => (13, 44),
        2 | 3 => (9, 28),
        _ => return None,
    };
    if *head.get(size_of_addresses)? != 8 {
        return None;
    }
    let bytes = head.get(at..at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files made by h5py, of the library's tests: superblocks of versions 0 and 3.
    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/h5");

    #[test]
    fn a_file_cut_anywhere_is_told() {
        let path = std::env::temp_dir().join(format!("tp-data-{}.h5", std::process::id()));
        for name in ["contiguous.h5", "v110.h5"] {
            let whole = std::fs::read(Path::new(FIXTURES).join(name)).unwrap();
            std::fs::write(&path, &whole).unwrap();
            check(&path).unwrap();
            for (cut, expected) in [
                (0, "vide"),
                (7, "pas un fichier HDF5"),
                (8, "en-tête est abîmé"),
                (whole.len() / 2, "tronqué"),
                (whole.len() - 1, "tronqué"),
            ] {
                std::fs::write(&path, &whole[..cut]).unwrap();
                let error = check(&path).unwrap_err().to_string();
                assert!(error.contains(expected), "{name} {cut}: {error}");
            }
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn both_kinds_of_images_are_counted() {
        let whole = Counted {
            faces: WHOLE,
            others: WHOLE,
        };
        assert!(whole.differences().is_empty());
        let part = Counted { others: 1, ..whole };
        assert_eq!(
            part.differences(),
            ["images sans visage : 1 image sur 54\u{202f}957 : il en manque 54\u{202f}956"]
        );
    }
}
