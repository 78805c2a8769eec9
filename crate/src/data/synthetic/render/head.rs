//! The form of a head: proportions by age and presentation, then a surface with nose, brows, lips.
//!
//! Units: half the height of the head; the crown is at y = −1, the chin at y = 1. Coordinates of the
//! surface: `u` along the slice from the middle of the face, `v` the height.

use super::{
    super::{Beard, FaceFactors, dice::Dice},
    mesh::{Mesh, spline},
    space::{V, lerp, piecewise, smoothstep},
};

/// Proportions of a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// From 0 (a baby) to 1 (grown up).
    pub(super) growth: f32,
    /// From 0 (under 30) to 1 (85 and more).
    pub(super) ageing: f32,
    pub(super) head: f32,
    pub(super) jaw: f32,
    pub(super) chin: f32,
    pub(super) neck: f32,
    pub(super) shoulders: f32,
    pub(super) cheeks: f32,
    pub(super) brow_ridge: f32,
    /// Height, half-distance and half-width of the eyes.
    pub(super) eye: (f32, f32, f32),
    pub(super) iris: f32,
    /// Height and thickness of the brows.
    pub(super) brow: (f32, f32),
    /// Height of the base of the nose, half-width, how far it stands out.
    pub(super) nose: (f32, f32, f32),
    /// Height and half-width of the mouth.
    pub(super) mouth: (f32, f32),
    pub(super) lip: f32,
    /// Height of the hairline in the middle.
    pub(super) hairline: f32,
    /// Thickness of the beard.
    beard: f32,
    smile: f32,
    open: f32,
}

impl Shape {
    pub(super) fn new(factors: &FaceFactors, dice: &mut Dice) -> Self {
        let age = factors.age;
        let growth = 1.0 - (-(age - 0.5).max(0.0) / 5.5).exp();
        let ageing = smoothstep(28.0, 88.0, age);
        let mut cue = |spread: f32| {
            (factors.femininity + dice.normal(0.0, spread)).clamp(-2.4, 2.4) * growth * growth
        };
        let [jaw_cue, brow_cue, lip_cue, ridge_cue, neck_cue] = [0.7; 5].map(&mut cue);
        let mut vary = |sd: f32| dice.normal(0.0, sd);
        let eye_v = lerp(0.15, -0.05, growth) + vary(0.018);
        let smile = factors.smile;
        Self {
            growth,
            ageing,
            head: lerp(0.83, 0.735, growth) + vary(0.025),
            jaw: lerp(0.67, 0.60, growth) - 0.026 * jaw_cue + vary(0.025) + 0.02 * ageing,
            chin: lerp(0.30, 0.30, growth) - 0.028 * jaw_cue + vary(0.02),
            neck: lerp(0.37, 0.425, growth) - 0.035 * neck_cue + vary(0.015),
            shoulders: lerp(1.05, 1.75, growth) - 0.09 * neck_cue + vary(0.06),
            cheeks: lerp(0.11, 0.035, growth) + vary(0.012),
            brow_ridge: (0.025 - 0.015 * ridge_cue + vary(0.006)) * growth,
            eye: (
                eye_v,
                lerp(0.345, 0.325, growth) + vary(0.012),
                lerp(0.175, 0.155, growth) + vary(0.009),
            ),
            iris: lerp(0.094, 0.078, growth) + vary(0.002),
            brow: (
                eye_v - lerp(0.19, 0.215, growth) - 0.008 * brow_cue + vary(0.012)
                    - 0.035 * lerp(0.5, 1.0, growth) * factors.brow_raise,
                (lerp(0.028, 0.06, growth) - 0.012 * brow_cue + vary(0.007)).max(0.022),
            ),
            nose: (
                lerp(0.43, 0.335, growth) + 0.03 * ageing + vary(0.018),
                lerp(0.105, 0.128, growth) - 0.006 * ridge_cue + 0.01 * ageing + vary(0.014),
                lerp(0.12, 0.25, growth) + vary(0.025),
            ),
            mouth: (
                lerp(0.645, 0.605, growth) + vary(0.015) - 0.01 * smile,
                (lerp(0.20, 0.262, growth) + vary(0.016)) * (1.0 + 0.16 * smile.max(0.0)),
            ),
            lip: ((lerp(0.05, 0.066, growth) + 0.006 * lip_cue + vary(0.009))
                * (1.0 - 0.35 * ageing)
                * (1.0 - 0.15 * smile.max(0.0)))
            .max(0.026),
            hairline: -0.70 + vary(0.035),
            beard: match factors.beard {
                Beard::Full => 0.07 + vary(0.02).abs(),
                Beard::Goatee => 0.035,
                _ => 0.0,
            },
            smile,
            open: factors.mouth_open,
        }
    }

