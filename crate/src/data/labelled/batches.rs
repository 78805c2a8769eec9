//! The batches of one epoch of a labelled set, the next one made while the network learns from the last.

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, channel, sync_channel},
    thread::{Builder, JoinHandle},
};

use burn::tensor::{Device, Int, Tensor, TensorData};
use polars::prelude::DataFrame;

use super::{Labelled, columns};
use crate::{
    data::{
        augment::Augmenter,
        image_store::{CHANNELS, ImageStore},
        sampler::IndexBatches,
    },
    error::{Error, Result},
};

/// In which order an epoch shows the images.
#[derive(Debug, Clone, PartialEq)]
enum Order {
    InTurn,
    Shuffled,
    Balanced(String),
    Weighted(Vec<f64>),
}

/// How a labelled set is dealt in batches.
///
/// ```
/// use visages::{burn::tensor::Device, data::{BatchConfig, ImageStore, Labelled}, polars::prelude::*};
/// let mut images = ImageStore::new(1, 1);
/// for grey in 0..10 {
///     images.push(&[grey; 3])?;
/// }
/// let set = Labelled::new(images, df!("even" => [1, 0, 1, 0, 1, 0, 1, 0, 1, 0])?)?;
/// for batch in BatchConfig::new(4).with_seed(7).epoch(&set, 1, &Device::flex())? {
///     let batch = batch?;
///     assert_eq!(batch.images.dims()[0], batch.target("even")?.dims()[0]);
/// }
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BatchConfig {
    size: usize,
    seed: u64,
    order: Order,
    augmenter: Option<Augmenter>,
}

impl BatchConfig {
    /// Batches of `size` images, shuffled, without augmentation, seed 0.
    pub fn new(size: usize) -> Self {
        Self {
            size,
            seed: 0,
            order: Order::Shuffled,
            augmenter: None,
        }
    }

    /// Sets the seed of the order.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Shows every image once, in the order of the set: to measure.
    #[must_use]
    pub fn in_turn(mut self) -> Self {
        self.order = Order::InTurn;
        self
    }

    /// Shows every image once, in a drawn order; the default.
    #[must_use]
    pub fn shuffled(mut self) -> Self {
        self.order = Order::Shuffled;
        self
    }

    /// Puts as many images of each value of `column` in every batch; see [`IndexBatches::balanced`].
    #[must_use]
    pub fn balanced(mut self, column: &str) -> Self {
        self.order = Order::Balanced(column.to_owned());
        self
    }

    /// Draws images with a probability in proportion to their weights, one an image; see [`IndexBatches::weighted`].
    #[must_use]
    pub fn weighted(mut self, weights: &[f64]) -> Self {
        self.order = Order::Weighted(weights.to_vec());
        self
    }

    /// Shows variants of the images: another one each time that an image comes.
    #[must_use]
    pub fn with_augmenter(mut self, augmenter: Augmenter) -> Self {
        self.augmenter = Some(augmenter);
        self
    }

    /// Images a batch.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The batches of one epoch of `set`. Order and variants depend on the seeds, the epoch and the set alone.
    ///
    /// # Errors
    /// Those of the [`IndexBatches`] of this order, [`Error::Shape`] for other than one weight an image,
    /// [`Error::Column`] for a column that is not there, [`Error::Argument`] for an augmentation out of its range.
    pub fn epoch(&self, set: &Labelled, epoch: u32, device: &Device) -> Result<Batches> {
        let draws = self.draws(set, epoch)?;
        let variants = self.augmenter.clone().map(|augmenter| Variants {
            augmenter,
            epoch: u64::from(epoch),
        });
        if let Some(variants) = &variants {
            variants.augmenter.size(set.images())?;
        }
        Ok(Batches::new(set, draws, variants, device))
    }

    /// Whether the batches show variants.
    pub(in crate::data) fn is_augmented(&self) -> bool {
        self.augmenter.is_some()
    }

