//! Surfaces as grids of points: a stack of horizontal slices, each a closed or open arc.

use super::space::{Frame, V, add, cross, scale, unit};

/// A grid of points with normals and two coordinates of the surface.
#[derive(Debug, Clone)]
pub(super) struct Mesh {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) points: Vec<V>,
    pub(super) normals: Vec<V>,
    /// Coordinates of the surface, for its paint.
    pub(super) marks: Vec<[f32; 2]>,
    /// Where the surface exists: a triangle without a corner above 0 casts no shade.
    pub(super) cover: Vec<f32>,
    /// Only the outside can be seen.
    pub(super) closed: bool,
}

impl Mesh {
    /// The grid of `point(column, row)`, both from 0 to 1, which gives place, coordinates and cover.
    pub(super) fn grid(
        columns: usize,
        rows: usize,
        point: impl Fn(f32, f32) -> (V, [f32; 2], f32),
    ) -> Self {
        let count = columns * rows;
        let (mut points, mut marks, mut cover) = (
            Vec::with_capacity(count),
            Vec::with_capacity(count),
            Vec::with_capacity(count),
        );
        for row in 0..rows {
            for column in 0..columns {
                let (place, mark, covered) = point(
                    column as f32 / (columns - 1) as f32,
                    row as f32 / (rows - 1) as f32,
                );
                points.push(place);
                marks.push(mark);
                cover.push(covered);
            }
        }
        let mut mesh = Self {
            columns,
            rows,
            points,
            normals: Vec::new(),
            marks,
            cover,
            closed: true,
        };
        mesh.normals = mesh.find_normals();
        mesh
    }

    /// Normals by central differences; columns go to the right seen from outside, rows down.
    fn find_normals(&self) -> Vec<V> {
        let at = |column: usize, row: usize| self.points[row * self.columns + column];
        let mut normals = Vec::with_capacity(self.points.len());
        for row in 0..self.rows {
            for column in 0..self.columns {
                let right = at((column + 1).min(self.columns - 1), row);
                let left = at(column.saturating_sub(1), row);
                let below = at(column, (row + 1).min(self.rows - 1));
                let above = at(column, row.saturating_sub(1));
                let along = add(right, scale(left, -1.0));
                let down = add(below, scale(above, -1.0));
                normals.push(unit(cross(along, down)));
            }
        }
        normals
    }

    /// With an inside that can be seen.
    pub(super) fn open(mut self) -> Self {
        self.closed = false;
        self
    }

    /// Turned and moved.
    pub(super) fn placed(mut self, frame: &Frame) -> Self {
        for point in &mut self.points {
            *point = frame.point(*point);
        }
        for normal in &mut self.normals {
            *normal = frame.direction(*normal);
        }
        self
    }

    /// Calls `visit` with the indices of the corners of each triangle, two a cell.
    pub(super) fn each_triangle(&self, mut visit: impl FnMut([usize; 3])) {
        for row in 0..self.rows - 1 {
            for column in 0..self.columns - 1 {
                let corner = row * self.columns + column;
                let below = corner + self.columns;
                visit([corner, corner + 1, below]);
                visit([corner + 1, below + 1, below]);
            }
        }
    }
}

/// A smooth line through rows of numbers (Catmull–Rom), at `t` from 0 to 1.
pub(super) fn spline<const N: usize>(controls: &[[f32; N]], t: f32) -> [f32; N] {
    let last = controls.len() - 1;
    let along = t.clamp(0.0, 1.0) * last as f32;
    let segment = (along as usize).min(last.saturating_sub(1));
    let t = along - segment as f32;
    let at = |index: usize| controls[index.min(last)];
    let (before, from, to, after) = (
        at(segment.saturating_sub(1)),
        at(segment),
        at(segment + 1),
        at(segment + 2),
    );
    std::array::from_fn(|k| {
        let (a, b, c, d) = (before[k], from[k], to[k], after[k]);
        b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
    })
}
