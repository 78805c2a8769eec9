//! How many images have each value: one histogram, its bars stacked by group.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::figure,
    plot::{Plot, WIDTH, check_count, legend_places, swatch, swatch_legend, title},
};
use crate::{
    error::{Error, Result},
    fairness::{Factor, numbers},
    french::{compact, of},
};

/// Most groups stacked in a bar: those that the fillings tell apart.
const MAX_PARTS: usize = 6;
/// Most bars: thinner ones would be lines.
const MAX_BARS: usize = 200;
/// Room above the highest bar, as a share of its height.
const HEADROOM: f64 = 0.06;

/// A value this close to a bar's edge, in bars, is on it: 0.3 / 0.1 falls just short of 3.
const EDGE: f64 = 1e-9;

/// Numbers of rows by value: bars `bar_width` wide from the smallest value on, each one open to the right
/// (`[1, 4[`, `[4, 7[`… for ages from 1 and a width of 3), stacked by the groups of `parts`.
///
/// `value` is a column of numbers, `parts` one of words, whole numbers or booleans.
///
/// # Errors
/// [`Error::Column`] when a column is missing, empty somewhere or of another type; [`Error::Argument`] for a width
/// that is no positive number or makes more than 200 bars, and with more than six groups.
pub fn stacked_histogram(
    frame: &DataFrame,
    value: &str,
    parts: &str,
    bar_width: f64,
    text: &str,
) -> Result<Figure> {
    let (values, factor) = (numbers(frame, value)?, Factor::read(frame, parts)?);
    check_count("parts", "groupe", factor.groups.len(), MAX_PARTS)?;
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: f64| ((value - low) / bar_width + EDGE).floor();
    let bars = bar(high) + 1.0;
    if !(bar_width > 0.0 && bars <= MAX_BARS as f64) {
        return Err(Error::argument(
            "bar_width",
            bar_width,
            "un nombre positif, pour 200 barres au plus",
        ));
    }
    let mut counts = vec![vec![0_usize; factor.groups.len()]; bars as usize];
    for (value, label) in values.iter().zip(&factor.label) {
        counts[bar(*value) as usize][usize::from(*label)] += 1;
    }
    let totals: Vec<usize> = counts.iter().map(|bar| bar.iter().sum()).collect();
    let most = totals.iter().copied().max().unwrap_or(0);
    let at_most = totals.iter().position(|total| *total == most).unwrap_or(0);
    let edge = |bar: usize| low + bar as f64 * bar_width;
    let names: Vec<String> = factor
        .groups
        .iter()
        .map(|group| format!("{parts} : {group}"))
        .collect();
    let described: Vec<String> = factor
        .groups
        .iter()
        .zip(&counts[at_most])
        .map(|(group, count)| format!("{group} {count}"))
        .collect();
    let alt = format!(
        "{text}. Un histogramme {}, barres larges de {} empilées selon {parts}. La plus haute va de {} à {} (non compris) : {most} images ({}).",
        of(value),
        compact(bar_width),
        compact(edge(at_most)),
        compact(edge(at_most + 1)),
        described.join(", ")
    );
    let (places, legend) = legend_places(&names, 96.0, 62.0)?;
    let plot = Plot {
        left: 96.0,
        right: 876.0,
        top: 62.0 + legend,
        bottom: 424.0,
        x: (low, edge(bars as usize)),
        y: (0.0, most as f64 * (1.0 + HEADROOM)),
    };
    figure(WIDTH, 490, alt, |canvas| {
        title(canvas, text, plot.left)?;
        swatch_legend(canvas, &names, &places)?;
        plot.x_axis(canvas, value)?;
        plot.y_axis(canvas, "images")?;
        for (bar, counts) in counts.iter().enumerate() {
            let mut below = 0;
            for (part, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let from = plot.at((edge(bar), (below + count) as f64));
                let to = plot.at((edge(bar + 1), below as f64));
                swatch(canvas, part, (from.0 + 1.0, from.1), (to.0 - 1.0, to.1))?;
                below += count;
            }
        }
        plot.edges(canvas)
    })
}
