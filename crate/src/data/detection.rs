//! Faces and non-faces of the debiasing lab: loading, split, balanced batches.
//!
//! Mirrors `mdl.lab2.TrainingDatasetLoader` of the original, with what it lacks: a seed, one
//! preprocessing for all, and a held-out part with both classes.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use polars::prelude::df;
use sha2::{Digest, Sha256};
use tp_protocol::data_sets::{CELEBA, DataSet, IMAGENETTE};

use super::{
    detection_batches::{Batch, DetectionBatches},
    folder::ImageFolder,
    h5::{h5_file, read_h5},
    image_store::{ImageStore, hexadecimal},
    labelled::{Batches, Labelled},
    options::{Framing, LoadOptions},
    preset::Preset,
    sampler::{IndexBatches, check_weights},
    split::split_by_content,
};
use crate::{
    error::{Error, Result},
    french::format_number,
    host,
};

/// Label of a face.
pub const FACE: u8 = 1;
/// Label of an image without a face.
pub const NON_FACE: u8 = 0;

/// Column of the labels in a detection set: [`FACE`] or [`NON_FACE`].
pub const LABEL: &str = "label";

/// Faces, then images without a face, and the column [`LABEL`].
fn labelled(faces: &ImageStore, non_faces: &ImageStore) -> Result<Labelled> {
    let mut images = faces.clone();
    images.extend(non_faces)?;
    let mut labels = vec![FACE; faces.len()];
    labels.resize(images.len(), NON_FACE);
    Labelled::new(images, df!(LABEL => labels)?)
}

/// What is loaded and how it is split.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionConfig {
    /// Size of the images and how they are read. Default: 64 × 64, centre crop.
    pub load: LoadOptions,
    /// Part of each face picture that is kept. Default: [`Framing::CELEBA`] for a folder of that
    /// name, else that of [`load`](Self::load).
    pub face_framing: Option<Framing>,
    /// Greatest number of faces read. Default: all.
    pub max_faces: Option<usize>,
    /// Greatest number of non-faces read. Default: all.
    pub max_non_faces: Option<usize>,
    /// Share of each class that is never trained on. Default: 0.15.
    pub held_out: f64,
    /// Seed of the split. Default: 42.
    pub seed: u64,
}

impl Default for DetectionConfig {
    fn default() -> Self {
        Self {
            load: LoadOptions::default(),
            face_framing: None,
            max_faces: None,
            max_non_faces: None,
            held_out: 0.15,
            seed: 42,
        }
    }
}

impl DetectionConfig {
    /// At most 1,000 images a class in `rapide`, 12,000 in `seance`, all in `complet`.
    pub fn for_preset(preset: Preset) -> Self {
        let max = preset.choose(Some(1_000), Some(12_000), None);
        Self {
            max_faces: max,
            max_non_faces: max,
            ..Self::default()
        }
    }

    /// Sets the seed of the split.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the greatest number of images a class.
    #[must_use]
    pub fn with_max_images(mut self, max: Option<usize>) -> Self {
        (self.max_faces, self.max_non_faces) = (max, max);
        self
    }

    /// Sets the share of each class that is never trained on, strictly between 0 and 1.
    #[must_use]
    pub fn with_held_out(mut self, held_out: f64) -> Self {
        self.held_out = held_out;
        self
    }

    /// Sets which part of each face picture is kept.
    #[must_use]
    pub fn with_face_framing(mut self, framing: Framing) -> Self {
        self.face_framing = Some(framing);
        self
    }

    /// Sets how images are read; its `max_images` is not used, each class has its own.
    #[must_use]
    pub fn with_load(mut self, load: LoadOptions) -> Self {
        self.load = load;
        self
    }

    /// Reads faces and non-faces under the data folder `root` and splits them. A file
    /// `train_face.h5` in that folder is read rather than its other folders; `root` may also be such a
    /// file itself. Framing and size do not apply to it: its images are ready. See [`read_h5`].
    ///
    /// # Errors
    /// Those of [`read_h5`] for a file; for folders,
    /// [`Error::FolderMissing`] with the accepted names, the errors of [`ImageFolder::load`], and
    /// those of [`DetectionLoader::new`].
    pub fn init(&self, root: &Path) -> Result<DetectionLoader> {
        if let Some(file) = h5_file(root) {
            let (faces, non_faces) = read_h5(&file, self.max_faces, self.max_non_faces)?;
            return DetectionLoader::new(&faces, &non_faces, self.held_out, self.seed);
        }
        let face_folder = find_folder(root, &CELEBA)?;
        let non_face_folder = find_folder(root, &IMAGENETTE)?;
        // A folder of another name holds other portraits.
        let is_celeba = face_folder
            .file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case(CELEBA.title));
        let face_framing = match self.face_framing {
            Some(framing) => framing,
            None if is_celeba => Framing::CELEBA,
            None => self.load.framing,
        };
        let load = |what: &str, folder: &Path, framing, max| {
            let options = self.load.clone().with_framing(framing).with_max_images(max);
            ImageFolder::load(what, folder, &options).map(|folder| folder.images)
        };
        let faces = load("visages", &face_folder, face_framing, self.max_faces)?;
        let non_faces = load(
            "images sans visage",
            &non_face_folder,
            self.load.framing,
            self.max_non_faces,
        )?;
        DetectionLoader::new(&faces, &non_faces, self.held_out, self.seed)
    }
}

