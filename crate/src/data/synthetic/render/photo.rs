//! What a camera does to every drawing, face or not: light, exposure, colour, blur, grain, JPEG.
//!
//! Both classes go through the same function with the same draws, so that nothing here tells them
//! apart.

use image::{ExtendedColorType, ImageFormat, codecs::jpeg::JpegEncoder};

use super::{
    super::{Shot, dice::Dice},
    canvas::Canvas,
    raster::Lamp,
    space::{lerp, unit},
};
use crate::error::{Error, Result};

/// Where the light of a flat drawing comes from and how strong it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// Direction towards the light, a unit vector; y points down.
    pub(super) direction: (f32, f32),
    /// From 0 (even) to about 0.5 (one side in the dark).
    pub(super) strength: f32,
}

impl Shot {
    /// The light of a flat drawing.
    pub(super) fn light(&self) -> Light {
        let [x, y, _] = self.towards();
        let long = (x * x + y * y).sqrt().max(1e-3);
        Light {
            direction: (x / long, y / long),
            strength: 0.05 + 0.4 * self.light_hardness,
        }
    }

    /// The lights of a scene in space.
    pub(super) fn lamp(&self) -> Lamp {
        let hard = self.light_hardness;
        let (key, ambient) = (lerp(0.66, 1.1, hard), lerp(0.72, 0.22, hard));
        Lamp {
            towards: self.towards(),
            key: [1.03 * key, key, 0.95 * key],
            ambient: [0.95 * ambient, ambient, 1.06 * ambient],
        }
    }

    fn towards(&self) -> [f32; 3] {
        let (side, height) = (self.light_side.to_radians(), self.light_height.to_radians());
        unit([
            side.sin() * height.cos(),
            -height.sin(),
            side.cos() * height.cos(),
        ])
    }
}

/// Takes the picture: a JPEG file of `side × side` pixels from a surface twice as wide.
pub(super) fn develop(
    canvas: &Canvas,
    side: usize,
    shot: &Shot,
    dice: &mut Dice,
) -> Result<Vec<u8>> {
    let mut small = reduce(canvas, side);
    blur(&mut small, side, shot.blur * side as f32);

    // Gamma 2: a stop is a factor of √2 on what is shown.
    let gain = (0.5 * shot.exposure).exp2();
    let tint = [1.0 + 0.07 * shot.warmth, 1.0, 1.0 - 0.09 * shot.warmth];
    let half = side as f32 / 2.0;
    let light = shot.light();
    for (index, pixel) in small.chunks_exact_mut(3).enumerate() {
        let x = (index % side) as f32 / half - 1.0;
        let y = (index / side) as f32 / half - 1.0;
        let lit = 1.0 + 0.25 * light.strength * (x * light.direction.0 + y * light.direction.1)
            - 0.05 * (x * x + y * y);
        for (value, tint) in pixel.iter_mut().zip(tint) {
            let exposed = *value * lit * gain * tint;
            // Bright parts saturate softly.
            let held = exposed / (1.0 + (exposed - 0.8).max(0.0));
            *value = MIDDLE + shot.contrast * (held - MIDDLE);
        }
        if shot.grey {
            let luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
            pixel.fill(luma);
        }
        for value in pixel {
            *value += dice.grain(shot.grain);
        }
    }
    let bytes: Vec<u8> = small
        .iter()
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect();
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, shot.jpeg.clamp(1, 100))
        .encode(&bytes, side as u32, side as u32, ExtendedColorType::Rgb8)
        .map_err(failed)?;
    Ok(file)
}

/// The level that contrast turns around.
const MIDDLE: f32 = 0.42;

/// The RGB bytes of a JPEG file.
pub(super) fn decoded(file: &[u8]) -> Result<Vec<u8>> {
    let image = image::load_from_memory_with_format(file, ImageFormat::Jpeg).map_err(failed)?;
    Ok(image.into_rgb8().into_raw())
}

fn failed(error: image::ImageError) -> Error {
    Error::Figure(format!("compression JPEG : {error}"))
}

/// The mean of each square of 2 × 2 pixels.
fn reduce(canvas: &Canvas, side: usize) -> Vec<f32> {
    let fine = canvas.pixels();
    let width = canvas.width();
    let mut small = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            let corner = (2 * y * width + 2 * x) * 4;
            let below = corner + width * 4;
            for channel in 0..3 {
                let sum: u32 = [corner, corner + 4, below, below + 4]
                    .iter()
                    .map(|&start| u32::from(fine[start + channel]))
                    .sum();
                small.push(sum as f32 / (4.0 * 255.0));
            }
        }
    }
    small
}

/// Gaussian blur of standard deviation `sigma` pixels; the border repeats.
fn blur(small: &mut [f32], side: usize, sigma: f32) {
    if sigma < 0.2 {
        return;
    }
    let radius = (2.5 * sigma).ceil() as usize;
    let mut kernel: Vec<f32> = (0..=radius)
        .map(|distance| (-0.5 * (distance as f32 / sigma).powi(2)).exp())
        .collect();
    let total = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
    for weight in &mut kernel {
        *weight /= total;
    }
    for (step, line_start) in [(3, side * 3), (side * 3, 3)] {
        let source = small.to_vec();
        for line in 0..side {
            for at in 0..side {
                for channel in 0..3 {
                    let base = line * line_start + channel;
                    let mut sum = kernel[0] * source[base + at * step];
                    for (distance, weight) in kernel.iter().enumerate().skip(1) {
                        let before = at.saturating_sub(distance);
                        let after = (at + distance).min(side - 1);
                        sum +=
                            weight * (source[base + before * step] + source[base + after * step]);
                    }
                    small[base + at * step] = sum;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_is_the_mean_of_four() {
        let mut canvas = Canvas::new(16).unwrap();
        // Square (3, 5) of the small picture, green: 255 + 153 + 102 + 0 over 4.
        for (x, y, value) in [(6, 10, 255), (7, 10, 153), (6, 11, 102)] {
            canvas.pixels_mut()[(y * 16 + x) * 4 + 1] = value;
        }
        let small = reduce(&canvas, 8);
        assert!((small[(5 * 8 + 3) * 3 + 1] - 0.5).abs() < 1e-6);
        assert!((small.iter().sum::<f32>() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn blur_spreads_a_point_and_keeps_its_sum() {
        let mut small = vec![0.0; 15 * 15 * 3];
        small[(7 * 15 + 7) * 3] = 1.0;
        blur(&mut small, 15, 1.0);
        assert!((small.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        // Neighbours of a discrete Gaussian of deviation 1: exp(-1/2) of the middle.
        let (middle, beside) = (small[(7 * 15 + 7) * 3], small[(7 * 15 + 8) * 3]);
        assert!((beside / middle - (-0.5f32).exp()).abs() < 1e-5);
    }
}
