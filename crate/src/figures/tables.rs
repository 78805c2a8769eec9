//! Tables of counts as pictures: cross tabulation, confusion matrix.

use polars::prelude::DataFrame;

use super::{
    Figure,
    bars::{cross, percent},
    canvas::{Canvas, MIDDLE_RIGHT, TOP, TOP_LEFT, figure, font, wrap},
    plot::{LINE, WHITE, WIDTH, check_count, shade, title},
    style::{FAINT, GRID, INK, LABEL, SMALL},
};
use crate::{
    error::Result,
    fairness::Factor,
    french::{grouped, of},
    ready::Ready,
};

/// Most lines and columns of a table.
const MAX_SIDE: usize = 14;

/// How many rows each pair of groups has: a table with a shade a cell, and totals.
///
/// `rows` and `columns` are columns of words, whole numbers or booleans. Empty cells are framed: no test can
/// say anything about them.
///
/// # Errors
/// [`Error::Column`](crate::error::Error::Column) when a column is missing or makes no groups;
/// [`Error::Argument`](crate::error::Error::Argument) with more than 14 groups a side.
pub fn crosstab_heatmap(
    frame: &DataFrame,
    rows: &str,
    columns: &str,
    text: &str,
) -> Result<Figure> {
    let (rows, columns) = (Factor::read(frame, rows)?, Factor::read(frame, columns)?);
    let cells = cross(&rows, &columns);
    let largest = cells.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    let empty = cells.iter().flatten().filter(|cell| **cell == 0).count();
    let described: Vec<String> = (0..rows.groups.len())
        .map(|row| {
            let cells: Vec<String> = (0..columns.groups.len())
                .map(|column| format!("{} {}", columns.groups[column], cells[row][column]))
                .collect();
            format!("{} : {}", rows.groups[row], cells.join(", "))
        })
        .collect();
    let alt = format!(
        "{text}. Effectifs {} (lignes) et {} (colonnes), {empty} cases vides. {}.",
        of(&rows.name),
        of(&columns.name),
        described.join(" ; ")
    );
    let totals = |row: usize| format!("n = {}", whole(cells[row].iter().sum()));
    let table = Table {
        text,
        rows: (&rows.name, &rows.groups),
        columns: (&columns.name, &columns.groups),
        under: &totals,
        note: "La teinte suit la racine carrée de l'effectif ; une case vide est encadrée.",
    };
    table.draw(alt, &|row, column| {
        let cell = cells[row][column];
        // The square root lets small counts show.
        (
            (cell as f64 / largest).sqrt(),
            whole(cell),
            String::new(),
            cell == 0,
        )
    })
}

/// Right and wrong answers: one line a true class, one column an answered class, counts and shares of the line.
///
/// Classes are words, whole numbers or booleans: yes / no answers, or any number of classes. Beside numbers, `true` is 1 and
/// `false` is 0. The frame may be one that waits for an exercise; see [`Ready`].
///
/// # Errors
/// [`Error::Column`](crate::error::Error::Column) when a column is missing or makes no classes;
/// [`Error::Argument`](crate::error::Error::Argument) with more than 14 classes.
pub fn confusion_matrix<A: Ready<Value = DataFrame>>(
    frame: &A,
    y_true: &str,
    y_pred: &str,
    text: &str,
) -> Result<A::Out<Figure>> {
    frame.turn(|frame| confusion_figure(frame, y_true, y_pred, text))
}

fn confusion_figure(frame: &DataFrame, y_true: &str, y_pred: &str, text: &str) -> Result<Figure> {
    let (mut truth, mut answer) = (Factor::read(frame, y_true)?, Factor::read(frame, y_pred)?);
    // Yes and no are 1 and 0 beside numbers: labels are often numbers, and answers yes or no.
    let is_number = |factor: &Factor| {
        factor
            .groups
            .iter()
            .all(|class| class.parse::<i64>().is_ok())
    };
    match (is_number(&truth), is_number(&answer)) {
        (true, false) => answer.groups = numbered(&answer.groups),
        (false, true) => truth.groups = numbered(&truth.groups),
        _ => {}
    }
    // A class that is never answered, or never true, has its line and its column.
    let mut classes = truth.groups.clone();
    classes.extend(
        answer
            .groups
            .iter()
            .filter(|class| !truth.groups.contains(class))
            .cloned(),
    );
    match classes
        .iter()
        .map(|class| class.parse::<i64>().ok())
        .collect::<Option<Vec<_>>>()
    {
        Some(mut numbers) => {
            numbers.sort_unstable();
            classes = numbers.iter().map(i64::to_string).collect();
        }
        None => classes.sort(),
    }
    let place = |factor: &Factor| Factor {
        name: factor.name.clone(),
        groups: classes.clone(),
        label: factor
            .label
            .iter()
            .filter_map(|label| {
                classes
                    .iter()
                    .position(|class| *class == factor.groups[usize::from(*label)])
            })
            .map(|class| class as u16)
            .collect(),
    };
    let cells = cross(&place(&truth), &place(&answer));
    let right: usize = (0..classes.len()).map(|class| cells[class][class]).sum();
    let total = frame.height().max(1);
    let described: Vec<String> = (0..classes.len())
        .map(|row| {
            let cells: Vec<String> = (0..classes.len())
                .map(|column| format!("{} fois {}", cells[row][column], classes[column]))
                .collect();
            format!("vrai {} : répondu {}", classes[row], cells.join(", "))
        })
        .collect();
    let accuracy = crate::french::decimal(100.0 * right as f64 / total as f64, 1);
    let alt = format!(
        "{text}. Matrice de confusion, exactitude {accuracy} %. {}.",
        described.join(" ; ")
    );
    let totals = |row: usize| format!("n = {}", whole(cells[row].iter().sum()));
    let note = format!(
        "Exactitude : {accuracy} % ({} sur {}). Pourcentages : par ligne, parmi les images de la même étiquette.",
        whole(right),
        whole(total)
    );
    let table = Table {
        text,
        rows: ("étiquette", &classes),
        columns: ("réponse", &classes),
        under: &totals,
        note: &note,
    };
    table.draw(alt, &|row, column| {
        let (cell, line) = (cells[row][column], &cells[row]);
        let share = cell as f64 / line.iter().sum::<usize>().max(1) as f64;
        let below = match line.iter().sum::<usize>() {
            0 => "—".to_owned(),
            _ => format!("{} %", percent(cell, line)),
        };
        (share, whole(cell), below, row == column)
    })
}

