//! What an author writes in comments, for publication and not for the student: terms, facts of the lab.
//!
//! | comment | stands for |
//! |---|---|
//! | `<!-- terme: rappel | recall | part des visages retrouvés -->` | a line of the glossary, where the term first appears |
//! | `<!-- fiche: objectifs=… | prérequis=… | durée=… -->` | what `LISEZMOI.md` says of the lab |
//! | `<!-- machine: 14 -->` | minutes that the trainings of a session last |
//! | `<!-- remises: à la fin de la séance = q_1 | une semaine après = le reste -->` | hand-ins ([`super::deadlines`]) |
//! | `<!-- sommaire -->` | the place of the table of contents |
//! | `<!-- resultat: nom -->` | a measured result ([`super::results`]) |
//! | `<!-- retour: p_nom -->` | the place where a prediction is met ([`super::expand`]) |

use tp_protocol::question::number;

use super::deadlines;

/// A technical term, where it first appears.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// In French.
    pub french: String,
    /// In English.
    pub english: String,
    /// What it means, in French.
    pub meaning: String,
}

/// What the reading guide says of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// What a student learns.
    pub aims: String,
    /// What must be done or known before.
    pub needs: String,
    /// How long it lasts, in the author's words.
    pub duration: String,
}

/// The notes of a lab.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Notes {
    /// Its terms, in order.
    pub terms: Vec<Term>,
    /// What the guide says of it.
    pub sheet: Option<Sheet>,
    /// Minutes of machine in a session.
    pub machine: Option<f64>,
}

/// Where the table of contents goes.
pub const CONTENTS: &str = "<!-- sommaire -->";

/// Comments that another part of publication reads.
const OTHERS: [&str; 4] = ["resultat", "retour", "sommaire", deadlines::WORD];

/// What the comments of a text are, for a mistake.
const KNOWN: &str = "« terme: », « fiche: », « machine: », « remises: », « resultat: », « retour: » et « sommaire »";

impl Notes {
    /// Adds the notes of a text.
    ///
    /// # Errors
    /// Every comment that says nothing known: the line in the text, from 0, and what is wrong.
    pub fn read(&mut self, text: &str) -> Result<(), Vec<(usize, String)>> {
        let mut mistakes = Vec::new();
        for (start, end) in comments(text) {
            let line = text[..start].matches('\n').count();
            if let Err(what) = self.take(&text[start..end]) {
                mistakes.push((line, what));
            }
        }
        match mistakes.is_empty() {
            true => Ok(()),
            false => Err(mistakes),
        }
    }

    fn take(&mut self, comment: &str) -> Result<(), String> {
        let inside = inside(comment);
        // A region that jupytext took for text: told where its options are looked for.
        if inside.starts_with('#') {
            return Ok(());
        }
        let (word, said) = parted(inside);
        let parts: Vec<&str> = said.split('|').map(str::trim).collect();
        match word {
            "terme" => match parts[..] {
                [french, english, meaning] if parts.iter().all(|part| !part.is_empty()) => {
                    self.terms.push(Term {
                        french: french.to_owned(),
                        english: english.to_owned(),
                        meaning: meaning.to_owned(),
                    });
                    Ok(())
                }
                _ => Err(
                    "un terme a trois parts : « <!-- terme: rappel | recall | sa définition --> »."
                        .to_owned(),
                ),
            },
            "machine" => match number(&said).filter(|minutes| *minutes >= 0.0) {
                Some(minutes) if self.machine.is_none() => {
                    self.machine = Some(minutes);
                    Ok(())
                }
                Some(_) => Err("la durée de machine est déjà donnée plus haut.".to_owned()),
                None => {
                    Err("écrivez les minutes en chiffres : « <!-- machine: 14 --> ».".to_owned())
                }
            },
            "fiche" if self.sheet.is_some() => {
                Err("la fiche du TP est déjà donnée plus haut.".to_owned())
            }
            "fiche" => {
                self.sheet = Some(Sheet::read(&parts)?);
                Ok(())
            }
            other if OTHERS.contains(&other) => Ok(()),
            _ => Err(format!(
                "ce commentaire resterait dans le notebook de l'étudiant ; les commentaires connus sont {KNOWN}, sans accent ni espace avant « : »."
            )),
        }
    }
}

impl Sheet {
    fn read(parts: &[&str]) -> Result<Self, String> {
        let mut sheet = Self::default();
        for &part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let place = match key.trim() {
                "objectifs" => &mut sheet.aims,
                "prérequis" => &mut sheet.needs,
                "durée" => &mut sheet.duration,
                other => {
                    return Err(format!(
                        "« {other} » n'est pas dans une fiche : « <!-- fiche: objectifs=… | prérequis=… | durée=… --> »."
                    ));
                }
            };
            value.trim().clone_into(place);
        }
        if [&sheet.aims, &sheet.needs, &sheet.duration]
            .iter()
            .any(|part| part.is_empty())
        {
            return Err(
                "une fiche a trois parts : « <!-- fiche: objectifs=… | prérequis=… | durée=… --> »."
                    .to_owned(),
            );
        }
        Ok(sheet)
    }
}

/// What a comment holds.
fn inside(comment: &str) -> &str {
    let inside = comment.trim_start_matches("<!--");
    inside.trim_end_matches("-->").trim()
}

