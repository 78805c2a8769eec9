//! The sizes of a convolution, the pieces of rows that its panels are cut into, and two ways to copy them.

use crate::ops::padding::Pair;

/// Sizes of a convolution from `size` to `output`; its transpose and its gradients use the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvShape {
    /// Number of images.
    pub batch: usize,
    /// Channels are cut into that many independent groups.
    pub groups: usize,
    /// `[channels_in, channels_out]`, all groups together.
    pub channels: [usize; 2],
    /// `[height, width]` of the input.
    pub size: [usize; 2],
    /// `[height, width]` of the output.
    pub output: [usize; 2],
    /// `[height, width]` of the kernel.
    pub kernel: [usize; 2],
    /// Step of the kernel.
    pub stride: [usize; 2],
    /// Distance between two taps of the kernel.
    pub dilation: [usize; 2],
    /// Zeros above and to the left of the input; those below and to the right follow from `output`.
    pub begin: [usize; 2],
}

impl ConvShape {
    /// The convolution of an input of `size` under `padding`, `None` when the kernel does not fit in.
    pub fn new(
        batch: usize,
        channels: [usize; 2],
        size: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [Pair; 2],
    ) -> Option<Self> {
        let mut output = [0; 2];
        for axis in 0..2 {
            let padded = size[axis] + padding[axis].0 + padding[axis].1;
            output[axis] = padded.checked_sub(kernel[axis])? / stride[axis] + 1;
        }
        Some(Self {
            batch,
            groups: 1,
            channels,
            size,
            output,
            kernel,
            stride,
            dilation: [1, 1],
            begin: [padding[0].0, padding[1].0],
        })
    }

    /// Channels of the input in one group.
    pub fn group_in(&self) -> usize {
        self.channels[0] / self.groups
    }

    /// Channels of the output in one group.
    pub fn group_out(&self) -> usize {
        self.channels[1] / self.groups
    }

    /// Pixels of an input image.
    pub fn pixels_in(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Pixels of an output image.
    pub fn pixels_out(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Taps of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Rows and columns of the padded input that the output looks at.
    pub fn padded(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            (self.output[axis] - 1) * self.stride[axis]
                + (self.kernel[axis] - 1) * self.dilation[axis]
                + 1
        })
    }
}

/// Turns `count` planes, each `distance` values after the last, into one group of values a pixel: pixel
/// `i` of plane `c` goes to `into[i · step + c]`.
#[inline(always)]
pub(super) fn interleave(
    planes: &[f32],
    distance: usize,
    count: usize,
    pixels: usize,
    into: &mut [f32],
    step: usize,
) {
    let mut plane = 0;
    // Four planes at a time: one store of four values instead of four scattered ones.
    while plane + 4 <= count {
        let [a, b, c, d] =
            [0, 1, 2, 3].map(|next| planes[(plane + next) * distance..][..pixels].as_chunks::<4>());
        let blocks = a.0.iter().zip(b.0).zip(c.0.iter().zip(d.0)).enumerate();
        for (block, ((a, b), (c, d))) in blocks {
            let at = 4 * block * step + plane;
            let into = &mut into[at..at + 3 * step + 4];
            for i in 0..4 {
                into[i * step..i * step + 4].copy_from_slice(&[a[i], b[i], c[i], d[i]]);
            }
        }
        for (i, (((a, b), c), d)) in a.1.iter().zip(b.1).zip(c.1).zip(d.1).enumerate() {
            let at = (pixels / 4 * 4 + i) * step + plane;
            into[at..at + 4].copy_from_slice(&[*a, *b, *c, *d]);
        }
        plane += 4;
    }
    while plane < count {
        let from = &planes[plane * distance..][..pixels];
        for (into, value) in into.chunks_mut(step).zip(from) {
            into[plane] = *value;
        }
        plane += 1;
    }
}

/// Consecutive pixels of one row of one image, inside a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// First column in the panel.
    pub at: usize,
    /// Number of pixels.
    pub length: usize,
    /// Image, counted from the first of the piece.
    pub image: usize,
    /// Row and first column in the grid.
    pub row: usize,
    pub column: usize,
}

/// Cuts the pixels `start..end` of a grid of images (image by image, row by row) into segments.
pub(super) fn segments(start: usize, end: usize, grid: [usize; 2], into: &mut Vec<Segment>) {
    into.clear();
    let [rows, columns] = grid;
    let mut pixel = start;
    while pixel < end {
        let column = pixel % columns;
        let length = (columns - column).min(end - pixel);
        into.push(Segment {
            at: pixel - start,
            length,
            image: pixel / (rows * columns),
            row: pixel / columns % rows,
            column,
        });
        pixel += length;
    }
}

/// Copies a short run; the usual lengths are known to the compiler and need no call.
#[inline(always)]
pub(super) fn copy(to: &mut [f32], from: &[f32]) {
    match to.len() {
        4 => to[..4].copy_from_slice(&from[..4]),
        8 => to[..8].copy_from_slice(&from[..8]),
        16 => to[..16].copy_from_slice(&from[..16]),
        32 => to[..32].copy_from_slice(&from[..32]),
        length => to.copy_from_slice(&from[..length]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_runs_over_rows_and_images() {
        let mut found = Vec::new();
        // Grid of 2 rows of 3 pixels: pixels 4..10 are the end of image 0 and the start of image 1.
        segments(4, 10, [2, 3], &mut found);
        let found: Vec<_> = found
            .iter()
            .map(|s| (s.at, s.length, s.image, s.row, s.column))
            .collect();
        assert_eq!(found, [(0, 2, 0, 1, 1), (2, 3, 1, 0, 0), (5, 1, 1, 1, 0)]);
    }
}
