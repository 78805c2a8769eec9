//! A whole Pilot Parliaments Benchmark: 1,270 portraits of members of parliament and the table that its authors publish with
//! them, read as the four groups of the debiasing lab.
//!
//! The table has one line a portrait: a number, the name of the file, the gender (`Male`, `Female`), a number, the skin
//! (`Lighter`, `Darker`, from Fitzpatrick's scale), the country. Its lines end in a carriage return alone. Fields are
//! recognised by what they hold, so that a table which another program saved again is read too.
//!
//! # Source
//! J. Buolamwini and T. Gebru, *Gender Shades*, FAT* 2018.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    folder::{ImageFolder, list_files},
    options::LoadOptions,
    test_faces::{FaceGroup, GROUPS, TestFaces},
};
use crate::{
    error::{Error, Result},
    french::count,
};

/// What the images are called in messages.
const WHAT: &str = "les visages de PPB";

/// The table of a whole PPB in `folder` or below: `PPB-2017-metadata.csv` as published, in any case, `.txt` too.
pub(super) fn table(folder: &Path) -> Result<Option<PathBuf>> {
    let files = list_files(folder)?;
    let is_table = |file: &&PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        name.starts_with("ppb")
            && name.contains("metadata")
            && (name.ends_with(".csv") || name.ends_with(".txt"))
    };
    Ok(files.iter().find(is_table).map(|file| folder.join(file)))
}

/// Reads the portraits under `folder` that `table` names, group by group. A group without a portrait is left out.
pub(super) fn load(folder: &Path, table: &Path, options: &LoadOptions) -> Result<TestFaces> {
    let text = fs::read(table).map_err(|error| Error::io("lire le fichier", table, error))?;
    let labels = labels(&String::from_utf8_lossy(&text)).map_err(|reason| Error::Labels {
        path: table.to_path_buf(),
        reason,
    })?;
    let pictures = ImageFolder::load(WHAT, folder, options)?;
    let mut members = vec![Vec::new(); GROUPS.len()];
    for (index, file) in pictures.files.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some(&group) = labels.get(&*name) {
            members[group].push(index);
        }
    }
    let found: usize = members.iter().map(Vec::len).sum();
    if found == 0 {
        return Err(Error::FolderEmpty {
            what: WHAT.to_owned(),
            path: folder.to_path_buf(),
            remedy: format!(
                "Aucune image n'a un nom de la table « {} »",
                table.file_name().unwrap_or_default().to_string_lossy()
            ),
        });
    }
    if options.verbose && found < labels.len() && options.max_images.is_none() && !pictures.stopped
    {
        println!(
            "⚠ {WHAT} : {} de la table sans image lisible",
            count(labels.len() - found, "ligne")
        );
    }
    let groups = GROUPS.into_iter().zip(members);
    let groups = groups.filter(|(_, members)| !members.is_empty());
    let groups = groups.map(|((code, name), members)| {
        Ok(FaceGroup {
            name: name.to_owned(),
            code: code.to_owned(),
            images: pictures.images.select(&members)?,
            original_sizes: members
                .iter()
                .map(|&member| pictures.original_sizes[member])
                .collect(),
        })
    });
    Ok(TestFaces {
        groups: groups.collect::<Result<_>>()?,
    })
}

/// The group of each file, by its place in [`GROUPS`].
fn labels(text: &str) -> std::result::Result<HashMap<String, usize>, String> {
    let mut found = HashMap::new();
    // Carriage returns alone, or of any system.
    let lines = text.split(['\r', '\n']).map(str::trim);
    for (number, line) in (1..).zip(lines.filter(|line| !line.is_empty())) {
        let fields = line.split([',', ';', '\t']);
        let fields: Vec<&str> = fields
            .map(|field| field.trim_matches(['"', ' ', '\u{feff}']))
            .collect();
        let one_of = |words: [&str; 2]| {
            let mut fields = fields.iter();
            fields.find_map(|field| {
                words
                    .iter()
                    .position(|word| field.eq_ignore_ascii_case(word))
            })
        };
        let is_picture = |field: &&&str| {
            let name = field.to_lowercase();
            [".jpg", ".jpeg", ".png"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        let (file, gender, skin) = (
            fields.iter().find(is_picture),
            one_of(["Female", "Male"]),
            one_of(["Lighter", "Darker"]),
        );
        match (file, gender, skin) {
            (Some(file), Some(gender), Some(skin)) => {
                found.insert((*file).to_owned(), 2 * skin + gender);
            }
            // The names of the columns.
            (None, None, None) if number == 1 => {}
            _ => {
                return Err(format!(
                    "la ligne {number} ne donne pas un nom d'image, un genre (Male, Female) et une peau (Lighter, Darker)"
                ));
            }
        }
    }
    match found.is_empty() {
        true => Err("elle ne contient aucune ligne".to_owned()),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_table_is_read() {
        let text = "n,name,gender,numeric,bi.fitz,country\r1,a_1.jpg,Male,0,Darker,Senegal\r2,b_2.jpg,Female,1,Lighter,Finland\r\
                    3,c_3.jpg,Female,1,Darker,South Africa\r4,d_4.jpg,Male,0,Lighter,Iceland";
        let found = labels(text).unwrap();
        // LF, LM, DF, DM.
        let group = |file: &str| GROUPS[found[file]].0;
        assert_eq!(
            ["a_1.jpg", "b_2.jpg", "c_3.jpg", "d_4.jpg"].map(group),
            ["DM", "LF", "DF", "LM"]
        );
        // Saved again by a spreadsheet.
        let again = text.replace('\r', "\r\n").replace(',', ";");
        assert_eq!(labels(&format!("\u{feff}{again}\r\n")).unwrap(), found);
        assert_eq!(labels(&text.replace(',', "\t")).unwrap(), found);
    }

    #[test]
    fn a_table_that_is_another_is_refused_with_its_line() {
        for (text, said) in [
            (
                "n,name\n1,a.jpg,Male,0,Darker,x\n2,b.jpg,,0,Darker,x",
                "ligne 3",
            ),
            ("n,name\n1,a,Male,0,Darker,x", "ligne 2"),
            ("", "aucune ligne"),
            ("n,name,gender", "aucune ligne"),
        ] {
            let reason = labels(text).unwrap_err();
            assert!(reason.contains(said), "{reason}");
        }
    }
}
