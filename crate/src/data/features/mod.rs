//! Features of a frozen network: computed once for a labelled set, kept in a file, read back in a later session.
//!
//! A file belongs to the weights, the preprocessing and the images: when one of them changes it is another file.

mod file;
mod weights;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, TensorData},
};
use polars::prelude::DataFrame;
use sha2::{Digest, Sha256};

use self::file::{Key, Unfinished, Wanted};
pub use self::weights::weights_hash;
use super::{
    labelled::{BatchConfig, Labelled},
    memory,
    sampler::IndexBatches,
};
use crate::{
    error::{Error, Result},
    host::{self, Reading},
};

/// Images computed anew to see that a file was made by the same computation.
const PROBE: usize = 4;

/// How the features of a frozen network are computed and kept.
///
/// ```
/// use visages::{burn::tensor::{Device, Tensor}, data::{BatchConfig, FeatureConfig, ImageStore, Labelled}};
/// use visages::{ops::dense, polars::prelude::*};
/// # let folder = std::env::temp_dir().join(format!("visages-doc-{}", std::process::id()));
/// let device = Device::flex();
/// let mut images = ImageStore::new(2, 2);
/// for grey in 0..6 {
///     images.push(&[grey; 12])?;
/// }
/// let set = Labelled::new(images, df!("age" => [1, 2, 3, 4, 5, 6])?)?;
/// let backbone = dense(12, 5, &device);
/// let features = FeatureConfig::new(&folder).compute(&backbone, &set, &device, |backbone, images| {
///     backbone.forward(images.flatten(1, 3))
/// })?;
/// assert_eq!((features.len(), features.dim()), (6, 5));
/// for batch in features.batches(&BatchConfig::new(2), 1, &device)? {
///     let batch = batch?;
///     assert_eq!(batch.features.dims(), [2, 5]);
///     assert_eq!(batch.target("age")?.dims(), [2]);
/// }
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureConfig {
    /// Folder of the files. They tell no face, but may be deleted at any time: they are then computed again. Those used
    /// longest ago are deleted when all are more than 8 GiB.
    pub folder: PathBuf,
    /// Images a batch. Default: 64.
    pub batch_size: usize,
    /// What is made of the images between the set and the network, and which layer gives the features, in words: other
    /// words are another file. Default: empty.
    pub preprocessing: String,
    /// Whether progress is shown. Default: yes.
    pub verbose: bool,
}

