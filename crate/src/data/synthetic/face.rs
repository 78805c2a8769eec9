//! A person, from the traits to the surface: layers from the back to the front.
//!
//! Coordinates: the middle of the head is (0, 0), its top -1, its chin 1; x to the right of the
//! picture, y down.

use super::{
    canvas::{Canvas, P, blob, curve, ellipse},
    colour::{BLACK, Colour, WHITE},
    dice::Dice,
    hair,
    photo::Light,
    traits::FaceTraits,
};

/// Draws head, hair and shoulders over what is there.
pub(super) fn paint(canvas: &mut Canvas, traits: &FaceTraits, light: Light, dice: &mut Dice) {
    let pose = traits.pose;
    canvas.place(pose.centre, pose.size, 1.0, pose.tilt);
    hair::behind(canvas, traits, dice);
    bust(canvas, traits, light);
    skull(canvas, traits, light);
    let features = Features::new(traits, light);
    features.ageing(canvas);
    features.beard(canvas, dice);
    features.nose(canvas);
    features.mouth(canvas);
    features.eye(canvas, -1.0);
    features.eye(canvas, 1.0);
    hair::front(canvas, traits, dice);
    features.glasses(canvas);
    hair::headwear(canvas, traits, dice);
}

/// Neck and shoulders.
fn bust(canvas: &mut Canvas, traits: &FaceTraits, light: Light) {
    let (dark, neck) = (traits.skin.scaled(0.72), 0.58 * traits.head[1] + 0.05);
    let shade = 0.15 * light.direction.0;
    let throat = [
        (-neck, 0.5),
        (neck, 0.5),
        (neck * 1.05, 1.25),
        (1.3 * neck, 1.7),
        (-1.3 * neck, 1.7),
        (-neck * 1.05, 1.25),
    ];
    canvas.fill_gradient(
        &blob(&throat),
        ((-neck, 0.0), dark.scaled(1.0 - shade)),
        ((neck, 0.0), dark.scaled(1.0 + shade)),
    );
    // The shadow of the chin.
    canvas.spot((0.0, 1.0), 0.55, traits.skin.scaled(0.3), 0.45);
    let shoulders = [
        (-1.9, 2.6),
        (-1.55, 1.65),
        (-0.6, 1.32),
        (0.0, 1.55),
        (0.6, 1.32),
        (1.55, 1.65),
        (1.9, 2.6),
    ];
    canvas.fill(&blob(&shoulders), traits.cloth, 1.0);
}

/// The outline of the head.
pub(super) fn outline(traits: &FaceTraits) -> Vec<P> {
    let [width, jaw, chin] = traits.head;
    let right = [
        (0.42 * width / 0.75, -0.93),
        (0.95 * width, -0.55),
        (width, -0.1),
        (0.5 * (width + jaw) + 0.03, 0.34),
        (jaw, 0.66),
        (chin, 0.95),
    ];
    let mut points = vec![(0.0, -1.0)];
    points.extend(right);
    points.push((0.0, 1.0));
    points.extend(right.iter().rev().map(|&(x, y)| (-x, y)));
    points
}

/// Ears and head.
fn skull(canvas: &mut Canvas, traits: &FaceTraits, light: Light) {
    let width = traits.head[0];
    let yaw = traits.pose.yaw;
    for side in [-1.0, 1.0] {
        // The ear of the side one turns to disappears.
        let shown = (1.0 - 0.9 * yaw * side).clamp(0.0, 1.3);
        let ear = ellipse(
            (side * (width + 0.03 * shown), 0.05),
            0.1 * shown.max(0.05),
            0.2,
        );
        canvas.fill(&ear, traits.skin.scaled(0.82), 1.0);
    }
    let (dx, dy) = light.direction;
    let shade = 0.12 + 0.9 * light.strength;
    canvas.fill_gradient(
        &blob(&outline(traits)),
        ((0.8 * dx, 0.9 * dy), traits.skin.scaled(1.0 + 0.35 * shade)),
        ((-0.8 * dx, -0.9 * dy), traits.skin.scaled(1.0 - shade)),
    );
}

/// The parts of a face, placed for its pose.
struct Features<'a> {
    traits: &'a FaceTraits,
    light: Light,
    line: Colour,
}

impl<'a> Features<'a> {
    fn new(traits: &'a FaceTraits, light: Light) -> Self {
        Self {
            traits,
            light,
            line: traits.skin.scaled(0.45).mix(BLACK, 0.2),
        }
    }

    /// A point of the face seen in this pose: features slide over the head when it turns.
    fn at(&self, x: f32, y: f32) -> P {
        let pose = self.traits.pose;
        let slide = 0.22 * pose.yaw * (1.0 - 0.4 * x * x);
        (
            x * (1.0 - 0.1 * pose.yaw.abs()) + slide,
            y + 0.09 * pose.pitch,
        )
    }

    fn points<const N: usize>(&self, points: [P; N]) -> [P; N] {
        points.map(|(x, y)| self.at(x, y))
    }

    /// Lines of the forehead, under the eyes and around the mouth.
    fn ageing(&self, canvas: &mut Canvas) {
        let strength = ((self.traits.age - 0.35) / 0.65).max(0.0);
        for side in [-1.0, 1.0] {
            let (x, y) = self.at(side * 0.33, 0.06);
            canvas.spot((x, y), 0.2, self.line, 0.18 + 0.25 * strength);
            let cheek = self.at(side * 0.42, 0.3);
            canvas.spot(cheek, 0.3, Colour([0.8, 0.3, 0.25]), 0.16);
            if strength > 0.0 {
                let fold = [(side * 0.2, 0.26), (side * 0.33, 0.45), (side * 0.35, 0.6)];
                canvas.stroke(
                    &curve(&self.points(fold)),
                    self.line,
                    0.55 * strength,
                    0.035,
                );
            }
        }
        for row in 0..3 {
            let y = -0.56 + 0.09 * row as f32;
            let wrinkle = self.points([(-0.35, y + 0.02), (0.0, y), (0.35, y + 0.02)]);
            canvas.stroke(&curve(&wrinkle), self.line, 0.4 * strength, 0.025);
        }
    }

