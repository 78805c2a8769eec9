//! Images and what is known of each: one collection and one frame, always in the same order.
//!
//! A selection of a set is a list of its rows: neither pixels nor their order are ever copied or told apart from the frame.

mod batches;
mod columns;

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use polars::prelude::{
    Column, DataFrame, DataType, Expr, IdxCa, IdxSize, IntoLazy, NamedFrom, SortMultipleOptions,
};
use rand::{SeedableRng, rngs::StdRng, seq::index::sample};
use sha2::{Digest, Sha256};

pub use self::batches::{BatchConfig, Batches, LabelledBatch};
pub(super) use self::columns::{find, take};
use super::{
    folder::spread,
    image_store::{ImageStore, hexadecimal},
    options::LoadOptions,
    rows::read_images,
    split::{SplitConfig, split_by_content},
};
use crate::error::{Error, Result};

/// Name of the column of row numbers while rows are sorted.
const ROW: &str = "__row";

/// Images and a frame with one row for each, in the same order.
///
/// What selects, sorts, joins or splits a set returns another one that shares its pixels, in which every image still has
/// its row.
///
/// ```
/// use visages::{data::{ImageStore, Labelled}, polars::prelude::*};
/// let mut images = ImageStore::new(1, 1);
/// for grey in [10, 20, 30] {
///     images.push(&[grey; 3])?;
/// }
/// let faces = Labelled::new(images, df!("age" => [61, 4, 35])?)?;
/// let adults = faces.filter(col("age").gt_eq(lit(18)))?.sort(&["age"], false)?;
/// assert_eq!(adults.numbers("age")?, [35.0, 61.0]);
/// assert_eq!(adults.images().image(0)?[0], 30);
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Clone)]
pub struct Labelled {
    images: ImageStore,
    frame: DataFrame,
    /// The row in the whole set of each row of this one.
    rows: Arc<[usize]>,
    /// The same for all that is selected from one set.
    whole: Arc<()>,
}

impl Labelled {
    /// A set of images and their frame, one row an image and in the same order.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are not as many rows as images.
    pub fn new(images: ImageStore, frame: DataFrame) -> Result<Self> {
        if images.len() != frame.height() {
            return Err(Error::shape(
                "tableau des images (une ligne par image)",
                [images.len()],
                [frame.height()],
            ));
        }
        Ok(Self {
            rows: (0..images.len()).collect(),
            images,
            frame,
            whole: Arc::default(),
        })
    }

    /// The images of the rows of a frame, whose files stand in its column `path`; see [`read_images`]. Of more rows than
    /// `options.max_images`, as many are chosen at even distances.
    ///
    /// # Errors
    /// Those of [`read_images`].
    pub fn read(frame: &DataFrame, options: &LoadOptions) -> Result<Self> {
        options.check()?;
        let rows = spread((0..frame.height()).collect(), options.max_images);
        let frame = columns::take(frame, &rows)?;
        Self::new(read_images(&frame, options)?, frame)
    }

    /// Number of images, and of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The images.
    pub fn images(&self) -> &ImageStore {
        &self.images
    }

    /// What is known of the images, one row each.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The row of each image in the set that this one was selected from: 0, 1, 2… for a set that was not selected.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Whether both were selected from one set, so that their [`rows`](Self::rows) number the same images.
    pub fn is_of_same_whole(&self, other: &Labelled) -> bool {
        Arc::ptr_eq(&self.whole, &other.whole)
    }

    /// A column of numbers or booleans (false 0, true 1), one value an image.
    ///
    /// # Errors
    /// [`Error::Column`] when it is not there, holds something else or misses a value.
    pub fn numbers(&self, column: &str) -> Result<Vec<f32>> {
        columns::numbers(&self.frame, column)
    }

    /// A column of classes: whole numbers from 0, or booleans.
    ///
    /// # Errors
    /// Those of [`numbers`](Self::numbers); [`Error::Column`] for a value that is no whole number from 0.
    pub fn classes(&self, column: &str) -> Result<Vec<usize>> {
        columns::classes(&self.frame, column)
    }

    /// A column as a tensor of floats.
    ///
    /// # Shapes
    /// - output: `[len]`
    ///
    /// # Errors
    /// Those of [`numbers`](Self::numbers).
    pub fn target(&self, column: &str, device: &Device) -> Result<Tensor<1>> {
        let values = self.numbers(column)?;
        Ok(Tensor::from_data(values.as_slice(), device))
    }

