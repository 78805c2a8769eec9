//! Latent variables: what they say of what is known, and images as points of a plane.

use polars::prelude::{DataFrame, DataType};

use super::{
    Figure,
    canvas::{MIDDLE_LEFT, TOP_LEFT, figure, font, wrap},
    plot::{LINE, Plot, WIDTH, check_count, marker, padded, title},
    style::{FAINT, SMALL},
    tables::Table,
};
use crate::{
    error::{Error, Result},
    fairness::{Factor, find, numbers, quantile, words},
    french::{compact, count, decimal, grouped},
    ready::Ready,
    train::LatentTable,
};

/// Most names of a column of words on a map.
const MOST_NAMES: usize = 6;
/// Parts in which numbers are cut on a map.
const PARTS: usize = 4;

/// How well each known factor is predicted from each latent variable, and from all of them: a shade and a number a cell, from the
/// frame of [`latent_factors`](crate::explain::latent_factors). The best variable of each line is framed, when its
/// interval lies above 0.
///
/// The frame may be one that waits for an exercise; see [`Ready`].
///
/// # Errors
/// [`Error::Column`] when a column of that frame is missing; [`Error::Argument`] with more than 14 factors or columns, or for a
/// frame without the same variables for each factor.
pub fn factor_heatmap<A: Ready<Value = DataFrame>>(
    frame: &A,
    text: &str,
) -> Result<A::Out<Figure>> {
    frame.turn(|frame| heatmap(frame, text))
}

