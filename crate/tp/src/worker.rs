//! The program linked to the library that does what `tp` cannot: compiled with the flags and in the target folder of
//! everything else; it reads JSON requests and answers JSON, one a line.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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

/// A line of a long task: how far it is, or how it ended.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Reply {
    Advance { done: usize, total: usize },
    End { ok: bool, error: Option<String> },
}

/// Has the worker do one long task, with a progress line now and then, and returns its last answer. An interruption of the
/// command ends the worker too.
///
/// # Errors
/// [`Error::Usage`] with the worker's French line when it refuses, [`Error::Command`] when it ends without an answer.
pub fn perform<T: DeserializeOwned>(
    mut command: Command,
    request: &Value,
    what: &str,
    usual: &str,
) -> Result<T> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    platform::die_with_parent(&mut command);
    let missing = |source: std::io::Error| Error::Missing {
        what: format!("Le programme visages-worker ({source})"),
        remedy: "Diagnostic : cargo tp doctor".to_owned(),
    };
    let mut child = command.spawn().map_err(missing)?;
    if let Some(mut input) = child.stdin.take() {
        // A worker that is gone says so below.
        let _ = writeln!(input, "{request}");
    }
    let mut progress = Progress::start(what, usual);
    let mut last = None;
    for line in child.stdout.take().into_iter().flat_map(process::lines) {
        match serde_json::from_str(&line) {
            Ok(Reply::Advance { done, total }) => progress.advance(done, total),
            Ok(Reply::End { ok: true, .. }) => last = Some(line),
            Ok(Reply::End { error, .. }) => {
                let _ = child.wait();
                return Err(Error::Usage(error.unwrap_or_default()));
            }
            // What the library tells a reader, when it goes on with a training.
            Err(_) if !line.starts_with('{') => {}
            Err(_) => break,
        }
    }
    let status = child
        .wait()
        .map_or_else(|error| error.to_string(), process::in_words);
    let answer = last.and_then(|line| serde_json::from_str(&line).ok());
    let answer = answer.ok_or_else(|| Error::Command {
        what: what.to_owned(),
        status,
        remedy: "Relancez la commande : elle reprend où elle s'est arrêtée.".to_owned(),
        tail: String::new(),
    })?;
    progress.finish();
    Ok(answer)
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

    #[derive(Debug, Deserialize)]
    struct Written {
        files: usize,
    }

    fn performed(script: &str) -> Result<Written> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        perform(
            command,
            &serde_json::json!({ "op": "x" }),
            "L'essai",
            "un instant",
        )
    }

    #[test]
    fn a_task_ends_with_its_answer_its_refusal_or_its_death() {
        let fine = r#"read a; echo '{"done":1,"total":2}'; echo '{"ok":true,"files":7}'"#;
        assert_eq!(performed(fine).unwrap().files, 7);
        let refused = performed(r#"read a; echo '{"ok":false,"error":"dossier occupé"}'"#);
        assert_eq!(refused.unwrap_err().to_string(), "dossier occupé");
        let dead = performed("read a; exit 3").unwrap_err().to_string();
        assert!(
            dead.contains("L'essai") && dead.contains("code 3"),
            "{dead}"
        );
    }
}
