//! The compressed data → planes of samples at a fraction of the picture's size.

use super::{
    bits::Bits,
    header::{Component, Header},
    huffman::{Entry, Table, extend},
    transform::{Block, Inverse},
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

/// A component while it is decoded.
struct Channel<'a> {
    /// Blocks across and down in one unit.
    blocks: (usize, usize),
    /// Samples of a block's side.
    side: usize,
    inverse: Inverse,
    quantization: [f32; 64],
    dc: &'a Table,
    ac: &'a Table,
    last_dc: i32,
    plane: Plane,
}

/// Decodes every component with `eighths` samples per eight of the picture.
#[inline(always)]
pub fn decode(header: &Header, eighths: usize) -> Option<Vec<Plane>> {
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
                channel.unit(&mut bits, row, column)?;
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
            inverse: Inverse::new(side)?,
            quantization: quantization.map(f32::from),
            dc: header.dc[component.dc].as_ref()?,
            ac: header.ac[component.ac].as_ref()?,
            last_dc: 0,
            plane: Plane {
                samples: vec![0.0; stride * down * blocks.1 * side],
                stride,
            },
        })
    }

    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits, row: usize, column: usize) -> Option<()> {
        for y in 0..self.blocks.1 {
            for x in 0..self.blocks.0 {
                let mut block = Block::default();
                let last = self.block(bits, &mut block)?;
                let start = (row * self.blocks.1 + y) * self.side * self.plane.stride
                    + (column * self.blocks.0 + x) * self.side;
                self.inverse.write(
                    &block,
                    last,
                    &mut self.plane.samples[start..],
                    self.plane.stride,
                );
            }
        }
        Some(())
    }

    /// Reads the coefficients of a block; tells the position of the last that is not zero.
    #[inline(always)]
    fn block(&mut self, bits: &mut Bits, block: &mut Block) -> Option<usize> {
        bits.refill();
        let (symbol, value) = read(self.dc, bits)?;
        if symbol > 11 {
            return None;
        }
        self.last_dc = self.last_dc.checked_add(value)?;
        block.0[0] = self.last_dc as f32 * self.quantization[0];
        let mut position = 1;
        let mut last = 0;
        while position < 64 {
            bits.refill();
            let (symbol, value) = read(self.ac, bits)?;
            if symbol & 15 == 0 {
                // End of block, or sixteen zeros.
                if symbol != 0xF0 {
                    break;
                }
                position += 16;
                continue;
            }
            position += usize::from(symbol >> 4);
            let place = *ZIGZAG.get(position)?;
            block.0[usize::from(place)] = value as f32 * self.quantization[position];
            last = position;
            position += 1;
        }
        Some(last)
    }
}

/// A symbol and the value whose bits follow it. A code and its value are at most 16 + 15 bits.
#[inline(always)]
fn read(table: &Table, bits: &mut Bits) -> Option<(u8, i32)> {
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
