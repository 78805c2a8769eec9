//! One training behind an object: the loop drives it without knowing its model, so that the loop is compiled once, in
//! this library, and not in each cell that trains.

use std::collections::BTreeMap;

use burn::{
    module::Module,
    store::{ModuleRecord, RecordError},
    tensor::{Bytes, Device},
};

use super::{
    Descent, FitConfig, Task,
    checkpoint_key::{CheckpointKey, signature},
    layers::{Paths, penalty_value},
    probe::Probe,
};
use crate::{
    data::ImageStore,
    error::{Error, Result},
};

/// What the loop asks of a training.
pub(super) trait Engine {
    fn steps_per_epoch(&self) -> Option<usize>;

    /// Prepares an epoch; says how many batches it has at most, when it knows.
    fn begin_epoch(&mut self, epoch: u32, seed: u64) -> Result<Option<usize>>;

    /// Draws the next batch; `false` when the epoch is over.
    fn next_batch(&mut self) -> Result<bool>;

    /// A step on the batch that was drawn; its loss, with the penalties.
    fn step(&mut self, learning_rate: f64) -> Result<f64>;

    fn after_step(&mut self, epoch: u32, step: usize) -> Result<()>;

    fn validate(&mut self) -> Result<Vec<(String, f64)>>;

    fn previews(&mut self) -> Result<Vec<(String, ImageStore)>>;

    /// Keeps the present weights as the best ones.
    fn keep_best(&mut self);

    /// Brings the best weights back, if some were kept.
    fn restore_best(&mut self);

    /// What this training is, for its checkpoints.
    fn key(&mut self, config: &FitConfig) -> Result<CheckpointKey>;

    /// Model, best weights and optimizer as bytes.
    fn save(&self) -> std::result::Result<Saved, RecordError>;

    /// Takes what was saved; `false` when it is not of this model.
    fn load(&mut self, saved: Saved) -> bool;

    /// The device of the model, without autodiff.
    fn device(&self) -> &Device;
}

/// The weights and the optimizer of a training, in burnpack.
pub(super) struct Saved {
    pub(super) model: Bytes,
    pub(super) optimizer: Bytes,
    pub(super) best: Option<Bytes>,
}

/// A model and its task.
pub(super) struct TaskEngine<'a, M, T: Task<M>> {
    /// As it trains; taken for the time of a step.
    model: Option<M>,
    best: Option<M>,
    task: &'a mut T,
    descent: Descent,
    penalties: BTreeMap<String, f64>,
    batches: Option<T::Batches>,
    batch: Option<T::Batch>,
    device: Device,
}

impl<'a, M: Module, T: Task<M>> TaskEngine<'a, M, T> {
    pub(super) fn new(model: M, task: &'a mut T, config: &FitConfig) -> Result<Self> {
        let device = device_of(&model)?;
        let penalties = match config.penalties.is_empty() {
            true => BTreeMap::new(),
            false => Paths::of(&model).penalties(&config.penalties)?,
        };
        let optimizer = config.optimizer.shaped(&penalties, config.clipping);
        Ok(Self {
            model: Some(model.train()),
            best: None,
            task,
            descent: Descent::new(optimizer, config.clipping),
            penalties,
            batches: None,
            batch: None,
            device,
        })
    }

    /// The model, plain.
    pub(super) fn finish(self) -> Result<M> {
        self.model.map(|model| model.valid()).ok_or_else(lost)
    }

    fn model(&self) -> Result<&M> {
        self.model.as_ref().ok_or_else(lost)
    }
}

/// A step that failed has kept the model: the training is over.
fn lost() -> Error {
    Error::argument(
        "model",
        "perdu dans une étape qui a échoué",
        "recréez le modèle et relancez l'entraînement",
    )
}

/// The device a model lives on, without autodiff.
pub(super) fn device_of<M: Module>(model: &M) -> Result<Device> {
    match model.devices().into_iter().next() {
        Some(device) => Ok(device.without_autodiff()),
        None => Err(Error::argument(
            "model",
            "aucun paramètre",
            "un réseau avec au moins une couche entraînable",
        )),
    }
}

