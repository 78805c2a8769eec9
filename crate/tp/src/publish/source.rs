//! The Markdown text of a source: where a cell stands in it, and blocks that are opened and never closed.

use super::Problem;

/// Finds cells in their source, in order: jupytext keeps their text as it is but not where it was.
#[derive(Debug)]
pub struct Locator<'a> {
    lines: Vec<&'a str>,
    /// First line that no earlier cell holds.
    next: usize,
}

impl<'a> Locator<'a> {
    /// A locator at the beginning of a source.
    pub fn new(text: &'a str) -> Self {
        Self {
            lines: text.lines().collect(),
            next: 0,
        }
    }

    /// The line, from 1, of the first line of the next cell, whose text is `cell`; `None` when the source does not hold
    /// this text as it is (jupytext adds a `%%bash` line to a block in another language).
    pub fn find(&mut self, cell: &str) -> Option<usize> {
        let wanted: Vec<&str> = cell.lines().collect();
        let found = (self.next..=self.lines.len().checked_sub(wanted.len())?).find(|&start| {
            let here = &self.lines[start..start + wanted.len()];
            here.iter()
                .zip(&wanted)
                .all(|(line, wanted)| line.trim_end() == wanted.trim_end())
        })?;
        self.next = found + wanted.len();
        Some(found + 1)
    }

    /// The line, from 1, after the last cell found.
    pub fn here(&self) -> usize {
        (self.next + 1).min(self.lines.len().max(1))
    }
}

/// Code blocks and regions that are opened and not closed, or closed and not opened; region marks that jupytext would take
/// for text, and an answer with them.
pub fn unclosed(text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut fence: Option<(usize, &str)> = None;
    let mut region: Option<usize> = None;
    let mut folds = Folds::default();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if fence.is_none() {
            let what = odd_fence(line).or_else(|| folds.take(line));
            problems.extend(what.map(|what| Problem::new(number, what)));
        }
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            // jupytext ends a region at the first such line, in a block of code too: what follows would be given.
            Some(_) if region.is_some() && Mark::read(line) == Some(Mark::End) => {
                let what =
                    "« #endregion » dans un bloc de code d'une région : jupytext la fermerait ici.";
                problems.push(Problem::new(number, what));
            }
            Some((_, opening)) if ticks.len() >= opening.len() && line.trim_end() == ticks => {
                fence = None;
            }
            // A block opens where one is open: the first was not closed, and what would be said of the rest is wrong.
            Some((opened, opening))
                if ticks.len() == opening.len()
                    && line[ticks.len()..]
                        .trim_start()
                        .starts_with(char::is_alphabetic) =>
            {
                let what = format!(
                    "ce bloc de code n'est pas fermé par « {opening} » : un autre s'ouvre à la ligne {number}."
                );
                problems.push(Problem::new(opened, what));
                fence = Some((number, ticks));
            }
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some((number, ticks)),
            None => match Mark::read(line) {
                Some(Mark::Begin) => {
                    if let Some(opened) = region.replace(number) {
                        let what = format!(
                            "cette région commence dans celle de la ligne {opened}, qui n'est pas fermée par « <!-- #endregion --> »."
                        );
                        problems.push(Problem::new(number, what));
                    }
                }
                Some(Mark::End) if region.take().is_none() => {
                    let what = "« #endregion » sans « #region » avant elle.";
                    problems.push(Problem::new(number, what));
                }
                Some(Mark::Malformed { ends }) => {
                    // Told once: what it was meant to open is open, what it was meant to close is closed.
                    region = (!ends).then_some(number);
                    let what = "jupytext ne reconnaît pas ce repère, et l'étudiant lirait ce qu'il entoure : il s'écrit seul, \
                                dès le début de la ligne, « <!-- #region options --> » ou « <!-- #endregion --> ».";
                    problems.push(Problem::new(number, what));
                }
                Some(Mark::End) | None => {}
            },
        }
    }
    if let Some((line, ticks)) = fence {
        problems.push(Problem::new(
            line,
            format!("ce bloc de code n'est pas fermé par « {ticks} »."),
        ));
    } else if let Some(line) = region {
        problems.push(Problem::new(
            line,
            "cette région n'est pas fermée par « <!-- #endregion --> ».",
        ));
    }
    problems
}

