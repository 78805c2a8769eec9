//! Bars: a metric of groups with its intervals, shares of categories.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_RIGHT, TOP, TOP_LEFT, figure, font, text_width, wrap},
    plot::{
        LINE, Plot, WHITE, WIDTH, check_count, interval, legend_places, metric_label, padded,
        swatch, swatch_legend, title,
    },
    style::{FAINT, INK, SMALL},
};
use crate::{
    error::{Error, Result},
    fairness::{Factor, SMALL_GROUP, find, numbers},
    french::{count, decimal, of},
};

/// Most models side by side, groups along the axis, bars and parts of stacked bars.
const MAX_MODELS: usize = 4;
const MAX_GROUPS: usize = 16;
const MAX_PARTS: usize = 6;

/// One metric of each group, with its 95 % interval: one bar a model and group.
///
/// `models` pairs the name of each model with its frame, as [`Audit::by_group`](crate::fairness::Audit::by_group),
/// [`Audit::by_intersection`](crate::fairness::Audit::by_intersection) and those of
/// [`AgeAudit`](crate::fairness::AgeAudit) return it; `metric` is the name of a column (« tpr », « mae »).
/// The axis begins at 0, and ends at 1 for rates; `n` is the number of images the metric looks at (positives, for the
/// TPR). A missing value reads « — ».
///
/// # Errors
/// [`Error::Argument`] without models or groups, with too many, when groups differ or belong to several columns;
/// [`Error::Column`] when a column is missing.
pub fn grouped_bars(models: &[(&str, &DataFrame)], metric: &str, text: &str) -> Result<Figure> {
    check_count("models", "modèle", models.len(), MAX_MODELS)?;
    let series: Vec<Series> = models
        .iter()
        .map(|(name, frame)| Series::read(name, frame, metric))
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
    let names: Vec<String> = series.iter().map(|one| one.name.clone()).collect();
    let (places, height) = legend_places(&names, 96.0, 62.0)?;
    let plot = Plot {
        left: 96.0,
        right: 876.0,
        top: 70.0 + height,
        bottom: 400.0 + height,
        x: (0.0, groups.len() as f64),
        y: y_range(&series, metric),
    };
    figure(
        WIDTH,
        480 + height as u32,
        bars_alt(text, metric, &series),
        |canvas| {
            title(canvas, text, plot.left)?;
            swatch_legend(canvas, &names, &places)?;
            plot.y_axis(canvas, metric_label(metric))?;
            for group in 0..groups.len() {
                one_group(canvas, &plot, &series, group)?;
            }
            let zero = plot.at((0.0, 0.0)).1;
            canvas.line(&[(plot.left, zero), (plot.right, zero)], INK, 1)?;
            let small = series
                .iter()
                .flat_map(|one| &one.sizes)
                .any(|n| (*n as usize) < SMALL_GROUP);
            let note = match small {
            true => format!("Traits : intervalles à 95 %. Groupes de moins de {SMALL_GROUP} images : un écart peut venir du hasard."),
            false => "Traits : intervalles à 95 %. Des intervalles qui se recouvrent ne prouvent pas l'égalité.".to_owned(),
        };
            let at = (f64::from(WIDTH) / 2.0, plot.bottom + 54.0);
            canvas.text(&note, at, font(SMALL).color(FAINT), TOP)
        },
    )
}

/// What one model shows.
struct Series {
    name: String,
    groups: Vec<String>,
    sizes: Vec<u32>,
    values: Vec<Option<f64>>,
    lows: Vec<Option<f64>>,
    highs: Vec<Option<f64>>,
}

impl Series {
    fn read(name: &str, frame: &DataFrame, metric: &str) -> Result<Self> {
        let words = |column: &str| -> Result<Vec<String>> {
            let values = find(frame, column)?.str();
            let values = values.map_err(|_| Error::column(column, "des mots sont attendus ici"))?;
            Ok(values
                .iter()
                .map(|word| word.unwrap_or("?").to_owned())
                .collect())
        };
        let factors = words("factor")?;
        if factors.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(Error::argument(
                "models",
                format!("« {name} » a les groupes de plusieurs colonnes"),
                "une colonne de groupes par figure : filtrez avec .filter(col(\"factor\").eq(lit(\"…\")))",
            ));
        }
        let count = |column: &str| numbers(frame, column);
        // The images the metric looks at.
        let sizes = match metric {
            "tpr" | "fnr" => count("positives")?,
            "fpr" | "tnr" => count("negatives")?,
            "precision" => count("tp")?
                .iter()
                .zip(count("fp")?)
                .map(|(t, f)| t + f)
                .collect(),
            _ => count("n")?,
        };
        Ok(Self {
            name: name.to_owned(),
            groups: words("group")?,
            sizes: sizes.into_iter().map(|n| n as u32).collect(),
            values: optional(frame, metric)?,
            lows: optional(frame, &format!("{metric}_low"))?,
            highs: optional(frame, &format!("{metric}_high"))?,
        })
    }

    fn all(&self) -> impl Iterator<Item = f64> {
        let all = [&self.values, &self.lows, &self.highs];
        all.into_iter().flatten().flatten().copied()
    }
}

