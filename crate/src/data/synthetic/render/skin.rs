//! What is painted on a face: eyes, brows, lips, beard, freckles, wrinkles. A flat drawing that is then laid on the
//! surface of the head, which gives it form and light.

use super::{
    super::{
        FaceFactors,
        colour::{Colour, WHITE},
        dice::Dice,
    },
    canvas::{Canvas, P, blob, curve, ellipse},
    head::Shape,
    people::Palette,
    space::lerp,
};
use crate::error::Result;

/// Left, top, width and height of the drawing, in head units.
const WINDOW: [f32; 4] = [-1.2, -0.8, 2.4, 1.95];

/// The drawing, read at any point of the surface.
pub(super) struct Paint {
    canvas: Canvas,
    unit: f32,
    height: usize,
}

impl Paint {
    /// Colour (not linear) and alpha at (`u`, `v`); nothing outside the drawing.
    pub(super) fn at(&self, u: f32, v: f32) -> Option<([f32; 3], f32)> {
        let x = (u - WINDOW[0]) * self.unit - 0.5;
        let y = (v - WINDOW[1]) * self.unit - 0.5;
        let width = self.canvas.width();
        if x < 0.0 || y < 0.0 || x >= (width - 1) as f32 || y >= (self.height - 1) as f32 {
            return None;
        }
        let (ix, iy) = (x as usize, y as usize);
        let (tx, ty) = (x - ix as f32, y - iy as f32);
        let data = self.canvas.pixels();
        let mut sum = [0.0; 4];
        for (dx, dy, weight) in [
            (0, 0, (1.0 - tx) * (1.0 - ty)),
            (1, 0, tx * (1.0 - ty)),
            (0, 1, (1.0 - tx) * ty),
            (1, 1, tx * ty),
        ] {
            let start = ((iy + dy) * width + ix + dx) * 4;
            for (value, &byte) in sum.iter_mut().zip(&data[start..start + 4]) {
                *value += weight * f32::from(byte) / 255.0;
            }
        }
        let alpha = sum[3];
        if alpha < 1e-3 {
            return None;
        }
        Some(([sum[0] / alpha, sum[1] / alpha, sum[2] / alpha], alpha))
    }
}

/// Paints the face, `unit` pixels a head unit.
pub(super) fn paint(
    factors: &FaceFactors,
    shape: &Shape,
    palette: &Palette,
    unit: f32,
    dice: &mut Dice,
) -> Result<Paint> {
    let size = (
        (WINDOW[2] * unit) as usize + 2,
        (WINDOW[3] * unit) as usize + 2,
    );
    let canvas = Canvas::window((WINDOW[0], WINDOW[1]), size, unit)?;
    let mut painter = Painter {
        canvas,
        factors,
        shape,
        palette,
        line: palette
            .skin
            .scaled(0.42)
            .mix(Colour([0.16, 0.05, 0.04]), 0.3),
        fine: unit > 70.0,
    };
    painter.flush();
    painter.age_marks(dice);
    painter.freckles(dice);
    painter.nose();
    painter.mouth();
    painter.beard(dice);
    for side in [-1.0, 1.0] {
        painter.eye(side);
        painter.brow(side, dice);
    }
    Ok(Paint {
        canvas: painter.canvas,
        unit,
        height: size.1,
    })
}

/// The drawing being made.
pub(super) struct Painter<'a> {
    pub(super) canvas: Canvas,
    pub(super) factors: &'a FaceFactors,
    pub(super) shape: &'a Shape,
    pub(super) palette: &'a Palette,
    /// Colour of folds and shades: skin in its own shade.
    pub(super) line: Colour,
    /// Enough pixels for details.
    pub(super) fine: bool,
}

