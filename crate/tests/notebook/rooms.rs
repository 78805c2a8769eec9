//! The rooms of the library depend on those to their left only: what each file uses is read in its text.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// The rooms, from left to right; those of one line are one room, whose parts may use each other.
const ROOMS: [&[&str]; 10] = [
    // The ground: errors, words, devices, instructions.
    &["error", "french", "device", "simd", "ready"],
    &["host"],
    &["data"],
    &["models", "ops"],
    &["metrics"],
    &["train"],
    &["fairness"],
    &["explain"],
    &["figures"],
    &["notebook"],
];

/// What the crate's root gives under a name of its own: where it comes from.
const ROOT: [(&str, &str); 2] = [("Error", "error"), ("Result", "error")];

fn place(room: &str) -> Option<usize> {
    ROOMS.iter().position(|names| names.contains(&room))
}

/// A word, or a mark of the language, and the line it stands on.
#[derive(Clone, Debug, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// The words and marks of a source, without comments, texts and characters; `::` is one mark.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    let starts = |at: usize, with: &str| {
        with.chars()
            .enumerate()
            .all(|(i, c)| chars.get(at + i) == Some(&c))
    };
    while at < chars.len() {
        let char = chars[at];
        let from = at;
        if char.is_alphabetic() || char == '_' {
            while chars
                .get(at)
                .is_some_and(|c| c.is_alphanumeric() || *c == '_')
            {
                at += 1;
            }
            let text: String = chars[from..at].iter().collect();
            // r"…", r#"…"#, b"…": the text begins here.
            let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
            if ["r", "br", "b", "c"].contains(&text.as_str())
                && chars.get(at + hashes) == Some(&'"')
            {
                let raw = text.contains('r');
                let end = format!("\"{}", "#".repeat(hashes));
                at += hashes + 1;
                while at < chars.len() && !starts(at, &end) {
                    at += if chars[at] == '\\' && !raw { 2 } else { 1 };
                }
                at += end.chars().count();
            } else {
                found.push(Token { text, line });
            }
        } else if starts(at, "//") {
            while chars.get(at).is_some_and(|c| *c != '\n') {
                at += 1;
            }
        } else if starts(at, "/*") {
            while at < chars.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if char == '"' {
            at += 1;
            while chars.get(at).is_some_and(|c| *c != '"') {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if char == '\'' {
            // A character, or the name of a lifetime.
            let length = match chars.get(at + 1) {
                Some('\\') => chars[at + 2..]
                    .iter()
                    .skip(1)
                    .position(|c| *c == '\'')
                    .map(|p| p + 4),
                _ => (chars.get(at + 2) == Some(&'\'')).then_some(3),
            };
            at += length.unwrap_or(1);
        } else if starts(at, "::") {
            at += 2;
            found.push(Token {
                text: "::".to_owned(),
                line,
            });
        } else {
            at += 1;
            if !char.is_whitespace() {
                found.push(Token {
                    text: char.to_string(),
                    line,
                });
            }
        }
        line += chars[from..at.min(chars.len())]
            .iter()
            .filter(|c| **c == '\n')
            .count();
    }
    found
}

/// The rooms that a source uses, with the line of each use. `module` is the path of the source within the crate:
/// `["data", "synthetic", "folder"]`.
fn uses(source: &str, module: &[String]) -> Vec<(String, usize)> {
    let tokens = tokens(source);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    let mut depth = 0;
    // Modules written within the file: their name, and the depth of the braces they are in.
    let mut inner: Vec<(String, usize)> = Vec::new();
    // Groups of paths that begin with `super`: how many, and the depth of the braces they are in.
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for at in 0..tokens.len() {
        match text(at) {
            "{" => {
                if at >= 2 && text(at - 2) == "mod" {
                    inner.push((text(at - 1).to_owned(), depth));
                }
                let supers = (0..at / 2).take_while(|i| {
                    text(at - 2 * i - 1) == "::" && text(at - 2 * i - 2) == "super"
                });
                let supers = supers.count();
                if supers > 0 {
                    let around = match text((at - 2 * supers).wrapping_sub(1)) {
                        "{" | "," => groups.last().map_or(0, |(supers, _)| *supers),
                        _ => 0,
                    };
                    groups.push((supers + around, depth));
                }
                depth += 1;
            }
            "}" => {
                depth = usize::saturating_sub(depth, 1);
                inner.retain(|(_, outside)| *outside < depth);
                groups.retain(|(_, outside)| *outside < depth);
            }
            "crate" if text(at + 1) == "::" && text(at.wrapping_sub(1)) != "::" => {
                heads(&tokens, at + 2, &mut found);
            }
            "super" if text(at.wrapping_sub(1)) != "::" => {
                let mut path: Vec<String> = module.to_vec();
                path.extend(inner.iter().map(|(name, _)| name.clone()));
                if let (Some((supers, _)), "{" | ",") = (groups.last(), text(at.wrapping_sub(1))) {
                    path.truncate(path.len().saturating_sub(*supers));
                }
                let mut next = at;
                while text(next) == "super" && text(next + 1) == "::" {
                    path.pop();
                    next += 2;
                }
                match path.first() {
                    Some(room) => found.push((room.clone(), tokens[at].line)),
                    None => heads(&tokens, next, &mut found),
                }
            }
            _ => {}
        }
    }
    found
}

/// The first words of a path at the crate's root, or of each part of a group in braces: `{data::{…}, train::Fit}`.
fn heads(tokens: &[Token], at: usize, found: &mut Vec<(String, usize)>) {
    let Some(token) = tokens.get(at) else { return };
    if token.text != "{" {
        let known = ROOT.iter().find(|(name, _)| *name == token.text);
        let room = known.map_or(token.text.as_str(), |(_, room)| room);
        found.push((room.to_owned(), token.line));
        return;
    }
    let (mut depth, mut at) = (0, at);
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 1 && ["{", ","].contains(&token.text.as_str()) {
            let next = tokens.get(at + 1);
            if next.is_some_and(|next| next.text != "}") {
                heads(tokens, at + 1, found);
            }
        }
        at += 1;
    }
}

/// The sources of the rooms, each with its path within the crate.
fn sources(root: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let within = path.strip_prefix(root).unwrap().with_extension("");
            let mut module: Vec<String> = within
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            if module.last().is_some_and(|last| last == "mod") {
                module.pop();
            }
            // The root and the prelude show all rooms; the programs use the library as others do.
            if !["lib", "prelude", "bin"].contains(&module[0].as_str()) {
                found.push((path, module));
            }
        }
    }
    found.sort();
    found
}

