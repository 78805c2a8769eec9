//! Biases put into drawn faces on purpose: known, so that what a measure finds can be checked.

/// A bias of the training faces. Two causes are set apart: how rare dark skins (types IV to VI) are, and
/// how much the camera under-exposes them.
///
/// | name | share of dark skins | under-exposure |
/// |---|---|---|
/// | `RareAndUnderexposed` | 3 % | yes |
/// | `Balanced` | 50 % | no |
/// | `UnderexposedOnly` | 50 % | yes |
/// | `RareOnly` | 3 % | no |
///
/// Test faces are always balanced; they are taken by the same camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bias {
    /// Dark skins are rare and under-exposed.
    RareAndUnderexposed,
    /// Neither: the control whose gap should be nil.
    Balanced,
    /// Under-exposed, as frequent as the others: rarity is not to blame.
    UnderexposedOnly,
    /// Rare, well exposed.
    RareOnly,
}

/// Share of dark skins where they are rare.
const RARE: f64 = 0.03;
/// Under-exposure where there is one, from 0 to 1.
const DARK: f64 = 0.5;

impl Bias {
    /// The four.
    pub const ALL: [Bias; 4] = [
        Bias::RareAndUnderexposed,
        Bias::Balanced,
        Bias::UnderexposedOnly,
        Bias::RareOnly,
    ];

    /// Share of dark skins (types IV to VI) among the training faces, from 0 to 1.
    pub fn dark_share(self) -> f64 {
        match self {
            Self::RareAndUnderexposed | Self::RareOnly => RARE,
            Self::Balanced | Self::UnderexposedOnly => 0.5,
        }
    }

    /// How much cameras under-expose dark skins, from 0 (not at all) to 1 (type VI loses 2.6 stops
    /// and half of its contrast; types IV and V 60 % and 85 % of that).
    pub fn underexposure(self) -> f64 {
        match self {
            Self::RareAndUnderexposed | Self::UnderexposedOnly => DARK,
            Self::Balanced | Self::RareOnly => 0.0,
        }
    }

    /// Its name in French: « rare et sous-exposé »…
    pub fn name(self) -> &'static str {
        match self {
            Self::RareAndUnderexposed => "rare et sous-exposé",
            Self::Balanced => "équilibré",
            Self::UnderexposedOnly => "sous-exposition sans rareté",
            Self::RareOnly => "rareté sans sous-exposition",
        }
    }
}

/// Whether number `index` is one of those that make up `share`: exact over any run from 0, up to one.
pub(super) fn falls_in_share(index: usize, share: f64) -> bool {
    let before = (index as f64 * share).floor();
    ((index + 1) as f64 * share).floor() > before
}
