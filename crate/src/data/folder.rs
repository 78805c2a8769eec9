//! A folder tree of pictures → an [`ImageStore`], in a fixed order, with a report of what was skipped.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::{
    cache::Seen,
    image_store::ImageStore,
    intake::{Intake, Taken},
    options::LoadOptions,
};
use crate::{
    error::{Error, Result},
    host::{self, Reading},
};

/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 32;
/// Unreadable files named in the report.
const NAMED_FILES: usize = 5;

/// A file that looks like a picture and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// Path within the folder.
    pub path: PathBuf,
    /// Why, in French.
    pub reason: String,
}

/// The pictures of a folder tree, and what was left out.
#[derive(Clone)]
pub struct ImageFolder {
    /// The folder.
    pub root: PathBuf,
    /// The images, in the order of [`files`](Self::files).
    pub images: ImageStore,
    /// Path within the folder of each image, sorted.
    pub files: Vec<PathBuf>,
    /// Width and height of each picture in its file.
    pub original_sizes: Vec<(u32, u32)>,
    /// Pictures that could not be read, sorted.
    pub unreadable: Vec<UnreadableFile>,
    /// Number of files that are no pictures (tables, texts).
    pub ignored: usize,
    /// Whether the reader interrupted the reading: the first files only are here.
    pub stopped: bool,
}

impl ImageFolder {
    /// Reads every JPEG and PNG file under `root`, recognised by content, in the order of their
    /// paths. Hidden files are passed over; what cannot be read is skipped and listed in
    /// [`unreadable`](Self::unreadable). Grey, CMYK and transparent pictures become RGB
    /// (transparency shows white), and the orientation that cameras note is applied.
    ///
    /// `what` names the content in error messages, with its article: « les visages ».
    ///
    /// An interrupt keeps what was read; see [`stopped`](Self::stopped).
    ///
    /// # Errors
    /// [`Error::FolderMissing`], [`Error::Io`], [`Error::FolderEmpty`] when no picture is usable,
    /// [`Error::Memory`] when the images fit neither in memory nor, without a cache, elsewhere, [`Error::Argument`] for a size or a count of zero,
    /// [`Error::Stopped`] for an interrupt before the first picture.
    pub fn load(what: &str, root: impl AsRef<Path>, options: &LoadOptions) -> Result<ImageFolder> {
        options.check()?;
        let root = root.as_ref();
        let files = spread(existing_files(what, root)?, options.max_images);
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let mut intake = Intake::start(what, root, &paths, options)?;

        let mut folder = ImageFolder {
            root: root.to_path_buf(),
            images: ImageStore::new(options.height, options.width),
            files: Vec::with_capacity(files.len()),
            original_sizes: Vec::with_capacity(files.len()),
            unreadable: Vec::new(),
            ignored: 0,
            stopped: false,
        };
        let mut reading = Reading::start(what, files.len(), options.verbose);
        let mut read = 0;
        for chunk in files.chunks(intake.chunk()) {
            // Large photographs take seconds a chunk: the wish to stop is looked at before each.
            let seen: Vec<Option<Option<Seen>>> = chunk
                .par_iter()
                .map(|file| (!host::asked()).then(|| intake.look(file)))
                .collect();
            let wanted = read + chunk.len();
            for (file, seen) in chunk.iter().zip(seen.into_iter().map_while(|seen| seen)) {
                let taken = intake.take(file, seen)?;
                folder.add(file, taken);
                read += 1;
            }
            if read < wanted {
                folder.stopped = true;
                break;
            }
            reading.show(read);
        }
        if folder.stopped {
            if folder.files.is_empty() {
                return Err(Error::Stopped {
                    what: format!("la lecture ({what})"),
                });
            }
            host::answer(&format!(
                "Lecture arrêtée à votre demande ({what}) : {read} fichiers lus sur {}, leurs images sont gardées.",
                files.len()
            ));
        }
        folder.images = intake.finish(what)?;
        if options.verbose
            && let Some(report) = folder.report(what)
        {
            println!("{report}");
        }
        if folder.images.is_empty() {
            let remedy = match folder.unreadable.first() {
                None => "Placez-y des images JPEG ou PNG".to_owned(),
                Some(first) => format!(
                    "Aucun des {} fichiers d'image n'est lisible ; le premier, « {} » : {}",
                    folder.unreadable.len(),
                    first.path.display(),
                    first.reason
                ),
            };
            return Err(Error::FolderEmpty {
                what: what.to_owned(),
                path: root.to_path_buf(),
                remedy,
            });
        }
        Ok(folder)
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is no image; never so after [`load`](Self::load).
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// One French sentence on the unreadable files, with the first names; `None` when there are none.
    pub fn report(&self, what: &str) -> Option<String> {
        let count = self.unreadable.len();
        if count == 0 {
            return None;
        }
        let named: Vec<String> = self
            .unreadable
            .iter()
            .take(NAMED_FILES)
            .map(|file| format!("« {} » ({})", file.path.display(), file.reason))
            .collect();
        let (files, others) = (
            if count == 1 {
                "fichier illisible écarté"
            } else {
                "fichiers illisibles écartés"
            },
            if count > NAMED_FILES { ", …" } else { "" },
        );
        Some(format!(
            "⚠ {what} : {count} {files} : {}{others}",
            named.join(", ")
        ))
    }

    fn add(&mut self, file: &Path, taken: Taken) {
        match taken {
            Taken::Image(original_size) => {
                self.files.push(file.to_path_buf());
                self.original_sizes.push(original_size);
            }
            Taken::Unreadable(reason) => self.unreadable.push(UnreadableFile {
                path: file.to_path_buf(),
                reason,
            }),
            Taken::Ignored => self.ignored += 1,
        }
    }
}

// The derived form would print every path.
impl std::fmt::Debug for ImageFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageFolder")
            .field("root", &self.root)
            .field("images", &self.images)
            .field("unreadable", &self.unreadable.len())
            .field("ignored", &self.ignored)
            .finish_non_exhaustive()
    }
}

