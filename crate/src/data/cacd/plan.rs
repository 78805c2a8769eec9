//! What a preparation of CACD writes, noted beside it: another one replaces it instead of mixing with it.

use std::{
    collections::HashSet,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    data::folder::list_files,
    error::{Error, Result},
};

/// Folders of the result.
pub(super) const FOLDERS: [&str; 4] = ["train/0", "train/1", "test/0", "test/1"];
/// File of the result that says what is written in it, and from what. Hidden: whoever reads the pictures passes over it.
const PLAN: &str = ".plan";
/// Ending of a picture that is being written.
pub(super) const PARTIAL: &str = "partiel";

/// A picture to write: where it is within the source, and within the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub source: PathBuf,
    pub target: PathBuf,
    /// 0 for training, 1 for test.
    pub side: usize,
    pub class: usize,
}

/// Leaves in `out` nothing but what this plan writes there, pictures of `side` pixels, and notes the plan.
pub(super) fn take_over(out: &Path, side: usize, plan: &[Planned]) -> Result<()> {
    let file = out.join(PLAN);
    let mut text = format!("côté {side}\n");
    for planned in plan {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}\t{}",
            planned.target.display(),
            planned.source.display()
        );
    }
    let failed = |action, path: &Path| {
        let path = path.to_path_buf();
        move |error| Error::io(action, &path, error)
    };
    let old = fs::read_to_string(&file).unwrap_or_default();
    if old != text {
        let targets = old.lines().filter_map(|line| line.split_once('\t'));
        for target in targets.map(|(target, _)| Path::new(target)) {
            // Whatever stands in that file, nothing else is removed.
            if !FOLDERS
                .iter()
                .any(|folder| target.parent() == Some(Path::new(folder)))
            {
                continue;
            }
            let target = out.join(target);
            match fs::remove_file(&target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("effacer l'image", &target)(error));
                }
                _ => {}
            }
        }
    }
    let planned: HashSet<&Path> = plan.iter().map(|planned| &*planned.target).collect();
    for folder in FOLDERS.map(Path::new) {
        for within in list_files(&out.join(folder))? {
            let within = folder.join(within);
            let path = out.join(&within);
            if within.extension().is_some_and(|ending| ending == PARTIAL) {
                fs::remove_file(&path).map_err(failed("effacer le fichier", &path))?;
            } else if old != text || !planned.contains(&*within) {
                return Err(Error::DataFile {
                    path,
                    reason: "il n'a pas été écrit par cette préparation, et une même personne pourrait se trouver des deux \
                             côtés ; déplacez le dossier où il est, puis recommencez"
                        .to_owned(),
                });
            }
        }
    }
    if old == text {
        return Ok(());
    }
    let partial = out.join(format!("{PLAN}.{PARTIAL}"));
    fs::write(&partial, text)
        .and_then(|()| fs::rename(&partial, &file))
        .map_err(failed("écrire le fichier", &file))
}
