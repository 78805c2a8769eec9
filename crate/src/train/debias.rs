//! Training a DB-VAE with adaptive resampling.

use burn::{optim::ModuleOptimizer, tensor::Device};

use super::{
    BINS, DebiasingModel, Descent, FitConfig, Fitted, History, SMOOTHING, Task, Traced,
    debiasing_model::debiasing_batch_loss,
    detection::{batch_setting, steps_per_epoch},
    effective_sample_size,
    engine::device_of,
    fit_task,
    latent::encode_until,
    probe, sample_probabilities,
};
use crate::{
    data::{Batch, DetectionBatches, DetectionLoader, ImageStore},
    error::Result,
    french::{count, decimal, duration, format_number},
    ready::always_ready,
};

/// Faces whose probabilities tell one function from another.
const PROBED_FACES: usize = 256;

/// Settings of [`fit_debiasing`]; the defaults are the original lab's.
///
/// # Example
/// ```
/// use visages::train::{DebiasingConfig, FitConfig};
///
/// let config = DebiasingConfig::new().with_smoothing(0.1);
/// assert_eq!((config.fit.epochs, config.fit.batch_size, config.bins), (6, 32, 10));
/// let short = DebiasingConfig::new().with_fit(FitConfig::new().with_epochs(1).with_seed(7));
/// assert_eq!(short.fit.epochs, 1);
/// ```
#[derive(Clone, Debug)]
pub struct DebiasingConfig {
    /// Epochs (6 by default), batch size, learning rate, seed, stop…, as for a plain detector.
    pub fit: FitConfig,
    /// Bins of each latent variable's histogram, 10 by default.
    pub bins: usize,
    /// Smoothing α of the densities, 0.001 by default: 0 is the strongest debiasing, a large value
    /// draws faces uniformly.
    pub smoothing: f64,
    /// Images encoded at a time when probabilities are computed, 256 by default.
    pub encoding_batch_size: usize,
    /// Steps between two stored reconstructions, 500 by default; 0 stores none on the way.
    pub preview_every: usize,
    /// Faces reconstructed in a preview, the first of the training faces; 5 by default.
    pub preview_faces: usize,
}

impl DebiasingConfig {
    /// The original's settings: 6 epochs, batches of 32, learning rate 5e-4, 10 bins, α = 0.001.
    pub fn new() -> Self {
        Self {
            fit: FitConfig::new().with_epochs(6),
            bins: BINS,
            smoothing: SMOOTHING,
            encoding_batch_size: 256,
            preview_every: 500,
            preview_faces: 5,
        }
    }

    /// Sets epochs, batch size, learning rate, seed… at once.
    pub fn with_fit(mut self, fit: FitConfig) -> Self {
        self.fit = fit;
        self
    }

    /// Sets the number of bins.
    pub fn with_bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// Sets the smoothing α.
    pub fn with_smoothing(mut self, smoothing: f64) -> Self {
        self.smoothing = smoothing;
        self
    }

    /// Sets the number of images encoded at a time.
    pub fn with_encoding_batch_size(mut self, encoding_batch_size: usize) -> Self {
        self.encoding_batch_size = encoding_batch_size;
        self
    }

    /// Sets the number of steps between two previews.
    pub fn with_preview_every(mut self, preview_every: usize) -> Self {
        self.preview_every = preview_every;
        self
    }

    /// Sets the number of faces of a preview.
    pub fn with_preview_faces(mut self, preview_faces: usize) -> Self {
        self.preview_faces = preview_faces;
        self
    }
}

impl Default for DebiasingConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The probabilities with which an epoch drew its faces.
#[derive(Clone)]
pub struct Resampling {
    /// Epoch, from 1.
    pub epoch: u32,
    /// One a training face, in the order of [`DetectionLoader::faces`].
    pub probabilities: Vec<f64>,
    /// Their effective sample size; see [`effective_sample_size`].
    pub effective_size: f64,
}

