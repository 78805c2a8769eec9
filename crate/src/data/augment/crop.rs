//! Crops to measure on: the centre of each image, or parts drawn from a seed.

use super::{Augmenter, Transform};
use crate::{data::image_store::ImageStore, error::Result};

/// The square of `side` pixels in the middle of each image at `indices`, in that order: what a network is measured on that
/// was trained on random crops.
///
/// # Errors
/// [`Error::Index`](crate::Error::Index) when there is no such image, [`Error::Argument`](crate::Error::Argument) when the
/// square does not fit in the images.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let mut images = ImageStore::new(4, 4);
/// let greys: Vec<u8> = (0..16).flat_map(|grey| [grey; 3]).collect();
/// images.push(&greys)?;
/// // Rows 0 to 3, 4 to 7, 8 to 11, 12 to 15: the middle is 5, 6, 9, 10.
/// let centre = center_crops(&images, &[0], 2)?;
/// assert_eq!(centre.image(0)?.to_vec(), [5, 5, 5, 6, 6, 6, 9, 9, 9, 10, 10, 10]);
/// # Ok::<(), Error>(())
/// ```
pub fn center_crops(images: &ImageStore, indices: &[usize], side: usize) -> Result<ImageStore> {
    // Nothing is drawn: any seed gives the same.
    let centre = Transform::CenterCrop {
        height: side,
        width: side,
    };
    Augmenter::new(0).with(centre).apply(images, indices, 0)
}

/// A square of `side` pixels drawn in each image at `indices`, in that order, once `padding` black pixels are added on each
/// side.
///
/// What is drawn depends on the seed and on the image's index alone, not on the order of `indices` or on the number of
/// threads: the same seed gives the same crops, another seed gives others. For K crops of each image, take K seeds. An
/// [`Augmenter`] of [`Transform::RandomCrop`] then [`Transform::Flip`] mirrors some of them too.
///
/// # Errors
/// Those of [`center_crops`].
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let mut images = ImageStore::new(4, 4);
/// images.push(&[200; 48])?;
/// let crops = random_crops(&images, &[0, 0], 3, 1, 42)?;
/// assert_eq!((crops.len(), crops.height(), crops.width()), (2, 3, 3));
/// assert_eq!(crops, random_crops(&images, &[0, 0], 3, 1, 42)?);
/// # Ok::<(), Error>(())
/// ```
pub fn random_crops(
    images: &ImageStore,
    indices: &[usize],
    side: usize,
    padding: usize,
    seed: u64,
) -> Result<ImageStore> {
    let part = Transform::RandomCrop {
        height: side,
        width: side,
        padding,
    };
    Augmenter::new(seed).with(part).apply(images, indices, 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Images of side × side pixels of greys 1, 2, 3… and one more in each image.
    fn numbered(side: usize, count: usize) -> ImageStore {
        let mut images = ImageStore::new(side, side);
        for image in 0..count {
            let grey = |pixel: usize| [(1 + pixel + image) as u8; 3];
            let pixels: Vec<u8> = (0..side * side).flat_map(grey).collect();
            images.push(&pixels).unwrap();
        }
        images
    }

    fn greys(images: &ImageStore, index: usize) -> Vec<u8> {
        let pixels = images.image(index).unwrap();
        pixels.iter().step_by(3).copied().collect()
    }

    #[test]
    fn centres_by_hand() {
        let images = numbered(4, 2);
        let centres = center_crops(&images, &[1, 0], 2).unwrap();
        assert_eq!(greys(&centres, 0), [7, 8, 11, 12]);
        assert_eq!(greys(&centres, 1), [6, 7, 10, 11]);
        // torchvision: round(0.5) = 0 and round(1.5) = 2.
        assert_eq!(
            greys(&center_crops(&images, &[0], 3).unwrap(), 0),
            [1, 2, 3, 5, 6, 7, 9, 10, 11]
        );
        assert_eq!(greys(&center_crops(&images, &[0], 1).unwrap(), 0), [11]);
        assert_eq!(center_crops(&images, &[0, 1], 4).unwrap(), images);
        for (side, index) in [(5, 0), (0, 0), (2, 2)] {
            assert!(center_crops(&images, &[index], side).is_err());
        }
    }

    #[test]
    fn every_place_is_drawn_and_black_surrounds_the_image() {
        // The image with a black edge of one pixel, 6 × 6: a square of 5 has four places.
        let images = numbered(4, 1);
        let expected: BTreeSet<Vec<u8>> = [(0, 0), (0, 1), (1, 0), (1, 1)]
            .into_iter()
            .map(|(top, left)| {
                let grey = |place: usize| {
                    let (y, x) = (top + place / 5, left + place % 5);
                    match (1..5).contains(&y) && (1..5).contains(&x) {
                        true => (1 + 4 * (y - 1) + x - 1) as u8,
                        false => 0,
                    }
                };
                (0..25).map(grey).collect()
            })
            .collect();
        let drawn = |seed| greys(&random_crops(&images, &[0], 5, 1, seed).unwrap(), 0);
        let found: BTreeSet<Vec<u8>> = (0..60).map(drawn).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn crops_depend_on_seed_and_image_alone() {
        let images = numbered(9, 40);
        let all: Vec<usize> = (0..40).collect();
        let crops = random_crops(&images, &all, 5, 2, 3).unwrap();
        let backwards: Vec<usize> = all.iter().rev().copied().collect();
        let mirrored = random_crops(&images, &backwards, 5, 2, 3).unwrap();
        assert_eq!(crops.select(&backwards).unwrap(), mirrored);
        assert_ne!(crops, random_crops(&images, &all, 5, 2, 4).unwrap());
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let again = pool
                .build()
                .unwrap()
                .install(|| random_crops(&images, &all, 5, 2, 3).unwrap());
            assert_eq!(again, crops);
        }
        // Those of the augmenter, which mirrors some of them too.
        let augmenter = Augmenter::new(3).with(Transform::RandomCrop {
            height: 5,
            width: 5,
            padding: 2,
        });
        assert_eq!(augmenter.apply(&images, &all, 0).unwrap(), crops);
        let flipped = augmenter.with(Transform::Flip { probability: 1.0 });
        let flipped = flipped.apply(&images, &[7], 0).unwrap();
        let row = |images: &ImageStore, index| greys(images, index)[..5].to_vec();
        let turned: Vec<u8> = row(&crops, 7).into_iter().rev().collect();
        assert_eq!(row(&flipped, 0), turned);
    }

    #[test]
    fn many_images_come_in_their_order() {
        // More than are made at once.
        let images = numbered(4, 3);
        let indices: Vec<usize> = (0..600).map(|at| at % 3).collect();
        let centres = center_crops(&images, &indices, 2).unwrap();
        assert_eq!(centres.len(), 600);
        for at in [0, 255, 256, 257, 599] {
            assert_eq!(greys(&centres, at)[0], 6 + (at % 3) as u8, "{at}");
        }
    }
}