/// Every visible file under `root`, which must hold at least one.
pub(super) fn list_pictures(what: &str, root: &Path) -> Result<Vec<PathBuf>> {
    let files = existing_files(what, root)?;
    if files.is_empty() {
        return Err(no_pictures(what, root));
    }
    Ok(files)
}

/// The error for a folder without a picture.
pub(super) fn no_pictures(what: &str, root: &Path) -> Error {
    Error::FolderEmpty {
        what: what.to_owned(),
        path: root.to_path_buf(),
        remedy: "Placez-y des images JPEG ou PNG".to_owned(),
    }
}

/// Every visible file under `root`, a folder that must be there.
fn existing_files(what: &str, root: &Path) -> Result<Vec<PathBuf>> {
    if root.is_dir() {
        return list_files(root);
    }
    Err(Error::FolderMissing {
        what: what.to_owned(),
        path: root.to_path_buf(),
        remedy: "Vérifiez le chemin, ou placez-y vos images JPEG ou PNG".to_owned(),
    })
}

/// Every visible file under `root`, as sorted paths within it. A folder met twice (links) is read once.
pub(super) fn list_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((within, depth)) = pending.pop() {
        let folder = root.join(&within);
        let failed = |error| Error::io("lire le dossier", &folder, error);
        if !seen.insert(folder.canonicalize().map_err(failed)?) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let path = within.join(&name);
            // Links are followed; a dangling one is left to the reader, which reports it.
            if root.join(&path).is_dir() {
                if depth < MAX_DEPTH {
                    pending.push((path, depth + 1));
                }
            } else {
                files.push(path);
            }
        }
        // The order in which a system lists a folder is arbitrary; which of two links to one
        // folder is read must not be.
        pending.sort_by(|a, b| b.cmp(a));
    }
    files.sort();
    Ok(files)
}

/// At most `max` of `items`, at even distances.
pub(super) fn spread<T>(items: Vec<T>, max: Option<usize>) -> Vec<T> {
    let count = items.len();
    match max {
        Some(max) if max < count => {
            let mut chosen = Vec::with_capacity(max);
            // Bresenham's rule: item i is taken when i·max/count passes a whole number.
            let mut error = 0;
            for item in items {
                error += max;
                if error >= count {
                    error -= count;
                    chosen.push(item);
                }
            }
            chosen
        }
        _ => items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_selection_has_the_exact_count_and_covers_the_list() {
        let files: Vec<PathBuf> = (0..103).map(|i| PathBuf::from(format!("{i:03}"))).collect();
        for max in 1..=103 {
            let chosen = spread(files.clone(), Some(max));
            assert_eq!(chosen.len(), max);
            assert!(chosen.is_sorted());
            // Neighbours are never further apart than the rounded-up distance.
            let positions: Vec<usize> = chosen
                .iter()
                .map(|path| path.to_str().unwrap().parse().unwrap())
                .collect();
            let widest = positions.windows(2).map(|p| p[1] - p[0]).max().unwrap_or(0);
            assert!(widest <= 103_usize.div_ceil(max), "{max}: {widest}");
        }
        assert_eq!(spread(files.clone(), None), files);
        assert_eq!(spread(files.clone(), Some(1000)), files);
    }
}
