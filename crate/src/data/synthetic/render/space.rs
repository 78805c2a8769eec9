//! Points and rotations of space. Axes: x to the right of the picture, y down, z towards the viewer.

/// A point or a direction.
pub(super) type V = [f32; 3];

pub(super) fn add(a: V, b: V) -> V {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn scale(a: V, factor: f32) -> V {
    a.map(|value| value * factor)
}

pub(super) fn dot(a: V, b: V) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: V, b: V) -> V {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// `a` with length 1; a null vector stays null.
pub(super) fn unit(a: V) -> V {
    scale(a, 1.0 / dot(a, a).sqrt().max(1e-9))
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// Value of the line through `points` (abscissae ascending) at `x`, constant outside.
pub(super) fn piecewise(points: &[(f32, f32)], x: f32) -> f32 {
    let mut before = points[0];
    for &point in points {
        if x <= point.0 {
            let width = point.0 - before.0;
            let t = if width > 0.0 {
                (x - before.0) / width
            } else {
                1.0
            };
            return lerp(before.1, point.1, smoothstep(0.0, 1.0, t));
        }
        before = point;
    }
    before.1
}

/// A rotation and a shift, applied to what is drawn in head units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    rows: [V; 3],
    /// Where the origin goes.
    pub(super) origin: V,
}

impl Frame {
    /// Turned by the three angles, in degrees: to the right of the picture, down, clockwise.
    pub(super) fn turned(yaw: f32, pitch: f32, roll: f32) -> Self {
        let [(sy, cy), (sp, cp), (sr, cr)] =
            [yaw, pitch, roll].map(|angle| angle.to_radians().sin_cos());
        // Roll after pitch after yaw.
        let yawed = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]];
        let pitched = [[1.0, 0.0, 0.0], [0.0, cp, sp], [0.0, -sp, cp]];
        let rolled = [[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]];
        Self {
            rows: product(rolled, product(pitched, yawed)),
            origin: [0.0; 3],
        }
    }

    /// With another origin.
    pub(super) fn at(mut self, origin: V) -> Self {
        self.origin = origin;
        self
    }

    pub(super) fn direction(&self, v: V) -> V {
        self.rows.map(|row| dot(row, v))
    }

    pub(super) fn point(&self, v: V) -> V {
        add(self.direction(v), self.origin)
    }
}

fn product(a: [V; 3], b: [V; 3]) -> [V; 3] {
    a.map(|row| std::array::from_fn(|column| (0..3).map(|k| row[k] * b[k][column]).sum()))
}

/// Pseudo-random value in `[0, 1)` of a pair of integers.
pub(super) fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x8da6_b343)
        ^ (y as u32).wrapping_mul(0xd816_3841)
        ^ seed.wrapping_mul(0xcb1a_b31f);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297a_2d39);
    h ^= h >> 15;
    (h >> 8) as f32 / (1 << 24) as f32
}

/// The largest integer not above `x`; much cheaper than `f32::floor` on a plain x86-64.
pub(super) fn floor(x: f32) -> i32 {
    let cut = x as i32;
    cut - i32::from(cut as f32 > x)
}

/// Smooth noise in `[-1, 1]`, one bump a unit.
pub(super) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (ix, iy) = (floor(x), floor(y));
    let (tx, ty) = (x - ix as f32, y - iy as f32);
    let (tx, ty) = (tx * tx * (3.0 - 2.0 * tx), ty * ty * (3.0 - 2.0 * ty));
    let top = lerp(hash(ix, iy, seed), hash(ix + 1, iy, seed), tx);
    let bottom = lerp(hash(ix, iy + 1, seed), hash(ix + 1, iy + 1, seed), tx);
    2.0 * lerp(top, bottom, ty) - 1.0
}
