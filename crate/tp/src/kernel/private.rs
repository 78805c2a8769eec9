//! The folders of one running kernel: that of its sockets and pipes, whose name must be short, and that of the crate that
//! holds the cells, where programs are compiled and run.
//!
//! Cargo reads settings in every folder above the crate that it compiles, a linker to run among them. The crate therefore
//! lies where nobody else can put a file, in its own folder nor in one above; the system's temporary folder, which
//! everybody writes into, holds sockets and pipes only, and may forbid programs (`noexec`).

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::paths::{self, Cache};
use crate::platform;

/// Prefix of the kernels' folders.
const PREFIX: &str = "tp-noyau-";
/// Longest name of the folder that the sockets are in: they have room for about a hundred bytes.
const LONGEST_BASE: usize = 60;
/// Name, in the user's cache, of what holds the cells' crates.
const CELLS: &str = "cellules";

/// A folder of this kernel's own, removed at its end.
///
/// One left by a killed kernel is known by its owner's death and its lock, free again, and removed by the next start.
#[derive(Debug)]
pub(super) struct Own {
    path: PathBuf,
    _lock: File,
}

impl Own {
    /// For sockets and pipes.
    ///
    /// # Errors
    /// When the system's temporary folder cannot be written into.
    pub(super) fn for_sockets() -> Result<Self> {
        Self::create(&sockets_base(), "")
    }

    /// For the crate of the cells.
    ///
    /// # Errors
    /// [`Error::Unusable`] when no folder is fit for it.
    pub(super) fn for_cells() -> Result<Self> {
        let host = platform::host_name();
        let mut refused = Vec::new();
        for base in cells_bases() {
            let made = prepared(&base)
                .and_then(|base| Self::create(&base, &host).map_err(|error| error.to_string()));
            match made {
                Ok(own) => return Ok(own),
                Err(reason) => refused.push(format!("« {} » {reason}", base.display())),
            }
        }
        // Private too, but others may write above: `super::cargo` keeps cargo from looking there.
        let base = sockets_base();
        if platform::forbids_programs(&base) {
            refused.push(format!(
                "« {} » interdit d'exécuter des programmes",
                base.display()
            ));
            return Err(Error::Unusable {
                path: base,
                reason: format!(
                    "le noyau n'a pas de dossier où compiler les cellules ({})",
                    refused.join(" ; ")
                ),
                remedy: "Donnez dans la variable TP_CACHE un dossier à vous seul, dont le chemin est sans espace."
                    .to_owned(),
            });
        }
        Self::create(&base, &host)
    }

    /// `host` names the machine where several may share the folder.
    fn create(base: &Path, host: &str) -> Result<Self> {
        remove_abandoned(base, host);
        // Not to be guessed: whoever made it first would own it.
        let random = uuid::Uuid::new_v4().simple().to_string();
        let mut name = format!("{PREFIX}{}-{}", std::process::id(), &random[..16]);
        if !host.is_empty() {
            name = format!("{name}-{host}");
        }
        let path = base.join(name);
        paths::create_private_folder(&path)?;
        let lock_path = path.join(".verrou");
        let lock =
            File::create(&lock_path).map_err(Error::io("Impossible de créer", &lock_path))?;
        // Some disks know no locks: the owner's life then tells alone.
        let _ = lock.lock();
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn sockets_base() -> PathBuf {
    let usual = std::env::temp_dir();
    let usual = usual.canonicalize().unwrap_or(usual);
    let too_long = usual.as_os_str().len() > LONGEST_BASE;
    if too_long || usual.to_string_lossy().contains(char::is_whitespace) {
        PathBuf::from("/tmp")
    } else {
        usual
    }
}

/// Where the cells' crate may go, the best first.
fn cells_bases() -> Vec<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // The cache may be another account's, which this one only reads.
    let caches = [
        Cache::locate().ok().map(|cache| cache.root().to_owned()),
        set("HOME").map(|home| home.join(".cache/tp-visages")),
        set("XDG_RUNTIME_DIR").map(|folder| folder.join("tp-visages")),
    ];
    let mut bases: Vec<PathBuf> = caches.into_iter().flatten().collect();
    bases.dedup();
    bases.into_iter().map(|base| base.join(CELLS)).collect()
}

/// The folder, made and with its real name, when the crate of the cells may lie in it; else why not, in French.
fn prepared(base: &Path) -> std::result::Result<PathBuf, String> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(base)
        .and_then(|()| base.canonicalize());
    let base = made.map_err(|error| format!("ne peut pas être créé ({error})"))?;
    match base.to_str() {
        // evcxr cannot take one.
        Some(name) if name.contains(char::is_whitespace) => {
            return Err("contient une espace".into());
        }
        None => return Err("a un nom inutilisable".into()),
        Some(_) => {}
    }
    if !is_private(&base) {
        return Err("est ouvert à d'autres utilisateurs".into());
    }
    if platform::forbids_programs(&base) {
        return Err("interdit d'exécuter des programmes".into());
    }
    Ok(base)
}

/// Whether only this user and the administrator can put a file into this folder, named without links, or one above it.
pub(super) fn is_private(folder: &Path) -> bool {
    const WRITTEN_BY_OTHERS: u32 = 0o022;
    folder.ancestors().all(|folder| {
        folder.symlink_metadata().is_ok_and(|data| {
            let ours = data.uid() == 0 || data.uid() == platform::user();
            ours && data.mode() & WRITTEN_BY_OTHERS == 0
        })
    })
}

fn remove_abandoned(base: &Path, host: &str) {
    let Ok(entries) = std::fs::read_dir(base) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('-'))
            .filter(|(_, rest)| rest.split_once('-').map_or("", |(_, of)| of) == host)
            .and_then(|(pid, _)| pid.parse().ok());
        // The owner's death is asked first: a living one may not hold its lock yet. What another user made is left alone.
        let abandoned = owner.is_some_and(|pid| !platform::is_alive(pid)) && is_own_folder(&path);
        if abandoned && File::open(path.join(".verrou")).is_ok_and(|lock| is_free(&lock)) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

fn is_free(lock: &File) -> bool {
    !matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

fn is_own_folder(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == platform::user())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_others_write_into_is_not_private_nor_what_it_holds() {
        let home = std::env::var("HOME").unwrap();
        let home = Path::new(&home).canonicalize().unwrap();
        let root = home.join(format!(".tp-prive-{}", uuid::Uuid::new_v4()));
        let inner = root.join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        for path in [&root, &root.join("a"), &inner] {
            mode(path, 0o755);
        }
        // A machine whose homes are open to all has no private folder.
        if is_private(&home) {
            assert!(is_private(&inner));
            for open in [0o777, 0o1777, 0o775] {
                mode(&root.join("a"), open);
                assert!(!is_private(&inner), "{open:o}");
                assert!(prepared(&inner).is_err());
            }
            mode(&root.join("a"), 0o755);
            // Through a link it is the folder itself that counts.
            let link = std::env::temp_dir().join(format!("tp-lien-{}", uuid::Uuid::new_v4()));
            std::os::unix::fs::symlink(&inner, &link).unwrap();
            assert_eq!(prepared(&link), Ok(inner.clone()));
            std::fs::remove_file(link).unwrap();
            assert!(prepared(&root.join("deux mots")).is_err());
        }
        assert!(!is_private(&std::env::temp_dir()) || !Path::new("/tmp").exists());
        std::fs::remove_dir_all(root).unwrap();
    }
}
