//! What the commonest compiler messages mean, in French.

use super::names::Definition;
use super::operands::{between_types, quoted, ranks, second};
use super::{closures, reflexes};
use crate::kernel::brackets::{Unbalanced, brackets};

/// A message in French.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hint {
    /// What is wrong, in one line.
    pub(super) what: String,
    /// What to do, in a few lines; may be empty.
    pub(super) advice: String,
}

pub(super) fn hint(what: impl Into<String>, advice: impl Into<String>) -> Hint {
    Hint {
        what: what.into(),
        advice: advice.into(),
    }
}

/// The hint for a compiler message, whose whole report is `text`; a plain sentence for an unknown one.
///
/// `defined` says in which earlier cell a name was defined, if in any.
pub(super) fn of(
    message: &str,
    text: &str,
    code: &str,
    defined: &dyn Fn(&str) -> Option<Definition>,
) -> Hint {
    // evcxr's report gives no code where a cell is not all ASCII; the words tell it too.
    let by_words = code_of(message);
    let has = |wanted: &str| {
        text.contains(wanted) || message.contains(wanted) || by_words == Some(wanted)
    };
    let name = quoted(message).unwrap_or_default();
    if let Some(hint) = closures::of(message, text, code) {
        return hint;
    }
    if let Some(hint) = reflexes::of(message, text, code, &|name| defined(name).is_some()) {
        return hint;
    }
    if has("[E0382]") || message.contains("of moved value") {
        let mut lost = format!(
            "La variable « {name} » a déjà été consommée : une opération l'a prise, elle n'existe plus."
        );
        if message.starts_with("borrow of") {
            lost = format!(
                "La variable « {name} » est empruntée après avoir été consommée par une opération."
            );
        }
        return hint(
            lost,
            format!(
                "Donnez une copie à la première opération : {name}.clone(). (Les opérations sur les tenseurs consomment leurs arguments.)"
            ),
        );
    }
    if message.starts_with("unresolved import")
        || message.contains("unlinked crate")
        || message.starts_with("cannot find module or crate")
    {
        return hint(
            format!(
                "« {name} » n'est ni dans la bibliothèque du TP, ni dans une autre déjà chargée."
            ),
            "Vérifiez l'orthographe ; une bibliothèque de crates.io se charge dans une cellule à part, au début : :dep nom = \"version\".",
        );
    }
    if has("[E0425]")
        || has("[E0433]")
        || has("[E0412]")
        || has("[E0432]")
        || message.starts_with("cannot find")
    {
        return unknown(message, &name, code, defined);
    }
    if has("[E0282]")
        || has("[E0283]")
        || has("[E0284]")
        || message.contains("type annotations needed")
    {
        return hint(
            "Le compilateur ne peut pas deviner un type.",
            "Écrivez-le : let x: Vec<f64> = …  ou  …collect::<Vec<_>>().",
        );
    }
    if message.contains("explicit type") || message.contains("Failed to determine type") {
        return hint(
            format!(
                "Le noyau ne peut pas deviner le type de la variable « {} ».",
                if name.is_empty() {
                    "let"
                } else {
                    name.as_str()
                }
            ),
            "Écrivez-le : let x: Tensor<2> = …  (ou mettez la ligne entre accolades si la variable ne sert que dans cette cellule).",
        );
    }
    if has("unclosed delimiter")
        || has("mismatched closing delimiter")
        || has("unexpected closing delimiter")
        || has("unterminated")
    {
        return unbalanced(message, code);
    }
    // Some names that students choose are macros too: df, s.
    let macro_name = second(message);
    if has("[E0423]")
        && message.contains("found macro")
        && is_a_variable(&macro_name, code, defined)
    {
        return unknown("cannot find value", &macro_name, code, defined);
    }
    if has("[E0423]") && message.contains("found macro") {
        return hint(
            format!(
                "« {} » est une macro : son nom est suivi de « ! ».",
                second(message)
            ),
            format!("Écrivez {}!(…).", second(message)),
        );
    }
    if has("[E0689]")
        || message.contains("ambiguous numeric type")
        || message.contains("must specify a type for this binding")
    {
        return hint(
            "Ce nombre n'a pas de type précis : Rust ne sait pas quelle méthode appeler.",
            "Donnez-le à la variable, let x: f64 = 2.0;, ou au nombre lui-même : 2.0_f64.",
        );
    }
    if message.contains("literal out of range") {
        return hint(
            "Ce nombre ne tient pas dans son type.",
            "Un u8 va de 0 à 255, un i32 jusqu'à 2 147 483 647 : prenez un type plus grand (i64, f64).",
        );
    }
    if message.contains("positional argument") && message.contains("in format string") {
        return hint(
            "Il n'y a pas autant de valeurs que de « {} » dans le texte.",
            "Chaque « {} » en veut une, dans l'ordre ; « {x} » prend celle de la variable x.",
        );
    }
    if message.contains("character literal may only contain one codepoint") {
        return hint(
            "Un texte s'écrit entre guillemets doubles.",
            "\"bonjour\" est un texte ; 'b' (apostrophes) est un seul caractère.",
        );
    }
    if has("[E0004]") || message.starts_with("non-exhaustive patterns") {
        return hint(
            "Ce « match » ne prévoit pas tous les cas.",
            "Ajoutez ceux qui manquent, ou un dernier cas « _ => … » pour tous les autres.",
        );
    }
    if has("[E0600]") || message.contains("cannot apply unary operator") {
        if message.contains("`-`") && second(message).starts_with(['u']) {
            return hint(
                "Un nombre de ce type n'est jamais négatif.",
                "usize, u8… sont sans signe : prenez i32, i64 ou f64.",
            );
        }
        return hint(
            format!("« {name} » ne s'applique pas à ce type."),
            "Devant une référence (&), prenez la valeur : -*x pour un nombre, -x.clone() pour un tenseur.",
        );
    }
    if has("[E0610]") || message.contains("is a primitive type and therefore") {
        return hint(
            "Un nombre n'a pas de champ.",
            "Une méthode s'appelle avec des parenthèses : x.sqrt().",
        );
    }
    if has("[E0609]") || message.starts_with("no field") {
        return hint(
            format!("Le champ « {name} » n'existe pas dans ce type."),
            "Tapez le nom de la valeur, un point, puis Tab : la liste de ce qui existe s'ouvre.",
        );
    }
    if has("[E0369]") {
        return between_types(message).unwrap_or_else(|| {
            hint(
                "Cette opération n'existe pas pour ce type.",
                "Pour comparer des valeurs d'un type à vous : #[derive(PartialEq)] (==) ou #[derive(PartialEq, PartialOrd)] (<) au-dessus de sa définition.",
            )
        });
    }
    if has("[E0716]") {
        return hint(
            "Cette référence (&) désigne une valeur que rien ne garde.",
            "Gardez d'abord la valeur : let texte = …; puis empruntez-la : &texte.",
        );
    }
    if message.starts_with("expected `{`, found") {
        return hint(
            "Il manque une accolade « { ».",
            "Ce que commande un « if », un « for » ou un « while » va entre { et }, même sur une ligne.",
        );
    }
    if let Some(hint) = ranks(text).or_else(|| ranks(message)) {
        return hint;
    }
    if has("[E0308]") || message.contains("mismatched types") {
        return hint(
            "Une valeur n'a pas le type attendu.",
            "Sous le code, « expected » est le type attendu, « found » celui que vous avez donné.",
        );
    }
    if has("[E0599]") || message.starts_with("no method named") {
        return hint(
            format!("« {name} » n'existe pas pour ce type."),
            "Tapez le nom de la valeur, un point, puis Tab : la liste de ce qui existe s'ouvre.",
        );
    }
    if has("[E0061]")
        || message.contains("this function takes")
        || message.contains("this method takes")
    {
        return hint(
            "Le nombre d'arguments n'est pas le bon.",
            "Placez le curseur sur le nom de la fonction, puis Maj+Tab : sa signature s'affiche.",
        );
    }
    if (has("[E0384]") || has("[E0594]") || has("[E0596]"))
        && let Some(hint) = unchangeable(message, &name, code)
    {
        return hint;
    }
    if has("[E0428]") {
        return hint(
            format!("« {name} » est défini deux fois dans cette cellule."),
            "Supprimez l'une des deux définitions, ou donnez-lui un autre nom.",
        );
    }
    if has("[E0592]") || has("[E0119]") {
        return hint(
            "La même chose est définie deux fois.",
            "Un « impl » réexécuté à part s'ajoute au premier : mettez le type et ses « impl » dans une seule cellule, puis redémarrez le noyau (menu Noyau).",
        );
    }
    if has("[E0277]")
        && let Some(hint) = between_types(message)
    {
        return hint;
    }
    if has("[E0277]") && message.contains("the `?` operator") {
        return hint(
            "« ? » ne s'emploie que dans une fonction qui renvoie un Result ou une Option.",
            "Changez le type que la fonction renvoie, par exemple en Result<f64, Error>, et terminez-la par Ok(…).",
        );
    }
    if has("[E0277]") {
        return hint(
            "Une valeur ne sait pas faire ce qui lui est demandé (un « trait » manque à son type).",
            "« the trait … is not implemented for … » : le premier nom est ce qui manque, le second le type en cause.",
        );
    }
    if has("[E0502]") || has("[E0499]") || has("[E0505]") || has("[E0506]") || has("[E0597]") {
        return hint(
            "Une valeur est utilisée pendant qu'elle est empruntée ailleurs.",
            "Terminez d'abord d'utiliser la référence (&), ou travaillez sur une copie : .clone().",
        );
    }
    if message.contains("no matching package named") {
        return hint(
            format!("Aucun paquet « {name} » dans le registre."),
            "Vérifiez son nom sur crates.io. (Les bibliothèques du TP sont déjà là, sans « :dep ».)",
        );
    }
    if message.contains("non-static lifetime") {
        return hint(
            format!(
                "« {name} » contient une référence (&) : elle ne peut pas passer d'une cellule à l'autre."
            ),
            "Gardez la valeur elle-même : .clone(), .to_owned() ou .to_vec() au lieu de « & » ; ou mettez les lignes qui s'en servent entre accolades { … }.",
        );
    }
    if message.contains("cannot be persisted") {
        return hint(
            "Une variable de ce type ne peut pas passer d'une cellule à l'autre.",
            "Mettez les lignes qui s'en servent entre accolades { … }, dans une seule cellule.",
        );
    }
    if message.contains("missing a semicolon")
        || message.starts_with("expected `;`")
        || message.starts_with("expected one of")
    {
        return hint(
            "Le code est mal formé : il manque peut-être un point-virgule ou une virgule.",
            "Regardez la ligne indiquée, et la fin de celle d'avant.",
        );
    }
    hint(
        "Ce code ne compile pas.",
        "Le message du compilateur, en anglais :",
    )
}

