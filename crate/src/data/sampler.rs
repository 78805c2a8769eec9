//! In which order images are shown during an epoch: in turn, shuffled, as many of each class, or with weights.

use rand::{
    SeedableRng,
    rngs::StdRng,
    seq::{SliceRandom, index::sample_weighted},
};

use super::deck::Deck;
use crate::error::{Error, Result};

/// The batches of one epoch, as indices of images; the same seed gives the same batches.
///
/// ```
/// use visages::data::IndexBatches;
/// // Nine images of class 0, one of class 1: half of each batch is drawn from either.
/// let classes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// let batches = IndexBatches::balanced(&classes, 2, 42)?;
/// for batch in batches {
///     assert!(batch.contains(&9));
/// }
/// # Ok::<(), visages::Error>(())
/// ```
pub struct IndexBatches {
    rng: StdRng,
    draw: Draw,
    size: usize,
    remaining: usize,
}

/// Where the indices of a batch come from.
enum Draw {
    /// All in turn, in this order.
    Once { order: Vec<usize>, dealt: usize },
    /// So many from each pool, pool after pool or mixed.
    Pools {
        pools: Vec<Pool>,
        share: usize,
        mixed: bool,
    },
}

/// Images that a share of each batch is drawn from.
struct Pool {
    images: Vec<usize>,
    draw: PoolDraw,
}

enum PoolDraw {
    /// In turn, shuffled again when they run out.
    Dealt(Deck),
    /// Each batch anew, without replacement within a batch, with these weights, one an image.
    Weighted(Vec<f64>),
}

impl Pool {
    fn dealt(images: Vec<usize>, rng: &mut StdRng) -> Self {
        let draw = PoolDraw::Dealt(Deck::new(images.len(), rng));
        Self { images, draw }
    }

    fn draw(&mut self, count: usize, rng: &mut StdRng) -> Option<Vec<usize>> {
        let chosen = match &mut self.draw {
            PoolDraw::Dealt(deck) => deck.deal(count, rng),
            // The weights were checked: a draw cannot fail.
            PoolDraw::Weighted(weights) => {
                sample_weighted(rng, weights.len(), |image| weights[image], count)
                    .ok()?
                    .into_vec()
            }
        };
        Some(chosen.into_iter().map(|place| self.images[place]).collect())
    }
}

impl IndexBatches {
    /// Every one of `len` images once, in order; the last batch may be smaller.
    ///
    /// # Errors
    /// [`Error::Argument`] when `len` or `size` is zero.
    pub fn in_turn(len: usize, size: usize) -> Result<Self> {
        check(len, size)?;
        Ok(Self {
            rng: StdRng::seed_from_u64(0),
            draw: Draw::Once {
                order: (0..len).collect(),
                dealt: 0,
            },
            size,
            remaining: len.div_ceil(size),
        })
    }

    /// Every one of `len` images once, in a drawn order; the last batch may be smaller.
    ///
    /// # Errors
    /// [`Error::Argument`] when `len` or `size` is zero.
    pub fn shuffled(len: usize, size: usize, seed: u64) -> Result<Self> {
        check(len, size)?;
        let mut rng = StdRng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..len).collect();
        order.shuffle(&mut rng);
        Ok(Self {
            rng,
            draw: Draw::Once { order, dealt: 0 },
            size,
            remaining: len.div_ceil(size),
        })
    }

    /// `len / size` batches with as many images of each class. `classes` tells that of each image.
    /// Images of a class come in turn; a class that runs out is shuffled again, so a rare one comes
    /// more often.
    ///
    /// # Errors
    /// [`Error::Argument`] without images, when `size` is no multiple of the number of classes, or when a
    /// class has fewer images than its share of a batch.
    pub fn balanced(classes: &[usize], size: usize, seed: u64) -> Result<Self> {
        check(classes.len(), size)?;
        let mut members: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
        for (image, class) in classes.iter().enumerate() {
            members.entry(*class).or_default().push(image);
        }
        let share = size / members.len();
        if !size.is_multiple_of(members.len()) {
            return Err(Error::argument(
                "size",
                size,
                format!("un multiple du nombre de classes, ici {}", members.len()),
            ));
        }
        if let Some((class, images)) = members.iter().find(|(_, images)| images.len() < share) {
            return Err(Error::argument(
                "size",
                size,
                format!(
                    "la classe {class} n'a que {} images, un lot en prend {share} sans remise",
                    images.len()
                ),
            ));
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let pools = members
            .into_values()
            .map(|images| Pool::dealt(images, &mut rng))
            .collect();
        Ok(Self {
            rng,
            draw: Draw::Pools {
                pools,
                share,
                mixed: true,
            },
            size,
            remaining: classes.len() / size,
        })
    }

    /// `len / size` batches that begin with as many of the first `faces` images as they then hold of the others. Each kind
    /// comes in turn and is shuffled again when it runs out; with `weights`, one a face, the faces of each batch are drawn
    /// anew. `size` is even and at most twice the smaller kind, the weights are checked.
    pub(super) fn halves(
        (faces, len): (usize, usize),
        size: usize,
        weights: Option<Vec<f64>>,
        seed: u64,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut pools = vec![
            Pool::dealt((0..faces).collect(), &mut rng),
            Pool::dealt((faces..len).collect(), &mut rng),
        ];
        if let (Some(weights), Some(faces)) = (weights, pools.first_mut()) {
            faces.draw = PoolDraw::Weighted(weights);
        }
        Self {
            rng,
            draw: Draw::Pools {
                pools,
                share: size / 2,
                mixed: false,
            },
            size,
            remaining: len / size,
        }
    }

    /// `weights.len() / size` batches, each drawn anew without replacement, an image with a probability in
    /// proportion to its weight.
    ///
    /// # Errors
    /// [`Error::Argument`] without images, for a weight that is negative or not a number, or when fewer
    /// than `size` weights are positive.
    pub fn weighted(weights: &[f64], size: usize, seed: u64) -> Result<Self> {
        check(weights.len(), size)?;
        check_weights(weights, size, "weights", "l'image", "images")?;
        Ok(Self {
            rng: StdRng::seed_from_u64(seed),
            draw: Draw::Pools {
                pools: vec![Pool {
                    images: (0..weights.len()).collect(),
                    draw: PoolDraw::Weighted(weights.to_vec()),
                }],
                share: size,
                mixed: false,
            },
            size,
            remaining: weights.len() / size,
        })
    }
}

