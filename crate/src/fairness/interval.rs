//! Confidence intervals of proportions and of their differences.

use crate::error::{Error, Result};

/// Quantile of the standard normal law for a two-sided 95 % interval.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Wilson's score interval of a proportion: which true rates are compatible with
/// `successes` out of `n`, `(low, high)` in `[0, 1]`.
///
/// Unlike p ± z·√(p(1 − p)/n), it stays honest for small `n` and for 0 or `n` successes: five
/// faces found out of five only say that the true rate exceeds 0.57.
///
/// # Errors
/// [`Error::Argument`] when `n` is 0, `successes > n`, or `z` is not a positive number.
///
/// # Source
/// E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, JASA 1927.
///
/// # Example
/// ```
/// let (low, high) = visages::fairness::wilson_interval(4, 5, visages::fairness::Z_95)?;
/// assert_eq!((low * 1000.0).round(), 376.0);
/// assert_eq!((high * 1000.0).round(), 964.0);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn wilson_interval(successes: usize, n: usize, z: f64) -> Result<(f64, f64)> {
    if n == 0 {
        return Err(Error::argument(
            "n",
            n,
            "au moins une observation : un taux sur zéro image n'existe pas",
        ));
    }
    if successes > n {
        return Err(Error::argument(
            "successes",
            successes,
            format!("au plus n = {n}"),
        ));
    }
    if !(z.is_finite() && z > 0.0) {
        return Err(Error::argument(
            "z",
            z,
            "un nombre positif, 1,96 pour un intervalle à 95 %",
        ));
    }
    let (count, z2) = (n as f64, z * z);
    let p = successes as f64 / count;
    let scale = 1.0 + z2 / count;
    let centre = (p + z2 / (2.0 * count)) / scale;
    let half = z * (p * (1.0 - p) / count + z2 / (4.0 * count * count)).sqrt() / scale;
    Ok(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// Newcombe's interval of the difference `p₂ − p₁` between two independent proportions, each given
/// as `(successes, n)`: Wilson's intervals of both, put together.
///
/// Where resampling fails it stays honest: between 5/5 and 5/5, a bootstrap never draws anything
/// but 0; this interval says −0.43 to 0.43.
///
/// # Errors
/// Those of [`wilson_interval`].
///
/// # Source
/// R. Newcombe, *Interval estimation for the difference between independent proportions*,
/// Statistics in Medicine 1998, method 10.
///
/// # Example
/// ```
/// use visages::fairness::{Z_95, difference_interval};
/// // Newcombe's own example, 56/70 − 48/80: 0.0524 to 0.3339.
/// let (low, high) = difference_interval((48, 80), (56, 70), Z_95)?;
/// assert_eq!(((low * 1e4).round(), (high * 1e4).round()), (524.0, 3339.0));
/// # Ok::<(), visages::Error>(())
/// ```
pub fn difference_interval(
    first: (usize, usize),
    second: (usize, usize),
    z: f64,
) -> Result<(f64, f64)> {
    let (low_1, high_1) = wilson_interval(first.0, first.1, z)?;
    let (low_2, high_2) = wilson_interval(second.0, second.1, z)?;
    let rate = |(successes, n): (usize, usize)| successes as f64 / n as f64;
    let (p_1, p_2) = (rate(first), rate(second));
    Ok((
        p_2 - p_1 - (p_2 - low_2).hypot(high_1 - p_1),
        p_2 - p_1 + (high_2 - p_2).hypot(p_1 - low_1),
    ))
}

/// Newcombe's interval of the difference `p₂ − p₁` between two proportions **of the same images**: `counts` are the images
/// with both successes, with the first alone, with the second alone, with neither.
///
/// It puts Wilson's intervals of both proportions together, less what the two share. As [`difference_interval`], it stays
/// honest where nothing varies.
///
/// # Errors
/// [`Error::Argument`] without images, or when `z` is not a positive number.
///
/// # Source
/// R. Newcombe, *Improved confidence intervals for the difference between binomial proportions based on paired data*,
/// Statistics in Medicine 1998, method 10.
///
/// # Example
/// ```
/// use visages::fairness::{Z_95, paired_difference_interval};
/// // 21 children before and after a transplantation (Bentur, 2009): 2 then 8 of them, 1 both times.
/// let (low, high) = paired_difference_interval([1, 1, 7, 12], Z_95)?;
/// assert_eq!(((low * 1e3).round(), (high * 1e3).round()), (26.0, 507.0));
/// # Ok::<(), visages::Error>(())
/// ```
pub fn paired_difference_interval(counts: [usize; 4], z: f64) -> Result<(f64, f64)> {
    let [both, first, second, neither] = counts;
    let n = counts.iter().sum();
    let (low_1, high_1) = wilson_interval(both + first, n, z)?;
    let (low_2, high_2) = wilson_interval(both + second, n, z)?;
    let [both, first, second, neither] = [both, first, second, neither].map(|count| count as f64);
    let n = n as f64;
    let (p_1, p_2) = ((both + first) / n, (both + second) / n);
    let spread = (both + first) * (second + neither) * (both + second) * (first + neither);
    let shared = match both * neither - first * second {
        // A correction for continuity, for positive correlations alone.
        positive if positive > 0.0 => (positive - n / 2.0).max(0.0),
        other => other,
    };
    let correlation = match spread > 0.0 {
        true => shared / spread.sqrt(),
        false => 0.0,
    };
    let half = |of_1: f64, of_2: f64| {
        (of_1 * of_1 - 2.0 * correlation * of_1 * of_2 + of_2 * of_2)
            .max(0.0)
            .sqrt()
    };
    Ok((
        p_2 - p_1 - half(high_1 - p_1, p_2 - low_2),
        p_2 - p_1 + half(p_1 - low_1, high_2 - p_2),
    ))
}
