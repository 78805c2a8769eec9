//! A person, from the factors to light on a surface: head, neck, shoulders, hair, what is worn.

use super::{
    super::{
        FaceFactors, Glasses, Headwear, Presentation,
        colour::{self, BLACK, Colour, WHITE},
        dice::Dice,
    },
    canvas::Canvas,
    glasses, hair,
    head::{Shape, flattened},
    mesh::{Mesh, spline},
    raster::{Camera, Lamp, Material, Picture, Seen, Shade},
    skin::{self, Paint},
    space::{Frame, V, lerp, noise, smoothstep, unit},
    wear,
};
use crate::error::Result;

/// The colours of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) skin: Colour,
    pub(super) hair: Colour,
    pub(super) grey: f32,
    pub(super) brow: Colour,
    pub(super) beard: Colour,
    pub(super) lips: Colour,
    pub(super) iris: Colour,
    pub(super) eyeshadow: Colour,
    pub(super) cloth: Colour,
    pub(super) second: Colour,
}

impl Palette {
    fn new(factors: &FaceFactors, shape: &Shape, dice: &mut Dice) -> Self {
        let skin = colour::skin(factors.tone, dice);
        let natural = colour::hair(factors.tone, dice);
        let grey_hair = colour::GREY_HAIR.mix(WHITE, 0.3 * shape.ageing);
        let hair = natural.mix(grey_hair, factors.grey);
        let rosy = skin.mix(Colour([0.66, 0.25, 0.24]), 0.34).scaled(0.93);
        let rouge = Colour([
            dice.range(0.5, 0.72),
            dice.range(0.07, 0.25),
            dice.range(0.14, 0.34),
        ]);
        let painted = skin.mix(rouge.worn_on(skin), 0.62).scaled(0.92);
        Self {
            skin,
            hair,
            grey: factors.grey,
            brow: natural
                .mix(BLACK, 0.3)
                .mix(grey_hair, 0.6 * factors.grey)
                .mix(skin.scaled(0.55), 0.15),
            beard: natural
                .mix(BLACK, 0.12)
                .mix(grey_hair, (1.15 * factors.grey).min(1.0)),
            lips: rosy.mix(painted, factors.makeup),
            iris: colour::iris(factors.tone, dice),
            eyeshadow: skin.scaled(0.6).mix(colour::any(dice).worn_on(skin), 0.45),
            cloth: colour::any(dice),
            second: colour::any(dice),
        }
    }

    /// Other clothes.
    fn dress(&mut self, dice: &mut Dice) {
        (self.cloth, self.second) = (colour::any(dice), colour::any(dice));
    }
}

/// What it takes to draw a person.
pub(super) struct Person<'a> {
    pub(super) factors: &'a FaceFactors,
    pub(super) shape: Shape,
    pub(super) palette: Palette,
    pub(super) head: Frame,
    pub(super) camera: Camera,
    pub(super) lamp: Lamp,
    /// Rows of the finest surfaces.
    pub(super) fineness: usize,
    /// Seed of the textures.
    pub(super) grain: u32,
}

/// What each point of a surface is made of; `None` where there is none.
type PaintOf<'a> = Box<dyn Fn(&Seen) -> Option<Material> + 'a>;

/// A surface and what it is made of.
pub(super) struct Part<'a> {
    pub(super) mesh: Mesh,
    pub(super) paint: PaintOf<'a>,
}

/// Draws the person over what `canvas` shows, `side` pixels wide. Turned `away`, the head shows its back.
pub(super) fn paint(
    canvas: &mut Canvas,
    factors: &FaceFactors,
    side: usize,
    away: bool,
) -> Result<()> {
    paint_dressed(canvas, factors, None, side, away)
}

/// The same in the clothes of a `scene`, a seed, instead of those that follow from the person's.
pub(super) fn paint_dressed(
    canvas: &mut Canvas,
    factors: &FaceFactors,
    scene: Option<u64>,
    side: usize,
    away: bool,
) -> Result<()> {
    let mut dice = Dice::new(factors.seed, 7, 0);
    let shape = Shape::new(factors, &mut dice);
    let mut palette = Palette::new(factors, &shape, &mut dice);
    if let Some(scene) = scene {
        palette.dress(&mut Dice::new(scene, 11, 0));
    }
    let pixels = side as f32;
    let half_turn = if away { 180.0 } else { 0.0 };
    let person = Person {
        factors,
        shape,
        palette,
        head: Frame::turned(factors.yaw + half_turn, factors.pitch, factors.roll),
        camera: Camera {
            centre: (
                (0.5 + factors.offset.0) * pixels,
                (0.5 + factors.offset.1) * pixels,
            ),
            unit: factors.size * pixels,
        },
        lamp: factors.shot.lamp(),
        fineness: ((pixels * 0.3) as usize).clamp(36, 120),
        grain: dice.count(0, 1 << 20) as u32,
    };
    // Strokes of their own dice: there are more of them in a larger picture.
    let drawing = skin::paint(
        factors,
        &person.shape,
        &person.palette,
        1.15 * person.camera.unit,
        &mut Dice::new(factors.seed, 10, 0),
    )?;

    // Front to back: what is hidden is not lit.
    let mut parts = wear::parts(&person, &mut dice);
    parts.extend(hair::parts(&person, &mut dice));
    parts.push(face(&person, &drawing));
    parts.extend([-1.0, 1.0].map(|at| ear(&person, at)));
    parts.push(bust(&person, &mut dice));

    let mut shade = Shade::new((side / 2).clamp(72, 200), person.lamp.towards);
    for part in &parts {
        shade.cast(&part.mesh);
    }
    let mut picture = Picture::new(side);
    for part in &parts {
        picture.draw(
            &part.mesh,
            &person.camera,
            &person.lamp,
            &shade,
            &part.paint,
        );
    }
    for (pixel, light) in canvas.pixels_mut().chunks_exact_mut(4).zip(&picture.light) {
        if let Some(light) = light {
            for (byte, value) in pixel.iter_mut().zip(light) {
                *byte = (colour::display(*value) * 255.0).round() as u8;
            }
            pixel[3] = 255;
        }
    }
    if !away {
        catch_lights(canvas, &person);
        glasses::paint(canvas, &person, &mut dice);
    }
    Ok(())
}

