//! What the labs need on a machine, and how it gets there. Every step is idempotent, resumable and whole or absent.

pub mod evcxr;
mod interface;
pub mod kernelspec;
pub mod python;
pub mod rust;

use std::fs::File;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::kernel::{KernelFolder, folder};
use crate::paths::{self, Cache, Repository};
use crate::platform;

use self::python::{Environment, Group};
use self::rust::Toolchain;

/// A machine on which everything asked for is in place.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The checkout.
    pub repository: Repository,
    /// The cache.
    pub cache: Cache,
    /// The Python environment.
    pub python: Environment,
    /// The kernel for the present sources.
    pub kernel: KernelFolder,
}

/// Puts in place what is missing. When nothing is, this takes a fraction of a second.
///
/// # Errors
/// With the first component that cannot be had, named, and the remedy.
pub fn ensure(group: Group) -> Result<Installation> {
    if !platform::SUPPORTED {
        return Err(Error::Usage(
            "Windows n'est pas pris en charge directement : installez WSL (wsl --install), puis suivez le README dedans.".into(),
        ));
    }
    let repository = Repository::find()?;
    let cache = Cache::locate()?;
    if let Some(installation) = present(&repository, &cache, group) {
        return Ok(installation);
    }
    paths::create_folder(cache.root())?;
    let _lock = wait_for_lock(&cache)?;
    let toolchain = Toolchain::ensure(&repository)?;
    let python = Environment::ensure(&repository, group)?;
    let evcxr = evcxr::ensure(&cache, &toolchain)?;
    let kernel = folder::ensure(&repository, &cache, &toolchain, &evcxr)?;
    interface::write(&python)?;
    kernelspec::write(&python, &kernel)?;
    Ok(Installation {
        repository,
        cache,
        python,
        kernel,
    })
}

/// Puts in place the Python tools alone, for what needs no kernel.
///
/// # Errors
/// As [`Environment::ensure`].
pub fn ensure_python(repository: &Repository, group: Group) -> Result<Environment> {
    let present = Environment::locate(repository);
    // Complete already: no need to wait for another set-up, which may be compiling for long.
    if present.has(repository, group)? {
        return Ok(present);
    }
    let cache = Cache::locate()?;
    paths::create_folder(cache.root())?;
    let _lock = wait_for_lock(&cache)?;
    Environment::ensure(repository, group)
}

/// The installation, if nothing is missing: nobody waits then for a set-up that goes on elsewhere.
fn present(repository: &Repository, cache: &Cache, group: Group) -> Option<Installation> {
    let toolchain = Toolchain::detect(repository).ok()?;
    let python = Environment::locate(repository);
    let complete = python.has(repository, group).ok()?;
    let kernel = KernelFolder::current(repository, cache, &toolchain).ok()??;
    let complete = complete
        && toolchain.has_sources()
        && interface::is_there(&python)
        && kernelspec::is_current(&python, &kernel);
    complete.then(|| Installation {
        repository: repository.clone(),
        cache: cache.clone(),
        python,
        kernel,
    })
}

/// One set-up at a time: two would fight for the same target folder.
fn wait_for_lock(cache: &Cache) -> Result<File> {
    let path: PathBuf = cache.root().join(".verrou");
    let file = File::create(&path).map_err(Error::io("Impossible d'écrire", &path))?;
    if file.try_lock().is_err() {
        tell!("▸ Une autre installation est en cours : j'attends qu'elle finisse…");
        file.lock()
            .map_err(Error::io("Impossible de verrouiller", &path))?;
    }
    Ok(file)
}
