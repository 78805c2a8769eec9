//! The lines that enclose what a student must not see: `// BEGIN SOLUTION` … `// END SOLUTION` and their like.
//!
//! nbgrader cuts the student's copy; here are the rules that it does not check, and the solution's text.

use super::options::Role;

/// A kind of enclosed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Solution,
    HiddenTests,
    MarkScheme,
}

const ZONES: [(Zone, [&str; 2]); 3] = [
    (Zone::Solution, ["BEGIN SOLUTION", "END SOLUTION"]),
    (
        Zone::HiddenTests,
        ["BEGIN HIDDEN TESTS", "END HIDDEN TESTS"],
    ),
    (Zone::MarkScheme, ["BEGIN MARK SCHEME", "END MARK SCHEME"]),
];

impl Zone {
    /// Where a zone of this kind may be, in French.
    const fn place(self) -> &'static str {
        match self {
            Self::Solution => "dans une cellule « exercice » ou « reponse »",
            Self::HiddenTests => "dans une cellule « verification »",
            Self::MarkScheme => "dans une cellule « tache »",
        }
    }

    const fn is_for(self, role: &Role) -> bool {
        matches!(
            (self, role),
            (Self::Solution, Role::Exercise(_) | Role::Answer { .. })
                | (Self::HiddenTests, Role::Check { .. })
                | (Self::MarkScheme, Role::Task { .. })
        )
    }
}

/// A marker found in a line: its zone, its words, whether it opens.
#[derive(Debug, Clone, Copy)]
struct Marker {
    zone: Zone,
    words: &'static str,
    opens: bool,
}

fn marker(line: &str) -> Option<Marker> {
    let line = line.to_uppercase();
    ZONES.iter().find_map(|&(zone, edges)| {
        let found = edges.iter().position(|words| line.contains(words))?;
        Some(Marker {
            zone,
            words: edges[found],
            opens: found == 0,
        })
    })
}

/// What is wrong with the markers of a cell: the line in the cell, from 0, and the words.
pub fn check(source: &str, is_code: bool, role: &Role) -> Vec<(usize, String)> {
    let prefix = if is_code { "//" } else { "###" };
    let mut problems = Vec::new();
    let mut open: Option<(usize, Marker)> = None;
    let mut zones = 0;
    for (index, line) in source.lines().enumerate() {
        let Some(found) = marker(line) else { continue };
        let words = found.words;
        if line.trim() != format!("{prefix} {words}") {
            problems.push((
                index,
                format!("un repère est seul sur sa ligne et s'écrit « {prefix} {words} »."),
            ));
            continue;
        }
        if !found.zone.is_for(role) {
            let what = format!("« {words} » n'a de sens que {}.", found.zone.place());
            problems.push((index, what));
        }
        match (found.opens, open.take()) {
            (true, None) => {
                zones += 1;
                if is_code && found.zone == Zone::Solution && !line.starts_with(char::is_whitespace)
                {
                    let what = "une solution est le corps d'une fonction (donc en retrait) : coupée au premier niveau, elle laisserait la suite du TP sans ses définitions.";
                    problems.push((index, what.to_owned()));
                }
                if found.zone == Zone::Solution && in_a_top_level_let(source, index) {
                    let what = "une solution est le corps d'une fonction : coupé ici, ce « let » du premier niveau laisserait la suite du TP sans sa valeur.";
                    problems.push((index, what.to_owned()));
                }
                open = Some((index, found));
            }
            (true, Some(outer)) => {
                let what = format!("« {words} » à l'intérieur de « {} ».", outer.1.words);
                problems.push((index, what));
                open = Some(outer);
            }
            (false, Some((_, opening))) if opening.zone == found.zone => {}
            (false, outer) => {
                problems.push((index, format!("« {words} » sans son début.")));
                open = outer;
            }
        }
    }
    if let Some((index, opening)) = open {
        let end = opening.words.replace("BEGIN", "END");
        problems.push((index, format!("« {} » sans « {end} ».", opening.words)));
    }
    if let (true, Some(line)) = (problems.is_empty(), empty_solution(source)) {
        let what = "cette solution est vide : le corrigé laisserait l'exercice à faire.";
        problems.push((line, what.to_owned()));
    }
    if zones == 0 && problems.is_empty() && matches!(role, Role::Task { .. }) {
        let what = "cette tâche n'a pas de zone « ### BEGIN MARK SCHEME … ### END MARK SCHEME » : l'étudiant lirait le barème.";
        problems.push((0, what.to_owned()));
    }
    if zones == 0 && problems.is_empty() && matches!(role, Role::Exercise(_)) {
        let what = "cet exercice n'a pas de zone « // BEGIN SOLUTION … // END SOLUTION » : l'étudiant n'aurait rien à écrire.";
        problems.push((0, what.to_owned()));
    }
    problems
}

