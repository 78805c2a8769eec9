//! How the images of the young-or-old lab are made: how many of each class, from what, of which size.

use std::path::Path;

use super::{
    AgeClasses, AgeSource,
    photographs::{self, Planned},
};
use crate::{
    data::{
        DrawnPeopleConfig, Preset, labelled::Labelled, options::LoadOptions, rows::read_images,
    },
    error::{Error, Result},
};

/// Side of the images, in pixels.
const SIDE: usize = 100;

/// How many images of each class, and how they are read or drawn.
///
/// ```
/// use visages::data::AgeClassesConfig;
/// let faces = AgeClassesConfig::new().with_images(10, 5, 5).drawn()?;
/// assert_eq!((faces.train.len(), faces.validation.len(), faces.test.len()), (20, 10, 10));
/// assert_eq!(faces.people_met(&faces.test)?, (2, 0));
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AgeClassesConfig {
    /// Training images of each class, at most. Default: 1,500.
    pub train: usize,
    /// Validation images of each class, at most. Default: 300.
    pub validation: usize,
    /// Test images of each class, at most. Default: 600.
    pub test: usize,
    /// Pictures of each person, on drawings. Default: 5.
    pub shots: usize,
    /// How hard drawings are; see [`DrawnPeopleConfig::difficulty`]. Default: that of [`DrawnPeopleConfig`].
    pub difficulty: f64,
    /// Seed of everything drawn at random. Default: 42.
    pub seed: u64,
    /// How photographs are read. Default: 100 × 100 pixels.
    pub load: LoadOptions,
}

impl Default for AgeClassesConfig {
    fn default() -> Self {
        let DrawnPeopleConfig {
            shots, difficulty, ..
        } = DrawnPeopleConfig::default();
        Self {
            train: 1_500,
            validation: 300,
            test: 600,
            shots,
            difficulty,
            seed: 42,
            load: LoadOptions::new().with_size(SIDE, SIDE),
        }
    }
}

impl AgeClassesConfig {
    /// The defaults, those of the preset `seance`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Images of each class, training, validation and test: 200, 50 and 100 in `rapide`, 1,500, 300 and 600 in `seance`; in
    /// `complet` 20,000 (validation among them) and 4,000 photographs, as in the original, or 4,000, 800 and 1,600 `drawn` ones.
    pub fn for_preset(preset: Preset, drawn: bool) -> Self {
        let full = match drawn {
            true => (4_000, 800, 1_600),
            // A sixth of the original's training images is taken to validate.
            false => (16_667, 3_333, 4_000),
        };
        let (train, validation, test) = preset.choose((200, 50, 100), (1_500, 300, 600), full);
        Self::default().with_images(train, validation, test)
    }

    /// Sets the images of each class: training, validation, test.
    #[must_use]
    pub fn with_images(mut self, train: usize, validation: usize, test: usize) -> Self {
        (self.train, self.validation, self.test) = (train, validation, test);
        self
    }

    /// Sets the pictures of each drawn person.
    #[must_use]
    pub fn with_shots(mut self, shots: usize) -> Self {
        self.shots = shots;
        self
    }

    /// Sets how hard drawings are, from 0 to 1.
    #[must_use]
    pub fn with_difficulty(mut self, difficulty: f64) -> Self {
        self.difficulty = difficulty;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how photographs are read; their size too.
    #[must_use]
    pub fn with_load(mut self, load: LoadOptions) -> Self {
        self.load = load;
        self
    }

    /// Drawn people, matched on gender × code in each part; no person is in two parts. Images of each class are whole
    /// people: as many as fit, one at least.
    ///
    /// # Errors
    /// [`Error::Argument`] for a part without an image, and those of [`DrawnPeopleConfig::labelled`].
    pub fn drawn(&self) -> Result<AgeClasses> {
        self.check()?;
        let pairs = [self.train, self.validation, self.test]
            .map(|images| (images / self.shots.max(1)).max(1));
        let people = DrawnPeopleConfig::new()
            .with_people(2 * pairs.iter().sum::<usize>())
            .with_shots(self.shots)
            .with_side(self.load.width)
            .with_seed(self.seed)
            .with_difficulty(self.difficulty);
        let whole = people.labelled()?;
        let mut first = 0;
        let rows = pairs.map(|pairs| {
            let from = first;
            first += 2 * pairs * self.shots;
            (from..first).collect()
        });
        AgeClasses::parted(&whole, &rows, AgeSource::Drawings)
    }

    /// Photographs of UTKFace: ages 20–26 and 52–62, each picture once, matched on gender × code in each part. Where there
    /// are fewer than wanted, the parts keep their proportions. Nobody is known: one person may have two pictures.
    ///
    /// # Errors
    /// Those of [`utkface::scan`](crate::data::utkface::scan) and of [`read_images`]; [`Error::FolderEmpty`] when there
    /// is not a matched image of each class for each part.
    pub fn utkface(&self, folder: &Path) -> Result<AgeClasses> {
        self.check()?;
        let planned = photographs::utkface(folder, self)?;
        AgeClasses::parted(&self.read(&planned)?, &planned.parts, AgeSource::UtkFace)
    }

    /// All matched photographs of UTKFace, dealt `folds` times: each image is of the test once, and once only, so that the
    /// tests together measure as many images as there are. Of the others, a share is for validation, as large as
    /// `validation` is beside `train`; how many images these ask for is of no account.
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than two folds, and those of [`utkface`](Self::utkface).
    pub fn utkface_folds(&self, folder: &Path, folds: usize) -> Result<Vec<AgeClasses>> {
        self.check()?;
        if folds < 2 {
            return Err(Error::argument("folds", folds, "au moins 2"));
        }
        let planned = photographs::utkface_folds(folder, self, folds)?;
        let whole = self.read(&planned)?;
        let parts = planned.parts.iter();
        parts
            .map(|parts| AgeClasses::parted(&whole, parts, AgeSource::UtkFace))
            .collect()
    }

    /// Photographs of CACD, prepared in `train/0`, `train/1`, `test/0` and `test/1`; see
    /// [`YoungOldConfig`](crate::data::cacd::YoungOldConfig). The validation part is taken from `train`, by person where
    /// the names tell who it is; people of the test part are left out of the two others. Gender and origin are unknown.
    ///
    /// # Errors
    /// [`Error::FolderMissing`] when CACD is not prepared, those of [`cacd::scan`](crate::data::cacd::scan) and of
    /// [`read_images`]; [`Error::FolderEmpty`] when there is not an image of each class for each part.
    pub fn cacd(&self, folder: &Path) -> Result<AgeClasses> {
        self.check()?;
        let planned = photographs::cacd(folder, self)?;
        AgeClasses::parted(&self.read(&planned)?, &planned.parts, AgeSource::Cacd)
    }

    fn check(&self) -> Result<()> {
        let sizes = [
            ("train", self.train),
            ("validation", self.validation),
            ("test", self.test),
        ];
        for (name, images) in sizes {
            if images == 0 {
                return Err(Error::argument(
                    name,
                    images,
                    "au moins une image de chaque classe",
                ));
            }
        }
        Ok(())
    }

    /// The images of all parts, with the columns that students see.
    fn read<P>(&self, planned: &Planned<P>) -> Result<Labelled> {
        let images = read_images(&planned.files, &self.load)?;
        Labelled::new(images, planned.files.select(planned.shown.iter().copied())?)
    }
}
