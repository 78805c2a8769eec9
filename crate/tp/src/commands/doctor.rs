//! `tp doctor`: what is there, what is missing, what to do.

use std::ffi::OsString;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use tp_protocol::data_sets::{DATA_SETS, DataSet};

use super::data;
use crate::cli::Verdict;
use crate::error::Result;
use crate::french::fixed;
use crate::kernel::KernelFolder;
use crate::paths::{Cache, Repository};
use crate::platform;
use crate::process;
use crate::setup::python::{self, Environment, Group};
use crate::setup::rust::Toolchain;
use crate::setup::{evcxr, kernelspec};

const GIB: f64 = (1u64 << 30) as f64;

/// Arguments of `tp doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Écrit le résultat en JSON sur la sortie standard
    #[arg(long)]
    pub json: bool,
}

/// How a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Fine.
    Present,
    /// Missing, and something will not work.
    Missing,
    /// Missing, and the labs work without.
    Optional,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Finding {
    component: &'static str,
    state: State,
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    remedy: String,
}

impl Finding {
    fn present(component: &'static str, detail: impl Into<String>) -> Self {
        Self {
            component,
            state: State::Present,
            detail: detail.into(),
            remedy: String::new(),
        }
    }

    fn missing(
        component: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            component,
            state: State::Missing,
            detail: detail.into(),
            remedy: remedy.into(),
        }
    }

    fn optional(
        component: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            component,
            state: State::Optional,
            detail: detail.into(),
            remedy: remedy.into(),
        }
    }
}

/// Prints the report; [`Verdict::Failed`] when something necessary is missing.
///
/// # Errors
/// When there is no repository to diagnose.
pub fn execute(args: &DoctorArgs) -> Result<Verdict> {
    let findings = examine(&Repository::find()?, &Cache::locate()?);
    if args.json {
        say!(
            "{}",
            serde_json::to_string_pretty(&findings).unwrap_or_default()
        );
    } else {
        for finding in &findings {
            let sign = match finding.state {
                State::Present => '✔',
                State::Missing => '✘',
                State::Optional => '–',
            };
            say!("{sign} {} : {}", finding.component, finding.detail);
            if !finding.remedy.is_empty() {
                say!("    → {}", finding.remedy);
            }
        }
    }
    let missing = findings
        .iter()
        .any(|finding| finding.state == State::Missing);
    Ok(if missing {
        Verdict::Failed
    } else {
        Verdict::Fine
    })
}

fn examine(repository: &Repository, cache: &Cache) -> Vec<Finding> {
    let mut findings = vec![system()];
    let toolchain = Toolchain::detect(repository);
    findings.push(match &toolchain {
        Ok(toolchain) => Finding::present("Rust et éditeur de liens", toolchain.version_line()),
        Err(error) => Finding::missing("Rust et éditeur de liens", error.to_string(), ""),
    });
    if let Ok(toolchain) = &toolchain {
        findings.push(sources(toolchain));
    }
    let environment = Environment::locate(repository);
    findings.extend(python_findings(repository, &environment));
    if let Ok(toolchain) = &toolchain {
        findings.push(match evcxr::find(cache, toolchain) {
            Some(path) => Finding::present(
                "evcxr_jupyter",
                format!("{} ({})", evcxr::VERSION, path.display()),
            ),
            None => Finding::missing("evcxr_jupyter", "pas installé", "cargo tp setup"),
        });
        findings.extend(kernel_findings(repository, cache, toolchain, &environment));
    }
    findings.extend(resources(cache));
    findings.push(device());
    let given = std::env::var_os("TP_DONNEES").filter(|value| !value.is_empty());
    findings.extend(data_sets(&repository.root().join("data"), given));
    findings
}

