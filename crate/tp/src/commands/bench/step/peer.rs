//! The libraries that we are compared to, and the Python environments they live in.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::paths::{self, Cache, Repository};
use crate::process::{self, Progress};
use crate::setup::python::{self, Environment};

/// Heading in `environment.yml` of what TensorFlow takes.
const HEADING: &str = "pair-tensorflow";

const TENSORFLOW: &str = include_str!("../peer_tensorflow.py");
const PYTORCH: &str = include_str!("../peer_pytorch.py");

/// Variable that names the Python where PyTorch is.
const PYTORCH_VARIABLE: &str = "TP_PYTORCH";

/// A library that takes the same steps as ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// TensorFlow au plus vite : normalisation et Adam par ses noyaux fusionnés, tf.function, oneDNN
    Tensorflow,
    /// Keras tel qu'on l'écrit d'ordinaire, dans un tf.function, oneDNN
    Keras,
    /// PyTorch tel qu'on l'écrit d'ordinaire, oneDNN ; jamais installé par « tp »
    Pytorch,
    /// Le même, les canaux rangés en dernier
    PytorchCanaux,
    /// Le même, compilé (torch.compile, qui veut un compilateur C++)
    PytorchCompile,
    /// Compilé, les canaux rangés en dernier
    PytorchCompileCanaux,
}

/// A peer that can be started.
#[derive(Debug)]
pub struct Ready {
    peer: Peer,
    python: PathBuf,
    script: PathBuf,
}

impl Peer {
    /// The peer, installed in an environment of its own under the cache if it is not there; PyTorch where it is installed.
    ///
    /// # Errors
    /// [`Error::Missing`] without Python or without PyTorch, [`Error::Command`] when pip fails.
    pub fn ensure(self, repository: &Repository, cache: &Cache) -> Result<Ready> {
        let (python, script) = match self {
            Self::Tensorflow | Self::Keras => {
                install(repository, cache, HEADING, "tensorflow", TENSORFLOW)?
            }
            Self::Pytorch
            | Self::PytorchCanaux
            | Self::PytorchCompile
            | Self::PytorchCompileCanaux => (
                python_with_torch(repository)?,
                write_script(cache, "pytorch", PYTORCH)?,
            ),
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
    let root = cache.root().join("pairs").join(name);
    let python = ensure_environment(&root, &requirements(repository, heading)?)?;
    Ok((python, write_script(cache, name, text)?))
}

/// Writes a peer's script under the cache, under a name of its own: another checkout's measurement may run another text at
/// the same moment.
fn write_script(cache: &Cache, name: &str, text: &str) -> Result<PathBuf> {
    let hash = Sha256::digest(text);
    let version: String = hash
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let folder = cache.root().join("pairs");
    paths::create_folder(&folder)?;
    let script = folder.join(format!("peer_{name}-{version}.py"));
    paths::write_atomically(&script, text.as_bytes())?;
    Ok(script)
}

/// The Python that [`PYTORCH_VARIABLE`] names, else the first with PyTorch of the labs' environment and the `PATH`: PyTorch,
/// several gigabytes, is not installed for a measurement.
///
/// # Errors
/// [`Error::Missing`] when none of them imports PyTorch.
fn python_with_torch(repository: &Repository) -> Result<PathBuf> {
    let named = std::env::var_os(PYTORCH_VARIABLE).filter(|value| !value.is_empty());
    let candidates = match named {
        Some(program) => vec![PathBuf::from(program)],
        None => {
            let labs = Some(Environment::locate(repository).program("python"));
            let labs = labs.filter(|program| program.exists());
            labs.into_iter().chain(python::find_python().ok()).collect()
        }
    };
    let mut tried = Vec::new();
    for program in candidates {
        // Imported, not only looked for: a PyTorch whose libraries do not load is of no use.
        let mut command = Command::new(&program);
        command.args(["-c", "import torch"]);
        let reason = match process::output(&mut command, "L'appel de Python", "") {
            Ok(_) => return Ok(program),
            Err(Error::Missing { .. }) => "ne démarre pas",
            Err(_) => "n'importe pas torch",
        };
        tried.push(format!("« {} » {reason}", program.display()));
    }
    if tried.is_empty() {
        tried.push("aucun Python trouvé".to_owned());
    }
    Err(Error::Missing {
        what: format!("PyTorch ({})", tried.join(", ")),
        remedy: format!(
            "« tp » ne l'installe pas (plusieurs Go) : installez-le dans un environnement à vous (« python3 -m venv ~/torch », puis \
             « ~/torch/bin/python3 -m pip install torch ») et nommez son Python dans la variable {PYTORCH_VARIABLE} \
             ({PYTORCH_VARIABLE}=~/torch/bin/python3)."
        ),
    })
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
    fn a_peer_is_read_from_its_name_and_told_by_it() {
        for peer in Peer::value_variants() {
            assert_eq!(Peer::from_str(&peer.name(), false), Ok(*peer));
            let told = serde_json::to_value(peer).unwrap();
            assert_eq!(told, peer.name());
        }
        assert_eq!(Peer::from_str("pytorch", false), Ok(Peer::Pytorch));
        let compiled = Peer::from_str("pytorch-compile-canaux", false);
        assert_eq!(compiled, Ok(Peer::PytorchCompileCanaux));
        assert!(Peer::from_str("torch", false).is_err());
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
