//! The loop of every training: epochs, steps, history, progress, stop, divergence.

use burn::{module::Module, optim::ModuleOptimizer, tensor::Device};

use super::{
    AdamConfig, CheckpointKey, Checkpoints, FitConfig, Fitted, History, progress::Progress,
};
use crate::{
    data::{Batch, DetectionLoader, ImageStore},
    error::{Error, Result},
    host::{self, PictureRow, TrainingPlan},
};

/// What one training does that others do not.
///
/// The loop owns the model and lends it: plain (evaluation mode, without autodiff) at the start of
/// an epoch, as it trains after a step.
pub(super) trait Training<M> {
    /// The batches of one epoch.
    type Batches: Iterator<Item = Result<Batch>>;

    /// What it trains on.
    fn data(&self) -> &DetectionLoader;

    /// Name and value of the settings of this kind of training that change the weights.
    fn settings(&self) -> Vec<(&'static str, String)>;

    /// Prepares an epoch (from 1) whose order depends on `seed` alone.
    fn epoch(&mut self, model: &M, epoch: u32, seed: u64, device: &Device)
    -> Result<Self::Batches>;

    /// One update; returns the model and the mean loss before it.
    fn step(
        &mut self,
        model: M,
        optimizer: &mut ModuleOptimizer,
        batch: &Batch,
        learning_rate: f64,
    ) -> Result<(M, f64)>;

    /// Looks at the model after a step (from 1, over the whole training).
    fn after_step(&mut self, _model: &M, _epoch: u32, _step: usize) -> Result<()> {
        Ok(())
    }

    /// What a plain model makes of a few images, to be shown live: names of rows and images.
    fn previews(&self, _model: &M) -> Result<Vec<(&'static str, ImageStore)>> {
        Ok(Vec::new())
    }
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

/// Makes `steps_per_epoch` steps an epoch with Adam (ε = 1e-7, as Keras), on the model's device.
///
/// That device's generator is seeded at the start of each epoch: what a network draws (dropout,
/// latent variables) depends on `config.seed` and the epoch alone.
pub(super) fn run<M: Module, T: Training<M>>(
    model: M,
    config: &FitConfig,
    steps_per_epoch: usize,
    training: &mut T,
) -> Result<Fitted<M>> {
    config.check()?;
    let total =
        (steps_per_epoch * config.epochs as usize).min(config.max_steps.unwrap_or(usize::MAX));
    let mut history = History::new(config.smoothing_factor)?;
    let device = device_of(&model)?;

    let mut optimizer = AdamConfig::new().with_epsilon(1e-7).init();
    let checkpoints = checkpoints(&model, config, training)?;
    let mut model = model;
    let mut first_epoch = 1;
    if config.resume
        && let Some(checkpoints) = &checkpoints
    {
        let point = checkpoints.load(model, optimizer, history)?;
        (model, optimizer, history) = (point.model, point.optimizer, point.history);
        first_epoch = point.epoch + 1;
        println!(
            "Reprise après l'époque {} sur {} ({} pas déjà faits), point de reprise : {}",
            point.epoch,
            config.epochs,
            history.len(),
            checkpoints.folder().display()
        );
    }
    let mut model = model.train();
    let mut progress = Progress::start(config.epochs, total).after(history.len());
    let mut stopped = false;
    let mut observer = host::observe(TrainingPlan {
        epochs: config.epochs,
        steps: total,
        before: history.len(),
        shown: config.progress,
    });
    let prints = config.progress && !observer.as_ref().is_some_and(|observer| observer.shows());

    'epochs: for epoch in first_epoch..=config.epochs {
        // The first epoch is prepared whatever the total: it refuses a wrong batch size.
        if epoch > 1 && history.len() >= total {
            break;
        }
        if config.stops() {
            stopped = true;
            break;
        }
        // Every epoch has an order of its own, whatever happened in the epochs before.
        let seed = config.seed ^ (u64::from(epoch) << 32);
        device.seed(seed);
        let batches = match training.epoch(&model.valid(), epoch, seed, &device) {
            Err(Error::Stopped { .. }) => {
                stopped = true;
                break;
            }
            batches => batches?,
        };
        for batch in batches {
            if history.len() == total {
                break 'epochs;
            }
            if config.stops() {
                stopped = true;
                break 'epochs;
            }
            let (updated, loss) =
                training.step(model, &mut optimizer, &batch?, config.learning_rate)?;
            model = updated;
            history.push(epoch, loss);
            if !loss.is_finite() {
                return Err(Error::Diverged {
                    step: history.len(),
                    epoch,
                    learning_rate: config.learning_rate,
                });
            }
            training.after_step(&model, epoch, history.len())?;
            if let Some(observer) = &mut observer {
                observer.step(epoch, &history.trace());
            }
            if let Some(line) = progress.after_step(epoch, history.len(), loss)
                && prints
            {
                println!("{line}");
            }
        }
        if let Some(checkpoints) = &checkpoints {
            checkpoints.save(epoch, &model.valid(), &optimizer, &history)?;
        }
        if let Some(observer) = &mut observer {
            if let Some(checkpoints) = &checkpoints {
                observer.saved(checkpoints.folder(), epoch);
            }
            if observer.shows() {
                let rows = training.previews(&model.valid())?;
                let rows = rows
                    .iter()
                    .map(|(name, images)| picture_row(name, images))
                    .collect::<Result<Vec<_>>>()?;
                if !rows.is_empty() {
                    observer.previews(&rows);
                }
            }
        }
    }

    if let Some(observer) = &mut observer {
        observer.end(&history.trace(), stopped);
    }
    if stopped && host::asked() {
        host::answer(&format!(
            "Entraînement arrêté à votre demande au pas {} sur {total} : le modèle et l'historique sont gardés.",
            history.len()
        ));
    }
    if config.progress {
        println!("{}", progress.end(history.losses(), stopped));
    }
    Ok(Fitted {
        model: model.valid(),
        history,
        seconds: progress.seconds(),
        stopped,
    })
}

/// Images as a host takes them.
fn picture_row<'a>(name: &'a str, images: &'a ImageStore) -> Result<PictureRow<'a>> {
    let pictures = (0..images.len()).map(|index| images.image(index));
    Ok(PictureRow {
        name,
        height: images.height(),
        width: images.width(),
        pictures: pictures.collect::<Result<_>>()?,
    })
}

/// Where the state is saved, if anywhere.
fn checkpoints<M: Module, T: Training<M>>(
    model: &M,
    config: &FitConfig,
    training: &T,
) -> Result<Option<Checkpoints>> {
    let Some(folder) = &config.checkpoints else {
        return Ok(None);
    };
    let key = CheckpointKey::new(model, config, training.data(), &training.settings())?;
    Checkpoints::open(folder, key).map(Some)
}