fn system() -> Finding {
    match std::env::consts::OS {
        "linux" => Finding::present("Système", "Linux"),
        "macos" => Finding::optional("Système", "macOS : prévu dans le code, jamais essayé", ""),
        other => Finding::missing(
            "Système",
            format!(
                "{other} : non pris en charge, car une DLL Windows ne peut pas exporter autant de symboles"
            ),
            "Sous Windows, utilisez WSL : wsl --install",
        ),
    }
}

fn sources(toolchain: &Toolchain) -> Finding {
    if toolchain.has_sources() {
        return Finding::present("rust-src", "présent");
    }
    let remedy = format!(
        "rustup component add rust-src --toolchain {}",
        toolchain.name
    );
    Finding::missing(
        "rust-src",
        "absent : certains « let » demanderont un type",
        remedy,
    )
}

fn python_findings(repository: &Repository, environment: &Environment) -> Vec<Finding> {
    let mut findings = vec![match python::find_python() {
        Ok(program) => Finding::present("Python", program.display().to_string()),
        Err(error) => Finding::missing("Python", error.to_string(), ""),
    }];
    let kind = if environment.is_conda() {
        "conda"
    } else {
        "venv"
    };
    let place = format!("{kind}, {}", environment.root().display());
    findings.push(match environment.has(repository, Group::Students) {
        Ok(true) => Finding::present("JupyterLab", place.clone()),
        Ok(false) => Finding::missing(
            "JupyterLab",
            "pas installé, ou environnement déplacé",
            "cargo tp setup",
        ),
        Err(error) => Finding::missing("JupyterLab", error.to_string(), ""),
    });
    findings.push(match environment.has(repository, Group::Authors) {
        Ok(true) => Finding::present("nbgrader", place),
        _ => Finding::optional(
            "nbgrader",
            "pas installé (utile aux auteurs et aux correcteurs)",
            "cargo tp setup --auteurs",
        ),
    });
    findings
}

fn kernel_findings(
    repository: &Repository,
    cache: &Cache,
    toolchain: &Toolchain,
    environment: &Environment,
) -> Vec<Finding> {
    match KernelFolder::current(repository, cache, toolchain) {
        Ok(Some(kernel)) => {
            let spec = if kernelspec::is_current(environment, &kernel) {
                Finding::present("Noyau dans Jupyter", "déclaré")
            } else {
                Finding::missing("Noyau dans Jupyter", "absent ou ancien", "cargo tp setup")
            };
            vec![
                Finding::present(
                    "Dossier du noyau",
                    format!("à jour ({})", kernel.path().display()),
                ),
                spec,
            ]
        }
        Ok(None) => {
            let older = std::fs::read_dir(cache.kernels())
                .is_ok_and(|mut entries| entries.next().is_some());
            let detail = if older {
                "périmé : les sources ont changé"
            } else {
                "pas encore construit"
            };
            vec![Finding::missing(
                "Dossier du noyau",
                detail,
                "cargo tp setup",
            )]
        }
        Err(error) => vec![Finding::missing("Dossier du noyau", error.to_string(), "")],
    }
}

fn resources(cache: &Cache) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((total, available)) = platform::memory() {
        let detail = format!(
            "{} Go disponibles sur {}",
            fixed(available as f64 / GIB, 1),
            fixed(total as f64 / GIB, 1)
        );
        findings.push(if available as f64 > 2.0 * GIB {
            Finding::present("Mémoire", detail)
        } else {
            Finding::missing(
                "Mémoire",
                detail,
                "Fermez des notebooks (menu Noyau) ou d'autres programmes.",
            )
        });
    }
    if let Some(free) = platform::free_space(cache.root()) {
        let detail = format!(
            "{} Go libres dans {}",
            fixed(free as f64 / GIB, 1),
            cache.root().display()
        );
        findings.push(if free as f64 > 4.0 * GIB {
            Finding::present("Disque", detail)
        } else {
            Finding::missing(
                "Disque",
                detail,
                "Libérez de la place, ou donnez un autre dossier dans TP_CACHE.",
            )
        });
    }
    findings
}

