//! Who is drawn: the factors of a face, drawn at random with overlapping distributions.
//!
//! Only skin, iris and hair depend on the tone. Everything else (age, expression, pose, glasses,
//! hats, light, background) has one distribution for all.

use super::{
    Presentation, SkinTone,
    colour::{self, Colour},
    dice::Dice,
};

/// How hair grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texture {
    Straight,
    Wavy,
    Coily,
}

/// How hair is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Bald,
    Shaved,
    Short,
    Volume,
    Chin,
    Long,
    Bun,
}

/// What covers the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Headwear {
    None,
    Cap,
    Beanie,
    Brim,
    Scarf,
}

/// What is in front of the eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glasses {
    None,
    Round,
    Square,
    Dark,
}

/// Hair on the lower face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beard {
    None,
    Stubble,
    Moustache,
    Full,
}

/// The eyes' and mouth's state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expression {
    /// Corners of the mouth, up when positive.
    pub(super) smile: f32,
    /// Opening of the mouth, 0 when closed.
    pub(super) mouth: f32,
    /// Opening of the eyes, from 0 (closed) to about 1.3.
    pub(super) eyes: f32,
    /// Brows, raised when positive.
    pub(super) brows: f32,
}

/// Where the head is and how it is turned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    /// Centre of the head, in pixels of the fine surface.
    pub(super) centre: (f32, f32),
    /// Half-height of the head, in pixels of the fine surface.
    pub(super) size: f32,
    /// In the plane of the picture, in degrees.
    pub(super) tilt: f32,
    /// Turned to a side, from -1 to 1 (three-quarter view).
    pub(super) yaw: f32,
    /// Turned down when positive, from -1 to 1.
    pub(super) pitch: f32,
}

/// All that is drawn of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct FaceTraits {
    pub(super) skin: Colour,
    pub(super) hair: Colour,
    pub(super) iris: Colour,
    pub(super) lips: Colour,
    pub(super) cloth: Colour,
    pub(super) texture: Texture,
    pub(super) cut: Cut,
    pub(super) headwear: Headwear,
    pub(super) glasses: Glasses,
    pub(super) beard: Beard,
    pub(super) expression: Expression,
    pub(super) pose: Pose,
    /// From 0 (young adult) to 1 (85 years).
    pub(super) age: f32,
    /// Width of the head for its height, of the jaw, of the chin.
    pub(super) head: [f32; 3],
    /// Thickness of the brows, size of the eyes, width of the nose, of the mouth, of the lips.
    pub(super) brow: f32,
    pub(super) eye: f32,
    pub(super) nose: f32,
    pub(super) mouth: f32,
    pub(super) lip: f32,
    /// Height of the hairline: higher (more negative) when the forehead is bare.
    pub(super) hairline: f32,
}

