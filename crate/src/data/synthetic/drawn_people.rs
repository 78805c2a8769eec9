//! Several pictures of each drawn person: young or old, always recognisable, never twice in the same light.

use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, NamedFrom, Series};

use super::{
    Presentation,
    cache::{CachedSet, default_folder},
    dice::Dice,
    faces::{Progress, check_side, stored},
    factors::{FaceFactors, Headwear},
    labels::FaceLabel,
    record::{FaceRecord, faces_frame},
    render,
    sample::{Sitter, Taking},
};
use crate::{
    data::{ImageStore, Labelled, age_ranges::AGE_CLASSES},
    error::{Error, Result},
};

/// Drawn people of the two age classes, each in several pictures.
///
/// A person keeps tone, presentation, features, hair, beard, freckles, make-up, how old they look for their age, and
/// whether they colour their hair. Each picture has its own age within the class (20–26 or 52–62), pose, expression,
/// light, background, camera, clothes, and perhaps glasses or a hat.
///
/// People come two by two, a young one (even number) and an old one (odd number) of the same gender and code, and the ten
/// combinations of gender and code take turns: any run of whole pairs is matched on gender × code. Picture `shot` of a
/// person depends on the seed, the person and `shot` only.
///
/// ```
/// use visages::data::DrawnPeopleConfig;
/// let people = DrawnPeopleConfig::new().with_people(4).with_shots(3).with_side(48).with_seed(1).labelled()?;
/// assert_eq!(people.classes("label")?, [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnPeopleConfig {
    /// Number of people, even: half of them in each class. Default: 140.
    pub people: usize,
    /// Pictures of each person. Default: 5.
    pub shots: usize,
    /// Side of the pictures in pixels, from 32 to 256. Default: 100.
    pub side: usize,
    /// Seed of everything drawn. Default: 42.
    pub seed: u64,
    /// How hard the classes are to tell apart, from 0 to 1. It spreads pose, light and camera as in
    /// [`DrawnFacesConfig`](super::DrawnFacesConfig), and how old people look: at 1 they look up to 24 years younger or
    /// older than they are, but never younger than 18, and four in five who turn grey colour their hair; at 0 they look
    /// their age and none does. Default: 0.25.
    pub difficulty: f64,
    /// Folder where drawings are kept from one drawing of the same set to the next; it is bounded. Default: that of the user's
    /// cache once a session is open, else none.
    pub cache: Option<PathBuf>,
}

impl Default for DrawnPeopleConfig {
    fn default() -> Self {
        Self {
            people: 140,
            shots: 5,
            side: 100,
            seed: 42,
            difficulty: 0.25,
            cache: None,
        }
    }
}

/// Streams of random numbers: of people, and of their pictures.
const PEOPLE: u64 = 5;
const SHOTS: u64 = 6;
/// Version of what is drawn at random here, in the key of kept drawings: give it its next value when people change.
const VERSION: u32 = 1;

/// Standard deviation, in years, of how much older people look than they are, at difficulty 1.
const LOOKS: f32 = 12.0;
/// Share of people who colour the grey of their hair, at difficulty 1.
const COLOURED: f32 = 0.8;
/// Youngest that anyone looks: all are adults.
const ADULT: f32 = 18.0;
/// What is worn on the head. No brim: the strands drawn after it would not be those of the other pictures.
const HATS: [Headwear; 3] = [Headwear::Cap, Headwear::Beanie, Headwear::Scarf];

/// What stays the same in all the pictures of a person.
struct Person {
    class: usize,
    label: FaceLabel,
    /// The person's own features; pose, light and the like are those of no picture.
    own: FaceFactors,
    /// Years that are added to the age.
    looks: f32,
    /// How much greyer than people of that age, from −1 to 1.
    greyer: f32,
    coloured: bool,
}

/// One picture.
struct Picture {
    person: usize,
    shot: usize,
    class: usize,
    record: FaceRecord,
    /// Seed of clothes and background.
    scene: u64,
}

