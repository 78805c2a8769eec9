//! How much labels contradict each other, or what was drawn.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, DataType, df};

use crate::error::Result;

/// The labels, as readers see them, and the columns that hold them and what was drawn.
const LABELS: [(&str, &str, &str); 3] = [
    ("âge (ans)", "age", "drawn_age"),
    ("genre annoté (part)", "gender", "drawn_gender"),
    ("code d'origine (part)", "race", "drawn_race"),
];

/// The noise of the labels: what the copies of one picture let suppose, and what is known where pictures were drawn.
///
/// `files` is a frame of [`scan`](super::scan); `truth` that of
/// [`DrawnFacesConfig::true_labels`](crate::data::DrawnFacesConfig::true_labels), or `None` for photographs.
///
/// | column | type | content |
/// |---|---|---|
/// | `label` | str | « âge (ans) », « genre annoté (part) », « code d'origine (part) » |
/// | `n_copies` | u32 | labelled files whose picture is there more than once |
/// | `copies` | f64 | least mean error of any answer on these files: to the median of each picture's ages, or share of the files that do not carry the commonest label of their picture; null without copies |
/// | `n_drawn` | u32 | labelled files of which the truth is known |
/// | `drawn` | f64 | mean distance of the written age to the drawn one, or share of labels that are not what was drawn; null for photographs |
///
/// Copies are no random sample of the files: `copies` is a landmark, no floor.
///
/// # Errors
/// [`Error::Frame`](crate::Error::Frame) when a column lacks.
pub fn label_noise(files: &DataFrame, truth: Option<&DataFrame>) -> Result<DataFrame> {
    let hashes = files.column("content_hash")?.str()?;
    let (mut copies, mut copied) = (Vec::new(), Vec::new());
    let (mut drawn, mut known) = (Vec::new(), Vec::new());
    for (index, (_, written, true_one)) in LABELS.into_iter().enumerate() {
        let is_age = index == 0;
        let mut by_picture: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let values = numbers(files, written)?;
        for (hash, value) in hashes.iter().zip(values) {
            if let (Some(hash), Some(value)) = (hash, value) {
                by_picture.entry(hash).or_default().push(value);
            }
        }
        by_picture.retain(|_, values| values.len() > 1);
        let n: usize = by_picture.values().map(Vec::len).sum();
        let least: f64 = by_picture.into_values().map(|v| least(v, is_age)).sum();
        copies.push((n > 0).then(|| least / n as f64));
        copied.push(n as u32);

        let mut errors = Vec::new();
        if let Some(truth) = truth {
            for pair in numbers(truth, written)?
                .into_iter()
                .zip(numbers(truth, true_one)?)
            {
                if let (Some(written), Some(drawn)) = pair {
                    let distance = (written - drawn).abs();
                    errors.push(if is_age {
                        distance
                    } else {
                        f64::from(u8::from(distance > 0.0))
                    });
                }
            }
        }
        let total: f64 = errors.iter().sum();
        drawn.push((!errors.is_empty()).then(|| total / errors.len() as f64));
        known.push(errors.len() as u32);
    }
    Ok(df!(
        "label" => LABELS.map(|(label, ..)| label),
        "n_copies" => copied,
        "copies" => copies,
        "n_drawn" => known,
        "drawn" => drawn,
    )?)
}

/// The least total error of one answer for all these labels of one picture.
fn least(mut values: Vec<f64>, is_age: bool) -> f64 {
    values.sort_by(f64::total_cmp);
    if is_age {
        let median = values[values.len() / 2];
        return values.iter().map(|value| (value - median).abs()).sum();
    }
    let commonest = values
        .chunk_by(|one, other| one == other)
        .map(<[f64]>::len)
        .max();
    (values.len() - commonest.unwrap_or(0)) as f64
}

fn numbers(df: &DataFrame, name: &str) -> Result<Vec<Option<f64>>> {
    let column = df.column(name)?.cast(&DataType::Float64)?;
    Ok(column.f64()?.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(noise: &DataFrame, column: &str) -> Vec<Option<f64>> {
        numbers(noise, column).unwrap()
    }

    #[test]
    fn copies_are_counted_by_hand() {
        let files = df!(
            // Three copies of a, two of b, one of c, and two files that are no pictures.
            "content_hash" => [Some("a"), Some("b"), Some("a"), Some("c"), Some("a"), Some("b"), None, None],
            "age" => [Some(20), Some(30), Some(26), Some(1), Some(21), Some(40), Some(5), Some(80)],
            "gender" => [Some(0_u8), Some(1), Some(1), Some(0), Some(1), Some(1), Some(0), Some(1)],
            "race" => [Some(0_u8), Some(2), Some(0), Some(0), Some(0), None, Some(4), Some(3)],
        )
        .unwrap();
        let noise = label_noise(&files, None).unwrap();
        // Ages: |20 − 21| + |26 − 21|, then 10, on five files. Genders: one of five. Codes: b has one known code only.
        assert_eq!(
            values(&noise, "copies"),
            [Some(16.0 / 5.0), Some(1.0 / 5.0), Some(0.0)]
        );
        assert_eq!(
            values(&noise, "n_copies"),
            [Some(5.0), Some(5.0), Some(3.0)]
        );
        assert_eq!(values(&noise, "drawn"), [None; 3]);
        assert_eq!(values(&noise, "n_drawn"), [Some(0.0); 3]);

        let alone = files.head(Some(1));
        assert_eq!(
            values(&label_noise(&alone, None).unwrap(), "copies"),
            [None; 3]
        );
        assert!(label_noise(&files.drop("race").unwrap(), None).is_err());
    }

    #[test]
    fn what_was_drawn_is_compared_file_by_file() {
        let files = df!(
            "content_hash" => ["a", "b"], "age" => [20, 30], "gender" => [0_u8, 1], "race" => [0_u8, 1],
        )
        .unwrap();
        let truth = df!(
            "age" => [20, 30, 41], "drawn_age" => [21.5, 30.0, 40.0],
            "gender" => [0_u8, 1, 1], "drawn_gender" => [0_u8, 0, 1],
            "race" => [Some(0_u8), None, Some(1)], "drawn_race" => [0_u8, 1, 1],
        )
        .unwrap();
        let noise = label_noise(&files, Some(&truth)).unwrap();
        assert_eq!(
            values(&noise, "drawn"),
            [Some(2.5 / 3.0), Some(1.0 / 3.0), Some(0.0)]
        );
        assert_eq!(values(&noise, "n_drawn"), [Some(3.0), Some(3.0), Some(2.0)]);
    }
}
