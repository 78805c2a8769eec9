//! Closed questions of a notebook: the answer given, the choice that it is, whether it is right.

use tp_protocol::question::{Outcome, judge};

/// What is said of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Right.
    Right,
    /// Wrong.
    Wrong,
    /// « Je ne sais pas ».
    Unknown,
    /// A prediction: there is no wrong one.
    Predicted,
    /// No possible answer.
    Unreadable,
    /// Its check cell is no longer that of the lab.
    Unjudged,
    /// There is none.
    Empty,
}

impl Judged {
    /// What the page says.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Right => "✔ juste",
            Self::Wrong => "✘ faux",
            Self::Unknown => "○ je ne sais pas",
            Self::Predicted => "prédiction faite",
            Self::Unreadable => "○ ce n’est pas une réponse possible",
            Self::Unjudged => {
                "○ non jugée : la vérification de cette question est absente ou modifiée"
            }
            Self::Empty => "○ sans réponse",
        }
    }
}

/// The questions that a check cell judges, in order: their name and their text ([`tp_protocol::question`]).
pub fn questions(check: &str) -> Vec<(String, String)> {
    let calls = check.split("question(\"").skip(1);
    let read = calls.filter_map(|call| {
        let (text, rest) = call.split_once('"')?;
        let (_, name) = rest.split_once('&')?;
        Some((word(name).to_owned(), text.to_owned()))
    });
    read.filter(|(name, _)| !name.is_empty()).collect()
}

/// The answers that a cell gives, name and answer, in order: `let q_name = "B";`.
pub fn answers(source: &str) -> Vec<(String, String)> {
    let lines = source.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("let ")?.trim_start();
        let name = word(rest);
        let (_, value) = rest.split_once('=')?;
        let value = match value.split_once('"') {
            Some((_, quoted)) => quoted.split('"').next().unwrap_or_default(),
            None => value.split(';').next().unwrap_or_default(),
        };
        Some((name.to_owned(), value.trim().to_owned()))
    });
    lines.collect()
}

/// Whether an answer is right, by the text of its question.
pub fn judged(text: Option<&str>, answer: &str) -> Judged {
    if answer.trim().is_empty() {
        return Judged::Empty;
    }
    let outcome = text
        .and_then(|text| judge(text, answer))
        .map(|judgement| judgement.outcome);
    match outcome {
        None => Judged::Unjudged,
        Some(Outcome::Empty) => Judged::Empty,
        Some(Outcome::Unreadable) => Judged::Unreadable,
        Some(Outcome::Unknown) => Judged::Unknown,
        Some(Outcome::Wrong) => Judged::Wrong,
        Some(Outcome::Right) => Judged::Right,
        Some(Outcome::Recalled) => Judged::Predicted,
    }
}

/// What the lab says of a prediction when it is met, a line for each of its sentences; nothing of another question.
pub fn met(text: &str, answer: &str) -> Vec<String> {
    let outcome = |answer: &str| judge(text, answer).map(|judgement| judgement.outcome);
    // Any letter tells the kind: only a prediction is recalled.
    let is_prediction = outcome("A") == Some(Outcome::Recalled);
    let Some(said) = judge(text, answer).filter(|_| is_prediction) else {
        return Vec::new();
    };
    match said.outcome {
        // The first line is the answer, which the reader has.
        Outcome::Recalled | Outcome::Unknown => said
            .text
            .lines()
            .skip(1)
            .map(|line| line.trim().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

/// The choices of a statement that an answer of letters names, in its order: « La cellule ne compile pas. ».
pub fn choices(statement: &str, answer: &str) -> Vec<String> {
    let of_letter = |letter: char| {
        statement.lines().find_map(|line| {
            let (found, text) = line.strip_prefix("- **")?.split_once(".**")?;
            (found == letter.to_string()).then(|| text.trim().to_owned())
        })
    };
    let letters = answer.chars().filter(|c| c.is_alphabetic());
    let found: Option<Vec<String>> = letters.map(|c| of_letter(c.to_ascii_uppercase())).collect();
    found.unwrap_or_default()
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use tp_protocol::question::{Choice, Kind, Question, encode};

    fn sealed(kind: Kind) -> String {
        let choice = |answer: &str, right| Choice {
            answer: answer.to_owned(),
            text: "texte".to_owned(),
            right,
            explanation: "car".to_owned(),
        };
        encode(&Question {
            id: "tp9/q_a".to_owned(),
            title: "Titre".to_owned(),
            points: 1.0,
            kind,
            letters: 2,
            choices: vec![choice("A", false), choice("B", true)],
        })
    }

    #[test]
    fn answers_are_judged_by_the_text_of_the_check() {
        let text = sealed(Kind::One);
        let check = format!(
            "{{ use ::visages::notebook::{{question, questions}};\nquestions(&[\n    question(\"\n{text}\n\", &q_a),\n])\n}}"
        );
        let found = questions(&check);
        assert_eq!((found.len(), found[0].0.as_str()), (1, "q_a"));
        let text = Some(found[0].1.as_str());
        assert_eq!(judged(text, "b"), Judged::Right);
        assert_eq!(judged(text, "A"), Judged::Wrong);
        assert_eq!(judged(text, "?"), Judged::Unknown);
        assert_eq!(judged(text, "Z"), Judged::Unreadable);
        assert_eq!(judged(text, " "), Judged::Empty);
        assert_eq!(judged(Some("modifié"), "B"), Judged::Unjudged);
        assert_eq!(judged(None, "B"), Judged::Unjudged);
        assert_eq!(
            judged(Some(&sealed(Kind::Prediction)), "A"),
            Judged::Predicted
        );
    }

    #[test]
    fn the_outcome_of_a_prediction_is_told_and_no_other_explanation() {
        let text = sealed(Kind::Prediction);
        assert_eq!(met(&text, "a"), ["car"]);
        // « Je ne sais pas »: what was to be expected.
        assert_eq!(met(&text, "?"), ["car"]);
        assert!(met(&text, "").is_empty() && met(&text, "Z").is_empty());
        assert!(met(&sealed(Kind::One), "A").is_empty());
        assert!(met("modifié", "A").is_empty());
    }

    #[test]
    fn answers_are_read_as_students_write_them() {
        let source = "// let q_z = \"A\";\nlet q_a = \" B \"; // Titre : « une lettre »\nlet q_b: &str=\"\";\nlet q_c = C;";
        let found = answers(source);
        let pairs: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(pairs, [("q_a", "B"), ("q_b", ""), ("q_c", "C")]);
        let statement = "Quoi ?\n\n- **A.** Un `tenseur`.\n- **B.** Rien.\n- **?** Je ne sais pas.";
        assert_eq!(choices(statement, "b."), ["Rien."]);
        assert_eq!(choices(statement, "BA"), ["Rien.", "Un `tenseur`."]);
        assert!(choices(statement, "C").is_empty() && choices(statement, "12").is_empty());
    }
}