fn heatmap(frame: &DataFrame, text: &str) -> Result<Figure> {
    let (factors, variables) = (words(frame, "factor")?, words(frame, "variable")?);
    let sizes = numbers(frame, "n")?;
    let values = find(frame, "r_squared")?.cast(&DataType::Float64)?;
    let values: Vec<Option<f64>> = values
        .f64()?
        .iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    let unique = |all: &[String]| {
        let mut names: Vec<String> = Vec::new();
        for name in all {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    };
    let (lines, columns) = (unique(&factors), unique(&variables));
    if lines.len() * columns.len() != frame.height() {
        return Err(Error::argument(
            "frame",
            count(frame.height(), "ligne"),
            "le tableau de latent_factors, une ligne par facteur et par variable",
        ));
    }
    let row_of = |line: usize, column: usize| {
        let mut rows = 0..factors.len();
        rows.find(|&row| factors[row] == lines[line] && variables[row] == columns[column])
    };
    let value = |line: usize, column: usize| row_of(line, column).and_then(|row| values[row]);
    let written = |value: Option<f64>| value.map_or("—".to_owned(), |value| decimal(value, 2));
    let lows = find(frame, "low")?.cast(&DataType::Float64)?;
    let lows: Vec<Option<f64>> = lows.f64()?.iter().collect();
    let says = |line: usize, column: usize| {
        let low = row_of(line, column).and_then(|row| lows[row]);
        low.is_some_and(|low| low > 0.0)
    };
    // The last column has all variables together: the best one is looked for before it.
    let best = |line: usize| {
        (0..columns.len().saturating_sub(1))
            .filter_map(|column| Some((column, value(line, column)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(column, _)| says(line, *column))
    };
    let described: Vec<String> = (0..lines.len())
        .map(|line| {
            let cells = (0..columns.len()).map(|column| {
                let value = written(value(line, column));
                format!("{} {value}", columns[column])
            });
            format!("{} : {}", lines[line], cells.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let alt = format!(
        "{text}. R² de chaque facteur d'après chaque variable latente. {}.",
        described.join(" ; ")
    );
    let under = |line: usize| {
        let size = row_of(line, 0).map_or(0.0, |row| sizes[row]);
        format!("n = {}", grouped(&decimal(size, 0)))
    };
    let table = Table {
        text,
        rows: ("facteur connu", &lines),
        columns: ("variable latente", &columns),
        under: &under,
        note: "R² sur des images non vues. La meilleure variable est encadrée, si son intervalle est au-dessus de 0.",
    };
    let drawn = table.draw(alt, &|line, column| {
        let value = value(line, column);
        let framed = best(line).is_some_and(|(best, _)| best == column);
        let shade = value.unwrap_or(0.0).clamp(0.0, 1.0);
        (shade, written(value), String::new(), framed)
    })?;
    Ok(drawn.with_table(frame.clone()))
}

/// Images as points of a plane, with the colour and the shape of their group: a column of words (six at most), or of numbers,
/// which are cut in four parts of equal sizes.
///
/// # Arguments
/// - `coordinates`: at least two columns, of which the first two are drawn:
///   [`PrincipalComponents::coordinates`](crate::explain::PrincipalComponents::coordinates);
/// - `frame`: what is known of the same images, in the same order.
///
/// # Errors
/// [`Error::Shape`] for fewer than two columns or when there is not one line an image; [`Error::Column`] when the column is missing,
/// has empty cells or too many words; [`Error::Argument`] without images.
pub fn latent_map(
    coordinates: &LatentTable,
    frame: &DataFrame,
    column: &str,
    text: &str,
) -> Result<Figure> {
    let n = coordinates.len();
    if n != frame.height() || coordinates.latent_dim() < 2 {
        return Err(Error::shape(
            "coordonnées (une ligne par image, deux colonnes au moins)",
            [frame.height(), 2],
            [n, coordinates.latent_dim()],
        ));
    }
    if n == 0 {
        return Err(Error::argument(
            "coordinates",
            "tableau vide",
            "au moins une image",
        ));
    }
    let (groups, names) = grouping(frame, column)?;
    check_count("column", "groupe", names.len(), MOST_NAMES)?;
    let points: Vec<(f64, f64)> = (coordinates.column(0)?.into_iter())
        .zip(coordinates.column(1)?)
        .collect();
    let plot = Plot {
        left: 96.0,
        right: 640.0,
        top: 62.0,
        bottom: 606.0,
        x: padded(points.iter().map(|point| point.0)),
        y: padded(points.iter().map(|point| point.1)),
    };
    let described: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(group, name)| {
            let members = || {
                let pairs = points.iter().zip(&groups);
                pairs.filter(|(_, own)| **own == group)
            };
            let size = members().count();
            let middle = |axis: fn(&(f64, f64)) -> f64| {
                members().map(|(point, _)| axis(point)).sum::<f64>() / size.max(1) as f64
            };
            format!(
                "{name} : {}, au centre ({} ; {})",
                count(size, "image"),
                compact(middle(|point| point.0)),
                compact(middle(|point| point.1))
            )
        })
        .collect();
    let alt = format!(
        "{text}. Carte de {}, selon {column}. {}.",
        count(n, "image"),
        described.join(" ; ")
    );
    figure(WIDTH, 690, alt, |canvas| {
        title(canvas, text, plot.left)?;
        plot.x_axis(canvas, "première composante")?;
        plot.y_axis(canvas, "deuxième composante")?;
        for (point, group) in points.iter().zip(&groups) {
            marker(canvas, *group, plot.at(*point), 3.5)?;
        }
        plot.edges(canvas)?;
        let (left, room) = (668.0, f64::from(WIDTH) - 668.0);
        let mut y = plot.top + 12.0;
        for line in wrap(column, font(SMALL).bold(), room, 2)? {
            canvas.text(&line, (left, y), font(SMALL).bold(), MIDDLE_LEFT)?;
            y += LINE;
        }
        for (group, name) in names.iter().enumerate() {
            y += 10.0;
            marker(canvas, group, (left + 8.0, y), 7.0)?;
            for line in wrap(name, font(SMALL), room - 26.0, 2)? {
                canvas.text(&line, (left + 26.0, y), font(SMALL), MIDDLE_LEFT)?;
                y += LINE;
            }
        }
        let total = format!("n = {}", grouped(&n.to_string()));
        canvas.text(&total, (left, y + 8.0), font(SMALL).color(FAINT), TOP_LEFT)
    })
}

/// The group of each row, and the names of the groups.
fn grouping(frame: &DataFrame, column: &str) -> Result<(Vec<usize>, Vec<String>)> {
    if !find(frame, column)?.dtype().is_float() {
        let factor = Factor::read(frame, column)?;
        if factor.groups.len() <= MOST_NAMES {
            let labels = factor.label.iter().map(|label| usize::from(*label));
            return Ok((labels.collect(), factor.groups));
        }
        // Many whole numbers are numbers like others.
        if *find(frame, column)?.dtype() == DataType::String {
            return Ok((vec![0; frame.height()], factor.groups));
        }
    }
    let values = numbers(frame, column)?;
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let mut different = sorted.clone();
    different.dedup();
    if different.len() <= PARTS {
        let label = |value: &f64| different.iter().filter(|other| *other < value).count();
        let names = different.iter().map(|value| compact(*value));
        return Ok((values.iter().map(label).collect(), names.collect()));
    }
    let mut bounds: Vec<f64> = (1..PARTS)
        .map(|part| quantile(&sorted, part as f64 / PARTS as f64))
        .collect();
    bounds.dedup();
    bounds.retain(|bound| sorted.first().is_some_and(|first| bound > first));
    let labels = values
        .iter()
        .map(|value| bounds.iter().filter(|bound| value >= *bound).count());
    let mut names = Vec::new();
    for part in 0..=bounds.len() {
        names.push(match (part.checked_sub(1), bounds.get(part)) {
            (None, Some(high)) => format!("moins de {}", compact(*high)),
            (Some(low), Some(high)) => {
                format!("de {} à {}", compact(bounds[low]), compact(*high))
            }
            (Some(low), None) => format!("{} et plus", compact(bounds[low])),
            (None, None) => compact(sorted.first().copied().unwrap_or_default()),
        });
    }
    Ok((labels.collect(), names))
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    #[test]
    fn numbers_are_cut_in_four_parts_and_few_values_are_not() {
        let frame = df!(
            "x" => (0..8).map(f64::from).collect::<Vec<_>>(),
            "flag" => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
            "one" => [2.0; 8],
            "name" => ["a", "b", "a", "b", "a", "b", "a", "b"],
        )
        .unwrap();
        let (groups, names) = grouping(&frame, "x").unwrap();
        assert_eq!((groups, names.len()), (vec![0, 0, 1, 1, 2, 2, 3, 3], 4));
        let (groups, names) = grouping(&frame, "flag").unwrap();
        assert_eq!(
            (&groups[4..], names),
            (&[0, 0, 1, 1][..], vec!["0".to_owned(), "1".to_owned()])
        );
        assert_eq!(grouping(&frame, "one").unwrap().1.len(), 1);
        assert_eq!(grouping(&frame, "name").unwrap().1, ["a", "b"]);
    }
}
