//! Curves of scores and of known factors: reliability, ROC, errors.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, TOP, TOP_LEFT, figure, font, text_width, wrap},
    frames::{metric, optional, range_in_words, value_in_words},
    plot::{LINE, Plot, WIDTH, check_count, dashed, interval, marker, padded, title},
    style::{FAINT, INK, SERIES, SMALL},
};
use crate::{
    error::Result,
    fairness::{numbers, words},
    french::{compact, decimal},
    metrics::Metric,
    ready::Ready,
};

/// Most curves a figure shows.
const MAX_CURVES: usize = 6;
/// Most classes of a factor.
const MAX_CLASSES: usize = 16;

/// Do scores mean what they say? Mean score and share of positives in each bin, with 95 % intervals; a well
/// calibrated model follows the diagonal.
///
/// `frame` comes from [`Audit::reliability`](crate::fairness::Audit::reliability), perhaps filtered; one curve a group,
/// six at most. It may be one that waits for an exercise; see [`Ready`].
///
/// # Errors
/// [`Error::Column`](crate::Error::Column) when a column is missing; [`Error::Argument`](crate::Error::Argument)
/// without curves or with more than six.
pub fn reliability_diagram<A: Ready<Value = DataFrame>>(
    frame: &A,
    text: &str,
) -> Result<A::Out<Figure>> {
    frame.turn(|frame| reliability_figure(frame, text))
}

fn reliability_figure(frame: &DataFrame, text: &str) -> Result<Figure> {
    let curves = curves(frame, &["mean_score", "rate", "low", "high", "n"])?;
    let notes: Vec<String> = curves
        .iter()
        .map(|curve| format!("n = {}", curve.columns[4].iter().sum::<f64>()))
        .collect();
    let described: Vec<String> = curves
        .iter()
        .map(|curve| {
            let points = curve.columns[0].iter().zip(&curve.columns[1]);
            let points: Vec<String> = points
                .map(|(score, rate)| format!("{} donne {}", decimal(*score, 2), decimal(*rate, 2)))
                .collect();
            format!(
                "{} : un score moyen de {}",
                curve.name,
                points.join(", de ")
            )
        })
        .collect();
    let alt = format!("{text}. Diagramme de fiabilité. {}.", described.join(" ; "));
    let axes = ("score moyen de la classe", "part de cas positifs");
    let diagonal = "calibration parfaite";
    let notes_below = ["Traits : intervalles à 95 %."];
    square(
        text,
        alt,
        axes,
        (diagonal, &notes_below),
        &curves,
        &notes,
        |canvas, plot| {
            for (index, curve) in curves.iter().enumerate() {
                let [scores, rates, lows, highs] =
                    [0, 1, 2, 3].map(|column| &curve.columns[column]);
                // Side by side: intervals of several groups would hide one another.
                let shift = 5.0 * (index as f64 - (curves.len() as f64 - 1.0) / 2.0);
                let place = |at: usize, value: f64| {
                    let (x, y) = plot.at((scores[at], value));
                    (x + shift, y)
                };
                let points: Vec<_> = (0..scores.len()).map(|at| place(at, rates[at])).collect();
                let color = SERIES[index];
                for at in 0..scores.len() {
                    let (x, low) = place(at, lows[at]);
                    interval(canvas, x, low, place(at, highs[at]).1, color)?;
                }
                dashed(canvas, index, &points, color, 2)?;
                for point in points {
                    marker(canvas, index, point, 6.0)?;
                }
            }
            Ok(())
        },
    )
}

/// ROC curve of each group: which false alarms each threshold costs for which recall.
///
/// `frame` comes from [`Audit::roc`](crate::fairness::Audit::roc), perhaps filtered; one curve a group, six at most. A mark
/// shows what the threshold ½ gives: the same for all groups, it lies elsewhere on each curve. The frame may be one that
/// waits for an exercise; see [`Ready`].
///
/// # Errors
/// [`Error::Column`](crate::Error::Column) when a column is missing; [`Error::Argument`](crate::Error::Argument)
/// without curves or with more than six.
pub fn roc_by_group<A: Ready<Value = DataFrame>>(frame: &A, text: &str) -> Result<A::Out<Figure>> {
    frame.turn(|frame| roc_figure(frame, text))
}

