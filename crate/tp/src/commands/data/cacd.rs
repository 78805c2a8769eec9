//! CACD, of which the worker makes the folders of the « young or old » lab.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use super::archive::Source;
use super::import::copy;
use super::list::named;
use super::places::places;
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::{counted, grouped};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Answer of the worker to « cacd ».
#[derive(Debug, Deserialize)]
struct Prepared {
    train: [usize; 2],
    test: [usize; 2],
    unreadable: usize,
}

impl Prepared {
    fn is_whole(&self) -> bool {
        self.train == [20_000; 2] && self.test == [4_000; 2] && self.unreadable == 0
    }
}

/// The pictures as they are go beside the folder of the lab, which the worker makes from them.
pub(super) fn import(source: &Source, files: &[PathBuf], folder: &Path) -> Result<Verdict> {
    let set = named("cacd")?;
    let raw = match source {
        Source::Folder(path) => path.clone(),
        _ => {
            let raw = folder.with_file_name("CACD2000");
            copy(source, files, &places(set, files, Path::new(""))?, &raw)?;
            raw
        }
    };
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(Error::io("Impossible de situer", path));
    let (repository, cache) = (Repository::find()?, Cache::locate()?);
    Toolchain::detect(&repository)?;
    let program = worker::build(&repository, &cache)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let prepared: Prepared = worker::perform(
        worker::command(&program, cores),
        &json!({ "op": "cacd", "source": absolute(&raw)?, "output": absolute(folder)? }),
        "Images de 100 × 100 pixels, par personne",
        "environ une minute pour 48 000 images",
    )?;
    let _ = writeln!(std::io::stdout(), "{}", told(&prepared, folder));
    Ok(match prepared.is_whole() {
        true => Verdict::Fine,
        false => Verdict::Failed,
    })
}

fn told(prepared: &Prepared, folder: &Path) -> String {
    let mut text = format!(
        "cacd : « {} », une personne n'est que d'un côté",
        folder.display()
    );
    for (side, counts, whole) in [
        ("train", prepared.train, 20_000),
        ("test", prepared.test, 4_000),
    ] {
        for (class, count) in counts.into_iter().enumerate() {
            let lacks = match whole - count.min(whole) {
                0 => String::new(),
                lacks => format!(
                    " : il en manque {} sur {}",
                    grouped(lacks as u64),
                    grouped(whole as u64)
                ),
            };
            text += &format!("\n  {side}/{class} : {}{lacks}", counted(count, "image"));
        }
    }
    if prepared.unreadable > 0 {
        text += &format!("\n⚠ {}", counted(prepared.unreadable, "image illisible"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_of_the_young_and_old_is_said() {
        let prepared = Prepared {
            train: [20_000, 19_990],
            test: [4_000, 4_000],
            unreadable: 2,
        };
        let text = told(&prepared, Path::new("data/cacd"));
        assert!(text.contains("train/0 : 20\u{202f}000 images\n"), "{text}");
        assert!(
            text.contains("train/1 : 19\u{202f}990 images : il en manque 10 sur 20\u{202f}000"),
            "{text}"
        );
        assert!(text.ends_with("⚠ 2 images illisibles"), "{text}");
        let whole = Prepared {
            train: [20_000; 2],
            ..prepared
        };
        assert!(!whole.is_whole());
        assert!(
            Prepared {
                unreadable: 0,
                ..whole
            }
            .is_whole()
        );
    }
}
