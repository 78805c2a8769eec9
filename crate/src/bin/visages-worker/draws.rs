//! What the measures of the debiasing lab share: where the draws of faces fall, and a threshold of equal demands.

use visages::{Result, train::LatentTable};

/// Share of the other images taken for faces, at which detectors are compared with equal demands.
pub const EQUAL_ALARMS: f64 = 0.05;
/// Latent loss, in nats, from which a variable counts as active.
pub const ACTIVE: f64 = 0.1;

/// The smallest threshold at which at most [`EQUAL_ALARMS`] of the other images are taken for faces.
pub fn equal_threshold(others: &[f32]) -> f32 {
    let mut sorted = others.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let allowed = (EQUAL_ALARMS * sorted.len() as f64).floor() as usize;
    // Just above the first score that is one too many.
    sorted.get(allowed).map_or(0.5, |score| score.next_up())
}

/// Share of the draws that fall on the rare group.
pub fn share(probabilities: &[f64], rare: &[bool]) -> f64 {
    let total: f64 = probabilities.iter().sum();
    let kept = probabilities.iter().zip(rare).filter(|(_, rare)| **rare);
    kept.map(|(p, _)| p).sum::<f64>() / total
}

/// The columns of the variables whose mean latent loss exceeds [`ACTIVE`]; none when there is no such variable.
pub fn active(means: &LatentTable, logvars: &LatentTable) -> Result<Option<LatentTable>> {
    let mut columns = Vec::new();
    for dimension in 0..means.latent_dim() {
        let (mu, logvar) = (means.column(dimension)?, logvars.column(dimension)?);
        let terms = mu.iter().zip(&logvar);
        let sum: f64 = terms.map(|(m, s)| 0.5 * (s.exp() + m * m - 1.0 - s)).sum();
        if sum / mu.len() as f64 > ACTIVE {
            columns.push(mu);
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let values = (0..means.len()).flat_map(|image| {
        let columns = columns.iter();
        columns.map(move |column| column[image] as f32)
    });
    Ok(Some(LatentTable::new(values.collect(), columns.len())?))
}
