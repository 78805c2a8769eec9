//! One metric of each group with its intervals, one or several models side by side.

use plotters::style::RGBColor;
use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, Point, TOP, figure, font, text_width, wrap},
    frames::{optional, range_in_words, value_in_words},
    plot::{
        LINE, Plot, WHITE, WIDTH, check_count, interval, legend_places, padded, swatch,
        swatch_legend, title,
    },
    style::{FAINT, INK, SMALL},
};
use crate::{
    error::{Error, Result},
    fairness::{SMALL_GROUP, numbers, words},
    french::decimal,
    metrics::{Metric, Spec},
    ready::{Ready, unzip},
};

/// Most models side by side, and groups along the axis.
const MAX_MODELS: usize = 4;
const MAX_GROUPS: usize = 16;
/// Height of the plotting area, in pixels.
const HEIGHT: f64 = 296.0;

/// One metric of each group, with its 95 % interval: one bar a model and group.
///
/// `models` pairs the name of each model with its frame, as [`Audit::by_group`](crate::fairness::Audit::by_group),
/// [`Audit::by_intersection`](crate::fairness::Audit::by_intersection) and those of
/// [`AgeAudit`](crate::fairness::AgeAudit) return it; `metric` is a [`Metric`] or an
/// [`AgeMetric`](crate::metrics::AgeMetric) of these frames. The axis begins at 0, and ends at 1 for shares; `n` is the
/// number of images the metric looks at (positives, for the TPR), and a rate tells how many of them count: « 4/5 ». A missing
/// value reads « — ».
///
/// # Errors
/// [`Error::Argument`] without models or groups, with too many, when groups differ or belong to several columns;
/// [`Error::Column`] when a column is missing.
pub fn grouped_bars<A: Ready<Value = DataFrame>>(
    models: &[(&str, &A)],
    metric: impl Into<Spec>,
    text: &str,
) -> Result<A::Out<Figure>> {
    let (names, frames) = unzip(models);
    let metric = metric.into();
    A::turn_all(&frames, |frames| {
        Bars::read(&names, frames, metric, None)?.draw(text)
    })
}

/// Share of the faces found in each group (bars, 95 % interval) and mean probability (diamonds): the
/// [`grouped_bars`] of [`Metric::Tpr`], with [`Metric::MeanScore`].
///
/// # Errors
/// Those of [`grouped_bars`].
pub fn recall_bars<A: Ready<Value = DataFrame>>(
    models: &[(&str, &A)],
    text: &str,
) -> Result<A::Out<Figure>> {
    let (names, frames) = unzip(models);
    let (metric, diamond) = (Metric::Tpr.spec(), Some(Metric::MeanScore.spec()));
    A::turn_all(&frames, |frames| {
        Bars::read(&names, frames, metric, diamond)?.draw(text)
    })
}

/// What a figure shows.
struct Bars {
    metric: Spec,
    /// A second metric, on the same axis.
    diamond: Option<Spec>,
    series: Vec<Series>,
}

/// What one model shows.
struct Series {
    name: String,
    groups: Vec<String>,
    /// Images the metric looks at.
    sizes: Vec<u32>,
    values: Vec<Option<f64>>,
    lows: Vec<Option<f64>>,
    highs: Vec<Option<f64>>,
    /// Values of the second metric; none without one.
    diamonds: Vec<Option<f64>>,
}

impl Series {
    fn read(name: &str, frame: &DataFrame, metric: Spec, diamond: Option<Spec>) -> Result<Self> {
        let factors = words(frame, "factor")?;
        if factors.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(Error::argument(
                "models",
                format!("« {name} » a les groupes de plusieurs colonnes"),
                "une colonne de groupes par figure : filtrez avec .filter(col(\"factor\").eq(lit(\"…\")))",
            ));
        }
        let mut sizes = vec![0; frame.height()];
        for column in metric.denominator.columns() {
            for (size, count) in sizes.iter_mut().zip(numbers(frame, column)?) {
                *size += count as u32;
            }
        }
        let end = |end: &str| optional(frame, &format!("{}_{end}", metric.name));
        Ok(Self {
            name: name.to_owned(),
            groups: words(frame, "group")?,
            sizes,
            values: optional(frame, metric.name)?,
            lows: end("low")?,
            highs: end("high")?,
            diamonds: match diamond {
                Some(metric) => optional(frame, metric.name)?,
                None => vec![None; frame.height()],
            },
        })
    }

    fn all(&self) -> impl Iterator<Item = f64> {
        let all = [&self.values, &self.lows, &self.highs, &self.diamonds];
        all.into_iter().flatten().flatten().copied()
    }

    /// How many images of a group count in a rate.
    fn found(&self, group: usize) -> Option<u32> {
        Some((self.values[group]? * f64::from(self.sizes[group])).round() as u32)
    }
}