/// The line of a solution that holds nothing but blanks and comments.
fn empty_solution(source: &str) -> Option<usize> {
    let mut opened: Option<usize> = None;
    for (index, line) in source.lines().enumerate() {
        match marker(line) {
            Some(found) if found.zone == Zone::Solution && found.opens => opened = Some(index),
            Some(found) if found.zone == Zone::Solution && opened.is_some() => return opened,
            _ => {
                let text = line.trim();
                if !text.is_empty() && !text.starts_with("//") {
                    opened = None;
                }
            }
        }
    }
    None
}

/// Whether a line is part of a `let` that belongs to no function.
fn in_a_top_level_let(source: &str, index: usize) -> bool {
    let before: Vec<&str> = source.lines().take(index).collect();
    let item = before.iter().rev().find(|line| {
        !line.is_empty() && !line.starts_with(char::is_whitespace) && !line.starts_with("//")
    });
    item.is_some_and(|line| line.starts_with("let "))
}

/// A cell as the solution shows it: everything, with a word of French where a marker said something.
pub fn solution_text(source: &str, role: &Role) -> String {
    const ANSWER: [&str; 2] = ["**Réponse attendue.**", ""];
    let mut lines: Vec<String> = Vec::new();
    let mut answers = 0;
    for line in source.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        match marker(line) {
            None => lines.push(line.to_owned()),
            Some(found) if !found.opens => {}
            Some(found) => match (found.zone, role) {
                (Zone::HiddenTests, _) => lines.push(format!(
                    "{indent}// Vérifications absentes de la version étudiante :"
                )),
                (Zone::MarkScheme, _) => lines.extend(["**Barème.**", ""].map(str::to_owned)),
                (Zone::Solution, Role::Answer { .. }) => {
                    answers += 1;
                    lines.extend(ANSWER.map(str::to_owned));
                }
                (Zone::Solution, _) => {}
            },
        }
    }
    if answers == 0 && matches!(role, Role::Answer { .. }) {
        lines.splice(0..0, ANSWER.map(str::to_owned));
    }
    lines.join("\n")
}

/// The solutions that a cell asks for.
pub fn holes(source: &str) -> usize {
    let opens = |line: &str| marker(line).is_some_and(|m| m.opens && m.zone == Zone::Solution);
    source.lines().filter(|line| opens(line)).count()
}

/// What the student reads of a text cell, the stub of an answer apart.
pub fn student_text(source: &str, role: &Role) -> String {
    let mut kept = Vec::new();
    let mut hidden = false;
    let mut zones = 0;
    for line in source.lines() {
        match marker(line) {
            Some(found) => {
                hidden = found.opens;
                zones += 1;
            }
            None if !hidden => kept.push(line),
            None => {}
        }
    }
    match (role, zones) {
        (Role::Answer { .. }, 0) => String::new(),
        _ => kept.join("\n"),
    }
}

