//! One cause changed, all else equal: the same drawn person twice.

use super::{
    faces::{Progress, draw_faces_within},
    factors::FaceFactors,
    record::FaceRecord,
};
use crate::{data::ImageStore, error::Result};

/// A factor of a drawn face that is set to two values, one for each picture; everything else stays as it was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variation {
    /// Light: soft and from the front, then hard and from 75° on the side.
    Light,
    /// Expression: a closed mouth at rest, then a wide smile.
    Expression,
    /// Make-up: none, then full.
    Makeup,
    /// Blur: none, then a standard deviation of 3 % of the side of the picture.
    Blur,
    /// Pose: from the front, then the head turned by 25°.
    Pose,
}

impl Variation {
    /// Every factor that can be changed.
    pub const ALL: [Self; 5] = [
        Self::Light,
        Self::Expression,
        Self::Makeup,
        Self::Blur,
        Self::Pose,
    ];

    /// Its name in French: « lumière ».
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "lumière",
            Self::Expression => "expression",
            Self::Makeup => "maquillage",
            Self::Blur => "flou",
            Self::Pose => "pose",
        }
    }

    /// What is changed, in French: « de face et douce, puis de côté et dure ».
    pub fn description(self) -> &'static str {
        match self {
            Self::Light => "douce et de face, puis dure et à 75° sur le côté",
            Self::Expression => "bouche au repos, puis grand sourire",
            Self::Makeup => "aucun, puis complet",
            Self::Blur => "aucun, puis un écart type de 3 % du côté de l'image",
            Self::Pose => "de face, puis tête tournée de 25°",
        }
    }

    /// The factors of the first picture.
    pub fn before(self, factors: FaceFactors) -> FaceFactors {
        self.set(factors, false)
    }

    /// The factors of the second picture.
    pub fn after(self, factors: FaceFactors) -> FaceFactors {
        self.set(factors, true)
    }

    fn set(self, mut factors: FaceFactors, changed: bool) -> FaceFactors {
        let choose = |before: f32, after: f32| if changed { after } else { before };
        match self {
            Self::Light => {
                factors.shot.light_side = choose(0.0, 75.0);
                factors.shot.light_hardness = choose(0.2, 1.0);
            }
            Self::Expression => {
                factors.smile = choose(0.0, 1.0);
                factors.mouth_open = choose(0.0, 0.3);
            }
            Self::Makeup => factors.makeup = choose(0.0, 1.0),
            Self::Blur => factors.shot.blur = choose(0.0, 0.03),
            Self::Pose => factors.yaw = choose(0.0, 25.0),
        }
        factors
    }
}

impl std::fmt::Display for Variation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The same persons twice, in the order of `records`: before and after one factor changes. Both pictures of a person have
/// the same seed, hence the same shirt, the same strands, the same grain; any difference between the answers of a network
/// comes from the factor.
///
/// # Errors
/// Those of [`draw_faces`](super::draw_faces).
///
/// # Example
/// ```
/// use visages::data::{DrawnFacesConfig, Variation, varied_faces};
/// let records = DrawnFacesConfig::new().with_faces(3).records()?;
/// let (before, after) = varied_faces(&records, Variation::Blur, 32)?;
/// assert_eq!((before.len(), after.len()), (3, 3));
/// assert_ne!(before.image(0)?, after.image(0)?);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn varied_faces(
    records: &[FaceRecord],
    variation: Variation,
    side: usize,
) -> Result<(ImageStore, ImageStore)> {
    let mut progress = Progress::of(2 * records.len());
    let mut drawn = |set: fn(Variation, FaceFactors) -> FaceFactors| {
        let factors: Vec<FaceFactors> = records
            .iter()
            .map(|record| set(variation, record.factors))
            .collect();
        draw_faces_within(&factors, side, &mut progress)
    };
    Ok((drawn(Variation::before)?, drawn(Variation::after)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DrawnFacesConfig;

    const SIDE: usize = 64;

    /// Mean difference of level of the pixels of a square, between two pictures of the same faces.
    fn changed(before: &ImageStore, after: &ImageStore, square: [usize; 4]) -> f64 {
        let [top, left, height, width] = square;
        let (mut sum, mut count) = (0.0, 0.0);
        for face in 0..before.len() {
            let (one, other) = (before.image(face).unwrap(), after.image(face).unwrap());
            for y in top..top + height {
                for x in left..left + width {
                    let at = 3 * (y * SIDE + x);
                    sum += (f64::from(one[at]) - f64::from(other[at])).abs();
                    count += 1.0;
                }
            }
        }
        sum / count
    }

    #[test]
    fn a_smile_and_make_up_change_the_face_and_leave_the_corners() {
        let records = DrawnFacesConfig::new()
            .with_faces(12)
            .with_difficulty(0.0)
            .records()
            .unwrap();
        for variation in [Variation::Expression, Variation::Makeup] {
            let (before, after) = varied_faces(&records, variation, SIDE).unwrap();
            let face = changed(&before, &after, [20, 16, 36, 32]);
            let corner = changed(&before, &after, [0, 0, 8, 8]);
            assert!(
                face > 1.0 && corner < 0.2 * face,
                "{variation} {face} {corner}"
            );
        }
    }

    #[test]
    fn one_factor_is_set_and_no_other() {
        let record = DrawnFacesConfig::new().with_faces(1).records().unwrap()[0];
        for variation in Variation::ALL {
            let (before, after) = (
                variation.before(record.factors),
                variation.after(record.factors),
            );
            assert_ne!(before, after);
            // Setting it again gives the same: nothing depends on what was drawn.
            assert_eq!(variation.before(after), before);
            assert_eq!(variation.after(before), after);
            for other in Variation::ALL.into_iter().filter(|one| *one != variation) {
                assert_eq!(
                    other.after(variation.after(record.factors)),
                    variation.after(other.after(record.factors))
                );
            }
        }
        let sided = Variation::Light.after(record.factors).shot;
        assert_eq!(
            (sided.light_side, sided.light_height),
            (75.0, record.factors.shot.light_height)
        );
    }
}
