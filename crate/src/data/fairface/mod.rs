//! FairFace as a larger test set of faces: groups by gender and origin, as its annotators saw them.
//!
//! # Source
//! K. Kärkkäinen and J. Joo, *FairFace: Face Attribute Dataset for Balanced Race, Gender, and Age*,
//! WACV 2021; images and labels CC BY 4.0.

mod frame;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

pub use frame::scan;
use tp_protocol::data_sets::FAIRFACE;

use super::{
    folder::ImageFolder,
    image_store::ImageStore,
    options::LoadOptions,
    test_faces::{FaceGroup, TestFaces},
};
use crate::error::{Error, Result};

/// Names of the table of labels: ours, then the published ones, which are read together.
const LABEL_FILES: [&str; 3] = [
    "labels.csv",
    "fairface_label_train.csv",
    "fairface_label_val.csv",
];

/// Labels of origin in the file, and what the groups are called: women, men.
const ORIGINS: [(&str, [&str; 2]); 7] = [
    ("White", ["Femmes blanches", "Hommes blancs"]),
    ("Black", ["Femmes noires", "Hommes noirs"]),
    (
        "Latino_Hispanic",
        ["Femmes hispaniques", "Hommes hispaniques"],
    ),
    (
        "Middle Eastern",
        ["Femmes du Moyen-Orient", "Hommes du Moyen-Orient"],
    ),
    ("Indian", ["Femmes indiennes", "Hommes indiens"]),
    (
        "East Asian",
        ["Femmes, Asie de l'Est", "Hommes, Asie de l'Est"],
    ),
    (
        "Southeast Asian",
        ["Femmes, Asie du S.-E.", "Hommes, Asie du S.-E."],
    ),
];
/// Labels of gender in the file, in the order of the names above.
const GENDERS: [&str; 2] = ["Female", "Male"];

impl TestFaces {
    /// Reads the table of labels of the folder `fairface` under the data folder `root` (`labels.csv`, or the published
    /// `fairface_label_train.csv` and `fairface_label_val.csv`; columns `file`, `gender`, `race`) and the pictures
    /// it names; `None` when there is no such folder. Groups are in a fixed order, women
    /// first; one without a readable picture is left out, and so are pictures without labels.
    ///
    /// The labels tell an *origin as annotators saw it*, not a skin tone.
    ///
    /// # Errors
    /// [`Error::Io`] when the labels cannot be read, [`Error::Labels`] for a missing column or an
    /// unknown label, [`Error::FolderEmpty`] without a table or when no labelled picture is readable, [`Error::Stopped`] for an interrupt
    /// before the first of them.
    pub fn fairface(root: &Path, options: &LoadOptions) -> Result<Option<TestFaces>> {
        let Some(folder) = FAIRFACE.find(root) else {
            return Ok(None);
        };
        let mut labels = HashMap::new();
        for table in label_tables(&folder)? {
            labels.extend(read_labels(&table)?);
        }
        let pictures = ImageFolder::load("FairFace", &folder, options)?;

        let mut members = vec![Vec::new(); GENDERS.len() * ORIGINS.len()];
        for (index, file) in pictures.files.iter().enumerate() {
            if let Some(&group) = labels.get(file) {
                members[group].push(index);
            }
        }
        let mut groups = Vec::new();
        for (group, members) in members.iter().enumerate() {
            if members.is_empty() {
                continue;
            }
            let (gender, origin) = (group / ORIGINS.len(), group % ORIGINS.len());
            let images: ImageStore = pictures.images.select(members)?;
            groups.push(FaceGroup {
                name: ORIGINS[origin].1[gender].to_owned(),
                code: format!("{} {}", GENDERS[gender], ORIGINS[origin].0),
                images,
                original_sizes: members
                    .iter()
                    .map(|&member| pictures.original_sizes[member])
                    .collect(),
            });
        }
        if groups.is_empty() && pictures.stopped {
            return Err(Error::Stopped {
                what: "la lecture (FairFace)".to_owned(),
            });
        }
        if groups.is_empty() {
            return Err(Error::FolderEmpty {
                what: "FairFace".to_owned(),
                path: folder,
                remedy: "Aucune image n'a d'étiquette dans la table, colonne « file »".to_owned(),
            });
        }
        Ok(Some(TestFaces { groups }))
    }
}

/// The tables of labels that a folder holds, at least one.
fn label_tables(folder: &Path) -> Result<Vec<PathBuf>> {
    let tables = LABEL_FILES.map(|name| folder.join(name));
    let tables: Vec<PathBuf> = tables.into_iter().filter(|path| path.is_file()).collect();
    if tables.is_empty() {
        return Err(Error::FolderEmpty {
            what: "FairFace".to_owned(),
            path: folder.to_path_buf(),
            remedy: format!(
                "Il y manque la table des étiquettes, « {} »",
                LABEL_FILES[0]
            ),
        });
    }
    Ok(tables)
}

