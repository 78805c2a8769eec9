//! A finished picture.

use std::{io::Cursor, path::Path};

use image::{ImageFormat, RgbImage};
use polars::prelude::DataFrame;

use crate::{
    error::{Error, Result},
    ready::always_ready,
};

/// A finished picture: PNG bytes and a text alternative, sometimes the numbers that it shows.
#[derive(Clone)]
pub struct Figure {
    png: Vec<u8>,
    alt_text: String,
    width: u32,
    height: u32,
    table: Option<DataFrame>,
}

always_ready! { Figure }

impl Figure {
    /// Encodes an RGB picture; `alt_text` says in French what it shows.
    ///
    /// # Errors
    /// [`Error::Figure`] when the encoder refuses the picture.
    pub fn from_image(image: &RgbImage, alt_text: impl Into<String>) -> Result<Self> {
        let mut png = Cursor::new(Vec::new());
        image
            .write_to(&mut png, ImageFormat::Png)
            .map_err(|error| Error::Figure(error.to_string()))?;
        Ok(Self {
            png: png.into_inner(),
            alt_text: alt_text.into(),
            width: image.width(),
            height: image.height(),
            table: None,
        })
    }

    /// The same picture with the numbers that it shows.
    pub(super) fn with_table(mut self, table: DataFrame) -> Self {
        self.table = Some(table);
        self
    }

    /// The numbers that it shows, where the figure keeps them: `show_table(&figure)` writes them.
    pub fn table(&self) -> Option<&DataFrame> {
        self.table.as_ref()
    }

    /// The picture, as the bytes of a PNG file.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// What the picture shows, in French.
    pub fn alt_text(&self) -> &str {
        &self.alt_text
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Writes the PNG file.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, &self.png).map_err(|error| Error::io("écrire la figure", path, error))
    }
}

// A derived `Debug` would print the bytes of the picture at the end of a cell.
impl std::fmt::Debug for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Figure({} × {} pixels : {})",
            self.width, self.height, self.alt_text
        )
    }
}
