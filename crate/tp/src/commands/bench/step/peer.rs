//! The libraries that we are compared to, and the Python environments they live in.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::paths::{self, Cache, Repository};
use crate::process::{self, Progress};
use crate::setup::python;

/// Heading in `environment.yml` of what TensorFlow takes.
const HEADING: &str = "pair-tensorflow";

const TENSORFLOW: &str = include_str!("../peer_tensorflow.py");

/// A library that takes the same steps as ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// TensorFlow au plus vite : normalisation et Adam par ses noyaux fusionnés, tf.function, oneDNN
    Tensorflow,
    /// Keras tel qu'on l'écrit d'ordinaire, dans un tf.function, oneDNN
    Keras,
}

/// A peer that can be started.
#[derive(Debug)]
pub struct Ready {
    peer: Peer,
    python: PathBuf,
    script: PathBuf,
}

impl Peer {
    /// The peer, installed in an environment of its own under the cache if it is not there.
    ///
    /// # Errors
    /// [`Error::Missing`] without Python, [`Error::Command`] when pip fails.
    pub fn ensure(self, repository: &Repository, cache: &Cache) -> Result<Ready> {
        let (python, script) = match self {
            Self::Tensorflow | Self::Keras => {
                install(repository, cache, HEADING, "tensorflow", TENSORFLOW)?
            }
        };
        Ok(Ready {
            peer: self,
            python,
            script,
        })
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl Ready {
    /// The peer's name and the command that starts it with that many threads.
    pub fn command(&self, threads: usize) -> (String, Command) {
        let mut command = Command::new(&self.python);
        command.arg("-u").arg(&self.script).arg(self.peer.name());
        command.env("OMP_NUM_THREADS", threads.to_string());
        (self.peer.name(), command)
    }
}

/// Installs what a group of `environment.yml` lists, in an environment of its own under the cache, and writes the
/// peer's script there: the environment's Python and the script.
///
/// # Errors
/// [`Error::Missing`] without Python, [`Error::Command`] when pip fails.
pub fn install(
    repository: &Repository,
    cache: &Cache,
    heading: &str,
    name: &str,
    text: &str,
) -> Result<(PathBuf, PathBuf)> {
    let folder = cache.root().join("pairs");
    let python = ensure_environment(&folder.join(name), &requirements(repository, heading)?)?;
    // Under a name of its own: another checkout's measurement may run another text at the same moment.
    let hash = Sha256::digest(text);
    let version: String = hash
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let script = folder.join(format!("peer_{name}-{version}.py"));
    paths::write_atomically(&script, text.as_bytes())?;
    Ok((python, script))
}

/// The lines of a peer's group in `environment.yml`: commented out, so that nothing else installs them.
///
/// # Errors
/// When the file cannot be read or holds no such group.
fn requirements(repository: &Repository, heading: &str) -> Result<Vec<String>> {
    let file = repository.environment_file();
    let text = std::fs::read_to_string(&file).map_err(Error::io("Impossible de lire", &file))?;
    let wanted = parse(&text, heading);
    if wanted.is_empty() {
        return Err(Error::Unusable {
            path: file,
            reason: format!("la rubrique [{heading}] est vide ou absente"),
            remedy: "Rétablissez-le : git checkout environment.yml".into(),
        });
    }
    Ok(wanted)
}

fn parse(text: &str, heading: &str) -> Vec<String> {
    let heading = format!("# [{heading}]");
    let lines = text.lines().map(str::trim);
    lines
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("# ["))
        .filter_map(|line| line.strip_prefix("# - "))
        .map(str::to_owned)
        .collect()
}

/// The environment's Python; made anew when it is not there or holds other versions.
fn ensure_environment(root: &Path, requirements: &[String]) -> Result<PathBuf> {
    let program = root.join("bin/python");
    let stamp = root.join(".tp-visages");
    let wanted = requirements.join("\n");
    if program.exists() && std::fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) {
        return Ok(program);
    }
    let found = python::find_python()?;
    if root.exists() {
        std::fs::remove_dir_all(root).map_err(Error::io("Impossible de supprimer", root))?;
    }
    if let Some(parent) = root.parent() {
        paths::create_folder(parent)?;
    }
    let mut progress = Progress::start(
        &format!("Installation du pair ({})", requirements.join(", ")),
        "une à trois minutes",
    );
    let mut command = Command::new(&found);
    command.args(["-m", "venv"]).arg(root);
    let installed = process::output(
        &mut command,
        "La création de l'environnement Python du pair",
        "Le module « venv » manque sans doute : « sudo apt install python3-venv » (Debian, Ubuntu).",
    )
    .and_then(|_| {
        let mut command = Command::new(&program);
        command.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
        command.args(requirements);
        let mut lines = 0;
        process::observed(
            &mut command,
            "L'installation du pair",
            "Vérifiez le réseau, la place sur le disque et la version de Python (3.11 au moins), ou mesurez sans « --pair ».",
            |_| {
                lines += 1;
                progress.advance(lines, 0);
            },
        )
    })
    .and_then(|()| paths::write_atomically(&stamp, wanted.as_bytes()));
    if let Err(error) = installed {
        // Half an environment would be taken for a whole one by a reader of the folder.
        let _ = std::fs::remove_dir_all(root);
        return Err(error);
    }
    progress.finish();
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_read_from_its_comments() {
        let text = "  - pip:\n      # [auteurs]\n      - nbgrader==1\n      # [pair-tensorflow]\n      # un mot\n      # - a==1\n      # - b==2\n      # [autre]\n      # - c==3\n";
        assert_eq!(parse(text, HEADING), ["a==1", "b==2"]);
        assert!(parse("# - a==1\n", HEADING).is_empty());
    }

    #[test]
    fn the_repositorys_group_pins_every_version() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environment.yml");
        let wanted = parse(&std::fs::read_to_string(file).unwrap(), HEADING);
        assert!(
            wanted
                .iter()
                .any(|line| line.starts_with("tensorflow-cpu=="))
        );
        assert!(wanted.iter().all(|line| line.contains("==")), "{wanted:?}");
    }
}
