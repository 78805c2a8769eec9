//! A drawing surface in pixels of the finished figure: text, shapes and pictures.
//!
//! Everything is drawn twice as large and halved at the end: plotters' bitmap backend neither
//! smooths thick lines nor places letters between pixels.

use image::{
    RgbImage,
    imageops::{self, FilterType},
};
use plotters::{
    coord::Shift,
    prelude::{
        BitMapBackend, Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, Rectangle,
    },
    style::{
        Color, FontFamily, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle,
        WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Figure, style};
use crate::{
    data::ImageStore,
    error::{Error, Result},
};

/// Enlargement of the drawing before it is halved.
const SCALE: u32 = 2;

/// Where the given point lies in a text.
pub(super) type Anchor = (HPos, VPos);
pub(super) const TOP_LEFT: Anchor = (HPos::Left, VPos::Top);
pub(super) const TOP: Anchor = (HPos::Center, VPos::Top);
pub(super) const MIDDLE_LEFT: Anchor = (HPos::Left, VPos::Center);
pub(super) const MIDDLE_RIGHT: Anchor = (HPos::Right, VPos::Center);

/// A point in pixels of the finished figure.
pub(super) type Point = (f64, f64);

/// Draws a figure of `width` × `height` pixels on white.
pub(super) fn figure(
    width: u32,
    height: u32,
    alt_text: String,
    draw: impl FnOnce(&Canvas) -> Result<()>,
) -> Result<Figure> {
    style::load_font()?;
    let (large_width, large_height) = (width * SCALE, height * SCALE);
    let mut pixels = vec![255; large_width as usize * large_height as usize * 3];
    {
        let backend = BitMapBackend::with_buffer(&mut pixels, (large_width, large_height));
        let canvas = Canvas {
            area: backend.into_drawing_area(),
        };
        plotted(canvas.area.fill(&WHITE))?;
        draw(&canvas)?;
        plotted(canvas.area.present())?;
    }
    let large = RgbImage::from_raw(large_width, large_height, pixels)
        .ok_or_else(|| Error::Figure("taille de figure incohérente".to_owned()))?;
    Figure::from_image(&imageops::thumbnail(&large, width, height), alt_text)
}

/// Turns plotters' errors into ours.
fn plotted<T, E: std::fmt::Display>(result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| Error::Figure(error.to_string()))
}

/// Font of a piece of text.
#[derive(Clone, Copy)]
pub(super) struct Font {
    size: u32,
    style: FontStyle,
    color: RGBColor,
    transform: bool,
}

/// Dark text of a given height.
pub(super) fn font(size: u32) -> Font {
    Font {
        size,
        style: FontStyle::Normal,
        color: style::INK,
        transform: false,
    }
}

impl Font {
    pub(super) fn bold(mut self) -> Self {
        self.style = FontStyle::Bold;
        self
    }

    pub(super) fn color(mut self, color: RGBColor) -> Self {
        self.color = color;
        self
    }

    /// Small enough for a subscript.
    fn subscript(mut self) -> Self {
        self.size = self.size * 3 / 4;
        self
    }

    /// Reads from bottom to top.
    pub(super) fn upwards(mut self) -> Self {
        self.transform = true;
        self
    }

    fn text_style(self) -> TextStyle<'static> {
        let size = f64::from(self.size * SCALE);
        let font = (FontFamily::Name(style::FONT), size, self.style).into_font();
        let transform = match self.transform {
            true => FontTransform::Rotate270,
            false => FontTransform::None,
        };
        TextStyle {
            color: self.color.to_backend_color(),
            ..TextStyle::from(font.transform(transform))
        }
    }
}

/// Width of a text, in pixels of the finished figure.
pub(super) fn text_width(text: &str, font: Font) -> Result<f64> {
    style::load_font()?;
    let (width, _) = plotted(font.text_style().font.box_size(text))?;
    Ok(f64::from(width) / f64::from(SCALE))
}

/// Breaks a text at spaces into at most `max_lines` lines of `width`; what is left ends in « … ».
pub(super) fn wrap(text: &str, font: Font, width: f64, max_lines: usize) -> Result<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut() {
            let longer = format!("{line} {word}");
            if text_width(&longer, font)? <= width {
                *line = longer;
                continue;
            }
        }
        lines.push(word.to_owned());
    }
    let cut = lines.len() > max_lines;
    lines.truncate(max_lines);
    let last = lines.len().saturating_sub(1);
    for (index, line) in lines.iter_mut().enumerate() {
        let mut short = cut && index == last;
        loop {
            let shown = if short {
                format!("{line}…")
            } else {
                line.clone()
            };
            if text_width(&shown, font)? <= width || line.pop().is_none() {
                *line = shown;
                break;
            }
            short = true;
        }
    }
    Ok(lines)
}

/// The surface a figure is drawn on; lengths are in pixels of the finished figure.
pub(super) struct Canvas<'a> {
    area: DrawingArea<BitMapBackend<'a>, Shift>,
}

