//! The inner loop: a small block of the result, kept in registers while the sum runs.

use pulp::Simd;

pub(super) use crate::simd::{dispatch, vectorized};

/// Vectors side by side in a block.
pub(super) const VECTORS: usize = 2;

/// A block of `ROWS` rows of `V` vectors.
pub(super) type Block<S, const ROWS: usize, const V: usize> = [[<S as Simd>::f32s; V]; ROWS];

/// Columns of a panel.
pub(super) fn width<S: Simd>() -> usize {
    VECTORS * S::F32_LANES
}

/// Rows `start..start + rows` of the result, computed as a block of `height` (the rest is padding).
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub start: usize,
    pub rows: usize,
    pub height: usize,
    /// Rows of all earlier tiles, padding included.
    pub offset: usize,
}

/// Cuts `rows` into tiles whose blocks fit in the registers.
pub(super) fn tiles<S: Simd>(rows: usize) -> Vec<Tile> {
    // Two vectors a row, two more for what is multiplied, one for the factor.
    let heights: [usize; 3] = if S::REGISTER_COUNT >= 32 {
        [12, 8, 4]
    } else {
        [6, 4, 2]
    };
    let (mut start, mut offset) = (0, 0);
    let mut tiles = Vec::new();
    while start < rows {
        let left = rows - start;
        let height = heights
            .into_iter()
            .rev()
            .find(|height| *height >= left)
            .unwrap_or(heights[0]);
        tiles.push(Tile {
            start,
            rows: left.min(height),
            height,
            offset,
        });
        start += height;
        offset += height;
    }
    tiles
}

/// Rows of all tiles, padding included.
pub(super) fn padded_rows(tiles: &[Tile]) -> usize {
    tiles.last().map_or(0, |tile| tile.offset + tile.height)
}

/// Calls `$function::<S, height, …>($arguments)` for the height of a tile.
macro_rules! for_height {
    ($height:expr, $function:ident::<$simd:ty $(, $more:tt)*>($($argument:expr),* $(,)?)) => {
        match $height {
            12 => $function::<$simd, 12 $(, $more)*>($($argument),*),
            8 => $function::<$simd, 8 $(, $more)*>($($argument),*),
            6 => $function::<$simd, 6 $(, $more)*>($($argument),*),
            4 => $function::<$simd, 4 $(, $more)*>($($argument),*),
            2 => $function::<$simd, 2 $(, $more)*>($($argument),*),
            height => unreachable!("no block of {height} rows"),
        }
    };
}
pub(super) use for_height;

/// Runs the body for each row `$m` below `ROWS`, written out: with a loop, or with one index that the
/// compiler does not know, the whole block would live in memory instead of registers.
macro_rules! each_row {
    ($rows:ident, $m:ident => $body:block) => {
        $crate::ops::cpu::tile::each_row!(@ $rows, $m => $body; 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $rows:ident, $m:ident => $body:block; $($index:literal)*) => {$(
        if $index < $rows {
            const { assert!($rows <= 12) };
            let $m: usize = const { $index };
            $body
        }
    )*};
}
pub(super) use each_row;

/// A block filled, row by row, with `start` (zeros where it ends).
#[inline(always)]
pub(super) fn block<S: Simd, const ROWS: usize, const V: usize>(
    simd: S,
    start: &[f32],
) -> Block<S, ROWS, V> {
    let mut block = [[simd.splat_f32s(0.0); V]; ROWS];
    each_row!(ROWS, m => {
        let value = simd.splat_f32s(start.get(m).copied().unwrap_or(0.0));
        block[m][0] = value;
        block[m][V - 1] = value;
    });
    block
}

/// Adds the outer product of a column of `factors` and a row of vectors to the block.
#[inline(always)]
pub(super) fn accumulate<S: Simd, const ROWS: usize, const V: usize>(
    simd: S,
    block: &mut Block<S, ROWS, V>,
    factors: &[f32],
    row: [S::f32s; V],
) {
    let factors = &factors[..ROWS];
    const { assert!(V == 1 || V == 2) };
    each_row!(ROWS, m => {
        let factor = simd.splat_f32s(factors[m]);
        block[m][0] = simd.mul_add_e_f32s(factor, row[0], block[m][0]);
        if V > 1 {
            block[m][V - 1] = simd.mul_add_e_f32s(factor, row[V - 1], block[m][V - 1]);
        }
    });
}

/// `V` vectors that follow each other.
#[inline(always)]
pub(super) fn load<S: Simd, const V: usize>(simd: S, values: &[f32]) -> [S::f32s; V] {
    let (vectors, _) = S::as_simd_f32s(&values[..V * S::F32_LANES]);
    let mut row = [simd.splat_f32s(0.0); V];
    row[0] = vectors[0];
    row[V - 1] = vectors[V - 1];
    row
}

/// Two vectors read where they lie, `offset` after each of two places.
#[inline(always)]
pub(super) fn load_at<S: Simd>(
    values: &[f32],
    places: [usize; VECTORS],
    offset: usize,
) -> [S::f32s; VECTORS] {
    let [first, second] = places;
    [
        S::as_simd_f32s(&values[first + offset..][..S::F32_LANES]).0[0],
        S::as_simd_f32s(&values[second + offset..][..S::F32_LANES]).0[0],
    ]
}

/// Adds the block to what is there, row after row.
#[inline(always)]
pub(super) fn add<S: Simd, const ROWS: usize, const V: usize>(
    simd: S,
    block: &Block<S, ROWS, V>,
    into: &mut [f32],
) {
    let (vectors, _) = S::as_mut_simd_f32s(&mut into[..ROWS * V * S::F32_LANES]);
    each_row!(ROWS, m => {
        vectors[m * V] = simd.add_f32s(vectors[m * V], block[m][0]);
        if V > 1 {
            vectors[m * V + V - 1] = simd.add_f32s(vectors[m * V + V - 1], block[m][V - 1]);
        }
    });
}

/// Writes the block row after row.
#[inline(always)]
pub(super) fn store<S: Simd, const ROWS: usize, const V: usize>(
    block: &Block<S, ROWS, V>,
    into: &mut [f32],
) {
    let (vectors, _) = S::as_mut_simd_f32s(&mut into[..ROWS * V * S::F32_LANES]);
    each_row!(ROWS, m => {
        vectors[m * V] = block[m][0];
        vectors[m * V + V - 1] = block[m][V - 1];
    });
}
