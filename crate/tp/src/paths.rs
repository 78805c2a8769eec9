//! Where things are: the repository, the cache, the virtual environment.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The checkout of the labs.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the repository: `TP_DEPOT`, else upwards from the current folder, else where this binary was built.
    ///
    /// # Errors
    /// [`Error::NoRepository`] when none of these is a checkout of the labs.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir()
            .map_err(Error::io("Impossible de lire le dossier courant", "."))?;
        if let Some(named) = std::env::var_os("TP_DEPOT").filter(|value| !value.is_empty()) {
            let named = here.join(named);
            return Self::at(&named).ok_or(Error::NoRepository { from: named });
        }
        here.ancestors()
            .find_map(Self::at)
            .or_else(|| {
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .ancestors()
                    .find_map(Self::at)
            })
            .ok_or(Error::NoRepository { from: here })
    }

    fn at(folder: &Path) -> Option<Self> {
        let is_root =
            folder.join("Cargo.lock").is_file() && folder.join("crate/tp/Cargo.toml").is_file();
        is_root.then(|| Self {
            root: folder.to_owned(),
        })
    }

    /// The top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The Python environment that `tp setup` makes.
    pub fn venv(&self) -> PathBuf {
        self.root.join(".venv")
    }

    /// Notebooks: sources, student and solution copies.
    pub fn notebooks(&self) -> PathBuf {
        self.root.join("notebooks")
    }

    /// The only list of Python tools.
    pub fn environment_file(&self) -> PathBuf {
        self.root.join("environment.yml")
    }
}

/// What is slow to make and kept between checkouts: tools, compiled dependencies, kernel folders.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `TP_CACHE`, else `$XDG_CACHE_HOME/tp-visages`, else `~/.cache/tp-visages`.
    ///
    /// # Errors
    /// [`Error::Missing`] when no home folder is known.
    pub fn locate() -> Result<Self> {
        let set = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let root = set("TP_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("tp-visages")))
            .or_else(|| set("HOME").map(|home| home.join(".cache/tp-visages")))
            .ok_or_else(|| Error::Missing {
                what: "Votre dossier personnel".into(),
                remedy: "Donnez un dossier où écrire dans la variable TP_CACHE.".into(),
            })?;
        std::path::absolute(&root)
            .map(|root| Self { root })
            .map_err(Error::io("Chemin inutilisable", root))
    }

    /// The top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo compiles; `TP_CIBLE` moves it (not `CARGO_TARGET_DIR`, which holds `tp` itself when CI sets it).
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("TP_CIBLE").filter(|value| !value.is_empty()) {
            // Cargo runs in another folder.
            Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
            None => self.root.join("cible"),
        }
    }

    /// The folder of the kernels, one sub-folder a fingerprint.
    pub fn kernels(&self) -> PathBuf {
        self.root.join("noyau")
    }

    /// Installed tools (evcxr_jupyter).
    pub fn tools(&self) -> PathBuf {
        self.root.join("outils")
    }
}

/// What names the drawn images instead of a folder of data.
pub const DRAWN_FACES: &str = tp_protocol::data_sets::DRAWINGS;

/// Variables that name a folder or a file.
const NAMING: [&str; 5] = ["TP_CACHE", "TP_CIBLE", "TP_DONNEES", "TP_DEPOT", "TP_NOYAU"];

/// The variables that name a folder or a file, for a program that starts in another folder: what is said from this one
/// must not be read from that one.
///
/// # Errors
/// [`Error::Io`] when the present folder is gone.
pub fn named_from_here() -> Result<Vec<(&'static str, PathBuf)>> {
    named(|name| std::env::var_os(name))
}

fn named(
    value: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Result<Vec<(&'static str, PathBuf)>> {
    let said = NAMING
        .into_iter()
        .filter_map(|name| Some((name, value(name)?)));
    said.filter(|(_, value)| !value.is_empty() && value != DRAWN_FACES)
        .map(|(name, value)| {
            let path = std::path::absolute(&value);
            path.map(|path| (name, path))
                .map_err(Error::io("Chemin inutilisable", value))
        })
        .collect()
}

/// Creates a folder and its parents.
///
/// # Errors
/// [`Error::Io`] with the folder's name.
pub fn create_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io("Impossible de créer le dossier", folder))
}

/// Creates a folder that nobody else may look into; one that is there already is refused.
///
/// # Errors
/// [`Error::Io`] with the folder's name.
pub fn create_private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(Error::io("Impossible de créer le dossier", folder))
}

/// Writes a file that nobody else may read, in the place of an earlier one.
///
/// # Errors
/// [`Error::Io`] with the file's name.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let write = || {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?
            .write_all(content)
    };
    write().map_err(Error::io("Impossible d'écrire", path))
}

/// Writes a file whole or not at all: a temporary neighbour, then a rename.
///
/// # Errors
/// [`Error::Io`] with the file's name; nothing is left behind.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    std::fs::write(&temporary, content)
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(|source| {
            let _ = std::fs::remove_file(&temporary);
            Error::Io {
                action: "Impossible d'écrire",
                path: path.to_owned(),
                source,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_from_here_is_absolute() {
        let here = std::env::current_dir().unwrap();
        let value = |name: &str| match name {
            "TP_CACHE" => Some("caches/a".into()),
            "TP_CIBLE" => Some("".into()),
            "TP_DONNEES" => Some("/data".into()),
            _ => None,
        };
        let found = named(value).unwrap();
        assert_eq!(
            found,
            [
                ("TP_CACHE", here.join("caches/a")),
                ("TP_DONNEES", "/data".into())
            ]
        );
        let drawn = |name: &str| (name == "TP_DONNEES").then(|| DRAWN_FACES.into());
        assert_eq!(named(drawn).unwrap(), []);
    }
}
