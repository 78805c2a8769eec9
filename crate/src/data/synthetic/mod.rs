//! Drawn faces and other images, from a seed: the labs run with no data set at all, and every cause of every picture
//! is known.
//!
//! The drawings are nobody's portrait. A face has a skin tone (Fitzpatrick I to VI: « clair » is I–III, « foncé » IV–VI),
//! a gender presentation whose cues overlap, an age, a pose, an expression, hair, sometimes glasses or a hat:
//! [`FaceFactors`] says it all. The tone decides of the colours of skin, iris and hair and of the odds of each
//! hair texture, of nothing else, unless a [`Bias`] makes the camera under-expose dark skins. The images without a face are
//! textures, objects, scenes and decoys (clocks, masks, heads from behind, faces in pieces); both classes have the same
//! backgrounds, light, blur and grain.
//!
//! | who | draws |
//! |---|---|
//! | [`WorldConfig`] | the detection set of the debiasing lab, in which one version of a face is rare, and people in both versions |
//! | [`DrawnFacesConfig`] | faces labelled as UTKFace is, in memory or as a folder of files |
//! | [`DrawnPeopleConfig`] | several pictures of each person, of two age classes |
//! | [`draw_faces`] | faces of factors that the caller chose |
//! | [`drawn_objects`] | things that are no faces, and nothing else |
//! | [`varied_faces`] | the same persons twice, one factor changed |

mod bias;
mod cache;
mod colour;
mod detection;
mod dice;
mod drawn_people;
mod faces;
mod factors;
mod folder;
mod labels;
mod objects;
mod others;
mod planted;
mod record;
mod render;
mod sample;
mod tone;
mod truth;
mod variation;
mod worlds;

use std::ops::RangeInclusive;

pub use bias::Bias;
pub(crate) use cache::keep_drawings_in;
pub use detection::{DrawnWorld, WorldConfig, WorldTest};
pub use drawn_people::DrawnPeopleConfig;
pub use faces::{DrawnFacesConfig, draw_faces};
pub use factors::{Background, Beard, Cut, FaceFactors, Glasses, HairTexture, Headwear, Shot};
pub use folder::{FolderReport, MANIFEST};
pub use labels::{FaceLabel, TONES_BY_CODE};
pub use objects::drawn_objects;
pub use others::{NonFaceFactors, NonFaceKind};
pub use planted::Defect;
pub use record::{CHOICES, FaceRecord, MEASURES, faces_frame, non_faces_frame};
pub use tone::{Presentation, SkinTone};
pub use truth::FACTORS;
pub use variation::{Variation, varied_faces};
pub use worlds::{RareFactor, World};

/// Sides of the pictures that can be drawn, in pixels.
const SIDES: RangeInclusive<usize> = 32..=256;
