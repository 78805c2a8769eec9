//! Balanced batches of faces and non-faces: dealt like two packs of cards, or the faces drawn with
//! given probabilities.

use burn::tensor::{Device, Tensor};
use rand::{SeedableRng, rngs::StdRng, seq::index::sample_weighted};

use super::{
    deck::Deck,
    detection::{DetectionLoader, FACE, NON_FACE},
};
use crate::error::{Error, Result};

/// One batch for a training or evaluation step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[n, 3, height, width]`, values in `[0, 1]`.
    pub images: Tensor<4>,
    /// `[n]`, 1.0 for a face, 0.0 otherwise.
    pub labels: Tensor<1>,
}

impl Batch {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.dims()[0]
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The balanced batches of one epoch; see [`DetectionLoader::batches`] and
/// [`DetectionLoader::weighted_batches`].
pub struct Batches<'a> {
    loader: &'a DetectionLoader,
    device: Device,
    faces: Pack,
    non_faces: Deck,
    rng: StdRng,
    half: usize,
    remaining: usize,
}

impl<'a> Batches<'a> {
    /// An epoch of `loader`; `half` is at most the size of the smaller class.
    pub(super) fn new(
        loader: &'a DetectionLoader,
        half: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            faces: Pack::Shuffled(Deck::new(loader.faces().len(), &mut rng)),
            non_faces: Deck::new(loader.non_faces().len(), &mut rng),
            rng,
            half,
            remaining: loader.train_size() / (2 * half),
            loader,
            device: device.clone(),
        }
    }

    /// The same epoch with faces drawn with these probabilities, one a face.
    pub(super) fn with_face_probabilities(mut self, probabilities: &[f64]) -> Result<Self> {
        let len = self.loader.faces().len();
        if probabilities.len() != len {
            return Err(Error::shape(
                "probabilités de tirage (une par visage d'entraînement)",
                [len],
                [probabilities.len()],
            ));
        }
        if let Some((face, value)) = probabilities
            .iter()
            .enumerate()
            .find(|(_, p)| !(p.is_finite() && **p >= 0.0))
        {
            return Err(Error::argument(
                "probabilities",
                format!("{value} pour le visage {face}"),
                "des nombres positifs ou nuls (leur somme peut être quelconque)",
            ));
        }
        let possible = probabilities.iter().filter(|p| **p > 0.0).count();
        if possible < self.half {
            return Err(Error::argument(
                "probabilities",
                format!("{possible} visages de probabilité non nulle"),
                format!(
                    "au moins {} : un lot tire {} visages sans remise",
                    self.half, self.half
                ),
            ));
        }
        self.faces = Pack::Weighted(probabilities.to_vec());
        Ok(self)
    }

    /// The next batch, whether or not the epoch is over.
    pub(super) fn draw(&mut self) -> Result<Batch> {
        let faces = match &mut self.faces {
            Pack::Shuffled(deck) => deck.deal(self.half, &mut self.rng),
            Pack::Weighted(weights) => {
                sample_weighted(&mut self.rng, weights.len(), |i| weights[i], self.half)
                    .map_err(|error| {
                        Error::argument("probabilities", error, "des nombres positifs ou nuls")
                    })?
                    .into_vec()
            }
        };
        let non_faces = self.non_faces.deal(self.half, &mut self.rng);
        let device = &self.device;
        let images = Tensor::cat(
            vec![
                self.loader.faces().to_tensor(&faces, device)?,
                self.loader.non_faces().to_tensor(&non_faces, device)?,
            ],
            0,
        );
        let mut labels = vec![f32::from(FACE); self.half];
        labels.resize(2 * self.half, f32::from(NON_FACE));
        Ok(Batch {
            images,
            labels: Tensor::from_data(labels.as_slice(), device),
        })
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        Some(self.draw())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batches<'_> {}

/// How the faces of a batch are chosen.
enum Pack {
    /// All in turn.
    Shuffled(Deck),
    /// Each batch anew, without replacement within a batch, with these weights.
    Weighted(Vec<f64>),
}
