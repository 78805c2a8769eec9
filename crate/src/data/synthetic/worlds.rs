//! Worlds of drawn faces in which one version of a face is rare: for the study of what the debiasing lab's method changes.

use std::path::{Path, PathBuf};

use super::{
    Presentation, SkinTone,
    bias::falls_in_share,
    cache::{CachedSet, default_folder},
    dice::Dice,
    faces::{Progress, check_side, draw_faces_within, stored},
    factors::{Background, FaceFactors, Glasses, Headwear},
    labels::FaceLabel,
    others::NonFaceFactors,
    record::FaceRecord,
    render,
    sample::Taking,
};
use crate::{
    data::{DetectionLoader, ImageStore, split_by_content},
    error::{Error, Result},
};

/// What tells the rare version of a face from the common one; everything else stays as it was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RareFactor {
    /// Skin: types I to III, or IV to VI.
    Tone,
    /// Skin, and a camera that under-exposes types IV to VI.
    UnderexposedTone,
    /// Head: turned by 12° at most, or by 28° to 40°.
    Pose,
    /// Nothing on the head, or a cap, a knitted cap, a hat, a scarf.
    Headwear,
    /// Nothing before the eyes, or sunglasses.
    Sunglasses,
    /// Light as it was drawn, or two stops less.
    Exposure,
    /// A plain background, or foliage.
    Background,
}

/// Largest turn of a common head, in degrees.
const FACING: f32 = 12.0;
/// Turns of a rare one, in degrees.
const TURNED: [f32; 2] = [28.0, 40.0];
/// Largest turn of a drawn head.
const LARGEST_YAW: f32 = 40.0;
/// Stops of light that the rare version loses.
const STOPS: f32 = 2.0;
/// How much cameras under-expose in [`RareFactor::UnderexposedTone`], that of the lab's first drawings.
const UNDEREXPOSURE: f32 = 0.5;

impl RareFactor {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Tone,
        Self::UnderexposedTone,
        Self::Pose,
        Self::Headwear,
        Self::Sunglasses,
        Self::Exposure,
        Self::Background,
    ];

    /// Its name in French: « teint ».
    pub fn name(self) -> &'static str {
        match self {
            Self::Tone => "teint",
            Self::UnderexposedTone => "teint sous-exposé",
            Self::Pose => "pose",
            Self::Headwear => "couvre-chef",
            Self::Sunglasses => "lunettes de soleil",
            Self::Exposure => "exposition",
            Self::Background => "fond",
        }
    }

    /// The common and the rare version, in French.
    pub fn versions(self) -> [&'static str; 2] {
        match self {
            Self::Tone => ["types I à III", "types IV à VI"],
            Self::UnderexposedTone => ["types I à III", "types IV à VI, sous-exposés"],
            Self::Pose => ["tête de face", "tête tournée de 28° à 40°"],
            Self::Headwear => ["tête nue", "couvre-chef"],
            Self::Sunglasses => ["yeux visibles", "lunettes de soleil"],
            Self::Exposure => ["lumière habituelle", "quatre fois moins de lumière"],
            Self::Background => ["fond uni", "feuillage"],
        }
    }

    /// Whether the versions are two kinds of skin.
    fn is_of_skin(self) -> bool {
        matches!(self, Self::Tone | Self::UnderexposedTone)
    }

    /// One version of a face, from its factors as they were drawn.
    ///
    /// # Example
    /// ```
    /// use visages::data::{DrawnFacesConfig, Glasses, RareFactor};
    /// let drawn = DrawnFacesConfig::new().with_faces(1).records()?[0].factors;
    /// assert_eq!(RareFactor::Sunglasses.version(drawn, true).glasses, Glasses::Dark);
    /// assert_eq!(RareFactor::Sunglasses.version(drawn, false).glasses, Glasses::None);
    /// # Ok::<(), visages::Error>(())
    /// ```
    pub fn version(self, mut drawn: FaceFactors, rare: bool) -> FaceFactors {
        match self {
            Self::Tone | Self::UnderexposedTone => {
                let kind = drawn.tone.index() % 3;
                drawn.tone = SkinTone::ALL[if rare { kind + 3 } else { kind }];
                if self == Self::UnderexposedTone {
                    drawn
                        .shot
                        .underexpose(UNDEREXPOSURE * drawn.tone.underexposed());
                }
            }
            Self::Pose => {
                let turn = (drawn.yaw.abs() / LARGEST_YAW).min(1.0);
                let side = if drawn.yaw < 0.0 { -1.0 } else { 1.0 };
                let [least, most] = TURNED;
                drawn.yaw = side
                    * if rare {
                        least + turn * (most - least)
                    } else {
                        turn * FACING
                    };
            }
            Self::Headwear => {
                let kinds = [
                    Headwear::Cap,
                    Headwear::Beanie,
                    Headwear::Brim,
                    Headwear::Scarf,
                ];
                // Of the person's own seed: the same hat whenever they are drawn.
                let own = (drawn.seed % kinds.len() as u64) as usize;
                drawn.headwear = if rare { kinds[own] } else { Headwear::None };
            }
            Self::Sunglasses => drawn.glasses = if rare { Glasses::Dark } else { Glasses::None },
            Self::Exposure => drawn.shot.exposure -= if rare { STOPS } else { 0.0 },
            Self::Background => {
                drawn.shot.background = if rare {
                    Background::Leaves
                } else {
                    Background::Plain
                };
            }
        }
        drawn
    }
}