fn bytes_of<M: Module>(model: &M) -> std::result::Result<Bytes, RecordError> {
    model.valid().into_record().into_bytes()
}

/// `model` with the weights of a record, as it trains.
fn with_weights<M: Module>(model: M, bytes: Bytes) -> Option<M> {
    let record = ModuleRecord::from_bytes(bytes).ok()?;
    let model = model.valid().try_load_record(record).ok()?;
    Some(model.train())
}

impl<M: Module, T: Task<M>> Engine for TaskEngine<'_, M, T> {
    fn steps_per_epoch(&self) -> Option<usize> {
        self.task.steps_per_epoch()
    }

    fn begin_epoch(&mut self, epoch: u32, seed: u64) -> Result<Option<usize>> {
        self.batches = None;
        let model = self.model()?.valid();
        let batches = self.task.epoch(&model, epoch, seed, &self.device)?;
        let (_, most) = batches.size_hint();
        self.batches = Some(batches);
        Ok(most)
    }

    fn next_batch(&mut self) -> Result<bool> {
        self.batch = self.batches.as_mut().and_then(Iterator::next).transpose()?;
        Ok(self.batch.is_some())
    }

    fn step(&mut self, learning_rate: f64) -> Result<f64> {
        let (Some(model), Some(batch)) = (self.model.take(), self.batch.take()) else {
            return Err(lost());
        };
        let penalty = match self.penalties.is_empty() {
            true => 0.0,
            false => penalty_value(&model, &self.penalties)?,
        };
        self.descent.learning_rate = learning_rate;
        let (model, loss) = self.task.step(model, &mut self.descent, &batch)?;
        self.model = Some(model);
        Ok(loss + penalty)
    }

    fn after_step(&mut self, epoch: u32, step: usize) -> Result<()> {
        let model = self.model.as_ref().ok_or_else(lost)?;
        self.task.after_step(model, epoch, step)
    }

    fn validate(&mut self) -> Result<Vec<(String, f64)>> {
        let model = self.model()?.valid();
        self.task.validate(&model)
    }

    fn previews(&mut self) -> Result<Vec<(String, ImageStore)>> {
        let model = self.model()?.valid();
        self.task.previews(&model)
    }

    fn keep_best(&mut self) {
        self.best = self.model.as_ref().map(Module::valid);
    }

    fn restore_best(&mut self) {
        if let Some(best) = self.best.take() {
            self.model = Some(best.train());
        }
    }

    fn key(&mut self, config: &FitConfig) -> Result<CheckpointKey> {
        let model = self.model.as_ref().ok_or_else(lost)?;
        let probe = Probe::of(model, self.task, &self.device, config.learning_rate)?;
        let mut settings = config.settings();
        settings.extend(self.task.settings());
        Ok(CheckpointKey {
            model: signature(model),
            configuration: settings,
            data: self.task.fingerprint()?,
            seed: config.seed,
            probe,
        })
    }

    fn save(&self) -> std::result::Result<Saved, RecordError> {
        Ok(Saved {
            model: self
                .model
                .as_ref()
                .map_or_else(|| Ok(Bytes::from_bytes_vec(Vec::new())), bytes_of)?,
            optimizer: self.descent.optimizer.into_bytes()?,
            best: self.best.as_ref().map(bytes_of).transpose()?,
        })
    }

    fn load(&mut self, saved: Saved) -> bool {
        let Some(model) = self.model.clone() else {
            return false;
        };
        let best = saved.best.map(|bytes| with_weights(model.clone(), bytes));
        let optimizer = self.descent.optimizer.clone().from_bytes(saved.optimizer);
        let (Some(model), Ok(optimizer)) = (with_weights(model, saved.model), optimizer) else {
            return false;
        };
        match best {
            Some(None) => return false,
            Some(Some(best)) => self.best = Some(best.valid()),
            None => {}
        }
        self.model = Some(model);
        self.descent.optimizer = optimizer;
        true
    }

    fn device(&self) -> &Device {
        &self.device
    }
}
