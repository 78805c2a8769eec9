//! Bootstrap within strata, and the intervals that come out of it.

use rand::RngExt;
use rayon::prelude::*;

use super::{
    Draws,
    normal::{normal_cdf, normal_quantile},
};

/// Most rows left out one by one, a stratum, to measure the skewness; beyond, blocks of rows are.
const JACKKNIFE_BLOCKS: usize = 200;

/// Values of a statistic on resampled rows, in increasing order.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::fairness) struct Replicates(Vec<f64>);

impl Replicates {
    /// Keeps what is a number; `None` when one replicate in a hundred or more is not, or when all are
    /// equal: rows that never vary say nothing about chance.
    pub(in crate::fairness) fn new(mut values: Vec<f64>) -> Option<Self> {
        let drawn = values.len();
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let (first, last) = (values.first()?, values.last()?);
        let varies = last - first > 1e-12 * last.abs().max(first.abs());
        (varies && (drawn - values.len()) * 100 < drawn).then_some(Self(values))
    }

    /// Quantile of order `p`.
    pub(in crate::fairness) fn quantile(&self, p: f64) -> f64 {
        quantile(&self.0, p)
    }
}

/// Quantile of order `p` of values in increasing order, linear between two neighbours.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = p.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    sorted[below] + part * (sorted[(below + 1).min(last)] - sorted[below])
}

/// Draws the rows of each stratum anew, with replacement and as many as there are, and hands the
/// number of times each row came out to `statistic`, once a draw.
pub(in crate::fairness) fn resample<T: Send>(
    strata: &[Vec<u32>],
    draws: Draws,
    statistic: impl Fn(&[u32]) -> T + Sync,
) -> Vec<T> {
    let rows = length(strata);
    (0..draws.count)
        .into_par_iter()
        .map_init(
            || vec![0_u32; rows],
            |weights, index| {
                weights.fill(0);
                let mut rng = draws.rng(index);
                for stratum in strata {
                    for _ in 0..stratum.len() {
                        weights[stratum[rng.random_range(0..stratum.len())] as usize] += 1;
                    }
                }
                statistic(weights)
            },
        )
        .collect()
}

/// 95 % bootstrap interval, bias-corrected, accelerated and expanded for small samples, of a statistic of weighted rows; `None`
/// when it does not exist or when resampling never changes it.
///
/// # Source
/// B. Efron, *Better bootstrap confidence intervals*, JASA 1987; acceleration from the jackknife
/// within strata, Davison and Hinkley, *Bootstrap methods and their application*, 1997, § 5.3; expansion by Student's law,
/// T. Hesterberg, *What teachers should know about the bootstrap*, The American Statistician 2015.
pub(in crate::fairness) fn bca_interval(
    strata: &[Vec<u32>],
    draws: Draws,
    statistic: impl Fn(&[u32]) -> f64 + Sync,
) -> Option<(f64, f64)> {
    let observed = statistic(&vec![1; length(strata)]);
    if !observed.is_finite() {
        return None;
    }
    let replicates = Replicates::new(resample(strata, draws, &statistic))?;
    let Influence {
        acceleration,
        reach,
    } = influence(strata, statistic);
    corrected(&replicates, observed, acceleration, reach)
}

/// The quantiles of the replicates that stand `reach` standard deviations on both sides, once bias and acceleration are
/// taken off; `None` when the observed value is beyond all replicates, so that no bias can be measured.
fn corrected(
    replicates: &Replicates,
    observed: f64,
    acceleration: f64,
    reach: f64,
) -> Option<(f64, f64)> {
    let values = &replicates.0;
    let below = values.partition_point(|value| *value < observed);
    let up_to = values.partition_point(|value| *value <= observed);
    let bias = normal_quantile((below + up_to) as f64 / (2 * values.len()) as f64);
    if !bias.is_finite() {
        return None;
    }
    let end = |z: f64| {
        let shifted = bias + z;
        normal_cdf(bias + shifted / (1.0 - acceleration * shifted))
    };
    Some((
        replicates.quantile(end(-reach)),
        replicates.quantile(end(reach)),
    ))
}

/// What leaving rows out tells of a statistic.
struct Influence {
    /// One sixth of the skewness of the influence of rows.
    acceleration: f64,
    /// Half-width of a 95 % interval, in standard deviations of the replicates: a little above 1.96, because
    /// replicates vary less than they should in small strata and because their own spread is uncertain.
    reach: f64,
}

