//! What the reflexes of Python and NumPy give in Rust: functions on their own, lists between brackets, values that are forgotten.

use super::hints::{Hint, hint};
use super::operands::{quoted, second};

/// The hint for a message that such a reflex gives, if it is one; `known` says whether a name is of the notebook's own.
pub(super) fn of(
    message: &str,
    text: &str,
    code: &str,
    known: &dyn Fn(&str) -> bool,
) -> Option<Hint> {
    alone(message, text, code, known)
        .or_else(|| words(message, code))
        .or_else(|| comparison(message))
        .or_else(|| brackets(message, code))
        .or_else(|| several(message, code))
        .or_else(|| moved(message, text, code))
        .or_else(|| method(message))
        .or_else(|| total(message, text, code))
}

/// What to write in place of a function of NumPy's or Python's.
const FUNCTIONS: [(&str, &str); 20] = [
    ("abs", "x.abs()"),
    ("sqrt", "x.sqrt()"),
    ("exp", "x.exp()"),
    ("log", "x.ln()"),
    ("round", "x.round()"),
    ("sum", "v.iter().sum::<f64>()"),
    ("mean", "v.iter().sum::<f64>() / v.len() as f64"),
    (
        "max",
        "a.max(b) ; d'une liste : v.iter().copied().fold(f64::NEG_INFINITY, f64::max)",
    ),
    (
        "min",
        "a.min(b) ; d'une liste : v.iter().copied().fold(f64::INFINITY, f64::min)",
    ),
    ("len", "v.len()"),
    (
        "quantile",
        "v.sort_by(f64::total_cmp), puis la valeur du rang voulu",
    ),
    (
        "median",
        "v.sort_by(f64::total_cmp), puis la valeur du milieu",
    ),
    ("sorted", "v.sort_by(f64::total_cmp)"),
    ("zip", "a.iter().zip(&b), puis .map(|(x, y)| …)"),
    ("enumerate", "v.iter().enumerate()"),
    ("range", "0..n"),
    ("int", "x as i64 (x as usize pour un indice)"),
    ("float", "x as f64"),
    ("str", "x.to_string(), ou format!(\"{x}\")"),
    ("print", "println!(\"{x}\")"),
];

/// `abs(x)`: some of these names are functions of polars, on columns, and the compiler speaks of those.
fn alone(message: &str, text: &str, code: &str, known: &dyn Fn(&str) -> bool) -> Option<Hint> {
    let wanted = |name: &str| FUNCTIONS.iter().find(|(one, _)| *one == name);
    let missing = message.starts_with("cannot find function")
        || message.starts_with("expected function, found");
    let of_columns = (message == "mismatched types" || message.contains("this function takes"))
        && [
            "`&Series`",
            "`&str`",
            "`Expr`",
            "unexpected argument",
            "QuantileMethod",
        ]
        .iter()
        .any(|kind| text.contains(kind));
    let (name, instead) = if missing {
        let name = quoted(message).filter(|name| !known(name))?;
        *wanted(&name)?
    } else if of_columns {
        *FUNCTIONS
            .iter()
            .find(|(name, _)| calls(code, name) && !known(name))?
    } else {
        return None;
    };
    Some(hint(
        format!("Il n'y a pas de fonction « {name} » à part pour cette valeur."),
        format!("Écrivez {instead}."),
    ))
}

/// Whether the code calls a function of this name: neither a method, nor one of a type or a module, nor one that it defines.
fn calls(code: &str, name: &str) -> bool {
    let longer = |last: char| last.is_alphanumeric() || matches!(last, '.' | ':' | '_');
    !code.contains(&format!("fn {name}"))
        && code.match_indices(name).any(|(at, _)| {
            code[at + name.len()..].starts_with('(') && !code[..at].ends_with(longer)
        })
}

