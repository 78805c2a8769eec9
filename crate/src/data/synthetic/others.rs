//! The known causes of an image without a face.

use super::{
    dice::Dice,
    factors::{Cut, FaceFactors, Headwear},
    sample::{Sitter, Taking},
};

/// What an image without a face shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NonFaceKind {
    /// A texture that fills the picture.
    Texture,
    /// One thing: a mug, a car, a ball…
    Object,
    /// A landscape, a street.
    Scene,
    /// A clock.
    Clock,
    /// A button, a plate, a socket.
    Disc,
    /// An oval of skin colour with blots in disorder.
    Blots,
    /// Knobs and a slot.
    Appliance,
    /// A carnival mask.
    Mask,
    /// Someone seen from behind.
    Behind,
    /// A face cut into tiles in disorder.
    Scrambled,
}

impl NonFaceKind {
    /// Every kind, with its share in percent of the images without a face.
    pub const SHARES: [(NonFaceKind, u32); 10] = [
        (Self::Texture, 12),
        (Self::Object, 28),
        (Self::Scene, 14),
        (Self::Clock, 6),
        (Self::Disc, 6),
        (Self::Blots, 6),
        (Self::Appliance, 6),
        (Self::Mask, 6),
        (Self::Behind, 7),
        (Self::Scrambled, 9),
    ];

    /// Whether a person's skin or hair is in the picture: from behind, or in pieces.
    pub fn shows_a_person(self) -> bool {
        matches!(self, Self::Behind | Self::Scrambled)
    }

    /// Its name in French, as frames have it: « texture », « horloge »…
    pub fn name(self) -> &'static str {
        match self {
            Self::Texture => "texture",
            Self::Object => "objet",
            Self::Scene => "scène",
            Self::Clock => "horloge",
            Self::Disc => "disque",
            Self::Blots => "taches",
            Self::Appliance => "appareil",
            Self::Mask => "masque",
            Self::Behind => "de dos",
            Self::Scrambled => "visage en morceaux",
        }
    }
}

/// Everything that decides of the picture of an image without a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonFaceFactors {
    /// What it shows.
    pub kind: NonFaceKind,
    /// Light, background and camera, drawn as for a face; the person themselves are shown only
    /// from behind or in pieces.
    pub person: FaceFactors,
}

impl NonFaceFactors {
    pub(super) fn draw(sitter: Sitter, taking: Taking, dice: &mut Dice) -> Self {
        let mut at = dice.count(0, 99) as u32;
        let mut kind = NonFaceKind::Object;
        for (candidate, share) in NonFaceKind::SHARES {
            if at < share {
                kind = candidate;
                break;
            }
            at -= share;
        }
        let mut person = FaceFactors::draw(sitter, taking, dice);
        if kind == NonFaceKind::Behind {
            // A bald head from behind could be anything round.
            person.headwear = Headwear::None;
            if person.cut == Cut::Bald {
                person.cut = Cut::Shaved;
            }
        }
        Self { kind, person }
    }
}
