//! One line a group: size, mean probability, recall and its interval.

use burn::tensor::Device;
use polars::prelude::{DataFrame, df};

use super::{Z_95, wilson_interval};
use crate::{
    data::TestFaces,
    error::{Error, Result},
    train::{Classifier, predict_probabilities},
};

/// Below this number of images, a rate is flagged as too uncertain to compare.
pub const SMALL_GROUP: usize = 30;

/// What a detector answers for the faces of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupProbabilities {
    /// Name of the group as figures show it: « Femmes à peau claire ».
    pub name: String,
    /// Probability that each image is a face, in `[0, 1]`.
    pub probabilities: Vec<f32>,
}

/// The probabilities a model gives to the test faces, group by group.
///
/// # Errors
/// Those of [`predict_probabilities`].
pub fn group_probabilities<M: Classifier>(
    model: &M,
    faces: &TestFaces,
    batch_size: usize,
    device: &Device,
) -> Result<Vec<GroupProbabilities>> {
    faces
        .groups
        .iter()
        .map(|group| {
            Ok(GroupProbabilities {
                name: group.name.clone(),
                probabilities: predict_probabilities(model, &group.images, batch_size, device)?,
            })
        })
        .collect()
}

/// Detection of faces by group: an image is found when its probability reaches `threshold`.
///
/// | column | type | content |
/// |---|---|---|
/// | `group` | str | name of the group |
/// | `n` | u32 | images of the group |
/// | `mean_probability` | f64 | mean probability, in [0, 1]: what the original lab calls « accuracy » |
/// | `detected` | u32 | images whose probability reaches the threshold |
/// | `recall` | f64 | `detected / n`, in [0, 1] |
/// | `low`, `high` | f64 | 95 % Wilson interval of the recall |
/// | `small` | bool | `n` below [`SMALL_GROUP`]: do not compare without a test |
///
/// # Errors
/// [`Error::EmptyGroup`] for a group without images, [`Error::NotAProbability`] for NaN or a value
/// outside [0, 1], [`Error::Argument`] for a threshold outside [0, 1] or a name used twice.
pub fn by_group(groups: &[GroupProbabilities], threshold: f32) -> Result<DataFrame> {
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::argument(
            "threshold",
            threshold,
            "une probabilité de 0 à 1, par exemple 0,5",
        ));
    }
    let mut sizes = Vec::new();
    let mut means = Vec::new();
    let mut detected = Vec::new();
    let mut recalls = Vec::new();
    let mut lows = Vec::new();
    let mut highs = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        if groups[..index].iter().any(|other| other.name == group.name) {
            return Err(Error::argument(
                "groups",
                format!("« {} » deux fois", group.name),
                "un nom différent pour chaque groupe",
            ));
        }
        let n = group.probabilities.len();
        if n == 0 {
            return Err(Error::EmptyGroup {
                name: group.name.clone(),
            });
        }
        if let Some((image, value)) = group
            .probabilities
            .iter()
            .enumerate()
            .find(|(_, value)| !(0.0..=1.0).contains(*value))
        {
            return Err(Error::NotAProbability {
                what: format!("groupe « {} », image {image}", group.name),
                value: f64::from(*value),
            });
        }
        let sum: f64 = group.probabilities.iter().copied().map(f64::from).sum();
        let found = group
            .probabilities
            .iter()
            .filter(|p| **p >= threshold)
            .count();
        let (low, high) = wilson_interval(found, n, Z_95)?;
        sizes.push(n as u32);
        means.push(sum / n as f64);
        detected.push(found as u32);
        recalls.push(found as f64 / n as f64);
        lows.push(low);
        highs.push(high);
    }
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    let small: Vec<bool> = sizes.iter().map(|&n| (n as usize) < SMALL_GROUP).collect();
    Ok(df!(
        "group" => names,
        "n" => sizes,
        "mean_probability" => means,
        "detected" => detected,
        "recall" => recalls,
        "low" => lows,
        "high" => highs,
        "small" => small,
    )?)
}
