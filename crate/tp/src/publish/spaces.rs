//! French typography of the text of a lab, so that no line begins with « ? », no guillemet and no number is cut in two.
//!
//! A source is written with ordinary spaces and apostrophes; the published notebooks get U+202F before « ? », « ! », « ; »,
//! « » » and « % » and between the thousands of a number, U+00A0 before « : » and units, after « « » and « ≈ », around « × »
//! and « = », and « ’ » for the apostrophe of a word. Code, formulas, links' targets and HTML tags stay as they are.

const NARROW: char = '\u{202f}';
const WIDE: char = '\u{a0}';

/// A Markdown text with its no-break spaces.
pub fn no_break(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let kept = verbatim(rest, spaced.ends_with('\n') || spaced.is_empty());
        if kept > 0 {
            spaced.push_str(&rest[..kept]);
            rest = &rest[kept..];
            continue;
        }
        let after = &rest[next.len_utf8()..];
        spaced.push(match next {
            ' ' => space(&spaced, after),
            '\'' if elides(&spaced, after) => '’',
            _ => next,
        });
        rest = after;
    }
    spaced
}

/// What stands for a space between two pieces of text.
fn space(before: &str, after: &str) -> char {
    let mut following = after.chars();
    let (next, second) = (following.next(), following.next());
    let Some(last) = before
        .chars()
        .next_back()
        .filter(|last| !last.is_whitespace())
    else {
        return ' ';
    };
    match next {
        _ if "«≈×".contains(last) => WIDE,
        _ if before.ends_with(" =") || before.ends_with("\u{a0}=") => WIDE,
        Some('×') => WIDE,
        // Not « => » nor « == », which are code.
        Some('=') if second == Some(' ') => WIDE,
        Some(digit) if digit.is_ascii_digit() && thousands(before, after) => NARROW,
        Some(digit) if digit.is_ascii_digit() && after_hours(before) => WIDE,
        Some(letter) if last.is_ascii_digit() && letter.is_alphabetic() && unit(after) => WIDE,
        Some('?' | '!' | ';' | '»') => NARROW,
        Some('%') if last.is_ascii_digit() => NARROW,
        // Not « ::method » nor « :--- ».
        Some(':') if !second.is_some_and(|second| ":-".contains(second)) => WIDE,
        _ => ' ',
    }
}

/// Whether a space stands between the thousands of a number: at most three digits before, exactly three after.
fn thousands(before: &str, after: &str) -> bool {
    let digits =
        |text: &mut dyn Iterator<Item = char>| text.take_while(char::is_ascii_digit).count();
    let (first, second) = (
        digits(&mut before.chars().rev()),
        digits(&mut after.chars()),
    );
    (1..=3).contains(&first) && second == 3
}

/// « 1 h 15 »: whether a text ends in hours or minutes.
fn after_hours(before: &str) -> bool {
    let mut words = before.rsplit([' ', WIDE]);
    let unit = words.next();
    let number = words.next().and_then(|word| word.chars().next_back());
    matches!(unit, Some("h" | "min")) && number.is_some_and(|c| c.is_ascii_digit())
}

/// What a number does not go without.
const UNITS: [&str; 35] = [
    "an", "ans", "mois", "jours", "h", "min", "s", "ms", "µs", "ns", "Go", "Mo", "ko", "To",
    "octets", "pixels", "pixel", "px", "m", "cm", "mm", "km", "g", "kg", "Hz", "kHz", "MHz", "GHz",
    "points", "point", "images", "visages", "mots", "minutes", "heures",
];

/// Whether a text begins with a unit, whole.
fn unit(after: &str) -> bool {
    let end = after
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(after.len());
    UNITS.contains(&&after[..end])
}

/// Whether an apostrophe is that of a French word: « l'image », « l'`impl` », not a quotation mark.
fn elides(before: &str, after: &str) -> bool {
    let word = before.chars().next_back().is_some_and(char::is_alphabetic);
    let follows = |c: char| c.is_alphanumeric() || "`*«[$".contains(c);
    word && after.chars().next().is_some_and(follows)
}

/// Length of what is copied as it is at the beginning of a text: code, a formula, a link's target, a tag, the rule of a table.
pub(super) fn verbatim(text: &str, begins_line: bool) -> usize {
    let first = text.chars().next().unwrap_or_default();
    match first {
        '`' => {
            let ticks = text.len() - text.trim_start_matches('`').len();
            closing(text, &text[..ticks]).unwrap_or(ticks)
        }
        '\\' => text.chars().take(2).map(char::len_utf8).sum(),
        '$' if text.starts_with("$$") => end_of(text, 2, "$$").unwrap_or(2),
        '$' => {
            let paragraph = text.split("\n\n").next().unwrap_or(text);
            end_of(paragraph, 1, "$").unwrap_or(1)
        }
        '<' if text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') => {
            end_of(text, 1, ">").unwrap_or(1)
        }
        ']' if text.starts_with("](") => end_of(text, 2, ")").unwrap_or(2),
        '|' if begins_line => {
            let line = text.split('\n').next().unwrap_or(text);
            match line.chars().all(|c| "|:- ".contains(c)) {
                true => line.len(),
                false => 0,
            }
        }
        _ => 0,
    }
}

