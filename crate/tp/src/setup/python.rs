//! The Python tools: JupyterLab and jupytext for students, nbgrader for authors. `environment.yml` is their only list.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::paths::{self, Repository};
use crate::process::{self, Progress};

/// Oldest Python that the pinned tools support.
const OLDEST: (u32, u32) = (3, 10);

/// Which tools are asked for; authors' include students'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What doing the labs takes.
    Students,
    /// What writing, publishing and grading them takes.
    Authors,
}

impl Group {
    /// Heading in `environment.yml`, between brackets in a comment.
    const fn heading(self) -> &'static str {
        match self {
            Self::Students => "etudiants",
            Self::Authors => "auteurs",
        }
    }
}

/// A Python environment with Jupyter: our `.venv`, or the conda environment that is active.
#[derive(Debug, Clone)]
pub struct Environment {
    root: PathBuf,
    is_conda: bool,
}

impl Environment {
    /// The environment that would be used, there or not.
    pub fn locate(repository: &Repository) -> Self {
        let conda = std::env::var_os("CONDA_PREFIX").map(PathBuf::from);
        match conda.filter(|root| root.join("bin/jupyter-lab").is_file()) {
            Some(root) => Self {
                root,
                is_conda: true,
            },
            None => Self {
                root: repository.venv(),
                is_conda: false,
            },
        }
    }

    /// The environment, made and completed if need be.
    ///
    /// # Errors
    /// [`Error::Missing`] without Python or its `venv` module; [`Error::Command`] when pip fails.
    pub fn ensure(repository: &Repository, group: Group) -> Result<Self> {
        let environment = Self::locate(repository);
        let requirements = requirements(repository, group)?;
        if environment.is_complete(&requirements) {
            return Ok(environment);
        }
        if !environment.is_conda && !environment.works() {
            create(&environment.root)?;
        }
        environment.install(&requirements)?;
        Ok(environment)
    }

    /// The environment's top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is an active conda environment rather than ours.
    pub fn is_conda(&self) -> bool {
        self.is_conda
    }

    /// A program of the environment.
    pub fn program(&self, name: &str) -> PathBuf {
        self.root.join("bin").join(name)
    }

    /// A command of the environment: its folder comes first in `PATH`, so that `jupyter` finds its sub-commands.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.program(name));
        let mut folders = vec![self.root.join("bin")];
        folders.extend(
            std::env::var_os("PATH")
                .iter()
                .flat_map(std::env::split_paths),
        );
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        command
    }

    /// Whether everything of `group` is installed at the versions of `environment.yml`.
    ///
    /// # Errors
    /// When `environment.yml` cannot be read.
    pub fn has(&self, repository: &Repository, group: Group) -> Result<bool> {
        Ok(self.is_complete(&requirements(repository, group)?))
    }

    fn is_complete(&self, requirements: &[String]) -> bool {
        let stamp = std::fs::read_to_string(self.stamp()).unwrap_or_default();
        // A moved environment keeps its stamp but its programs point to the old place.
        self.works()
            && stamp.lines().next() == Some(&*identity(&self.root))
            && covers(&stamp, requirements)
    }

    fn works(&self) -> bool {
        self.program("python").exists()
            && std::fs::read_to_string(self.stamp()).map_or(true, |stamp| {
                stamp.lines().next() == Some(&*identity(&self.root))
            })
    }

    fn stamp(&self) -> PathBuf {
        self.root.join(".tp-visages")
    }

    fn install(&self, requirements: &[String]) -> Result<()> {
        let mut progress = Progress::start("Outils Python (JupyterLab…)", "une à trois minutes");
        let mut command = Command::new(self.program("python"));
        command
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
            ])
            .args(requirements);
        let mut lines = 0;
        process::observed(
            &mut command,
            "L'installation des outils Python",
            "Vérifiez le réseau et la place sur le disque, puis relancez « cargo tp setup ».",
            |_| {
                lines += 1;
                progress.advance(lines, 0);
            },
        )?;
        progress.finish();
        let stamp = format!("{}\n{}\n", identity(&self.root), requirements.join("\n"));
        paths::write_atomically(&self.stamp(), stamp.as_bytes())
    }
}