/// A marker that a text still holds.
pub fn left_in(text: &str) -> Option<&'static str> {
    ZONES
        .iter()
        .flat_map(|(_, edges)| edges)
        .find(|words| text.contains(**words))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercise() -> Role {
        Role::Exercise("a".to_owned())
    }

    fn role(make: fn(String, f64) -> Role) -> Role {
        make("a".to_owned(), 1.0)
    }

    fn test() -> Role {
        role(|name, points| Role::Check { name, points })
    }

    fn answer() -> Role {
        role(|name, points| Role::Answer { name, points })
    }

    fn lines(source: &str, is_code: bool, role: &Role) -> Vec<usize> {
        check(source, is_code, role)
            .into_iter()
            .map(|(line, _)| line)
            .collect()
    }

    const FUNCTION: &str = "fn f() -> i32 {\n    // BEGIN SOLUTION\n    3\n    // END SOLUTION\n}";

    #[test]
    fn well_placed_markers_are_accepted() {
        assert!(lines(FUNCTION, true, &exercise()).is_empty());
        let hidden = "grade(1.0, &[\n// BEGIN HIDDEN TESTS\n// END HIDDEN TESTS\n])";
        assert!(lines(hidden, true, &test()).is_empty());
        assert!(lines("### BEGIN SOLUTION\na\n### END SOLUTION", false, &answer()).is_empty());
        let task = "a\n### BEGIN MARK SCHEME\nb\n### END MARK SCHEME";
        assert!(
            lines(
                task,
                false,
                &role(|name, points| Role::Task { name, points })
            )
            .is_empty()
        );
        assert!(lines("a", false, &answer()).is_empty());
        assert!(lines("a", true, &Role::Given).is_empty());
    }

    #[test]
    fn an_empty_solution_and_a_mark_scheme_for_all_are_refused() {
        let empty =
            "fn f() -> i32 {\n    // BEGIN SOLUTION\n\n    // à écrire\n    // END SOLUTION\n}";
        assert_eq!(lines(empty, true, &exercise()), [1]);
        let none = "### BEGIN SOLUTION\n### END SOLUTION";
        assert_eq!(lines(none, false, &answer()), [0]);
        let task = role(|name, points| Role::Task { name, points });
        assert_eq!(lines("Barème : 1 point.", false, &task), [0]);
    }

    #[test]
    fn what_is_cut_is_not_read() {
        assert_eq!(holes(&format!("{FUNCTION}\n{FUNCTION}")), 2);
        assert_eq!(student_text("secret", &answer()), "");
        let text = "a\n### BEGIN SOLUTION\nsecret\n### END SOLUTION\nb";
        assert_eq!(student_text(text, &answer()), "a\nb");
        assert_eq!(student_text("a", &Role::Given), "a");
    }

    #[test]
    fn misplaced_markers_are_refused_at_their_line() {
        assert_eq!(lines(FUNCTION, true, &Role::Given), [1, 3]);
        assert_eq!(lines(FUNCTION, true, &test()), [1, 3]);
        assert_eq!(
            lines("fn f() {\n  // BEGIN SOLUTION\n}", true, &exercise()),
            [1]
        );
        assert_eq!(
            lines("fn f() {\n  // END SOLUTION\n}", true, &exercise()),
            [1]
        );
        let nested = "f\n  // BEGIN SOLUTION\n  // BEGIN SOLUTION\n  // END SOLUTION";
        assert_eq!(lines(nested, true, &exercise()), [2]);
        assert_eq!(
            lines("// BEGIN SOLUTION\n// END SOLUTION", true, &exercise()),
            [0]
        );
        let cut =
            "fn g() {}\nlet y: f64 = {\n    // BEGIN SOLUTION\n    2.0\n    // END SOLUTION\n};";
        assert_eq!(lines(cut, true, &exercise()), [2]);
        assert_eq!(lines("fn f() {}", true, &exercise()), [0]);
        assert_eq!(lines("x(); // BEGIN SOLUTION", true, &Role::Given), [0]);
        assert_eq!(lines("  # begin solution", true, &exercise()), [0]);
        assert_eq!(lines("// BEGIN SOLUTION", false, &answer()), [0]);
        assert_eq!(
            lines(
                "### BEGIN MARK SCHEME\n### END MARK SCHEME",
                false,
                &answer()
            ),
            [0, 1]
        );
    }

    #[test]
    fn the_solution_keeps_everything_but_the_markers() {
        assert_eq!(
            solution_text(FUNCTION, &exercise()),
            "fn f() -> i32 {\n    3\n}"
        );
        assert_eq!(
            solution_text(
                "  // BEGIN HIDDEN TESTS\n  x,\n  // END HIDDEN TESTS",
                &test()
            ),
            "  // Vérifications absentes de la version étudiante :\n  x,"
        );
        assert_eq!(
            solution_text("oui", &answer()),
            "**Réponse attendue.**\n\noui"
        );
        assert_eq!(
            solution_text("Q\n\n### BEGIN SOLUTION\noui\n### END SOLUTION", &answer()),
            "Q\n\n**Réponse attendue.**\n\noui"
        );
        assert_eq!(left_in(&solution_text(FUNCTION, &exercise())), None);
        assert_eq!(left_in(FUNCTION), Some("BEGIN SOLUTION"));
    }
}
