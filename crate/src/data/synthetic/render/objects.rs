//! Ordinary images without a face: textures, objects, scenes.

use super::{
    super::{
        colour::{self, BLACK, Colour, WHITE},
        dice::Dice,
    },
    canvas::{Canvas, FIELD as SIDE, P, blob, curve, ellipse, polygon, rectangle},
    photo::Light,
};

/// A texture that fills the picture.
pub(super) fn texture(canvas: &mut Canvas, dice: &mut Dice) {
    canvas.reset();
    let (a, b) = (colour::skin_like(dice), colour::any(dice));
    let base = if dice.chance(0.5) { a } else { b };
    canvas.fill(&rectangle((0.0, 0.0), (SIDE, SIDE)), base, 1.0);
    canvas.place((SIDE / 2.0, SIDE / 2.0), 1.0, 1.0, dice.range(-45.0, 45.0));
    let ink = colour::any(dice);
    let cell = dice.range(9.0, 30.0);
    let steps = (1.5 * SIDE / cell) as i32;
    let grid = |index: i32| (index as f32 - steps as f32 / 2.0) * cell;
    let kind = dice.count(0, 4);
    for row in 0..steps {
        for column in 0..steps {
            let (x, y) = (grid(column), grid(row));
            let tint = ink.jittered(0.05, dice);
            let shape = match kind {
                // Checks.
                0 if (row + column) % 2 == 0 => rectangle((x, y), (x + cell, y + cell)),
                0 => None,
                // Bricks.
                1 => {
                    let shift = if row % 2 == 0 { 0.0 } else { 0.5 * cell };
                    rectangle(
                        (x + shift, y),
                        (x + shift + 0.9 * cell, y + 0.45 * cell + 0.4 * cell),
                    )
                }
                // Dots.
                2 => ellipse((x, y), 0.3 * cell, 0.3 * cell),
                // Pebbles.
                3 => {
                    let centre = (x + dice.normal(0.0, 3.0), y + dice.normal(0.0, 3.0));
                    ellipse(
                        centre,
                        dice.range(0.3, 0.6) * cell,
                        dice.range(0.25, 0.5) * cell,
                    )
                }
                // Wood, hair, grass.
                _ => {
                    let line = [
                        (x, y - cell),
                        (x + dice.normal(0.0, 0.2) * cell, y),
                        (x, y + cell),
                    ];
                    canvas.stroke(&curve(&line), tint, 0.6, dice.range(1.0, 4.0));
                    None
                }
            };
            canvas.fill(&shape, tint, 0.85);
        }
    }
}

/// Mountains, sea, streets, with the sun, clouds, trees, houses.
pub(super) fn scene(canvas: &mut Canvas, dice: &mut Dice) {
    canvas.reset();
    let sky = Colour([0.45, 0.65, 0.9]).mix(colour::any(dice), 0.5);
    let all = rectangle((0.0, 0.0), (SIDE, SIDE));
    canvas.fill_gradient(&all, ((0.0, 0.0), sky), ((0.0, SIDE), sky.mix(WHITE, 0.6)));
    if dice.chance(0.5) {
        let sun = (dice.range(0.0, SIDE), dice.range(0.0, 0.4 * SIDE));
        let radius = dice.range(6.0, 18.0);
        canvas.fill(&ellipse(sun, radius, radius), Colour([1.0, 0.9, 0.6]), 0.9);
    }
    for _ in 0..dice.count(0, 4) {
        let (x, y) = (dice.range(0.0, SIDE), dice.range(5.0, 0.4 * SIDE));
        for _ in 0..4 {
            let puff = (x + dice.normal(0.0, 9.0), y + dice.normal(0.0, 3.0));
            canvas.spot(puff, dice.range(8.0, 18.0), WHITE, 0.8);
        }
    }
    let mut horizon = dice.range(0.4, 0.7) * SIDE;
    for layer in 0..dice.count(1, 3) {
        let ground = Colour([0.3, 0.42, 0.25])
            .mix(colour::any(dice), 0.6)
            .scaled(1.0 - 0.2 * layer as f32);
        let mut ridge: Vec<P> = (0..=9)
            .map(|step| (step as f32 * SIDE / 9.0, horizon + dice.normal(0.0, 7.0)))
            .collect();
        ridge.extend([(SIDE + 20.0, SIDE + 30.0), (-20.0, SIDE + 30.0)]);
        canvas.fill(&polygon(&ridge), ground, 1.0);
        horizon += dice.range(8.0, 25.0);
    }
    for _ in 0..dice.count(0, 5) {
        let foot = (dice.range(0.0, SIDE), dice.range(0.6, 0.95) * SIDE);
        let size = dice.range(10.0, 34.0);
        if dice.chance(0.5) {
            tree(canvas, foot, size, dice);
        } else {
            house(canvas, foot, size, dice);
        }
    }
}