/// The group (gender × origin) of each file.
fn read_labels(path: &Path) -> Result<HashMap<PathBuf, usize>> {
    let table = LabelTable::open(path)?;
    let (gender, race) = (table.column("gender")?, table.column("race")?);
    let mut labels = HashMap::new();
    table.each(|line, file, record| {
        let field = |column: usize| record.get(column).unwrap_or_default();
        let known = GENDERS.iter().position(|name| *name == field(gender));
        let origin = ORIGINS.iter().position(|(name, _)| *name == field(race));
        let (Some(known), Some(origin)) = (known, origin) else {
            return Err(format!(
                "étiquettes « {} » et « {} » inconnues à la ligne {line}",
                field(gender),
                field(race),
            ));
        };
        labels.insert(file, known * ORIGINS.len() + origin);
        Ok(())
    })?;
    Ok(labels)
}

/// A table of labels, one line a file.
struct LabelTable {
    path: PathBuf,
    headers: csv::StringRecord,
    reader: csv::Reader<std::fs::File>,
}

impl LabelTable {
    fn open(path: &Path) -> Result<Self> {
        let file =
            std::fs::File::open(path).map_err(|error| Error::io("lire le fichier", path, error))?;
        let mut reader = csv::Reader::from_reader(file);
        let headers = reader
            .headers()
            .map_err(|error| wrong(path, error.to_string()))?
            .clone();
        Ok(Self {
            path: path.to_path_buf(),
            headers,
            reader,
        })
    }

    fn column(&self, name: &str) -> Result<usize> {
        self.headers
            .iter()
            .position(|header| header == name)
            .ok_or_else(|| wrong(&self.path, format!("la colonne « {name} » manque")))
    }

    /// Calls `read` with the number, the file and the fields of each line; what it says is wrong ends it.
    fn each(
        mut self,
        mut read: impl FnMut(usize, PathBuf, &csv::StringRecord) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let file = self.column("file")?;
        for (line, record) in self.reader.records().enumerate() {
            let record = record.map_err(|error| wrong(&self.path, error.to_string()))?;
            let path = PathBuf::from(record.get(file).unwrap_or_default());
            read(line + 2, path, &record).map_err(|reason| wrong(&self.path, reason))?;
        }
        Ok(())
    }
}

fn wrong(path: &Path, reason: String) -> Error {
    Error::Labels {
        path: path.to_path_buf(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, labels: &str) -> PathBuf {
        let root =
            std::env::temp_dir().join(format!("visages-fairface-{name}-{}", std::process::id()));
        let train = root.join("fairface/train");
        std::fs::create_dir_all(&train).unwrap();
        for file in ["1.png", "2.png", "3.png"] {
            image::RgbImage::new(8, 8).save(train.join(file)).unwrap();
        }
        std::fs::write(root.join("fairface/labels.csv"), labels).unwrap();
        root
    }

    #[test]
    fn groups_are_gender_and_origin_women_first() {
        let root = folder(
            "groups",
            "file,age,gender,race\ntrain/1.png,20-29,Male,Black\ntrain/2.png,3-9,Female,White\n\
             train/3.png,3-9,Male,Black\ntrain/9.png,3-9,Male,Indian\n",
        );
        let faces = TestFaces::fairface(&root, &LoadOptions::default())
            .unwrap()
            .unwrap();
        let groups: Vec<(&str, usize)> = faces
            .groups
            .iter()
            .map(|group| (group.name.as_str(), group.images.len()))
            .collect();
        assert_eq!(groups, [("Femmes blanches", 1), ("Hommes noirs", 2)]);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn the_published_tables_are_read_together() {
        let root = folder("published", "");
        let fairface = root.join("fairface");
        std::fs::remove_file(fairface.join("labels.csv")).unwrap();
        let load = || TestFaces::fairface(&root, &LoadOptions::default());
        let error = load().unwrap_err().to_string();
        assert!(error.contains("« labels.csv »"), "{error}");
        for (table, row) in [
            ("train", "train/1.png,20-29,Male,Indian"),
            ("val", "train/2.png,20-29,Female,Indian"),
        ] {
            let text = format!("file,age,gender,race\n{row}\n");
            std::fs::write(fairface.join(format!("fairface_label_{table}.csv")), text).unwrap();
        }
        let faces = load().unwrap().unwrap();
        let names: Vec<&str> = faces.groups.iter().map(|group| &*group.name).collect();
        assert_eq!(names, ["Femmes indiennes", "Hommes indiens"]);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn what_is_wrong_is_named() {
        let options = LoadOptions::default();
        let nowhere = std::env::temp_dir().join("visages-sans-fairface");
        assert!(TestFaces::fairface(&nowhere, &options).unwrap().is_none());
        for (name, labels, expected) in [
            (
                "column",
                "file,gender\ntrain/1.png,Male\n",
                "« race » manque",
            ),
            (
                "label",
                "file,gender,race\ntrain/1.png,Male,Martian\n",
                "« Martian » inconnues à la ligne 2",
            ),
            (
                "empty",
                "file,gender,race\ntrain/9.png,Male,White\n",
                "Aucune image n'a d'étiquette",
            ),
        ] {
            let root = folder(name, labels);
            let error = TestFaces::fairface(&root, &options)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
            std::fs::remove_dir_all(&root).unwrap();
        }
    }
}
