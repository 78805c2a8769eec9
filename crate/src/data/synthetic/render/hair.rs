//! Hair: a shell around the head, longer hair that hangs behind and beside it, a bun.

use super::{
    super::{Cut, HairTexture, Headwear, colour, dice::Dice},
    head::{Girths, flattened},
    mesh::Mesh,
    people::{Part, Person, hanging},
    raster::{Material, Seen},
    space::{V, add, hash, lerp, noise, piecewise, scale, smoothstep, unit},
};

/// How one head of hair is drawn.
#[derive(Debug, Clone, Copy)]
struct Style {
    texture: HairTexture,
    /// Thickness above and beside the head.
    top: f32,
    beside: f32,
    /// Lower end of what hangs; nothing hangs when `None`.
    length: Option<f32>,
    /// How far a fringe comes down the forehead, from 0 to 1.
    fringe: f32,
    /// Angle of the parting, in degrees.
    parting: f32,
    /// How much lower the hair lies on one side of the forehead.
    sweep: f32,
    shaved: bool,
    receding: f32,
    /// Amplitude of the waves.
    wave: f32,
    seed: u32,
}

/// The surfaces of the hair.
pub(super) fn parts<'a>(person: &'a Person<'a>, dice: &mut Dice) -> Vec<Part<'a>> {
    let factors = person.factors;
    let texture = factors.hair;
    let volume = match texture {
        HairTexture::Straight => 0.0,
        HairTexture::Wavy => 0.03,
        HairTexture::Curly => 0.08,
        HairTexture::Coily => 0.07,
    };
    let thin = lerp(0.35, 1.0, smoothstep(0.5, 4.0, factors.age)) * (1.0 - 0.3 * factors.receding);
    let full = dice.range(0.75, 1.3) * thin;
    let (top, beside, length) = match factors.cut {
        Cut::Bald => (0.0, 0.0, None),
        Cut::Shaved => (0.018, 0.012, None),
        Cut::Short => (0.10 + 0.6 * volume, 0.045 + 0.3 * volume, None),
        Cut::Volume => (0.24 + volume, 0.18 + volume, None),
        Cut::Chin => (0.11 + volume, 0.12 + volume, Some(dice.range(0.55, 0.95))),
        Cut::Long => (0.10 + volume, 0.11 + volume, Some(dice.range(1.25, 2.1))),
        Cut::Bun => (0.06 + 0.4 * volume, 0.035, None),
    };
    let style = Style {
        texture,
        top: top * full,
        beside: beside * full,
        length,
        fringe: if !matches!(factors.cut, Cut::Shaved | Cut::Bun)
            && factors.receding < 0.3
            && dice.chance(0.3)
        {
            dice.range(0.5, 0.95)
        } else {
            0.0
        },
        parting: dice.normal(0.0, 17.0),
        sweep: if factors.cut == Cut::Shaved {
            0.0
        } else {
            dice.normal(0.0, 0.11)
        },
        shaved: factors.cut == Cut::Shaved,
        receding: factors.receding,
        wave: match texture {
            HairTexture::Straight => 0.012,
            HairTexture::Wavy => 0.07,
            HairTexture::Curly | HairTexture::Coily => 0.03,
        },
        seed: person.grain + 11,
    };
    // A scarf hides it; a bald head has none.
    if factors.cut == Cut::Bald || factors.headwear == Headwear::Scarf {
        return Vec::new();
    }
    let mut parts = vec![shell(person, style)];
    if let Some(bottom) = style.length {
        parts.push(curtain(person, style, bottom));
    }
    if factors.cut == Cut::Bun && !person.covered() {
        parts.push(bun(person, style, dice));
    }
    parts
}

