//! What the adapter answers by itself, at once, even while a cell runs: kernel description, history, completeness of a
//! cell, comms, names already used.

use serde_json::{Value, json};

use super::wire::PROTOCOL_VERSION;
use crate::kernel::brackets::{Unbalanced, brackets};

/// Proposals at most when evcxr is busy.
const MOST_MATCHES: usize = 200;

/// What the kernel says of itself.
pub(super) fn kernel_info() -> Value {
    json!({
        "status": "ok",
        "protocol_version": PROTOCOL_VERSION,
        "implementation": "tp-visages",
        "implementation_version": env!("CARGO_PKG_VERSION"),
        "language_info": {
            "name": "Rust",
            "version": "",
            "mimetype": "text/rust",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
        },
        "banner": "TP visages : noyau Rust (evcxr 0.22), burn, polars et plotters déjà compilés.",
        "help_links": [
            {"text": "Bibliothèque standard de Rust", "url": "https://doc.rust-lang.org/stable/std/"},
            {"text": "burn", "url": "https://docs.rs/burn"},
            {"text": "polars", "url": "https://docs.rs/polars"},
        ],
        "supported_features": [],
    })
}

/// The reply to a request that is not known here.
pub(super) fn unsupported(kind: &str) -> Value {
    json!({
        "status": "error",
        "ename": "DemandeInconnue",
        "evalue": format!("Ce noyau ne connaît pas « {kind} »."),
        "traceback": [],
    })
}

/// The cells executed in this session, as history requests see them.
#[derive(Debug, Default)]
pub(super) struct History {
    cells: Vec<(u64, String)>,
    /// Those that ended well.
    fine: std::collections::HashSet<u64>,
}

impl History {
    pub(super) fn push(&mut self, count: u64, code: &str) {
        self.cells.push((count, code.to_owned()));
    }

    /// The cell went to its end.
    pub(super) fn ended_well(&mut self, count: u64) {
        self.fine.insert(count);
    }

    /// The cells that ended well, the latest first: what they define was there.
    pub(super) fn latest_fine(&self) -> impl Iterator<Item = (u64, &str)> {
        self.latest().filter(|(count, _)| self.fine.contains(count))
    }

    /// Whether no cell ended well yet.
    pub(super) fn is_new(&self) -> bool {
        self.fine.is_empty()
    }

    /// The cells, the latest first.
    pub(super) fn latest(&self) -> impl Iterator<Item = (u64, &str)> {
        self.cells
            .iter()
            .rev()
            .map(|(count, code)| (*count, code.as_str()))
    }

    /// Answers a `history_request`.
    pub(super) fn answer(&self, request: &Value) -> Value {
        let number = |name: &str| request[name].as_i64();
        let most = usize::try_from(number("n").unwrap_or(i64::MAX)).unwrap_or(0);
        let last = |mut cells: Vec<_>| cells.split_off(cells.len().saturating_sub(most));
        let all = || self.cells.iter();
        let chosen: Vec<&(u64, String)> = match request["hist_access_type"].as_str() {
            Some("tail") => last(all().collect()),
            Some("search") => {
                let pattern = request["pattern"].as_str().unwrap_or("*");
                let mut found: Vec<&(u64, String)> =
                    all().filter(|(_, code)| matches(pattern, code)).collect();
                if request["unique"].as_bool().unwrap_or(false) {
                    // The latest of each.
                    let mut seen = std::collections::HashSet::new();
                    found.reverse();
                    found.retain(|(_, code)| seen.insert(code.as_str()));
                    found.reverse();
                }
                last(found)
            }
            _ => {
                let start = number("start").unwrap_or(0);
                let stop = number("stop").unwrap_or(i64::MAX);
                all()
                    .filter(|(count, _)| {
                        let count = i64::try_from(*count).unwrap_or(i64::MAX);
                        (start..stop).contains(&count)
                    })
                    .collect()
            }
        };
        let with_output = request["output"].as_bool().unwrap_or(false);
        let entries: Vec<Value> = chosen
            .into_iter()
            .map(|(count, code)| match with_output {
                // Outputs are not kept.
                true => json!([0, count, [code, Value::Null]]),
                false => json!([0, count, code]),
            })
            .collect();
        json!({"status": "ok", "history": entries})
    }

    /// Proposals for the name that ends at `cursor`, from the names of this session: what can be said without evcxr.
    pub(super) fn complete(&self, code: &str, cursor: usize) -> Value {
        let before: String = code.chars().take(cursor).collect();
        let prefix: String = {
            let name: Vec<char> = before
                .chars()
                .rev()
                .take_while(|next| is_name(*next))
                .collect();
            name.into_iter().rev().collect()
        };
        let start = cursor.min(before.chars().count()) - prefix.chars().count();
        let mut names: Vec<&str> = Vec::new();
        if !prefix.is_empty() {
            let texts = self.cells.iter().map(|(_, code)| code.as_str());
            names = texts
                .chain([code])
                .flat_map(|text| text.split(|next: char| !is_name(next)))
                .filter(|name| name.starts_with(&prefix) && *name != prefix)
                .collect();
            names.sort_unstable();
            names.dedup();
            names.truncate(MOST_MATCHES);
        }
        json!({
            "status": "ok",
            "matches": names,
            "cursor_start": start,
            "cursor_end": start + prefix.chars().count(),
            "metadata": {},
        })
    }
}

