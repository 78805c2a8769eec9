//! What a trained model answers, and how often it is right.

use burn::tensor::{Device, activation::sigmoid};

use super::classifier::{Classifier, logits};
use crate::{
    data::{FACE, ImageStore, LABEL, Labelled, NON_FACE},
    error::{Error, Result},
    host,
};

/// Probability above which an image counts as a face.
const THRESHOLD: f32 = 0.5;

/// Probability that each image is a face, in `[0, 1]`, in the order of `images`.
///
/// The model answers in evaluation mode (running batch-norm statistics), `batch_size` images at a
/// time; the result does not depend on the batch size beyond rounding.
///
/// # Errors
/// [`Error::Argument`] for an empty batch, [`Error::Shape`] when the network does not return one
/// logit an image, [`Error::NotAProbability`] when it returns NaN, [`Error::Stopped`] when the reader
/// interrupts it.
pub fn predict_probabilities<M: Classifier>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<Vec<f32>> {
    if batch_size == 0 {
        return Err(Error::argument(
            "batch_size",
            batch_size,
            "au moins une image par lot",
        ));
    }
    let device = device.clone().without_autodiff();
    let model = model.valid().to_device(&device);
    let indices: Vec<usize> = (0..images.len()).collect();
    let mut probabilities = Vec::with_capacity(images.len());
    for batch in indices.chunks(batch_size) {
        host::check("le calcul des probabilités")?;
        let logits = logits(&model, images.to_tensor(batch, &device)?)?;
        probabilities.extend(sigmoid(logits).try_into_vec_as::<f32>()?);
    }
    match probabilities.iter().position(|p| !p.is_finite()) {
        Some(index) => Err(Error::NotAProbability {
            what: format!("image {index}"),
            value: f64::from(probabilities[index]),
        }),
        None => Ok(probabilities),
    }
}

/// Share of images whose rounded probability equals the label, in `[0, 1]`.
///
/// # Errors
/// [`Error::Shape`] when the lengths differ, [`Error::Argument`] without any image or with a label
/// other than 0 and 1, [`Error::NotAProbability`] for NaN or a value outside `[0, 1]`.
pub fn accuracy(probabilities: &[f32], labels: &[u8]) -> Result<f64> {
    Ok(Evaluation::new(probabilities, labels)?.accuracy)
}

/// Accuracy of a model on a detection set, whose column [`LABEL`] tells faces, and its two kinds of mistakes.
///
/// # Errors
/// Those of [`predict_probabilities`] and [`accuracy`]; [`Error::Column`] without that column.
pub fn evaluate<M: Classifier>(
    model: &M,
    data: &Labelled,
    batch_size: usize,
    device: &Device,
) -> Result<Evaluation> {
    let probabilities = predict_probabilities(model, data.images(), batch_size, device)?;
    // A label that is no byte is no label either: it is refused below.
    let label = |class: usize| u8::try_from(class).unwrap_or(u8::MAX);
    let labels: Vec<u8> = data.classes(LABEL)?.into_iter().map(label).collect();
    Evaluation::new(&probabilities, &labels)
}

/// How a detector does on images with and without faces, at the threshold 0.5.
///
/// A test set with faces only cannot tell a good detector from one that sees faces everywhere:
/// always read the last two rates together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Number of faces.
    pub faces: usize,
    /// Number of images without a face.
    pub non_faces: usize,
    /// Share of right answers, in `[0, 1]`.
    pub accuracy: f64,
    /// Share of the faces that are found; `None` without faces.
    pub recall: Option<f64>,
    /// Share of the other images that are taken for faces; `None` without such images.
    pub false_positive_rate: Option<f64>,
}

impl Evaluation {
    /// Compares probabilities with labels (1 face, 0 other).
    ///
    /// # Errors
    /// Those of [`accuracy`].
    pub fn new(probabilities: &[f32], labels: &[u8]) -> Result<Self> {
        if probabilities.len() != labels.len() {
            return Err(Error::shape(
                "étiquettes comparées aux probabilités",
                [probabilities.len()],
                [labels.len()],
            ));
        }
        if labels.is_empty() {
            return Err(Error::argument(
                "labels",
                "liste vide",
                "au moins une image étiquetée",
            ));
        }
        let (mut faces, mut found, mut alarms) = (0, 0, 0);
        for (index, (&probability, &label)) in probabilities.iter().zip(labels).enumerate() {
            if !(0.0..=1.0).contains(&probability) {
                return Err(Error::NotAProbability {
                    what: format!("image {index}"),
                    value: f64::from(probability),
                });
            }
            let answer = usize::from(probability >= THRESHOLD);
            match label {
                FACE => {
                    faces += 1;
                    found += answer;
                }
                NON_FACE => alarms += answer,
                other => {
                    return Err(Error::argument(
                        "labels",
                        format!("{other} pour l'image {index}"),
                        "1 (visage) ou 0 (autre image)",
                    ));
                }
            }
        }
        let non_faces = labels.len() - faces;
        let rate = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        Ok(Self {
            faces,
            non_faces,
            accuracy: (found + non_faces - alarms) as f64 / labels.len() as f64,
            recall: rate(found, faces),
            false_positive_rate: rate(alarms, non_faces),
        })
    }
}
