//! Resizing with a triangle filter: bilinear when it enlarges, averaging when it shrinks.

use pulp::{Simd, WithSimd};

use super::jpeg::Plane;
use crate::simd::dispatch;

const CHANNELS: usize = 3;
/// Output rows that are made together, so that the weights across are read once for all.
const ROWS: usize = 2;
/// Pixels that are turned into bytes together.
const PACKED: usize = 64;

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
        let slope = 1.0 / reach;
        for (out, values) in weights.values.chunks_exact_mut(taps).enumerate() {
            let center = from + (out as f64 + 0.5) * scale;
            // `as` takes the floor, without a call: nothing is negative.
            let first = (center - reach).max(0.0) as usize;
            let start = first.clamp(low, high - taps);
            let mut sum = 0.0;
            for (value, position) in values.iter_mut().zip(start..) {
                let distance = (position as f64 + 0.5 - center).abs();
                let weight = (1.0 - distance * slope).max(0.0) as f32;
                *value = weight;
                sum += weight;
            }
            let share = 1.0 / sum;
            values.iter_mut().for_each(|value| *value *= share);
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
    dispatch(Resize {
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

impl WithSimd for Resize<'_> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<u8> {
        let used = self.across.used();
        // Lines end with whole vectors, of which the end is not used.
        let length = used.len().next_multiple_of(Plane::BEYOND);
        let bands = Bands::new(self.across, S::F32_LANES);
        let target = self.across.starts.len();
        let width = bands.bands.len() * S::F32_LANES;
        let channels = match self.source {
            Source::Planes([_]) => 1,
            _ => CHANNELS,
        };
        let mut interleaved = vec![0.0_f32; used.len() * CHANNELS];
        let mut lines = vec![0.0_f32; ROWS * channels * length];
        let mut out = vec![0.0_f32; ROWS * channels * width];
        let mut resized = vec![0; target * self.down.starts.len() * 3];
        for (strip, rows) in resized.chunks_mut(ROWS * target * 3).enumerate() {
            let ys = strip * ROWS..strip * ROWS + rows.len() / (target * 3);
            for (y, lines) in ys.zip(lines.chunks_exact_mut(channels * length)) {
                match self.source {
                    Source::Rgb(bytes, width) => {
                        let bytes = (&bytes[used.start * 3..], width * 3);
                        rgb_line(bytes, self.down.of(y), &mut interleaved, lines, length);
                    }
                    Source::Planes(planes) => {
                        for (plane, line) in planes.iter().zip(lines.chunks_exact_mut(length)) {
                            plane_line(simd, plane, used.start, self.down.of(y), line);
                        }
                    }
                }
            }
            if channels == 1 {
                along::<S, ROWS>(simd, &bands, &lines, &mut out);
            } else {
                along::<S, { ROWS * CHANNELS }>(simd, &bands, &lines, &mut out);
            }
            let out = out.chunks_exact_mut(channels * width);
            for (row, out) in rows.chunks_exact_mut(target * 3).zip(out) {
                match self.source {
                    Source::Rgb(..) => {}
                    Source::Planes([_]) => out.iter_mut().for_each(|value| *value += 128.0),
                    Source::Planes(_) => colours(simd, out),
                }
                let (red, rest) = out.split_at(width);
                match channels {
                    1 => bytes([red; CHANNELS], row),
                    _ => bytes([red, &rest[..width], &rest[width..]], row),
                }
            }
        }
        resized
    }
}

/// Weights of output positions side by side, as many as a vector has lanes: for each input position that any of
/// them uses, the weights of all.
struct Bands {
    /// First input position, from the first used one, and where the weights are.
    bands: Vec<(usize, std::ops::Range<usize>)>,
    values: Vec<f32>,
}

impl Bands {
    fn new(weights: &Weights, lanes: usize) -> Self {
        let mut bands = Self {
            bands: Vec::with_capacity(weights.starts.len().div_ceil(lanes)),
            values: Vec::new(),
        };
        let origin = weights.used().start;
        let mut values = weights.values.chunks_exact(weights.taps);
        for starts in weights.starts.chunks(lanes) {
            let (first, last) = (starts[0], starts[starts.len() - 1]);
            let at = bands.values.len();
            let end = at + (last + weights.taps - first) * lanes;
            bands.values.resize(end, 0.0);
            for (lane, (start, values)) in starts.iter().zip(&mut values).enumerate() {
                let places = bands.values[at + (start - first) * lanes + lane..].iter_mut();
                for (place, value) in places.step_by(lanes).zip(values) {
                    *place = *value;
                }
            }
            bands.bands.push((first - origin, at..end));
        }
        bands
    }
}

/// A line of a plane at an output height.
#[inline(always)]
fn plane_line<S: Simd>(
    simd: S,
    plane: &Plane,
    left: usize,
    (top, weights): (usize, &[f32]),
    line: &mut [f32],
) {
    let rows = &plane.samples[top * plane.stride + left..];
    let (line, _) = S::as_mut_simd_f32s(line);
    for (index, out) in line.iter_mut().enumerate() {
        let mut sum = simd.splat_f32s(0.0);
        for (y, weight) in weights.iter().enumerate() {
            let (samples, _) =
                S::as_simd_f32s(&rows[y * plane.stride + index * S::F32_LANES..][..S::F32_LANES]);
            sum = simd.mul_add_e_f32s(simd.splat_f32s(*weight), samples[0], sum);
        }
        *out = sum;
    }
}

/// The lines of three colours at an output height, `length` apart.
#[inline(always)]
fn rgb_line(
    (bytes, stride): (&[u8], usize),
    (top, weights): (usize, &[f32]),
    sums: &mut [f32],
    lines: &mut [f32],
    length: usize,
) {
    sums.fill(0.0);
    for (y, weight) in (top..).zip(weights) {
        for (sum, &byte) in sums.iter_mut().zip(&bytes[y * stride..]) {
            *sum += weight * f32::from(byte);
        }
    }
    for (channel, line) in lines.chunks_exact_mut(length).enumerate() {
        for (value, pixel) in line.iter_mut().zip(sums.chunks_exact(CHANNELS)) {
            *value = pixel[channel];
        }
    }
}

/// Resizes `N` lines: a vector of output positions at a time, each input value being spread over the lanes.
/// Most of a band's weights are zero, and still this is quicker than to gather the inputs of each output, where
/// only the channels can be the lanes.
#[inline(always)]
fn along<S: Simd, const N: usize>(simd: S, bands: &Bands, lines: &[f32], out: &mut [f32]) {
    let length = lines.len() / N;
    let (out, _) = S::as_mut_simd_f32s(out);
    let width = out.len() / N;
    for (index, (first, values)) in bands.bands.iter().enumerate() {
        let (weights, _) = S::as_simd_f32s(&bands.values[values.clone()]);
        let mut from = [lines; N];
        for (line, from) in from.iter_mut().enumerate() {
            *from = &lines[line * length + first..][..weights.len()];
        }
        let mut sums = [simd.splat_f32s(0.0); N];
        for (at, weights) in weights.iter().enumerate() {
            for (sum, from) in sums.iter_mut().zip(&from) {
                *sum = simd.mul_add_e_f32s(simd.splat_f32s(from[at]), *weights, *sum);
            }
        }
        for (line, sum) in sums.iter().enumerate() {
            out[line * width + index] = *sum;
        }
    }
}

/// Light and colour differences centred on zero → red, green and blue (JFIF 1.02).
#[inline(always)]
fn colours<S: Simd>(simd: S, line: &mut [f32]) {
    let (line, _) = S::as_mut_simd_f32s(line);
    let width = line.len() / CHANNELS;
    let (first, rest) = line.split_at_mut(width);
    let (second, third) = rest.split_at_mut(width);
    let [middle, red, green_blue, green_red, blue] =
        [128.0, 1.402, -0.344_136, -0.714_136, 1.772].map(|factor| simd.splat_f32s(factor));
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (y, b, r) = (simd.add_f32s(*first, middle), *second, *third);
        *first = simd.mul_add_e_f32s(red, r, y);
        *second = simd.mul_add_e_f32s(green_blue, b, simd.mul_add_e_f32s(green_red, r, y));
        *third = simd.mul_add_e_f32s(blue, b, y);
    }
}

