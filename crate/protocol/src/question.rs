//! Closed questions: what a check cell holds of a question, and how an answer is judged.
//!
//! [`encode`] makes one short text of a question; the check cell holds it in the open, `tp publish` writes it there, and
//! [`judge`] answers the student. In the text, each choice is a digest of (lab, question, choice), and what is said of the
//! choice is hidden under a key made from the same. This is **obfuscation, not secrecy**: a casual reader of the notebook
//! learns nothing, whoever runs this code over the few possible answers learns all. Of an exam, that is what to expect.
//!
//! The text depends on the question alone, byte for byte, and says neither where the right choice stands nor how many
//! choices a number has that are wrong in a usual way.

/// What kind of answer a question waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// One letter.
    One,
    /// Every right letter, and no other.
    Several,
    /// A number, right within `tolerance` of the right one.
    Number {
        /// Absolute; 0 wants the number itself.
        tolerance: f64,
    },
    /// All the letters, in the right order.
    Order,
    /// One letter, before a run: the point is for having answered, and there is no wrong choice.
    Prediction,
}

/// What an author says of one possible answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The answer: « B », « 131 072 », « C A B ».
    pub answer: String,
    /// What the choice says; empty for a number and an order.
    pub text: String,
    /// Whether it is right (of a prediction: what the author expects, if anything).
    pub right: bool,
    /// What the student reads who gave it.
    pub explanation: String,
}

/// A closed question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The lab and the name, « tp0/q_ownership »: the salt of its digests.
    pub id: String,
    /// Its title, as the student reads it.
    pub title: String,
    /// What it is worth.
    pub points: f64,
    /// What it waits for.
    pub kind: Kind,
    /// How many letters there are to choose from; 0 for a number.
    pub letters: usize,
    /// The answers that are foreseen.
    pub choices: Vec<Choice>,
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There is none yet.
    Empty,
    /// It is none of the possible ones: a slip of the pen, not a mistake.
    Unreadable,
    /// « Je ne sais pas ».
    Unknown,
    /// Wrong.
    Wrong,
    /// Right.
    Right,
    /// A prediction, met again.
    Recalled,
}

/// What is said of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What the answer is.
    pub outcome: Outcome,
    /// What the question is worth.
    pub max: f64,
    /// Points of the answer: all or nothing.
    pub points: f64,
    /// For the student: a line, then its explanations, each on a line of its own with a retreat.
    pub text: String,
}

/// Version of the texts that this crate writes and reads.
const VERSION: u8 = 1;

/// What a student writes who does not know.
pub const UNKNOWN: &str = "?";

/// How far from the number of a usual mistake an answer may be, in parts of that number, to be taken for it.
const LIKENESS: f64 = 0.1;

/// The letter of a choice, from 0.
pub fn letter(index: usize) -> char {
    char::from(b'A'.saturating_add(u8::try_from(index).unwrap_or(u8::MAX)))
}

/// A number as a student or an author writes it: « 131 072 », « 0,31 », « 0.31 », « −2 », a word of unit after it.
pub fn number(text: &str) -> Option<f64> {
    let belongs =
        |c: char| c.is_ascii_digit() || c.is_whitespace() || ",.+-−_\u{202f}\u{a0}".contains(c);
    let text = text.trim();
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    // « 95 % » may mean 95 or 0.95: not guessed.
    if unit.chars().any(|c| c.is_ascii_digit() || c == '%') {
        return None;
    }
    let plain: String = digits
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .map(|c| match c {
            ',' => '.',
            '−' => '-',
            other => other,
        })
        .collect();
    // No negative zero: it would be another text.
    plain.parse().ok().map(|value: f64| value + 0.0)
}

/// The letters of an answer, where it holds nothing but letters of the first `count`: « b », « A, C », « C A B », « a et c ».
pub fn letters(answer: &str, count: usize) -> Option<Vec<char>> {
    let mut found = Vec::new();
    let words = answer.split(|c: char| !c.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("et")) {
        for c in word.chars() {
            let c = c.to_ascii_uppercase();
            if !(0..count).any(|index| letter(index) == c) {
                return None;
            }
            found.push(c);
        }
    }
    Some(found)
}

