//! Rates by group with their intervals, one or several models side by side.

use plotters::style::RGBColor;
use polars::prelude::{Column, DataFrame, DataType};

use super::{
    Figure,
    canvas::{
        Canvas, MIDDLE_LEFT, MIDDLE_RIGHT, Point, TOP, TOP_LEFT, figure, font, text_width, wrap,
    },
    plot::swatch,
    style::{FAINT, GRID, INK, LABEL, SMALL, TITLE},
};
use crate::{
    error::{Error, Result},
    fairness::SMALL_GROUP,
    french::{count, decimal},
};

const WIDTH: u32 = 900;
const HEIGHT: u32 = 520;
/// Most models a figure shows: more bars would be too thin to read.
const MAX_MODELS: usize = 4;
/// The plotting area, in pixels: left, right, top (rate 1) and bottom (rate 0).
const LEFT: f64 = 96.0;
const RIGHT: f64 = 876.0;
const TOP_EDGE: f64 = 108.0;
const BOTTOM: f64 = 404.0;

/// Share of the faces found in each group (bars, 95 % Wilson interval) and mean probability
/// (diamonds), always on an axis from 0 to 1, with the number of images of each group.
///
/// `models` pairs the name of each model with its frame, as [`by_group`](crate::fairness::by_group)
/// returns it; all frames must have the same groups in the same order. At most four models.
///
/// # Errors
/// [`Error::Argument`] without models or groups, with more than four models, or when groups differ;
/// [`Error::Frame`] when a column is missing; [`Error::Figure`] when a value is missing or no rate.
pub fn group_bars(models: &[(&str, &DataFrame)], title: &str) -> Result<Figure> {
    if models.is_empty() || models.len() > MAX_MODELS {
        return Err(Error::argument(
            "models",
            count(models.len(), "modèle"),
            format!("de 1 à {MAX_MODELS} modèles par figure"),
        ));
    }
    let series: Vec<Series> = models
        .iter()
        .map(|(name, frame)| Series::read(name, frame))
        .collect::<Result<_>>()?;
    let groups = &series[0].groups;
    if groups.is_empty() {
        return Err(Error::argument(
            "models",
            "tableau vide",
            "au moins un groupe",
        ));
    }
    if let Some(other) = series.iter().find(|other| other.groups != *groups) {
        return Err(Error::argument(
            "models",
            format!(
                "« {} » a d'autres groupes que « {} »",
                other.name, series[0].name
            ),
            "les mêmes groupes, dans le même ordre, pour tous les modèles",
        ));
    }
    figure(WIDTH, HEIGHT, alt_text(title, &series), |canvas| {
        for line in wrap(title, font(TITLE).bold(), RIGHT - LEFT, 1)? {
            canvas.text(&line, (LEFT, 14.0), font(TITLE).bold(), TOP_LEFT)?;
        }
        legend(canvas, &series)?;
        axis(canvas)?;
        let slot = (RIGHT - LEFT) / groups.len() as f64;
        let with_sizes = sizes_fit(&series, slot)?;
        for index in 0..groups.len() {
            let centre = LEFT + slot * (index as f64 + 0.5);
            bars(canvas, &series, index, centre, slot)?;
            labels(canvas, &series, index, centre, slot, with_sizes)?;
        }
        canvas.line(&[(LEFT, BOTTOM), (RIGHT, BOTTOM)], INK, 1)?;
        let small = series
            .iter()
            .any(|one| one.sizes.iter().any(|n| (*n as usize) < SMALL_GROUP));
        if small {
            let note = format!(
                "Groupes de moins de {SMALL_GROUP} images : les intervalles sont larges, un écart peut venir du hasard."
            );
            let at = (f64::from(WIDTH) / 2.0, f64::from(HEIGHT) - 26.0);
            canvas.text(&note, at, font(SMALL).color(FAINT), TOP)?;
        }
        Ok(())
    })
}

/// What one model shows.
struct Series {
    name: String,
    groups: Vec<String>,
    sizes: Vec<u32>,
    detected: Vec<u32>,
    means: Vec<f64>,
    recalls: Vec<f64>,
    lows: Vec<f64>,
    highs: Vec<f64>,
}

