//! The data sets that the labs know: where they go, how many files they have, where to find them, under which terms.

use std::path::{Path, PathBuf};

use crate::french::{counted, grouped};

/// How the files of a data set are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Pictures, in the folder and below.
    Pictures(usize),
    /// Pictures in each of these subfolders.
    Each(&'static [&'static str], usize),
    /// One file, that the library's reader opens.
    File,
    /// Any number: the size of the whole set is not known, or a part is enough.
    Any,
}

/// A data set of the labs.
#[derive(Debug)]
pub struct DataSet {
    /// Name that commands take.
    pub name: &'static str,
    /// What it holds, in French.
    pub content: &'static str,
    /// Folder or file under the data root; the first is the one made, the others are accepted.
    pub places: &'static [&'static str],
    /// Files of the whole set.
    pub count: Count,
    /// Where to find it.
    pub source: &'static str,
    /// Address of the file itself, where it can be downloaded without a form.
    pub direct: Option<&'static str>,
    /// Terms of use.
    pub terms: &'static str,
}

/// Every data set, in the order of the labs.
pub const DATA_SETS: [DataSet; 7] = [
    DataSet {
        name: "utkface",
        content: "visages alignés, âge, genre et origine dans le nom",
        places: &["UTKFace", "utkface", "UTKFACE"],
        count: Count::Pictures(23_708),
        source: "https://susanqq.github.io/UTKFace/",
        direct: None,
        terms: "recherche non commerciale",
    },
    DataSet {
        name: "celeba",
        content: "visages de célébrités, alignés",
        places: &["CelebA", "celeba", "visages"],
        count: Count::Pictures(202_599),
        source: "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        direct: None,
        terms: "recherche non commerciale, pas de redistribution",
    },
    DataSet {
        name: "imagenette",
        content: "photos sans personne : dix classes d'ImageNet, moins trois",
        places: &["imagenette", "non_visages"],
        count: Count::Any,
        source: "https://github.com/fastai/imagenette",
        direct: Some("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz"),
        terms: "conditions d'ImageNet, recherche et enseignement",
    },
    DataSet {
        name: "train_face",
        content: "ensemble d'entraînement du laboratoire 2 de MIT 6.S191",
        places: &["train_face.h5"],
        count: Count::File,
        source: "https://github.com/MITDeepLearning/introtodeeplearning (dossier lab2)",
        direct: None,
        terms: "conditions de CelebA et d'ImageNet",
    },
    DataSet {
        name: "ppb",
        content: "20 visages de test du MIT : LF, LM, DF, DM",
        places: &["ppb", "visages_test"],
        count: Count::Each(&["LF", "LM", "DF", "DM"], 5),
        source: "paquet Python « mitdeeplearning », dossier data/faces",
        direct: None,
        terms: "photos du Web, usage pédagogique local",
    },
    DataSet {
        name: "fairface",
        content: "visages, âge, genre et origine dans labels.csv",
        places: &["fairface"],
        count: Count::Any,
        source: "https://github.com/joojs/fairface",
        direct: None,
        terms: "CC BY 4.0, Kärkkäinen et Joo",
    },
    DataSet {
        name: "cacd",
        content: "jeunes (20 à 26 ans) et âgés (52 à 62 ans), train et test × 0 et 1",
        places: &["cacd"],
        count: Count::Any,
        source: "https://bcsiriuschen.github.io/CARC/",
        direct: None,
        terms: "recherche non commerciale",
    },
];

impl DataSet {
    /// The data set of this name.
    pub fn named(name: &str) -> Option<&'static DataSet> {
        let name = name.trim().to_lowercase();
        DATA_SETS.iter().find(|set| set.name == name)
    }

    /// Where it is under a data root, if it is there.
    pub fn find(&self, root: &Path) -> Option<PathBuf> {
        self.places
            .iter()
            .map(|place| root.join(place))
            .find(|path| match self.count {
                Count::File => path.is_file(),
                _ => path.is_dir(),
            })
    }
}

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
        Count::Each(folders, expected) => folders
            .iter()
            .filter_map(|folder| told(&format!("{folder} : "), count(folder), expected))
            .collect(),
        Count::Any if count("") == 0 => vec!["aucune image".to_owned()],
        Count::Any | Count::File => Vec::new(),
    }
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
    fn names_are_found_and_unique() {
        for (index, set) in DATA_SETS.iter().enumerate() {
            assert_eq!(
                DataSet::named(&set.name.to_uppercase()).unwrap().name,
                set.name
            );
            assert!(
                DATA_SETS[..index]
                    .iter()
                    .all(|other| other.name != set.name)
            );
            assert!(!set.places.is_empty());
        }
        assert!(DataSet::named("lfw").is_none());
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_not_the_set() {
        let root = std::env::temp_dir().join(format!("tp-data-place-{}", std::process::id()));
        std::fs::create_dir_all(root.join("train_face.h5")).unwrap();
        std::fs::write(root.join("UTKFace"), b"x").unwrap();
        std::fs::create_dir(root.join("utkface")).unwrap();
        let found = |name| DataSet::named(name).unwrap().find(&root);
        assert_eq!(found("utkface"), Some(root.join("utkface")));
        assert_eq!(found("train_face"), None);
        std::fs::remove_dir_all(&root).unwrap();
    }

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
        let found = differences(ppb, |group| if group == "DF" { 6 } else { 5 });
        assert_eq!(found, ["DF : 6 images au lieu de 5 : 1 de trop"]);
        assert_eq!(
            differences(DataSet::named("cacd").unwrap(), |_| 0),
            ["aucune image"]
        );
    }
}