/// The word that begins a comment and what it says, in one line.
fn parted(inside: &str) -> (&str, String) {
    let (word, said) = inside.split_once(':').unwrap_or((inside, ""));
    (word, said.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What the comments of a text say that begin with `word`, with their line from 0.
pub fn told(text: &str, word: &str) -> Vec<(usize, String)> {
    let found = comments(text).into_iter().filter_map(|(start, end)| {
        let (first, said) = parted(inside(&text[start..end]));
        (first == word).then(|| (text[..start].matches('\n').count(), said))
    });
    found.collect()
}

/// A text with `shown` on lines of its own in the place of its first comment that begins with `word`.
pub fn replaced(text: &str, word: &str, shown: &str) -> String {
    let found = comments(text)
        .into_iter()
        .find(|(start, end)| parted(inside(&text[*start..*end])).0 == word);
    match found {
        Some((start, end)) => {
            let before = text[..start].trim_end();
            let after = text[end..].trim_start();
            let text = format!("{before}\n\n{shown}\n\n{after}");
            text.trim().to_owned()
        }
        None => text.to_owned(),
    }
}

/// A text without the comments that are read here; a line that held nothing else goes with them. The place of the table of
/// contents stays.
pub fn without(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in comments(text) {
        if text[start..end].trim() == CONTENTS {
            continue;
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let alone =
            text[line_start..start].trim().is_empty() && text[end..line_end].trim().is_empty();
        let (cut, next) = match alone {
            true => (line_start.max(from), line_end),
            false => (start, end),
        };
        kept.push_str(&text[from..cut]);
        // « mot <!-- … -->. » leaves no space before the full stop.
        if !alone && text[end..].starts_with([' ', '.', ',', '\n']) {
            kept.truncate(kept.trim_end_matches(' ').len());
        }
        from = next;
    }
    kept.push_str(&text[from..]);
    kept
}

/// The comments of a text, outside blocks and pieces of code: where each begins and ends.
fn comments(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if ticks > 0 {
            at += code_end(rest, ticks);
        } else if rest.starts_with("<!--") {
            let end = rest.find("-->").map_or(text.len(), |end| at + end + 3);
            found.push((at, end));
            at = end;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    found
}

/// Length of the code at the beginning of a text, its backticks counted; of the backticks alone where none close them.
fn code_end(text: &str, ticks: usize) -> usize {
    let mut at = ticks;
    while let Some(next) = text[at..].find('`') {
        let start = at + next;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == ticks {
            return start + run;
        }
        at = start + run;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Notes, Vec<(usize, String)>> {
        let mut notes = Notes::default();
        notes.read(text).map(|()| notes)
    }

    #[test]
    fn notes_are_read_and_leave_no_trace() {
        let text = "# Titre\n\n<!-- fiche: objectifs=lire | prérequis=TP 0\n| durée=3 h -->\n<!-- machine: 2,5 -->\n\nLe rappel (*recall*)<!-- terme: rappel | recall | une part -->.\nUn `<!-- code -->`\n\n```html\n<!-- bloc -->\n```\n<!-- terme: lot | batch | des images -->\nFin.";
        let notes = read(text).unwrap();
        assert_eq!(notes.terms.len(), 2);
        assert_eq!(notes.terms[0].meaning, "une part");
        assert_eq!(notes.machine, Some(2.5));
        assert_eq!(notes.sheet.unwrap().duration, "3 h");
        assert_eq!(
            without(text),
            "# Titre\n\n\nLe rappel (*recall*).\nUn `<!-- code -->`\n\n```html\n<!-- bloc -->\n```\nFin."
        );
        assert_eq!(
            without("a\n<!-- sommaire -->\nb"),
            "a\n<!-- sommaire -->\nb"
        );
        assert_eq!(without("é <!-- terme: a | b | c --> suite"), "é suite");
    }

    #[test]
    fn a_comment_may_be_shown_in_its_place() {
        let text = "Tête.\n<!-- remises: a = b\n| c = d -->\n<!-- machine: 2 -->";
        assert_eq!(told(text, "remises"), [(1, "a = b | c = d".to_owned())]);
        assert_eq!(
            replaced(text, "remises", "| x |"),
            "Tête.\n\n| x |\n\n<!-- machine: 2 -->"
        );
        assert_eq!(replaced("Tête.", "remises", "x"), "Tête.");
    }

    #[test]
    fn what_is_not_known_is_refused_at_its_line() {
        for wrong in [
            "<!-- résultat : x -->",
            "<!-- retour : p_a -->",
            "<!-- à revoir -->",
            "<!-- terme: rappel | recall -->",
            "<!-- terme: a | | c -->",
            "<!-- machine: longue -->",
            "<!-- fiche: objectifs=a | durée=b -->",
            "<!-- fiche: objectifs=a | prérequis=c | durée=b | public=d -->",
            "<!-- jamais fermé",
        ] {
            let found = read(&format!("a\n\n{wrong}")).unwrap_err();
            assert!(found.len() == 1 && found[0].0 == 2, "{wrong}: {found:?}");
        }
        assert!(read("<!-- machine: 1 -->\n<!-- machine: 2 -->").is_err());
        for right in [
            "<!-- resultat: biais -->",
            "<!-- retour: p_a -->",
            "<!-- sommaire -->",
            "``<!--``",
        ] {
            assert_eq!(read(right), Ok(Notes::default()));
        }
    }
}