impl Resampling {
    /// # Errors
    /// Those of [`effective_sample_size`].
    pub(super) fn new(epoch: u32, probabilities: Vec<f64>) -> Result<Self> {
        Ok(Self {
            epoch,
            effective_size: effective_sample_size(&probabilities)?,
            probabilities,
        })
    }

    /// What a training of so many epochs says of it.
    pub(super) fn line(&self, epochs: u32) -> String {
        format!(
            "époque {}/{epochs} · probabilités recalculées : autant de variété qu'en tirant parmi {} visages, sur {}",
            self.epoch,
            decimal(self.effective_size, 0),
            format_number(self.probabilities.len() as f64, 0),
        )
    }
}

impl std::fmt::Debug for Resampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Resampling(époque {}, taille effective {} sur {})",
            self.epoch,
            decimal(self.effective_size, 0),
            count(self.probabilities.len(), "visage")
        )
    }
}

/// What the model made of the same few faces at one moment of its training.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Steps made before.
    pub step: usize,
    /// Name of the row in a figure: « Après 500 pas ».
    pub label: String,
    /// The faces decoded from the means of their latent variables, in evaluation mode.
    pub reconstructions: ImageStore,
}

/// The images that previews start from, then each preview, with the names of the rows.
pub(super) fn preview_rows<'a>(
    originals: &'a ImageStore,
    previews: &'a [Preview],
) -> Vec<(&'a str, &'a ImageStore)> {
    let mut rows = vec![("Originaux", originals)];
    rows.extend(
        previews
            .iter()
            .map(|preview| (preview.label.as_str(), &preview.reconstructions)),
    );
    rows
}

/// What a plain model makes of images, decoded from the means of their latent variables.
pub(super) fn reconstructions<M: DebiasingModel>(
    model: &M,
    originals: &ImageStore,
    device: &Device,
) -> Result<ImageStore> {
    let (_, mean, _) = model.encode(originals.all_to_tensor(device)?);
    ImageStore::from_tensor(model.decode(mean))
}

/// What [`fit_debiasing`] returns.
#[derive(Clone)]
pub struct DebiasedFit<M> {
    /// The trained model, plain (evaluation mode, without autodiff).
    pub model: M,
    /// The total loss of every step.
    pub history: History,
    /// Duration of the loop, in seconds.
    pub seconds: f64,
    /// Whether the stop flag ended the loop before its term.
    pub stopped: bool,
    /// How faces were drawn, epoch by epoch.
    pub resamplings: Vec<Resampling>,
    /// The faces of the previews, as they are.
    pub originals: ImageStore,
    /// Their reconstructions, in the order of the steps; the last one is the end of the training.
    pub previews: Vec<Preview>,
}

impl<M> Traced for DebiasedFit<M> {
    fn history(&self) -> &History {
        &self.history
    }
}

always_ready! { {M} DebiasedFit<M> }

impl<M> DebiasedFit<M> {
    /// Originals and reconstructions, ready for [`image_rows`](crate::figures::image_rows).
    pub fn preview_rows(&self) -> Vec<(&str, &ImageStore)> {
        preview_rows(&self.originals, &self.previews)
    }
}

// A derived `Debug` would print the whole model at the end of a cell.
impl<M> std::fmt::Debug for DebiasedFit<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stopped = if self.stopped { ", arrêté" } else { "" };
        let time = duration(self.seconds);
        write!(f, "DebiasedFit({:?} en {time}{stopped})", self.history)
    }
}

