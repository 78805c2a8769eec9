//! The brackets of Rust code: what is open at its end, without a parser.

/// Why brackets cannot be counted.
#[derive(Debug, PartialEq)]
pub(in crate::kernel) enum Unbalanced {
    /// A string or a comment is not closed.
    Text,
    /// A bracket is closed that was not opened.
    Closed,
}

/// How many brackets are left open.
pub(in crate::kernel) fn brackets(code: &str) -> Result<usize, Unbalanced> {
    let text: Vec<char> = code.chars().collect();
    let at = |index: usize| text.get(index).copied().unwrap_or('\0');
    let mut open = Vec::new();
    let mut index = 0;
    while index < text.len() {
        match (text[index], at(index + 1)) {
            ('/', '/') => {
                while index < text.len() && text[index] != '\n' {
                    index += 1;
                }
            }
            ('/', '*') => {
                let mut depth = 1;
                index += 2;
                while depth > 0 {
                    match (at(index), at(index + 1)) {
                        ('*', '/') => (depth, index) = (depth - 1, index + 2),
                        ('/', '*') => (depth, index) = (depth + 1, index + 2),
                        _ if index >= text.len() => return Err(Unbalanced::Text),
                        _ => index += 1,
                    }
                }
                continue;
            }
            ('r', '"' | '#') if index == 0 || !is_word(at(index - 1)) || at(index - 1) == 'b' => {
                let hashes = (1..).take_while(|offset| at(index + offset) == '#').count();
                if at(index + 1 + hashes) == '"' {
                    index += 2 + hashes;
                    let ends = |from: usize| {
                        at(from) == '"' && (1..=hashes).all(|offset| at(from + offset) == '#')
                    };
                    while !ends(index) {
                        if index >= text.len() {
                            return Err(Unbalanced::Text);
                        }
                        index += 1;
                    }
                    index += hashes;
                }
            }
            ('"', _) => {
                index += 1;
                while at(index) != '"' {
                    if index >= text.len() {
                        return Err(Unbalanced::Text);
                    }
                    index += if at(index) == '\\' { 2 } else { 1 };
                }
            }
            // A character; a lifetime has no second quote.
            ('\'', '\\') => {
                index += 3;
                while index < text.len() && text[index] != '\'' {
                    index += 1;
                }
            }
            ('\'', _) if at(index + 2) == '\'' => index += 2,
            (opening @ ('(' | '[' | '{'), _) => open.push(opening),
            (closing @ (')' | ']' | '}'), _) => {
                let expected = match closing {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(expected) {
                    return Err(Unbalanced::Closed);
                }
            }
            _ => {}
        }
        index += 1;
    }
    Ok(open.len())
}

fn is_word(next: char) -> bool {
    next == '_' || next.is_alphanumeric()
}
