//! Gaussian noise, many values at once.
//!
//! # Source
//! Box and Muller, *A Note on the Generation of Random Normal Deviates*, 1958; generator: Blackman and Vigna,
//! xoshiro128++, 2019; polynomials: Moshier's Cephes, single precision.

use rand::{RngExt, rngs::StdRng};

use crate::simd::vectorized;

/// Generators that run side by side.
const LANES: usize = 16;
/// Numbers that one round gives: two a generator.
const ROUND: usize = 2 * LANES;

/// Adds noise of this standard deviation to values kept in `[0, 1]`.
pub(super) fn add(values: &mut [f32], sd: f32, rng: &mut StdRng) {
    let mut normals = Normals::new(rng);
    vectorized(
        #[inline(always)]
        move || {
            for chunk in values.chunks_mut(ROUND) {
                let noise = normals.next();
                for (value, noise) in chunk.iter_mut().zip(noise) {
                    *value = (*value + sd * noise).clamp(0.0, 1.0);
                }
            }
        },
    );
}

/// Numbers of a normal law of mean 0 and variance 1.
struct Normals {
    state: [[u32; LANES]; 4],
}

impl Normals {
    fn new(rng: &mut StdRng) -> Self {
        let mut state = [[0; LANES]; 4];
        for word in state.as_flattened_mut() {
            *word = rng.random();
        }
        // A generator whose state is zero would stay there.
        state[0].iter_mut().for_each(|word| *word |= 1);
        Self { state }
    }

    /// One step of every generator.
    #[inline(always)]
    fn bits(&mut self) -> [u32; LANES] {
        let [a, b, c, d] = &mut self.state;
        let mut bits = [0; LANES];
        for lane in 0..LANES {
            bits[lane] = (a[lane].wrapping_add(d[lane]))
                .rotate_left(7)
                .wrapping_add(a[lane]);
            let shifted = b[lane] << 9;
            c[lane] ^= a[lane];
            d[lane] ^= b[lane];
            b[lane] ^= c[lane];
            a[lane] ^= d[lane];
            c[lane] ^= shifted;
            d[lane] = d[lane].rotate_left(11);
        }
        bits
    }

    #[inline(always)]
    fn next(&mut self) -> [f32; ROUND] {
        let (for_radius, for_angle) = (self.bits(), self.bits());
        let mut normals = [0.0; ROUND];
        for lane in 0..LANES {
            let radius = (-2.0 * logarithm(unit(for_radius[lane]))).sqrt();
            // An eighth of a turn either way; the low bits choose one of the eight ways around.
            let angle = (unit(for_angle[lane]) - 0.5) * std::f32::consts::FRAC_PI_2;
            let (sine, cosine) = small_sine_cosine(angle);
            let bits = for_angle[lane];
            let swap = bits & 1 == 0;
            let (one, other) = (
                if swap { sine } else { cosine },
                if swap { cosine } else { sine },
            );
            normals[lane] = radius * signed(one, bits << 30);
            normals[lane + LANES] = radius * signed(other, bits << 29);
        }
        normals
    }
}

/// A number between 0 and 1, neither included, from the 23 high bits.
#[inline(always)]
fn unit(bits: u32) -> f32 {
    ((bits >> 9) as i32 as f32 + 0.5) * (1.0 / 8_388_608.0)
}

/// The value with its sign changed where the highest bit is set.
#[inline(always)]
fn signed(value: f32, bits: u32) -> f32 {
    f32::from_bits(value.to_bits() ^ (bits & 0x8000_0000))
}

/// The natural logarithm of a normal number above 0, to a few units in the last place.
#[inline(always)]
fn logarithm(value: f32) -> f32 {
    let bits = value.to_bits();
    // value = mantissa · 2^exponent, the mantissa from √½ to √2.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32) >> 23;
    let mantissa = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let x = mantissa - 1.0;
    let square = x * x;
    let mut tail = 7.037_683_6e-2;
    for coefficient in [
        -1.151_461e-1,
        1.167_699_84e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_7e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        tail = tail * x + coefficient;
    }
    x + (tail * x * square - 0.5 * square) + exponent as f32 * std::f32::consts::LN_2
}

/// Sine and cosine of an angle of at most an eighth of a turn either way.
#[inline(always)]
fn small_sine_cosine(angle: f32) -> (f32, f32) {
    let square = angle * angle;
    let sine = ((-1.951_529_6e-4 * square + 8.332_161e-3) * square - 1.666_665_5e-1) * square;
    let cosine = ((2.443_315_7e-5 * square - 1.388_731_6e-3) * square + 4.166_664_6e-2) * square;
    (angle + angle * sine, 1.0 - 0.5 * square + cosine * square)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn functions_are_those_of_the_library() {
        for step in 1..2_000 {
            let value = step as f32 / 2_000.0;
            assert!((logarithm(value) - value.ln()).abs() <= 2e-6 * value.ln().abs().max(1.0));
            let angle = (value - 0.5) * std::f32::consts::FRAC_PI_2;
            let (sine, cosine) = small_sine_cosine(angle);
            assert!((sine - angle.sin()).abs() < 3e-7 && (cosine - angle.cos()).abs() < 3e-7);
        }
        assert!(logarithm(unit(0)).is_finite() && unit(u32::MAX) < 1.0);
    }

    /// Moments and tails of the standard normal law, within five standard errors of 640,000 draws.
    #[test]
    fn noise_is_normal() {
        let mut normals = Normals::new(&mut StdRng::seed_from_u64(1));
        let draws: Vec<f64> = (0..20_000)
            .flat_map(|_| normals.next())
            .map(f64::from)
            .collect();
        let count = draws.len() as f64;
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / count;
        let error = |variance: f64| 5.0 * (variance / count).sqrt();
        assert!(moment(1).abs() < error(1.0), "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < error(2.0), "{}", moment(2));
        assert!(moment(3).abs() < error(15.0), "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < error(96.0), "{}", moment(4));
        for (limit, share) in [
            (0.5, 0.308_537_5),
            (1.0, 0.158_655_3),
            (2.0, 0.022_750_1),
            (3.0, 0.001_349_9),
        ] {
            for sign in [-1.0, 1.0] {
                let above = draws.iter().filter(|x| sign * **x > limit).count() as f64 / count;
                assert!(
                    (above - share).abs() < error(share * (1.0 - share)),
                    "{limit}: {above}"
                );
            }
        }
        // Neighbours, and the two numbers of a pair, tell nothing of each other.
        for gap in [1, LANES, ROUND] {
            let together: f64 = draws.iter().zip(&draws[gap..]).map(|(a, b)| a * b).sum();
            assert!((together / count).abs() < error(1.0), "{gap}");
        }
    }

    #[test]
    fn noise_has_its_spread_and_stays_within_black_and_white() {
        let mut values = vec![0.5; 30_000];
        add(&mut values, 0.05, &mut StdRng::seed_from_u64(1));
        let mean = values.iter().sum::<f32>() / 30_000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 30_000.0;
        // Five standard errors.
        assert!((mean - 0.5).abs() < 0.0015, "{mean}");
        assert!((variance.sqrt() - 0.05).abs() < 0.0011, "{variance}");
        let mut black = vec![0.0; 50];
        add(&mut black, 1.0, &mut StdRng::seed_from_u64(2));
        assert!(black.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!(black.contains(&0.0) && black.contains(&1.0));
    }
}
