//! Means over seeds, with Student's interval and test.

/// A mean over the seeds, and its 95 % interval; no interval for one seed.
pub type Mean = (f64, Option<[f64; 2]>);

/// Their mean; not a number without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean, and Student's 95 % interval: what the seeds alone make it vary.
pub fn summary(values: &[f64]) -> Mean {
    summary_at(values, 0.95)
}

/// The mean, and Student's interval of another level, from 0.5 to 0.95.
pub fn summary_at(values: &[f64], level: f64) -> Mean {
    let (count, centre) = (values.len(), mean(values));
    let interval = (count > 1).then(|| {
        let half = student(count - 1, level) * standard_error(values);
        [centre - half, centre + half]
    });
    (centre, interval)
}

/// Student's two-sided p of « the mean is 0 »: 1 when the values are all 0, 0 when they are equal and not 0; none for one value.
pub fn p_value(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let (centre, error) = (mean(values), standard_error(values));
    Some(match (centre == 0.0, error == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - central(centre.abs() / error, values.len() - 1),
    })
}

/// Holm's adjusted p of each hypothesis, in their order.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, place) in order.into_iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[place]).min(1.0);
        adjusted[place] = largest;
    }
    adjusted
}

/// Standard error of the mean.
fn standard_error(values: &[f64]) -> f64 {
    let (count, centre) = (values.len() as f64, mean(values));
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (squares / (count - 1.0) / count).sqrt()
}

/// Value that Student's law of `freedom` ≥ 1 degrees of freedom stays below, sign apart, with probability `level`.
fn student(freedom: usize, level: f64) -> f64 {
    // 12.7 with one degree at 95 %, less with more and at a lower level.
    let (mut low, mut high) = (0.5, 13.0);
    while high - low > 1e-9 {
        let middle = (low + high) / 2.0;
        match central(middle, freedom) < level {
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
            let found = student(freedom, 0.95);
            assert!((found - quantile).abs() < 6e-4, "{freedom}: {found}");
        }
    }

    /// Quantile 0.95, for 90 % intervals.
    #[test]
    fn students_quantiles_at_another_level() {
        for (freedom, quantile) in [(1, 6.314), (4, 2.132), (15, 1.753), (30, 1.697)] {
            let found = student(freedom, 0.90);
            assert!((found - quantile).abs() < 6e-4, "{freedom}: {found}");
        }
    }

    /// 1, 2, 3, 4: t = 2.5 / (1.291 / 2) = 3.873 with 3 degrees; R: t.test(1:4)$p.value = 0.03047.
    #[test]
    fn a_p_value_by_hand() {
        let p = p_value(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((p - 0.030_466).abs() < 1e-5, "{p}");
        assert_eq!(p_value(&[0.0, 0.0]), Some(1.0));
        assert_eq!(p_value(&[2.0, 2.0]), Some(0.0));
        assert_eq!(p_value(&[2.0]), None);
    }

    /// R: p.adjust(c(.04, .01, .03), "holm") is .06, .03, .06.
    #[test]
    fn holm_as_in_r() {
        let found = holm(&[0.04, 0.01, 0.03]);
        for (found, expected) in found.iter().zip([0.06, 0.03, 0.06]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
