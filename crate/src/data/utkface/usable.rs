//! The photographs that a network may learn from.

use polars::prelude::DataFrame;

use crate::{
    data::{distinct::once, labelled::take},
    error::Result,
};

/// The rows of a [`scan`](super::scan) that a network can learn from, each picture once, in their order: those with a
/// readable picture and the three labels. Of copies, byte for byte, the first one is kept; when their names disagree on the
/// age or on the gender, none is, for nobody knows which one is right. Copies whose names disagree on the code alone are
/// kept with the first one's.
///
/// Call [`correct`](super::correct) before: it gives back the labels that are known of names that lack one.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) without the columns of a scan.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let files = df!(
///     "age" => [Some(26), Some(26), Some(30), Some(31), None],
///     "gender" => [Some(1_u8), Some(1), Some(0), Some(0), Some(0)],
///     "race" => [Some(0_u8); 5],
///     "content_hash" => [Some("a"), Some("a"), Some("b"), Some("b"), Some("c")],
/// )?;
/// // « a » once, « b » not at all, and the last row has no age.
/// assert_eq!(utkface::usable(&files)?.height(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn usable(files: &DataFrame) -> Result<DataFrame> {
    let ages: Vec<Option<i32>> = files.column("age")?.i32()?.iter().collect();
    let genders: Vec<Option<u8>> = files.column("gender")?.u8()?.iter().collect();
    let codes: Vec<Option<u8>> = files.column("race")?.u8()?.iter().collect();
    let labelled: Vec<usize> = (0..files.height())
        .filter(|&row| ages[row].is_some() && genders[row].is_some() && codes[row].is_some())
        .collect();
    let said = |row: usize| (ages[row], genders[row]);
    let rows = once(files, labelled, |one, other| said(one) == said(other))?;
    take(files, &rows)
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    #[test]
    fn each_picture_once_by_hand() {
        // In turn: a copy of the next but one; a contradicted age; its usable copy; an unreadable file; the other age; a
        // contradicted gender, twice; a copy that lacks a code; the whole name of the same picture; another code.
        let files = df!(
            "row" => (0..10).collect::<Vec<i32>>(),
            "age" => [40, 26, 40, 5, 27, 60, 60, 33, 33, 40],
            "gender" => [1_u8, 0, 1, 0, 0, 0, 1, 1, 1, 1],
            "race" => [Some(0_u8), Some(1), Some(0), Some(0), Some(1), Some(2), Some(2), None, Some(3), Some(4)],
            "content_hash" => [
                Some("z"), Some("b"), Some("z"), None, Some("b"), Some("c"), Some("c"), Some("a"), Some("a"), Some("z"),
            ],
        )
        .unwrap();
        let kept = usable(&files).unwrap();
        let rows: Vec<i32> = kept
            .column("row")
            .unwrap()
            .i32()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert_eq!(rows, [0, 8]);
        let codes: Vec<u8> = kept
            .column("race")
            .unwrap()
            .u8()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert_eq!(codes, [0, 3]);
        assert_eq!(usable(&kept).unwrap(), kept);
        assert_eq!(usable(&files.head(Some(0))).unwrap().height(), 0);
        assert!(usable(&files.drop("gender").unwrap()).is_err());
    }
}