/// Refuses weights that are no numbers from 0, or too few positive ones to draw `count` images at once. `name` is the
/// argument's, `one` and `many` what is drawn.
pub(super) fn check_weights(
    weights: &[f64],
    count: usize,
    name: &'static str,
    one: &str,
    many: &str,
) -> Result<()> {
    let wrong = |weight: &f64| !(weight.is_finite() && *weight >= 0.0);
    if let Some(place) = weights.iter().position(wrong) {
        return Err(Error::argument(
            name,
            format!("{} pour {one} {place}", weights[place]),
            "des nombres positifs ou nuls (leur somme peut être quelconque)",
        ));
    }
    let possible = weights.iter().filter(|weight| **weight > 0.0).count();
    if possible < count {
        return Err(Error::argument(
            name,
            format!("{possible} {many} de probabilité non nulle"),
            format!("au moins {count} : un lot tire {count} {many} sans remise"),
        ));
    }
    Ok(())
}

fn check(len: usize, size: usize) -> Result<()> {
    if len == 0 || size == 0 {
        return Err(Error::argument(
            "size",
            format!("lots de {size} parmi {len} images"),
            "au moins une image, et une par lot",
        ));
    }
    Ok(())
}

impl Iterator for IndexBatches {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let Self {
            rng, draw, size, ..
        } = self;
        match draw {
            Draw::Once { order, dealt } => {
                let end = (*dealt + *size).min(order.len());
                let batch = order[*dealt..end].to_vec();
                *dealt = end;
                Some(batch)
            }
            Draw::Pools {
                pools,
                share,
                mixed,
            } => {
                let mut batch = Vec::with_capacity(*size);
                for pool in pools {
                    batch.extend(pool.draw(*share, rng)?);
                }
                if *mixed {
                    batch.shuffle(rng);
                }
                Some(batch)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for IndexBatches {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffled_epoch_shows_every_image_once() {
        let batches: Vec<Vec<usize>> = IndexBatches::shuffled(103, 10, 5).unwrap().collect();
        assert_eq!(batches.len(), 11);
        assert_eq!(batches[10].len(), 3);
        let mut all = batches.concat();
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
        let again: Vec<Vec<usize>> = IndexBatches::shuffled(103, 10, 5).unwrap().collect();
        assert_eq!(batches, again);
        let other: Vec<Vec<usize>> = IndexBatches::shuffled(103, 10, 6).unwrap().collect();
        assert_ne!(batches, other);
    }

    #[test]
    fn balanced_batches_hold_as_many_of_each_class() {
        // 90, 8 and 2 images of classes 7, 1 and 4.
        let classes: Vec<usize> = [vec![7; 90], vec![1; 8], vec![4; 2]].concat();
        let batches = IndexBatches::balanced(&classes, 6, 5).unwrap();
        assert_eq!(batches.len(), 16);
        let mut seen = vec![0; 100];
        for batch in batches {
            for class in [7, 1, 4] {
                let count = batch
                    .iter()
                    .filter(|image| classes[**image] == class)
                    .count();
                assert_eq!(count, 2);
            }
            for image in batch {
                seen[image] += 1;
            }
        }
        // Sixteen batches take 32 of the 90, each once; eight images four times each.
        assert!(seen[..90].iter().all(|times| *times <= 1));
        assert!(seen[90..98].iter().all(|times| *times == 4));
        for (classes, size) in [
            (vec![0, 0, 1], 3),
            (vec![0, 0, 1], 4),
            (vec![], 2),
            (vec![0], 0),
        ] {
            assert!(IndexBatches::balanced(&classes, size, 0).is_err());
        }
    }

    #[test]
    fn weights_rule_the_draw() {
        // Image 0 is four times as likely as each of the three others; 4 never comes.
        let weights = [4.0, 1.0, 1.0, 1.0, 0.0];
        let mut seen = [0_u32; 5];
        for seed in 0..2_000 {
            for batch in IndexBatches::weighted(&weights, 1, seed).unwrap() {
                seen[batch[0]] += 1;
            }
        }
        // 10,000 draws: 5,714 ± 5 standard deviations of 49.
        assert!((5_466..=5_962).contains(&seen[0]), "{seen:?}");
        assert_eq!(seen[4], 0);
        let batch = IndexBatches::weighted(&weights, 4, 0)
            .unwrap()
            .next()
            .unwrap();
        assert_eq!(batch.len(), 4);
        assert!(!batch.contains(&4));
        assert!(IndexBatches::weighted(&weights, 5, 0).is_err());
        assert!(IndexBatches::weighted(&[1.0, f64::NAN], 1, 0).is_err());
    }
}
