//! Images already decoded, kept in a file: each is used again as long as its source has not changed.
//!
//! One file for each folder and way of reading it: a signature, the length of a JSON header, the header (what
//! each source file was and gave), then the pixels of the images, in the header's order. However few files a reading
//! visits, what is still true of the others stays.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    decode::{Outcome, Picture, read_picture},
    image_store::{CHANNELS, ImageStore},
    options::LoadOptions,
};
use crate::error::{Error, Result};

/// Beginning of a cache file; the digit changes with the format or the decoder.
const SIGNATURE: &[u8; 8] = b"VISIMG-3";
/// Longest header that is believed.
const MAX_HEADER: u64 = 1 << 30;
/// A source this recent when the cache is written may still change within the clock's precision: it is read again.
const SETTLED: Duration = Duration::from_secs(2);

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
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Given {
    /// An image: width and height in the file.
    Image(u32, u32),
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

impl Source {
    fn is_image(&self) -> bool {
        matches!(self.given, Given::Image(..))
    }
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
    /// What each file was and gave, and where its pixels begin.
    known: HashMap<PathBuf, (Stamp, Given, u64)>,
    /// What this reading found and may be kept, each with the place of its image in the reading.
    found: Vec<(Source, usize)>,
    /// Files of those.
    visited: HashSet<PathBuf>,
    /// Images that this reading gave so far.
    images: usize,
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
        let digest = Sha256::digest(&key);
        let name: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut cache = Self {
            path: folder.join(format!("{name}.images")),
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
        let mut file = File::open(&self.path).ok()?;
        let mut start = [0; 16];
        file.read_exact(&mut start).ok()?;
        let (signature, length) = start.split_at(SIGNATURE.len());
        let length = u64::from_le_bytes(length.try_into().ok()?);
        if signature != SIGNATURE || length > MAX_HEADER {
            return None;
        }
        let mut text = Vec::new();
        Read::take(&mut file, length).read_to_end(&mut text).ok()?;
        let header: Header = serde_json::from_slice(&text).ok()?;
        let mut position = start.len() as u64 + length;
        let mut known = HashMap::new();
        for source in header.sources {
            let at = position;
            if source.is_image() {
                position += self.image_len as u64;
            }
            known.insert(source.file, (source.stamp, source.given, at));
        }
        if header.key == self.key && file.metadata().ok()?.len() == position {
            self.file = Some(file);
            self.known = known;
        }
        Some(())
    }

    /// What a file of the folder gave, if it was the same.
    fn recall(&self, file: &Path, now: Stamp) -> Option<Outcome> {
        let (stamp, given, position) = self.known.get(file)?;
        if now != *stamp {
            return None;
        }
        Some(match given {
            Given::Image(width, height) => {
                let mut rgb = vec![0; self.image_len];
                let pixels = self.file.as_ref()?;
                pixels.read_exact_at(&mut rgb, *position).ok()?;
                Outcome::Picture(Picture {
                    rgb,
                    original_size: (*width, *height),
                })
            }
            Given::Unreadable(reason) => Outcome::Unreadable(reason.clone()),
            Given::Ignored => Outcome::Ignored,
        })
    }

    /// Takes note of what a file gave, in the order of the reading's images.
    pub(super) fn note(&mut self, file: &Path, seen: &Seen) {
        let place = self.images;
        let given = match &seen.outcome {
            Outcome::Picture(picture) => {
                self.images += 1;
                Given::Image(picture.original_size.0, picture.original_size.1)
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
            self.found.push((Source { file, stamp, given }, place));
        }
    }

    /// Keeps what was read of the folder `root`, with what an earlier reading kept of other files that have not changed
    /// since; nothing is written when nothing is new. `images` are those of the reading. The new file replaces the old one
    /// at once.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub(super) fn save(self, root: &Path, images: &ImageStore) -> Result<()> {
        let kept: Vec<(Source, u64)> = self.unvisited(root);
        if self.decoded == 0 && self.found.len() + kept.len() == self.known.len() {
            return Ok(());
        }
        let failed = |error| Error::io("écrire le cache d'images", &self.path, error);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let (found, places): (Vec<Source>, Vec<usize>) = self.found.into_iter().unzip();
        let (kept, positions): (Vec<Source>, Vec<u64>) = kept.into_iter().unzip();
        let new = found.len();
        let header = Header {
            key: self.key,
            sources: found.into_iter().chain(kept).collect(),
        };
        let text = serde_json::to_vec(&header).map_err(|error| failed(error.into()))?;
        let (found, kept) = header.sources.split_at(new);
        let partial = self
            .path
            .with_extension(format!("{}.partiel", std::process::id()));
        let written = (|| {
            let mut file = BufWriter::new(File::create(&partial)?);
            file.write_all(SIGNATURE)?;
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(&text)?;
            for (_, place) in found
                .iter()
                .zip(places)
                .filter(|(source, _)| source.is_image())
            {
                file.write_all(&images.image(place).map_err(io::Error::other)?)?;
            }
            let mut pixels = vec![0; self.image_len];
            for (_, position) in kept
                .iter()
                .zip(positions)
                .filter(|(source, _)| source.is_image())
            {
                let old = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
                old.read_exact_at(&mut pixels, position)?;
                file.write_all(&pixels)?;
            }
            file.into_inner()?.sync_all()?;
            fs::rename(&partial, &self.path)
        })();
        written.map_err(|error| {
            // Half a file is of no use.
            let _ = fs::remove_file(&partial);
            failed(error)
        })
    }

    /// What an earlier reading kept of files that this one did not visit and that have not changed, with where their
    /// pixels begin, sorted.
    fn unvisited(&self, root: &Path) -> Vec<(Source, u64)> {
        let others = self
            .known
            .iter()
            .filter(|(file, _)| !self.visited.contains(*file));
        let mut kept: Vec<(Source, u64)> = others
            .filter(|(file, (stamp, ..))| Stamp::of(&root.join(file)) == Some(*stamp))
            .map(|(file, (stamp, given, position))| {
                let (file, stamp, given) = (file.clone(), *stamp, given.clone());
                (Source { file, stamp, given }, *position)
            })
            .collect();
        kept.sort_by(|one, other| one.0.file.cmp(&other.0.file));
        kept
    }
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