/// A factor, and how rare its rare version is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct World {
    /// What is rare.
    pub factor: RareFactor,
    /// Share of the training faces that have the rare version, from 0 to 1.
    pub rare_share: f64,
}

impl World {
    /// The fourteen of the study: six factors at 3 % and at 10 %, the under-exposed skins at 3 %, both skins as frequent.
    pub fn all() -> Vec<Self> {
        let world = |factor, rare_share| Self { factor, rare_share };
        let six = RareFactor::ALL
            .into_iter()
            .filter(|factor| *factor != RareFactor::UnderexposedTone);
        let mut found: Vec<Self> = six
            .flat_map(|factor| [0.03, 0.10].map(|share| world(factor, share)))
            .collect();
        found.push(world(RareFactor::UnderexposedTone, 0.03));
        found.push(world(RareFactor::Tone, 0.5));
        found
    }
}

impl std::fmt::Display for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, {:.0} %",
            self.factor.name(),
            100.0 * self.rare_share
        )
    }
}

/// Streams of random numbers: one a use, so that sets share no picture.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Faces = 11,
    NonFaces = 12,
    People = 13,
    Others = 14,
    Calibration = 15,
}

/// A world's pictures: how many of each, and their seed.
///
/// # Example
/// ```
/// use visages::data::{RareFactor, World, WorldConfig};
/// let world = World { factor: RareFactor::Headwear, rare_share: 0.10 };
/// let config = WorldConfig::new(world).with_images(100, 60).with_test(5, 10, 10).with_seed(1);
/// let drawn = config.training()?;
/// assert_eq!(drawn.rare.len(), drawn.loader.faces().len());
/// let test = config.test()?;
/// assert_eq!((test.common.len(), test.rare.len()), (5, 5));
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WorldConfig {
    /// What is rare, and how rare.
    pub world: World,
    /// Number of faces, those held out included. Default: 3,000.
    pub faces: usize,
    /// Number of images without a face, those held out included. Default: 3,000.
    pub non_faces: usize,
    /// People of the test, each drawn in both versions. Default: 300.
    pub people: usize,
    /// Images without a face of the test. Default: 1,000.
    pub others: usize,
    /// Images without a face that fix the threshold. Default: 500.
    pub calibration: usize,
    /// Side of the pictures in pixels, from 32 to 256. Default: 64.
    pub side: usize,
    /// How hard the pictures are, from 0 (a studio) to 1 (a phone in the dark). Default: 0.5.
    pub difficulty: f64,
    /// Share of each class that is never trained on. Default: 0.15.
    pub held_out: f64,
    /// Seed of everything drawn. Default: 42.
    pub seed: u64,
    /// Folder where drawings are kept; default: that of the user's cache once a session is open, else none.
    pub cache: Option<PathBuf>,
}