    /// The rows of each batch of an epoch of `set`.
    pub(in crate::data) fn draws(&self, set: &Labelled, epoch: u32) -> Result<IndexBatches> {
        let seed = epoch_seed(self.seed, epoch);
        match &self.order {
            Order::InTurn => IndexBatches::in_turn(set.len(), self.size),
            Order::Shuffled => IndexBatches::shuffled(set.len(), self.size, seed),
            Order::Balanced(column) => {
                let groups = groups(&columns::texts(set.frame(), column)?);
                IndexBatches::balanced(&groups, self.size, seed)
            }
            Order::Weighted(weights) => {
                if weights.len() != set.len() {
                    return Err(Error::shape(
                        "poids de tirage (un par image)",
                        [set.len()],
                        [weights.len()],
                    ));
                }
                IndexBatches::weighted(weights, self.size, seed)
            }
        }
    }
}

/// The seed of one epoch.
fn epoch_seed(seed: u64, epoch: u32) -> u64 {
    seed ^ (u64::from(epoch) << 32)
}

/// A number for each different text, in the order of their first rows.
fn groups(texts: &[Option<String>]) -> Vec<usize> {
    let mut known: HashMap<&Option<String>, usize> = HashMap::new();
    texts
        .iter()
        .map(|text| {
            let next = known.len();
            *known.entry(text).or_insert(next)
        })
        .collect()
}

/// One batch of a labelled set.
#[derive(Clone)]
pub struct LabelledBatch {
    /// `[batch, 3, height, width]`, values in `[0, 1]`.
    pub images: Tensor<4>,
    /// The row of each image in the set.
    pub rows: Vec<usize>,
    set: Labelled,
}