impl Bars {
    fn read(
        names: &[&str],
        frames: &[&DataFrame],
        metric: Spec,
        diamond: Option<Spec>,
    ) -> Result<Self> {
        check_count("models", "modèle", names.len(), MAX_MODELS)?;
        let series: Vec<Series> = names
            .iter()
            .zip(frames)
            .map(|(name, frame)| Series::read(name, frame, metric, diamond))
            .collect::<Result<_>>()?;
        let groups = &series[0].groups;
        check_count("models", "groupe", groups.len(), MAX_GROUPS)?;
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
        Ok(Self {
            metric,
            diamond,
            series,
        })
    }

    fn draw(&self, text: &str) -> Result<Figure> {
        let groups = self.series[0].groups.len();
        let mut legend: Vec<String> = self.series.iter().map(|one| one.name.clone()).collect();
        legend.push("intervalle à 95 %".to_owned());
        legend.extend(self.diamond.map(|metric| metric.label.to_owned()));
        let (places, height) = legend_places(&legend, 96.0, 62.0)?;
        let plot = Plot {
            left: 96.0,
            right: 876.0,
            top: 82.0 + height,
            bottom: 82.0 + height + HEIGHT,
            x: (0.0, groups as f64),
            y: self.range(),
        };
        let total = plot.bottom as u32 + 116;
        figure(WIDTH, total, self.alt(text), |canvas| {
            title(canvas, text, plot.left)?;
            self.legend(canvas, &legend, &places)?;
            plot.y_axis(canvas, &self.metric.axis())?;
            let slot = (plot.right - plot.left) / groups as f64;
            let counts = self.counts(slot)?;
            for group in 0..groups {
                let centre = plot.at((group as f64 + 0.5, 0.0)).0;
                self.bars(canvas, &plot, group, centre, slot)?;
                self.labels(canvas, group, (centre, plot.bottom), slot, counts)?;
            }
            let zero = plot.at((0.0, 0.0)).1;
            canvas.line(&[(plot.left, zero), (plot.right, zero)], INK, 1)?;
            let mut sizes = self.series.iter().flat_map(|one| &one.sizes);
            let note = match sizes.any(|n| (*n as usize) < SMALL_GROUP) {
                true => format!(
                    "Groupes de moins de {SMALL_GROUP} images : les intervalles sont larges, un écart peut venir du hasard."
                ),
                false => "Des intervalles qui se recouvrent ne prouvent pas l'égalité des groupes."
                    .to_owned(),
            };
            let at = (f64::from(WIDTH) / 2.0, f64::from(total) - 26.0);
            canvas.text(&note, at, font(SMALL).color(FAINT), TOP)
        })
    }

    /// 0 to 1 for shares; otherwise from 0, or from the lowest value when it is negative.
    fn range(&self) -> (f64, f64) {
        if self.metric.is_share() {
            return (0.0, 1.0);
        }
        let all = || self.series.iter().flat_map(Series::all);
        let (low, high) = padded(all().chain([0.0]));
        let least = all().fold(0.0, f64::min);
        (if least < 0.0 { low } else { 0.0 }, high.max(1e-9))
    }

    /// One rectangle a model, the mark of an interval, the diamond.
    fn legend(&self, canvas: &Canvas, names: &[String], places: &[Point]) -> Result<()> {
        let models = self.series.len();
        swatch_legend(canvas, &names[..models], &places[..models])?;
        for (index, (name, (x, y))) in names.iter().zip(places).enumerate().skip(models) {
            match index == models {
                true => interval(canvas, x + 13.0, y - 10.0, y + 10.0, INK)?,
                false => diamond(canvas, (x + 13.0, *y))?,
            }
            canvas.text(name, (x + 34.0, *y), font(SMALL), MIDDLE_LEFT)?;
        }
        Ok(())
    }

