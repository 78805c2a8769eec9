//! Balanced batches of faces and non-faces: dealt like two packs of cards, or the faces drawn with
//! given probabilities.

use burn::tensor::Tensor;

use super::{
    detection::LABEL,
    labelled::{Batches, LabelledBatch},
};
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

    /// The images of a labelled batch, with its column [`LABEL`].
    pub(super) fn new(batch: LabelledBatch) -> Result<Self> {
        Ok(Self {
            labels: batch.target(LABEL)?,
            images: batch.images,
        })
    }
}

/// The balanced batches of one epoch; see [`DetectionLoader::batches`](super::DetectionLoader::batches) and
/// [`DetectionLoader::weighted_batches`](super::DetectionLoader::weighted_batches).
pub struct DetectionBatches(pub(super) Batches);

impl Iterator for DetectionBatches {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.and_then(Batch::new))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for DetectionBatches {}
