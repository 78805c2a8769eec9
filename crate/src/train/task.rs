//! What a training is about, as the loop sees it.

use burn::{
    Tensor,
    module::Module,
    optim::{GradientsParams, ModuleOptimizer},
    tensor::Device,
};

use super::{Clipping, clip_gradients};
use crate::{
    data::ImageStore,
    error::{Error, Result},
};

/// What one training does that others do not: its batches, its step, its validation.
///
/// The library's own trainings are tasks ([`fit`](super::fit), [`fit_debiasing`](super::fit_debiasing)); whoever writes
/// a training in a notebook gives closures to a [`Trainer`](super::Trainer), which is one too.
///
/// The loop owns the model and lends it: plain (evaluation mode, without autodiff) at the start of an epoch and for
/// validation, as it trains after a step.
pub trait Task<M> {
    /// What one step takes.
    type Batch;

    /// The batches of one epoch.
    type Batches: Iterator<Item = Result<Self::Batch>>;

    /// Name and value of the settings of this kind of training that change the weights.
    fn settings(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// A fingerprint of what it trains on.
    ///
    /// # Errors
    /// Those of reading the data.
    fn fingerprint(&self) -> Result<String>;

    /// Steps an epoch; when it is not known, the first epoch says it.
    fn steps_per_epoch(&self) -> Option<usize> {
        None
    }

    /// Prepares an epoch (from 1) whose order depends on `seed` alone; `device` is the model's, without autodiff.
    ///
    /// # Errors
    /// Those of the data; [`Error::Stopped`] ends the training with what it has.
    fn epoch(&mut self, model: &M, epoch: u32, seed: u64, device: &Device)
    -> Result<Self::Batches>;

    /// One update; returns the model and the mean loss before it.
    ///
    /// # Errors
    /// Those of the model and of its loss.
    fn step(&mut self, model: M, descent: &mut Descent, batch: &Self::Batch) -> Result<(M, f64)>;

    /// Looks at the model after a step (from 1, over the whole training).
    ///
    /// # Errors
    /// Those of what it does with it.
    fn after_step(&mut self, _model: &M, _epoch: u32, _step: usize) -> Result<()> {
        Ok(())
    }

    /// What a plain model is worth after an epoch, name and value; nothing without validation.
    ///
    /// # Errors
    /// Those of the model; [`Error::Stopped`] ends the training with what it has.
    fn validate(&mut self, _model: &M) -> Result<Vec<(String, f64)>> {
        Ok(Vec::new())
    }

    /// What a plain model makes of a few images, to be shown live: names of rows and images.
    ///
    /// # Errors
    /// Those of the model.
    fn previews(&mut self, _model: &M) -> Result<Vec<(String, ImageStore)>> {
        Ok(Vec::new())
    }

    /// A batch, always the same, on which a checkpoint tells one step from another; none when there is none.
    ///
    /// # Errors
    /// Those of the data.
    fn probe_batch(&mut self, _device: &Device) -> Result<Option<Self::Batch>> {
        Ok(None)
    }

    /// Numbers by which a checkpoint tells what else this task computes, from a plain model whose weights are always
    /// the same.
    ///
    /// # Errors
    /// Those of the task.
    fn probe(&mut self, _model: &M) -> Result<Vec<(String, f64)>> {
        Ok(Vec::new())
    }
}

/// The gradient descent of one training: its optimizer and its learning rate at the present step.
pub struct Descent {
    pub(super) optimizer: ModuleOptimizer,
    pub(super) learning_rate: f64,
    clipping: Option<Clipping>,
}

impl Descent {
    pub(super) fn new(optimizer: ModuleOptimizer, clipping: Option<Clipping>) -> Self {
        Self {
            optimizer,
            learning_rate: 0.0,
            clipping,
        }
    }

    /// The learning rate of this step.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Updates `model` to lessen `loss`, `[1]`; returns it with the value of the loss.
    ///
    /// # Errors
    /// Those of [`gradient_step`].
    pub fn descend<M: Module>(&mut self, model: M, loss: Tensor<1>) -> Result<(M, f64)> {
        let (gradients, value) = gradients_of(&model, loss)?;
        let gradients = match self.clipping {
            Some(Clipping::GlobalNorm(norm)) => clip_gradients(&model, gradients, f64::from(norm))?,
            _ => gradients,
        };
        let model = self.optimizer.step(self.learning_rate, model, gradients);
        Ok((model, value))
    }

    /// Has a step of one's own update `model`.
    ///
    /// # Errors
    /// Those of the step; [`Error::Argument`] when gradients are to be clipped together, which it does itself.
    pub fn own_step<M, B>(
        &mut self,
        model: M,
        batch: &B,
        step: impl FnOnce(M, &mut ModuleOptimizer, &B, f64) -> Result<(M, f64)>,
    ) -> Result<(M, f64)> {
        if matches!(self.clipping, Some(Clipping::GlobalNorm(_))) {
            return Err(Error::argument(
                "clipping",
                "GlobalNorm",
                "Value ou Norm avec votre propre étape, qui fait elle-même la mise à jour ; ou appelez-y clip_gradients",
            ));
        }
        step(model, &mut self.optimizer, batch, self.learning_rate)
    }
}

/// The end of a training step: reads the loss (`[1]`), computes the gradients, updates the model.
///
/// ```
/// # use visages::{burn::prelude::*, ops::dense, train::{SgdConfig, gradient_step}};
/// let device = Device::flex();
/// let mut optimizer = SgdConfig::new().init();
/// let model = dense(2, 1, &device).train();
/// let x = Tensor::<2>::ones([4, 2], &device).autodiff();
/// let loss = model.forward(x).square().mean();
/// let (model, loss) = gradient_step(model, &mut optimizer, loss, 0.1)?;
/// # Ok::<(), visages::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotTraining`] when the model is not in training mode; those of reading the loss.
pub fn gradient_step<M: Module>(
    model: M,
    optimizer: &mut ModuleOptimizer,
    loss: Tensor<1>,
    learning_rate: f64,
) -> Result<(M, f64)> {
    let (gradients, value) = gradients_of(&model, loss)?;
    Ok((optimizer.step(learning_rate, model, gradients), value))
}

fn gradients_of<M: Module>(model: &M, loss: Tensor<1>) -> Result<(GradientsParams, f64)> {
    if !loss.is_tracked() {
        return Err(Error::NotTraining);
    }
    let value = f64::from(loss.clone().try_into_scalar::<f32>()?);
    Ok((GradientsParams::from_grads(loss.backward(), model), value))
}
