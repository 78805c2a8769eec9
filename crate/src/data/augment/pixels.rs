//! An image while it is transformed.

/// Colour channels.
pub(super) const CHANNELS: usize = 3;

/// RGB values from 0 to 255, rows from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pixels {
    pub height: usize,
    pub width: usize,
    pub values: Vec<[f32; CHANNELS]>,
}

impl Pixels {
    pub(super) fn new(bytes: &[u8], height: usize, width: usize) -> Self {
        let pixel = |bytes: &[u8]| [bytes[0], bytes[1], bytes[2]].map(f32::from);
        Self {
            height,
            width,
            values: bytes.chunks_exact(CHANNELS).map(pixel).collect(),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let values = self.values.as_flattened();
        // `as` saturates.
        values.iter().map(|value| value.round() as u8).collect()
    }

    /// An image of this size whose pixels `value` gives, from their row and column.
    pub(super) fn from_fn(
        (height, width): (usize, usize),
        mut value: impl FnMut(usize, usize) -> [f32; CHANNELS],
    ) -> Self {
        let places = (0..height * width).map(|place| (place / width, place % width));
        Self {
            height,
            width,
            values: places.map(|(y, x)| value(y, x)).collect(),
        }
    }

    pub(super) fn at(&self, y: usize, x: usize) -> [f32; CHANNELS] {
        self.values[y * self.width + x]
    }

    /// The value at any place, pixel centres being whole numbers: bilinear, mirrored beyond the edges.
    pub(super) fn between(&self, y: f64, x: f64) -> [f32; CHANNELS] {
        let (top, left) = (y.floor(), x.floor());
        let (down, right) = ((y - top) as f32, (x - left) as f32);
        let rows = [0.0, 1.0].map(|step| mirrored(top + step, self.height));
        let columns = [0.0, 1.0].map(|step| mirrored(left + step, self.width));
        std::array::from_fn(|channel| {
            let at = |row: usize, column: usize| self.at(rows[row], columns[column])[channel];
            let upper = at(0, 0) * (1.0 - right) + at(0, 1) * right;
            let lower = at(1, 0) * (1.0 - right) + at(1, 1) * right;
            upper * (1.0 - down) + lower * down
        })
    }

    /// Changes every pixel alone.
    pub(super) fn map(mut self, change: impl Fn([f32; CHANNELS]) -> [f32; CHANNELS]) -> Self {
        for pixel in &mut self.values {
            *pixel = change(*pixel).map(|value| value.clamp(0.0, 255.0));
        }
        self
    }
}

/// A position brought inside by mirrors along the edges: … 1 0 | 0 1 2 | 2 1 …
fn mirrored(position: f64, len: usize) -> usize {
    let period = 2 * len;
    let inside = (position.rem_euclid(period as f64) as usize).min(period - 1);
    inside.min(period - 1 - inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_placed_at_the_edges() {
        let places: Vec<usize> = (-4..8).map(|place| mirrored(f64::from(place), 3)).collect();
        assert_eq!(places, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }

    #[test]
    fn between_pixels_values_are_shared() {
        let image = Pixels::new(&[0, 0, 0, 100, 100, 100, 40, 40, 40, 200, 200, 200], 2, 2);
        assert_eq!(image.between(0.0, 0.25), [25.0; 3]);
        assert_eq!(image.between(0.5, 0.5), [85.0; 3]);
        assert_eq!(image.between(1.0, 5.0), image.between(1.0, 1.0));
    }
}