impl LabelledBatch {
    /// # Errors
    /// [`Error::Index`] when the set has no such row.
    pub(super) fn new(set: &Labelled, rows: Vec<usize>, images: Tensor<4>) -> Result<Self> {
        Ok(Self {
            images,
            rows,
            set: set.clone(),
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What is known of the images, one row each.
    ///
    /// # Errors
    /// None for a batch that was made from its set.
    pub fn frame(&self) -> Result<DataFrame> {
        columns::take(self.set.frame(), &self.rows)
    }

    /// A column of numbers or booleans, one value an image: `[batch]`, on the device of the images.
    ///
    /// # Errors
    /// Those of [`Labelled::numbers`], for the rows of this batch.
    pub fn target(&self, column: &str) -> Result<Tensor<1>> {
        self.labelled()?.target(column, &self.images.device())
    }

    /// Several columns: `[batch, columns.len()]`.
    ///
    /// # Errors
    /// Those of [`Labelled::targets`], for the rows of this batch.
    pub fn targets(&self, columns: &[&str]) -> Result<Tensor<2>> {
        self.labelled()?.targets(columns, &self.images.device())
    }

    /// A column of classes: `[batch]`.
    ///
    /// # Errors
    /// Those of [`Labelled::classes`], for the rows of this batch.
    pub fn class_target(&self, column: &str) -> Result<Tensor<1, Int>> {
        self.labelled()?.class_target(column, &self.images.device())
    }

    /// The images of this batch as a set: as they are in the collection, whatever was made of them here.
    ///
    /// # Errors
    /// None for a batch that was made from its set.
    pub fn labelled(&self) -> Result<Labelled> {
        self.set.select(&self.rows)
    }
}

impl std::fmt::Debug for LabelledBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LabelledBatch(images {:?})", self.images.dims())
    }
}

/// Variants to make of the images of one epoch.
pub(in crate::data) struct Variants {
    augmenter: Augmenter,
    epoch: u64,
}

/// The batches of one epoch. Where making one takes time (augmentation, pictures read from a file), the next one is made by
/// another thread meanwhile, and no more than that one.
pub struct Batches {
    set: Labelled,
    device: Device,
    remaining: usize,
    source: Source,
}

enum Source {
    /// Made when asked for.
    Now(Box<Maker>),
    /// Made one ahead.
    Ahead(Ahead),
}

impl Batches {
    /// An epoch of the rows that `draws` gives.
    pub(in crate::data) fn new(
        set: &Labelled,
        draws: IndexBatches,
        variants: Option<Variants>,
        device: &Device,
    ) -> Self {
        let slow = variants.is_some() || set.images().is_on_disk();
        let remaining = draws.len();
        let maker = Maker {
            images: set.images().clone(),
            draws,
            variants,
            shown: 0,
        };
        Self {
            set: set.clone(),
            device: device.clone(),
            remaining,
            // One batch leaves nothing to make ahead.
            source: match slow && remaining > 1 {
                true => Ahead::start(maker),
                false => Source::Now(Box::new(maker)),
            },
        }
    }
}

impl Iterator for Batches {
    type Item = Result<LabelledBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let made = match &mut self.source {
            Source::Now(maker) => maker.next()?,
            Source::Ahead(ahead) => ahead.next()?,
        };
        if made.is_err() {
            self.remaining = 0;
        }
        Some(made.and_then(|made| {
            let images = Tensor::from_data(TensorData::new(made.values, made.shape), &self.device);
            LabelledBatch::new(&self.set, made.rows, images)
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batches {}

/// Makes batches on the processor.
struct Maker {
    images: ImageStore,
    draws: IndexBatches,
    variants: Option<Variants>,
    /// Images shown so far in this epoch.
    shown: u64,
}

/// A batch before it is on its device.
struct Made {
    rows: Vec<usize>,
    values: Vec<f32>,
    shape: [usize; 4],
}

impl Iterator for Maker {
    type Item = Result<Made>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.draws.next()?;
        let first = self.shown;
        self.shown += rows.len() as u64;
        Some(self.make(rows, first))
    }
}

impl Maker {
    fn make(&self, rows: Vec<usize>, first: u64) -> Result<Made> {
        let (values, (height, width)) = match &self.variants {
            Some(Variants { augmenter, epoch }) => {
                // An image that comes twice in an epoch is another variant: what counts is its place in the epoch.
                let places = rows.iter().copied().zip(first..);
                let places: Vec<(usize, u64)> = places.collect();
                augmenter.planes(&self.images, &places, *epoch)?
            }
            None => {
                let size = (self.images.height(), self.images.width());
                (self.images.planes(&rows)?, size)
            }
        };
        Ok(Made {
            shape: [rows.len(), CHANNELS, height, width],
            rows,
            values,
        })
    }
}

/// A thread that makes the next batch while the last one is used.
struct Ahead {
    receiver: Option<Receiver<Result<Made>>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    fn start(maker: Maker) -> Source {
        // A pool of one thread is the caller's own, who would wait for a batch that nobody else can make.
        if rayon::current_num_threads() < 2 {
            return Source::Now(Box::new(maker));
        }
        // Without room in the channel the thread holds one batch, the next, until it is asked for.
        let (sender, receiver) = sync_channel(0);
        let (give, take) = channel::<Maker>();
        let work = move || {
            for made in take.into_iter().flatten() {
                let failed = made.is_err();
                // Nobody listens any more once the epoch was left.
                if sender.send(made).is_err() || failed {
                    break;
                }
            }
        };
        let Ok(thread) = Builder::new().name("lots".to_owned()).spawn(work) else {
            return Source::Now(Box::new(maker));
        };
        match give.send(maker) {
            Ok(()) => Source::Ahead(Ahead {
                receiver: Some(receiver),
                thread: Some(thread),
            }),
            Err(back) => Source::Now(Box::new(back.0)),
        }
    }

    fn next(&mut self) -> Option<Result<Made>> {
        let made = self.receiver.as_ref()?.recv().ok();
        if made.is_none()
            && let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
        {
            // A bug is told where it would be without a thread.
            std::panic::resume_unwind(panic);
        }
        made
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // The channel is closed first: a thread that waits to hand over its batch then ends.
        self.receiver = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;
    use crate::data::{augment::Transform, pixel_file::PixelFile};

    const SIDE: usize = 6;

    fn labelled(images: ImageStore) -> Labelled {
        let numbers: Vec<u32> = (0..images.len() as u32).collect();
        Labelled::new(images, df!("number" => numbers).unwrap()).unwrap()
    }

    fn images(count: usize) -> ImageStore {
        let mut images = ImageStore::new(SIDE, SIDE);
        for image in 0..count {
            let pixel = |at: usize| ((at * at * 7 + image * 31) % 256) as u8;
            let pixels: Vec<u8> = (0..SIDE * SIDE * CHANNELS).map(pixel).collect();
            images.push(&pixels).unwrap();
        }
        images
    }

    fn augmenter() -> Augmenter {
        Augmenter::new(9)
            .with(Transform::Rotation { degrees: 30.0 })
            .with(Transform::Noise { sd: 0.1 })
    }

    #[test]
    fn batches_made_ahead_are_those_made_when_asked_for() {
        let set = labelled(images(23));
        let device = Device::flex();
        let config = BatchConfig::new(5).with_seed(2).with_augmenter(augmenter());
        let batches = config.epoch(&set, 4, &device).unwrap();
        assert!(matches!(batches.source, Source::Ahead(_)));
        assert_eq!(batches.len(), 5);
        let mut shown = 0;
        for (batch, rows) in batches.zip(config.draws(&set, 4).unwrap()) {
            let batch = batch.unwrap();
            assert_eq!(batch.rows, rows);
            let places: Vec<(usize, u64)> = rows.iter().copied().zip(shown..).collect();
            shown += rows.len() as u64;
            let (expected, _) = augmenter().planes(set.images(), &places, 4).unwrap();
            let found: Vec<f32> = batch.images.try_into_vec_as().unwrap();
            assert!(found == expected);
        }
        // A rare image that comes often is another variant each time.
        let weights: Vec<f64> = (0..23)
            .map(|image| f64::from(u8::from(image < 2)))
            .collect();
        let twice = config.weighted(&weights);
        let twice = BatchConfig { size: 2, ..twice };
        let of_first: Vec<Vec<f32>> = twice
            .epoch(&set, 1, &device)
            .unwrap()
            .map(|batch| {
                let batch = batch.unwrap();
                let at = batch.rows.iter().position(|row| *row == 0).unwrap();
                batch.images.narrow(0, at, 1).try_into_vec_as().unwrap()
            })
            .collect();
        assert!(of_first.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn an_epoch_that_is_left_ends_its_thread() {
        let set = labelled(images(40));
        let config = BatchConfig::new(2).with_augmenter(augmenter());
        for taken in 0..4 {
            let mut batches = config.epoch(&set, 1, &Device::flex()).unwrap();
            for _ in 0..taken {
                batches.next().unwrap().unwrap();
            }
            // Waits for the thread: a lock would end the test here.
            drop(batches);
        }
    }

    #[test]
    fn an_error_ends_the_epoch() {
        let path = std::env::temp_dir().join(format!("visages-lots-{}", std::process::id()));
        // Seven images are announced, five and a half are there.
        std::fs::write(&path, vec![7; 11 * SIDE * SIDE * CHANNELS / 2]).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let file = PixelFile::new(file, &path, 0, SIDE * SIDE * CHANNELS);
        let set = labelled(ImageStore::from_file(SIDE, SIDE, file, 0..7));
        let device = Device::flex();
        for config in [
            BatchConfig::new(2).in_turn(),
            BatchConfig::new(2).in_turn().with_augmenter(augmenter()),
        ] {
            let mut batches = config.epoch(&set, 1, &device).unwrap();
            assert!(batches.next().unwrap().is_ok() && batches.next().unwrap().is_ok());
            let message = batches.next().unwrap().unwrap_err().to_string();
            assert!(message.contains("fichier tronqué"), "{message}");
            assert!(batches.next().is_none());
        }
    }
}
