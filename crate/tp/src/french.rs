//! How numbers and counts are written in French messages.

/// A whole number as French writes it: narrow no-break spaces between the thousands, from five digits on, as the
/// library's `nombre` does.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() < 5 {
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
    fn thousands_and_plurals() {
        assert_eq!(grouped(9_999), "9999");
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
