//! Huffman codes of a baseline file.

/// Bits that one look-up decodes.
pub const LOOK: u32 = 10;
/// Longest code.
const LONGEST: usize = 16;

/// What the next [`LOOK`] bits tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry {
    /// Value of the coefficient, when its bits are within the look too.
    pub value: i16,
    /// The symbol: a run of zeros (high four bits) and a number of bits of the value (low four).
    pub symbol: u8,
    /// Low seven bits: bits of the code (0: the code is longer than the look), with those of the value when the high bit is set.
    pub bits: u8,
}

impl Entry {
    pub const WHOLE: u8 = 0x80;
}

/// A table of codes.
pub struct Table {
    look: Vec<Entry>,
    /// First code beyond those of each length, aligned to 16 bits; and what to add to a code to find its symbol.
    limits: [u32; LONGEST + 1],
    offsets: [i32; LONGEST + 1],
    symbols: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length and the symbols in the order of their codes.
    pub fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            look: vec![Entry::default(); 1 << LOOK],
            limits: [0; LONGEST + 1],
            offsets: [0; LONGEST + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=LONGEST {
            table.offsets[length] = index as i32 - code as i32;
            for _ in 0..counts[length - 1] {
                if code >= 1 << length {
                    return None;
                }
                if length as u32 <= LOOK {
                    table.fill(code, length as u32, symbols[index]);
                }
                code += 1;
                index += 1;
            }
            table.limits[length] = code << (LONGEST - length);
            code <<= 1;
        }
        Some(table)
    }

    fn fill(&mut self, code: u32, length: u32, symbol: u8) {
        let free = LOOK - length;
        let size = u32::from(symbol & 15);
        let first = (code << free) as usize;
        let entries = &mut self.look[first..first + (1 << free)];
        if size > free || size == 0 {
            entries.fill(Entry {
                value: 0,
                symbol,
                bits: length as u8,
            });
            return;
        }
        for (bits, entries) in (0..).zip(entries.chunks_exact_mut(1 << (free - size))) {
            entries.fill(Entry {
                value: extend(bits, size) as i16,
                symbol,
                bits: (length + size) as u8 | Entry::WHOLE,
            });
        }
    }

    /// What the next bits tell: `next` holds them in its high end.
    #[inline(always)]
    pub fn look(&self, next: u64) -> Entry {
        self.look[(next >> (64 - LOOK)) as usize]
    }

    /// A code longer than the look: its symbol and its length.
    #[cold]
    pub fn long(&self, next: u64) -> Option<(u8, u32)> {
        let code = (next >> 48) as u32;
        let length = (LOOK as usize + 1..=LONGEST).find(|&length| code < self.limits[length])?;
        let index = (code >> (LONGEST - length)) as i32 + self.offsets[length];
        Some((
            *self.symbols.get(usize::try_from(index).ok()?)?,
            length as u32,
        ))
    }
}

/// A value of `size` bits as the format writes it: a first bit of 0 makes it negative.
#[inline(always)]
pub fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits as i32;
    if size > 0 && bits < 1 << (size - 1) {
        bits - (1 << size) + 1
    } else {
        bits
    }
}