/// What is wrong with the line that opens a block of code, where jupytext takes it for text.
fn odd_fence(line: &str) -> Option<String> {
    if line.trim_start().starts_with("~~~") {
        return Some("un bloc de code s'ouvre par « ``` », non par « ~~~ ».".to_owned());
    }
    let ticks = line.len() - line.trim_start_matches('`').len();
    if ticks < 3 {
        // Indented, it would be text with what it holds.
        let indented = line.trim_start().starts_with("```rust") && !line.contains(".noeval");
        return indented
            .then(|| "un bloc « ```rust » commence dès le début de la ligne.".to_owned());
    }
    let word = line[ticks..].split_whitespace().next().unwrap_or_default();
    let meant = ["rs", "rust"].contains(&word.to_lowercase().as_str()) && word != "rust";
    meant.then(|| {
        format!("« ```{word} » n'est pas une cellule de code : écrivez « ```rust », en minuscules.")
    })
}

/// Folded parts and comments, in which a block of code would become a cell all the same.
#[derive(Debug, Default)]
struct Folds {
    details: usize,
    comment: bool,
}

impl Folds {
    /// Follows a line outside blocks of code; says what is wrong with a cell that opens here.
    fn take(&mut self, line: &str) -> Option<String> {
        let opens_cell = line.starts_with("```rust") && !line.contains(".noeval");
        let place = match (self.comment, self.details) {
            (true, _) => Some("un commentaire"),
            (false, 0) => None,
            (false, _) => Some("un repli <details>"),
        };
        if let (true, Some(place)) = (opens_cell, place) {
            return Some(format!(
                "ce bloc « ```rust » est dans {place} : il deviendrait une cellule de code ordinaire. Écrivez « ```rust .noeval » pour le montrer seulement."
            ));
        }
        // Names of tags in pieces of code open nothing.
        let shown: String = line.split('`').step_by(2).collect();
        self.details += shown.matches("<details").count();
        let closed = shown.matches("</details>").count();
        self.details = self.details.saturating_sub(closed);
        let last = |mark| shown.rfind(mark);
        match (last("<!--"), last("-->")) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) => self.comment = true,
            (_, Some(_)) => self.comment = false,
            _ => {}
        }
        None
    }
}

/// What a line says of regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Begin,
    End,
    /// Meant for one of them by its author, and neither for jupytext.
    Malformed {
        ends: bool,
    },
}

impl Mark {
    /// The mark of a line, by jupytext's own rule (`start_region_re` of its `cell_reader.py`): from the first column to the
    /// end of the line, in one comment.
    fn read(line: &str) -> Option<Self> {
        let comment = line
            .strip_prefix("<!--")
            .and_then(|rest| rest.trim_end().strip_suffix("-->"))
            .map(str::trim);
        match comment {
            Some("#endregion") => return Some(Self::End),
            Some(text)
                if text.strip_prefix("#region").is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with(char::is_whitespace)
                }) =>
            {
                return Some(Self::Begin);
            }
            _ => {}
        }
        // « # region », « #Region », « #md »… are meant for a region too.
        let (_, after) = line.split_once("<!--").unwrap_or(("", ""));
        let lower = line.to_lowercase().replace("# ", "#");
        let named = lower.contains("#region") || lower.contains("#endregion");
        let meant = after.trim_start().starts_with('#')
            || named && (lower.contains("<!") || lower.contains("-->"));
        meant.then_some(Self::Malformed {
            ends: lower.contains("#end"),
        })
    }
}

