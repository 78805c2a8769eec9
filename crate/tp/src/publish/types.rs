//! An `impl` in another cell than its type. evcxr keeps both versions of it when the cell is run again: E0592 until restart.
//!
//! A reading of lines, not a parser: it has to know `struct X` and `impl … X`, in code that compiles.

use std::collections::BTreeMap;

/// A problem: the cell's index among those given, the line in the cell from 0, the type's name.
pub type Lone = (usize, usize, String);

/// The `impl` blocks, in code cells, of types that only another cell defines.
pub fn lone_impls(cells: &[&str]) -> Vec<Lone> {
    let mut homes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (cell, source) in cells.iter().enumerate() {
        for name in source.lines().filter_map(defined) {
            homes.entry(name).or_default().push(cell);
        }
    }
    let mut lone = Vec::new();
    for (cell, source) in cells.iter().enumerate() {
        let lines: Vec<&str> = source.lines().collect();
        for line in 0..lines.len() {
            let Some(name) = implemented(&lines[line..]) else {
                continue;
            };
            if homes
                .get(&*name)
                .is_some_and(|homes| !homes.contains(&cell))
            {
                lone.push((cell, line, name));
            }
        }
    }
    lone
}

/// The type that a line defines.
fn defined(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(public) = rest.strip_prefix("pub") {
        rest = match public.trim_start().strip_prefix('(') {
            Some(scope) => scope.split_once(')')?.1,
            None => public,
        };
    }
    let rest = rest.trim_start();
    let name = ["struct ", "enum ", "union "]
        .iter()
        .find_map(|keyword| rest.strip_prefix(keyword))?
        .trim_start();
    let name = &name[..identifier(name)];
    (!name.is_empty()).then_some(name)
}

/// The type that the `impl` beginning at the first of these lines is for.
fn implemented(lines: &[&str]) -> Option<String> {
    let first = lines.first()?.trim_start();
    let first = first.strip_prefix("unsafe ").unwrap_or(first).trim_start();
    let after = first.strip_prefix("impl")?;
    if !after.starts_with(['<', ' ']) && !after.is_empty() {
        return None;
    }
    let mut header = after.to_owned();
    for line in &lines[1..] {
        if header.contains('{') {
            break;
        }
        header.push(' ');
        header.push_str(line.trim());
    }
    let header = header.split_once('{')?.0.trim_start();
    let header = if header.starts_with('<') {
        &header[generics(header)..]
    } else {
        header
    };
    let header = header.split(" where ").next().unwrap_or(header);
    let target = match outside_generics(header, " for ") {
        Some(position) => &header[position + " for ".len()..],
        None => header,
    };
    let target = target.trim_start().trim_start_matches('&');
    let path = target.split('<').next().unwrap_or(target).trim();
    let name = path.rsplit([':', ' ']).next().unwrap_or(path);
    let name = &name[..identifier(name)];
    (!name.is_empty()).then(|| name.to_owned())
}

/// Length of the identifier at the beginning of a text.
fn identifier(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// Length of the `<…>` at the beginning of a text.
fn generics(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (index, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if previous != '-' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
        previous = c;
    }
    text.len()
}

/// Where `wanted` stands in a text, outside any `<…>`.
fn outside_generics(text: &str, wanted: &str) -> Option<usize> {
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        if rest.starts_with('<') {
            start += generics(rest);
        } else if rest.starts_with(wanted) {
            return Some(start);
        } else {
            start += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_impls_are_recognised() {
        assert_eq!(defined("pub(crate) struct Vae<B> {"), Some("Vae"));
        assert_eq!(defined("    enum Mode { A }"), Some("Mode"));
        assert_eq!(defined("let structure = 3;"), None);
        let target = |text: &str| implemented(&text.lines().collect::<Vec<_>>());
        assert_eq!(target("impl Vae {").as_deref(), Some("Vae"));
        assert_eq!(
            target("impl<F: Fn(u8) -> Vec<u8>> Vae<F> {").as_deref(),
            Some("Vae")
        );
        assert_eq!(target("impl Classifier for Vae {").as_deref(), Some("Vae"));
        assert_eq!(
            target("impl From<Vec<u8>> for super::Vae where u8: Copy {").as_deref(),
            Some("Vae")
        );
        assert_eq!(target("impl<T>\n    Vae<T>\n{").as_deref(), Some("Vae"));
        assert_eq!(
            target("impl<'a> for_each<'a> for &'a Vae {").as_deref(),
            Some("Vae")
        );
        assert_eq!(target("implement(Vae) {"), None);
        assert_eq!(target("// impl Vae {"), None);
    }

    #[test]
    fn an_impl_far_from_its_type_is_found() {
        let home = "#[derive(Debug)]\nstruct Vae;\nimpl Vae {\n}\nimpl Default for Vae {\n}";
        let other = "let x = 1;\nimpl Vae {\n    fn f() {}\n}";
        assert_eq!(lone_impls(&[home, "fn f(x: impl Fn()) {}"]), []);
        assert_eq!(lone_impls(&[home, other]), [(1, 1, "Vae".to_owned())]);
        assert_eq!(lone_impls(&[other, home]), [(0, 1, "Vae".to_owned())]);
        assert_eq!(lone_impls(&["impl Clone for Vec<u8> {", home]), []);
        // Defined again on purpose: each cell is whole.
        assert_eq!(lone_impls(&[home, home]), []);
    }
}