impl Series {
    fn read(name: &str, frame: &DataFrame) -> Result<Self> {
        let rates = |column: &str| -> Result<Vec<f64>> {
            let values = numbers(frame.column(column)?)?;
            match values.iter().all(|rate| (0.0..=1.0).contains(rate)) {
                true => Ok(values),
                false => Err(Error::Figure(format!(
                    "la colonne « {column} » de « {name} » contient une valeur qui n'est pas un taux (de 0 à 1)"
                ))),
            }
        };
        let counts = |column: &str| -> Result<Vec<u32>> {
            Ok(numbers(frame.column(column)?)?
                .into_iter()
                .map(|n| n as u32)
                .collect())
        };
        let groups = frame.column("group")?.str()?;
        Ok(Self {
            name: name.to_owned(),
            groups: groups
                .iter()
                .map(|group| group.unwrap_or("?").to_owned())
                .collect(),
            sizes: counts("n")?,
            detected: counts("detected")?,
            means: rates("mean_probability")?,
            recalls: rates("recall")?,
            lows: rates("low")?,
            highs: rates("high")?,
        })
    }
}

/// The values of a numeric column, none of them missing.
fn numbers(column: &Column) -> Result<Vec<f64>> {
    let column = column.cast(&DataType::Float64)?;
    let values: Option<Vec<f64>> = column.f64()?.iter().collect();
    values.ok_or_else(|| {
        Error::Figure(format!(
            "il manque des valeurs dans la colonne « {} »",
            column.name()
        ))
    })
}

fn height_of(rate: f64) -> f64 {
    BOTTOM - rate * (BOTTOM - TOP_EDGE)
}

fn axis(canvas: &Canvas) -> Result<()> {
    for tenth in (0..=10).step_by(2) {
        let rate = f64::from(tenth) / 10.0;
        let y = height_of(rate);
        canvas.line(&[(LEFT, y), (RIGHT, y)], GRID, 1)?;
        let at = (LEFT - 8.0, y);
        canvas.text(&decimal(rate, 1), at, font(SMALL), MIDDLE_RIGHT)?;
    }
    let label = "part des visages trouvés";
    let length = text_width(label, font(LABEL))?;
    let at = (20.0, (TOP_EDGE + BOTTOM + length) / 2.0);
    canvas.text(label, at, font(LABEL).upwards(), TOP_LEFT)
}

fn legend(canvas: &Canvas, series: &[Series]) -> Result<()> {
    let y = 62.0;
    let mut x = LEFT;
    for (index, one) in series.iter().enumerate() {
        swatch(canvas, index, (x, y - 9.0), (x + 26.0, y + 9.0))?;
        canvas.text(&one.name, (x + 34.0, y), font(SMALL), MIDDLE_LEFT)?;
        x += 34.0 + text_width(&one.name, font(SMALL))? + 22.0;
    }
    canvas.line(&[(x + 8.0, y - 10.0), (x + 8.0, y + 10.0)], INK, 2)?;
    for end in [y - 10.0, y + 10.0] {
        canvas.line(&[(x + 2.0, end), (x + 14.0, end)], INK, 2)?;
    }
    let interval = "intervalle à 95 %";
    canvas.text(interval, (x + 24.0, y), font(SMALL), MIDDLE_LEFT)?;
    x += 24.0 + text_width(interval, font(SMALL))? + 22.0;
    diamond(canvas, (x + 8.0, y))?;
    canvas.text(
        "probabilité moyenne",
        (x + 24.0, y),
        font(SMALL),
        MIDDLE_LEFT,
    )
}

fn bars(canvas: &Canvas, series: &[Series], group: usize, centre: f64, slot: f64) -> Result<()> {
    let width = (0.72 * slot / series.len() as f64).min(110.0);
    let first = centre - width * series.len() as f64 / 2.0;
    for (index, one) in series.iter().enumerate() {
        let (left, right) = (
            first + width * index as f64 + 2.0,
            first + width * (index + 1) as f64 - 2.0,
        );
        swatch(
            canvas,
            index,
            (left, height_of(one.recalls[group])),
            (right, BOTTOM),
        )?;

        let middle = (left + right) / 2.0;
        let (low, high) = (height_of(one.lows[group]), height_of(one.highs[group]));
        canvas.line(&[(middle, low), (middle, high)], INK, 2)?;
        for end in [low, high] {
            canvas.line(&[(middle - 7.0, end), (middle + 7.0, end)], INK, 2)?;
        }
        // Beside the interval, which would hide it.
        diamond(
            canvas,
            (middle + width.min(70.0) / 4.0, height_of(one.means[group])),
        )?;
    }
    Ok(())
}

