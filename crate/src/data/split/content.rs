//! Splits by content: an image's side depends on its pixels and the seed, on nothing else.
//!
//! Identical images (data sets hold hundreds of them) thus never straddle the split, and an image
//! keeps its side when others are added or another preset reads fewer of them.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{
    data::image_store::ImageStore,
    error::{Error, Result},
    host,
};

/// Indices of the two sides of a split, each in increasing order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Images to learn from.
    pub train: Vec<usize>,
    /// Images never learnt from.
    pub held_out: Vec<usize>,
}

/// Draws each image's side from SHA-256 of the seed and its pixels; about the share `held_out`
/// goes to the held-out side.
///
/// # Errors
/// [`Error::Argument`] when `held_out` is not strictly between 0 and 1, [`Error::Stopped`] when the reader interrupts it.
pub fn split_by_content(images: &ImageStore, held_out: f64, seed: u64) -> Result<Split> {
    if !(held_out > 0.0 && held_out < 1.0) {
        return Err(Error::argument(
            "held_out",
            held_out,
            "la part mise de côté est strictement comprise entre 0 et 1",
        ));
    }
    let sides = (0..images.len())
        .into_par_iter()
        .map(|index| {
            host::check("la séparation des images")?;
            Ok(draw(&images.image(index)?, seed) < held_out)
        })
        .collect::<Result<Vec<bool>>>()?;
    let side = |wanted: bool| {
        (0..sides.len())
            .filter(|&index| sides[index] == wanted)
            .collect()
    };
    Ok(Split {
        train: side(false),
        held_out: side(true),
    })
}

/// A number in `[0, 1)` that pixels and seed determine.
fn draw(pixels: &[u8], seed: u64) -> f64 {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    hasher.update(pixels);
    let digest = hasher.finalize();
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    // 53 bits, so that the quotient is exact.
    (u64::from_be_bytes(head) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 different images of 2 × 2 pixels, then the first 100 again.
    fn store() -> ImageStore {
        let mut store = ImageStore::new(2, 2);
        for index in (0..400_u16).chain(0..100) {
            let mut pixels = [7; 12];
            pixels[..2].copy_from_slice(&index.to_le_bytes());
            store.push(&pixels).unwrap();
        }
        store
    }

    #[test]
    fn both_sides_make_the_whole_and_copies_stay_together() {
        let split = split_by_content(&store(), 0.15, 42).unwrap();
        let mut all = [split.train.clone(), split.held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..500).collect::<Vec<_>>());
        for copy in 0..100 {
            assert_eq!(
                split.train.contains(&copy),
                split.train.contains(&(400 + copy))
            );
        }
        // 60 ± 5 standard deviations of a binomial (400, 0.15) for the different images.
        let different = split.held_out.iter().filter(|&&index| index < 400).count();
        assert!((24..=96).contains(&different), "{different}");
    }

    #[test]
    fn a_side_depends_on_seed_and_content_only() {
        let store = store();
        let whole = split_by_content(&store, 0.3, 1).unwrap();
        assert_eq!(whole, split_by_content(&store, 0.3, 1).unwrap());
        assert_ne!(whole, split_by_content(&store, 0.3, 2).unwrap());
        // Among the first fifty alone, everyone keeps his side.
        let few = split_by_content(&store.select(&(0..50).collect::<Vec<_>>()).unwrap(), 0.3, 1);
        let expected: Vec<usize> = whole.held_out.iter().copied().filter(|&i| i < 50).collect();
        assert_eq!(few.unwrap().held_out, expected);
        // A larger share only adds images to the held-out side.
        let larger = split_by_content(&store, 0.5, 1).unwrap();
        assert!(
            whole
                .held_out
                .iter()
                .all(|index| larger.held_out.contains(index))
        );
    }

    #[test]
    fn shares_outside_the_unit_interval_are_refused() {
        for share in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            assert!(split_by_content(&store(), share, 0).is_err(), "{share}");
        }
    }
}
