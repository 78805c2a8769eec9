//! Check cells of closed questions: each answer is judged, explained, and gives its points.
//!
//! `tp publish` writes these calls; an author writes the question in the source of the lab. The text of a question holds its
//! choices as digests and what is said of them hidden: see [`tp_protocol::question`].
//!
//! ```
//! use tp_protocol::question::{Choice, Kind, Question, encode};
//! use visages::notebook::{question, questions};
//! # let choice = |answer: &str, right| Choice {
//! #     answer: answer.to_owned(), text: String::new(), right, explanation: String::new() };
//! # let text = encode(&Question { id: "tp0/q_sum".into(), title: "Somme".into(), points: 1.0,
//! #     kind: Kind::Number { tolerance: 0.0 }, letters: 0, choices: vec![choice("4", true)] });
//! let q_sum = "4";
//! let note = questions(&[question(&text, &q_sum)]);
//! assert_eq!(note.points(), 1.0);
//! ```

use std::fmt::Display;

use tp_protocol::question::{Judgement, Outcome, judge};

use super::{Grade, output::print_line};
use crate::french::compact;

/// A question and what the student answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `None` when the text of the question is damaged.
    judgement: Option<Judgement>,
}

/// Judges an answer (a text, a character or a number) by the text of its question.
pub fn question(text: &str, answer: &dyn Display) -> Answer {
    Answer {
        judgement: judge(text, &answer.to_string()),
    }
}

/// Tells what each answer is, and gives the points. As [`grade`](super::grade), the last expression of a check cell; nothing
/// is ever raised.
pub fn questions(answers: &[Answer]) -> Grade {
    let (mut points, mut max, mut earning) = (0.0, 0.0, 0_u32);
    for answer in answers {
        let Some(judgement) = &answer.judgement else {
            print_line(
                "✘ Cette question a été abîmée : reprenez cette cellule dans une copie neuve du TP.",
            );
            continue;
        };
        print_line(&judgement.text);
        points += judgement.points;
        max += judgement.max;
        earning += u32::from(matches!(
            judgement.outcome,
            Outcome::Right | Outcome::Recalled
        ));
    }
    let total = u32::try_from(answers.len()).unwrap_or(u32::MAX);
    let grade = Grade::of_answers(points, max, earning, total);
    print_line(&in_words(points, max));
    grade.announce();
    grade
}

/// « 1 point sur 2 »
fn in_words(points: f64, max: f64) -> String {
    let plural = if points < 2.0 { "" } else { "s" };
    format!("{} point{plural} sur {}", compact(points), compact(max))
}

#[cfg(test)]
mod tests {
    use tp_protocol::question::{Choice, Kind, Question, encode, letter};

    use super::*;

    fn text(kind: Kind, points: f64) -> String {
        let choices = (0..3).map(|index| Choice {
            answer: letter(index).to_string(),
            text: String::new(),
            right: index == 1,
            explanation: String::new(),
        });
        encode(&Question {
            id: "tp0/q_a".to_owned(),
            title: "Essai".to_owned(),
            points,
            kind,
            letters: 3,
            choices: choices.collect(),
        })
    }

    #[test]
    fn points_of_answers_are_added() {
        let (one, guess) = (text(Kind::One, 1.5), text(Kind::Prediction, 0.5));
        let given = |first: &dyn Display, second: &dyn Display| {
            let grade = questions(&[question(&one, first), question(&guess, second)]);
            (grade.points(), grade.max(), grade.passed(), grade.total())
        };
        assert_eq!(given(&"b", &"c"), (2.0, 2.0, 2, 2));
        assert_eq!(given(&'A', &"a".to_owned()), (0.5, 2.0, 1, 2));
        assert_eq!(given(&"?", &"?"), (0.0, 2.0, 0, 2));
        assert_eq!(given(&"", &12), (0.0, 2.0, 0, 2));
        assert_eq!(in_words(0.5, 2.0), "0,5 point sur 2");
        assert_eq!(in_words(2.0, 2.0), "2 points sur 2");
    }

    #[test]
    fn a_damaged_question_gives_nothing_and_raises_nothing() {
        let grade = questions(&[
            question("abîmé", &"A"),
            question(&text(Kind::One, 1.0), &"B"),
        ]);
        assert_eq!((grade.points(), grade.max(), grade.total()), (1.0, 1.0, 2));
        assert_eq!(questions(&[]).max(), 0.0);
    }
}
