//! The drawn detection sets: training pictures of a world where one version of a face is rare, and test faces in both
//! versions.

use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;

use super::{
    Presentation, SkinTone,
    bias::falls_in_share,
    cache::{CachedSet, default_folder},
    dice::Dice,
    faces::{Progress, check_side, draw_faces_within, stored},
    factors::FaceFactors,
    labels::FaceLabel,
    others::NonFaceFactors,
    record::{FaceRecord, faces_frame, non_faces_frame},
    render,
    sample::Taking,
    worlds::{RareFactor, UNDEREXPOSURE, World},
};
use crate::{
    data::{DetectionLoader, FaceGroup, ImageStore, Preset, TestFaces, split_by_content},
    error::{Error, Result},
};

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
/// let config = WorldConfig::new(World::new(RareFactor::Headwear, 0.10)).with_images(100, 60).with_test(5, 10, 10).with_seed(1);
/// let drawn = config.training()?;
/// assert_eq!(drawn.rare.len(), drawn.loader.faces().len());
/// let test = config.test()?;
/// assert_eq!((test.common.len(), test.rare.len()), (5, 5));
/// let groups = config.test_faces()?.groups;
/// assert_eq!(groups[2].name, "Femmes, tête couverte");
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
    /// People of the test, each drawn in both versions. Default: 300. The four groups of
    /// [`test_faces`](Self::test_faces) have half as many each, and one person at least.
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

/// The training pictures of a world, and what is known of each.
#[derive(Debug, Clone)]
pub struct DrawnWorld {
    /// The pictures, split.
    pub loader: DetectionLoader,
    /// Whether each training face, in the order of [`DetectionLoader::faces`], has the rare version.
    pub rare: Vec<bool>,
    /// [`faces_frame`] of the training faces, in the same order.
    pub faces: DataFrame,
    /// [`faces_frame`] of the faces held out, in their order in [`DetectionLoader::held_out`], where they come first.
    pub held_out_faces: DataFrame,
    /// [`non_faces_frame`] of the images without a face held out, which come after.
    pub held_out_non_faces: DataFrame,
}

/// A group of test faces before it is drawn.
struct Group {
    code: &'static str,
    name: String,
    records: Vec<FaceRecord>,
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

    /// The amounts of a preset: 1,500 images a class and 200 people in `rapide`; 3,000 and 600 in `seance`, as many as the
    /// study trains on; 6,000 and 600 in `complet`.
    pub fn for_preset(world: World, preset: Preset) -> Self {
        let images = preset.choose(1_500, 3_000, 6_000);
        Self::new(world)
            .with_images(images, images)
            .with_people(preset.choose(200, 600, 600))
    }