impl FeatureConfig {
    /// Files in `folder`, and the defaults.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            batch_size: 64,
            preprocessing: String::new(),
            verbose: true,
        }
    }

    /// Sets the number of images a batch.
    #[must_use]
    pub fn with_batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Says what is made of the images before the network and which layer gives the features.
    #[must_use]
    pub fn with_preprocessing(mut self, preprocessing: &str) -> Self {
        preprocessing.clone_into(&mut self.preprocessing);
        self
    }

    /// Sets whether progress is shown.
    #[must_use]
    pub fn with_verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// What `forward` makes of every image of `set`, in its order: read from the file of these weights, this preprocessing
    /// and these images, or computed and kept there. The model answers in evaluation mode, on `device`.
    ///
    /// The first images are always computed: a file that another computation made is replaced. An interrupt keeps what is
    /// computed, and the next call goes on from there.
    ///
    /// # Shapes
    /// - `forward`: `[batch, 3, height, width]`, values in `[0, 1]`, to `[batch, features]`
    ///
    /// # Errors
    /// [`Error::Argument`] for an empty set or batch, or for a feature that is no number; [`Error::Shape`] when `forward`
    /// does not give one line an image, [`Error::Memory`] when the features would not fit, [`Error::Stopped`] for an
    /// interrupt, [`Error::Io`] when the file cannot be written.
    pub fn compute<M: Module>(
        &self,
        model: &M,
        set: &Labelled,
        device: &Device,
        forward: impl Fn(&M, Tensor<4>) -> Tensor<2>,
    ) -> Result<Features> {
        let device = device.clone().without_autodiff();
        let model = model.valid().to_device(&device);
        let key = self.key(&weights_hash(&model)?, set)?;
        let rows_of = |rows: &[usize]| {
            let features = forward(&model, set.images().to_tensor(rows, &device)?);
            checked(features, rows)
        };
        self.read_or_compute(key, set, &rows_of)
    }

    /// What the features depend on.
    fn key(&self, weights: &str, set: &Labelled) -> Result<Key> {
        let mut hasher = Sha256::new();
        for text in [weights, &self.preprocessing, &set.images().content_hash()?] {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        Ok(hasher.finalize().into())
    }

    fn read_or_compute(&self, key: Key, set: &Labelled, rows_of: RowsOf) -> Result<Features> {
        if self.batch_size == 0 || set.is_empty() {
            return Err(Error::argument(
                "batch_size, set",
                format!("lots de {} parmi {} images", self.batch_size, set.len()),
                "au moins une image, et une par lot",
            ));
        }
        let probed: Vec<usize> = (0..PROBE.min(set.len())).collect();
        let (probe, dim) = rows_of(&probed)?;
        memory::check("les caractéristiques", set.len(), dim * size_of::<f32>())?;
        let wanted = Wanted::new(&self.folder, &key, set.len(), probe, dim);
        let values = match wanted.read() {
            Some(values) => values,
            None => self.computed(&wanted, rows_of)?,
        };
        Ok(Features {
            table: Arc::new(Table { values, dim }),
            places: (0..set.len()).collect(),
            set: set.clone(),
        })
    }

    /// Computes what no earlier computation left, and keeps it.
    fn computed(&self, wanted: &Wanted, rows_of: RowsOf) -> Result<Vec<f32>> {
        let failed = |error| Error::io("garder les caractéristiques dans", wanted.path(), error);
        let mut unfinished = Unfinished::open(wanted).map_err(failed)?;
        let mut values = unfinished
            .take_up(wanted, self.batch_size)
            .map_err(failed)?;
        let mut reading = Reading::of(
            "Caractéristiques",
            ("images calculées", "le calcul des caractéristiques"),
            wanted.size().0,
            self.verbose,
        );
        let (len, dim) = wanted.size();
        while values.len() < len * dim {
            let done = values.len() / dim;
            reading.show(done);
            if let Err(stopped) = host::check("le calcul des caractéristiques") {
                host::answer(&format!(
                    "Calcul des caractéristiques arrêté à votre demande : {done} images sur {} sont gardées, le prochain \
                     calcul continuera de là.",
                    len
                ));
                return Err(stopped);
            }
            let rows: Vec<usize> = (done..len.min(done + self.batch_size)).collect();
            let (features, found) = rows_of(&rows)?;
            if found != dim {
                return Err(Error::shape(
                    "caractéristiques d'un lot",
                    [rows.len(), dim],
                    [rows.len(), found],
                ));
            }
            unfinished.push(&features).map_err(failed)?;
            values.extend(features);
        }
        reading.show(len);
        unfinished.finish(wanted).map_err(failed)?;
        Ok(values)
    }
}

/// The features of some rows, one line after the other, and how many a line has.
type RowsOf<'a> = &'a dyn Fn(&[usize]) -> Result<(Vec<f32>, usize)>;

/// The values of what a network gave for these rows.
fn checked(features: Tensor<2>, rows: &[usize]) -> Result<(Vec<f32>, usize)> {
    let [lines, dim] = features.dims();
    if lines != rows.len() || dim == 0 {
        return Err(Error::shape(
            "caractéristiques (une ligne par image)",
            [rows.len(), dim.max(1)],
            [lines, dim],
        ));
    }
    let values = features.try_into_vec_as::<f32>()?;
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(Error::argument(
            "forward",
            format!("{} pour l'image {}", values[place], rows[place / dim]),
            "des nombres finis ; vérifiez les poids du réseau et le prétraitement des images",
        )),
        None => Ok((values, dim)),
    }
}

struct Table {
    values: Vec<f32>,
    dim: usize,
}

/// One line of features an image of a labelled set, outside any device.
#[derive(Clone)]
pub struct Features {
    table: Arc<Table>,
    /// The line of each image.
    places: Arc<[usize]>,
    set: Labelled,
}

impl Features {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Number of features an image.
    pub fn dim(&self) -> usize {
        self.table.dim
    }

    /// The set, in the same order.
    pub fn set(&self) -> &Labelled {
        &self.set
    }

    /// The features of one image.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image.
    pub fn row(&self, image: usize) -> Result<&[f32]> {
        let dim = self.table.dim;
        let place = self.places.get(image).map(|place| place * dim);
        let line = place.and_then(|start| self.table.values.get(start..start + dim));
        line.ok_or(Error::Index {
            what: "la liste des caractéristiques",
            index: image,
            len: self.len(),
        })
    }

