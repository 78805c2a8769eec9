//! The labels that people have put by hand on the names that lack one.

use polars::prelude::{Column, DataFrame, NamedFrom, Series, df};

use crate::error::Result;

/// What a correction adds to the names that carry one moment.
struct Correction {
    /// The moment in the name, which the aligned face and the whole photograph share.
    stamp: &'static str,
    gender: u8,
    race: u8,
    /// What a reader should know of it, in French.
    note: &'static str,
}

/// Every correction there is, as users of the data set read the pictures.
const CORRECTIONS: [Correction; 4] = [
    Correction {
        stamp: "20170116174525125",
        gender: 1,
        race: 1,
        note: "le genre est discuté : d'autres lisent 0",
    },
    Correction {
        stamp: "20170109142408075",
        gender: 1,
        race: 1,
        note: "",
    },
    Correction {
        stamp: "20170109150557335",
        gender: 1,
        race: 3,
        note: "la photo entière s'appelle 61_3_… : il y manque le genre",
    },
    Correction {
        stamp: "20170116184028385",
        gender: 1,
        race: 0,
        note: "photo entière seulement, 53__0_… : l'image alignée s'appelle 53_1_0_…",
    },
];

/// The corrections as a table: `stamp`, `gender`, `race`, `note`.
///
/// # Errors
/// None in practice: the frame is built from a constant table.
pub fn corrections() -> Result<DataFrame> {
    Ok(df!(
        "stamp" => CORRECTIONS.map(|correction| correction.stamp),
        "gender" => CORRECTIONS.map(|correction| correction.gender),
        "race" => CORRECTIONS.map(|correction| correction.race),
        "note" => CORRECTIONS.map(|correction| correction.note),
    )?)
}

/// The same frame with the labels of [`corrections`] where a name lacks them: nothing that a name
/// says is changed. The `issue` of a corrected row says so.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) without the columns `file`, `gender`, `race`, `issue`.
pub fn correct(df: &DataFrame) -> Result<DataFrame> {
    let files = df.column("file")?.str()?;
    let mut genders: Vec<Option<u8>> = df.column("gender")?.u8()?.iter().collect();
    let mut races: Vec<Option<u8>> = df.column("race")?.u8()?.iter().collect();
    let mut issues: Vec<Option<String>> = df
        .column("issue")?
        .str()?
        .iter()
        .map(|issue| issue.map(str::to_owned))
        .collect();
    for (row, file) in files.iter().enumerate() {
        let lacks = genders[row].is_none() || races[row].is_none();
        let (true, Some(file)) = (lacks, file) else {
            continue;
        };
        let known = CORRECTIONS
            .iter()
            .find(|correction| file.contains(correction.stamp));
        if let Some(known) = known {
            genders[row].get_or_insert(known.gender);
            races[row].get_or_insert(known.race);
            let issue = issues[row].get_or_insert_default();
            let separator = if issue.is_empty() { "" } else { ", " };
            issue.push_str(separator);
            issue.push_str("complété à la main");
        }
    }
    let mut corrected = df.clone();
    for column in [
        Series::new("gender".into(), genders),
        Series::new("race".into(), races),
        Series::new("issue".into(), issues),
    ] {
        corrected.with_column(Column::from(column))?;
    }
    Ok(corrected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lacks_is_filled() {
        let frame = df!(
            "file" => [
                "39_1_20170116174525125.jpg.chip.jpg",
                "61_3_20170109150557335.jpg",
                "61_0_20170109142408075.jpg",
                "5_0_20170101000000000.jpg",
                "26_0_1_20170109142408075.jpg",
            ],
            "gender" => [Some(1_u8), None, Some(0), Some(0), Some(0)],
            "race" => [None, Some(3_u8), None, None, Some(1)],
            "issue" => [
                Some("origine absente"), Some("genre absent"), Some("origine absente"), Some("origine absente"), None,
            ],
        )
        .unwrap();
        let corrected = correct(&frame).unwrap();
        let expected = df!(
            "file" => frame.column("file").unwrap().str().unwrap().clone(),
            "gender" => [Some(1_u8), Some(1), Some(0), Some(0), Some(0)],
            "race" => [Some(1_u8), Some(3), Some(1), None, Some(1)],
            "issue" => [
                Some("origine absente, complété à la main"),
                Some("genre absent, complété à la main"),
                Some("origine absente, complété à la main"),
                Some("origine absente"),
                None,
            ],
        )
        .unwrap();
        assert!(corrected.equals_missing(&expected), "{corrected}");
        assert_eq!(corrections().unwrap().height(), 4);
    }
}
