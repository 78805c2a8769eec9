//! Changes of light and colour.

use rand::{RngExt, rngs::StdRng};

use super::pixels::Pixels;

/// The value of white.
const WHITE: f32 = 255.0;
/// What red, green and blue weigh in a grey: ITU-R BT.601.
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// The grey of a pixel.
fn grey([red, green, blue]: [f32; 3]) -> f32 {
    GREY[0] * red + GREY[1] * green + GREY[2] * blue
}

/// Adds a share of white, or takes it when negative.
pub(super) fn brighten(image: Pixels, share: f64) -> Pixels {
    let added = share as f32 * WHITE;
    image.map(|pixel| pixel.map(|value| value + added))
}

/// Multiplies distances to the mean grey of the image.
pub(super) fn contrast(image: Pixels, factor: f64) -> Pixels {
    let sum: f32 = image.values.iter().copied().map(grey).sum();
    let mean = sum / image.values.len().max(1) as f32;
    let factor = factor as f32;
    image.map(|pixel| pixel.map(|value| mean + factor * (value - mean)))
}

/// Multiplies distances of colours to their own grey.
pub(super) fn saturate(image: Pixels, factor: f64) -> Pixels {
    let factor = factor as f32;
    image.map(|pixel| {
        let grey = grey(pixel);
        pixel.map(|value| grey + factor * (value - grey))
    })
}

/// Turns colours around the axis of greys by a share of a turn: a third takes red to green.
pub(super) fn turn_hue(image: Pixels, share: f64) -> Pixels {
    // Rodrigues' rotation around (1, 1, 1) / √3.
    let (sine, cosine) = (share * std::f64::consts::TAU).sin_cos();
    let (along, across) = ((1.0 - cosine) / 3.0, sine / 3.0_f64.sqrt());
    let [own, next, previous] =
        [cosine + along, along - across, along + across].map(|value| value as f32);
    image.map(|[red, green, blue]| {
        [
            own * red + next * green + previous * blue,
            previous * red + own * green + next * blue,
            next * red + previous * green + own * blue,
        ]
    })
}

/// Adds Gaussian noise of this standard deviation, a share of white.
pub(super) fn add_noise(mut image: Pixels, sd: f64, rng: &mut StdRng) -> Pixels {
    for pixel in &mut image.values {
        for value in pixel {
            // Box and Muller; the logarithm of zero is kept away.
            let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
            let normal = radius * (rng.random::<f64>() * std::f64::consts::TAU).cos();
            *value = (*value + (sd * normal) as f32 * WHITE).clamp(0.0, WHITE);
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn one(pixel: [f32; 3]) -> Pixels {
        Pixels::from_fn((1, 1), |_, _| pixel)
    }

    fn close(image: &Pixels, expected: &[[f32; 3]]) {
        for (pixel, expected) in image.values.iter().zip(expected) {
            for (value, expected) in pixel.iter().zip(expected) {
                assert!((value - expected).abs() < 0.01, "{image:?}");
            }
        }
    }

    #[test]
    fn light_by_hand() {
        close(
            &brighten(one([0.0, 100.0, 250.0]), 0.2),
            &[[51.0, 151.0, 255.0]],
        );
        close(
            &brighten(one([0.0, 100.0, 250.0]), -0.2),
            &[[0.0, 49.0, 199.0]],
        );
        // Greys 50 and 150: the mean is 100.
        let two = Pixels::from_fn((1, 2), |_, x| [50.0 + 100.0 * x as f32; 3]);
        close(&contrast(two.clone(), 0.5), &[[75.0; 3], [125.0; 3]]);
        close(&contrast(two, 0.0), &[[100.0; 3], [100.0; 3]]);
    }

    #[test]
    fn colours_by_hand() {
        // 0.299 · 200 = 59.8.
        close(&saturate(one([200.0, 0.0, 0.0]), 0.0), &[[59.8; 3]]);
        close(
            &saturate(one([200.0, 10.0, 30.0]), 1.0),
            &[[200.0, 10.0, 30.0]],
        );
        close(
            &turn_hue(one([200.0, 10.0, 30.0]), 1.0 / 3.0),
            &[[30.0, 200.0, 10.0]],
        );
        close(&turn_hue(one([80.0; 3]), 0.23), &[[80.0; 3]]);
    }

    #[test]
    fn noise_has_its_spread() {
        let image = Pixels::from_fn((100, 100), |_, _| [128.0; 3]);
        let noisy = add_noise(image, 0.05, &mut StdRng::seed_from_u64(1));
        let values: Vec<f64> = noisy
            .values
            .iter()
            .flatten()
            .map(|v| f64::from(*v))
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        // 30,000 draws of standard deviation 12.75: five standard errors.
        assert!((mean - 128.0).abs() < 0.37, "{mean}");
        assert!(
            (variance.sqrt() - 12.75).abs() < 0.27,
            "{}",
            variance.sqrt()
        );
    }
}
