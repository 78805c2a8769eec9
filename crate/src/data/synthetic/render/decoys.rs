//! Hard images without a face: round things, things with « eyes », pieces of faces in disorder.

use super::{
    super::{
        colour::{self, BLACK, WHITE},
        dice::Dice,
    },
    canvas::{Canvas, P, blob, curve, ellipse, rectangle},
    photo::Light,
};

/// Tiles of a scrambled face, in a row: each holds less than an eye and its brow.
const TILES: usize = 4;

/// A clock: round, two hands, marks.
pub(super) fn clock(canvas: &mut Canvas, light: Light, dice: &mut Dice) {
    place(canvas, dice);
    let tint = colour::skin_like(dice).mix(WHITE, dice.unit());
    round(canvas, tint, light, 0.95);
    let ink = tint.scaled(dice.range(0.1, 0.4));
    canvas.stroke(&ellipse((0.0, 0.0), 0.95, 0.95), ink, 1.0, 0.09);
    for hour in 0..12 {
        let (sin, cos) = (hour as f32 * std::f32::consts::TAU / 12.0).sin_cos();
        let mark = curve(&[(0.72 * cos, 0.72 * sin), (0.84 * cos, 0.84 * sin)]);
        canvas.stroke(&mark, ink, 1.0, 0.06);
    }
    for length in [0.45, 0.68] {
        let (sin, cos) = dice.range(0.0, std::f32::consts::TAU).sin_cos();
        canvas.stroke(
            &curve(&[(0.0, 0.0), (length * cos, length * sin)]),
            ink,
            1.0,
            0.08,
        );
    }
}

/// A button, a plate, a power socket: a disc with holes that are not placed as eyes and mouth.
pub(super) fn disc(canvas: &mut Canvas, light: Light, dice: &mut Dice) {
    place(canvas, dice);
    let tint = colour::skin_like(dice);
    round(canvas, tint, light, dice.range(0.75, 1.1));
    let ink = tint.scaled(dice.range(0.15, 0.6));
    const HOLES: [&[P]; 6] = [
        &[],
        &[(0.0, 0.0)],
        &[(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)],
        &[(-0.3, 0.0), (0.3, 0.0)],
        &[(0.0, -0.4), (-0.35, 0.25), (0.35, 0.25)],
        &[(0.0, -0.5), (0.0, 0.0), (0.0, 0.5)],
    ];
    let holes = *dice.pick(&HOLES);
    let radius = dice.range(0.08, 0.17);
    for &hole in holes {
        canvas.fill(&ellipse(hole, radius, radius), ink, 1.0);
    }
    if dice.chance(0.4) {
        canvas.stroke(&ellipse((0.0, 0.0), 0.65, 0.65), ink, 0.7, 0.05);
    }
}

/// An oval of skin colour with blots in disorder.
pub(super) fn blots(canvas: &mut Canvas, light: Light, dice: &mut Dice) {
    place(canvas, dice);
    let tint = colour::skin_like(dice);
    round(canvas, tint, light, 1.0);
    for _ in 0..dice.count(3, 8) {
        let centre = (dice.range(-0.6, 0.6), dice.range(-0.8, 0.8));
        let blot = ellipse(centre, dice.range(0.05, 0.25), dice.range(0.03, 0.15));
        let ink = if dice.chance(0.7) { BLACK } else { WHITE };
        canvas.fill(&blot, tint.mix(ink, 0.7), 0.9);
    }
}

/// A carnival mask: holes for the eyes, nothing behind them.
pub(super) fn mask(canvas: &mut Canvas, light: Light, dice: &mut Dice) {
    place(canvas, dice);
    let tint = if dice.chance(0.4) {
        colour::skin_like(dice)
    } else {
        colour::any(dice)
    };
    let (dx, dy) = light.direction;
    let half = dice.chance(0.5);
    let (bottom, tip) = if half {
        (0.25, dice.range(0.2, 0.45))
    } else {
        (0.85, 1.0)
    };
    let body = [
        (0.0, -0.55),
        (0.55, -0.75),
        (0.95, -0.5),
        (0.85, 0.5 * bottom),
        (0.45, bottom),
        (0.0, tip),
        (-0.45, bottom),
        (-0.85, 0.5 * bottom),
        (-0.95, -0.5),
        (-0.55, -0.75),
    ];
    for side in [-1.0, 1.0] {
        let ribbon = curve(&[(side * 0.9, -0.3), (side * 1.3, 0.1), (side * 1.15, 1.0)]);
        canvas.stroke(&ribbon, tint.scaled(0.5), 1.0, 0.09);
    }
    canvas.fill_gradient(
        &blob(&body),
        ((dx, dy), tint.mix(WHITE, 0.2)),
        ((-dx, -dy), tint.scaled(0.55)),
    );
    let ink = tint.scaled(0.15);
    let lean = dice.range(-0.12, 0.12);
    for side in [-1.0, 1.0] {
        let hole = [
            (side * 0.18, -0.18 + lean),
            (side * 0.42, -0.36),
            (side * 0.66, -0.24 - lean),
            (side * 0.42, -0.12),
        ];
        canvas.fill(&blob(&hole), ink, 1.0);
    }
    for _ in 0..dice.count(4, 12) {
        let at = (dice.range(-0.8, 0.8), dice.range(-0.6, bottom));
        let radius = dice.range(0.02, 0.07);
        canvas.fill(&ellipse(at, radius, radius), colour::any(dice), 0.8);
    }
}

