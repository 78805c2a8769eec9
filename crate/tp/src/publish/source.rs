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

/// Code blocks and regions that are opened and not closed, or closed and not opened.
pub fn unclosed(text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut fence: Option<(usize, &str)> = None;
    let mut region: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
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
            None if is_comment(line, "#region") => {
                if let Some(opened) = region.replace(number) {
                    let what = format!(
                        "cette région commence dans celle de la ligne {opened}, qui n'est pas fermée par « <!-- #endregion --> »."
                    );
                    problems.push(Problem::new(number, what));
                }
            }
            None if is_comment(line, "#endregion") && region.take().is_none() => {
                problems.push(Problem::new(
                    number,
                    "« #endregion » sans « #region » avant elle.",
                ));
            }
            None => {}
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

fn is_comment(line: &str, keyword: &str) -> bool {
    line.trim_start()
        .strip_prefix("<!--")
        .and_then(|rest| rest.trim_start().strip_prefix(keyword))
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
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
}
