//! Axes, marks and legends that several figures share.

use plotters::style::RGBColor;

use super::{
    canvas::{Canvas, MIDDLE_LEFT, MIDDLE_RIGHT, Point, TOP, TOP_LEFT, font, text_width, wrap},
    style::{GRID, INK, LABEL, SERIES, SMALL, TITLE},
};
use crate::{
    error::{Error, Result},
    french::{count, decimal},
};

pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// Usual width of a figure, in pixels.
pub(super) const WIDTH: u32 = 900;
/// Distance between two lines of text, in pixels.
pub(super) const LINE: f64 = 20.0;

/// A plotting area in pixels, and the values at its edges.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Plot {
    /// Where a pair of values lies, in pixels.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Point {
        (
            self.left + (x - self.x.0) / (self.x.1 - self.x.0) * (self.right - self.left),
            self.bottom - (y - self.y.0) / (self.y.1 - self.y.0) * (self.bottom - self.top),
        )
    }

    /// Horizontal lines at round values, their numbers on the left, the name of the axis upwards.
    pub(super) fn y_axis(&self, canvas: &Canvas, label: &str) -> Result<()> {
        let (ticks, digits) = ticks(self.y.0, self.y.1, 6);
        let mut widest: f64 = 0.0;
        for tick in ticks {
            let (_, y) = self.at((self.x.0, tick));
            canvas.line(&[(self.left, y), (self.right, y)], GRID, 1)?;
            let text = decimal(tick, digits);
            widest = widest.max(text_width(&text, font(SMALL))?);
            canvas.text(&text, (self.left - 8.0, y), font(SMALL), MIDDLE_RIGHT)?;
        }
        let room = self.bottom - self.top + 60.0;
        for line in wrap(label, font(LABEL), room, 1)? {
            let length = text_width(&line, font(LABEL))?;
            let at = (
                self.left - widest - 40.0,
                (self.top + self.bottom + length) / 2.0,
            );
            canvas.text(&line, at, font(LABEL).upwards(), TOP_LEFT)?;
        }
        Ok(())
    }

    /// Vertical lines at round values, their numbers below, the name of the axis below them.
    pub(super) fn x_axis(&self, canvas: &Canvas, label: &str) -> Result<()> {
        let (ticks, digits) = ticks(self.x.0, self.x.1, 8);
        for tick in ticks {
            let (x, _) = self.at((tick, self.y.0));
            canvas.line(&[(x, self.top), (x, self.bottom)], GRID, 1)?;
            canvas.text(
                &decimal(tick, digits),
                (x, self.bottom + 8.0),
                font(SMALL),
                TOP,
            )?;
        }
        let middle = ((self.left + self.right) / 2.0, self.bottom + 32.0);
        canvas.text(label, middle, font(LABEL), TOP)
    }

    /// The left and lower edges.
    pub(super) fn edges(&self, canvas: &Canvas) -> Result<()> {
        let corners = [
            (self.left, self.top),
            (self.left, self.bottom),
            (self.right, self.bottom),
        ];
        canvas.line(&corners, INK, 1)
    }
}

/// Round values between `low` and `high`, about `wanted`, and the decimals they need.
pub(super) fn ticks(low: f64, high: f64, wanted: usize) -> (Vec<f64>, usize) {
    let step = round_step((high - low) / wanted as f64);
    let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    // 0.25 and its like need one decimal more.
    let digits = match (step * 10f64.powi(digits as i32)).fract() {
        part if part > 1e-6 && part < 1.0 - 1e-6 => digits + 1,
        _ => digits,
    };
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (
        (first..=last).map(|tick| tick as f64 * step).collect(),
        digits,
    )
}

/// 1, 2, 2.5 or 5 times a power of ten, at least `rough`.
pub(super) fn round_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    let digits = [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * power);
    let found = digits
        .into_iter()
        .find(|step| *step >= rough * (1.0 - 1e-9));
    found.unwrap_or(10.0 * power)
}

/// A range that holds all values, never empty, with a little room at both ends.
pub(super) fn padded(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return (0.0, 1.0);
    }
    let room = match high - low {
        0.0 => 0.5 * low.abs().max(1.0),
        span => 0.05 * span,
    };
    (low - room, high + room)
}

/// The title, at the upper left, on one line.
pub(super) fn title(canvas: &Canvas, text: &str, left: f64) -> Result<()> {
    let bold = font(TITLE).bold();
    for line in wrap(text, bold, f64::from(WIDTH) - left - 14.0, 1)? {
        canvas.text(&line, (left, 14.0), bold, TOP_LEFT)?;
    }
    Ok(())
}

/// Places of legend entries with these names, on as many lines as needed from `(left, top)`, and the height they take.
pub(super) fn legend_places(names: &[String], left: f64, top: f64) -> Result<(Vec<Point>, f64)> {
    let mut places = Vec::new();
    let (mut x, mut y) = (left, top);
    for name in names {
        let width = 34.0 + text_width(name, font(SMALL))? + 22.0;
        if x > left && x + width > f64::from(WIDTH) {
            (x, y) = (left, y + 26.0);
        }
        places.push((x, y));
        x += width;
    }
    Ok((places, y - top + 26.0))
}

