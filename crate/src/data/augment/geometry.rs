//! Changes of place: what each pixel of the variant takes from the image.

use rand::{RngExt, rngs::StdRng};

use crate::simd::vectorized;

/// Height and width.
pub(super) type Size = (usize, usize);
/// A part of an image, in pixels: top, left, height, width.
pub(super) type Part = (usize, usize, usize, usize);

/// Draws of a part before the whole image is taken.
const TRIES: usize = 10;

/// Where each pixel comes from, pixel centres being whole numbers: an affine map of its place, within a part of the image
/// that is mirrored beyond its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placement {
    /// From down and right: the place down, then right; each with what is added.
    map: [[f64; 3]; 2],
    part: Part,
}

impl Placement {
    /// Every pixel where it is.
    pub(super) fn whole((height, width): Size) -> Self {
        Self {
            map: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            part: (0, 0, height, width),
        }
    }

    /// A part brought to the size of the image.
    pub(super) fn enlarged((height, width): Size, part: Part) -> Self {
        let (top, left, part_height, part_width) = part;
        // Edges fall on edges, so that centres are half a pixel further.
        let scaled = |start: usize, part: usize, side: usize| {
            let scale = part as f64 / side as f64;
            (scale, start as f64 + 0.5 * scale - 0.5)
        };
        let (down, first_row) = scaled(top, part_height, height);
        let (right, first_column) = scaled(left, part_width, width);
        Self {
            map: [[down, 0.0, first_row], [0.0, right, first_column]],
            part,
        }
    }

    /// This change, then another one, which is of the whole image.
    pub(super) fn then(&self, next: &Placement) -> Self {
        let row = |[down, right, added]: [f64; 3]| {
            let along = |column: usize| down * next.map[0][column] + right * next.map[1][column];
            [along(0), along(1), along(2) + added]
        };
        Self {
            map: self.map.map(row),
            part: self.part,
        }
    }

    /// A map around the middle of an image: from the place there to the place where a pixel comes from.
    fn around_middle(size: Size, matrix: [[f64; 2]; 2]) -> Self {
        let middle = [size.0, size.1].map(|side| (side as f64 - 1.0) / 2.0);
        let row = |line: usize| {
            let [down, right] = matrix[line];
            let added = middle[line] - down * middle[0] - right * middle[1];
            [down, right, added]
        };
        Self {
            map: [row(0), row(1)],
            part: (0, 0, size.0, size.1),
        }
    }
}

/// Left and right exchanged.
pub(super) fn mirror(size: Size) -> Placement {
    Placement::around_middle(size, [[1.0, 0.0], [0.0, -1.0]])
}

/// Turned around the middle, counter-clockwise, by so many quarters.
pub(super) fn quarter_turns(size: Size, quarters: usize) -> Placement {
    let (sine, cosine) = [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)][quarters % 4];
    Placement::around_middle(size, [[cosine, sine], [-sine, cosine]])
}

/// Turned around the middle, counter-clockwise, by an angle in radians.
pub(super) fn rotation(size: Size, angle: f64) -> Placement {
    let (sine, cosine) = angle.sin_cos();
    Placement::around_middle(size, [[cosine, sine], [-sine, cosine]])
}

/// Moved down and to the right by so many pixels.
pub(super) fn shift(down: f64, right: f64) -> Placement {
    Placement {
        map: [[1.0, 0.0, -down], [0.0, 1.0, -right]],
        part: (0, 0, 0, 0),
    }
}

/// Made larger by this factor around the middle.
pub(super) fn zoom(size: Size, factor: f64) -> Placement {
    Placement::around_middle(size, [[1.0 / factor, 0.0], [0.0, 1.0 / factor]])
}

/// A part of at least the share `smallest` of the area, of proportions from 3/4 to 4/3.
pub(super) fn draw_part((all_height, all_width): Size, smallest: f64, rng: &mut StdRng) -> Part {
    let area = (all_height * all_width) as f64;
    for _ in 0..TRIES {
        let kept = area * rng.random_range(smallest..=1.0);
        // As often wider as higher.
        let proportion = rng
            .random_range((0.75_f64).ln()..=(4.0 / 3.0_f64).ln())
            .exp();
        let height = (kept / proportion).sqrt().round() as usize;
        let width = (kept * proportion).sqrt().round() as usize;
        if (1..=all_height).contains(&height) && (1..=all_width).contains(&width) {
            let top = rng.random_range(0..=all_height - height);
            let left = rng.random_range(0..=all_width - width);
            return (top, left, height, width);
        }
    }
    (0, 0, all_height, all_width)
}

/// Resamples images, bilinearly.
#[derive(Default)]
pub(super) struct Sampler {
    /// For each pixel of a row: the upper left of the four that it is between, and how far it is from it.
    first: Vec<u32>,
    down: Vec<f32>,
    right: Vec<f32>,
}

