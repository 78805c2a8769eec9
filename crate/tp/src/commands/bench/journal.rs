//! What long studies share: their seeds, and a journal with a line a trial, so that an interrupted study goes on where it
//! stopped.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::error::{Error, Result};

/// Seeds, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds(pub u64, pub u64);

impl Seeds {
    /// How many.
    pub const fn count(self) -> u64 {
        self.1 - self.0 + 1
    }

    /// « graine 6 », « graines 6 à 10 ».
    pub fn in_words(self) -> String {
        match self {
            Self(first, last) if first == last => format!("graine {first}"),
            Self(first, last) => format!("graines {first} à {last}"),
        }
    }
}

impl std::str::FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u64>().ok();
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last && last - first < 100 => {
                Ok(Self(first, last))
            }
            _ => Err("une graine, ou la première et la dernière : 6-10".to_owned()),
        }
    }
}

/// The journal; a last line cut short by an interruption counts for nothing.
///
/// # Errors
/// [`Error::Io`] for a file that is there and cannot be read.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("Impossible de lire", path)(error)),
    }
}

/// Adds a line to the journal.
///
/// # Errors
/// [`Error::Io`] when it cannot be written.
pub fn append<T: Serialize>(path: &Path, entry: &T) -> Result<()> {
    let line = json!(entry).to_string();
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        // A line cut short by an interruption stays alone on its line.
        .and_then(|mut file| file.write_all(format!("\n{line}\n").as_bytes()))
        .map_err(Error::io("Impossible d'écrire", path))
}

/// Writes a table where `tp publish` takes it, and says so.
///
/// # Errors
/// [`Error::Io`] when it cannot be written.
pub fn write_result(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io("Impossible de créer", folder))?;
    }
    fs::write(path, text).map_err(Error::io("Impossible d'écrire", path))?;
    tell!("→ {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_one_or_a_range() {
        assert_eq!("6-10".parse(), Ok(Seeds(6, 10)));
        assert_eq!("3".parse(), Ok(Seeds(3, 3)));
        assert_eq!(
            (Seeds(3, 3).count(), Seeds(3, 3).in_words().as_str()),
            (1, "graine 3")
        );
        assert_eq!(Seeds(42, 44).in_words(), "graines 42 à 44");
        for wrong in ["10-6", "", "a-b", "1-1000", "-1"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_journal_gives_back_its_lines_but_for_a_torn_one() {
        let path = std::env::temp_dir().join(format!("tp-journal-{}.jsonl", std::process::id()));
        let _ = fs::remove_file(&path);
        assert_eq!(read::<[u32; 2]>(&path).unwrap(), [[0; 2]; 0]);
        fs::write(&path, r#"{"trial":{"bias":"#).unwrap();
        append(&path, &[6, 9]).unwrap();
        append(&path, &[7, 8]).unwrap();
        assert_eq!(read::<[u32; 2]>(&path).unwrap(), [[6, 9], [7, 8]]);
        fs::remove_file(path).unwrap();
    }
}