fn roc_figure(frame: &DataFrame, text: &str) -> Result<Figure> {
    let curves = curves(frame, &["fpr", "tpr", "threshold"])?;
    let notes: Vec<String> = curves
        .iter()
        .map(|curve| {
            let points: Vec<_> = curve.columns[0].iter().zip(&curve.columns[1]).collect();
            let area: f64 = points
                .windows(2)
                .map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0)
                .sum();
            format!("AUC {}", decimal(area, 3))
        })
        .collect();
    let described: Vec<String> = curves
        .iter()
        .zip(&notes)
        .map(|(c, note)| format!("{} : {note}", c.name))
        .collect();
    let alt = format!("{text}. Courbes ROC. {}.", described.join(" ; "));
    let [across, upwards] = [Metric::Fpr, Metric::Tpr].map(|metric| metric.spec().axis());
    let axes = (across.as_str(), upwards.as_str());
    let notes_below = ["Marques : réponses « oui »", "à partir du seuil 0,5."];
    square(
        text,
        alt,
        axes,
        ("réponses au hasard", &notes_below),
        &curves,
        &notes,
        |canvas, plot| {
            for (index, curve) in curves.iter().enumerate() {
                let points: Vec<_> = curve.columns[0]
                    .iter()
                    .zip(&curve.columns[1])
                    .map(|(x, y)| plot.at((*x, *y)))
                    .collect();
                dashed(canvas, index, &points, SERIES[index], 3)?;
            }
            for (index, curve) in curves.iter().enumerate() {
                // The last threshold at ½ or above: what answers « yes » from ½ on.
                let half = curve.columns[2]
                    .iter()
                    .rposition(|threshold| *threshold >= 0.5)
                    .unwrap_or(0);
                marker(
                    canvas,
                    index,
                    plot.at((curve.columns[0][half], curve.columns[1][half])),
                    6.0,
                )?;
            }
            Ok(())
        },
    )
}

/// The rows of one group.
struct Curve {
    name: String,
    columns: Vec<Vec<f64>>,
}

/// The groups of a frame of curves, in order of appearance.
fn curves(frame: &DataFrame, names: &[&str]) -> Result<Vec<Curve>> {
    let (factors, groups) = (words(frame, "factor")?, words(frame, "group")?);
    // `threshold` begins at infinity.
    let values: Vec<Vec<f64>> = names
        .iter()
        .map(|name| match *name {
            "threshold" => Ok(optional(frame, name)?
                .into_iter()
                .map(|v| v.unwrap_or(f64::INFINITY))
                .collect()),
            _ => numbers(frame, name),
        })
        .collect::<Result<_>>()?;
    let mut curves: Vec<(&String, Curve)> = Vec::new();
    for row in 0..groups.len() {
        let known = curves
            .iter()
            .position(|(factor, curve)| **factor == factors[row] && curve.name == groups[row]);
        let place = known.unwrap_or_else(|| {
            let columns = vec![Vec::new(); names.len()];
            curves.push((
                &factors[row],
                Curve {
                    name: groups[row].clone(),
                    columns,
                },
            ));
            curves.len() - 1
        });
        for (column, values) in curves[place].1.columns.iter_mut().zip(&values) {
            column.push(values[row]);
        }
    }
    check_count("frame", "courbe", curves.len(), MAX_CURVES)?;
    Ok(curves.into_iter().map(|(_, curve)| curve).collect())
}

