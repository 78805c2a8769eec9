//! Padding arithmetic shared by the convolution and its transpose.

use burn::nn::PaddingConfig2d;

/// `(begin, end)` padding of one axis.
pub(super) type Pair = (usize, usize);

/// Padding TensorFlow calls SAME: the output has `ceil(size / stride)` positions; when the total is
/// odd, the extra pixel goes to the end (bottom, right).
pub(super) fn same(size: usize, kernel: usize, stride: usize) -> Pair {
    let output = size.div_ceil(stride);
    let total = (output.saturating_sub(1) * stride + kernel).saturating_sub(size);
    (total / 2, total - total / 2)
}

/// Padding of a convolution, `[(top, bottom), (left, right)]`.
pub(super) fn of_convolution(
    padding: &PaddingConfig2d,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> [Pair; 2] {
    match padding {
        PaddingConfig2d::Valid => [(0, 0); 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(*top, *bottom), (*left, *right)],
        PaddingConfig2d::Same => [
            same(size[0], kernel[0], stride[0]),
            same(size[1], kernel[1], stride[1]),
        ],
    }
}

/// What a transposed convolution removes on each side of its full output,
/// `[(top, bottom), (left, right)]`.
///
/// With SAME the output is `stride` times the input, and the crop is the padding that the
/// convolution from that output back to the input would have used.
pub(super) fn of_transpose(
    padding: &PaddingConfig2d,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> [Pair; 2] {
    let output = [size[0] * stride[0], size[1] * stride[1]];
    of_convolution(padding, output, kernel, stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_puts_the_odd_pixel_at_the_end() {
        // 64 → 32 with a 5×5 kernel at stride 2: (32 − 1)·2 + 5 − 64 = 3 pixels, 1 before, 2 after.
        assert_eq!(same(64, 5, 2), (1, 2));
        assert_eq!(same(16, 3, 2), (0, 1));
        assert_eq!(same(7, 3, 1), (1, 1));
        assert_eq!(same(5, 2, 1), (0, 1));
        // A kernel smaller than the stride needs no padding.
        assert_eq!(same(6, 1, 2), (0, 0));
    }

    #[test]
    fn the_transpose_crops_what_the_convolution_pads() {
        for kernel in [3, 5] {
            let crop = of_transpose(&PaddingConfig2d::Same, [8, 4], [kernel; 2], [2, 2]);
            let expected = ((kernel - 3) / 2, (kernel - 3) / 2 + 1);
            assert_eq!(crop, [expected; 2]);
        }
    }
}
