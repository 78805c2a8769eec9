//! How long a lab is: what its student reads, writes and answers, the minutes that it takes, and what it may be.
//!
//! The limits and the formula of the minutes are those of the design (5.1). A companion notebook (« tp5b ») has none: its
//! figures are told all the same.

use super::headings;
use super::markers;
use super::master::Cell;
use super::options::Role;
use super::spaces::verbatim;
use crate::french::{counted, decimal, fixed, grouped};

/// Minutes of the formula: words a minute, then minutes for each thing.
const WORDS_A_MINUTE: f64 = 150.0;
const HOLE: f64 = 10.0;
const CLOSED: f64 = 2.0;
const OPEN: f64 = 5.0;

/// The heading below which a lab is done at home: its minutes are no longer those of the session.
const HOME: &str = "## À la maison";

/// Longest version courte.
const SHORT: f64 = 135.0;

/// Share of the points that a person gives.
const BY_HAND: [f64; 2] = [0.20, 0.30];

/// Words of a sentence: on average, at most.
const SENTENCE: [usize; 2] = [25, 35];

/// What a lab holds, for its student.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Budget {
    /// Words to read.
    pub words: usize,
    /// Code cells, without checks and the cells of closed questions.
    pub code: usize,
    /// Solutions to write.
    pub holes: usize,
    /// Of which the short version gives.
    pub given: usize,
    /// Closed questions and predictions.
    pub closed: usize,
    /// Answers and tasks that a person grades.
    pub open: usize,
    /// All points.
    pub points: f64,
    /// Points that a person gives.
    pub by_hand: f64,
    /// Minutes of machine, where the source says them.
    pub machine: Option<f64>,
    /// Minutes of what is done at home, without machine.
    pub home: f64,
    /// Sentences, and their words.
    sentences: [usize; 2],
    /// Words and beginning of the longest sentence.
    longest: (usize, String),
}

/// What a lab may be.
#[derive(Debug, Clone, Copy)]
struct Limits {
    words: usize,
    code: usize,
    holes: usize,
    questions: usize,
    open: usize,
    minutes: f64,
}

impl Limits {
    /// The limits of a lab (« tp5 »); a companion (« tp5b ») has none.
    fn of(lab: &str) -> Option<Self> {
        let core = Self {
            words: 3_500,
            code: 45,
            holes: 8,
            questions: 15,
            open: 4,
            minutes: 180.0,
        };
        match lab {
            "tp5" => Some(Self {
                words: 5_000,
                holes: 18,
                questions: 24,
                open: 6,
                minutes: 240.0,
                ..core
            }),
            _ if lab.ends_with(|c: char| c.is_ascii_digit()) => Some(core),
            _ => None,
        }
    }
}

impl Budget {
    /// Counts the cells of a lab.
    pub(super) fn of(cells: &[Cell], machine: Option<f64>) -> Self {
        let mut budget = Self {
            machine,
            ..Self::default()
        };
        let mut session = None;
        for cell in cells {
            if !cell.is_code() && cell.source.lines().any(|line| line.trim_end() == HOME) {
                session.get_or_insert(budget.work());
            }
            budget.points += cell.options.role.points().unwrap_or(0.0);
            match cell.options.role {
                Role::Given if cell.is_code() => budget.code += 1,
                Role::Exercise(_) => {
                    budget.code += 1;
                    let holes = markers::holes(&cell.source);
                    budget.holes += holes;
                    if cell.options.given {
                        budget.given += holes;
                    }
                }
                Role::Closed { .. } => budget.closed += 1,
                Role::Answer { points, .. } | Role::Task { points, .. } if points > 0.0 => {
                    budget.open += 1;
                    budget.by_hand += points;
                }
                _ => {}
            }
            if !cell.is_code() && cell.options.role != Role::SolutionOnly {
                budget.read(&markers::student_text(&cell.source, &cell.options.role));
            }
        }
        budget.home = session.map_or(0.0, |session| budget.work() - session);
        budget
    }

    /// Minutes of reading, writing and answering, by the formula.
    fn work(&self) -> f64 {
        self.words as f64 / WORDS_A_MINUTE
            + HOLE * self.holes as f64
            + CLOSED * self.closed as f64
            + OPEN * self.open as f64
    }

