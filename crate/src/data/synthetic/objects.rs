//! Drawn things that are no faces: pictures of another kind for a network that has seen faces alone.

use super::{
    Presentation, SkinTone,
    dice::Dice,
    faces::{Progress, check_side, stored},
    labels::FaceLabel,
    others::{NonFaceFactors, NonFaceKind},
    render,
    sample::Taking,
};
use crate::{
    data::ImageStore,
    error::{Error, Result},
};

/// Stream of random numbers of these pictures, apart from those of the other sets.
const STREAM: u64 = 7;
/// How hard the pictures are: that of the faces of the labs.
const DIFFICULTY: f64 = 0.5;
/// Things, without textures, landscapes, people, or what looks like a face from afar.
const KINDS: [NonFaceKind; 4] = [
    NonFaceKind::Object,
    NonFaceKind::Clock,
    NonFaceKind::Disc,
    NonFaceKind::Appliance,
];

/// `count` pictures of `side` × `side` pixels, each of one thing (a mug, a clock, a plate…), with the backgrounds, light and
/// camera of the drawn faces. The same seed gives the same pixels.
///
/// # Errors
/// [`Error::Argument`] for no picture or a side outside 32..=256; [`Error::Stopped`] when the reader interrupts.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let objects = drawn_objects(5, 64, 42)?;
/// assert_eq!((objects.len(), objects.width()), (5, 64));
/// # Ok::<(), Error>(())
/// ```
pub fn drawn_objects(count: usize, side: usize, seed: u64) -> Result<ImageStore> {
    if count == 0 {
        return Err(Error::argument("count", count, "au moins une image"));
    }
    check_side(side)?;
    let taking = Taking::new(DIFFICULTY, 0.0)?;
    let thing = |index: usize| {
        let mut dice = Dice::new(seed, STREAM, index as u64);
        let tone = *dice.pick(&SkinTone::ALL);
        let presentation = *dice.pick(&Presentation::ALL);
        let sitter = FaceLabel::draw_for(presentation, &mut dice).sitter(tone, &mut dice);
        let mut thing = NonFaceFactors::draw(sitter, taking, &mut dice);
        thing.kind = *dice.pick(&KINDS);
        thing
    };
    let things: Vec<NonFaceFactors> = (0..count).map(thing).collect();
    stored(&things, side, &mut Progress::of(count), |thing| {
        render::non_face(thing, side)
    })
}
