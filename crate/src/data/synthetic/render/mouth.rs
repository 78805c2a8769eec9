//! What is painted on the lower face: mouth and beard.

use super::{
    super::{
        Beard,
        colour::{BLACK, Colour, WHITE},
        dice::Dice,
    },
    canvas::{blob, curve, ellipse},
    skin::Painter,
    space::{lerp, smoothstep},
};

impl Painter<'_> {
    /// Lips, teeth, corners.
    pub(super) fn mouth(&mut self) {
        let (v, half) = self.shape.mouth;
        let (lip, smile, open) = (self.shape.lip, self.factors.smile, self.factors.mouth_open);
        let corner = v - 0.05 * smile;
        let drop = 0.19 * open;
        // The line where the lips meet, above and below the opening.
        let upper = v + 0.012 - 0.02 * open - 0.012 * smile.abs();
        let lower = upper + drop + 0.02 * smile.max(0.0);
        let outline = [
            (-half, corner),
            (-0.52 * half, v - 0.86 * lip),
            (-0.17 * half, v - 1.28 * lip),
            (0.0, v - 1.08 * lip),
            (0.17 * half, v - 1.28 * lip),
            (0.52 * half, v - 0.86 * lip),
            (half, corner),
            (0.55 * half, lower + 1.15 * lip),
            (0.0, lower + 1.62 * lip),
            (-0.55 * half, lower + 1.15 * lip),
        ];
        let lips = self.palette.lips;
        self.canvas.fill(&blob(&outline), lips, 0.88);
        // The upper lip looks down: darker.
        let above = [
            (-half, corner),
            (-0.52 * half, v - 0.84 * lip),
            (-0.17 * half, v - 1.22 * lip),
            (0.0, v - 1.04 * lip),
            (0.17 * half, v - 1.22 * lip),
            (0.52 * half, v - 0.84 * lip),
            (half, corner),
            (0.5 * half, upper),
            (0.0, upper + 0.012),
            (-0.5 * half, upper),
        ];
        self.canvas.fill(&blob(&above), lips.scaled(0.76), 0.6);
        self.canvas.spot(
            (0.0, lower + 0.85 * lip),
            0.5 * half,
            lips.mix(WHITE, 0.4),
            0.28,
        );
        let meeting = [
            (-0.98 * half, corner),
            (-0.5 * half, upper),
            (0.0, upper + 0.012),
            (0.5 * half, upper),
            (0.98 * half, corner),
        ];
        let dark = lips.scaled(0.35).mix(BLACK, 0.2);
        if open > 0.02 {
            let inside = [
                (-0.9 * half, corner),
                (-0.5 * half, upper),
                (0.0, upper + 0.008),
                (0.5 * half, upper),
                (0.9 * half, corner),
                (0.5 * half, lower),
                (0.0, lower + 0.03),
                (-0.5 * half, lower),
            ];
            let hole = blob(&inside);
            self.canvas.fill(&hole, Colour([0.16, 0.045, 0.05]), 1.0);
            self.canvas.clip(&hole);
            let tongue = ellipse((0.0, lower + 0.045), 0.5 * half, 0.4 * drop + 0.02);
            self.canvas.fill(&tongue, Colour([0.62, 0.25, 0.26]), 0.8);
            // Babies have few teeth.
            if self.factors.age > 3.0 {
                let edge = upper + 0.055 + 0.012 * smile;
                let teeth = [
                    (-0.82 * half, corner - 0.03),
                    (-0.4 * half, upper - 0.04),
                    (0.4 * half, upper - 0.04),
                    (0.82 * half, corner - 0.03),
                    (0.7 * half, edge - 0.025),
                    (0.0, edge + 0.01),
                    (-0.7 * half, edge - 0.025),
                ];
                let yellowed =
                    Colour([0.93, 0.91, 0.87]).mix(Colour([0.85, 0.79, 0.66]), self.shape.ageing);
                self.canvas.fill(&blob(&teeth), yellowed, 0.96);
                if self.fine {
                    for tooth in -3..=3 {
                        let u = tooth as f32 * 0.062;
                        let gap = curve(&[(u, upper - 0.03), (u, edge)]);
                        self.canvas
                            .stroke(&gap, Colour([0.5, 0.42, 0.38]), 0.3, 0.006);
                    }
                }
            }
            self.canvas.unclip();
            self.canvas.stroke(&hole, dark, 0.5, 0.014);
        } else {
            self.canvas.stroke(&curve(&meeting), dark, 0.85, 0.02);
        }
        for side in [-1.0f32, 1.0] {
            self.canvas
                .spot((side * 1.03 * half, corner), 0.055, self.line, 0.5);
        }
        self.canvas
            .spot((0.0, lower + 2.2 * lip + 0.03), 0.17, self.line, 0.3);
    }

    /// Beard and moustache: shade of the roots, then hairs.
    pub(super) fn beard(&mut self, dice: &mut Dice) {
        let (mouth_v, mouth_w) = self.shape.mouth;
        let (nose_v, ..) = self.shape.nose;
        let (roots, hairs, reach) = match self.factors.beard {
            Beard::None => return,
            Beard::Stubble => (0.34, 260, 0.018),
            Beard::Moustache => (0.85, 120, 0.07),
            Beard::Goatee => (0.85, 190, 0.07),
            Beard::Full => (0.9, 420, 0.085),
        };
        let whole = matches!(self.factors.beard, Beard::Full | Beard::Stubble);
        let tint = self.palette.beard;
        let lip = self.shape.lip;
        let density = |u: f32, v: f32| -> f32 {
            let side = u.abs();
            let above_lip = smoothstep(nose_v + 0.05, nose_v + 0.11, v)
                * (1.0
                    - smoothstep(
                        mouth_v - 1.3 * lip,
                        mouth_v - 0.7 * lip,
                        v - 0.35 * (side - 0.1).max(0.0),
                    ))
                * (1.0 - smoothstep(mouth_w, mouth_w + 0.09, side));
            if self.factors.beard == Beard::Moustache {
                return above_lip;
            }
            // Below a line from the ear to the corner of the mouth, outside the lips.
            let cheek = lerp(
                mouth_v - 0.02,
                -0.05,
                smoothstep(mouth_w + 0.05, 0.95, side),
            );
            let mut below = smoothstep(cheek - 0.03, cheek + 0.1, v)
                * smoothstep(mouth_w - 0.03, mouth_w + 0.07, side);
            let chin = smoothstep(
                mouth_v + 2.0 * lip + 0.16 * self.factors.mouth_open,
                mouth_v + 3.0 * lip + 0.2 * self.factors.mouth_open,
                v,
            );
            below = below.max(chin);
            if !whole {
                below *= 1.0 - smoothstep(mouth_w, mouth_w + 0.1, side);
            }
            below.max(above_lip)
        };
        // Roots, as a grid of soft spots.
        let (step, radius) = if self.fine {
            (0.05, 0.085)
        } else {
            (0.09, 0.14)
        };
        for row in 0..(0.8 / step) as i32 {
            for column in -(1.1 / step) as i32..=(1.1 / step) as i32 {
                let (u, v) = (column as f32 * step, nose_v + row as f32 * step);
                let here = density(u, v);
                if here > 0.05 && v < 1.12 {
                    self.canvas.spot((u, v), radius, tint, 0.5 * roots * here);
                }
            }
        }
        let count = if self.fine { 3 * hairs } else { hairs / 2 };
        for _ in 0..count {
            let (u, v) = (dice.range(-1.0, 1.0), dice.range(nose_v, 1.1));
            if dice.unit() > density(u, v) {
                continue;
            }
            let long = reach * dice.range(0.5, 1.2);
            let out = 0.6 * u + dice.normal(0.0, 0.25);
            let tip = (u + long * out, v + long);
            let shade = tint.jittered(0.06, dice);
            self.canvas.stroke(
                &curve(&[(u, v), tip]),
                shade,
                0.3 + 0.45 * roots,
                if self.fine { 0.011 } else { 0.02 },
            );
        }
    }
}