impl DrawnPeopleConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of people, even.
    #[must_use]
    pub fn with_people(mut self, people: usize) -> Self {
        self.people = people;
        self
    }

    /// Sets the number of pictures of each person.
    #[must_use]
    pub fn with_shots(mut self, shots: usize) -> Self {
        self.shots = shots;
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

    /// Sets how hard the classes are to tell apart, from 0 to 1.
    #[must_use]
    pub fn with_difficulty(mut self, difficulty: f64) -> Self {
        self.difficulty = difficulty;
        self
    }

    /// Sets the folder where drawings are kept.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// What is known of every picture, without drawing any, person after person.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `label` | u8 | 0 from 20 to 26 years, 1 from 52 to 62 |
    /// | `person`, `shot` | u32 | who, and which of their pictures, both from 0 |
    /// | `race` | u8 | the code, 0 to 4 |
    /// | the others | | those of [`faces_frame`], but `code`, which is `race` |
    ///
    /// # Errors
    /// [`Error::Argument`] for no person or an odd number, no picture, a side outside 32..=256, a difficulty outside
    /// [0, 1]; those of [`faces_frame`].
    pub fn frame(&self) -> Result<DataFrame> {
        frame(&self.pictures()?)
    }

    /// Every picture, in the order of [`frame`](Self::frame).
    ///
    /// # Errors
    /// Those of [`frame`](Self::frame), [`Error::Memory`] when they would not fit, [`Error::Stopped`] when the reader
    /// interrupts.
    pub fn images(&self) -> Result<ImageStore> {
        self.draw(&self.pictures()?)
    }

    /// The pictures with what is known of them.
    ///
    /// # Errors
    /// Those of [`images`](Self::images).
    pub fn labelled(&self) -> Result<Labelled> {
        let pictures = self.pictures()?;
        Labelled::new(self.draw(&pictures)?, frame(&pictures)?)
    }

    fn draw(&self, pictures: &[Picture]) -> Result<ImageStore> {
        let place = self.place(pictures.len());
        if let Some(known) = place.as_ref().and_then(CachedSet::recall) {
            return Ok(known);
        }
        let mut progress = Progress::of(pictures.len());
        let drawn = stored(pictures, self.side, &mut progress, |picture| {
            render::face_in(&picture.record.factors, picture.scene, self.side)
        })?;
        if let Some(place) = &place {
            place.keep(&drawn);
        }
        Ok(drawn)
    }

    /// Where the set is kept: all that decides of its pixels tells it apart.
    fn place(&self, images: usize) -> Option<CachedSet> {
        let Self {
            shots,
            seed,
            difficulty,
            ..
        } = self;
        let key = format!(
            "personnes {VERSION} ; {shots} images par personne ; difficulté {difficulty} ; graine {seed}"
        );
        let folder: &Path = match &self.cache {
            Some(own) => own,
            None => default_folder()?,
        };
        Some(CachedSet::new(folder, &key, self.side, images))
    }

    fn pictures(&self) -> Result<Vec<Picture>> {
        if self.people == 0 || !self.people.is_multiple_of(2) {
            return Err(Error::argument(
                "people",
                self.people,
                "un nombre pair de personnes, au moins 2 : la moitié dans chaque classe",
            ));
        }
        if self.shots == 0 {
            return Err(Error::argument(
                "shots",
                self.shots,
                "au moins une image par personne",
            ));
        }
        check_side(self.side)?;
        let taking = Taking::new(self.difficulty, 0.0)?;
        let mut pictures = Vec::with_capacity(self.people * self.shots);
        for number in 0..self.people {
            let person = Person::draw(
                number,
                taking,
                &mut Dice::new(self.seed, PEOPLE, number as u64),
            );
            for shot in 0..self.shots {
                // A person's pictures have a seed of their own: their number does not move the next person's.
                let mut dice = Dice::new(person.own.seed, SHOTS, shot as u64);
                pictures.push(person.picture(number, shot, taking, &mut dice));
            }
        }
        Ok(pictures)
    }
}

impl Person {
    fn draw(number: usize, taking: Taking, dice: &mut Dice) -> Self {
        let (pair, class) = (number / 2, number % 2);
        let presentation = Presentation::ALL[pair % 2];
        let code = (pair / 2 % FaceLabel::CODES) as u8;
        let looks = dice.normal(0.0, LOOKS * taking.difficulty);
        let ages = &AGE_CLASSES[class];
        let middle = 0.5 * (ages.start() + ages.end()) as f32;
        let label = FaceLabel {
            age: middle as u8,
            presentation,
            code,
        };
        let sitter = Sitter {
            tone: label.tone(None, dice),
            presentation,
            age: (middle + looks).max(ADULT),
        };
        Self {
            class,
            label,
            looks,
            greyer: dice.normal(0.0, 0.2),
            coloured: dice.chance(COLOURED * taking.difficulty),
            own: FaceFactors::draw(sitter, taking, dice),
        }
    }

    fn picture(&self, person: usize, shot: usize, taking: Taking, dice: &mut Dice) -> Picture {
        let own = &self.own;
        let ages = &AGE_CLASSES[self.class];
        let age = dice.count(*ages.start() as usize, *ages.end() as usize);
        let sitter = Sitter {
            tone: own.tone,
            presentation: own.presentation,
            age: (age as f32 + self.looks).max(ADULT),
        };
        let taken = FaceFactors::draw(sitter, taking, dice);
        let grey = (self.greyer + (sitter.age - 34.0) / 34.0).clamp(0.0, 1.0);
        let factors = FaceFactors {
            femininity: own.femininity,
            makeup: own.makeup,
            freckles: own.freckles,
            grey: if self.coloured { 0.0 } else { grey },
            receding: own.receding,
            hair: own.hair,
            cut: own.cut,
            beard: own.beard,
            seed: own.seed,
            headwear: match taken.headwear {
                Headwear::None => Headwear::None,
                _ => *dice.pick(&HATS),
            },
            ..taken
        };
        Picture {
            person,
            shot,
            class: self.class,
            record: FaceRecord {
                label: FaceLabel {
                    age: age as u8,
                    ..self.label
                },
                factors,
            },
            scene: taken.seed,
        }
    }
}

fn frame(pictures: &[Picture]) -> Result<DataFrame> {
    let records: Vec<FaceRecord> = pictures.iter().map(|picture| picture.record).collect();
    let mut frame = faces_frame(&records)?;
    frame.rename("code", "race".into())?;
    let numbers = |name: &str, value: fn(&Picture) -> usize| {
        let values: Vec<u32> = pictures
            .iter()
            .map(|picture| value(picture) as u32)
            .collect();
        Column::from(Series::new(name.into(), values))
    };
    let classes: Vec<u8> = pictures.iter().map(|picture| picture.class as u8).collect();
    frame.with_column(Column::from(Series::new("label".into(), classes)))?;
    frame.with_column(numbers("person", |picture| picture.person))?;
    frame.with_column(numbers("shot", |picture| picture.shot))?;
    Ok(frame)
}
