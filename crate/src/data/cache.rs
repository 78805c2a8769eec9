//! Images already decoded, kept in a file: each is used again as long as its source has not changed.
//!
//! One file for each folder and way of reading it: a signature, the pixels of the images, a JSON header (what each source
//! file was and gave, and which of the images is its own), then the length of the header, the number of images and the
//! signature again. However few files a reading visits, what is still true of the others stays. A reading larger than memory
//! writes its images here as they come, and they are used from here.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    decode::{Outcome, Picture, read_picture},
    image_store::{CHANNELS, ImageStore, hexadecimal},
    kept::{Partial, shrink, touch},
    options::LoadOptions,
    pixel_file::PixelFile,
};
use crate::error::{Error, Result};

/// Beginning and end of a cache file; the digit changes with the format or the decoder.
const SIGNATURE: &[u8; 8] = b"VISIMG-4";
/// Length of what comes after the header.
const END: u64 = 24;
/// Longest header that is believed.
const MAX_HEADER: u64 = 1 << 30;
/// A source this recent when the cache is written may still change within the clock's precision: it is read again.
const SETTLED: Duration = Duration::from_secs(2);
/// Ending of cache files.
const EXTENSION: &str = "images";
/// Most bytes of all cache files of a folder; those used longest ago go first.
const MAX_BYTES: u64 = 16 << 30;

/// What tells that a source has not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// Last change of the content, in nanoseconds since 1970.
    modified: i128,
    /// Last change of the content or of what the system knows of the file: copies may bring an old date along, but
    /// nothing sets this one back.
    changed: i128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        let nanoseconds =
            |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Some(Self {
            bytes: data.len(),
            modified: nanoseconds(data.mtime(), data.mtime_nsec()),
            changed: nanoseconds(data.ctime(), data.ctime_nsec()),
        })
    }

    /// Whether its file had been left alone for a while at this moment.
    fn is_settled(&self, moment: SystemTime) -> bool {
        let recent = moment - SETTLED;
        let recent = recent.duration_since(UNIX_EPOCH).unwrap_or_default();
        i128::try_from(recent.as_nanos()).is_ok_and(|recent| self.modified < recent)
    }
}

/// What a source gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Given {
    /// An image: width and height in the source, and its number in the cache file.
    Image(u32, u32, u32),
    /// A picture that cannot be used, and why.
    Unreadable(String),
    /// No picture.
    Ignored,
}

#[derive(Debug, Serialize, Deserialize)]
struct Source {
    file: PathBuf,
    stamp: Stamp,
    given: Given,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// The folder and how it is read, in words: two folders must not share a file by accident.
    key: String,
    sources: Vec<Source>,
}

/// A cache file, open if it is there and sound.
pub(super) struct Cache {
    path: PathBuf,
    key: String,
    image_len: usize,
    file: Option<File>,
    /// What each file was and gave.
    known: HashMap<PathBuf, (Stamp, Given)>,
    /// What this reading found and may be kept, images with their place in the reading.
    found: Vec<Source>,
    /// Files of those.
    visited: HashSet<PathBuf>,
    /// Images that this reading gave so far.
    images: u32,
    /// Sources found that were decoded, not recalled.
    decoded: usize,
    began: SystemTime,
}

/// A file as a reading saw it.
pub(super) struct Seen {
    /// What it gave.
    pub outcome: Outcome,
    /// What it was just before.
    stamp: Option<Stamp>,
    recalled: bool,
}

impl Seen {
    /// Reads a file of the folder `root`, from the cache if it has not changed since.
    pub(super) fn look(
        cache: Option<&Cache>,
        root: &Path,
        file: &Path,
        options: &LoadOptions,
    ) -> Self {
        let path = root.join(file);
        let stamp = cache.and_then(|_| Stamp::of(&path));
        let recalled = cache
            .zip(stamp)
            .and_then(|(cache, stamp)| cache.recall(file, stamp));
        Self {
            recalled: recalled.is_some(),
            outcome: recalled.unwrap_or_else(|| read_picture(&path, options)),
            stamp,
        }
    }
}

