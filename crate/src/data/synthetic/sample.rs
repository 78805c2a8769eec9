//! Who is drawn: factors drawn at random with distributions that overlap.
//!
//! Only skin, iris and hair depend on the tone, and the camera where a bias says so. Everything else
//! has one distribution for all.

use super::{
    Presentation, SkinTone,
    dice::Dice,
    factors::{Background, Beard, Cut, FaceFactors, Glasses, HairTexture, Headwear, Shot},
};
use crate::error::{Error, Result};

/// What is known of a person before the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sitter {
    pub(super) tone: SkinTone,
    pub(super) presentation: Presentation,
    /// Years.
    pub(super) age: f32,
}

/// How pictures are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taking {
    /// From 0 (a studio) to 1 (a phone in the dark).
    pub(super) difficulty: f32,
    /// How much a camera under-exposes dark skins, from 0 to 1.
    pub(super) underexposure: f32,
}

impl Taking {
    /// # Errors
    /// [`Error::Argument`] for a number outside [0, 1].
    pub(super) fn new(difficulty: f64, underexposure: f64) -> Result<Self> {
        for (name, value) in [("difficulty", difficulty), ("underexposure", underexposure)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::argument(name, value, "un nombre de 0 à 1"));
            }
        }
        Ok(Self {
            difficulty: difficulty as f32,
            underexposure: underexposure as f32,
        })
    }
}

/// Stops of light that the darkest skin loses when [`Taking::underexposure`] is 1.
const LOST_STOPS: f32 = 2.6;
/// Share of the contrast that it loses.
const LOST_CONTRAST: f32 = 0.5;

impl FaceFactors {
    /// A person, as one camera sees them.
    pub(super) fn draw(sitter: Sitter, taking: Taking, dice: &mut Dice) -> Self {
        let Sitter {
            tone,
            presentation,
            age,
        } = sitter;
        let side = match presentation {
            Presentation::Feminine => 1.0,
            Presentation::Masculine => -1.0,
        };
        // Children's faces hardly differ.
        let grown = ((age - 3.0) / 14.0).clamp(0.15, 1.0);
        let femininity = side * grown + dice.normal(0.0, 0.9);
        let adult = age >= 16.0;
        let masculine = presentation == Presentation::Masculine;
        let hair = draw_texture(tone, dice);
        let receding = if masculine && age > 22.0 {
            (dice.normal(0.0, 0.35) + (age - 30.0) / 70.0).clamp(0.0, 1.0)
        } else {
            (dice.normal(-0.3, 0.2) + (age - 50.0).max(0.0) / 120.0).clamp(0.0, 0.4)
        };
        let cut = draw_cut(
            femininity + dice.normal(0.0, 0.7),
            hair,
            age,
            receding,
            dice,
        );
        let grey = (dice.normal(0.0, 0.2) + (age - 34.0) / 34.0).clamp(0.0, 1.0);
        let makeup = if age > 14.0 && femininity > 0.2 && dice.chance(0.5) {
            dice.range(0.2, 1.0)
        } else {
            0.0
        };
        let difficulty = taking.difficulty;
        let spread = 0.5 + difficulty;
        let mut shot = Shot::draw(difficulty, dice);
        shot.underexpose(taking.underexposure * tone.underexposed());
        let open = dice.chance(0.36);
        Self {
            tone,
            presentation,
            age,
            femininity,
            yaw: dice.normal(0.0, 14.0 * spread).clamp(-40.0, 40.0),
            pitch: dice.normal(0.0, 5.5 * spread).clamp(-20.0, 20.0),
            roll: dice.normal(0.0, 5.0 * spread),
            smile: dice.normal(0.25, 0.45).clamp(-1.0, 1.0),
            mouth_open: if open { dice.range(0.12, 0.9) } else { 0.0 },
            eyes_open: if dice.chance(0.03) {
                0.05
            } else {
                dice.normal(1.0, 0.13)
            },
            brow_raise: dice.normal(0.05, 0.42).clamp(-1.0, 1.0),
            makeup,
            freckles: if !tone.is_dark() && dice.chance(0.14) {
                dice.range(0.3, 1.0)
            } else {
                0.0
            },
            grey,
            receding,
            hair,
            cut,
            beard: if adult && masculine {
                draw_beard(dice)
            } else {
                Beard::None
            },
            headwear: if dice.chance(0.05 + 0.13 * difficulty) {
                *dice.pick(&[
                    Headwear::Cap,
                    Headwear::Beanie,
                    Headwear::Brim,
                    Headwear::Scarf,
                ])
            } else {
                Headwear::None
            },
            glasses: draw_glasses(age, difficulty, dice),
            shot,
            size: dice.normal(0.365, 0.022 * spread) * if age < 6.0 { 0.97 } else { 1.0 },
            offset: (
                dice.normal(0.0, 0.022 * spread),
                dice.normal(0.035, 0.018 * spread),
            ),
            seed: dice.seed(),
        }
    }
}

