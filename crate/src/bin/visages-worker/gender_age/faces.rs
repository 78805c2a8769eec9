//! The pictures of a folder in UTKFace's format, as the lab reads them.

use std::path::Path;

use visages::{
    data::{Labelled, LabelledSplit, LoadOptions, SplitConfig, utkface},
    polars::prelude::DataFrame,
};

use super::SHARES;
use crate::error::Result;

/// The photographs that can be learnt from, and the seed that deals them among training, validation and test.
pub struct Faces {
    frame: DataFrame,
    most: Option<usize>,
    seed: u64,
}

impl Faces {
    /// Reads the names of a folder; of more pictures than `most`, so many at even distances.
    pub fn scan(folder: &Path, most: Option<usize>, seed: u64) -> Result<Self> {
        let files = utkface::correct(&utkface::scan(folder)?)?;
        Ok(Self {
            frame: utkface::with_names(&utkface::usable(&files)?)?,
            most,
            seed,
        })
    }

    /// The three parts, in pictures of `side` pixels: the same pictures whatever the side.
    pub fn parts(&self, side: usize) -> Result<LabelledSplit> {
        let options = LoadOptions::new()
            .with_size(side, side)
            .with_max_images(self.most)
            .with_verbose(false);
        let [validation, test] = SHARES;
        let config = SplitConfig::new()
            .with_shares(validation, test)
            .with_seed(self.seed);
        Ok(Labelled::read(&self.frame, &options)?.split(&config)?)
    }
}