/// The sources of a reading that the cache knows entirely: nothing of them has changed.
pub(super) struct Known {
    /// What each file gave; an image without its pixels.
    pub outcomes: Vec<Outcome>,
    /// The images, in their order.
    pub images: ImageStore,
}

impl Cache {
    /// The cache in `folder` of the images of `root` read with these options.
    pub(super) fn open(folder: &Path, root: &Path, options: &LoadOptions) -> Result<Self> {
        let whole = root
            .canonicalize()
            .map_err(|error| Error::io("situer le dossier", root, error))?;
        let key = format!(
            "{} {}x{} {:?} {:?} {:?}",
            whole.display(),
            options.height,
            options.width,
            options.fit,
            options.framing,
            options.decoding
        );
        let name = hexadecimal(&Sha256::digest(&key)[..8]);
        let mut cache = Self {
            path: folder.join(format!("{name}.{EXTENSION}")),
            key,
            image_len: options.height * options.width * CHANNELS,
            file: None,
            known: HashMap::new(),
            found: Vec::new(),
            visited: HashSet::new(),
            images: 0,
            decoded: 0,
            began: SystemTime::now(),
        };
        // A file that is not ours, damaged or of another version is as good as none.
        let _ = cache.read();
        Ok(cache)
    }

    fn read(&mut self) -> Option<()> {
        let file = File::open(&self.path).ok()?;
        let bytes = file.metadata().ok()?.len();
        let mut start = [0; SIGNATURE.len()];
        file.read_exact_at(&mut start, 0).ok()?;
        let mut end = [0; END as usize];
        let at_end = bytes.checked_sub(END)?;
        file.read_exact_at(&mut end, at_end).ok()?;
        let number = |at: usize| Some(u64::from_le_bytes(end.get(at..at + 8)?.try_into().ok()?));
        let (length, images) = (number(0)?, number(8)?);
        if &start != SIGNATURE || &end[16..] != SIGNATURE || length > MAX_HEADER {
            return None;
        }
        let begin = at_end.checked_sub(length)?;
        if Some(begin) != self.position(images) {
            return None;
        }
        let mut text = vec![0; usize::try_from(length).ok()?];
        file.read_exact_at(&mut text, begin).ok()?;
        let header: Header = serde_json::from_slice(&text).ok()?;
        let within = |source: &Source| match source.given {
            Given::Image(.., image) => u64::from(image) < images,
            _ => true,
        };
        if header.key == self.key && header.sources.iter().all(within) {
            touch(&file);
            self.file = Some(file);
            let sources = header.sources.into_iter();
            self.known = sources
                .map(|source| (source.file, (source.stamp, source.given)))
                .collect();
        }
        Some(())
    }

    /// Where an image begins in the file.
    fn position(&self, image: u64) -> Option<u64> {
        image
            .checked_mul(self.image_len as u64)?
            .checked_add(SIGNATURE.len() as u64)
    }

    /// What a file of the folder gave, if it was the same.
    fn recall(&self, file: &Path, now: Stamp) -> Option<Outcome> {
        let (stamp, given) = self.known.get(file)?;
        if now != *stamp {
            return None;
        }
        Some(match given {
            Given::Image(width, height, image) => {
                let mut rgb = vec![0; self.image_len];
                let position = self.position(u64::from(*image))?;
                self.file.as_ref()?.read_exact_at(&mut rgb, position).ok()?;
                Outcome::Picture(Picture {
                    rgb,
                    original_size: (*width, *height),
                })
            }
            Given::Unreadable(reason) => Outcome::Unreadable(reason.clone()),
            Given::Ignored => Outcome::Ignored,
        })
    }