/// A square from 0 to 1 with its diagonal; the names of curves and a note each on the right.
fn square(
    text: &str,
    alt: String,
    axes: (&str, &str),
    (diagonal, below): (&str, &[&str]),
    curves: &[Curve],
    notes: &[String],
    draw: impl FnOnce(&Canvas, &Plot) -> Result<()>,
) -> Result<Figure> {
    let plot = Plot {
        left: 96.0,
        right: 576.0,
        top: 62.0,
        bottom: 542.0,
        x: (0.0, 1.0),
        y: (0.0, 1.0),
    };
    figure(WIDTH, 610, alt, |canvas| {
        title(canvas, text, plot.left)?;
        plot.x_axis(canvas, axes.0)?;
        plot.y_axis(canvas, axes.1)?;
        plot.edges(canvas)?;
        canvas.line(&[plot.at((0.0, 0.0)), plot.at((1.0, 1.0))], FAINT, 1)?;
        draw(canvas, &plot)?;
        let mut y = plot.top + 16.0;
        for (index, (curve, note)) in curves.iter().zip(notes).enumerate() {
            dashed(canvas, index, &[(606.0, y), (656.0, y)], SERIES[index], 3)?;
            marker(canvas, index, (631.0, y), 6.0)?;
            for line in wrap(&curve.name, font(SMALL).bold(), 220.0, 1)? {
                canvas.text(&line, (668.0, y), font(SMALL).bold(), MIDDLE_LEFT)?;
            }
            canvas.text(
                note,
                (668.0, y + LINE),
                font(SMALL).color(FAINT),
                MIDDLE_LEFT,
            )?;
            y += 3.0 * LINE;
        }
        canvas.line(&[(606.0, y), (656.0, y)], FAINT, 1)?;
        canvas.text(diagonal, (668.0, y), font(SMALL).color(FAINT), MIDDLE_LEFT)?;
        for line in below {
            y += 1.5 * LINE;
            canvas.text(line, (606.0, y), font(SMALL).color(FAINT), MIDDLE_LEFT)?;
        }
        Ok(())
    })
}

/// Part of the axis without any value, between two classes, over which no line is drawn: it would tell of what nobody saw.
const EMPTY: f64 = 0.1;

/// The classes of a number that a line joins to the next one, by their smallest and largest values.
fn joined(from: &[Option<f64>], to: &[Option<f64>]) -> Vec<usize> {
    let all = from.iter().chain(to).flatten().copied();
    let (low, high) = padded(all);
    let next = from.iter().skip(1);
    let gaps = to.iter().zip(next).map(|(to, next)| next.zip(*to));
    gaps.enumerate()
        .filter(|(_, ends)| ends.is_some_and(|(next, to)| next - to < EMPTY * (high - low)))
        .map(|(at, _)| at)
        .collect()
}

/// A metric along a known factor, such as light, blur or expression, with 95 % intervals.
///
/// `frame` comes from [`Audit::by_factor`](crate::fairness::Audit::by_factor) or
/// [`AgeAudit::by_factor`](crate::fairness::AgeAudit::by_factor). Classes of a number lie at their mean, and a line joins
/// those that touch; words are side by side.
///
/// # Errors
/// [`Error::Column`](crate::Error::Column) when a column is missing; [`Error::Argument`](crate::Error::Argument)
/// without classes or with more than 16.
pub fn errors_by_factor<A: Ready<Value = DataFrame>>(
    frame: &A,
    text: &str,
) -> Result<A::Out<Figure>> {
    frame.turn(|frame| along_a_factor(frame, text))
}