/// The text of a question, for its check cell: of the alphabet of base64, in one line.
pub fn encode(question: &Question) -> String {
    let (kind, tolerance) = match question.kind {
        Kind::One => (0, 0.0),
        Kind::Several => (1, 0.0),
        Kind::Number { tolerance } => (2, tolerance),
        Kind::Order => (3, 0.0),
        Kind::Prediction => (4, 0.0),
    };
    let mut bytes = vec![VERSION, kind, question.letters.min(26) as u8];
    bytes.extend(question.points.to_le_bytes());
    bytes.extend(f64::to_le_bytes(tolerance));
    put(&mut bytes, question.id.as_bytes());
    put(&mut bytes, question.title.as_bytes());
    let mut entries: Vec<(u64, Vec<u8>)> = question
        .choices
        .iter()
        .map(|choice| entry(question, &keyed(question, &choice.answer), choice))
        .collect();
    // The possible answers of these kinds are too many to be tried: what « ? » shows has an entry of its own.
    if matches!(question.kind, Kind::Number { .. } | Kind::Order) {
        let right = question.choices.iter().filter(|choice| choice.right);
        entries.extend(right.map(|choice| entry(question, UNKNOWN, choice)));
    }
    // In the order of the digests: the author's would tell.
    entries.sort();
    for (tag, hidden) in entries {
        bytes.extend(tag.to_le_bytes());
        put(&mut bytes, &hidden);
    }
    to_base64(&bytes)
}

/// Judges an answer by a question's text (its white space is nothing). `None` for a text that [`encode`] did not make.
pub fn judge(text: &str, answer: &str) -> Option<Judgement> {
    Some(Sealed::read(text)?.judge(answer))
}

/// A question as its text holds it.
struct Sealed {
    question: Question,
    entries: Vec<(u64, Vec<u8>)>,
}

