//! A closed question as its author writes it in a region: a heading, what is asked, the choices with their explanations.

use tp_protocol::question::{Choice, Kind, Question, letter, letters, number};

use super::{headings, spaces};

/// A closed question, read from its region.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// What the check cell judges by.
    pub question: Question,
    /// What the student reads: the heading, the statement and the choices, without key nor explanations.
    pub text: String,
    /// The name of the variable that holds the answer.
    pub name: String,
}

/// A mistake: the line in the region, from 0, and what is wrong.
type Mistake = (usize, String);

/// An item of the list of choices.
#[derive(Debug)]
struct Item {
    line: usize,
    right: bool,
    letter: Option<char>,
    text: String,
    explanation: Option<String>,
}

impl Closed {
    /// Reads the text of a region.
    ///
    /// # Errors
    /// Every mistake.
    pub fn read(
        lab: &str,
        name: &str,
        points: f64,
        kind: Kind,
        source: &str,
    ) -> Result<Self, Vec<Mistake>> {
        let lines: Vec<&str> = source.lines().collect();
        let title = title(&lines, kind).map_err(|mistake| vec![mistake])?;
        let start = list_start(&lines);
        let items = items(&lines, start);
        let mistakes = mistakes(&items, kind, start.min(lines.len().saturating_sub(1)));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let lettered = items.iter().filter(|item| item.letter.is_some()).count();
        let question = Question {
            id: format!("{lab}/{name}"),
            title: plain(&title),
            points,
            kind,
            letters: lettered,
            choices: items
                .iter()
                .filter(|item| kind != Kind::Order || item.letter.is_none())
                .map(choice)
                .collect(),
        };
        let mut text = lines[..start].join("\n").trim_end().to_owned();
        text.push_str(&shown(&items, kind));
        Ok(Self {
            question,
            text,
            name: name.to_owned(),
        })
    }

    /// The answer that the solution gives: the right one, or the first choice of a prediction that marks none.
    pub fn key(&self) -> String {
        let right: Vec<&str> = self
            .question
            .choices
            .iter()
            .filter(|choice| choice.right)
            .map(|choice| choice.answer.as_str())
            .collect();
        match (right.is_empty(), self.question.choices.first()) {
            (true, Some(first)) => first.answer.clone(),
            _ => right.join(", "),
        }
    }

    /// The line of the answer cell.
    pub fn assignment(&self, answer: &str) -> String {
        let waits = match self.question.kind {
            Kind::One => "une lettre",
            Kind::Several => "une ou plusieurs lettres",
            Kind::Number { .. } => "un nombre",
            Kind::Order => "les lettres dans l'ordre",
            Kind::Prediction => "une lettre, avant d'exécuter la suite",
        };
        let Self { name, question, .. } = self;
        format!("let {name} = \"{answer}\"; // {} : {waits}", question.title)
    }
}

/// The title of a question: what follows « Question · » in the heading that begins its region.
fn title(lines: &[&str], kind: Kind) -> Result<String, Mistake> {
    let wanted = match kind {
        Kind::Prediction => headings::Word::Prediction,
        _ => headings::Word::Question,
    };
    let first = lines
        .iter()
        .enumerate()
        .find(|(_, line)| !line.trim().is_empty());
    let found = first.and_then(|(_, line)| headings::numbered(line));
    match found {
        Some(heading) if heading.word == wanted => Ok(heading.title.to_owned()),
        _ => {
            let line = first.map_or(0, |(line, _)| line);
            let word = wanted.in_words();
            Err((
                line,
                format!("cette région commence par son titre : « #### {word} · Titre »."),
            ))
        }
    }
}

/// The line at which the list that ends a region begins.
fn list_start(lines: &[&str]) -> usize {
    let in_list = |line: &str| {
        line.trim().is_empty() || line.starts_with("- ") || line.starts_with(char::is_whitespace)
    };
    let after = lines
        .iter()
        .rposition(|line| !in_list(line))
        .map_or(0, |last| last + 1);
    lines[after..]
        .iter()
        .position(|line| line.starts_with("- "))
        .map_or(lines.len(), |first| after + first)
}

fn items(lines: &[&str], start: usize) -> Vec<Item> {
    let mut texts: Vec<(usize, String)> = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(start) {
        match (line.strip_prefix("- "), texts.last_mut()) {
            (Some(text), _) => texts.push((index, text.trim().to_owned())),
            (None, Some((_, text))) if !line.trim().is_empty() => {
                text.push(' ');
                text.push_str(line.trim());
            }
            (None, _) => {}
        }
    }
    texts
        .into_iter()
        .map(|(line, text)| item(line, &text))
        .collect()
}