/// The training pictures of a world.
#[derive(Debug, Clone)]
pub struct DrawnWorld {
    /// The pictures, split.
    pub loader: DetectionLoader,
    /// Whether each training face, in the order of [`DetectionLoader::faces`], has the rare version.
    pub rare: Vec<bool>,
}

/// The test pictures of a world: nothing of them is trained on.
#[derive(Debug, Clone)]
pub struct WorldTest {
    /// The people in the common version.
    pub common: ImageStore,
    /// The same people, in the same order, in the rare version.
    pub rare: ImageStore,
    /// Images without a face.
    pub others: ImageStore,
    /// What is known of each of [`others`](Self::others).
    pub causes: Vec<NonFaceFactors>,
    /// Images without a face, apart, that fix the threshold.
    pub calibration: ImageStore,
}

impl WorldConfig {
    /// The defaults, for one world.
    pub fn new(world: World) -> Self {
        Self {
            world,
            faces: 3_000,
            non_faces: 3_000,
            people: 300,
            others: 1_000,
            calibration: 500,
            side: 64,
            difficulty: 0.5,
            held_out: 0.15,
            seed: 42,
            cache: None,
        }
    }

    /// Sets the numbers of faces and of other images.
    #[must_use]
    pub fn with_images(mut self, faces: usize, non_faces: usize) -> Self {
        (self.faces, self.non_faces) = (faces, non_faces);
        self
    }

