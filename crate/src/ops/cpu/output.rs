//! The vector that a kernel returns.
//!
//! `vec![0.0; length]` would be one more pass over memory, by one thread while the others wait: a tenth
//! of a training step. Here every piece is set to zero by the thread that then computes it, while it is
//! in its caches; or, where pieces are larger than these, left as it is until it is written.

use std::mem::MaybeUninit;

use pulp::Simd;
use rayon::prelude::*;

/// A vector of `length` values cut into pieces of `piece`, each zero when `write` gets it with its index.
pub(super) fn by_pieces(
    length: usize,
    piece: usize,
    write: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(length);
    values.spare_capacity_mut()[..length]
        .par_chunks_mut(piece.max(1))
        .enumerate()
        .for_each(|(index, piece)| {
            piece.fill(MaybeUninit::new(0.0));
            // SAFETY: every value of the piece was just written.
            write(index, unsafe { piece.assume_init_mut() });
        });
    // SAFETY: the pieces cover `..length`, and each was filled.
    unsafe { values.set_len(length) };
    values
}

/// A vector of `length` values cut into pieces of `piece`, of which `write` writes everything.
///
/// # Safety
/// `write` never writes a value twice. That it writes as many as there are is checked; together, none is left out.
pub(super) unsafe fn blank_pieces(
    length: usize,
    piece: usize,
    write: impl Fn(usize, &mut Blank) + Sync,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(length);
    values.spare_capacity_mut()[..length]
        .par_chunks_mut(piece.max(1))
        .enumerate()
        .for_each(|(index, values)| {
            let mut blank = Blank { values, written: 0 };
            write(index, &mut blank);
            assert_eq!(blank.written, blank.len(), "a kernel left values unwritten");
        });
    // SAFETY: the pieces cover `..length`; in each, as many different values were written as it has.
    unsafe { values.set_len(length) };
    values
}

/// A piece of a result that nobody has written to.
pub(super) struct Blank<'a> {
    values: &'a mut [MaybeUninit<f32>],
    written: usize,
}

impl Blank<'_> {
    /// Values of the piece.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Writes `from` at `at`; a few vectors go without a call.
    #[inline(always)]
    pub fn put<S: Simd>(&mut self, at: usize, from: &[f32]) {
        let to = &mut self.values[at..at + from.len()];
        self.written += from.len();
        if (S::F32_LANES..=2 * S::F32_LANES).contains(&from.len()) {
            // One vector at each end: together they cover the run.
            let last = from.len() - S::F32_LANES;
            put_vector::<S>(to, from);
            put_vector::<S>(&mut to[last..], &from[last..]);
        } else {
            to.write_copy_of_slice(from);
        }
    }
}

#[inline(always)]
fn put_vector<S: Simd>(to: &mut [MaybeUninit<f32>], from: &[f32]) {
    let (from, _) = S::as_simd_f32s(&from[..S::F32_LANES]);
    let (to, _) = S::as_uninit_mut_simd_f32s(&mut to[..S::F32_LANES]);
    to[0].write(from[0]);
}

/// The part of `values` that piece `index` of `size` covers: shorter, or empty, at the end.
pub(super) fn piece_of<T>(values: &[T], index: usize, size: usize) -> &[T] {
    let start = (index * size).min(values.len());
    &values[start..(start + size).min(values.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_start_at_zero_and_cover_everything() {
        for (length, piece) in [(0, 3), (1, 3), (3, 3), (10, 3), (5, 0), (100_000, 7)] {
            let values = by_pieces(length, piece, |index, piece| {
                assert!(piece.iter().all(|value| *value == 0.0));
                piece.fill(index as f32 + 1.0);
            });
            let size = piece.max(1);
            let expected: Vec<f32> = (0..length).map(|i| (i / size) as f32 + 1.0).collect();
            assert_eq!(values, expected);
        }
    }

    #[test]
    fn the_last_piece_is_what_is_left() {
        let values = [1, 2, 3, 4, 5];
        let pieces: Vec<&[i32]> = (0..4).map(|index| piece_of(&values, index, 2)).collect();
        assert_eq!(pieces, [&[1, 2][..], &[3, 4], &[5], &[]]);
    }
}
