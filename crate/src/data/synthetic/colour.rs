//! Colours as three floats, and the palettes of skin, hair and cloth.

use super::{SkinTone, dice::Dice};

/// Red, green and blue, each in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colour(pub(super) [f32; 3]);

pub(super) const WHITE: Colour = Colour([1.0; 3]);
pub(super) const BLACK: Colour = Colour([0.0; 3]);

impl Colour {
    const fn bytes(r: u8, g: u8, b: u8) -> Self {
        Self([r as f32 / 255.0, g as f32 / 255.0, b as f32 / 255.0])
    }

    /// `self` at `t = 0`, `other` at `t = 1`.
    pub(super) fn mix(self, other: Colour, t: f32) -> Self {
        let mut mixed = self.0;
        for (value, end) in mixed.iter_mut().zip(other.0) {
            *value += t * (end - *value);
        }
        Self(mixed)
    }

    /// Darker (`factor` < 1) or brighter.
    pub(super) fn scaled(self, factor: f32) -> Self {
        Self(self.0.map(|value| (value * factor).clamp(0.0, 1.0)))
    }

    /// Make-up of this colour as a skin shows it: never brighter than the skin allows, which would be a
    /// caricature on a dark one.
    pub(super) fn worn_on(self, skin: Colour) -> Self {
        self.scaled(0.35 + 0.8 * skin.0[0])
    }

    /// Each channel moved by at most about `2 · sd`, the three mostly together.
    pub(super) fn jittered(self, sd: f32, dice: &mut Dice) -> Self {
        let common = dice.normal(0.0, sd);
        Self(
            self.0
                .map(|value| (value + common + dice.normal(0.0, 0.3 * sd)).clamp(0.02, 1.0)),
        )
    }
}

/// Linear light of a colour (gamma 2, near enough to sRGB and cheap).
pub(super) fn linear(colour: Colour) -> [f32; 3] {
    colour.0.map(|value| value * value)
}

/// A linear value as shown on a screen, in `[0, 1]`: bright parts are compressed, not cut.
pub(super) fn display(light: f32) -> f32 {
    let bounded = if light > 0.7 {
        // From 0.7 up, towards 1 without reaching it.
        1.0 - 0.09 / (light - 0.4)
    } else {
        light
    };
    bounded.max(0.0).sqrt()
}

/// Any colour, from vivid to grey.
pub(super) fn any(dice: &mut Dice) -> Colour {
    let vivid = Colour([dice.unit(), dice.unit(), dice.unit()]);
    let grey = Colour([dice.unit(); 3]);
    vivid.mix(grey, dice.unit())
}

/// The middle of each Fitzpatrick type, from I to VI.
const SKIN: [Colour; 6] = [
    Colour::bytes(236, 202, 180),
    Colour::bytes(228, 184, 152),
    Colour::bytes(212, 162, 126),
    Colour::bytes(178, 121, 83),
    Colour::bytes(132, 82, 53),
    Colour::bytes(88, 55, 41),
];

/// A skin of the given type; neighbouring types overlap.
pub(super) fn skin(tone: SkinTone, dice: &mut Dice) -> Colour {
    SKIN[tone.index()].jittered(0.025, dice)
}

/// A colour between skin and things that resemble it: wood, clay, sand, leather.
pub(super) fn skin_like(dice: &mut Dice) -> Colour {
    let tone = *dice.pick(&SkinTone::ALL);
    skin(tone, dice).jittered(0.05, dice)
}

/// Natural hair: black, dark brown, brown, light brown, blond, red.
const HAIR: [Colour; 6] = [
    Colour::bytes(22, 18, 17),
    Colour::bytes(45, 30, 22),
    Colour::bytes(84, 55, 34),
    Colour::bytes(132, 92, 56),
    Colour::bytes(205, 166, 106),
    Colour::bytes(150, 72, 36),
];
pub(super) const GREY_HAIR: Colour = Colour::bytes(196, 192, 188);

/// Natural hair, or dyed. Light colours come with light skins only; dark ones with every skin.
pub(super) fn hair(tone: SkinTone, dice: &mut Dice) -> Colour {
    let choices = match tone {
        SkinTone::I | SkinTone::II => 6,
        SkinTone::III => 4,
        SkinTone::IV => 3,
        SkinTone::V | SkinTone::VI => 2,
    };
    // A few people dye their hair, whatever their skin.
    let natural = if dice.chance(0.03) {
        any(dice).scaled(0.8)
    } else {
        *dice.pick(&HAIR[..choices])
    };
    natural.jittered(0.02, dice)
}

/// Irises: brown for all; blue, green and grey for some light skins.
pub(super) fn iris(tone: SkinTone, dice: &mut Dice) -> Colour {
    const LIGHT: [Colour; 3] = [
        Colour::bytes(88, 128, 168),
        Colour::bytes(96, 130, 92),
        Colour::bytes(130, 140, 146),
    ];
    if !tone.is_dark() && dice.chance(0.4) {
        *dice.pick(&LIGHT)
    } else {
        Colour::bytes(62, 38, 24).jittered(0.04, dice)
    }
}
