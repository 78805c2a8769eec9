//! Errors as a student reads them: a French first line, the line of the student's own code, nothing of the runtime.

use serde_json::{Value, json};

use super::names::Definition;
use super::places::Place;
use super::{compiler, hints, operands};

const RED: &str = "\u{1b}[1;31m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// Name of the error of a panic.
pub(super) const PANIC: &str = "Panique";
/// Name of the error that a `?` passed on.
pub(super) const FAILURE: &str = "Erreur";
/// Name of the error of code that does not compile.
pub(super) const COMPILATION: &str = "ErreurDeCompilation";
/// Name of the error of a compiler that failed by itself, whatever the code.
pub(super) const COMPILER: &str = "EchecDuCompilateur";
/// Name of the error of an interrupted cell.
pub(super) const INTERRUPTED: &str = "Interruption";
/// Name of the error of a cell whose process ended.
pub(super) const PROCESS: &str = "ProcessusTermine";
/// Name of the error of a kernel that ended or did not start.
pub(super) const KERNEL: &str = "NoyauTermine";
/// Name of the error of a limit that was passed.
pub(super) const LIMIT: &str = "LimiteDepassee";

/// An error output, whose content an `error` message and a reply share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CellError {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) traceback: Vec<String>,
}

impl CellError {
    /// The first line in red, then `details`.
    pub(super) fn new(name: &'static str, value: impl Into<String>, details: Vec<String>) -> Self {
        let value = value.into();
        let mut traceback = headed(&value);
        traceback.extend(details);
        Self {
            name,
            value,
            traceback,
        }
    }

    /// As the content of an `error` message.
    pub(super) fn content(&self) -> Value {
        json!({"ename": self.name, "evalue": self.value, "traceback": self.traceback})
    }
}

/// Lines of a traceback: the first in red, the others below it.
fn headed(text: &str) -> Vec<String> {
    let lines = text.lines().flat_map(folded).enumerate();
    lines
        .map(|(index, line)| match index {
            0 => format!("{RED}✘ {line}{PLAIN}"),
            _ => format!("  {line}"),
        })
        .collect()
}

/// Longest line of ours: JupyterLab cuts a longer one in the middle of a word.
const LONGEST: usize = 88;

