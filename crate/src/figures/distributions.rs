//! How a number is spread in each group: histograms, split violins.

use polars::prelude::DataFrame;

use super::{
    Figure,
    bars::percent,
    canvas::{Canvas, MIDDLE_RIGHT, Point, TOP, figure, font, wrap},
    plot::{
        LINE, Plot, WIDTH, check_count, legend_places, padded, round_step, swatch_legend, title,
    },
    style::{EMPHASIS, FAINT, GRID, INK, SERIES, SMALL},
};
use crate::{
    error::{Error, Result},
    fairness::{Factor, numbers},
    french::{compact, of},
};

/// Most groups of a histogram and of a violin figure.
const MAX_PANELS: usize = 10;
const MAX_VIOLINS: usize = 8;
/// Most bins of a histogram; half as many, at worst, once their width is round.
const BINS: f64 = 40.0;
/// Values below which a density would be invented: they are drawn one by one.
const MIN_DENSITY: usize = 8;

/// The values of a column in each group: one histogram a group, all on the same axes, as shares of the group.
///
/// `value` is a column of numbers, `group` one of words, whole numbers or booleans. A line marks the median.
///
/// # Errors
/// [`Error::Column`] when a column is missing, empty somewhere or of another type; [`Error::Argument`] with more
/// than ten groups.
pub fn histogram_by_group(
    frame: &DataFrame,
    value: &str,
    group: &str,
    text: &str,
) -> Result<Figure> {
    let (values, factor) = (numbers(frame, value)?, Factor::read(frame, group)?);
    check_count("group", "groupe", factor.groups.len(), MAX_PANELS)?;
    let parts = split(&values, &factor);
    let (low, high) = padded(values.iter().copied());
    let step = round_step((high - low) / BINS);
    let first = (low / step).floor();
    let bins = ((high / step).ceil() - first) as usize;
    // A value on an edge may fall just short of it: 0.3 / 0.1.
    let bin = |value: f64| (((value / step + 1e-9).floor() - first) as usize).min(bins - 1);
    let shares: Vec<Vec<f64>> = parts
        .iter()
        .map(|part| {
            let mut counts = vec![0.0; bins];
            part.iter()
                .for_each(|value| counts[bin(*value)] += 1.0 / part.len() as f64);
            counts
        })
        .collect();
    let most = shares.iter().flatten().copied().fold(0.0, f64::max);
    let panel = 84.0;
    let bottom = 62.0 + panel * parts.len() as f64;
    let described: Vec<String> = factor
        .groups
        .iter()
        .zip(&parts)
        .map(|(name, part)| {
            format!(
                "{name} (n = {}) : médiane {}, la moitié entre {} et {}",
                part.len(),
                compact(crate::fairness::quantile(part, 0.5)),
                compact(crate::fairness::quantile(part, 0.25)),
                compact(crate::fairness::quantile(part, 0.75)),
            )
        })
        .collect();
    let alt = format!(
        "{text}. Un histogramme {} par groupe. {}.",
        of(value),
        described.join(" ; ")
    );
    figure(WIDTH, bottom as u32 + 64, alt, |canvas| {
        title(canvas, text, 20.0)?;
        let x = (first * step, (first + bins as f64) * step);
        let plot = |index: usize| Plot {
            left: 200.0,
            right: 876.0,
            top: 62.0 + panel * index as f64 + 8.0,
            bottom: 62.0 + panel * (index + 1) as f64,
            x,
            y: (0.0, most),
        };
        Plot {
            top: 62.0,
            ..plot(parts.len() - 1)
        }
        .x_axis(canvas, value)?;
        for (index, (name, part)) in factor.groups.iter().zip(&parts).enumerate() {
            let plot = plot(index);
            for (bin, share) in shares[index]
                .iter()
                .enumerate()
                .filter(|(_, share)| **share > 0.0)
            {
                let from = plot.at(((first + bin as f64) * step, *share));
                let to = plot.at(((first + bin as f64 + 1.0) * step, 0.0));
                canvas.rectangle((from.0 + 1.0, from.1), (to.0 - 1.0, to.1), SERIES[0])?;
            }
            canvas.line(&[plot.at((x.0, 0.0)), plot.at((x.1, 0.0))], INK, 1)?;
            let median = crate::fairness::quantile(part, 0.5);
            canvas.line(
                &[plot.at((median, 0.0)), plot.at((median, most))],
                EMPHASIS,
                2,
            )?;
            let middle = (plot.top + plot.bottom) / 2.0;
            for line in wrap(name, font(SMALL).bold(), 176.0, 1)? {
                canvas.text(
                    &line,
                    (188.0, middle - LINE),
                    font(SMALL).bold(),
                    MIDDLE_RIGHT,
                )?;
            }
            let under = [
                format!("n = {}", part.len()),
                format!("médiane {}", compact(median)),
            ];
            for (line, under) in under.iter().enumerate() {
                let at = (188.0, middle + LINE * line as f64);
                canvas.text(under, at, font(SMALL).color(FAINT), MIDDLE_RIGHT)?;
            }
        }
        let note = format!(
            "Hauteur : part du groupe ; la plus haute barre vaut {} %.",
            percent((most * 1e4) as usize, &[10_000])
        );
        canvas.text(&note, (200.0 + 338.0, 40.0), font(SMALL).color(FAINT), TOP)
    })
}

