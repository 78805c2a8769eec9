//! How pictures are read: size, framing, how many.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// Side of the labs' images, in pixels.
pub const DEFAULT_SIDE: usize = 64;

/// How a picture of other proportions is brought to the wanted size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Crop {
    /// Keep the largest centred part with the wanted proportions: nothing is distorted.
    #[default]
    CenterCrop,
    /// Keep the whole picture: its proportions change.
    Stretch,
}

/// How the pixels of a picture larger than wanted are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoding {
    /// A JPEG much larger than wanted is decoded at a half, a quarter or an eighth of its size: the
    /// fastest, and within one grey level of [`Full`](Self::Full) on average.
    #[default]
    Scaled,
    /// Every pixel is decoded, then averaged.
    Full,
}

/// Where decoded images are while they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// In memory when they fit, else in the cache's file, if a cache is given.
    #[default]
    Auto,
    /// In memory, or not at all.
    Memory,
    /// In the cache's file, read by position at each batch.
    Disk,
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
    /// The face itself in CelebA's aligned pictures, which show head and shoulders (eyes half-way
    /// down, a fifth of the width apart). Test faces fill their picture: a network trained on the
    /// whole portraits hardly recognises one of them.
    pub const CELEBA: Framing = Framing {
        zoom: 1.9,
        center_x: 0.5,
        center_y: 0.57,
    };

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
    /// What becomes of other proportions. Default: [`Crop::CenterCrop`].
    pub fit: Crop,
    /// Which part of the picture is kept before it is resized. Default: all of it.
    pub framing: Framing,
    /// How pixels are made. Default: [`Decoding::Scaled`].
    pub decoding: Decoding,
    /// At most so many files are read, spread evenly over the sorted list, so that every
    /// subfolder keeps its share. Default: all.
    pub max_images: Option<usize>,
    /// Folder where decoded images are kept from one reading to the next; files that have not changed since
    /// are not decoded again. It holds the pictures: treat it as the data themselves. Files used longest ago are deleted
    /// when all are more than 16 GiB; deleting the folder only costs time. Default: none.
    pub cache: Option<PathBuf>,
    /// Where decoded images are while they are used. Default: [`Storage::Auto`].
    pub storage: Storage,
    /// Whether to print progress (beyond 2 s) and the report of unreadable files. Default: yes.
    pub verbose: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            height: DEFAULT_SIDE,
            width: DEFAULT_SIDE,
            fit: Crop::default(),
            framing: Framing::default(),
            decoding: Decoding::default(),
            max_images: None,
            cache: None,
            storage: Storage::default(),
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
    pub fn with_crop(mut self, fit: Crop) -> Self {
        self.fit = fit;
        self
    }

    /// Sets which part of the picture is kept.
    #[must_use]
    pub fn with_framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sets how pixels are made.
    #[must_use]
    pub fn with_decoding(mut self, decoding: Decoding) -> Self {
        self.decoding = decoding;
        self
    }

    /// Sets the greatest number of files to read; `None` for all.
    #[must_use]
    pub fn with_max_images(mut self, max_images: Option<usize>) -> Self {
        self.max_images = max_images;
        self
    }

    /// Keeps decoded images in this folder.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Sets where decoded images are while they are used.
    #[must_use]
    pub fn with_storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
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

    /// Refuses sizes, framings and counts that make no sense.
    pub(super) fn check(&self) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_of_zero_are_refused() {
        let options = LoadOptions::new().with_size(0, 64);
        let message = options.check().unwrap_err().to_string();
        assert!(message.contains("0 × 64"), "{message}");
        let options = LoadOptions::new().with_max_images(Some(0));
        assert!(options.check().is_err());
        for zoom in [0.5, -1.0, f64::NAN, f64::INFINITY] {
            let options = LoadOptions::new().with_framing(Framing {
                zoom,
                ..Framing::default()
            });
            assert!(options.check().is_err());
        }
    }
}
