//! Surfaces to pixels: depth, cast shade, light.

use super::{
    mesh::Mesh,
    space::{V, add, cross, dot, floor, scale, unit},
};

/// What a point of a surface is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Material {
    /// Linear light that it sends back, by channel.
    pub(super) albedo: V,
    /// Strength of the mirror-like part.
    pub(super) shine: f32,
    /// Sharpness of the mirror-like part.
    pub(super) gloss: i32,
    /// How far light goes around the form, from 0 (stone) to 1 (skin).
    pub(super) soft: f32,
    /// Direction of the strands, for hair: its mirror-like part runs across them.
    pub(super) strand: Option<V>,
    /// Light lost in folds, from 0 (black) to 1.
    pub(super) open: f32,
}

/// A point of a surface seen by a pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) point: V,
    pub(super) normal: V,
    pub(super) mark: [f32; 2],
    pub(super) pixel: (usize, usize),
}

/// The lights of a scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lamp {
    /// Unit vector towards the main light.
    pub(super) towards: V,
    /// Its colour and strength, linear.
    pub(super) key: V,
    /// From everywhere, more from above.
    pub(super) ambient: V,
}

/// How points of space become pixels: a weak perspective.
#[derive(Debug, Clone, Copy)]
pub(super) struct Camera {
    /// Where the origin is seen, in pixels.
    pub(super) centre: (f32, f32),
    /// Pixels a unit at the origin.
    pub(super) unit: f32,
}

/// Distance of the viewer, in units.
const DISTANCE: f32 = 7.0;

impl Camera {
    /// The pixel of a point, and its nearness.
    pub(super) fn project(&self, point: V) -> (f32, f32, f32) {
        let k = self.unit * DISTANCE / (DISTANCE - point[2]);
        (
            self.centre.0 + k * point[0],
            self.centre.1 + k * point[1],
            point[2],
        )
    }
}

/// Twice the area of a triangle, positive when its corners turn clockwise on the screen.
fn area([a, b, c]: [(f32, f32, f32); 3]) -> f32 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// Calls `visit(x, y, weights)` for the pixels whose middle lies in the triangle.
fn fill_triangle(
    corners: [(f32, f32, f32); 3],
    side: usize,
    mut visit: impl FnMut(usize, usize, [f32; 3]),
) {
    let [a, b, c] = corners;
    let area = area(corners);
    if area.abs() < 1e-6 {
        return;
    }
    let last = side as i32 - 1;
    // Pixels whose middles lie between the extremes.
    let bounds = |p: f32, q: f32, r: f32| {
        let low = floor(p.min(q).min(r) + 0.5).max(0);
        let high = floor(p.max(q).max(r) - 0.5).min(last);
        (low, high)
    };
    let (left, right) = bounds(a.0, b.0, c.0);
    let (top, bottom) = bounds(a.1, b.1, c.1);
    let inverse = 1.0 / area;
    let (bx, by) = ((c.1 - a.1) * inverse, (a.0 - c.0) * inverse);
    let (cx, cy) = ((a.1 - b.1) * inverse, (b.0 - a.0) * inverse);
    for y in top..=bottom {
        let dy = y as f32 + 0.5 - a.1;
        for x in left..=right {
            let dx = x as f32 + 0.5 - a.0;
            let (wb, wc) = (dx * bx + dy * by, dx * cx + dy * cy);
            let wa = 1.0 - wb - wc;
            if wa >= 0.0 && wb >= 0.0 && wc >= 0.0 {
                visit(x as usize, y as usize, [wa, wb, wc]);
            }
        }
    }
}

/// What the light sees first, so that noses, brows, chins and hats cast a shade.
#[derive(Debug)]
pub(super) struct Shade {
    side: usize,
    nearest: Vec<f32>,
    axes: [V; 3],
}

/// Half-width of what casts a shade, in units.
const REACH: f32 = 2.3;

impl Shade {
    pub(super) fn new(side: usize, towards: V) -> Self {
        let across = unit(cross([0.0, 1.0, 0.0], towards));
        let axes = [across, cross(towards, across), towards];
        Self {
            side,
            nearest: vec![f32::MIN; side * side],
            axes,
        }
    }

    fn place(&self, point: V) -> (f32, f32, f32) {
        let half = self.side as f32 / 2.0;
        let [x, y, z] = self.axes.map(|axis| dot(axis, point));
        (half + half * x / REACH, half + half * y / REACH, z)
    }

    pub(super) fn cast(&mut self, mesh: &Mesh) {
        let places: Vec<_> = mesh.points.iter().map(|&point| self.place(point)).collect();
        mesh.each_triangle(|triangle| {
            if triangle.iter().any(|&corner| mesh.cover[corner] <= 0.0) {
                return;
            }
            let corners = triangle.map(|corner| places[corner]);
            let (side, nearest) = (self.side, &mut self.nearest);
            fill_triangle(corners, side, |x, y, w| {
                let z = w[0] * corners[0].2 + w[1] * corners[1].2 + w[2] * corners[2].2;
                let kept = &mut nearest[y * side + x];
                *kept = kept.max(z);
            });
        });
    }

