//! Headings that publication completes: an exercise, a question and a prediction receive their number and their points.
//!
//! An author writes « #### Question · Propriété »; the student reads « Question 7 · Propriété (1 point) ».

use super::Problem;
use super::master::Cell;
use super::options::Role;
use super::{markers, notes};
use crate::french::decimal;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// Code to write.
    Exercise,
    /// A question, open or closed.
    Question,
    /// A prediction.
    Prediction,
}

const WORDS: [Word; 3] = [Word::Exercise, Word::Question, Word::Prediction];

impl Word {
    /// As in a heading.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Exercise => "Exercice",
            Self::Question => "Question",
            Self::Prediction => "Prédiction",
        }
    }
}

/// A heading that receives a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// How many `#` it begins with.
    pub level: usize,
    /// What it numbers.
    pub word: Word,
    /// What follows « · ».
    pub title: &'a str,
}

/// The level and the text of a heading; « ### BEGIN SOLUTION » and its like are none.
pub fn heading(line: &str) -> Option<(usize, &str)> {
    if markers::left_in(line).is_some() {
        return None;
    }
    let level = line.len() - line.trim_start_matches('#').len();
    let text = line[level..].strip_prefix(' ')?.trim();
    (1..=6).contains(&level).then_some((level, text))
}

/// A line that is a heading to number.
pub fn numbered(line: &str) -> Option<Numbered<'_>> {
    let (level, text) = heading(line)?;
    let (word, title) = text.split_once('·')?;
    let word = WORDS
        .into_iter()
        .find(|one| one.in_words() == word.trim())?;
    let title = title.trim();
    (!title.is_empty()).then_some(Numbered { level, word, title })
}

/// The word and the number of a published heading: « Question 7 · Propriété (1 point) ».
pub fn published(text: &str) -> Option<(Word, usize)> {
    let (left, _) = text.split_once('·')?;
    let (word, number) = left.trim().split_once(char::is_whitespace)?;
    let word = WORDS.into_iter().find(|one| one.in_words() == word)?;
    Some((word, number.trim().parse().ok()?))
}

/// The lines of a text that are prose, not a block of code, with their number from 0.
pub fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(opening) => {
                if ticks.len() >= opening.len() && line.trim_end() == ticks {
                    fence = None;
                }
            }
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => lines.push((index, line)),
        }
    }
    lines
}

/// « (1 point) », « (1,5 point) », « (2 points) », « (non notée) »
fn in_words(points: f64) -> String {
    match points {
        0.0 => "(non notée)".to_owned(),
        less if less < 2.0 => format!("({} point)", decimal(less, 2)),
        more => format!("({} points)", decimal(more, 2)),
    }
}

/// A heading of a lab: where it stands.
struct Place {
    cell: usize,
    line: usize,
    level: usize,
    word: Option<Word>,
}

/// Numbers the headings of a lab, and gives them the points of what follows, up to the next numbered heading or the next of
/// the same level.
///
/// # Errors
/// Questions without an answer, numbers written by hand.
pub(super) fn number(cells: &mut [Cell]) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        if cell.is_code() || cell.options.role == Role::SolutionOnly {
            continue;
        }
        for (line, text) in prose(&cell.source) {
            let Some((level, words)) = heading(text) else {
                continue;
            };
            let word = numbered(text).map(|heading| heading.word);
            if let (None, Some(what)) = (word, misnumbered(words)) {
                problems.push(Problem::new(cell.line + line, what));
            }
            places.push(Place {
                cell: index,
                line,
                level,
                word,
            });
        }
    }
    let mut counts = [0_usize; WORDS.len()];
    let mut written: Vec<(usize, usize, String)> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let Some(word) = place.word else { continue };
        let next = places[index + 1..]
            .iter()
            .find(|next| next.word.is_some() || next.level <= place.level);
        let end = next.map_or(cells.len(), |next| next.cell.max(place.cell + 1));
        let given = points(word, &cells[place.cell..end]);
        if word == Word::Question && given.is_empty() {
            let what = "ce titre de question n'est suivi d'aucune réponse (« reponse=… » ou « question=… »).";
            problems.push(Problem::new(cells[place.cell].line + place.line, what));
        }
        let count = &mut counts[word as usize];
        *count += 1;
        let line = cells[place.cell].source.lines().nth(place.line);
        let Some(heading) = line.and_then(numbered) else {
            continue;
        };
        let mut text = format!(
            "{} {} {count} · {}",
            "#".repeat(heading.level),
            word.in_words(),
            heading.title
        );
        if !given.is_empty() {
            text.push_str(&format!(" {}", in_words(given.iter().sum())));
        }
        written.push((place.cell, place.line, text));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    for (cell, line, text) in written {
        let source = &mut cells[cell].source;
        let mut lines: Vec<&str> = source.lines().collect();
        lines[line] = &text;
        *source = lines.join("\n");
    }
    Ok(())
}

