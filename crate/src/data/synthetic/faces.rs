//! Drawn faces labelled as UTKFace is: any number, any size, each known by its factors.

use rayon::prelude::*;

use super::{
    SIDES,
    bias::{Bias, falls_in_share},
    dice::Dice,
    factors::FaceFactors,
    labels::FaceLabel,
    record::{FaceRecord, faces_frame},
    render,
    sample::Taking,
};
use crate::{
    data::{CHANNELS, ImageStore, Preset, memory},
    error::{Error, Result},
    host::Reading,
};
use polars::prelude::DataFrame;

/// Drawn faces with the labels of UTKFace: age × gender × code follow its joint table.
///
/// Face number `i` depends on the seed and on `i` only: not on how many are drawn, on the size
/// of the pictures or on threads.
///
/// ```
/// use visages::data::DrawnFacesConfig;
/// let config = DrawnFacesConfig::new().with_faces(12).with_side(48).with_seed(1);
/// let images = config.images()?;
/// let truth = config.frame()?;
/// assert_eq!((images.len(), images.width(), truth.height()), (12, 48, 12));
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnFacesConfig {
    /// Number of faces. Default: 2,000.
    pub faces: usize,
    /// Side of the pictures in pixels, from 32 to 256. Default: 200, as in UTKFace.
    pub side: usize,
    /// Seed of everything drawn. Default: 42.
    pub seed: u64,
    /// Bias of the set. Default: none, skins follow the codes
    /// ([`TONES_BY_CODE`](super::TONES_BY_CODE)) and are well exposed.
    pub bias: Option<Bias>,
    /// How hard the pictures are, from 0 (a studio) to 1 (a phone in the dark): spread of pose, light,
    /// exposure and contrast, blur, grain, compression, hats and dark glasses. Default: 0.5.
    pub difficulty: f64,
}

impl Default for DrawnFacesConfig {
    fn default() -> Self {
        Self {
            faces: 2_000,
            side: 200,
            seed: 42,
            bias: None,
            difficulty: 0.5,
        }
    }
}

/// Stream of random numbers of these faces, apart from those of the detection set.
const STREAM: u64 = 4;

impl DrawnFacesConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The faces of the labs on UTKFace: 600 of 100 pixels for [`Preset::Quick`], 3,000 of 200 for [`Preset::Session`],
    /// 6,000 for [`Preset::Full`].
    pub fn for_preset(preset: Preset) -> Self {
        Self::new()
            .with_faces(preset.choose(600, 3_000, 6_000))
            .with_side(preset.choose(100, 200, 200))
    }

    /// Sets the number of faces.
    #[must_use]
    pub fn with_faces(mut self, faces: usize) -> Self {
        self.faces = faces;
        self
    }

    /// Sets the side of the pictures, in pixels.
    #[must_use]
    pub fn with_side(mut self, side: usize) -> Self {
        self.side = side;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the bias.
    #[must_use]
    pub fn with_bias(mut self, bias: Bias) -> Self {
        self.bias = Some(bias);
        self
    }

    /// Sets how hard the pictures are, from 0 to 1.
    #[must_use]
    pub fn with_difficulty(mut self, difficulty: f64) -> Self {
        self.difficulty = difficulty;
        self
    }

    /// Label and factors of every face, without drawing any.
    ///
    /// # Errors
    /// [`Error::Argument`] for no face, a side outside 32..=256 or a difficulty outside [0, 1].
    pub fn records(&self) -> Result<Vec<FaceRecord>> {
        if self.faces == 0 {
            return Err(Error::argument("faces", self.faces, "au moins un visage"));
        }
        check_side(self.side)?;
        let taking = Taking::new(
            self.difficulty,
            self.bias.map_or(0.0, |bias| bias.underexposure()),
        )?;
        Ok((0..self.faces)
            .map(|index| {
                let mut dice = Dice::new(self.seed, STREAM, index as u64);
                let label = FaceLabel::draw(&mut dice);
                let dark = self
                    .bias
                    .map(|bias| falls_in_share(index, bias.dark_share()));
                let tone = label.tone(dark, &mut dice);
                let sitter = label.sitter(tone, &mut dice);
                let factors = FaceFactors::draw(sitter, taking, &mut dice);
                FaceRecord { label, factors }
            })
            .collect())
    }

    /// What is known of every face, without drawing any: see [`faces_frame`].
    ///
    /// # Errors
    /// Those of [`records`](Self::records) and of [`faces_frame`].
    pub fn frame(&self) -> Result<DataFrame> {
        faces_frame(&self.records()?)
    }

    /// Every face, in the order of [`frame`](Self::frame).
    ///
    /// # Errors
    /// Those of [`records`](Self::records) and of [`draw_faces`].
    pub fn images(&self) -> Result<ImageStore> {
        let factors: Vec<FaceFactors> = self
            .records()?
            .iter()
            .map(|record| record.factors)
            .collect();
        draw_faces(&factors, self.side)
    }
}

/// Draws faces, in parallel: `side × side` pixels each, in their order. The same factors give the same
/// person at any size, and the same pixels at the same size.
///
/// # Errors
/// [`Error::Argument`] for a side outside 32..=256, [`Error::Figure`] when there is no memory, [`Error::Stopped`] when
/// the reader interrupts.
pub fn draw_faces(factors: &[FaceFactors], side: usize) -> Result<ImageStore> {
    draw_faces_within(factors, side, &mut Progress::of(factors.len()))
}

/// The same, as a part of what `progress` follows.
pub(super) fn draw_faces_within(
    factors: &[FaceFactors],
    side: usize,
    progress: &mut Progress,
) -> Result<ImageStore> {
    check_side(side)?;
    stored(factors, side, progress, |factors| {
        render::face(factors, side)
    })
}

/// Pictures drawn between two looks at the time and at the wish to stop.
const CHUNK: usize = 256;

/// How far a drawing of one or several sets is.
pub(super) struct Progress {
    reading: Reading,
    done: usize,
}

impl Progress {
    /// `total` pictures to draw in all.
    pub(super) fn of(total: usize) -> Self {
        Self {
            reading: Reading::drawing(total),
            done: 0,
        }
    }
}

/// Pictures drawn in parallel, in their order.
pub(super) fn stored<T: Sync>(
    causes: &[T],
    side: usize,
    progress: &mut Progress,
    picture: impl Fn(&T) -> Result<Vec<u8>> + Send + Sync,
) -> Result<ImageStore> {
    memory::check("les images dessinées", causes.len(), side * side * CHANNELS)?;
    let mut store = ImageStore::with_capacity(side, side, causes.len());
    for part in causes.chunks(CHUNK) {
        let pictures = part.par_iter().map(&picture).collect::<Result<Vec<_>>>()?;
        for pixels in &pictures {
            store.push(pixels)?;
        }
        progress.done += part.len();
        progress.reading.at(progress.done)?;
    }
    Ok(store)
}

pub(super) fn check_side(side: usize) -> Result<()> {
    if SIDES.contains(&side) {
        return Ok(());
    }
    Err(Error::argument(
        "side",
        side,
        "le côté d'un dessin va de 32 à 256 pixels",
    ))
}
