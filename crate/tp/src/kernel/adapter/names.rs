//! Where the session's cells define a name, and whether the same cell takes it away again: a guess from the text alone, for
//! a hint.

use super::replies::is_name;

/// An earlier cell that defines a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Definition {
    /// Its number.
    pub(super) cell: u64,
    /// An operation of the same cell seems to consume it.
    pub(super) consumed: bool,
    /// The cell did not end well: what it defines was never there.
    pub(super) failed: bool,
}

/// What begins a definition, before the name.
const DEFINITIONS: [&str; 7] = [
    "let ", "let mut ", "fn ", "struct ", "enum ", "const ", "static ",
];
/// Methods that only look, of tensors and of the commonest types.
const LOOKS: [&str; 20] = [
    "clone", "contains", "device", "dims", "dtype", "first", "get", "head", "height", "insert",
    "is_empty", "iter", "iter_mut", "last", "len", "push", "shape", "sort", "to_data", "width",
];
/// Macros that only look.
const LOOKING: [&str; 8] = [
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "format!",
    "assert!",
    "assert_eq!",
    "assert_ne!",
];

/// The definition of a name in the first of these cells that has one, the latest first.
pub(super) fn definition<'a>(
    mut cells: impl Iterator<Item = (u64, &'a str)>,
    name: &str,
) -> Option<Definition> {
    if name.is_empty() {
        return None;
    }
    cells.find_map(|(cell, code)| {
        let code = bare(code);
        let end = DEFINITIONS.iter().find_map(|word| {
            let wanted = format!("{word}{name}");
            let ends = code.match_indices(&wanted).map(|(at, _)| at + wanted.len());
            // What a block defines ends with the block.
            ends.into_iter()
                .find(|end| !code[*end..].starts_with(is_name) && depth(&code[..*end]) == 0)
        })?;
        Some(Definition {
            cell,
            consumed: is_consumed(&code[end..], name),
            failed: false,
        })
    })
}

/// Braces open at the end of a code.
fn depth(code: &str) -> usize {
    code.chars().fold(0, |depth: usize, next| match next {
        '{' => depth + 1,
        '}' => depth.saturating_sub(1),
        _ => depth,
    })
}

/// Whether code that follows the definition of a variable consumes it.
fn is_consumed(code: &str, name: &str) -> bool {
    let value = code.split(';').next().unwrap_or_default();
    let value = value.trim_start().trim_start_matches('=').trim_start();
    if value.starts_with(|next: char| next.is_ascii_digit() || next == '&') {
        // A copy is taken, or nothing owned.
        return false;
    }
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let alone = !after.starts_with(is_name)
            && !before.ends_with(|last: char| is_name(last) || last == '.');
        let before = before.trim_end();
        let lent = before.ends_with('&') || before.ends_with("&mut");
        if !alone || lent || is_looked_at(before) {
            return false;
        }
        if let Some(method) = after.trim_start().strip_prefix('.') {
            let end = method.find(|next| !is_name(next)).unwrap_or(method.len());
            let called = method[end..].starts_with(['(', ':']);
            return called && !LOOKS.contains(&&method[..end]) && !method.starts_with("as_");
        }
        let looped = before.ends_with(" in");
        looped
            || after
                .trim_start()
                .starts_with([')', ',', ';', ']', '+', '-', '*', '/'])
    })
}

/// Whether what follows is among the arguments of a macro that only looks.
fn is_looked_at(before: &str) -> bool {
    let mut closed = 0;
    for (at, next) in before.char_indices().rev() {
        match next {
            ')' => closed += 1,
            '(' if closed > 0 => closed -= 1,
            '(' => return LOOKING.iter().any(|name| before[..at].ends_with(name)),
            _ => {}
        }
    }
    false
}

/// The code without its comments and texts.
fn bare(code: &str) -> String {
    let mut bare = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        }
        rest = &rest[next.len_utf8()..];
        bare.push(next);
        if next == '"' {
            let mut escaped = false;
            let end = rest.find(|next| {
                let ends = next == '"' && !escaped;
                escaped = next == '\\' && !escaped;
                ends
            });
            rest = &rest[end.unwrap_or(rest.len())..];
            rest = rest.strip_prefix('"').unwrap_or(rest);
            bare.push('"');
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_definition_counts() {
        let cells = [
            (4, "let b = a;"),
            (3, "// let a = 1;\nlet ab = \"let a\";"),
            (2, "let mut a = f();"),
        ];
        let found = |name| definition(cells.into_iter(), name).map(|found| found.cell);
        assert_eq!(found("a"), Some(2));
        assert_eq!(found("b"), Some(4));
        assert_eq!((found("absent"), found("")), (None, None));
        let block = [(
            1,
            "for i in 0..3 { let carre = i; }\nfn f() {\n    let surface = 2;\n}\nlet apres = 1;",
        )];
        let found = |name| definition(block.into_iter(), name).map(|found| found.cell);
        assert_eq!((found("carre"), found("surface")), (None, None));
        assert_eq!((found("apres"), found("f")), (Some(1), Some(1)));
    }

    #[test]
    fn a_name_that_its_own_cell_consumes_is_told() {
        for (code, expected) in [
            ("let w = tensor();\nlet e = w.exp(); // consommé", true),
            ("let w = tensor();\nlet e = w.clone().exp();", false),
            ("let w = tensor();\nf(w);", true),
            ("let w = tensor();\nf(&w); g(&mut w); w.dims();", false),
            ("let w = tensor();\nprintln!(\"{w} {}\", w);", false),
            ("let w = tensor();\nlet e = w * 2.0;", true),
            ("let w = tensor();\nfor x in w { g(x); }", true),
            ("let w = 3;\nf(w);", false),
            ("let w = tensor();\nlet ww = x.w; f(www);", false),
            ("fn w() {}\nw();", false),
        ] {
            let found = definition([(1, code)].into_iter(), "w").unwrap();
            assert_eq!(found.consumed, expected, "{code}");
        }
    }
}