/// Words of Python's that Rust writes otherwise.
fn words(message: &str, code: &str) -> Option<Hint> {
    let name = quoted(message).unwrap_or_default();
    let written = |what: &str, instead: &str| Some(hint(what, instead));
    if message.contains("is not a logical operator") {
        let sign = if name == "or" { "||" } else { "&&" };
        return Some(hint(
            format!("« {name} » s'écrit « {sign} » en Rust."),
            "Et « not x » s'écrit !x.",
        ));
    }
    let layers = [
        "Linear",
        "Conv2d",
        "BatchNorm",
        "Dropout",
        "ConvTranspose2d",
    ];
    if message.starts_with("expected function, found `")
        && layers.iter().any(|one| name.ends_with(one))
    {
        return written(
            "Une couche ne s'appelle pas comme une fonction.",
            "Écrivez couche.forward(x).",
        );
    }
    if message.contains("cannot be dereferenced") && code.contains("**") {
        return written(
            "Une puissance ne s'écrit pas « ** ».",
            "Écrivez x.powi(2) (exposant entier) ou x.powf(0.5).",
        );
    }
    if message.starts_with("cannot find value") && ["np", "numpy", "torch", "tf"].contains(&&*name)
    {
        return Some(hint(
            format!("« {name} » n'existe pas : il n'y a ni NumPy ni PyTorch ici."),
            "Les calculs sont des méthodes : x.exp(), tenseur.mean(), v.iter().sum::<f64>().",
        ));
    }
    if message.starts_with("cannot find value") && ["True", "False"].contains(&&*name) {
        return Some(hint(
            format!("« {name} » s'écrit sans majuscule."),
            format!("Écrivez {}.", name.to_lowercase()),
        ));
    }
    if message.contains("found keyword `for`") {
        return written(
            "Une liste ne s'écrit pas [… for x in v].",
            "Écrivez v.iter().map(|x| …).collect::<Vec<_>>().",
        );
    }
    if message.contains("found keyword `if`") {
        return written(
            "Un choix entre deux valeurs commence par « if ».",
            "Écrivez if condition { a } else { b }.",
        );
    }
    None
}

/// `t > 0.0` of tensors, which answers a tensor of booleans: a method.
fn comparison(message: &str) -> Option<Hint> {
    let sign = quoted(message).filter(|_| message.starts_with("binary operation"))?;
    if !second(message).contains("Tensor<") {
        return None;
    }
    let [number, tensor] = match &*sign {
        ">" => ["greater_elem", "greater"],
        ">=" => ["greater_equal_elem", "greater_equal"],
        "<" => ["lower_elem", "lower"],
        "<=" => ["lower_equal_elem", "lower_equal"],
        "==" => ["equal_elem", "equal"],
        "!=" => ["not_equal_elem", "not_equal"],
        _ => return None,
    };
    Some(hint(
        format!("« {sign} » ne compare pas les valeurs d'un tenseur."),
        format!(
            "Écrivez t.{number}(0.0) pour un nombre, t.{tensor}(u) pour un autre tenseur ; .float() change ensuite « vrai » en 1 et « faux » en 0."
        ),
    ))
}

/// `batch["age"]`, `v[-1]`, `v[0:2]`.
fn brackets(message: &str, code: &str) -> Option<Hint> {
    if message.starts_with("cannot index into a value of type") {
        let kind = quoted(message).unwrap_or_default();
        let advice = if kind.contains("LabelledBatch") || kind.contains("Labelled") {
            "Une étiquette se lit par .target(\"age\")?."
        } else if kind.contains("DataFrame") {
            "Une colonne se lit par .column(\"age\")?."
        } else {
            "Tapez le nom de la valeur, un point, puis Tab : la liste de ce qui existe s'ouvre."
        };
        return Some(hint("Cette valeur ne se lit pas par des crochets.", advice));
    }
    if message.starts_with("negative integers cannot be used to index") {
        return Some(hint(
            "Un indice n'est jamais négatif.",
            "Le dernier élément : v[v.len() - 1], si la liste n'est pas vide.",
        ));
    }
    if message.starts_with("expected one of")
        && message.ends_with("found `:`")
        && code.contains('[')
    {
        return Some(hint(
            "Une partie d'une liste ne s'écrit pas avec « : ».",
            "Écrivez &v[0..2], ou &v[..n].",
        ));
    }
    None
}

/// Several values without the parentheses that make a tuple.
fn several(message: &str, code: &str) -> Option<Hint> {
    if message.starts_with("enum variant takes 1 argument") {
        let name = ["Ok", "Some", "Err"]
            .into_iter()
            .find(|name| code.contains(&format!("{name}(")))
            .unwrap_or("Ok");
        return Some(hint(
            format!("« {name} » ne prend qu'une valeur."),
            format!("Pour en donner plusieurs, faites-en un couple : {name}((a, b))."),
        ));
    }
    if message.starts_with("expected one of") && message.ends_with("found `,`") {
        return Some(hint(
            "Une virgule n'est pas attendue ici.",
            "Plusieurs valeurs à renvoyer se mettent entre parenthèses : (a, b). Entre deux instructions, il faut un point-virgule.",
        ));
    }
    None
}

