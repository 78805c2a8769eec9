//! The Rust toolchain: which one, whether it is whole.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Repository;
use crate::process;

/// The compiler that the repository pins.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// Name that rustup knows it by.
    pub name: String,
    /// All of `rustc -vV`.
    pub version_text: String,
    /// The installation's root.
    pub sysroot: PathBuf,
    /// Where the standard library's shared object is.
    pub target_libdir: PathBuf,
}

impl Toolchain {
    /// The toolchain as it is, without installing anything.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no rustc, no linker, or another version than the pinned one.
    pub fn detect(repository: &Repository) -> Result<Self> {
        let pinned = pinned_channel(repository)?;
        let remedy = format!("Installez Rust {pinned} : rustup toolchain install {pinned}");
        let rustc = |arguments: &[&str]| {
            let mut command = Command::new("rustc");
            command.args(arguments).current_dir(repository.root());
            // Set by the cargo above when it belongs to another toolchain.
            command.env("RUSTUP_TOOLCHAIN", &pinned);
            process::output(&mut command, "L'appel de rustc", &remedy)
                .map(|text| text.trim().to_owned())
        };
        let version_text = rustc(&["-vV"])?;
        let found = version_text.split_whitespace().nth(1).unwrap_or("?");
        if found != pinned {
            return Err(Error::Missing {
                what: format!("Rust {pinned} (rustc est ici en version {found})"),
                remedy,
            });
        }
        if process::find_program("cc").is_none() {
            return Err(Error::Missing {
                what: "Un compilateur C (« cc »), dont Rust se sert pour l'édition de liens,".into(),
                remedy: "Installez-le : « sudo apt install build-essential » (Debian, Ubuntu), « xcode-select --install » (macOS)."
                    .into(),
            });
        }
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?);
        let target_libdir = PathBuf::from(rustc(&["--print", "target-libdir"])?);
        Ok(Self {
            name: pinned,
            version_text,
            sysroot,
            target_libdir,
        })
    }

    /// The toolchain, completed with the sources of the standard library when rustup can fetch them.
    ///
    /// # Errors
    /// As [`Toolchain::detect`].
    pub fn ensure(repository: &Repository) -> Result<Self> {
        let toolchain = Self::detect(repository)?;
        if !toolchain.has_sources() {
            tell!("▸ Sources de la bibliothèque standard (rust-src, 3 Mo)");
            let mut command = Command::new("rustup");
            command.args([
                "component",
                "add",
                "rust-src",
                "--toolchain",
                &toolchain.name,
            ]);
            let added = process::output(&mut command, "rustup component add rust-src", "");
            if added.is_err() || !toolchain.has_sources() {
                tell!(
                    "⚠ rust-src n'a pas pu être installé : les cellules fonctionnent, mais certains « let » demanderont \
                     un type. Plus tard, avec le réseau : rustup component add rust-src --toolchain {}",
                    toolchain.name
                );
            }
        }
        Ok(toolchain)
    }

    /// Whether the standard library's sources are there: the analyser reads the types of `Vec` or `Option` in them.
    pub fn has_sources(&self) -> bool {
        self.sysroot
            .join("lib/rustlib/src/rust/library/core")
            .is_dir()
    }

    /// First line of `rustc -vV`.
    pub fn version_line(&self) -> &str {
        self.version_text.lines().next().unwrap_or_default()
    }

    /// `1.95.0`.
    pub fn number(&self) -> &str {
        self.version_text
            .split_whitespace()
            .nth(1)
            .unwrap_or_default()
    }
}

/// The `channel` of `rust-toolchain.toml`.
fn pinned_channel(repository: &Repository) -> Result<String> {
    let file: &Path = &repository.root().join("rust-toolchain.toml");
    let text = std::fs::read_to_string(file).map_err(Error::io("Impossible de lire", file))?;
    let value = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("channel")?.split('"').nth(1));
    value.map(str::to_owned).ok_or_else(|| Error::Unusable {
        path: file.to_owned(),
        reason: "il ne donne pas de « channel »".into(),
        remedy: "Rétablissez-le : git checkout rust-toolchain.toml".into(),
    })
}
