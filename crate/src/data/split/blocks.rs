//! A split of pictures that follow one another: by blocks of time, since neighbours are nearly copies.

use crate::error::{Error, Result};

/// The two sides of [`split_in_blocks`], and what is on neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Indices of the images to learn from.
    pub train: Vec<usize>,
    /// Indices of the images held out.
    pub held_out: Vec<usize>,
    /// Indices of the images between both, which are left out: they look like their neighbours.
    pub dropped: Vec<usize>,
}

/// Cuts `count` images, in the order in which they were taken, in `blocks` stretches of time, and holds out the share
/// `held_out` of them, evenly spread, the last stretch included. `gap` images on each side of a stretch that is held out
/// are left out. Nothing is drawn at random.
///
/// # Errors
/// [`Error::Argument`] for fewer images than blocks, fewer than two blocks, a share outside ]0, 1[, or when nothing is left to
/// learn from.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let parts = split_in_blocks(100, 10, 0.2, 3)?;
/// // Two stretches of ten, the fifth and the last; three images before each, three after the first.
/// assert_eq!(parts.held_out.first(), Some(&40));
/// assert_eq!((parts.train.len(), parts.held_out.len(), parts.dropped.len()), (71, 20, 9));
/// # Ok::<(), Error>(())
/// ```
pub fn split_in_blocks(count: usize, blocks: usize, held_out: f64, gap: usize) -> Result<Blocks> {
    if blocks < 2 || count < blocks {
        return Err(Error::argument(
            "blocks",
            blocks,
            format!("de 2 à {count} blocs, pour {count} images"),
        ));
    }
    if !(held_out > 0.0 && held_out < 1.0) {
        return Err(Error::argument(
            "held_out",
            held_out,
            "une part entre 0 et 1, par exemple 0.2",
        ));
    }
    let kept_apart = ((blocks as f64 * held_out).round() as usize).clamp(1, blocks - 1);
    // Block k is held out when the running share passes a whole number there.
    let is_held = |block: usize| (block + 1) * kept_apart / blocks > block * kept_apart / blocks;
    let block_of = |image: usize| image * blocks / count;
    let held: Vec<bool> = (0..count).map(|image| is_held(block_of(image))).collect();
    let mut parts = Blocks {
        train: Vec::new(),
        held_out: Vec::new(),
        dropped: Vec::new(),
    };
    for image in 0..count {
        let neighbours = image.saturating_sub(gap)..(image + gap + 1).min(count);
        if held[image] {
            parts.held_out.push(image);
        } else if held[neighbours].iter().any(|held| *held) {
            parts.dropped.push(image);
        } else {
            parts.train.push(image);
        }
    }
    match parts.train.is_empty() {
        false => Ok(parts),
        true => Err(Error::argument(
            "gap",
            gap,
            "moins d'images écartées : il n'en reste aucune pour apprendre",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_image_to_learn_from_is_near_one_held_out() {
        for (count, blocks, share, gap) in [(100, 10, 0.2, 3), (97, 7, 0.3, 2), (12, 2, 0.5, 0)] {
            let parts = split_in_blocks(count, blocks, share, gap).unwrap();
            let mut all: Vec<usize> = parts.train.clone();
            all.extend(&parts.held_out);
            all.extend(&parts.dropped);
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            let nearest = |image: usize| {
                let distances = parts.held_out.iter().map(|held| held.abs_diff(image));
                distances.min().unwrap()
            };
            assert!(parts.train.iter().all(|image| nearest(*image) > gap));
            assert!(parts.dropped.iter().all(|image| nearest(*image) <= gap));
            let found = parts.held_out.len() as f64 / count as f64;
            assert!((found - share).abs() < 0.1, "{found}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (count, blocks, share, gap) in [
            (3, 4, 0.2, 0),
            (10, 1, 0.2, 0),
            (10, 2, 1.0, 0),
            (10, 2, 0.5, 9),
        ] {
            assert!(split_in_blocks(count, blocks, share, gap).is_err());
        }
    }
}
