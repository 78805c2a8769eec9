//! `tp kernel`: runs the adapter and evcxr_jupyter in the environment of a kernel folder, and cleans up after them.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tp_protocol::controls::SOCKET_VARIABLE;
use tp_protocol::{PIPES_VARIABLE, PROTOCOL_VARIABLE, STOP_VARIABLE};

use super::adapter::{self, Settings};
use super::private::Own;
use super::{KernelFolder, WRAPPER_NAME, cargo, folder};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::platform;

/// Most memory of the cells' process, in MiB.
const MEMORY_VARIABLE: &str = "TP_MEMOIRE_MAX";
/// Longest time of one cell, in seconds, its compilation not counted; none by default.
const DURATION_VARIABLE: &str = "TP_DUREE_MAX";

/// Where rust-analyzer reads the standard library, when not in the toolchain.
const ANALYSED_STANDARD_LIBRARY: &str = "RUST_SRC_PATH";

/// Runs the kernel of the folder that this binary lies in until Jupyter ends it.
///
/// # Errors
/// When the folder is incomplete or evcxr_jupyter cannot be started.
pub fn run(connection_file: &Path) -> Result<Verdict> {
    let binary =
        std::env::current_exe().map_err(Error::io("Impossible de trouver ce programme", "tp"))?;
    let path = binary
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("/"));
    let kernel = KernelFolder::open(path)?;
    // Held while the kernel lives: a folder in use is never removed.
    let lock = File::create(folder::lock_file(path)).ok();
    if let Some(lock) = &lock {
        let _ = lock.try_lock_shared();
    }
    let (sockets, cells) = (Own::for_sockets()?, Own::for_cells()?);
    platform::adopt_orphans();
    let settings = Settings {
        sockets: sockets.path().to_owned(),
        cells: cargo::crate_folder(cells.path())?,
        forwards: std::env::var_os(PROTOCOL_VARIABLE).is_some_and(|value| value == "1"),
        memory: memory_limit()?,
        duration: number(DURATION_VARIABLE, "un nombre de secondes")?.map(Duration::from_secs),
    };
    let (pipes, stop_file) = (settings.pipes(), settings.stop_file());
    let controls = settings.controls();
    let start = |file: &Path| {
        let mut command = command(&kernel, cells.path(), file)?;
        platform::keep_freed_memory(&mut command);
        command.env(PROTOCOL_VARIABLE, "1");
        command.env(PIPES_VARIABLE, &pipes);
        command.env(STOP_VARIABLE, &stop_file);
        command.env(SOCKET_VARIABLE, &controls);
        Ok(command)
    };
    let ended = adapter::run(connection_file, settings, &start);
    platform::kill_children();
    drop((sockets, cells));
    Ok(if ended? {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// Most memory of the cells' process: what [`MEMORY_VARIABLE`] says in MiB, else nine tenths of the machine's.
fn memory_limit() -> Result<Option<u64>> {
    const MIB: u64 = 1 << 20;
    Ok(match number(MEMORY_VARIABLE, "un nombre de Mio")? {
        Some(mib) => Some(mib.saturating_mul(MIB)),
        None => platform::memory().map(|(total, _)| total / 10 * 9),
    })
}

/// The value of a variable, a whole number above zero.
fn number(variable: &str, expected: &str) -> Result<Option<u64>> {
    let Some(text) = std::env::var_os(variable).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let number = text.to_str().and_then(|text| text.trim().parse().ok());
    match number.filter(|number| *number > 0) {
        Some(number) => Ok(Some(number)),
        None => Err(Error::Usage(format!(
            "{variable} vaut « {} » ; il faut {expected}.",
            text.to_string_lossy()
        ))),
    }
}

fn command(kernel: &KernelFolder, cells: &Path, connection_file: &Path) -> Result<Command> {
    let manifest = kernel.manifest();
    let mut command = Command::new(&manifest.evcxr);
    // Absolute, because evcxr may be started from another folder below.
    let connection_file = std::path::absolute(connection_file)
        .map_err(Error::io("Chemin inutilisable", connection_file))?;
    command.arg("--control_file").arg(connection_file);
    command.stdin(Stdio::null());
    command.env("EVCXR_CONFIG_DIR", kernel.path().join("evcxr"));
    command.env("EVCXR_TMPDIR", cargo::crate_folder(cells)?);
    cargo::isolate(&mut command, cells)?;
    command.env(
        "RUSTC_WRAPPER",
        kernel.path().join("bin").join(WRAPPER_NAME),
    );
    let standard = kernel.path().join(folder::STANDARD_LIBRARY);
    if standard.is_dir() {
        command.env(ANALYSED_STANDARD_LIBRARY, standard);
    }
    command.env("RUSTUP_TOOLCHAIN", &manifest.toolchain);
    command.env(platform::LIBRARY_PATH, library_path(kernel)?);
    let here =
        std::env::current_dir().map_err(Error::io("Impossible de lire le dossier courant", "."))?;
    if here.join("evcxr.toml").exists() {
        // evcxr would prefer this file, which may come with a hand-in, to our configuration.
        command.current_dir(cells);
        command.env("TP_DOSSIER", here);
    }
    Ok(command)
}

fn library_path(kernel: &KernelFolder) -> Result<std::ffi::OsString> {
    let mut folders = vec![
        kernel.manifest().target_libdir.clone(),
        kernel.path().to_owned(),
    ];
    if let Some(present) = std::env::var_os(platform::LIBRARY_PATH) {
        folders.extend(std::env::split_paths(&present));
    }
    std::env::join_paths(folders).map_err(|_| {
        Error::Usage(format!(
            "{} contient un chemin inutilisable.",
            platform::LIBRARY_PATH
        ))
    })
}
