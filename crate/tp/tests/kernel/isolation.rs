//! Where cells are compiled, and by whose settings: not by another user's, nor by this one's own for other programs.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tp::jupyter::CellStatus;

use super::{alone, command, ok, run, start};

/// A folder of this user's own, removed at the end.
struct Private(PathBuf);

impl Private {
    fn new() -> Self {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        let path = home.join(format!(".cache/tp-essai-isolement-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The files of a folder and of those in it that are neither sockets nor pipes.
fn plain_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(plain_files(&entry.path()));
        } else if !kind.is_socket() && !kind.is_fifo() {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn cells_are_compiled_as_the_kernel_decides() {
    let _alone = alone();
    let private = Private::new();
    let witness = private.0.join("un autre a été exécuté");
    let spy = private.write(
        "espion",
        &format!("#!/bin/sh\ntouch {witness:?}\nexec cc \"$@\"\n"),
    );
    std::fs::set_permissions(&spy, std::fs::Permissions::from_mode(0o755)).unwrap();
    // What another user puts at the top of the temporary folder, which everybody writes into.
    let linker = format!("[target.'cfg(all())']\nlinker = {spy:?}\n");
    let temporary = std::env::temp_dir().join(format!("tp-commun-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&temporary);
    std::fs::create_dir_all(temporary.join(".cargo")).unwrap();
    std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o1777)).unwrap();
    std::fs::write(temporary.join(".cargo/config.toml"), &linker).unwrap();
    std::fs::write(
        temporary.join("Cargo.toml"),
        "[workspace]\nmembers = [\"*/*\"]\n",
    )
    .unwrap();
    // What this user has for other programs.
    let settings = "[build]\ntarget = \"wasm32-unknown-unknown\"\nrustc-workspace-wrapper = \"/nulle/part\"\n\
                    [profile.dev]\npanic = \"abort\"\nlto = true\ncodegen-backend = \"cranelift\"\n";
    private.write(".cargo/config.toml", &format!("{settings}{linker}"));
    let cargo = PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo");
    let cargo = std::env::var_os("CARGO_HOME").map_or(cargo, PathBuf::from);
    let rustup = cargo.with_file_name(".rustup");
    let rustup = std::env::var_os("RUSTUP_HOME").map_or(rustup, PathBuf::from);
    let _ = std::os::unix::fs::symlink(cargo.join("registry"), private.0.join(".cargo/registry"));

    let command = command()
        .with_env("TMPDIR", &temporary)
        .with_env("HOME", &private.0)
        .with_env("RUSTUP_HOME", rustup)
        .with_env("CARGO_HOME", private.0.join(".cargo"))
        .with_env("TP_CACHE", private.0.join("cache"))
        .with_env("CARGO_PROFILE_DEV_PANIC", "abort")
        .with_env("RUSTFLAGS", "--option-inconnue")
        .with_env("RUSTC", "/bin/false");
    let mut client = start(&command);
    ok(&mut client, "let avant = 41;");
    // Types are still known, and a panic is caught: nothing aborts.
    let result = run(
        &mut client,
        "let liste = vec![avant];\nlet rien = liste[avant];",
    );
    assert_eq!(result.status, CellStatus::Error);
    assert_eq!(ok(&mut client, "println!(\"{}\", avant + 1);"), "42\n");
    assert!(!witness.exists(), "another user's linker ran");

    // A temporary folder where nothing may be executed would do.
    let mut left = plain_files(&temporary);
    left.retain(|name| !["config.toml", "Cargo.toml"].contains(&name.as_str()));
    left.sort();
    assert_eq!(left, [".verrou", "connexion.json"]);
    client.shutdown();
    std::fs::remove_dir_all(&temporary).unwrap();
    let cells = private.0.join("cache/cellules");
    assert_eq!(std::fs::read_dir(cells).unwrap().count(), 0, "cleaned up");
}
