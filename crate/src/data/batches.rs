//! Balanced batches of faces and non-faces, dealt like two packs of cards.

use burn::tensor::{Device, Tensor};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::detection::{DetectionLoader, FACE, NON_FACE};
use crate::error::Result;

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

/// The balanced batches of one epoch; see [`DetectionLoader::batches`].
pub struct Batches<'a> {
    loader: &'a DetectionLoader,
    device: Device,
    faces: Deck,
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
            faces: Deck::new(loader.faces().len(), &mut rng),
            non_faces: Deck::new(loader.non_faces().len(), &mut rng),
            rng,
            half,
            remaining: loader.train_size() / (2 * half),
            loader,
            device: device.clone(),
        }
    }

    /// The next batch, whether or not the epoch is over.
    pub(super) fn draw(&mut self) -> Result<Batch> {
        let faces = self.faces.deal(self.half, &mut self.rng);
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

/// Indices dealt without replacement, shuffled again when they run out.
struct Deck {
    order: Vec<usize>,
    dealt: usize,
}

impl Deck {
    fn new(len: usize, rng: &mut StdRng) -> Self {
        let mut order: Vec<usize> = (0..len).collect();
        order.shuffle(rng);
        Self { order, dealt: 0 }
    }

    /// `count` indices, at most as many as there are; within one deal none is repeated.
    fn deal(&mut self, count: usize, rng: &mut StdRng) -> Vec<usize> {
        if self.dealt + count > self.order.len() {
            self.order.shuffle(rng);
            self.dealt = 0;
        }
        let end = (self.dealt + count).min(self.order.len());
        let cards = self.order[self.dealt..end].to_vec();
        self.dealt = end;
        cards
    }
}