    /// Several columns as a tensor of floats.
    ///
    /// # Shapes
    /// - output: `[len, columns.len()]`
    ///
    /// # Errors
    /// Those of [`numbers`](Self::numbers); [`Error::Argument`] without columns.
    pub fn targets(&self, columns: &[&str], device: &Device) -> Result<Tensor<2>> {
        if columns.is_empty() {
            return Err(Error::argument(
                "columns",
                "liste vide",
                "au moins une colonne",
            ));
        }
        let columns = columns
            .iter()
            .map(|column| Ok(self.target(column, device)?.unsqueeze_dim(1)))
            .collect::<Result<Vec<Tensor<2>>>>()?;
        Ok(Tensor::cat(columns, 1))
    }

    /// A column of classes as a tensor of integers.
    ///
    /// # Shapes
    /// - output: `[len]`
    ///
    /// # Errors
    /// Those of [`classes`](Self::classes).
    pub fn class_target(&self, column: &str, device: &Device) -> Result<Tensor<1, Int>> {
        let classes = self.classes(column)?;
        let values: Vec<i32> = classes.into_iter().map(|class| class as i32).collect();
        let shape = [values.len()];
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// The images at these rows of this set, in that order; a row may be repeated.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such row.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        Ok(Self {
            frame: columns::take(&self.frame, rows)?,
            images: self.images.select(rows)?,
            rows: rows.iter().map(|&row| self.rows[row]).collect(),
            whole: self.whole.clone(),
        })
    }

    /// The images of the rows where `condition` holds: `set.filter(col("age").gt_eq(lit(18)))`. An unknown value does not.
    ///
    /// # Errors
    /// [`Error::Frame`] when it cannot be computed, [`Error::Argument`] when it is no condition.
    pub fn filter(&self, condition: Expr) -> Result<Self> {
        let kept = self.frame.clone().lazy().select([condition.alias(ROW)]);
        let kept = kept.collect()?;
        let kept = kept.column(ROW)?;
        let Ok(values) = kept.bool() else {
            return Err(Error::argument(
                "condition",
                format!("des valeurs de type {}", kept.dtype()),
                "une condition, vraie ou fausse, par exemple col(\"age\").gt_eq(lit(18))",
            ));
        };
        let mut holds: Vec<bool> = values.iter().map(|value| value == Some(true)).collect();
        // A condition without columns has one value for all.
        if let ([all], true) = (&holds[..], self.len() != 1) {
            holds = vec![*all; self.len()];
        }
        if holds.len() != self.len() {
            return Err(Error::argument(
                "condition",
                format!("{} valeurs", holds.len()),
                format!("une valeur par image, ici {}", self.len()),
            ));
        }
        let rows: Vec<usize> = (0..self.len()).filter(|&row| holds[row]).collect();
        self.select(&rows)
    }

    /// The images in the order of some columns, the first one foremost; unknown values come last, equal rows keep their
    /// order.
    ///
    /// # Errors
    /// [`Error::Frame`] for a column that is not there.
    pub fn sort(&self, columns: &[&str], descending: bool) -> Result<Self> {
        let mut keys = self.frame.select(columns.iter().copied())?;
        let numbers: Vec<IdxSize> = (0..self.len() as IdxSize).collect();
        keys.with_column(Column::new(ROW.into(), numbers))?;
        let options = SortMultipleOptions::default()
            .with_order_descending(descending)
            .with_nulls_last(true)
            .with_maintain_order(true);
        let sorted = keys.sort(columns.iter().copied(), options)?;
        let order = sorted.column(ROW)?.cast(&DataType::UInt32)?;
        let order: Vec<usize> = order
            .u32()?
            .iter()
            .flatten()
            .map(|row| row as usize)
            .collect();
        self.select(&order)
    }

    /// `count` images drawn without replacement; the same seed draws the same ones.
    ///
    /// # Errors
    /// [`Error::Argument`] for more images than there are.
    pub fn sample(&self, count: usize, seed: u64) -> Result<Self> {
        if count > self.len() {
            return Err(Error::argument(
                "count",
                count,
                format!("au plus {}, le nombre d'images", self.len()),
            ));
        }
        let rows = sample(&mut StdRng::seed_from_u64(seed), self.len(), count);
        self.select(&rows.into_vec())
    }

    /// At most the first `count` images.
    pub fn head(&self, count: usize) -> Result<Self> {
        let rows: Vec<usize> = (0..count.min(self.len())).collect();
        self.select(&rows)
    }

    /// Both sets one after the other: the same columns, and images of one size. It is a whole of its own.
    ///
    /// # Errors
    /// [`Error::Shape`] when the images differ in size, [`Error::Frame`] when the columns differ.
    pub fn concat(&self, other: &Labelled) -> Result<Self> {
        let mut images = self.images.clone();
        images.extend(&other.images)?;
        Self::new(images, self.frame.vstack(&other.frame)?)
    }

    /// The same images with one more column, or another one of that name: one value an image, in their order.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is not one value an image.
    pub fn with_column(&self, column: impl Into<Column>) -> Result<Self> {
        let column: Column = column.into();
        if column.len() != self.len() {
            return Err(Error::shape(
                format!("colonne « {} » (une valeur par image)", column.name()),
                [self.len()],
                [column.len()],
            ));
        }
        let mut set = self.clone();
        set.frame.with_column(column)?;
        Ok(set)
    }

    /// The same images with the columns of `table`, in which each value of `key` stands at most once. Where it does not
    /// stand the new columns are null.
    ///
    /// # Errors
    /// [`Error::Column`] when the key misses on either side or stands twice in the table, or when a column is in both.
    pub fn join(&self, table: &DataFrame, key: &str) -> Result<Self> {
        let mut place = std::collections::HashMap::new();
        for (row, value) in columns::texts(table, key)?.into_iter().enumerate() {
            if let Some(value) = value
                && let Some(first) = place.insert(value.clone(), row)
            {
                return Err(Error::column(
                    key,
                    format!(
                        "« {value} » est aux lignes {first} et {row} du tableau à joindre, on ne sait laquelle \
                         prendre ; n'en gardez qu'une"
                    ),
                ));
            }
        }
        let found = columns::texts(&self.frame, key)?;
        let found = found.iter().map(|value| {
            let row = value.as_ref().and_then(|value| place.get(value));
            row.map(|row| *row as IdxSize)
        });
        let added = table
            .drop(key)?
            .take(&IdxCa::new("row".into(), found.collect::<Vec<_>>()))?;
        let mut set = self.clone();
        for column in added.columns() {
            if set.frame.column(column.name()).is_ok() {
                return Err(Error::column(
                    column.name().as_str(),
                    "elle est dans les deux tableaux ; renommez-la dans l'un d'eux",
                ));
            }
            set.frame.with_column(column.clone())?;
        }
        Ok(set)
    }

    /// The training, validation and test parts that `config` draws from the frame: no person and no copy of a picture on
    /// two sides, as its columns tell.
    ///
    /// # Errors
    /// Those of [`SplitConfig::split`].
    pub fn split(&self, config: &SplitConfig) -> Result<LabelledSplit> {
        let parts = config.split(&self.frame)?;
        Ok(LabelledSplit {
            train: self.select(&parts.train)?,
            validation: self.select(&parts.validation)?,
            test: self.select(&parts.test)?,
        })
    }

    /// The images to learn from and those held out, drawn from the seed and their pixels alone; see
    /// [`split_by_content`].
    ///
    /// # Errors
    /// Those of [`split_by_content`].
    pub fn split_by_content(&self, held_out: f64, seed: u64) -> Result<(Self, Self)> {
        let sides = split_by_content(&self.images, held_out, seed)?;
        Ok((self.select(&sides.train)?, self.select(&sides.held_out)?))
    }

    /// The images at these rows and their rows, ready for a network.
    ///
    /// # Errors
    /// [`Error::Argument`] for an empty list, [`Error::Index`] when there is no such row.
    pub fn batch(&self, rows: &[usize], device: &Device) -> Result<LabelledBatch> {
        LabelledBatch::new(self, rows.to_vec(), self.images.to_tensor(rows, device)?)
    }

    /// SHA-256 of the images and of these columns, in order: what something was computed from. Sixteen hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::Column`] for a column that is not there, and those of [`ImageStore::content_hash`].
    pub fn content_hash(&self, columns: &[&str]) -> Result<String> {
        let mut hasher = Sha256::new();
        hasher.update(self.images.content_hash()?);
        for name in columns {
            hasher.update(name.as_bytes());
            for value in columns::texts(&self.frame, name)? {
                match value {
                    Some(value) => {
                        hasher.update((value.len() as u64).to_le_bytes());
                        hasher.update(value);
                    }
                    None => hasher.update(u64::MAX.to_le_bytes()),
                }
            }
        }
        Ok(hexadecimal(&hasher.finalize()[..8]))
    }
}

/// The same pixels and the same rows, whatever they were selected from.
impl PartialEq for Labelled {
    fn eq(&self, other: &Self) -> bool {
        self.frame.equals_missing(&other.frame) && self.images == other.images
    }
}

// A derived `Debug` would print the whole frame at the end of a cell.
impl std::fmt::Debug for Labelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<&str> = self
            .frame
            .get_column_names()
            .iter()
            .map(|name| name.as_str())
            .collect();
        write!(
            f,
            "Labelled({:?}, colonnes : {})",
            self.images,
            columns.join(", ")
        )
    }
}

/// The parts of a set; see [`Labelled::split`].
#[derive(Debug, Clone)]
pub struct LabelledSplit {
    /// Images to learn from.
    pub train: Labelled,
    /// Images to choose a model or a setting with.
    pub validation: Labelled,
    /// Images to measure the final model with, once.
    pub test: Labelled,
}
