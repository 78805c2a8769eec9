//! Variants of images to train on: each transformation is drawn from a seed, and can be tried alone.
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
mod geometry;
mod pixels;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use self::pixels::Pixels;
use super::image_store::{CHANNELS, ImageStore};
use crate::error::{Error, Result};

/// One random change of an image. Ranges are drawn uniformly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// A part of `height` × `width` pixels, anywhere in the image once `padding` black pixels are added
    /// on each side.
    RandomCrop {
        /// Height of the part, in pixels.
        height: usize,
        /// Width of the part, in pixels.
        width: usize,
        /// Black pixels added on each side.
        padding: usize,
    },
    /// A part whose area is at least this share of the image's, of proportions from 3/4 to 4/3, brought
    /// to the size of the image.
    ResizedCrop {
        /// Smallest share of the area, in ]0, 1].
        smallest: f64,
    },
    /// The image in a mirror (left and right exchanged), with this probability.
    Flip {
        /// In [0, 1].
        probability: f64,
    },
    /// A turn of at most so many degrees either way; what enters is mirrored from the edge.
    Rotation {
        /// In degrees, 0 to 180.
        degrees: f64,
    },
    /// A shift of at most this share of each side; what enters is mirrored from the edge.
    Translation {
        /// In [0, 1].
        share: f64,
    },
    /// A zoom by a factor from `1 - share` to `1 + share`: below 1 the image gets smaller, what enters
    /// is mirrored from the edge.
    Zoom {
        /// In [0, 1[.
        share: f64,
    },
    /// Light added or taken: at most this share of white.
    Brightness {
        /// In [0, 1].
        share: f64,
    },
    /// Distances to the mean grey multiplied by a factor from `1 - share` to `1 + share`.
    Contrast {
        /// In [0, 1].
        share: f64,
    },
    /// Distances of colours to their own grey multiplied by a factor from `1 - share` to `1 + share`.
    Saturation {
        /// In [0, 1].
        share: f64,
    },
    /// Colours turned around the grey axis by at most this share of a turn either way.
    Hue {
        /// In [0, 0.5].
        share: f64,
    },
    /// Gaussian noise of this standard deviation added to each value.
    Noise {
        /// As a share of white, in [0, 1].
        sd: f64,
    },
}