/// Height down to which hair grows, at an angle from the middle of the face, in degrees.
fn hairline(person: &Person<'_>, style: &Style, degrees: f32) -> f32 {
    let line = person.shape.hairline;
    let away = degrees.abs();
    let back = style.receding;
    let sideburn = if person.masculine() { 0.16 } else { 0.02 };
    let grown = piecewise(
        &[
            (0.0, line - 0.16 * (back - 0.45).max(0.0)),
            (20.0, line + 0.02 - 0.16 * back),
            (42.0, line + 0.12 - 0.34 * back),
            (58.0, line + 0.4 - 0.28 * back),
            (70.0, -0.06),
            (80.0, sideburn),
            (88.0, sideburn - 0.04),
            (97.0, -0.06),
            (112.0, 0.12),
            (135.0, 0.45),
            (180.0, 0.58),
        ],
        away,
    );
    let grown =
        grown + style.sweep * (degrees / 40.0).clamp(-1.0, 1.0) * smoothstep(75.0, 35.0, away);
    let lower = lerp(line, person.shape.brow.0 + 0.04, style.fringe);
    let fringe = lower - 0.04 + 0.12 * (degrees - style.parting).abs() / 50.0;
    if style.fringe > 0.0 && away < 62.0 {
        lerp(fringe, grown, smoothstep(40.0, 62.0, away)).max(grown)
    } else {
        grown
    }
}

/// Bumps of a texture at a point of the hair, in units of length.
fn relief(style: &Style, angle: f32, v: f32) -> f32 {
    let seed = style.seed;
    match style.texture {
        _ if style.shaved => 0.0,
        HairTexture::Straight => 0.008 * noise(9.0 * angle, 2.0 * v, seed),
        HairTexture::Wavy => 0.022 * noise(5.0 * angle + 2.0 * v, 4.0 * v, seed),
        HairTexture::Curly => {
            0.055 * noise(7.0 * angle, 7.5 * v, seed)
                + 0.02 * noise(15.0 * angle, 15.0 * v, seed + 1)
        }
        HairTexture::Coily => {
            0.03 * noise(9.0 * angle, 9.0 * v, seed)
                + 0.018 * noise(22.0 * angle, 22.0 * v, seed + 1)
        }
    }
}

/// Around the head, down to the hairline.
fn shell<'a>(person: &'a Person<'a>, style: Style) -> Part<'a> {
    let shape = &person.shape;
    let rows = person.fineness;
    let covered = person.covered();
    let girths: Vec<(f32, V)> = (0..rows)
        .map(|row| {
            let t = row as f32 / (rows - 1) as f32;
            let v = lerp(-1.015, 0.75, t.powf(1.35));
            let (width, depth) = shape.girth(v);
            (v, [width, depth, 0.0])
        })
        .collect();
    let mesh = Mesh::grid(rows + 1, rows, |column, row| {
        let angle = std::f32::consts::PI * (2.0 * column - 1.0);
        let (v, [width, depth, _]) = girths[(row * (rows - 1) as f32).round() as usize];
        let (sin, cos) = angle.sin_cos();
        let bare = [width * sin, v, depth * flattened(cos)];
        let out = unit([
            bare[0] / (width * width).max(0.02),
            (v + 0.2) / 0.8,
            bare[2] / (depth * depth).max(0.02),
        ]);
        let line = hairline(person, &style, angle.to_degrees());
        let inside = line - v;
        let above = smoothstep(0.1, -0.9, v);
        let mut thick = lerp(style.beside, style.top, above);
        // Lies flat at the hairline, except under a fringe and where long hair goes on.
        let grows = smoothstep(-0.02, 0.3, inside);
        let flat = if angle.abs() < 1.1 {
            0.12 + 0.6 * style.fringe
        } else if style.length.is_some() {
            0.8
        } else {
            0.25
        };
        thick *= lerp(flat, 1.0, grows);
        if covered {
            thick = thick.min(0.05);
        }
        let bumps = relief(&style, angle, v) * if covered { 0.3 } else { grows.max(0.4) };
        let raised = if style.shaved { 0.014 } else { 0.02 };
        (
            add(bare, scale(out, thick + bumps + raised)),
            [angle, v],
            if inside > 0.0 { 1.0 } else { 0.0 },
        )
    })
    .open()
    .placed(&person.head);
    Part {
        mesh,
        paint: Box::new(move |seen| {
            let [angle, v] = seen.mark;
            let degrees = angle.to_degrees();
            let inside = hairline(person, &style, degrees) - v;
            let comb = 0.6 * noise(28.0 * angle, 3.0 * v, style.seed + 2)
                + 0.4 * noise(75.0 * angle, 5.0 * v, style.seed + 10);
            let rough = match style.texture {
                HairTexture::Straight | HairTexture::Wavy => 0.03 + 0.09 * style.fringe,
                HairTexture::Curly => 0.05,
                HairTexture::Coily => 0.02,
            };
            // Hair thins out towards its edge.
            let soft = if style.shaved { 0.09 } else { 0.035 };
            let density = (inside + rough * comb) / soft + 0.5;
            let (x, y) = seen.pixel;
            if density < hash(x as i32, y as i32, style.seed) {
                return None;
            }
            let gap = (degrees - style.parting).abs();
            let parting = if style.fringe == 0.0 && !style.shaved && v < -0.6 {
                1.0 - 0.45 * smoothstep(2.6, 0.4, gap * (1.0 - v.abs()).max(0.12) * 2.0)
            } else {
                1.0
            };
            Some(strands(person, &style, seen, parting))
        }),
    }
}