impl Sealed {
    fn read(text: &str) -> Option<Self> {
        let bytes = from_base64(text)?;
        let mut rest = bytes.as_slice();
        let [version, kind, letters] = *take(&mut rest)?;
        let points = f64::from_le_bytes(*take(&mut rest)?);
        let tolerance = f64::from_le_bytes(*take(&mut rest)?);
        let kind = match kind {
            0 => Kind::One,
            1 => Kind::Several,
            2 => Kind::Number { tolerance },
            3 => Kind::Order,
            4 => Kind::Prediction,
            _ => return None,
        };
        let id = String::from_utf8(get(&mut rest)?.to_vec()).ok()?;
        let title = String::from_utf8(get(&mut rest)?.to_vec()).ok()?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let tag = u64::from_le_bytes(*take(&mut rest)?);
            entries.push((tag, get(&mut rest)?.to_vec()));
        }
        let possible = version == VERSION && points.is_finite() && points >= 0.0;
        possible.then_some(Self {
            question: Question {
                id,
                title,
                points,
                kind,
                letters: usize::from(letters),
                choices: Vec::new(),
            },
            entries,
        })
    }

    /// What is said of an answer, where it is foreseen.
    fn open(&self, key: &str) -> Option<Choice> {
        let key = key_of(&self.question.id, key);
        let (_, hidden) = self.entries.iter().find(|(tag, _)| *tag == tag_of(key))?;
        let bytes = hide(key, hidden);
        let mut rest = bytes.as_slice();
        let [right] = *take(&mut rest)?;
        let mut text = || String::from_utf8(get(&mut rest)?.to_vec()).ok();
        Some(Choice {
            right: right == 1,
            answer: text()?,
            text: text()?,
            explanation: text()?,
        })
    }

    fn judge(&self, answer: &str) -> Judgement {
        let trimmed = answer.trim_matches(|c: char| c.is_whitespace() || "\"'«».".contains(c));
        if trimmed.is_empty() {
            return self.say(Outcome::Empty, '○', "à répondre.", &[]);
        }
        if trimmed == UNKNOWN
            || trimmed
                .trim_end_matches('.')
                .eq_ignore_ascii_case("je ne sais pas")
        {
            return self.unknown();
        }
        let letters = || letters(trimmed, self.question.letters);
        let read = match self.question.kind {
            Kind::One => letters()
                .filter(|found| found.len() == 1)
                .map(|found| self.one(found[0])),
            Kind::Prediction => letters()
                .filter(|found| found.len() == 1)
                .map(|found| self.recall(found[0])),
            Kind::Several => letters()
                .filter(|found| !found.is_empty())
                .map(|found| self.several(&found)),
            Kind::Order => letters()
                .filter(|found| self.is_whole(found))
                .map(|found| self.order(&found)),
            Kind::Number { tolerance } => {
                number(trimmed).map(|value| self.number(trimmed, value, tolerance))
            }
        };
        read.unwrap_or_else(|| self.unreadable(trimmed))
    }

    fn say(&self, outcome: Outcome, mark: char, what: &str, explained: &[&Choice]) -> Judgement {
        let Question { title, points, .. } = &self.question;
        let mut text = format!("{mark} {title} : {what}");
        let retreats = explained.iter().filter(|one| !one.explanation.is_empty());
        for choice in retreats {
            text.push_str("\n    ");
            // Several choices: each explanation says of which it is.
            if explained.len() > 1 {
                text.push_str(&format!("{} ", choice.name()));
            }
            text.push_str(&choice.explanation);
        }
        let earned = matches!(outcome, Outcome::Right | Outcome::Recalled);
        Judgement {
            outcome,
            max: *points,
            points: if earned { *points } else { 0.0 },
            text,
        }
    }

    fn one(&self, given: char) -> Judgement {
        match self.open(&given.to_string()) {
            Some(choice) => self.verdict(&choice),
            None => self.unreadable(&given.to_string()),
        }
    }

    /// Right or wrong, by what is said of the answer.
    fn verdict(&self, choice: &Choice) -> Judgement {
        match choice.right {
            true => self.say(Outcome::Right, '✔', &choice.name(), &[choice]),
            false => self.say(Outcome::Wrong, '✘', &choice.name(), &[choice]),
        }
    }

    fn recall(&self, given: char) -> Judgement {
        let Some(choice) = self.open(&given.to_string()) else {
            return self.unreadable(&given.to_string());
        };
        let what = format!(
            "vous aviez prédit « {} » Comparez avec la mesure ci-dessus : le point récompense la prédiction, juste ou non.",
            choice.name()
        );
        self.say(Outcome::Recalled, '●', &what, &[&choice])
    }

    fn several(&self, given: &[char]) -> Judgement {
        let (chosen, others): (Vec<_>, Vec<_>) = self
            .lettered()
            .into_iter()
            .partition(|(letter, _)| given.contains(letter));
        let wrong: Vec<&Choice> = only(&chosen, false);
        let missing = only(&others, true).len();
        let names = |choices: &[&Choice]| {
            let letters: Vec<&str> = choices.iter().map(|one| one.answer.as_str()).collect();
            letters.join(", ")
        };
        if wrong.is_empty() && missing == 0 {
            let right = only(&chosen, true);
            return self.say(Outcome::Right, '✔', &format!("{}.", names(&right)), &right);
        }
        let excess = match wrong.len() {
            0 => String::new(),
            1 => format!("{} est à retirer", names(&wrong)),
            _ => format!("{} sont à retirer", names(&wrong)),
        };
        let lack = match missing {
            0 => String::new(),
            1 => "il manque un choix".to_owned(),
            _ => format!("il manque {missing} choix"),
        };
        let both: Vec<String> = [excess, lack]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let what = format!("{}.", both.join(", et "));
        self.say(Outcome::Wrong, '✘', &what, &wrong)
    }

    fn order(&self, given: &[char]) -> Judgement {
        let sequence: String = given.iter().collect();
        match self.open(&sequence) {
            Some(choice) => self.verdict(&choice),
            None => {
                let what = "ce n'est pas le bon ordre. Reprenez-le, ou écrivez « ? » pour le lire.";
                self.say(Outcome::Wrong, '✘', what, &[])
            }
        }
    }

    fn number(&self, given: &str, value: f64, tolerance: f64) -> Judgement {
        let near = |choice: &Choice| {
            let wanted = number(&choice.answer)?;
            let distance = (value - wanted).abs();
            // A mistake is known by its own number: what is merely near a small one is another mistake.
            let allowed = match choice.right {
                true => tolerance,
                false => tolerance.min(LIKENESS * wanted.abs()),
            };
            // What is written to the last digit of the tolerance is within it.
            (distance <= allowed * (1.0 + 1e-9)).then_some((distance, wanted))
        };
        let mut found: Vec<((f64, f64), Choice)> = cells(value, tolerance)
            .into_iter()
            .filter_map(|key| self.open(&key))
            .filter_map(|choice| Some((near(&choice)?, choice)))
            .collect();
        // The right one first, then the nearest.
        found.sort_by(|a, b| b.1.right.cmp(&a.1.right).then(a.0.0.total_cmp(&b.0.0)));
        match found.first() {
            // An answer is shown as it was written.
            Some(((_, wanted), choice)) if choice.right && *wanted != value => {
                let what = format!("« {given} » convient. La valeur est {}", choice.name());
                self.say(Outcome::Right, '✔', &what, &[choice])
            }
            Some(((_, wanted), choice)) if *wanted != value => {
                self.say(Outcome::Wrong, '✘', &format!("{given}."), &[choice])
            }
            Some((_, choice)) => self.verdict(choice),
            None => {
                let what = "ce n'est pas ce nombre. Reprenez le calcul, ou écrivez « ? » pour lire la réponse.";
                self.say(Outcome::Wrong, '✘', what, &[])
            }
        }
    }

    fn unknown(&self) -> Judgement {
        let right: Vec<Choice> = match self.question.kind {
            Kind::Number { .. } | Kind::Order => self.open(UNKNOWN).into_iter().collect(),
            Kind::One | Kind::Several | Kind::Prediction => {
                let all = self.lettered().into_iter().map(|(_, choice)| choice);
                all.filter(|choice| choice.right).collect()
            }
        };
        let shown: Vec<&Choice> = right.iter().collect();
        let what = match (&shown[..], self.question.kind) {
            (_, Kind::Prediction) => "vous n'aviez pas fait de prédiction.".to_owned(),
            ([one], _) => format!("la réponse était « {} »", one.name()),
            _ => {
                let letters: Vec<&str> = shown.iter().map(|one| one.answer.as_str()).collect();
                format!("la réponse était {}.", letters.join(", "))
            }
        };
        self.say(Outcome::Unknown, '○', &what, &shown)
    }

    fn unreadable(&self, answer: &str) -> Judgement {
        let short: String = answer.chars().take(30).collect();
        let last = letter(self.question.letters.saturating_sub(1));
        let what = match self.question.kind {
            Kind::One | Kind::Prediction => {
                format!("n'est pas un choix. Écrivez une lettre de A à {last}")
            }
            Kind::Several => format!(
                "n'est pas une suite de choix. Écrivez une ou plusieurs lettres de A à {last}, séparées par des virgules"
            ),
            Kind::Number { .. } => {
                "n'est pas un nombre. Écrivez un nombre seul, en chiffres".to_owned()
            }
            Kind::Order => format!(
                "n'est pas un ordre. Écrivez chaque lettre de A à {last} une fois, de la première à la dernière"
            ),
        };
        let what = format!("« {short} » {what}, ou « ? » si vous ne savez pas.");
        self.say(Outcome::Unreadable, '○', &what, &[])
    }

    /// Every choice that a letter stands for.
    fn lettered(&self) -> Vec<(char, Choice)> {
        (0..self.question.letters)
            .map(letter)
            .filter_map(|letter| Some((letter, self.open(&letter.to_string())?)))
            .collect()
    }

    /// Whether every letter is there, once.
    fn is_whole(&self, given: &[char]) -> bool {
        given.len() == self.question.letters
            && (0..given.len()).all(|index| given.contains(&letter(index)))
    }
}

