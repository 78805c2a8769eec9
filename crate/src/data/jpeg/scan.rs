//! The compressed data → planes of samples at a fraction of the picture's size.

use pulp::Simd;

use super::{
    bits::{Bits, Cursor},
    header::{Component, Header},
    huffman::{Entry, Table, extend},
    transform::{EIGHT, FOUR, ONE, Patterns, TWO, add},
};

/// Row and column of each coefficient, in the order of the data.
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Samples of one component.
pub struct Plane {
    /// Centred on zero: a byte less 128.
    pub samples: Vec<f32>,
    /// Samples of a row, those of the last blocks included.
    pub stride: usize,
}

impl Plane {
    /// Samples beyond the last row, so that a vector may be read anywhere.
    pub const BEYOND: usize = 16;
}

/// A component while it is decoded.
struct Channel<'a> {
    /// Blocks across and down in one unit.
    blocks: (usize, usize),
    /// Samples of a block's side.
    side: usize,
    quantization: [f32; 64],
    dc: &'a Table,
    ac: &'a Table,
    last_dc: i32,
    plane: Plane,
}

/// Decodes every component with `eighths` samples per eight of the picture.
#[inline(always)]
pub fn decode<S: Simd>(simd: S, header: &Header, eighths: usize) -> Option<Vec<Plane>> {
    let largest = header
        .components
        .iter()
        .map(|component| component.sampling.0)
        .max()?;
    let units = |side: u16| usize::from(side).div_ceil(8 * largest);
    let (across, down) = (units(header.width), units(header.height));
    let mut channels = header
        .components
        .iter()
        .map(|component| {
            Channel::new(
                header,
                component,
                eighths * largest / component.sampling.0,
                (across, down),
            )
        })
        .collect::<Option<Vec<_>>>()?;
    let mut bits = Bits::new(header.data);
    let mut restarts = 0;
    let mut left = header.restart;
    for row in 0..down {
        for column in 0..across {
            if header.restart > 0 {
                if left == 0 {
                    bits.restart(restarts)?;
                    restarts += 1;
                    left = header.restart;
                    for channel in &mut channels {
                        channel.last_dc = 0;
                    }
                }
                left -= 1;
            }
            for channel in &mut channels {
                channel.unit(simd, &mut bits, (row, column))?;
            }
        }
        if bits.overrun() {
            return None;
        }
    }
    Some(channels.into_iter().map(|channel| channel.plane).collect())
}

impl<'a> Channel<'a> {
    #[inline(always)]
    fn new(
        header: &'a Header,
        component: &Component,
        side: usize,
        (across, down): (usize, usize),
    ) -> Option<Self> {
        let quantization = header.quantization_of(component)?;
        let blocks = component.sampling;
        let stride = across * blocks.0 * side;
        Some(Self {
            blocks,
            side,
            quantization: quantization.map(f32::from),
            dc: header.dc[component.dc].as_ref()?,
            ac: header.ac[component.ac].as_ref()?,
            last_dc: 0,
            plane: Plane {
                samples: vec![0.0; stride * down * blocks.1 * side + Plane::BEYOND],
                stride,
            },
        })
    }

    #[inline(always)]
    fn unit<S: Simd>(&mut self, simd: S, bits: &mut Bits, place: (usize, usize)) -> Option<()> {
        match self.side {
            1 => self.blocks::<S, 1, 1>(simd, &ONE, bits, place),
            2 => self.blocks::<S, 2, 4>(simd, &TWO, bits, place),
            4 => self.blocks::<S, 4, 16>(simd, &FOUR, bits, place),
            8 => self.blocks::<S, 8, 64>(simd, &EIGHT, bits, place),
            _ => None,
        }
    }

    #[inline(always)]
    fn blocks<S: Simd, const SIDE: usize, const AREA: usize>(
        &mut self,
        simd: S,
        patterns: &Patterns<AREA>,
        bits: &mut Bits,
        (row, column): (usize, usize),
    ) -> Option<()> {
        for y in 0..self.blocks.1 {
            for x in 0..self.blocks.0 {
                let averages = self.block(simd, patterns, bits)?;
                let start = (row * self.blocks.1 + y) * SIDE * self.plane.stride
                    + (column * self.blocks.0 + x) * SIDE;
                for (y, averages) in averages.chunks_exact(SIDE).enumerate() {
                    self.plane.samples[start + y * self.plane.stride..][..SIDE]
                        .copy_from_slice(averages);
                }
            }
        }
        Some(())
    }

    /// Reads the coefficients of a block; gives its samples, row by row.
    #[inline(always)]
    fn block<S: Simd, const AREA: usize>(
        &mut self,
        simd: S,
        patterns: &Patterns<AREA>,
        bits: &mut Bits,
    ) -> Option<[f32; AREA]> {
        let mut cursor = bits.cursor;
        let plain = bits.plain();
        cursor.refill(plain);
        let (symbol, value) = read(self.dc, &mut cursor)?;
        if symbol > 11 {
            return None;
        }
        self.last_dc = self.last_dc.checked_add(value)?;
        let mut averages = [self.last_dc as f32 * self.quantization[0] / 8.0; AREA];
        let mut position = 1;
        while position < 64 {
            cursor.refill(plain);
            let (symbol, value) = read(self.ac, &mut cursor)?;
            if symbol & 15 == 0 {
                // End of block, or sixteen zeros.
                if symbol != 0xF0 {
                    break;
                }
                position += 16;
                continue;
            }
            position += usize::from(symbol >> 4);
            let pattern = patterns.get(position)?;
            let value = value as f32 * self.quantization[position];
            add(simd, &mut averages, value, pattern);
            position += 1;
        }
        bits.cursor = cursor;
        Some(averages)
    }
}

/// A symbol and the value whose bits follow it. A code and its value are at most 16 + 15 bits.
#[inline(always)]
fn read(table: &Table, bits: &mut Cursor) -> Option<(u8, i32)> {
    let entry = table.look(bits.peek());
    if entry.bits & Entry::WHOLE != 0 {
        bits.skip(u32::from(entry.bits & !Entry::WHOLE));
        return Some((entry.symbol, i32::from(entry.value)));
    }
    let (symbol, length) = match entry.bits {
        0 => table.long(bits.peek())?,
        length => (entry.symbol, u32::from(length)),
    };
    bits.skip(length);
    let size = u32::from(symbol & 15);
    Some((symbol, extend(bits.take(size), size)))
}
