//! `tp data list` and `tp data verifier`: what is there, and what differs from the whole sets.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::catalog::{Count, DATA_SETS, DataSet, differences, is_picture};
use super::hdf5::{self, Counted};
use super::tree;
use tp_protocol::data_sets::asks_for_drawings;

use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::counted;
use crate::paths::Repository;

/// Arguments of `tp data list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Dossier des données (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
    /// Écrit la liste en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// Arguments of `tp data verifier`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Jeux à vérifier : utkface, celeba… (tous ceux qui sont là par défaut)
    #[arg(value_name = "JEU")]
    sets: Vec<String>,
    /// Dossier des données (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
}

/// A data set as it is found.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(skip)]
    set: &'static DataSet,
    name: &'static str,
    path: Option<PathBuf>,
    pictures: usize,
    differences: Vec<String>,
}

/// The data root: the one given, that of `TP_DONNEES`, or the repository's.
///
/// # Errors
/// [`Error::Usage`] when `TP_DONNEES` names nothing; without a repository, when no root is given.
pub fn data_root(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    match root_of(std::env::var_os("TP_DONNEES"))? {
        Some(named) => Ok(named),
        None => Ok(Repository::find()?.root().join("data")),
    }
}

/// The data root that a value of `TP_DONNEES` tells, if any: a folder, that of a `.h5` file, none for drawn faces.
///
/// # Errors
/// [`Error::Usage`] when it names nothing.
pub fn root_of(value: Option<OsString>) -> Result<Option<PathBuf>> {
    let Some(named) = value.filter(|value| !value.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if named.is_dir() {
        return Ok(Some(named));
    }
    if named.is_file() {
        return Ok(named.parent().map(Path::to_owned));
    }
    if asks_for_drawings(&named) {
        return Ok(None);
    }
    Err(Error::Usage(format!(
        "TP_DONNEES vaut « {} », qui n'existe pas. Corrigez cette variable, ou créez ce dossier.",
        named.display()
    )))
}

/// Prints every data set of the labs: where it is, or where to find it.
///
/// # Errors
/// When a folder cannot be read.
pub fn list(args: &ListArgs) -> Result<Verdict> {
    let root = data_root(args.root.as_deref())?;
    let found = DATA_SETS
        .iter()
        .map(|set| look(set, &root))
        .collect::<Result<Vec<Found>>>()?;
    let text = match args.json {
        true => serde_json::json!({ "version": 1, "root": root, "sets": found }).to_string(),
        false => table(&root, &found),
    };
    // A reader that is gone wants no result.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(Verdict::Fine)
}

/// Compares what is there with the whole sets; [`Verdict::Failed`] when something differs.
///
/// # Errors
/// [`Error::Usage`] for an unknown name, [`Error::Missing`] for a set that is named and not there.
pub fn verify(args: &VerifyArgs) -> Result<Verdict> {
    let root = data_root(args.root.as_deref())?;
    let mut sets = Vec::new();
    for name in &args.sets {
        sets.push(named(name)?);
    }
    let all = sets.is_empty();
    let sets: Vec<&DataSet> = if all {
        DATA_SETS.iter().collect()
    } else {
        sets
    };
    let (mut any, mut differs) = (false, false);
    for set in sets {
        let mut found = look(set, &root)?;
        open(&mut found, hdf5::count)?;
        let Some(path) = &found.path else {
            if all {
                continue;
            }
            return Err(Error::Missing {
                what: format!("Le jeu « {} »", set.name),
                remedy: format!("Placez-le dans « {} ».", root.join(set.place()).display()),
            });
        };
        any = true;
        differs |= !found.differences.is_empty();
        let _ = writeln!(std::io::stdout(), "{}", verdict(&found, path));
    }
    if !any {
        return Err(Error::Missing {
            what: format!(
                "Aucun jeu de données connu dans « {} » ; il",
                root.display()
            ),
            remedy: "Voyez cargo tp data list.".to_owned(),
        });
    }
    Ok(if differs {
        Verdict::Failed
    } else {
        Verdict::Fine
    })
}

/// Has a file that seems whole opened by the library, which `count` does.
fn open(found: &mut Found, count: impl Fn(&Path) -> Result<Counted>) -> Result<()> {
    if let Some(path) = &found.path
        && found.set.count == Count::File
        && found.differences.is_empty()
    {
        match count(path) {
            Ok(counted) => found.differences = counted.differences(),
            // The reader's own line.
            Err(Error::Usage(reason)) => found.differences.push(reason),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The data set of this name, or a French refusal with those there are.
///
/// # Errors
/// [`Error::Usage`] for an unknown name.
pub fn named(name: &str) -> Result<&'static DataSet> {
    DataSet::named(name).ok_or_else(|| {
        let names: Vec<&str> = DATA_SETS.iter().map(|set| set.name).collect();
        Error::Usage(format!(
            "« {name} » n'est pas un jeu de données connu (valeurs possibles : {}).",
            names.join(", ")
        ))
    })
}

fn look(set: &'static DataSet, root: &Path) -> Result<Found> {
    let path = set.find(root);
    let mut found = Found {
        set,
        name: set.name,
        pictures: 0,
        differences: Vec::new(),
        path,
    };
    if let (Some(path), true) = (&found.path, set.count == Count::File) {
        match hdf5::check(path) {
            Err(Error::Unusable { reason, .. }) => found.differences.push(reason),
            checked => checked?,
        }
    } else if let Some(path) = &found.path {
        let pictures = pictures(path)?;
        found.pictures = pictures.len();
        found.differences = differences(set, |folder| {
            let within = |file: &&PathBuf| file.starts_with(folder);
            pictures.iter().filter(within).count()
        });
    }
    Ok(found)
}

/// The pictures under a folder, as paths within it.
///
/// # Errors
/// When a folder cannot be read.
pub fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = tree::files(folder)?;
    files.retain(|file| is_picture(file));
    Ok(files)
}

fn verdict(found: &Found, path: &Path) -> String {
    match found.differences.as_slice() {
        [] if found.set.count == Count::Any => {
            format!("✔ {} : {}, {}", found.name, path.display(), some(found))
        }
        [] => format!("✔ {} : {}, rien ne manque", found.name, path.display()),
        differences => format!(
            "✘ {} : {}\n    {}",
            found.name,
            path.display(),
            differences.join("\n    ")
        ),
    }
}

/// What is said of a set whose whole size is not known.
fn some(found: &Found) -> String {
    let images = counted(found.pictures, "image");
    format!("{images} (taille du jeu entier inconnue)")
}

fn table(root: &Path, found: &[Found]) -> String {
    let mut text = format!("Données : {}\n", root.display());
    for (set, found) in DATA_SETS.iter().zip(found) {
        let state = match &found.path {
            None => "absent".to_owned(),
            Some(_) if !found.differences.is_empty() => {
                format!("là, {}", found.differences.join(" ; "))
            }
            Some(_) if set.count == Count::File => {
                format!(
                    "là, contenu à vérifier par cargo tp data verifier {}",
                    set.name
                )
            }
            Some(_) if set.count == Count::Any => format!("là, {}", some(found)),
            Some(_) => format!("là, {}", counted(found.pictures, "image")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{} ({}) : {state}", set.name, set.place());
        let _ = writeln!(text, "    {}", set.content);
        let _ = writeln!(text, "    {} · {}", set.source, set.terms);
    }
    text + "\nPour préparer ce que vous avez téléchargé : cargo tp data import FICHIER"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_by_folder() {
        let root = std::env::temp_dir().join(format!("tp-data-list-{}", std::process::id()));
        for group in ["LF", "LM", "DF", "DM"] {
            let folder = root.join("ppb").join(group);
            std::fs::create_dir_all(&folder).unwrap();
            for index in 0..if group == "DM" { 4 } else { 5 } {
                std::fs::write(folder.join(format!("{index}.PNG")), b"x").unwrap();
            }
            std::fs::write(folder.join("notes.txt"), b"x").unwrap();
        }
        let found = look(DataSet::named("ppb").unwrap(), &root).unwrap();
        assert_eq!(found.pictures, 19);
        assert_eq!(found.differences, ["DM : 4 images sur 5 : il en manque 1"]);
        let text = table(&root, &[found]);
        assert!(text.starts_with("Données : "), "{text}");
        assert!(
            look(DataSet::named("celeba").unwrap(), &root)
                .unwrap()
                .path
                .is_none()
        );
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn the_file_of_the_mit_lab_is_opened() {
        let root = std::env::temp_dir().join(format!("tp-data-h5-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let set = DataSet::named("train_face").unwrap();
        let file = root.join("train_face.h5");
        let unreached = |_: &Path| -> Result<Counted> { panic!("opened for nothing") };
        for (content, expected) in [(&b""[..], "vide"), (b"<html>", "pas un fichier HDF5")] {
            std::fs::write(&file, content).unwrap();
            let mut found = look(set, &root).unwrap();
            open(&mut found, unreached).unwrap();
            assert!(found.differences[0].contains(expected), "{found:?}");
            assert!(verdict(&found, &file).starts_with('✘'));
        }
        let fixture = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/fixtures/h5/chunked.h5"
        );
        std::fs::copy(fixture, &file).unwrap();
        let mut found = look(set, &root).unwrap();
        assert!(found.differences.is_empty());
        let (faces, others) = (8, 54_957);
        open(&mut found, |_| Ok(Counted { faces, others })).unwrap();
        assert_eq!(
            found.differences,
            ["visages : 8 images sur 54\u{202f}957 : il en manque 54\u{202f}949"]
        );
        let mut found = look(set, &root).unwrap();
        open(&mut found, |_| Err(Error::Usage("autre forme".to_owned()))).unwrap();
        assert_eq!(found.differences, ["autre forme"]);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_variable_that_names_nothing_is_told() {
        let root = |value: &str| root_of(Some(value.into()));
        assert_eq!(root_of(None).unwrap(), None);
        assert_eq!(root("").unwrap(), None);
        assert_eq!(root("/ailleurs/Synthétique").unwrap(), None);
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let folder = Some(env!("CARGO_MANIFEST_DIR").into());
        assert_eq!(root(here).unwrap(), folder);
        assert_eq!(root(env!("CARGO_MANIFEST_DIR")).unwrap(), folder);
        let error = root("/nulle/part").unwrap_err().to_string();
        assert!(
            error.contains("TP_DONNEES") && error.contains("/nulle/part"),
            "{error}"
        );
    }

    #[test]
    fn a_set_of_unknown_size_is_not_called_whole() {
        let root = std::env::temp_dir().join(format!("tp-data-taille-{}", std::process::id()));
        std::fs::create_dir_all(root.join("fairface/train")).unwrap();
        std::fs::write(root.join("fairface/train/1.jpg"), b"x").unwrap();
        let found = look(DataSet::named("fairface").unwrap(), &root).unwrap();
        let text = verdict(&found, &root);
        assert!(
            text.ends_with("1 image (taille du jeu entier inconnue)"),
            "{text}"
        );
        std::fs::remove_dir_all(&root).unwrap();
    }
}
