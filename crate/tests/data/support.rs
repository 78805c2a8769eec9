//! Small generated pictures in temporary folders, shared by the tests of the loaders.

// Each test file is a program of its own, and uses a part of this.
#![allow(dead_code)]

use std::{
    io::Cursor,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use visages::image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A folder that is removed when the test ends.
pub struct TempFolder(PathBuf);

impl TempFolder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "visages été {}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, creating the folders on its way.
    pub fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // A test that failed half-way may have removed it already.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A smooth picture that `variant` makes different from the others.
pub fn picture(width: u32, height: u32, variant: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([
            (x * 255 / width) as u8,
            (y * 255 / height) as u8,
            (variant * 37 % 256) as u8 ^ (variant / 7) as u8,
        ])
    })
}

pub fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn png(width: u32, height: u32, variant: u32) -> Vec<u8> {
    encode(picture(width, height, variant), ImageFormat::Png)
}

pub fn jpeg(width: u32, height: u32, variant: u32) -> Vec<u8> {
    encode(picture(width, height, variant), ImageFormat::Jpeg)
}