/// « 4/5 · 3/5 », or « 4 · 3 » without the sizes: the faces found by each model.
fn found_in_words(series: &[Series], group: usize, with_sizes: bool) -> String {
    let parts: Vec<String> = series
        .iter()
        .map(|one| match with_sizes {
            true => format!("{}/{}", one.detected[group], one.sizes[group]),
            false => one.detected[group].to_string(),
        })
        .collect();
    parts.join(" · ")
}

/// « n = 5 », or « n = 5 · 7 » when the models saw other numbers of images.
fn size_in_words(series: &[Series], group: usize) -> String {
    let mut sizes: Vec<String> = series
        .iter()
        .map(|one| one.sizes[group].to_string())
        .collect();
    if sizes.iter().all(|size| *size == sizes[0]) {
        sizes.truncate(1);
    }
    format!("n = {}", sizes.join(" · "))
}

/// Whether there is room for « 286/318 » under every bar: all groups are labelled alike, and the size below is enough.
fn sizes_fit(series: &[Series], slot: f64) -> Result<bool> {
    for group in 0..series[0].groups.len() {
        let found = found_in_words(series, group, true);
        if text_width(&found, font(SMALL).bold())? > slot - 6.0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Under the axis: « 5/5 » a bar, then the group on two lines, then its size.
fn labels(
    canvas: &Canvas,
    series: &[Series],
    group: usize,
    centre: f64,
    slot: f64,
    with_sizes: bool,
) -> Result<()> {
    let found = found_in_words(series, group, with_sizes);
    canvas.text(&found, (centre, BOTTOM + 8.0), font(SMALL).bold(), TOP)?;
    let lines = wrap(&series[0].groups[group], font(SMALL), slot - 8.0, 2)?;
    let mut y = BOTTOM + 30.0;
    for line in &lines {
        canvas.text(line, (centre, y), font(SMALL), TOP)?;
        y += 20.0;
    }
    canvas.text(
        &size_in_words(series, group),
        (centre, y),
        font(SMALL).color(FAINT),
        TOP,
    )
}

fn diamond(canvas: &Canvas, (x, y): Point) -> Result<()> {
    for (radius, color) in [(8.0, INK), (5.0, RGBColor(255, 255, 255))] {
        let corners = [
            (x, y - radius),
            (x + radius, y),
            (x, y + radius),
            (x - radius, y),
        ];
        canvas.polygon(&corners, color)?;
    }
    Ok(())
}

fn alt_text(title: &str, series: &[Series]) -> String {
    let mut text = format!("{title}. Barres par groupe, axe de 0 à 1.");
    for one in series {
        let parts: Vec<String> = (0..one.groups.len())
            .map(|i| {
                format!(
                    "{} {} ({} sur {}, intervalle à 95 % de {} à {}, probabilité moyenne {})",
                    one.groups[i],
                    decimal(one.recalls[i], 2),
                    one.detected[i],
                    one.sizes[i],
                    decimal(one.lows[i], 2),
                    decimal(one.highs[i], 2),
                    decimal(one.means[i], 2),
                )
            })
            .collect();
        text.push_str(&format!(" {} : {}.", one.name, parts.join(" ; ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_told() {
        let series = |n: u32| Series {
            name: String::new(),
            groups: vec!["A".to_owned()],
            sizes: vec![n],
            detected: vec![1],
            means: vec![0.5],
            recalls: vec![0.5],
            lows: vec![0.0],
            highs: vec![1.0],
        };
        assert_eq!(size_in_words(&[series(5), series(5)], 0), "n = 5");
        assert_eq!(size_in_words(&[series(5), series(7)], 0), "n = 5 · 7");
    }
}