/// The code of a message without one, by its words.
fn code_of(message: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 24] = [
        ("cannot calculate the remainder", "[E0277]"),
        ("cannot assign twice to immutable", "[E0384]"),
        ("because it is borrowed", "[E0505]"),
        ("because it is also borrowed", "[E0502]"),
        ("more than once at a time", "[E0499]"),
        ("does not live long enough", "[E0597]"),
        ("cannot assign to", "[E0594]"),
        ("cannot borrow", "[E0596]"),
        ("is defined multiple times", "[E0428]"),
        ("duplicate definitions with name", "[E0592]"),
        ("conflicting implementations", "[E0119]"),
        ("the trait bound", "[E0277]"),
        ("cannot be indexed by", "[E0277]"),
        ("is not an iterator", "[E0277]"),
        ("doesn't implement", "[E0277]"),
        ("the `?` operator can only be used", "[E0277]"),
        ("can't compare", "[E0277]"),
        ("cannot add", "[E0277]"),
        ("cannot subtract", "[E0277]"),
        ("cannot multiply", "[E0277]"),
        ("cannot divide", "[E0277]"),
        ("expected function, found macro", "[E0423]"),
        ("expected function, found module", "[E0423]"),
        ("temporary value dropped while borrowed", "[E0716]"),
    ];
    let found = WORDS.iter().find(|(words, _)| message.contains(words));
    found.map(|(_, code)| *code)
}

