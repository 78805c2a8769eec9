//! `tp kernel`: runs the adapter and evcxr_jupyter in the environment of a kernel folder, and cleans up after them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tp_protocol::{PIPES_VARIABLE, PROTOCOL_VARIABLE, STOP_VARIABLE};

use super::adapter::{self, Settings};
use super::{KernelFolder, WRAPPER_NAME, folder};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::{paths, platform};

/// Most memory of the cells' process, in MiB.
const MEMORY_VARIABLE: &str = "TP_MEMOIRE_MAX";
/// Longest time of one cell, in seconds, its compilation not counted; none by default.
const DURATION_VARIABLE: &str = "TP_DUREE_MAX";

/// Prefix of the kernels' temporary folders.
const TEMPORARY_PREFIX: &str = "tp-noyau-";
/// Longest name of the folder that they are in: the sockets below have room for about a hundred bytes.
const LONGEST_BASE: usize = 60;

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
    let temporary = Temporary::create()?;
    platform::adopt_orphans();
    let settings = Settings {
        temporary: temporary.path.clone(),
        forwards: std::env::var_os(PROTOCOL_VARIABLE).is_some_and(|value| value == "1"),
        memory: memory_limit()?,
        duration: number(DURATION_VARIABLE, "un nombre de secondes")?.map(Duration::from_secs),
    };
    let (pipes, stop_file) = (settings.pipes(), settings.stop_file());
    let start = |file: &Path| {
        let mut command = command(&kernel, &temporary.path, file)?;
        platform::keep_freed_memory(&mut command);
        command.env(PROTOCOL_VARIABLE, "1");
        command.env(PIPES_VARIABLE, &pipes);
        command.env(STOP_VARIABLE, &stop_file);
        Ok(command)
    };
    let ended = adapter::run(connection_file, settings, &start);
    platform::kill_children();
    drop(temporary);
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

fn command(kernel: &KernelFolder, temporary: &Path, connection_file: &Path) -> Result<Command> {
    let manifest = kernel.manifest();
    let mut command = Command::new(&manifest.evcxr);
    // Absolute, because evcxr may be started from another folder below.
    let connection_file = std::path::absolute(connection_file)
        .map_err(Error::io("Chemin inutilisable", connection_file))?;
    command.arg("--control_file").arg(connection_file);
    command.stdin(Stdio::null());
    command.env("EVCXR_CONFIG_DIR", kernel.path().join("evcxr"));
    command.env("EVCXR_TMPDIR", temporary);
    command.env(
        "RUSTC_WRAPPER",
        kernel.path().join("bin").join(WRAPPER_NAME),
    );
    command.env("RUSTUP_TOOLCHAIN", &manifest.toolchain);
    command.env(platform::LIBRARY_PATH, library_path(kernel)?);
    // Set by a cargo above this process, they would reach the cells' own cargo.
    for name in [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MANIFEST_DIR",
    ] {
        command.env_remove(name);
    }
    let here =
        std::env::current_dir().map_err(Error::io("Impossible de lire le dossier courant", "."))?;
    if here.join("evcxr.toml").exists() {
        // evcxr would prefer this file, which may come with a hand-in, to our configuration.
        command.current_dir(temporary);
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

/// A private folder, without spaces because evcxr cannot take one, removed at the end.
///
/// One left by a killed kernel is known by its lock, free again, and removed by the next start.
struct Temporary {
    path: PathBuf,
    _lock: File,
}

impl Temporary {
    fn create() -> Result<Self> {
        let base = base_folder();
        remove_abandoned(&base);
        // Not to be guessed: whoever made it first would own it.
        let random = uuid::Uuid::new_v4().simple().to_string();
        let path = base.join(format!(
            "{TEMPORARY_PREFIX}{}-{}",
            std::process::id(),
            &random[..16]
        ));
        paths::create_private_folder(&path)?;
        let lock_path = path.join(".verrou");
        let lock =
            File::create(&lock_path).map_err(Error::io("Impossible de créer", &lock_path))?;
        lock.lock()
            .map_err(Error::io("Impossible de verrouiller", &lock_path))?;
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn base_folder() -> PathBuf {
    let usual = std::env::temp_dir();
    let usual = usual.canonicalize().unwrap_or(usual);
    let too_long = usual.as_os_str().len() > LONGEST_BASE;
    if too_long || usual.to_string_lossy().contains(char::is_whitespace) {
        PathBuf::from("/tmp")
    } else {
        usual
    }
}

fn remove_abandoned(base: &Path) {
    let Ok(entries) = std::fs::read_dir(base) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let owner = name
            .strip_prefix(TEMPORARY_PREFIX)
            .and_then(|rest| rest.split('-').next()?.parse().ok());
        // The owner's death is asked first: a living one may not hold its lock yet. What another user made is left alone.
        let abandoned = owner.is_some_and(|pid| !platform::is_alive(pid)) && is_own_folder(&path);
        if abandoned && File::open(path.join(".verrou")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

fn is_own_folder(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == platform::user())
}