    /// Sets the numbers of people, of other images and of those that fix the threshold, in the test.
    #[must_use]
    pub fn with_test(mut self, people: usize, others: usize, calibration: usize) -> Self {
        (self.people, self.others, self.calibration) = (people, others, calibration);
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the folder where drawings are kept.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Draws the training pictures and splits them by content.
    ///
    /// The share of the rare version is exact over any run of faces, up to one. Where the factor is not of skin, the six types
    /// are equally frequent. Images without a face show people from behind or in pieces: their skins follow those of the faces,
    /// nothing else of them does.
    ///
    /// # Errors
    /// [`Error::Argument`] for a share outside `[0, 1]`, a side outside 32..=256 or too few images.
    pub fn training(&self) -> Result<DrawnWorld> {
        let versions = self.rare_faces()?;
        let people: Vec<FaceFactors> = versions
            .iter()
            .enumerate()
            .map(|(index, rare)| {
                let drawn = self.person(Stream::Faces, index, Some(*rare))?;
                Ok(self.world.factor.version(drawn, *rare))
            })
            .collect::<Result<_>>()?;
        let causes = self.non_faces(Stream::NonFaces, self.non_faces)?;
        let mut progress = Progress::of(people.len() + causes.len());
        let faces = self.faces_of("visages", &people, &mut progress)?;
        let non_faces = self.others_of("autres", &causes, &mut progress)?;
        // The sides depend on the pixels and the seed only: the loader finds the same.
        let split = split_by_content(&faces, self.held_out, self.seed)?;
        Ok(DrawnWorld {
            loader: DetectionLoader::new(&faces, &non_faces, self.held_out, self.seed)?,
            rare: split.train.iter().map(|&index| versions[index]).collect(),
        })
    }

    /// Draws the test pictures.
    ///
    /// # Errors
    /// Those of [`training`](Self::training).
    pub fn test(&self) -> Result<WorldTest> {
        let people: Vec<FaceFactors> = (0..self.people)
            .map(|index| self.person(Stream::People, index, None))
            .collect::<Result<_>>()?;
        let version = |rare: bool| -> Vec<FaceFactors> {
            let set = |drawn: &FaceFactors| self.world.factor.version(*drawn, rare);
            people.iter().map(set).collect()
        };
        let causes = self.non_faces(Stream::Others, self.others)?;
        let calibration = self.non_faces(Stream::Calibration, self.calibration)?;
        let mut progress = Progress::of(2 * people.len() + causes.len() + calibration.len());
        Ok(WorldTest {
            common: self.faces_of("test, fréquents", &version(false), &mut progress)?,
            rare: self.faces_of("test, rares", &version(true), &mut progress)?,
            others: self.others_of("test, autres", &causes, &mut progress)?,
            calibration: self.others_of("seuil", &calibration, &mut progress)?,
            causes,
        })
    }

    /// Whether each training face, before the split, has the rare version.
    fn rare_faces(&self) -> Result<Vec<bool>> {
        let share = self.world.rare_share;
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::argument("rare_share", share, "une part de 0 à 1"));
        }
        check_side(self.side)?;
        Ok((0..self.faces)
            .map(|index| falls_in_share(index, share))
            .collect())
    }

    /// A person as drawn, before one version or the other is chosen; `rare` decides of the skin where it is the factor.
    fn person(&self, stream: Stream, index: usize, rare: Option<bool>) -> Result<FaceFactors> {
        let mut dice = Dice::new(self.seed, stream as u64, index as u64);
        let (tone, presentation) = self.skin(rare, &mut dice);
        let label = FaceLabel::draw_for(presentation, &mut dice).coded(tone, &mut dice);
        let record = FaceRecord {
            label,
            factors: FaceFactors::draw(label.sitter(tone, &mut dice), self.taking()?, &mut dice),
        };
        Ok(record.factors)
    }

    fn non_faces(&self, stream: Stream, count: usize) -> Result<Vec<NonFaceFactors>> {
        (0..count)
            .map(|index| {
                let mut dice = Dice::new(self.seed, stream as u64, index as u64);
                let rare = falls_in_share(index, self.world.rare_share);
                let (tone, presentation) = self.skin(Some(rare), &mut dice);
                let sitter = FaceLabel::draw_for(presentation, &mut dice).sitter(tone, &mut dice);
                let mut cause = NonFaceFactors::draw(sitter, self.taking()?, &mut dice);
                if self.world.factor == RareFactor::UnderexposedTone {
                    let lost = UNDEREXPOSURE * cause.person.tone.underexposed();
                    cause.person.shot.underexpose(lost);
                }
                Ok(cause)
            })
            .collect()
    }

    /// Skin and presentation: of one half of the types where skin is the factor, of all six elsewhere.
    fn skin(&self, rare: Option<bool>, dice: &mut Dice) -> (SkinTone, Presentation) {
        let tone = match (self.world.factor.is_of_skin(), rare) {
            (true, Some(true)) => dice.count(0, 2) + 3,
            (true, _) => dice.count(0, 2),
            (false, _) => dice.count(0, 5),
        };
        (SkinTone::ALL[tone], *dice.pick(&Presentation::ALL))
    }

    fn taking(&self) -> Result<Taking> {
        Taking::new(self.difficulty, 0.0)
    }

    fn faces_of(
        &self,
        what: &str,
        people: &[FaceFactors],
        progress: &mut Progress,
    ) -> Result<ImageStore> {
        self.drawn(what, people.len(), || {
            draw_faces_within(people, self.side, progress)
        })
    }

    fn others_of(
        &self,
        what: &str,
        causes: &[NonFaceFactors],
        progress: &mut Progress,
    ) -> Result<ImageStore> {
        self.drawn(what, causes.len(), || {
            stored(causes, self.side, progress, |cause| {
                render::non_face(cause, self.side)
            })
        })
    }

    /// The drawings of the cache, or new ones that it keeps.
    fn drawn(
        &self,
        what: &str,
        count: usize,
        draw: impl FnOnce() -> Result<ImageStore>,
    ) -> Result<ImageStore> {
        let folder: Option<&Path> = self.cache.as_deref().or_else(|| default_folder());
        let place = folder.map(|folder| CachedSet::new(folder, &self.key(what), self.side, count));
        if let Some(known) = place.as_ref().and_then(CachedSet::recall) {
            return Ok(known);
        }
        let store = draw()?;
        if let Some(place) = place {
            place.keep(&store);
        }
        Ok(store)
    }

    /// All that decides of the pixels of a part.
    fn key(&self, what: &str) -> String {
        let World { factor, rare_share } = self.world;
        let (difficulty, seed) = (self.difficulty, self.seed);
        format!(
            "monde {} {rare_share} ; {what} ; difficulté {difficulty} ; graine {seed}",
            factor.name()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(factor: RareFactor, rare_share: f64) -> WorldConfig {
        WorldConfig::new(World { factor, rare_share })
            .with_images(120, 60)
            .with_test(8, 12, 12)
            .with_seed(3)
    }

    #[test]
    fn fourteen_worlds_and_none_twice() {
        let worlds = World::all();
        assert_eq!(worlds.len(), 14);
        for (place, world) in worlds.iter().enumerate() {
            assert!(!worlds[place + 1..].contains(world), "{world}");
        }
        assert_eq!(worlds[0].to_string(), "teint, 3 %");
    }

    #[test]
    fn both_versions_differ_by_the_factor_alone() {
        for factor in RareFactor::ALL {
            let drawn = config(factor, 0.1).person(Stream::People, 0, None).unwrap();
            let (common, rare) = (factor.version(drawn, false), factor.version(drawn, true));
            assert_ne!(common, rare, "{factor:?}");
            // Put back by hand, nothing else is left.
            let mut back = rare;
            match factor {
                RareFactor::Tone => back.tone = common.tone,
                RareFactor::UnderexposedTone => {
                    back.tone = common.tone;
                    back.shot.exposure = common.shot.exposure;
                    back.shot.contrast = common.shot.contrast;
                }
                RareFactor::Pose => back.yaw = common.yaw,
                RareFactor::Headwear => back.headwear = common.headwear,
                RareFactor::Sunglasses => back.glasses = common.glasses,
                RareFactor::Exposure => back.shot.exposure = common.shot.exposure,
                RareFactor::Background => back.shot.background = common.shot.background,
            }
            assert_eq!(back, common, "{factor:?}");
        }
    }

    #[test]
    fn a_head_is_facing_or_turned() {
        for index in 0..40 {
            let drawn = config(RareFactor::Pose, 0.1)
                .person(Stream::People, index, None)
                .unwrap();
            let [common, rare] =
                [false, true].map(|rare| RareFactor::Pose.version(drawn, rare).yaw);
            assert!(common.abs() <= FACING && (28.0..=40.0).contains(&rare.abs()));
            assert!(common * rare >= 0.0, "{common} {rare}");
        }
    }

    #[test]
    fn the_share_of_the_rare_is_that_of_the_world() {
        for (share, expected) in [(0.03, 3), (0.10, 12), (0.5, 60)] {
            let rare = config(RareFactor::Tone, share).rare_faces().unwrap();
            assert_eq!(rare.iter().filter(|rare| **rare).count(), expected);
        }
        let rare_tone = |rare| {
            (0..30).all(|index| {
                let drawn = config(RareFactor::Tone, 0.1)
                    .person(Stream::Faces, index, Some(rare))
                    .unwrap();
                drawn.tone.is_dark() == rare
            })
        };
        assert!(rare_tone(true) && rare_tone(false));
        assert!(config(RareFactor::Pose, 1.5).training().is_err());
    }

    /// Elsewhere skins have nothing to do with what is rare.
    #[test]
    fn what_is_rare_says_nothing_of_the_skin() {
        let world = config(RareFactor::Headwear, 0.1);
        let dark = |rare: bool| {
            let drawn = (0..600).filter(|index| falls_in_share(*index, 0.1) == rare);
            let tones: Vec<bool> = drawn
                .map(|index| {
                    let person = world.person(Stream::Faces, index, Some(rare)).unwrap();
                    person.tone.is_dark()
                })
                .collect();
            tones.iter().filter(|dark| **dark).count() as f64 / tones.len() as f64
        };
        assert!((dark(false) - 0.5).abs() < 0.08 && (dark(true) - 0.5).abs() < 0.2);
    }

    #[test]
    fn the_same_seed_draws_the_same_pictures_and_versions_follow_the_faces() {
        let world = config(RareFactor::Sunglasses, 0.10);
        let (one, again) = (world.training().unwrap(), world.training().unwrap());
        assert_eq!(one.loader.faces(), again.loader.faces());
        assert_eq!(one.rare, again.rare);
        assert_eq!(one.rare.len(), one.loader.faces().len());
        let test = world.test().unwrap();
        assert_eq!([test.common.len(), test.rare.len()], [8, 8]);
        assert_eq!(
            [test.others.len(), test.causes.len(), test.calibration.len()],
            [12; 3]
        );
        assert_ne!(test.common.image(0).unwrap(), test.rare.image(0).unwrap());
    }
}
