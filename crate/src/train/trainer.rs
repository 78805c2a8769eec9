//! A training described by closures: what a batch is, its loss or its step, its validation.

use burn::{Tensor, module::Module, optim::ModuleOptimizer, tensor::Device};

use super::{Descent, FitConfig, Fitted, Task, fit_task};
use crate::{
    data::ImageStore,
    error::{Error, Result},
};

/// An epoch that begins, as the closure that draws its batches sees it.
#[derive(Clone, Debug)]
pub struct EpochStart {
    /// Its number, from 1.
    pub epoch: u32,
    /// Its own seed: everything drawn for this epoch comes from it, so that a resumed training draws the same. A
    /// [`BatchConfig`](crate::data::BatchConfig) has a seed and takes [`epoch`](Self::epoch) instead.
    pub seed: u64,
    /// Where its tensors belong: the model's device, ready for gradients.
    pub device: Device,
}

type Batches<'a, B> = Box<dyn Iterator<Item = Result<B>> + 'a>;
type Draw<'a, B> = Box<dyn FnMut(&EpochStart) -> Result<Batches<'a, B>> + 'a>;
type Step<'a, M, B> = Box<dyn FnMut(M, &mut Descent, &B) -> Result<(M, f64)> + 'a>;
type Validate<'a, M> = Box<dyn FnMut(&M) -> Result<Vec<(String, f64)>> + 'a>;
type Show<'a, M> = Box<dyn FnMut(&M) -> Result<Vec<(String, ImageStore)>> + 'a>;

/// Trains any model on anything: the batches of an epoch, and a loss or a whole step.
///
/// Everything [`FitConfig`] offers (optimizer, schedule, penalties, early stopping, checkpoints, gentle stop) serves such
/// a training; only its `batch_size` does not, since batches are drawn here.
///
/// # Example
/// A regression: `y = 3x − 1`.
/// ```
/// use visages::{burn::prelude::*, ops::dense, train::{FitConfig, SgdConfig, Trainer}};
///
/// let device = Device::flex();
/// let model = dense(1, 1, &device);
/// let trainer = Trainer::new(model, |epoch| {
///     let x = Tensor::<2>::from_data([[0.0], [1.0], [2.0]], &epoch.device);
///     let y = x.clone() * 3.0 - 1.0;
///     Ok(std::iter::repeat_n((x, y), 50).map(Ok))
/// });
/// let config = FitConfig::new().with_epochs(4).with_optimizer(SgdConfig::new()).with_learning_rate(0.2);
/// let fitted = trainer
///     .with_loss(|line, (x, y)| Ok((line.forward(x.clone()) - y.clone()).square().mean()))
///     .fit(&config.with_progress(false))?;
/// assert!(fitted.history.losses()[199] < 1e-3);
/// # Ok::<(), visages::Error>(())
/// ```
/// A network on a labelled set, validated after each epoch; the weights of the best one come back.
/// ```
/// # use visages::{data::SkinTone, prelude::*};
/// # use burn::nn;
/// # #[derive(Module, Debug)]
/// # struct Net { conv: Conv2d, output: Linear }
/// # impl Net {
/// #     fn new(device: &Device) -> Self {
/// #         let conv = Conv2dConfig::new([3, 4], [5, 5]).with_stride([4, 4]).init(device);
/// #         Self { conv, output: dense(4 * 8 * 8, 1, device) }
/// #     }
/// #     fn forward(&self, x: Tensor<4>) -> Tensor<1> {
/// #         let features: Tensor<2> = relu(self.conv.forward(x)).flatten(1, 3);
/// #         self.output.forward(features).flatten(0, 1)
/// #     }
/// # }
/// let device = Device::flex();
/// let drawn = DrawnFacesConfig::new().with_faces(40).with_side(32);
/// let faces = Labelled::new(drawn.images()?, drawn.frame()?)?;
/// let parts = faces.split(&SplitConfig::new().with_shares(0.25, 0.0).with_stratify(&["gender"]))?;
/// let (train, validation) = (parts.train, parts.validation);
/// let batches = BatchConfig::new(10).balanced("gender").with_seed(1);
///
/// let fitted = Trainer::new(Net::new(&device), |epoch| batches.epoch(&train, epoch.epoch, &epoch.device))
///     .with_fingerprint(train.content_hash(&["gender"])?)
///     .with_loss(|net, batch| {
///         let logits = net.forward(batch.images.clone());
///         Ok(binary_cross_entropy_with_logits(logits, batch.target("gender")?)?.mean())
///     })
///     .with_validation(|net| {
///         let scores: Vec<f32> = sigmoid(net.forward(validation.images().all_to_tensor(&device)?)).try_into_vec_as()?;
///         binary_metrics(&[Metric::Accuracy], &validation.numbers("gender")?, &scores, 0.5)
///     })
///     .fit(&FitConfig::new()
///         .with_epochs(2)
///         .with_target(ValidationTarget::of(Metric::Accuracy)?)
///         .with_early_stopping(EarlyStopping::new(1))
///         .with_progress(false))?;
/// assert!(fitted.history.validation("accuracy").is_ok() && fitted.best_epoch.is_some());
/// # Ok::<(), visages::Error>(())
/// ```
pub struct Trainer<'a, M, B> {
    model: M,
    steps: Closures<'a, M, B>,
}