    /// All these files of the folder `root`, if none has changed: their images are used where they are.
    pub(super) fn all_known(
        &self,
        root: &Path,
        files: &[&Path],
        options: &LoadOptions,
    ) -> Option<Known> {
        let given = files
            .par_iter()
            .map(|file| {
                let (stamp, given) = self.known.get(*file)?;
                (Stamp::of(&root.join(file)) == Some(*stamp)).then_some(given)
            })
            .collect::<Option<Vec<&Given>>>()?;
        let mut images = Vec::new();
        let outcomes = given.into_iter().map(|given| match given {
            Given::Image(width, height, image) => {
                images.push(*image);
                Outcome::Picture(Picture {
                    rgb: Vec::new(),
                    original_size: (*width, *height),
                })
            }
            Given::Unreadable(reason) => Outcome::Unreadable(reason.clone()),
            Given::Ignored => Outcome::Ignored,
        });
        let outcomes = outcomes.collect();
        let file = self.file.as_ref()?.try_clone().ok()?;
        let file = PixelFile::new(file, &self.path, SIGNATURE.len() as u64, self.image_len);
        let images = ImageStore::from_file(options.height, options.width, file, images);
        Some(Known { outcomes, images })
    }

    /// Takes note of what a file gave, in the order of the reading's images.
    pub(super) fn note(&mut self, file: &Path, seen: &Seen) {
        let place = self.images;
        let given = match &seen.outcome {
            Outcome::Picture(picture) => {
                self.images += 1;
                Given::Image(picture.original_size.0, picture.original_size.1, place)
            }
            Outcome::Unreadable(reason) => Given::Unreadable(reason.clone()),
            Outcome::Ignored => Given::Ignored,
            // It may be there next time.
            Outcome::Unreachable(_) => return,
        };
        // One that may still be changing has no stamp to be trusted.
        let Some(stamp) = seen.stamp.filter(|stamp| stamp.is_settled(self.began)) else {
            return;
        };
        if self.visited.insert(file.to_path_buf()) {
            self.decoded += usize::from(!seen.recalled);
            let file = file.to_path_buf();
            self.found.push(Source { file, stamp, given });
        }
    }

