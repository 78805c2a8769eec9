//! The kernel: one immutable folder that holds all that a notebook needs, its launcher and its compiler wrapper.
//!
//! Nothing heavy is ever compiled in a notebook. A kernel folder, named by the fingerprint of what it was made from, holds
//!
//! | path | what |
//! |---|---|
//! | `libvisages.so` | burn, polars, plotters, image and our code, compiled once |
//! | `meta/` | the metadata that cells are compiled against (`.rmeta`, procedural macros) |
//! | `sources/` | shadow crates: the same sources with manifests that name no other crate, for the analyser only |
//! | `evcxr/init.evcxr` | what the kernel runs first |
//! | `bin/tp`, `bin/tp-rustc` | the launcher and the wrapper, the same binary |
//! | `noyau.json` | the [`Manifest`] |

mod adapter;
mod brackets;
mod cargo;
pub mod fingerprint;
pub mod folder;
mod generated;
pub mod launch;
mod private;
pub mod shadow;
pub mod wrapper;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::jupyter::KernelCommand;
use crate::paths::{self, Cache, Repository};
use crate::setup::rust::Toolchain;

/// Name under which this binary is the compiler wrapper: `RUSTC_WRAPPER` takes a path and no arguments.
pub const WRAPPER_NAME: &str = "tp-rustc";

/// Name of the Jupyter kernel (`metadata.kernelspec.name` of the notebooks).
pub const KERNEL_NAME: &str = "tp-rust";

/// Name of the kernel as JupyterLab shows it.
pub const KERNEL_DISPLAY_NAME: &str = "Rust (TP visages)";

/// What the launcher must know, written when the folder is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Fingerprint of everything that the folder was made from.
    pub fingerprint: String,
    /// `rustc -vV`, first line.
    pub rustc: String,
    /// Value of `RUSTUP_TOOLCHAIN`: a hand-in lies outside the repository, where `rust-toolchain.toml` is not seen.
    pub toolchain: String,
    /// Where the standard library's shared object is.
    pub target_libdir: PathBuf,
    /// The evcxr_jupyter executable.
    pub evcxr: PathBuf,
}

/// A complete kernel folder.
#[derive(Debug, Clone)]
pub struct KernelFolder {
    path: PathBuf,
    manifest: Manifest,
}

impl KernelFolder {
    /// Opens a folder that was completed earlier.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Unusable`] when the folder is not complete.
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.join("noyau.json");
        let text =
            std::fs::read_to_string(&file).map_err(Error::io("Impossible de lire", &file))?;
        let manifest = serde_json::from_str(&text).map_err(|error| Error::Unusable {
            path: file,
            reason: error.to_string(),
            remedy: "Supprimez ce dossier, puis lancez : cargo tp setup".into(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
        })
    }

    /// The folder for the present sources, if it is already made.
    ///
    /// # Errors
    /// When the sources cannot be read.
    pub fn current(
        repository: &Repository,
        cache: &Cache,
        toolchain: &Toolchain,
    ) -> Result<Option<Self>> {
        let fingerprint = fingerprint::compute(repository, toolchain)?;
        let path = cache.kernels().join(fingerprint);
        if !path.join("noyau.json").is_file() {
            return Ok(None);
        }
        let folder = Self::open(&path)?;
        // evcxr may have been removed since: the folder is then as good as absent.
        Ok(folder.manifest.evcxr.is_file().then_some(folder))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the folder was made from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The launcher.
    pub fn launcher(&self) -> PathBuf {
        self.path.join("bin/tp")
    }

    /// Program and arguments that start this kernel; `{connection_file}` stands for the connection file.
    pub fn argv(&self) -> Vec<String> {
        vec![
            self.launcher().to_string_lossy().into_owned(),
            "kernel".into(),
            "{connection_file}".into(),
        ]
    }

    /// How our own client starts this kernel, with typed markers instead of French lines for panics and points.
    pub fn command(&self) -> KernelCommand {
        let command = KernelCommand::new(self.argv());
        let command = command.with_env(tp_protocol::PROTOCOL_VARIABLE, "1");
        // A kernel starts in its notebook's folder. A present folder that is gone names nothing.
        let named = paths::named_from_here().unwrap_or_default();
        named.into_iter().fold(command, |command, (name, value)| {
            command.with_env(name, value)
        })
    }
}