/// A shirt or a poster: two round things over a bar, off their places.
pub(super) fn appliance(canvas: &mut Canvas, light: Light, dice: &mut Dice) {
    place(canvas, dice);
    let tint = if dice.chance(0.5) {
        colour::skin_like(dice)
    } else {
        colour::any(dice)
    };
    let (dx, dy) = light.direction;
    let body = rectangle((-0.85, -1.0), (0.85, 1.0));
    canvas.fill_gradient(
        &body,
        ((dx, dy), tint.scaled(1.2)),
        ((-dx, -dy), tint.scaled(0.7)),
    );
    let ink = tint.scaled(0.3);
    // One, two or three knobs in a row at any height, a slot anywhere.
    let count = dice.count(1, 3);
    let height = dice.range(-0.7, 0.7);
    for knob in 0..count {
        let x = (knob as f32 - (count as f32 - 1.0) / 2.0) * 0.5;
        canvas.fill(&ellipse((x, height), 0.15, 0.15), ink, 1.0);
    }
    let slot = dice.range(-0.8, 0.8);
    canvas.fill(&rectangle((-0.6, slot), (0.6, slot + 0.1)), ink, 0.8);
}

/// Cuts what was drawn into tiles and puts them in disorder; at most two stay where they were.
pub(super) fn scramble(canvas: &mut Canvas, dice: &mut Dice) {
    let mut order: Vec<usize> = (0..TILES * TILES).collect();
    loop {
        dice.shuffle(&mut order);
        let kept = order
            .iter()
            .enumerate()
            .filter(|&(place, &tile)| place == tile);
        if kept.count() <= 2 {
            break;
        }
    }
    let width = canvas.width();
    let tile_side = width / TILES;
    let whole = canvas.pixels().to_vec();
    let mixed = canvas.pixels_mut();
    for (place, &tile) in order.iter().enumerate() {
        for row in 0..tile_side {
            let start = |index: usize| {
                let (top, left) = (index / TILES * tile_side + row, index % TILES * tile_side);
                (top * width + left) * 4
            };
            let (to, from) = (start(place), start(tile));
            mixed[to..to + 4 * tile_side].copy_from_slice(&whole[from..from + 4 * tile_side]);
        }
    }
}

/// The place and size that faces have.
fn place(canvas: &mut Canvas, dice: &mut Dice) {
    canvas.place(
        (dice.normal(64.0, 6.0), dice.normal(66.0, 6.0)),
        dice.normal(46.0, 6.0),
        dice.range(0.75, 1.05),
        dice.normal(0.0, 9.0),
    );
}

fn round(canvas: &mut Canvas, tint: colour::Colour, light: Light, radius: f32) {
    let (dx, dy) = light.direction;
    canvas.fill_gradient(
        &ellipse((0.0, 0.0), radius, radius),
        ((dx, dy), tint.scaled(1.2)),
        ((-dx, -dy), tint.scaled(0.7)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrambling_moves_tiles_and_loses_no_pixel() {
        let mut canvas = Canvas::new(64).unwrap();
        for (index, pixel) in canvas.pixels_mut().chunks_mut(4).enumerate() {
            pixel.copy_from_slice(&[(index / 64) as u8, (index % 64) as u8, 0, 255]);
        }
        let whole = canvas.pixels().to_vec();
        scramble(&mut canvas, &mut Dice::new(3, 0, 0));
        let mixed = canvas.pixels();
        assert_ne!(mixed, whole);
        // Within a tile neighbours stay neighbours.
        for pair in mixed[..4 * 16].chunks(4).collect::<Vec<_>>().windows(2) {
            assert_eq!((pair[0][0], pair[0][1] + 1), (pair[1][0], pair[1][1]));
        }
        // All pixels are there, once.
        let mut pixels: Vec<&[u8]> = mixed.chunks(4).collect();
        pixels.sort_unstable();
        pixels.dedup();
        assert_eq!(pixels.len(), 64 * 64);
    }
}
