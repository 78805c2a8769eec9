//! One picture from its seed: a face of a given group, or an image without a face.

use super::{
    Presentation, SkinTone, background,
    canvas::Canvas,
    decoys,
    dice::Dice,
    face, objects,
    photo::{Light, develop},
    traits::FaceTraits,
};
use crate::error::Result;

/// A face: `SIDE × SIDE` RGB bytes.
pub(super) fn face(tone: SkinTone, presentation: Presentation, dice: &mut Dice) -> Result<Vec<u8>> {
    let mut canvas = Canvas::new()?;
    let light = Light::draw(dice);
    background::paint(&mut canvas, dice);
    let traits = FaceTraits::draw(tone, presentation, dice);
    face::paint(&mut canvas, &traits, light, dice);
    Ok(develop(canvas, light, dice))
}

/// An image without a face: one in four a texture or a scene, one in three an object, the rest
/// images that have something of a face. `tone` and `presentation` are those of the person that
/// some of them show from behind or in pieces.
pub(super) fn non_face(
    tone: SkinTone,
    presentation: Presentation,
    dice: &mut Dice,
) -> Result<Vec<u8>> {
    let kind = dice.unit();
    if kind < 0.1 {
        let whole = face(tone, presentation, dice)?;
        return Ok(decoys::scrambled(&whole, dice));
    }
    let mut canvas = Canvas::new()?;
    let light = Light::draw(dice);
    background::paint(&mut canvas, dice);
    if kind < 0.18 {
        let traits = FaceTraits::draw(tone, presentation, dice);
        decoys::from_behind(&mut canvas, &traits, light, dice);
    } else if kind < 0.24 {
        decoys::clock(&mut canvas, light, dice);
    } else if kind < 0.31 {
        decoys::disc(&mut canvas, light, dice);
    } else if kind < 0.38 {
        decoys::blots(&mut canvas, light, dice);
    } else if kind < 0.44 {
        decoys::appliance(&mut canvas, light, dice);
    } else if kind < 0.56 {
        objects::texture(&mut canvas, dice);
    } else if kind < 0.7 {
        objects::scene(&mut canvas, dice);
    } else {
        objects::object(&mut canvas, light, dice);
    }
    Ok(develop(canvas, light, dice))
}
