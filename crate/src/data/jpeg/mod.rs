//! Baseline JPEG decoded at a half, a quarter or an eighth of its size, without making the whole picture first.
//!
//! Reading pictures is mostly making pixels that the resize to 64 × 64 then averages away. Here each block of
//! 8 × 8 coefficients gives directly its 4 × 4, 2 × 2 or single average: the same values as a whole
//! decode followed by means of squares. Colours that the file holds at half resolution, as nearly all
//! photographs do, are taken at twice the scale of the light, so nothing is interpolated.
//!
//! This serves what data sets hold (baseline, 8 bits, grey or YCbCr with whole or halved colours) and answers
//! `None` to anything else, damaged files included: the general decoder then reads them or says what is wrong.
//!
//! # Sources
//! ITU-T T.81 (the format); JFIF 1.02 (colours). The well-kept pure Rust decoders either cannot scale
//! (zune-jpeg) or are slower scaled than Pillow (jpeg-decoder): see `cargo tp bench images`.

mod bits;
mod header;
mod huffman;
mod scan;
mod transform;

use header::Header;
use pulp::{Simd, WithSimd};
pub(super) use scan::Plane;

use crate::simd::dispatch;

/// A picture decoded at a fraction of its size.
pub(super) struct Scaled {
    /// Width and height of the planes: the picture's times the scale, rounded up.
    pub size: (usize, usize),
    /// Samples for eight pixels of the picture: 1, 2 or 4.
    pub eighths: u32,
    /// The components: light, then for a colour picture blue and red differences.
    pub planes: Vec<Plane>,
}

/// Decodes at the scale that `choose` takes from the picture's width and height: 1, 2 or 4 eighths.
/// `None` when it chooses none, or the file is none of those that are served, or is damaged.
pub(super) fn decode(
    bytes: &[u8],
    choose: impl FnOnce((u32, u32)) -> Option<u32>,
) -> Option<Scaled> {
    let header = Header::read(bytes)?;
    let full = (u32::from(header.width), u32::from(header.height));
    let eighths = choose(full)?;
    let planes = dispatch(Scan {
        header: &header,
        eighths: eighths as usize,
    })?;
    let scaled = |side: u32| (side * eighths).div_ceil(8) as usize;
    Some(Scaled {
        size: (scaled(full.0), scaled(full.1)),
        eighths,
        planes,
    })
}

/// The compressed data of a file, to decode with the widest vectors there are.
struct Scan<'a> {
    header: &'a Header<'a>,
    eighths: usize,
}

impl WithSimd for Scan<'_> {
    type Output = Option<Vec<Plane>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        scan::decode(simd, self.header, self.eighths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/jpeg/", $name, ".jpg")).as_slice()
        };
    }

    #[test]
    fn what_data_sets_hold_is_served_and_the_rest_is_left() {
        for (name, bytes) in [
            ("colours halved", fixture!("colours_halved")),
            ("colours whole", fixture!("colours_whole")),
            ("odd size", fixture!("odd_size")),
            ("restarts", fixture!("restarts")),
            ("own codes", fixture!("own_codes")),
            ("grey", fixture!("grey")),
            ("upright", fixture!("upright")),
        ] {
            for eighths in [1, 2, 4] {
                assert!(
                    decode(bytes, |_| Some(eighths)).is_some(),
                    "{name} {eighths}"
                );
            }
        }
        for (name, bytes) in [
            ("progressive", fixture!("progressive")),
            ("inks", fixture!("cmyk")),
            ("turned", fixture!("turned")),
            ("colours halved across", fixture!("colours_halved_across")),
            ("red, green, blue", fixture!("named_colours")),
        ] {
            assert!(decode(bytes, |_| Some(4)).is_none(), "{name}");
        }
        assert!(decode(fixture!("grey"), |_| None).is_none());
    }

    /// Whatever the scale, a plane's samples are means of the same picture.
    #[test]
    fn scales_agree_with_each_other() {
        for bytes in [fixture!("odd_size"), fixture!("restarts"), fixture!("grey")] {
            let means = [4, 2, 1].map(|eighths| {
                let picture = decode(bytes, |size| {
                    assert_eq!(size, (133, 107));
                    Some(eighths)
                })
                .unwrap();
                let side = |whole: usize| (whole * eighths as usize).div_ceil(8);
                assert_eq!(picture.size, (side(133), side(107)));
                // The picture's whole blocks: 16 × 13.
                let (width, height) = (16 * eighths as usize, 13 * eighths as usize);
                let means = picture.planes.iter().map(|plane| {
                    let rows = plane.samples.chunks(plane.stride).take(height);
                    let sum: f32 = rows.map(|row| row[..width].iter().sum::<f32>()).sum();
                    sum / (width * height) as f32
                });
                means.collect::<Vec<f32>>()
            });
            for other in &means[1..] {
                for (one, other) in means[0].iter().zip(other) {
                    assert!((one - other).abs() < 0.01, "{means:?}");
                }
            }
        }
    }

    #[test]
    fn cut_files_are_left_to_the_general_decoder() {
        let whole = fixture!("odd_size");
        for end in (0..whole.len() - 40).step_by(7) {
            assert!(decode(&whole[..end], |_| Some(4)).is_none(), "{end}");
        }
    }
}