fn tree(canvas: &mut Canvas, (x, y): P, size: f32, dice: &mut Dice) {
    let trunk = rectangle((x - 0.1 * size, y - size), (x + 0.1 * size, y));
    canvas.fill(&trunk, colour::skin_like(dice).scaled(0.6), 1.0);
    let green = Colour([0.2, 0.4, 0.18]).jittered(0.08, dice);
    for _ in 0..6 {
        let centre = (
            x + dice.normal(0.0, 0.25 * size),
            y - 1.2 * size + dice.normal(0.0, 0.25 * size),
        );
        let leaves = ellipse(centre, 0.45 * size, 0.4 * size);
        canvas.fill(&leaves, green.jittered(0.04, dice), 0.95);
    }
}

fn house(canvas: &mut Canvas, (x, y): P, size: f32, dice: &mut Dice) {
    let wall = colour::skin_like(dice);
    canvas.fill(&rectangle((x - size, y - size), (x + size, y)), wall, 1.0);
    let roof = [
        (x - 1.15 * size, y - size),
        (x, y - 1.7 * size),
        (x + 1.15 * size, y - size),
    ];
    canvas.fill(&polygon(&roof), colour::any(dice).scaled(0.7), 1.0);
    // Two windows and a door: a pattern that has something of a face.
    for side in [-0.5, 0.5] {
        let (cx, cy) = (x + side * size, y - 0.65 * size);
        let half = 0.18 * size;
        let window = rectangle((cx - half, cy - half), (cx + half, cy + half));
        canvas.fill(&window, Colour([0.2, 0.25, 0.35]), 1.0);
    }
    let door = rectangle((x - 0.17 * size, y - 0.4 * size), (x + 0.17 * size, y));
    canvas.fill(&door, wall.scaled(0.5), 1.0);
}

