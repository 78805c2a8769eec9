//! Two products of a dense layer: output and gradient of the input. The third, the gradient of the
//! weights, is burn's: its product of matrices is at its best there.
//!
//! Each reads the weights once, in order, in blocks that the caches hold; the work is cut into pieces
//! whose number depends on the sizes alone.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    shape::{copy, interleave},
    tile::{self, Tile, VECTORS, accumulate, block, dispatch, each_row, for_height, load, store},
};

/// Pieces of work.
const PIECES: usize = 8;
/// Columns of a piece of the output.
const COLUMNS: usize = 512;
/// Rows of the weights that are multiplied before the next ones are read.
const ROWS: usize = 128;

/// Sizes of a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DenseShape {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// `x · weight + bias`.
///
/// # Shapes
/// - `x`: `[batch, inputs]`
/// - `weight`: `[inputs, outputs]`
/// - `bias`: `[outputs]`
/// - result: `[batch, outputs]`
pub(super) fn dense(x: &[f32], weight: &[f32], bias: &[f32], shape: DenseShape) -> Vec<f32> {
    let DenseShape {
        inputs, outputs, ..
    } = shape;
    let across = outputs.div_ceil(COLUMNS);
    let down = inputs
        .div_ceil(ROWS)
        .min((PIECES / across.max(1)).max(1))
        .max(1);
    let rows = inputs.div_ceil(down).max(1);
    let pieces: Vec<[usize; 2]> = (0..across)
        .flat_map(|column| (0..down).map(move |row| [row * rows, column * COLUMNS]))
        .filter(|[row, _]| *row < inputs)
        .collect();
    let partial: Vec<Vec<f32>> = pieces
        .par_iter()
        .map(|[row, column]| {
            dispatch(Product {
                x,
                weight,
                rows: *row..(row + rows).min(inputs),
                columns: *column..(column + COLUMNS).min(outputs),
                shape,
            })
        })
        .collect();
    let mut output = bias.repeat(shape.batch);
    // In the order of the pieces: the sums are the same whatever the threads did.
    for ([_, column], partial) in pieces.iter().zip(&partial) {
        let width = COLUMNS.min(outputs - column);
        let rows = output.chunks_exact_mut(outputs);
        for (output, partial) in rows.zip(partial.chunks_exact(width)) {
            for (output, value) in output[*column..].iter_mut().zip(partial) {
                *output += value;
            }
        }
    }
    output
}

/// The gradient of the input.
///
/// # Shapes
/// - `gradient`: `[batch, outputs]`
/// - `weight`: `[inputs, outputs]`
/// - result: `[batch, inputs]`
pub(super) fn input_gradient(gradient: &[f32], weight: &[f32], shape: DenseShape) -> Vec<f32> {
    let rows = shape.inputs.div_ceil(PIECES).next_multiple_of(12);
    let starts: Vec<usize> = (0..shape.inputs).step_by(rows).collect();
    let pieces: Vec<Vec<f32>> = starts
        .par_iter()
        .map(|start| {
            dispatch(InputGradient {
                gradient,
                weight,
                rows: *start..(start + rows).min(shape.inputs),
                shape,
            })
        })
        .collect();
    let mut result = Vec::with_capacity(shape.batch * shape.inputs);
    for image in 0..shape.batch {
        for (start, piece) in starts.iter().zip(&pieces) {
            let length = rows.min(shape.inputs - start);
            result.extend_from_slice(&piece[image * length..][..length]);
        }
    }
    result
}

/// Some rows of the weights times some of their columns.
struct Product<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    shape: DenseShape,
}

impl WithSimd for Product<'_> {
    /// `[batch, columns]`.
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let DenseShape {
            batch,
            inputs,
            outputs,
        } = self.shape;
        let width = tile::width::<S>();
        let columns = self.columns.len();
        let panels = columns.div_ceil(width);
        let tiles = tile::tiles::<S>(batch);
        let padded = tile::padded_rows(&tiles);
        let mut factors = vec![0.0; padded * ROWS];
        // Columns past the last stay zero.
        let mut packed = vec![0.0; panels * ROWS * width];
        let mut sums = vec![0.0; padded * panels * width];
        for first in self.rows.clone().step_by(ROWS) {
            let depth = ROWS.min(self.rows.end - first);
            for tile in &tiles {
                let from = &self.x[tile.start * inputs + first..];
                let into = &mut factors[tile.offset * ROWS..];
                interleave(from, inputs, tile.rows, depth, into, tile.height);
            }
            for row in 0..depth {
                let from = &self.weight[(first + row) * outputs..][self.columns.clone()];
                for (panel, from) in from.chunks(width).enumerate() {
                    let into = &mut packed[(panel * ROWS + row) * width..];
                    copy::<S>(&mut into[..from.len()], from);
                }
            }
            let panels = packed.chunks_exact(ROWS * width).enumerate();
            for (panel, values) in panels {
                for tile in &tiles {
                    let into = &mut sums[(panel * padded + tile.offset) * width..];
                    let factors = &factors[tile.offset * ROWS..][..tile.height * depth];
                    for_height!(tile.height, add::<S>(simd, factors, values, into));
                }
            }
        }
        let mut result = vec![0.0; batch * columns];
        for (row, result) in result.chunks_exact_mut(columns).enumerate() {
            for (panel, result) in result.chunks_mut(width).enumerate() {
                copy::<S>(result, &sums[(panel * padded + row) * width..]);
            }
        }
        result
    }
}

