//! The images of the young-or-old lab, from 20 to 26 years or from 52 to 62, whatever they come from: three parts that
//! share no person and no copy of a picture, with as many images of each class.
//!
//! | file | owns |
//! |---|---|
//! | `mod` | [`AgeClasses`]: the three parts, and the same images split without regard to people |
//! | `sources` | [`AgeClassesConfig`]: how they are made from CACD, UTKFace or drawings |
//! | `elsewhere` | faces of another origin: FairFace, or drawings in worse conditions |
//! | `photographs` | which files of CACD and UTKFace go into which part |

mod elsewhere;
mod photographs;
mod sources;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
};

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

pub use self::{
    elsewhere::{drawn_elsewhere, fairface_elsewhere},
    sources::AgeClassesConfig,
};
use super::{detection::LABEL, labelled::Labelled};
use crate::{
    error::{Error, Result},
    french::{count, format_number},
};

/// Column of the number of the person.
pub(in crate::data) const PERSON: &str = "person";

/// What the images of a young-or-old lab are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgeSource {
    /// Photographs of CACD; the age is the year of the picture less the year of birth.
    Cacd,
    /// Photographs of UTKFace, matched on gender × code.
    UtkFace,
    /// Drawings, matched on gender × code.
    Drawings,
}

impl AgeSource {
    /// What they are, in French, with an article: « des photos de CACD ».
    pub fn name(self) -> &'static str {
        match self {
            Self::Cacd => "des photos de CACD",
            Self::UtkFace => "des photos de UTKFace",
            Self::Drawings => "des dessins",
        }
    }

    /// Whether the classes are matched on gender × code: from both, nobody can then guess the class.
    pub fn is_matched(self) -> bool {
        self != Self::Cacd
    }
}

/// Faces of 20 to 26 years (class 0) and of 52 to 62 years (class 1), in three parts: no person and no copy of a picture is
/// in two, and each has as many images of both classes.
///
/// | column | type | content |
/// |---|---|---|
/// | `label` | u8 | 0 or 1 |
/// | `age` | i32 | years |
/// | `person` | u32 | who: the same number for the pictures of one person; where nobody is known, each picture has its own |
/// | `gender`, `race` | u8 | as annotated, UTKFace and drawings only |
/// | the others | | `content_hash` of photographs; of drawings, what [`DrawnPeopleConfig::frame`](super::DrawnPeopleConfig::frame) tells |
///
/// No name of a person or of a file is in it.
#[derive(Debug, Clone)]
pub struct AgeClasses {
    /// Images to learn from.
    pub train: Labelled,
    /// Images to choose a model or a setting with.
    pub validation: Labelled,
    /// Images to measure the final model with, once.
    pub test: Labelled,
    /// What they are.
    pub source: AgeSource,
}

impl AgeClasses {
    /// Whether people are known: some have several pictures, of which one says so.
    ///
    /// # Errors
    /// [`Error::Column`] when a part has no column `person`.
    pub fn knows_people(&self) -> Result<bool> {
        for part in [&self.train, &self.validation, &self.test] {
            let mut people = part.classes(PERSON)?;
            people.sort_unstable();
            if people.windows(2).any(|two| two[0] == two[1]) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Number of people who are in a part, and of those among them who are in the training part too: none after
    /// [`Session::age_classes`](crate::notebook::Session::age_classes), nearly all after
    /// [`split_by_image`](Self::split_by_image).
    ///
    /// # Errors
    /// [`Error::Column`] when a part has no column `person`.
    pub fn people_met(&self, part: &Labelled) -> Result<(usize, usize)> {
        let numbers = |part: &Labelled| -> Result<Vec<usize>> {
            let mut people = part.classes(PERSON)?;
            people.sort_unstable();
            people.dedup();
            Ok(people)
        };
        let (trained, people) = (numbers(&self.train)?, numbers(part)?);
        let met = people
            .iter()
            .filter(|person| trained.binary_search(person).is_ok());
        Ok((people.len(), met.count()))
    }

    /// The same images put together and dealt anew, without regard to people: as many of each class in each part as
    /// before. One person's pictures are then on several sides: what a network owes to having met the people of the test
    /// is the difference between both.
    ///
    /// # Errors
    /// [`Error::Frame`] or [`Error::Shape`] when the parts do not have the same columns or sizes, [`Error::Column`] without
    /// the column `label`.
    pub fn split_by_image(&self, seed: u64) -> Result<Self> {
        let parts = [&self.train, &self.validation, &self.test];
        let whole = self.train.concat(&self.validation)?.concat(&self.test)?;
        let mut by_class: HashMap<usize, Vec<usize>> = HashMap::new();
        for (row, class) in whole.classes(LABEL)?.into_iter().enumerate() {
            by_class.entry(class).or_default().push(row);
        }
        let mut classes: Vec<usize> = by_class.keys().copied().collect();
        classes.sort_unstable();
        let mut rng = StdRng::seed_from_u64(seed);
        for class in &classes {
            if let Some(rows) = by_class.get_mut(class) {
                rows.shuffle(&mut rng);
            }
        }
        let mut deal = |part: &Labelled| -> Result<Labelled> {
            let mut rows = Vec::with_capacity(part.len());
            for class in part.classes(LABEL)? {
                // Each part takes as many of each class as it had: there are always enough.
                rows.extend(by_class.get_mut(&class).and_then(Vec::pop));
            }
            rows.sort_unstable();
            whole.select(&rows)
        };
        Ok(Self {
            train: deal(parts[0])?,
            validation: deal(parts[1])?,
            test: deal(parts[2])?,
            source: self.source,
        })
    }

    /// What was loaded; `whence` or why these, right after what they are.
    pub(crate) fn described(&self, whence: &str) -> String {
        let parts = [&self.train, &self.validation, &self.test];
        let people: HashSet<usize> = parts
            .into_iter()
            .flat_map(|part| part.classes(PERSON).unwrap_or_default())
            .collect();
        let who = match self.knows_people() {
            Ok(true) => format!(" de {}", count(people.len(), "personne")),
            _ => String::new(),
        };
        format!(
            "{}{who}{whence} ; {} pour l'entraînement, {} pour la validation et {} pour le test",
            self.source.name(),
            count(self.train.len(), "image"),
            format_number(self.validation.len() as f64, 0),
            format_number(self.test.len() as f64, 0),
        )
    }

    /// The parts of `whole` that these rows name.
    fn parted(whole: &Labelled, rows: &[Vec<usize>; 3], source: AgeSource) -> Result<Self> {
        let [train, validation, test] = rows;
        Ok(Self {
            train: whole.select(train)?,
            validation: whole.select(validation)?,
            test: whole.select(test)?,
            source,
        })
    }
}

/// What was loaded, in one line: « des dessins de 140 personnes ; 400 images pour l'entraînement… ».
impl fmt::Display for AgeClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.described(""))
    }
}

/// Nothing of a source can be used for a part.
fn empty(what: &str, path: &Path, remedy: &str) -> Error {
    Error::FolderEmpty {
        what: what.to_owned(),
        path: path.to_path_buf(),
        remedy: remedy.to_owned(),
    }
}