/// A field that was taken, or a builder whose result was dropped.
fn moved(message: &str, text: &str, code: &str) -> Option<Hint> {
    let name = quoted(message).unwrap_or_default();
    if message.contains("of partially moved value") {
        let taken = field(code, &name).unwrap_or_else(|| "champ".to_owned());
        return Some(hint(
            format!("Un champ de « {name} » a été consommé : « {name} » n'est plus entière."),
            format!("Prenez une copie du champ : {name}.{taken}.clone()."),
        ));
    }
    if message.contains("of moved value") && text.contains("due to this method call") {
        let method = text
            .split_once("` takes ownership of the receiver")
            .and_then(|(before, _)| before.rsplit(['`', ':']).next())?;
        if method == "into_iter" {
            return Some(hint(
                format!("« into_iter » a consommé « {name} »."),
                format!("Pour garder la liste, parcourez-la par {name}.iter()."),
            ));
        }
        if method.starts_with("with") || ["slider", "step", "row"].contains(&method) {
            return Some(hint(
                format!(
                    "« {method} » prend « {name} » et renvoie le résultat, que rien ne garde ici."
                ),
                format!("Gardez-le : let {name} = {name}.{method}(…);, ou enchaînez les appels."),
            ));
        }
    }
    None
}

/// The first field of `name` that is taken whole.
fn field(code: &str, name: &str) -> Option<String> {
    let start = format!("{name}.");
    code.match_indices(&start).find_map(|(at, _)| {
        let rest = &code[at + start.len()..];
        let end = rest.find(|next: char| !(next.is_alphanumeric() || next == '_'))?;
        let whole = end > 0 && !rest[end..].starts_with(['(', '.']);
        whole.then(|| rest[..end].to_owned())
    })
}

/// A method asked of what contains the value, or of a list as of an array.
fn method(message: &str) -> Option<Hint> {
    if !message.starts_with("no method named") {
        return None;
    }
    let name = quoted(message)?;
    if message.contains("for enum `Result") {
        return Some(hint(
            format!("« {name} » est demandé à un Result : la valeur est à l'intérieur."),
            format!("Écrivez « ? » juste avant le point : f(…)?.{name}()."),
        ));
    }
    if message.contains("for enum `Option") || message.contains("for enum `std::option::Option") {
        return Some(hint(
            format!("« {name} » est demandé à une Option, qui peut être vide."),
            format!("Prenez d'abord la valeur qu'elle contient : x.unwrap_or(…).{name}()."),
        ));
    }
    let of_a_list = ["Vec<", "[f64]", "[f32]"]
        .iter()
        .any(|kind| message.contains(kind));
    let (_, instead) = FUNCTIONS.iter().find(|(one, _)| {
        *one == name && ["mean", "sum", "max", "min", "quantile", "median"].contains(one)
    })?;
    of_a_list.then(|| {
        hint(
            format!("Une liste n'a pas de méthode « {name} »."),
            format!("Écrivez {instead}."),
        )
    })
}

/// A sum whose type nothing tells, or a number before a tensor whose method is called next.
fn total(message: &str, text: &str, code: &str) -> Option<Hint> {
    let unknown = message.contains("type annotations needed");
    if unknown && code.contains("Tensor<") && number_first(code) {
        return Some(hint(
            "Le compilateur ne devine pas le type de ce produit.",
            "Un nombre s'écrit à droite d'un tenseur : (x * 2.0).exp(), et non (2.0 * x).exp().",
        ));
    }
    let sums = text.contains("declared on the method `sum`")
        || code.contains(".sum()") && !code.contains(".collect()");
    (unknown && sums).then(|| {
        hint(
            "Le compilateur ne devine pas le type de cette somme.",
            "Écrivez-le : .sum::<f64>().",
        )
    })
}

