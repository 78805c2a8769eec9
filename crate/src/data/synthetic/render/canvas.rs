//! A drawing surface in two scales, and the shapes the drawings are made of.

use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Path,
    PathBuilder, Pixmap, Point, RadialGradient, Rect, Shader, SpreadMode, Stroke, Transform,
};

use super::super::colour::Colour;
use crate::error::{Error, Result};

/// Side of a picture in the coordinates that backgrounds and objects are drawn in, whatever its pixels.
pub(super) const FIELD: f32 = 128.0;

/// A point of a shape.
pub(super) type P = (f32, f32);

/// A surface of pixels and the current coordinates.
pub(super) struct Canvas {
    pixmap: Pixmap,
    base: Transform,
    transform: Transform,
    clip: Option<Mask>,
}

impl Canvas {
    /// An empty square of `side` pixels; coordinates go from 0 to [`FIELD`].
    ///
    /// # Errors
    /// [`Error::Figure`] when there is no memory for it.
    pub(super) fn new(side: usize) -> Result<Self> {
        let unit = side as f32 / FIELD;
        Self::with_base(side, side, Transform::from_scale(unit, unit))
    }

    /// A transparent surface that shows the rectangle from (`left`, `top`), of `unit` pixels a unit.
    ///
    /// # Errors
    /// [`Error::Figure`] when there is no memory for it.
    pub(super) fn window(
        (left, top): P,
        (width, height): (usize, usize),
        unit: f32,
    ) -> Result<Self> {
        let base = Transform::from_scale(unit, unit).pre_translate(-left, -top);
        Self::with_base(width, height, base)
    }

    fn with_base(width: usize, height: usize, base: Transform) -> Result<Self> {
        let pixmap = Pixmap::new(width as u32, height as u32)
            .ok_or_else(|| Error::Figure("pas assez de mémoire pour dessiner".to_owned()))?;
        Ok(Self {
            pixmap,
            base,
            transform: base,
            clip: None,
        })
    }

    /// What follows is drawn around (`x`, `y`), `unit` pixels long a unit, turned by `degrees`;
    /// `stretch` widens it.
    pub(super) fn place(&mut self, (x, y): P, unit: f32, stretch: f32, degrees: f32) {
        self.transform = self
            .base
            .pre_translate(x, y)
            .pre_concat(Transform::from_rotate(degrees))
            .pre_scale(unit * stretch, unit);
    }

    /// Back to the coordinates of the surface.
    pub(super) fn reset(&mut self) {
        self.transform = self.base;
    }

    /// What follows stays inside `shape`, until [`unclip`](Self::unclip).
    pub(super) fn clip(&mut self, shape: &Option<Path>) {
        self.clip = Mask::new(self.pixmap.width(), self.pixmap.height());
        if let (Some(mask), Some(path)) = (&mut self.clip, shape) {
            mask.fill_path(path, FillRule::Winding, true, self.transform);
        }
    }

    /// The whole surface again.
    pub(super) fn unclip(&mut self) {
        self.clip = None;
    }

    /// Fills a shape with one colour; `alpha` from 0 (nothing) to 1.
    pub(super) fn fill(&mut self, shape: &Option<Path>, colour: Colour, alpha: f32) {
        self.fill_with(shape, Shader::SolidColor(skia(colour, alpha)));
    }