    fn bars(
        &self,
        canvas: &Canvas,
        plot: &Plot,
        group: usize,
        centre: f64,
        slot: f64,
    ) -> Result<()> {
        let models = self.series.len() as f64;
        let width = (0.72 * slot / models).min(110.0);
        let first = centre - width * models / 2.0;
        let height = |value: f64| plot.at((0.0, value)).1;
        for (index, one) in self.series.iter().enumerate() {
            let left = first + width * index as f64 + 2.0;
            let right = left + width - 4.0;
            let middle = (left + right) / 2.0;
            match one.values[group] {
                None => canvas.text("—", (middle, height(0.0) - 22.0), font(SMALL), TOP)?,
                Some(value) => {
                    let (top, bottom) = (height(value.max(0.0)), height(value.min(0.0)));
                    swatch(canvas, index, (left, top), (right, bottom))?;
                }
            }
            if let (Some(low), Some(high)) = (one.lows[group], one.highs[group]) {
                // A white rim keeps the interval readable on every filling.
                canvas.line(&[(middle, height(low)), (middle, height(high))], WHITE, 5)?;
                interval(canvas, middle, height(low), height(high), INK)?;
            }
            if let Some(value) = one.diamonds[group] {
                // Beside the interval, which would hide it.
                diamond(canvas, (middle + width.min(70.0) / 4.0, height(value)))?;
            }
        }
        Ok(())
    }

    /// How the counts of a rate are written below the bars: all groups alike.
    fn counts(&self, slot: f64) -> Result<Counts> {
        if !self.metric.is_rate {
            return Ok(Counts::Hidden);
        }
        for counts in [Counts::Whole, Counts::Found] {
            let mut fits = true;
            for group in 0..self.series[0].groups.len() {
                let words = self.found_in_words(group, counts);
                fits &= text_width(&words, font(SMALL).bold())? <= slot - 6.0;
            }
            if fits {
                return Ok(counts);
            }
        }
        Ok(Counts::Hidden)
    }

    /// « 4/5 · 3/5 », or « 4 · 3 » without the sizes: the images of each model that count.
    fn found_in_words(&self, group: usize, counts: Counts) -> String {
        let of_model = |one: &Series| match (one.found(group), counts) {
            (None, _) => "—".to_owned(),
            (Some(found), Counts::Whole) => format!("{found}/{}", one.sizes[group]),
            (Some(found), _) => found.to_string(),
        };
        let parts: Vec<String> = self.series.iter().map(of_model).collect();
        parts.join(" · ")
    }

    /// Under the axis: « 5/5 » a bar, then the group on two lines, then its size.
    fn labels(
        &self,
        canvas: &Canvas,
        group: usize,
        (centre, bottom): Point,
        slot: f64,
        counts: Counts,
    ) -> Result<()> {
        let mut y = bottom + 8.0;
        if counts != Counts::Hidden {
            let found = self.found_in_words(group, counts);
            canvas.text(&found, (centre, y), font(SMALL).bold(), TOP)?;
            y += LINE + 2.0;
        }
        for line in wrap(&self.series[0].groups[group], font(SMALL), slot - 8.0, 2)? {
            canvas.text(&line, (centre, y), font(SMALL), TOP)?;
            y += LINE;
        }
        let sizes = sizes_in_words(self.series.iter().map(|one| one.sizes[group]));
        let mut size = format!("n = {sizes}");
        if text_width(&size, font(SMALL))? > slot - 4.0 {
            size = sizes;
        }
        canvas.text(&size, (centre, y), font(SMALL).color(FAINT), TOP)
    }

    fn alt(&self, text: &str) -> String {
        let mut alt = format!("{text}. Barres par groupe : {}.", self.metric.axis());
        for one in &self.series {
            let part = |group: usize| {
                let n = one.sizes[group];
                let size = match one.found(group).filter(|_| self.metric.is_rate) {
                    Some(found) => format!("{found} sur {n}"),
                    None => format!("n = {n}"),
                };
                let diamond = self.diamond.zip(one.diamonds[group]);
                let diamond = diamond.map_or(String::new(), |(metric, value)| {
                    format!(", {} {}", metric.label, decimal(value, 2))
                });
                format!(
                    "{} {} ({size}{}{diamond})",
                    one.groups[group],
                    value_in_words(one.values[group]),
                    range_in_words(one.lows[group], one.highs[group]),
                )
            };
            let parts: Vec<String> = (0..one.groups.len()).map(part).collect();
            alt.push_str(&format!(" {} : {}.", one.name, parts.join(" ; ")));
        }
        alt
    }
}

/// How the images that count in a rate are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// « 4/5 ».
    Whole,
    /// « 4 »: the size is below.
    Found,
    /// Not at all.
    Hidden,
}

/// « 5 », or « 5 · 7 » when the models saw other numbers of images.
fn sizes_in_words(sizes: impl Iterator<Item = u32>) -> String {
    let mut sizes: Vec<String> = sizes.map(|size| size.to_string()).collect();
    if sizes.iter().all(|size| *size == sizes[0]) {
        sizes.truncate(1);
    }
    sizes.join(" · ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_told() {
        assert_eq!(sizes_in_words([5, 5].into_iter()), "5");
        assert_eq!(sizes_in_words([5, 7].into_iter()), "5 · 7");
    }
}