fn item(line: usize, text: &str) -> Item {
    let marked = |text: &mut &str| {
        let rest = text.strip_prefix('✔');
        if let Some(rest) = rest {
            *text = rest.trim_start();
        }
        rest.is_some()
    };
    let mut rest = text;
    let mut right = marked(&mut rest);
    let mut characters = rest.chars();
    let letter = match (characters.next(), characters.next(), characters.next()) {
        (Some(letter), Some('.'), Some(' ')) if letter.is_ascii_uppercase() => Some(letter),
        _ => None,
    };
    if letter.is_some() {
        rest = rest[2..].trim_start();
        right |= marked(&mut rest);
    }
    let (text, explanation) = match rest.split_once(" — ") {
        Some((text, explanation)) => (text, Some(explanation.trim().to_owned())),
        None => (rest, None),
    };
    Item {
        line,
        right,
        letter,
        text: text.trim().to_owned(),
        explanation: explanation.filter(|text| !text.is_empty()),
    }
}

fn mistakes(items: &[Item], kind: Kind, end: usize) -> Vec<Mistake> {
    let mut found = Vec::new();
    let lettered: Vec<&Item> = items.iter().filter(|item| item.letter.is_some()).collect();
    let bare: Vec<&Item> = items.iter().filter(|item| item.letter.is_none()).collect();
    let (choices, stray): (&[&Item], &[&Item]) = match kind {
        Kind::One | Kind::Several | Kind::Prediction => (&lettered, &bare),
        Kind::Number { .. } => (&bare, &lettered),
        Kind::Order => (&bare, &[]),
    };
    for item in stray {
        let what = match kind {
            Kind::Number { .. } => {
                "les réponses d'une question « nombre » n'ont pas de lettre : « - ✔ 0,31 — explication »."
            }
            _ => "un choix commence par sa lettre : « - A. Texte du choix. — Explication. ».",
        };
        found.push((item.line, what.to_owned()));
    }
    for (index, item) in lettered.iter().enumerate() {
        let wanted = letter(index);
        if item.letter != Some(wanted) {
            let what = format!(
                "ce choix porte la lettre {}, alors que {wanted} est attendue.",
                item.letter.unwrap_or('?')
            );
            found.push((item.line, what));
            break;
        }
        if item.text.is_empty() {
            let what = format!("le choix {wanted} n'a pas de texte.");
            found.push((item.line, what));
        }
        if item.text.to_lowercase().starts_with("je ne sais pas") {
            let what = "« je ne sais pas » est ajouté à chaque question par la publication.";
            found.push((item.line, what.to_owned()));
        }
        if kind == Kind::Order && (item.explanation.is_some() || item.right) {
            let what = "une chose à ranger n'a ni « ✔ » ni explication : « - A. la moyenne ».";
            found.push((item.line, what.to_owned()));
        }
    }
    for item in choices {
        match &item.explanation {
            None => {
                let what = "ce choix n'a pas d'explication : ajoutez-la après « — ».";
                found.push((item.line, what.to_owned()));
            }
            Some(text) if outside_code(text).contains('$') => {
                let what = "une explication s'affiche sous une cellule, où les formules entre « $ » ne sont pas composées : écrivez-la en caractères.";
                found.push((item.line, what.to_owned()));
            }
            Some(_) => {}
        }
    }
    let fewest = match kind {
        Kind::Number { .. } => 1,
        _ => 2,
    };
    let listed = match kind {
        Kind::Order => lettered.len(),
        _ => choices.len(),
    };
    if found.is_empty() && listed < fewest {
        let what = match kind {
            Kind::Number { .. } => {
                "cette question n'a pas de réponse : « - ✔ 0,31 — explication »."
            }
            Kind::Order => "il faut au moins deux choses à ranger : « - A. la moyenne ».",
            _ => "il faut au moins deux choix : « - A. Texte du choix. — Explication. ».",
        };
        found.push((end, what.to_owned()));
    }
    let right: Vec<&&Item> = choices.iter().filter(|item| item.right).collect();
    match (kind, &right[..]) {
        (Kind::Prediction, [] | [_]) | (Kind::Several, [_, ..]) | (_, [_]) => {}
        (_, []) => {
            let what = "aucun choix n'est marqué « ✔ ».";
            found.push((
                choices.first().map_or(end, |item| item.line),
                what.to_owned(),
            ));
        }
        (_, [.., last]) => {
            let what = "deux choix sont marqués « ✔ » : ajoutez sorte=\"plusieurs\" s'ils sont justes tous les deux.";
            found.push((last.line, what.to_owned()));
        }
    }
    if found.is_empty() {
        found.extend(answers(choices, kind, lettered.len()));
    }
    found
}

