//! Images already decoded, kept in a file: each is used again as long as its source has not changed.
//!
//! One file for each folder and way of reading it: a signature, the length of a JSON header, the header (what
//! each source file was and gave), then the pixels of the images, in the header's order.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufWriter, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    decode::{Outcome, Picture},
    image_store::{CHANNELS, ImageStore},
    options::LoadOptions,
};
use crate::error::{Error, Result};

/// Beginning of a cache file; the digit changes with the format or the decoder.
const SIGNATURE: &[u8; 8] = b"VISIMG-1";
/// Longest header that is believed.
const MAX_HEADER: u64 = 1 << 30;
/// A source this recent when the cache is written may still change within the clock's precision: it is read again.
const SETTLED: Duration = Duration::from_secs(2);

/// What tells that a source has not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// Last change, in nanoseconds since 1970.
    modified: u128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        let modified = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            bytes: data.len(),
            modified: modified.as_nanos(),
        })
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
    /// What this reading found, in order.
    found: Vec<Source>,
    /// Sources that were decoded in this reading.
    decoded: usize,
    began: SystemTime,
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
            if matches!(source.given, Given::Image(..)) {
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

    /// What a file of the folder gave, if it has not changed since.
    pub(super) fn recall(&self, root: &Path, file: &Path) -> Option<Outcome> {
        let (stamp, given, position) = self.known.get(file)?;
        if Stamp::of(&root.join(file))? != *stamp {
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

    /// Takes note of what a file gave, recalled or decoded.
    pub(super) fn note(&mut self, root: &Path, file: &Path, outcome: &Outcome, recalled: bool) {
        self.decoded += usize::from(!recalled);
        let given = match outcome {
            Outcome::Picture(picture) => {
                Given::Image(picture.original_size.0, picture.original_size.1)
            }
            Outcome::Unreadable(reason) => Given::Unreadable(reason.clone()),
            Outcome::Ignored => Given::Ignored,
        };
        let recent = self.began - SETTLED;
        let settled = |stamp: &Stamp| {
            let recent = recent.duration_since(UNIX_EPOCH).unwrap_or_default();
            stamp.modified < recent.as_nanos()
        };
        // One that is still changing has no stamp that a later reading would meet.
        let stamp = Stamp::of(&root.join(file)).filter(settled);
        self.found.push(Source {
            file: file.to_path_buf(),
            stamp: stamp.unwrap_or(Stamp {
                bytes: 0,
                modified: 0,
            }),
            given,
        });
    }

    /// Keeps what was read, if anything changed. The new file replaces the old one at once.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub(super) fn save(self, images: &ImageStore) -> Result<()> {
        if self.decoded == 0 && self.found.len() == self.known.len() {
            return Ok(());
        }
        let failed = |error| Error::io("écrire le cache d'images", &self.path, error);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let header = Header {
            key: self.key.clone(),
            sources: self.found,
        };
        let header = serde_json::to_vec(&header).map_err(|error| failed(error.into()))?;
        let partial = self
            .path
            .with_extension(format!("{}.partiel", std::process::id()));
        let written = (|| {
            let mut file = BufWriter::new(File::create(&partial)?);
            file.write_all(SIGNATURE)?;
            file.write_all(&(header.len() as u64).to_le_bytes())?;
            file.write_all(&header)?;
            file.write_all(images.bytes())?;
            file.into_inner()?.sync_all()?;
            fs::rename(&partial, &self.path)
        })();
        written.map_err(|error| {
            // Half a file is of no use.
            let _ = fs::remove_file(&partial);
            failed(error)
        })
    }
}