    fn beard(&self, canvas: &mut Canvas, dice: &mut Dice) {
        hair::beard(canvas, self.traits, |x, y| self.at(x, y), dice);
    }

    fn nose(&self, canvas: &mut Canvas) {
        let width = self.traits.nose;
        let dark = if self.light.direction.0 > 0.0 {
            -1.0
        } else {
            1.0
        };
        let bridge = [
            (dark * 0.07, -0.1),
            (dark * 0.07, 0.1),
            (dark * width * 1.05, 0.27),
        ];
        canvas.stroke(&curve(&self.points(bridge)), self.line, 0.38, 0.06);
        let ridge = [(0.0, -0.1), (0.0, 0.22)];
        canvas.stroke(&curve(&self.points(ridge)), WHITE, 0.13, 0.08);
        let base = [(-width, 0.29), (0.0, 0.355), (width, 0.29)];
        canvas.stroke(&curve(&self.points(base)), self.line, 0.55, 0.04);
        for side in [-1.0, 1.0] {
            let nostril = ellipse(self.at(side * 0.55 * width, 0.315), 0.04, 0.025);
            canvas.fill(&nostril, self.line.scaled(0.6), 0.8);
        }
    }

    fn mouth(&self, canvas: &mut Canvas) {
        let (half, lip) = (self.traits.mouth, self.traits.lip);
        let expression = self.traits.expression;
        let (open, smile) = (expression.mouth, expression.smile);
        let (left, right) = ((-half, 0.58 - smile), (half, 0.58 - smile));
        let lips = [
            left,
            (-0.4 * half, 0.575 - lip - 0.3 * open),
            (0.0, 0.59 - lip - 0.3 * open),
            (0.4 * half, 0.575 - lip - 0.3 * open),
            right,
            (0.5 * half, 0.6 + lip + 0.6 * open),
            (0.0, 0.62 + lip + 0.8 * open),
            (-0.5 * half, 0.6 + lip + 0.6 * open),
        ];
        canvas.fill(&blob(&self.points(lips)), self.traits.lips, 0.9);
        if open > 0.0 {
            let inside = [
                (-0.8 * half, 0.58 - 0.8 * smile),
                (0.0, 0.59 - 0.3 * open),
                (0.8 * half, 0.58 - 0.8 * smile),
                (0.0, 0.6 + open),
            ];
            canvas.fill(&blob(&self.points(inside)), Colour([0.22, 0.06, 0.07]), 1.0);
            let teeth = [
                (-0.65 * half, 0.58 - 0.6 * smile),
                (0.0, 0.59 - 0.25 * open),
                (0.65 * half, 0.58 - 0.6 * smile),
                (0.0, 0.6 + 0.25 * open),
            ];
            canvas.fill(&blob(&self.points(teeth)), Colour([0.93, 0.91, 0.86]), 0.9);
        } else {
            let between = [left, (0.0, 0.6), right];
            canvas.stroke(
                &curve(&self.points(between)),
                self.line.scaled(0.7),
                0.9,
                0.035,
            );
        }
        canvas.spot(self.at(0.0, 0.78 + open), 0.2, self.line, 0.25);
    }

    /// One eye and its brow; `side` is -1 on the left of the picture, 1 on the right.
    fn eye(&self, canvas: &mut Canvas, side: f32) {
        let traits = self.traits;
        // The eye of the side one turns away to is narrower.
        let half = traits.eye * (1.0 - 0.18 * traits.pose.yaw * side);
        let (x, y) = (side * 0.33, -0.08);
        let open = 0.075 * traits.expression.eyes;
        canvas.spot(self.at(x, y - 0.02), 0.24, self.line, 0.35);
        let lid = [(x - half, y), (x, y - 1.25 * open), (x + half, y)];
        if open > 0.0 {
            let almond = [
                (x - half, y),
                (x, y - 1.25 * open),
                (x + half, y),
                (x, y + open),
            ];
            canvas.fill(&blob(&self.points(almond)), Colour([0.9, 0.88, 0.86]), 1.0);
            let look = 0.03 * traits.pose.yaw;
            let iris = self.at(x + look, y - 0.1 * open);
            canvas.fill(&ellipse(iris, 0.072, 1.05 * open), traits.iris, 1.0);
            canvas.fill(&ellipse(iris, 0.036, 0.6 * open), BLACK, 1.0);
            canvas.fill(
                &ellipse((iris.0 + 0.025, iris.1 - 0.03), 0.017, 0.017),
                WHITE,
                0.9,
            );
        }
        canvas.stroke(
            &curve(&self.points(lid)),
            self.line.scaled(0.45),
            0.95,
            0.045,
        );
        let under = [(x - half, y), (x, y + open + 0.01), (x + half, y)];
        canvas.stroke(&curve(&self.points(under)), self.line, 0.5, 0.025);

        let height = -0.28 - traits.expression.brows;
        let brow = [
            (side * 0.14, height + 0.02),
            (side * 0.34, height - 0.05),
            (side * 0.54, height + 0.03),
        ];
        let tint = traits.hair.mix(BLACK, 0.35);
        canvas.stroke(&curve(&self.points(brow)), tint, 0.85, traits.brow);
    }

    fn glasses(&self, canvas: &mut Canvas) {
        hair::glasses(canvas, self.traits, |x, y| self.at(x, y));
    }
}
