//! The compressed data as a flow of bits.

/// Reads bits; beyond the end or a marker there are zeros, and [`Bits::overrun`] tells.
pub struct Bits<'a> {
    data: &'a [u8],
    position: usize,
    /// The next bits, from the high end; those beyond `count` are zero.
    next: u64,
    count: u32,
    /// Bits of zeros that were made up.
    made_up: u32,
}

impl<'a> Bits<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 0,
            next: 0,
            count: 0,
            made_up: 0,
        }
    }

    /// Makes at least 32 bits available.
    #[inline(always)]
    pub fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(bytes) = self.data[self.position..].first_chunk::<4>() {
            let word = u32::from_be_bytes(*bytes);
            // No byte of the four is 0xFF.
            if (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.next |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.position += 4;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    fn refill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.data[self.position..] {
                [0xFF, 0x00, ..] => {
                    self.position += 2;
                    0xFF
                }
                [0xFF, ..] | [] => {
                    self.made_up += 8;
                    0
                }
                [byte, ..] => {
                    self.position += 1;
                    byte
                }
            };
            self.next |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline(always)]
    pub fn peek(&self) -> u64 {
        self.next
    }

    #[inline(always)]
    pub fn skip(&mut self, bits: u32) {
        self.next <<= bits;
        self.count -= bits;
    }

    #[inline(always)]
    pub fn take(&mut self, bits: u32) -> u32 {
        // Two shifts: one of 64 is not defined.
        let value = (self.next >> 1 >> (63 - bits)) as u32;
        self.skip(bits);
        value
    }

    /// Whether bits were read that the data do not hold.
    pub fn overrun(&self) -> bool {
        self.made_up > self.count
    }

    /// Passes the restart marker of this number (modulo eight), the bits before it being read.
    pub fn restart(&mut self, number: usize) -> Option<()> {
        if self.overrun() {
            return None;
        }
        // What is left before the marker is less than a byte of padding.
        let held = (self.count - self.made_up) / 8;
        if held > 0 {
            return None;
        }
        let rest = self.data[self.position..].strip_prefix(&[0xFF, 0xD0 + (number % 8) as u8])?;
        *self = Self::new(rest);
        Some(())
    }
}