/// Skin at a point: colour of the drawing, mottled.
fn skin_material(person: &Person<'_>, base: V, u: f32, v: f32, painted: f32) -> Material {
    let mut mottle = 1.0 + 0.035 * noise(9.0 * u, 9.0 * v, person.grain);
    if person.fine() {
        mottle += 0.03 * noise(34.0 * u, 34.0 * v, person.grain + 1);
    }
    let dark = person.factors.tone.index() as f32 / 5.0;
    Material {
        albedo: base.map(|value| value * mottle),
        shine: lerp(0.05, 0.085, dark) * (1.0 - 0.5 * painted),
        gloss: 14,
        soft: 1.0,
        strand: None,
        open: 1.0,
    }
}

fn face<'a>(person: &'a Person<'a>, drawing: &'a Paint) -> Part<'a> {
    let skin = colour::linear(person.palette.skin);
    Part {
        mesh: person.shape.mesh(person.fineness).placed(&person.head),
        paint: Box::new(move |seen| {
            let [u, v] = seen.mark;
            let mut albedo = skin;
            let mut painted = 0.0;
            if let Some((over, alpha)) = drawing.at(u, v) {
                let over = colour::linear(Colour(over));
                albedo = std::array::from_fn(|k| lerp(albedo[k], over[k], alpha));
                painted = alpha;
            }
            // Little light comes under the chin.
            let open = 1.0 - 0.55 * smoothstep(0.9, 1.02, v);
            Some(Material {
                open,
                ..skin_material(person, albedo, u, v, painted)
            })
        }),
    }
}

fn ear<'a>(person: &'a Person<'a>, at: f32) -> Part<'a> {
    let shape = &person.shape;
    let middle = shape.eye.0 + 0.14;
    let (width, _) = shape.girth(middle);
    let turn = Frame::turned(at * 28.0, 0.0, at * 5.0).at([at * (width + 0.012), middle, -0.1]);
    let tall = 0.185 + 0.02 * shape.ageing;
    let mesh = Mesh::grid(12, 13, |column, row| {
        let (around, down) = (std::f32::consts::TAU * column, std::f32::consts::PI * row);
        let (x, z) = (around.sin() * down.sin(), around.cos() * down.sin());
        let lobe = 1.0 - 0.22 * smoothstep(0.4, 1.0, row);
        // A hollow in front of the rim.
        let hollow = if z > 0.0 {
            1.0 - 0.55 * smoothstep(0.75, 0.2, x.abs().max(down.cos().abs()))
        } else {
            1.0
        };
        let point = [0.095 * x * lobe, -tall * down.cos(), 0.06 * z * hollow];
        (point, [x, down.cos()], 1.0)
    })
    .placed(&turn)
    .placed(&person.head);
    let skin = colour::linear(person.palette.skin.mix(Colour([0.7, 0.25, 0.2]), 0.1));
    Part {
        mesh,
        paint: Box::new(move |seen| {
            let [x, y] = seen.mark;
            let r = (x * x + 0.6 * y * y).sqrt();
            let fold = 1.0 - 0.45 * smoothstep(0.7, 0.35, r) + 0.12 * smoothstep(0.75, 0.9, r);
            let albedo = skin.map(|value| value * fold);
            Some(Material {
                open: 0.8 * fold.min(1.0),
                ..skin_material(person, albedo, 3.0 + x, y, 0.0)
            })
        }),
    }
}

