//! Permutation tests and the correction for their number.

use rand::{RngExt, seq::SliceRandom};
use rayon::prelude::*;

use super::Draws;

/// Probability, when groups do not matter, of a statistic at least as large as the observed one:
/// (1 + permutations that reach it) / (1 + permutations), never 0.
///
/// `labels` are shuffled within each stratum of rows. A statistic that is not a number counts as
/// reached, so that the answer errs on the safe side. `None` when the observed one is no number.
///
/// # Source
/// B. Phipson and G. Smyth, *Permutation p-values should never be zero*, 2010.
pub(in crate::fairness) fn permutation_p(
    labels: &[u16],
    strata: &[Vec<u32>],
    draws: Draws,
    statistic: impl Fn(&[u16]) -> f64 + Sync,
) -> Option<f64> {
    let observed = statistic(labels);
    if !observed.is_finite() {
        return None;
    }
    // Equal statistics differ by rounding when sums are taken in another order.
    let bar = observed - 1e-9 * observed.abs().max(1e-3);
    let reached: usize = (0..draws.count)
        .into_par_iter()
        .map_init(
            || (labels.to_vec(), Vec::new()),
            |(shuffled, part): &mut (Vec<u16>, Vec<u16>), index| {
                let mut rng = draws.rng(index);
                for stratum in strata {
                    // From the observed labels each time: what another thread did before must not count.
                    part.clear();
                    part.extend(stratum.iter().map(|row| labels[*row as usize]));
                    part.shuffle(&mut rng);
                    for (row, label) in stratum.iter().zip(part.iter()) {
                        shuffled[*row as usize] = *label;
                    }
                }
                let value = statistic(shuffled);
                usize::from(value.is_nan() || value >= bar)
            },
        )
        .sum();
    Some((1 + reached) as f64 / (1 + draws.count) as f64)
}

/// The same for two models on the same images: the statistic is asked with the two answers of each
/// image exchanged or not, at random. Rows `0..pairs` hold the first model's answers, `pairs..2 * pairs`
/// the second's; labels 0 and 1 tell whom an answer is given to.
pub(in crate::fairness) fn swap_p(
    pairs: usize,
    draws: Draws,
    statistic: impl Fn(&[u16]) -> f64 + Sync,
) -> Option<f64> {
    let sides: Vec<u16> = (0..2 * pairs).map(|row| u16::from(row >= pairs)).collect();
    let strata: Vec<Vec<u32>> = (0..pairs)
        .map(|row| vec![row as u32, (row + pairs) as u32])
        .collect();
    permutation_p(&sides, &strata, draws, statistic)
}

/// Two ways of answering on the same persons, whose images go together: `gains` are the sums of what the second gains over
/// the first, one a person. Two-sided probability of a total gain at least as large when the two are exchanged or not, at
/// random, for whole persons.
pub(in crate::fairness) fn swap_groups_p(gains: &[f64], draws: Draws) -> f64 {
    let observed = gains.iter().sum::<f64>().abs();
    // Whole numbers, up to rounding.
    let reaches = |total: f64| total.abs() >= observed - 1e-9;
    let reached = draws.map(|rng| {
        let signs = gains.iter().filter(|gain| **gain != 0.0);
        let total = signs.map(|gain| if rng.random_bool(0.5) { *gain } else { -gain });
        usize::from(reaches(total.sum()))
    });
    (1 + reached.into_iter().sum::<usize>()) as f64 / (1 + draws.count) as f64
}

/// p-values corrected for their number by Holm's method: with all of them read at 5 %, the chance
/// of a single false alarm stays below 5 %. Values that do not exist stay so and do not count.
///
/// # Source
/// S. Holm, *A simple sequentially rejective multiple test procedure*, 1979.
///
/// # Example
/// ```
/// use visages::fairness::holm;
/// assert_eq!(holm(&[Some(0.01), Some(0.04), None]), [Some(0.02), Some(0.04), None]);
/// ```
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = p_values
        .iter()
        .enumerate()
        .filter_map(|(index, p)| p.filter(|p| !p.is_nan()).map(|p| (index, p)))
        .collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut corrected = vec![None; p_values.len()];
    let (tests, mut largest) = (order.len(), 0.0_f64);
    for (rank, (index, p)) in order.into_iter().enumerate() {
        largest = largest.max((p * (tests - rank) as f64).min(1.0));
        corrected[index] = Some(largest);
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_by_hand() {
        let found = holm(&[Some(0.03), None, Some(0.01), Some(0.04), Some(0.9)]);
        let expected = [Some(0.09), None, Some(0.04), Some(0.09), Some(0.9)];
        for (a, b) in found.iter().zip(expected) {
            assert!(
                a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-12) && a.is_some() == b.is_some()
            );
        }
        assert_eq!(holm(&[]), []);
    }

    #[test]
    fn all_arrangements_are_met() {
        // Two rows of each group, all on one side: 2 of the 6 arrangements are that far apart.
        let value = [0.0, 0.0, 1.0, 1.0];
        let gap = |labels: &[u16]| {
            let sum = |group| -> f64 {
                (0..4)
                    .filter(|i| labels[*i] == group)
                    .map(|i| value[i])
                    .sum()
            };
            (sum(1) - sum(0)).abs()
        };
        let p = permutation_p(
            &[0, 0, 1, 1],
            &[vec![0, 1, 2, 3]],
            Draws::new(1, 20_000),
            gap,
        );
        assert!((p.unwrap() - 1.0 / 3.0).abs() < 0.015, "{p:?}");
        // Within strata that each hold one group only, nothing can move.
        let p = permutation_p(
            &[0, 0, 1, 1],
            &[vec![0, 1], vec![2, 3]],
            Draws::new(1, 99),
            gap,
        );
        assert_eq!(p, Some(1.0));
        assert_eq!(
            permutation_p(&[0], &[vec![0]], Draws::new(1, 9), |_| f64::NAN),
            None
        );
    }
}