/// The values of each group in increasing order.
fn split(values: &[f64], factor: &Factor) -> Vec<Vec<f64>> {
    let mut parts = vec![Vec::new(); factor.groups.len()];
    for (value, label) in values.iter().zip(&factor.label) {
        parts[usize::from(*label)].push(*value);
    }
    parts
        .iter_mut()
        .for_each(|part| part.sort_by(f64::total_cmp));
    parts
}

/// The values of a column in each group, one half of each violin a side: densities back to back.
///
/// `side` is a column of exactly two groups (women and men, before and after). All halves have the same area
/// whatever their number of values, which stands below; lines mark the median and the quartiles. Fewer than 8 values are
/// drawn one by one.
///
/// # Errors
/// [`Error::Column`] when a column is missing, empty somewhere or of another type, or when `side` has not two groups;
/// [`Error::Argument`] with more than eight groups.
///
/// # Source
/// Gaussian kernel, bandwidth by Silverman's rule: B. Silverman, *Density estimation*, 1986, § 3.4.
pub fn split_violin(
    frame: &DataFrame,
    value: &str,
    group: &str,
    side: &str,
    text: &str,
) -> Result<Figure> {
    let values = numbers(frame, value)?;
    let (factor, sides) = (Factor::read(frame, group)?, Factor::read(frame, side)?);
    check_count("group", "groupe", factor.groups.len(), MAX_VIOLINS)?;
    if sides.groups.len() != 2 {
        let problem = format!(
            "deux groupes sont attendus, un par moitié de violon ; il y en a {}",
            sides.groups.len()
        );
        return Err(Error::column(side, problem));
    }
    // Halves of group 0, of group 1…
    let halves = Factor {
        name: String::new(),
        groups: vec![String::new(); 2 * factor.groups.len()],
        label: factor
            .label
            .iter()
            .zip(&sides.label)
            .map(|(group, side)| 2 * group + side)
            .collect(),
    };
    let parts = split(&values, &halves);
    let range = padded(values.iter().copied());
    let densities: Vec<Vec<(f64, f64)>> = parts.iter().map(|part| density(part, range)).collect();
    let most = densities
        .iter()
        .flatten()
        .map(|(_, height)| *height)
        .fold(1e-12, f64::max);
    let names: Vec<String> = sides
        .groups
        .iter()
        .map(|name| format!("{side} : {name}"))
        .collect();
    let (places, height) = legend_places(&names, 96.0, 62.0)?;
    let plot = Plot {
        left: 96.0,
        right: 876.0,
        top: 62.0 + height,
        bottom: 420.0 + height,
        x: (0.0, factor.groups.len() as f64),
        y: range,
    };
    let described: Vec<String> = (0..parts.len())
        .map(|half| {
            let median = match parts[half].is_empty() {
                true => "aucune valeur".to_owned(),
                false => format!(
                    "médiane {}",
                    compact(crate::fairness::quantile(&parts[half], 0.5))
                ),
            };
            format!(
                "{}, {} (n = {}) : {median}",
                factor.groups[half / 2],
                sides.groups[half % 2],
                parts[half].len()
            )
        })
        .collect();
    let alt = format!(
        "{text}. Violons {}, moitiés selon {side}. {}.",
        of(value),
        described.join(" ; ")
    );
    figure(WIDTH, plot.bottom as u32 + 84, alt, |canvas| {
        title(canvas, text, plot.left)?;
        swatch_legend(canvas, &names, &places)?;
        plot.y_axis(canvas, value)?;
        for (index, name) in factor.groups.iter().enumerate() {
            let (centre, _) = plot.at((index as f64 + 0.5, range.0));
            let slot = (plot.right - plot.left) / factor.groups.len() as f64;
            canvas.line(&[(centre, plot.top), (centre, plot.bottom)], GRID, 1)?;
            for half in [2 * index, 2 * index + 1] {
                let reach = 0.45 * slot.min(220.0) / most;
                half_violin(
                    canvas,
                    &plot,
                    centre,
                    half % 2,
                    reach,
                    (&densities[half], &parts[half]),
                )?;
            }
            for line in wrap(name, font(SMALL), slot - 6.0, 1)? {
                canvas.text(&line, (centre, plot.bottom + 8.0), font(SMALL), TOP)?;
            }
            let sizes = format!(
                "n = {} | {}",
                parts[2 * index].len(),
                parts[2 * index + 1].len()
            );
            canvas.text(
                &sizes,
                (centre, plot.bottom + 8.0 + LINE),
                font(SMALL).color(FAINT),
                TOP,
            )?;
        }
        plot.edges(canvas)?;
        let note = "Trait épais : médiane ; traits fins : quartiles ; toutes les moitiés ont la même aire.";
        canvas.text(
            note,
            (f64::from(WIDTH) / 2.0, plot.bottom + 56.0),
            font(SMALL).color(FAINT),
            TOP,
        )
    })
}

