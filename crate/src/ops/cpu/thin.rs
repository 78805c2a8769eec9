//! Gradient of the kernel of a convolution with few input channels, such as the first layer of a network of
//! colour images.
//!
//! A window of three channels fills half a vector of [`correlate`](super::correlate). Here vectors go along the
//! pixels instead: in a [`Grid`] what a tap reads lies at one distance from the output pixels, so that a gradient is
//! the product of two long vectors, several of them at a time.

use pulp::{NullaryFnOnce, Simd};

use super::{
    grid::Grid,
    shape::ConvShape,
    tile::{each_row, width as block_width},
};

/// Output channels and taps whose products are summed together: 24 sums fill the registers of AVX-512, 12 those of
/// the other processors.
const MANY: [usize; 2] = [4, 6];
const FEW: [usize; 2] = [2, 6];

/// Whether `shape` is served: a row of the kernel, all channels of a group together, leaves a good part of a vector.
pub(super) fn serves<S: Simd>(shape: &ConvShape) -> bool {
    let row = shape.group_in() * shape.kernel[1];
    let read = row.next_multiple_of(S::F32_LANES);
    // Rows shorter than a vector would be mostly zeros.
    3 * row <= 2 * read && shape.output[1] >= S::F32_LANES && shape.group_out() >= MANY[0]
}

/// Some images of the batch, computed by one thread.
pub(super) struct Piece<'a, S> {
    pub simd: S,
    pub x: &'a [f32],
    pub y: &'a [f32],
    pub shape: &'a ConvShape,
}

impl<S: Simd> NullaryFnOnce for Piece<'_, S> {
    /// The gradient of these images, in the kernel's order.
    type Output = Vec<f32>;

    #[inline(always)]
    fn call(self) -> Vec<f32> {
        if S::REGISTER_COUNT >= 32 {
            self.gradient::<{ MANY[0] }, { MANY[1] }>()
        } else {
            self.gradient::<{ FEW[0] }, { FEW[1] }>()
        }
    }
}

impl<S: Simd> Piece<'_, S> {
    #[inline(always)]
    fn gradient<const ROWS: usize, const TAPS: usize>(self) -> Vec<f32> {
        let shape = self.shape;
        let (group_in, group_out) = (shape.group_in(), shape.group_out());
        let grid = Grid::new(shape);
        let plane = grid.plane(shape).len();
        let mut planes = vec![0.0; group_in * plane];
        let mut row = vec![0.0; grid.width * shape.stride[1]];
        let wide = (shape.output[0] * grid.width).next_multiple_of(block_width::<S>());
        let mut gradients = vec![0.0; ROWS * wide];
        let offsets: Vec<usize> = (0..group_in)
            .flat_map(|channel| grid.offsets().into_iter().map(move |o| channel * plane + o))
            .collect();
        let depth = offsets.len();
        let mut sums = vec![0.0; shape.channels[1] * depth];
        let images = self.x.chunks_exact(shape.channels[0] * shape.pixels_in());
        let outputs = self.y.chunks_exact(shape.channels[1] * shape.pixels_out());
        for (x, y) in images.zip(outputs) {
            for group in 0..shape.groups {
                let x = x[group * group_in * shape.pixels_in()..].chunks_exact(shape.pixels_in());
                for (plane, x) in planes.chunks_exact_mut(plane).zip(x) {
                    grid.fill::<S>(x, plane, &mut row, shape);
                }
                let last = (group + 1) * group_out;
                for first in (group * group_out..last).step_by(ROWS) {
                    let rows = ROWS.min(last - first);
                    let y = y[first * shape.pixels_out()..].chunks_exact(shape.pixels_out());
                    for (gradient, y) in gradients.chunks_exact_mut(wide).zip(y).take(rows) {
                        grid.widen::<S>(y, gradient, shape);
                    }
                    for tap in (0..depth).step_by(TAPS) {
                        let offsets = &offsets[tap..(tap + TAPS).min(depth)];
                        let found =
                            products::<S, ROWS, TAPS>(self.simd, &gradients, &planes, offsets);
                        for (channel, found) in found.iter().enumerate().take(rows) {
                            let sums =
                                &mut sums[(first + channel) * depth + tap..][..offsets.len()];
                            for (sum, found) in sums.iter_mut().zip(found) {
                                *sum += found;
                            }
                        }
                    }
                }
            }
        }
        sums
    }
}