    fn read(&mut self, text: &str) {
        let text = readable(text);
        let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
        self.words += text.split_whitespace().filter(is_word).count();
        for sentence in sentences(&text) {
            let count = sentence
                .iter()
                .copied()
                .filter(|word| is_word(word))
                .count();
            self.sentences[0] += 1;
            self.sentences[1] += count;
            if count > self.longest.0 {
                let begins: Vec<&str> = sentence.iter().copied().take(6).collect();
                self.longest = (count, begins.join(" "));
            }
        }
    }

    /// Minutes of the session for a student.
    pub fn minutes(&self) -> f64 {
        self.work() - self.home + self.machine.unwrap_or(0.0)
    }

    /// Minutes of the short version.
    pub fn short_minutes(&self) -> f64 {
        self.minutes() - HOLE * self.given as f64
    }

    /// The budget in French, with ✘ beside what exceeds it.
    pub fn lines(&self, lab: &str) -> Vec<String> {
        let limits = Limits::of(lab);
        let count = |name: &str, value: usize, limit: fn(&Limits) -> usize| {
            let shown = grouped(value as u64);
            match limits.as_ref().map(limit) {
                None => format!("{name} {shown}"),
                Some(most) => {
                    let mark = failed(value > most);
                    format!("{name} {shown} sur {}{mark}", grouped(most as u64))
                }
            }
        };
        let share = match self.points > 0.0 {
            true => self.by_hand / self.points,
            false => 0.0,
        };
        let outside = limits.is_some() && !(BY_HAND[0]..=BY_HAND[1]).contains(&share);
        let first = [
            count("mots", self.words, |most| most.words),
            count("cellules de code", self.code, |most| most.code),
            count("trous", self.holes, |most| most.holes),
            count("questions", self.closed + self.open, |most| most.questions),
            count("dont ouvertes", self.open, |most| most.open),
            format!(
                "points à la main {} sur {}, soit {} %{}",
                decimal(self.by_hand, 2),
                decimal(self.points, 2),
                fixed(100.0 * share, 0),
                failed(outside)
            ),
        ];
        let machine = match self.machine {
            Some(minutes) => format!("machine {} min", decimal(minutes, 1)),
            None => "machine non déclarée".to_owned(),
        };
        let home = match self.home > 0.0 {
            true => format!(" en séance, {} à la maison", clock(self.home)),
            false => String::new(),
        };
        let too_long = limits.is_some_and(|most| self.minutes() > most.minutes + 1e-9);
        let most = limits.map_or(String::new(), |most| {
            format!(" sur {}", clock(most.minutes))
        });
        let short = match self.given {
            0 => "version courte : aucun exercice donné".to_owned(),
            given => format!(
                "version courte {}{} ({})",
                clock(self.short_minutes()),
                failed(limits.is_some() && self.short_minutes() > SHORT + 1e-9),
                counted(given, "trou donné")
            ),
        };
        let mut lines = vec![
            first.join(" · "),
            format!(
                "durée {}{most}{}{home} ({machine}) · {short}",
                clock(self.minutes()),
                failed(too_long)
            ),
        ];
        let [sentences, words] = self.sentences;
        if sentences > 0 {
            let mean = words as f64 / sentences as f64;
            let (longest, begins) = &self.longest;
            lines.push(format!(
                "phrases de {} mots en moyenne{} · la plus longue {longest}{} (« {begins}… »)",
                fixed(mean, 0),
                failed(mean > SENTENCE[0] as f64),
                failed(*longest > SENTENCE[1])
            ));
        }
        lines
    }
}

/// The mark of what exceeds.
const fn failed(exceeds: bool) -> &'static str {
    match exceeds {
        true => " ✘",
        false => "",
    }
}

/// « 3 h 05 », « 45 min »
pub(super) fn clock(minutes: f64) -> String {
    let minutes = minutes.round().max(0.0) as u64;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes:02}"),
    }
}