/// (value, density) from the smallest to the largest value; empty for too few values or equal ones.
fn density(sorted: &[f64], range: (f64, f64)) -> Vec<(f64, f64)> {
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    if sorted.len() < MIN_DENSITY || low == high {
        return Vec::new();
    }
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let sd = (sorted
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0))
        .sqrt();
    let quartiles =
        crate::fairness::quantile(sorted, 0.75) - crate::fairness::quantile(sorted, 0.25);
    let spread = match quartiles > 0.0 {
        true => sd.min(quartiles / 1.34),
        false => sd,
    };
    let width = (0.9 * spread * n.powf(-0.2)).max((range.1 - range.0) / 400.0);
    let points = 120;
    let mut curve: Vec<(f64, f64)> = (0..=points)
        .map(|point| {
            let at = low + (high - low) * f64::from(point) / f64::from(points);
            let near = sorted.partition_point(|value| *value < at - 4.0 * width)
                ..sorted.partition_point(|value| *value <= at + 4.0 * width);
            let kernel = |value: &f64| (-((at - value) / width).powi(2) / 2.0).exp();
            let sum: f64 = sorted[near].iter().map(kernel).sum();
            (at, sum / (n * width * std::f64::consts::TAU.sqrt()))
        })
        .collect();
    // What lies beyond the extreme values is cut: the rest counts for all, so that all areas are equal.
    let area = area(&curve);
    for (_, height) in &mut curve {
        *height /= area;
    }
    curve
}

/// Area under a curve.
fn area(curve: &[(f64, f64)]) -> f64 {
    let strips = curve.windows(2);
    strips
        .map(|p| (p[1].0 - p[0].0) * (p[0].1 + p[1].1) / 2.0)
        .sum()
}

