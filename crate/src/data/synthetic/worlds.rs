//! Worlds of drawn faces in which one version of a face is rare: what is rare, and how rare. [`WorldConfig`](super::WorldConfig)
//! draws them.

use super::{
    SkinTone,
    factors::{Background, FaceFactors, Glasses, Headwear},
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
pub(super) const FACING: f32 = 12.0;
/// Turns of a rare one, in degrees.
const TURNED: [f32; 2] = [28.0, 40.0];
/// Largest turn of a drawn head.
const LARGEST_YAW: f32 = 40.0;
/// Stops of light that the rare version loses.
const STOPS: f32 = 2.0;
/// How much cameras under-expose in [`RareFactor::UnderexposedTone`], that of the lab's first drawings.
pub(super) const UNDEREXPOSURE: f32 = 0.5;

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

    /// The factor of a [`name`](Self::name), if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.name() == name)
    }

    /// What follows « Femmes » or « Hommes » in the name of a group of test faces.
    pub(super) fn of_group(self, rare: bool) -> &'static str {
        let [common, uncommon] = match self {
            Self::Tone => [" à peau claire", " à peau foncée"],
            Self::UnderexposedTone => [" à peau claire", " à peau foncée, sous-exposée"],
            Self::Pose => [", de face", ", tête tournée"],
            Self::Headwear => [", tête nue", ", tête couverte"],
            Self::Sunglasses => [", yeux visibles", ", lunettes de soleil"],
            Self::Exposure => [", lumière habituelle", ", peu de lumière"],
            Self::Background => [", fond uni", ", feuillage"],
        };
        if rare { uncommon } else { common }
    }

    /// Whether the versions are two kinds of skin.
    pub(super) fn is_of_skin(self) -> bool {
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
    /// That of the drawings of the debiasing lab: world A of the study (`notebooks/resultats/biais_mondes.md`).
    pub const LAB: Self = Self::new(RareFactor::Tone, 0.03);

    /// One world.
    pub const fn new(factor: RareFactor, rare_share: f64) -> Self {
        Self { factor, rare_share }
    }

    /// The same factor, both versions as frequent: nothing is rare.
    #[must_use]
    pub const fn balanced(self) -> Self {
        Self::new(self.factor, 0.5)
    }

    /// The fourteen of the study: six factors at 3 % and at 10 %, the under-exposed skins at 3 %, both skins as frequent.
    pub fn all() -> Vec<Self> {
        let six = RareFactor::ALL
            .into_iter()
            .filter(|factor| *factor != RareFactor::UnderexposedTone);
        let mut found: Vec<Self> = six
            .flat_map(|factor| [0.03, 0.10].map(|share| Self::new(factor, share)))
            .collect();
        found.push(Self::new(RareFactor::UnderexposedTone, 0.03));
        found.push(Self::new(RareFactor::Tone, 0.5));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_worlds_and_none_twice() {
        let worlds = World::all();
        assert_eq!(worlds.len(), 14);
        for (place, world) in worlds.iter().enumerate() {
            assert!(!worlds[place + 1..].contains(world), "{world}");
        }
        assert_eq!(worlds[0].to_string(), "teint, 3 %");
    }
}
