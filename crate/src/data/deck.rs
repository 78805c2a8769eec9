//! Indices dealt like cards.

use rand::{rngs::StdRng, seq::SliceRandom};

/// Indices dealt without replacement, shuffled again when they run out.
pub(super) struct Deck {
    order: Vec<usize>,
    dealt: usize,
}

impl Deck {
    pub(super) fn new(len: usize, rng: &mut StdRng) -> Self {
        let mut order: Vec<usize> = (0..len).collect();
        order.shuffle(rng);
        Self { order, dealt: 0 }
    }

    /// `count` indices, at most as many as there are; within one deal none is repeated.
    pub(super) fn deal(&mut self, count: usize, rng: &mut StdRng) -> Vec<usize> {
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
