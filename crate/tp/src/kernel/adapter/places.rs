//! Where in the student's own cells a line of evcxr's generated file comes from.

use std::path::Path;

use super::replies::History;

/// A line of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The cell's number.
    pub(super) cell: u64,
    /// From 1.
    pub(super) line: usize,
    /// The line as it was written.
    pub(super) text: String,
}

/// The line of a cell that stands at `line` (from 1) of the file `generated`: of the cell where its neighbours are the same,
/// else of the latest that holds it.
pub(super) fn find(generated: &Path, line: u32, history: &History) -> Option<Place> {
    let code = std::fs::read_to_string(generated).ok()?;
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let lines: Vec<&str> = code.lines().collect();
    // evcxr puts the last expression of a cell between parentheses, on lines of its own.
    let opens = |index: &usize| {
        lines
            .get(*index)
            .is_some_and(|line| line.trim().ends_with("&(") || line.trim() == "::visages::shown!(")
    };
    let index = Some(index).filter(opens).map_or(index, |index| index + 1);
    let wanted = lines.get(index)?.trim();
    if wanted.len() < 2 {
        return None;
    }
    // A line may occur several times: the lines around it tell which one is meant.
    let around = |lines: &[&str], at: usize| {
        let near = |offset: usize, before: bool| {
            let place = if before {
                at.checked_sub(offset)
            } else {
                at.checked_add(offset)
            };
            place
                .and_then(|place| lines.get(place))
                .map(|text| text.trim().to_owned())
        };
        [near(1, true), near(2, true), near(1, false), near(2, false)]
    };
    let here = around(&lines, index);
    let mut best: Option<(usize, Place)> = None;
    for (cell, source) in history.latest() {
        let source: Vec<&str> = source.lines().collect();
        let candidates = source.iter().enumerate();
        for (at, text) in
            candidates.filter(|(_, text)| text.trim() == wanted || is_end_of(text, wanted))
        {
            let there = around(&source, at);
            // An end of the cell is no line in common with an end of the file.
            let common = |(a, b): &(&Option<String>, &Option<String>)| a.is_some() && a == b;
            let same = there.iter().zip(&here).filter(common).count();
            // Among equals the latest cell, and its first line.
            if best.as_ref().is_none_or(|(most, _)| same > *most) {
                let text = text.trim_end().to_owned();
                let line = at + 1;
                best = Some((same, Place { cell, line, text }));
            }
        }
    }
    best.map(|(_, place)| place)
}

/// evcxr may begin a statement within a line, after another one.
fn is_end_of(text: &str, wanted: &str) -> bool {
    wanted.len() > 8 && text.trim_end().ends_with(wanted)
}

/// The lines of the last cell that hold a `?` outside comments: where an error that tells no place may have come from.
pub(super) fn question_marks(code: &str) -> Vec<usize> {
    let holds = |line: &str| line.split("//").next().unwrap_or_default().contains('?');
    code.lines()
        .enumerate()
        .filter(|(_, line)| holds(line))
        .map(|(index, _)| index + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_in_the_latest_cell_that_has_it() {
        let file = std::env::temp_dir().join(format!("tp-places-{}.rs", uuid::Uuid::new_v4()));
        let generated = "mod x {\nlet a = f(1);\nlet b = g(2);\nlet a = f(1);\nlet c = h(3);\n}\n";
        std::fs::write(&file, generated).unwrap();
        let mut history = History::default();
        history.push(
            3,
            "let a = f(1);\nlet b = g(2);\n    let a = f(1);\nlet c = h(3);",
        );
        history.push(5, "rien");
        let place = |line| find(&file, line, &history).map(|place| (place.cell, place.line));
        assert_eq!(place(2), Some((3, 1)));
        assert_eq!(place(4), Some((3, 3)));
        assert_eq!(place(5), Some((3, 4)));
        assert_eq!((place(0), place(1), place(99)), (None, None, None));
        let found = find(&file, 4, &history).unwrap();
        assert_eq!(found.text, "    let a = f(1);");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(find(&file, 2, &history), None);
    }

    #[test]
    fn the_same_line_in_two_cells_is_told_apart_by_its_neighbours() {
        let file = std::env::temp_dir().join(format!("tp-places-{}.rs", uuid::Uuid::new_v4()));
        let function = "fn acces(v: &[i32], i: usize) -> i32 {\n    let x = v[i];\n    x + 1\n}";
        let generated = format!(
            "{function}\npub fn run() {{\nlet r = acces(&[1, 2], 7);\n&format!(\"{{:?}}\",&(\n1 / 0\n))\n}}\n"
        );
        std::fs::write(&file, generated).unwrap();
        let mut history = History::default();
        history.push(17, function);
        history.push(18, "let v = [1, 2, 3];\nlet x = v[i];\nprintln!(\"{x}\");");
        history.push(19, "let r = acces(&[1, 2], 7);\n1 / 0");
        let place = |line| find(&file, line, &history).map(|place| (place.cell, place.line));
        assert_eq!(place(2), Some((17, 2)));
        // The line of the parenthesis that evcxr opens before a last expression.
        assert_eq!(place(7), Some((19, 2)));
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn question_marks_in_comments_do_not_count() {
        assert_eq!(
            question_marks("let a = f()?;\n// vrai ?\ng(); // ?\nh()?"),
            [1, 4]
        );
    }
}
