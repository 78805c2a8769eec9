//! The segments before the compressed data.

use image::metadata::Orientation;

use super::huffman::Table;

/// Quantization tables and Huffman tables that a file may define.
const SLOTS: usize = 4;
/// Most pixels that are decoded.
const MAX_PIXELS: u64 = 64_000_000;

/// One component of the picture.
pub struct Component {
    id: u8,
    /// Blocks across and down in one unit of the scan.
    pub sampling: (usize, usize),
    quantization: usize,
    pub dc: usize,
    pub ac: usize,
}

/// What the decoder needs to know before the compressed data.
pub struct Header<'a> {
    pub width: u16,
    pub height: u16,
    pub components: Vec<Component>,
    quantization: [Option<[u16; 64]>; SLOTS],
    /// Whether a segment tells that colours are YCbCr, whatever the components are called.
    says_ycbcr: bool,
    pub dc: [Option<Table>; SLOTS],
    pub ac: [Option<Table>; SLOTS],
    /// Units between two restart markers, 0 for none.
    pub restart: usize,
    /// Compressed data and what follows.
    pub data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads up to the first scan; `None` for what this decoder does not serve.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut header = Self {
            width: 0,
            height: 0,
            components: Vec::new(),
            quantization: [None; SLOTS],
            says_ycbcr: false,
            dc: Default::default(),
            ac: Default::default(),
            restart: 0,
            data: &[],
        };
        let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
        loop {
            let (marker, after) = match *rest {
                [0xFF, 0xFF, ..] => {
                    rest = &rest[1..];
                    continue;
                }
                [0xFF, marker, ..] => (marker, &rest[2..]),
                _ => return None,
            };
            let length = usize::from(u16::from_be_bytes(after.first_chunk::<2>().copied()?));
            let segment = after.get(2..length)?;
            rest = after.get(length..)?;
            match marker {
                // Baseline, and extended with 8 bits and Huffman codes: the same data.
                0xC0 | 0xC1 => header.frame(segment)?,
                0xC4 => header.huffman(segment)?,
                0xDB => header.quantization(segment)?,
                0xDD => header.restart = usize::from(u16::from_be_bytes(segment.try_into().ok()?)),
                0xDA => {
                    header.scan(segment)?;
                    header.data = rest;
                    return Some(header);
                }
                // Adobe's segment tells other colours than YCbCr.
                0xEE if segment.starts_with(b"Adobe")
                    && segment.get(11) != Some(&1)
                    && header.components.len() != 1 =>
                {
                    return None;
                }
                0xE0 if segment.starts_with(b"JFIF\0") => header.says_ycbcr = true,
                0xEE if segment.starts_with(b"Adobe") => header.says_ycbcr = true,
                0xE1 if turned(segment) => return None,
                0xE0..=0xEF | 0xFE => {}
                _ => return None,
            }
        }
    }

    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        let &[8, h1, h0, w1, w0, count, ref rest @ ..] = segment else {
            return None;
        };
        if !self.components.is_empty()
            || !matches!(count, 1 | 3)
            || rest.len() != 3 * usize::from(count)
        {
            return None;
        }
        self.height = u16::from_be_bytes([h1, h0]);
        self.width = u16::from_be_bytes([w1, w0]);
        let pixels = u64::from(self.width) * u64::from(self.height);
        if pixels == 0 || pixels > MAX_PIXELS {
            return None;
        }
        for part in rest.chunks_exact(3) {
            let sampling = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            let quantization = usize::from(part[2]);
            if quantization >= SLOTS {
                return None;
            }
            self.components.push(Component {
                id: part[0],
                sampling,
                quantization,
                dc: 0,
                ac: 0,
            });
        }
        let sampling: Vec<_> = self.components.iter().map(|c| c.sampling).collect();
        match sampling[..] {
            // Alone, a component has one block a unit whatever it says.
            [_] => {
                self.components[0].sampling = (1, 1);
                Some(())
            }
            [(1, 1) | (2, 2), (1, 1), (1, 1)] => Some(()),
            _ => None,
        }
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [slot, rest @ ..] = segment {
            let counts = rest.first_chunk::<16>()?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let symbols = rest.get(16..16 + total)?;
            let slots = match slot >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *slots.get_mut(usize::from(slot & 15))? = Some(Table::new(counts, symbols)?);
            segment = &rest[16 + total..];
        }
        Some(())
    }

    fn quantization(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [slot, rest @ ..] = segment {
            let mut table = [0; 64];
            let width = match slot >> 4 {
                0 => 1,
                1 => 2,
                _ => return None,
            };
            let values = rest.get(..64 * width)?;
            for (value, bytes) in table.iter_mut().zip(values.chunks_exact(width)) {
                *value = bytes
                    .iter()
                    .fold(0, |value, &byte| value << 8 | u16::from(byte));
            }
            *self.quantization.get_mut(usize::from(slot & 15))? = Some(table);
            segment = &rest[64 * width..];
        }
        Some(())
    }

    fn scan(&mut self, segment: &[u8]) -> Option<()> {
        let [count, rest @ ..] = segment else {
            return None;
        };
        if usize::from(*count) != self.components.len()
            || self.components.is_empty()
            || rest.len() != 2 * self.components.len() + 3
        {
            return None;
        }
        for (component, part) in self.components.iter_mut().zip(rest.chunks_exact(2)) {
            if component.id != part[0] {
                return None;
            }
            (component.dc, component.ac) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            self.dc.get(component.dc)?.as_ref()?;
            self.ac.get(component.ac)?.as_ref()?;
            self.quantization[component.quantization]?;
        }
        // Where no segment tells the colours, their names do: these are the colours themselves.
        let names = self.components.iter().map(|component| component.id);
        if !self.says_ycbcr && names.eq(*b"RGB") {
            return None;
        }
        Some(())
    }

    /// Quantization of a component, in the order of the data.
    pub fn quantization_of(&self, component: &Component) -> Option<&[u16; 64]> {
        self.quantization[component.quantization].as_ref()
    }
}

/// Whether a camera notes that the picture must be turned or mirrored.
fn turned(segment: &[u8]) -> bool {
    segment
        .strip_prefix(b"Exif\0\0")
        .and_then(Orientation::from_exif_chunk)
        .is_some_and(|orientation| orientation != Orientation::NoTransforms)
}