/// The closures of a [`Trainer`].
struct Closures<'a, M, B> {
    draw: Draw<'a, B>,
    step: Option<Step<'a, M, B>>,
    validate: Option<Validate<'a, M>>,
    show: Option<Show<'a, M>>,
    steps_per_epoch: Option<usize>,
    fingerprint: String,
    settings: Vec<(String, String)>,
}

impl<'a, M: Module + 'a, B: 'a> Trainer<'a, M, B> {
    /// A training of `model` (plain) on the batches that `draw` makes for each epoch.
    ///
    /// `draw` is called at the start of every epoch, and once more before the first when checkpoints are kept: its
    /// batches must depend on what the [`EpochStart`] says alone.
    pub fn new<I>(model: M, mut draw: impl FnMut(&EpochStart) -> Result<I> + 'a) -> Self
    where
        I: IntoIterator<Item = Result<B>>,
        I::IntoIter: 'a,
    {
        Self {
            model,
            steps: Closures {
                draw: Box::new(move |start| Ok(Box::new(draw(start)?.into_iter()))),
                step: None,
                validate: None,
                show: None,
                steps_per_epoch: None,
                fingerprint: String::new(),
                settings: Vec::new(),
            },
        }
    }

    /// The loss of a batch, `[1]`, to be lessened; the update is the loop's.
    pub fn with_loss(mut self, mut loss: impl FnMut(&M, &B) -> Result<Tensor<1>> + 'a) -> Self {
        self.steps.step = Some(Box::new(move |model, descent, batch| {
            let loss = loss(&model, batch)?;
            descent.descend(model, loss)
        }));
        self
    }

    /// A whole step of one's own: model, optimizer, batch, learning rate → the model updated and its loss before.
    pub fn with_step(
        mut self,
        mut step: impl FnMut(M, &mut ModuleOptimizer, &B, f64) -> Result<(M, f64)> + 'a,
    ) -> Self {
        self.steps.step = Some(Box::new(move |model, descent, batch| {
            descent.own_step(model, batch, &mut step)
        }));
        self
    }

    /// What the model (plain, in evaluation mode) is worth after each epoch: names and values. A loss named « perte »
    /// is drawn beside that of the training.
    pub fn with_validation<S: Into<String>>(
        mut self,
        mut validate: impl FnMut(&M) -> Result<Vec<(S, f64)>> + 'a,
    ) -> Self {
        self.steps.validate = Some(Box::new(move |model| {
            let measured = validate(model)?;
            Ok(measured
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect())
        }));
        self
    }

    /// What the model makes of a few images, shown live after each epoch: names of rows and images.
    pub fn with_previews<S: Into<String>>(
        mut self,
        mut show: impl FnMut(&M) -> Result<Vec<(S, ImageStore)>> + 'a,
    ) -> Self {
        self.steps.show = Some(Box::new(move |model| {
            let rows = show(model)?;
            Ok(rows
                .into_iter()
                .map(|(name, images)| (name.into(), images))
                .collect())
        }));
        self
    }

    /// Says how many steps an epoch has, when its batches do not say so themselves (after a `filter`).
    pub fn with_steps_per_epoch(mut self, steps: usize) -> Self {
        self.steps.steps_per_epoch = Some(steps);
        self
    }

    /// Says what the data is, for checkpoints: two trainings whose fingerprints differ are two trainings.
    pub fn with_fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.steps.fingerprint = fingerprint.into();
        self
    }

    /// Says a setting of this training, for checkpoints: its name in French, and its value.
    pub fn with_setting(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.steps.settings.push((name.into(), value.to_string()));
        self
    }

    /// Trains.
    ///
    /// # Errors
    /// [`Error::Argument`] without a loss or a step; those of the closures and of [`fit_task`].
    pub fn fit(mut self, config: &FitConfig) -> Result<Fitted<M>> {
        if self.steps.step.is_none() {
            return Err(Error::argument(
                "step",
                "absente",
                "la perte à réduire, .with_loss(…), ou votre propre étape, .with_step(…)",
            ));
        }
        fit_task(self.model, &mut self.steps, config)
    }
}

impl<'a, M: Module, B> Task<M> for Closures<'a, M, B> {
    type Batch = B;
    type Batches = Batches<'a, B>;

    fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    fn fingerprint(&self) -> Result<String> {
        Ok(self.fingerprint.clone())
    }

    fn steps_per_epoch(&self) -> Option<usize> {
        self.steps_per_epoch
    }

    fn epoch(&mut self, _: &M, epoch: u32, seed: u64, device: &Device) -> Result<Self::Batches> {
        (self.draw)(&EpochStart {
            epoch,
            seed,
            device: device.clone().autodiff(),
        })
    }

    fn step(&mut self, model: M, descent: &mut Descent, batch: &B) -> Result<(M, f64)> {
        match &mut self.step {
            Some(step) => step(model, descent, batch),
            None => Err(Error::NotTraining),
        }
    }

    fn validate(&mut self, model: &M) -> Result<Vec<(String, f64)>> {
        self.validate
            .as_mut()
            .map_or(Ok(Vec::new()), |validate| validate(model))
    }

    fn previews(&mut self, model: &M) -> Result<Vec<(String, ImageStore)>> {
        self.show
            .as_mut()
            .map_or(Ok(Vec::new()), |show| show(model))
    }

    fn probe_batch(&mut self, device: &Device) -> Result<Option<B>> {
        let start = EpochStart {
            epoch: 1,
            seed: super::probe::SEED,
            device: device.clone().autodiff(),
        };
        (self.draw)(&start)?.next().transpose()
    }
}
