//! Our side: the worker, compiled with the flags and in the target folder of everything else.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::kernel::folder;
use crate::paths::{Cache, Repository};
use crate::platform;
use crate::process::{self, Progress};

const NAME: &str = "visages-worker";

/// A line of cargo's JSON that names a program.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    executable: Option<PathBuf>,
}

/// Compiles the worker; a fraction of a second when nothing changed.
///
/// # Errors
/// [`Error::Command`] when it does not compile.
pub fn build(repository: &Repository, cache: &Cache) -> Result<PathBuf> {
    let mut command = folder::cargo(repository, cache);
    command.args([
        "build",
        "--release",
        "--locked",
        "-p",
        "visages",
        "--bin",
        NAME,
    ]);
    command.arg("--message-format=json-render-diagnostics");
    let mut progress = Progress::start(
        "Compilation de visages-worker",
        "quelques secondes après « cargo tp setup », 20 à 25 minutes sur une machine vierge",
    );
    let (mut done, mut found) = (0, None);
    process::observed(
        &mut command,
        "La compilation de visages-worker",
        "Corrigez l'erreur ci-dessous ou relancez la commande : elle reprend où elle s'est arrêtée.",
        |line| {
            if line.contains("\"reason\":\"compiler-artifact\"") {
                done += 1;
                progress.advance(done, 0);
                found = executable(line).or(found.take());
            }
        },
    )?;
    progress.finish();
    found.ok_or_else(|| Error::Missing {
        what: "Le programme visages-worker".to_owned(),
        remedy: "Diagnostic : cargo tp doctor".to_owned(),
    })
}

fn executable(line: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    message
        .executable
        .filter(|program| program.file_stem().is_some_and(|stem| stem == NAME))
}

/// The worker with that many threads.
pub fn command(program: &Path, threads: usize) -> Command {
    let mut command = Command::new(program);
    command.env("RAYON_NUM_THREADS", threads.to_string());
    // As in the kernel.
    platform::keep_freed_memory(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_cargo_names() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"visages-worker"},"executable":"/c/release/visages-worker"}"#;
        assert_eq!(
            executable(line),
            Some(PathBuf::from("/c/release/visages-worker"))
        );
        let library = r#"{"reason":"compiler-artifact","executable":null}"#;
        let other = r#"{"reason":"compiler-artifact","executable":"/c/release/other"}"#;
        assert!(executable(library).is_none() && executable(other).is_none());
    }
}
