//! What a trained model answers, and how often it is right.

use burn::tensor::{Device, activation::sigmoid};
use polars::prelude::{Column, DataFrame, DataType};

use super::classifier::{Classifier, logits};
use crate::{
    data::{ImageStore, LABEL, Labelled},
    error::{Error, Result},
    host,
    metrics::{Answers, Confusion},
    ready::Ready,
};

/// Probability from which an image counts as a face.
const THRESHOLD: f64 = 0.5;

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

/// What a model answers for a detection set, whose column [`LABEL`] tells faces: [`predict_label`] of that column. The
/// model may be one that waits for an exercise; see [`Ready`].
///
/// # Errors
/// Those of [`predict_label`].
pub fn predict<A>(
    model: &A,
    data: &Labelled,
    batch_size: usize,
    device: &Device,
) -> Result<A::Out<DataFrame>>
where
    A: Ready,
    A::Value: Classifier,
{
    model.turn(|model| predict_label(model, data, LABEL, batch_size, device))
}

/// What a model answers to a yes / no question about images, whose right answers stand in the column `label`: a frame for
/// [`Audit`](crate::fairness::Audit), one row an image.
///
/// | column | type | content |
/// |---|---|---|
/// | … | | the columns of the set's frame |
/// | `y_true` | f64 | its column `label`: 1 for « yes », 0 for « no » |
/// | `score` | f64 | probability that the model gives to « yes », in `[0, 1]` |
/// | `y_pred` | bool | whether the score reaches ½ |
///
/// # Errors
/// Those of [`predict_probabilities`]; [`Error::Column`] without that column.
pub fn predict_label<M: Classifier>(
    model: &M,
    data: &Labelled,
    label: &str,
    batch_size: usize,
    device: &Device,
) -> Result<DataFrame> {
    let scores = predict_probabilities(model, data.images(), batch_size, device)?;
    let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
    scored_predictions(data.frame(), label, &scores)
}

/// The frame of [`predict_label`] for any model, from the probability that it gives to « yes », or to class 1 of two.
///
/// # Errors
/// Those of [`predictions`]; [`Error::NotAProbability`] for NaN or a score outside `[0, 1]`.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let frame = df!("label" => [0, 1])?;
/// let answers = scored_predictions(&frame, "label", &[0.2, 0.4])?;
/// assert_eq!(answers.get_column_names(), ["label", "y_true", "score", "y_pred"]);
/// assert_eq!(answers.column("y_pred")?.bool()?.get(1), Some(false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn scored_predictions(frame: &DataFrame, label: &str, scores: &[f64]) -> Result<DataFrame> {
    if let Some(row) = scores.iter().position(|score| !(0.0..=1.0).contains(score)) {
        return Err(Error::NotAProbability {
            what: format!("image {row}"),
            value: scores[row],
        });
    }
    let answers: Vec<bool> = scores.iter().map(|score| *score >= THRESHOLD).collect();
    let mut predictions = predictions(frame, label, scores)?;
    // The frame may hold the answers of another model: they are replaced.
    predictions.drop_in_place("y_pred")?;
    predictions.with_column(Column::new("score".into(), scores))?;
    predictions.with_column(Column::new("y_pred".into(), answers))?;
    Ok(predictions)
}

/// The same frame for any model, from its answers: an [`AgeAudit`](crate::fairness::AgeAudit) takes ages.
///
/// | column | type | content |
/// |---|---|---|
/// | … | | the columns of `frame` |
/// | `y_true` | f64 | the column `label` of `frame` |
/// | `y_pred` | f64 | the answers |
///
/// # Errors
/// [`Error::Column`] when there is no column `label` of numbers; [`Error::Shape`] when there is not one answer a row.
pub fn predictions(frame: &DataFrame, label: &str, answers: &[f64]) -> Result<DataFrame> {
    if answers.len() != frame.height() {
        return Err(Error::shape(
            "réponses du modèle (une par ligne du tableau)",
            [frame.height()],
            [answers.len()],
        ));
    }
    let truth = frame
        .column(label)
        .ok()
        .and_then(|column| column.strict_cast(&DataType::Float64).ok())
        .ok_or_else(|| {
            let names: Vec<&str> = frame
                .get_column_names()
                .iter()
                .map(|name| name.as_str())
                .collect();
            Error::column(
                label,
                format!(
                    "des étiquettes en nombres sont attendues ici ; colonnes présentes : {}",
                    names.join(", ")
                ),
            )
        })?;
    let mut predictions = frame.clone();
    predictions.with_column(truth.with_name("y_true".into()))?;
    predictions.with_column(Column::new("y_pred".into(), answers))?;
    Ok(predictions)
}

/// Share of images whose rounded probability equals the label, in `[0, 1]`.
///
/// # Errors
/// [`Error::Shape`] when the lengths differ, [`Error::Argument`] without any image or with a label
/// other than 0 and 1, [`Error::NotAProbability`] for NaN or a value outside `[0, 1]`.
pub fn accuracy(probabilities: &[f32], labels: &[u8]) -> Result<f64> {
    Ok(Evaluation::new(probabilities, labels)?.accuracy)
}

/// Accuracy of a model on a detection set, whose column [`LABEL`] tells faces, and its two kinds of mistakes. The model
/// may be one that waits for an exercise; see [`Ready`].
///
/// # Errors
/// Those of [`predict_probabilities`] and [`accuracy`]; [`Error::Column`] without that column.
pub fn evaluate<A>(
    model: &A,
    data: &Labelled,
    batch_size: usize,
    device: &Device,
) -> Result<A::Out<Evaluation>>
where
    A: Ready,
    A::Value: Classifier,
{
    model.turn(|model| evaluated(model, data, batch_size, device))
}

fn evaluated<M: Classifier>(
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
        let labels: Vec<f64> = labels.iter().copied().map(f64::from).collect();
        let scores: Vec<f64> = probabilities.iter().copied().map(f64::from).collect();
        let answers = Answers::new(&labels, &scores, THRESHOLD)?;
        let pairs = answers.positive.into_iter().zip(answers.answer);
        let counts = Confusion::count(pairs);
        let (faces, non_faces) = (counts.positives(), counts.negatives());
        let right = counts.true_positives + counts.true_negatives;
        let rate = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        Ok(Self {
            faces,
            non_faces,
            accuracy: right as f64 / labels.len() as f64,
            recall: rate(counts.true_positives, faces),
            false_positive_rate: rate(counts.false_positives, non_faces),
        })
    }
}
