//! How much memory a reading may take, asked before it begins.

use crate::{
    error::{Error, Result},
    french::format_number,
};

/// Variable that bounds the memory of a cell, in Mio.
const LIMIT_VARIABLE: &str = "TP_MEMOIRE_MAX";
/// Share of the memory still free that one collection of images may take.
const SHARE: f64 = 0.8;
/// Bytes of pixels that are decoded at once.
const DECODED_BYTES: usize = 64 << 20;
/// Bytes of a Mio.
const MIO: f64 = 1_048_576.0;

/// Refuses a collection of images that would not fit in memory. Readings keep one copy of the pixels and what they decode
/// at once; what comes after (splits, batches, hashes) shares them.
///
/// # Errors
/// [`Error::Memory`] with both sizes.
pub(super) fn check(what: &str, images: usize, bytes_an_image: usize) -> Result<()> {
    check_within(available(), what, images, bytes_an_image)
}

fn check_within(
    available: Option<f64>,
    what: &str,
    images: usize,
    bytes_an_image: usize,
) -> Result<()> {
    let decoded = images.min(chunk(bytes_an_image));
    let needed = (images + decoded) as f64 * bytes_an_image as f64;
    match available {
        Some(available) if needed > SHARE * available => Err(Error::Memory {
            what: what.to_owned(),
            images,
            needed: format_number(needed / MIO, 0),
            available: format_number(SHARE * available / MIO, 0),
        }),
        _ => Ok(()),
    }
}

/// Images decoded between two looks at the clock and at the wish to stop: 256, fewer when they are large.
pub(super) fn chunk(bytes_an_image: usize) -> usize {
    (DECODED_BYTES / bytes_an_image.max(1)).clamp(2, 256)
}

/// Bytes that may still be used: what the system has free, or what the bound of the cell leaves if it is smaller.
fn available() -> Option<f64> {
    let bound = std::env::var(LIMIT_VARIABLE).ok();
    let bound = bound.and_then(|text| text.trim().parse::<f64>().ok());
    let read = |file: &str, line: &str| {
        let text = std::fs::read_to_string(file).ok()?;
        bytes_of(&text, line)
    };
    let used = || read("/proc/self/status", "VmRSS:").unwrap_or_default();
    let bound = bound.map(|mio| (mio * MIO - used()).max(0.0));
    let free = read("/proc/meminfo", "MemAvailable:");
    match (bound, free) {
        (Some(bound), Some(free)) => Some(bound.min(free)),
        (bound, free) => bound.or(free),
    }
}

/// A line of a file of `/proc`, in bytes: « MemAvailable:   16634000 kB ».
fn bytes_of(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_memory_is_read() {
        let text = "MemTotal:       24682500 kB\nMemAvailable:   16634000 kB\n";
        let free = |text| bytes_of(text, "MemAvailable:");
        assert_eq!(free(text), Some(16_634_000.0 * 1024.0));
        assert_eq!(free("MemTotal: 1 kB\n"), None);
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
        // 1,000 images of 12,288 bytes and 256 more while they are decoded: 15.4 million bytes, eight tenths of 19.3.
        assert!(check_within(Some(19.2e6), "UTKFace", 1_000, 12_288).is_err());
        assert!(check_within(Some(19.4e6), "UTKFace", 1_000, 12_288).is_ok());
        assert!(check_within(None, "UTKFace", 1_000, 12_288).is_ok());
        // Few large pictures are decoded at once.
        assert_eq!(
            (chunk(12_288), chunk(150_528), chunk(usize::MAX)),
            (256, 256, 2)
        );
        assert_eq!(chunk(12_000_000), 5);
    }
}
