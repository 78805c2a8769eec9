//! The sizes of a convolution, the pieces of rows that its panels are cut into, and two ways to copy them.

use pulp::Simd;

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
    /// The convolution of an input of `size`, without groups, dilation and padding;
    /// [`padded_by`](Self::padded_by) settles its output.
    pub fn new(
        batch: usize,
        channels: [usize; 2],
        size: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
    ) -> Self {
        Self {
            batch,
            groups: 1,
            channels,
            size,
            output: size,
            kernel,
            stride,
            dilation: [1, 1],
            begin: [0, 0],
        }
    }

    /// The same with channels in `groups` and taps `dilation` apart.
    pub fn grouped(self, groups: usize, dilation: [usize; 2]) -> Self {
        Self {
            groups,
            dilation,
            ..self
        }
    }

    /// The same under `padding`, `None` when the kernel does not fit in.
    pub fn padded_by(mut self, padding: [Pair; 2]) -> Option<Self> {
        for (axis, (begin, end)) in padding.into_iter().enumerate() {
            let padded = self.size[axis] + begin + end;
            let reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1;
            self.output[axis] = padded.checked_sub(reach)? / self.stride[axis] + 1;
            self.begin[axis] = begin;
        }
        Some(self)
    }

    /// Whether every output pixel reads the input pixel of its own place alone.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1]
            && self.stride == [1, 1]
            && self.begin == [0, 0]
            && self.size == self.output
    }

    /// The same convolution; the pixels of a pointwise one form a single row.
    pub fn flattened(mut self) -> Self {
        if self.is_pointwise() {
            self.size = [1, self.pixels_in()];
            self.output = self.size;
        }
        self
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

/// The order in which a grid of images is gone through: image by image, row by row.
///
/// What neighbouring pixels read is contiguous inside a row only. Where a row is no whole number of vectors, it is
/// often cheaper to compute the few pixels between two rows of the *padded* image as well, and to leave them: every
/// vector is then read where it lies ([`along_padding`](Self::along_padding)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// `[rows, columns]` of the grid.
    grid: [usize; 2],
    /// Positions from one row to the next.
    pitch: usize,
    /// Positions from one image to the next.
    image: usize,
    /// Whether positions are those of the padded image, row after row.
    pub along_padding: bool,
}

impl Walk {
    /// Through a grid, read from planes whose rows have `padded` values; `contiguous` says that rows of the
    /// grid are neighbouring rows of the planes.
    pub fn new(grid: [usize; 2], padded: usize, contiguous: bool, lanes: usize) -> Self {
        let [rows, columns] = grid;
        // One pixel in eight computed for nothing costs less than laying out every one.
        let along_padding = contiguous && columns % lanes != 0 && 7 * padded <= 8 * columns;
        let pitch = if along_padding { padded } else { columns };
        let image = rows * pitch;
        Self {
            grid,
            pitch,
            // A vector belongs to one image.
            image: if along_padding {
                image.next_multiple_of(lanes)
            } else {
                image
            },
            along_padding,
        }
    }

    /// Positions of `images` images.
    pub fn positions(&self, images: usize) -> usize {
        images * self.image
    }

    /// The image of a position, and its place in the padded image when the walk goes [along](Self::along_padding) it.
    #[inline(always)]
    pub fn place(&self, position: usize) -> (usize, usize) {
        (position / self.image, position % self.image)
    }

    /// Cuts the positions `start..end` into segments of pixels of the grid, added to `into`.
    #[inline(always)]
    pub fn segments(&self, start: usize, end: usize, into: &mut Vec<Segment>) {
        let [rows, columns] = self.grid;
        let mut position = start;
        while position < end {
            let (image, place) = self.place(position);
            let (row, column) = (place / self.pitch, place % self.pitch);
            if row >= rows {
                position += self.image - place;
            } else if column >= columns {
                position += self.pitch - column;
            } else {
                let length = (columns - column).min(end - position);
                into.push(Segment {
                    at: position - start,
                    length,
                    image,
                    row,
                    column,
                });
                position += length;
            }
        }
    }
}

/// Copies the first values of `from`; a few vectors go without a call.
#[inline(always)]
pub(super) fn copy<S: Simd>(to: &mut [f32], from: &[f32]) {
    let from = &from[..to.len()];
    if (S::F32_LANES..=2 * S::F32_LANES).contains(&to.len()) {
        // One vector at each end: together they cover the run.
        let last = to.len() - S::F32_LANES;
        copy_vector::<S>(to, from);
        copy_vector::<S>(&mut to[last..], &from[last..]);
    } else if to.len() < S::F32_LANES {
        let (blocks, rest) = to.as_chunks_mut::<4>();
        let (from, from_rest) = from.as_chunks::<4>();
        for (to, [a, b, c, d]) in blocks.iter_mut().zip(from) {
            *to = [*a, *b, *c, *d];
        }
        for (to, from) in rest.iter_mut().zip(from_rest) {
            *to = *from;
        }
    } else {
        to.copy_from_slice(from);
    }
}

