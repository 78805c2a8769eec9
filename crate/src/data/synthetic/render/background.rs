//! What is behind faces and behind objects: the same draws for both.

use super::{
    super::{
        Background,
        colour::{self, WHITE},
        dice::Dice,
    },
    canvas::{Canvas, FIELD, blob, ellipse, polygon, rectangle},
};

/// Covers the whole surface.
pub(super) fn paint(canvas: &mut Canvas, background: Background, dice: &mut Dice) {
    canvas.reset();
    let side = FIELD;
    let (a, b) = (colour::any(dice), colour::any(dice));
    let all = rectangle((0.0, 0.0), (side, side));
    let across = dice.range(0.0, side);
    canvas.fill_gradient(
        &all,
        ((across, 0.0), a),
        ((side - across, side), a.mix(b, dice.range(0.1, 1.0))),
    );
    match background {
        Background::Plain => {}
        Background::Spots => spots(canvas, dice),
        Background::Stripes => stripes(canvas, dice),
        Background::Panels => panels(canvas, dice),
        Background::Leaves => leaves(canvas, dice),
        Background::Outdoors => outdoors(canvas, dice),
    }
}

/// Lights out of focus.
fn spots(canvas: &mut Canvas, dice: &mut Dice) {
    let side = FIELD;
    for _ in 0..dice.count(3, 14) {
        let centre = (dice.range(0.0, side), dice.range(0.0, side));
        let radius = dice.range(6.0, 34.0);
        let tint = colour::any(dice).mix(WHITE, 0.3);
        canvas.spot(centre, radius, tint, dice.range(0.2, 0.7));
    }
}

/// Curtains, shutters, wallpaper.
fn stripes(canvas: &mut Canvas, dice: &mut Dice) {
    let side = FIELD;
    let (tint, alpha) = (colour::any(dice), dice.range(0.15, 0.6));
    let (period, upright) = (dice.range(7.0, 28.0), dice.chance(0.6));
    let mut at = 0.0;
    while at < side {
        let end = at + 0.5 * period;
        let stripe = if upright {
            rectangle((at, 0.0), (end, side))
        } else {
            rectangle((0.0, at), (side, end))
        };
        canvas.fill(&stripe, tint, alpha);
        at += period;
    }
}

/// Walls, shelves, windows.
fn panels(canvas: &mut Canvas, dice: &mut Dice) {
    let side = FIELD;
    for _ in 0..dice.count(2, 7) {
        let (left, top) = (dice.range(-20.0, side), dice.range(-20.0, side));
        let (width, height) = (dice.range(15.0, 70.0), dice.range(15.0, 70.0));
        let panel = rectangle((left, top), (left + width, top + height));
        canvas.fill(&panel, colour::any(dice), dice.range(0.3, 0.9));
    }
}

/// Foliage, crowds of small shapes.
fn leaves(canvas: &mut Canvas, dice: &mut Dice) {
    let side = FIELD;
    let base = colour::any(dice);
    for _ in 0..dice.count(20, 60) {
        let centre = (dice.range(0.0, side), dice.range(0.0, side));
        let leaf = ellipse(centre, dice.range(2.0, 9.0), dice.range(2.0, 9.0));
        canvas.fill(&leaf, base.jittered(0.13, dice), 0.8);
    }
}

/// A horizon, hills or roofs.
fn outdoors(canvas: &mut Canvas, dice: &mut Dice) {
    let side = FIELD;
    let horizon = dice.range(0.35, 0.8) * side;
    let ground = colour::any(dice);
    let rough = dice.range(2.0, 16.0);
    let mut points: Vec<(f32, f32)> = (0..=8)
        .map(|step| {
            (
                -10.0 + step as f32 * (side + 20.0) / 8.0,
                horizon + dice.normal(0.0, rough),
            )
        })
        .collect();
    points.push((side + 10.0, side + 30.0));
    points.push((-10.0, side + 30.0));
    let land = if dice.chance(0.5) {
        blob(&points)
    } else {
        polygon(&points)
    };
    canvas.fill(&land, ground, 1.0);
}
