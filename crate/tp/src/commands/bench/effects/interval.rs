//! 95 % intervals of rates and of their differences, in closed form: Wilson's, and what Newcombe makes of two of them.

use serde::{Deserialize, Serialize};

/// Quantile of the normal law for a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// A value and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value itself.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Estimate {
    /// On which side of zero the whole interval stands; 0 when it holds zero.
    pub fn side(&self) -> i8 {
        match (self.low > 0.0, self.high < 0.0) {
            (true, _) => 1,
            (_, true) => -1,
            _ => 0,
        }
    }
}

/// A rate, with Wilson's interval. `n` is not 0.
pub fn rate(found: usize, n: usize) -> Estimate {
    let (count, z2) = (n as f64, Z * Z);
    let value = found as f64 / count;
    let scale = 1.0 + z2 / count;
    let centre = (value + z2 / (2.0 * count)) / scale;
    let half = Z * (value * (1.0 - value) / count + z2 / (4.0 * count * count)).sqrt() / scale;
    Estimate {
        value,
        low: (centre - half).max(0.0),
        high: (centre + half).min(1.0),
    }
}

/// A mean, and 1.96 standard errors on each side; not a number without two values.
pub fn mean(values: &[f64]) -> Estimate {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
    let half = Z * (squares / (count - 1.0) / count).sqrt();
    Estimate {
        value,
        low: value - half,
        high: value + half,
    }
}

/// Draws of a bootstrap.
const DRAWS: usize = 1_000;

/// A statistic of some values, and the interval that drawing them anew gives (percentiles); always the same draws.
pub fn bootstrap(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Estimate {
    let value = statistic(values);
    let mut state = 1_u64;
    let mut drawn = vec![0.0; values.len()];
    let mut found: Vec<f64> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        for place in &mut drawn {
            // Knuth's generator; its high bits are the random ones.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let index = ((state >> 33) as usize) % values.len().max(1);
            *place = values[index];
        }
        found.push(statistic(&drawn));
    }
    found.sort_by(f64::total_cmp);
    let at = |share: f64| found[(share * (DRAWS - 1) as f64).round() as usize];
    Estimate {
        value,
        low: at(0.025),
        high: at(0.975),
    }
}

/// The rate of the answers that are true.
pub fn rate_of(answers: &[bool]) -> Estimate {
    rate(answers.iter().filter(|said| **said).count(), answers.len())
}

/// `one − other`, measured apart: Newcombe's interval (1998, method 10), and for any two estimates what is known as MOVER.
pub fn less(one: Estimate, other: Estimate) -> Estimate {
    correlated(one, other, 0.0)
}

/// `one − other`, the rates of two detectors asked about the same images, in the same order: Newcombe's interval for pairs
/// (1998, *Improved confidence intervals for the difference between binomial proportions based on paired data*, method 10).
pub fn paired_less(one: &[bool], other: &[bool]) -> Estimate {
    let count = |first: bool, second: bool| {
        let pairs = one.iter().zip(other);
        pairs.filter(|(a, b)| (**a, **b) == (first, second)).count() as f64
    };
    let (both, only, others, neither) = (
        count(true, true),
        count(true, false),
        count(false, true),
        count(false, false),
    );
    let margins = (both + only) * (others + neither) * (both + others) * (only + neither);
    let mut excess = both * neither - only * others;
    if excess > 0.0 {
        excess = (excess - one.len() as f64 / 2.0).max(0.0);
    }
    let correlation = if margins > 0.0 {
        excess / margins.sqrt()
    } else {
        0.0
    };
    correlated(rate_of(one), rate_of(other), correlation)
}

fn correlated(one: Estimate, other: Estimate, correlation: f64) -> Estimate {
    let value = one.value - other.value;
    let spread = |a: f64, b: f64| (a * a - 2.0 * correlation * a * b + b * b).max(0.0).sqrt();
    Estimate {
        value,
        low: value - spread(one.value - one.low, other.high - other.value),
        high: value + spread(one.high - one.value, other.value - other.low),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Estimate, low: f64, high: f64) {
        assert!(
            (found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5,
            "{found:?}"
        );
    }

    /// Wilson: 4 in 5, and 5 in 5. Newcombe's own example: 56/70 − 48/80.
    #[test]
    fn published_intervals() {
        near(rate(4, 5), 0.3755, 0.9638);
        near(rate(5, 5), 0.5655, 1.0);
        near(less(rate(56, 70), rate(48, 80)), 0.0524, 0.3339);
    }

    /// 1, 2, 3: mean 2, standard error 1/√3.
    #[test]
    fn a_mean_by_hand() {
        near(mean(&[1.0, 2.0, 3.0]), 2.0 - 1.13159, 2.0 + 1.13159);
        assert_eq!(mean(&[4.0]).side(), 0);
    }

    /// The mean of 0 to 99: standard error 28.87 / 10.
    #[test]
    fn a_bootstrap_agrees_with_the_standard_error() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let found = bootstrap(&values, |values| {
            values.iter().sum::<f64>() / values.len() as f64
        });
        let half = (found.high - found.low) / 2.0;
        assert!(
            (found.value - 49.5).abs() < 1e-9 && (half - 5.66).abs() < 0.5,
            "{found:?}"
        );
        assert!(bootstrap(&[2.0, 2.0], |values| values[0]).side() == 1);
        assert!(bootstrap(&[], |_| f64::NAN).value.is_nan());
    }

    #[test]
    fn the_side_of_an_interval() {
        let of = |low, high| {
            Estimate {
                value: 0.0,
                low,
                high,
            }
            .side()
        };
        assert_eq!((of(0.1, 0.2), of(-0.2, -0.1), of(-0.1, 0.1)), (1, -1, 0));
        assert_eq!(of(0.0, 0.1), 0);
    }

    /// The same answers twice are the same detector: the interval stands around 0, and is narrower than that of two sets
    /// of images.
    #[test]
    fn pairs_narrow_the_interval() {
        let one: Vec<bool> = (0..200).map(|i| i % 5 != 0).collect();
        let mut other = one.clone();
        assert_eq!(paired_less(&one, &other).value, 0.0);
        for place in (0..200).step_by(20) {
            other[place + 1] = false;
        }
        let (pairs, apart) = (
            paired_less(&one, &other),
            less(rate_of(&one), rate_of(&other)),
        );
        assert!((pairs.value - 0.05).abs() < 1e-12);
        assert!(
            pairs.side() == 1 && apart.side() == 0,
            "{pairs:?} {apart:?}"
        );
        // Exchanged, the difference and its bounds change sign.
        let back = paired_less(&other, &one);
        assert!((back.low + pairs.high).abs() < 1e-12 && (back.high + pairs.low).abs() < 1e-12);
    }

    /// Of 2,000 made-up pairs of detectors whose rates are 0.85 and 0.80, answers going together, about 95 % of the intervals
    /// hold the true difference.
    #[test]
    fn about_95_intervals_in_100_hold_the_true_difference() {
        let mut state = 1_u64;
        let mut chance = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut held = 0;
        for _ in 0..2_000 {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            for _ in 0..150 {
                // A hard image is hard for both.
                let (shared, own) = (chance(), chance());
                one.push(shared < 0.85);
                other.push(if own < 0.5 {
                    shared < 0.80
                } else {
                    chance() < 0.80
                });
            }
            let found = paired_less(&one, &other);
            held += usize::from(found.low <= 0.05 && 0.05 <= found.high);
        }
        assert!((1_870..=1_940).contains(&held), "{held}");
    }
}
