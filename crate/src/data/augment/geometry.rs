//! Changes of place: what each pixel of the variant takes from the image.

use rand::{RngExt, rngs::StdRng};

use super::pixels::Pixels;

/// A part of an image, in pixels: top, left, height, width.
pub(super) type Part = (usize, usize, usize, usize);

/// Draws of a part before the whole image is taken.
const TRIES: usize = 10;

/// The part of `size` at `corner` (top, left) of the image with `padding` black pixels around it.
pub(super) fn crop(
    image: &Pixels,
    (top, left): (usize, usize),
    size: (usize, usize),
    padding: usize,
) -> Pixels {
    Pixels::from_fn(size, |y, x| {
        let inside =
            |place: usize, side: usize| place.checked_sub(padding).filter(|place| *place < side);
        match (inside(top + y, image.height), inside(left + x, image.width)) {
            (Some(y), Some(x)) => image.at(y, x),
            _ => [0.0; 3],
        }
    })
}

/// A part of at least the share `smallest` of the area, of proportions from 3/4 to 4/3.
pub(super) fn draw_part(image: &Pixels, smallest: f64, rng: &mut StdRng) -> Part {
    let area = (image.height * image.width) as f64;
    for _ in 0..TRIES {
        let kept = area * rng.random_range(smallest..=1.0);
        // As often wider as higher.
        let proportion = rng
            .random_range((0.75_f64).ln()..=(4.0 / 3.0_f64).ln())
            .exp();
        let height = (kept / proportion).sqrt().round() as usize;
        let width = (kept * proportion).sqrt().round() as usize;
        if (1..=image.height).contains(&height) && (1..=image.width).contains(&width) {
            let top = rng.random_range(0..=image.height - height);
            let left = rng.random_range(0..=image.width - width);
            return (top, left, height, width);
        }
    }
    (0, 0, image.height, image.width)
}

/// A part brought to the size of the image.
pub(super) fn enlarge(image: &Pixels, (top, left, height, width): Part) -> Pixels {
    let place = |out: usize, start: usize, part: usize, side: usize| {
        let within = (out as f64 + 0.5) * part as f64 / side as f64 - 0.5;
        start as f64 + within.clamp(0.0, (part - 1) as f64)
    };
    Pixels::from_fn((image.height, image.width), |y, x| {
        image.between(
            place(y, top, height, image.height),
            place(x, left, width, image.width),
        )
    })
}

/// Left and right exchanged.
pub(super) fn mirror(image: &Pixels) -> Pixels {
    Pixels::from_fn((image.height, image.width), |y, x| {
        image.at(y, image.width - 1 - x)
    })
}

/// Turned around the middle, counter-clockwise, by an angle in radians.
pub(super) fn rotate(image: &Pixels, angle: f64) -> Pixels {
    let (sine, cosine) = angle.sin_cos();
    around_middle(image, |down, right| {
        (cosine * down + sine * right, cosine * right - sine * down)
    })
}

/// Moved down and to the right by so many pixels.
pub(super) fn shift(image: &Pixels, (down, right): (f64, f64)) -> Pixels {
    around_middle(image, |y, x| (y - down, x - right))
}

/// Made larger by this factor around the middle.
pub(super) fn zoom(image: &Pixels, factor: f64) -> Pixels {
    around_middle(image, |down, right| (down / factor, right / factor))
}

/// Where each pixel comes from, both places told from the middle: down, right.
fn around_middle(image: &Pixels, from: impl Fn(f64, f64) -> (f64, f64)) -> Pixels {
    let middle = |side: usize| (side as f64 - 1.0) / 2.0;
    let (center_y, center_x) = (middle(image.height), middle(image.width));
    Pixels::from_fn((image.height, image.width), |y, x| {
        let (down, right) = from(y as f64 - center_y, x as f64 - center_x);
        image.between(center_y + down, center_x + right)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// A grey image from rows of numbers.
    fn grey<const H: usize, const W: usize>(rows: [[u8; W]; H]) -> Pixels {
        Pixels::from_fn((H, W), |y, x| [f32::from(rows[y][x]); 3])
    }

    fn close(one: &Pixels, other: &Pixels) {
        assert_eq!((one.height, one.width), (other.height, other.width));
        for (a, b) in one.values.iter().zip(&other.values) {
            assert!((a[0] - b[0]).abs() < 1e-3, "{one:?}\n{other:?}");
        }
    }

    #[test]
    fn a_crop_takes_black_from_beyond_the_edge() {
        let image = grey([[1, 2], [3, 4]]);
        let part = crop(&image, (0, 1), (2, 2), 1);
        close(&part, &grey([[0, 0], [1, 2]]));
        close(&crop(&image, (1, 1), (2, 2), 1), &image);
        close(&crop(&image, (1, 0), (1, 2), 0), &grey([[3, 4]]));
    }

    #[test]
    fn moves_by_hand() {
        let image = grey([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
        close(&mirror(&image), &grey([[3, 2, 1], [6, 5, 4], [9, 8, 7]]));
        let quarter = rotate(&image, std::f64::consts::FRAC_PI_2);
        close(&quarter, &grey([[3, 6, 9], [2, 5, 8], [1, 4, 7]]));
        // What enters on the left is the mirror of the edge.
        close(
            &shift(&image, (0.0, 1.0)),
            &grey([[1, 1, 2], [4, 4, 5], [7, 7, 8]]),
        );
        close(
            &shift(&image, (-1.0, 0.0)),
            &grey([[4, 5, 6], [7, 8, 9], [7, 8, 9]]),
        );
        let near = zoom(&image, 2.0);
        close(
            &near,
            &Pixels::from_fn((3, 3), |y, x| [3.0 + 1.5 * y as f32 + 0.5 * x as f32; 3]),
        );
        close(&zoom(&image, 1.0), &image);
    }

    #[test]
    fn parts_keep_their_area_and_proportions() {
        let image = grey([[0; 40]; 30]);
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..500 {
            let (top, left, height, width) = draw_part(&image, 0.5, &mut rng);
            assert!(top + height <= 30 && left + width <= 40);
            assert!(height * width >= 560, "{height} × {width}");
            let proportion = width as f64 / height as f64;
            assert!((0.7..1.42).contains(&proportion), "{height} × {width}");
        }
        let image = grey([[1, 2], [3, 4]]);
        close(&enlarge(&image, (1, 0, 1, 1)), &grey([[3, 3], [3, 3]]));
        close(&enlarge(&image, (0, 0, 2, 2)), &image);
    }
}