fn along_a_factor(frame: &DataFrame, text: &str) -> Result<Figure> {
    let [groups, factors, metrics] = ["group", "factor", "metric"].map(|name| words(frame, name));
    let (groups, factors, metrics) = (groups?, factors?, metrics?);
    check_count("frame", "classe", groups.len(), MAX_CLASSES)?;
    let (factor, metric) = (&factors[0], metric(&metrics[0])?);
    let sizes = numbers(frame, "n")?;
    let [centres, from, to, values, lows, highs] =
        ["centre", "from", "to", "value", "low", "high"].map(|name| optional(frame, name));
    let (centres, values, lows, highs) = (centres?, values?, lows?, highs?);
    let joined = joined(&from?, &to?);
    let numeric: Option<Vec<f64>> = centres.into_iter().collect();
    let all = || {
        [&values, &lows, &highs]
            .into_iter()
            .flatten()
            .flatten()
            .copied()
    };
    let (low, high) = padded(all().chain([0.0]));
    let plot = Plot {
        left: 96.0,
        right: 876.0,
        top: 84.0,
        bottom: 404.0,
        x: match &numeric {
            Some(centres) => padded(centres.iter().copied()),
            None => (0.0, groups.len() as f64),
        },
        y: match metric.bounds {
            _ if metric.is_share() => (0.0, 1.0),
            (0.0, _) => (0.0, high),
            _ => (low, high),
        },
    };
    let described: Vec<String> = (0..groups.len())
        .map(|at| {
            let value = value_in_words(values[at]);
            let range = range_in_words(lows[at], highs[at]);
            format!("{} : {value} (n = {}{range})", groups[at], sizes[at])
        })
        .collect();
    let alt = format!(
        "{text}. {} selon {factor}. {}.",
        metric.axis(),
        described.join(" ; ")
    );
    figure(WIDTH, 480, alt, |canvas| {
        title(canvas, text, plot.left)?;
        plot.y_axis(canvas, &metric.axis())?;
        let place = |at: usize| match &numeric {
            Some(centres) => plot.at((centres[at], 0.0)).0,
            None => plot.at((at as f64 + 0.5, 0.0)).0,
        };
        match &numeric {
            Some(_) => plot.x_axis(canvas, factor)?,
            None => {
                let slot = (plot.right - plot.left) / groups.len() as f64;
                for (at, group) in groups.iter().enumerate() {
                    for line in wrap(group, font(SMALL), slot - 6.0, 1)? {
                        canvas.text(&line, (place(at), plot.bottom + 8.0), font(SMALL), TOP)?;
                    }
                }
                let middle = ((plot.left + plot.right) / 2.0, plot.bottom + 32.0);
                canvas.text(factor, middle, font(super::style::LABEL), TOP)?;
            }
        }
        plot.edges(canvas)?;
        let point = |at: usize| values[at].map(|value| (place(at), plot.at((0.0, value)).1));
        for at in joined {
            if let Some((one, next)) = point(at).zip(point(at + 1)) {
                canvas.line(&[one, next], SERIES[4], 2)?;
            }
        }
        let mut free = f64::NEG_INFINITY;
        for at in 0..groups.len() {
            let x = place(at);
            if let Some((low, high)) = lows[at].zip(highs[at]) {
                interval(
                    canvas,
                    x,
                    plot.at((0.0, low)).1,
                    plot.at((0.0, high)).1,
                    INK,
                )?;
            }
            match values[at] {
                Some(value) => marker(canvas, 0, (x, plot.at((0.0, value)).1), 7.0)?,
                None => canvas.text("—", (x, plot.bottom - 24.0), font(SMALL), TOP)?,
            }
            let size = format!("n = {}", compact(sizes[at]));
            let width = text_width(&size, font(SMALL))?;
            // Sizes that would overlap are left to the alternative text.
            if x - width / 2.0 > free + 6.0 {
                canvas.text(&size, (x, plot.top - 22.0), font(SMALL).color(FAINT), TOP)?;
                free = x + width / 2.0;
            }
        }
        canvas.text(
            "Traits : intervalles à 95 %.",
            (20.0, 456.0),
            font(SMALL).color(FAINT),
            TOP_LEFT,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_joins_classes_that_touch() {
        let some =
            |values: &[f64]| -> Vec<Option<f64>> { values.iter().copied().map(Some).collect() };
        // 0 alone, then from 0.3 on: nothing in between.
        assert_eq!(
            joined(&some(&[0.0, 0.3, 0.61]), &some(&[0.0, 0.6, 1.0])),
            [1]
        );
        assert!(joined(&some(&[1.0, 2.0, 3.0]), &some(&[1.0, 2.0, 3.0])).is_empty());
        assert!(joined(&[None, None], &[None, None]).is_empty());
    }
}
