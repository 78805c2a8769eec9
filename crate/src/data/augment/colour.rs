//! Changes of light and colour, on planes of values in `[0, 1]`: red, green, then blue.

use crate::{data::image_store::CHANNELS, simd::vectorized};

/// The value of white in a byte.
const WHITE: f32 = 255.0;
/// What red, green and blue weigh in a grey: ITU-R BT.601.
const GREY: [f32; 3] = [0.299, 0.587, 0.114];
/// Sums made at once.
const LANES: usize = 16;

/// Writes RGB bytes as planes.
pub(super) fn separate(bytes: &[u8], planes: &mut [f32]) {
    let (red, rest) = planes.split_at_mut(bytes.len() / CHANNELS);
    let (green, blue) = rest.split_at_mut(bytes.len() / CHANNELS);
    let mut colours = bytes
        .chunks_exact(CHANNELS)
        .zip(red.iter_mut().zip(green.iter_mut()).zip(blue));
    vectorized(
        #[inline(always)]
        move || {
            for (bytes, ((red, green), blue)) in colours.by_ref() {
                *red = f32::from(bytes[0]) / WHITE;
                *green = f32::from(bytes[1]) / WHITE;
                *blue = f32::from(bytes[2]) / WHITE;
            }
        },
    );
}

/// Appends RGB bytes as pixels of four values.
pub(super) fn spread(bytes: &[u8], pixels: &mut Vec<[f32; 4]>) {
    let pixel =
        |bytes: &[u8]| [bytes[0], bytes[1], bytes[2], 0].map(|byte| f32::from(byte) / WHITE);
    pixels.extend(bytes.chunks_exact(CHANNELS).map(pixel));
}

/// The mean grey of an image. Sums are made in one order, whatever the processor.
pub(super) fn mean_grey(planes: &[f32]) -> f32 {
    let area = planes.len() / CHANNELS;
    let sum = |plane: &[f32]| -> f32 {
        let mut lanes = [0.0_f32; LANES];
        let mut chunks = plane.chunks_exact(LANES);
        for chunk in chunks.by_ref() {
            for (sum, value) in lanes.iter_mut().zip(chunk) {
                *sum += value;
            }
        }
        lanes.iter().sum::<f32>() + chunks.remainder().iter().sum::<f32>()
    };
    let greys = planes.chunks_exact(area.max(1)).zip(GREY);
    greys
        .map(|(plane, weight)| weight * sum(plane))
        .sum::<f32>()
        / area.max(1) as f32
}

/// What each colour becomes: an affine map.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColourMap {
    /// What each new colour takes from red, green and blue.
    takes: [[f32; 3]; 3],
    added: f32,
}

impl ColourMap {
    /// So much of each colour, and `rest` of one value made of all three.
    fn mixed(own: f32, rest: [f32; 3], added: f32) -> Self {
        let takes = |colour: usize| {
            let mut takes = rest;
            takes[colour] += own;
            takes
        };
        Self {
            takes: [takes(0), takes(1), takes(2)],
            added,
        }
    }

    /// Adds a share of white, or takes it when negative.
    pub(super) fn brighten(share: f32) -> Self {
        Self::mixed(1.0, [0.0; 3], share)
    }

    /// Multiplies distances to the mean grey of the image.
    pub(super) fn contrast(factor: f32, mean: f32) -> Self {
        Self::mixed(factor, [0.0; 3], (1.0 - factor) * mean)
    }

    /// Multiplies distances of colours to their own grey.
    pub(super) fn saturate(factor: f32) -> Self {
        Self::mixed(factor, GREY.map(|weight| (1.0 - factor) * weight), 0.0)
    }