impl Painter<'_> {
    /// Where blood shows: cheeks, tip of the nose, around the eyes.
    fn flush(&mut self) {
        let (eye_v, eye_u, _) = self.shape.eye;
        let (nose_v, nose_w, _) = self.shape.nose;
        let blood = Colour([0.75, 0.2, 0.17]).worn_on(self.palette.skin);
        let red = self.palette.skin.mix(blood, 0.55);
        let cheek_v = lerp(0.42, 0.28, self.shape.growth);
        let rouge = 0.16 + 0.3 * self.factors.makeup;
        for side in [-1.0, 1.0] {
            self.canvas.spot((0.45 * side, cheek_v), 0.3, red, rouge);
            self.canvas
                .spot((side * eye_u, eye_v), 0.27, self.line, 0.3);
            self.canvas
                .spot((side * 0.62 * eye_u, eye_v + 0.04), 0.16, self.line, 0.12);
            self.canvas
                .spot((side * nose_w, nose_v - 0.02), 0.09, red, 0.22);
        }
        self.canvas.spot((0.0, nose_v - 0.06), 0.14, red, 0.2);
    }

    /// Lines that come with age, brown spots, bags under the eyes.
    fn age_marks(&mut self, dice: &mut Dice) {
        let strength = self.shape.ageing;
        let (eye_v, eye_u, eye_w) = self.shape.eye;
        let (nose_v, nose_w, _) = self.shape.nose;
        let (mouth_v, mouth_w) = self.shape.mouth;
        let smile = self.factors.smile.max(0.0);
        for side in [-1.0f32, 1.0] {
            // From the nose to the corner of the mouth.
            let fold = [
                (side * (nose_w + 0.045), nose_v - 0.05),
                (side * (0.72 * mouth_w + 0.1), 0.5 * (nose_v + mouth_v)),
                (side * (mouth_w + 0.07), mouth_v + 0.01),
            ];
            let deep = 0.1 + 0.5 * strength + 0.25 * smile * self.shape.growth;
            self.fold(&fold, deep, 0.024);
            let bag = [
                (side * (eye_u - 0.8 * eye_w), eye_v + 0.09),
                (side * eye_u, eye_v + 0.155),
                (side * (eye_u + 0.85 * eye_w), eye_v + 0.1),
            ];
            self.fold(&bag, 0.12 + 0.45 * strength, 0.02);
            if strength > 0.02 && self.fine {
                for ray in [-0.06f32, 0.0, 0.065] {
                    let start = side * (eye_u + eye_w + 0.035);
                    let crow = [
                        (start, eye_v + 0.5 * ray),
                        (start + side * 0.06, eye_v + ray),
                        (start + side * 0.12, eye_v + 1.7 * ray + 0.01),
                    ];
                    self.fold(&crow, 0.55 * strength, 0.012);
                }
                let jowl = [
                    (side * (mouth_w + 0.02), mouth_v + 0.05),
                    (side * (mouth_w + 0.05), mouth_v + 0.17),
                    (side * (mouth_w + 0.02), mouth_v + 0.26),
                ];
                self.fold(&jowl, 0.42 * strength, 0.02);
                let frown = [
                    (side * 0.045, eye_v - 0.22),
                    (side * 0.04, eye_v - 0.15),
                    (side * 0.05, eye_v - 0.1),
                ];
                self.fold(&frown, 0.4 * strength, 0.014);
            }
        }
        let raised = self.factors.brow_raise.max(0.0) * 0.25 * self.shape.growth;
        for row in 0..4 {
            let v = self.shape.hairline + 0.1 + 0.065 * row as f32 + dice.normal(0.0, 0.008);
            let half = dice.range(0.2, 0.38);
            let wave = dice.normal(0.0, 0.012);
            let wrinkle = [
                (-half, v + 0.02),
                (-0.4 * half, v - wave),
                (0.3 * half, v + wave),
                (half, v + 0.022),
            ];
            self.fold(&wrinkle, 0.5 * strength + raised, 0.016);
        }
        for _ in 0..(strength * 16.0) as usize {
            let spot = (dice.normal(0.0, 0.38), dice.range(-0.6, 0.4));
            let radius = dice.range(0.008, 0.024);
            let tint = self.palette.skin.scaled(0.7);
            self.canvas
                .fill(&ellipse(spot, radius, 0.8 * radius), tint, 0.3 * strength);
        }
    }

    /// A fold: a soft dark line with a faint light one below.
    fn fold(&mut self, points: &[P], strength: f32, width: f32) {
        if strength < 0.03 {
            return;
        }
        let path = curve(points);
        self.canvas
            .stroke(&path, self.line, 0.28 * strength, 2.6 * width);
        self.canvas.stroke(&path, self.line, 0.5 * strength, width);
        let below: Vec<P> = points.iter().map(|&(u, v)| (u, v + 1.4 * width)).collect();
        let light = self.palette.skin.mix(WHITE, 0.35);
        self.canvas
            .stroke(&curve(&below), light, 0.22 * strength, width);
    }

    fn freckles(&mut self, dice: &mut Dice) {
        let count = (self.factors.freckles * 90.0) as usize;
        let tint = self
            .palette
            .skin
            .mix(Colour([0.45, 0.22, 0.1]), 0.55)
            .scaled(0.92);
        let (eye_v, ..) = self.shape.eye;
        for _ in 0..count {
            let at = (dice.normal(0.0, 0.3), eye_v + 0.26 + dice.normal(0.0, 0.1));
            let radius = dice.range(0.007, 0.014);
            self.canvas
                .fill(&ellipse(at, radius, radius), tint, dice.range(0.3, 0.65));
        }
    }

    fn nose(&mut self) {
        let (nose_v, nose_w, _) = self.shape.nose;
        for side in [-1.0f32, 1.0] {
            let wing = [
                (side * 0.98 * nose_w, nose_v - 0.1),
                (side * 1.2 * nose_w, nose_v - 0.03),
                (side * 0.95 * nose_w, nose_v + 0.02),
            ];
            self.canvas.stroke(&curve(&wing), self.line, 0.3, 0.024);
            let nostril = [
                (side * 0.3 * nose_w, nose_v + 0.012),
                (side * 0.58 * nose_w, nose_v - 0.022),
                (side * 0.86 * nose_w, nose_v + 0.006),
                (side * 0.58 * nose_w, nose_v + 0.022),
            ];
            self.canvas
                .fill(&blob(&nostril), self.line.scaled(0.45), 0.85);
        }
        self.canvas
            .spot((0.0, nose_v + 0.035), 0.13, self.line, 0.25);
    }
}
