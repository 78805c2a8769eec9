//! evcxr_jupyter, at one exact version: the wrapper relies on the code that it generates.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::rust::Toolchain;
use crate::error::Result;
use crate::paths::{self, Cache};
use crate::process::{self, Progress};

/// The version whose generated code the wrapper knows.
pub const VERSION: &str = "0.22.0";

/// Packages that its compilation goes through, for the progress line.
const PACKAGES: usize = 251;

/// The executable, wherever it is, without installing anything.
pub fn find(cache: &Cache, toolchain: &Toolchain) -> Option<PathBuf> {
    let ours = folder(cache, toolchain).join("bin/evcxr_jupyter");
    if ours.is_file() {
        return Some(ours);
    }
    installed_by_cargo()
}

/// The user's own installation, if cargo's register says that it is of this version: the program itself cannot tell.
fn installed_by_cargo() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    let register = std::fs::read_to_string(home.join(".crates.toml")).ok()?;
    let program = home.join("bin/evcxr_jupyter");
    (register.contains(&format!("\"evcxr_jupyter {VERSION} ")) && program.is_file())
        .then_some(program)
}

/// The executable, compiled into the cache if need be.
///
/// # Errors
/// When its compilation fails, for want of a network for example.
pub fn ensure(cache: &Cache, toolchain: &Toolchain) -> Result<PathBuf> {
    if let Some(found) = find(cache, toolchain) {
        return Ok(found);
    }
    let root = folder(cache, toolchain);
    // Kept until success: an interrupted compilation goes on where it stopped.
    let target = cache.tools().join(".construction");
    paths::create_folder(&target)?;
    let mut progress = Progress::start(
        "Compilation de evcxr_jupyter",
        "9 à 12 minutes sur 2 cœurs, une seule fois",
    );
    let mut command = Command::new("cargo");
    command
        .arg("install")
        .args(["--locked", "evcxr_jupyter", "--version", VERSION, "--root"])
        .arg(&root);
    command
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTUP_TOOLCHAIN", &toolchain.name)
        .current_dir(cache.root());
    command.env_remove("CARGO_TARGET_DIR");
    let mut done = 0;
    process::observed(
        &mut command,
        "La compilation de evcxr_jupyter",
        "Vérifiez le réseau et la place sur le disque, puis relancez « cargo tp setup » : elle reprend où elle s'est arrêtée.",
        |line| {
            if line.trim_start().starts_with("Compiling") {
                done += 1;
                progress.advance(done, PACKAGES.max(done));
            }
        },
    )?;
    progress.finish();
    let _ = std::fs::remove_dir_all(&target);
    Ok(root.join("bin/evcxr_jupyter"))
}

fn folder(cache: &Cache, toolchain: &Toolchain) -> PathBuf {
    Path::new(&cache.tools()).join(format!("evcxr-{VERSION}-{}", toolchain.number()))
}
