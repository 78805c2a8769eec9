//! The words of a cell that stops: short, in French where the message is one of the usual ones.

/// Longest message shown, in characters.
const LONGEST_MESSAGE: usize = 600;

/// What `todo!` and `unimplemented!` say, if the message comes from one of them.
pub(super) fn todo_text(message: &str) -> Option<&str> {
    ["not yet implemented", "not implemented"]
        .into_iter()
        .find_map(|prefix| message.strip_prefix(prefix))
        .and_then(|rest| match rest {
            "" => Some(""),
            _ => rest.strip_prefix(": "),
        })
}

/// A panic message made short, and French where it is one of the usual ones.
pub(super) fn explain(message: &str) -> String {
    if let Some(text) = todo_text(message) {
        let text = if text.is_empty() { "À FAIRE" } else { text };
        return format!("Exercice à compléter : {}", shorten(text));
    }
    if let Some(explained) = tensor_error(message).or_else(|| not_one_value(message)) {
        return shorten(&explained);
    }
    let explained = if let Some(rest) = message.strip_prefix("index out of bounds: the len is ") {
        match rest.split_once(" but the index is ") {
            Some((len, index)) => {
                let elements = match len {
                    "0" => "la liste est vide".to_owned(),
                    "1" => "il y a 1 élément".to_owned(),
                    _ => format!("il y a {len} éléments"),
                };
                format!("indice {index} hors limites : {elements}")
            }
            None => message.to_owned(),
        }
    } else if message == "attempt to divide by zero" {
        "division d'un entier par zéro".to_owned()
    } else if message == "attempt to calculate the remainder with a divisor of zero" {
        "reste d'une division d'entiers par zéro".to_owned()
    } else if message == "capacity overflow" {
        "demande de mémoire trop grande".to_owned()
    } else if let Some(rest) = message.strip_prefix("assertion `left == right` failed") {
        let own = rest.strip_prefix(": ");
        let rest = own.map_or_else(|| rest.to_owned(), |own| format!(" : {own}"));
        let rest = rest.replace("\n  left: ", "\n  à gauche : ");
        let rest = rest.replace("\n right: ", "\n  à droite : ");
        format!("assert_eq! : les deux valeurs devaient être égales{rest}")
    } else if message.starts_with("assertion `left != right` failed") {
        "assert_ne! : les deux valeurs devaient être différentes".to_owned()
    } else if let Some(rest) = message.strip_prefix("assertion failed: ") {
        format!("assert! : cette condition devait être vraie : {rest}")
    } else if let Some(operation) = message
        .strip_prefix("attempt to ")
        .and_then(|rest| rest.strip_suffix(" with overflow"))
    {
        format!("dépassement de capacité d'un entier (opération « {operation} »)")
    } else if message == "called `Option::unwrap()` on a `None` value" {
        "`unwrap()` sur une option vide (`None`)".to_owned()
    } else if let Some(error) =
        message.strip_prefix("called `Result::unwrap()` on an `Err` value: ")
    {
        format!("`unwrap()` sur une erreur : {error}")
    } else {
        message.to_owned()
    };
    shorten(&explained)
}

/// Burn's report of a refused tensor operation, on one line: the operation, the shapes, and burn's
/// own reasons, whose English words the reader can look up.
fn tensor_error(message: &str) -> Option<String> {
    let report = message.split_once("=== Tensor Operation Error ===")?.1;
    let operation = report
        .split_once("Operation: '")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map_or("inconnue", |(name, _)| name);
    let reasons: Vec<&str> = report
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .filter_map(|line| line.split_once(". ").map(|(_, reason)| reason.trim()))
        .collect();
    let reasons = reasons
        .join(" ")
        .replace("Shape { dims: [", "[")
        .replace("] }", "]");
    let cause = match shapes(&reasons).as_slice() {
        [left, right] => format!("formes {left} et {right} incompatibles"),
        _ => "arguments refusés".to_owned(),
    };
    Some(format!(
        "opération « {operation} » impossible, {cause} (burn : {reasons})"
    ))
}

/// What burn says of `into_scalar` on a tensor of several values.
fn not_one_value(message: &str) -> Option<String> {
    let (_, rest) = message
        .contains("try_into_scalar")
        .then(|| message.split_once("InvalidShape { expected: 1, actual: "))??;
    let count: usize = rest.split(' ').next()?.parse().ok()?;
    Some(format!(
        "ce tenseur a {count} valeurs, mais il en faut une seule : prenez-en d'abord la moyenne, `.mean()`, ou la somme, `.sum()`"
    ))
}