/// Numbers and orders that cannot be read, or stand twice.
fn answers(choices: &[&Item], kind: Kind, count: usize) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut values: Vec<f64> = Vec::new();
    let mut orders: Vec<Vec<char>> = Vec::new();
    for item in choices {
        match kind {
            Kind::Number { tolerance } => match number(&item.text) {
                None => {
                    let what = format!(
                        "« {} » ne se lit pas comme un nombre : écrivez-le en chiffres, comme « 0,31 » ou « 131 072 ».",
                        item.text
                    );
                    found.push((item.line, what));
                }
                Some(value) if values.iter().any(|one| (one - value).abs() <= tolerance) => {
                    let what = format!(
                        "« {} » ne se distingue pas d'un autre nombre, à la tolérance près.",
                        item.text
                    );
                    found.push((item.line, what));
                }
                Some(value) => values.push(value),
            },
            Kind::Order => {
                let order = letters(&item.text, count).unwrap_or_default();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                sorted.dedup();
                if order.len() != count || sorted.len() != count {
                    let what = format!(
                        "« {} » n'est pas un ordre : chaque lettre y est une fois, comme « C A B ».",
                        item.text
                    );
                    found.push((item.line, what));
                } else if orders.contains(&order) {
                    found.push((item.line, "cet ordre est donné deux fois.".to_owned()));
                } else {
                    orders.push(order);
                }
            }
            Kind::One | Kind::Several | Kind::Prediction => {}
        }
    }
    found
}

fn choice(item: &Item) -> Choice {
    let (answer, text) = match item.letter {
        Some(letter) => (letter.to_string(), plain(&item.text)),
        // A number stays as its author wrote it: it goes into code.
        None => (item.text.clone(), String::new()),
    };
    Choice {
        answer,
        text,
        right: item.right,
        explanation: plain(item.explanation.as_deref().unwrap_or_default()),
    }
}

/// What the student sees of the choices.
fn shown(items: &[Item], kind: Kind) -> String {
    let list: Vec<String> = items
        .iter()
        .filter_map(|item| Some(format!("- **{}.** {}", item.letter?, item.text)))
        .collect();
    let how = match kind {
        Kind::One | Kind::Prediction => None,
        Kind::Several => Some("*Plusieurs choix peuvent être justes.*"),
        Kind::Number { .. } => Some("*La réponse est un nombre.*"),
        Kind::Order => Some("*La réponse est la suite des lettres, dans l'ordre.*"),
    };
    let mut text = String::new();
    if let Some(how) = how {
        text.push_str(&format!("\n\n{how}"));
    }
    if !list.is_empty() {
        text.push_str(&format!("\n\n{}", list.join("\n")));
        let doubt = "**?** Je ne sais pas.";
        match kind {
            Kind::Order => {}
            _ => text.push_str(&format!("\n- {doubt}")),
        }
    }
    text
}

/// A text without what Markdown makes of it: explanations are shown as they are.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for (index, piece) in text.split('`').enumerate() {
        if index > 0 {
            plain.push('`');
        }
        match index % 2 {
            0 => plain.push_str(&without_links(piece).replace('*', "")),
            _ => plain.push_str(piece),
        }
    }
    spaces::no_break(&plain)
}

/// `[text](target)` as its text alone.
fn without_links(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after
            .split_once("](")
            .and_then(|(label, target)| Some((label, target.split_once(')')?.1)));
        kept.push_str(before);
        match link {
            Some((label, after)) => {
                kept.push_str(label);
                rest = after;
            }
            None => {
                kept.push('[');
                rest = after;
            }
        }
    }
    kept + rest
}

