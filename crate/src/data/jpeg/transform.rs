//! Coefficients of a block → its samples, or the averages of squares of them.

use super::scan::ZIGZAG;

/// The 64 coefficients of a block, row by row.
#[repr(align(32))]
pub struct Block(pub [f32; 64]);

impl Default for Block {
    fn default() -> Self {
        Self([0.0; 64])
    }
}

/// The inverse transform that gives `side` × `side` averages of a block.
pub struct Inverse {
    side: usize,
    /// What coefficient u (row) adds to average x (column).
    basis: [[f32; 8]; 8],
    /// Rows that can be other than zero when the last coefficient is at a position of the data.
    rows: [u8; 64],
}

impl Inverse {
    /// For 1, 2, 4 or 8 samples a side.
    pub fn new(side: usize) -> Option<Self> {
        if !matches!(side, 1 | 2 | 4 | 8) {
            return None;
        }
        let per = 8 / side;
        let mut basis = [[0.0; 8]; 8];
        for (u, row) in basis.iter_mut().enumerate() {
            let scale = if u == 0 { (1.0_f64 / 8.0).sqrt() } else { 0.5 };
            for (x, value) in row.iter_mut().enumerate().take(side) {
                let cosines = (x * per..(x + 1) * per)
                    .map(|s| ((2 * s + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos());
                *value = (scale * cosines.sum::<f64>() / per as f64) as f32;
            }
        }
        let mut rows = [0; 64];
        let mut most = 0;
        for (rows, place) in rows.iter_mut().zip(ZIGZAG) {
            most = most.max(place / 8 + 1);
            *rows = most;
        }
        Some(Self { side, basis, rows })
    }

    /// Writes the samples of a block, centred on zero, at the beginning of `samples`, `stride` apart
    /// from row to row.
    #[inline(always)]
    pub fn write(&self, block: &Block, last: usize, samples: &mut [f32], stride: usize) {
        match self.side {
            1 => samples[0] = block.0[0] / 8.0,
            side if last == 0 => {
                for y in 0..side {
                    samples[y * stride..][..side].fill(block.0[0] / 8.0);
                }
            }
            2 => self.squares::<2>(block, last, samples, stride),
            4 => self.squares::<4>(block, last, samples, stride),
            _ => self.squares::<8>(block, last, samples, stride),
        }
    }

    #[inline(always)]
    fn squares<const SIDE: usize>(
        &self,
        block: &Block,
        last: usize,
        samples: &mut [f32],
        stride: usize,
    ) {
        let rows = usize::from(self.rows[last]);
        // Columns first, eight at a time.
        let mut half = [[0.0_f32; 8]; SIDE];
        for (coefficients, basis) in block.0.chunks_exact(8).zip(&self.basis).take(rows) {
            for (sums, factor) in half.iter_mut().zip(basis) {
                for (sum, value) in sums.iter_mut().zip(coefficients) {
                    *sum += factor * value;
                }
            }
        }
        // Along the zigzag, columns are reached at most one step before rows.
        let columns = (rows + 1).min(8);
        for (y, sums) in half.iter().enumerate() {
            let mut line = [0.0_f32; SIDE];
            for (value, basis) in sums.iter().zip(&self.basis).take(columns) {
                for (sample, factor) in line.iter_mut().zip(basis) {
                    *sample += factor * value;
                }
            }
            samples[y * stride..][..SIDE].copy_from_slice(&line);
        }
    }
}
