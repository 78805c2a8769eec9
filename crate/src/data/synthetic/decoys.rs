//! Hard images without a face: round things, things with « eyes », pieces of faces in disorder.

use super::{
    canvas::{Canvas, P, SIDE, blob, curve, ellipse, rectangle},
    colour::{self, BLACK, WHITE},
    dice::Dice,
    hair,
    photo::Light,
    traits::{Cut, FaceTraits, Headwear},
};

/// Side of the tiles of a scrambled face, in pixels: each holds less than an eye and its brow.
const TILE: usize = 16;

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

/// Someone seen from behind: hair, neck and shoulders, no face.
pub(super) fn from_behind(canvas: &mut Canvas, traits: &FaceTraits, light: Light, dice: &mut Dice) {
    let mut traits = *traits;
    if traits.cut == Cut::Bald {
        traits.cut = Cut::Shaved;
    }
    traits.headwear = Headwear::None;
    let pose = traits.pose;
    canvas.place(pose.centre, pose.size, 1.0, pose.tilt);
    let neck = [(-0.4, 0.4), (0.4, 0.4), (0.5, 1.6), (-0.5, 1.6)];
    canvas.fill(&blob(&neck), traits.skin.scaled(0.85), 1.0);
    let shoulders = [
        (-1.9, 2.6),
        (-1.5, 1.6),
        (-0.5, 1.3),
        (0.5, 1.3),
        (1.5, 1.6),
        (1.9, 2.6),
    ];
    canvas.fill(&blob(&shoulders), traits.cloth, 1.0);
    hair::behind(canvas, &traits, dice);
    let width = traits.head[0];
    for side in [-1.0, 1.0] {
        let ear = ellipse((side * width, 0.05), 0.1, 0.2);
        canvas.fill(&ear, traits.skin.scaled(0.8), 1.0);
    }
    let (dx, dy) = light.direction;
    let head = [
        (0.0, -1.1),
        (0.9 * width, -0.7),
        (1.05 * width, 0.0),
        (0.75 * width, 0.75),
        (0.0, 0.9),
        (-0.75 * width, 0.75),
        (-1.05 * width, 0.0),
        (-0.9 * width, -0.7),
    ];
    canvas.fill_gradient(
        &blob(&head),
        ((dx, dy), traits.hair.mix(WHITE, 0.15)),
        ((-dx, -dy), traits.hair.scaled(0.7)),
    );
    for _ in 0..14 {
        let x = dice.range(-0.9, 0.9) * width;
        let lock = curve(&[(0.2 * x, -1.0), (x, 0.0), (0.9 * x, 0.75)]);
        let tint = traits.hair.mix(WHITE, dice.range(0.0, 0.25));
        canvas.stroke(&lock, tint, 0.5, 0.04);
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

/// A picture cut into tiles of 16 pixels, put back in disorder.
pub(super) fn scrambled(picture: &[u8], dice: &mut Dice) -> Vec<u8> {
    const ACROSS: usize = SIDE / TILE;
    let mut order: Vec<usize> = (0..ACROSS * ACROSS).collect();
    // At most two tiles may stay where they were.
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
    let mut mixed = vec![0; picture.len()];
    for (place, &tile) in order.iter().enumerate() {
        for row in 0..TILE {
            let start = |index: usize| {
                let (top, left) = (index / ACROSS * TILE + row, index % ACROSS * TILE);
                (top * SIDE + left) * 3
            };
            let (to, from) = (start(place), start(tile));
            mixed[to..to + 3 * TILE].copy_from_slice(&picture[from..from + 3 * TILE]);
        }
    }
    mixed
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
    fn scrambling_moves_whole_tiles() {
        let picture: Vec<u8> = (0..SIDE * SIDE)
            .flat_map(|pixel| [(pixel / SIDE) as u8, (pixel % SIDE) as u8, 9])
            .collect();
        let mixed = scrambled(&picture, &mut Dice::new(3, 0, 0));
        assert_ne!(mixed, picture);
        let mut pixels: Vec<&[u8]> = mixed.chunks(3).collect();
        // Within a tile neighbours stay neighbours.
        for pair in mixed[..3 * TILE].chunks(3).collect::<Vec<_>>().windows(2) {
            assert_eq!((pair[0][0], pair[0][1] + 1), (pair[1][0], pair[1][1]));
        }
        // All pixels are there, once.
        pixels.sort_unstable();
        pixels.dedup();
        assert_eq!(pixels.len(), SIDE * SIDE);
    }
}
