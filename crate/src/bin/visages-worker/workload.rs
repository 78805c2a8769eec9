//! What is timed: a network, its batch, its optimizer.

use visages::{
    burn::{module::Module, optim::ModuleOptimizer},
    models::{AgeCnn, GenderAgeCnn, GenderCnn},
    train::AdamConfig,
};

use crate::{
    detectors, efficientnet,
    error::{Error, Result},
    gender_age_steps::Steps,
    profile::Profile,
    protocol::{Model, Settings},
    vae64, young_old,
};

/// A network that trains on one batch again and again.
pub trait Workload {
    /// A step that draws nothing at random; its loss, before the update, must be the peer's.
    fn checked_step(&mut self) -> Result<f64>;

    /// A step as the library's training runs it.
    fn step(&mut self) -> Result<f64>;

    /// How many values gradient descent changes.
    fn trainable(&self) -> usize;

    /// How long each part of a step takes, the median of `repeats` measurements.
    fn profile(&mut self, repeats: usize) -> Result<Profile>;
}

/// The workload that `settings` describe, with the formula's weights.
pub fn build(settings: &Settings) -> Result<Box<dyn Workload>> {
    Ok(match settings.model {
        Model::Cnn => Box::new(detectors::Cnn::new(settings)),
        Model::DbVae => Box::new(detectors::DebiasingVae::new(settings)),
        Model::Vae64 => Box::new(vae64::Vae::new(settings)?),
        Model::YoungOld => Box::new(young_old::YoungOld::new(settings)),
        Model::Gender => Box::new(Steps::<GenderCnn>::new(settings)),
        Model::Age => Box::new(Steps::<AgeCnn>::new(settings)),
        Model::GenderAge => Box::new(Steps::<GenderAgeCnn>::new(settings)),
        Model::EfficientNetB0 => Box::new(efficientnet::B0::new(settings)),
    })
}

/// The optimizer of the library's trainings.
pub fn optimizer(settings: &Settings) -> ModuleOptimizer {
    AdamConfig::new().with_epsilon(settings.epsilon).init()
}

/// A model that steps consume and give back: a copy would share its tensors and forbid updating
/// them in place, which a training does.
pub struct Trained<M>(Option<M>);

impl<M: Module> Trained<M> {
    /// A model in training mode.
    pub fn new(model: M) -> Self {
        Self(Some(model.train()))
    }

    /// One step, which returns the model updated and something else.
    pub fn update<T>(&mut self, step: impl FnOnce(M) -> Result<(M, T)>) -> Result<T> {
        // A step that failed has kept the model.
        let model = self.0.take().ok_or(Error::NotPrepared)?;
        let (model, value) = step(model)?;
        self.0 = Some(model);
        Ok(value)
    }

    /// The model, unless a step failed.
    pub fn get(&self) -> Result<&M> {
        self.0.as_ref().ok_or(Error::NotPrepared)
    }
}
