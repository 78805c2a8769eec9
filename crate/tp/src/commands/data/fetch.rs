//! `tp data fetch`: a download that resumes and is checked, by `curl`; when it fails, how to do it by hand.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};

use super::catalog::DataSet;
use super::download::{Origin, download};
use super::hdf5;
use super::list::{data_root, named};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::grouped;

/// Folder of downloads under the data root.
const DOWNLOADS: &str = "telechargements";
/// Bytes hashed at a time.
const BLOCK: usize = 1 << 20;
/// Bytes that tell what a file is.
const HEAD: usize = 64;

/// Arguments of `tp data fetch`.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Jeu de données, ou adresse http(s) d'un fichier
    #[arg(value_name = "JEU|ADRESSE")]
    what: String,
    /// Taille attendue, en octets
    #[arg(long = "taille", value_name = "OCTETS")]
    size: Option<u64>,
    /// Somme SHA-256 attendue, en hexadécimal
    #[arg(long = "sha256", value_name = "SOMME", value_parser = sum)]
    sum: Option<String>,
    /// Dossier des données (TP_DONNEES, sinon data/ à la racine du dépôt)
    #[arg(long = "donnees", value_name = "DOSSIER")]
    root: Option<PathBuf>,
}

/// A SHA-256 sum in lower case.
fn sum(text: &str) -> std::result::Result<String, String> {
    let text = text.trim().to_lowercase();
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text),
        false => Err("64 chiffres hexadécimaux".to_owned()),
    }
}

/// Downloads the file, checks it, and says how to go on.
///
/// # Errors
/// [`Error::Usage`] with the way to do it by hand for a set without a direct address or when the network refuses;
/// [`Error::Unusable`] when size or sum differ.
pub fn execute(args: &FetchArgs) -> Result<Verdict> {
    let root = data_root(args.root.as_deref())?;
    let is_address = ["http://", "https://"]
        .iter()
        .any(|scheme| args.what.to_lowercase().starts_with(scheme));
    let set = if is_address {
        None
    } else {
        Some(named(&args.what)?)
    };
    let address = match set {
        None => args.what.clone(),
        Some(set) => set
            .direct
            .map(str::to_owned)
            .ok_or_else(|| Error::Usage(by_hand(set, &root)))?,
    };
    let target = root.join(DOWNLOADS).join(file_name(&address)?);
    if target.is_file() {
        check_origin(&target, &address, args)?;
        tell!(
            "▸ « {} » est déjà là : seul son contenu est vérifié",
            target.display()
        );
    } else {
        download(&address, &target).map_err(|reason| {
            let way = match set {
                Some(set) => by_hand(set, &root),
                None => format!(
                    "Téléchargez {address} avec votre navigateur, puis : cargo tp data import FICHIER"
                ),
            };
            Error::Usage(format!("Téléchargement impossible ({reason}).\n{way}"))
        })?;
    }
    let found = check(&target, args)?;
    let _ = writeln!(
        std::io::stdout(),
        "✔ « {} » ({} octets)\n  SHA-256 {found}{}\nPour la suite : cargo tp data import \"{}\"",
        target.display(),
        grouped(
            fs::metadata(&target)
                .map_err(Error::io("Impossible de lire", &target))?
                .len()
        ),
        match args.sum {
            Some(_) => ", comme attendu",
            None => " (aucune somme n'était donnée : elle n'est pas vérifiée)",
        },
        target.display()
    );
    Ok(Verdict::Fine)
}

/// The last part of an address, without what follows `?` or `#`.
fn file_name(address: &str) -> Result<String> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let sound = !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(':')
        && path.matches('/').count() > 2
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "._-+%".contains(c));
    match sound {
        true => Ok(name.to_owned()),
        false => Err(Error::Usage(format!(
            "« {address} » : l'adresse ne finit pas par un nom de fichier."
        ))),
    }
}

/// Refuses a file of the same name that comes from elsewhere, unless the sum given tells that it is the same.
fn check_origin(target: &Path, address: &str, args: &FetchArgs) -> Result<()> {
    let origin = Origin::read(target).map(|origin| origin.address);
    if args.sum.is_some() || origin.as_deref() == Some(address) {
        return Ok(());
    }
    let from = match origin {
        Some(other) => format!("il vient de {other}"),
        None => "on ne sait pas d'où il vient".to_owned(),
    };
    Err(Error::Usage(format!(
        "« {} » est déjà là, mais {from}. Déplacez-le ou effacez-le, ou donnez sa somme avec --sha256, puis relancez la commande.",
        target.display()
    )))
}

/// Why the beginning of a file is not that of what its name announces; `None` when it may be.
fn wrong_kind(target: &Path, head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head).trim_start().to_lowercase();
    let is_page = ["<!doctype html", "<html", "<?xml"]
        .iter()
        .any(|start| text.starts_with(start));
    if is_page {
        return Some("c'est une page Web et non des données".to_owned());
    }
    let name = target.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_lowercase();
    let signatures: [(&[&str], &[u8], &str); 3] = [
        (&[".tgz", ".gz"], &[0x1F, 0x8B], "une archive .tar.gz"),
        (&[".zip"], b"PK", "une archive .zip"),
        (&[".h5", ".hdf5"], hdf5::SIGNATURE, "un fichier HDF5"),
    ];
    let named = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    signatures
        .into_iter()
        .find(|(endings, signature, _)| named(endings) && !head.starts_with(signature))
        .map(|(_, _, kind)| format!("ce n'est pas {kind}"))
}

