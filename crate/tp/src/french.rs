//! How numbers and counts are written in French messages.

/// A whole number as French writes it: narrow no-break spaces between the thousands, from four digits on, as the
/// library's `format_number` does.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() < 4 {
        return digits;
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number with a decimal comma, a true minus sign and exactly `digits` decimals: `fixed(-0.5, 2)` is « −0,50 ».
pub fn fixed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}").replace('.', ",");
    match text.strip_prefix('-') {
        // What rounds to zero has no sign.
        Some(zero) if zero.chars().all(|c| matches!(c, '0' | ',')) => zero.to_owned(),
        Some(size) => format!("−{size}"),
        None => text,
    }
}

/// The same with at most `digits` decimals: `decimal(0.5, 2)` is « 0,5 ».
pub fn decimal(value: f64, digits: usize) -> String {
    let text = fixed(value, digits);
    if text.contains(',') {
        text.trim_end_matches('0').trim_end_matches(',').to_owned()
    } else {
        text
    }
}

/// So many things, each word of `noun` in the number that French wants: « 1 fichier écrit », « 2 fichiers écrits ».
pub fn counted(count: usize, noun: &str) -> String {
    let noun = match count {
        0 | 1 => noun.to_owned(),
        _ => noun.replace(' ', "s ") + "s",
    };
    format!("{} {noun}", grouped(count as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        assert_eq!(fixed(0.5, 2), "0,50");
        assert_eq!(fixed(-4.51, 1), "−4,5");
        assert_eq!(fixed(-0.04, 1), "0,0");
        assert_eq!(fixed(-0.4, 0), "0");
        assert_eq!(fixed(1234.5, 3), "1234,500");
        assert_eq!(fixed(f64::NAN, 1), "NaN");
        assert_eq!(decimal(0.5, 2), "0,5");
        assert_eq!(decimal(-2.0, 2), "−2");
        assert_eq!(decimal(10.0, 0), "10");
    }

    #[test]
    fn thousands_and_plurals() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(9_999), "9\u{202f}999");
        assert_eq!(grouped(12_000), "12\u{202f}000");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(counted(0, "image"), "0 image");
        assert_eq!(counted(1, "fichier écrit"), "1 fichier écrit");
        assert_eq!(
            counted(23_708, "fichier écrit"),
            "23\u{202f}708 fichiers écrits"
        );
    }
}