/// The options that give a cell its part, in the lines outside code blocks that open a cell or look as if: the line, from 1,
/// and the option.
pub fn roles(text: &str) -> Vec<(usize, &'static str)> {
    const OPTIONS: [&str; 6] = [
        "exercice=",
        "verification=",
        "reponse=",
        "tache=",
        "question=",
        "prediction=",
    ];
    let mut roles = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(opening) if ticks.len() >= opening.len() && line.trim_end() == ticks => {
                fence = None;
                continue;
            }
            Some(_) => continue,
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {}
        }
        let dense: String = line.split_whitespace().collect();
        let option = OPTIONS.into_iter().find(|option| dense.contains(option));
        let title =
            || Mark::read(line).is_some() && line.split_whitespace().any(|word| word == "corrige");
        if let Some(option) = option.or_else(|| title().then_some("corrige")) {
            roles.push((index + 1, option));
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_in_order() {
        let text =
            "# Titre\n\n```rust\nlet x = 1;\n```\n\nprose\n\n```rust\nlet x = 1;  \nx\n```\n";
        let mut locator = Locator::new(text);
        assert_eq!(locator.find("# Titre"), Some(1));
        assert_eq!(locator.find("let x = 1;"), Some(4));
        assert_eq!(locator.find("%%bash\nls"), None);
        assert_eq!(locator.here(), 5);
        assert_eq!(locator.find("prose"), Some(7));
        assert_eq!(locator.find("let x = 1;\nx"), Some(10));
        assert_eq!(locator.find("let x = 1;"), None);
    }

    #[test]
    fn open_blocks_are_named_by_their_line() {
        let lines = |text: &str| -> Vec<usize> {
            unclosed(text).iter().map(|problem| problem.line).collect()
        };
        let good = "````md\n```rust\n````\n<!-- #region a=1 -->\n```\n<!-- #region -->\n```\n<!-- #endregion -->\n";
        assert!(lines(good).is_empty());
        assert_eq!(lines("a\n```rust\nlet x;\n"), [2]);
        assert_eq!(lines("```rust\nlet x;\n\nprose\n\n```rust\ny\n```\n"), [1]);
        assert_eq!(lines("<!-- #region -->\nb\n"), [1]);
        assert_eq!(lines("<!-- #endregion -->\n"), [1]);
        assert_eq!(
            lines("<!-- #region -->\n<!-- #region -->\n<!-- #endregion -->\n"),
            [2]
        );
    }

    #[test]
    fn a_region_mark_that_jupytext_would_not_take_is_refused() {
        let answer = "oui\n<!-- #endregion -->\n";
        for wrong in [
            " <!-- #region reponse=\"q\" points=1 -->",
            "<!-- #region reponse=\"q\" points=1",
            "<!-- #region reponse=\"q\" points=1 --> .",
            "**Réponse** <!-- #region reponse=\"q\" points=1 -->",
            "<!-- # region reponse=\"q\" points=1 -->",
            "<!-- #Region reponse=\"q\" points=1 -->",
            "<!- #region reponse=\"q\" points=1 -->",
            "<!-- #regions -->",
            "<!-- #md reponse=\"q\" points=1 -->",
        ] {
            let found = unclosed(&format!("Question ?\n\n{wrong}\n{answer}"));
            assert!(found.len() == 1 && found[0].line == 3, "{wrong}: {found:?}");
            assert!(found[0].what.contains("jupytext"), "{wrong}: {found:?}");
        }
        let open = "<!-- #region corrige -->\noui\n";
        for wrong in [
            " <!-- #endregion -->",
            "<!-- #endregion x -->",
            "<!-- #endregion",
        ] {
            let found = unclosed(&format!("{open}{wrong}\n"));
            assert!(found.len() == 1 && found[0].line == 3, "{wrong}: {found:?}");
        }
        let early =
            unclosed("<!-- #region -->\n```\n<!-- #endregion -->\n```\n<!-- #endregion -->\n");
        assert_eq!(early[0].line, 3);
        for right in [
            "<!--#region-->\na\n<!--#endregion-->  \n",
            "<!-- resultat: biais -->\n",
            "[lien](page#region) et `#region`\n",
            "```text\n <!-- #region -->\n```\n",
        ] {
            assert_eq!(unclosed(right), [], "{right}");
        }
    }

    #[test]
    fn code_that_would_be_a_cell_or_no_cell_by_surprise_is_refused() {
        for (text, line) in [
            ("```rs\nx\n```\n", 1),
            ("```Rust\nx\n```\n", 1),
            ("a\n~~~rust\n", 2),
            ("<details>\n\n```rust\nx\n```\n</details>\n", 3),
            ("<!-- fin :\n```rust\nx\n```\n-->\n", 2),
            ("- a\n  ```rust\n  x\n  ```\n", 2),
        ] {
            let found = unclosed(text);
            assert!(
                found.len() == 1 && found[0].line == line,
                "{text}: {found:?}"
            );
        }
        for text in [
            "<details>\n\n```rust .noeval\nx\n```\n</details>\n\n```rust\ny\n```\n",
            "<!-- a -->\n```rust\nx\n```\n",
            "`<details>`\n\n```rust\nx\n```\n",
            "````text\n~~~\n```rs\n````\n",
        ] {
            assert_eq!(unclosed(text), [], "{text}");
        }
    }

    #[test]
    fn options_are_found_where_cells_open() {
        let text = "```rust exercice=\"a\"\nreponse=\n```\n<!-- #region corrige -->\nle corrige\n<!-- #endregion -->\n reponse = \"q\"\n";
        assert_eq!(
            roles(text),
            [(1, "exercice="), (4, "corrige"), (7, "reponse=")]
        );
    }
}
