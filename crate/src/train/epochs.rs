//! The loop of every training: epochs, steps, validation, checkpoints, stop, divergence.

use burn::module::Module;

use super::{
    Checkpoints, FitConfig, Fitted, History, Task, TrainingLog,
    control::Control,
    engine::{Engine, TaskEngine},
    log::LogPlan,
};
use crate::{
    data::ImageStore,
    error::{Error, Result},
    french::compact,
    host::PictureRow,
};

/// Trains `model` at `task`: the loop that every training of the library goes through.
///
/// The device's generator is seeded at the start of each epoch: what a network draws (dropout, latent variables) depends
/// on `config.seed` and the epoch alone. The model comes back plain.
///
/// # Errors
/// [`Error::Argument`] for settings that make no sense, [`Error::Diverged`] as soon as a loss is infinite or NaN,
/// [`Error::Checkpoint`] when a training cannot be resumed, and those of the task.
pub fn fit_task<M: Module, T: Task<M>>(
    model: M,
    task: &mut T,
    config: &FitConfig,
) -> Result<Fitted<M>> {
    config.check()?;
    let mut engine = TaskEngine::new(model, task, config)?;
    let outcome = drive(&mut engine, config)?;
    Ok(Fitted {
        model: engine.finish()?,
        history: outcome.history,
        seconds: outcome.seconds,
        stopped: outcome.stopped,
        stopped_early: outcome.stopped_early,
        best_epoch: outcome.best_epoch,
    })
}

/// What the loop gives beside the model.
struct Outcome {
    history: History,
    seconds: f64,
    stopped: bool,
    stopped_early: bool,
    best_epoch: Option<u32>,
}

/// How one epoch ended.
enum Ended {
    /// All its batches were seen.
    Whole,
    /// The limit of steps was reached.
    Limit,
    /// A stop was asked for.
    Stopped,
}

