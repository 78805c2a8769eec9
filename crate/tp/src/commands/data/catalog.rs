//! What is there of a data set beside the whole of it.

use std::path::Path;

pub use tp_protocol::data_sets::{Count, DATA_SETS, DataSet};

use crate::french::{counted, grouped};

/// Endings of pictures, in lower case.
const PICTURES: [&str; 3] = ["jpg", "jpeg", "png"];

/// Whether a path is that of a picture.
pub fn is_picture(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    PICTURES.contains(&ending.to_lowercase().as_str())
}

/// What differs from the whole set, in French; nothing when all is there. `count` tells the pictures of a subfolder of
/// the set (`""` for all of it).
pub fn differences(set: &DataSet, count: impl Fn(&str) -> usize) -> Vec<String> {
    match set.count {
        Count::Pictures(expected) => told("", count(""), expected).into_iter().collect(),
        // The whole is measured, and the small set beside it is not read.
        Count::EachOrWhole {
            whole, pictures, ..
        } if count(whole) > 0 => told("", count(whole), pictures).into_iter().collect(),
        Count::EachOrWhole {
            folders,
            each: expected,
            ..
        } => each(folders, count, expected),
        Count::Any if count("") == 0 => vec!["aucune image".to_owned()],
        Count::Any | Count::File => Vec::new(),
    }
}

fn each(folders: &[&str], count: impl Fn(&str) -> usize, expected: usize) -> Vec<String> {
    let folders = folders.iter();
    folders
        .filter_map(|folder| told(&format!("{folder} : "), count(folder), expected))
        .collect()
}

/// How a number of images differs from the one expected, if it does; `place` comes before.
pub fn told(place: &str, found: usize, expected: usize) -> Option<String> {
    let images = counted(found, "image");
    let whole = grouped(expected as u64);
    let gap = grouped(found.abs_diff(expected) as u64);
    match found.cmp(&expected) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => {
            Some(format!("{place}{images} sur {whole} : il en manque {gap}"))
        }
        std::cmp::Ordering::Greater => Some(format!(
            "{place}{images} au lieu de {whole} : {gap} de trop"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_or_exceeds_is_counted() {
        let utkface = DataSet::named("utkface").unwrap();
        assert!(differences(utkface, |_| 23_708).is_empty());
        let text = differences(utkface, |_| 12_000).join("");
        assert_eq!(
            text,
            "12\u{202f}000 images sur 23\u{202f}708 : il en manque 11\u{202f}708"
        );
        let ppb = DataSet::named("ppb").unwrap();
        let found = differences(ppb, |group| if group == "imgs" { 1_270 } else { 0 });
        assert_eq!(found, [] as [&str; 0]);
        let small = |group: &str| match group {
            "DF" => 6,
            "imgs" => 0,
            _ => 5,
        };
        let found = differences(ppb, small);
        assert_eq!(found, ["DF : 6 images au lieu de 5 : 1 de trop"]);
        let found = differences(ppb, |group| if group == "imgs" { 1_268 } else { 0 });
        assert_eq!(
            found,
            ["1\u{202f}268 images sur 1\u{202f}270 : il en manque 2"]
        );
        assert_eq!(
            differences(DataSet::named("cacd").unwrap(), |_| 0),
            ["aucune image"]
        );
    }
}
