//! A folder tree of pictures → an [`ImageStore`], in a fixed order, with a report of what was skipped.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rayon::prelude::*;

use super::{
    decode::{Outcome, read_picture},
    image_store::ImageStore,
};
use crate::error::{Error, Result};

/// Side of the labs' images, in pixels.
pub const DEFAULT_SIDE: usize = 64;
/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 32;
/// Pictures decoded between two looks at the clock.
const CHUNK: usize = 256;
/// A reading that lasts longer than this tells how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);
/// Unreadable files named in the report.
const NAMED_FILES: usize = 5;

/// How a picture of other proportions is brought to the wanted size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// Keep the largest centred part with the wanted proportions: nothing is distorted.
    #[default]
    CenterCrop,
    /// Keep the whole picture: its proportions change.
    Stretch,
}

/// Which part of a picture is kept: a closer view around a centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Framing {
    /// How much closer: 2 keeps half of each side. From 1 to 100, default 1.
    pub zoom: f64,
    /// Centre of what is kept, from left (0) to right (1). Default 0.5.
    pub center_x: f64,
    /// Centre of what is kept, from top (0) to bottom (1). Default 0.5.
    pub center_y: f64,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            zoom: 1.0,
            center_x: 0.5,
            center_y: 0.5,
        }
    }
}

impl Framing {
    fn check(&self) -> Result<()> {
        let unit = 0.0..=1.0;
        if (1.0..=100.0).contains(&self.zoom)
            && unit.contains(&self.center_x)
            && unit.contains(&self.center_y)
        {
            return Ok(());
        }
        Err(Error::argument(
            "framing",
            format!(
                "zoom {}, centre ({}, {})",
                self.zoom, self.center_x, self.center_y
            ),
            "le grossissement va de 1 (image entière) à 100, le centre de 0 à 1",
        ))
    }
}

/// How pictures are read; the defaults are those of every lab.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadOptions {
    /// Height of the images, in pixels. Default: 64.
    pub height: usize,
    /// Width of the images, in pixels. Default: 64.
    pub width: usize,
    /// What becomes of other proportions. Default: [`Fit::CenterCrop`].
    pub fit: Fit,
    /// Which part of the picture is kept before it is resized. Default: all of it.
    pub framing: Framing,
    /// At most so many files are read, spread evenly over the sorted list, so that every
    /// subfolder keeps its share. Default: all.
    pub max_images: Option<usize>,
    /// Whether to print progress (beyond 2 s) and the report of unreadable files. Default: yes.
    pub verbose: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            height: DEFAULT_SIDE,
            width: DEFAULT_SIDE,
            fit: Fit::default(),
            framing: Framing::default(),
            max_images: None,
            verbose: true,
        }
    }
}

impl LoadOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the size of the images, in pixels.
    #[must_use]
    pub fn with_size(mut self, height: usize, width: usize) -> Self {
        (self.height, self.width) = (height, width);
        self
    }

    /// Sets what becomes of other proportions.
    #[must_use]
    pub fn with_fit(mut self, fit: Fit) -> Self {
        self.fit = fit;
        self
    }

    /// Sets which part of the picture is kept.
    #[must_use]
    pub fn with_framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sets the greatest number of files to read; `None` for all.
    #[must_use]
    pub fn with_max_images(mut self, max_images: Option<usize>) -> Self {
        self.max_images = max_images;
        self
    }

    /// Sets whether progress and unreadable files are printed.
    #[must_use]
    pub fn with_verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Height and width for the image library; [`check`](Self::check) bounds both.
    pub(super) fn size_u32(&self) -> (u32, u32) {
        let side = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        (side(self.height), side(self.width))
    }

    fn check(&self) -> Result<()> {
        const LARGEST: usize = 4096;
        let accepted = 1..=LARGEST;
        if !accepted.contains(&self.height) || !accepted.contains(&self.width) {
            return Err(Error::argument(
                "height, width",
                format!("{} × {}", self.height, self.width),
                format!("la taille des images va de 1 à {LARGEST} pixels par côté"),
            ));
        }
        self.framing.check()?;
        if self.max_images == Some(0) {
            return Err(Error::argument(
                "max_images",
                0,
                "demandez au moins une image, ou None pour toutes",
            ));
        }
        Ok(())
    }
}

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
}

