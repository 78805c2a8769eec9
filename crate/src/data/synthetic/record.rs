//! What is known of each drawn picture, as a frame.

use polars::prelude::{DataFrame, df};

use super::{factors::FaceFactors, labels::FaceLabel, others::NonFaceFactors};
use crate::error::Result;

/// A drawn face: what its file would say, and what decides of its picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceRecord {
    /// Age, gender and code.
    pub label: FaceLabel,
    /// Everything else.
    pub factors: FaceFactors,
}

/// Name and values of each numeric factor.
type Measure = (&'static str, fn(&FaceFactors) -> f32);

/// The numeric factors of a face, by the names that frames and manifests give them; units as in [`FaceFactors`].
pub const MEASURES: [Measure; 26] = [
    ("apparent_age", |f| f.age),
    ("femininity", |f| f.femininity),
    ("yaw", |f| f.yaw),
    ("pitch", |f| f.pitch),
    ("roll", |f| f.roll),
    ("smile", |f| f.smile),
    ("mouth_open", |f| f.mouth_open),
    ("eyes_open", |f| f.eyes_open),
    ("brow_raise", |f| f.brow_raise),
    ("makeup", |f| f.makeup),
    ("freckles", |f| f.freckles),
    ("grey", |f| f.grey),
    ("receding", |f| f.receding),
    ("light_side", |f| f.shot.light_side),
    ("light_height", |f| f.shot.light_height),
    ("light_hardness", |f| f.shot.light_hardness),
    ("exposure", |f| f.shot.exposure),
    ("contrast", |f| f.shot.contrast),
    ("warmth", |f| f.shot.warmth),
    ("grey_picture", |f| f32::from(u8::from(f.shot.grey))),
    ("blur", |f| f.shot.blur),
    ("grain", |f| f.shot.grain),
    ("jpeg", |f| f32::from(f.shot.jpeg)),
    ("size", |f| f.size),
    ("offset_x", |f| f.offset.0),
    ("offset_y", |f| f.offset.1),
];

/// Name and values of each factor that is one of a few; the values are in French.
type Choice = (&'static str, fn(&FaceFactors) -> &'static str);

/// The factors of a face that are one of a few.
pub const CHOICES: [Choice; 7] = [
    ("tone", |f| f.tone.name()),
    ("hair", |f| f.hair.name()),
    ("cut", |f| f.cut.name()),
    ("beard", |f| f.beard.name()),
    ("headwear", |f| f.headwear.name()),
    ("glasses", |f| f.glasses.name()),
    ("background", |f| f.shot.background.name()),
];

/// Faces as a frame, one row a face, in their order; types as in [`utkface::scan`](crate::data::utkface::scan).
///
/// | column | type | content |
/// |---|---|---|
/// | `index` | u32 | row, from 0 |
/// | `age` | i32 | labelled age, in years |
/// | `gender` | u8 | 0 masculine, 1 feminine |
/// | `code` | u8 | 0 to 4, the `race` field of the format |
/// | `tone` | str | type of skin, « I » to « VI » |
/// | `dark` | bool | types IV to VI |
/// | `hair`, `cut`, `beard`, `headwear`, `glasses`, `background` | str | in French |
/// | each of [`MEASURES`] | f32 | units as in [`FaceFactors`] |
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) when polars refuses the columns.
pub fn faces_frame(records: &[FaceRecord]) -> Result<DataFrame> {
    let label = |value: fn(&FaceLabel) -> u8| -> Vec<u8> {
        records.iter().map(|record| value(&record.label)).collect()
    };
    let ages = records.iter().map(|record| i32::from(record.label.age));
    let factors: Vec<FaceFactors> = records.iter().map(|record| record.factors).collect();
    let dark: Vec<bool> = factors.iter().map(|f| f.tone.is_dark()).collect();
    let mut frame = df!(
        "index" => (0..records.len() as u32).collect::<Vec<_>>(),
        "age" => ages.collect::<Vec<i32>>(),
        "gender" => label(|label| label.presentation.code()),
        "code" => label(|label| label.code),
        "dark" => dark,
    )?;
    with_factors(&mut frame, &factors)?;
    Ok(frame)
}

/// Images without a face as a frame, one row an image, in their order: `index` (u32), `kind` (str, in
/// French), then the columns of the factors as in [`faces_frame`]. Those of the person matter only where
/// one is seen, from behind or in pieces; those of light and camera always do.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) when polars refuses the columns.
pub fn non_faces_frame(images: &[NonFaceFactors]) -> Result<DataFrame> {
    let kinds: Vec<&str> = images.iter().map(|image| image.kind.name()).collect();
    let mut frame = df!(
        "index" => (0..images.len() as u32).collect::<Vec<_>>(),
        "kind" => kinds,
    )?;
    let factors: Vec<FaceFactors> = images.iter().map(|image| image.person).collect();
    with_factors(&mut frame, &factors)?;
    Ok(frame)
}

fn with_factors(frame: &mut DataFrame, factors: &[FaceFactors]) -> Result<()> {
    use polars::prelude::{Column, NamedFrom, Series};
    for (name, value) in CHOICES {
        let values: Vec<&str> = factors.iter().map(value).collect();
        frame.with_column(Column::from(Series::new(name.into(), values)))?;
    }
    for (name, value) in MEASURES {
        let values: Vec<f32> = factors.iter().map(value).collect();
        frame.with_column(Column::from(Series::new(name.into(), values)))?;
    }
    Ok(())
}