impl Sampler {
    /// Writes in `planes` what `placement` makes of an image of `size`.
    pub(super) fn sample(
        &mut self,
        pixels: &[[f32; 4]],
        (height, width): Size,
        placement: &Placement,
        planes: &mut [f32],
    ) {
        self.first.resize(width, 0);
        self.down.resize(width, 0.0);
        self.right.resize(width, 0.0);
        let (top, left, part_height, part_width) = placement.part;
        // To the next pixel below, to the next on the right; an image of one row or column has none.
        let (below, beside) = (
            if part_height > 1 { width } else { 0 },
            usize::from(part_width > 1),
        );
        let (rows, columns) = (Side::new(top, part_height), Side::new(left, part_width));
        let (red, rest) = planes.split_at_mut(height * width);
        let (green, blue) = rest.split_at_mut(height * width);
        for y in 0..height {
            let begin = placement
                .map
                .map(|row| (row[1], row[0] * y as f64 + row[2]));
            self.locate(begin, (rows, columns), width);
            let line = y * width..(y + 1) * width;
            let between = Between {
                pixels,
                first: &self.first,
                down: &self.down,
                right: &self.right,
                step: (below, beside),
            };
            between.write(
                &mut red[line.clone()],
                &mut green[line.clone()],
                &mut blue[line],
            );
        }
    }

    /// Finds where the pixels of one row come from: both places are a step for each column and where the row begins.
    fn locate(
        &mut self,
        [down, right]: [(f64, f64); 2],
        (rows, columns): (Side, Side),
        width: usize,
    ) {
        let begin = (down.1 as f32, right.1 as f32);
        let step = (down.0 as f32, right.0 as f32);
        let width = width as f32;
        let Self {
            first,
            down: far_down,
            right: far_right,
        } = self;
        vectorized(
            #[inline(always)]
            move || {
                let places = first
                    .iter_mut()
                    .zip(far_down.iter_mut())
                    .zip(far_right.iter_mut());
                for (x, ((first, far_down), far_right)) in places.enumerate() {
                    let x = x as i32 as f32;
                    let (row, down) = rows.find(begin.0 + step.0 * x);
                    let (column, right) = columns.find(begin.1 + step.1 * x);
                    // Whole numbers below 2²⁴, exact: no image has as many pixels.
                    *first = (row * width + column) as i32 as u32;
                    *far_down = down;
                    *far_right = right;
                }
            },
        );
    }
}

/// One side of the part that pixels come from.
#[derive(Clone, Copy)]
struct Side {
    start: f32,
    len: f32,
    /// The last place that has a next one.
    last: f32,
}

impl Side {
    fn new(start: usize, len: usize) -> Self {
        Self {
            start: start as f32,
            len: len as f32,
            last: len.saturating_sub(2) as f32,
        }
    }

    /// The pixel before a place, brought inside by mirrors along the edges, and how far the place is from it.
    #[inline(always)]
    fn find(self, place: f32) -> (f32, f32) {
        let from_edge = place - self.start + 0.5;
        let period = 2.0 * self.len;
        let within = from_edge - period * (from_edge / period).floor();
        let mirrored = self.len - (self.len - within).abs() - 0.5;
        let inside = mirrored.max(0.0).min(self.len - 1.0);
        let before = inside.floor().min(self.last);
        (self.start + before, inside - before)
    }
}

/// A row of pixels, each between four of the image.
struct Between<'a> {
    pixels: &'a [[f32; 4]],
    first: &'a [u32],
    down: &'a [f32],
    right: &'a [f32],
    step: (usize, usize),
}