/// Filled rectangles and their names.
pub(super) fn swatch_legend(canvas: &Canvas, names: &[String], places: &[Point]) -> Result<()> {
    for (index, (name, (x, y))) in names.iter().zip(places).enumerate() {
        swatch(canvas, index, (*x, y - 9.0), (x + 26.0, y + 9.0))?;
        canvas.text(name, (x + 34.0, *y), font(SMALL), MIDDLE_LEFT)?;
    }
    Ok(())
}

/// The filling of series number `index`: a colour, and from the second on a pattern of its own.
pub(super) fn swatch(canvas: &Canvas, index: usize, from: Point, to: Point) -> Result<()> {
    let color = SERIES[index % SERIES.len()];
    canvas.rectangle(from, to, color)?;
    let (left, top, right, bottom) = (from.0, from.1, to.0, to.1);
    match index % 3 {
        // Diagonals, clipped to the rectangle.
        1 => {
            let mut offset = left - (bottom - top);
            while offset < right {
                let start = offset.max(left);
                let end = (offset + bottom - top).min(right);
                let line = [
                    (start, bottom - (start - offset)),
                    (end, bottom - (end - offset)),
                ];
                canvas.line(&line, WHITE, 1)?;
                offset += 10.0;
            }
        }
        // Horizontal lines.
        2 => {
            let mut y = bottom - 6.0;
            while y > top {
                canvas.line(&[(left, y), (right, y)], WHITE, 1)?;
                y -= 8.0;
            }
        }
        _ => {}
    }
    canvas.frame(from, to, color, 1)
}

/// An interval between two heights, with its caps.
pub(super) fn interval(
    canvas: &Canvas,
    x: f64,
    low: f64,
    high: f64,
    color: RGBColor,
) -> Result<()> {
    canvas.line(&[(x, low), (x, high)], color, 2)?;
    for end in [low, high] {
        canvas.line(&[(x - 7.0, end), (x + 7.0, end)], color, 2)?;
    }
    Ok(())
}

/// The point of series number `index`: disc, square, triangle, diamond, in its colour with a white rim.
pub(super) fn marker(canvas: &Canvas, index: usize, at: Point, radius: f64) -> Result<()> {
    let color = SERIES[index % SERIES.len()];
    for (radius, color) in [(radius + 2.0, WHITE), (radius, color)] {
        let (x, y, r) = (at.0, at.1, radius);
        match index % 4 {
            0 => canvas.disc(at, r, color)?,
            1 => canvas.rectangle(
                (x - r * 0.9, y - r * 0.9),
                (x + r * 0.9, y + r * 0.9),
                color,
            )?,
            2 => canvas.polygon(
                &[
                    (x, y - r * 1.2),
                    (x + r * 1.1, y + r * 0.9),
                    (x - r * 1.1, y + r * 0.9),
                ],
                color,
            )?,
            _ => canvas.polygon(
                &[
                    (x, y - r * 1.3),
                    (x + r * 1.3, y),
                    (x, y + r * 1.3),
                    (x - r * 1.3, y),
                ],
                color,
            )?,
        }
    }
    Ok(())
}

/// A line whose dashes tell series number `index`: full, long, short, dash and dot…
pub(super) fn dashed(
    canvas: &Canvas,
    index: usize,
    points: &[Point],
    color: RGBColor,
    width: u32,
) -> Result<()> {
    const DASHES: [&[f64]; 6] = [
        &[],
        &[14.0, 6.0],
        &[4.0, 5.0],
        &[14.0, 5.0, 3.0, 5.0],
        &[22.0, 6.0],
        &[8.0, 8.0],
    ];
    let pattern = DASHES[index % DASHES.len()];
    if pattern.is_empty() {
        return canvas.line(points, color, width);
    }
    let (mut part, mut left) = (0, pattern[0]);
    for ends in points.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let step = left.min(length);
            let share = if length > 0.0 { step / length } else { 0.0 };
            let next = (
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            );
            if part % 2 == 0 {
                canvas.line(&[from, next], color, width)?;
            }
            (from, left) = (next, left - step);
            if left <= 0.0 {
                part = (part + 1) % pattern.len();
                left = pattern[part];
            }
            if step >= length {
                break;
            }
        }
    }
    Ok(())
}

/// White to dark blue: the shade of a share from 0 to 1.
pub(super) fn shade(share: f64) -> RGBColor {
    let dark = RGBColor(0, 68, 120);
    let mix = |high: u8| {
        let share = share.clamp(0.0, 1.0);
        (255.0 - share * (255.0 - f64::from(high))).round() as u8
    };
    RGBColor(mix(dark.0), mix(dark.1), mix(dark.2))
}

/// Refuses a number of things that a figure has no room for.
pub(super) fn check_count(name: &'static str, noun: &str, found: usize, most: usize) -> Result<()> {
    match (1..=most).contains(&found) {
        true => Ok(()),
        false => Err(Error::argument(
            name,
            count(found, noun),
            format!("de 1 à {most} par figure ; regroupez ou filtrez le tableau"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            ticks(0.0, 1.0, 6),
            (vec![0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0], 1)
        );
        assert_eq!(ticks(-3.0, 12.0, 6).0, [-2.5, 0.0, 2.5, 5.0, 7.5, 10.0]);
        assert_eq!(ticks(-3.0, 12.0, 6).1, 1);
        assert_eq!(ticks(0.0, 116.0, 8).0.len(), 6);
        assert_eq!(padded([3.0, 3.0].into_iter()), (1.5, 4.5));
        assert_eq!(padded(std::iter::empty()), (0.0, 1.0));
    }
}