fn unknown(
    message: &str,
    name: &str,
    code: &str,
    defined: &dyn Fn(&str) -> Option<Definition>,
) -> Hint {
    let earlier = defined(name);
    if let Some(Definition {
        cell, failed: true, ..
    }) = earlier
    {
        return hint(
            missing(message, name),
            format!(
                "La cellule [{cell}], qui devait définir ce nom, ne s'est pas terminée : corrigez-la et réexécutez-la, puis réexécutez celle-ci."
            ),
        );
    }
    if let Some(Definition { cell, consumed, .. }) = earlier {
        // Where a function is written, the variable may well be there: functions do not see it.
        if code.contains("fn ") {
            return hint(
                format!("« {name} » n'existe pas ici."),
                format!(
                    "Une « fn » ne voit pas les variables du notebook : donnez-lui « {name} » en argument. Si « {name} » est employée en dehors de la « fn », réexécutez la cellule [{cell}], qui la définit."
                ),
            );
        }
        if consumed {
            return hint(
                format!("« {name} » n'existe plus."),
                format!(
                    "La cellule [{cell}] la définit, mais elle y est aussi consommée : ajoutez « .clone() » là où elle l'est, puis réexécutez-la."
                ),
            );
        }
        return hint(
            format!("« {name} » n'existe plus."),
            format!(
                "La cellule [{cell}] la définit : réexécutez-la. (Une valeur disparaît quand le noyau redémarre, quand la cellule qui la crée échoue, ou quand une opération la consomme.)"
            ),
        );
    }
    let advice = "Vérifiez l'orthographe, et que la cellule qui le définit a été exécutée sans erreur depuis le démarrage du noyau (en premier : use visages::prelude::*;).";
    hint(missing(message, name), advice)
}