/// How one comes from a room back to another, if one does.
fn way(arrows: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut before = BTreeMap::from([(from, from)]);
    let mut queue = VecDeque::from([from]);
    while let Some(room) = queue.pop_front() {
        if room == to {
            let mut way = vec![to];
            while way[0] != from {
                way.insert(0, before[&way[0]]);
            }
            return Some(way);
        }
        for next in arrows.get(&room).into_iter().flatten() {
            if !before.contains_key(next) {
                before.insert(*next, room);
                queue.push_back(*next);
            }
        }
    }
    None
}

/// Every arrow to the right, with its place and the cycle it closes.
fn wrong_arrows(root: &Path) -> String {
    let name = |room: usize| ROOMS[room].join(" + ");
    let mut arrows: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, module) in sources(root) {
        let own = place(&module[0]).unwrap_or_else(|| {
            panic!("{} is in no room: give it a place in ROOMS", path.display())
        });
        let source = std::fs::read_to_string(&path).unwrap();
        for (used, line) in uses(&source, &module) {
            let Some(used) = place(&used) else { continue };
            arrows.entry(own).or_default().insert(used);
            if used > own {
                wrong.push((own, used, format!("{}:{line}", path.display())));
            }
        }
    }
    let mut told = String::new();
    for (own, used, at) in wrong {
        let _ = write!(told, "\n{} → {} ({at})", name(own), name(used));
        if let Some(way) = way(&arrows, used, own) {
            let way: Vec<String> = way.into_iter().map(name).collect();
            let _ = write!(told, "\n    cycle: {} → {}", name(own), way.join(" → "));
        }
    }
    told
}

#[test]
fn no_room_uses_one_to_its_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let told = wrong_arrows(&root);
    assert!(
        told.is_empty(),
        "rooms use each other from left to right only (see src/lib.rs):{told}"
    );
}

#[test]
fn uses_are_read_in_every_form() {
    let source = r##"
        //! [`crate::figures`] in a comment is no use.
        use crate::{
            data::{ImageStore, rows::{self, read}}, error::{Error, Result},
            train::Fit as Loop,
        };
        pub(crate) use crate::explain::kl;
        use super::{super::metrics::find, sibling::{Thing, Other}};
        const TEXT: &str = "crate::notebook \" crate::notebook";
        const RAW: &str = r#"crate::notebook " "#;
        fn f<'a>(c: char) -> crate::Result<&'a str> { let quote = '"'; crate::host::check("x") }
        mod tests {
            use super::*;
            use super::super::super::fairness::Audit;
        }
        use super::super::figures::Figure;
    "##;
    let module = ["figures".to_owned(), "sheet".to_owned()];
    let mut found: Vec<String> = uses(source, &module)
        .into_iter()
        .map(|(room, _)| room)
        .collect();
    found.sort();
    found.dedup();
    let expected = [
        "data", "error", "explain", "fairness", "figures", "host", "metrics", "train",
    ];
    assert_eq!(found, expected);
    let lines: Vec<usize> = uses(source, &module)
        .into_iter()
        .filter(|(room, _)| room == "explain")
        .map(|(_, line)| line)
        .collect();
    assert_eq!(lines, [7]);
}

/// A copy of the crate with one wrong arrow: the message names it, its file and the cycle.
#[test]
fn a_wrong_arrow_is_told_with_its_cycle() {
    let root = std::env::temp_dir().join(format!("visages-rooms-{}", std::process::id()));
    for (file, text) in [
        ("lib.rs", "pub mod data; pub mod train;"),
        ("data/mod.rs", "mod deep;"),
        ("data/deep.rs", "use super::super::train::StopFlag;"),
        ("train/mod.rs", "use crate::metrics::find;"),
        ("metrics.rs", "use crate::data::ImageStore;"),
    ] {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let told = wrong_arrows(&root);
    std::fs::remove_dir_all(&root).unwrap();
    assert!(
        told.contains("data → train (") && told.contains("deep.rs:1"),
        "{told}"
    );
    assert!(
        told.contains("cycle: data → train → metrics → data"),
        "{told}"
    );
}
