//! Comparisons for check cells: what was expected, what was obtained.

use std::fmt;

use crate::french::{compact, decimal};

/// Whether a number is the expected one: `|obtained − expected| ≤ tolerance · max(1, |expected|)`.
///
/// # Errors
/// A French sentence with both numbers, for [`check`](super::check).
pub fn close(
    obtained: impl Into<f64>,
    expected: impl Into<f64>,
    tolerance: f64,
) -> std::result::Result<(), String> {
    let (obtained, expected) = (obtained.into(), expected.into());
    let difference = (obtained - expected).abs();
    // Infinities of one sign are equal, though their difference is no number.
    if obtained == expected || difference <= tolerance * expected.abs().max(1.0) {
        return Ok(());
    }
    if obtained.is_nan() {
        return Err(format!(
            "attendu {}, obtenu NaN (pas un nombre)",
            number(expected)
        ));
    }
    let error = if expected != 0.0 && difference.is_finite() {
        let percent = 100.0 * difference / expected.abs();
        format!(" (erreur relative {} %)", compact(percent))
    } else {
        String::new()
    };
    Err(format!(
        "attendu {}, obtenu {}{error}",
        number(expected),
        number(obtained)
    ))
}

/// Whether a value is exactly the expected one.
///
/// # Errors
/// A French sentence with both values, for [`check`](super::check).
pub fn equal<A, B>(obtained: A, expected: B) -> std::result::Result<(), String>
where
    A: PartialEq<B> + fmt::Debug,
    B: fmt::Debug,
{
    if obtained == expected {
        Ok(())
    } else {
        Err(format!("attendu {expected:?}, obtenu {obtained:?}"))
    }
}

/// Six significant digits with a decimal comma, so that two different numbers look different.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+∞" } else { "−∞" }.to_owned();
    }
    let magnitude = value.abs();
    if value != 0.0 && !(1e-6..1e9).contains(&magnitude) {
        return format!("{value:.5e}").replace('.', ",");
    }
    // At most 11 digits after the comma, by the range above.
    let digits = if value == 0.0 {
        0
    } else {
        (5 - magnitude.log10().floor() as i32).clamp(0, 11) as usize
    };
    let text = decimal(value, digits);
    match text.contains(',') {
        true => text.trim_end_matches('0').trim_end_matches(',').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_tell_both_numbers() {
        assert_eq!(close(0.025_f32, 0.025_f64, 1e-6), Ok(()));
        assert_eq!(close(1000.5, 1000.0, 1e-3), Ok(()));
        assert_eq!(close(f64::INFINITY, f64::INFINITY, 0.0), Ok(()));
        assert_eq!(
            close(0.03, 0.025, 1e-6),
            Err("attendu 0,025, obtenu 0,03 (erreur relative 20 %)".to_owned())
        );
        assert_eq!(close(1, 0, 0.5), Err("attendu 0, obtenu 1".to_owned()));
        assert_eq!(
            close(f64::NAN, 2.0, 10.0),
            Err("attendu 2, obtenu NaN (pas un nombre)".to_owned())
        );
        assert_eq!(
            close(f64::NEG_INFINITY, 2.0, 10.0),
            Err("attendu 2, obtenu −∞".to_owned())
        );
        assert!(close(1.0, f64::NAN, 1.0).is_err());
        assert_eq!(
            equal([4, 2], [4, 1]),
            Err("attendu [4, 1], obtenu [4, 2]".to_owned())
        );
        assert_eq!(equal("a".to_owned(), "a"), Ok(()));
    }

    #[test]
    fn numbers_that_differ_look_different() {
        assert_eq!(number(0.333_333_333), "0,333333");
        assert_eq!(number(-1234.5), "−1234,5");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(1e-12), "1,00000e-12");
        assert_eq!(number(2e15), "2,00000e15");
    }
}
