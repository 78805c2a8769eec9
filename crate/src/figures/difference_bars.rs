//! Differences of two models, group by group: a point and its interval around zero.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{MIDDLE_LEFT, MIDDLE_RIGHT, TOP_LEFT, figure, font, text_width, wrap},
    frames::optional,
    plot::{LINE, Plot, WHITE, WIDTH, check_count, marker, title},
    style::{FAINT, INK, SERIES, SMALL},
};
use crate::{
    error::Result,
    fairness::{numbers, words},
    french::decimal,
    ready::Ready,
};

/// Most groups of a figure.
const MAX_GROUPS: usize = 16;
/// Height of a row, in pixels.
const ROW: f64 = 56.0;

/// A difference of each group with its 95 % interval, in points (hundredths), around a line at zero.
///
/// `frame` has a row a group, columns `group`, `n`, `difference`, `low` and `high`: that of
/// [`paired_recalls`](crate::fairness::paired_recalls), of [`paired_seeds`](crate::fairness::paired_seeds), of
/// [`Audit::differences`](crate::fairness::Audit::differences) or of
/// [`Audit::against`](crate::fairness::Audit::against). An interval that holds 0 says so in words.
///
/// Two bars near 0.95 look equal on an axis from 0 to 1, and intervals that overlap do not make them so: this figure is
/// what a pair of bars cannot show.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) without groups or with too many; [`Error::Column`](crate::Error::Column)
/// when a column is missing.
pub fn difference_bars<A: Ready<Value = DataFrame>>(
    frame: &A,
    text: &str,
) -> Result<A::Out<Figure>> {
    frame.turn(|frame| draw(frame, text))
}

/// One group.
struct Line {
    group: String,
    n: u32,
    difference: Option<f64>,
    interval: Option<(f64, f64)>,
}

impl Line {
    fn read(frame: &DataFrame) -> Result<Vec<Self>> {
        let (groups, sizes) = (words(frame, "group")?, numbers(frame, "n")?);
        let [differences, lows, highs] =
            ["difference", "low", "high"].map(|name| optional(frame, name));
        let (differences, lows, highs) = (differences?, lows?, highs?);
        let points = |value: Option<f64>| value.map(|value| 100.0 * value);
        Ok(groups
            .into_iter()
            .enumerate()
            .map(|(at, group)| Self {
                group,
                n: sizes[at] as u32,
                difference: points(differences[at]),
                interval: points(lows[at]).zip(points(highs[at])),
            })
            .collect())
    }

    /// « +2,0 [−1,1 ; 5,2] », and whether the sign is established.
    fn in_words(&self) -> (String, &'static str) {
        let Some(difference) = self.difference else {
            return ("—".to_owned(), "non défini");
        };
        let Some((low, high)) = self.interval else {
            return (signed(difference), "sans intervalle");
        };
        let verdict = match low <= 0.0 && 0.0 <= high {
            true => "0 est dans l'intervalle",
            false => "0 est hors de l'intervalle",
        };
        let written = format!(
            "{} [{} ; {}]",
            signed(difference),
            signed(low),
            signed(high)
        );
        (written, verdict)
    }
}

fn signed(value: f64) -> String {
    let text = decimal(value.abs(), 1);
    match text.trim_start_matches(['0', ',']).is_empty() {
        true => text,
        false if value > 0.0 => format!("+{text}"),
        false => format!("−{text}"),
    }
}

fn draw(frame: &DataFrame, text: &str) -> Result<Figure> {
    let lines = Line::read(frame)?;
    check_count("frame", "groupe", lines.len(), MAX_GROUPS)?;
    let ends = lines.iter().flat_map(|line| {
        let (low, high) = line.interval.unzip();
        [line.difference, low, high]
    });
    let reach = ends
        .flatten()
        .fold(5.0_f64, |reach, end| reach.max(end.abs()));
    let reach = 1.08 * reach;
    let plot = Plot {
        left: 260.0,
        right: 620.0,
        top: 66.0,
        bottom: 66.0 + ROW * lines.len() as f64,
        x: (-reach, reach),
        y: (0.0, 1.0),
    };
    let described: Vec<String> = lines
        .iter()
        .map(|line| {
            let (written, verdict) = line.in_words();
            format!("{} (n = {}) {written}, {verdict}", line.group, line.n)
        })
        .collect();
    let alt = format!(
        "{text}. Différence de chaque groupe, en points, avec son intervalle à 95 %. {}.",
        described.join(" ; ")
    );
    figure(WIDTH, plot.bottom as u32 + 92, alt, |canvas| {
        title(canvas, text, 20.0)?;
        plot.x_axis(canvas, "différence, en points")?;
        let zero = plot.at((0.0, 0.0)).0;
        canvas.line(&[(zero, plot.top), (zero, plot.bottom)], INK, 2)?;
        for (row, line) in lines.iter().enumerate() {
            let y = plot.top + ROW * (row as f64 + 0.5);
            let size = format!("n = {}", line.n);
            for name in wrap(&line.group, font(SMALL), plot.left - 40.0, 1)? {
                canvas.text(
                    &name,
                    (plot.left - 18.0, y - LINE / 2.0),
                    font(SMALL),
                    MIDDLE_RIGHT,
                )?;
            }
            canvas.text(
                &size,
                (plot.left - 18.0, y + LINE / 2.0),
                font(SMALL).color(FAINT),
                MIDDLE_RIGHT,
            )?;
            if let Some((low, high)) = line.interval {
                let [low, high] = [low, high].map(|end| plot.at((end, 0.0)).0);
                canvas.line(&[(low, y), (high, y)], WHITE, 6)?;
                canvas.line(&[(low, y), (high, y)], SERIES[0], 3)?;
                for end in [low, high] {
                    canvas.line(&[(end, y - 7.0), (end, y + 7.0)], SERIES[0], 3)?;
                }
            }
            if let Some(difference) = line.difference {
                marker(canvas, 0, (plot.at((difference, 0.0)).0, y), 6.0)?;
            }
            let (written, verdict) = line.in_words();
            canvas.text(
                &written,
                (plot.right + 18.0, y - LINE / 2.0),
                font(SMALL).bold(),
                MIDDLE_LEFT,
            )?;
            canvas.text(
                verdict,
                (plot.right + 18.0, y + LINE / 2.0),
                font(SMALL).color(FAINT),
                MIDDLE_LEFT,
            )?;
        }
        let note = "Trait : intervalle à 95 %. À gauche de 0, le premier modèle du titre trouve moins de visages ; à droite, plus.";
        let width = text_width(note, font(SMALL))?;
        let left = ((f64::from(WIDTH) - width) / 2.0).max(20.0);
        canvas.text(
            note,
            (left, plot.bottom + 62.0),
            font(SMALL).color(FAINT),
            TOP_LEFT,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_written_when_there_is_one() {
        assert_eq!(signed(2.04), "+2,0");
        assert_eq!(signed(-1.26), "−1,3");
        assert_eq!(signed(0.01), "0,0");
        assert_eq!(signed(-0.01), "0,0");
        assert_eq!(signed(0.0), "0,0");
    }
}