pub(super) fn is_name(next: char) -> bool {
    next == '_' || next.is_alphanumeric()
}

/// Whether `text` matches a pattern of `*` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // The set of pattern positions reached after each character.
    let close = |mut reached: Vec<bool>| {
        for index in 0..pattern.len() {
            if reached[index] && pattern[index] == '*' {
                reached[index + 1] = true;
            }
        }
        reached
    };
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    reached = close(reached);
    for next in text {
        let mut after = vec![false; pattern.len() + 1];
        for index in 0..pattern.len() {
            if reached[index] {
                match pattern[index] {
                    '*' => after[index] = true,
                    '?' => after[index + 1] = true,
                    same if same == next => after[index + 1] = true,
                    _ => {}
                }
            }
        }
        reached = close(after);
    }
    reached[pattern.len()]
}

/// Whether a cell is whole: brackets, strings and comments that are closed.
pub(super) fn is_complete(code: &str) -> Value {
    match brackets(code) {
        Ok(0) => json!({"status": "complete"}),
        Ok(depth) => json!({"status": "incomplete", "indent": "    ".repeat(depth)}),
        Err(Unbalanced::Text) => json!({"status": "incomplete", "indent": ""}),
        Err(Unbalanced::Closed) => json!({"status": "invalid"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_whole_when_all_is_closed() {
        for code in [
            "",
            "let x = 1;",
            "fn f<'a>(x: &'a str) -> char { '{' }",
            "let s = \"{ \\\" (\"; // {",
            "/* { /* ( */ [ */ {}",
            "let s = r#\"} \" {\"#;",
            "let c = '\\''; let d = '\\u{7b}';",
            "br\"(\"; str",
        ] {
            assert_eq!(is_complete(code)["status"], "complete", "{code}");
        }
        for code in [
            "fn f() {",
            "f(",
            "\"abc",
            "/* a",
            "r#\"a\"",
            "let v = [1, 2,",
        ] {
            assert_eq!(is_complete(code)["status"], "incomplete", "{code}");
        }
        assert_eq!(is_complete("fn f() {\n    g(")["indent"], "        ");
        for code in ["}", "(]"] {
            assert_eq!(is_complete(code)["status"], "invalid", "{code}");
        }
    }

    #[test]
    fn history_gives_what_is_asked() {
        let mut history = History::default();
        for (count, code) in [(1, "let a = 1;"), (2, "let b = 2;"), (3, "a + b")] {
            history.push(count, code);
        }
        let counts = |request: Value| -> Vec<u64> {
            let answer = history.answer(&request);
            let entries = answer["history"].as_array().unwrap();
            entries
                .iter()
                .map(|entry| entry[1].as_u64().unwrap())
                .collect()
        };
        assert_eq!(counts(json!({"hist_access_type": "tail", "n": 2})), [2, 3]);
        assert_eq!(
            counts(json!({"hist_access_type": "range", "start": 1, "stop": 3})),
            [1, 2]
        );
        assert_eq!(
            counts(json!({"hist_access_type": "search", "pattern": "let*=*", "n": 5})),
            [1, 2]
        );
        assert_eq!(
            counts(json!({"hist_access_type": "search", "pattern": "a"})),
            [0_u64; 0]
        );
        assert_eq!(
            counts(json!({"hist_access_type": "tail", "n": -1})),
            [0_u64; 0]
        );
        let answer = history.answer(&json!({"hist_access_type": "tail", "n": 1, "output": true}));
        assert_eq!(answer["history"], json!([[0, 3, ["a + b", null]]]));
        history.push(4, "let a = 1;");
        let unique = json!({"hist_access_type": "search", "pattern": "let a*", "unique": true});
        let answer = history.answer(&unique);
        assert_eq!(answer["history"], json!([[0, 4, "let a = 1;"]]));
        assert!(matches("*t?", "un été") && !matches("?", ""));
    }

    #[test]
    fn names_of_the_session_are_proposed() {
        let mut history = History::default();
        history.push(1, "let modele_a = 1; let modèle = 2;");
        let answer = history.complete("let y = mod", 11);
        assert_eq!(answer["matches"], json!(["modele_a", "modèle"]));
        assert_eq!(
            (&answer["cursor_start"], &answer["cursor_end"]),
            (&json!(8), &json!(11))
        );
        // A cursor beyond the end, or at nothing, is no reason to fail.
        assert_eq!(history.complete("é", 99)["matches"], json!([]));
        assert_eq!(history.complete("", 0)["cursor_start"], 0);
    }
}
