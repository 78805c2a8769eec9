//! When what of a lab is to be handed in: `<!-- remises: à la fin de la séance = q_1, train | une semaine après = le reste -->`.
//!
//! The student reads a table in the place of the comment; the notebook's metadata keep it for `tp rapport`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tp_protocol::question::Kind;

use super::headings::{self, Word};
use super::master::Cell;
use super::options::Role;
use super::{Problem, notes};
use crate::french::decimal;

/// What the comment begins with.
pub const WORD: &str = "remises";
/// What stands for all that no other hand-in names.
const REST: &str = "le reste";
const FORM: &str =
    "« <!-- remises: à la fin de la séance = q_1, train | une semaine après = le reste --> »";

/// One hand-in.
#[derive(Debug, Clone, PartialEq)]
pub struct Deadline {
    /// In the author's words.
    pub when: String,
    /// What is to be handed in, in the order of the lab.
    pub parts: Vec<Part>,
}

/// An exercise, a question, a prediction or a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// « Question 7 »: the word of its heading and its number, where it has them.
    pub heading: Option<(Word, usize)>,
    /// What it gives.
    pub points: f64,
}

impl Part {
    /// « question 7 », as within a sentence; the name where no heading numbers it.
    fn label(&self) -> String {
        match self.heading {
            Some((word, number)) => format!("{} {number}", word.in_words().to_lowercase()),
            None => self.name.clone(),
        }
    }
}

impl Deadline {
    fn points(&self) -> f64 {
        self.parts.iter().map(|part| part.points).sum()
    }
}

/// The hand-ins of a lab whose headings are numbered; none where no comment says any.
///
/// # Errors
/// Unknown names, names given twice, parts that no hand-in names, a second comment.
pub(super) fn read(cells: &[Cell]) -> Result<Vec<Deadline>, Vec<Problem>> {
    let text = cells.iter().filter(|cell| !cell.is_code());
    let mut found = text.flat_map(|cell| {
        let told = notes::told(&cell.source, WORD);
        told.into_iter()
            .map(|(line, said)| (cell.line + line, said))
    });
    let Some((line, said)) = found.next() else {
        return Ok(Vec::new());
    };
    if let Some((second, _)) = found.next() {
        let what = format!("les remises sont déjà données à la ligne {line}.");
        return Err(vec![Problem::new(second, what)]);
    }
    let at = |mistakes: Vec<String>| {
        let problems = mistakes.into_iter().map(|what| Problem::new(line, what));
        problems.collect::<Vec<_>>()
    };
    shared_out(&said, parts(cells)).map_err(at)
}

/// Gives each part of a lab to the hand-in that names it.
fn shared_out(said: &str, parts: Vec<Part>) -> Result<Vec<Deadline>, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut whens: Vec<&str> = Vec::new();
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rest = None;
    for (index, piece) in said.split('|').enumerate() {
        let (when, names) = piece.split_once('=').unwrap_or((piece, ""));
        if when.trim().is_empty() || names.trim().is_empty() {
            return Err(vec![format!("une remise dit quand et quoi : {FORM}.")]);
        }
        whens.push(when.trim());
        for name in names.split(',').map(str::trim) {
            if name == REST {
                if rest.replace(index).is_some() {
                    mistakes.push(format!("« {REST} » est dans deux remises."));
                }
            } else if !parts.iter().any(|part| part.name == name) {
                mistakes.push(format!(
                    "« {name} », dans les remises, n'est le nom d'aucun exercice ni d'aucune question de ce TP."
                ));
            } else if owners.insert(name, index).is_some() {
                mistakes.push(format!("« {name} » est deux fois dans les remises."));
            }
        }
    }
    let mut deadlines: Vec<Deadline> = whens
        .iter()
        .map(|when| Deadline {
            when: (*when).to_owned(),
            parts: Vec::new(),
        })
        .collect();
    let mut left = Vec::new();
    let names: Vec<Option<usize>> = parts
        .iter()
        .map(|part| owners.get(part.name.as_str()).copied().or(rest))
        .collect();
    for (part, owner) in parts.into_iter().zip(names) {
        match owner {
            Some(owner) => deadlines[owner].parts.push(part),
            None => left.push(format!("« {} »", part.name)),
        }
    }
    if !left.is_empty() {
        mistakes.push(format!(
            "ces parties ne sont dans aucune remise : {}. Nommez-les, ou écrivez « {REST} ».",
            left.join(", ")
        ));
    }
    for deadline in deadlines.iter().filter(|one| one.parts.is_empty()) {
        if mistakes.is_empty() {
            mistakes.push(format!("la remise « {} » ne contient rien.", deadline.when));
        }
    }
    match mistakes.is_empty() {
        true => Ok(deadlines),
        false => Err(mistakes),
    }
}

/// What a student hands in, in order, with its points.
fn parts(cells: &[Cell]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut heading = None;
    for cell in cells {
        if !cell.is_code() && cell.options.role != Role::SolutionOnly {
            for (_, line) in headings::prose(&cell.source) {
                if let Some((level, text)) = headings::heading(line) {
                    let found = headings::published(text);
                    // A part of the lab ends what a numbered heading began.
                    if found.is_some() || level <= 3 {
                        heading = found;
                    }
                }
            }
        }
        let (name, points) = match &cell.options.role {
            Role::Exercise(name) => (name, 0.0),
            Role::Answer { name, points }
            | Role::Task { name, points }
            | Role::Closed { name, points, .. } => (name, *points),
            Role::Check { name, points } => {
                if let Some(part) = parts.iter_mut().find(|part| part.name == *name) {
                    part.points += points;
                }
                continue;
            }
            Role::Given | Role::SolutionOnly | Role::ClosedAnswer(_) | Role::ClosedCheck { .. } => {
                continue;
            }
        };
        parts.push(Part {
            name: name.clone(),
            heading: heading.filter(|(word, _)| suits(*word, &cell.options.role)),
            points,
        });
    }
    parts
}