/// Adds `factors · values` to a block of sums.
#[inline(always)]
fn add<S: Simd, const HEIGHT: usize>(simd: S, factors: &[f32], values: &[f32], sums: &mut [f32]) {
    let width = tile::width::<S>();
    let mut total = block::<S, HEIGHT, VECTORS>(simd, &[]);
    each_row!(HEIGHT, m => {
        let [first, second] = load(simd, &sums[m * width..]);
        total[m] = [first, second];
    });
    let steps = factors.chunks_exact(HEIGHT).zip(values.chunks_exact(width));
    for (factors, values) in steps {
        accumulate(simd, &mut total, factors, load(simd, values));
    }
    store::<S, HEIGHT, VECTORS>(&total, sums);
}

/// Some columns of the gradient of the input: as many rows of the weights, each times the gradient.
struct InputGradient<'a> {
    gradient: &'a [f32],
    weight: &'a [f32],
    rows: std::ops::Range<usize>,
    shape: DenseShape,
}

impl WithSimd for InputGradient<'_> {
    /// `[batch, rows]`.
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let DenseShape { batch, outputs, .. } = self.shape;
        let width = tile::width::<S>();
        let length = self.rows.len();
        let tiles = tile::tiles::<S>(length);
        let mut turned = vec![0.0; outputs * width];
        let mut sums = vec![0.0; 12 * width];
        let mut result = vec![0.0; batch * length];
        for first in (0..batch).step_by(width) {
            let images = width.min(batch - first);
            turned.fill(0.0);
            let gradient = &self.gradient[first * outputs..];
            interleave(gradient, outputs, images, outputs, &mut turned, width);
            for tile in &tiles {
                let rows = &self.weight[(self.rows.start + tile.start) * outputs..];
                for_height!(
                    tile.height,
                    rows_times::<S>(simd, rows, tile, &turned, &mut sums)
                );
                let into = &mut result[first * length + tile.start..];
                interleave(&sums, width, tile.rows, images, into, length);
            }
        }
        result
    }
}

/// Each row of a tile of weights times `values`; rows of padding repeat the last one.
#[inline(always)]
fn rows_times<S: Simd, const HEIGHT: usize>(
    simd: S,
    weights: &[f32],
    tile: &Tile,
    values: &[f32],
    into: &mut [f32],
) {
    let width = tile::width::<S>();
    let length = values.len() / width;
    let mut rows = [&weights[..length]; HEIGHT];
    for (index, row) in rows.iter_mut().enumerate() {
        *row = &weights[index.min(tile.rows - 1) * length..][..length];
    }
    let mut total = block::<S, HEIGHT, VECTORS>(simd, &[]);
    for (column, values) in values.chunks_exact(width).enumerate() {
        let [first, second] = load(simd, values);
        each_row!(HEIGHT, m => {
            let factor = simd.splat_f32s(rows[m][column]);
            total[m][0] = simd.mul_add_e_f32s(factor, first, total[m][0]);
            total[m][1] = simd.mul_add_e_f32s(factor, second, total[m][1]);
        });
    }
    store::<S, HEIGHT, VECTORS>(&total, into);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_fill_no_tile_are_the_sums_of_their_definition() {
        let values = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|i| (12.9898 * i as f32 + 0.5).sin())
                .collect()
        };
        for (batch, inputs, outputs) in [
            (1, 1, 1),
            (3, 1, 1),
            (17, 130, 513),
            (32, 300, 70),
            (33, 5, 600),
            (1, 1500, 3),
        ] {
            let shape = DenseShape {
                batch,
                inputs,
                outputs,
            };
            let (x, w, g) = (
                values(batch * inputs),
                values(inputs * outputs),
                values(batch * outputs),
            );
            let (bias, name) = (values(outputs), format!("{shape:?}"));
            let (y, of_x) = (dense(&x, &w, &bias, shape), input_gradient(&g, &w, shape));
            let exact = |a: f32, b: f32| f64::from(a) * f64::from(b);
            for image in 0..batch {
                for output in 0..outputs {
                    let terms =
                        (0..inputs).map(|i| exact(x[image * inputs + i], w[i * outputs + output]));
                    let expected = terms.sum::<f64>() + f64::from(bias[output]);
                    let found = f64::from(y[image * outputs + output]);
                    assert!(
                        (expected - found).abs() < 2e-4,
                        "{name}: {expected} and {found}"
                    );
                }
                for input in 0..inputs {
                    let terms =
                        (0..outputs).map(|o| exact(g[image * outputs + o], w[input * outputs + o]));
                    let (expected, found) =
                        (terms.sum::<f64>(), f64::from(of_x[image * inputs + input]));
                    assert!(
                        (expected - found).abs() < 2e-3,
                        "{name}: {expected} and {found}"
                    );
                }
            }
        }
    }
}