/// Neck and shoulders, with a collar.
fn bust<'a>(person: &'a Person<'a>, dice: &mut Dice) -> Part<'a> {
    let shape = &person.shape;
    let (neck, wide) = (shape.neck, shape.shoulders);
    let young = 1.0 - shape.growth;
    let top = 1.13 - 0.1 * young;
    let controls = [
        [0.4, 0.96 * neck, 0.42, -0.26],
        [0.8, 0.97 * neck, 0.42, -0.24],
        [top, 1.05 * neck, 0.46, -0.2],
        [top + 0.16, lerp(1.3 * neck, 0.52 * wide, 0.4), 0.5, -0.2],
        [top + 0.28, 0.74 * wide, 0.54, -0.2],
        [top + 0.46, 0.94 * wide, 0.6, -0.2],
        [top + 0.85, wide, 0.7, -0.2],
        [top + 1.7, 1.03 * wide, 0.75, -0.2],
    ];
    let rows = 2 * person.fineness / 3;
    let frame = Frame::turned(0.45 * person.factors.yaw, 0.0, 0.25 * person.factors.roll);
    let mesh = Mesh::grid(rows, rows, |column, row| {
        let angle = 2.4 * (2.0 * column - 1.0);
        let [y, w, d, z] = spline(&controls, row);
        let (sin, cos) = angle.sin_cos();
        let mut point = [w * sin, y, z + d * flattened(cos)];
        // Two cords and a hollow in front of the neck.
        let cords = smoothstep(0.75, 1.1, y) * smoothstep(top + 0.25, top, y);
        point[2] += 0.03 * cords * ((angle.abs() - 0.5) * 5.0).cos().max(0.0);
        (point, [angle * w, y], 1.0)
    })
    .placed(&frame);
    let skin = colour::linear(person.palette.skin);
    let cloth = colour::linear(person.palette.cloth);
    let second = colour::linear(person.palette.second);
    let deep = *dice.pick(&[0.0, 0.05, 0.1, 0.45, 0.6]);
    let stripes = dice.chance(0.22);
    let shirt = dice.chance(0.3);
    let seed = person.grain + 5;
    let edge = top + 0.12;
    Part {
        mesh,
        paint: Box::new(move |seen| {
            let [u, v] = seen.mark;
            let side = u.abs();
            let line =
                edge + deep * (1.0 - side / 0.5).max(0.0) - 0.12 * smoothstep(0.25, 0.8, side);
            if v < line {
                let open = lerp(0.55, 1.0, smoothstep(0.95, top + 0.2, v));
                return Some(Material {
                    open,
                    ..skin_material(person, skin, 7.0 + u, v, 0.3)
                });
            }
            let weave = 1.0 + 0.1 * noise(3.0 * u, 2.0 * v, seed + 1);
            let hem = v < line + 0.07 && side < 0.75 * wide;
            let striped = stripes && (v * 7.0).fract() < 0.35;
            let base = if striped || (shirt && hem) {
                second
            } else {
                cloth
            };
            let fold = if hem { 0.86 } else { 1.0 };
            Some(Material {
                albedo: base.map(|value| value * weave * fold),
                shine: 0.01,
                gloss: 6,
                soft: 0.15,
                strand: None,
                open: 0.95,
            })
        }),
    }
}

/// The light seen in the eyes.
fn catch_lights(canvas: &mut Canvas, person: &Person<'_>) {
    let factors = person.factors;
    if factors.eyes_open < 0.3 || factors.glasses == Glasses::Dark {
        return;
    }
    let pixel = super::canvas::FIELD / person.side();
    let (v, centre, _) = person.shape.eye;
    let r = person.shape.iris;
    for side in [-1.0, 1.0] {
        let (x, y, _) = person.see(side * centre, v - 0.01);
        let towards = person.lamp.towards;
        let unit = person.camera.unit * pixel;
        let at = (
            x * pixel + (0.42 * r * towards[0] + 0.02 * r) * unit,
            y * pixel + (0.45 * r * towards[1].min(-0.4)) * unit,
        );
        let size = 0.3 * r * unit;
        canvas.fill(
            &super::canvas::ellipse(at, size, size),
            WHITE,
            0.85 * (factors.eyes_open - 0.1).clamp(0.0, 1.0),
        );
    }
}

impl Person<'_> {
    /// Pixels of the picture, in one direction.
    pub(super) fn side(&self) -> f32 {
        self.camera.unit / self.factors.size
    }

    /// Enough pixels for the smallest details.
    pub(super) fn fine(&self) -> bool {
        self.camera.unit > 70.0
    }

    /// The pixel where the point (`u`, `v`) of the face is seen.
    pub(super) fn see(&self, u: f32, v: f32) -> (f32, f32, f32) {
        self.camera.project(self.head.point(self.shape.at(u, v)))
    }

    /// Whether the person wears something over the hair.
    pub(super) fn covered(&self) -> bool {
        self.factors.headwear != Headwear::None
    }

    /// Whether the person presents as a man.
    pub(super) fn masculine(&self) -> bool {
        self.factors.presentation == Presentation::Masculine
    }
}

/// Direction of hair that hangs along a surface.
pub(super) fn hanging(normal: V, wave: f32) -> V {
    let down = [wave, 1.0, 0.0];
    let along = down[0] * normal[0] + down[1] * normal[1];
    unit([
        down[0] - along * normal[0],
        down[1] - along * normal[1],
        -along * normal[2],
    ])
}
