//! Images in a file, read by position: pictures that together are larger than memory.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// Images of one size, one after the other in a file that stays open: it may be replaced or removed meanwhile, what was
/// in it stays readable.
#[derive(Debug)]
pub(super) struct PixelFile {
    file: File,
    path: PathBuf,
    /// Where the first image begins, in bytes.
    start: u64,
    image_len: usize,
}

impl PixelFile {
    /// The images of `image_len` bytes that begin at byte `start` of a file.
    pub(super) fn new(file: File, path: &Path, start: u64, image_len: usize) -> Self {
        Self {
            file,
            path: path.to_path_buf(),
            start,
            image_len,
        }
    }

    /// Reads one image into `pixels`, `image_len` bytes. Several threads may read at once.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read or is too short.
    pub(super) fn read(&self, image: u32, pixels: &mut [u8]) -> Result<()> {
        let position = self.start + u64::from(image) * self.image_len as u64;
        self.file
            .read_exact_at(pixels, position)
            .map_err(|error| Error::io("lire les images décodées dans", &self.path, error))
    }
}
