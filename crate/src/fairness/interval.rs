//! Confidence interval of a proportion.

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
