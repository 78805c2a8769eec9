//! `tp data import`: what was downloaded, put where the labs look for it, and compared with the whole set.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::archive::{Extracted, Source};
use super::catalog::{DataSet, differences, is_picture};
use super::list::{data_root, named};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::paths::{Cache, Repository};
use crate::process::Progress;
use crate::setup::rust::Toolchain;
use crate::worker;

/// Beginning of an HDF5 file.
const HDF5: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// The file of the MIT lab.
const H5_NAME: &str = "train_face.h5";
/// Groups of the MIT lab's test faces.
const PPB_GROUPS: [&str; 4] = ["LF", "LM", "DF", "DM"];
/// Beginnings of names of tables that go with pictures.
const TABLES: [&str; 5] = ["labels", "fairface_label", "list_", "identity_", "noisy_"];

/// Arguments of `tp data import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Ce que vous avez téléchargé : archive .zip, .tar ou .tar.gz, dossier, ou train_face.h5
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// Jeu de données : utkface, celeba, imagenette, train_face, ppb, fairface ou cacd (reconnu aux noms des fichiers par défaut)
    #[arg(long = "jeu", value_name = "JEU")]
    set: Option<String>,
    /// Dossier des données (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
}

/// Answer of the worker to « cacd ».
#[derive(Debug, Deserialize)]
struct Prepared {
    train: [usize; 2],
    test: [usize; 2],
    unreadable: usize,
}

