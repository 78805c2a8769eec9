//! Rows of a frame of files, each picture once.

use std::collections::{HashMap, HashSet};

use polars::prelude::DataFrame;

use crate::error::Result;

/// The usable pictures of `rows`, each once: the first of its copies, or none when two of them are not the `same`. Sorted.
pub(super) fn once(
    frame: &DataFrame,
    rows: Vec<usize>,
    same: impl Fn(usize, usize) -> bool,
) -> Result<Vec<usize>> {
    let hashes: Vec<Option<&str>> = frame.column("content_hash")?.str()?.iter().collect();
    let mut first = HashMap::new();
    let mut contradicted = HashSet::new();
    let mut kept = Vec::new();
    for row in rows {
        let Some(hash) = hashes[row] else { continue };
        match first.get(hash) {
            None => {
                first.insert(hash, row);
                kept.push(row);
            }
            Some(&other) if !same(row, other) => {
                contradicted.insert(hash);
            }
            Some(_) => {}
        }
    }
    kept.retain(|&row| hashes[row].is_none_or(|hash| !contradicted.contains(hash)));
    kept.sort_unstable();
    Ok(kept)
}
