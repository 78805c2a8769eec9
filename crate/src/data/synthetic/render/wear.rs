//! Caps, hats and scarves.

use super::{
    super::{
        Headwear,
        colour::{self, Colour},
        dice::Dice,
    },
    head::{Girths, flattened},
    mesh::Mesh,
    people::{Part, Person},
    raster::Material,
    space::{V, add, lerp, noise, piecewise, scale, smoothstep, unit},
};

/// The surfaces of what is on the head.
pub(super) fn parts<'a>(person: &'a Person<'a>, dice: &mut Dice) -> Vec<Part<'a>> {
    let rim = person.shape.hairline + 0.2 + dice.normal(0.0, 0.03);
    let tint = person.palette.second;
    match person.factors.headwear {
        Headwear::None => Vec::new(),
        Headwear::Cap => vec![
            crown(person, rim, 0.09, 0.0, tint, false),
            visor(person, rim),
        ],
        Headwear::Beanie => vec![crown(person, rim + 0.03, 0.12, 0.10, tint, true)],
        Headwear::Brim => vec![
            crown(person, rim, 0.11, 0.16, tint, false),
            brim(person, rim, dice),
        ],
        Headwear::Scarf => vec![scarf(person), drape(person)],
    }
}

fn cloth(tint: Colour, factor: f32) -> Material {
    Material {
        albedo: colour::linear(tint).map(|value| value * factor),
        shine: 0.012,
        gloss: 6,
        soft: 0.2,
        strand: None,
        open: 1.0,
    }
}

/// Point of the head at an angle, `out` above it.
fn over(v: f32, (width, depth): (f32, f32), angle: f32, out: f32) -> V {
    let (sin, cos) = angle.sin_cos();
    let bare = [width * sin, v, depth * flattened(cos)];
    let away = unit([
        bare[0] / (width * width).max(0.02),
        (v + 0.2) / 0.8,
        bare[2] / (depth * depth).max(0.02),
    ]);
    add(bare, scale(away, out))
}

/// The part that holds the head, down to `rim`.
fn crown<'a>(
    person: &'a Person<'a>,
    rim: f32,
    thick: f32,
    tall: f32,
    tint: Colour,
    ribbed: bool,
) -> Part<'a> {
    let girths = Girths::new(&person.shape);
    let mesh = Mesh::grid(49, 30, |column, row| {
        let angle = std::f32::consts::PI * (2.0 * column - 1.0);
        let back = 0.35 * smoothstep(0.9, 2.6, angle.abs());
        let v = lerp(-1.01, rim + back, row);
        let mut point = over(v, girths.at(v), angle, thick);
        point[1] -= tall * smoothstep(rim, -0.9, v);
        (point, [angle, row], 1.0)
    })
    .placed(&person.head);
    let seed = person.grain + 21;
    Part {
        mesh,
        paint: Box::new(move |seen| {
            let [angle, row] = seen.mark;
            let mut factor = 1.0 + 0.07 * noise(30.0 * angle, 30.0 * row, seed);
            if ribbed {
                factor *= 0.86 + 0.18 * (angle * 32.0).sin();
                if row > 0.72 {
                    factor *= if row < 0.75 { 0.6 } else { 1.12 };
                }
            } else {
                let seam = (angle / std::f32::consts::FRAC_PI_3).fract().abs();
                factor *= 1.0 - 0.2 * smoothstep(0.035, 0.0, seam.min(1.0 - seam));
                if tall > 0.1 && row > 0.74 {
                    factor *= 0.35;
                }
            }
            Some(cloth(tint, factor))
        }),
    }
}

/// The visor of a cap.
fn visor<'a>(person: &'a Person<'a>, rim: f32) -> Part<'a> {
    let girth = Girths::new(&person.shape).at(rim);
    let mesh = Mesh::grid(25, 9, |column, row| {
        let angle = 1.15 * (2.0 * column - 1.0);
        let mut point = over(rim, girth, angle, 0.1);
        let reach = 0.42 * row * (angle * 1.3).cos().max(0.0);
        point[2] += reach;
        point[1] += 0.16 * row * row - 0.07 * angle * angle * row * 0.2 + 0.1 * reach;
        (point, [angle, row], 1.0)
    })
    .open()
    .placed(&person.head);
    let tint = person.palette.second.scaled(0.72);
    Part {
        mesh,
        paint: Box::new(move |seen| Some(cloth(tint, if seen.mark[1] > 0.93 { 0.7 } else { 1.0 }))),
    }
}

