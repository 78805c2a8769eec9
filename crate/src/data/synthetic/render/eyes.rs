//! What is painted around the eyes: lids, iris, lashes, brows.

use super::{
    super::{
        colour::{BLACK, Colour, WHITE},
        dice::Dice,
    },
    canvas::{P, blob, curve, ellipse},
    skin::Painter,
    space::lerp,
};

impl Painter<'_> {
    /// One eye; `side` is −1 on the left of the picture.
    pub(super) fn eye(&mut self, side: f32) {
        let (v, centre, half) = self.shape.eye;
        let u = side * centre;
        let opening = self.factors.eyes_open
            * (1.0 - 0.22 * self.shape.ageing)
            * (1.0 - 0.22 * self.factors.smile.max(0.0));
        let up = (0.088 + 0.02 * (1.0 - self.shape.growth)) * opening;
        let down = 0.058 * opening.min(1.1);
        // From the inner corner, a little lower, to the outer one.
        let at = |t: f32, dv: f32| (u + side * half * t, v + dv);
        let inner = at(-1.0, 0.022);
        let outer = at(1.0, -0.008);
        let lid = [
            inner,
            at(-0.55, -0.72 * up),
            at(0.05, -up),
            at(0.62, -0.66 * up),
            outer,
        ];
        let under = [
            outer,
            at(0.5, 0.88 * down),
            at(-0.1, down),
            at(-0.62, 0.66 * down),
            inner,
        ];
        let makeup = self.factors.makeup;
        if makeup > 0.05 {
            let shadow = [
                at(-1.0, -0.02),
                at(-0.4, -up - 0.085),
                at(0.4, -up - 0.095),
                at(1.12, -0.06),
                at(0.5, -0.5 * up),
                at(-0.5, -0.5 * up),
            ];
            self.canvas
                .fill(&blob(&shadow), self.palette.eyeshadow, 0.5 * makeup);
        }
        if opening > 0.12 {
            let almond: Vec<P> = lid.iter().chain(&under[1..4]).copied().collect();
            let almond = blob(&almond);
            self.canvas.fill(&almond, Colour([0.93, 0.915, 0.9]), 1.0);
            self.canvas.clip(&almond);
            let look = (u + 0.0007 * self.factors.yaw, v - 0.12 * up);
            let r = self.shape.iris;
            self.canvas
                .spot(inner, 0.06, Colour([0.75, 0.4, 0.38]), 0.8);
            self.canvas
                .spot(outer, 0.08, Colour([0.5, 0.38, 0.36]), 0.5);
            let iris = self.palette.iris;
            self.canvas
                .fill(&ellipse(look, r, r), iris.scaled(0.5), 1.0);
            self.canvas.spot(
                (look.0, look.1 + 0.3 * r),
                0.95 * r,
                iris.mix(WHITE, 0.22),
                0.95,
            );
            self.canvas.fill(
                &ellipse(look, 0.43 * r, 0.43 * r),
                Colour([0.03, 0.025, 0.03]),
                1.0,
            );
            // The upper lid shades the eye.
            self.canvas
                .stroke(&curve(&lid), Colour([0.12, 0.07, 0.07]), 0.45, 0.075);
            self.canvas.unclip();
        }
        let lash = self.line.scaled(0.3).mix(BLACK, 0.4 + 0.6 * makeup);
        let crease: Vec<P> = lid
            .iter()
            .map(|&(x, y)| (x + 0.012 * side, y - 0.052))
            .collect();
        self.canvas
            .stroke(&curve(&crease[..]), self.line, 0.42, 0.022);
        self.canvas
            .stroke(&curve(&under), self.line, 0.4 + 0.35 * makeup, 0.016);
        self.canvas
            .stroke(&curve(&lid), lash, 0.9, 0.026 + 0.018 * makeup);
        if self.fine || makeup > 0.4 {
            for step in 0..9 {
                let t = -0.35 + 1.3 * step as f32 / 8.0;
                let root = at(t, -up * (1.0 - 0.75 * (t - 0.1) * (t - 0.1)).max(0.05));
                let long = 0.022 + 0.035 * makeup;
                let tip = (root.0 + side * 0.5 * long * (t + 0.4), root.1 - long);
                self.canvas.stroke(&curve(&[root, tip]), lash, 0.55, 0.009);
            }
        }
    }

    /// One brow: a soft stroke, then hairs.
    pub(super) fn brow(&mut self, side: f32, dice: &mut Dice) {
        let (v, thick) = self.shape.brow;
        let (_, centre, half) = self.shape.eye;
        let frown = (-self.factors.brow_raise).max(0.0);
        let line = |t: f32| -> P {
            // From the inner end (0) to the outer one (1): up, then down.
            let u = centre - 1.12 * half + 2.42 * half * t;
            let arch = -0.055 * (1.0 - (2.0 * t - 1.25) * (2.0 * t - 1.25)) + 0.035 * t;
            (side * u, v + arch + 0.045 * frown * (1.0 - t))
        };
        let tint = self.palette.brow;
        let base = [line(0.0), line(0.3), line(0.62), line(0.97)];
        let full = 0.38 + 0.25 * self.factors.makeup;
        let pale = lerp(0.3, 1.0, self.shape.growth);
        self.canvas
            .stroke(&curve(&base), tint, full * pale, 0.8 * thick);
        let count = if self.fine { 46 } else { 11 };
        for index in 0..count {
            let t = (index as f32 + dice.unit()) / count as f32;
            let (u, at) = line(t);
            // Thinner towards the temple.
            let room = thick * (1.0 - 0.65 * t * t);
            let root = (u, at + dice.range(-0.35, 0.55) * room);
            let lean = lerp(0.25, 1.15, t);
            let long = 0.075 * dice.range(0.7, 1.2);
            let tip = (
                root.0 + side * long * lean.sin(),
                root.1 - long * lean.cos() * 0.7,
            );
            self.canvas.stroke(
                &curve(&[root, tip]),
                tint.jittered(0.02, dice),
                0.75 * pale,
                if self.fine { 0.011 } else { 0.02 },
            );
        }
    }
}
