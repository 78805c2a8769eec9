//! The file that features are kept in: a signature, the key of what they depend on, the numbers of images and of features,
//! the features image after image, and their SHA-256. While they are computed the file has another name and lacks its end:
//! the next computation goes on from there.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::data::{
    image_store::hexadecimal,
    kept::{private_folder, shrink, touch},
};

/// Beginning of a file of features; the digit changes with the format.
const SIGNATURE: &[u8; 8] = b"VISFEA-1";
/// Bytes before the features: signature, key, numbers of images and of features.
const START: usize = 56;
/// Bytes of the key, and of what ends the file.
const DIGEST: usize = 32;
/// Bytes of a feature.
const BYTES: usize = size_of::<f32>();
/// Ending of the files.
const EXTENSION: &str = "features";
/// Ending of a file that is not whole.
const PARTIAL: &str = "partiel";
/// Most bytes of all files of a folder; those used longest ago go first.
const MAX_BYTES: u64 = 8 << 30;
/// Largest difference to the features of the first images, as a share of the largest feature: rounding depends on the processor and on the batch.
const TOLERANCE: f32 = 1e-3;

/// What features depend on.
pub(super) type Key = [u8; DIGEST];

/// The beginning of a file.
fn start(key: &Key, len: usize, dim: usize) -> [u8; START] {
    let mut start = [0; START];
    start[..8].copy_from_slice(SIGNATURE);
    start[8..40].copy_from_slice(key);
    start[40..48].copy_from_slice(&(len as u64).to_le_bytes());
    start[48..].copy_from_slice(&(dim as u64).to_le_bytes());
    start
}

/// The features one looks for.
pub(super) struct Wanted {
    path: PathBuf,
    start: [u8; START],
    /// Those of the first images.
    probe: Vec<f32>,
    len: usize,
    dim: usize,
}

impl Wanted {
    /// The features of `len` images that `key` names, in `folder`; `probe` are those of the first images, `dim` each.
    pub(super) fn new(folder: &Path, key: &Key, len: usize, probe: Vec<f32>, dim: usize) -> Self {
        let name = hexadecimal(&key[..8]);
        Self {
            path: folder.join(format!("{name}.{EXTENSION}")),
            start: start(key, len, dim),
            probe,
            len,
            dim,
        }
    }

    /// Their file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Images, and features of each.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.len, self.dim)
    }

    /// The features of a file that is whole and was made by the same computation.
    pub(super) fn read(&self) -> Option<Vec<f32>> {
        let file = File::open(&self.path).ok()?;
        let length = START + self.len * self.dim * BYTES + DIGEST;
        if file.metadata().ok()?.len() != length as u64 {
            return None;
        }
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0).ok()?;
        let (begin, rest) = bytes.split_at(START);
        let (features, digest) = rest.split_at(rest.len() - DIGEST);
        if begin != self.start || Sha256::digest(features)[..] != *digest {
            return None;
        }
        let values = values_of(features);
        touch(&file);
        self.is_probe(&values).then_some(values)
    }

    /// Whether the first features are those that the computation gives.
    fn is_probe(&self, values: &[f32]) -> bool {
        let largest = self
            .probe
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        let near = |(one, other): (&f32, &f32)| (one - other).abs() <= TOLERANCE * largest;
        values.len() >= self.probe.len() && values.iter().zip(&self.probe).all(near)
    }
}

/// A file that features are appended to.
pub(super) struct Unfinished {
    file: File,
    path: PathBuf,
    hasher: Sha256,
    /// Whether another process computes the same: this one then keeps what it finds under a name of its own.
    alone: bool,
}

impl Unfinished {
    pub(super) fn open(wanted: &Wanted) -> io::Result<Self> {
        if let Some(folder) = wanted.path.parent() {
            private_folder(folder)?;
        }
        let shared = wanted.path.with_extension(PARTIAL);
        let file = open(&shared)?;
        let alone = file.try_lock().is_ok() && is_still(&file, &shared);
        let (path, file) = match alone {
            true => (shared, file),
            false => {
                let name = format!("{}.{PARTIAL}", std::process::id());
                let path = wanted.path.with_extension(name);
                let file = open(&path)?;
                (path, file)
            }
        };
        Ok(Self {
            file,
            path,
            hasher: Sha256::new(),
            alone,
        })
    }

    /// What an earlier computation left, whole batches; the file then ends after them.
    pub(super) fn take_up(&mut self, wanted: &Wanted, batch_size: usize) -> io::Result<Vec<f32>> {
        let line = wanted.dim * BYTES;
        let length = self.file.metadata()?.len() as usize;
        let lines = length.saturating_sub(START) / line;
        let lines = lines.min(wanted.len) / batch_size * batch_size;
        let mut bytes = vec![0; START + lines * line];
        let read = self.alone && self.file.read_exact_at(&mut bytes, 0).is_ok();
        let (begin, features) = bytes.split_at(START);
        let values = values_of(features);
        if read && begin == wanted.start && lines > 0 && wanted.is_probe(&values) {
            self.hasher.update(features);
            self.file.set_len(bytes.len() as u64)?;
            self.file.seek(SeekFrom::End(0))?;
            return Ok(values);
        }
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&wanted.start)?;
        Ok(Vec::with_capacity(wanted.len * wanted.dim))
    }

    pub(super) fn push(&mut self, features: &[f32]) -> io::Result<()> {
        let bytes = bytes_of(features);
        self.hasher.update(&bytes);
        self.file.write_all(&bytes)
    }

    pub(super) fn finish(mut self, wanted: &Wanted) -> io::Result<()> {
        let digest = self.hasher.clone().finalize();
        self.file.write_all(&digest)?;
        self.file.sync_all()?;
        std::fs::rename(&self.path, &wanted.path)?;
        if let Some(folder) = wanted.path.parent() {
            shrink(folder, EXTENSION, &wanted.path, MAX_BYTES);
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.alone {
            // Nobody would go on from there; a finished file has another name by now.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

/// Whether an open file still has this name: another process may have finished it meanwhile.
fn is_still(file: &File, path: &Path) -> bool {
    let identity = |data: std::fs::Metadata| (data.dev(), data.ino());
    let (open, named) = (
        file.metadata().map(identity),
        std::fs::metadata(path).map(identity),
    );
    matches!((open, named), (Ok(open), Ok(named)) if open == named)
}

pub(super) fn bytes_of(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn values_of(bytes: &[u8]) -> Vec<f32> {
    let value = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    bytes.chunks_exact(BYTES).map(value).collect()
}
