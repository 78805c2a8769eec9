//! The hints for values that do not go together: numbers, texts, tensors, references, indices.

use super::hints::{Hint, hint};

/// What two types, or a type and a use of it, do not allow: the commonest of E0277 and E0369.
pub(super) fn between_types(message: &str) -> Option<Hint> {
    if message.starts_with("cannot add a float to an integer")
        || message.starts_with("cannot add an integer to a float")
    {
        return Some(hint(
            "Rust ne mélange pas un entier et un nombre à virgule.",
            "Écrivez 1.0 au lieu de 1, ou convertissez : x as f64.",
        ));
    }
    let (first, last) = (quoted(message)?, second(message));
    if message.starts_with("the trait bound")
        && ["f64: ", "f32: "].iter().any(|f| first.starts_with(f))
        && first.ends_with("Ord")
    {
        return Some(hint(
            "Une liste de nombres à virgule ne se trie pas avec sort() : Rust prévoit le cas de NaN, qui ne se range pas.",
            "Écrivez v.sort_by(|a, b| a.total_cmp(b)).",
        ));
    }
    let operations = ["add", "subtract", "multiply", "divide", "calculate"];
    let computes = message
        .strip_prefix("cannot ")
        .is_some_and(|rest| operations.iter().any(|word| rest.starts_with(word)));
    if computes || message.starts_with("can't compare") {
        return combined(&first, &last, computes);
    }
    if message.contains("cannot be indexed by") {
        if is_text(&first) {
            return Some(hint(
                "Un texte n'a pas d'indice.",
                "Son caractère numéro i : texte.chars().nth(i).",
            ));
        }
        if ["[", "Vec<", "Tensor<"]
            .iter()
            .any(|list| last.contains(list))
        {
            return Some(hint(
                "On ne prend pas plusieurs éléments en indexant par une liste.",
                "Parcourez les deux listes ensemble : v.iter().zip(&liste), puis .filter(…) ou .map(…).",
            ));
        }
        if last.starts_with('&') {
            return Some(hint("L'indice est une référence (&).", "Écrivez v[*i]."));
        }
        return Some(hint(
            format!("Un indice est un « usize », pas un « {last} »."),
            "Convertissez-le : v[i as usize].",
        ));
    }
    if message.contains("is not an iterator") {
        return Some(hint(
            format!("« for » ne sait pas parcourir un « {first} »."),
            "De 0 à n − 1 : for i in 0..n ; une liste : for x in &liste ; un texte : for c in texte.chars().",
        ));
    }
    for (name, format) in [("Display", "{}"), ("Debug", "{:?}")] {
        if message.contains(&format!("doesn't implement `{name}`"))
            || message.contains(&format!("doesn't implement `std::fmt::{name}`"))
        {
            let other = if name == "Display" {
                "Essayez {:?}. "
            } else {
                ""
            };
            return Some(hint(
                format!("« {first} » ne s'affiche pas avec {format}."),
                format!(
                    "{other}Pour un type à vous, écrivez #[derive(Debug)] au-dessus de sa définition : il s'affiche alors avec {{:?}}."
                ),
            ));
        }
    }
    None
}

/// What to say of a tensor that has another number of dimensions than what is asked for; `text` is the compiler's whole report.
pub(super) fn ranks(text: &str) -> Option<Hint> {
    if !text.contains("Tensor") {
        return None;
    }
    let (expected, found) = text.lines().find_map(|line| {
        let (expected, rest) = line.split_once("expected `")?.1.split_once('`')?;
        let (found, _) = rest.split_once("found `")?.1.split_once('`')?;
        Some((rank(expected)?, rank(found)?))
    })?;
    let remedy = match found.checked_sub(expected) {
        Some(0) => return None,
        Some(1) => format!(
            "Une opération comme sum_dim(1) garde la dimension, de taille 1 : ôtez-la avec .squeeze_dim::<{expected}>(1)."
        ),
        Some(_) => "Réduisez-les d'abord à une seule, avec .flatten::<2>(1, 3) par exemple, puis ôtez celle qui reste, de taille 1, \
                    avec .squeeze_dim::<1>(1)."
            .to_owned(),
        None => format!("Ajoutez une dimension de taille 1 : .unsqueeze_dim::<{expected}>(1)."),
    };
    let dimensions = |count: u8| format!("{count} dimension{}", if count < 2 { "" } else { "s" });
    Some(hint(
        format!(
            "Ce tenseur a {}, mais il en faut {expected}.",
            dimensions(found)
        ),
        remedy,
    ))
}

/// The number of dimensions in a type, or in what the compiler quotes of it: `Tensor<2>`, `2`.
fn rank(written: &str) -> Option<u8> {
    let inner = written
        .strip_prefix("Tensor<")
        .and_then(|rest| rest.strip_suffix('>'));
    inner.unwrap_or(written).parse().ok()
}

