//! French no-break spaces in the text of a lab, so that no line begins with « ? » and no guillemet is left alone.
//!
//! A source is written with ordinary spaces; the published notebooks get U+202F before « ? », « ! », « ; », « » » and « % »,
//! and U+00A0 before « : » and after « « ». Code, formulas, links' targets and HTML tags stay as they are.

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
        _ if last == '«' => WIDE,
        Some('?' | '!' | ';' | '»') => NARROW,
        Some('%') if last.is_ascii_digit() => NARROW,
        // Not « ::method » nor « :--- ».
        Some(':') if !second.is_some_and(|second| ":-".contains(second)) => WIDE,
        _ => ' ',
    }
}

/// Length of what is copied as it is at the beginning of a text: code, a formula, a link's target, a tag, the rule of a table.
fn verbatim(text: &str, begins_line: bool) -> usize {
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