    /// Fills a shape with a colour that goes from one at point `a` to another at point `b`.
    pub(super) fn fill_gradient(
        &mut self,
        shape: &Option<Path>,
        (a, from): (P, Colour),
        (b, to): (P, Colour),
    ) {
        let stops = vec![
            GradientStop::new(0.0, skia(from, 1.0)),
            GradientStop::new(1.0, skia(to, 1.0)),
        ];
        let shader = LinearGradient::new(
            Point::from_xy(a.0, a.1),
            Point::from_xy(b.0, b.1),
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let Some(shader) = shader {
            self.fill_with(shape, shader);
        }
    }

    /// A soft round spot: `alpha` in the middle, nothing at `radius`.
    pub(super) fn spot(&mut self, centre: P, radius: f32, colour: Colour, alpha: f32) {
        let middle = Point::from_xy(centre.0, centre.1);
        let stops = vec![
            GradientStop::new(0.0, skia(colour, alpha)),
            GradientStop::new(1.0, skia(colour, 0.0)),
        ];
        let shader = RadialGradient::new(
            middle,
            0.0,
            middle,
            radius,
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let Some(shader) = shader {
            self.fill_with(&ellipse(centre, radius, radius), shader);
        }
    }

    /// Draws a line along a shape, `width` units wide.
    pub(super) fn stroke(&mut self, shape: &Option<Path>, colour: Colour, alpha: f32, width: f32) {
        let Some(path) = shape else { return };
        let paint = Paint {
            shader: Shader::SolidColor(skia(colour, alpha)),
            ..Paint::default()
        };
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(path, &paint, &stroke, self.transform, self.clip.as_ref());
    }

    fn fill_with(&mut self, shape: &Option<Path>, shader: Shader<'_>) {
        let Some(path) = shape else { return };
        let paint = Paint {
            shader,
            ..Paint::default()
        };
        self.pixmap.fill_path(
            path,
            &paint,
            FillRule::Winding,
            self.transform,
            self.clip.as_ref(),
        );
    }

    /// The pixels, row by row: red, green, blue multiplied by alpha, alpha.
    pub(super) fn pixels(&self) -> &[u8] {
        self.pixmap.data()
    }

    /// The pixels, to change them; same layout as [`pixels`](Self::pixels).
    pub(super) fn pixels_mut(&mut self) -> &mut [u8] {
        self.pixmap.data_mut()
    }

    /// Width of the surface in pixels.
    pub(super) fn width(&self) -> usize {
        self.pixmap.width() as usize
    }
}

fn skia(colour: Colour, alpha: f32) -> Color {
    let [r, g, b] = colour.0.map(|value| value.clamp(0.0, 1.0));
    Color::from_rgba(r, g, b, alpha.clamp(0.0, 1.0)).unwrap_or(Color::TRANSPARENT)
}

/// An ellipse; nothing when a radius is not positive.
pub(super) fn ellipse((x, y): P, rx: f32, ry: f32) -> Option<Path> {
    PathBuilder::from_oval(Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry)?)
}

/// A rectangle between two corners.
pub(super) fn rectangle((left, top): P, (right, bottom): P) -> Option<Path> {
    Some(PathBuilder::from_rect(Rect::from_ltrb(
        left, top, right, bottom,
    )?))
}

/// A polygon.
pub(super) fn polygon(points: &[P]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        if index == 0 {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
    builder.close();
    builder.finish()
}

/// A smooth closed shape through `points` (Catmull–Rom).
pub(super) fn blob(points: &[P]) -> Option<Path> {
    smooth(points, true)
}

/// A smooth open line through `points` (Catmull–Rom).
pub(super) fn curve(points: &[P]) -> Option<Path> {
    smooth(points, false)
}

fn smooth(points: &[P], closed: bool) -> Option<Path> {
    let count = points.len();
    if count < 2 {
        return None;
    }
    let at = |index: usize| {
        if closed {
            points[index % count]
        } else {
            points[index.saturating_sub(1).min(count - 1)]
        }
    };
    // Segment `i` goes from the second to the third of four neighbours.
    let segments = if closed { count } else { count - 1 };
    let first = at(1);
    let mut builder = PathBuilder::new();
    builder.move_to(first.0, first.1);
    for segment in 0..segments {
        let [before, from, to, after] = [0, 1, 2, 3].map(|offset| at(segment + offset));
        builder.cubic_to(
            from.0 + (to.0 - before.0) / 6.0,
            from.1 + (to.1 - before.1) / 6.0,
            to.0 - (after.0 - from.0) / 6.0,
            to.1 - (after.1 - from.1) / 6.0,
            to.0,
            to.1,
        );
    }
    if closed {
        builder.close();
    }
    builder.finish()
}