/// Whether a part may go under a heading of this word.
fn suits(word: Word, role: &Role) -> bool {
    match role {
        Role::Exercise(_) => word == Word::Exercise,
        Role::Closed {
            kind: Kind::Prediction,
            ..
        } => word == Word::Prediction,
        _ => true,
    }
}

/// The table that the student reads.
pub(super) fn table(deadlines: &[Deadline]) -> String {
    let rows: Vec<String> = deadlines
        .iter()
        .map(|deadline| {
            format!(
                "| {} | {} | {} |",
                deadline.when,
                in_words(&deadline.parts),
                decimal(deadline.points(), 2)
            )
        })
        .collect();
    format!(
        "| remise | à rendre | points |\n|---|---|---|\n{}",
        rows.join("\n")
    )
}

/// « exercices 1 à 3, question 4, questions 6 et 7 ».
fn in_words(parts: &[Part]) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for word in [Word::Exercise, Word::Prediction, Word::Question] {
        let mut numbers: Vec<usize> = parts
            .iter()
            .filter_map(|part| part.heading)
            .filter(|(one, _)| *one == word)
            .map(|(_, number)| number)
            .collect();
        // Several cells may share a heading.
        numbers.dedup();
        if numbers.is_empty() {
            continue;
        }
        let plural = if numbers.len() > 1 { "s" } else { "" };
        pieces.push(format!(
            "{}{plural} {}",
            word.in_words().to_lowercase(),
            runs(&numbers)
        ));
    }
    let unnumbered = parts.iter().filter(|part| part.heading.is_none());
    pieces.extend(unnumbered.map(|part| format!("`{}`", part.name)));
    pieces.join(" ; ")
}

/// « 1 à 3, 5 et 6 ».
fn runs(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let mut pieces: Vec<String> = Vec::new();
    for (first, last) in runs {
        match last - first {
            0 => pieces.push(first.to_string()),
            1 => pieces.extend([first.to_string(), last.to_string()]),
            _ => pieces.push(format!("{first} à {last}")),
        }
    }
    match pieces.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} et {last}", before.join(", ")),
        None => String::new(),
    }
}

/// What `tp rapport` reads in the notebook's metadata.
pub(super) fn metadata(deadlines: &[Deadline]) -> Value {
    let one = |deadline: &Deadline| {
        let parts: Vec<Value> = deadline
            .parts
            .iter()
            .map(|part| json!({"name": part.name, "label": part.label(), "points": part.points}))
            .collect();
        json!({"when": deadline.when, "parts": parts})
    };
    Value::Array(deadlines.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, word: Word, number: usize, points: f64) -> Part {
        Part {
            name: name.to_owned(),
            heading: Some((word, number)),
            points,
        }
    }

    fn lab() -> Vec<Part> {
        vec![
            part("train", Word::Exercise, 1, 2.0),
            part("q_1", Word::Question, 1, 1.0),
            part("q_2", Word::Question, 2, 1.0),
            part("q_3", Word::Question, 3, 1.5),
            part("q_4", Word::Question, 4, 3.0),
        ]
    }

    #[test]
    fn each_part_goes_to_one_hand_in() {
        let said = "à la fin de la séance = q_1, q_2, q_3, train | une semaine après = le reste";
        let found = shared_out(said, lab()).unwrap();
        assert_eq!(
            table(&found),
            "| remise | à rendre | points |\n|---|---|---|\n\
             | à la fin de la séance | exercice 1 ; questions 1 à 3 | 5,5 |\n\
             | une semaine après | question 4 | 3 |"
        );
        assert_eq!(
            metadata(&found)[1],
            json!({"when": "une semaine après", "parts": [{"name": "q_4", "label": "question 4", "points": 3.0}]})
        );
    }

    #[test]
    fn what_is_not_shared_out_once_is_refused() {
        let refused = |said: &str| shared_out(said, lab()).unwrap_err().join("\n");
        let unknown = refused("séance = q_1, q_9 | après = le reste");
        assert!(
            unknown.contains("« q_9 », dans les remises, n'est le nom d'aucun exercice"),
            "{unknown}"
        );
        assert!(refused("séance = q_1 | après = q_1, le reste").contains("« q_1 » est deux fois"));
        let left = refused("séance = q_1, q_2 | après = train");
        assert!(left.contains("aucune remise : « q_3 », « q_4 »."), "{left}");
        assert!(refused("à la fin de la séance").contains("quand et quoi"));
        assert!(refused("a = le reste | b = le reste").contains("deux remises"));
        assert!(
            refused("a = train, q_1, q_2, q_3, q_4 | b = le reste")
                .contains("« b » ne contient rien")
        );
    }

    #[test]
    fn numbers_are_said_in_runs() {
        assert_eq!(runs(&[1, 2, 3, 5, 6]), "1 à 3, 5 et 6");
        assert_eq!(runs(&[4]), "4");
        assert_eq!(runs(&[1, 3]), "1 et 3");
    }
}
