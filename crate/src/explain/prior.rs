//! How far latent variables are from the standard normal law that training pulls them to.

use crate::{fairness::normal_cdf, train::LatentTable};

/// Share of the latent means, all variables together, that lie beyond `±limit`; not a number without images.
///
/// ```
/// use visages::prelude::*;
/// let mu = LatentTable::new(vec![0.5, -3.2, 1.0, 4.0], 2)?;
/// assert_eq!(share_outside(&mu, 3.0), 0.5);
/// # Ok::<(), Error>(())
/// ```
pub fn share_outside(mu: &LatentTable, limit: f64) -> f64 {
    let (mut outside, mut count) = (0_usize, 0_usize);
    for image in 0..mu.len() {
        for value in mu.row(image).into_iter().flatten() {
            outside += usize::from(f64::from(*value).abs() > limit);
            count += 1;
        }
    }
    outside as f64 / count as f64
}

/// Share of a standard normal law beyond `±limit`: 0.0027 at 3, six in ten million at 5.
///
/// ```
/// use visages::prelude::*;
/// assert!((prior_share_outside(3.0) - 0.0027).abs() < 1e-5);
/// ```
pub fn prior_share_outside(limit: f64) -> f64 {
    2.0 * normal_cdf(-limit.abs())
}
