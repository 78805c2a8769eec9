//! The axes of a curve of losses: steps across, losses upwards on a logarithmic scale.

use super::{
    canvas::{Canvas, MIDDLE_RIGHT, Point, TOP, TOP_LEFT, font, text_width},
    style::{GRID, INK, LABEL, SMALL},
};
use crate::{
    error::Result,
    french::{compact, decimal},
};

/// The plotting area, in pixels.
pub(super) const LEFT: f64 = 92.0;
pub(super) const RIGHT: f64 = 876.0;
pub(super) const TOP_EDGE: f64 = 82.0;
pub(super) const BOTTOM: f64 = 436.0;
/// Smallest loss that is drawn: a logarithmic axis has no zero.
const FLOOR: f64 = 1e-6;

/// From steps and losses to pixels.
pub(super) struct Axes {
    /// The step at the left edge: 1, or 0 when validation came before.
    pub first: f64,
    steps: usize,
    low: f64,
    high: f64,
}

impl Axes {
    pub(super) fn new((first, steps): (f64, usize), (low, high): (f64, f64)) -> Self {
        Self {
            first,
            steps,
            low,
            high,
        }
    }

    pub(super) fn x(&self, step: f64) -> f64 {
        let span = (self.steps as f64 - self.first).max(1.0);
        LEFT + (step - self.first) / span * (RIGHT - LEFT)
    }

    pub(super) fn y(&self, log: f64) -> f64 {
        BOTTOM - (log - self.low) / (self.high - self.low) * (BOTTOM - TOP_EDGE)
    }

    pub(super) fn points(&self, losses: &[f64]) -> Vec<Point> {
        (1..)
            .map(f64::from)
            .zip(losses)
            .map(|(step, loss)| (self.x(step), self.y(log10(*loss))))
            .collect()
    }

    pub(super) fn draw(&self, canvas: &Canvas) -> Result<()> {
        for log in log_ticks(self.low, self.high) {
            let y = self.y(log);
            canvas.line(&[(LEFT, y), (RIGHT, y)], GRID, 1)?;
            let label = compact(10f64.powf(log));
            canvas.text(&label, (LEFT - 8.0, y), font(SMALL), MIDDLE_RIGHT)?;
        }
        self.steps(canvas, TOP_EDGE, BOTTOM)?;
        canvas.line(&[(LEFT, TOP_EDGE), (LEFT, BOTTOM), (RIGHT, BOTTOM)], INK, 1)?;
        let label = "perte (échelle logarithmique)";
        let length = text_width(label, font(LABEL))?;
        let at = (12.0, (TOP_EDGE + BOTTOM + length) / 2.0);
        canvas.text(label, at, font(LABEL).upwards(), TOP_LEFT)
    }

    /// The vertical lines and the numbers of the steps, under an area.
    pub(super) fn steps(&self, canvas: &Canvas, top: f64, bottom: f64) -> Result<()> {
        for step in step_ticks(self.steps) {
            let x = self.x(step);
            canvas.line(&[(x, top), (x, bottom)], GRID, 1)?;
            canvas.text(&decimal(step, 0), (x, bottom + 8.0), font(SMALL), TOP)?;
        }
        let middle = ((LEFT + RIGHT) / 2.0, bottom + 36.0);
        canvas.text("pas d'entraînement", middle, font(LABEL), TOP)
    }
}

/// The place of a loss on a logarithmic axis.
pub(super) fn log10(loss: f64) -> f64 {
    loss.max(FLOOR).log10()
}

/// Range of the axis in powers of ten, a little wider than the data.
pub(super) fn log_range<'a>(losses: impl Iterator<Item = &'a f64>) -> (f64, f64) {
    let (low, high) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| {
        let log = log10(*loss);
        (low.min(log), high.max(log))
    });
    let pad = (0.04 * (high - low)).max(0.05);
    (low - pad, high + pad)
}

/// 1, 2, 5 of every power of ten in the range, the powers alone from three decades on.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let digits: &[f64] = match high - low {
        span if span > 3.0 => &[1.0],
        span if span > 0.7 => &[1.0, 2.0, 5.0],
        _ => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    };
    (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|power| {
            digits
                .iter()
                .map(move |digit| f64::from(power) + digit.log10())
        })
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

/// About six round steps.
fn step_ticks(steps: usize) -> Vec<f64> {
    let rough = steps as f64 / 6.0;
    let power = 10f64.powf(rough.max(1.0).log10().floor());
    let stride = [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|stride| *stride >= rough)
        .unwrap_or(power)
        .max(1.0);
    let mut ticks = vec![1.0];
    ticks.extend(
        (1..)
            .map(|i| stride * f64::from(i))
            .take_while(|tick| *tick <= steps as f64),
    );
    ticks.dedup();
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_inside_the_range() {
        let values = |ticks: Vec<f64>| -> Vec<String> {
            ticks
                .into_iter()
                .map(|tick| compact(10f64.powf(tick)))
                .collect()
        };
        assert_eq!(
            values(log_ticks(-1.5, 0.1)),
            ["0,05", "0,1", "0,2", "0,5", "1"]
        );
        assert_eq!(
            values(log_ticks(-4.2, 0.1)),
            ["0,0001", "0,001", "0,01", "0,1", "1"]
        );
        assert!(log_ticks(-0.35, -0.1).len() >= 2);
        assert_eq!(
            step_ticks(300),
            [1.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0]
        );
        assert_eq!(step_ticks(1), [1.0]);
        assert_eq!(step_ticks(4), [1.0, 2.0, 3.0, 4.0]);
    }
}
