//! The data sets that the labs know: what they hold, where they lie, how many files they have, where to find them, under
//! which terms. The library reads them, the command lists and fetches them.

use std::path::{Path, PathBuf};

/// Value of `TP_DONNEES` that asks for drawn images.
pub const DRAWINGS: &str = "synthetique";

/// Whether a data path is the word « synthetique », with or without its accent. A launcher may have
/// put a folder before it; a folder that exists is meant as such.
pub fn asks_for_drawings(path: &Path) -> bool {
    let word = path.file_name().unwrap_or_default().to_string_lossy();
    word.trim().to_lowercase().replace('é', "e") == DRAWINGS && !path.exists()
}

/// What the images of a data set are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Faces whose age, gender and origin are in the names of the files.
    LabelledFaces,
    /// Faces without labels.
    Faces,
    /// Photographs without any person.
    NonFaces,
    /// Faces and other images, in one file.
    Detection,
    /// Test faces, group by group.
    TestFaces,
    /// Young and old faces.
    YoungOld,
}

/// How the files of a data set are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Pictures, in the folder and below.
    Pictures(usize),
    /// Pictures in each of these subfolders; or the whole, in another subfolder.
    EachOrWhole {
        /// The subfolders of the small set.
        folders: &'static [&'static str],
        /// Pictures in each of them.
        each: usize,
        /// The subfolder of the whole set.
        whole: &'static str,
        /// Pictures of the whole set.
        pictures: usize,
    },
    /// One file, that the library's reader opens.
    File,
    /// Any number: the size of the whole set is not known, or a part is enough.
    Any,
}

/// A data set of the labs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSet {
    /// Name that commands take.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What its images are for.
    pub kind: Kind,
    /// What its images are, in French, with the article: « les visages ».
    pub images: &'static str,
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

/// Labelled faces of all ages.
pub const UTKFACE: DataSet = DataSet {
    name: "utkface",
    title: "UTKFace",
    kind: Kind::LabelledFaces,
    images: "les visages étiquetés",
    content: "visages alignés, âge, genre et origine dans le nom",
    places: &["UTKFace", "utkface", "UTKFACE"],
    count: Count::Pictures(23_708),
    source: "https://susanqq.github.io/UTKFace/",
    direct: None,
    terms: "recherche non commerciale",
};

/// Faces for detectors.
pub const CELEBA: DataSet = DataSet {
    name: "celeba",
    title: "CelebA",
    kind: Kind::Faces,
    images: "les visages",
    content: "visages de célébrités, alignés",
    places: &["CelebA", "celeba", "visages"],
    count: Count::Pictures(202_599),
    source: "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    direct: None,
    terms: "recherche non commerciale, pas de redistribution",
};

/// Photographs without any person, for detectors.
pub const IMAGENETTE: DataSet = DataSet {
    name: "imagenette",
    title: "imagenette",
    kind: Kind::NonFaces,
    images: "les images sans visage",
    content: "photos sans personne : dix classes d'ImageNet, moins trois",
    places: &["imagenette", "non_visages"],
    count: Count::Any,
    source: "https://github.com/fastai/imagenette",
    direct: Some("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz"),
    terms: "conditions d'ImageNet, recherche et enseignement",
};

/// The training set of the MIT lab: takes the place of [`CELEBA`] and [`IMAGENETTE`].
pub const TRAIN_FACE: DataSet = DataSet {
    name: "train_face",
    title: "train_face.h5",
    kind: Kind::Detection,
    images: "les visages et les images sans visage",
    content: "jeu d'entraînement du laboratoire 2 de MIT 6.S191",
    places: &["train_face.h5"],
    count: Count::File,
    source: "https://github.com/MITDeepLearning/introtodeeplearning (dossier lab2)",
    direct: None,
    terms: "conditions de CelebA et d'ImageNet",
};

/// The test faces of the MIT lab.
pub const PPB: DataSet = DataSet {
    name: "ppb",
    title: "ppb",
    kind: Kind::TestFaces,
    images: "les visages de test",
    content: "visages de test : les 20 du MIT (LF, LM, DF, DM), ou PPB entier avec sa table",
    places: &["ppb", "visages_test"],
    count: Count::EachOrWhole {
        folders: &["LF", "LM", "DF", "DM"],
        each: 5,
        whole: "imgs",
        pictures: 1_270,
    },
    source: "paquet Python « mitdeeplearning », dossier data/faces ; PPB entier, sur demande : http://gendershades.org",
    direct: None,
    terms: "photos du Web, usage pédagogique local ; PPB entier : conditions de ses auteurs",
};

/// More test faces, by perceived gender and origin.
pub const FAIRFACE: DataSet = DataSet {
    name: "fairface",
    title: "FairFace",
    kind: Kind::TestFaces,
    images: "les visages de FairFace",
    content: "visages, âge, genre et origine dans labels.csv",
    places: &["fairface"],
    count: Count::Any,
    source: "https://github.com/joojs/fairface",
    direct: None,
    terms: "CC BY 4.0, Kärkkäinen et Joo",
};

/// Young and old faces.
pub const CACD: DataSet = DataSet {
    name: "cacd",
    title: "CACD",
    kind: Kind::YoungOld,
    images: "les visages jeunes et âgés",
    content: "jeunes (20 à 26 ans) et âgés (52 à 62 ans), train et test × 0 et 1",
    places: &["cacd"],
    count: Count::Any,
    source: "https://bcsiriuschen.github.io/CARC/",
    direct: None,
    terms: "recherche non commerciale",
};

/// Every data set, in the order of the labs.
pub static DATA_SETS: [DataSet; 7] = [UTKFACE, CELEBA, IMAGENETTE, TRAIN_FACE, PPB, FAIRFACE, CACD];

impl DataSet {
    /// The data set of this name.
    pub fn named(name: &str) -> Option<&'static DataSet> {
        let name = name.trim().to_lowercase();
        DATA_SETS.iter().find(|set| set.name == name)
    }

    /// Its usual folder or file under a data root.
    pub fn place(&self) -> &'static str {
        self.places.first().copied().unwrap_or(self.name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unique() {
        for (index, set) in DATA_SETS.iter().enumerate() {
            assert_eq!(DataSet::named(&set.name.to_uppercase()), Some(set));
            assert!(
                DATA_SETS[..index]
                    .iter()
                    .all(|other| other.name != set.name)
            );
            assert_eq!(set.places.first(), Some(&set.place()));
        }
        assert!(DataSet::named("lfw").is_none());
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_not_the_set() {
        let root = std::env::temp_dir().join(format!("tp-data-place-{}", std::process::id()));
        std::fs::create_dir_all(root.join("train_face.h5")).unwrap();
        std::fs::write(root.join("UTKFace"), b"x").unwrap();
        std::fs::create_dir(root.join("utkface")).unwrap();
        assert_eq!(UTKFACE.find(&root), Some(root.join("utkface")));
        assert_eq!(TRAIN_FACE.find(&root), None);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn drawings_are_asked_for_by_a_word() {
        for word in ["synthetique", "Synthétique", "/ailleurs/synthetique"] {
            assert!(asks_for_drawings(Path::new(word)), "{word}");
        }
        let root = std::env::temp_dir().join(format!("tp-data-mot-{}", std::process::id()));
        let folder = root.join(DRAWINGS);
        std::fs::create_dir_all(&folder).unwrap();
        assert!(!asks_for_drawings(&folder));
        assert!(!asks_for_drawings(Path::new("data")));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
