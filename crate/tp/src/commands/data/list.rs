//! `tp data list` and `tp data verifier`: what is there, and what differs from the whole sets.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::catalog::{Count, DATA_SETS, DataSet, differences, is_picture};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::paths::Repository;

/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 16;

/// Arguments of `tp data list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Dossier des données (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
    /// Rend la liste en JSON
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
    name: &'static str,
    path: Option<PathBuf>,
    pictures: usize,
    differences: Vec<String>,
}

/// The data root: the one given, that of `TP_DONNEES`, or the repository's.
///
/// # Errors
/// Without a repository, when none is given.
pub fn data_root(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    match std::env::var_os("TP_DONNEES").filter(|value| !value.is_empty()) {
        Some(named) if Path::new(&named).is_dir() => Ok(named.into()),
        _ => Ok(Repository::find()?.root().join("data")),
    }
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
        let found = look(set, &root)?;
        let Some(path) = &found.path else {
            if all {
                continue;
            }
            return Err(Error::Missing {
                what: format!("Le jeu « {} »", set.name),
                remedy: format!("Placez-le dans « {} ».", root.join(set.places[0]).display()),
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
        name: set.name,
        pictures: 0,
        differences: Vec::new(),
        path,
    };
    if let (Some(path), false) = (&found.path, set.count == Count::File) {
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
fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((within, depth)) = pending.pop() {
        let path = folder.join(&within);
        let failed = || Error::io("Impossible de lire", &path);
        for entry in std::fs::read_dir(&path).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let within = within.join(entry.file_name());
            // A link to a folder is entered: data sets are often kept elsewhere.
            if is_picture(&within) {
                found.push(within);
            } else if folder.join(&within).is_dir() && depth < MAX_DEPTH {
                pending.push((within, depth + 1));
            }
        }
    }
    Ok(found)
}

fn verdict(found: &Found, path: &Path) -> String {
    match found.differences.as_slice() {
        [] => format!("✔ {} : {}, rien ne manque", found.name, path.display()),
        differences => format!(
            "✘ {} : {}\n    {}",
            found.name,
            path.display(),
            differences.join("\n    ")
        ),
    }
}

fn table(root: &Path, found: &[Found]) -> String {
    let mut text = format!("Données : {}\n", root.display());
    for (set, found) in DATA_SETS.iter().zip(found) {
        let state = match &found.path {
            None => "absent".to_owned(),
            Some(_) if set.count == Count::File => "là".to_owned(),
            Some(_) if found.differences.is_empty() => format!("là, {} images", found.pictures),
            Some(_) => format!("là, {}", found.differences.join(" ; ")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{} ({}) : {state}", set.name, set.places[0]);
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
}