impl Choice {
    /// « B. La cellule ne compile pas. », « 131 072. »
    fn name(&self) -> String {
        let name = match self.text.as_str() {
            "" => self.answer.clone(),
            text => format!("{}. {text}", self.answer),
        };
        match name.ends_with(['.', '?', '!', '…', '»']) {
            true => name,
            false => name + ".",
        }
    }
}

fn only(choices: &[(char, Choice)], right: bool) -> Vec<&Choice> {
    let all = choices.iter().map(|(_, choice)| choice);
    all.filter(|choice| choice.right == right).collect()
}

/// What the digest of an author's answer is made of.
fn keyed(question: &Question, answer: &str) -> String {
    match question.kind {
        Kind::Number { tolerance } => number(answer)
            .and_then(|value| cells(value, tolerance).into_iter().next())
            .unwrap_or_else(|| answer.to_owned()),
        Kind::One | Kind::Several | Kind::Order | Kind::Prediction => {
            letters(answer, question.letters)
                .unwrap_or_default()
                .into_iter()
                .collect()
        }
    }
}

/// Where a number may be found: the interval of one tolerance that holds it, then those beside.
fn cells(value: f64, tolerance: f64) -> Vec<String> {
    if tolerance <= 0.0 {
        return vec![format!("n{value}")];
    }
    let cell = (value / tolerance).floor();
    // Two on each side: a division rounds.
    [cell, cell - 1.0, cell + 1.0, cell - 2.0, cell + 2.0]
        .map(|cell| format!("c{cell}"))
        .to_vec()
}