fn influence(strata: &[Vec<u32>], statistic: impl Fn(&[u32]) -> f64 + Sync) -> Influence {
    let rows = length(strata);
    let (mut squares, mut cubes, mut fourths) = (0.0, 0.0, 0.0);
    let (mut unbiased, mut count) = (0.0, 0.0);
    for stratum in strata.iter().filter(|stratum| stratum.len() > 1) {
        let size = stratum.len();
        let blocks = size.min(JACKKNIFE_BLOCKS);
        let left: Vec<(f64, f64)> = (0..blocks)
            .into_par_iter()
            .map(|block| {
                let mut weights = vec![1_u32; rows];
                let out = stratum.iter().skip(block).step_by(blocks);
                let out: usize = out.map(|row| weights[*row as usize] = 0).count();
                ((size - out) as f64 / size as f64, statistic(&weights))
            })
            .filter(|(_, value)| value.is_finite())
            .collect();
        let mean = left.iter().map(|(_, value)| value).sum::<f64>() / left.len() as f64;
        count += left.len() as f64;
        for (kept, value) in left {
            let influence = kept * (mean - value);
            squares += influence.powi(2);
            cubes += influence.powi(3);
            fourths += influence.powi(4);
            unbiased += influence.powi(2) * size as f64 / (size - 1) as f64;
        }
    }
    let z = crate::fairness::Z_95;
    if squares <= 0.0 {
        return Influence {
            acceleration: 0.0,
            reach: z,
        };
    }
    // Relative variance of the estimated variance, hence the degrees of freedom of Student's law.
    let spread = (fourths / (squares * squares) - 1.0 / count).max(1.0 / count);
    let freedom = (2.0 / spread).max(4.0);
    // Cornish and Fisher's expansion of Student's quantile.
    let student = z
        + (z.powi(3) + z) / (4.0 * freedom)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom.powi(2));
    Influence {
        acceleration: cubes / (6.0 * squares.powf(1.5)),
        reach: student * (unbiased / squares).sqrt(),
    }
}

/// One more than the largest row.
fn length(strata: &[Vec<u32>]) -> usize {
    let largest = strata.iter().flatten().max();
    largest.map_or(0, |row| *row as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64], weights: &[u32]) -> f64 {
        let pairs = values.iter().zip(weights);
        let sum: f64 = pairs.map(|(v, w)| v * f64::from(*w)).sum();
        sum / weights.iter().sum::<u32>() as f64
    }

    #[test]
    fn quantiles_by_hand() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), 4.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn strata_keep_their_size() {
        let strata = [vec![0, 2, 3], vec![1, 4]];
        let draws = Draws::new(3, 50);
        for weights in resample(&strata, draws, <[u32]>::to_vec) {
            assert_eq!(weights[0] + weights[2] + weights[3], 3);
            assert_eq!(weights[1] + weights[4], 2);
        }
        let again = resample(&strata, draws, <[u32]>::to_vec);
        assert_eq!(again, resample(&strata, draws, <[u32]>::to_vec));
        let other = draws.stream(&["tpr", "A"]);
        assert_ne!(again, resample(&strata, other, <[u32]>::to_vec));
    }

    #[test]
    fn threads_change_nothing() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i * i % 17)).collect();
        let strata = [(0..40).collect::<Vec<u32>>()];
        let run = || bca_interval(&strata, Draws::new(1, 500), |w| mean(&values, w));
        let pool = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
        };
        assert_eq!(pool(1).install(run), pool(3).install(run));
    }

    #[test]
    fn bca_intervals_equal_scipys() {
        // scipy.stats.bootstrap((x,), np.mean, n_resamples=200_000, method="BCa"), scipy 1.17.
        let values = [0.2, 0.5, 0.7, 1.1, 1.3, 1.9, 2.4, 3.8, 5.5, 9.0];
        let strata = [(0..10).collect::<Vec<u32>>()];
        let statistic = |weights: &[u32]| mean(&values, weights);
        let draws = Draws::new(1, 40_000);
        let replicates = Replicates::new(resample(&strata, draws, statistic)).unwrap();
        let Influence {
            acceleration,
            reach,
        } = influence(&strata, statistic);
        let observed = statistic(&[1; 10]);
        let (low, high) =
            corrected(&replicates, observed, acceleration, crate::fairness::Z_95).unwrap();
        assert!((low - 1.400).abs() < 0.03, "{low}");
        assert!((high - 4.920).abs() < 0.06, "{high}");
        // Ten values: ours is wider, by √(10 / 9) and Student's law at the least.
        assert!(reach > 2.26 * f64::sqrt(10.0 / 9.0), "{reach}");
        let (wider_low, wider_high) = bca_interval(&strata, draws, statistic).unwrap();
        assert!(wider_low < low && wider_high > high);
    }

    #[test]
    fn without_variation_there_is_no_interval() {
        let strata = [vec![0, 1, 2]];
        assert_eq!(
            bca_interval(&strata, Draws::new(1, 200), |w| mean(&[2.0; 3], w)),
            None
        );
        assert_eq!(
            bca_interval(&strata, Draws::new(1, 200), |_| f64::NAN),
            None
        );
        assert_eq!(bca_interval(&[], Draws::new(1, 200), |_| 1.0), None);
    }
}
