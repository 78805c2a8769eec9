//! The compressed data as a flow of bits.

/// Zeros kept after the data, so that eight bytes may be read at any place.
const BEYOND: usize = 8;

/// The data up to the next marker.
pub struct Bits<'a> {
    /// Without the zero that follows each 0xFF, so that taking bits tests no byte; then zeros.
    plain: Vec<u8>,
    /// The next marker and what follows.
    rest: &'a [u8],
    pub cursor: Cursor,
}

/// A place in the data. A copy of it stays in registers while a block is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    /// Next byte to load; it goes on growing beyond the end.
    position: usize,
    /// The next bits, from the high end.
    next: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        let mut bits = Self {
            plain: Vec::with_capacity(data.len() + BEYOND),
            rest: data,
            cursor: Cursor::default(),
        };
        bits.begin();
        bits
    }

    /// Takes what is left up to its next marker.
    fn begin(&mut self) {
        self.plain.clear();
        self.cursor = Cursor::default();
        loop {
            let length = self.rest.iter().position(|&byte| byte == 0xFF);
            let (data, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
            self.plain.extend_from_slice(data);
            self.rest = rest;
            match rest {
                [0xFF, 0x00, after @ ..] => {
                    self.plain.push(0xFF);
                    self.rest = after;
                }
                _ => break,
            }
        }
        self.plain.extend_from_slice(&[0; BEYOND]);
    }

    /// The data that a cursor reads.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Bits of the data that were not read; negative when more were.
    fn left(&self) -> i64 {
        let loaded = 8 * (self.cursor.position as i64);
        8 * (self.plain.len() - BEYOND) as i64 - (loaded - i64::from(self.cursor.count))
    }

    /// Whether bits were read that the data do not hold.
    pub fn overrun(&self) -> bool {
        self.left() < 0
    }

    /// Passes the restart marker of this number (modulo eight), the bits before it being read.
    pub fn restart(&mut self, number: usize) -> Option<()> {
        // What is left before the marker is less than a byte of padding.
        if !(0..8).contains(&self.left()) {
            return None;
        }
        self.rest = self.rest.strip_prefix(&[0xFF, 0xD0 + (number % 8) as u8])?;
        self.begin();
        Some(())
    }
}

impl Cursor {
    /// Makes at least 56 bits available; beyond the end there are zeros. Without a branch: whether bits are
    /// missing cannot be guessed.
    #[inline(always)]
    pub fn refill(&mut self, plain: &[u8]) {
        let at = self.position.min(plain.len() - BEYOND);
        let bytes = plain[at..].first_chunk::<BEYOND>();
        // Bits that are loaded already come out the same.
        self.next |= u64::from_be_bytes(*bytes.unwrap_or(&[0; BEYOND])) >> self.count;
        self.position += ((63 - self.count) >> 3) as usize;
        self.count |= 56;
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
}