/// The loop itself: it knows nothing of models.
fn drive(engine: &mut dyn Engine, config: &FitConfig) -> Result<Outcome> {
    let mut control = Control::new(config)?;
    let mut history = History::new(config.smoothing_factor)?;
    if let Some(target) = &config.target {
        history = history.with_target(target.clone());
    }
    let checkpoints = match &config.checkpoints {
        Some(folder) => Some(Checkpoints::open(folder, engine.key(config)?)?),
        None => None,
    };
    let mut first_epoch = 1;
    if config.resume
        && let Some(checkpoints) = &checkpoints
    {
        let point = checkpoints.load(engine, history)?;
        history = point.history;
        first_epoch = point.epoch + 1;
        control.resume(point.control, point.epoch, history.len());
        println!(
            "Reprise après l'époque {} sur {} ({} pas déjà faits), point de reprise : {}",
            point.epoch,
            config.epochs,
            history.len(),
            checkpoints.folder().display()
        );
    }

    // A task that does not know its steps says them once it has prepared an epoch.
    let mut prepared = None;
    let known = engine.steps_per_epoch();
    let per_epoch = match known {
        Some(steps) => steps,
        None if first_epoch <= config.epochs => {
            let steps = begin_epoch(engine, config, first_epoch)?;
            prepared = Some(first_epoch);
            steps.ok_or_else(|| {
                Error::argument(
                    "batches",
                    "nombre de lots inconnu",
                    "le nombre de lots d'une époque : ajoutez-le avec .with_steps_per_epoch(…)",
                )
            })?
        }
        None => 0,
    };
    let planned = per_epoch * config.epochs as usize;
    let most = config.max_steps.unwrap_or(usize::MAX);
    // Epochs of a task that counts its steps itself may differ in length.
    let limit = most.min(known.map_or(usize::MAX, |_| planned));
    let mut log = TrainingLog::open(LogPlan {
        epochs: config.epochs,
        steps: planned.min(most),
        history,
        shown: config.progress,
        stop: config.stop.clone(),
    });
    let mut stopped = false;
    let mut stopped_early = control.ended();

    for epoch in first_epoch..=config.epochs {
        // The first epoch is prepared whatever the total: it refuses a wrong batch size.
        if stopped_early || epoch > 1 && log.history().len() >= limit {
            break;
        }
        if log.stops() {
            stopped = true;
            break;
        }
        if prepared != Some(epoch) {
            match begin_epoch(engine, config, epoch) {
                Err(Error::Stopped { .. }) => {
                    stopped = true;
                    break;
                }
                begun => begun?,
            };
        }
        control.begin_epoch();
        let ended = run_epoch(engine, &mut control, &mut log, epoch, limit)?;
        if matches!(ended, Ended::Stopped) {
            stopped = true;
            break;
        }
        let whole = matches!(ended, Ended::Whole);
        // The limit may fall before the first step of an epoch.
        if !whole && log.history().epochs().last() != Some(&epoch) {
            break;
        }
        let measured = match engine.validate() {
            Err(Error::Stopped { .. }) => {
                stopped = true;
                break;
            }
            measured => measured?,
        };
        log.end_epoch(epoch, &measured)?;
        let judgement = control.judge(epoch, log.history())?;
        if judgement.keeps {
            engine.keep_best();
        }
        if let Some(rate) = judgement.reduced {
            log.say(&format!(
                "époque {epoch}/{} · la validation ne progresse plus : taux d'apprentissage réduit à {}",
                config.epochs,
                compact(rate)
            ));
        }
        if whole && let Some(checkpoints) = &checkpoints {
            checkpoints.save(epoch, engine, log.history(), control.state())?;
            log.saved(checkpoints.folder(), epoch);
        }
        show_previews(engine, &mut log)?;
        if judgement.ends {
            log.say(&format!(
                "époque {epoch}/{} · la validation ne progresse plus : arrêt anticipé",
                config.epochs
            ));
            stopped_early = true;
        }
        if !whole {
            break;
        }
    }

    let best_epoch = control.state().best_epoch.filter(|_| control.keeps_best());
    if let Some(epoch) = best_epoch {
        engine.restore_best();
        log.say(&format!(
            "poids gardés : ceux de l'époque {epoch}, la meilleure en validation"
        ));
    }
    if stopped {
        log.stop();
    }
    let seconds = log.seconds();
    Ok(Outcome {
        history: log.finish(),
        seconds,
        stopped,
        stopped_early,
        best_epoch,
    })
}

/// Every epoch has an order of its own, whatever happened in the epochs before.
fn begin_epoch(engine: &mut dyn Engine, config: &FitConfig, epoch: u32) -> Result<Option<usize>> {
    let seed = config.seed ^ (u64::from(epoch) << 32);
    engine.device().seed(seed);
    engine.begin_epoch(epoch, seed)
}

fn run_epoch(
    engine: &mut dyn Engine,
    control: &mut Control,
    log: &mut TrainingLog,
    epoch: u32,
    limit: usize,
) -> Result<Ended> {
    while engine.next_batch()? {
        if log.history().len() >= limit {
            return Ok(Ended::Limit);
        }
        if log.stops() {
            return Ok(Ended::Stopped);
        }
        control.begin_step();
        let learning_rate = control.learning_rate();
        log.set_learning_rate(learning_rate);
        let loss = engine.step(learning_rate)?;
        log.record(epoch, loss)?;
        engine.after_step(epoch, log.history().len())?;
        log.show();
    }
    Ok(Ended::Whole)
}

fn show_previews(engine: &mut dyn Engine, log: &mut TrainingLog) -> Result<()> {
    if !log.is_watched() {
        return Ok(());
    }
    let rows = engine.previews()?;
    let rows = rows
        .iter()
        .map(|(name, images)| picture_row(name, images))
        .collect::<Result<Vec<_>>>()?;
    if !rows.is_empty() {
        log.previews(&rows);
    }
    Ok(())
}

/// Images as a host takes them.
pub(super) fn picture_row<'a>(name: &'a str, images: &'a ImageStore) -> Result<PictureRow<'a>> {
    let pictures = (0..images.len()).map(|index| images.image(index));
    Ok(PictureRow {
        name,
        height: images.height(),
        width: images.width(),
        pictures: pictures.collect::<Result<_>>()?,
    })
}