/// The folder of a data set under the data folder `root`.
pub(super) fn find_folder(root: &Path, set: &DataSet) -> Result<PathBuf> {
    set.find(root).ok_or_else(|| {
        let quoted: Vec<String> = set
            .places
            .iter()
            .map(|name| format!("« {name} »"))
            .collect();
        Error::FolderMissing {
            what: set.images.to_owned(),
            path: root.join(set.place()),
            remedy: format!(
                "Dans « {} », placez les images dans un dossier nommé {} (sous-dossiers permis) ; \
                 voyez data/README.md",
                root.display(),
                quoted.join(" ou ")
            ),
        }
    })
}

/// Faces and non-faces, split into a training part and a held-out part. All that it gives shares the pixels of the two
/// collections that it was made from.
#[derive(Clone)]
pub struct DetectionLoader {
    /// Faces first.
    train: Labelled,
    faces: ImageStore,
    non_faces: ImageStore,
    held_out: Labelled,
}

impl DetectionLoader {
    /// Splits both classes by content; see [`split_by_content`].
    ///
    /// # Errors
    /// [`Error::Argument`] for a share outside ]0, 1[ or when a side of a class ends up empty,
    /// [`Error::Shape`] when both classes have not the same size of images.
    pub fn new(
        faces: &ImageStore,
        non_faces: &ImageStore,
        held_out: f64,
        seed: u64,
    ) -> Result<Self> {
        let split = |images: &ImageStore, what: &str| {
            let split = split_by_content(images, held_out, seed)?;
            if split.train.is_empty() || split.held_out.is_empty() {
                return Err(Error::argument(
                    "images",
                    format!("{} {what}", images.len()),
                    "trop peu d'images différentes pour en garder de côté : il en faut quelques dizaines",
                ));
            }
            Ok((
                images.select(&split.train)?,
                images.select(&split.held_out)?,
            ))
        };
        let (faces, held_out_faces) = split(faces, "visages")?;
        let (non_faces, held_out_non_faces) = split(non_faces, "images sans visage")?;
        Ok(Self {
            train: labelled(&faces, &non_faces)?,
            held_out: labelled(&held_out_faces, &held_out_non_faces)?,
            faces,
            non_faces,
        })
    }

    /// Number of training images, both classes together.
    pub fn train_size(&self) -> usize {
        self.train.len()
    }

    /// SHA-256 of all the images, training and held-out, in order: what a checkpoint was trained
    /// on. Sixteen hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the reader interrupts it; no other for a loader that was built.
    pub fn content_hash(&self) -> Result<String> {
        let mut hasher = Sha256::new();
        for store in [&self.faces, &self.non_faces, self.held_out.images()] {
            hasher.update((store.len() as u64).to_le_bytes());
            for index in 0..store.len() {
                host::check("le calcul de l'empreinte des images")?;
                hasher.update(store.image(index)?);
            }
        }
        Ok(hexadecimal(&hasher.finalize()[..8]))
    }

    /// The training images with their labels, column [`LABEL`]: faces first.
    pub fn train(&self) -> &Labelled {
        &self.train
    }

    /// The training faces.
    pub fn faces(&self) -> &ImageStore {
        &self.faces
    }

    /// The training images without a face.
    pub fn non_faces(&self) -> &ImageStore {
        &self.non_faces
    }

    /// Faces and non-faces that are never trained on, with their labels, column [`LABEL`]: faces first.
    pub fn held_out(&self) -> &Labelled {
        &self.held_out
    }

    /// `n` training images drawn without replacement, half faces (first) and half non-faces.
    /// The same seed draws the same images.
    ///
    /// # Errors
    /// [`Error::Argument`] when `n` is zero, odd, or more than twice the smaller class.
    pub fn sample(&self, n: usize, seed: u64) -> Result<Labelled> {
        let rows = self.draws(n, None, seed)?.next();
        self.train.select(&rows.unwrap_or_default())
    }