    /// The features of some images, in that order.
    ///
    /// # Shapes
    /// - output: `[rows.len(), dim]`
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image.
    pub fn to_tensor(&self, rows: &[usize], device: &Device) -> Result<Tensor<2>> {
        let mut values = Vec::with_capacity(rows.len() * self.dim());
        for &row in rows {
            values.extend_from_slice(self.row(row)?);
        }
        let shape = [rows.len(), self.dim()];
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// The features of every image: `[len, dim]`.
    ///
    /// # Errors
    /// None for features that were computed.
    pub fn all_to_tensor(&self, device: &Device) -> Result<Tensor<2>> {
        self.to_tensor(&(0..self.len()).collect::<Vec<usize>>(), device)
    }

    /// The features of a set that was selected from the same whole: its training part, a group.
    ///
    /// # Errors
    /// [`Error::Argument`] for a set with other images.
    pub fn of(&self, view: &Labelled) -> Result<Features> {
        let places: HashMap<usize, usize> = self
            .set
            .rows()
            .iter()
            .copied()
            .zip(self.places.iter().copied())
            .collect();
        let known = view.rows().iter().map(|row| places.get(row).copied());
        match known.collect::<Option<Vec<usize>>>() {
            Some(places) if view.is_of_same_whole(&self.set) => Ok(Features {
                table: self.table.clone(),
                places: places.into(),
                set: view.clone(),
            }),
            _ => Err(Error::argument(
                "view",
                format!("{} images", view.len()),
                "un choix d'images de l'ensemble dont on a calculé les caractéristiques (split, filter, select)",
            )),
        }
    }

    /// The batches of one epoch, as [`BatchConfig::epoch`] gives those of images.
    ///
    /// # Errors
    /// Those of [`BatchConfig::epoch`]; [`Error::Argument`] with an augmentation, which these features do not know.
    pub fn batches(
        &self,
        config: &BatchConfig,
        epoch: u32,
        device: &Device,
    ) -> Result<FeatureBatches> {
        if config.is_augmented() {
            return Err(Error::argument(
                "config",
                "avec augmentation",
                "des lots sans augmentation : les caractéristiques sont celles des images elles-mêmes",
            ));
        }
        Ok(FeatureBatches {
            draws: config.draws(&self.set, epoch)?,
            features: self.clone(),
            device: device.clone(),
        })
    }
}

impl std::fmt::Debug for Features {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Features({} images, {} caractéristiques chacune)",
            self.len(),
            self.dim()
        )
    }
}

/// The batches of one epoch of features; see [`Features::batches`].
pub struct FeatureBatches {
    draws: IndexBatches,
    features: Features,
    device: Device,
}

impl Iterator for FeatureBatches {
    type Item = Result<FeatureBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.draws.next()?;
        let features = self.features.to_tensor(&rows, &self.device);
        Some(features.map(|features| FeatureBatch {
            features,
            rows,
            set: self.features.set.clone(),
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.draws.size_hint()
    }
}

impl ExactSizeIterator for FeatureBatches {}

/// One batch of features.
#[derive(Clone)]
pub struct FeatureBatch {
    /// `[batch, dim]`.
    pub features: Tensor<2>,
    /// The row of each image in the set.
    pub rows: Vec<usize>,
    set: Labelled,
}

impl FeatureBatch {
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
        Ok(self.labelled()?.frame().clone())
    }

    /// A column of numbers or booleans: `[batch]`.
    ///
    /// # Errors
    /// Those of [`Labelled::numbers`], for the rows of this batch.
    pub fn target(&self, column: &str) -> Result<Tensor<1>> {
        self.labelled()?.target(column, &self.features.device())
    }

    /// Several columns: `[batch, columns.len()]`.
    ///
    /// # Errors
    /// Those of [`Labelled::targets`], for the rows of this batch.
    pub fn targets(&self, columns: &[&str]) -> Result<Tensor<2>> {
        self.labelled()?.targets(columns, &self.features.device())
    }

    /// A column of classes: `[batch]`.
    ///
    /// # Errors
    /// Those of [`Labelled::classes`], for the rows of this batch.
    pub fn class_target(&self, column: &str) -> Result<Tensor<1, Int>> {
        self.labelled()?
            .class_target(column, &self.features.device())
    }

    /// The images of this batch as a set.
    ///
    /// # Errors
    /// None for a batch that was made from its set.
    pub fn labelled(&self) -> Result<Labelled> {
        self.set.select(&self.rows)
    }
}

impl std::fmt::Debug for FeatureBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FeatureBatch(features {:?})", self.features.dims())
    }
}