    /// Sets the world, and keeps everything else: the test is the same when only the rare share differs.
    #[must_use]
    pub fn with_world(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// Sets the number of people of the test.
    #[must_use]
    pub fn with_people(mut self, people: usize) -> Self {
        self.people = people;
        self
    }

    /// Sets the side of the pictures, in pixels.
    #[must_use]
    pub fn with_side(mut self, side: usize) -> Self {
        self.side = side;
        self
    }

    /// Sets how hard the pictures are, from 0 to 1.
    #[must_use]
    pub fn with_difficulty(mut self, difficulty: f64) -> Self {
        self.difficulty = difficulty;
        self
    }

    /// Sets the share of each class that is never trained on, strictly between 0 and 1.
    #[must_use]
    pub fn with_held_out(mut self, held_out: f64) -> Self {
        self.held_out = held_out;
        self
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
        let (versions, records) = (self.rare_faces()?, self.training_records()?);
        let causes = self.non_faces(Stream::NonFaces, self.non_faces)?;
        let mut progress = Progress::of(records.len() + causes.len());
        let faces = self.faces_of("visages", &records, &mut progress)?;
        let non_faces = self.others_of("autres", &causes, &mut progress)?;
        // The sides depend on the pixels and the seed only: the loader finds the same.
        let of_faces = split_by_content(&faces, self.held_out, self.seed)?;
        let of_others = split_by_content(&non_faces, self.held_out, self.seed)?;
        let known = |indices: &[usize]| {
            let kept: Vec<FaceRecord> = indices.iter().map(|&index| records[index]).collect();
            faces_frame(&kept)
        };
        let held_out = of_others.held_out.iter().map(|&index| causes[index]);
        Ok(DrawnWorld {
            loader: DetectionLoader::new(&faces, &non_faces, self.held_out, self.seed)?,
            rare: of_faces
                .train
                .iter()
                .map(|&index| versions[index])
                .collect(),
            faces: known(&of_faces.train)?,
            held_out_faces: known(&of_faces.held_out)?,
            held_out_non_faces: non_faces_frame(&held_out.collect::<Vec<_>>())?,
        })
    }

    /// The loader of [`training`](Self::training) alone.
    ///
    /// # Errors
    /// Those of [`training`](Self::training).
    pub fn detection_loader(&self) -> Result<DetectionLoader> {
        Ok(self.training()?.loader)
    }

    /// Label and factors of every training face, before the split. Ages follow UTKFace, with one distribution for all skins.
    ///
    /// # Errors
    /// Those of [`training`](Self::training).
    pub fn training_records(&self) -> Result<Vec<FaceRecord>> {
        let faces = self.rare_faces()?.into_iter().enumerate();
        faces
            .map(|(index, rare)| {
                let person = self.person(Stream::Faces, index, Some(rare))?;
                Ok(self.version(person, rare))
            })
            .collect()
    }

    /// Draws the test pictures.
    ///
    /// # Errors
    /// Those of [`training`](Self::training).
    pub fn test(&self) -> Result<WorldTest> {
        self.rare_faces()?;
        let people: Vec<FaceRecord> = (0..self.people)
            .map(|index| self.person(Stream::People, index, None))
            .collect::<Result<_>>()?;
        let version = |rare: bool| -> Vec<FaceRecord> {
            let people = people.iter();
            people.map(|person| self.version(*person, rare)).collect()
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

    /// Draws four groups of test faces, none of which is trained on: women and men in the common version, then the same women
    /// and men, in the same order, in the rare one. Codes: `CF`, `CM`, `RF`, `RM`.
    ///
    /// # Errors
    /// Those of [`training`](Self::training).
    pub fn test_faces(&self) -> Result<TestFaces> {
        let groups = self.test_groups()?;
        let mut progress = Progress::of(groups.iter().map(|group| group.records.len()).sum());
        let groups = groups.into_iter().map(|group| {
            let what = format!("groupe {}", group.code);
            Ok(FaceGroup {
                images: self.faces_of(&what, &group.records, &mut progress)?,
                original_sizes: vec![(self.side as u32, self.side as u32); group.records.len()],
                name: group.name,
                code: group.code.to_owned(),
            })
        });
        Ok(TestFaces {
            groups: groups.collect::<Result<_>>()?,
        })
    }

    /// What is known of every test face, group after group in the order of [`test_faces`](Self::test_faces).
    ///
    /// # Errors
    /// Those of [`test_faces`](Self::test_faces) and of [`faces_frame`].
    pub fn test_frame(&self) -> Result<DataFrame> {
        let groups = self.test_groups()?.into_iter();
        faces_frame(&groups.flat_map(|group| group.records).collect::<Vec<_>>())
    }

    /// Who is in each group of test faces.
    fn test_groups(&self) -> Result<Vec<Group>> {
        self.rare_faces()?;
        let count = (self.people / 2).max(1);
        let mut of_each = [Vec::new(), Vec::new()];
        for index in 0.. {
            let person = self.person(Stream::People, index, None)?;
            let own = &mut of_each[usize::from(person.label.presentation.code())];
            if own.len() < count {
                own.push(person);
            }
            if of_each.iter().all(|own| own.len() == count) {
                break;
            }
        }
        let [men, women] = of_each;
        let kinds = [
            ("CF", "Femmes", &women, false),
            ("CM", "Hommes", &men, false),
            ("RF", "Femmes", &women, true),
            ("RM", "Hommes", &men, true),
        ];
        let groups = kinds.into_iter().map(|(code, who, people, rare)| Group {
            code,
            name: format!("{who}{}", self.world.factor.of_group(rare)),
            records: people
                .iter()
                .map(|person| self.version(*person, rare))
                .collect(),
        });
        Ok(groups.collect())
    }

    /// One version of a person.
    fn version(&self, person: FaceRecord, rare: bool) -> FaceRecord {
        FaceRecord {
            factors: self.world.factor.version(person.factors, rare),
            ..person
        }
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
    fn person(&self, stream: Stream, index: usize, rare: Option<bool>) -> Result<FaceRecord> {
        let mut dice = Dice::new(self.seed, stream as u64, index as u64);
        let (tone, presentation) = self.skin(rare, &mut dice);
        let label = FaceLabel::draw_for(presentation, &mut dice).coded(tone, &mut dice);
        Ok(FaceRecord {
            label,
            factors: FaceFactors::draw(label.sitter(tone, &mut dice), self.taking()?, &mut dice),
        })
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
        people: &[FaceRecord],
        progress: &mut Progress,
    ) -> Result<ImageStore> {
        self.drawn(what, people.len(), || {
            let factors: Vec<FaceFactors> = people.iter().map(|person| person.factors).collect();
            draw_faces_within(&factors, self.side, progress)
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
    use super::super::worlds::FACING;
    use super::*;

    fn config(factor: RareFactor, rare_share: f64) -> WorldConfig {
        WorldConfig::new(World::new(factor, rare_share))
            .with_images(120, 60)
            .with_test(8, 12, 12)
            .with_seed(3)
    }

    #[test]
    fn both_versions_differ_by_the_factor_alone() {
        for factor in RareFactor::ALL {
            let drawn = config(factor, 0.1)
                .person(Stream::People, 0, None)
                .unwrap()
                .factors;
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
                .unwrap()
                .factors;
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
                drawn.factors.tone.is_dark() == rare
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
                    person.factors.tone.is_dark()
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
