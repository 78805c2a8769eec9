//! Training a plain detector: batches of faces and other images, and a cross-entropy.

use burn::{Tensor, module::Module, optim::ModuleOptimizer, tensor::Device};

use super::{
    Classifier, Descent, FitConfig, Fitted, Task, binary_cross_entropy_with_logits,
    classifier::logits, fit_task, gradient_step, probe,
};
use crate::{
    data::{Batch, DetectionBatches, DetectionLoader},
    error::Result,
};

/// Trains a detector on balanced batches of faces and other images.
///
/// The loop makes `train_size / batch_size` steps an epoch, on the device where the model is. It
/// seeds that device's generator at the start of each epoch, so that what the network draws
/// (dropout) depends on `config.seed` alone. The optimizer is Adam with Keras' settings (ε = 1e-7) unless `config` says
/// otherwise.
///
/// # Errors
/// Those of [`fit_task`], of [`train_step`] and of the loader.
pub fn fit<M: Classifier>(
    model: M,
    data: &DetectionLoader,
    config: &FitConfig,
) -> Result<Fitted<M>> {
    let step = |model: M, descent: &mut Descent, batch: &Batch| {
        let loss = detection_loss(&model, batch)?;
        descent.descend(model, loss)
    };
    run(model, data, config, step)
}

/// [`fit`] with one's own `step`: model, optimizer, batch, learning rate → the model updated and its loss before.
///
/// # Errors
/// Those of [`fit_task`], of the step and of the loader.
pub fn fit_with<M, S>(
    model: M,
    data: &DetectionLoader,
    config: &FitConfig,
    mut step: S,
) -> Result<Fitted<M>>
where
    M: Module,
    S: FnMut(M, &mut ModuleOptimizer, &Batch, f64) -> Result<(M, f64)>,
{
    let step =
        |model: M, descent: &mut Descent, batch: &Batch| descent.own_step(model, batch, &mut step);
    run(model, data, config, step)
}

fn run<M, S>(model: M, data: &DetectionLoader, config: &FitConfig, step: S) -> Result<Fitted<M>>
where
    M: Module,
    S: FnMut(M, &mut Descent, &Batch) -> Result<(M, f64)>,
{
    let batch_size = config.batch_size;
    fit_task(
        model,
        &mut Detection {
            data,
            batch_size,
            step,
        },
        config,
    )
}

/// Trains `model` on one batch; returns it updated, with the mean loss before the update.
///
/// The model must be in training mode (`model.train()`); it stays there.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) when the network does not return one logit an image,
/// [`Error::NotTraining`](crate::Error::NotTraining) when the model is not in training mode.
pub fn train_step<M: Classifier>(
    model: M,
    optimizer: &mut ModuleOptimizer,
    batch: &Batch,
    learning_rate: f64,
) -> Result<(M, f64)> {
    let loss = detection_loss(&model, batch)?;
    gradient_step(model, optimizer, loss, learning_rate)
}

/// The mean cross-entropy of a batch.
fn detection_loss<M: Classifier>(model: &M, batch: &Batch) -> Result<Tensor<1>> {
    let logits = logits(model, batch.images.clone().autodiff())?;
    let labels = batch.labels.clone().autodiff();
    Ok(binary_cross_entropy_with_logits(logits, labels)?.mean())
}

/// Batches an epoch; none for a batch size of zero, which the loader refuses.
pub(super) fn steps_per_epoch(data: &DetectionLoader, batch_size: usize) -> usize {
    data.train_size().checked_div(batch_size).unwrap_or(0)
}

/// What every training on a [`DetectionLoader`] says of its batches.
pub(super) fn batch_setting(batch_size: usize) -> (String, String) {
    ("taille de lot".to_owned(), batch_size.to_string())
}

/// Training on all images alike.
struct Detection<'a, S> {
    data: &'a DetectionLoader,
    batch_size: usize,
    step: S,
}

impl<'a, M, S> Task<M> for Detection<'a, S>
where
    S: FnMut(M, &mut Descent, &Batch) -> Result<(M, f64)>,
{
    type Batch = Batch;
    type Batches = DetectionBatches;

    fn settings(&self) -> Vec<(String, String)> {
        vec![
            batch_setting(self.batch_size),
            ("tirage des visages".to_owned(), "uniforme".to_owned()),
        ]
    }

    fn fingerprint(&self) -> Result<String> {
        self.data.content_hash()
    }

    fn steps_per_epoch(&self) -> Option<usize> {
        Some(steps_per_epoch(self.data, self.batch_size))
    }

    fn epoch(&mut self, _: &M, _: u32, seed: u64, device: &Device) -> Result<DetectionBatches> {
        self.data.batches(self.batch_size, seed, device)
    }

    fn step(&mut self, model: M, descent: &mut Descent, batch: &Batch) -> Result<(M, f64)> {
        (self.step)(model, descent, batch)
    }

    fn probe_batch(&mut self, device: &Device) -> Result<Option<Batch>> {
        self.data
            .batch(self.batch_size, probe::SEED, device)
            .map(Some)
    }
}