/// A column of numbers, some of which may be missing.
pub(super) fn optional(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>> {
    let column = find(frame, name)?;
    let column = column.cast(&polars::prelude::DataType::Float64)?;
    let values = column.f64()?.iter();
    Ok(values
        .map(|value| value.filter(|value| value.is_finite()))
        .collect())
}

/// 0 to 1 for what is a share; otherwise from 0, or from the lowest value when it is negative.
fn y_range(series: &[Series], metric: &str) -> (f64, f64) {
    if !["mae", "signed_error", "rmse", "mae_std"].contains(&metric)
        && series
            .iter()
            .all(|one| one.all().all(|v| (0.0..=1.0).contains(&v)))
    {
        return (0.0, 1.0);
    }
    let (low, high) = padded(series.iter().flat_map(Series::all).chain([0.0]));
    let least = series.iter().flat_map(Series::all).fold(0.0, f64::min);
    (if least < 0.0 { low } else { 0.0 }, high.max(1e-9))
}

fn one_group(canvas: &Canvas, plot: &Plot, series: &[Series], group: usize) -> Result<()> {
    let slot = plot.at((1.0, 0.0)).0 - plot.at((0.0, 0.0)).0;
    let centre = plot.at((group as f64 + 0.5, 0.0)).0;
    let width = (0.76 * slot / series.len() as f64).min(90.0);
    let first = centre - width * series.len() as f64 / 2.0;
    let height = |value: f64| plot.at((0.0, value)).1;
    for (index, one) in series.iter().enumerate() {
        let left = first + width * index as f64 + 2.0;
        let right = left + width - 4.0;
        let middle = (left + right) / 2.0;
        let Some(value) = one.values[group] else {
            canvas.text("—", (middle, height(0.0) - 22.0), font(SMALL), TOP)?;
            continue;
        };
        let (top, bottom) = (height(value.max(0.0)), height(value.min(0.0)));
        swatch(canvas, index, (left, top), (right, bottom))?;
        if let (Some(low), Some(high)) = (one.lows[group], one.highs[group]) {
            // A white rim keeps the interval readable on every filling.
            canvas.line(&[(middle, height(low)), (middle, height(high))], WHITE, 5)?;
            interval(canvas, middle, height(low), height(high), INK)?;
        }
    }
    let lines = wrap(&series[0].groups[group], font(SMALL), slot - 6.0, 1)?;
    for line in &lines {
        canvas.text(line, (centre, plot.bottom + 6.0), font(SMALL), TOP)?;
    }
    let mut sizes: Vec<u32> = series.iter().map(|one| one.sizes[group]).collect();
    sizes.dedup();
    let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
    let size = format!("n = {}", sizes.join(", "));
    let size = if text_width(&size, font(SMALL))? > slot - 4.0 {
        sizes.join(", ")
    } else {
        size
    };
    canvas.text(
        &size,
        (centre, plot.bottom + 6.0 + LINE),
        font(SMALL).color(FAINT),
        TOP,
    )
}

fn bars_alt(text: &str, metric: &str, series: &[Series]) -> String {
    let mut alt = format!("{text}. Barres par groupe : {}.", metric_label(metric));
    for one in series {
        let parts: Vec<String> = (0..one.groups.len())
            .map(|group| {
                let value =
                    one.values[group].map_or("non défini".to_owned(), |value| decimal(value, 2));
                let range =
                    one.lows[group]
                        .zip(one.highs[group])
                        .map_or(String::new(), |(low, high)| {
                            format!(
                                ", intervalle à 95 % de {} à {}",
                                decimal(low, 2),
                                decimal(high, 2)
                            )
                        });
                format!(
                    "{} {value} (n = {}{range})",
                    one.groups[group], one.sizes[group]
                )
            })
            .collect();
        alt.push_str(&format!(" {} : {}.", one.name, parts.join(" ; ")));
    }
    alt
}

/// What each group of `bars` is made of: horizontal bars cut into the shares of the groups of `parts`.
///
/// Both are columns of words, whole numbers or booleans; each bar has its number of rows.
///
/// # Errors
/// [`Error::Column`] when a column is missing or makes no groups; [`Error::Argument`] with more than 16 bars or 6 parts.
pub fn stacked_bars(frame: &DataFrame, bars: &str, parts: &str, text: &str) -> Result<Figure> {
    let (rows, pieces) = (Factor::read(frame, bars)?, Factor::read(frame, parts)?);
    check_count("bars", "groupe", rows.groups.len(), MAX_GROUPS)?;
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