/// Two types that an operation (`computes`) or a comparison does not take together.
fn combined(first: &str, last: &str, computes: bool) -> Option<Hint> {
    if is_number(first) && last.contains("Tensor") {
        return Some(hint(
            "Un nombre ne se place pas à gauche d'un tenseur.",
            "Écrivez le tenseur d'abord : tenseur * 2.0.",
        ));
    }
    if is_option(first) || is_option(last) {
        return Some(hint(
            "L'une des deux valeurs est une Option : elle peut être vide.",
            "Prenez la valeur qu'elle contient : x.unwrap_or(0), où 0 remplace une valeur absente. Dans une boucle, .flatten() ôte les Option.",
        ));
    }
    if first.contains("Tensor") || last.contains("Tensor") {
        return Some(hint(
            "Les opérations entre tenseurs prennent les tenseurs eux-mêmes, pas des références (&).",
            "Écrivez par exemple a.clone() + b.clone().",
        ));
    }
    let is_lent = first.starts_with('&') || last.starts_with('&');
    match (
        is_text(first),
        is_text(last),
        is_number(first),
        is_number(last),
    ) {
        (true, true, ..) if computes => Some(hint(
            "Deux textes ne se joignent pas ainsi.",
            "Écrivez format!(\"{a}{b}\").",
        )),
        (true, true, ..) => Some(hint(
            "Ces deux textes n'ont pas le même type.",
            "Ajoutez ou ôtez un « & », ou comparez a.as_str() et b.as_str().",
        )),
        (true, _, _, true) | (_, true, true, _) => Some(hint(
            match computes {
                true => "Un texte et un nombre ne se combinent pas.",
                false => "Un texte et un nombre ne se comparent pas.",
            },
            "Un nombre devient un texte par format!(\"{x}\") ; un texte, un nombre par texte.parse::<f64>().",
        )),
        (_, _, true, true) if is_lent => Some(hint(
            "L'une des deux valeurs est une référence (&) vers un nombre.",
            "Écrivez « * » devant elle : *x (deux fois s'il y a « && »).",
        )),
        (_, _, true, true) if is_whole_and_float(first, last) => Some(hint(
            "Rust ne mélange pas un entier et un nombre à virgule.",
            "Écrivez 1.0 au lieu de 1, ou convertissez : x as f64.",
        )),
        (_, _, true, true) => Some(hint(
            format!("Rust ne mélange pas deux types de nombres (« {first} » et « {last} »)."),
            "Convertissez l'un des deux : x as f64 (un nombre à virgule), x as usize (un indice).",
        )),
        _ => None,
    }
}

/// Whether one is a whole number that is written in the code, the other a number with a fraction.
fn is_whole_and_float(first: &str, last: &str) -> bool {
    let float = |kind: &str| matches!(kind, "{float}" | "f32" | "f64");
    (first == "{integer}" && float(last)) || (float(first) && last == "{integer}")
}

/// Whether a type, or what a reference shows, is an option.
fn is_option(kind: &str) -> bool {
    let kind = kind.trim_start_matches('&');
    kind.starts_with("Option<") || kind.starts_with("std::option::Option<")
}

/// Whether a type, or what a reference shows, is a text.
fn is_text(kind: &str) -> bool {
    matches!(
        kind.trim_start_matches('&'),
        "str" | "String" | "std::string::String"
    )
}

/// Whether a type, or what a reference shows, is a number.
fn is_number(kind: &str) -> bool {
    matches!(
        kind.trim_start_matches('&'),
        "{integer}"
            | "{float}"
            | "f32"
            | "f64"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
    )
}

/// The first name between back quotes.
pub(super) fn quoted(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('`')?;
    let (name, _) = rest.split_once('`')?;
    Some(name.to_owned())
}

/// The second name between back quotes, else the first.
pub(super) fn second(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let first = names.next().unwrap_or_default();
    names.next().unwrap_or(first).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> String {
        between_types(message).map_or(String::new(), |hint| format!("{hint:?}"))
    }

    #[test]
    fn reflexes_of_numpy_are_told_what_to_write() {
        for (message, expected) in [
            (
                "cannot multiply `f64` by `burn::Tensor<1>`",
                "tenseur * 2.0",
            ),
            (
                "cannot multiply `burn::Tensor<1>` by `&burn::Tensor<1>`",
                "a.clone()",
            ),
            (
                "cannot subtract `std::option::Option<i64>` from `std::option::Option<i64>`",
                "unwrap_or",
            ),
            ("cannot subtract `f64` from `{integer}`", "1.0 au lieu de 1"),
            ("cannot add `usize` to `f64`", "x as f64"),
            (
                "the trait bound `f64: std::cmp::Ord` is not satisfied",
                "total_cmp",
            ),
            ("the trait bound `f64: Ord` is not satisfied", "total_cmp"),
        ] {
            assert!(
                told(message).contains(expected),
                "{message}: {}",
                told(message)
            );
        }
    }
}