impl Transform {
    /// Name in figures: « rotation », « bruit »…
    pub fn name(&self) -> &'static str {
        match self {
            Self::RandomCrop { .. } => "recadrage",
            Self::ResizedCrop { .. } => "recadrage agrandi",
            Self::Flip { .. } => "miroir",
            Self::Rotation { .. } => "rotation",
            Self::Translation { .. } => "décalage",
            Self::Zoom { .. } => "zoom",
            Self::Brightness { .. } => "luminosité",
            Self::Contrast { .. } => "contraste",
            Self::Saturation { .. } => "saturation",
            Self::Hue { .. } => "teinte",
            Self::Noise { .. } => "bruit",
        }
    }

    /// Refuses amounts that make no sense for images of this size.
    fn check(&self, (h, w): (usize, usize)) -> Result<()> {
        let (value, accepted, valid) = match *self {
            Self::RandomCrop {
                height,
                width,
                padding,
            } => (
                format!("{height} × {width} avec un bord de {padding}"),
                format!(
                    "une partie d'au moins un pixel, qui tient dans l'image ({h} × {w}) et ses bords"
                ),
                (1..=h + 2 * padding).contains(&height)
                    && (1..=w + 2 * padding).contains(&width)
                    && padding <= h.max(w),
            ),
            Self::ResizedCrop { smallest } => within(smallest, f64::MIN_POSITIVE, 1.0),
            Self::Flip { probability } => within(probability, 0.0, 1.0),
            Self::Rotation { degrees } => within(degrees, 0.0, 180.0),
            Self::Zoom { share } => within(share, 0.0, 0.99),
            Self::Hue { share } => within(share, 0.0, 0.5),
            Self::Noise { sd } => within(sd, 0.0, 1.0),
            Self::Translation { share }
            | Self::Brightness { share }
            | Self::Contrast { share }
            | Self::Saturation { share } => within(share, 0.0, 1.0),
        };
        match valid {
            true => Ok(()),
            false => Err(Error::argument(self.name(), value, accepted)),
        }
    }

    /// Draws one change and makes it.
    fn apply(&self, image: Pixels, rng: &mut StdRng) -> Pixels {
        let mut around = |center: f64, share: f64| match share > 0.0 {
            true => rng.random_range(center - share..=center + share),
            false => center,
        };
        match *self {
            Self::RandomCrop {
                height,
                width,
                padding,
            } => {
                let top = rng.random_range(0..=image.height + 2 * padding - height);
                let left = rng.random_range(0..=image.width + 2 * padding - width);
                geometry::crop(&image, (top, left), (height, width), padding)
            }
            Self::ResizedCrop { smallest } => {
                let part = geometry::draw_part(&image, smallest, rng);
                geometry::enlarge(&image, part)
            }
            Self::Flip { probability } => match rng.random_bool(probability) {
                true => geometry::mirror(&image),
                false => image,
            },
            Self::Rotation { degrees } => {
                geometry::rotate(&image, around(0.0, degrees).to_radians())
            }
            Self::Translation { share } => {
                let down = around(0.0, share) * image.height as f64;
                let right = around(0.0, share) * image.width as f64;
                geometry::shift(&image, (down, right))
            }
            Self::Zoom { share } => geometry::zoom(&image, around(1.0, share)),
            Self::Brightness { share } => colour::brighten(image, around(0.0, share)),
            Self::Contrast { share } => colour::contrast(image, around(1.0, share)),
            Self::Saturation { share } => colour::saturate(image, around(1.0, share)),
            Self::Hue { share } => colour::turn_hue(image, around(0.0, share)),
            Self::Noise { sd } => colour::add_noise(image, sd, rng),
        }
    }
}

/// A value, what is accepted, and whether it is.
fn within(value: f64, low: f64, high: f64) -> (String, String, bool) {
    let accepted = format!(
        "un nombre de {} à {high}",
        if low > 0.0 { 0.0 } else { low }
    );
    (value.to_string(), accepted, (low..=high).contains(&value))
}

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

    /// Variants of the images at `indices`, in that order. What is drawn depends on the seed, the epoch and
    /// the image's index alone: not on the batch, the order or the number of threads. An index that comes
    /// twice gives twice the same variant.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image, [`Error::Argument`] for an amount out of its range.
    pub fn apply(&self, images: &ImageStore, indices: &[usize], epoch: u64) -> Result<ImageStore> {
        let (height, width) = self.size(images)?;
        let variants = indices
            .par_iter()
            .map(|&index| Ok(self.variant(images, index, epoch, index as u64)?.to_bytes()))
            .collect::<Result<Vec<Vec<u8>>>>()?;
        let mut store = ImageStore::with_capacity(height, width, variants.len());
        for variant in &variants {
            store.push(variant)?;
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
            if let Transform::RandomCrop { height, width, .. } = *transform {
                size = (height, width);
            }
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
        let area = height * width;
        let mut values = vec![0.0; places.len() * CHANNELS * area];
        values
            .par_chunks_mut((CHANNELS * area).max(1))
            .zip(places)
            .try_for_each(|(planes, &(index, place))| {
                let variant = self.variant(images, index, epoch, place)?;
                for (at, pixel) in variant.values.iter().enumerate() {
                    for (channel, value) in pixel.iter().enumerate() {
                        planes[channel * area + at] = value / 255.0;
                    }
                }
                Ok::<(), Error>(())
            })?;
        Ok((values, (height, width)))
    }

    fn variant(&self, images: &ImageStore, index: usize, epoch: u64, place: u64) -> Result<Pixels> {
        let mut rng = StdRng::from_seed(self.key(epoch, place));
        let pixels = Pixels::new(&images.image(index)?, images.height(), images.width());
        let transforms = self.transforms.iter();
        Ok(transforms.fold(pixels, |image, next| next.apply(image, &mut rng)))
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
