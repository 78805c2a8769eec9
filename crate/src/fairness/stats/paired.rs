//! Two models on the same images.

/// Exact McNemar test: `only_first` images are right with the first model alone, `only_second` with the
/// second alone. Two-sided probability of a split at least as uneven between equally good models.
///
/// # Source
/// Q. McNemar, 1947; exact binomial form.
pub(in crate::fairness) fn mcnemar_exact(only_first: usize, only_second: usize) -> f64 {
    let n = only_first + only_second;
    let few = only_first.min(only_second);
    // Terms C(n, i) / 2ⁿ through their logarithms: 2ⁿ overflows from 1024 images on.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = log_term.exp();
    for i in 1..=few {
        log_term += ((n - i + 1) as f64 / i as f64).ln();
        tail += log_term.exp();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcnemar_by_hand() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(3, 3), 1.0);
        // 2 (1 + 5) / 2⁵
        assert!((mcnemar_exact(4, 1) - 12.0 / 32.0).abs() < 1e-12);
        assert_eq!(mcnemar_exact(1, 4), mcnemar_exact(4, 1));
        assert!((mcnemar_exact(0, 10) - 2.0 / 1024.0).abs() < 1e-12);
        assert!(mcnemar_exact(1500, 1400) > 0.05 && mcnemar_exact(1600, 1300) < 1e-6);
    }
}
