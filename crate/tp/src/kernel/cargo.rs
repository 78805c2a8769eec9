//! What the cells' cargo is told: by us alone.
//!
//! A user's own `~/.cargo/config.toml`, or one in a folder above the crate of the cells, may change how cells are compiled
//! (`panic = "abort"`, another code generator, a linker that is not there) or have programs run. Cells therefore get a
//! `CARGO_HOME` of their own, that shares the registries' files and keeps of the user's settings only where packages come
//! from; and cargo looks no higher than their crate.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths;

/// The folder above which cargo 1.95, to which the kernel is pinned, looks for no settings and no workspace.
const ROOT_VARIABLE: &str = "__CARGO_TEST_ROOT";
/// What is the same as in the user's own `CARGO_HOME`: packages, and the lock and the accounts that go with them.
const SHARED_FOLDERS: [&str; 2] = ["registry", "git"];
const SHARED_FILES: [&str; 4] = [
    ".package-cache",
    ".package-cache-mutate",
    "credentials.toml",
    "credentials",
];
/// The user's settings that say where packages come from, and no more.
const KEPT: [&str; 5] = ["source", "registries", "registry", "http", "net"];
/// Variables of the same settings.
const KEPT_VARIABLES: [&str; 5] = [
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
];

/// The folder of the cells' crate below `cells`, made when it is not there.
///
/// evcxr's rust-analyzer reads all that is below it, so that nothing else may be there: with cargo's home it read the
/// sources of every package that the user ever compiled, in twice the memory and twice the time.
///
/// # Errors
/// [`Error::Io`] when it cannot be made.
pub(super) fn crate_folder(cells: &Path) -> Result<PathBuf> {
    let folder = cells.join("crate");
    paths::create_folder(&folder)?;
    Ok(folder)
}

