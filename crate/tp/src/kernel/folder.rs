//! Makes kernel folders: compiles the library, gathers what cells need, removes what nobody uses any more.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::{KernelFolder, Manifest, WRAPPER_NAME, fingerprint, shadow};
use crate::error::{Error, Result};
use crate::french::fixed;
use crate::paths::{self, Cache, Repository};
use crate::platform;
use crate::process::{self, Progress};
use crate::setup::rust::Toolchain;

/// Older kernel folders kept beside the newest, for notebooks opened since.
const KEPT: usize = 1;

/// The folder of the standard library's sources, inside a kernel folder.
pub(super) const STANDARD_LIBRARY: &str = "std";

/// A line of cargo's `--message-format=json`.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    target: MessageTarget,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

/// What a compilation made.
#[derive(Debug, Default)]
pub struct Artifacts {
    /// Metadata files and procedural macros of the dependencies.
    metadata: BTreeSet<PathBuf>,
    /// The shared library.
    library: Option<PathBuf>,
}

impl Artifacts {
    /// Reads one line of cargo's JSON; other lines are ignored.
    pub fn observe(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Message>(line) else {
            return;
        };
        if message.reason != "compiler-artifact" {
            return;
        }
        let is_macro = message.target.kind.iter().any(|kind| kind == "proc-macro");
        for file in message.filenames {
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("rmeta") => {
                    self.metadata.insert(file);
                }
                Some(platform::SHARED_EXTENSION) if is_macro => {
                    self.metadata.insert(file);
                }
                Some(platform::SHARED_EXTENSION) if message.target.name == "visages" => {
                    self.library = Some(file)
                }
                _ => {}
            }
        }
    }
}

/// The kernel folder for the present sources, made if need be.
///
/// # Errors
/// When the library does not compile, the disk is full or the cache cannot be written; nothing half-made is left.
pub fn ensure(
    repository: &Repository,
    cache: &Cache,
    toolchain: &Toolchain,
    evcxr: &Path,
) -> Result<KernelFolder> {
    if let Some(folder) = KernelFolder::current(repository, cache, toolchain)? {
        return Ok(folder);
    }
    let fingerprint = fingerprint::compute(repository, toolchain)?;
    check_space(cache)?;
    let artifacts = compile(repository, cache)?;
    let kernels = cache.kernels();
    paths::create_folder(&kernels)?;
    let (staging, target) = (
        kernels.join(format!(".{fingerprint}-{}", std::process::id())),
        kernels.join(&fingerprint),
    );
    let manifest = Manifest {
        fingerprint,
        rustc: toolchain.version_line().to_owned(),
        toolchain: toolchain.name.clone(),
        target_libdir: toolchain.target_libdir.clone(),
        evcxr: evcxr.to_owned(),
    };
    let made = gather(repository, &artifacts, &manifest, &staging, &target).and_then(|()| {
        // A folder without evcxr may already stand there.
        if target.exists() {
            std::fs::remove_dir_all(&target)
                .map_err(Error::io("Impossible de supprimer", &target))?;
        }
        std::fs::rename(&staging, &target).map_err(Error::io("Impossible de renommer", &staging))
    });
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&staging);
    }
    made?;
    collect_unused(&kernels, &target);
    KernelFolder::open(&target)
}

fn check_space(cache: &Cache) -> Result<()> {
    const GIB: u64 = 1 << 30;
    // Compiled dependencies take 2.2 GB; a rebuild needs room for one more library beside the old one.
    let needed = if cache.target().join("release").is_dir() {
        GIB
    } else {
        4 * GIB
    };
    match platform::free_space(cache.root()) {
        Some(free) if free < needed => Err(Error::Resource {
            what: format!("Espace disque dans « {} »", cache.root().display()),
            available: fixed(free as f64 / GIB as f64, 1) + " Go",
            needed: format!("{} Go", needed / GIB),
            remedy: "Libérez de la place ou donnez un autre dossier dans la variable TP_CACHE."
                .into(),
        }),
        _ => Ok(()),
    }
}

/// Compiles `libvisages` as a shared library, exactly as `cargo test --release -p visages` compiles its dependencies.
fn compile(repository: &Repository, cache: &Cache) -> Result<Artifacts> {
    let total = package_count(repository)?;
    let mut progress = Progress::start(
        "Compilation de la bibliothèque",
        "20 à 25 minutes la première fois sur 2 cœurs, une à deux minutes ensuite",
    );
    let mut artifacts = Artifacts::default();
    let mut done = 0;
    let mut command = cargo(repository, cache);
    command.args([
        "rustc",
        "--release",
        "--locked",
        "-p",
        "visages",
        "--lib",
        "--crate-type",
        "dylib",
    ]);
    command.args([
        "--message-format=json-render-diagnostics",
        "--",
        "-C",
        "prefer-dynamic",
    ]);
    process::observed(
        &mut command,
        "La compilation de la bibliothèque",
        "Corrigez l'erreur ci-dessous ou relancez « cargo tp setup » : elle reprend où elle s'est arrêtée.",
        |line| {
            if line.contains("\"reason\":\"compiler-artifact\"") {
                done += 1;
                artifacts.observe(line);
                progress.advance(done, total.max(done));
            }
        },
    )?;
    progress.finish();
    Ok(artifacts)
}