/// Trains a DB-VAE with Adam on batches whose faces are drawn according to how rare they are.
///
/// At the start of each epoch every training face is encoded and [`sample_probabilities`] of the
/// means give the probabilities; each batch then draws half of its images among the faces with
/// them, without replacement, and half among the other images uniformly. The model encodes in
/// evaluation mode and goes on training: its batch norms train, as those of the plain detector do.
/// The rest is as in [`fit`](super::fit).
///
/// # Errors
/// Those of [`fit`](super::fit), `debiasing_train_step` and [`sample_probabilities`].
pub fn fit_debiasing<M: DebiasingModel>(
    model: M,
    data: &DetectionLoader,
    config: &DebiasingConfig,
) -> Result<DebiasedFit<M>> {
    let device = device_of(&model)?;
    let probabilities = |faces: &ImageStore, model: &M| {
        let (size, flag) = (config.encoding_batch_size, &config.fit.stop);
        let (mu, _) = encode_until(model, faces, size, &device, flag)?;
        sample_probabilities(&mu, config.bins, config.smoothing)
    };
    let step = |model: M, descent: &mut Descent, batch: &Batch| {
        let loss = debiasing_batch_loss(&model, batch)?;
        descent.descend(model, loss)
    };
    run(model, data, config, probabilities, step)
}

/// [`fit_debiasing`] with one's own functions: `probabilities` of the training faces according to a
/// model in evaluation mode, and one training `step` (model, optimizer, batch, learning rate →
/// updated model and loss).
///
/// The number of bins and the smoothing of `config` are not used: they belong to `probabilities`.
///
/// # Errors
/// Those of both functions, of [`fit`](super::fit) and of [`DetectionLoader::weighted_batches`].
pub fn fit_debiasing_with<M, P, S>(
    model: M,
    data: &DetectionLoader,
    config: &DebiasingConfig,
    probabilities: P,
    mut step: S,
) -> Result<DebiasedFit<M>>
where
    M: DebiasingModel,
    P: FnMut(&ImageStore, &M) -> Result<Vec<f64>>,
    S: FnMut(M, &mut ModuleOptimizer, &Batch, f64) -> Result<(M, f64)>,
{
    let step =
        |model: M, descent: &mut Descent, batch: &Batch| descent.own_step(model, batch, &mut step);
    run(model, data, config, probabilities, step)
}

fn run<M, P, S>(
    model: M,
    data: &DetectionLoader,
    config: &DebiasingConfig,
    probabilities: P,
    step: S,
) -> Result<DebiasedFit<M>>
where
    M: DebiasingModel,
    P: FnMut(&ImageStore, &M) -> Result<Vec<f64>>,
    S: FnMut(M, &mut Descent, &Batch) -> Result<(M, f64)>,
{
    let device = device_of(&model)?;
    let shown: Vec<usize> = (0..config.preview_faces.min(data.faces().len())).collect();
    let mut training = Debiasing {
        data,
        config,
        device,
        probabilities,
        step,
        originals: data.faces().select(&shown)?,
        resamplings: Vec::new(),
        previews: Vec::new(),
    };
    let fitted: Fitted<M> = fit_task(model, &mut training, &config.fit)?;

    let steps = fitted.history.len();
    if training.previews.last().map(|preview| preview.step) != Some(steps) {
        training.preview(&fitted.model, steps)?;
    }
    Ok(DebiasedFit {
        model: fitted.model,
        history: fitted.history,
        seconds: fitted.seconds,
        stopped: fitted.stopped,
        resamplings: training.resamplings,
        originals: training.originals,
        previews: training.previews,
    })
}

/// Training with faces drawn anew each epoch.
struct Debiasing<'a, P, S> {
    data: &'a DetectionLoader,
    config: &'a DebiasingConfig,
    device: Device,
    probabilities: P,
    step: S,
    originals: ImageStore,
    resamplings: Vec<Resampling>,
    previews: Vec<Preview>,
}