/// Whether a parenthesis opens on a number that multiplies something: `(2.0 * x)`.
fn number_first(code: &str) -> bool {
    code.match_indices('(').any(|(at, _)| {
        let inside = code[at + 1..].trim_start();
        let number = inside.trim_start_matches(|next: char| next.is_ascii_digit() || next == '.');
        number.len() < inside.len() && number.trim_start().starts_with('*')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str, text: &str, code: &str) -> String {
        of(message, text, code, &|name| name == "mine").map_or(String::new(), |hint| {
            format!("{}\n{}", hint.what, hint.advice)
        })
    }

    /// Messages of rustc 1.95, as a student's cells gave them.
    #[test]
    fn each_reflex_shows_what_to_write() {
        for (message, text, code, words) in [
            (
                "mismatched types",
                "[E0308] … expected `&Series`, found `f64`",
                "v.iter().map(|p| abs(p - 1.0))",
                "x.abs()",
            ),
            (
                "mismatched types",
                "expected `&str`, found `Vec<f64>`",
                "let s: f64 = sum(v.clone());",
                "sum::<f64>()",
            ),
            (
                "this function takes 3 arguments but 2 arguments were supplied",
                "expected `Expr`, found floating-point number",
                "let q = quantile(v, 0.9);",
                "rang voulu",
            ),
            (
                "cannot find function `sqrt` in this scope",
                "[E0425]",
                "sqrt(2.0)",
                "x.sqrt()",
            ),
            (
                "expected function, found module `zip`",
                "[E0423]",
                "zip(a, b)",
                "a.iter().zip(&b)",
            ),
            ("`and` is not a logical operator", "", "a and b", "« && »"),
            ("`or` is not a logical operator", "", "a or b", "« || »"),
            (
                "type `{integer}` cannot be dereferenced",
                "[E0614]",
                "x ** 2",
                "powi(2)",
            ),
            (
                "cannot find value `np` in this scope",
                "[E0425]",
                "np.mean(v)",
                "NumPy",
            ),
            (
                "cannot find value `True` in this scope",
                "[E0425]",
                "let z = True;",
                "Écrivez true.",
            ),
            (
                "expected one of `!`, `,`, or an operator, found keyword `for`",
                "",
                "[x for x in v]",
                "collect",
            ),
            (
                "expected `;`, found keyword `if`",
                "",
                "let y = 1 if a else 3;",
                "if condition",
            ),
            (
                "binary operation `>` cannot be applied to type `visages::prelude::Tensor<1>`",
                "[E0369]",
                "t > 0.0",
                "t.greater_elem(0.0)",
            ),
            (
                "cannot index into a value of type `&visages::data::LabelledBatch`",
                "[E0608]",
                "batch[\"age\"]",
                ".target(\"age\")?",
            ),
            (
                "negative integers cannot be used to index on a `std::vec::Vec<f64>`",
                "",
                "v[-1]",
                "v.len() - 1",
            ),
            (
                "expected one of `.`, `?`, `]`, or an operator, found `:`",
                "",
                "v[0:1]",
                "&v[0..2]",
            ),
            (
                "enum variant takes 1 argument but 3 arguments were supplied",
                "[E0061]",
                "Ok(a, b, c)",
                "Ok((a, b))",
            ),
            (
                "expected one of `!`, `.`, or an operator, found `,`",
                "",
                "{ a, 2.0 }",
                "(a, b)",
            ),
            (
                "borrow of partially moved value: `batch`",
                "[E0382]",
                "forward(&m, batch.images); batch.target(\"age\")",
                "batch.images.clone()",
            ),
            (
                "use of moved value: `a`",
                "[E0382] `a` moved due to this method call … `visages::prelude::Augmenter::with` takes ownership of the receiver `self`",
                "a.with(x); a",
                "let a = a.with(…);",
            ),
            (
                "use of moved value: `v`",
                "`v` moved due to this method call … `into_iter` takes ownership of the receiver `self`",
                "v.into_iter()",
                "v.iter()",
            ),
            (
                "no method named `mean` found for enum `Result<T, E>` in the current scope",
                "[E0599]",
                "",
                "f(…)?.mean()",
            ),
            (
                "no method named `mean` found for struct `std::vec::Vec<f64>` in the current scope",
                "[E0599]",
                "",
                "v.len() as f64",
            ),
            (
                "type annotations needed",
                "[E0283]",
                "let s = v.iter().sum(); s / n",
                ".sum::<f64>()",
            ),
            (
                "type annotations needed",
                "[E0283]",
                "fn kl(s: Tensor<2>) -> Tensor<2> { (2.0 * s.clone()).exp() - s }",
                "(x * 2.0)",
            ),
            (
                "expected function, found `&visages::ops::Linear`",
                "[E0618]",
                "mean(features)",
                "couche.forward(x)",
            ),
        ] {
            let found = told(message, text, code);
            assert!(found.contains(words), "{message}: {found}");
        }
    }

    #[test]
    fn what_is_no_such_reflex_is_left_alone() {
        for (message, text, code) in [
            // A method, a function of one's own, one of a module.
            (
                "mismatched types",
                "expected `&str`, found `f64`",
                "x.abs(); f(1.0)",
            ),
            (
                "mismatched types",
                "expected `&str`, found `f64`",
                "fn sum(a: &str) {} 1",
            ),
            (
                "mismatched types",
                "expected `&str`, found `f64`",
                "mine(1.0)",
            ),
            (
                "mismatched types",
                "expected `&str`, found `f64`",
                "my_sum(1.0); polars::sum(2.0)",
            ),
            (
                "cannot find function `forward` in this scope",
                "[E0425]",
                "forward(1)",
            ),
            (
                "type annotations needed",
                "[E0283]",
                "v.iter().map(f).collect()",
            ),
            (
                "binary operation `==` cannot be applied to type `P`",
                "[E0369]",
                "p == q",
            ),
            (
                "use of moved value: `x`",
                "[E0382] … value moved here",
                "f(x); x",
            ),
        ] {
            assert_eq!(told(message, text, code), "", "{message}\n{code}");
        }
    }
}
