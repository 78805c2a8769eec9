//! How numbers and durations are written in French messages and figures.

/// A number as French writes it, to print in a cell: `format_number(-0.5, 2)` is « −0,50 », with a decimal comma, a true minus
/// sign, and narrow spaces between the thousands. What is no number reads « non défini ».
///
/// ```
/// use visages::prelude::*;
/// assert_eq!(format_number(0.5, 2), "0,50");
/// assert_eq!(format_number(640_889.0, 0), "640\u{202f}889");
/// ```
pub fn format_number(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "non défini".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    grouped(&decimal(value, digits))
}

/// Narrow no-break spaces between the thousands of a written number, from four digits on.
pub(crate) fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find(',').unwrap_or(text.len()));
    let first = whole.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let (sign, digits) = whole.split_at(first);
    if digits.len() < 4 {
        return text.to_owned();
    }
    let mut spaced = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            spaced.push('\u{202f}');
        }
        spaced.push(digit);
    }
    spaced + rest
}

/// A number with a decimal comma and a true minus sign: `decimal(-0.5, 2)` is « −0,50 ».
pub(crate) fn decimal(value: f64, digits: usize) -> String {
    let text = format!("{:.*}", digits, value.abs()).replace('.', ",");
    // What rounds to zero has no sign.
    if value < 0.0 && text.contains(|c: char| c.is_ascii_digit() && c != '0') {
        format!("−{text}")
    } else {
        text
    }
}

/// A number with about three significant digits, as short as possible: « 12 », « 0,05 », « 0,000321 ».
pub(crate) fn compact(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return decimal(value, 0);
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = decimal(value, digits);
    match text.contains(',') {
        true => text.trim_end_matches('0').trim_end_matches(',').to_owned(),
        false => text,
    }
}

/// A duration as « 01:05 », or « 1:01:05 » from one hour on.
pub(crate) fn duration(seconds: f64) -> String {
    let total = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// « de » before a word, elided before a vowel: « d'âge », « de taille ».
pub(crate) fn of(word: &str) -> String {
    let vowel = |first: char| "aàâeéèêëiîïoôöuùûüœæ".contains(first);
    match word
        .chars()
        .flat_map(char::to_lowercase)
        .next()
        .is_some_and(vowel)
    {
        true => format!("d'{word}"),
        false => format!("de {word}"),
    }
}

/// A count and its noun, to print in a cell: « 1 an », « 33 ans »; French has no plural below two.
///
/// ```
/// use visages::prelude::*;
/// assert_eq!(format_count(1, "an"), "1 an");
/// assert_eq!(format_count(2_197, "image"), "2\u{202f}197 images");
/// ```
pub fn format_count(number: usize, noun: &str) -> String {
    count(number, noun)
}

/// A count and its noun: « 1 image », « 3 images »; French has no plural below two.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number < 2 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(&number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!(count(0, "image"), "0 image");
        assert_eq!(count(1, "image"), "1 image");
        assert_eq!(count(2, "image"), "2 images");
        assert_eq!(count(1_200, "image"), "1\u{202f}200 images");
        assert_eq!(
            (format_count(1, "an"), format_count(33, "an")),
            ("1 an".to_owned(), "33 ans".to_owned())
        );
    }

    #[test]
    fn de_is_elided_before_a_vowel() {
        assert_eq!(of("âge"), "d'âge");
        assert_eq!(of("Écart"), "d'Écart");
        assert_eq!(of("taille"), "de taille");
        assert_eq!(of(""), "de ");
    }

    #[test]
    fn numbers_are_written_in_french() {
        assert_eq!(decimal(0.425, 2), "0,42");
        assert_eq!(decimal(-1.25, 1), "−1,2");
        assert_eq!(decimal(-0.001, 2), "0,00");
        assert_eq!(decimal(1000.0, 0), "1000");
        assert_eq!(compact(0.05), "0,05");
        assert_eq!(compact(12.0), "12");
        assert_eq!(compact(0.000_321), "0,000321");
        assert_eq!(compact(1234.5), "1234");
        assert_eq!(compact(0.0), "0");
    }

    #[test]
    fn printed_numbers_are_grouped() {
        assert_eq!(format_number(-0.5, 2), "−0,50");
        assert_eq!(format_number(1031.25, 2), "1\u{202f}031,25");
        assert_eq!(format_number(999.0, 0), "999");
        assert_eq!(format_number(-640_889.0, 0), "−640\u{202f}889");
        assert_eq!(format_number(12_345_678.9, 1), "12\u{202f}345\u{202f}678,9");
        assert_eq!(format_number(f64::NAN, 2), "non défini");
        assert_eq!(format_number(f64::NEG_INFINITY, 2), "−∞");
    }

    #[test]
    fn durations_are_clock_like() {
        assert_eq!(duration(0.4), "00:00");
        assert_eq!(duration(65.0), "01:05");
        assert_eq!(duration(3665.0), "1:01:05");
        assert_eq!(duration(-3.0), "00:00");
    }
}