    /// Share of the main light that reaches a point, from 0 to 1.
    fn light(&self, point: V, normal: V) -> f32 {
        let lifted = add(point, scale(normal, 0.05));
        let (x, y, z) = self.place(lifted);
        let mut sum = 0.0;
        for (dx, dy) in [
            (0.0, 0.0),
            (1.7, 0.6),
            (-1.7, -0.6),
            (0.6, -1.7),
            (-0.6, 1.7),
        ] {
            let (x, y) = (floor(x + dx), floor(y + dy));
            let inside = 0..self.side as i32;
            let free = !inside.contains(&x)
                || !inside.contains(&y)
                || self.nearest[y as usize * self.side + x as usize] < z + 0.045;
            sum += f32::from(u8::from(free));
        }
        sum / 5.0
    }
}

/// A picture being made: linear light and nearness of each pixel.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) side: usize,
    /// `None` where nothing was drawn yet.
    pub(super) light: Vec<Option<V>>,
    nearness: Vec<f32>,
}

impl Picture {
    pub(super) fn new(side: usize) -> Self {
        Self {
            side,
            light: vec![None; side * side],
            nearness: vec![f32::MIN; side * side],
        }
    }

    /// Draws a surface; `paint` says what each of its points is made of, `None` where there is none.
    pub(super) fn draw(
        &mut self,
        mesh: &Mesh,
        camera: &Camera,
        lamp: &Lamp,
        shade: &Shade,
        paint: impl Fn(&Seen) -> Option<Material>,
    ) {
        let places: Vec<_> = mesh
            .points
            .iter()
            .map(|&point| camera.project(point))
            .collect();
        let side = self.side;
        mesh.each_triangle(|triangle| {
            let corners = triangle.map(|corner| places[corner]);
            if mesh.closed && area(corners) <= 0.0 {
                return;
            }
            let mix = |values: &[V], w: [f32; 3]| -> V {
                let [a, b, c] = triangle.map(|corner| values[corner]);
                std::array::from_fn(|k| w[0] * a[k] + w[1] * b[k] + w[2] * c[k])
            };
            fill_triangle(corners, side, |x, y, w| {
                let index = y * side + x;
                let z = w[0] * corners[0].2 + w[1] * corners[1].2 + w[2] * corners[2].2;
                if z <= self.nearness[index] {
                    return;
                }
                let [a, b, c] = triangle.map(|corner| mesh.marks[corner]);
                let mut normal = unit(mix(&mesh.normals, w));
                if normal[2] < 0.0 {
                    // The inside of an open surface: long hair behind the neck.
                    normal = scale(normal, -1.0);
                }
                let seen = Seen {
                    point: mix(&mesh.points, w),
                    normal,
                    mark: std::array::from_fn(|k| w[0] * a[k] + w[1] * b[k] + w[2] * c[k]),
                    pixel: (x, y),
                };
                let Some(material) = paint(&seen) else { return };
                self.nearness[index] = z;
                self.light[index] = Some(lit(&seen, &material, lamp, shade));
            });
        });
    }
}

/// Light that a point sends to the viewer.
fn lit(seen: &Seen, material: &Material, lamp: &Lamp, shade: &Shade) -> V {
    let normal = seen.normal;
    let facing = dot(normal, lamp.towards);
    let reaches = if facing > -0.4 {
        shade.light(seen.point, normal)
    } else {
        0.0
    };
    let half = unit(add(lamp.towards, [0.0, 0.0, 1.0]));
    // Sharp mirrors are integer powers: `powf` would be a third of the work.
    let mirror = match material.strand {
        _ if reaches == 0.0 => 0.0,
        Some(strand) => {
            let along = dot(strand, half);
            (1.0 - along * along).max(0.0).powi(material.gloss / 2) * (0.3 + 0.7 * facing.max(0.0))
        }
        None => dot(normal, half).max(0.0).powi(material.gloss),
    } * material.shine
        * reaches;
    // The edge of a form sends back more of the light around it.
    let grazing = 1.0 - normal[2].clamp(0.0, 1.0);
    let rim = material.shine * 0.5 * grazing * grazing * grazing;
    let sky = 0.62 - 0.38 * normal[1];
    std::array::from_fn(|k| {
        // Light goes further into red, in skin.
        let wrap = material.soft * [0.34, 0.2, 0.14][k];
        let diffuse = ((facing + wrap) / (1.0 + wrap)).max(0.0);
        // A shade on skin has a warm edge: more of the red passes.
        let passed = reaches + material.soft * [0.3, 0.1, 0.0][k] * reaches * (1.0 - reaches);
        let arriving = lamp.key[k] * diffuse * passed + lamp.ambient[k] * sky * material.open;
        material.albedo[k] * arriving + lamp.key[k] * mirror + lamp.ambient[k] * rim * material.open
    })
}
