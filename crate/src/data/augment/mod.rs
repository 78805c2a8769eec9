//! Variants of images to train on: each transformation is drawn from a seed, and can be tried alone.
//!
//! Every image has a generator of its own, so that variants are made on all cores and are the same whatever their number.
//! Changes of place that follow each other are one resampling, changes of colour are made on planes of values in `[0, 1]`.
//!
//! ```
//! use visages::data::{ImageStore, augment::{Augmenter, Transform}};
//! let mut images = ImageStore::new(2, 2);
//! images.push(&[0, 0, 0, 255, 255, 255, 10, 10, 10, 20, 20, 20])?;
//! let augmenter = Augmenter::new(42).with(Transform::Flip { probability: 1.0 });
//! let variants = augmenter.apply(&images, &[0], 0)?;
//! assert_eq!(variants.image(0)?[..3], [255, 255, 255]);
//! # Ok::<(), visages::Error>(())
//! ```

mod colour;
mod crop;
mod geometry;
mod noise;
mod transform;
mod variant;

use rand::{SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use self::variant::{Scratch, Variant};
pub use self::{
    crop::{center_crops, random_crops},
    transform::Transform,
};
use super::image_store::{CHANNELS, ImageStore};
use crate::error::{Error, Result};

/// Variants that [`Augmenter::apply`] makes at once.
const AT_ONCE: usize = 256;

/// Transformations made one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Augmenter {
    transforms: Vec<Transform>,
    seed: u64,
}

impl Augmenter {
    /// No transformation yet; `seed` rules every draw.
    pub fn new(seed: u64) -> Self {
        Self {
            transforms: Vec::new(),
            seed,
        }
    }

    /// Adds a transformation after the others.
    #[must_use]
    pub fn with(mut self, transform: Transform) -> Self {
        self.transforms.push(transform);
        self
    }

    /// The transformations, in order.
    pub fn transforms(&self) -> &[Transform] {
        &self.transforms
    }

    /// Variants of the images at `indices`, in that order, rounded to bytes. What is drawn depends on the seed, the epoch and
    /// the image's index alone: not on the batch, the order or the number of threads. An index that comes
    /// twice gives twice the same variant.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image, [`Error::Argument`] for an amount out of its range.
    pub fn apply(&self, images: &ImageStore, indices: &[usize], epoch: u64) -> Result<ImageStore> {
        let (height, width) = self.size(images)?;
        let mut store = ImageStore::with_capacity(height, width, indices.len());
        let area = height * width;
        let mut pixels = vec![0; CHANNELS * area];
        // Values take four times the memory of bytes: a few images at once.
        for indices in indices.chunks(AT_ONCE) {
            let places: Vec<(usize, u64)> =
                indices.iter().map(|&index| (index, index as u64)).collect();
            let (values, _) = self.planes(images, &places, epoch)?;
            for planes in values.chunks_exact((CHANNELS * area).max(1)) {
                for (channel, plane) in planes.chunks_exact(area).enumerate() {
                    for (pixel, value) in pixels.chunks_exact_mut(CHANNELS).zip(plane) {
                        // `as` saturates.
                        pixel[channel] = (value * 255.0).round() as u8;
                    }
                }
                store.push(&pixels)?;
            }
        }
        Ok(store)
    }

    /// Height and width of the variants of these images.
    ///
    /// # Errors
    /// [`Error::Argument`] for an amount out of its range.
    pub(super) fn size(&self, images: &ImageStore) -> Result<(usize, usize)> {
        let mut size = (images.height(), images.width());
        for transform in &self.transforms {
            transform.check(size)?;
            size = transform.size_of(size);
        }
        Ok(size)
    }

    /// Variants of images as the values of `[n, 3, height, width]`, in `[0, 1]`, and their size. Each image comes with the
    /// place in the epoch that its draws depend on.
    pub(super) fn planes(
        &self,
        images: &ImageStore,
        places: &[(usize, u64)],
        epoch: u64,
    ) -> Result<(Vec<f32>, (usize, usize))> {
        let (height, width) = self.size(images)?;
        let len = CHANNELS * height * width;
        let mut values = vec![0.0; places.len() * len];
        values
            .par_chunks_mut(len.max(1))
            .zip(places)
            .try_for_each_init(Scratch::default, |scratch, (planes, &(index, place))| {
                let size = (images.height(), images.width());
                let source = images.image(index)?;
                let mut rng = StdRng::from_seed(self.key(epoch, place));
                let mut variant = Variant::new(&source, size, planes, scratch);
                for transform in &self.transforms {
                    transform.apply(&mut variant, &mut rng);
                }
                variant.finish();
                Ok::<(), Error>(())
            })?;
        Ok((values, (height, width)))
    }

    /// Seed of one image's draws.
    fn key(&self, epoch: u64, place: u64) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for number in [self.seed, epoch, place] {
            hasher.update(number.to_le_bytes());
        }
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of 12 × 10 pixels, all different.
    fn images(count: usize) -> ImageStore {
        let mut images = ImageStore::new(12, 10);
        for image in 0..count {
            let pixel = |at: usize| ((at * at * 7 + image * 31) % 256) as u8;
            let pixels: Vec<u8> = (0..12 * 10 * CHANNELS).map(pixel).collect();
            images.push(&pixels).unwrap();
        }
        images
    }