/// Bytes of a row of pixels.
#[inline(always)]
fn bytes(colours: [&[f32]; CHANNELS], row: &mut [u8]) {
    // Adding 2²³ leaves the nearest integer in the low bits: the compiler makes no vectors of `as`.
    let byte = |value: f32| (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() & 0xFF;
    let [red, green, blue] = colours;
    let mut block = [0_u32; PACKED];
    for (index, row) in row.chunks_mut(PACKED * 3).enumerate() {
        let part = index * PACKED..(index * PACKED + PACKED).min(red.len());
        let colours = red[part.clone()]
            .iter()
            .zip(&green[part.clone()])
            .zip(&blue[part]);
        for (pixel, ((red, green), blue)) in block.iter_mut().zip(colours) {
            *pixel = byte(*red) | byte(*green) << 8 | byte(*blue) << 16;
        }
        for (bytes, pixel) in row.chunks_exact_mut(3).zip(&block) {
            bytes.copy_from_slice(&pixel.to_le_bytes()[..3]);
        }
    }
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

    /// A part of planes wider than a vector, to sides that fill no whole vector: each output against its sum.
    #[test]
    fn planes_are_weighted_across_and_down() {
        let plane = |step: usize| {
            let value = |at| (at * step % 101) as f32 - 50.0;
            let samples = (0..37 * 23 + Plane::BEYOND).map(value).collect();
            Plane {
                samples,
                stride: 37,
            }
        };
        let planes = [plane(7), plane(0), plane(0)];
        // The two without a step are -50 everywhere.
        let offsets = [-1.402 * 50.0, (0.344_136 + 0.714_136) * 50.0, -1.772 * 50.0];
        let across = Weights::new((4.5, 36.0), 19);
        let down = Weights::new((1.0, 22.5), 7);
        let resized = resize(Source::Planes(&planes), &across, &down);
        let grey = resize(Source::Planes(&planes[..1]), &across, &down);
        for (at, (pixel, grey)) in resized.chunks(3).zip(grey.chunks(3)).enumerate() {
            let (left, weights) = across.of(at % 19);
            let (top, heights) = down.of(at / 19);
            let mut light = 128.0;
            for (y, height) in (top..).zip(heights) {
                for (x, weight) in (left..).zip(weights) {
                    light += height * weight * planes[0].samples[y * 37 + x];
                }
            }
            for (channel, offset) in offsets.iter().enumerate() {
                let expected = (light + offset).clamp(0.0, 255.0);
                assert!((f32::from(pixel[channel]) - expected).abs() < 0.51, "{at}");
                assert!((f32::from(grey[channel]) - light).abs() < 0.51, "{at}");
            }
        }
    }
}
