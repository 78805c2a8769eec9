//! One step of gradient descent.

use burn::optim::{GradientsParams, ModuleOptimizer};

use super::{
    binary_cross_entropy_with_logits,
    classifier::{Classifier, logits},
};
use crate::{
    data::Batch,
    error::{Error, Result},
};

/// Trains `model` on one batch; returns it updated, with the mean loss before the update.
///
/// The model must be in training mode (`model.train()`); it stays there.
///
/// # Errors
/// [`Error::Shape`] when the network does not return one logit an image,
/// [`Error::NotTraining`] when the model is not in training mode.
pub fn train_step<M: Classifier>(
    model: M,
    optimizer: &mut ModuleOptimizer,
    batch: &Batch,
    learning_rate: f64,
) -> Result<(M, f64)> {
    let logits = logits(&model, batch.images.clone().autodiff())?;
    let labels = batch.labels.clone().autodiff();
    let loss = binary_cross_entropy_with_logits(logits, labels)?.mean();
    if !loss.is_tracked() {
        return Err(Error::NotTraining);
    }
    let value = f64::from(loss.clone().try_into_scalar::<f32>()?);
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    Ok((optimizer.step(learning_rate, model, gradients), value))
}
