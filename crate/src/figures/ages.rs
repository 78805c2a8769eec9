//! Predicted and true ages.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, figure, font},
    plot::{LINE, Plot, WIDTH, shade, title},
    style::{EMPHASIS, FAINT, INK, SERIES, SMALL},
};
use crate::{
    error::{Error, Result},
    fairness::{find, numbers},
    french::{count, decimal, grouped},
    metrics::{AgeMetric, age_metrics},
};
use plotters::style::RGBColor;

/// Points beyond which shades of density replace them: they would cover one another.
const MAX_POINTS: usize = 600;
/// Bands around the right age: half-width in years, colour.
const BANDS: [(f64, RGBColor); 2] = [
    (10.0, RGBColor(238, 238, 238)),
    (5.0, RGBColor(216, 216, 216)),
];

/// Predicted age against true age: bands at ±5 and ±10 years around the right answer, and how many images lie in each.
///
/// Beyond 600 images, squares of two years shaded by their number of images replace the points.
///
/// # Errors
/// [`Error::Column`] when a column is missing, empty somewhere or not numeric; [`Error::Argument`] for an empty frame.
pub fn age_scatter(frame: &DataFrame, y_true: &str, y_pred: &str, text: &str) -> Result<Figure> {
    find(frame, y_true)?;
    let (truth, predicted) = (numbers(frame, y_true)?, numbers(frame, y_pred)?);
    let n = truth.len();
    if n == 0 {
        return Err(Error::argument(
            "frame",
            "tableau vide",
            "au moins une image",
        ));
    }
    let pairs = || truth.iter().copied().zip(predicted.iter().copied());
    let within = |years: f64| {
        let inside = pairs().filter(|(t, p)| (p - t).abs() <= years).count();
        100.0 * inside as f64 / n as f64
    };
    let measured = age_metrics(
        &[AgeMetric::Mae, AgeMetric::SignedError],
        &truth,
        &predicted,
    )?;
    let [mae, signed] = [measured[0].1, measured[1].1];
    let values = || truth.iter().chain(&predicted).copied();
    let high = (values().fold(20.0, f64::max) / 10.0).ceil() * 10.0;
    let low = (values().fold(0.0, f64::min) / 10.0).floor() * 10.0;
    let plot = Plot {
        left: 96.0,
        right: 596.0,
        top: 62.0,
        bottom: 562.0,
        x: (low, high),
        y: (low, high),
    };
    let lines = [
        count(n, "image"),
        format!("MAE : {} ans", decimal(mae, 2)),
        format!("erreur signée : {} ans", decimal(signed, 2)),
        format!("à ±5 ans : {} %", decimal(within(5.0), 1)),
        format!("à ±10 ans : {} %", decimal(within(10.0), 1)),
    ];
    let alt = format!(
        "{text}. Âge prédit selon l'âge de l'étiquette. {}.",
        lines.join(", ")
    );
    figure(WIDTH, 630, alt, |canvas| {
        title(canvas, text, plot.left)?;
        for (years, color) in BANDS {
            canvas.polygon(&band(&plot, years), color)?;
        }
        plot.x_axis(canvas, "âge de l'étiquette (ans)")?;
        plot.y_axis(canvas, "âge prédit (ans)")?;
        let legend = match n > MAX_POINTS {
            true => density(canvas, &plot, pairs())?,
            false => {
                for pair in pairs() {
                    canvas.disc(plot.at(pair), 3.0, SERIES[0])?;
                }
                None
            }
        };
        canvas.line(&[plot.at((low, low)), plot.at((high, high))], EMPHASIS, 2)?;
        plot.edges(canvas)?;
        let mut y = plot.top + 16.0;
        for line in &lines {
            canvas.text(line, (626.0, y), font(SMALL).bold(), MIDDLE_LEFT)?;
            y += LINE + 4.0;
        }
        y += LINE;
        canvas.line(&[(626.0, y), (660.0, y)], EMPHASIS, 2)?;
        canvas.text("prédiction juste", (672.0, y), font(SMALL), MIDDLE_LEFT)?;
        for (years, color) in BANDS.iter().rev() {
            y += LINE + 8.0;
            canvas.rectangle((626.0, y - 9.0), (660.0, y + 9.0), *color)?;
            canvas.frame((626.0, y - 9.0), (660.0, y + 9.0), FAINT, 1)?;
            let label = format!("à {years} ans près");
            canvas.text(&label, (672.0, y), font(SMALL), MIDDLE_LEFT)?;
        }
        if let Some(most) = legend {
            y += 2.0 * LINE;
            for step in 0..5 {
                let from = 626.0 + 30.0 * f64::from(step);
                canvas.rectangle(
                    (from, y - 9.0),
                    (from + 30.0, y + 9.0),
                    shade(0.2 + 0.2 * f64::from(step)),
                )?;
            }
            canvas.frame((626.0, y - 9.0), (776.0, y + 9.0), INK, 1)?;
            let label = format!("de 1 à {} images", grouped(&most.to_string()));
            canvas.text(
                &label,
                (626.0, y + LINE + 2.0),
                font(SMALL).color(FAINT),
                MIDDLE_LEFT,
            )?;
        }
        Ok(())
    })
}

/// The part of the square where the error is at most `years`.
fn band(plot: &Plot, years: f64) -> Vec<(f64, f64)> {
    let (low, high) = plot.x;
    [
        (low, low),
        (low, low + years),
        (high - years, high),
        (high, high),
        (high, high - years),
        (low + years, low),
    ]
    .map(|corner| plot.at(corner))
    .to_vec()
}

/// Squares of two years, and the number of images of the fullest.
fn density(
    canvas: &Canvas,
    plot: &Plot,
    pairs: impl Iterator<Item = (f64, f64)>,
) -> Result<Option<usize>> {
    let mut cells = std::collections::BTreeMap::<(i64, i64), usize>::new();
    let cell = |value: f64| (value / 2.0).floor() as i64;
    for (truth, predicted) in pairs {
        *cells.entry((cell(truth), cell(predicted))).or_default() += 1;
    }
    let most = cells.values().copied().max().unwrap_or(1);
    for ((x, y), number) in cells {
        let from = plot.at((2.0 * x as f64, 2.0 * (y + 1) as f64));
        let to = plot.at((2.0 * (x + 1) as f64, 2.0 * y as f64));
        // A single image must show on the bands: shades begin at one fifth.
        let share = 0.2 + 0.8 * (number as f64).ln() / (most as f64).ln().max(1e-9);
        canvas.rectangle(from, (to.0.min(plot.right), to.1), shade(share))?;
    }
    Ok(Some(most))
}
