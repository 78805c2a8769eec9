//! Closed questions become cells: their text, a cell for the answers, a cell that judges them.
//!
//! Questions that follow each other share both. A prediction is judged later, where the source says « retour: its name ».

use std::collections::BTreeMap;

use tp_protocol::question::{Kind, encode};

use super::Problem;
use super::closed::Closed;
use super::headings;
use super::master::Cell;
use super::options::{Options, Role};

/// Characters of a line of a question's text in its check cell.
const WIDTH: usize = 110;

/// The cells of a lab, its closed questions in place.
///
/// # Errors
/// Every mistake of a question, every prediction that is not met exactly once, later.
pub(super) fn expand(lab: &str, cells: Vec<Cell>) -> Result<Vec<Cell>, Vec<Problem>> {
    let mut expansion = Expansion {
        lab,
        cells: Vec::new(),
        pending: Vec::new(),
        predictions: BTreeMap::new(),
        problems: Vec::new(),
    };
    let announced: Vec<String> = cells
        .iter()
        .filter_map(|cell| match &cell.options.role {
            Role::Closed {
                name,
                kind: Kind::Prediction,
                ..
            } => Some(name.clone()),
            _ => None,
        })
        .collect();
    for cell in cells {
        expansion.take(cell, &announced);
    }
    expansion.flush();
    let Expansion {
        cells,
        predictions,
        mut problems,
        ..
    } = expansion;
    for (name, prediction) in predictions {
        if prediction.met.is_none() {
            let what = format!(
                "la prédiction « {name} » n'est reprise nulle part : écrivez « <!-- retour: {name} --> » après la cellule qui montre le résultat."
            );
            problems.push(Problem::new(prediction.line, what));
        }
    }
    match problems.is_empty() {
        true => Ok(cells),
        false => Err(problems),
    }
}

struct Prediction {
    closed: Closed,
    line: usize,
    /// The line of its « retour ».
    met: Option<usize>,
}

struct Expansion<'a> {
    lab: &'a str,
    cells: Vec<Cell>,
    /// Questions whose answers have no cell yet.
    pending: Vec<(Closed, usize)>,
    predictions: BTreeMap<String, Prediction>,
    problems: Vec<Problem>,
}

impl Expansion<'_> {
    fn take(&mut self, cell: Cell, announced: &[String]) {
        match cell.options.role.clone() {
            Role::Closed { name, points, kind } => {
                if kind == Kind::Prediction {
                    self.flush();
                }
                match Closed::read(self.lab, &name, points, kind, &cell.source) {
                    Ok(closed) => self.add(cell, closed, kind),
                    Err(mistakes) => {
                        let at = |(line, what)| Problem::new(cell.line + line, what);
                        self.problems.extend(mistakes.into_iter().map(at));
                        // Told once: its « retour » is not a second mistake.
                        if kind == Kind::Prediction {
                            self.add_unread(name, points, cell.line);
                        }
                    }
                }
            }
            Role::Given if !cell.is_code() => {
                self.flush();
                self.split(cell, announced);
            }
            _ => {
                self.flush();
                if !cell.is_code() {
                    self.refuse_returns(&cell);
                }
                self.cells.push(cell);
            }
        }
    }

    fn add(&mut self, mut cell: Cell, closed: Closed, kind: Kind) {
        let line = cell.line;
        cell.source.clone_from(&closed.text);
        self.cells.push(cell);
        if kind == Kind::Prediction {
            self.cells.push(answer_cell(&[&closed], line));
            self.predictions.insert(
                closed.name.clone(),
                Prediction {
                    closed,
                    line,
                    met: None,
                },
            );
        } else {
            self.pending.push((closed, line));
        }
    }

    fn add_unread(&mut self, name: String, points: f64, line: usize) {
        let closed = Closed {
            question: tp_protocol::question::Question {
                id: String::new(),
                title: String::new(),
                points,
                kind: Kind::Prediction,
                letters: 0,
                choices: Vec::new(),
            },
            text: String::new(),
            name: name.clone(),
        };
        let prediction = Prediction {
            closed,
            line,
            met: Some(line),
        };
        self.predictions.insert(name, prediction);
    }

    /// Writes the cells of the questions that wait for them.
    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let Some((_, line)) = pending.first() else {
            return;
        };
        let questions: Vec<&Closed> = pending.iter().map(|(closed, _)| closed).collect();
        self.cells.push(answer_cell(&questions, *line));
        self.cells.push(check_cell(&questions, *line));
    }

    /// A text cell cut at its « retour » lines, where the predictions are met.
    fn split(&mut self, cell: Cell, announced: &[String]) {
        let prose: Vec<usize> = headings::prose(&cell.source)
            .into_iter()
            .filter(|(_, line)| returned(line).is_some())
            .map(|(index, _)| index)
            .collect();
        if prose.is_empty() {
            self.cells.push(cell);
            return;
        }
        let lines: Vec<&str> = cell.source.lines().collect();
        let mut from = 0;
        for &at in prose.iter().chain([&lines.len()]) {
            self.cells.extend(part(&cell, &lines[from..at], from));
            if let Some(name) = lines.get(at).and_then(|line| returned(line)) {
                self.meet(name, cell.line + at, announced);
            }
            from = at + 1;
        }
    }

    fn meet(&mut self, name: &str, line: usize, announced: &[String]) {
        let what = match self.predictions.get_mut(name) {
            Some(prediction) => match prediction.met.replace(line) {
                None => {
                    let check = check_cell(&[&prediction.closed], line);
                    self.cells.push(check);
                    return;
                }
                // The prediction could not be read: told already.
                Some(first) if first == prediction.line => return,
                Some(first) => {
                    format!("la prédiction « {name} » est déjà reprise à la ligne {first}.")
                }
            },
            None if announced.iter().any(|one| one == name) => {
                format!("la prédiction « {name} » est reprise avant d'être faite.")
            }
            None => format!("aucune prédiction ne s'appelle « {name} »."),
        };
        self.problems.push(Problem::new(line, what));
    }

    fn refuse_returns(&mut self, cell: &Cell) {
        for (line, text) in headings::prose(&cell.source) {
            if returned(text).is_some() {
                let what = "« retour » s'écrit dans le texte, hors de toute région.";
                self.problems.push(Problem::new(cell.line + line, what));
            }
        }
    }
}