/// Whether a name that only a macro has now is meant as a variable: a cell defines it, or nothing calls it.
fn is_a_variable(name: &str, code: &str, defined: &dyn Fn(&str) -> Option<Definition>) -> bool {
    let called = |start: usize| {
        code[start + name.len()..]
            .trim_start()
            .starts_with(['(', '['])
    };
    let word = |at: &usize| {
        let before = code[..*at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        let is_part =
            |next: Option<char>| next.is_some_and(|next| next == '_' || next.is_alphanumeric());
        !is_part(before) && !is_part(after)
    };
    let mut uses = code
        .match_indices(name)
        .map(|(at, _)| at)
        .filter(word)
        .peekable();
    defined(name).is_some() || uses.peek().is_some() && !uses.any(called)
}

/// What kind of thing is missing, in French. The name itself may hold any of rustc's words.
fn missing(message: &str, name: &str) -> String {
    const KINDS: [(&str, &str, &str); 9] = [
        ("derive macro", "#[derive(", ")]"),
        ("attribute", "L'attribut « #[", "] »"),
        ("macro", "La macro « ", "! »"),
        ("function", "La fonction « ", " »"),
        ("type", "Le type « ", " »"),
        ("struct", "Le type « ", " »"),
        ("trait", "Le trait « ", " »"),
        ("module", "Le module « ", " »"),
        ("variant", "Le cas « ", " »"),
    ];
    let words = message.split('`').next().unwrap_or_default();
    let (_, before, after) = KINDS
        .into_iter()
        .find(|(kind, ..)| words.contains(kind))
        .unwrap_or(("", "« ", " »"));
    format!("{before}{name}{after} n'existe pas.")
}

/// A change of something that may not change: a variable, an argument, what a reference shows.
fn unchangeable(message: &str, name: &str, code: &str) -> Option<Hint> {
    let name = name.trim_start_matches('*');
    let name = name.split(['.', '[']).next().unwrap_or(name);
    if message.contains("behind a `&` reference") {
        return Some(hint(
            format!(
                "« {name} » est une référence (&) : elle ne permet pas de modifier ce qu'elle désigne."
            ),
            "Écrivez « &mut » au lieu de « & » là où son type est donné (dans la signature, si c'est un argument), et « &mut » aussi à l'appel.",
        ));
    }
    let of_a_function = code.contains("fn ")
        && !code.contains(&format!("let {name}"))
        && ["(", ", "]
            .iter()
            .any(|before| code.contains(&format!("{before}{name}:")));
    if message.contains("immutable argument")
        || message.contains("not declared as mutable") && of_a_function
    {
        return Some(hint(
            format!("L'argument « {name} » est modifié, mais il n'a pas été déclaré modifiable."),
            format!("Déclarez-le avec « mut » dans la signature : mut {name}: …"),
        ));
    }
    let variable = message.contains("immutable") || message.contains("not declared as mutable");
    variable.then(|| {
        hint(
            format!(
                "La variable « {name} » est modifiée, mais elle n'a pas été déclarée modifiable."
            ),
            format!("Déclarez-la avec « mut » : let mut {name} = …"),
        )
    })
}

fn unbalanced(message: &str, code: &str) -> Hint {
    let advice = match brackets(code) {
        Ok(0) => "Regardez l'endroit indiqué.".to_owned(),
        Ok(1) => "Il en manque une à la fin, ou plus haut : chaque ( [ { a la sienne.".to_owned(),
        Ok(count) => format!("Il en manque {count} : chaque ( [ {{ a la sienne."),
        Err(Unbalanced::Text) => {
            "Un texte entre guillemets ou un commentaire /* n'est pas fermé.".to_owned()
        }
        Err(Unbalanced::Closed) => {
            "Une accolade, parenthèse ou crochet est fermé sans avoir été ouvert.".to_owned()
        }
    };
    let what = if message.contains("unterminated") {
        "Un texte n'est pas fermé."
    } else {
        "Une accolade, une parenthèse ou un crochet n'est pas fermé comme il faut."
    };
    hint(what, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of rustc 1.95, with their codes as evcxr's reports show them.
    const CASES: [(&str, &str, &str, &str); 50] = [
        (
            "cannot add `&Tensor<2>` to `&Tensor<2>`",
            "[E0369] Error: …",
            "",
            "a.clone() + b.clone()",
        ),
        (
            "cannot add `&str` to `&str`",
            "[E0369] Error: …",
            "",
            "format!",
        ),
        ("cannot add a float to an integer", "error: …", "", "1.0"),
        (
            "can't compare `&{integer}` with `{integer}`",
            "[E0277] Error: …",
            "",
            "*x",
        ),
        (
            "can't compare `String` with `{integer}`",
            "[E0277] Error: …",
            "",
            "ne se comparent pas",
        ),
        (
            "binary operation `==` cannot be applied to type `P`",
            "[E0369] Error: …",
            "",
            "PartialEq",
        ),
        (
            "the type `str` cannot be indexed by `{integer}`",
            "[E0277] Error: …",
            "",
            "chars().nth",
        ),
        (
            "`{integer}` is a primitive type and therefore doesn't have fields",
            "[E0610] Error: …",
            "",
            "x.sqrt()",
        ),
        (
            "cannot apply unary operator `-` to type `usize`",
            "[E0600] Error: …",
            "",
            "sans signe",
        ),
        (
            "cannot find module or crate `rand` in this scope",
            "[E0433] Error: …",
            "",
            ":dep",
        ),
        // Of a cell that is not all ASCII: no code.
        (
            "cannot borrow `v` as mutable, as it is not declared as mutable",
            "error: …",
            "let v = vec![1];",
            "let mut v",
        ),
        (
            "cannot assign twice to immutable variable `n`",
            "error: …",
            "",
            "let mut n",
        ),
        (
            "cannot borrow `v` as mutable because it is also borrowed as immutable",
            "error: …",
            "",
            "empruntée",
        ),
        (
            "duplicate definitions with name `f`",
            "error: …",
            "",
            "redémarrez",
        ),
        ("cannot divide `f64` by `usize`", "error: …", "", "x as f64"),
        (
            "cannot multiply `{integer}` by `f64`",
            "[E0277] Error: …",
            "",
            "1.0 au lieu de 1",
        ),
        (
            "the type `[i32]` cannot be indexed by `i32`",
            "[E0277] Error: …",
            "",
            "as usize",
        ),
        (
            "`{integer}` is not an iterator",
            "[E0277] Error: …",
            "",
            "0..n",
        ),
        (
            "`P` doesn't implement `std::fmt::Display`",
            "[E0277] Error: …",
            "",
            "derive(Debug)",
        ),
        (
            "expected function, found macro `println`",
            "[E0423] Error: …",
            "",
            "println!(…)",
        ),
        (
            "cannot add `{integer}` to `&str`",
            "[E0369] Error: …",
            "",
            "format!",
        ),
        (
            "literal out of range for `u8`",
            "Error: …",
            "",
            "plus grand",
        ),
        (
            "2 positional arguments in format string, but there is 1 argument",
            "Error: …",
            "",
            "Chaque « {} »",
        ),
        (
            "non-exhaustive patterns: `None` not covered",
            "[E0004] Error: …",
            "",
            "« _ => … »",
        ),
        (
            "expected `{`, found `println`",
            "Error: …",
            "",
            "même sur une ligne",
        ),
        (
            "borrow of moved value: `a`",
            "[E0382] Error: …",
            "",
            "a.clone()",
        ),
        (
            "use of moved value: `lot`",
            "[E0382] Error: …",
            "",
            "« lot »",
        ),
        (
            "cannot find value `x` in this scope",
            "[E0425] Error: …",
            "",
            "« x » n'existe pas",
        ),
        (
            "can't call method `powi` on ambiguous numeric type `{float}`",
            "[E0689] Error: …",
            "",
            "2.0_f64",
        ),
        (
            "you must specify a type for this binding, like `f32`",
            "error: …",
            "",
            "let x: f64",
        ),
        (
            "type annotations needed",
            "[E0283] Error: …",
            "",
            "Écrivez-le",
        ),
        (
            "this file contains an unclosed delimiter",
            "Error: …",
            "f(",
            "Il en manque une",
        ),
        ("mismatched types", "[E0308] Error: …", "", "expected"),
        (
            "mismatched types",
            "[E0308] Error: …\nexpected `Tensor<1>`, found `Tensor<2>`",
            "",
            "Ce tenseur a 2 dimensions, mais il en faut 1.",
        ),
        (
            "type mismatch resolving `<f64 as Mul<Tensor<2>>>::Output == Tensor<1>`",
            "expected `1`, found `2`\ntype mismatch resolving `<f64 as Mul<Tensor<2>>>::Output == Tensor<1>`",
            "",
            ".squeeze_dim::<1>(1)",
        ),
        (
            "the type `[f64]` cannot be indexed by `&[bool]`",
            "[E0277] Error: …",
            "",
            "indexant par une liste",
        ),
        (
            "no method named `moyenne` found for struct `Tensor`",
            "[E0599] Error: …",
            "",
            "« moyenne »",
        ),
        (
            "no method named `moyenne` found for enum `Option`",
            "Error: …",
            "",
            "« moyenne »",
        ),
        // evcxr's own words (eval_context.rs of 0.22.0).
        (
            "The variable `premiere` contains a reference with a non-static lifetime so\ncan't be persisted.",
            "",
            "",
            "« premiere » contient une référence",
        ),
        (
            "this function takes 2 arguments but 1 argument was supplied",
            "[E0061] Error: …",
            "",
            "Maj+Tab",
        ),
        (
            "cannot assign twice to immutable variable `n`",
            "[E0384] Error: …",
            "",
            "let mut n",
        ),
        (
            "cannot assign to immutable argument `n`",
            "[E0384] Error: …",
            "fn f(n: i32) { n = 2; }",
            "mut n: …",
        ),
        (
            "cannot borrow `v` as mutable, as it is not declared as mutable",
            "[E0596] Error: …",
            "fn f(a: i32, v: Vec<i32>) { v.push(1); }",
            "mut v: …",
        ),
        (
            "cannot borrow `v` as mutable, as it is not declared as mutable",
            "[E0596] Error: …",
            "let v = vec![1];\nv.push(1);",
            "let mut v",
        ),
        (
            "cannot borrow `*v` as mutable, as it is behind a `&` reference",
            "[E0596] Error: …",
            "fn f(v: &Vec<i32>) { v.push(1); }",
            "« v » est une référence",
        ),
        (
            "cannot assign to `p.x`, which is behind a `&` reference",
            "[E0594] Error: …",
            "fn f(p: &Point) { p.x = 1; }",
            "« &mut »",
        ),
        (
            "cannot assign to `p.x`, as `p` is not declared as mutable",
            "[E0594] Error: …",
            "let p = Point { x: 0 };\np.x = 1;",
            "let mut p",
        ),
        (
            "the name `f` is defined multiple times",
            "[E0428] Error: …",
            "fn f() {}\nfn f() {}",
            "Supprimez l'une des deux",
        ),
        (
            "the trait bound `A: B` is not satisfied",
            "[E0277] Error: …",
            "",
            "trait",
        ),
        (
            "duplicate definitions with name `f`",
            "[E0592] Error: …",
            "",
            "redémarrez",
        ),
    ];

    #[test]
    fn the_commonest_messages_have_a_hint() {
        let general = of("something new", "Error: something new", "", &|_| None);
        for (message, text, code, words) in CASES {
            let hint = of(message, text, code, &|_| None);
            assert_ne!(hint.what, general.what, "{message}");
            let all = format!("{}\n{}", hint.what, hint.advice);
            assert!(all.contains(words), "{message}: {all}");
        }
    }

    #[test]
    fn a_name_does_not_say_what_is_missing() {
        for (message, words) in [
            (
                "cannot find value `portraits` in this scope",
                "✘« portraits » n'existe pas",
            ),
            (
                "cannot find value `prototype` in this scope",
                "✘« prototype » n'existe pas",
            ),
            (
                "cannot find function `structure` in this scope",
                "✘La fonction « structure »",
            ),
            (
                "cannot find type `Function` in this scope",
                "✘Le type « Function »",
            ),
        ] {
            let hint = of(message, "[E0425]", "", &|_| None);
            assert!(format!("✘{}", hint.what).starts_with(words), "{hint:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named_as_what_it_is() {
        for (message, words) in [
            (
                "cannot find derive macro `Module` in this scope",
                "#[derive(Module)] n'existe pas",
            ),
            (
                "cannot find macro `plot` in this scope",
                "La macro « plot! »",
            ),
            ("cannot find attribute `module` in this scope", "#[module]"),
            (
                "cannot find trait `Loss` in this scope",
                "Le trait « Loss »",
            ),
        ] {
            let hint = of(message, "Error: …", "", &|_| None);
            assert!(hint.what.contains(words), "{hint:?}");
        }
    }

    #[test]
    fn a_name_that_is_gone_wins_over_a_macro_of_the_same_name() {
        let report = "[E0423] Error: …";
        let message = "expected value, found macro `df`";
        let failed = |_: &str| {
            Some(Definition {
                cell: 4,
                consumed: false,
                failed: true,
            })
        };
        let hint = of(message, report, "df.height()", &failed);
        assert!(
            hint.what.contains("« df » n'existe pas") && hint.advice.contains("[4]"),
            "{hint:?}"
        );
        let hint = of(message, report, "let n = df.height();", &|_| None);
        assert!(!hint.what.contains("macro"), "{hint:?}");
        // Called without its « ! », it is the macro.
        let called = of(
            "expected function, found macro `df`",
            report,
            "df(1)",
            &|_| None,
        );
        assert!(called.advice.contains("df!"), "{called:?}");
    }

    #[test]
    fn a_name_whose_cell_failed_is_told_so() {
        let failed = |_: &str| {
            Some(Definition {
                cell: 3,
                consumed: false,
                failed: true,
            })
        };
        let hint = of(
            "cannot find value `modele` in this scope",
            "[E0425]",
            "modele",
            &failed,
        );
        assert!(
            !hint.what.contains("plus")
                && hint.advice.contains("[3]")
                && hint.advice.contains("pas terminée"),
            "{hint:?}"
        );
    }

    #[test]
    fn a_name_that_its_cell_consumes_is_not_merely_to_run_again() {
        let defined = |_: &str| {
            Some(Definition {
                cell: 9,
                consumed: true,
                failed: false,
            })
        };
        let hint = of(
            "cannot find value `weights` in this scope",
            "[E0425]",
            "",
            &defined,
        );
        assert!(
            hint.advice.contains(".clone()") && hint.advice.contains("[9]"),
            "{hint:?}"
        );
    }

    #[test]
    fn a_name_that_was_there_is_told_so() {
        let defined = |name: &str| {
            (name == "modele").then_some(Definition {
                cell: 7,
                consumed: false,
                failed: false,
            })
        };
        let hint = of(
            "cannot find value `modele` in this scope",
            "[E0425]",
            "",
            &defined,
        );
        assert!(
            hint.what.contains("n'existe plus") && hint.advice.contains("[7]"),
            "{hint:?}"
        );
        let code = "fn essai() { modele.forward(x); }";
        let inside = of(
            "cannot find value `modele` in this scope",
            "[E0425]",
            code,
            &defined,
        );
        assert!(inside.advice.contains("en argument"), "{inside:?}");
    }
}