    /// The images that [`sample`](Self::sample) draws, ready for a network.
    ///
    /// # Shapes
    /// - images: `[n, 3, height, width]`; labels: `[n]`
    ///
    /// # Errors
    /// Those of [`sample`](Self::sample).
    pub fn batch(&self, n: usize, seed: u64, device: &Device) -> Result<Batch> {
        let drawn = self.sample(n, seed)?;
        let rows: Vec<usize> = (0..n).collect();
        Batch::new(drawn.batch(&rows, device)?)
    }

    /// One epoch on `device`: `train_size() / batch_size` balanced batches. Each class is shuffled and dealt
    /// without replacement; a class that runs out is shuffled again.
    ///
    /// # Errors
    /// [`Error::Argument`] when `batch_size` is zero, odd, or more than twice the smaller class.
    pub fn batches(
        &self,
        batch_size: usize,
        seed: u64,
        device: &Device,
    ) -> Result<DetectionBatches> {
        let draws = self.draws(batch_size, None, seed)?;
        Ok(DetectionBatches(Batches::new(
            &self.train,
            draws,
            None,
            device,
        )))
    }

    /// One epoch like [`batches`](Self::batches), except that the faces of each batch are drawn
    /// with `probabilities`, one a training face in the order of [`faces`](Self::faces): without
    /// replacement within a batch, anew for every batch. Their sum need not be 1.
    ///
    /// # Errors
    /// Those of [`batches`](Self::batches); [`Error::Shape`] when there is not one probability a
    /// face, [`Error::Argument`] for one that is negative or not a number, or when fewer faces than
    /// half a batch can be drawn.
    pub fn weighted_batches(
        &self,
        batch_size: usize,
        probabilities: &[f64],
        seed: u64,
        device: &Device,
    ) -> Result<DetectionBatches> {
        let draws = self.draws(batch_size, Some(probabilities), seed)?;
        Ok(DetectionBatches(Batches::new(
            &self.train,
            draws,
            None,
            device,
        )))
    }

    /// The rows of [`train`](Self::train) that each batch of an epoch takes.
    fn draws(
        &self,
        batch_size: usize,
        probabilities: Option<&[f64]>,
        seed: u64,
    ) -> Result<IndexBatches> {
        let largest = 2 * self.faces.len().min(self.non_faces.len());
        if batch_size == 0 || batch_size % 2 == 1 || batch_size > largest {
            return Err(Error::argument(
                "taille de lot",
                batch_size,
                format!(
                    "un lot contient autant de visages que d'images sans visage ; \
                     donnez un nombre pair de 2 à {largest}"
                ),
            ));
        }
        if let Some(probabilities) = probabilities {
            if probabilities.len() != self.faces.len() {
                return Err(Error::shape(
                    "probabilités de tirage (une par visage d'entraînement)",
                    [self.faces.len()],
                    [probabilities.len()],
                ));
            }
            check_weights(
                probabilities,
                batch_size / 2,
                "probabilities",
                "le visage",
                "visages",
            )?;
        }
        Ok(IndexBatches::halves(
            (self.faces.len(), self.train.len()),
            batch_size,
            probabilities.map(<[f64]>::to_vec),
            seed,
        ))
    }
}

impl fmt::Display for DetectionLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.held_out.classes(LABEL).map_err(|_| fmt::Error)?;
        let held_out_faces = labels.iter().filter(|&&label| label == usize::from(FACE));
        let held_out_faces = held_out_faces.count();
        let number = |count: usize| format_number(count as f64, 0);
        write!(
            f,
            "Entraînement : {} visages et {} images sans visage ; images mises de côté : {} et {} ; \
             taille : {} × {} pixels",
            number(self.faces.len()),
            number(self.non_faces.len()),
            number(held_out_faces),
            number(self.held_out.len() - held_out_faces),
            self.faces.height(),
            self.faces.width()
        )
    }
}

impl fmt::Debug for DetectionLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DetectionLoader({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits, unions and samples hold the pixels that were read, once.
    #[test]
    fn a_loader_keeps_one_copy_of_the_pixels() {
        let store = |first: u16| {
            let mut store = ImageStore::with_capacity(4, 4, 100);
            for number in first..first + 100 {
                let mut pixels = [0; 48];
                pixels[..2].copy_from_slice(&number.to_le_bytes());
                store.push(&pixels).unwrap();
            }
            store
        };
        let loader = DetectionLoader::new(&store(0), &store(500), 0.2, 1).unwrap();
        let mut all = loader.train().images().clone();
        for other in [
            loader.faces(),
            loader.non_faces(),
            loader.held_out().images(),
            loader.sample(20, 3).unwrap().images(),
        ] {
            all.extend(other).unwrap();
        }
        assert_eq!(all.resident_bytes(), 200 * 48);
    }
}