    /// Keeps what was read of the folder `root`, with what an earlier reading kept of other files that have not changed
    /// since; nothing is written when nothing is new. `images` are those of the reading. The new file replaces the old one
    /// at once.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub(super) fn save(mut self, root: &Path, images: &ImageStore) -> Result<()> {
        let kept = self.unvisited(root);
        if self.decoded == 0 && self.found.len() + kept.len() == self.known.len() {
            return Ok(());
        }
        let mut writer = self.writer()?;
        for source in &mut self.found {
            if let Given::Image(.., image) = &mut source.given {
                let pixels = images.image(*image as usize)?;
                *image = writer.images;
                writer.push(&pixels)?;
            }
        }
        self.close(writer, kept).map(|_| ())
    }

    /// A new cache file, to take the images of this reading in their order.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made.
    pub(super) fn writer(&self) -> Result<Writer> {
        let made = Partial::create(&self.path).and_then(|(partial, file)| {
            let mut file = BufWriter::new(file);
            file.write_all(SIGNATURE)?;
            Ok((partial, file))
        });
        let (partial, file) = made.map_err(|error| unwritten(&self.path, error))?;
        Ok(Writer {
            partial,
            file,
            path: self.path.clone(),
            images: 0,
        })
    }

    /// Ends a file that took every image of this reading of the folder `root`, as [`save`](Self::save) does, and gives these
    /// images.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub(super) fn finish(
        self,
        root: &Path,
        writer: Writer,
        options: &LoadOptions,
    ) -> Result<ImageStore> {
        let images = writer.images;
        let kept = self.unvisited(root);
        let file = self.close(writer, kept)?;
        Ok(ImageStore::from_file(
            options.height,
            options.width,
            file,
            0..images,
        ))
    }

    /// Writes what comes after the images of the reading.
    fn close(mut self, mut writer: Writer, mut kept: Vec<Source>) -> Result<PixelFile> {
        let failed = |error| unwritten(&self.path, error);
        let mut pixels = vec![0; self.image_len];
        for source in &mut kept {
            if let Given::Image(.., image) = &mut source.given {
                let old = self.file.as_ref().zip(self.position(u64::from(*image)));
                let (old, position) = old.ok_or(io::ErrorKind::NotFound.into()).map_err(failed)?;
                old.read_exact_at(&mut pixels, position).map_err(failed)?;
                *image = writer.images;
                writer.push(&pixels)?;
            }
        }
        let mut sources = std::mem::take(&mut self.found);
        sources.append(&mut kept);
        let header = Header {
            key: self.key.clone(),
            sources,
        };
        let text = serde_json::to_vec(&header).map_err(|error| failed(error.into()))?;
        let Writer {
            partial,
            mut file,
            images,
            ..
        } = writer;
        let written = (|| {
            file.write_all(&text)?;
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(&u64::from(images).to_le_bytes())?;
            file.write_all(SIGNATURE)?;
            let file = file.into_inner()?;
            partial.finish(&file)?;
            Ok(file)
        })();
        let file = written.map_err(failed)?;
        if let Some(folder) = self.path.parent() {
            shrink(folder, EXTENSION, &self.path, MAX_BYTES);
        }
        let start = SIGNATURE.len() as u64;
        Ok(PixelFile::new(file, &self.path, start, self.image_len))
    }

    /// What an earlier reading kept of files that this one did not visit and that have not changed, sorted.
    fn unvisited(&self, root: &Path) -> Vec<Source> {
        let others = self
            .known
            .iter()
            .filter(|(file, _)| !self.visited.contains(*file));
        let mut kept: Vec<Source> = others
            .filter(|(file, (stamp, _))| Stamp::of(&root.join(file)) == Some(*stamp))
            .map(|(file, (stamp, given))| {
                let (file, stamp, given) = (file.clone(), *stamp, given.clone());
                Source { file, stamp, given }
            })
            .collect();
        kept.sort_by(|one, other| one.file.cmp(&other.file));
        kept
    }
}

/// A cache file that is being written.
pub(super) struct Writer {
    partial: Partial,
    file: BufWriter<File>,
    path: PathBuf,
    /// Images written so far.
    images: u32,
}

impl Writer {
    /// Appends an image.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub(super) fn push(&mut self, rgb: &[u8]) -> Result<()> {
        let written = self.file.write_all(rgb);
        written.map_err(|error| unwritten(&self.path, error))?;
        self.images += 1;
        Ok(())
    }
}

fn unwritten(path: &Path, error: io::Error) -> Error {
    Error::io("écrire le cache d'images", path, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder says of a content stays true; what the system says of a file does not.
    #[test]
    fn only_what_the_content_tells_is_kept() {
        let folder = std::env::temp_dir().join(format!("visages-cache-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let hour = SystemTime::now() - Duration::from_secs(3_600);
        for file in ["a", "b"] {
            let file = File::create(folder.join(file)).unwrap();
            file.set_modified(hour).unwrap();
        }
        let options = LoadOptions::new().with_size(4, 4);
        let open = || Cache::open(&folder.join("cache"), &folder, &options).unwrap();
        let mut cache = open();
        for (file, outcome) in [
            ("a", Outcome::Unreadable("abîmé".to_owned())),
            ("b", Outcome::Unreachable("disque en panne".to_owned())),
        ] {
            let seen = Seen {
                outcome,
                stamp: Stamp::of(&folder.join(file)),
                recalled: false,
            };
            cache.note(Path::new(file), &seen);
        }
        cache.save(&folder, &ImageStore::new(4, 4)).unwrap();
        let known: Vec<PathBuf> = open().known.into_keys().collect();
        assert_eq!(known, [PathBuf::from("a")]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