fn half_violin(
    canvas: &Canvas,
    plot: &Plot,
    centre: f64,
    side: usize,
    reach: f64,
    (density, sorted): (&[(f64, f64)], &[f64]),
) -> Result<()> {
    let sign = if side == 0 { -1.0 } else { 1.0 };
    let height = |value: f64| plot.at((0.0, value)).1;
    if density.is_empty() {
        for value in sorted {
            canvas.disc((centre + sign * 10.0, height(*value)), 3.5, SERIES[side])?;
        }
        return Ok(());
    }
    let edge =
        |(value, dense): &(f64, f64)| -> Point { (centre + sign * reach * dense, height(*value)) };
    let mut outline: Vec<Point> = vec![(centre, height(density[0].0))];
    outline.extend(density.iter().map(edge));
    outline.push((centre, height(density[density.len() - 1].0)));
    // Strips: the polygon fill of plotters wants convex pieces.
    for pair in outline.windows(2) {
        let corners = [(centre, pair[0].1), pair[0], pair[1], (centre, pair[1].1)];
        canvas.polygon(&corners, SERIES[side])?;
    }
    if side == 1 {
        for run in diagonals(&outline, centre) {
            canvas.line(&run, super::plot::WHITE, 1)?;
        }
    }
    canvas.line(&outline, INK, 1)?;
    for (share, width) in [(0.25, 1), (0.5, 3), (0.75, 1)] {
        let value = crate::fairness::quantile(sorted, share);
        let at = density
            .partition_point(|(place, _)| *place < value)
            .min(density.len() - 1);
        let y = height(value);
        let line = [(centre, y), (centre + sign * reach * density[at].1, y)];
        // A white rim: the line stands out of the colour and of the hatching.
        canvas.line(&line, super::plot::WHITE, width + 2)?;
        canvas.line(&line, INK, width)?;
    }
    Ok(())
}

/// The diagonals of a legend's second filling, within the right half of a violin: `outline` goes up from its foot.
fn diagonals(outline: &[Point], centre: f64) -> Vec<[Point; 2]> {
    let bottom = outline.first().map_or(0.0, |foot| foot.1);
    let top = outline.last().map_or(0.0, |head| head.1);
    let widest = outline
        .iter()
        .map(|point| point.0 - centre)
        .fold(0.0, f64::max);
    // Width of the half at a height, between two points of the outline.
    let width = |y: f64| -> f64 {
        let above = outline.partition_point(|point| point.1 >= y);
        match (
            above.checked_sub(1).and_then(|below| outline.get(below)),
            outline.get(above),
        ) {
            (Some(below), Some(above)) => {
                let part = (below.1 - y) / (below.1 - above.1);
                below.0 + part * (above.0 - below.0) - centre
            }
            _ => 0.0,
        }
    };
    let mut runs = Vec::new();
    // Every 10 pixels, as in the legend; one pixel at a time along each.
    let mut start = top + 10.0;
    while start < bottom + widest {
        let inside = |right: f64| {
            let y = start - right;
            (top..=bottom).contains(&y) && right <= width(y)
        };
        let mut run: Option<(f64, f64)> = None;
        let mut right = 0.0;
        while right <= widest + 1.0 {
            run = match (inside(right), run) {
                (true, None) => Some((right, right)),
                (true, Some((from, _))) => Some((from, right)),
                (false, Some((from, to))) => {
                    runs.push([(centre + from, start - from), (centre + to, start - to)]);
                    None
                }
                (false, None) => None,
            };
            right += 1.0;
        }
        start += 10.0;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_sum_to_one() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i) / 10.0).collect();
        let points = density(&values, (0.0, 20.0));
        assert!((area(&points) - 1.0).abs() < 1e-9);
        // Half of it cut at both ends: as large.
        let few = [0.0, 0.0, 0.0, 0.0, 20.0, 20.0, 20.0, 20.0];
        assert!((area(&density(&few, (0.0, 20.0))) - 1.0).abs() < 1e-9);
        assert!(density(&[1.0; 50], (0.0, 2.0)).is_empty());
        assert!(density(&values[..5], (0.0, 20.0)).is_empty());
    }
}
