//! Random numbers that depend on a seed and on what is drawn, never on threads.

use rand::{SeedableRng, rngs::StdRng};
use rayon::prelude::*;

/// How many draws, from which seed, for what.
#[derive(Clone, Copy, Debug)]
pub(in crate::fairness) struct Draws {
    /// Number of resamples or permutations.
    pub count: usize,
    seed: u64,
}

impl Draws {
    pub(in crate::fairness) fn new(seed: u64, count: usize) -> Self {
        Self { count, seed }
    }

    /// The draws for one purpose, told by words such as a metric and a group: another group added
    /// to a table does not change the interval of this one.
    pub(in crate::fairness) fn stream(self, words: &[&str]) -> Self {
        // FNV-1a, with a separator after each word.
        let bytes = words.iter().flat_map(|word| word.bytes().chain([0xff]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            seed: self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ hash,
            ..self
        }
    }

    /// One value a draw, each from a generator of its own.
    pub(in crate::fairness) fn map<T: Send>(
        self,
        draw: impl Fn(&mut StdRng) -> T + Sync,
    ) -> Vec<T> {
        let indices = (0..self.count).into_par_iter();
        indices.map(|index| draw(&mut self.rng(index))).collect()
    }

    /// The generator of draw number `index`.
    pub(super) fn rng(self, index: usize) -> StdRng {
        let step = (index as u64).wrapping_mul(0x94d0_49bb_1331_11eb);
        StdRng::seed_from_u64(self.seed.wrapping_add(step))
    }
}
