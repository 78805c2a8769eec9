//! The account of a DB-VAE's training by a loop of one's own: what [`TrainingLog`] keeps, how faces were drawn, and what
//! the model makes of a few of them.

use std::ops::{Deref, DerefMut};

use super::{
    DebiasedFit, DebiasingModel, Preview, Resampling, TrainingLog,
    debias::{preview_rows, reconstructions},
    detection::steps_per_epoch,
    engine::device_of,
    epochs::picture_row,
};
use crate::{
    data::{DetectionLoader, ImageStore},
    error::Result,
};

/// Faces of the previews.
const PREVIEW_FACES: usize = 5;

/// Follows the training of a DB-VAE by a loop of one's own. It is a [`TrainingLog`] (`epochs`, `stops`, `step`…) that also
/// notes how each epoch draws its faces and shows the reconstructions of the first five.
///
/// # Example
/// ```
/// use visages::{data::ImageStore, models::{DbVae, DbVaeConfig}, prelude::*, train::{debiasing_train_step, sample_probabilities}};
///
/// fn train_by_hand(model: DbVae, loader: &DetectionLoader, device: &Device) -> Result<DebiasedFit<DbVae>, Error> {
///     let mut optimizer = AdamConfig::new().init();
///     let mut log = DebiasingLog::start(1, 32, loader)?;
///     let mut model = model.train();
///     'training: for epoch in log.epochs() {
///         let p_faces = sample_probabilities(&latent_means(&model, loader.faces(), 256, device)?, 10, 0.001)?;
///         log.draws(epoch, &p_faces)?;
///         for batch in loader.weighted_batches(32, &p_faces, epoch.into(), device)? {
///             if log.stops() { break 'training; }
///             let (updated, loss) = debiasing_train_step(model, &mut optimizer, &batch?, 5e-4)?;
///             model = updated;
///             log.step(epoch, loss)?;
///         }
///         log.preview(epoch, &model.valid())?;
///     }
///     Ok(log.finish_with(model.valid()))
/// }
/// # let mut images = ImageStore::new(64, 64);
/// # for image in 0..48_usize {
/// #     let pixels: Vec<u8> = (0..64 * 64 * 3).map(|at| (at * (image + 3) % 251) as u8).collect();
/// #     images.push(&pixels)?;
/// # }
/// # let device = Device::flex();
/// # let loader = DetectionLoader::new(&images, &images, 0.25, 1)?;
/// # let fit = train_by_hand(DbVaeConfig::new().with_n_filters(2).init(&device), &loader, &device)?;
/// # assert_eq!((fit.history.len(), fit.resamplings.len(), fit.previews.len()), (loader.train_size() / 32, 1, 1));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct DebiasingLog {
    log: TrainingLog,
    resamplings: Vec<Resampling>,
    originals: ImageStore,
    previews: Vec<Preview>,
}

impl DebiasingLog {
    /// Opens the bar of a training of so many epochs by batches of so many images.
    ///
    /// # Errors
    /// None for a loader that was built.
    pub fn start(epochs: u32, batch_size: usize, loader: &DetectionLoader) -> Result<Self> {
        let shown: Vec<usize> = (0..PREVIEW_FACES.min(loader.faces().len())).collect();
        Ok(Self {
            log: TrainingLog::start(epochs, steps_per_epoch(loader, batch_size)),
            resamplings: Vec::new(),
            originals: loader.faces().select(&shown)?,
            previews: Vec::new(),
        })
    }

    /// Notes with which probabilities an epoch (from 1) draws its faces, and says how varied they remain.
    ///
    /// # Errors
    /// Those of [`effective_sample_size`](super::effective_sample_size).
    pub fn draws(&mut self, epoch: u32, probabilities: &[f64]) -> Result<()> {
        let resampling = Resampling::new(epoch, probabilities.to_vec())?;
        self.log.tell(&resampling.line(self.log.announced()));
        self.resamplings.push(resampling);
        Ok(())
    }

    /// Shows what a plain model (`model.valid()`) makes of the first faces after an epoch.
    ///
    /// # Errors
    /// Those of the model.
    pub fn preview<M: DebiasingModel>(&mut self, epoch: u32, model: &M) -> Result<()> {
        if self.originals.is_empty() {
            return Ok(());
        }
        self.previews.push(Preview {
            step: self.log.history().len(),
            label: format!("Après l'époque {epoch}"),
            reconstructions: reconstructions(model, &self.originals, &device_of(model)?)?,
        });
        if self.log.is_watched() {
            let rows = preview_rows(&self.originals, &self.previews)
                .into_iter()
                .map(|(name, images)| picture_row(name, images))
                .collect::<Result<Vec<_>>>()?;
            self.log.previews(&rows);
        }
        Ok(())
    }

    /// Ends the bar, draws the last curve and prints the last line; what [`fit_debiasing`](super::fit_debiasing) returns,
    /// with the plain model (`model.valid()`) that the loop trained.
    pub fn finish_with<M>(self, model: M) -> DebiasedFit<M> {
        let (seconds, stopped) = (self.log.seconds(), self.log.is_stopped());
        DebiasedFit {
            model,
            history: self.log.finish(),
            seconds,
            stopped,
            resamplings: self.resamplings,
            originals: self.originals,
            previews: self.previews,
        }
    }
}

impl Deref for DebiasingLog {
    type Target = TrainingLog;

    fn deref(&self) -> &TrainingLog {
        &self.log
    }
}

impl DerefMut for DebiasingLog {
    fn deref_mut(&mut self) -> &mut TrainingLog {
        &mut self.log
    }
}