/// One thing in the middle of the picture.
pub(super) fn object(canvas: &mut Canvas, light: Light, dice: &mut Dice) {
    let centre = (dice.normal(64.0, 9.0), dice.normal(66.0, 9.0));
    canvas.place(
        centre,
        dice.range(30.0, 56.0),
        dice.range(0.8, 1.2),
        dice.normal(0.0, 15.0),
    );
    let tint = if dice.chance(0.4) {
        colour::skin_like(dice)
    } else {
        colour::any(dice)
    };
    let (dx, dy) = light.direction;
    let lit = ((dx, dy), tint.scaled(1.25));
    let shaded = ((-dx, -dy), tint.scaled(0.6));
    match dice.count(0, 7) {
        0 => {
            // Mug.
            canvas.stroke(
                &ellipse((0.75, 0.0), 0.35, 0.4),
                tint.scaled(0.8),
                1.0,
                0.14,
            );
            canvas.fill_gradient(&rectangle((-0.65, -0.7), (0.65, 0.8)), lit, shaded);
            canvas.fill(&ellipse((0.0, -0.7), 0.65, 0.18), tint.scaled(0.4), 1.0);
        }
        1 => {
            // Bottle.
            let glass = [
                (-0.15, -1.1),
                (0.15, -1.1),
                (0.17, -0.5),
                (0.42, -0.2),
                (0.42, 1.0),
                (-0.42, 1.0),
                (-0.42, -0.2),
                (-0.17, -0.5),
            ];
            canvas.fill_gradient(&blob(&glass), lit, shaded);
            let label = rectangle((-0.4, 0.1), (0.4, 0.7));
            canvas.fill(&label, colour::any(dice), 0.9);
        }
        2 => {
            // Car.
            let body = [
                (-1.1, 0.5),
                (-1.1, 0.0),
                (-0.6, -0.1),
                (-0.3, -0.5),
                (0.5, -0.5),
                (0.8, -0.1),
                (1.1, 0.0),
                (1.1, 0.5),
            ];
            canvas.fill_gradient(&polygon(&body), lit, shaded);
            let pane = [(-0.45, -0.1), (-0.25, -0.4), (0.42, -0.4), (0.62, -0.1)];
            canvas.fill(&polygon(&pane), Colour([0.6, 0.7, 0.8]), 0.9);
            for x in [-0.6, 0.6] {
                canvas.fill(&ellipse((x, 0.5), 0.27, 0.27), BLACK, 1.0);
                canvas.fill(&ellipse((x, 0.5), 0.12, 0.12), WHITE, 0.7);
            }
        }
        3 => {
            // Ball with seams.
            canvas.fill_gradient(&ellipse((0.0, 0.0), 0.9, 0.9), lit, shaded);
            let ink = colour::any(dice).scaled(0.5);
            for bend in [-0.5, 0.0, 0.5] {
                let seam = curve(&[(bend, -0.85), (1.6 * bend, 0.0), (bend, 0.85)]);
                canvas.stroke(&seam, ink, 0.9, 0.06);
            }
        }
        4 => {
            // Flower.
            let petals = dice.count(5, 9);
            for petal in 0..petals {
                let angle = petal as f32 * std::f32::consts::TAU / petals as f32;
                let at = (0.6 * angle.cos(), 0.6 * angle.sin());
                canvas.fill(&ellipse(at, 0.36, 0.36), tint.jittered(0.03, dice), 1.0);
            }
            canvas.fill(&ellipse((0.0, 0.0), 0.3, 0.3), colour::any(dice), 1.0);
        }
        5 => {
            // Chair.
            let seat = rectangle((-0.6, 0.0), (0.6, 0.2));
            canvas.fill_gradient(&rectangle((-0.6, -1.0), (0.6, -0.1)), lit, shaded);
            canvas.fill(&seat, tint.scaled(0.8), 1.0);
            for x in [-0.5, 0.5] {
                let leg = curve(&[(x, 0.2), (1.15 * x, 1.1)]);
                canvas.stroke(&leg, tint.scaled(0.5), 1.0, 0.12);
            }
        }
        6 => {
            // Books, boxes, buildings: a pile of rectangles.
            let mut top = 1.0;
            while top > -1.0 {
                let (height, half) = (dice.range(0.15, 0.5), dice.range(0.5, 1.0));
                let block = rectangle((-half, top - height), (half, top));
                canvas.fill(&block, colour::any(dice), 1.0);
                top -= height;
            }
        }
        _ => {
            // Fruit with its leaf.
            let flesh = [
                (0.0, -0.6),
                (0.7, -0.65),
                (0.9, 0.1),
                (0.45, 0.9),
                (0.0, 0.8),
                (-0.45, 0.9),
                (-0.9, 0.1),
                (-0.7, -0.65),
            ];
            canvas.fill_gradient(&blob(&flesh), lit, shaded);
            canvas.stroke(
                &curve(&[(0.0, -0.6), (0.1, -1.0)]),
                Colour([0.3, 0.2, 0.1]),
                1.0,
                0.08,
            );
            canvas.fill(
                &ellipse((0.35, -0.9), 0.28, 0.12),
                Colour([0.2, 0.45, 0.15]),
                1.0,
            );
        }
    }
}
