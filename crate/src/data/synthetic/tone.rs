//! Types of skin and presentations: the two things a drawn face is labelled with besides its age.

/// Type of skin on the Fitzpatrick scale, from the lightest to the darkest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

    /// Its place from 0 (I) to 5 (VI).
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its Roman numeral: « I » to « VI ».
    pub fn name(self) -> &'static str {
        ["I", "II", "III", "IV", "V", "VI"][self.index()]
    }

    /// How much of a camera's under-exposure of dark skins it suffers, from 0 to 1.
    pub(super) fn underexposed(self) -> f32 {
        [0.0, 0.0, 0.0, 0.6, 0.85, 1.0][self.index()]
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

impl Presentation {
    /// The two, in the order of their [`code`](Self::code).
    pub const ALL: [Presentation; 2] = [Presentation::Masculine, Presentation::Feminine];

    /// The `gender` field of a UTKFace name: 0 masculine, 1 feminine.
    pub fn code(self) -> u8 {
        match self {
            Self::Masculine => 0,
            Self::Feminine => 1,
        }
    }
}