fn device() -> Finding {
    let mut command = std::process::Command::new("nvidia-smi");
    command.args(["--query-gpu=name", "--format=csv,noheader"]);
    match process::output(&mut command, "nvidia-smi", "") {
        Ok(names) if !names.trim().is_empty() => Finding::optional(
            "Calcul",
            format!(
                "processeur (flex) ; carte « {} » vue, inutilisée sans la variante CUDA",
                names.trim()
            ),
            "Voyez « CUDA » dans le README.",
        ),
        _ => Finding::present(
            "Calcul",
            "processeur (flex) ; pas de carte NVIDIA, et ce n'est pas nécessaire",
        ),
    }
}

/// The data sets that are there, and those that are not, in one line; `given` is what `TP_DONNEES` says.
fn data_sets(usual: &Path, given: Option<OsString>) -> Vec<Finding> {
    let is_given = given.is_some();
    let root = match data::root_of(given) {
        Ok(Some(root)) => root,
        Ok(None) if is_given => {
            return vec![Finding::present(
                "Données",
                "visages dessinés, demandés par TP_DONNEES",
            )];
        }
        Ok(None) => usual.to_owned(),
        Err(error) => return vec![Finding::missing("Données", error.to_string(), "")],
    };
    let (there, absent): (Vec<&DataSet>, Vec<&DataSet>) =
        DATA_SETS.iter().partition(|set| set.find(&root).is_some());
    let mut findings: Vec<Finding> = there
        .into_iter()
        .map(|set| {
            let path = set.find(&root).unwrap_or_else(|| root.join(set.place()));
            let detail = format!("{} ({})", path.display(), set.content);
            match path.is_file() || has_entries(&path) {
                true => Finding::present(set.title, detail),
                false => Finding::optional(
                    set.title,
                    format!("{} est vide", path.display()),
                    "Mettez-y les images ou supprimez ce dossier ; voyez data/README.md.",
                ),
            }
        })
        .collect();
    if !absent.is_empty() {
        let names: Vec<&str> = absent.iter().map(|set| set.title).collect();
        findings.push(Finding::optional(
            "Jeux de données",
            format!("absents de {} : {}", root.display(), names.join(", ")),
            "Les TP emploient des visages dessinés à la place. Pour des photos, voyez data/README.md.",
        ));
    }
    findings
}

fn has_entries(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_set_is_looked_for() {
        let root = std::env::temp_dir().join(format!("tp-doctor-{}", std::process::id()));
        std::fs::create_dir_all(root.join("UTKFace")).unwrap();
        std::fs::create_dir_all(root.join("visages_test")).unwrap();
        std::fs::write(root.join("UTKFace/1_0_0_1.jpg"), b"x").unwrap();
        let findings = data_sets(&root, None);
        let named: Vec<(&str, State)> = findings
            .iter()
            .map(|finding| (finding.component, finding.state))
            .collect();
        let expected = [
            ("UTKFace", State::Present),
            ("ppb", State::Optional),
            ("Jeux de données", State::Optional),
        ];
        assert_eq!(named, expected);
        assert!(findings[1].detail.ends_with("visages_test est vide"));
        for set in ["CelebA", "imagenette", "train_face.h5", "FairFace", "CACD"] {
            assert!(findings[2].detail.contains(set), "{}", findings[2].detail);
        }
        // Another root than the usual one.
        let given = data_sets(Path::new("/nulle/part"), Some(root.clone().into()));
        assert_eq!(given.len(), findings.len());
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn drawings_are_no_folder_that_lacks() {
        for word in ["synthetique", "Synthétique"] {
            let findings = data_sets(Path::new("/nulle/part"), Some(word.into()));
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].state, State::Present);
            assert!(findings[0].detail.contains("dessinés"));
        }
        let wrong = data_sets(Path::new("/nulle/part"), Some("/absent".into()));
        assert!(wrong[0].state == State::Missing && wrong[0].detail.contains("/absent"));
    }
}