/// The digest of an answer and what is said of it.
fn entry(question: &Question, answer: &str, choice: &Choice) -> (u64, Vec<u8>) {
    let key = key_of(&question.id, answer);
    let mut bytes = vec![u8::from(choice.right)];
    put(&mut bytes, choice.answer.as_bytes());
    put(&mut bytes, choice.text.as_bytes());
    put(&mut bytes, choice.explanation.as_bytes());
    (tag_of(key), hide(key, &bytes))
}

/// FNV-1a of the question and the answer.
fn key_of(id: &str, answer: &str) -> u64 {
    let text = format!("tp-visages question\n{id}\n{answer}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// splitmix64: the number at `index` of the sequence that begins at `seed`.
fn scattered(seed: u64, index: u64) -> u64 {
    let mut mixed = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn tag_of(key: u64) -> u64 {
    scattered(key, u64::MAX - 1)
}

/// Hides a text under a key, or finds it again.
fn hide(key: u64, bytes: &[u8]) -> Vec<u8> {
    let stream = (0..).flat_map(|index| scattered(key, index).to_le_bytes());
    bytes.iter().zip(stream).map(|(a, b)| a ^ b).collect()
}

/// Adds a length on two bytes and a text.
fn put(bytes: &mut Vec<u8>, text: &[u8]) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_le_bytes());
    bytes.extend(&text[..usize::from(length)]);
}

/// Takes what [`put`] added.
fn get<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(u16::from_le_bytes(*take(rest)?));
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(first)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 without padding.
fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let block = (0..3).fold(0_u32, |block, index| {
            block << 8 | u32::from(chunk.get(index).copied().unwrap_or(0))
        });
        for index in 0..=chunk.len() {
            let six = block >> (18 - 6 * index) & 63;
            text.push(char::from(ALPHABET[six as usize]));
        }
    }
    text
}