impl<P, S> Debiasing<'_, P, S> {
    /// Stores what a plain `model` makes of the originals.
    fn preview<M: DebiasingModel>(&mut self, model: &M, step: usize) -> Result<()> {
        if self.originals.is_empty() {
            return Ok(());
        }
        let reconstructions = self.reconstructions(model)?;
        self.previews.push(Preview {
            step,
            label: format!("Après {step} pas"),
            reconstructions,
        });
        Ok(())
    }

    fn reconstructions<M: DebiasingModel>(&self, model: &M) -> Result<ImageStore> {
        reconstructions(model, &self.originals, &self.device)
    }
}

impl<'a, M, P, S> Task<M> for Debiasing<'a, P, S>
where
    M: DebiasingModel,
    P: FnMut(&ImageStore, &M) -> Result<Vec<f64>>,
    S: FnMut(M, &mut Descent, &Batch) -> Result<(M, f64)>,
{
    type Batch = Batch;
    type Batches = DetectionBatches;

    fn settings(&self) -> Vec<(String, String)> {
        let config = self.config;
        vec![
            batch_setting(config.fit.batch_size),
            (
                "tirage des visages".to_owned(),
                "rééchantillonné".to_owned(),
            ),
            ("intervalles (bins)".to_owned(), config.bins.to_string()),
            (
                "lissage (smoothing)".to_owned(),
                config.smoothing.to_string(),
            ),
        ]
    }

    fn fingerprint(&self) -> Result<String> {
        self.data.content_hash()
    }

    fn steps_per_epoch(&self) -> Option<usize> {
        Some(steps_per_epoch(self.data, self.config.fit.batch_size))
    }

    fn epoch(
        &mut self,
        model: &M,
        epoch: u32,
        seed: u64,
        device: &Device,
    ) -> Result<DetectionBatches> {
        let fit = &self.config.fit;
        // A batch size that cannot be is refused before every face is encoded.
        self.data.batches(fit.batch_size, seed, device)?;
        let probabilities = (self.probabilities)(self.data.faces(), model)?;
        let batches = self
            .data
            .weighted_batches(fit.batch_size, &probabilities, seed, device)?;
        let resampling = Resampling::new(epoch, probabilities)?;
        if fit.progress {
            println!("{}", resampling.line(fit.epochs));
        }
        self.resamplings.push(resampling);
        Ok(batches)
    }

    fn step(&mut self, model: M, descent: &mut Descent, batch: &Batch) -> Result<(M, f64)> {
        (self.step)(model, descent, batch)
    }

    fn after_step(&mut self, model: &M, _epoch: u32, step: usize) -> Result<()> {
        let every = self.config.preview_every;
        // The first step, then every so many, as the original.
        if every > 0 && (step - 1).is_multiple_of(every) {
            self.preview(&model.valid(), step)?;
        }
        Ok(())
    }

    fn previews(&mut self, model: &M) -> Result<Vec<(String, ImageStore)>> {
        if self.originals.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![
            ("Originaux".to_owned(), self.originals.clone()),
            ("Reconstructions".to_owned(), self.reconstructions(model)?),
        ])
    }

    fn probe_batch(&mut self, device: &Device) -> Result<Option<Batch>> {
        let size = self.config.fit.batch_size;
        self.data.batch(size, probe::SEED, device).map(Some)
    }

    fn probe(&mut self, model: &M) -> Result<Vec<(String, f64)>> {
        let faces = self.data.faces();
        let few: Vec<usize> = (0..faces.len().min(PROBED_FACES)).collect();
        // A function that wants all the faces gets them.
        let probabilities = (self.probabilities)(&faces.select(&few)?, model)
            .or_else(|_| (self.probabilities)(faces, model))?;
        let sum: f64 = probabilities.iter().sum();
        let ranks = (1..).map(f64::from).zip(&probabilities);
        let mean_rank = ranks.map(|(rank, p)| rank * p).sum::<f64>() / sum;
        Ok(vec![
            (
                "taille effective du tirage des visages".to_owned(),
                effective_sample_size(&probabilities)?,
            ),
            ("rang moyen des visages tirés".to_owned(), mean_rank),
        ])
    }
}
