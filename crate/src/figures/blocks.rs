//! What schemes are made of: labelled boxes and arrows.

use plotters::style::RGBColor;

use super::{
    canvas::{Canvas, Point, TOP_LEFT, font},
    style::{INK, SMALL, TITLE},
};
use crate::error::Result;

/// Distance between two lines of a box, in pixels.
pub(super) const LINE: f64 = 21.0;
/// Length and half-width of an arrow's head, in pixels.
const HEAD: (f64, f64) = (11.0, 5.0);
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);

/// Colours of the parts, by what they are; the text of each box says it too.
pub(super) const DATA: RGBColor = RGBColor(240, 240, 240);
pub(super) const NETWORK: RGBColor = RGBColor(214, 233, 246);
pub(super) const LATENT: RGBColor = RGBColor(253, 236, 204);
pub(super) const LOSS: RGBColor = RGBColor(248, 222, 214);
pub(super) const RESAMPLING: RGBColor = RGBColor(209, 238, 228);

/// A labelled rectangle, lengths in pixels.
pub(super) struct Block<'a> {
    pub from: Point,
    pub to: Point,
    color: RGBColor,
    lines: &'a [&'a str],
}

impl<'a> Block<'a> {
    pub(super) fn new(
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        color: RGBColor,
        lines: &'a [&'a str],
    ) -> Self {
        Self {
            from: (x, y),
            to: (x + width, y + height),
            color,
            lines,
        }
    }

    fn centre(&self) -> Point {
        (
            (self.from.0 + self.to.0) / 2.0,
            (self.from.1 + self.to.1) / 2.0,
        )
    }

    pub(super) fn left(&self) -> Point {
        (self.from.0, self.centre().1)
    }

    pub(super) fn right(&self) -> Point {
        (self.to.0, self.centre().1)
    }

    pub(super) fn top(&self) -> Point {
        (self.centre().0, self.from.1)
    }

    pub(super) fn bottom(&self) -> Point {
        (self.centre().0, self.to.1)
    }

    /// Height at which an arrow between this block and the side of `other` touches `other`.
    pub(super) fn towards(&self, other: &Block) -> f64 {
        self.centre()
            .1
            .clamp(other.from.1 + 14.0, other.to.1 - 14.0)
    }

    pub(super) fn draw(&self, canvas: &Canvas) -> Result<()> {
        canvas.rectangle(self.from, self.to, self.color)?;
        canvas.frame(self.from, self.to, INK, 1)?;
        let (x, middle) = self.centre();
        let mut y = middle - LINE * self.lines.len() as f64 / 2.0 + 1.0;
        for (index, line) in self.lines.iter().enumerate() {
            let style = font(SMALL);
            // The first line names the part.
            let style = if index == 0 { style.bold() } else { style };
            canvas.formula(line, (x, y), style)?;
            y += LINE;
        }
        Ok(())
    }
}

/// The circumflex of the « x » that is the block's second line: the font has no x̂.
pub(super) fn hat(canvas: &Canvas, block: &Block) -> Result<()> {
    let (x, middle) = block.centre();
    let (foot, top) = (middle - 4.0, middle - 7.0);
    canvas.line(&[(x - 4.0, foot), (x, top), (x + 4.0, foot)], INK, 1)
}

pub(super) fn title(canvas: &Canvas, text: &str) -> Result<()> {
    canvas.text(text, (20.0, 12.0), font(TITLE).bold(), TOP_LEFT)
}

/// A broken line that ends in an arrow head.
pub(super) fn arrow(canvas: &Canvas, points: &[Point]) -> Result<()> {
    canvas.line(points, INK, 1)?;
    let [.., before, tip] = points else {
        return Ok(());
    };
    let (dx, dy) = (tip.0 - before.0, tip.1 - before.1);
    let length = dx.hypot(dy).max(1.0);
    let (dx, dy) = (dx / length, dy / length);
    let base = (tip.0 - HEAD.0 * dx, tip.1 - HEAD.0 * dy);
    let corners = [
        *tip,
        (base.0 - HEAD.1 * dy, base.1 + HEAD.1 * dx),
        (base.0 + HEAD.1 * dy, base.1 - HEAD.1 * dx),
    ];
    // A white rim keeps crossing lines apart.
    canvas.line(&[base, *tip], WHITE, 2)?;
    canvas.polygon(&corners, INK)
}
