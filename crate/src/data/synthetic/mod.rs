//! Drawn faces and other images, in memory, from a seed: the labs run with no data set at all.
//!
//! The drawings are simple on purpose and nobody's portrait. A face has a skin tone (Fitzpatrick I
//! to VI: « clair » is I–III, « foncé » IV–VI), a gender presentation whose cues overlap, an age, a
//! pose, an expression, hair, sometimes glasses or a hat. The tone decides of the colours of
//! skin, iris and hair and of the odds of each hair texture, of nothing else. The images without
//! a face are textures, objects, scenes and decoys (clocks, buttons, heads from behind, faces in
//! pieces); both classes have the same backgrounds, light, blur and grain.
//!
//! The training set is biased, and says how: [`SyntheticConfig::dark_share`] of its faces are dark.
//! The test faces are balanced.

mod background;
mod canvas;
mod colour;
mod decoys;
mod dice;
mod draw;
mod face;
mod hair;
mod objects;
mod photo;
mod traits;

use rayon::prelude::*;

use self::{canvas::SIDE, dice::Dice};
use super::{
    detection::DetectionLoader,
    image_store::ImageStore,
    preset::Preset,
    test_faces::{FaceGroup, GROUPS, TestFaces},
};
use crate::error::{Error, Result};

/// Type of skin on the Fitzpatrick scale, from the lightest to the darkest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkinTone {
    /// Type I, the lightest.
    I,
    /// Type II.
    II,
    /// Type III.
    III,
    /// Type IV, the first of those counted as dark.
    IV,
    /// Type V.
    V,
    /// Type VI, the darkest.
    VI,
}

impl SkinTone {
    /// The six types, from the lightest to the darkest.
    pub const ALL: [SkinTone; 6] = [
        SkinTone::I,
        SkinTone::II,
        SkinTone::III,
        SkinTone::IV,
        SkinTone::V,
        SkinTone::VI,
    ];

    /// Whether it counts as dark: types IV to VI.
    pub fn is_dark(self) -> bool {
        matches!(self, Self::IV | Self::V | Self::VI)
    }
}

/// What a drawn face is meant to look like; cues of the two overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presentation {
    /// Read as a woman more often than not.
    Feminine,
    /// Read as a man more often than not.
    Masculine,
}

/// Streams of random numbers: one a use, so that sets share no picture.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Faces = 1,
    NonFaces = 2,
    TestFaces = 3,
}

/// How many drawings, and which bias.
///
/// ```
/// use visages::data::SyntheticConfig;
/// let config = SyntheticConfig::new().with_images(60, 60).with_seed(1);
/// let loader = config.detection_loader()?;
/// assert_eq!(loader.train_size() + loader.held_out().len(), 120);
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticConfig {
    /// Number of faces, those held out included. Default: 6,000.
    pub faces: usize,
    /// Number of images without a face, those held out included. Default: 6,000.
    pub non_faces: usize,
    /// Share of the faces with a dark skin (types IV to VI), from 0 to 1. Default: 0.10, the bias
    /// of the training set.
    pub dark_share: f64,
    /// Share of each class that is never trained on. Default: 0.15.
    pub held_out: f64,
    /// Test faces in each of the four groups. Default: 100; the MIT lab has 5, whose rates are
    /// hardly known (95 % interval of 5 in 5: 0.57 to 1).
    pub test_faces_per_group: usize,
    /// Seed of everything drawn. Default: 42.
    pub seed: u64,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            faces: 6_000,
            non_faces: 6_000,
            dark_share: 0.10,
            held_out: 0.15,
            test_faces_per_group: 100,
            seed: 42,
        }
    }
}