    /// The slice at `t` from 0 (crown) to 1 (under the chin): height, half-width, depth.
    fn slice(&self, t: f32) -> [f32; 3] {
        let (w, jaw, chin) = (self.head, self.jaw, self.chin);
        let drop = 0.06 * self.open;
        // A baby's forehead is round and its jaw set back.
        let round = 1.0 - self.growth;
        spline(
            &[
                [-1.02, 0.0, 0.0],
                [-0.975, 0.31 * w, 0.34],
                [-0.81, 0.67 * w, 0.65 + 0.05 * round],
                [-0.55, 0.915 * w, 0.83 + 0.06 * round],
                [-0.25, w, 0.88 + 0.04 * round],
                [0.05, 0.985 * w, 0.86],
                [0.33, lerp(w, jaw, 0.42), 0.85],
                [0.58, lerp(w, jaw, 0.92), 0.83 - 0.05 * round],
                [0.78 + drop, lerp(jaw, chin, 0.42), 0.80 - 0.07 * round],
                [0.93 + drop, lerp(jaw, chin, 0.88), 0.74 - 0.08 * round],
                [1.0 + drop, 0.72 * chin, 0.58 - 0.08 * round],
                [1.0 + drop, 0.45 * chin, 0.25],
                [0.94, 0.3, -0.1],
            ],
            t,
        )
    }

    /// Half-width and depth of the bare head at a height.
    pub(super) fn girth(&self, v: f32) -> (f32, f32) {
        // Heights go down steadily with `t` as far as the chin: bisection.
        let (mut low, mut high) = (0.0, 0.84);
        for _ in 0..12 {
            let middle = 0.5 * (low + high);
            if self.slice(middle)[0] < v {
                low = middle;
            } else {
                high = middle;
            }
        }
        let [_, width, depth] = self.slice(0.5 * (low + high));
        (width, depth)
    }

    /// The point of the bare head at an angle (0 in front, in radians) of a slice.
    fn around([y, width, depth]: [f32; 3], angle: f32) -> V {
        let (sin, cos) = angle.sin_cos();
        [width * sin, y, depth * flattened(cos)]
    }

    /// The point of the face at (`u`, `v`), in head units.
    pub(super) fn at(&self, u: f32, v: f32) -> V {
        let (width, depth) = self.girth(v);
        self.raised([v, width, depth], u / width.max(0.05))
    }

    fn raised(&self, slice: [f32; 3], angle: f32) -> V {
        let [x, y, z] = Self::around(slice, angle);
        let (u, v) = (angle * slice[1], slice[0]);
        let rise = if angle.abs() < 1.75 {
            self.relief(u, v)
        } else {
            0.0
        };
        let (sin, cos) = angle.sin_cos();
        // The jaw rises from the chin to the ear.
        let slant = 0.26 * (v - 0.3).max(0.0) * smoothstep(0.45, 1.5, angle.abs());
        [
            x + rise * sin,
            y + self.lowered(u, v) - slant,
            z + rise * cos,
        ]
    }

    /// The tip of the nose hangs lower than where it starts.
    fn lowered(&self, u: f32, v: f32) -> f32 {
        let (base, width, _) = self.nose;
        0.02 * bump(u, v - base, 1.2 * width, 0.1)
    }