impl Between<'_> {
    fn write(&self, red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
        let (pixels, (below, beside)) = (self.pixels, self.step);
        let places = self.first.iter().zip(self.down).zip(self.right);
        let out = red.iter_mut().zip(green).zip(blue);
        let mut pairs = places.zip(out);
        vectorized(
            #[inline(always)]
            move || {
                for (((&first, &down), &right), ((red, green), blue)) in pairs.by_ref() {
                    let first = first as usize;
                    let four = [
                        pixels[first],
                        pixels[first + beside],
                        pixels[first + below],
                        pixels[first + below + beside],
                    ];
                    let mut value = [0.0; 4];
                    for (channel, value) in value.iter_mut().enumerate() {
                        let upper = four[0][channel] * (1.0 - right) + four[1][channel] * right;
                        let lower = four[2][channel] * (1.0 - right) + four[3][channel] * right;
                        *value = upper * (1.0 - down) + lower * down;
                    }
                    [*red, *green, *blue] = [value[0], value[1], value[2]];
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// What a placement makes of a grey image, from its rows.
    fn moved<const H: usize, const W: usize>(
        rows: [[u8; W]; H],
        placement: &Placement,
    ) -> [[f32; W]; H] {
        let pixels: Vec<[f32; 4]> = rows
            .as_flattened()
            .iter()
            .map(|grey| [f32::from(*grey); 4])
            .collect();
        let mut planes = vec![0.0; 3 * H * W];
        Sampler::default().sample(&pixels, (H, W), placement, &mut planes);
        assert_eq!(planes[..H * W], planes[2 * H * W..]);
        std::array::from_fn(|y| std::array::from_fn(|x| planes[y * W + x]))
    }

    fn close<const H: usize, const W: usize>(found: [[f32; W]; H], expected: [[f32; W]; H]) {
        let pairs = found.as_flattened().iter().zip(expected.as_flattened());
        for (a, b) in pairs {
            assert!((a - b).abs() < 1e-3, "{found:?}\n{expected:?}");
        }
    }

    const NINE: [[u8; 3]; 3] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];

    #[test]
    fn moves_by_hand() {
        let size = (3, 3);
        close(
            moved(NINE, &mirror(size)),
            [[3.0, 2.0, 1.0], [6.0, 5.0, 4.0], [9.0, 8.0, 7.0]],
        );
        let quarter = [[3.0, 6.0, 9.0], [2.0, 5.0, 8.0], [1.0, 4.0, 7.0]];
        close(
            moved(NINE, &rotation(size, std::f64::consts::FRAC_PI_2)),
            quarter,
        );
        assert_eq!(moved(NINE, &quarter_turns(size, 1)), quarter);
        let half = [[9.0, 8.0, 7.0], [6.0, 5.0, 4.0], [3.0, 2.0, 1.0]];
        assert_eq!(moved(NINE, &quarter_turns(size, 2)), half);
        // What enters on the left is the mirror of the edge.
        let whole = Placement::whole(size);
        close(
            moved(NINE, &whole.then(&shift(0.0, 1.0))),
            [[1.0, 1.0, 2.0], [4.0, 4.0, 5.0], [7.0, 7.0, 8.0]],
        );
        close(
            moved(NINE, &whole.then(&shift(-1.0, 0.0))),
            [[4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [7.0, 8.0, 9.0]],
        );
        close(
            moved(NINE, &zoom(size, 2.0)),
            std::array::from_fn(|y| std::array::from_fn(|x| 3.0 + 1.5 * y as f32 + 0.5 * x as f32)),
        );
        assert_eq!(
            moved(NINE, &zoom(size, 1.0)),
            NINE.map(|row| row.map(f32::from))
        );
    }

    #[test]
    fn two_moves_are_one() {
        // A mirror, then one pixel to the right.
        let both = mirror((3, 3)).then(&shift(0.0, 1.0));
        close(
            moved(NINE, &both),
            [[3.0, 3.0, 2.0], [6.0, 6.0, 5.0], [9.0, 9.0, 8.0]],
        );
        // A quarter turn four times.
        let quarter = rotation((3, 3), std::f64::consts::FRAC_PI_2);
        let four = quarter.then(&quarter).then(&quarter).then(&quarter);
        close(moved(NINE, &four), NINE.map(|row| row.map(f32::from)));
    }

    #[test]
    fn mirrors_are_placed_at_the_edges() {
        // … 1 0 | 0 1 2 | 2 1 …
        let side = Side::new(0, 3);
        let at = |place: f32| {
            let (before, far) = side.find(place);
            before + far
        };
        let places: Vec<f32> = (-4..8).map(|place| at(place as f32)).collect();
        let expected = [2.0, 2.0, 1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 0.0, 1.0];
        assert_eq!(places, expected);
        assert_eq!(at(0.25), 0.25);
        assert_eq!(at(-0.25), 0.0);
        assert_eq!(Side::new(4, 1).find(-70.3), (4.0, 0.0));
        // The pixel after the last one is never asked for.
        for place in -400..400 {
            let (before, far) = side.find(place as f32 / 37.0);
            assert!((0.0..=1.0).contains(&before) && (0.0..=1.0).contains(&far));
        }
    }

    #[test]
    fn parts_keep_their_area_and_proportions() {
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..500 {
            let (top, left, height, width) = draw_part((30, 40), 0.5, &mut rng);
            assert!(top + height <= 30 && left + width <= 40);
            assert!(height * width >= 560, "{height} × {width}");
            let proportion = width as f64 / height as f64;
            assert!((0.7..1.42).contains(&proportion), "{height} × {width}");
        }
        let four = [[1, 2], [3, 4]];
        let enlarged = |part| moved(four, &Placement::enlarged((2, 2), part));
        close(enlarged((1, 0, 1, 1)), [[3.0, 3.0], [3.0, 3.0]]);
        close(enlarged((0, 0, 2, 2)), [[1.0, 2.0], [3.0, 4.0]]);
        // A part of two rows, then its mirror image.
        let upper = Placement::enlarged((3, 3), (0, 1, 3, 2));
        close(
            moved(NINE, &upper.then(&mirror((3, 3)))),
            [[3.0, 2.5, 2.0], [6.0, 5.5, 5.0], [9.0, 8.5, 8.0]],
        );
    }
}