/// The prediction that a line meets.
fn returned(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix("<!-- retour:")?;
    Some(name.strip_suffix("-->")?.trim())
}

/// Some lines of a text cell as a cell of their own; none when they are blank.
fn part(cell: &Cell, lines: &[&str], from: usize) -> Option<Cell> {
    let blank = |line: &&str| line.trim().is_empty();
    let first = lines.iter().position(|line| !blank(line))?;
    let last = lines.iter().rposition(|line| !blank(line))?;
    Some(Cell {
        source: lines[first..=last].join("\n"),
        line: cell.line + from + first,
        ..cell.clone()
    })
}

fn made(role: Role, source: String, line: usize) -> Cell {
    Cell {
        kind: "code".to_owned(),
        source,
        solution: None,
        id: String::new(),
        line,
        options: Options {
            role,
            tags: Vec::new(),
            given: false,
            report: None,
        },
    }
}

fn answer_cell(questions: &[&Closed], line: usize) -> Cell {
    let text = |answer: fn(&Closed) -> String| {
        let head = "// Écrivez votre réponse entre les guillemets, puis exécutez la cellule. « ? » : je ne sais pas.";
        let lines = questions
            .iter()
            .map(|closed| closed.assignment(&answer(closed)));
        [head.to_owned()]
            .into_iter()
            .chain(lines)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let role = Role::ClosedAnswer(first(questions));
    let mut cell = made(role, text(|_| String::new()), line);
    cell.solution = Some(text(Closed::key));
    cell
}

fn check_cell(questions: &[&Closed], line: usize) -> Cell {
    let calls = questions.iter().map(|closed| {
        let text = wrapped(&encode(&closed.question));
        format!("    question(\"\n{text}\n\", &{}),\n", closed.name)
    });
    let source = format!(
        "{{ use ::visages::notebook::{{question, questions}};\nquestions(&[\n{}])\n}}",
        calls.collect::<String>()
    );
    let points = questions.iter().map(|closed| closed.question.points).sum();
    let role = Role::ClosedCheck {
        name: first(questions),
        titles: questions
            .iter()
            .map(|closed| closed.question.title.clone())
            .collect(),
        points,
    };
    made(role, source, line)
}

fn first(questions: &[&Closed]) -> String {
    questions
        .first()
        .map(|closed| closed.name.clone())
        .unwrap_or_default()
}

/// A text of ASCII in lines.
fn wrapped(text: &str) -> String {
    let lines: Vec<String> = text
        .as_bytes()
        .chunks(WIDTH)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join("\n")
}