/// Has a command compile below `cells`, the private folder that also holds the cells' crate, as nobody else decided.
///
/// # Errors
/// [`Error::Io`] when the folder cannot be written into.
pub(super) fn isolate(command: &mut Command, cells: &Path) -> Result<()> {
    for (name, _) in std::env::vars_os() {
        if changes_compilation(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    let home = cells.join("cargo");
    fill_home(&home, user_home().as_deref())?;
    command.env("CARGO_HOME", home).env(ROOT_VARIABLE, cells);
    Ok(())
}

/// Whether a variable of the environment changes what cargo or rustc do.
fn changes_compilation(name: &str) -> bool {
    let of_compiler = name.starts_with("RUSTC") || name.starts_with("RUSTDOC");
    let of_cargo = name.starts_with("CARGO") || name.starts_with("__CARGO");
    of_compiler
        || name == "RUSTFLAGS"
        || of_cargo && !KEPT_VARIABLES.iter().any(|kept| name.starts_with(kept))
}

/// The user's `CARGO_HOME`.
fn user_home() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cargo")))
}

fn fill_home(home: &Path, user: Option<&Path>) -> Result<()> {
    paths::create_private_folder(home)?;
    let Some(user) = user else {
        return Ok(());
    };
    let link = |name: &str| {
        let (from, to) = (user.join(name), home.join(name));
        symlink(&from, &to).map_err(Error::io("Impossible de créer le lien", &to))
    };
    for name in SHARED_FOLDERS {
        // What a `:dep` brings serves the user's other programs too. A home that is only read stays as it is.
        if std::fs::create_dir_all(user.join(name)).is_ok() {
            link(name)?;
        }
    }
    for name in SHARED_FILES
        .into_iter()
        .filter(|name| user.join(name).exists())
    {
        link(name)?;
    }
    let settings = ["config.toml", "config"]
        .iter()
        .find_map(|name| std::fs::read_to_string(user.join(name)).ok());
    let kept = settings
        .map(|text| kept_settings(&text))
        .unwrap_or_default();
    if !kept.is_empty() {
        let file = home.join("config.toml");
        std::fs::write(&file, kept).map_err(Error::io("Impossible d'écrire", &file))?;
    }
    Ok(())
}

/// The tables of a `config.toml` that are [`KEPT`], as they are written.
fn kept_settings(text: &str) -> String {
    let mut kept = String::new();
    let (mut keeps, mut within_table, mut open) = (false, false, 0_i64);
    for line in text.lines() {
        let code = line.trim_start();
        // A list over several lines begins no table.
        if open <= 0 {
            if code.starts_with('[') {
                keeps = is_kept(code.trim_start_matches('['));
                within_table = true;
            } else if !within_table && !code.is_empty() && !code.starts_with('#') {
                keeps = is_kept(code);
            }
        }
        let begins_table = open <= 0 && code.starts_with('[');
        if !begins_table {
            let count = |bracket| code.matches(bracket).count() as i64;
            open += count('[') + count('{') - count(']') - count('}');
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Whether a key, which other keys or a value may follow, is one of [`KEPT`].
fn is_kept(text: &str) -> bool {
    let text = text.trim_start();
    let key = text.split(['.', ']', '=', ' ', '\t']).next();
    let key = key.unwrap_or_default().trim_matches(['"', '\'']);
    KEPT.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path that a variable of the command has.
    fn set(command: &Command, variable: &str) -> Option<PathBuf> {
        let mut variables = command.get_envs();
        let (_, value) = variables.find(|(name, _)| *name == variable)?;
        value.map(PathBuf::from)
    }

    #[test]
    fn only_where_packages_come_from_is_kept() {
        let settings = r#"
net.offline = true
profile.dev.panic = "abort"

[build]
rustflags = [
  "-C", "linker=rien",
]
[profile.dev]
panic = "abort"
[source.crates-io]
replace-with = "miroir"
[source.miroir]
registry = "sparse+https://exemple.org/"
[[patch.unused]]
[target.x86_64-unknown-linux-gnu]
linker = "rien"
[http]
proxy = "hote:3128"
"#;
        let kept = kept_settings(settings);
        for wanted in [
            "net.offline",
            "replace-with",
            "[source.miroir]",
            "sparse+",
            "hote:3128",
        ] {
            assert!(kept.contains(wanted), "{wanted}: {kept}");
        }
        for unwanted in ["panic", "linker", "[build]", "profile", "target"] {
            assert!(!kept.contains(unwanted), "{unwanted}: {kept}");
        }
        assert_eq!(kept_settings(""), "");
        assert_eq!(
            kept_settings("[build]\nx = [\n[\"a\"],\n]\n[net]\na = 1\n"),
            "[net]\na = 1\n"
        );
    }

    #[test]
    fn variables_of_others_do_not_decide() {
        for name in [
            "RUSTC",
            "RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_DEV_PANIC",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_ENCODED_RUSTFLAGS",
        ] {
            assert!(changes_compilation(name), "{name}");
        }
        for name in [
            "CARGO_HTTP_PROXY",
            "CARGO_NET_OFFLINE",
            "RUSTUP_HOME",
            "RUST_LOG",
            "PATH",
        ] {
            assert!(!changes_compilation(name), "{name}");
        }
    }

    #[test]
    fn a_home_shares_packages_and_survives_without() {
        let root = std::env::temp_dir().join(format!("tp-cargo-{}", uuid::Uuid::new_v4()));
        let user = root.join("utilisateur");
        std::fs::create_dir_all(&user).unwrap();
        std::fs::write(
            user.join("config.toml"),
            "[http]\nproxy = \"x\"\n[build]\njobs = 1\n",
        )
        .unwrap();
        std::fs::write(user.join(".package-cache"), "").unwrap();
        let home = root.join("cargo");
        fill_home(&home, Some(&user)).unwrap();
        assert_eq!(
            std::fs::read_link(home.join("registry")).unwrap(),
            user.join("registry")
        );
        assert!(home.join(".package-cache").exists() && !home.join("credentials.toml").exists());
        let text = std::fs::read_to_string(home.join("config.toml")).unwrap();
        assert_eq!(text, "[http]\nproxy = \"x\"\n");
        fill_home(&root.join("autre"), None).unwrap();
        let mut command = Command::new("cargo");
        isolate(&mut command, &root.join("autre")).unwrap();
        let home = set(&command, "CARGO_HOME").unwrap();
        assert!(!home.starts_with(crate_folder(&root.join("autre")).unwrap()));
        std::fs::remove_dir_all(root).unwrap();
    }
}