impl SyntheticConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// 1,500 images a class in `rapide`, 6,000 in `seance`, 12,000 in `complet`.
    pub fn for_preset(preset: Preset) -> Self {
        let count = preset.choose(1_500, 6_000, 12_000);
        Self::default().with_images(count, count)
    }

    /// Sets the number of faces and of other images.
    #[must_use]
    pub fn with_images(mut self, faces: usize, non_faces: usize) -> Self {
        (self.faces, self.non_faces) = (faces, non_faces);
        self
    }

    /// Sets the share of dark skins among the training faces.
    #[must_use]
    pub fn with_dark_share(mut self, dark_share: f64) -> Self {
        self.dark_share = dark_share;
        self
    }

    /// Sets the share of each class that is never trained on, strictly between 0 and 1.
    #[must_use]
    pub fn with_held_out(mut self, held_out: f64) -> Self {
        self.held_out = held_out;
        self
    }

    /// Sets the number of test faces a group.
    #[must_use]
    pub fn with_test_faces(mut self, per_group: usize) -> Self {
        self.test_faces_per_group = per_group;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws the training set and splits it: faces of [`dark_share`](Self::dark_share) dark skins,
    /// half of them women, and images without a face. The same seed gives the same pixels.
    ///
    /// # Errors
    /// [`Error::Argument`] for a share outside `[0, 1]` or too few images, and those of
    /// [`DetectionLoader::new`].
    pub fn detection_loader(&self) -> Result<DetectionLoader> {
        if !(0.0..=1.0).contains(&self.dark_share) {
            return Err(Error::argument(
                "dark_share",
                self.dark_share,
                "la part des peaux foncées va de 0 (aucune) à 1 (toutes)",
            ));
        }
        let faces = self.draw(Stream::Faces, self.faces, |index, dice| {
            let (tone, presentation) = self.training_person(index, dice);
            draw::face(tone, presentation, dice)
        })?;
        let non_faces = self.draw(Stream::NonFaces, self.non_faces, |index, dice| {
            // The persons seen from behind or in pieces have the bias of the faces.
            let (tone, presentation) = self.training_person(index, dice);
            draw::non_face(tone, presentation, dice)
        })?;
        DetectionLoader::new(&faces, &non_faces, self.held_out, self.seed)
    }

    /// Draws the four groups of test faces, as many in each, with equal shares of the three types of
    /// a tone. No picture is in the training set.
    ///
    /// # Errors
    /// [`Error::Argument`] when no face is asked for.
    pub fn test_faces(&self) -> Result<TestFaces> {
        let per_group = self.test_faces_per_group;
        if per_group == 0 {
            return Err(Error::argument(
                "test_faces_per_group",
                per_group,
                "au moins un visage par groupe",
            ));
        }
        let drawn = self.draw(
            Stream::TestFaces,
            GROUPS.len() * per_group,
            |index, dice| {
                let (group, within) = (index / per_group, index % per_group);
                let dark = GROUPS[group].0.starts_with('D');
                let tone = SkinTone::ALL[within % 3 + if dark { 3 } else { 0 }];
                let presentation = if GROUPS[group].0.ends_with('F') {
                    Presentation::Feminine
                } else {
                    Presentation::Masculine
                };
                draw::face(tone, presentation, dice)
            },
        )?;
        let groups = GROUPS
            .iter()
            .enumerate()
            .map(|(group, &(code, name))| {
                let members: Vec<usize> = (group * per_group..(group + 1) * per_group).collect();
                Ok(FaceGroup {
                    name: name.to_owned(),
                    code: code.to_owned(),
                    images: drawn.select(&members)?,
                    original_sizes: vec![(SIDE as u32, SIDE as u32); per_group],
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(TestFaces { groups })
    }

    /// Tone and presentation of training face number `index`: the share of dark skins is exact over any
    /// run of faces, up to one.
    fn training_person(&self, index: usize, dice: &mut Dice) -> (SkinTone, Presentation) {
        let before = (index as f64 * self.dark_share).floor();
        let dark = ((index + 1) as f64 * self.dark_share).floor() > before;
        let type_of_tone = dice.count(0, 2) + if dark { 3 } else { 0 };
        let presentation = *dice.pick(&[Presentation::Feminine, Presentation::Masculine]);
        (SkinTone::ALL[type_of_tone], presentation)
    }

    /// `count` pictures, drawn in parallel: picture `index` has dice of its own.
    fn draw(
        &self,
        stream: Stream,
        count: usize,
        picture: impl Fn(usize, &mut Dice) -> Result<Vec<u8>> + Sync,
    ) -> Result<ImageStore> {
        let pictures = (0..count)
            .into_par_iter()
            .map(|index| {
                let mut dice = Dice::new(self.seed, stream as u64, index as u64);
                picture(index, &mut dice)
            })
            .collect::<Result<Vec<_>>>()?;
        let mut store = ImageStore::new(SIDE, SIDE);
        for pixels in &pictures {
            store.push(pixels)?;
        }
        Ok(store)
    }
}
