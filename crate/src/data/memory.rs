//! How much memory a reading may take, asked before it begins.

use crate::{
    error::{Error, Result},
    french::format_number,
};

/// Variable that bounds the memory of a cell, in Mio.
const LIMIT_VARIABLE: &str = "TP_MEMOIRE_MAX";
/// Share of the memory still free that one collection of images may take.
const SHARE: f64 = 0.8;
/// Bytes of a Mio.
const MIO: f64 = 1_048_576.0;

/// Refuses a collection of images that would not fit in memory.
///
/// # Errors
/// [`Error::Memory`] with both sizes.
pub(super) fn check(what: &str, images: usize, bytes_an_image: usize) -> Result<()> {
    let needed = images as f64 * bytes_an_image as f64;
    match available() {
        Some(available) if needed > SHARE * available => Err(Error::Memory {
            what: what.to_owned(),
            images,
            needed: format_number(needed / MIO, 0),
            available: format_number(SHARE * available / MIO, 0),
        }),
        _ => Ok(()),
    }
}

/// Bytes that may still be used: what the system has free, or the bound of the cell if it is smaller.
fn available() -> Option<f64> {
    let bound = std::env::var(LIMIT_VARIABLE).ok();
    let bound = bound.and_then(|text| text.trim().parse::<f64>().ok());
    let bound = bound.map(|mio| mio * MIO);
    let free = std::fs::read_to_string("/proc/meminfo").ok();
    let free = free.as_deref().and_then(free_bytes);
    match (bound, free) {
        (Some(bound), Some(free)) => Some(bound.min(free)),
        (bound, free) => bound.or(free),
    }
}

/// The line « MemAvailable » of `/proc/meminfo`, in bytes.
fn free_bytes(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_memory_is_read() {
        let text = "MemTotal:       24682500 kB\nMemAvailable:   16634000 kB\n";
        assert_eq!(free_bytes(text), Some(16_634_000.0 * 1024.0));
        assert_eq!(free_bytes("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn what_cannot_fit_is_refused_before_it_is_read() {
        // An exabyte.
        let error = check("UTKFace", 1 << 40, 1 << 20).unwrap_err().to_string();
        assert!(
            error.contains("UTKFace") && error.contains("Mio"),
            "{error}"
        );
        assert!(check("UTKFace", 10, 12_288).is_ok());
    }
}