/// A short hash of the folder's path, so that no absolute path is stored.
fn identity(root: &Path) -> String {
    let hash = Sha256::digest(root.to_string_lossy().as_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn covers(stamp: &str, requirements: &[String]) -> bool {
    requirements
        .iter()
        .all(|wanted| stamp.lines().any(|line| line == wanted))
}

/// The requirements of a group, from the `pip:` list of `environment.yml`.
///
/// # Errors
/// When the file cannot be read or holds no list for the group.
pub fn requirements(repository: &Repository, group: Group) -> Result<Vec<String>> {
    let file = repository.environment_file();
    let text = std::fs::read_to_string(&file).map_err(Error::io("Impossible de lire", &file))?;
    let wanted = parse(&text, group);
    if wanted.is_empty() {
        return Err(Error::Unusable {
            path: file,
            reason: format!("la rubrique [{}] est vide ou absente", group.heading()),
            remedy: "Rétablissez-le : git checkout environment.yml".into(),
        });
    }
    Ok(wanted)
}

fn parse(text: &str, group: Group) -> Vec<String> {
    let headings: Vec<&str> = [Group::Students, Group::Authors]
        .iter()
        .filter(|other| **other <= group)
        .map(|other| other.heading())
        .collect();
    let mut wanted = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("# [")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inside = headings.contains(&name);
        } else if let Some(requirement) = line.strip_prefix("- ").filter(|_| inside) {
            wanted.push(requirement.to_owned());
        }
    }
    wanted
}

fn create(root: &Path) -> Result<()> {
    let python = find_python()?;
    if root.exists() {
        // Moved with its repository, or half-made: its programs start another Python or none.
        std::fs::remove_dir_all(root).map_err(Error::io("Impossible de supprimer", root))?;
    }
    let mut command = Command::new(&python);
    command.args(["-m", "venv"]).arg(root);
    process::output(
        &mut command,
        "La création de l'environnement Python",
        "Le module « venv » manque sans doute : « sudo apt install python3-venv » (Debian, Ubuntu).",
    )
    .map(drop)
    .inspect_err(|_| {
        let _ = std::fs::remove_dir_all(root);
    })
}

/// The first Python that is recent enough.
///
/// # Errors
/// [`Error::Missing`] with the versions found.
pub fn find_python() -> Result<PathBuf> {
    let mut seen = Vec::new();
    for name in [
        "python3",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
        "python",
    ] {
        let Some(program) = process::find_program(name) else {
            continue;
        };
        let mut command = Command::new(&program);
        command.args([
            "-c",
            "import sys; print(sys.version_info[0], sys.version_info[1])",
        ]);
        let Ok(text) = process::output(&mut command, "L'appel de Python", "") else {
            continue;
        };
        let numbers: Vec<u32> = text
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        if let [major, minor] = numbers[..] {
            if (major, minor) >= OLDEST {
                return Ok(program);
            }
            seen.push(format!("{name} {major}.{minor}"));
        }
    }
    let found = if seen.is_empty() {
        "aucun Python trouvé".to_owned()
    } else {
        format!("trouvé : {}", seen.join(", "))
    };
    Err(Error::Missing {
        what: format!("Python {}.{} ou plus récent ({found})", OLDEST.0, OLDEST.1),
        remedy: "Installez-le : « sudo apt install python3 python3-venv » (Debian, Ubuntu) ou python.org.".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "name: x\ndependencies:\n  - python=3.12\n  - pip:\n      # [etudiants]\n      - jupyterlab==4.6.6\n      # [auteurs]\n      # un commentaire\n      - jupytext==1.19.6\n";

    #[test]
    fn authors_get_the_students_tools_too() {
        assert_eq!(parse(LIST, Group::Students), ["jupyterlab==4.6.6"]);
        assert_eq!(
            parse(LIST, Group::Authors),
            ["jupyterlab==4.6.6", "jupytext==1.19.6"]
        );
        assert!(parse("dependencies:\n  - python=3.12\n", Group::Authors).is_empty());
    }

    #[test]
    fn a_stamp_covers_only_the_versions_it_names() {
        let stamp = "id\njupyterlab==4.6.6\n";
        assert!(covers(stamp, &parse(LIST, Group::Students)));
        assert!(!covers(stamp, &parse(LIST, Group::Authors)));
    }
}
