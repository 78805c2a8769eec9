//! CACD, faces of celebrities over ten years, as a Polars frame.
//!
//! # Source
//! B.-C. Chen, C.-S. Chen, W. H. Hsu, *Cross-Age Reference Coding for Age-Invariant Face Recognition and
//! Retrieval*, ECCV 2014. The age is the year of the picture less the year of birth: approximate by design.

mod plan;
mod prepare;

use std::path::Path;

use polars::prelude::{DataFrame, NamedFrom, Series};

pub use prepare::{YoungOldConfig, YoungOldReport};

use super::inspect::Scanned;
use crate::error::Result;

/// Ages that the data set holds, with some room.
const AGES: std::ops::RangeInclusive<i32> = 0..=120;

/// One row for each visible file of a folder tree; names are `[age]_[First]_[Last]_[nnnn].jpg`.
///
/// | column | type | content |
/// |---|---|---|
/// | `path`, `file` | str | where the file is; its path within the folder |
/// | `age` | i32 | years, from the name |
/// | `identity` | str | the person's name: split by it, or a network recognises people |
/// | `number` | u32 | number of the picture among the person's |
/// | `content_hash` | str | the same for byte-identical pictures; null for no usable picture |
/// | `issue` | str | what is wrong with the name or the file, in French |
///
/// # Errors
/// [`Error::FolderMissing`](crate::Error::FolderMissing), [`Error::FolderEmpty`](crate::Error::FolderEmpty)
/// without a file, [`Error::Io`](crate::Error::Io), [`Error::Stopped`](crate::Error::Stopped).
pub fn scan(dir: impl AsRef<Path>) -> Result<DataFrame> {
    let scanned = Scanned::folder("CACD", dir.as_ref())?;
    let names: Vec<CacdName> = scanned.names().map(|name| CacdName::parse(&name)).collect();
    let ages: Vec<Option<i32>> = names.iter().map(|name| name.age).collect();
    let identities: Vec<Option<&str>> = names.iter().map(|name| name.identity.as_deref()).collect();
    let numbers: Vec<Option<u32>> = names.iter().map(|name| name.number).collect();
    let columns = vec![
        Series::new("age".into(), ages),
        Series::new("identity".into(), identities),
        Series::new("number".into(), numbers),
    ];
    let issues = names.into_iter().map(|name| name.issues).collect();
    scanned.into_frame(columns, issues)
}

/// What a file name of CACD says.
#[derive(Debug, Default, PartialEq, Eq)]
struct CacdName {
    age: Option<i32>,
    identity: Option<String>,
    number: Option<u32>,
    issues: Vec<String>,
}

impl CacdName {
    fn parse(file_name: &str) -> Self {
        let stem = file_name
            .rsplit_once('.')
            .map_or(file_name, |(stem, _)| stem);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let parts = stem
            .split_once('_')
            .and_then(|(age, rest)| Some((age, rest.rsplit_once('_')?)));
        let Some((age, (identity, number))) =
            parts.filter(|(age, (name, number))| digits(age) && digits(number) && !name.is_empty())
        else {
            return Self {
                issues: vec!["nom qui ne suit pas âge_prénom_nom_numéro".to_owned()],
                ..Self::default()
            };
        };
        let mut name = Self {
            age: age.parse().ok().filter(|age| AGES.contains(age)),
            identity: Some(identity.replace('_', " ")),
            number: number.parse().ok(),
            issues: Vec::new(),
        };
        if name.age.is_none() {
            name.issues.push("âge hors de 0 à 120".to_owned());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_accents_and_several_parts() {
        let name = CacdName::parse("14_Aaron_Johnson_0001.jpg");
        assert_eq!((name.age, name.number), (Some(14), Some(1)));
        assert_eq!(name.identity.as_deref(), Some("Aaron Johnson"));
        let name = CacdName::parse("53_Penélope_Cruz_Sánchez_0012.jpg");
        assert_eq!(name.identity.as_deref(), Some("Penélope Cruz Sánchez"));
        assert!(name.issues.is_empty());
        let name = CacdName::parse("340_Madonna_0003.jpg");
        assert_eq!((name.age, name.issues.len()), (None, 1));
        for odd in [
            "",
            "14.jpg",
            "14_0001.jpg",
            "14__0001.jpg",
            "x_Aaron_0001.jpg",
            "14_A_B.jpg",
        ] {
            let name = CacdName::parse(odd);
            assert_eq!(name.identity, None, "{odd}");
            assert_eq!(name.issues.len(), 1, "{odd}");
        }
    }
}
