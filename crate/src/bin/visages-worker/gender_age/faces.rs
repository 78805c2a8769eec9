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
    seed: u64,
}

impl Faces {
    /// Reads the names of a folder; of more pictures than `most`, so many at even distances.
    pub fn scan(folder: &Path, most: Option<usize>, seed: u64) -> Result<Self> {
        let files = utkface::correct(&utkface::scan(folder)?)?;
        let usable = utkface::with_names(&utkface::usable(&files)?)?;
        let frame = match most.filter(|most| *most < usable.height()) {
            None => usable,
            Some(most) => {
                let step = usable.height() as f64 / most as f64;
                let rows = (0..most).map(|row| (row as f64 * step) as u32);
                usable.take(&rows.collect::<Vec<_>>().into_iter().collect())?
            }
        };
        Ok(Self { frame, seed })
    }

    /// The three parts, in pictures of `side` pixels: the same pictures whatever the side.
    pub fn parts(&self, side: usize) -> Result<LabelledSplit> {
        let options = LoadOptions::new().with_size(side, side).with_verbose(false);
        let [validation, test] = SHARES;
        let config = SplitConfig::new()
            .with_shares(validation, test)
            .with_seed(self.seed);
        Ok(Labelled::read(&self.frame, &options)?.split(&config)?)
    }
}