/// Copies one vector. As a copy of slices it would be merged with others into a call.
#[inline(always)]
pub(super) fn copy_vector<S: Simd>(to: &mut [f32], from: &[f32]) {
    let (from, _) = S::as_simd_f32s(&from[..S::F32_LANES]);
    let (to, _) = S::as_mut_simd_f32s(&mut to[..S::F32_LANES]);
    to[0] = from[0];
}

/// Writes `x`, which starts in column `left`, with its columns sorted by remainder modulo `stride`.
#[inline(always)]
pub(super) fn sort_columns(row: &mut [f32], x: &[f32], left: usize, stride: usize, columns: usize) {
    match stride {
        1 => row[left..][..x.len()].copy_from_slice(x),
        2 => {
            let (even, odd) = row.split_at_mut(columns);
            let (first, second) = if left.is_multiple_of(2) {
                (&mut even[left / 2..], &mut odd[left / 2..])
            } else {
                (&mut odd[left / 2..], &mut even[left / 2 + 1..])
            };
            for ((pair, first), second) in x.chunks_exact(2).zip(&mut *first).zip(&mut *second) {
                *first = pair[0];
                *second = pair[1];
            }
            if let [last] = x.chunks_exact(2).remainder() {
                first[x.len() / 2] = *last;
            }
        }
        _ => {
            for (column, value) in x.iter().enumerate() {
                let column = column + left;
                row[column % stride * columns + column / stride] = *value;
            }
        }
    }
}

/// Shapes on which a kernel gives the same with and without vectors.
#[cfg(test)]
pub(super) fn plain_shapes() -> Vec<ConvShape> {
    let shape = |channels, size, kernel, stride, groups, padding| {
        ConvShape::new(5, channels, size, kernel, stride)
            .grouped(groups, [1, 1])
            .padded_by(padding)
            .expect("the kernel fits in")
    };
    vec![
        shape([3, 12], [16, 16], [5, 5], [2, 2], 1, [(1, 2); 2]),
        shape([24, 13], [9, 11], [3, 3], [1, 1], 1, [(1, 1); 2]),
        shape([8, 6], [7, 40], [2, 3], [1, 3], 2, [(0, 0), (2, 1)]),
        shape([16, 20], [5, 6], [1, 1], [1, 1], 1, [(0, 0); 2]),
    ]
}

/// Values between −1 and 1.
#[cfg(test)]
pub(super) fn wave(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| (12.9898 * i as f32 + 0.5).sin())
        .collect()
}

#[cfg(test)]
impl ConvShape {
    /// Values of the input, of the output and of the kernel.
    pub fn inputs(&self) -> usize {
        self.batch * self.channels[0] * self.pixels_in()
    }

    pub fn outputs(&self) -> usize {
        self.batch * self.channels[1] * self.pixels_out()
    }

    pub fn weights(&self) -> usize {
        self.channels[1] * self.group_in() * self.taps()
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Scalar, WithSimd};

    use super::{super::tile::dispatch, *};

    #[test]
    fn runs_of_any_length_are_copied_whole() {
        struct Copies;

        impl WithSimd for Copies {
            type Output = ();

            fn with_simd<S: Simd>(self, _simd: S) {
                let from: Vec<f32> = (0..70).map(|i| i as f32).collect();
                for length in 0..70 {
                    let mut to = vec![-1.0; length];
                    copy::<S>(&mut to, &from);
                    assert_eq!(to, from[..length]);
                }
            }
        }

        dispatch(Copies);
        Copies.with_simd(Scalar);
    }

    #[test]
    fn a_panel_runs_over_rows_and_images() {
        // Grid of 2 rows of 3 pixels: pixels 4..10 are the end of image 0 and the start of image 1.
        let walk = Walk::new([2, 3], 5, false, 4);
        assert!(!walk.along_padding);
        assert_eq!(
            cut(walk, 4, 10),
            [(0, 2, 0, 1, 1), (2, 3, 1, 0, 0), (5, 1, 1, 1, 0)]
        );
    }

    #[test]
    fn a_panel_along_the_padding_leaves_what_is_between_two_rows() {
        // Rows of 15 pixels in planes of 17: the second row starts at position 17, the second image at 36.
        let walk = Walk::new([2, 15], 17, true, 4);
        assert!(walk.along_padding);
        assert_eq!(walk.positions(2), 72);
        assert_eq!(cut(walk, 0, 8), [(0, 8, 0, 0, 0)]);
        assert_eq!(cut(walk, 12, 20), [(0, 3, 0, 0, 12), (5, 3, 0, 1, 0)]);
        assert_eq!(cut(walk, 28, 40), [(0, 4, 0, 1, 11), (8, 4, 1, 0, 0)]);
        assert_eq!(walk.place(40), (1, 4));
        // A row of whole vectors, one much shorter than the padded one, rows that are not neighbours: in order.
        for walk in [
            Walk::new([2, 16], 18, true, 4),
            Walk::new([2, 15], 18, true, 4),
            Walk::new([2, 15], 17, false, 4),
        ] {
            assert!(!walk.along_padding);
        }
    }

    fn cut(walk: Walk, start: usize, end: usize) -> Vec<(usize, usize, usize, usize, usize)> {
        let mut found = Vec::new();
        walk.segments(start, end, &mut found);
        found
            .iter()
            .map(|s| (s.at, s.length, s.image, s.row, s.column))
            .collect()
    }
}