impl ImageFolder {
    /// Reads every JPEG and PNG file under `root`, recognised by content, in the order of their
    /// paths. Hidden files are passed over; what cannot be read is skipped and listed in
    /// [`unreadable`](Self::unreadable). Grey, CMYK and transparent pictures become RGB
    /// (transparency shows white), and the orientation that cameras note is applied.
    ///
    /// `what` names the content in error messages, with its article: « les visages ».
    ///
    /// # Errors
    /// [`Error::FolderMissing`], [`Error::Io`], [`Error::FolderEmpty`] when no picture is usable,
    /// [`Error::Argument`] for a size or a count of zero.
    pub fn load(what: &str, root: impl AsRef<Path>, options: &LoadOptions) -> Result<ImageFolder> {
        options.check()?;
        let root = root.as_ref();
        if !root.is_dir() {
            return Err(Error::FolderMissing {
                what: what.to_owned(),
                path: root.to_path_buf(),
                remedy: "Vérifiez le chemin, ou placez-y vos images JPEG ou PNG".to_owned(),
            });
        }
        let files = spread(list_files(root)?, options.max_images);

        let mut folder = ImageFolder {
            root: root.to_path_buf(),
            images: ImageStore::new(options.height, options.width),
            files: Vec::with_capacity(files.len()),
            original_sizes: Vec::with_capacity(files.len()),
            unreadable: Vec::new(),
            ignored: 0,
        };
        let start = Instant::now();
        let mut last_line = start;
        for (done, chunk) in files.chunks(CHUNK).enumerate() {
            let outcomes: Vec<Outcome> = chunk
                .par_iter()
                .map(|file| read_picture(&root.join(file), options))
                .collect();
            for (file, outcome) in chunk.iter().zip(outcomes) {
                folder.add(file, outcome)?;
            }
            if options.verbose && last_line.elapsed() >= PROGRESS_EVERY {
                last_line = Instant::now();
                println!(
                    "  {what} : {} fichiers lus sur {} ({:.0} s)",
                    (done * CHUNK + chunk.len()),
                    files.len(),
                    start.elapsed().as_secs_f64()
                );
            }
        }
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

    fn add(&mut self, file: &Path, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Picture(picture) => {
                self.images.push(&picture.rgb)?;
                self.files.push(file.to_path_buf());
                self.original_sizes.push(picture.original_size);
            }
            Outcome::Unreadable(reason) => self.unreadable.push(UnreadableFile {
                path: file.to_path_buf(),
                reason,
            }),
            Outcome::Ignored => self.ignored += 1,
        }
        Ok(())
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

/// Every visible file under `root`, as sorted paths within it. A folder met twice (links) is read once.
fn list_files(root: &Path) -> Result<Vec<PathBuf>> {
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

/// At most `max` of `files`, at even distances.
fn spread(files: Vec<PathBuf>, max: Option<usize>) -> Vec<PathBuf> {
    let count = files.len();
    match max {
        Some(max) if max < count => {
            let mut chosen = Vec::with_capacity(max);
            // Bresenham's rule: file i is taken when i·max/count passes a whole number.
            let mut error = 0;
            for file in files {
                error += max;
                if error >= count {
                    error -= count;
                    chosen.push(file);
                }
            }
            chosen
        }
        _ => files,
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

    #[test]
    fn sizes_and_counts_of_zero_are_refused() {
        let options = LoadOptions::new().with_size(0, 64);
        let message = ImageFolder::load("les essais", ".", &options)
            .unwrap_err()
            .to_string();
        assert!(message.contains("0 × 64"), "{message}");
        let options = LoadOptions::new().with_max_images(Some(0));
        assert!(ImageFolder::load("les essais", ".", &options).is_err());
        for zoom in [0.5, -1.0, f64::NAN, f64::INFINITY] {
            let options = LoadOptions::new().with_framing(Framing {
                zoom,
                ..Framing::default()
            });
            assert!(ImageFolder::load("les essais", ".", &options).is_err());
        }
    }
}
