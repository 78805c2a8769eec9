//! Coefficients of a block → its samples, or the averages of squares of them.
//!
//! Most blocks of a photograph have few coefficients other than zero: rather than a transform of all 64, the
//! pattern of each that is there is added to the samples, as soon as it is read.

use pulp::Simd;

use super::scan::ZIGZAG;

/// cos(k π / 16), for the patterns to be made when this is compiled.
const COSINES: [f64; 9] = [
    1.0,
    0.980_785_280_403_230_4,
    0.923_879_532_511_286_7,
    0.831_469_612_302_545_2,
    std::f64::consts::FRAC_1_SQRT_2,
    0.555_570_233_019_602_2,
    0.382_683_432_365_089_8,
    0.195_090_322_016_128_28,
    0.0,
];

const fn cosine(sixteenths: usize) -> f64 {
    match sixteenths % 32 {
        k @ 0..=8 => COSINES[k],
        k @ 9..=16 => -COSINES[16 - k],
        k @ 17..=24 => -COSINES[k - 16],
        k => COSINES[32 - k],
    }
}

/// What a coefficient of frequency u along a side adds to average x of `side`.
const fn along(u: usize, x: usize, side: usize) -> f64 {
    let per = 8 / side;
    let mut sum = 0.0;
    let mut sample = x * per;
    while sample < (x + 1) * per {
        sum += cosine((2 * sample + 1) * u);
        sample += 1;
    }
    let scale = if u == 0 { COSINES[4] / 2.0 } else { 0.5 };
    scale * sum / per as f64
}

/// The averages of each coefficient alone, in the order of the data.
pub type Patterns<const AREA: usize> = [[f32; AREA]; 64];

const fn all<const SIDE: usize, const AREA: usize>() -> Patterns<AREA> {
    let mut patterns = [[0.0; AREA]; 64];
    let mut position = 0;
    while position < 64 {
        let place = ZIGZAG[position] as usize;
        let mut at = 0;
        while at < AREA {
            patterns[position][at] =
                (along(place / 8, at / SIDE, SIDE) * along(place % 8, at % SIDE, SIDE)) as f32;
            at += 1;
        }
        position += 1;
    }
    patterns
}

/// Patterns of 1, 2, 4 or 8 averages a side.
pub static ONE: Patterns<1> = all::<1, 1>();
pub static TWO: Patterns<4> = all::<2, 4>();
pub static FOUR: Patterns<16> = all::<4, 16>();
pub static EIGHT: Patterns<64> = all::<8, 64>();

/// Adds a pattern, so many times, to the averages of a block.
#[inline(always)]
pub fn add<S: Simd, const AREA: usize>(
    simd: S,
    averages: &mut [f32; AREA],
    value: f32,
    pattern: &[f32; AREA],
) {
    let (vectors, rest) = S::as_mut_simd_f32s(averages);
    let (patterns, patterns_rest) = S::as_simd_f32s(pattern);
    let values = simd.splat_f32s(value);
    for (average, part) in vectors.iter_mut().zip(patterns) {
        *average = simd.mul_add_e_f32s(values, *part, *average);
    }
    for (average, part) in rest.iter_mut().zip(patterns_rest) {
        *average += value * part;
    }
}
