//! `tp data fetch`: a download that resumes and is checked, by `curl`; when it fails, how to do it by hand.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use sha2::{Digest, Sha256};

use super::catalog::DataSet;
use super::list::{data_root, named};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::process;

/// Folder of downloads under the data root.
const DOWNLOADS: &str = "telechargements";
/// Bytes hashed at a time.
const BLOCK: usize = 1 << 20;
/// curl's exit status when the server cannot send from the middle of the file.
const CANNOT_RESUME: i32 = 33;

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
        .any(|scheme| args.what.starts_with(scheme));
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
    if !target.is_file() {
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
        "✔ {} ({} octets)\n  SHA-256 {found}{}\nPour la suite : cargo tp data import \"{}\"",
        target.display(),
        fs::metadata(&target)
            .map_err(Error::io("Impossible de lire", &target))?
            .len(),
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

/// Downloads to a file of the name and `.partiel`, which the next call goes on with; the name comes when all is there.
fn download(address: &str, target: &Path) -> std::result::Result<(), String> {
    let curl = process::find_program("curl")
        .ok_or_else(|| "le programme « curl » manque : sudo apt install curl".to_owned())?;
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| format!("« {} » : {error}", folder.display()))?;
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partiel");
    let partial = PathBuf::from(partial);
    let run = || {
        // It shows its own progress, and stops with us.
        Command::new(&curl)
            .args(["--fail", "--location", "--show-error", "--progress-bar"])
            .args(["--proto", "=http,https", "--connect-timeout", "20"])
            .args(["--continue-at", "-", "--output"])
            .arg(&partial)
            .arg(address)
            .stdin(Stdio::null())
            .status()
            .map_err(|error| error.to_string())
    };
    let mut status = run()?;
    if status.code() == Some(CANNOT_RESUME) {
        fs::remove_file(&partial).map_err(|error| error.to_string())?;
        status = run()?;
    }
    if !status.success() {
        return Err(reason(status.code()));
    }
    fs::rename(&partial, target).map_err(|error| error.to_string())
}

/// What curl's exit status means, for those that users meet.
fn reason(code: Option<i32>) -> String {
    match code {
        Some(5 | 6) => "serveur ou proxy introuvable : pas de réseau ?".to_owned(),
        Some(7) => "le serveur ne répond pas".to_owned(),
        Some(22) => "le serveur refuse ce fichier".to_owned(),
        Some(23) => "impossible d'écrire : disque plein ?".to_owned(),
        Some(18 | 28 | 56) => {
            "liaison coupée ; relancez la même commande : elle reprend où elle s'est arrêtée"
                .to_owned()
        }
        Some(35 | 60) => "liaison chiffrée refusée".to_owned(),
        Some(code) => format!("curl a rendu le code {code}"),
        None => "curl a été interrompu".to_owned(),
    }
}

/// The sum of the file, once size and sum are those that were given. A wrong file is set aside.
fn check(target: &Path, args: &FetchArgs) -> Result<String> {
    let failed = || Error::io("Impossible de lire", target);
    let mut file = File::open(target).map_err(failed())?;
    let size = file.metadata().map_err(failed())?.len();
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block).map_err(failed())? {
            0 => break,
            count => hasher.update(&block[..count]),
        }
    }
    let found: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let differs = match (args.size, &args.sum) {
        (Some(expected), _) if expected != size => {
            Some(format!("{size} octets au lieu de {expected}"))
        }
        (_, Some(expected)) if *expected != found => {
            Some(format!("somme SHA-256 {found} au lieu de {expected}"))
        }
        _ => None,
    };
    let Some(reason) = differs else {
        return Ok(found);
    };
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
        root.join(set.places[0]).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    const CONTENT: &[u8] = b"0123456789abcdefghij";

    /// A server of [`CONTENT`] that cuts the first answer in the middle, and notes the ranges it is asked for.
    fn server() -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!(
            "http://{}/dossier/jeu.zip?dl=1",
            listener.local_addr().unwrap()
        );
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut range = String::new();
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let line = line.unwrap();
                    if line.is_empty() {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("range: bytes=") {
                        range = value.to_owned();
                    }
                }
                noted.lock().unwrap().push(range.clone());
                let from: usize = range.trim_end_matches('-').parse().unwrap_or(0);
                let rest = &CONTENT[from..];
                let status = match from {
                    0 => "200 OK".to_owned(),
                    _ => format!(
                        "206 Partial Content\r\nContent-Range: bytes {from}-{}/{}",
                        CONTENT.len() - 1,
                        CONTENT.len()
                    ),
                };
                let sent = if from == 0 { &rest[..7] } else { rest };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                    rest.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(sent).unwrap();
            }
        });
        (address, asked)
    }

    fn args(what: &str, root: &Path) -> FetchArgs {
        FetchArgs {
            what: what.to_owned(),
            size: None,
            sum: None,
            root: Some(root.to_owned()),
        }
    }

    #[test]
    fn a_cut_download_resumes_and_is_checked() {
        if process::find_program("curl").is_none() {
            println!("test sauté : curl manque");
            return;
        }
        let root = std::env::temp_dir().join(format!("tp-data-fetch-{}", std::process::id()));
        let (address, asked) = server();
        let mut args = args(&address, &root);
        let error = execute(&args).unwrap_err().to_string();
        assert!(error.contains("reprend où elle s'est arrêtée"), "{error}");
        assert!(error.contains("cargo tp data import"), "{error}");
        let target = root.join("telechargements/jeu.zip");
        assert!(!target.exists());
        assert_eq!(execute(&args).unwrap(), Verdict::Fine);
        assert_eq!(fs::read(&target).unwrap(), CONTENT);
        assert_eq!(*asked.lock().unwrap(), ["", "7-"]);

        // What is there is checked again, not downloaded again.
        args.size = Some(20);
        let sum = Sha256::digest(CONTENT);
        args.sum = Some(sum.iter().map(|byte| format!("{byte:02x}")).collect());
        assert_eq!(execute(&args).unwrap(), Verdict::Fine);
        assert_eq!(asked.lock().unwrap().len(), 2);
        args.sum = Some("0".repeat(64));
        let error = execute(&args).unwrap_err().to_string();
        assert!(error.contains("au lieu de 0000"), "{error}");
        assert!(!target.exists());
        fs::remove_dir_all(&root).unwrap();
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