/// The bytes of a text in base64 without padding; white space is nothing.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let sixes: Option<Vec<u32>> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| ALPHABET.iter().position(|letter| *letter == byte))
        .map(|six| six.map(|six| six as u32))
        .collect();
    let mut bytes = Vec::new();
    for chunk in sixes?.chunks(4) {
        let block = (0..4).fold(0_u32, |block, index| {
            block << 6 | chunk.get(index).copied().unwrap_or(0)
        });
        let [_, all @ ..] = block.to_be_bytes();
        bytes.extend(&all[..chunk.len() - 1]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(answer: &str, text: &str, right: bool) -> Choice {
        Choice {
            answer: answer.to_owned(),
            text: text.to_owned(),
            right,
            explanation: format!("Pourquoi {answer}, « é » et `a`."),
        }
    }

    fn question(kind: Kind, letters: usize, choices: Vec<Choice>) -> Question {
        Question {
            id: "tp0/q_essai".to_owned(),
            title: "Essai".to_owned(),
            points: 1.5,
            kind,
            letters,
            choices,
        }
    }

    /// One of each kind.
    fn all() -> Vec<Question> {
        let lettered = |kind, right: &[usize]| {
            let choices = (0..4).map(|index| {
                let answer = letter(index).to_string();
                choice(&answer, "Un choix", right.contains(&index))
            });
            question(kind, 4, choices.collect())
        };
        let mut questions = vec![lettered(Kind::Prediction, &[])];
        for right in 0..4 {
            questions.push(lettered(Kind::One, &[right]));
            questions.push(lettered(Kind::Prediction, &[right]));
        }
        for set in 1..16_usize {
            let right: Vec<usize> = (0..4).filter(|bit| set >> bit & 1 == 1).collect();
            questions.push(lettered(Kind::Several, &right));
        }
        let numbers = [
            choice("0,31", "", true),
            choice("0", "", false),
            choice("0,69", "", false),
            choice("131 072", "", false),
            choice("−4", "", false),
        ];
        for tolerance in [0.0, 0.001, 0.01, 0.1] {
            questions.push(question(Kind::Number { tolerance }, 0, numbers.to_vec()));
        }
        let orders = [
            choice("C A B", "", true),
            choice("A B C", "", false),
            choice("B A C", "", false),
        ];
        questions.push(question(Kind::Order, 3, orders.to_vec()));
        questions
    }

    fn judged(question: &Question, answer: &str) -> Judgement {
        judge(&encode(question), answer).unwrap()
    }

    #[test]
    fn every_choice_of_every_kind_is_answered_as_its_author_said() {
        for question in all() {
            for choice in &question.choices {
                let said = judged(&question, &choice.answer);
                assert_eq!(said.max, 1.5);
                let context = format!("{question:?}\n{} → {said:?}", choice.answer);
                let right: String = question
                    .choices
                    .iter()
                    .filter(|one| one.right)
                    .map(|one| one.answer.as_str())
                    .collect();
                let (outcome, explained) = match question.kind {
                    Kind::Prediction => (Outcome::Recalled, true),
                    Kind::Several if right == choice.answer => (Outcome::Right, true),
                    Kind::Several => (Outcome::Wrong, !choice.right),
                    _ if choice.right => (Outcome::Right, true),
                    _ => (Outcome::Wrong, true),
                };
                assert_eq!(said.outcome, outcome, "{context}");
                let full = matches!(outcome, Outcome::Right | Outcome::Recalled);
                assert_eq!(said.points, if full { 1.5 } else { 0.0 }, "{context}");
                assert_eq!(
                    said.text.contains(&choice.explanation),
                    explained,
                    "{context}"
                );
                // No other choice's explanation is given away.
                for other in question.choices.iter().filter(|other| *other != choice) {
                    assert!(!said.text.contains(&other.explanation), "{context}");
                }
            }
        }
    }

    #[test]
    fn who_does_not_know_reads_the_right_choice_for_no_point() {
        for question in all() {
            for unknown in ["?", " ? ", "« ? »", "Je ne sais pas."] {
                let said = judged(&question, unknown);
                assert_eq!((said.outcome, said.points), (Outcome::Unknown, 0.0));
                for choice in &question.choices {
                    let told = said.text.contains(&choice.explanation);
                    assert_eq!(told, choice.right, "{question:?} {said:?}");
                }
            }
            for empty in ["", "  ", "\n"] {
                let said = judged(&question, empty);
                assert_eq!((said.outcome, said.points), (Outcome::Empty, 0.0));
                assert_eq!(said.text, "○ Essai : à répondre.");
            }
        }
    }

    #[test]
    fn every_set_of_letters_is_judged() {
        for question in all().iter().filter(|one| one.kind == Kind::Several) {
            for set in 1..16_usize {
                let chosen: Vec<&Choice> = (0..4)
                    .filter(|bit| set >> bit & 1 == 1)
                    .map(|bit| &question.choices[bit])
                    .collect();
                let answer: Vec<&str> = chosen.iter().map(|one| one.answer.as_str()).collect();
                let said = judged(question, &answer.join(", "));
                let exact = question
                    .choices
                    .iter()
                    .all(|one| one.right == chosen.contains(&one));
                assert_eq!(said.points > 0.0, exact, "{answer:?} {said:?}");
                let missing = question
                    .choices
                    .iter()
                    .filter(|one| one.right && !chosen.contains(one))
                    .count();
                assert_eq!(said.text.contains("il manque"), missing > 0, "{said:?}");
                for choice in &question.choices {
                    let told = said.text.contains(&choice.explanation);
                    let expected = chosen.contains(&choice) && (exact || !choice.right);
                    assert_eq!(told, expected, "{answer:?} {said:?}");
                }
            }
        }
    }

    #[test]
    fn answers_may_be_written_in_many_ways() {
        let points = |question: &Question, answer: &str| judged(question, answer).points;
        let questions = all();
        let one = questions
            .iter()
            .find(|one| one.kind == Kind::One && one.choices[1].right)
            .unwrap();
        for right in ["B", "b", " B ", "B.", "(b)", "« B »", "\"B\"", "B ?"] {
            assert_eq!(points(one, right), 1.5, "{right}");
        }
        for slip in ["AB", "E", "Bé", "la réponse B", "1", "б"] {
            let said = judged(one, slip);
            assert_eq!(said.outcome, Outcome::Unreadable, "{slip}");
            assert!(
                said.text.contains("de A à D") && said.points == 0.0,
                "{said:?}"
            );
        }
        let several = questions
            .iter()
            .find(|one| {
                one.kind == Kind::Several
                    && one.choices[0].right
                    && one.choices[2].right
                    && !one.choices[1].right
                    && !one.choices[3].right
            })
            .unwrap();
        for right in ["A, C", "ac", "C A", "a;c", "A et C", "A-C-A"] {
            assert_eq!(points(several, right), 1.5, "{right}");
        }
        let order = questions
            .iter()
            .find(|one| one.kind == Kind::Order)
            .unwrap();
        for right in ["C A B", "cab", "C < A < B", "C, A, B"] {
            assert_eq!(points(order, right), 1.5, "{right}");
        }
        let unforeseen = judged(order, "BCA");
        assert_eq!(unforeseen.outcome, Outcome::Wrong);
        for slip in ["CA", "CABC", "CCB", "CAD"] {
            assert_eq!(judged(order, slip).outcome, Outcome::Unreadable, "{slip}");
        }
    }

    #[test]
    fn a_number_near_a_small_mistake_is_not_that_mistake_and_answers_are_shown_as_written() {
        let choices = vec![
            choice("2,7", "", true),
            choice("0,0006", "", false),
            choice("50", "", false),
        ];
        let asked = question(Kind::Number { tolerance: 0.4 }, 0, choices);
        let said = |answer: &str| judged(&asked, answer).text;
        let other = said("0,27");
        assert!(
            other.contains("ce n'est pas ce nombre") && !other.contains("0,0006"),
            "{other}"
        );
        assert!(said("0,0006").contains(&asked.choices[1].explanation));
        assert!(
            said("50,2").starts_with("✘ Essai : 50,2."),
            "{}",
            said("50,2")
        );
        assert!(
            said("3").starts_with("✔ Essai : « 3 » convient. La valeur est 2,7."),
            "{}",
            said("3")
        );
        assert!(said("2,7").starts_with("✔ Essai : 2,7."), "{}", said("2,7"));
    }

    #[test]
    fn numbers_are_right_within_their_tolerance() {
        let with = |right: &str, tolerance| {
            question(Kind::Number { tolerance }, 0, vec![choice(right, "", true)])
        };
        for written in [
            "131 072",
            "131072",
            "131\u{202f}072",
            "131_072",
            "131 072 valeurs",
            "+131072",
        ] {
            assert_eq!(
                judged(&with("131 072", 0.0), written).points,
                1.5,
                "{written}"
            );
        }
        for written in ["0,31", "0.31", ",31", "0,313", "0,3", "0,32", " 0,31 "] {
            assert_eq!(
                judged(&with("0,31", 0.01), written).points,
                1.5,
                "{written}"
            );
        }
        for wrong in ["0,299", "0,321", "31", "-0,31"] {
            assert_eq!(
                judged(&with("0,31", 0.01), wrong).outcome,
                Outcome::Wrong,
                "{wrong}"
            );
        }
        for slip in ["31 %", "0,3,1", "zéro", "1/3", "12 ou 13"] {
            assert_eq!(
                judged(&with("0,31", 0.01), slip).outcome,
                Outcome::Unreadable,
                "{slip}"
            );
        }
        // Wherever the right number stands between two intervals of a tolerance.
        for step in -300..300 {
            let value = f64::from(step) * 0.0137;
            let question = with(&format!("{value:.4}"), 0.05);
            for (away, right) in [
                (-0.06, false),
                (-0.049, true),
                (0.0, true),
                (0.049, true),
                (0.06, false),
            ] {
                let said = judged(&question, &format!("{:.4}", value + away));
                assert_eq!(said.points > 0.0, right, "{value} {away} {said:?}");
            }
        }
    }

    #[test]
    fn the_text_tells_nothing_and_is_always_the_same() {
        for question in all() {
            let text = encode(&question);
            assert_eq!(text, encode(&question.clone()));
            let shown = String::from_utf8_lossy(&from_base64(&text).unwrap()).into_owned();
            for secret in ["Pourquoi", "Un choix", "131"] {
                assert!(
                    !text.contains(secret) && !shown.contains(secret),
                    "{secret}"
                );
            }
            // The order in which the author wrote the choices is not that of the text.
            let mut reversed = question.clone();
            reversed.choices.reverse();
            assert_eq!(text, encode(&reversed));
            // Another lab, other digests.
            let mut elsewhere = question.clone();
            elsewhere.id = "tp1/q_essai".to_owned();
            assert!(!encode(&elsewhere).contains(&text[text.len() - 12..]));
        }
    }

    #[test]
    fn a_damaged_text_is_none_and_never_a_panic() {
        let text = encode(&all()[0]);
        let wrapped: String = text.chars().flat_map(|c| [c, '\n']).collect();
        assert_eq!(judge(&wrapped, "A"), judge(&text, "A"));
        for end in 0..text.len() {
            let _ = judge(&text[..end], "A");
            let mut broken = text.clone();
            broken.replace_range(end..=end, "/");
            let _ = judge(&broken, "A");
        }
        for other in ["", "AAAA", "pas cela", "é", &text[4..]] {
            assert_eq!(judge(other, "A"), None, "{other}");
        }
    }

    #[test]
    fn base64_is_the_usual_one() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
        ] {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).unwrap(), bytes.as_bytes());
        }
    }
}
