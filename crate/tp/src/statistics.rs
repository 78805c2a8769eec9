//! Means over seeds, with Student's interval.

/// A mean over the seeds, and its 95 % interval; no interval for one seed.
pub type Mean = (f64, Option<[f64; 2]>);

/// Their mean; not a number without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean, and Student's interval: what the seeds alone make it vary.
pub fn summary(values: &[f64]) -> Mean {
    let (count, centre) = (values.len(), mean(values));
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let interval = (count > 1).then(|| {
        let half = student(count - 1) * (squares / (count - 1) as f64 / count as f64).sqrt();
        [centre - half, centre + half]
    });
    (centre, interval)
}

/// Quantile 0.975 of Student's law with `freedom` ≥ 1 degrees of freedom.
fn student(freedom: usize) -> f64 {
    // 12.7 with one degree, less with more.
    let (mut low, mut high) = (1.0, 13.0);
    while high - low > 1e-9 {
        let middle = (low + high) / 2.0;
        match central(middle, freedom) < 0.95 {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}

/// Probability that a variable of Student's law stands between −t and t: a finite sum, since its degrees are a whole number
/// (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn central(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    // Powers of the cosine up to freedom − 2, even or odd like it.
    let mut term = if odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    for power in (freedom % 2..freedom.saturating_sub(1)).step_by(2) {
        sum += term;
        term *= cosine * cosine * (power + 1) as f64 / (power + 2) as f64;
    }
    match odd {
        true => (angle + sine * sum) * std::f64::consts::FRAC_2_PI,
        false => sine * sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of any printed table.
    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, quantile) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (9, 2.262),
            (10, 2.228),
            (11, 2.201),
            (20, 2.086),
            (30, 2.042),
            (99, 1.984),
        ] {
            let found = student(freedom);
            assert!((found - quantile).abs() < 6e-4, "{freedom}: {found}");
        }
    }
}
