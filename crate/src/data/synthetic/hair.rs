//! What frames a face: hair, beard, glasses, headwear.

use super::{
    canvas::{Canvas, P, blob, curve, ellipse, polygon},
    colour::{BLACK, Colour, WHITE},
    dice::Dice,
    traits::{Beard, Cut, FaceTraits, Glasses, Headwear, Texture},
};

/// Hair behind head and shoulders.
pub(super) fn behind(canvas: &mut Canvas, traits: &FaceTraits, dice: &mut Dice) {
    let width = traits.head[0];
    if traits.headwear == Headwear::Scarf {
        let cloth = [
            (0.0, -1.2),
            (1.2 * width, -0.75),
            (1.35 * width, 0.1),
            (1.2 * width, 1.1),
            (1.6 * width, 1.9),
            (-1.6 * width, 1.9),
            (-1.2 * width, 1.1),
            (-1.35 * width, 0.1),
            (-1.2 * width, -0.75),
        ];
        canvas.fill(&blob(&cloth), traits.cloth.scaled(0.85), 1.0);
        return;
    }
    let back = traits.hair.scaled(0.8);
    let fullness = dice.range(1.12, 1.38);
    match traits.cut {
        Cut::Long | Cut::Chin => {
            let bottom = if traits.cut == Cut::Long {
                dice.range(1.2, 1.9)
            } else {
                dice.range(0.55, 0.9)
            };
            let out = fullness * width;
            let locks = [
                (0.0, -1.15),
                (0.9 * out, -0.8),
                (out, -0.1),
                (1.05 * out, 0.5 * bottom),
                (0.9 * out, bottom),
                (0.0, bottom - 0.1),
                (-0.9 * out, bottom),
                (-1.05 * out, 0.5 * bottom),
                (-out, -0.1),
                (-0.9 * out, -0.8),
            ];
            canvas.fill(&blob(&locks), back, 1.0);
            rough_edge(canvas, traits.texture, &locks, back, dice);
        }
        Cut::Volume => {
            let (rx, ry) = (fullness * width * 1.12, 0.95 * fullness);
            let centre = (0.0, -0.35);
            canvas.fill(&ellipse(centre, rx, ry), back, 1.0);
            let ring: Vec<P> = (0..22)
                .map(|step| {
                    let angle = step as f32 * std::f32::consts::TAU / 22.0;
                    (rx * angle.cos(), centre.1 + ry * angle.sin())
                })
                .collect();
            rough_edge(canvas, traits.texture, &ring, back, dice);
        }
        Cut::Bun => {
            let radius = dice.range(0.25, 0.42);
            canvas.fill(&ellipse((0.0, -1.2), radius, radius), back, 1.0);
        }
        Cut::Bald | Cut::Shaved | Cut::Short => {}
    }
}

/// Coily and wavy hair has no smooth outline.
fn rough_edge(canvas: &mut Canvas, texture: Texture, edge: &[P], tint: Colour, dice: &mut Dice) {
    let radius = match texture {
        Texture::Straight => return,
        Texture::Wavy => 0.08,
        Texture::Coily => 0.13,
    };
    for &(x, y) in edge {
        for _ in 0..2 {
            // Curls sit on the outline, just inside it.
            let near = 0.4 * radius;
            let centre = (
                0.95 * x + dice.normal(0.0, near),
                0.95 * y + dice.normal(0.0, near),
            );
            let size = radius * dice.range(0.6, 1.3);
            let curl = tint.jittered(0.03, dice);
            canvas.fill(&ellipse(centre, size, size), curl, 1.0);
        }
    }
}