impl Shot {
    /// A camera that takes `lost` (from 0 to 1) of what the darkest skin can lose.
    pub(super) fn underexpose(&mut self, lost: f32) {
        self.exposure -= LOST_STOPS * lost;
        self.contrast *= 1.0 - LOST_CONTRAST * lost;
    }

    /// A light, a background and a camera.
    pub(super) fn draw(difficulty: f32, dice: &mut Dice) -> Self {
        let spread = 0.4 + 1.2 * difficulty;
        Self {
            background: *dice.pick(&[
                Background::Plain,
                Background::Plain,
                Background::Spots,
                Background::Stripes,
                Background::Panels,
                Background::Leaves,
                Background::Outdoors,
            ]),
            light_side: dice
                .normal(0.0, 32.0 * (0.6 + 0.8 * difficulty))
                .clamp(-85.0, 85.0),
            light_height: dice.normal(32.0, 15.0).clamp(-20.0, 70.0),
            light_hardness: (dice.range(0.1, 0.75) + dice.normal(0.0, 0.15 * spread))
                .clamp(0.0, 1.0),
            exposure: dice.normal(-0.15, 0.34 * spread),
            contrast: dice.normal(1.0, 0.09 * spread).clamp(0.5, 1.4),
            warmth: dice.normal(0.0, 0.45).clamp(-1.0, 1.0),
            grey: dice.chance(0.05),
            blur: if dice.chance(0.05 + 0.4 * difficulty) {
                dice.range(0.003, 0.005 + 0.012 * difficulty)
            } else {
                0.0
            },
            grain: dice.range(0.003, 0.01 + 0.03 * difficulty),
            jpeg: dice.range(92.0 - 40.0 * difficulty, 97.0) as u8,
        }
    }
}

/// The only trait besides colours that depends on the tone; every tone has every texture.
fn draw_texture(tone: SkinTone, dice: &mut Dice) -> HairTexture {
    // Straight, wavy, curly; coily is what remains.
    let shares = match tone {
        SkinTone::I | SkinTone::II => [0.47, 0.34, 0.14],
        SkinTone::III => [0.45, 0.31, 0.16],
        SkinTone::IV => [0.40, 0.26, 0.18],
        SkinTone::V => [0.27, 0.19, 0.22],
        SkinTone::VI => [0.12, 0.13, 0.25],
    };
    let at = dice.unit();
    if at < shares[0] {
        HairTexture::Straight
    } else if at < shares[0] + shares[1] {
        HairTexture::Wavy
    } else if at < shares[0] + shares[1] + shares[2] {
        HairTexture::Curly
    } else {
        HairTexture::Coily
    }
}

fn draw_cut(cue: f32, texture: HairTexture, age: f32, receding: f32, dice: &mut Dice) -> Cut {
    if age < 2.5 {
        return *dice.pick(&[Cut::Bald, Cut::Shaved, Cut::Shaved, Cut::Short, Cut::Short]);
    }
    if receding > 0.6 && dice.chance(0.75) {
        return *dice.pick(&[Cut::Bald, Cut::Shaved, Cut::Short]);
    }
    let thick = matches!(texture, HairTexture::Curly | HairTexture::Coily);
    match (cue > 0.0, thick) {
        (true, true) => *dice.pick(&[
            Cut::Volume,
            Cut::Volume,
            Cut::Long,
            Cut::Chin,
            Cut::Bun,
            Cut::Short,
        ]),
        (true, false) => *dice.pick(&[
            Cut::Long,
            Cut::Long,
            Cut::Long,
            Cut::Chin,
            Cut::Chin,
            Cut::Bun,
            Cut::Short,
        ]),
        (false, true) => *dice.pick(&[
            Cut::Short,
            Cut::Short,
            Cut::Short,
            Cut::Shaved,
            Cut::Volume,
            Cut::Volume,
            Cut::Bald,
        ]),
        (false, false) => *dice.pick(&[
            Cut::Short,
            Cut::Short,
            Cut::Short,
            Cut::Short,
            Cut::Shaved,
            Cut::Volume,
            Cut::Chin,
            Cut::Bald,
        ]),
    }
}

fn draw_beard(dice: &mut Dice) -> Beard {
    *dice.pick(&[
        Beard::None,
        Beard::None,
        Beard::None,
        Beard::None,
        Beard::Stubble,
        Beard::Stubble,
        Beard::Moustache,
        Beard::Goatee,
        Beard::Full,
        Beard::Full,
    ])
}

fn draw_glasses(age: f32, difficulty: f32, dice: &mut Dice) -> Glasses {
    let share = if age < 5.0 {
        0.02
    } else {
        0.12 + 0.12 * (age / 60.0).min(1.2)
    };
    if dice.chance(0.01 + 0.06 * difficulty) {
        Glasses::Dark
    } else if dice.chance(share) {
        *dice.pick(&[Glasses::Round, Glasses::Square])
    } else {
        Glasses::None
    }
}