/// Copies the files, then says what differs from the whole set. [`Verdict::Failed`] when something does.
///
/// # Errors
/// When the source cannot be read, is not recognised or leads out of its folder, or a file cannot be written.
pub fn execute(args: &ImportArgs) -> Result<Verdict> {
    let root = data_root(args.root.as_deref())?;
    let chosen = args.set.as_deref().map(named).transpose()?;
    if args.source.is_file()
        && (is_hdf5(&args.source)? || chosen.is_some_and(|set| set.name == "train_face"))
    {
        return import_h5(&args.source, &root);
    }
    let source = Source::open(&args.source)?;
    eprintln!("▸ Lecture de « {} »", args.source.display());
    let files = source.files()?;
    let set = match chosen.or_else(|| recognise(&files)) {
        Some(set) => set,
        None => {
            return Err(Error::Usage(format!(
                "« {} » : {} fichiers, mais aucun jeu de données reconnu à leurs noms. Dites lequel avec --jeu (voyez cargo tp data list).",
                args.source.display(),
                files.len()
            )));
        }
    };
    let folder = root.join(set.places[0]);
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
        return import_cacd(&source, &files, &folder);
    }
    let places = places(set, &files)?;
    let extracted = copy(&source, files.len(), &places, &folder)?;
    let _ = writeln!(
        std::io::stdout(),
        "{} : {} fichiers écrits dans « {} »{}",
        set.name,
        extracted.written,
        folder.display(),
        match extracted.already {
            0 => String::new(),
            already => format!(" ({already} y étaient déjà)"),
        }
    );
    let found = differences(set, |group| {
        let within = |place: &&PathBuf| is_picture(place) && place.starts_with(group);
        places.values().filter(within).count()
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

/// The set whose names most pictures have.
fn recognise(files: &[PathBuf]) -> Option<&'static DataSet> {
    let pictures: Vec<&PathBuf> = files.iter().filter(|file| is_picture(file)).collect();
    let most = |matches: &dyn Fn(&Path) -> bool| {
        let count = pictures.iter().filter(|file| matches(file)).count();
        count > 0 && 2 * count > pictures.len()
    };
    let name = |file: &Path| {
        file.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let recognised = if most(&|file| group(file).is_some()) {
        "ppb"
    } else if most(&|file| {
        let name = name(file);
        let fields: Vec<&str> = name.split('_').collect();
        matches!(fields[..], [age, gender, .., last] if digits(age) && matches!(gender, "0" | "1" | "3" | "")
            && last.len() >= 14 && digits(&last[..12]))
    }) {
        "utkface"
    } else if most(&|file| {
        let name = name(file);
        let stem = name
            .rsplit_once('.')
            .map_or(name.as_str(), |(stem, _)| stem);
        let fields: Vec<&str> = stem.split('_').collect();
        matches!(fields[..], [age, _, .., number] if age.len() == 2 && digits(age) && number.len() == 4 && digits(number))
    }) {
        "cacd"
    } else if files
        .iter()
        .any(|file| name(file).starts_with("fairface_label"))
    {
        "fairface"
    } else if most(&|file| {
        let name = name(file);
        name.len() == 10 && digits(&name[..6.min(name.len())]) && name.ends_with(".jpg")
    }) {
        "celeba"
    } else if most(&|file| wnid(file).is_some()) {
        "imagenette"
    } else {
        return None;
    };
    DataSet::named(recognised)
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

/// Where each file goes within the set's folder; those that are not of the set have no place.
///
/// # Errors
/// [`Error::Usage`] when two files would have the same place.
fn places(set: &DataSet, files: &[PathBuf]) -> Result<HashMap<PathBuf, PathBuf>> {
    // Classes of imagenette in which people are seen: a non-face with a face is a wrong label.
    const WITH_PEOPLE: [&str; 3] = ["n01440764", "n03000684", "n03394916"];
    let mut places = HashMap::new();
    let mut taken: HashMap<PathBuf, &PathBuf> = HashMap::new();
    for file in files {
        let name = PathBuf::from(file.file_name().unwrap_or_default());
        let shown = name.to_string_lossy();
        let is_table = TABLES.iter().any(|start| shown.starts_with(start));
        if shown.starts_with('.')
            || file.iter().any(|part| part == "__MACOSX")
            || !(is_picture(file) || is_table)
        {
            continue;
        }
        let place = match set.name {
            "ppb" => match group(file) {
                Some(group) => Path::new(group).join(&name),
                None => continue,
            },
            "imagenette" => match wnid(file) {
                Some(class) if WITH_PEOPLE.contains(&class.as_str()) => continue,
                Some(class) => Path::new(&class).join(&name),
                None => continue,
            },
            // Its table names files by their folder: train/1.jpg.
            "fairface" if !is_table => {
                let folder = file.parent().and_then(Path::file_name);
                folder.map_or(name.clone(), |folder| Path::new(folder).join(&name))
            }
            _ => name,
        };
        if let Some(other) = taken.insert(place.clone(), file) {
            return Err(Error::Usage(format!(
                "« {} » et « {} » auraient la même place, « {} ». Importez-les séparément.",
                other.display(),
                file.display(),
                place.display()
            )));
        }
        places.insert(file.clone(), place);
    }
    if places.is_empty() {
        return Err(Error::Usage(format!(
            "Aucun des {} fichiers n'est une image de « {} ».",
            files.len(),
            set.name
        )));
    }
    Ok(places)
}

fn copy(
    source: &Source,
    total: usize,
    places: &HashMap<PathBuf, PathBuf>,
    folder: &Path,
) -> Result<Extracted> {
    let mut progress = Progress::start("Copie des images", "quelques minutes pour 200 000 images");
    let extracted = source.extract(
        |file| Some(folder.join(places.get(file)?)),
        |seen| progress.advance(seen, total),
    )?;
    progress.finish();
    Ok(extracted)
}

/// The pictures as they are go beside the folder of the lab, which the worker makes from them.
fn import_cacd(source: &Source, files: &[PathBuf], folder: &Path) -> Result<Verdict> {
    let set = named("cacd")?;
    let raw = match source {
        Source::Folder(path) => path.clone(),
        _ => {
            let raw = folder.with_file_name("CACD2000");
            copy(source, files.len(), &places(set, files)?, &raw)?;
            raw
        }
    };
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(Error::io("Impossible de situer", path));
    let (repository, cache) = (Repository::find()?, Cache::locate()?);
    Toolchain::detect(&repository)?;
    let program = worker::build(&repository, &cache)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let prepared: Prepared = worker::perform(
        worker::command(&program, cores),
        &json!({ "op": "cacd", "source": absolute(&raw)?, "output": absolute(folder)? }),
        "Images de 100 × 100 pixels, par personne",
        "environ une minute pour 48 000 images",
    )?;
    let _ = writeln!(std::io::stdout(), "{}", told(&prepared, folder));
    let whole = prepared.train == [20_000; 2] && prepared.test == [4_000; 2];
    Ok(if whole {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

fn told(prepared: &Prepared, folder: &Path) -> String {
    let mut text = format!(
        "cacd : « {} », une personne n'est que d'un côté",
        folder.display()
    );
    for (side, counts, whole) in [
        ("train", prepared.train, 20_000),
        ("test", prepared.test, 4_000),
    ] {
        for (class, count) in counts.into_iter().enumerate() {
            let lacks = match whole - count.min(whole) {
                0 => String::new(),
                lacks => format!(" : il en manque {lacks} sur {whole}"),
            };
            text += &format!("\n  {side}/{class} : {count} images{lacks}");
        }
    }
    if prepared.unreadable > 0 {
        text += &format!("\n⚠ {} images illisibles", prepared.unreadable);
    }
    text
}

fn is_hdf5(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(HDF5.len() as u64).read_to_end(&mut head))
        .map_err(Error::io("Impossible de lire", path))?;
    Ok(head == HDF5)
}

fn import_h5(source: &Path, root: &Path) -> Result<Verdict> {
    if !is_hdf5(source)? {
        return Err(Error::Unusable {
            path: source.to_owned(),
            reason: "ce n'est pas un fichier HDF5".to_owned(),
            remedy: "Si c'est une page Web enregistrée à la place du fichier, téléchargez-le de nouveau.".to_owned(),
        });
    }
    let target = root.join(H5_NAME);
    if same(source, &target) {
        return Err(Error::Usage(format!(
            "« {} » est déjà à sa place.",
            target.display()
        )));
    }
    let folder = source.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let progress = Progress::start("Copie de train_face.h5", "1,3 Go");
    std::fs::create_dir_all(root).map_err(Error::io("Impossible de créer", root))?;
    let partial = target.with_extension("h5.partiel");
    std::fs::copy(source, &partial)
        .and_then(|_| std::fs::rename(&partial, &target))
        .map_err(|error| {
            // Half a file is of no use.
            let _ = std::fs::remove_file(&partial);
            Error::io("Impossible de copier", folder)(error)
        })?;
    progress.finish();
    let _ = writeln!(std::io::stdout(), "train_face : « {} »", target.display());
    Ok(Verdict::Fine)
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

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn sets_are_recognised_by_their_names() {
        let name = |names: &[&str]| recognise(&paths(names)).map(|set| set.name);
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
        assert_eq!(name(&["vacances/été.jpg", "notes.txt"]), None);
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn every_file_has_its_place_or_none() {
        let place = |set: &str, names: &[&str]| -> Vec<(String, String)> {
            let places = places(named(set).unwrap(), &paths(names)).unwrap();
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
        let twice = places(
            named("celeba").unwrap(),
            &paths(&["a/000001.jpg", "b/000001.jpg"]),
        );
        assert!(twice.unwrap_err().to_string().contains("même place"));
        assert!(places(named("ppb").unwrap(), &paths(&["x.jpg"])).is_err());
    }

    #[test]
    fn what_lacks_of_the_young_and_old_is_said() {
        let prepared = Prepared {
            train: [20_000, 19_990],
            test: [4_000, 4_000],
            unreadable: 2,
        };
        let text = told(&prepared, Path::new("data/cacd"));
        assert!(text.contains("train/0 : 20000 images\n"), "{text}");
        assert!(
            text.contains("train/1 : 19990 images : il en manque 10 sur 20000"),
            "{text}"
        );
        assert!(text.ends_with("⚠ 2 images illisibles"), "{text}");
    }
}