/// A line cut between words. French has spaces inside « » and before « : », where none is cut.
fn folded(line: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = line.split(' ').peekable();
    while let Some(word) = words.next() {
        let mut piece = word.to_owned();
        while let Some(next) = words.peek()
            && (piece.ends_with('«') || matches!(*next, ":" | ";" | "!" | "?" | "»" | "»." | "»,"))
        {
            piece = format!("{piece} {next}");
            words.next();
        }
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + piece.chars().count() <= LONGEST => {
                last.push(' ');
                last.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

/// How a running cell stopped, as the cell itself told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// A panic, and where the compiler says it happened.
    Panic {
        message: String,
        location: Option<String>,
    },
    /// An error passed on by `?`.
    Failure { message: String },
}

/// The error of a cell that stopped; `candidates` are lines of cell `count` that may be meant when `place` is not known.
pub(super) fn stopped(
    stop: &Stop,
    place: Option<&Place>,
    candidates: &[usize],
    count: u64,
) -> CellError {
    let (name, value) = match stop {
        Stop::Panic { message, .. } if message.starts_with("Exercice à compléter") => {
            (PANIC, message.clone())
        }
        Stop::Panic { message, .. } => (PANIC, format!("Panique : {message}")),
        Stop::Failure { message } => (FAILURE, format!("Erreur : {message}")),
    };
    let mut details = Vec::new();
    match (place, candidates) {
        (Some(place), _) => details.extend(pointed(place, count)),
        (None, [line]) => details.push(format!("  à la ligne {line} de la cellule")),
        (None, [_, _, ..]) => {
            let lines: Vec<String> = candidates.iter().map(usize::to_string).collect();
            details.push(format!(
                "  à l'un des « ? » des lignes {}",
                lines.join(", ")
            ));
        }
        (None, []) => {
            if let Stop::Panic {
                location: Some(location),
                ..
            } = stop
                && !location.starts_with("src/lib.rs")
            {
                details.push(format!("{DIM}  ({location}){PLAIN}"));
            }
        }
    }
    let kept = folded(
        "Les variables des cellules précédentes sont gardées, sauf celles que cette cellule avait déjà consommées ; celles qu'elle devait créer n'existent pas.",
    );
    details.extend(kept.iter().map(|line| format!("{DIM}{line}{PLAIN}")));
    CellError::new(name, value, details)
}

fn pointed(place: &Place, count: u64) -> [String; 2] {
    let here = if place.cell == count {
        String::new()
    } else {
        format!(" de la cellule [{}]", place.cell)
    };
    [
        format!("  à la ligne {}{here} :", place.line),
        format!("{RED}→{PLAIN} {:>3} │ {}", place.line, place.text),
    ]
}

/// evcxr's report that the code does not compile, with a hint in French before rustc's own words.
///
/// `defined` says in which earlier cell a name was defined, if in any.
pub(super) fn compilation(
    error: &Value,
    code: &str,
    count: u64,
    defined: &dyn Fn(&str) -> Option<Definition>,
) -> CellError {
    let message = error["evalue"].as_str().unwrap_or_default();
    if let Some(error) = compiler::failure(message) {
        return error;
    }
    let message = compiler::shortened(message);
    let lines: Vec<String> = error["traceback"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(compiler::shortened)
        .collect();
    let text = lines.join("\n");
    let hint = hints::of(&message, &text, code, defined);
    let mut traceback = headed(&format!("{}\n{}", hint.what, hint.advice));
    // Of code that is not all ASCII, evcxr shows the line without its place.
    let framed = text.contains("command_");
    let shown = lines
        .first()
        .map_or("", |line| line.lines().next().unwrap_or_default().trim());
    let mut places = code
        .lines()
        .enumerate()
        .filter(|(_, line)| line.trim() == shown);
    if !framed
        && shown.len() > 1
        && let (Some((index, _)), None) = (places.next(), places.next())
    {
        traceback.push(format!(
            "  à la ligne {} de la cellule [{count}] :",
            index + 1
        ));
    }
    // evcxr names the cell « command_N », with a count of its own.
    let pieces = lines.iter().map(|lines| renamed(lines, count));
    traceback.extend(pieces.filter(|lines| framed || !is_scrap(lines)));
    CellError {
        name: COMPILATION,
        value: message,
        traceback,
    }
}

/// Whether a line is a scrap of code that the compiler would insert: without its frame, nothing says where it goes.
fn is_scrap(line: &str) -> bool {
    line.trim().chars().count() <= 4
}

/// The one error of a cell that needs names when no cell was executed yet: which of them it is does not matter.
pub(super) fn nothing_ran(errors: &[Value]) -> Option<CellError> {
    let missing = |error: &Value| {
        let message = error["evalue"].as_str()?;
        message
            .starts_with("cannot find")
            .then(|| operands::quoted(message))?
    };
    let mut names: Vec<String> = Vec::new();
    for name in errors.iter().filter_map(missing) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let what = match &names[..] {
        [] => return None,
        [name] => format!("« {name} » n'existe pas"),
        names => {
            let names: Vec<String> = names.iter().map(|name| format!("« {name} »")).collect();
            format!("{} n'existent pas", names.join(", "))
        }
    };
    let advice = folded(
        "Exécutez d'abord les cellules qui précèdent (menu Exécuter, « Exécuter toutes les cellules au-dessus »), à commencer par celle qui contient use visages::prelude::*;",
    );
    let advice = advice.iter().map(|line| format!("  {line}"));
    Some(CellError::new(
        COMPILATION,
        format!("{what} : rien n'a encore été exécuté depuis le démarrage du noyau."),
        advice.collect(),
    ))
}

/// « command_7 » as « cellule [6] ».
fn renamed(line: &str, count: u64) -> String {
    let Some((before, rest)) = line.split_once("command_") else {
        return line.to_owned();
    };
    let digits = rest.len()
        - rest
            .trim_start_matches(|next: char| next.is_ascii_digit())
            .len();
    match digits {
        0 => line.to_owned(),
        _ => {
            // evcxr writes 1:1 whatever the place, which the frame shows.
            let rest = &rest[digits..];
            let rest = rest
                .strip_prefix(":1:1")
                .filter(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
                .unwrap_or(rest);
            format!("{before}cellule [{count}]{rest}")
        }
    }
}

/// evcxr's news that it dropped a variable, in French.
pub(super) fn lost_variable(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("The type of the variable ")?;
    let name = rest.strip_suffix(" was redefined, so was lost.")?;
    Some(format!(
        "⚠ La variable « {name} » est perdue : son type a été redéfini, ou recompilé à cause d'un « :dep ».\n  Réexécutez la cellule qui la crée.\n"
    ))
}

/// A text that holds such news, in French; `None` for any other.
pub(super) fn lost_variables(text: &str) -> Option<String> {
    text.contains("The type of the variable ").then(|| {
        let lines = text.split_inclusive('\n');
        lines
            .map(|line| lost_variable(line).unwrap_or_else(|| line.to_owned()))
            .collect()
    })
}

/// What evcxr says when the process of the cells ended, with what it had printed before.
pub(super) fn process_ended(value: &str) -> Option<CellError> {
    let (_, status) = value.rsplit_once("Subprocess terminated with status: ")?;
    let status = status.trim();
    let reason = match status {
        _ if status.starts_with("signal: 9") => {
            "il a été tué, peut-être faute de mémoire".to_owned()
        }
        _ if status.starts_with("signal: 11") => {
            "accès à une adresse interdite : code « unsafe », ou fonction qui s'appelle sans fin"
                .to_owned()
        }
        _ if status.starts_with("signal: 6") => {
            "arrêt brutal, « abort » : une fonction qui s'appelle sans fin, une demande de mémoire trop grande…".to_owned()
        }
        _ => match status.strip_prefix("exit status: ") {
            Some(code) => format!("code de sortie {code}"),
            None => status.to_owned(),
        },
    };
    Some(CellError::new(
        PROCESS,
        format!("Le processus de la cellule s'est terminé ({reason})."),
        vec![
            "  Toutes les variables sont perdues ; les fonctions, les types et les « use » restent.".to_owned(),
            "  Réexécutez les cellules qui créent vos variables.".to_owned(),
            format!("{DIM}  ({status}){PLAIN}"),
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_points_at_the_students_line() {
        let stop = Stop::Panic {
            message: "division par zéro".to_owned(),
            location: Some("src/lib.rs:3:4".to_owned()),
        };
        let place = Place {
            cell: 2,
            line: 3,
            text: "    1 / x".to_owned(),
        };
        let error = stopped(&stop, Some(&place), &[], 5);
        assert_eq!(
            (error.name, error.value.as_str()),
            (PANIC, "Panique : division par zéro")
        );
        let text = error.traceback.join("\n");
        assert!(
            text.contains("ligne 3 de la cellule [2]") && text.contains("    1 / x"),
            "{text}"
        );
        assert!(!text.contains("src/lib.rs"), "{text}");
        let same = stopped(&stop, Some(&place), &[], 2).traceback.join("\n");
        assert!(!same.contains("de la cellule [2]"), "{same}");
        let unknown = stopped(&stop, None, &[2, 4], 2).traceback.join("\n");
        assert!(unknown.contains("lignes 2, 4"), "{unknown}");
        let todo = Stop::Panic {
            message: "Exercice à compléter : À FAIRE".to_owned(),
            location: None,
        };
        assert!(!stopped(&todo, None, &[], 1).value.contains("Panique"));
    }

    #[test]
    fn long_lines_are_cut_between_words() {
        let line = "Vérifiez l'orthographe, et que la cellule qui le définit a été exécutée depuis le démarrage du noyau « tp » : sinon, rien.";
        let lines = folded(line);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= LONGEST));
        assert_eq!(lines.join(" "), line);
        // What may not stand alone at the start or the end of a line.
        for length in 70..100 {
            let lines = folded(&format!("{} « a » : b", "x".repeat(length)));
            assert!(
                lines.iter().any(|line| line.contains("« a » :")),
                "{lines:?}"
            );
        }
        assert_eq!(folded("").len(), 1);
        assert_eq!(folded(&"x".repeat(200)).len(), 1);
        // Code keeps its spaces.
        assert_eq!(folded("  let  x = 1;"), ["  let  x = 1;"]);
    }

    #[test]
    fn the_end_of_a_process_is_told_in_french() {
        for (value, words) in [
            (
                "Subprocess terminated with status: exit status: 3",
                "code de sortie 3",
            ),
            (
                "a\nb\nSubprocess terminated with status: signal: 9 (SIGKILL)",
                "mémoire",
            ),
            (
                "Subprocess terminated with status: signal: 11 (SIGSEGV) (core dumped)",
                "interdite",
            ),
        ] {
            let error = process_ended(value).expect(value);
            assert!(
                error.value.contains(words) && error.traceback.len() > 2,
                "{error:?}"
            );
        }
        assert_eq!(process_ended("mismatched types"), None);
    }

    #[test]
    fn a_lost_variable_is_told_in_french() {
        let told = lost_variable("The type of the variable modele was redefined, so was lost.\n");
        assert!(told.is_some_and(|told| told.contains("« modele »") && told.ends_with('\n')));
        assert_eq!(lost_variable("The type of the variable\n"), None);
        let told = lost_variables("a\nThe type of the variable x was redefined, so was lost.\nb");
        assert!(told.is_some_and(|told| told.starts_with("a\n⚠") && told.ends_with("\nb")));
        assert_eq!(lost_variables("a\n"), None);
    }

    #[test]
    fn before_any_cell_one_message_says_so() {
        let error = |message: &str| json!({"ename": "Error", "evalue": message, "traceback": []});
        let missing = |name: &str| error(&format!("cannot find value `{name}` in this scope"));
        let told = nothing_ran(&[missing("a"), missing("b"), missing("a"), error("autre")]);
        let told = told.expect("one error");
        assert!(
            told.value.starts_with("« a », « b » n'existent pas"),
            "{told:?}"
        );
        assert!(
            told.traceback
                .concat()
                .contains("rien n'a encore été exécuté"),
            "{told:?}"
        );
        assert_eq!(nothing_ran(&[error("mismatched types")]), None);
    }

    #[test]
    fn code_with_an_accent_has_a_place_and_a_hint() {
        let report = json!({"ename": "Error", "evalue": "cannot borrow `v` as mutable, as it is not declared as mutable",
            "traceback": ["v.push(1);\n^ cannot borrow as mutable", "cannot borrow `v` as mutable"]});
        let code = "// été\nlet v: Vec<i32> = Vec::new();\nv.push(1);";
        let text = compilation(&report, code, 6, &|_| None)
            .traceback
            .join("\n");
        assert!(
            text.contains("let mut v") && text.contains("à la ligne 3 de la cellule [6]"),
            "{text}"
        );
    }

    #[test]
    fn rustc_s_words_stay_under_a_french_line() {
        let report = json!({"ename": "Error", "evalue": "mismatched types",
            "traceback": ["[E0308] Error: mismatched types", "  ╭─[command_7:1:18]"]});
        let error = compilation(&report, "let x: i32 = \"un\";", 6, &|_| None);
        assert_eq!(error.value, "mismatched types");
        let text = error.traceback.join("\n");
        assert!(
            text.contains("[cellule [6]:1:18]") && !text.contains("command_"),
            "{text}"
        );
        assert!(error.traceback[0].contains("type"), "{text}");
    }
}