/// The sum of the file, once its kind is that of its name, and size and sum are those that were given. A wrong file is
/// set aside.
fn check(target: &Path, args: &FetchArgs) -> Result<String> {
    let failed = || Error::io("Impossible de lire", target);
    let mut file = File::open(target).map_err(failed())?;
    let size = file.metadata().map_err(failed())?.len();
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut head = Vec::new();
    loop {
        match file.read(&mut block).map_err(failed())? {
            0 => break,
            count => {
                let lacks = HEAD.saturating_sub(head.len()).min(count);
                head.extend_from_slice(&block[..lacks]);
                hasher.update(&block[..count]);
            }
        }
    }
    let found: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let differs = match (args.size, &args.sum) {
        (Some(expected), _) if expected != size => Some(format!(
            "{} octets au lieu de {}",
            grouped(size),
            grouped(expected)
        )),
        (_, Some(expected)) if *expected != found => {
            Some(format!("somme SHA-256 {found} au lieu de {expected}"))
        }
        _ => wrong_kind(target, &head),
    };
    let Some(reason) = differs else {
        return Ok(found);
    };
    Origin::forget(target);
    let mut aside = target.as_os_str().to_owned();
    aside.push(".refuse");
    fs::rename(target, &aside).map_err(Error::io("Impossible de renommer", target))?;
    Err(Error::Unusable {
        path: PathBuf::from(aside),
        reason,
        remedy:
            "Relancez la commande pour le télécharger de nouveau, ou vérifiez la somme annoncée."
                .to_owned(),
    })
}

/// How to get a set without this command.
fn by_hand(set: &DataSet, root: &Path) -> String {
    format!(
        "À la main, pour « {} » ({}) :\n  1. ouvrez {}\n  2. lisez les conditions : {}\n  3. téléchargez l'archive\n  \
         4. cargo tp data import FICHIER --jeu {} (elle ira dans « {} »)",
        set.name,
        set.content,
        set.source,
        set.terms,
        set.name,
        root.join(set.place()).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    fn args(what: &str, root: &Path) -> FetchArgs {
        FetchArgs {
            what: what.to_owned(),
            size: None,
            sum: None,
            root: Some(root.to_owned()),
        }
    }

    #[test]
    fn a_file_of_another_address_is_not_taken_for_this_one() {
        let root = std::env::temp_dir().join(format!("tp-data-origine-{}", std::process::id()));
        let target = root.join("telechargements/jeu.zip");
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(&target, b"PK\x03\x04").unwrap();
        let address = "HTTPS://exemple.org/jeu.zip";
        let mut args = args(address, &root);
        let error = execute(&args).unwrap_err().to_string();
        assert!(error.contains("on ne sait pas d'où il vient"), "{error}");
        Origin::new("https://autre.org/jeu.zip")
            .write(&target)
            .unwrap();
        let error = execute(&args).unwrap_err().to_string();
        assert!(error.contains("autre.org"), "{error}");
        // What is there is checked again, not downloaded again.
        Origin::new(address).write(&target).unwrap();
        assert_eq!(execute(&args).unwrap(), Verdict::Fine);
        args.size = Some(4);
        let sum = Sha256::digest(b"PK\x03\x04");
        args.sum = Some(sum.iter().map(|byte| format!("{byte:02x}")).collect());
        assert_eq!(execute(&args).unwrap(), Verdict::Fine);
        args.sum = Some("0".repeat(64));
        let error = execute(&args).unwrap_err().to_string();
        assert!(error.contains("au lieu de 0000"), "{error}");
        assert!(!target.exists() && Origin::read(&target).is_none());
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn pages_and_other_kinds_are_set_aside() {
        let kind = |name: &str, head: &[u8]| wrong_kind(Path::new(name), head);
        let page = kind("a.tgz", b"\n<!DOCTYPE HTML><html>").unwrap();
        assert!(page.contains("page Web"), "{page}");
        for (name, head) in [("a.TGZ", &b"PK"[..]), ("a.zip", b"\x1F\x8B"), ("a.h5", b"")] {
            assert!(kind(name, head).is_some(), "{name}");
        }
        for (name, head) in [
            ("a.tar.gz", &b"\x1F\x8B\x08"[..]),
            ("a.zip", b"PK\x03\x04"),
            ("a.h5", hdf5::SIGNATURE),
            ("a.csv", b"a,b"),
        ] {
            assert!(kind(name, head).is_none(), "{name}");
        }
    }

    #[test]
    fn without_a_direct_address_the_way_by_hand_is_told() {
        let error = execute(&args("utkface", Path::new("/données")))
            .unwrap_err()
            .to_string();
        for part in [
            "À la main",
            "susanqq.github.io",
            "--jeu utkface",
            "/données/UTKFace",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(
            execute(&args("lfw", Path::new("/x")))
                .unwrap_err()
                .to_string()
                .contains("valeurs possibles")
        );
    }

    #[test]
    fn file_names_are_those_of_addresses() {
        assert_eq!(file_name("https://x.org/a/b.tgz?dl=1#z").unwrap(), "b.tgz");
        for bad in [
            "https://x.org",
            "https://x.org/",
            "https://x.org/a/..",
            "https://x.org/a b",
        ] {
            assert!(file_name(bad).is_err(), "{bad}");
        }
        assert!(sum(&"aB".repeat(32)).is_ok() && sum("abc").is_err());
    }
}
