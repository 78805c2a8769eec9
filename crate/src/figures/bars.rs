//! Shares of categories: stacked bars.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{MIDDLE_RIGHT, TOP, TOP_LEFT, figure, font, text_width, wrap},
    plot::{WHITE, WIDTH, check_count, legend_places, swatch, swatch_legend, title},
    style::{FAINT, INK, SMALL},
};
use crate::{
    error::Result,
    fairness::Factor,
    french::{count, decimal, of},
};

/// Most bars and parts of a figure.
const MAX_BARS: usize = 16;
const MAX_PARTS: usize = 6;

/// What each group of `bars` is made of: horizontal bars cut into the shares of the groups of `parts`.
///
/// Both are columns of words, whole numbers or booleans; each bar has its number of rows.
///
/// # Errors
/// [`Error::Column`](crate::Error::Column) when a column is missing or makes no groups;
/// [`Error::Argument`](crate::Error::Argument) with more than 16 bars or 6 parts.
pub fn stacked_bars(frame: &DataFrame, bars: &str, parts: &str, text: &str) -> Result<Figure> {
    let (rows, pieces) = (Factor::read(frame, bars)?, Factor::read(frame, parts)?);
    check_count("bars", "groupe", rows.groups.len(), MAX_BARS)?;
    check_count("parts", "groupe", pieces.groups.len(), MAX_PARTS)?;
    let cells = cross(&rows, &pieces);
    let names: Vec<String> = pieces
        .groups
        .iter()
        .map(|group| format!("{parts} : {group}"))
        .collect();
    let (places, height) = legend_places(&names, 20.0, 62.0)?;
    let (top, step, left) = (62.0 + height, 42.0, 220.0);
    let (right, bars_end) = (864.0, 62.0 + height + 42.0 * rows.groups.len() as f64);
    let described: Vec<String> = (0..rows.groups.len())
        .map(|row| {
            let shares: Vec<String> = (0..pieces.groups.len())
                .map(|part| {
                    format!(
                        "{} {} %",
                        pieces.groups[part],
                        percent(cells[row][part], &cells[row])
                    )
                })
                .collect();
            format!(
                "{} (n = {}) : {}",
                rows.groups[row],
                cells[row].iter().sum::<usize>(),
                shares.join(", ")
            )
        })
        .collect();
    let alt = format!(
        "{text}. Barres empilées {} selon {parts}. {}.",
        of(bars),
        described.join(" ; ")
    );
    figure(WIDTH, bars_end as u32 + 44, alt, |canvas| {
        title(canvas, text, 20.0)?;
        swatch_legend(canvas, &names, &places)?;
        for (row, name) in rows.groups.iter().enumerate() {
            let (above, n) = (top + step * row as f64, cells[row].iter().sum::<usize>());
            let middle = above + 16.0;
            let size = format!("n = {n}");
            let size_width = text_width(&size, font(SMALL))?;
            canvas.text(
                &size,
                (left - 10.0, middle),
                font(SMALL).color(FAINT),
                MIDDLE_RIGHT,
            )?;
            for line in wrap(name, font(SMALL), left - 40.0 - size_width, 1)? {
                canvas.text(
                    &line,
                    (left - 22.0 - size_width, middle),
                    font(SMALL),
                    MIDDLE_RIGHT,
                )?;
            }
            let mut from = left;
            for (part, cell) in cells[row].iter().enumerate() {
                let width = (right - left) * *cell as f64 / n.max(1) as f64;
                if *cell > 0 {
                    swatch(canvas, part, (from, above), (from + width, above + 32.0))?;
                    let label = format!("{} %", percent(*cell, &cells[row]));
                    let room = text_width(&label, font(SMALL))? + 12.0;
                    if room <= width {
                        let centre = from + width / 2.0;
                        canvas.rectangle(
                            (centre - room / 2.0, above + 5.0),
                            (centre + room / 2.0, above + 27.0),
                            WHITE,
                        )?;
                        canvas.text(&label, (centre, above + 10.0), font(SMALL), TOP)?;
                    }
                }
                from += width;
            }
        }
        for share in [0, 25, 50, 75, 100] {
            let x = left + (right - left) * f64::from(share) / 100.0;
            canvas.line(&[(x, bars_end - 6.0), (x, bars_end)], INK, 1)?;
            canvas.text(&format!("{share} %"), (x, bars_end + 6.0), font(SMALL), TOP)?;
        }
        canvas.text(
            &count(frame.height(), "image"),
            (20.0, bars_end + 6.0),
            font(SMALL).color(FAINT),
            TOP_LEFT,
        )
    })
}

/// Rows of each pair of groups.
pub(super) fn cross(rows: &Factor, columns: &Factor) -> Vec<Vec<usize>> {
    let mut cells = vec![vec![0; columns.groups.len()]; rows.groups.len()];
    for (row, column) in rows.label.iter().zip(&columns.label) {
        cells[usize::from(*row)][usize::from(*column)] += 1;
    }
    cells
}

/// A share in percent, « < 1 » rather than a false 0, « > 99 » rather than a false 100.
pub(super) fn percent(part: usize, all: &[usize]) -> String {
    let total = all.iter().sum::<usize>().max(1);
    let share = 100.0 * part as f64 / total as f64;
    match decimal(share, 0) {
        zero if zero == "0" && part > 0 => "< 1".to_owned(),
        full if full == "100" && part < total => "> 99".to_owned(),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_share_is_written_as_nothing_or_all_when_it_is_not() {
        for (part, all, written) in [
            (0, 10, "0"),
            (1, 1000, "< 1"),
            (1, 200, "< 1"),
            (6, 1000, "1"),
            (994, 1000, "99"),
            (199, 200, "> 99"),
            (999, 1000, "> 99"),
            (10, 10, "100"),
            (0, 0, "0"),
        ] {
            assert_eq!(percent(part, &[all]), written, "{part} / {all}");
        }
    }
}
