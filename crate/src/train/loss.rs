//! Losses of a batch, one value an image, and how they are averaged.
//!
//! Every loss gives a vector `[batch]`: its `.mean()` is what a training lessens, [`weighted_mean`] gives some images
//! more weight than others. Two heads train together by the sum of their losses, each times its weight:
//! `gender.mean() + age.mean() * 0.1`.

use burn::{
    Tensor,
    tensor::{
        Int,
        activation::{log_sigmoid, log_softmax},
    },
};

use crate::error::{Error, Result};

/// Binary cross-entropy of every image: `−y·log σ(l) − (1 − y)·log(1 − σ(l))`.
///
/// Computed through `log σ`, it stays finite for any logit; it equals
/// `max(l, 0) − l·y + log(1 + e^{−|l|})`, the formula of TensorFlow's
/// `sigmoid_cross_entropy_with_logits`, and its gradient is `σ(l) − y`.
///
/// # Shapes
/// - `logits`, `labels` (0 or 1) and output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the lengths differ: with `[batch, 1]` against `[batch]`, a silent broadcast
/// would compare every image with every label.
pub fn binary_cross_entropy_with_logits(logits: Tensor<1>, labels: Tensor<1>) -> Result<Tensor<1>> {
    same_length("étiquettes comparées aux logits", &logits, &labels)?;
    let face = labels.clone() * log_sigmoid(logits.clone());
    let not_face = (-labels + 1.0) * log_sigmoid(-logits);
    Ok(-(face + not_face))
}

/// Cross-entropy of every image over C classes: `−log softmax(l)[y]`.
///
/// # Shapes
/// - `logits`: `[batch, classes]`
/// - `classes`: `[batch]`, from 0 to C − 1
/// - output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the numbers of images differ.
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, train::softmax_cross_entropy};
///
/// let device = Device::flex();
/// let logits = Tensor::<2>::zeros([1, 4], &device);
/// let loss: f32 = softmax_cross_entropy(logits, Tensor::from_data([2], &device))?.into_scalar();
/// assert!((loss - 4f32.ln()).abs() < 1e-6);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn softmax_cross_entropy(logits: Tensor<2>, classes: Tensor<1, Int>) -> Result<Tensor<1>> {
    let [batch, _] = logits.dims();
    if classes.dims() != [batch] {
        return Err(Error::shape(
            "classes comparées aux logits (une par image)",
            [batch],
            classes.dims(),
        ));
    }
    let log_probabilities = log_softmax(logits, 1);
    let of_class = log_probabilities.gather(1, classes.reshape([batch, 1]));
    Ok(-of_class.reshape([batch]))
}

/// Absolute error of every prediction: `|p − t|`.
///
/// # Shapes
/// - `predictions`, `targets` and output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the lengths differ.
pub fn absolute_error(predictions: Tensor<1>, targets: Tensor<1>) -> Result<Tensor<1>> {
    same_length("valeurs comparées aux prédictions", &predictions, &targets)?;
    Ok((predictions - targets).abs())
}

/// Squared error of every prediction: `(p − t)²`.
///
/// # Shapes
/// - `predictions`, `targets` and output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the lengths differ.
pub fn squared_error(predictions: Tensor<1>, targets: Tensor<1>) -> Result<Tensor<1>> {
    same_length("valeurs comparées aux prédictions", &predictions, &targets)?;
    Ok((predictions - targets).square())
}

/// Huber's error of every prediction, squared where it is small and straight where it is large: `½e²` for `|e| ≤ δ`, else
/// `δ·(|e| − ½δ)`.
///
/// # Shapes
/// - `predictions`, `targets` and output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the lengths differ, [`Error::Argument`] for a δ that is not positive.
///
/// # Source
/// P. Huber, *Robust Estimation of a Location Parameter*, Annals of Mathematical Statistics 35, 1964.
pub fn huber_error(predictions: Tensor<1>, targets: Tensor<1>, delta: f64) -> Result<Tensor<1>> {
    same_length("valeurs comparées aux prédictions", &predictions, &targets)?;
    if !(delta.is_finite() && delta > 0.0) {
        return Err(Error::argument(
            "delta",
            delta,
            "un nombre positif, par exemple 1.0",
        ));
    }
    let error = (predictions - targets).abs();
    // ½q² + δ(e − q) with q = min(e, δ): both branches at once.
    let near = error.clone().clamp_max(delta);
    Ok(near.clone().square() * 0.5 + (error - near) * delta)
}

/// Mean of `losses` in which each image has its weight: `Σ wᵢlᵢ / Σ wᵢ`.
///
/// That is PyTorch's mean with class weights. Keras divides by the number of images instead; both agree when the weights
/// have mean 1, as those of [`balanced_class_weights`] have over the whole set.
///
/// # Shapes
/// - `losses`, `weights`: `[batch]`; output: `[1]`
///
/// # Errors
/// [`Error::Shape`] when the lengths differ.
pub fn weighted_mean(losses: Tensor<1>, weights: Tensor<1>) -> Result<Tensor<1>> {
    same_length(
        "poids des images comparés à leurs pertes",
        &losses,
        &weights,
    )?;
    Ok((losses * weights.clone()).sum() / weights.sum())
}

/// A weight for each class, inverse to its frequency: `n / (C·n_c)`, scikit-learn's « balanced ». A class without any
/// image has weight 0.
///
/// # Errors
/// [`Error::Argument`] without images, or for a class that is not below `n_classes`.
///
/// # Example
/// ```
/// let weights = visages::train::balanced_class_weights(&[0, 0, 0, 1], 2)?;
/// assert_eq!(weights, [4.0 / 6.0, 2.0]);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn balanced_class_weights(classes: &[usize], n_classes: usize) -> Result<Vec<f64>> {
    if classes.is_empty() {
        return Err(Error::argument(
            "classes",
            "liste vide",
            "au moins une image",
        ));
    }
    let mut counts = vec![0_usize; n_classes];
    for (image, &class) in classes.iter().enumerate() {
        let Some(count) = counts.get_mut(class) else {
            return Err(Error::argument(
                "classes",
                format!("{class} pour l'image {image}"),
                format!("une classe de 0 à {}", n_classes.saturating_sub(1)),
            ));
        };
        *count += 1;
    }
    let share = classes.len() as f64 / n_classes as f64;
    Ok(counts
        .into_iter()
        .map(|count| {
            if count == 0 {
                0.0
            } else {
                share / count as f64
            }
        })
        .collect())
}

/// The weight of each image of a batch, that of its class.
///
/// # Shapes
/// - `classes` and output: `[batch]`; the classes are below the number of weights
///
/// # Errors
/// [`Error::Argument`] without weights.
pub fn weights_of_classes(classes: Tensor<1, Int>, weights: &[f64]) -> Result<Tensor<1>> {
    if weights.is_empty() {
        return Err(Error::argument(
            "weights",
            "liste vide",
            "un poids par classe",
        ));
    }
    let weights: Vec<f32> = weights.iter().map(|weight| *weight as f32).collect();
    let weights = Tensor::<1>::from_data(weights.as_slice(), &classes.device());
    Ok(weights.select(0, classes))
}

fn same_length(what: &str, expected: &Tensor<1>, found: &Tensor<1>) -> Result<()> {
    match expected.dims() == found.dims() {
        true => Ok(()),
        false => Err(Error::shape(what, expected.dims(), found.dims())),
    }
}