/// Hair that hangs around the sides and the back.
fn curtain<'a>(person: &'a Person<'a>, style: Style, bottom: f32) -> Part<'a> {
    let shape = &person.shape;
    let rows = person.fineness;
    let girths = Girths::new(shape);
    let widest = girths.at(0.15);
    let spread = 0.10 * (bottom - 0.3).max(0.0);
    let mesh = Mesh::grid(rows, rows, |column, row| {
        let s = 2.0 * column - 1.0;
        let top = -0.62;
        let v = lerp(
            top,
            bottom + 0.06 * noise(5.0 * s, 0.0, style.seed + 3),
            row,
        );
        // It opens beside the face, then closes a little.
        let opening = piecewise(
            &[
                (-0.62, 0.95),
                (-0.3, 1.12),
                (0.2, 1.26),
                (0.8, 1.2),
                (1.6, 1.1),
            ],
            v,
        ) + 0.05 * noise(3.0 * v, s.signum() * 4.0, style.seed + 4);
        let angle = std::f32::consts::PI + s * (std::f32::consts::PI - opening);
        // Hair hangs straight down from where the head is widest.
        let (width, depth) = if v < 0.15 { girths.at(v) } else { widest };
        let fall = (v - 0.15).max(0.0);
        let out = style.beside + 0.035 + spread * fall.min(1.0)
            - 0.08 * smoothstep(0.7, 0.0, bottom - v) * (1.3 - bottom).max(0.0);
        let (sin, cos) = angle.sin_cos();
        let wave = style.wave * smoothstep(-0.2, 0.6, v) * (6.5 * v + 3.0 * s).sin();
        let bumps = relief(&style, angle, v);
        let radius = out + bumps;
        let point = [
            (width + radius) * sin + wave,
            v,
            (depth + radius) * flattened(cos) + 0.18 * fall.min(0.8) * (1.0 - cos.abs()),
        ];
        (point, [angle, v], 1.0)
    })
    .open()
    .placed(&person.head);
    Part {
        mesh,
        paint: Box::new(move |seen| {
            let [angle, v] = seen.mark;
            // Ends of uneven length, loose hairs at the front edge.
            let comb = 0.6 * noise(16.0 * angle, 2.0 * v, style.seed + 5)
                + 0.5 * noise(60.0 * angle, 4.0 * v, style.seed + 12);
            if v > bottom - 0.1 + 0.13 * comb {
                return None;
            }
            let behind = (angle - std::f32::consts::PI).abs() < 1.2;
            Some(strands(
                person,
                &style,
                seen,
                if behind { 0.6 } else { 1.0 },
            ))
        }),
    }
}