/// Length of a text up to the end of the first `mark` from `start` on.
fn end_of(text: &str, start: usize, mark: &str) -> Option<usize> {
    text[start..]
        .find(mark)
        .map(|found| start + found + mark.len())
}

/// Length of a piece of code between two runs of exactly these backticks.
fn closing(text: &str, ticks: &str) -> Option<usize> {
    let mut at = ticks.len();
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == ticks.len() {
            return Some(start + run);
        }
        at = start + run;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_holds_to_its_word() {
        for (written, shown) in [
            (
                "Est-ce vrai ? Oui ! Non ; fin",
                "Est-ce vrai\u{202f}? Oui\u{202f}! Non\u{202f}; fin",
            ),
            (
                "il dit : « bonjour »",
                "il dit\u{a0}: «\u{a0}bonjour\u{202f}»",
            ),
            ("un taux de 95 %.", "un taux de 95\u{202f}%."),
            ("**Gras** : suite", "**Gras**\u{a0}: suite"),
            ("« `code ?` »", "«\u{a0}`code ?`\u{202f}»"),
            (
                "[un titre : ici](a b ;c) ; fin",
                "[un titre\u{a0}: ici](a b ;c)\u{202f}; fin",
            ),
        ] {
            assert_eq!(no_break(written), shown);
            // What has its spaces keeps them.
            assert_eq!(no_break(shown), shown);
        }
    }

    #[test]
    fn numbers_hold_together() {
        for (written, shown) in [
            ("640 889 valeurs", "640\u{202f}889 valeurs"),
            ("1 234 567,5", "1\u{202f}234\u{202f}567,5"),
            ("64 × 64 pixels", "64\u{a0}×\u{a0}64\u{a0}pixels"),
            ("α = 0,5", "α\u{a0}=\u{a0}0,5"),
            (
                "(≈ 3 lignes, ≈ 10 min)",
                "(≈\u{a0}3 lignes, ≈\u{a0}10\u{a0}min)",
            ),
            ("à 1 h 15, 26 ans", "à 1\u{a0}h\u{a0}15, 26\u{a0}ans"),
            ("en 2020 300 images", "en 2020 300\u{a0}images"),
            ("12 3456 et 12 34", "12 3456 et 12 34"),
            ("3 semaines, 5 animaux", "3 semaines, 5 animaux"),
            ("a => b == c", "a => b == c"),
        ] {
            assert_eq!(no_break(written), shown);
            assert_eq!(no_break(shown), shown);
        }
    }

    #[test]
    fn apostrophes_of_words_are_curved() {
        for (written, shown) in [
            ("l'image d'`a` et l'*un*", "l’image d’`a` et l’*un*"),
            ("aujourd'hui, qu'« il »", "aujourd’hui, qu’« il\u{202f}»"),
            ("'mot' et l' autre", "'mot' et l' autre"),
            (
                "`l'impl` $f'(x)$ <a title='l'>",
                "`l'impl` $f'(x)$ <a title='l'>",
            ),
        ] {
            let shown = shown.replace("« il", "«\u{a0}il");
            assert_eq!(no_break(written), shown);
            assert_eq!(no_break(&shown), shown);
        }
    }

    #[test]
    fn what_is_not_prose_stays_as_it_is() {
        for text in [
            "`a ? b : c`",
            "``a ` ? b``",
            "```rust\nlet x = a ? b : c;\n```",
            "$f : x \\mapsto x ; y$",
            "$$ a \\quad ; b\n : c $$",
            "<a title=\"x : y ?\">",
            "<!-- #region a : b -->",
            "| a | b |\n|---| :--- |\n| :-: | --- :|",
            "Vec ::new",
            "   : un retrait\n? seul",
            "à 5 \\$ ; non".split(" ;").next().unwrap(),
        ] {
            assert_eq!(no_break(text), text);
        }
        // A lone sign of money or of code opens nothing.
        assert_eq!(no_break("5 $ : oui ?"), "5 $\u{a0}: oui\u{202f}?");
        assert_eq!(
            no_break("a < b : oui ` non ?"),
            "a < b\u{a0}: oui ` non\u{202f}?"
        );
    }
}
