//! What a name means: the tooltip of Jupyter (Shift+Tab), and a cell that asks `?name`. evcxr describes what ends at the cursor.

use serde_json::{Value, json};

use super::replies::is_name;

/// Where the name ends that a cursor is about (both in characters): the one it is in or behind, else that of the function whose
/// arguments it is among.
pub(super) fn end_of_name(code: &str, cursor: usize) -> usize {
    let text: Vec<char> = code.chars().collect();
    let cursor = cursor.min(text.len());
    let is_name_at = |index: usize| text.get(index).is_some_and(|next| is_name(*next));
    let in_name = is_name_at(cursor) || cursor > 0 && is_name_at(cursor - 1);
    if in_name {
        return (cursor..)
            .find(|index| !is_name_at(*index))
            .unwrap_or(cursor);
    }
    let mut closed = 0_usize;
    for index in (0..cursor).rev() {
        match text[index] {
            ')' | ']' | '}' => closed += 1,
            '(' | '[' | '{' if closed > 0 => closed -= 1,
            '(' => {
                // A macro's name ends before its « ! ».
                let end = (0..index)
                    .rev()
                    .find(|before| !matches!(text[*before], ' ' | '!'));
                return match end {
                    Some(last) if is_name_at(last) => last + 1,
                    _ => cursor,
                };
            }
            '[' | '{' | ';' if closed == 0 => break,
            _ => {}
        }
    }
    cursor
}

/// The name that a cell asks about, when `?name` is all it says.
pub(super) fn asked(code: &str) -> Option<&str> {
    let name = code
        .trim()
        .strip_prefix('?')?
        .trim_start_matches('?')
        .trim();
    let named = |next: char| is_name(next) || matches!(next, ':' | '.' | '!');
    let name = name.trim_end_matches(['!', '(', ')']);
    (!name.is_empty() && name.chars().all(named)).then_some(name)
}

/// What to ask evcxr.
pub(super) fn request(name: &str) -> Value {
    json!({"code": name, "cursor_pos": name.chars().count(), "detail_level": 0})
}

/// evcxr's description as Jupyter's pager takes it; `None` when it knows nothing.
pub(super) fn page(found: &Value) -> Option<Value> {
    let data = found["data"].as_object().filter(|data| !data.is_empty())?;
    // A pager needs a text.
    let mut data = data.clone();
    if !data.contains_key("text/plain") {
        let any = data.values().next().cloned().unwrap_or_default();
        data.insert("text/plain".to_owned(), any);
    }
    Some(json!({"source": "page", "start": 0, "data": data}))
}

/// What is said of a name that evcxr does not know.
pub(super) fn unknown(code: &str) -> String {
    format!(
        "Rien n'est connu sous le nom « {} » : vérifiez son orthographe, et que la cellule qui le définit a été exécutée.\n",
        asked(code).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_goes_to_the_end_of_the_name_it_is_about() {
        // « | » is the cursor, « ^ » where the name ends.
        for (code, expected) in [
            ("loss_|curve", "loss_curve^"),
            ("|été + 1", "été^ + 1"),
            ("show_table(|", "show_table^("),
            ("show_table(|)", "show_table^()"),
            ("fit(modele, (1, 2), |)", "fit^(modele, (1, 2), )"),
            ("fit(mo|dele)", "fit(modele^)"),
            ("println!(\"a\", |)", "println^!(\"a\", )"),
            ("x.len() |", "x.len() ^"),
            ("f(1); |", "f(1); ^"),
            ("[f(1), |]", "[f(1), ^]"),
            ("(|)", "(^)"),
            ("|", "^"),
        ] {
            let cursor = code.chars().position(|next| next == '|').unwrap();
            let end = expected.chars().position(|next| next == '^').unwrap();
            assert_eq!(end_of_name(&code.replace('|', ""), cursor), end, "{code}");
        }
        assert_eq!(end_of_name("ab", 99), 2);
    }

    #[test]
    fn only_a_lone_name_is_a_question() {
        assert_eq!(asked("?show_table"), Some("show_table"));
        assert_eq!(asked(" ?? Tensor::ones() \n"), Some("Tensor::ones"));
        assert_eq!(asked("?println!"), Some("println"));
        for code in ["show_table?", "?", "?a b", "?1 + x", "x", "f()?"] {
            assert_eq!(asked(code), None, "{code}");
        }
        assert_eq!(page(&json!({"found": false, "data": {}})), None);
        let known = page(&json!({"data": {"text/html": "<b>x</b>"}})).unwrap();
        assert_eq!(known["data"]["text/plain"], "<b>x</b>");
    }
}
