//! Reading a folder of pictures, for `tp bench images`.

use std::{path::PathBuf, time::Instant};

use serde::Deserialize;
use visages::data::{Crop, Decoding, ImageFolder, LoadOptions};

use crate::{
    error::{Error, Result},
    protocol::Answer,
};

/// What is read, and how.
#[derive(Debug, Deserialize)]
pub struct Reading {
    folder: PathBuf,
    /// Side of the images, in pixels.
    side: usize,
    /// Greatest number of files, spread over the folder; all without it.
    max: Option<usize>,
    /// Whether large pictures are decoded at a fraction of their size.
    scaled: bool,
    /// File to write images to: `samples` of them at even distances, as RGB bytes.
    output: Option<PathBuf>,
    #[serde(default)]
    samples: usize,
}

impl Reading {
    /// Reads the folder into memory, and tells how long that took.
    pub fn read(&self) -> Result<Answer> {
        let decoding = match self.scaled {
            true => Decoding::Scaled,
            false => Decoding::Full,
        };
        let options = LoadOptions::new()
            .with_size(self.side, self.side)
            .with_crop(Crop::Stretch)
            .with_decoding(decoding)
            .with_max_images(self.max)
            .with_verbose(false);
        let start = Instant::now();
        let folder = ImageFolder::load("les images", &self.folder, &options)?;
        let seconds = start.elapsed().as_secs_f64();
        if let Some(output) = &self.output {
            let count = self.samples.min(folder.len());
            let mut bytes = Vec::new();
            for sample in 0..count {
                bytes.extend_from_slice(&folder.images.image(sample * folder.len() / count)?);
            }
            std::fs::write(output, bytes).map_err(|error| Error::Execution(error.to_string()))?;
        }
        Ok(Answer::Images {
            ok: true,
            files: folder.len(),
            unreadable: folder.unreadable.len(),
            seconds,
        })
    }
}