impl FaceTraits {
    /// A person of the given tone and presentation.
    pub(super) fn draw(tone: SkinTone, presentation: Presentation, dice: &mut Dice) -> Self {
        // A latent cue of presentation, with so wide a spread that the two overlap: no single
        // feature settles it, and some faces read as the other.
        let side = match presentation {
            Presentation::Feminine => 1.0,
            Presentation::Masculine => -1.0,
        };
        let mut cue = |spread: f32| side + dice.normal(0.0, spread);
        let [jaw_cue, brow_cue, lip_cue, cut_cue] = [0.9, 0.9, 1.0, 0.9].map(&mut cue);

        let age = dice.unit().powf(1.3);
        let grey = ((age - 0.4) * 2.0 + dice.normal(0.0, 0.2)).clamp(0.0, 1.0);
        let skin = colour::skin(tone, dice);
        let texture = draw_texture(tone, dice);
        let masculine = presentation == Presentation::Masculine;
        let cut = draw_cut(
            cut_cue,
            texture,
            masculine && dice.chance(0.1 + 0.3 * age),
            dice,
        );
        let beard = if masculine {
            *dice.pick(&[
                Beard::None,
                Beard::None,
                Beard::None,
                Beard::Stubble,
                Beard::Stubble,
                Beard::Moustache,
                Beard::Full,
            ])
        } else {
            Beard::None
        };
        let redness = colour::any(dice);
        let made_up = lip_cue > 0.9 && dice.chance(0.5);
        let natural_lips = skin.mix(Colour([0.62, 0.22, 0.22]), 0.32).scaled(0.9);
        Self {
            skin,
            hair: colour::hair(tone, grey, dice),
            iris: colour::iris(tone, dice),
            // Make-up keeps the contrast that lips have with the skin: bright red on a dark face in
            // poor light would be a caricature.
            lips: if made_up {
                let red = Colour([0.66, 0.1 + 0.1 * redness.0[1], 0.2 + 0.15 * redness.0[2]]);
                skin.mix(red, 0.5).scaled(0.9)
            } else {
                natural_lips
            },
            cloth: colour::any(dice),
            texture,
            cut,
            headwear: *dice.pick(
                &[
                    [Headwear::None; 12].as_slice(),
                    &[
                        Headwear::Cap,
                        Headwear::Beanie,
                        Headwear::Brim,
                        Headwear::Scarf,
                    ],
                ]
                .concat(),
            ),
            glasses: *dice.pick(
                &[
                    [Glasses::None; 11].as_slice(),
                    &[
                        Glasses::Round,
                        Glasses::Square,
                        Glasses::Square,
                        Glasses::Dark,
                    ],
                ]
                .concat(),
            ),
            beard,
            expression: draw_expression(dice),
            pose: draw_pose(dice),
            age,
            head: [
                dice.normal(0.75, 0.04),
                0.60 - 0.05 * jaw_cue + dice.normal(0.0, 0.03),
                0.27 - 0.04 * jaw_cue + dice.normal(0.0, 0.02),
            ],
            brow: (0.075 - 0.02 * brow_cue + dice.normal(0.0, 0.01)).max(0.025),
            eye: dice.normal(0.165, 0.015),
            nose: dice.normal(0.12, 0.02),
            mouth: dice.normal(0.27, 0.03),
            lip: (0.055 + 0.008 * lip_cue + dice.normal(0.0, 0.01)).max(0.02),
            hairline: dice.normal(-0.62, 0.07),
        }
    }
}

/// The only trait besides colours that depends on the tone.
fn draw_texture(tone: SkinTone, dice: &mut Dice) -> Texture {
    let coily = match tone {
        SkinTone::I | SkinTone::II => 0.08,
        SkinTone::III => 0.15,
        SkinTone::IV => 0.3,
        SkinTone::V => 0.6,
        SkinTone::VI => 0.75,
    };
    if dice.chance(coily) {
        Texture::Coily
    } else if dice.chance(0.4) {
        Texture::Wavy
    } else {
        Texture::Straight
    }
}

fn draw_cut(cue: f32, texture: Texture, balding: bool, dice: &mut Dice) -> Cut {
    if balding {
        return *dice.pick(&[Cut::Bald, Cut::Shaved]);
    }
    match (cue > 0.0, texture) {
        (true, Texture::Coily) => *dice.pick(&[Cut::Volume, Cut::Volume, Cut::Long, Cut::Bun]),
        (true, _) => *dice.pick(&[Cut::Long, Cut::Long, Cut::Chin, Cut::Bun, Cut::Volume]),
        (false, Texture::Coily) => *dice.pick(&[Cut::Short, Cut::Shaved, Cut::Volume]),
        (false, _) => *dice.pick(&[Cut::Short, Cut::Short, Cut::Short, Cut::Shaved, Cut::Volume]),
    }
}

fn draw_expression(dice: &mut Dice) -> Expression {
    let closed = dice.chance(0.05);
    Expression {
        smile: dice.normal(0.035, 0.05),
        mouth: if dice.chance(0.35) {
            dice.range(0.03, 0.17)
        } else {
            0.0
        },
        eyes: if closed { 0.0 } else { dice.range(0.55, 1.25) },
        brows: dice.normal(0.0, 0.03),
    }
}

fn draw_pose(dice: &mut Dice) -> Pose {
    Pose {
        centre: (dice.normal(64.0, 5.0), dice.normal(66.0, 4.5)),
        size: dice.normal(46.0, 5.0),
        tilt: dice.normal(0.0, 8.0),
        yaw: dice.normal(0.0, 0.42).clamp(-1.0, 1.0),
        pitch: dice.normal(0.0, 0.4),
    }
}