/// The points of a heading, from the cells of its part: of an exercise, all that give some; of a closed question, its own; of
/// an open one, those that a person gives.
fn points(word: Word, cells: &[Cell]) -> Vec<f64> {
    if let Some(Role::Closed { points, .. }) = cells.first().map(|cell| &cell.options.role) {
        return vec![*points];
    }
    let given = cells.iter().filter_map(|cell| match cell.options.role {
        Role::Answer { points, .. } | Role::Task { points, .. } => Some(points),
        Role::Check { points, .. } if word == Word::Exercise => Some(points),
        _ => None,
    });
    given.collect()
}

/// What is wrong with a heading that an author numbered himself.
fn misnumbered(text: &str) -> Option<String> {
    let word = WORDS.into_iter().find(|word| {
        text.strip_prefix(word.in_words())
            .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
    })?;
    Some(format!(
        "un titre d'exercice ou de question reçoit son numéro à la publication : écrivez « {} · Titre ».",
        word.in_words()
    ))
}

/// Fewest entries of a table of contents.
const ENTRIES: usize = 3;

/// Gives the parts of a lab their anchors, and writes the table of contents where the source says « sommaire », else before
/// the first part.
///
/// Anchors are plain ASCII: JupyterLab finds no heading by an accented name.
pub(super) fn contents(cells: &mut [Cell]) {
    let mut slugs: Vec<String> = Vec::new();
    let mut entries: Vec<(usize, usize, usize, String)> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        // A model answer is not the student's to read.
        let hidden = matches!(
            cell.options.role,
            Role::SolutionOnly | Role::Answer { .. } | Role::Task { .. }
        );
        if cell.is_code() || hidden {
            continue;
        }
        for (line, text) in prose(&cell.source) {
            if let Some((level @ 2..=3, title)) = heading(text) {
                let entry = (index, line, level, title.to_owned());
                entries.push(entry);
                slugs.push(unused(&slug(title), &slugs));
            }
        }
    }
    let place = |cell: &Cell| {
        let found = prose(&cell.source)
            .into_iter()
            .find(|(_, line)| line.trim() == notes::CONTENTS);
        found.map(|(line, _)| line)
    };
    let said = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.is_code())
        .find_map(|(index, cell)| Some((index, place(cell)?)));
    let first = entries.iter().find(|(_, _, level, _)| *level == 2);
    let target = said.or(first.map(|(cell, line, ..)| (*cell, *line)));
    // What stands above the table is on the screen already.
    let follows = |entry: &(usize, usize, usize, String)| {
        target.is_some_and(|place| (entry.0, entry.1) >= place)
    };
    let table: Vec<String> = entries
        .iter()
        .zip(&slugs)
        .filter(|(entry, _)| follows(entry))
        .map(|((_, _, level, title), slug)| {
            let retreat = "  ".repeat(level - 2);
            format!("{retreat}- [{}](#{slug})", title.replace(['[', ']'], ""))
        })
        .collect();
    let table = match table.len() >= ENTRIES {
        true => format!("**Sommaire**\n\n{}\n", table.join("\n")),
        false => String::new(),
    };
    for (index, cell) in cells.iter_mut().enumerate() {
        let anchors = entries
            .iter()
            .zip(&slugs)
            .filter(|(entry, _)| entry.0 == index);
        let anchors: Vec<(usize, &String)> = anchors.map(|(entry, slug)| (entry.1, slug)).collect();
        let here = target.filter(|(cell, _)| *cell == index);
        if anchors.is_empty() && here.is_none() {
            continue;
        }
        let mut lines: Vec<String> = Vec::new();
        for (number, line) in cell.source.lines().enumerate() {
            if here.is_some_and(|(_, at)| at == number) {
                lines.extend(table.lines().map(str::to_owned));
                if !table.is_empty() {
                    lines.push(String::new());
                }
                if said.is_some() {
                    continue;
                }
            }
            if let Some((_, slug)) = anchors.iter().find(|(at, _)| *at == number) {
                lines.push(format!("<a id=\"{slug}\"></a>"));
                lines.push(String::new());
            }
            lines.push(line.to_owned());
        }
        cell.source = lines.join("\n").trim_end().to_owned();
    }
}

