//! A small classifier on a table of numbers, latent variables or pixels: what a label needs, and how long it takes.

use std::time::Instant;

use burn::{
    Tensor,
    module::Module,
    tensor::{Device, TensorData, activation::sigmoid},
};

use crate::{
    data::ImageStore,
    error::{Error, Result},
    fairness::{Z_95, wilson_interval},
    host,
    ops::dense,
    train::{AdamConfig, LatentTable, binary_cross_entropy_with_logits, gradient_step},
};

/// Steps of the descent, on all images at once.
const STEPS: usize = 300;
/// Learning rate: numbers have been brought to a deviation of 1.
const LEARNING_RATE: f64 = 0.01;
/// Weight of the squares of the slopes in the loss.
const PENALTY: f64 = 1e-3;
/// What an interrupt ends here.
const PROBING: &str = "l'apprentissage du petit classifieur";

/// What a small classifier is worth on images that it has not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Share of right answers on the test images.
    pub accuracy: f64,
    /// Ends of its 95 % interval (Wilson).
    pub low: f64,
    /// See [`low`](Self::low).
    pub high: f64,
    /// Accuracy of the answer that is the most frequent in training, whatever the image.
    pub majority: f64,
    /// Test images.
    pub n: usize,
    /// Seconds that the training took.
    pub seconds: f64,
}

/// The pixels of each image as one line of numbers from 0 to 1.
///
/// # Errors
/// [`Error::Argument`] without images; those of reading their pixels.
pub fn pixel_features(images: &ImageStore) -> Result<LatentTable> {
    let mut values = Vec::new();
    for index in 0..images.len() {
        values.extend(images.image(index)?.iter().map(|v| f32::from(*v) / 255.0));
    }
    if values.is_empty() {
        return Err(Error::argument(
            "images",
            "collection vide",
            "au moins une image",
        ));
    }
    LatentTable::new(values, images.height() * images.width() * 3)
}

/// Trains a logistic regression on the lines of `train`, and asks it about those of `test`: labels are 0 and 1.
///
/// Each column is brought to mean 0 and deviation 1 by those of `train`. The descent starts from slopes of 0 and takes 300 steps
/// of Adam on all lines at once, with a light penalty on the slopes: nothing is drawn at random.
///
/// # Errors
/// [`Error::Shape`] when there is not one label a line or when both tables have not the same columns; [`Error::Argument`] for a
/// label that is neither 0 nor 1, or without lines; [`Error::Stopped`] when the reader interrupts it.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let device = Device::flex();
/// let table = |values: &[f32]| LatentTable::new(values.to_vec(), 1);
/// let train = table(&[-2.0, -1.0, 1.0, 2.0])?;
/// let probe = linear_probe(&train, &[0.0, 0.0, 1.0, 1.0], &table(&[-3.0, 0.5])?, &[0.0, 1.0], &device)?;
/// assert_eq!((probe.accuracy, probe.n), (1.0, 2));
/// # Ok::<(), Error>(())
/// ```
pub fn linear_probe(
    train: &LatentTable,
    train_labels: &[f32],
    test: &LatentTable,
    test_labels: &[f32],
    device: &Device,
) -> Result<Probe> {
    check("train_labels", train, train_labels)?;
    check("test_labels", test, test_labels)?;
    if train.latent_dim() != test.latent_dim() {
        return Err(Error::shape(
            "table de test (autant de colonnes qu'à l'entraînement)",
            [test.len(), train.latent_dim()],
            [test.len(), test.latent_dim()],
        ));
    }
    let device = device.clone().without_autodiff();
    let start = Instant::now();
    let scales = train.mean_and_deviation();
    let scaled = |table: &LatentTable| -> Result<Tensor<2>> {
        let mut values = Vec::with_capacity(table.len() * scales.len());
        for line in 0..table.len() {
            let row = table.row(line)?.iter().zip(&scales);
            values.extend(row.map(|(value, (mean, deviation))| {
                // A column that never varies says nothing.
                match *deviation > 0.0 {
                    true => ((f64::from(*value) - mean) / deviation) as f32,
                    false => 0.0,
                }
            }));
        }
        let data = TensorData::new(values, [table.len(), scales.len()]);
        Ok(Tensor::from_data(data, &device))
    };
    let x = scaled(train)?.autodiff();
    let labels = TensorData::new(train_labels.to_vec(), [train_labels.len()]);
    let labels = Tensor::<1>::from_data(labels, &device).autodiff();
    let mut model = dense(scales.len(), 1, &device);
    model.weight = model.weight.map(|weight| weight.zeros_like());
    let mut model = model.train();
    let mut optimizer = AdamConfig::new().init();
    for _ in 0..STEPS {
        host::check(PROBING)?;
        let logits = model.forward(x.clone()).reshape([train_labels.len()]);
        let loss = binary_cross_entropy_with_logits(logits, labels.clone())?.mean()
            + model.weight.val().square().sum() * PENALTY;
        (model, _) = gradient_step(model, &mut optimizer, loss, LEARNING_RATE)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let scores = sigmoid(model.valid().forward(scaled(test)?)).try_into_vec_as::<f32>()?;
    let right = scores
        .iter()
        .zip(test_labels)
        .filter(|(score, label)| (**score > 0.5) == (**label > 0.5))
        .count();
    let ones = |labels: &[f32]| labels.iter().filter(|label| **label > 0.5).count();
    let n = test_labels.len();
    let often = match 2 * ones(train_labels) > train_labels.len() {
        true => ones(test_labels),
        false => n - ones(test_labels),
    };
    let (low, high) = wilson_interval(right, n, Z_95)?;
    Ok(Probe {
        accuracy: right as f64 / n as f64,
        low,
        high,
        majority: often as f64 / n as f64,
        n,
        seconds,
    })
}

fn check(name: &'static str, table: &LatentTable, labels: &[f32]) -> Result<()> {
    if table.is_empty() {
        return Err(Error::argument(name, "liste vide", "au moins une image"));
    }
    if table.len() != labels.len() {
        return Err(Error::shape(
            format!("étiquettes « {name} » (une par image)"),
            [table.len()],
            [labels.len()],
        ));
    }
    match labels.iter().find(|label| **label != 0.0 && **label != 1.0) {
        None => Ok(()),
        Some(label) => Err(Error::argument(name, label, "des étiquettes 0 ou 1")),
    }
}
