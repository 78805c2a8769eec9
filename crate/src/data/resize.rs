//! Resizing with a triangle filter: bilinear when it enlarges, averaging when it shrinks.

use pulp::NullaryFnOnce;

use super::jpeg::Plane;
use crate::simd::vectorized;

/// Channels of a pixel while it is resized, so that one is a vector.
const LANES: usize = 4;

/// What each output position takes from the input positions.
pub(super) struct Weights {
    /// First input position of each output position.
    starts: Vec<usize>,
    /// Weights of each output position, all of one length.
    values: Vec<f32>,
    taps: usize,
}

impl Weights {
    /// `target` positions spread over `from..to` of the input positions; none outside is used.
    pub(super) fn new((from, to): (f64, f64), target: usize) -> Self {
        let scale = (to - from) / target as f64;
        // A triangle reaches one input pixel on each side, more when several make one.
        let reach = scale.max(1.0);
        let (low, high) = (from.floor() as usize, to.ceil() as usize);
        let taps = ((2.0 * reach).ceil() as usize + 1).min(high - low);
        let mut weights = Self {
            starts: Vec::with_capacity(target),
            values: vec![0.0; target * taps],
            taps,
        };
        for (out, values) in weights.values.chunks_exact_mut(taps).enumerate() {
            let center = from + (out as f64 + 0.5) * scale;
            let first = (center - reach).floor().max(0.0) as usize;
            let start = first.clamp(low, high - taps);
            let weight =
                |position: usize| (1.0 - (position as f64 + 0.5 - center).abs() / reach).max(0.0);
            let sum: f64 = (start..start + taps).map(weight).sum();
            for (value, position) in values.iter_mut().zip(start..) {
                *value = (weight(position) / sum) as f32;
            }
            weights.starts.push(start);
        }
        weights
    }

    #[inline(always)]
    fn of(&self, out: usize) -> (usize, &[f32]) {
        (
            self.starts[out],
            &self.values[out * self.taps..][..self.taps],
        )
    }

    /// Input positions that any output position uses.
    fn used(&self) -> std::ops::Range<usize> {
        let first = self.starts.first().copied().unwrap_or(0);
        first..self.starts.last().map_or(0, |last| last + self.taps)
    }
}

/// Pixels to resize.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// RGB bytes, so many pixels a row.
    Rgb(&'a [u8], usize),
    /// Grey or YCbCr planes centred on zero.
    Planes(&'a [Plane]),
}

/// RGB bytes of the output positions of both weights.
pub(super) fn resize(source: Source, across: &Weights, down: &Weights) -> Vec<u8> {
    vectorized(Resize {
        source,
        across,
        down,
    })
}

/// A resize to run with the widest vectors there are.
struct Resize<'a> {
    source: Source<'a>,
    across: &'a Weights,
    down: &'a Weights,
}

impl NullaryFnOnce for Resize<'_> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn call(self) -> Vec<u8> {
        run(self.source, self.across, self.down)
    }
}

#[inline(always)]
fn run(source: Source, across: &Weights, down: &Weights) -> Vec<u8> {
    let used = across.used();
    let mut sums = vec![0.0_f32; used.len() * 3];
    let mut line = vec![[0.0_f32; LANES]; used.len()];
    let mut out = vec![[0.0_f32; 3]; across.starts.len()];
    let mut resized = vec![0; across.starts.len() * down.starts.len() * 3];
    for (y, row) in resized.chunks_exact_mut(out.len() * 3).enumerate() {
        let (top, weights) = down.of(y);
        match source {
            Source::Rgb(bytes, width) => {
                sums.fill(0.0);
                for (y, weight) in (top..).zip(weights) {
                    let bytes = &bytes[(y * width + used.start) * 3..][..used.len() * 3];
                    for (sum, &byte) in sums.iter_mut().zip(bytes) {
                        *sum += weight * f32::from(byte);
                    }
                }
                for (pixel, sums) in line.iter_mut().zip(sums.chunks_exact(3)) {
                    pixel[..3].copy_from_slice(sums);
                }
            }
            Source::Planes(planes) => {
                for (channel, plane) in planes.iter().enumerate() {
                    let sums = &mut sums[..used.len()];
                    sums.fill(0.0);
                    for (y, weight) in (top..).zip(weights) {
                        let samples = &plane.samples[y * plane.stride + used.start..][..used.len()];
                        for (sum, sample) in sums.iter_mut().zip(samples) {
                            *sum += weight * sample;
                        }
                    }
                    for (pixel, sum) in line.iter_mut().zip(sums) {
                        pixel[channel] = *sum;
                    }
                }
            }
        }
        for (x, pixel) in out.iter_mut().enumerate() {
            let (left, weights) = across.of(x);
            let mut sums = [0.0_f32; LANES];
            for (weight, values) in weights.iter().zip(&line[left - used.start..]) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
            pixel.copy_from_slice(&sums[..3]);
        }
        match source {
            Source::Rgb(..) => {}
            Source::Planes([_]) => out
                .iter_mut()
                .for_each(|pixel| *pixel = [pixel[0] + 128.0; 3]),
            // JFIF 1.02.
            Source::Planes(_) => out.iter_mut().for_each(|pixel| {
                let [y, b, r] = *pixel;
                let y = y + 128.0;
                *pixel = [
                    y + 1.402 * r,
                    y - 0.344_136 * b - 0.714_136 * r,
                    y + 1.772 * b,
                ];
            }),
        }
        for (byte, value) in row.iter_mut().zip(out.as_flattened()) {
            *byte = (value + 0.5).clamp(0.0, 255.0) as i32 as u8;
        }
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(weights: &Weights) -> Vec<(usize, Vec<f32>)> {
        (0..weights.starts.len())
            .map(|out| (weights.of(out).0, weights.of(out).1.to_vec()))
            .collect()
    }

    #[test]
    fn weights_by_hand() {
        // The same size: each position is its own.
        for (out, (start, values)) in values(&Weights::new((2.0, 5.0), 3)).iter().enumerate() {
            let own = values[out + 2 - start];
            assert_eq!((own, values.iter().sum::<f32>()), (1.0, 1.0));
        }
        // Four into two: centres at 1 and 3, reach 2, so distances ½ and 1½ weigh ¾ and ¼; the
        // border cuts the triangle.
        let halved = values(&Weights::new((0.0, 4.0), 2));
        assert_eq!(halved[0].0, 0);
        let expected = [0.75, 0.75, 0.25, 0.0].map(|weight: f32| weight / 1.75);
        for (value, expected) in halved[0].1.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{halved:?}");
        }
        // Two into four: centres at ¼, ¾, 1¼, 1¾.
        let doubled = values(&Weights::new((0.0, 2.0), 4));
        let first: Vec<f32> = doubled.iter().map(|(_, values)| values[0]).collect();
        assert_eq!(first, [1.0, 0.75, 0.25, 0.0]);
    }

    #[test]
    fn a_flat_picture_stays_flat_and_a_part_sees_nothing_else() {
        // The left half is 10, the right one 200.
        let mut pixels = Vec::new();
        for _ in 0..6 {
            for x in 0..8 {
                pixels.extend([if x < 4 { 10 } else { 200 }; 3]);
            }
        }
        for (part, expected) in [((0.0, 4.0), 10), ((4.0, 8.0), 200)] {
            for side in [1, 3, 4, 9] {
                let across = Weights::new(part, side);
                let down = Weights::new((0.0, 6.0), side);
                let resized = resize(Source::Rgb(&pixels, 8), &across, &down);
                assert_eq!(resized, vec![expected; side * side * 3]);
            }
        }
    }
}
