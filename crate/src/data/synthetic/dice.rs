//! Everything drawn at random goes through here, so that a seed decides of it.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

/// A seeded generator with the draws that drawing needs.
pub(super) struct Dice(StdRng);

impl Dice {
    /// The generator of picture number `index` of a `stream`: it depends on nothing else, so that
    /// pictures can be drawn in any order.
    pub(super) fn new(seed: u64, stream: u64, index: u64) -> Self {
        // Odd constants of SplitMix64 keep neighbouring numbers apart.
        let mixed = seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(stream.wrapping_mul(0xbf58_476d_1ce4_e5b9))
            .wrapping_add(index.wrapping_mul(0x94d0_49bb_1331_11eb));
        Self(StdRng::seed_from_u64(mixed))
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f32 {
        self.0.random()
    }

    /// Uniform from `low` to `high`.
    pub(super) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform from `low` to `high`, both included.
    pub(super) fn count(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low..=high)
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// Normal draw, cut at two standard deviations (Irwin–Hall of order 12).
    pub(super) fn normal(&mut self, mean: f32, sd: f32) -> f32 {
        let sum: f32 = (0..12).map(|_| self.unit()).sum();
        mean + sd * (sum - 6.0).clamp(-2.0, 2.0)
    }

    /// Triangular draw around 0 of standard deviation `sd`: six times cheaper than [`normal`](Self::normal),
    /// for draws that every pixel needs.
    pub(super) fn grain(&mut self, sd: f32) -> f32 {
        (self.unit() + self.unit() - 1.0) * 6.0_f32.sqrt() * sd
    }

    /// One of `choices`, which are given as arrays and never empty.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.0.random_range(0..choices.len())]
    }

    /// The seed of other dice.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.random()
    }

    /// Shuffles in place.
    pub(super) fn shuffle<T>(&mut self, values: &mut [T]) {
        values.shuffle(&mut self.0);
    }
}
