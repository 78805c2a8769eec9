//! What a function of live controls may not do with the variables around it: it lives on after its cell.

use super::hints::{Hint, hint};
use super::operands::quoted;

/// How cells write a set of controls.
const CALL: &str = "interact(";

/// The hint for a message about what a closure borrows, takes or sends, if it is one.
pub(super) fn of(message: &str, text: &str, code: &str) -> Option<Hint> {
    let name = quoted(message).unwrap_or_default();
    let has = |wanted: &str| text.contains(wanted) || message.contains(wanted);
    let with_controls = code.contains(CALL);
    let outlives = has("[E0597]") || has("does not live long enough");
    // Within a cell, which is a function of evcxr's, the second message is what a missing « move » gives.
    let owns_nothing = with_controls && outlives && !code.contains("move |");
    if has("[E0373]") || message.starts_with("closure may outlive") || owns_nothing {
        return Some(hint(
            format!(
                "La fermeture emploie « {name} », qui pourrait ne plus exister quand la fermeture sera appelée."
            ),
            format!(
                "Écrivez « move » devant les barres : move |x| … La fermeture prend alors « {name} » ; si une autre cellule en a besoin, donnez-lui une copie : let copie = {name}.clone(); et employez « copie » entre les barres."
            ),
        ));
    }
    if !with_controls {
        return None;
    }
    if outlives {
        return Some(hint(
            format!(
                "La fonction des curseurs vit après sa cellule : elle ne peut pas garder une référence (&) à « {name} »."
            ),
            format!(
                "Donnez-lui une copie : let copie = {name}.clone(); puis move |values| … avec « copie » au lieu de « &{name} »."
            ),
        ));
    }
    if has("[E0521]") || has("borrowed data escapes") {
        return Some(hint(
            "La fonction des curseurs vit après la vôtre : elle ne peut pas garder une référence (&) reçue en argument.",
            "Copiez d'abord la valeur : let copie = x.clone(); (d'une liste &[…] : x.to_vec()), puis move |values| … avec « copie ».",
        ));
    }
    if message.contains("cannot be sent between threads safely") {
        return Some(hint(
            format!(
                "La fonction des curseurs travaille à part : elle ne peut pas emporter « {name} »."
            ),
            "Prenez Arc au lieu de Rc, Mutex au lieu de RefCell ; ou préparez avant elle les nombres et les images dont elle a besoin.",
        ));
    }
    if message.contains("of moved value") && text.contains("moved into closure") {
        return Some(hint(
            format!(
                "« {name} » appartient maintenant à la fonction des curseurs (move) : la suite ne l'a plus."
            ),
            format!(
                "Avant elle, faites-en une copie : let copie = {name}.clone(); et employez « copie » entre les barres."
            ),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_shows_the_word_to_write() {
        const CELL: &str = "interact(controls, |values| f(&modele, values))?;";
        for (message, text, code, words) in [
            (
                "closure may outlive the current function, but it borrows `modele`, which is owned by the current function",
                "[E0373] Error: …",
                CELL,
                "move |x|",
            ),
            (
                "closure may outlive the current function, but it borrows `modele`, which is owned by the current function",
                "[E0373] Error: …",
                CELL,
                "let copie = modele.clone();",
            ),
            (
                "`modele` does not live long enough",
                "[E0597] Error: …",
                CELL,
                "« move » devant les barres",
            ),
            (
                "`modele` does not live long enough",
                "[E0597] Error: …",
                "let m = &modele;\ninteract(controls, move |values| f(m, values))?;",
                "au lieu de « &modele »",
            ),
            (
                "borrowed data escapes outside of function",
                "[E0521] Error: …",
                CELL,
                "x.clone()",
            ),
            (
                "`Rc<f64>` cannot be sent between threads safely",
                "[E0277] Error: …",
                CELL,
                "Arc au lieu de Rc",
            ),
            (
                "borrow of moved value: `modele`",
                "[E0382] Error: … value moved into closure here",
                CELL,
                "let copie = modele.clone();",
            ),
        ] {
            let hint = of(message, text, code).expect(message);
            assert!(hint.advice.contains(words), "{hint:?}");
        }
        assert_eq!(
            of("`x` does not live long enough", "[E0597]", "f(&x)"),
            None
        );
        assert_eq!(of("mismatched types", "[E0308]", CELL), None);
    }
}
