//! From factors to pixels. A head is a surface in space, lit and shaded; what is painted on it and what lies behind is
//! drawn flat with tiny-skia; a camera ends the picture.

mod background;
mod canvas;
mod decoys;
mod eyes;
mod glasses;
mod hair;
mod head;
mod mesh;
mod mouth;
mod objects;
mod people;
mod photo;
mod raster;
mod skin;
mod space;
mod wear;

use self::canvas::Canvas;
use super::{
    dice::Dice,
    factors::FaceFactors,
    others::{NonFaceFactors, NonFaceKind},
};
use crate::error::Result;

/// A face: `side × side` RGB bytes, those that [`face_file`] decodes to.
pub(super) fn face(factors: &FaceFactors, side: usize) -> Result<Vec<u8>> {
    photo::decoded(&face_file(factors, side)?)
}

/// A face as a JPEG file of `side × side` pixels.
pub(super) fn face_file(factors: &FaceFactors, side: usize) -> Result<Vec<u8>> {
    developed(factors, None, side)
}

/// The face on another day, `side × side` RGB bytes: clothes, background and grain follow from the seed of the `scene`
/// instead of the person's, so that nothing but the person is the same in two pictures.
pub(super) fn face_in(factors: &FaceFactors, scene: u64, side: usize) -> Result<Vec<u8>> {
    photo::decoded(&developed(factors, Some(scene), side)?)
}

fn developed(factors: &FaceFactors, scene: Option<u64>, side: usize) -> Result<Vec<u8>> {
    let mut dice = Dice::new(scene.unwrap_or(factors.seed), 8, 0);
    let mut canvas = Canvas::new(2 * side)?;
    background::paint(&mut canvas, factors.shot.background, &mut dice);
    canvas.reset();
    people::paint_dressed(&mut canvas, factors, scene, 2 * side, false)?;
    photo::develop(&canvas, side, &factors.shot, &mut dice)
}

/// An image without a face: `side × side` RGB bytes.
pub(super) fn non_face(factors: &NonFaceFactors, side: usize) -> Result<Vec<u8>> {
    let person = &factors.person;
    let shot = &person.shot;
    let light = shot.light();
    let mut dice = Dice::new(person.seed, 9, 0);
    let mut canvas = Canvas::new(2 * side)?;
    background::paint(&mut canvas, shot.background, &mut dice);
    match factors.kind {
        NonFaceKind::Texture => objects::texture(&mut canvas, &mut dice),
        NonFaceKind::Object => objects::object(&mut canvas, light, &mut dice),
        NonFaceKind::Scene => objects::scene(&mut canvas, &mut dice),
        NonFaceKind::Clock => decoys::clock(&mut canvas, light, &mut dice),
        NonFaceKind::Disc => decoys::disc(&mut canvas, light, &mut dice),
        NonFaceKind::Blots => decoys::blots(&mut canvas, light, &mut dice),
        NonFaceKind::Appliance => decoys::appliance(&mut canvas, light, &mut dice),
        NonFaceKind::Mask => decoys::mask(&mut canvas, light, &mut dice),
        NonFaceKind::Behind => {
            canvas.reset();
            people::paint(&mut canvas, person, 2 * side, true)?;
        }
        NonFaceKind::Scrambled => {
            canvas.reset();
            people::paint(&mut canvas, person, 2 * side, false)?;
            decoys::scramble(&mut canvas, &mut dice);
        }
    }
    photo::decoded(&photo::develop(&canvas, side, shot, &mut dice)?)
}