/// A text without its pieces of code.
fn outside_code(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use tp_protocol::question::{Outcome, encode, judge};

    use super::*;

    fn read(kind: Kind, text: &str) -> Result<Closed, Vec<Mistake>> {
        Closed::read("tp0", "q_a", 1.0, kind, text)
    }

    const ONE: &str = "#### Question · Propriété\n\nQue se passe-t-il ?\n\n- A. La **somme**. — Comme en [Python](http://x.fr) : `a * b`.\n- B. ✔ Une erreur.\n  Deux lignes. — Oui.\n- C. Rien — Non.";

    #[test]
    fn choices_are_read_and_the_key_is_not_shown() {
        let closed = read(Kind::One, ONE).unwrap();
        assert_eq!(
            closed.text,
            "#### Question · Propriété\n\nQue se passe-t-il ?\n\n- **A.** La **somme**.\n- **B.** Une erreur. Deux lignes.\n- **C.** Rien\n- **?** Je ne sais pas."
        );
        assert_eq!(closed.key(), "B");
        assert_eq!(closed.question.title, "Propriété");
        assert_eq!(closed.question.letters, 3);
        let first = &closed.question.choices[0];
        assert_eq!(first.text, "La somme.");
        assert_eq!(first.explanation, "Comme en Python\u{a0}: `a * b`.");
        assert_eq!(
            closed.assignment(""),
            "let q_a = \"\"; // Propriété : une lettre"
        );
    }

    #[test]
    fn numbers_and_orders_are_read() {
        let number = "#### Question · Formes\n\nCombien ?\n\n- ✔ 131 072 — Oui.\n- 32 — Non.";
        let closed = read(Kind::Number { tolerance: 0.0 }, number).unwrap();
        assert_eq!(
            closed.text,
            "#### Question · Formes\n\nCombien ?\n\n*La réponse est un nombre.*"
        );
        let said = judge(&encode(&closed.question), &closed.key()).unwrap();
        assert_eq!(said.outcome, Outcome::Right);

        let order = "#### Question · Résumés\n\nRangez.\n\n- A. la moyenne\n- B. la médiane\n\n- ✔ B A — Oui.\n- A B — Non.";
        let closed = read(Kind::Order, order).unwrap();
        assert!(closed.text.contains("- **B.** la médiane") && !closed.text.contains("Oui"));
        assert_eq!(closed.key(), "B A");

        let several = "#### Question · Plusieurs\n\nLesquels ?\n\n- A. ✔ a — Oui.\n- B. b — Non.\n- C. ✔ c — Oui.";
        assert_eq!(read(Kind::Several, several).unwrap().key(), "A, C");
        let guess = "#### Prédiction · Part\n\nPrédisez.\n\n- A. 3 % — Oui.\n- B. 5 % — Non.";
        assert_eq!(read(Kind::Prediction, guess).unwrap().key(), "A");
    }

    #[test]
    fn every_mistake_has_its_line() {
        let head = "#### Question · Titre\n\nQuoi ?\n\n";
        let number = Kind::Number { tolerance: 0.5 };
        for (kind, list, line, said) in [
            (Kind::One, "- A. a — x\n- B. b — x", 4, "aucun choix"),
            (Kind::One, "- A. ✔ a — x\n- B. ✔ b — x", 5, "plusieurs"),
            (
                Kind::One,
                "- A. ✔ a — x\n- B. b",
                5,
                "n'a pas d'explication",
            ),
            (Kind::One, "- A. ✔ a — x\n- C. b — x", 5, "B est attendue"),
            (
                Kind::One,
                "- A. ✔ a — x\n- b — x",
                5,
                "commence par sa lettre",
            ),
            (Kind::One, "- A. ✔ a — x", 4, "au moins deux"),
            (Kind::One, "- A. ✔ a — $x$\n- B. b — `$`", 4, "formules"),
            (
                Kind::One,
                "- A. ✔ a — x\n- B. Je ne sais pas. — x",
                5,
                "ajouté",
            ),
            (Kind::One, "- A. ✔ — x\n- B. b — x", 4, "explication"),
            (Kind::Several, "- A. a — x\n- B. b — x", 4, "aucun choix"),
            (
                Kind::Prediction,
                "- A. ✔ a — x\n- B. ✔ b — x",
                0,
                "« #### Prédiction · Titre »",
            ),
            (number, "- ✔ un peu — x", 4, "en chiffres"),
            (number, "- ✔ 1 — x\n- 1,3 — x", 5, "tolérance"),
            (number, "- A. ✔ 1 — x", 4, "n'ont pas de lettre"),
            (number, "rien", 2, "n'a pas de réponse"),
            (
                Kind::Order,
                "- A. a\n- B. b\n- ✔ A — x",
                6,
                "n'est pas un ordre",
            ),
            (
                Kind::Order,
                "- A. a\n- B. b\n- ✔ A B — x\n- AB — x",
                7,
                "deux fois",
            ),
            (
                Kind::Order,
                "- A. a — x\n- B. b\n- ✔ A B — x",
                4,
                "ni « ✔ »",
            ),
            (Kind::Order, "- A. a\n- ✔ A — x", 4, "deux choses"),
        ] {
            let found = read(kind, &format!("{head}{list}")).unwrap_err();
            let told = found.iter().any(|(at, what)| {
                what.contains(said)
                    && (*at == line
                        || said.starts_with("au moins")
                        || said.contains("deux choses")
                        || said.contains("n'a pas de réponse"))
            });
            assert!(told, "{list}: {found:?}");
        }
        let untitled = read(Kind::One, "Quoi ?\n\n- A. ✔ a — x\n- B. b — x").unwrap_err();
        assert!(untitled[0].1.contains("« #### Question · Titre »"));
        let two = "#### Prédiction · T\n\n- A. ✔ a — x\n- B. ✔ b — x";
        assert_eq!(read(Kind::Prediction, two).unwrap_err()[0].0, 3);
    }
}
