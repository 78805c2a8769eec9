//! One tile of rows times the pixels of one panel, laid out or read where they lie.

use pulp::Simd;

use super::{
    shape::{Segment, Walk, copy_vector},
    tile::{self, VECTORS, accumulate, block, load, load_at, store},
};

/// Where a block reads the pixels of a panel.
pub(super) enum Source<'a> {
    /// Laid out, row after row.
    Panel(&'a [f32]),
    /// Some rows of what is laid out.
    Rows { panel: &'a [f32], rows: &'a [usize] },
    /// Where they lie: each vector at its place plus the row's offset.
    InPlace {
        values: &'a [f32],
        offsets: &'a [usize],
        places: [usize; VECTORS],
    },
}

/// The places of a panel's vectors when none runs over the end of a segment: nothing is laid out then.
#[inline(always)]
pub(super) fn vector_places<S: Simd>(
    runs: &[Segment],
    places: &[usize],
) -> Option<[usize; VECTORS]> {
    let mut found = [0; VECTORS];
    let mut count = 0;
    for (run, place) in runs.iter().zip(places) {
        if run.length % S::F32_LANES != 0 {
            return None;
        }
        for start in (0..run.length).step_by(S::F32_LANES) {
            // Vectors past the end of the batch read the last place; what they give is not written.
            for found in found.iter_mut().skip(count) {
                *found = place + start;
            }
            count += 1;
        }
    }
    Some(found)
}

/// The places of the vectors from `position` on, when `walk` goes along planes whose images are `image` values apart.
/// Vectors from `end` on, which are not written, read the last place.
#[inline(always)]
pub(super) fn places_along<S: Simd>(
    walk: &Walk,
    image: usize,
    position: usize,
    end: usize,
) -> [usize; VECTORS] {
    std::array::from_fn(|vector| {
        let position = (position + vector * S::F32_LANES).min(end - S::F32_LANES);
        let (index, place) = walk.place(position);
        index * image + place
    })
}

/// Lays out a panel: row after row, what each segment reads at a place of the row's own.
///
/// `offsets` holds one place a row, `places` one a segment; a value is read at their sum. `panel` is one
/// vector longer than its rows.
#[inline(always)]
pub(super) fn lay_out<S: Simd>(
    panel: &mut [f32],
    values: &[f32],
    offsets: &[usize],
    runs: &[Segment],
    places: &[usize],
) {
    let length = runs.first().map_or(0, |run| run.length);
    match length {
        4 if runs.iter().all(|run| run.length == 4) => {
            lay_out_runs::<S, 4>(panel, values, offsets, runs, places);
        }
        8 if runs.iter().all(|run| run.length == 8) => {
            lay_out_runs::<S, 8>(panel, values, offsets, runs, places);
        }
        _ => lay_out_vectors::<S>(panel, values, offsets, runs, places),
    }
}

/// [`lay_out`] with segments of `LENGTH` pixels, known to the compiler.
#[inline(always)]
fn lay_out_runs<S: Simd, const LENGTH: usize>(
    panel: &mut [f32],
    values: &[f32],
    offsets: &[usize],
    runs: &[Segment],
    places: &[usize],
) {
    let rows = panel.chunks_exact_mut(tile::width::<S>());
    for (row, offset) in rows.zip(offsets) {
        let values = &values[*offset..];
        for (run, place) in runs.iter().zip(places) {
            row[run.at..][..LENGTH].copy_from_slice(&values[*place..][..LENGTH]);
        }
    }
}

/// [`lay_out`] by whole vectors: what one writes past the end of its segment, the next one covers.
#[inline(always)]
fn lay_out_vectors<S: Simd>(
    panel: &mut [f32],
    values: &[f32],
    offsets: &[usize],
    runs: &[Segment],
    places: &[usize],
) {
    let (width, lanes) = (tile::width::<S>(), S::F32_LANES);
    for (row, offset) in offsets.iter().enumerate() {
        let panel = &mut panel[row * width..][..width + lanes];
        for (run, place) in runs.iter().zip(places) {
            let from = &values[offset + place..];
            for start in (0..run.length).step_by(lanes) {
                let into = &mut panel[run.at + start..][..lanes];
                let from = &from[start..];
                if from.len() >= lanes {
                    copy_vector::<S>(into, from);
                } else {
                    // The very end of the last plane.
                    for (into, from) in into.iter_mut().zip(from) {
                        *into = *from;
                    }
                }
            }
        }
    }
}

/// `start + factors · source`, one tile of rows.
#[inline(always)]
pub(super) fn product<S: Simd, const ROWS: usize>(
    simd: S,
    start: &[f32],
    factors: &[f32],
    source: &Source,
    into: &mut [f32],
) {
    let mut sum = block::<S, ROWS, { tile::VECTORS }>(simd, start);
    let factors = factors.chunks_exact(ROWS);
    match *source {
        Source::Panel(panel) => {
            for (factors, values) in factors.zip(panel.chunks_exact(tile::width::<S>())) {
                accumulate(simd, &mut sum, factors, load(simd, values));
            }
        }
        Source::Rows { panel, rows } => {
            let width = tile::width::<S>();
            for (factors, row) in factors.zip(rows) {
                accumulate(simd, &mut sum, factors, load(simd, &panel[row * width..]));
            }
        }
        Source::InPlace {
            values,
            offsets,
            places,
        } => {
            for (factors, offset) in factors.zip(offsets) {
                accumulate(
                    simd,
                    &mut sum,
                    factors,
                    load_at::<S>(values, places, *offset),
                );
            }
        }
    }
    store::<S, ROWS, { tile::VECTORS }>(&sum, into);
}