/// A title in ASCII letters, digits and hyphens.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        match unaccented(c) {
            Some(plain) => slug.push_str(plain),
            None if c.is_ascii_alphanumeric() => slug.push(c),
            None if !slug.ends_with('-') => slug.push('-'),
            None => {}
        }
    }
    slug.trim_matches('-').to_owned()
}

/// A French letter without its accent.
pub fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'â' | 'ä' => "a",
        'ç' => "c",
        'é' | 'è' | 'ê' | 'ë' => "e",
        'î' | 'ï' => "i",
        'ô' | 'ö' => "o",
        'ù' | 'û' | 'ü' => "u",
        'ÿ' => "y",
        'œ' => "oe",
        'æ' => "ae",
        _ => return None,
    })
}

fn unused(slug: &str, taken: &[String]) -> String {
    let mut candidates = (2..).map(|count| format!("{slug}-{count}"));
    let mut slug = slug.to_owned();
    while taken.contains(&slug) {
        slug = candidates.next().unwrap_or_default();
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_to_number_are_recognised() {
        let found = numbered("#### Question · La propriété").unwrap();
        assert_eq!(
            (found.level, found.word, found.title),
            (4, Word::Question, "La propriété")
        );
        for other in [
            "#### Question",
            "#### Question 3 · x",
            "Question · x",
            "### Exercices · x",
            "### Exercice · ",
        ] {
            assert_eq!(numbered(other), None, "{other}");
        }
        assert!(
            misnumbered("Question 3 · x")
                .unwrap()
                .contains("« Question · Titre »")
        );
        assert_eq!(misnumbered("Questions fermées"), None);
        assert_eq!(heading("### BEGIN SOLUTION"), None);
        assert_eq!(
            published("Question\u{a0}12 · Propriété (1 point)"),
            Some((Word::Question, 12))
        );
        assert_eq!(published("Question · Propriété"), None);
        assert_eq!(published("2.1 · Les données"), None);
        assert_eq!(in_words(1.0), "(1 point)");
        assert_eq!(in_words(1.5), "(1,5 point)");
        assert_eq!(in_words(2.0), "(2 points)");
        assert_eq!(in_words(0.0), "(non notée)");
    }

    #[test]
    fn anchors_are_ascii_and_unique() {
        assert_eq!(
            slug("2.1 L'échantillon : « Qui ? » (œil)"),
            "2-1-l-echantillon-qui-oeil"
        );
        assert_eq!(unused("a", &[]), "a");
        assert_eq!(unused("a", &["a".to_owned(), "a-2".to_owned()]), "a-3");
    }

    #[test]
    fn blocks_of_code_are_no_prose() {
        let text = "# Un\n```text\n# Deux\n```\n## Trois";
        let headings: Vec<usize> = prose(text)
            .into_iter()
            .filter(|(_, line)| heading(line).is_some())
            .map(|(line, _)| line)
            .collect();
        assert_eq!(headings, [0, 4]);
    }
}
