//! `tp data import`: what was downloaded, put where the labs look for it, and compared with the whole set.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::archive::{Extracted, Source};
use super::cacd;
use super::catalog::{DataSet, differences};
use super::hdf5::{self, Counted};
use super::list::{data_root, named, pictures};
use super::places::{check_names, is_table, places, recognise};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::counted;
use crate::process::Progress;

/// The file of the MIT lab.
const H5_NAME: &str = "train_face.h5";

/// Arguments of `tp data import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Ce que vous avez téléchargé : archive .zip, .tar ou .tar.gz, dossier, train_face.h5, ou table d'étiquettes
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// Jeu de données : utkface, celeba, imagenette, train_face, ppb, fairface ou cacd (reconnu aux noms des fichiers par défaut)
    #[arg(long = "jeu", value_name = "JEU")]
    set: Option<String>,
    /// Dossier des données (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
}

/// Copies the files, then says what differs from the whole set. [`Verdict::Failed`] when something does.
///
/// # Errors
/// When the source cannot be read, is not recognised or leads out of its folder, or a file cannot be written.
pub fn execute(args: &ImportArgs) -> Result<Verdict> {
    let root = data_root(args.root.as_deref())?;
    let chosen = args.set.as_deref().map(named).transpose()?;
    if args.source.is_file() {
        let is_h5 = hdf5::is_hdf5(&args.source)?;
        match chosen.filter(|set| is_h5 != (set.name == "train_face")) {
            None if is_h5 => return import_h5(&args.source, &root, hdf5::count),
            Some(set) if is_h5 => {
                return Err(Error::Usage(format!(
                    "« {} » est un fichier HDF5 : c'est le jeu train_face, et non {}.",
                    args.source.display(),
                    set.name
                )));
            }
            // The refusal tells what the file is instead.
            Some(set) if set.name == "train_face" => hdf5::check(&args.source)?,
            _ => {}
        }
    }
    let source = match args.source.is_file() && is_table(&args.source) {
        true => Source::Table(args.source.clone()),
        false => Source::open(&args.source)?,
    };
    tell!("▸ Lecture de « {} »", args.source.display());
    let files = source.files()?;
    let from = name_of(&source);
    let set = match chosen.or_else(|| recognise(&files, &from)) {
        Some(set) => set,
        None => {
            return Err(Error::Usage(format!(
                "« {} » : {}, mais aucun jeu de données reconnu à leurs noms. Dites lequel avec --jeu (voyez cargo tp data list).",
                args.source.display(),
                counted(files.len(), "fichier")
            )));
        }
    };
    check_names(set, &files, &from)?;
    let folder = home(set, &root);
    if let Source::Folder(path) = &source
        && same(path, &folder)
    {
        return Err(Error::Usage(format!(
            "« {} » est déjà à sa place. Pour le vérifier : cargo tp data verifier {}",
            folder.display(),
            set.name
        )));
    }
    if set.name == "cacd" {
        return cacd::import(&source, &files, &folder);
    }
    let extracted = copy(&source, &files, &places(set, &files, &from)?, &folder)?;
    let _ = writeln!(
        std::io::stdout(),
        "{} : {} dans « {} »{}",
        set.name,
        counted(extracted.written, "fichier écrit"),
        folder.display(),
        match extracted.already {
            0 => String::new(),
            already => format!(" ({}, déjà là)", counted(already, "fichier identique")),
        }
    );
    let there = pictures(&folder)?;
    let found = differences(set, |group| {
        let within = |place: &&PathBuf| place.starts_with(group);
        there.iter().filter(within).count()
    });
    for difference in &found {
        let _ = writeln!(std::io::stdout(), "⚠ {difference}");
    }
    Ok(if found.is_empty() {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// Name of a folder that is imported, empty for an archive: the paths within it may not tell what it is.
fn name_of(source: &Source) -> PathBuf {
    let Source::Folder(path) = source else {
        return PathBuf::new();
    };
    let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
    whole.file_name().unwrap_or_default().into()
}

/// Where a set goes: where it is already, so that nothing hides it.
fn home(set: &DataSet, root: &Path) -> PathBuf {
    // The labs frame the pictures of a folder of CelebA's own name only: they must not be mixed with other faces.
    let found = set.find(root).filter(|place| !place.ends_with("visages"));
    found.unwrap_or_else(|| root.join(set.place()))
}

/// Copies each file to its place within `folder`, showing how far it is.
pub(super) fn copy(
    source: &Source,
    files: &[PathBuf],
    places: &HashMap<PathBuf, PathBuf>,
    folder: &Path,
) -> Result<Extracted> {
    let mut progress = Progress::start("Copie des images", "quelques minutes pour 200 000 images");
    let extracted = source.extract(
        files,
        |file| Some(folder.join(places.get(file)?)),
        |seen| progress.advance(seen, files.len()),
    )?;
    progress.finish();
    Ok(extracted)
}

/// Copies the file of the MIT lab once `count` has opened it, and says what differs from the whole one.
fn import_h5(
    source: &Path,
    root: &Path,
    count: impl Fn(&Path) -> Result<Counted>,
) -> Result<Verdict> {
    hdf5::check(source)?;
    let target = root.join(H5_NAME);
    if same(source, &target) {
        return Err(Error::Usage(format!(
            "« {} » est déjà à sa place.",
            target.display()
        )));
    }
    if target.exists() {
        return Err(Error::Usage(format!(
            "« {} » est déjà là. Déplacez-le ou effacez-le, puis relancez la commande.",
            target.display()
        )));
    }
    let found = count(source)?;
    let progress = Progress::start("Copie de train_face.h5", "1,3 Go");
    std::fs::create_dir_all(root).map_err(Error::io("Impossible de créer", root))?;
    let partial = target.with_extension("h5.partiel");
    std::fs::copy(source, &partial)
        .and_then(|_| std::fs::rename(&partial, &target))
        .map_err(|error| {
            // Half a file is of no use.
            let _ = std::fs::remove_file(&partial);
            Error::io("Impossible de copier", source)(error)
        })?;
    progress.finish();
    let _ = writeln!(
        std::io::stdout(),
        "train_face : {} et {} dans « {} »",
        counted(found.faces, "visage"),
        counted(found.others, "autre image"),
        target.display()
    );
    let differences = found.differences();
    for difference in &differences {
        let _ = writeln!(std::io::stdout(), "⚠ {difference}");
    }
    Ok(match differences.is_empty() {
        true => Verdict::Fine,
        false => Verdict::Failed,
    })
}

/// Whether both paths are the same file or folder.
fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("tp-import-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, file: &str, content: &[u8]) {
            let path = self.0.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }

        fn import(&self, source: &str, set: Option<&str>) -> Result<Verdict> {
            execute(&ImportArgs {
                source: self.0.join(source),
                set: set.map(str::to_owned),
                root: Some(self.0.join("data")),
            })
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_set_goes_where_it_is_and_is_counted_there() {
        let folder = Folder::new("place");
        for group in ["LF", "LM", "DF", "DM"] {
            for index in 0..5 {
                let place = if index < 3 {
                    "data/visages_test"
                } else {
                    "faces"
                };
                folder.write(&format!("{place}/{group}/{index}.png"), group.as_bytes());
            }
        }
        // The last two of each group are imported; with those that were there, the set is whole.
        assert_eq!(folder.import("faces", None).unwrap(), Verdict::Fine);
        assert!(!folder.0.join("data/ppb").exists());
        // Twice the same changes nothing; another content under a name that is taken is refused.
        assert_eq!(folder.import("faces", None).unwrap(), Verdict::Fine);
        folder.write("faces/LF/4.png", b"autre");
        let error = folder.import("faces", None).unwrap_err().to_string();
        assert!(error.contains("autre contenu"), "{error}");
        let kept = std::fs::read(folder.0.join("data/visages_test/LF/4.png"));
        assert_eq!(kept.unwrap(), b"LF");

        // Faces of a folder « visages » are framed otherwise than CelebA's.
        folder.write("data/visages/moi.jpg", b"x");
        folder.write("img/000001.jpg", b"x");
        assert_eq!(folder.import("img", None).unwrap(), Verdict::Failed);
        assert!(folder.0.join("data/CelebA/000001.jpg").is_file());
    }

    #[test]
    fn the_name_of_a_folder_and_a_table_alone_are_enough() {
        let folder = Folder::new("noms");
        folder.write("n02102040/a.JPEG", b"x");
        assert_eq!(
            folder.import("n02102040", Some("imagenette")).unwrap(),
            Verdict::Fine
        );
        assert!(folder.0.join("data/imagenette/n02102040/a.JPEG").is_file());
        folder.write("list_attr_celeba.txt", b"1\nMale\n000001.jpg 1\n");
        // There is no picture yet: the set is not whole.
        assert_eq!(
            folder.import("list_attr_celeba.txt", None).unwrap(),
            Verdict::Failed
        );
        assert!(folder.0.join("data/CelebA/list_attr_celeba.txt").is_file());

        folder.write("img/000001.jpg", b"x");
        let error = folder
            .import("img", Some("utkface"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("celeba"), "{error}");
    }

    #[test]
    fn a_file_of_the_mit_lab_is_opened_before_it_is_copied() {
        let folder = Folder::new("h5");
        let root = folder.0.join("data");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/h5/chunked.h5");
        folder.write("coupe.h5", &std::fs::read(&fixture).unwrap()[..500]);
        let whole = Counted {
            faces: 54_957,
            others: 54_957,
        };
        let error = import_h5(&folder.0.join("coupe.h5"), &root, |_| Ok(whole)).unwrap_err();
        assert!(error.to_string().contains("tronqué"), "{error}");
        let refused = |_: &Path| Err(Error::Usage("autre forme".to_owned()));
        assert!(import_h5(&fixture, &root, refused).is_err());
        assert!(!root.join(H5_NAME).exists());
        let blocked = root.join("train_face.h5.partiel");
        std::fs::create_dir_all(&blocked).unwrap();
        let error = import_h5(&fixture, &root, |_| Ok(whole)).unwrap_err();
        assert!(error.to_string().contains("chunked.h5"), "{error}");
        std::fs::remove_dir(&blocked).unwrap();
        let part = |_: &Path| {
            Ok(Counted {
                faces: 8,
                others: 4,
            })
        };
        assert_eq!(import_h5(&fixture, &root, part).unwrap(), Verdict::Failed);
        assert!(root.join(H5_NAME).is_file());
        assert!(import_h5(&fixture, &root, part).is_err());
        std::fs::remove_file(root.join(H5_NAME)).unwrap();
        assert_eq!(
            import_h5(&fixture, &root, |_| Ok(whole)).unwrap(),
            Verdict::Fine
        );

        std::fs::copy(&fixture, folder.0.join("x.h5")).unwrap();
        let error = folder
            .import("x.h5", Some("celeba"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("train_face, et non celeba"), "{error}");
        folder.write("page.h5", b"<html>");
        let error = folder.import("page.h5", Some("train_face")).unwrap_err();
        assert!(error.to_string().contains("pas un fichier HDF5"), "{error}");
    }
}
