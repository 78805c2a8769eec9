//! What a camera does to every drawing, face or not: light, exposure, colour, blur, grain.
//!
//! Both classes go through the same function with the same draws, so that nothing here tells them
//! apart.

use super::{
    canvas::{Canvas, FINE, SIDE},
    dice::Dice,
};

/// Where the light of a scene comes from and how strong it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// Direction towards the light, a unit vector; y points down.
    pub(super) direction: (f32, f32),
    /// From 0 (even) to about 0.5 (one side in the dark).
    pub(super) strength: f32,
}

impl Light {
    /// A light, mostly from above.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let angle = dice.normal(-std::f32::consts::FRAC_PI_2, 0.9);
        Self {
            direction: (angle.cos(), angle.sin()),
            strength: dice.range(0.03, 0.42),
        }
    }
}

/// Takes the picture: `SIDE × SIDE` RGB bytes.
pub(super) fn develop(canvas: Canvas, light: Light, dice: &mut Dice) -> Vec<u8> {
    let mut fine = canvas.into_floats();
    for _ in 0..*dice.pick(&[0, 0, 1, 1, 2]) {
        blur(&mut fine);
    }
    let mut small = reduce(&fine);

    let gamma = dice.normal(0.0, 0.16).exp();
    let contrast = dice.normal(0.95, 0.13);
    let gain = dice.normal(1.0, 0.1);
    let warmth = dice.normal(0.0, 0.06);
    let tint = [1.0 + warmth, 1.0, 1.0 - warmth];
    let grey = dice.chance(0.06);
    let grain = dice.range(0.004, 0.045);
    let half = SIDE as f32 / 2.0;
    for (index, pixel) in small.chunks_exact_mut(3).enumerate() {
        let x = (index % SIDE) as f32 / half - 1.0;
        let y = (index / SIDE) as f32 / half - 1.0;
        let lit = 1.0 + light.strength * (x * light.direction.0 + y * light.direction.1);
        for (value, tint) in pixel.iter_mut().zip(tint) {
            let exposed = (*value * lit * gain * tint).clamp(0.0, 1.0).powf(gamma);
            *value = 0.5 + contrast * (exposed - 0.5) + dice.grain(grain);
        }
        if grey {
            let luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
            pixel.fill(luma);
        }
    }
    small
        .iter()
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}

/// The mean of each square of 2 × 2 pixels.
fn reduce(fine: &[f32]) -> Vec<f32> {
    let mut small = Vec::with_capacity(SIDE * SIDE * 3);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let corner = (2 * y * FINE + 2 * x) * 3;
            let below = corner + FINE * 3;
            for channel in 0..3 {
                let sum = fine[corner + channel]
                    + fine[corner + 3 + channel]
                    + fine[below + channel]
                    + fine[below + 3 + channel];
                small.push(sum / 4.0);
            }
        }
    }
    small
}

/// Mean of 3 × 3 neighbours, first along rows, then along columns; the border repeats.
fn blur(fine: &mut [f32]) {
    for (step, line_start) in [(3, FINE * 3), (FINE * 3, 3)] {
        let source = fine.to_vec();
        for line in 0..FINE {
            for at in 0..FINE {
                let before = at.saturating_sub(1);
                let after = (at + 1).min(FINE - 1);
                for channel in 0..3 {
                    let base = line * line_start + channel;
                    let sum = source[base + before * step]
                        + source[base + at * step]
                        + source[base + after * step];
                    fine[base + at * step] = sum / 3.0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_is_the_mean_of_four_and_blur_keeps_the_sum() {
        let mut fine = vec![0.0; FINE * FINE * 3];
        // Square (3, 5) of the small picture, green: 1 + 2 + 3 + 4 over 4.
        let corner = (2 * 5 * FINE + 2 * 3) * 3 + 1;
        fine[corner] = 1.0;
        fine[corner + 3] = 2.0;
        fine[corner + FINE * 3] = 3.0;
        fine[corner + FINE * 3 + 3] = 4.0;
        let small = reduce(&fine);
        assert_eq!(small[(5 * SIDE + 3) * 3 + 1], 2.5);
        assert_eq!(small.iter().sum::<f32>(), 2.5);

        blur(&mut fine);
        // The middle of a 3 × 3 window around the « 1 » holds 1, 2, 3 and 4.
        assert!((fine[corner] - 10.0 / 9.0).abs() < 1e-6);
        assert!((fine.iter().sum::<f32>() - 10.0).abs() < 1e-4);
    }
}
