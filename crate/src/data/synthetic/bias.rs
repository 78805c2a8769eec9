//! Biases put into drawn faces on purpose: known, so that what a measure finds can be checked.

/// A bias of the training faces. Two causes are set apart: how rare dark skins (types IV to VI) are, and
/// how much the camera under-exposes them.
///
/// | name | share of dark skins | under-exposure |
/// |---|---|---|
/// | `RareEtSombre` | 3 % | yes |
/// | `Equilibre` | 50 % | no |
/// | `ContrasteSansRarete` | 50 % | yes |
/// | `RareteSansContraste` | 3 % | no |
///
/// Test faces are always balanced; they are taken by the same camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Biais {
    /// Dark skins are rare and under-exposed.
    RareEtSombre,
    /// Neither: the control whose gap should be nil.
    Equilibre,
    /// Under-exposed, as frequent as the others: rarity is not to blame.
    ContrasteSansRarete,
    /// Rare, well exposed.
    RareteSansContraste,
}

/// Share of dark skins where they are rare.
const RARE: f64 = 0.03;
/// Under-exposure where there is one, from 0 to 1.
const DARK: f64 = 0.5;

impl Biais {
    /// The four.
    pub const ALL: [Biais; 4] = [
        Biais::RareEtSombre,
        Biais::Equilibre,
        Biais::ContrasteSansRarete,
        Biais::RareteSansContraste,
    ];

    /// Share of dark skins (types IV to VI) among the training faces, from 0 to 1.
    pub fn dark_share(self) -> f64 {
        match self {
            Self::RareEtSombre | Self::RareteSansContraste => RARE,
            Self::Equilibre | Self::ContrasteSansRarete => 0.5,
        }
    }

    /// How much cameras under-expose dark skins, from 0 (not at all) to 1 (type VI loses 2.6 stops
    /// and half of its contrast; types IV and V 60 % and 85 % of that).
    pub fn underexposure(self) -> f64 {
        match self {
            Self::RareEtSombre | Self::ContrasteSansRarete => DARK,
            Self::Equilibre | Self::RareteSansContraste => 0.0,
        }
    }

    /// Its name in French: « rare et sombre »…
    pub fn name(self) -> &'static str {
        match self {
            Self::RareEtSombre => "rare et sombre",
            Self::Equilibre => "équilibré",
            Self::ContrasteSansRarete => "contraste sans rareté",
            Self::RareteSansContraste => "rareté sans contraste",
        }
    }
}

/// Whether number `index` is one of those that make up `share`: exact over any run from 0, up to one.
pub(super) fn falls_in_share(index: usize, share: f64) -> bool {
    let before = (index as f64 * share).floor();
    ((index + 1) as f64 * share).floor() > before
}
