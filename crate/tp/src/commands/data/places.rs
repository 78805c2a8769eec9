//! Which data set names are those of, and where each file goes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::catalog::{DataSet, is_picture};
use crate::error::{Error, Result};
use crate::french::counted;

/// Groups of the MIT lab's test faces.
const PPB_GROUPS: [&str; 4] = ["LF", "LM", "DF", "DM"];
/// Beginnings of names of tables that go with pictures.
const TABLES: [&str; 6] = [
    "labels",
    "fairface_label",
    "list_",
    "identity_",
    "noisy_",
    PPB_TABLE,
];
/// Beginning of the name of the table of a whole PPB.
const PPB_TABLE: &str = "PPB-";
/// Folder of the portraits of a whole PPB.
const PPB_PORTRAITS: &str = "imgs";

/// The set whose names most pictures have, else that of the tables; `from` is the name of the folder they come from.
pub fn recognise(files: &[PathBuf], from: &Path) -> Option<&'static DataSet> {
    let pictures: Vec<PathBuf> = files
        .iter()
        .filter(|file| is_picture(file))
        .map(|file| from.join(file))
        .collect();
    let most = |set: &str| {
        let count = pictures.iter().filter(|file| has_name(set, file)).count();
        count > 0 && 2 * count > pictures.len()
    };
    let table = |starts: &[&str]| {
        let begins = |name: &str| starts.iter().any(|start| name.starts_with(start));
        files
            .iter()
            .any(|file| is_table(file) && begins(&name(file)))
    };
    let recognised = if table(&[PPB_TABLE]) {
        "ppb"
    } else if let Some(set) = ["ppb", "utkface", "cacd"].into_iter().find(|set| most(set)) {
        set
    } else if table(&["fairface_label"]) {
        "fairface"
    } else if let Some(set) = ["celeba", "imagenette"].into_iter().find(|set| most(set)) {
        set
    } else if !pictures.is_empty() {
        return None;
    } else if table(&["labels"]) {
        "fairface"
    } else if table(&["list_", "identity_"]) {
        "celeba"
    } else {
        return None;
    };
    DataSet::named(recognised)
}

/// Refuses files whose names are those of another set than the one that was asked for.
///
/// # Errors
/// [`Error::Usage`] with the set whose names they have, if any.
pub fn check_names(set: &DataSet, files: &[PathBuf], from: &Path) -> Result<()> {
    if let Some(other) = recognise(files, from).filter(|other| other.name != set.name) {
        return Err(Error::Usage(format!(
            "Ces fichiers ont des noms de « {} », et non de « {} ». Corrigez --jeu, ou retirez-le.",
            other.name, set.name
        )));
    }
    // The labels of these sets are in the names, or go by them.
    let strict = ["utkface", "cacd", "celeba"].contains(&set.name);
    let mut pictures = files.iter().filter(|file| is_picture(file)).peekable();
    if strict && pictures.peek().is_some() && !pictures.any(|file| has_name(set.name, file)) {
        return Err(Error::Usage(format!(
            "Aucune de ces images n'a un nom de « {} ». Corrigez --jeu (voyez cargo tp data list).",
            set.name
        )));
    }
    Ok(())
}

/// Whether a picture is named as those of a set are.
fn has_name(set: &str, file: &Path) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = name(file);
    let fields = |text: &str| text.split('_').map(str::to_owned).collect::<Vec<String>>();
    match set {
        "ppb" => group(file).is_some(),
        "imagenette" => wnid(file).is_some(),
        "utkface" => match &fields(&name)[..] {
            [age, gender, .., last] => {
                digits(age)
                    && matches!(gender.as_str(), "0" | "1" | "3" | "")
                    && last.len() >= 14
                    && last.get(..12).is_some_and(digits)
            }
            _ => false,
        },
        "cacd" => {
            let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
            match &fields(stem)[..] {
                [age, _, .., number] => {
                    age.len() == 2 && digits(age) && number.len() == 4 && digits(number)
                }
                _ => false,
            }
        }
        "celeba" => name
            .strip_suffix(".jpg")
            .is_some_and(|stem| stem.len() == 6 && digits(stem)),
        _ => false,
    }
}

fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Whether a file is a table of labels, by its name.
pub fn is_table(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    let known = TABLES.iter().any(|start| name(file).starts_with(start));
    known && ["csv", "txt"].contains(&ending.to_lowercase().as_str())
}

fn is_ppb_table(file: &Path) -> bool {
    is_table(file) && name(file).starts_with(PPB_TABLE)
}

/// The group of test faces that a path tells.
fn group(file: &Path) -> Option<&'static str> {
    let folder = file.parent()?.file_name()?;
    PPB_GROUPS
        .into_iter()
        .find(|group| folder == OsStr::new(group))
}

/// The folder of an ImageNet class that a path goes through: `n` and eight digits.
fn wnid(file: &Path) -> Option<String> {
    file.parent()?.iter().rev().find_map(|name| {
        let name = name.to_string_lossy();
        let digits = name.strip_prefix('n')?;
        (digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| name.into_owned())
    })
}

/// Where each file goes within the set's folder; those that are not of the set have no place. Two files may have the same
/// place: their contents tell whether they are the same.
///
/// # Errors
/// [`Error::Usage`] when no file is of the set.
pub fn places(set: &DataSet, files: &[PathBuf], from: &Path) -> Result<HashMap<PathBuf, PathBuf>> {
    // Classes of imagenette in which people are seen: a non-face with a face is a wrong label.
    const WITH_PEOPLE: [&str; 3] = ["n01440764", "n03000684", "n03394916"];
    let is_whole_ppb = files.iter().any(|file| is_ppb_table(file));
    let mut places = HashMap::new();
    for file in files {
        let name = PathBuf::from(file.file_name().unwrap_or_default());
        if name.to_string_lossy().starts_with('.')
            || file.iter().any(|part| part == "__MACOSX")
            || !(is_picture(file) || is_table(file))
        {
            continue;
        }
        let whole = from.join(file);
        let place = match set.name {
            "ppb" => match group(&whole) {
                Some(group) => Path::new(group).join(&name),
                None if is_table(file) => name,
                None if is_whole_ppb => Path::new(PPB_PORTRAITS).join(&name),
                None => continue,
            },
            "imagenette" => match wnid(&whole) {
                Some(class) if WITH_PEOPLE.contains(&class.as_str()) => continue,
                Some(class) => Path::new(&class).join(&name),
                None => continue,
            },
            // Its table names files by their folder: train/1.jpg.
            "fairface" if !is_table(file) => {
                let parts = ["train", "val"].map(Path::new);
                let file = if parts.contains(&from) { &whole } else { file };
                let folder = file.parent().and_then(Path::file_name);
                folder.map_or(name.clone(), |folder| Path::new(folder).join(&name))
            }
            _ => name,
        };
        places.insert(file.clone(), place);
    }
    if places.is_empty() {
        return Err(Error::Usage(format!(
            "{} : aucune image de « {} ».",
            counted(files.len(), "fichier"),
            set.name
        )));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::super::list::named;
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn sets_are_recognised_by_their_names() {
        let name = |names: &[&str]| recognise(&paths(names), Path::new("")).map(|set| set.name);
        assert_eq!(
            name(&[
                "UTKFace/26_0_1_20170116174525125.jpg.chip.jpg",
                "x/1_1_20170109142408075.jpg",
                "a.txt"
            ]),
            Some("utkface")
        );
        assert_eq!(
            name(&["img_align_celeba/000001.jpg", "img_align_celeba/202599.jpg"]),
            Some("celeba")
        );
        assert_eq!(name(&["faces/LF/1.png", "faces/DM/20.png"]), Some("ppb"));
        assert_eq!(
            name(&[
                "CACD2000/14_Aaron_Johnson_0001.jpg",
                "CACD2000/53_Robin_Williams_0012.jpg"
            ]),
            Some("cacd")
        );
        assert_eq!(
            name(&["imagenette2-160/train/n02102040/n02102040_1.JPEG"]),
            Some("imagenette")
        );
        assert_eq!(
            name(&["train/1.jpg", "fairface_label_train.csv"]),
            Some("fairface")
        );
        assert_eq!(
            name(&["PPB-2017/imgs/1.jpg", "PPB-2017/PPB-2017-metadata.csv"]),
            Some("ppb")
        );
        assert_eq!(name(&["vacances/été.jpg", "notes.txt"]), None);
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn every_file_has_its_place_or_none() {
        let place = |set: &str, names: &[&str]| -> Vec<(String, String)> {
            let places = places(named(set).unwrap(), &paths(names), Path::new("")).unwrap();
            let mut places: Vec<(String, String)> = places
                .into_iter()
                .map(|(file, place)| (file.display().to_string(), place.display().to_string()))
                .collect();
            places.sort();
            places
        };
        let pair = |file: &str, place: &str| (file.to_owned(), place.to_owned());
        assert_eq!(
            place(
                "celeba",
                &[
                    "a/000001.jpg",
                    "__MACOSX/a/._000001.jpg",
                    "list_attr_celeba.txt",
                    "a/lisez.pdf"
                ]
            ),
            [
                pair("a/000001.jpg", "000001.jpg"),
                pair("list_attr_celeba.txt", "list_attr_celeba.txt")
            ]
        );
        assert_eq!(
            place("ppb", &["p/data/faces/LF/1.png", "p/logo.png"]),
            [pair("p/data/faces/LF/1.png", "LF/1.png")]
        );
        assert_eq!(
            place(
                "ppb",
                &[
                    "PPB-2017/PPB-2017-metadata.csv",
                    "PPB-2017/imgs/a.jpg",
                    "PPB-2017/lisez.pdf"
                ]
            ),
            [
                pair("PPB-2017/PPB-2017-metadata.csv", "PPB-2017-metadata.csv"),
                pair("PPB-2017/imgs/a.jpg", "imgs/a.jpg")
            ]
        );
        assert_eq!(
            place(
                "imagenette",
                &["i/train/n02102040/a.JPEG", "i/val/n01440764/b.JPEG"]
            ),
            [pair("i/train/n02102040/a.JPEG", "n02102040/a.JPEG")]
        );
        assert_eq!(
            place(
                "fairface",
                &["f/train/1.jpg", "f/val/1.jpg", "f/fairface_label_val.csv"]
            ),
            [
                pair("f/fairface_label_val.csv", "fairface_label_val.csv"),
                pair("f/train/1.jpg", "train/1.jpg"),
                pair("f/val/1.jpg", "val/1.jpg"),
            ]
        );
        assert!(places(named("ppb").unwrap(), &paths(&["x.jpg"]), Path::new("")).is_err());
    }

    #[test]
    fn another_set_than_the_one_asked_for_is_refused() {
        let check = |set: &str, names: &[&str]| {
            check_names(named(set).unwrap(), &paths(names), Path::new(""))
        };
        let error = check("utkface", &["a/000001.jpg"]).unwrap_err().to_string();
        assert!(
            error.contains("« celeba », et non de « utkface »"),
            "{error}"
        );
        assert!(check("celeba", &["a/moi.jpg"]).is_err());
        assert!(check("celeba", &["a/000001.jpg", "a/moi.jpg", "a/toi.jpg"]).is_ok());
        // Any name will do where labels are in a table or in the folders.
        assert!(check("fairface", &["val/1.jpg"]).is_ok());
        assert!(check("celeba", &["list_attr_celeba.txt"]).is_ok());
    }

    #[test]
    fn the_folder_itself_and_tables_tell_the_set() {
        let name = |names: &[&str], from: &str| {
            recognise(&paths(names), Path::new(from)).map(|set| set.name)
        };
        assert_eq!(name(&["a.JPEG"], "n02102040"), Some("imagenette"));
        assert_eq!(name(&["1.png"], "LF"), Some("ppb"));
        assert_eq!(name(&["identity_CelebA.txt"], ""), Some("celeba"));
        assert_eq!(name(&["fairface_label_val.csv"], ""), Some("fairface"));
        assert_eq!(name(&["labels.csv"], ""), Some("fairface"));
        assert_eq!(name(&["labels.csv", "été.jpg"], ""), None);
        let set = named("imagenette").unwrap();
        let places = places(set, &paths(&["a.JPEG"]), Path::new("n02102040")).unwrap();
        assert_eq!(places[Path::new("a.JPEG")], Path::new("n02102040/a.JPEG"));
    }
}
