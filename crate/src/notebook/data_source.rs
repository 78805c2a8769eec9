//! Which images a session uses, data set by data set: photographs where there are some, else drawings.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use tp_protocol::data_sets::{Count, DATA_SETS, DataSet};

use crate::data::h5_file;

/// Where photographs are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DataSource {
    /// A folder or a file, named by the reader or found.
    At(PathBuf),
    /// Nowhere: drawn images were asked for.
    Synthetic,
    /// Nowhere: no data set was found in these folders.
    NotFound(Vec<PathBuf>),
}

/// What a session uses of some data sets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The photographs of this folder, or of this file. A part of the sets is there: what lacks is an error, better than
    /// drawings that nobody asked for.
    Photographs(PathBuf),
    /// Drawings, and why.
    Drawings(Why),
}

/// Why images are drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// They were asked for.
    Asked,
    /// None of these folders and files is in the data folder.
    Absent(PathBuf, Vec<&'static str>),
    /// There is no data folder.
    NoFolder,
}

/// What a sentence on drawings ends with.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => Ok(()),
            Self::NoFolder => write!(f, ", faute d'un dossier « data »"),
            Self::Absent(root, places) => {
                let quoted: Vec<String> =
                    places.iter().map(|place| format!("« {place} »")).collect();
                write!(
                    f,
                    ", faute de {} dans {}",
                    quoted.join(" ou "),
                    root.display()
                )
            }
        }
    }
}

impl DataSource {
    /// What is used of `sets`, which a lab uses together: photographs as soon as one of them is there.
    pub(super) fn choose(&self, sets: &[DataSet]) -> Choice {
        let path = match self {
            Self::Synthetic => return Choice::Drawings(Why::Asked),
            Self::NotFound(_) => return Choice::Drawings(Why::NoFolder),
            Self::At(path) => path,
        };
        // A file holds faces and other images; its neighbours are those of its folder.
        let root = match path.is_file() {
            true => path.parent().unwrap_or(path),
            false => path,
        };
        let is_there = sets.iter().any(|set| set.find(root).is_some());
        let is_the_file = path.is_file()
            && sets.iter().any(|set| set.count == Count::File)
            && h5_file(path).is_some();
        // What was named and does not exist is told later.
        match is_there || is_the_file || !path.exists() {
            true => Choice::Photographs(path.clone()),
            false => Choice::Drawings(Why::Absent(
                root.to_path_buf(),
                sets.iter().map(|set| set.place()).collect(),
            )),
        }
    }
}

/// The data sets that are in a folder.
pub(super) fn present(root: &Path) -> Vec<&'static DataSet> {
    let sets = DATA_SETS.iter();
    sets.filter(|set| set.find(root).is_some()).collect()
}

/// The first folder `data` with a data set, in `start` or above it, up to the repository's root. The
/// root of the file system is left out: a `/data` there has nothing to do with the labs.
pub(super) fn find_data(start: &Path) -> DataSource {
    let mut searched = Vec::new();
    for folder in start.ancestors() {
        if folder.parent().is_none() {
            break;
        }
        let candidate = folder.join("data");
        if !present(&candidate).is_empty() {
            return DataSource::At(candidate);
        }
        searched.push(candidate);
        if [".git", "Cargo.lock"]
            .iter()
            .any(|mark| folder.join(mark).exists())
        {
            break;
        }
    }
    DataSource::NotFound(searched)
}

#[cfg(test)]
mod tests {
    use tp_protocol::data_sets::{CELEBA, IMAGENETTE, PPB, TRAIN_FACE, UTKFACE};

    use super::*;

    /// A temporary repository, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("visages-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn make(&self, folder: &str) -> PathBuf {
            let path = self.0.join(folder);
            std::fs::create_dir_all(&path).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn data_are_searched_upward_to_the_root_of_the_repository() {
        let base = Folder::new("source");
        let nested = base.make("depot/notebooks/etudiant");
        base.make("data/CelebA");
        std::fs::write(base.0.join("depot/Cargo.lock"), "").unwrap();
        // Beyond the root of the repository nothing is taken.
        let DataSource::NotFound(searched) = find_data(&nested) else {
            panic!("a folder outside the repository was taken");
        };
        assert_eq!(searched.len(), 3);
        assert_eq!(searched[2], base.0.join("depot/data"));

        // A folder that holds no data set is not enough; any of them is.
        let data = base.make("depot/data");
        assert!(matches!(find_data(&nested), DataSource::NotFound(_)));
        for set in &DATA_SETS {
            let place = data.join(set.place());
            if set == &TRAIN_FACE {
                std::fs::write(&place, "").unwrap();
            } else {
                std::fs::create_dir(&place).unwrap();
            }
            assert_eq!(
                find_data(&nested),
                DataSource::At(data.clone()),
                "{}",
                set.name
            );
            if place.is_dir() {
                std::fs::remove_dir(&place).unwrap();
            } else {
                std::fs::remove_file(&place).unwrap();
            }
        }
    }

    #[test]
    fn photographs_or_drawings_are_chosen_data_set_by_data_set() {
        let base = Folder::new("choix");
        base.make("UTKFace");
        let source = DataSource::At(base.0.clone());
        let photographs = Choice::Photographs(base.0.clone());
        let detection = [CELEBA, IMAGENETTE, TRAIN_FACE, PPB];
        assert_eq!(source.choose(&[UTKFACE]), photographs);
        let Choice::Drawings(why) = source.choose(&detection) else {
            panic!("photographs that are not there");
        };
        let told = why.to_string();
        assert!(
            told.contains("« CelebA »") && told.contains("choix"),
            "{told}"
        );
        // A part is there: what lacks is told later.
        base.make("visages_test");
        assert_eq!(source.choose(&detection), photographs);

        assert_eq!(
            DataSource::Synthetic.choose(&[UTKFACE]),
            Choice::Drawings(Why::Asked)
        );
        assert_eq!(
            DataSource::NotFound(Vec::new()).choose(&[UTKFACE]),
            Choice::Drawings(Why::NoFolder)
        );
        // What was named and does not exist is told, never drawn.
        let absent = DataSource::At(base.0.join("absent"));
        assert!(matches!(absent.choose(&[UTKFACE]), Choice::Photographs(_)));
        // A file is a detection set, beside which others may lie.
        let file = base.0.join("train.h5");
        std::fs::write(&file, "").unwrap();
        let source = DataSource::At(file);
        assert!(matches!(source.choose(&detection), Choice::Photographs(_)));
        assert!(matches!(source.choose(&[UTKFACE]), Choice::Photographs(_)));
        std::fs::remove_dir(base.0.join("UTKFace")).unwrap();
        assert!(matches!(source.choose(&[UTKFACE]), Choice::Drawings(_)));
    }
}