fn bun<'a>(person: &'a Person<'a>, style: Style, dice: &mut Dice) -> Part<'a> {
    let radius = dice.range(0.24, 0.36);
    let middle = [0.0, -1.02 - 0.55 * radius, dice.range(-0.5, -0.1)];
    let mesh = Mesh::grid(36, 26, |column, row| {
        let (around, down) = (std::f32::consts::TAU * column, std::f32::consts::PI * row);
        let r = radius + 0.6 * relief(&style, around, 2.0 * row);
        let point = add(
            middle,
            [
                r * around.sin() * down.sin(),
                -0.85 * r * down.cos(),
                r * around.cos() * down.sin(),
            ],
        );
        (point, [around + 1.5 * row, 2.0 * row], 1.0)
    })
    .placed(&person.head);
    Part {
        mesh,
        paint: Box::new(move |seen| Some(strands(person, &style, seen, 1.0))),
    }
}

/// Hair at a point: strands lighter and darker, a highlight across them.
fn strands(person: &Person<'_>, style: &Style, seen: &Seen, lit: f32) -> Material {
    let [angle, v] = seen.mark;
    let seed = style.seed;
    let bend = match style.texture {
        HairTexture::Straight => 0.0,
        HairTexture::Wavy => 0.10 * (9.0 * v + 2.0 * angle).sin(),
        HairTexture::Curly => 0.16 * (21.0 * v + 4.0 * noise(3.0 * angle, 3.0 * v, seed)).sin(),
        HairTexture::Coily => 0.0,
    };
    let a = angle + bend;
    let (contrast, gloss, shine) = match style.texture {
        HairTexture::Straight => (0.34, 40, 0.16),
        HairTexture::Wavy => (0.38, 30, 0.13),
        HairTexture::Curly => (0.42, 18, 0.10),
        HairTexture::Coily => (0.40, 8, 0.035),
    };
    let comb = match style.texture {
        HairTexture::Coily => {
            0.7 * noise(30.0 * angle, 30.0 * v, seed + 6)
                + 0.5 * noise(70.0 * angle, 70.0 * v, seed + 7)
        }
        HairTexture::Curly => {
            0.6 * noise(16.0 * a, 9.0 * v, seed + 6) + 0.6 * noise(50.0 * a, 8.0 * v, seed + 7)
        }
        _ => 0.55 * noise(14.0 * a, 1.2 * v, seed + 6) + 0.6 * noise(55.0 * a, 2.5 * v, seed + 7),
    };
    // A few millimetres let the skin through.
    let skin = if style.shaved { 0.3 } else { 0.0 };
    let mut tint = colour::linear(person.palette.hair.mix(person.palette.skin, skin));
    // White hairs come one by one.
    let grey = person.palette.grey;
    if grey > 0.05 && grey < 0.85 {
        let streak = noise(90.0 * a, 2.0 * v, seed + 8);
        let lift = 1.0 + 0.5 * streak * grey;
        tint = tint.map(|value| value * lift);
    }
    // Shade between strands and, for thick hair, in the hollows.
    let hollow = relief(style, angle, v) / 0.05;
    let depth = (1.0 + contrast * comb) * (1.0 + 0.35 * hollow.clamp(-1.0, 1.0));
    let edge = seen.normal[2].clamp(0.0, 1.0);
    let strand = match style.texture {
        HairTexture::Coily => None,
        _ => Some(hanging(seen.normal, 4.0 * bend)),
    };
    Material {
        albedo: tint.map(|value| (value * depth * lit).max(0.0)),
        shine: if style.shaved {
            0.01
        } else {
            (shine + 0.25 * tint[1] * shine) * (1.0 + 0.6 * comb).max(0.0)
        },
        gloss,
        soft: 0.4,
        strand,
        open: lerp(0.7, 1.0, edge) * (1.0 + 0.3 * comb).clamp(0.5, 1.2),
    }
}