/// `Σ gradient · plane[offset..]` for `ROWS` gradients of one length, one after the other, and at most `TAPS` offsets.
#[inline(always)]
fn products<'a, S: Simd, const ROWS: usize, const TAPS: usize>(
    simd: S,
    gradients: &'a [f32],
    planes: &'a [f32],
    offsets: &[usize],
) -> [[f32; TAPS]; ROWS] {
    let length = gradients.len() / ROWS;
    let steps = length / S::F32_LANES;
    let vectors = |values: &'a [f32]| &S::as_simd_f32s(&values[..length]).0[..steps];
    // All of one length, which the compiler sees: nothing is checked in the loop.
    let mut rows = [vectors(gradients); ROWS];
    each_row!(ROWS, m => { rows[m] = vectors(&gradients[m * length..]); });
    // Taps of padding repeat the first; nobody reads their sums.
    let mut taps = [vectors(&planes[offsets[0]..]); TAPS];
    for (tap, offset) in taps.iter_mut().zip(offsets) {
        *tap = vectors(&planes[*offset..]);
    }
    let mut sums = [[simd.splat_f32s(0.0); TAPS]; ROWS];
    for step in 0..steps {
        let mut factors = [simd.splat_f32s(0.0); ROWS];
        each_row!(ROWS, m => { factors[m] = rows[m][step]; });
        each_row!(TAPS, tap => {
            let from = taps[tap][step];
            each_row!(ROWS, m => {
                sums[m][tap] = simd.mul_add_e_f32s(factors[m], from, sums[m][tap]);
            });
        });
    }
    let mut found = [[0.0; TAPS]; ROWS];
    each_row!(ROWS, m => {
        each_row!(TAPS, tap => { found[m][tap] = simd.reduce_sum_f32s(sums[m][tap]); });
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::cpu::tile::dispatch;
    use pulp::WithSimd;

    struct Run<'a> {
        x: &'a [f32],
        y: &'a [f32],
        shape: &'a ConvShape,
    }

    impl WithSimd for Run<'_> {
        type Output = (bool, Vec<f32>);

        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let Self { x, y, shape } = self;
            let gradient = simd.vectorize(Piece { simd, x, y, shape });
            (serves::<S>(shape), gradient)
        }
    }

    #[test]
    fn every_tap_is_the_sum_of_its_definition() {
        let values = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|i| (12.9898 * i as f32 + 0.5).sin())
                .collect()
        };
        let colours = ConvShape::new(2, [3, 7], [19, 21], [3, 3], [1, 1]);
        let shapes = [
            (colours, [(0, 0); 2]),
            (colours, [(1, 1); 2]),
            (
                ConvShape {
                    stride: [2, 2],
                    ..colours
                },
                [(0, 1), (1, 0)],
            ),
            (
                ConvShape {
                    stride: [1, 3],
                    ..colours
                },
                [(1, 1); 2],
            ),
            (
                ConvShape::new(1, [4, 6], [9, 40], [2, 3], [1, 1]).grouped(2, [2, 1]),
                [(1, 0), (2, 2)],
            ),
        ];
        for (shape, padding) in shapes {
            let shape = shape.padded_by(padding).expect("the kernel fits in");
            let x = values(shape.batch * shape.channels[0] * shape.pixels_in());
            let y = values(shape.batch * shape.channels[1] * shape.pixels_out());
            let (_, gradient) = dispatch(Run {
                x: &x,
                y: &y,
                shape: &shape,
            });
            let expected = definition(&x, &y, &shape);
            assert_eq!(gradient.len(), expected.len());
            for (found, expected) in gradient.iter().zip(&expected) {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-3,
                    "{shape:?}: {found} and {expected}"
                );
            }
        }
    }

    #[test]
    fn colour_images_are_served_and_many_channels_are_not() {
        let served = |channels, kernel| {
            let shape = ConvShape::new(1, channels, [40, 40], kernel, [1, 1]);
            let x = vec![0.0; channels[0] * 1600];
            let y = vec![0.0; channels[1] * 1600];
            dispatch(Run {
                x: &x,
                y: &y,
                shape: &ConvShape {
                    begin: [1, 1],
                    ..shape
                },
            })
            .0
        };
        assert!(served([3, 32], [3, 3]));
        assert!(!served([32, 64], [3, 3]));
        assert!(!served([3, 2], [3, 3]));
    }

    fn definition(x: &[f32], y: &[f32], shape: &ConvShape) -> Vec<f64> {
        let (group_in, group_out) = (shape.group_in(), shape.group_out());
        let mut gradient = Vec::new();
        for out in 0..shape.channels[1] {
            for channel in 0..group_in {
                let channel = out / group_out * group_in + channel;
                for (ky, kx) in
                    (0..shape.kernel[0]).flat_map(|ky| (0..shape.kernel[1]).map(move |kx| (ky, kx)))
                {
                    let mut sum = 0.0;
                    for image in 0..shape.batch {
                        for row in 0..shape.output[0] {
                            for column in 0..shape.output[1] {
                                let at = (row * shape.stride[0] + ky * shape.dilation[0])
                                    .checked_sub(shape.begin[0]);
                                let across = (column * shape.stride[1] + kx * shape.dilation[1])
                                    .checked_sub(shape.begin[1]);
                                let (Some(at), Some(across)) = (at, across) else {
                                    continue;
                                };
                                if at >= shape.size[0] || across >= shape.size[1] {
                                    continue;
                                }
                                let from = ((image * shape.channels[0] + channel) * shape.size[0]
                                    + at)
                                    * shape.size[1]
                                    + across;
                                let to = ((image * shape.channels[1] + out) * shape.output[0]
                                    + row)
                                    * shape.output[1]
                                    + column;
                                sum += f64::from(x[from]) * f64::from(y[to]);
                            }
                        }
                    }
                    gradient.push(sum);
                }
            }
        }
        gradient
    }
}
