//! What a report holds, and what is missing in it.

use serde_json::Value;

use super::closed::Judged;
use super::told::Told;

/// What the code to write is, in a student's copy.
const TODO: &str = "todo!(\"À FAIRE\")";

/// A lab's notebook, read for its report.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// « tp5 ».
    pub lab: String,
    /// The title of the lab.
    pub title: String,
    /// The students, where the notebook's metadata name its authors.
    pub authors: Vec<String>,
    /// What the session says of itself: preset, device, seed, data.
    pub session: Option<String>,
    /// The day of the last execution, in French, where Jupyter notes it.
    pub day: Option<String>,
    /// Whether any cell was executed.
    pub executed: bool,
    /// The values that the lab invites to change, as the student left them.
    pub zones: Vec<String>,
    /// The lines that the class pools, as cells printed them.
    pub class_lines: Vec<String>,
    /// Exercises, questions, figures, in order.
    pub entries: Vec<Entry>,
    /// The automatic checks, in order.
    pub checks: Vec<Check>,
    /// When what is to be handed in.
    pub deadlines: Vec<Deadline>,
}

/// One thing of the report.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The part of the lab where it stands, in Markdown.
    pub section: String,
    /// Its heading, in Markdown.
    pub heading: String,
    /// What it holds.
    pub body: Body,
}

/// What an entry holds.
#[derive(Debug, Clone)]
pub enum Body {
    /// Code that the student writes.
    Exercise {
        /// Name and code of each of its cells.
        cells: Vec<(String, String)>,
    },
    /// A closed question.
    Closed {
        /// The variable of its answer.
        name: String,
        /// What is asked, with its choices, in Markdown.
        statement: String,
        /// The answer given.
        answer: String,
        /// The choices that its letters name, in Markdown and in its order.
        choices: Vec<String>,
        /// Whether it is right.
        judged: Judged,
        /// Of a prediction that the notebook has met: what the lab says of it, in Markdown.
        met: Vec<String>,
    },
    /// A written answer.
    Open {
        /// Its name.
        name: String,
        /// What is asked, in Markdown.
        statement: String,
        /// The answer, in Markdown; empty when nothing was written.
        answer: String,
        /// The pictures pasted in the answer.
        attachments: Value,
        /// What a person can give for it.
        points: f64,
    },
    /// Free work, in cells that the student adds.
    Task {
        /// Its name.
        name: String,
        /// What is asked, in Markdown.
        statement: String,
        /// The student's own cells: the text (with its pictures) or the outputs of each.
        cells: Vec<Own>,
        /// What a person can give for it.
        points: f64,
    },
    /// Outputs that the lab or the student chose.
    Figure {
        /// They.
        outputs: Vec<Value>,
    },
}

/// A cell that a student added.
#[derive(Debug, Clone)]
pub enum Own {
    /// Text and its pictures.
    Text(String, Value),
    /// Code and its outputs.
    Code(String, Vec<Value>),
}

/// An automatic check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The exercise, or the first question, that it checks.
    pub name: String,
    /// What it can give.
    pub max: f64,
    /// What its outputs tell.
    pub told: Told,
}

/// A hand-in, as `tp publish` notes it in the notebook (`publish/deadlines.rs`).
#[derive(Debug, Clone, PartialEq)]
pub struct Deadline {
    /// In the author's words.
    pub when: String,
    /// Name, label (« question 3 ») and points of each of its parts.
    pub parts: Vec<(String, String, f64)>,
}

impl Entry {
    /// The names of what it answers.
    pub fn names(&self) -> Vec<&str> {
        match &self.body {
            Body::Exercise { cells } => cells.iter().map(|(name, _)| name.as_str()).collect(),
            Body::Closed { name, .. } | Body::Open { name, .. } | Body::Task { name, .. } => {
                vec![name]
            }
            Body::Figure { .. } => Vec::new(),
        }
    }

    /// What is missing in it, in French; `None` when something was written.
    pub fn lack(&self) -> Option<&'static str> {
        match &self.body {
            Body::Exercise { cells } => cells
                .iter()
                .any(|(_, code)| code.contains(TODO) || code.trim().is_empty())
                .then_some("du code reste à écrire"),
            Body::Closed { judged, .. } => {
                (*judged == Judged::Empty).then_some("aucun choix n'est fait")
            }
            Body::Open { answer, .. } => answer.is_empty().then_some("la réponse reste à écrire"),
            Body::Task { cells, .. } => cells.is_empty().then_some("aucune cellule n'est ajoutée"),
            Body::Figure { outputs } => outputs
                .is_empty()
                .then_some("la cellule qui l'affiche n'a pas été exécutée"),
        }
    }
}

impl Report {
    /// The entries where nothing was written: their place among the entries and what is missing.
    pub fn lacks(&self) -> Vec<(usize, &'static str)> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter_map(|(index, entry)| Some((index, entry.lack()?)))
            .collect()
    }

    /// The entry that answers to a name.
    pub fn entry(&self, name: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.names().contains(&name))
    }

    /// The points that the outputs of the checks tell, and what all checks can give.
    pub fn points(&self) -> (f64, f64) {
        let told = self.checks.iter().map(|check| match check.told {
            Told::Points(points) => points,
            Told::Stopped | Told::Unclear | Told::NotRun => 0.0,
        });
        (told.sum(), self.checks.iter().map(|check| check.max).sum())
    }

    /// What the whole lab can give.
    pub fn total(&self) -> f64 {
        self.points().1 + self.by_hand()
    }

    /// The points that a person gives.
    pub fn by_hand(&self) -> f64 {
        let given = self.entries.iter().map(|entry| match entry.body {
            Body::Open { points, .. } | Body::Task { points, .. } => points,
            Body::Exercise { .. } | Body::Closed { .. } | Body::Figure { .. } => 0.0,
        });
        given.sum()
    }
}