/// `cargo`, at the root of the repository, compiling into the cache.
pub fn cargo(repository: &Repository, cache: &Cache) -> Command {
    let mut command = Command::new("cargo");
    command
        .current_dir(repository.root())
        .env("CARGO_TARGET_DIR", cache.target());
    // Set by the cargo that started this process: they would change fingerprints and rebuild polars.
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        command.env_remove(name);
    }
    command
}

fn metadata(repository: &Repository) -> Result<String> {
    let mut command = Command::new("cargo");
    command.current_dir(repository.root());
    command
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
        ])
        .arg(host_target()?);
    process::output(
        &mut command,
        "La lecture des dépendances",
        "Lancez « cargo metadata » pour voir l'erreur.",
    )
}

/// How many packages the library is made of, for the progress line.
fn package_count(repository: &Repository) -> Result<usize> {
    let mut command = Command::new("cargo");
    command.current_dir(repository.root());
    command.args([
        "tree",
        "--locked",
        "-p",
        "visages",
        "-e",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let tree = process::output(
        &mut command,
        "La lecture des dépendances",
        "Lancez « cargo tree » pour voir l'erreur.",
    )?;
    let names: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    Ok(names.len())
}

fn host_target() -> Result<String> {
    let mut command = Command::new("rustc");
    command.arg("-vV");
    let text = process::output(
        &mut command,
        "L'appel de rustc",
        "Vérifiez l'installation : cargo tp doctor",
    )?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| Error::Missing {
        what: "La plateforme de rustc".into(),
        remedy: "Réinstallez Rust avec rustup.".into(),
    })
}

fn gather(
    repository: &Repository,
    artifacts: &Artifacts,
    manifest: &Manifest,
    staging: &Path,
    target: &Path,
) -> Result<()> {
    let _ = std::fs::remove_dir_all(staging);
    for folder in ["meta", "sources", "evcxr", "bin"] {
        paths::create_folder(&staging.join(folder))?;
    }
    let library = artifacts.library.as_ref().ok_or_else(|| Error::Missing {
        what: "La bibliothèque compilée".into(),
        remedy: "Relancez : cargo tp setup".into(),
    })?;
    let name = format!("libvisages.{}", platform::SHARED_EXTENSION);
    copy(library, &staging.join(name))?;
    for file in &artifacts.metadata {
        link(
            file,
            &staging
                .join("meta")
                .join(file.file_name().unwrap_or_default()),
        )?;
    }
    shadow::write(&metadata(repository)?, &staging.join("sources"))?;
    // Beside the targets' own folders, in the toolchain.
    let rustlib = manifest.target_libdir.ancestors().nth(2);
    if let Some(rustlib) = rustlib {
        shadow::write_standard_library(
            &rustlib.join("src/rust/library"),
            &staging.join(STANDARD_LIBRARY),
        )?;
    }
    // The final path: the folder is renamed once complete.
    let shadow = target.join("sources/visages");
    let init = format!(
        ":dep visages = {{ path = {:?} }}\n",
        shadow.to_string_lossy()
    );
    paths::write_atomically(&staging.join("evcxr/init.evcxr"), init.as_bytes())?;
    let binary =
        std::env::current_exe().map_err(Error::io("Impossible de trouver ce programme", "tp"))?;
    copy(&binary, &staging.join("bin/tp"))?;
    let link = staging.join("bin").join(WRAPPER_NAME);
    std::os::unix::fs::symlink("tp", &link)
        .map_err(Error::io("Impossible de créer le lien", &link))?;
    let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    paths::write_atomically(&staging.join("noyau.json"), &text)
}

/// Links a file that cargo never changes in place (its name holds a hash), or copies it to another disk.
fn link(from: &Path, to: &Path) -> Result<()> {
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    copy(from, to)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to)
        .map(drop)
        .map_err(Error::io("Impossible de copier vers", to))
}

/// The file that every running kernel of a folder holds a shared lock on.
pub fn lock_file(folder: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(folder.file_name().unwrap_or_default());
    name.push(".verrou");
    folder.with_file_name(name)
}

/// Removes the folders that no kernel uses, but for `newest` and the [`KEPT`] most recent others.
pub fn collect_unused(kernels: &Path, newest: &Path) {
    let Ok(entries) = std::fs::read_dir(kernels) else {
        return;
    };
    let mut folders: Vec<(std::time::SystemTime, PathBuf)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path != newest && path.join("noyau.json").is_file())
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    folders.sort();
    folders.reverse();
    for (_, folder) in folders.into_iter().skip(KEPT) {
        let lock = lock_file(&folder);
        let unused = File::create(&lock).is_ok_and(|file| file.try_lock().is_ok());
        if unused {
            let _ = std::fs::remove_dir_all(&folder);
            let _ = std::fs::remove_file(&lock);
        }
    }
}