/// Hair over the forehead and the temples.
pub(super) fn front(canvas: &mut Canvas, traits: &FaceTraits, dice: &mut Dice) {
    let width = traits.head[0];
    let line = traits.hairline;
    let (alpha, rise) = match traits.cut {
        Cut::Bald => {
            canvas.spot((0.15, -0.75), 0.3, WHITE, 0.25);
            return;
        }
        Cut::Shaved => (0.6, 1.02),
        Cut::Short | Cut::Bun => (1.0, dice.range(1.08, 1.2)),
        Cut::Volume | Cut::Chin | Cut::Long => (1.0, dice.range(1.1, 1.2)),
    };
    let temple = match traits.cut {
        Cut::Long | Cut::Chin => dice.range(-0.05, 0.35),
        _ => -0.2,
    };
    // A fringe, a parting on a side, or a bare forehead.
    let fringe = if traits.cut != Cut::Shaved && dice.chance(0.25) {
        0.24
    } else {
        0.0
    };
    let parting = dice.normal(0.0, 0.25).clamp(-0.4, 0.4);
    let slide = 0.15 * traits.pose.yaw;
    let cap = [
        (-1.05 * width, temple),
        (-1.06 * width, -0.5),
        (-0.6 * width, -0.9 * rise),
        (0.0, -rise),
        (0.6 * width, -0.9 * rise),
        (1.06 * width, -0.5),
        (1.05 * width, temple),
        (0.88 * width, -0.3),
        (0.5 + slide, line + fringe + 0.05),
        (parting + slide, line + fringe - 0.07),
        (-0.5 + slide, line + fringe + 0.05),
        (-0.88 * width, -0.3),
    ];
    canvas.fill(&blob(&cap), traits.hair, alpha);
    if traits.cut == Cut::Shaved {
        return;
    }
    if traits.texture == Texture::Coily {
        rough_edge(canvas, Texture::Coily, &cap[1..6], traits.hair, dice);
        rough_edge(canvas, Texture::Wavy, &cap[8..11], traits.hair, dice);
        return;
    }
    // A few locks, lighter or darker.
    for _ in 0..7 {
        let x = dice.range(-0.8, 0.8) * width;
        let tint = if dice.chance(0.5) {
            traits.hair.mix(WHITE, 0.18)
        } else {
            traits.hair.scaled(0.65)
        };
        let lock = [
            (parting + slide, -0.95 * rise),
            (0.6 * x, -0.88),
            (x, line + 0.1 * x.abs()),
        ];
        canvas.stroke(&curve(&lock), tint, 0.5, 0.04);
    }
}

/// Beard and moustache; `at` places a point of the face.
pub(super) fn beard(
    canvas: &mut Canvas,
    traits: &FaceTraits,
    at: impl Fn(f32, f32) -> P,
    dice: &mut Dice,
) {
    let jaw = traits.head[1];
    let tint = traits.hair.scaled(0.85);
    let moustache = [
        (-0.3, 0.56),
        (-0.15, 0.43),
        (0.0, 0.42),
        (0.15, 0.43),
        (0.3, 0.56),
        (0.0, 0.51),
    ]
    .map(|(x, y)| at(x, y));
    let (alpha, drop) = match traits.beard {
        Beard::None => return,
        Beard::Moustache => {
            canvas.fill(&blob(&moustache), tint, 0.95);
            return;
        }
        Beard::Stubble => (0.32, 1.0),
        Beard::Full => (0.92, dice.range(1.02, 1.25)),
    };
    // The outer edge follows the head, the inner one the cheeks.
    let width = traits.head[0];
    let chops = [
        (-0.97 * width, 0.1),
        (-jaw - 0.02, 0.66),
        (-0.6 * jaw, 0.92 * drop),
        (0.0, drop),
        (0.6 * jaw, 0.92 * drop),
        (jaw + 0.02, 0.66),
        (0.97 * width, 0.1),
        (0.8 * jaw, 0.42),
        (0.34, 0.46),
        (0.0, 0.42),
        (-0.34, 0.46),
        (-0.8 * jaw, 0.42),
    ];
    canvas.fill(&blob(&chops), tint, alpha);
}

