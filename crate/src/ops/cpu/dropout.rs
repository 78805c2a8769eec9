//! Dropout: which values are dropped is a function of a seed and of their places, computed again for
//! the gradient instead of being kept.

use rayon::prelude::*;

use super::tile::vectorized;

/// Values that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// Sets each value to zero with probability `share` and multiplies the others by `1 / (1 − share)`.
pub(super) fn drop_values(values: &mut [f32], share: f64, seed: u64) {
    // Bits under the threshold drop: 2³² of them would drop everything.
    let threshold = (share * 2f64.powi(32)) as u32;
    let scale = (1.0 / (1.0 - share)) as f32;
    let (low, high) = (seed as u32, (seed >> 32) as u32);
    values
        .par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, values)| {
            // The words of a seed and the number of the piece make the start of the piece's own counter.
            let start = mix(low ^ mix(high ^ mix(piece as u32)));
            vectorized(
                #[inline(always)]
                move || {
                    for (index, value) in values.iter_mut().enumerate() {
                        let bits = mix(mix(start.wrapping_add(index as u32)) ^ high);
                        // A product: what is no number stays seen.
                        *value *= if bits < threshold { 0.0 } else { scale };
                    }
                },
            );
        });
}

/// A permutation of 32 bits in which every bit of the input moves half of the output's.
///
/// # Source
/// `lowbias32` of C. Wellons, *Prospecting for Hash Functions*, 2018.
#[inline(always)]
fn mix(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_number_stays_seen_even_dropped() {
        let mut values = vec![f32::NAN; 1000];
        drop_values(&mut values, 0.5, 3);
        assert!(values.iter().all(|value| value.is_nan()));
    }

    fn dropped(seed: u64, share: f64) -> Vec<f32> {
        let mut values = vec![1.0; 100_000];
        drop_values(&mut values, share, seed);
        values
    }

    #[test]
    fn the_share_is_dropped_and_the_mean_kept() {
        for share in [0.1, 0.25, 0.5, 0.9] {
            let values = dropped(7, share);
            let zeros = values.iter().filter(|v| **v == 0.0).count() as f64;
            // Four standard deviations of a binomial.
            let deviation = 4.0 * (share * (1.0 - share) * 1e5).sqrt();
            assert!((zeros - share * 1e5).abs() < deviation, "{share}: {zeros}");
            let kept = (1.0 / (1.0 - share)) as f32;
            assert!(values.iter().all(|v| *v == 0.0 || *v == kept));
        }
    }

    #[test]
    fn seeds_draw_independently_and_neighbours_too() {
        let (a, b) = (dropped(1, 0.5), dropped(2, 0.5));
        let agree = |pairs: &mut dyn Iterator<Item = (&f32, &f32)>| {
            pairs.filter(|(a, b)| a == b).count() as f64
        };
        let limit = 4.0 * (0.25 * 1e5_f64).sqrt();
        assert!((agree(&mut a.iter().zip(&b)) - 5e4).abs() < limit);
        assert!((agree(&mut a.iter().zip(&a[1..])) - 5e4).abs() < limit);
        assert!((agree(&mut a.iter().zip(&a[PIECE..])) - 5e4 + PIECE as f64 / 2.0).abs() < limit);
        assert_eq!(a, dropped(1, 0.5));
    }
}