    /// Turns colours around the axis of greys by a share of a turn: a third takes red to green.
    pub(super) fn turn_hue(share: f64) -> Self {
        // Rodrigues' rotation around (1, 1, 1) / √3.
        let (sine, cosine) = (share * std::f64::consts::TAU).sin_cos();
        let (along, across) = ((1.0 - cosine) / 3.0, sine / 3.0_f64.sqrt());
        let [own, next, previous] =
            [cosine + along, along - across, along + across].map(|value| value as f32);
        Self {
            takes: [
                [own, next, previous],
                [previous, own, next],
                [next, previous, own],
            ],
            added: 0.0,
        }
    }

    /// Maps every colour, kept within black and white.
    pub(super) fn apply(&self, planes: &mut [f32]) {
        let area = planes.len() / CHANNELS;
        let (red, rest) = planes.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        let mut pixels = red.iter_mut().zip(green.iter_mut()).zip(blue);
        let Self { takes, added } = *self;
        vectorized(
            #[inline(always)]
            move || {
                for ((red, green), blue) in pixels.by_ref() {
                    let from = [*red, *green, *blue];
                    let to = |takes: [f32; 3]| {
                        let value =
                            takes[0] * from[0] + takes[1] * from[1] + takes[2] * from[2] + added;
                        value.clamp(0.0, 1.0)
                    };
                    [*red, *green, *blue] = [to(takes[0]), to(takes[1]), to(takes[2])];
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of pixels, told from 0 to 255.
    fn mapped(pixels: &[[f32; 3]], map: impl Fn(&[f32]) -> ColourMap) -> Vec<[f32; 3]> {
        let area = pixels.len();
        let value = |place: usize| pixels[place % area][place / area] / WHITE;
        let mut planes: Vec<f32> = (0..3 * area).map(value).collect();
        map(&planes).apply(&mut planes);
        let pixel = |place: usize| [0, 1, 2].map(|colour| planes[colour * area + place] * WHITE);
        (0..area).map(pixel).collect()
    }

    fn close(found: &[[f32; 3]], expected: &[[f32; 3]]) {
        let pairs = found.as_flattened().iter().zip(expected.as_flattened());
        for (a, b) in pairs {
            assert!((a - b).abs() < 0.01, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn light_by_hand() {
        let pixel = [[0.0, 100.0, 250.0]];
        let brightened = |share| mapped(&pixel, |_| ColourMap::brighten(share));
        close(&brightened(0.2), &[[51.0, 151.0, 255.0]]);
        close(&brightened(-0.2), &[[0.0, 49.0, 199.0]]);
        // Greys 50 and 150: the mean is 100.
        let contrasted = |factor| {
            mapped(&[[50.0; 3], [150.0; 3]], |planes| {
                ColourMap::contrast(factor, mean_grey(planes))
            })
        };
        close(&contrasted(0.5), &[[75.0; 3], [125.0; 3]]);
        close(&contrasted(0.0), &[[100.0; 3], [100.0; 3]]);
    }

    #[test]
    fn colours_by_hand() {
        // 0.299 · 200 = 59.8.
        close(
            &mapped(&[[200.0, 0.0, 0.0]], |_| ColourMap::saturate(0.0)),
            &[[59.8; 3]],
        );
        let pixel = [[200.0, 10.0, 30.0]];
        close(&mapped(&pixel, |_| ColourMap::saturate(1.0)), &pixel);
        close(
            &mapped(&pixel, |_| ColourMap::turn_hue(1.0 / 3.0)),
            &[[30.0, 200.0, 10.0]],
        );
        close(
            &mapped(&[[80.0; 3]], |_| ColourMap::turn_hue(0.23)),
            &[[80.0; 3]],
        );
    }

    #[test]
    fn means_weigh_every_pixel() {
        // 37 pixels: two rounds of lanes, and five.
        let planes: Vec<f32> = (0..3 * 37).map(|place| place as f32 / 200.0).collect();
        let mean = |first: usize| (first as f32 + 18.0) / 200.0;
        let expected = 0.299 * mean(0) + 0.587 * mean(37) + 0.114 * mean(74);
        assert!((mean_grey(&planes) - expected).abs() < 1e-6);
    }
}