impl Canvas<'_> {
    /// Writes a text; `anchor` says which of its points lies at `at`.
    pub(super) fn text(&self, text: &str, at: Point, font: Font, anchor: Anchor) -> Result<()> {
        let style = font.text_style().pos(Pos::new(anchor.0, anchor.1));
        plotted(self.area.draw_text(text, &style, scaled(at)))
    }

    /// A line through `points`.
    ///
    /// Each segment is drawn by itself: plotters' joints overshoot far beyond a point where a line turns back sharply.
    pub(super) fn line(&self, points: &[Point], color: RGBColor, width: u32) -> Result<()> {
        let points: Vec<_> = points.iter().copied().map(scaled).collect();
        for ends in points.windows(2).filter(|ends| ends[0] != ends[1]) {
            let segment = PathElement::new(ends.to_vec(), stroke(color, width));
            plotted(self.area.draw(&segment))?;
        }
        // Round joints close the notches of thick lines.
        let joints = points
            .len()
            .checked_sub(1)
            .map_or(&[][..], |last| points.get(1..last).unwrap_or_default());
        let filled = ShapeStyle::from(&color).filled();
        for joint in joints.iter().filter(|_| width > 1) {
            let radius = (width * SCALE / 2) as i32;
            plotted(self.area.draw(&Circle::new(*joint, radius, filled)))?;
        }
        Ok(())
    }

    /// A text whose parts `_{…}` are subscripts, centred on `at.0` below `at.1`.
    pub(super) fn formula(&self, text: &str, at: Point, font: Font) -> Result<()> {
        let parts = subscripts(text);
        let small = font.subscript();
        let style = |is_low: bool| if is_low { small } else { font };
        let mut widths = Vec::with_capacity(parts.len());
        for (part, is_low) in &parts {
            widths.push(text_width(part, style(*is_low))?);
        }
        let mut x = at.0 - widths.iter().sum::<f64>() / 2.0;
        for ((part, is_low), width) in parts.into_iter().zip(widths) {
            let y = if is_low { at.1 + 7.0 } else { at.1 };
            self.text(part, (x, y), style(is_low), TOP_LEFT)?;
            x += width;
        }
        Ok(())
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&self, from: Point, to: Point, color: RGBColor) -> Result<()> {
        let corners = [scaled(from), scaled(to)];
        plotted(
            self.area
                .draw(&Rectangle::new(corners, ShapeStyle::from(&color).filled())),
        )
    }

    /// The outline of a rectangle.
    pub(super) fn frame(&self, from: Point, to: Point, color: RGBColor, width: u32) -> Result<()> {
        let (left, top, right, bottom) = (from.0, from.1, to.0, to.1);
        let corners = [
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (left, top),
        ];
        self.line(&corners, color, width)
    }

    /// A filled disc.
    pub(super) fn disc(&self, at: Point, radius: f64, color: RGBColor) -> Result<()> {
        let radius = (radius * f64::from(SCALE)).round() as i32;
        let disc = Circle::new(scaled(at), radius, ShapeStyle::from(&color).filled());
        plotted(self.area.draw(&disc))
    }

    /// A filled polygon.
    pub(super) fn polygon(&self, points: &[Point], color: RGBColor) -> Result<()> {
        let points: Vec<_> = points.iter().copied().map(scaled).collect();
        plotted(self.area.draw(&Polygon::new(points, color)))
    }

    /// One image, enlarged or reduced to `width` × `height`.
    ///
    /// Photographs are enlarged smoothly; very small images (less than a quarter of the place) keep
    /// square pixels, so that a reader can count them.
    pub(super) fn image(
        &self,
        store: &ImageStore,
        index: usize,
        at: Point,
        (width, height): (u32, u32),
    ) -> Result<()> {
        let bytes = store.image(index)?.to_vec();
        let image = RgbImage::from_raw(store.width() as u32, store.height() as u32, bytes)
            .ok_or_else(|| Error::Figure("taille d'image incohérente".to_owned()))?;
        let filter = match width >= 4 * image.width() {
            true => FilterType::Nearest,
            false => FilterType::CatmullRom,
        };
        let image = imageops::resize(&image, width * SCALE, height * SCALE, filter);
        let (x, y) = scaled(at);
        let place = self.area.strip_coord_spec();
        for (column, row, pixel) in image.enumerate_pixels() {
            let [r, g, b] = pixel.0;
            let at = (x + column as i32, y + row as i32);
            plotted(place.draw_pixel(at, &RGBColor(r, g, b)))?;
        }
        Ok(())
    }
}

/// The parts of a text, and whether each is a subscript: « L_{KL} + x » is « L », « KL » (low), «  + x ».
fn subscripts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_{") {
        let Some((low, after)) = after.split_once('}') else {
            break;
        };
        parts.extend([(before, false), (low, true)]);
        rest = after;
    }
    parts.push((rest, false));
    parts.retain(|(part, _)| !part.is_empty());
    parts
}

/// A stroke of `width` pixels of the finished figure.
fn stroke(color: RGBColor, width: u32) -> ShapeStyle {
    ShapeStyle::from(&color).stroke_width(width * SCALE)
}

fn scaled((x, y): Point) -> (i32, i32) {
    let scale = f64::from(SCALE);
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscripts_are_told_apart() {
        assert_eq!(
            subscripts("c · L_{KL} + L_{x}"),
            [("c · L", false), ("KL", true), (" + L", false), ("x", true)]
        );
        assert_eq!(subscripts("snake_case"), [("snake_case", false)]);
        assert_eq!(subscripts("L_{KL"), [("L_{KL", false)]);
    }
}
