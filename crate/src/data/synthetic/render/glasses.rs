//! Glasses, drawn over the picture at the place where the face is seen.

use super::{
    super::{
        Glasses,
        colour::{BLACK, WHITE},
        dice::Dice,
    },
    canvas::{Canvas, FIELD, P, blob, curve},
    people::Person,
};

pub(super) fn paint(canvas: &mut Canvas, person: &Person<'_>, dice: &mut Dice) {
    let kind = person.factors.glasses;
    if kind == Glasses::None {
        return;
    }
    canvas.reset();
    let pixel = FIELD / person.side();
    let (v, centre, _) = person.shape.eye;
    let unit = person.camera.unit * pixel;
    // Glasses stand before the eyes, on a plane that turns with the head.
    let bridge = person.shape.at(0.0, v)[2] + 0.02;
    let see = |u: f32, dv: f32, back: f32| -> P {
        let point = [u, v + dv, bridge - back - 0.32 * u * u];
        let (x, y, _) = person.camera.project(person.head.point(point));
        (x * pixel, y * pixel)
    };
    let frame = if dice.chance(0.5) {
        BLACK.mix(person.palette.second, 0.12)
    } else {
        person.palette.second.scaled(0.42)
    };
    let thick = dice.range(0.022, 0.05) * unit;
    let (wide, high, power) = match kind {
        Glasses::Round => (0.215, 0.205, 1.0),
        Glasses::Square => (0.24, 0.165, 0.5),
        Glasses::Dark | Glasses::None => (0.25, 0.185, 0.6),
    };
    for side in [-1.0f32, 1.0] {
        let rim: Vec<P> = (0..20)
            .map(|step| {
                let angle = step as f32 * std::f32::consts::TAU / 20.0;
                let (sin, cos) = angle.sin_cos();
                let shape = |value: f32| value.signum() * value.abs().powf(power);
                see(
                    side * centre + wide * shape(cos),
                    0.015 + high * shape(sin),
                    0.0,
                )
            })
            .collect();
        let lens = blob(&rim);
        if kind == Glasses::Dark {
            canvas.fill_gradient(
                &lens,
                (rim[15], BLACK.mix(frame, 0.2)),
                (rim[5], BLACK.mix(WHITE, 0.22)),
            );
        } else {
            canvas.fill(&lens, WHITE, 0.05);
        }
        canvas.clip(&lens);
        let glare = [
            see(side * centre - 0.16, -0.2, 0.0),
            see(side * centre - 0.02, -0.2, 0.0),
            see(side * centre - 0.12, 0.2, 0.0),
            see(side * centre - 0.24, 0.2, 0.0),
        ];
        canvas.fill(&super::canvas::polygon(&glare), WHITE, 0.10);
        canvas.unclip();
        canvas.stroke(&lens, frame, 1.0, thick);
        canvas.stroke(&curve(&rim[12..19]), WHITE, 0.25, 0.3 * thick);
        // The branch goes to the ear, and is hidden on the far side.
        let turned = person.factors.yaw * side;
        if turned > -14.0 {
            let hinge = see(side * (centre + wide), -0.04, 0.0);
            let (width, _) = person.shape.girth(v);
            let ear = person.head.point([side * (width + 0.01), v - 0.01, 0.12]);
            let (x, y, _) = person.camera.project(ear);
            canvas.stroke(
                &curve(&[hinge, (x * pixel, y * pixel)]),
                frame,
                1.0,
                0.9 * thick,
            );
        }
    }
    let nose = [
        see(-centre + wide, -0.02, 0.0),
        see(0.0, -0.07, -0.02),
        see(centre - wide, -0.02, 0.0),
    ];
    canvas.stroke(&curve(&nose), frame, 1.0, thick);
}
