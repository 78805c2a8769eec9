//! A padded plane sorted for convolutions channel by channel.
//!
//! The pixels are sorted by the remainders of their row and column modulo the stride, and every such
//! **phase** keeps rows of one width.

use pulp::Simd;

use super::shape::{ConvShape, copy, sort_columns};

/// What is read past the end of a plane: four vectors of the widest kind.
pub(super) const SLACK: usize = 64;

/// How the phases of a padded plane lie.
pub(super) struct Grid {
    /// Width of a row and number of rows of one phase.
    pub width: usize,
    rows: usize,
    /// Phase of each tap.
    pub phases: Vec<usize>,
    /// How far each tap reads in its phase.
    pub shifts: Vec<usize>,
}

impl Grid {
    pub fn new(shape: &ConvShape) -> Self {
        let [height, width] = shape.padded();
        let [down, right] = shape.stride;
        let columns = width.div_ceil(right);
        let (mut phases, mut shifts) = (Vec::new(), Vec::new());
        for ky in 0..shape.kernel[0] {
            for kx in 0..shape.kernel[1] {
                let (y, x) = (ky * shape.dilation[0], kx * shape.dilation[1]);
                phases.push(y % down * right + x % right);
                shifts.push(y / down * columns + x / right);
            }
        }
        Self {
            width: columns,
            rows: height.div_ceil(down),
            phases,
            shifts,
        }
    }

    /// Values of one phase.
    pub fn phase(&self) -> usize {
        self.width * self.rows
    }

    /// Where each tap reads in the padded plane.
    pub fn offsets(&self) -> Vec<usize> {
        let place = |(phase, shift): (&usize, &usize)| phase * self.phase() + shift;
        self.phases.iter().zip(&self.shifts).map(place).collect()
    }

    pub fn furthest(&self) -> usize {
        self.shifts.iter().copied().max().unwrap_or(0)
    }

    /// A padded plane of zeros, and what is read past its end.
    pub fn plane(&self, shape: &ConvShape) -> Vec<f32> {
        let phases = shape.stride[0] * shape.stride[1];
        vec![0.0; phases * self.phase() + self.width + SLACK]
    }

    /// Where row `y` of the image lies: its phase of columns 0, then its place in a phase; `None` when no
    /// window reaches it.
    pub fn row(&self, y: usize, shape: &ConvShape) -> Option<(usize, usize)> {
        let (y, down) = (y + shape.begin[0], shape.stride[0]);
        (y < shape.padded()[0]).then(|| (y % down * shape.stride[1], y / down * self.width))
    }

    /// Copies an image into the padded plane; `row` is a buffer. What surrounds the image is left as it is.
    #[inline(always)]
    pub fn fill<S: Simd>(&self, x: &[f32], plane: &mut [f32], row: &mut [f32], shape: &ConvShape) {
        let [left, right] = [shape.begin[1], shape.stride[1]];
        let seen = shape.size[1].min(shape.padded()[1].saturating_sub(left));
        for (y, x) in x.chunks_exact(shape.size[1]).enumerate() {
            let Some((phase, place)) = self.row(y, shape) else {
                break;
            };
            if right == 1 {
                let at = phase * self.phase() + place + left;
                copy::<S>(&mut plane[at..][..seen], x);
                continue;
            }
            sort_columns(row, &x[..seen], left, right, self.width);
            for (column, row) in row.chunks_exact(self.width).enumerate() {
                let at = (phase + column) * self.phase() + place;
                copy::<S>(&mut plane[at..][..self.width], row);
            }
        }
    }

    /// Copies output pixels into rows of the grid's width; what lies between the rows is left as it is.
    #[inline(always)]
    pub fn widen<S: Simd>(&self, y: &[f32], into: &mut [f32], shape: &ConvShape) {
        let width = shape.output[1];
        for (into, y) in into.chunks_mut(self.width).zip(y.chunks_exact(width)) {
            copy::<S>(&mut into[..width], y);
        }
    }
}