/// The names of yes and no as numbers, others as they are.
fn numbered(classes: &[String]) -> Vec<String> {
    let number = |class: &String| match class.as_str() {
        "faux" => "0".to_owned(),
        "vrai" => "1".to_owned(),
        other => other.to_owned(),
    };
    classes.iter().map(number).collect()
}

fn whole(number: usize) -> String {
    grouped(&number.to_string())
}

/// A grid of shaded cells with the names of its lines and columns.
pub(super) struct Table<'a> {
    pub(super) text: &'a str,
    pub(super) rows: (&'a str, &'a [String]),
    pub(super) columns: (&'a str, &'a [String]),
    /// What stands under the name of a line.
    pub(super) under: &'a dyn Fn(usize) -> String,
    pub(super) note: &'a str,
}

/// Shade from 0 to 1, text, text below it, whether it is framed.
pub(super) type Cell = (f64, String, String, bool);

impl Table<'_> {
    pub(super) fn draw(&self, alt: String, cell: &dyn Fn(usize, usize) -> Cell) -> Result<Figure> {
        let (lines, columns) = (self.rows.1.len(), self.columns.1.len());
        check_count("rows", "groupe", lines, MAX_SIDE)?;
        check_count("columns", "groupe", columns, MAX_SIDE)?;
        let (left, top) = (210.0, 112.0);
        let width = ((f64::from(WIDTH) - left - 24.0) / columns as f64).min(170.0);
        let height = 56.0;
        let bottom = top + height * lines as f64;
        figure(WIDTH, bottom as u32 + 40, alt, |canvas| {
            title(canvas, self.text, 20.0)?;
            let middle = left + width * columns as f64 / 2.0;
            for line in wrap(self.columns.0, font(LABEL), f64::from(WIDTH) - left, 1)? {
                canvas.text(&line, (middle, 52.0), font(LABEL), TOP)?;
            }
            for line in wrap(self.rows.0, font(LABEL), left - 30.0, 1)? {
                canvas.text(&line, (20.0, 82.0), font(LABEL), TOP_LEFT)?;
            }
            for (column, name) in self.columns.1.iter().enumerate() {
                let x = left + width * (column as f64 + 0.5);
                for line in wrap(name, font(SMALL), width - 6.0, 1)? {
                    canvas.text(&line, (x, 84.0), font(SMALL), TOP)?;
                }
            }
            for row in 0..lines {
                let y = top + height * (row as f64 + 0.5);
                for line in wrap(&self.rows.1[row], font(SMALL), left - 30.0, 1)? {
                    canvas.text(
                        &line,
                        (left - 12.0, y - LINE / 2.0),
                        font(SMALL),
                        MIDDLE_RIGHT,
                    )?;
                }
                let under = (self.under)(row);
                canvas.text(
                    &under,
                    (left - 12.0, y + LINE / 2.0),
                    font(SMALL).color(FAINT),
                    MIDDLE_RIGHT,
                )?;
                for column in 0..columns {
                    let from = (left + width * column as f64, top + height * row as f64);
                    draw_cell(canvas, from, (width, height), cell(row, column))?;
                }
            }
            for line in wrap(self.note, font(SMALL), f64::from(WIDTH) - 40.0, 1)? {
                canvas.text(
                    &line,
                    (20.0, bottom + 12.0),
                    font(SMALL).color(FAINT),
                    TOP_LEFT,
                )?;
            }
            Ok(())
        })
    }
}

fn draw_cell(
    canvas: &Canvas,
    from: (f64, f64),
    (width, height): (f64, f64),
    (share, text, below, framed): Cell,
) -> Result<()> {
    let to = (from.0 + width, from.1 + height);
    canvas.rectangle(from, to, shade(share))?;
    canvas.frame(from, to, GRID, 1)?;
    if framed {
        canvas.frame(
            (from.0 + 3.0, from.1 + 3.0),
            (to.0 - 3.0, to.1 - 3.0),
            INK,
            1,
        )?;
    }
    let color = if share > 0.5 { WHITE } else { INK };
    let middle = (from.0 + to.0) / 2.0;
    let lines = if below.is_empty() { 1.0 } else { 2.0 };
    let first = from.1 + height / 2.0 - lines * LINE / 2.0 + 4.0;
    canvas.text(&text, (middle, first), font(SMALL).bold().color(color), TOP)?;
    canvas.text(
        &below,
        (middle, first + LINE),
        font(SMALL).color(color),
        TOP,
    )
}