/// The brim of a hat.
fn brim<'a>(person: &'a Person<'a>, rim: f32, dice: &mut Dice) -> Part<'a> {
    let (wide, curl) = (dice.range(0.3, 0.55), dice.range(-0.06, 0.14));
    let girths = Girths::new(&person.shape);
    let mesh = Mesh::grid(61, 9, |column, row| {
        let angle = std::f32::consts::PI * (2.0 * column - 1.0);
        let back = 0.35 * smoothstep(0.9, 2.6, angle.abs());
        let mut point = over(rim + back, girths.at(rim + back), angle, 0.1);
        let (sin, cos) = angle.sin_cos();
        point = add(
            point,
            [
                wide * row * sin,
                -curl * row * row * sin.abs() + 0.06 * row * cos,
                wide * row * cos,
            ],
        );
        (point, [angle, row], 1.0)
    })
    .open()
    .placed(&person.head);
    let tint = person.palette.second;
    Part {
        mesh,
        paint: Box::new(move |seen| Some(cloth(tint, lerp(0.8, 1.0, seen.mark[1])))),
    }
}

/// A scarf over the head, open on the face.
fn scarf<'a>(person: &'a Person<'a>) -> Part<'a> {
    let rows = person.fineness;
    let top = person.shape.hairline + 0.13;
    let girths = Girths::new(&person.shape);
    let mesh = Mesh::grid(rows, rows, |column, row| {
        let angle = std::f32::consts::PI * (2.0 * column - 1.0);
        let v = lerp(-1.01, 1.15, row);
        let held = v.min(0.92);
        let mut point = over(
            held,
            girths.at(held),
            angle,
            0.1 + 0.02 * noise(5.0 * angle, 3.0 * v, person.grain + 31),
        );
        point[1] += (v - held) * 1.0;
        let open = opening(angle, v, top);
        (point, [angle, v], if open > 0.0 { 1.0 } else { 0.0 })
    })
    .open()
    .placed(&person.head);
    let tint = person.palette.second;
    let seed = person.grain + 32;
    Part {
        mesh,
        paint: Box::new(move |seen| {
            let [angle, v] = seen.mark;
            let open = opening(angle, v, top);
            if open < 0.0 {
                return None;
            }
            let fold = 1.0 + 0.22 * noise(3.5 * open * 6.0, 1.5 * v, seed);
            Some(cloth(tint, fold * if open < 0.05 { 0.8 } else { 1.0 }))
        }),
    }
}

/// How far a point lies outside the opening for the face.
fn opening(angle: f32, v: f32, top: f32) -> f32 {
    let half = piecewise(
        &[
            (top, 0.0),
            (top + 0.12, 0.62),
            (-0.1, 1.05),
            (0.45, 0.98),
            (0.85, 0.7),
            (0.97, 0.0),
        ],
        v,
    );
    angle.abs() - half
}

/// The scarf around neck and shoulders.
fn drape<'a>(person: &'a Person<'a>) -> Part<'a> {
    let wide = person.shape.shoulders;
    let mesh = Mesh::grid(41, 26, |column, row| {
        let angle = 2.6 * (2.0 * column - 1.0);
        let v = lerp(0.72, 2.0, row);
        let flare = smoothstep(1.05, 1.9, v);
        let w = lerp(0.66, 0.9 * wide, flare);
        let d = lerp(0.62, 0.72, flare);
        let fold = 0.035 * (7.0 * v + 2.0 * angle).sin()
            + 0.03 * noise(3.0 * angle, 5.0 * v, person.grain + 33);
        let (sin, cos) = angle.sin_cos();
        let point = [(w + fold) * sin, v, (d + fold) * cos - 0.12];
        (point, [angle, v], 1.0)
    });
    let tint = person.palette.second.scaled(0.94);
    Part {
        mesh,
        paint: Box::new(move |_| Some(cloth(tint, 1.0))),
    }
}