/// The bracketed lists of a text: `[2, 4]`.
fn shapes(text: &str) -> Vec<&str> {
    text.match_indices('[')
        .filter_map(|(start, _)| {
            let end = start + text[start..].find(']')?;
            Some(&text[start..=end])
        })
        .collect()
}

/// A source location without the folders where cargo unpacks crates and rustup the standard library.
pub(super) fn short_location(location: &str) -> String {
    if let Some((_, rest)) = location.split_once("/lib/rustlib/src/rust/library/") {
        return rest.to_owned();
    }
    match location.split_once("/registry/src/") {
        Some((_, rest)) => rest
            .split_once('/')
            .map_or(rest, |(_, path)| path)
            .to_owned(),
        None => location.to_owned(),
    }
}

/// The first meaningful lines, at most [`LONGEST_MESSAGE`] characters.
pub(super) fn shorten(message: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty())
        .take(LINES)
        .collect();
    let text = lines.join("\n");
    if text.chars().count() <= LONGEST_MESSAGE {
        return text;
    }
    let start: String = text.chars().take(LONGEST_MESSAGE).collect();
    format!("{start}…")
}

pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_panics_become_short_french() {
        let cases = [
            (
                "not yet implemented: À FAIRE",
                "Exercice à compléter : À FAIRE",
            ),
            ("not yet implemented", "Exercice à compléter : À FAIRE"),
            (
                "index out of bounds: the len is 3 but the index is 7",
                "indice 7 hors limites : il y a 3 éléments",
            ),
            ("attempt to divide by zero", "division d'un entier par zéro"),
            (
                "assertion `left == right` failed\n  left: 1\n right: 2",
                "assert_eq! : les deux valeurs devaient être égales\n  à gauche : 1\n  à droite : 2",
            ),
            (
                "assertion `left == right` failed: tailles\n  left: 1\n right: 2",
                "assert_eq! : les deux valeurs devaient être égales : tailles\n  à gauche : 1\n  à droite : 2",
            ),
            (
                "attempt to subtract with overflow",
                "dépassement de capacité d'un entier (opération « subtract »)",
            ),
            (
                "Error while reading data: use `try_into_scalar` instead to catch the error at runtime: InvalidShape { expected: 1, actual: 2 }",
                "ce tenseur a 2 valeurs, mais il en faut une seule : prenez-en d'abord la moyenne, `.mean()`, ou la somme, `.sum()`",
            ),
            ("mon message", "mon message"),
        ];
        for (message, expected) in cases {
            assert_eq!(explain(message), expected);
        }
        // A message that merely begins alike is not a `todo!`.
        assert_eq!(explain("not implementedness"), "not implementedness");
    }

    #[test]
    fn a_tensor_report_keeps_operation_shapes_and_reasons() {
        let report = "=== Tensor Operation Error ===\n  Operation: 'Matmul'\n  Reason:\n    \
                      1. The inner dimension of matmul should be the same, but got 4 and 5. Lhs shape \
                      Shape { dims: [2, 4] }, rhs shape Shape { dims: [5, 3] }. \n";
        assert_eq!(
            explain(report),
            "opération « Matmul » impossible, formes [2, 4] et [5, 3] incompatibles (burn : The inner \
             dimension of matmul should be the same, but got 4 and 5. Lhs shape [2, 4], rhs shape [5, 3].)"
        );
        let other = "=== Tensor Operation Error ===\n  Operation: 'Stack'\n  Reason:\n    \
                     1. Can't stack an empty list of tensors. \n";
        assert_eq!(
            explain(other),
            "opération « Stack » impossible, arguments refusés (burn : Can't stack an empty list of \
             tensors.)"
        );
        // Cut in the middle, it is still told.
        assert!(explain("=== Tensor Operation Error ===\n  Operation: 'Mat").contains("inconnue"));
        assert_eq!(shapes("[1] [2, 3] [4"), ["[1]", "[2, 3]"]);
    }

    #[test]
    fn a_location_does_not_show_the_readers_folders() {
        assert_eq!(
            short_location("/ailleurs/.cargo/registry/src/index-1949/burn-0.22.1/src/a.rs:8:9"),
            "burn-0.22.1/src/a.rs:8:9"
        );
        assert_eq!(short_location("crate/src/a.rs:1:2"), "crate/src/a.rs:1:2");
        assert_eq!(
            short_location(
                "/ailleurs/1.95.0/lib/rustlib/src/rust/library/core/src/num/mod.rs:394:5"
            ),
            "core/src/num/mod.rs:394:5"
        );
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let long = "é".repeat(10_000);
        assert_eq!(shorten(&long).chars().count(), LONGEST_MESSAGE + 1);
        assert_eq!(shorten("a\n\n\nb\nc\nd\ne\nf"), "a\nb\nc\nd");
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }
}