/// Glasses; `at` places a point of the face.
pub(super) fn glasses(canvas: &mut Canvas, traits: &FaceTraits, at: impl Fn(f32, f32) -> P) {
    let frame = traits.cloth.mix(BLACK, 0.75);
    let lens = |side: f32| {
        let centre = at(side * 0.33, -0.06);
        match traits.glasses {
            Glasses::None => None,
            Glasses::Round => ellipse(centre, 0.25, 0.24),
            Glasses::Square | Glasses::Dark => {
                let corners = [(-0.27, -0.17), (0.27, -0.19), (0.25, 0.18), (-0.24, 0.18)];
                polygon(&corners.map(|(x, y)| (centre.0 + side * x, centre.1 + y)))
            }
        }
    };
    if traits.glasses == Glasses::None {
        return;
    }
    for side in [-1.0, 1.0] {
        let shape = lens(side);
        if traits.glasses == Glasses::Dark {
            canvas.fill(&shape, BLACK, 0.88);
        } else {
            canvas.fill(&shape, WHITE, 0.12);
        }
        canvas.stroke(&shape, frame, 1.0, 0.05);
        let branch = [at(side * 0.58, -0.1), (side * traits.head[0], -0.12)];
        canvas.stroke(&curve(&branch), frame, 1.0, 0.05);
    }
    let bridge = [at(-0.09, -0.08), at(0.0, -0.12), at(0.09, -0.08)];
    canvas.stroke(&curve(&bridge), frame, 1.0, 0.05);
}

/// Hats and scarves, over everything.
pub(super) fn headwear(canvas: &mut Canvas, traits: &FaceTraits, dice: &mut Dice) {
    let width = traits.head[0];
    let cloth = traits.cloth.jittered(0.05, dice);
    let rim = -0.52 + dice.normal(0.0, 0.04);
    let out = 1.1 * width;
    let crown = |top: f32| {
        [
            (-out, rim),
            (-0.98 * out, rim - 0.35),
            (-0.5 * out, top),
            (0.5 * out, top),
            (0.98 * out, rim - 0.35),
            (out, rim),
            (0.0, rim - 0.06),
        ]
    };
    match traits.headwear {
        Headwear::None => {}
        Headwear::Cap => {
            canvas.fill(&blob(&crown(-1.15)), cloth, 1.0);
            let shift = 0.3 * traits.pose.yaw;
            let visor = ellipse((shift, rim + 0.02), 0.95 * out, 0.11);
            canvas.fill(&visor, cloth.scaled(0.6), 1.0);
        }
        Headwear::Beanie => {
            canvas.fill(&blob(&crown(-1.3)), cloth, 1.0);
            let fold = curve(&[(-out, rim), (0.0, rim - 0.05), (out, rim)]);
            canvas.stroke(&fold, cloth.scaled(0.75), 1.0, 0.2);
        }
        Headwear::Brim => {
            canvas.fill(
                &ellipse((0.0, rim), 1.9 * width, 0.2),
                cloth.scaled(0.8),
                1.0,
            );
            canvas.fill(&blob(&crown(-1.3)), cloth, 1.0);
            let band = curve(&[(-out, rim - 0.07), (0.0, rim - 0.12), (out, rim - 0.07)]);
            canvas.stroke(&band, cloth.scaled(0.4), 1.0, 0.13);
        }
        Headwear::Scarf => {
            let hood = [
                (-0.93 * width, 0.5),
                (-1.2 * width, 0.2),
                (-1.15 * width, -0.6),
                (0.0, -1.2),
                (1.15 * width, -0.6),
                (1.2 * width, 0.2),
                (0.93 * width, 0.5),
                (0.85 * width, -0.3),
                (0.0, rim - 0.1),
                (-0.85 * width, -0.3),
            ];
            canvas.fill(&blob(&hood), cloth, 1.0);
            let chin = [
                (-0.95 * width, 0.45),
                (-0.6 * width, 0.92),
                (0.0, 1.03),
                (0.6 * width, 0.92),
                (0.95 * width, 0.45),
                (1.2 * width, 1.2),
                (0.0, 1.6),
                (-1.2 * width, 1.2),
            ];
            canvas.fill(&blob(&chin), cloth.scaled(0.92), 1.0);
        }
    }
}
