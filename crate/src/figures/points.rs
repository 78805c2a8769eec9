//! A few named things as numbered points of a plane.

use polars::prelude::DataFrame;

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, Point, TOP, figure, font, wrap},
    plot::{LINE, Plot, WHITE, WIDTH, check_count, padded, title},
    style::{INK, SERIES, SMALL},
};
use crate::{
    error::{Error, Result},
    fairness::{find, numbers, words},
    french::compact,
};

/// Most points: the legend names each.
const MOST: usize = 20;
/// Radius of a point, in pixels: room for two digits.
const RADIUS: f64 = 11.0;

/// Named things as points of a plane, with a number each, and the names beside: worlds by what was measured in them, say.
/// Points that would cover one another are set apart, with a line to their right place.
///
/// # Arguments
/// - `names`: the column of the names, as many as there are lines;
/// - `x`, `y`: the columns of the axes, which are labelled with the columns' names.
///
/// # Example
/// ```
/// use polars::prelude::df;
/// use visages::figures::named_points;
/// let frame = df!("monde" => ["teint", "pose"], "écart" => [12.0, 11.0], "part" => [2.0, 0.9]).unwrap();
/// assert!(named_points(&frame, "monde", "part", "écart", "Deux mondes")?.alt_text().contains("1 : teint"));
/// # Ok::<(), visages::Error>(())
/// ```
///
/// # Errors
/// [`Error::Column`] when a column is missing, has empty cells or is not of its kind; [`Error::Argument`] for an empty frame or
/// one of more than 20 lines.
pub fn named_points(
    frame: &DataFrame,
    names: &str,
    x: &str,
    y: &str,
    text: &str,
) -> Result<Figure> {
    find(frame, names)?;
    let (labels, xs, ys) = (words(frame, names)?, numbers(frame, x)?, numbers(frame, y)?);
    if labels.is_empty() {
        return Err(Error::argument(
            "frame",
            "tableau vide",
            "au moins une ligne",
        ));
    }
    check_count("frame", "point", labels.len(), MOST)?;
    let plot = Plot {
        left: 96.0,
        right: 600.0,
        top: 62.0,
        bottom: 566.0,
        x: padded(xs.iter().copied()),
        y: padded(ys.iter().copied()),
    };
    let truth: Vec<Point> = xs.iter().zip(&ys).map(|(x, y)| plot.at((*x, *y))).collect();
    let places = apart(&truth);
    let described: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(place, label)| {
            format!(
                "{} : {label} ({} ; {})",
                place + 1,
                compact(xs[place]),
                compact(ys[place])
            )
        })
        .collect();
    let alt = format!(
        "{text}. En abscisse, {x} ; en ordonnée, {y}. {}.",
        described.join(", ")
    );
    let drawn = figure(WIDTH, 636, alt, |canvas| {
        title(canvas, text, 20.0)?;
        plot.x_axis(canvas, x)?;
        plot.y_axis(canvas, y)?;
        plot.edges(canvas)?;
        for (own, place) in truth.iter().zip(&places) {
            canvas.line(&[*own, *place], INK, 1)?;
            canvas.disc(*own, 2.0, INK)?;
        }
        for (number, place) in places.iter().enumerate() {
            point(canvas, number, *place)?;
        }
        let mut y = plot.top + RADIUS;
        for (number, label) in labels.iter().enumerate() {
            point(canvas, number, (632.0, y))?;
            for line in wrap(label, font(SMALL), f64::from(WIDTH) - 664.0, 2)? {
                canvas.text(&line, (652.0, y), font(SMALL), MIDDLE_LEFT)?;
                y += LINE;
            }
            y += 5.0;
        }
        Ok(())
    })?;
    Ok(drawn.with_table(frame.clone()))
}

/// A disc with its number.
fn point(canvas: &Canvas, number: usize, at: Point) -> Result<()> {
    canvas.disc(at, RADIUS, SERIES[0])?;
    let text = (number + 1).to_string();
    // Digits are drawn from above their line's top, a third of their height above the middle.
    let above = (at.0, at.1 - 0.34 * f64::from(SMALL));
    canvas.text(&text, above, font(SMALL).bold().color(WHITE), TOP)
}

/// Where the discs go: each at its place or, when another is there, at the nearest free one around.
fn apart(truth: &[Point]) -> Vec<Point> {
    let mut places: Vec<Point> = Vec::new();
    for own in truth {
        let free = |at: &Point| {
            let mut others = places.iter();
            others.all(|other| (other.0 - at.0).hypot(other.1 - at.1) >= 2.0 * RADIUS)
        };
        let mut around = (0..240).map(|step| {
            let (turn, far) = (
                f64::from(step % 12) / 12.0 * std::f64::consts::TAU,
                f64::from(step / 12),
            );
            (
                own.0 + 6.0 * far * turn.cos(),
                own.1 + 6.0 * far * turn.sin(),
            )
        });
        let place = around.find(free).unwrap_or(*own);
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    #[test]
    fn discs_do_not_cover_one_another() {
        let places = apart(&[(100.0, 100.0), (100.0, 100.0), (104.0, 98.0), (300.0, 20.0)]);
        assert_eq!([places[0], places[3]], [(100.0, 100.0), (300.0, 20.0)]);
        for (index, one) in places.iter().enumerate() {
            for other in &places[..index] {
                assert!((one.0 - other.0).hypot(one.1 - other.1) >= 2.0 * RADIUS);
            }
        }
    }

    #[test]
    fn a_frame_that_is_not_one_of_points_is_refused() {
        let empty = df!("a" => Vec::<String>::new(), "x" => Vec::<f64>::new()).unwrap();
        assert!(named_points(&empty, "a", "x", "x", "").is_err());
        let many: Vec<String> = (0..21).map(|place| place.to_string()).collect();
        let values: Vec<f64> = (0..21).map(f64::from).collect();
        let frame = df!("a" => many, "x" => values).unwrap();
        assert!(named_points(&frame, "a", "x", "x", "").is_err());
        assert!(named_points(&frame, "a", "b", "x", "").is_err());
    }
}