/// A text as it is read: a piece of code and a formula are a word, what is not shown is nothing.
fn readable(text: &str) -> String {
    let prose: Vec<&str> = headings::prose(text)
        .into_iter()
        .map(|(_, line)| line)
        .collect();
    let text = prose.join("\n");
    let mut read = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        let kept = verbatim(rest, read.ends_with('\n') || read.is_empty());
        match next {
            '`' | '$' if kept > 1 => read.push_str("code"),
            '<' | ']' | '|' if kept > 0 => {}
            '\\' => read.extend(rest.chars().nth(1)),
            _ => read.push(next),
        }
        rest = &rest[kept.max(next.len_utf8())..];
    }
    read
}

/// The sentences of a readable text, as words; headings and tables hold none.
fn sentences(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let begins_item = line.starts_with("- ") || line.starts_with("* ") || is_numbered(line);
        if line.is_empty() || begins_item || line.starts_with(['#', '|']) {
            words.clear();
        }
        if line.starts_with(['#', '|']) {
            continue;
        }
        for word in line.split_whitespace() {
            words.push(word);
            if ends(word) {
                found.push(std::mem::take(&mut words));
            }
        }
    }
    found
}

/// « 1. », « 2) » at the beginning of a line.
fn is_numbered(line: &str) -> bool {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    digits > 0 && line[digits..].starts_with(['.', ')'])
}

/// Whether a word ends a sentence.
fn ends(word: &str) -> bool {
    let word = word.trim_end_matches(['»', ')', '*', '_', '"', '”', '\u{202f}', '\u{a0}']);
    let Some(stem) = word.strip_suffix(['.', '!', '?', '…']) else {
        return false;
    };
    // Initials and abbreviations do not; « ? » alone does.
    let is_abbreviation = word.ends_with('.')
        && (stem.chars().count() <= 1 || ["ex", "cf", "art", "al", "etc", "vol"].contains(&stem));
    !is_abbreviation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_counted() {
        let mut budget = Budget::default();
        budget.read("# Un titre\n\nDeux mots et `du code . ici` et $x . y$. Est-ce vrai ?\n\n```text\nrien\n```\n\n| a | b |\n|---|---|\n\n- [Un lien](http://x.fr/a.b) ;\n- fin p. 3 du livre.");
        // Un titre | Deux mots et code et code | Est-ce vrai | a b | Un lien | fin p du livre
        assert_eq!(budget.words, 2 + 6 + 2 + 2 + 2 + 4);
        assert_eq!(budget.sentences, [3, 6 + 2 + 4]);
        assert_eq!(budget.longest, (6, "Deux mots et code et code.".to_owned()));
    }

    #[test]
    fn what_exceeds_is_marked() {
        let budget = Budget {
            words: 1_500,
            code: 46,
            holes: 8,
            given: 6,
            closed: 10,
            open: 4,
            points: 20.0,
            by_hand: 7.0,
            machine: Some(10.0),
            home: 0.0,
            sentences: [2, 60],
            longest: (36, "Il était une fois".to_owned()),
        };
        assert_eq!(budget.minutes(), 10.0 + 80.0 + 20.0 + 20.0 + 10.0);
        let lines = budget.lines("tp1");
        assert_eq!(
            lines[0],
            "mots 1\u{202f}500 sur 3\u{202f}500 · cellules de code 46 sur 45 ✘ · trous 8 sur 8 · questions 14 sur 15 · dont ouvertes 4 sur 4 · points à la main 7 sur 20, soit 35 % ✘"
        );
        assert_eq!(
            lines[1],
            "durée 2 h 20 sur 3 h (machine 10 min) · version courte 1 h 20 (6 trous donnés)"
        );
        assert_eq!(
            lines[2],
            "phrases de 30 mots en moyenne ✘ · la plus longue 36 ✘ (« Il était une fois… »)"
        );
        let with_home = Budget {
            home: 30.0,
            ..budget.clone()
        };
        assert!(
            with_home.lines("tp1")[1]
                .starts_with("durée 1 h 50 sur 3 h en séance, 30 min à la maison (machine")
        );
        // A companion has no limits, but its sentences are read as well.
        assert!(!budget.lines("tp1b")[..2].concat().contains('✘'));
        assert!(budget.lines("tp1b")[2].contains('✘'));
        assert!(budget.lines("tp5")[0].contains("trous 8 sur 18"));
        assert_eq!(clock(60.0), "1 h");
        assert_eq!(clock(45.4), "45 min");
    }
}