    fn all() -> Augmenter {
        [
            Transform::Flip { probability: 0.5 },
            Transform::Rotation { degrees: 20.0 },
            Transform::Zoom { share: 0.2 },
            Transform::Brightness { share: 0.2 },
            Transform::Translation { share: 0.1 },
            Transform::Contrast { share: 0.3 },
            Transform::ResizedCrop { smallest: 0.5 },
            Transform::Saturation { share: 0.5 },
            Transform::RandomCrop {
                height: 9,
                width: 8,
                padding: 1,
            },
            Transform::Hue { share: 0.1 },
            Transform::Noise { sd: 0.02 },
        ]
        .into_iter()
        .fold(Augmenter::new(5), Augmenter::with)
    }

    #[test]
    fn variants_are_the_same_whatever_the_number_of_threads() {
        let images = images(33);
        let places: Vec<(usize, u64)> = (0..33).map(|image| (image, 100 + image as u64)).collect();
        let made = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| all().planes(&images, &places, 3).unwrap())
        };
        let one = made(1);
        assert_eq!(one.1, (9, 8));
        assert!(one.0.iter().all(|value| (0.0..=1.0).contains(value)));
        for threads in [2, 5] {
            assert!(made(threads) == one, "{threads}");
        }
    }

    #[test]
    fn variants_depend_on_seed_epoch_and_place_alone() {
        let images = images(3);
        let len = CHANNELS * 9 * 8;
        let (values, _) = all()
            .planes(&images, &[(0, 4), (1, 5), (0, 6), (0, 4)], 1)
            .unwrap();
        let variants: Vec<&[f32]> = values.chunks(len).collect();
        assert_eq!(variants[0], variants[3]);
        assert_ne!(variants[0], variants[2]);
        let alone = |epoch| all().planes(&images, &[(0, 4)], epoch).unwrap().0;
        assert_eq!(alone(1), variants[0]);
        assert_ne!(alone(2), variants[0]);
        let other = Augmenter { seed: 6, ..all() };
        assert_ne!(other.planes(&images, &[(0, 4)], 1).unwrap().0, variants[0]);
    }

    #[test]
    fn without_a_change_values_are_those_of_the_images() {
        let images = images(4);
        let places = [(2, 0), (0, 1)];
        let plain = images.planes(&[2, 0]).unwrap();
        let nothing = Augmenter::new(1);
        assert_eq!(nothing.planes(&images, &places, 1).unwrap().0, plain);
        // A change of nothing goes through every step.
        let still = nothing
            .with(Transform::Rotation { degrees: 0.0 })
            .with(Transform::Contrast { share: 0.0 })
            .with(Transform::Zoom { share: 0.0 });
        let (values, _) = still.planes(&images, &places, 1).unwrap();
        for (value, plain) in values.iter().zip(&plain) {
            assert!((value - plain).abs() < 1e-6);
        }
        assert_eq!(
            still.apply(&images, &[2, 0], 1).unwrap(),
            images.select(&[2, 0]).unwrap()
        );
    }

    /// What a crop takes from a picture of two rows, 10 20 and 30 40, with a black edge of one pixel.
    #[test]
    fn a_crop_takes_black_from_beyond_the_edge() {
        let source: Vec<u8> = [10, 20, 30, 40]
            .into_iter()
            .flat_map(|grey| [grey; 3])
            .collect();
        let cropped = |corner, size: (usize, usize), padding| {
            let mut planes = vec![9.0; CHANNELS * size.0 * size.1];
            let mut scratch = Scratch::default();
            let mut variant = Variant::new(&source, (2, 2), &mut planes, &mut scratch);
            variant.crop(corner, size, padding);
            variant.finish();
            let greys = planes[..size.0 * size.1].iter();
            greys
                .map(|value| (value * 255.0).round() as u8)
                .collect::<Vec<u8>>()
        };
        assert_eq!(cropped((0, 1), (2, 2), 1), [0, 0, 10, 20]);
        assert_eq!(cropped((1, 1), (2, 2), 1), [10, 20, 30, 40]);
        assert_eq!(cropped((1, 0), (1, 2), 0), [30, 40]);
        assert_eq!(cropped((0, 0), (3, 1), 0).len(), 3);
    }

    #[test]
    fn amounts_out_of_their_range_are_refused() {
        let images = images(1);
        for transform in [
            Transform::Flip { probability: 1.5 },
            Transform::QuarterTurns,
            Transform::Zoom { share: 1.0 },
            Transform::ResizedCrop { smallest: 0.0 },
            Transform::RandomCrop {
                height: 13,
                width: 4,
                padding: 0,
            },
            Transform::CenterCrop {
                height: 12,
                width: 11,
            },
            Transform::CenterCrop {
                height: 0,
                width: 4,
            },
        ] {
            let augmenter = Augmenter::new(0).with(transform);
            let error = augmenter.apply(&images, &[0], 0).unwrap_err().to_string();
            assert!(error.contains(transform.name()), "{error}");
        }
        assert!(all().apply(&images, &[1], 0).is_err());
    }
}