    /// How far the face stands out at (`u`, `v`).
    fn relief(&self, u: f32, v: f32) -> f32 {
        let side = u.abs();
        let (eye_v, eye_u, eye_w) = self.eye;
        let (nose_v, nose_w, nose_out) = self.nose;
        let (mouth_v, mouth_w) = self.mouth;
        let mut rise = 0.0;
        // Brow ridge, sockets, eyeballs.
        rise += self.brow_ridge * bump(side - 0.24, v - (eye_v - 0.17), 0.36, 0.13);
        rise -= 0.085 * bump(side - 0.95 * eye_u, v - eye_v + 0.01, 0.27, 0.17);
        rise += 0.052 * bump(side - eye_u, v - eye_v, 0.86 * eye_w, 0.115);
        // Nose: a ridge that rises down to the tip, and the wings.
        let top = eye_v - 0.10;
        let along = (v - top) / (nose_v - top);
        if along > -0.3 && along < 1.25 {
            let height = piecewise(
                &[
                    (-0.3, 0.0),
                    (0.1, 0.34),
                    (0.55, 0.62),
                    (0.86, 1.0),
                    (1.0, 0.72),
                    (1.2, 0.0),
                ],
                along,
            );
            let width = piecewise(&[(0.0, 0.62), (0.5, 0.72), (0.85, 1.0), (1.1, 0.95)], along);
            let across = side / (1.38 * nose_w * width);
            if across < 1.0 {
                let profile = (1.0 - across * across) * (1.0 - across * across);
                rise += nose_out * height * profile;
            }
        }
        rise += 0.075
            * bump(
                side - 0.74 * nose_w,
                v - nose_v + 0.035,
                0.72 * nose_w,
                0.09,
            );
        // Cheekbones, full cheeks, the cheek that a smile lifts.
        rise += 0.035 * self.growth * bump(side - 0.46, v - (eye_v + 0.27), 0.26, 0.2);
        rise += self.cheeks * bump(side - 0.42, v - (eye_v + 0.42), 0.36, 0.36);
        let lifted = self.smile.max(0.0);
        rise += 0.05 * lifted * bump(side - 0.4, v - (eye_v + 0.36), 0.22, 0.2);
        // The fold from the nose to the mouth, deeper with age and smiles.
        let fold = 0.16 + 0.42 * (v - nose_v).max(0.0) + 0.03 * lifted;
        let depth = 0.012 + 0.03 * self.ageing + 0.02 * lifted;
        rise -= depth * bump(side - fold, v - (nose_v + 0.12), 0.07, 0.2);
        // Bags under the eyes, hollow cheeks.
        rise += 0.02 * self.ageing * bump(side - eye_u, v - eye_v - 0.15, 0.15, 0.07);
        rise -= 0.045 * self.ageing * bump(side - 0.48, v - 0.48, 0.22, 0.26);
        // Mouth, lips, chin.
        rise += 0.05 * bump(u, v - mouth_v, 1.35 * mouth_w, 0.25);
        let arch = 0.25 * self.open * self.lip;
        rise += 0.036
            * bump(
                u,
                v - mouth_v + 0.55 * self.lip + arch,
                mouth_w,
                1.0 * self.lip,
            );
        rise += 0.05
            * bump(
                u,
                v - mouth_v - 0.85 * self.lip - 2.0 * arch,
                0.82 * mouth_w,
                1.15 * self.lip,
            );
        rise -= 0.026 * bump(u, v - mouth_v - 2.5 * self.lip, 0.6 * mouth_w, 0.07);
        rise -= 0.012 * bump(u, v - 0.5 * (nose_v + mouth_v) + 0.01, 0.04, 0.08);
        rise += 0.055 * bump(u, v - 0.87, 0.23, 0.16);
        if self.beard > 0.0 {
            rise += self.beard
                * smoothstep(nose_v + 0.1, mouth_v + 0.12, v)
                * smoothstep(0.12, 0.3, side + (v - mouth_v).max(0.0));
        }
        rise
    }

    /// The surface of the head, `fineness` rows high.
    pub(super) fn mesh(&self, fineness: usize) -> Mesh {
        const HALF_TURN: f32 = 2.3;
        Mesh::grid(fineness, fineness, |column, row| {
            // Columns are denser in front, rows between brows and chin.
            let s = 2.0 * column - 1.0;
            let angle = HALF_TURN * s * (0.45 + 0.55 * s * s);
            let slice = self.slice(piecewise_row(row));
            let point = self.raised(slice, angle);
            (point, [angle * slice[1], slice[0]], 1.0)
        })
    }
}

/// Half-widths and depths of the bare head at equal steps of height: looked up, since each is dear to find.
pub(super) struct Girths(Vec<(f32, f32)>);

impl Girths {
    const TOP: f32 = -1.018;
    const BOTTOM: f32 = 0.95;

    pub(super) fn new(shape: &Shape) -> Self {
        const STEPS: usize = 64;
        let slice = |step: usize| {
            let t = step as f32 / (STEPS - 1) as f32;
            // Denser at the crown, where they change most.
            shape.girth(lerp(Self::TOP, Self::BOTTOM, t * t))
        };
        Self((0..STEPS).map(slice).collect())
    }

    pub(super) fn at(&self, v: f32) -> (f32, f32) {
        let t = ((v - Self::TOP) / (Self::BOTTOM - Self::TOP))
            .max(0.0)
            .sqrt();
        let along = t * (self.0.len() - 1) as f32;
        let index = (along as usize).min(self.0.len() - 2);
        let rest = (along - index as f32).clamp(0.0, 1.0);
        let (from, to) = (self.0[index], self.0[index + 1]);
        (lerp(from.0, to.0, rest), lerp(from.1, to.1, rest))
    }
}

/// The cosine of an angle made flatter around 0: a face is flatter than an ellipse.
pub(super) fn flattened(cos: f32) -> f32 {
    cos * (1.28 - 0.28 * cos.abs())
}

/// Rows are denser where the features are.
fn piecewise_row(row: f32) -> f32 {
    let points = [(0.0, 0.0), (0.14, 0.3), (0.9, 0.86), (1.0, 1.0)];
    let mut before = points[0];
    for point in points {
        if row <= point.0 {
            let width = (point.0 - before.0).max(1e-6);
            return lerp(before.1, point.1, (row - before.0) / width);
        }
        before = point;
    }
    1.0
}

/// A smooth mound of height 1, of half-widths `ru` and `rv`.
fn bump(u: f32, v: f32, ru: f32, rv: f32) -> f32 {
    let (a, b) = (u / ru, v / rv);
    let rest = 1.0 - a * a - b * b;
    if rest > 0.0 { rest * rest } else { 0.0 }
}
