//! The command of each check.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::run::DRAWN_FACES;
use crate::error::{Error, Result};
use crate::kernel::folder;
use crate::setup::{Installation, rust::Toolchain};

pub fn cargo(installation: &Installation, arguments: &[&str]) -> Command {
    let mut command = folder::cargo(&installation.repository, &installation.cache);
    command.args(arguments);
    command
}

pub fn format_check(installation: &Installation) -> Command {
    cargo(installation, &["fmt", "--all", "--check"])
}

/// Test programs of package `tp` that start kernels by the dozen.
pub const KERNEL_TESTS: [&str; 2] = ["kernel", "adapter"];
/// Its other test programs.
pub const OTHER_TESTS: [&str; 6] = ["bench", "client", "publish", "rapport", "run", "setup"];

/// The options of cargo that choose test programs.
pub fn targets<'a>(programs: &[&'a str]) -> Vec<&'a str> {
    let each = programs.iter().flat_map(|program| ["--test", program]);
    each.collect()
}

/// The options of cargo that choose all of package `tp` but [`KERNEL_TESTS`].
pub fn other_targets() -> Vec<&'static str> {
    let mut chosen = vec!["--lib", "--bins"];
    chosen.extend(targets(&OTHER_TESTS));
    chosen
}

/// Tests of a package, all or those of `targets`, whose own crates are compiled by clippy: it is the compiler with more to
/// say, so that one compilation gives the warnings, which are refused, and the tests. `cargo clippy` would compile them, and
/// check burn and polars, once more.
pub fn clippy_and_tests(
    installation: &Installation,
    toolchain: &Toolchain,
    profile: &str,
    package: &str,
    targets: &[&str],
) -> Command {
    let mut command = cargo(
        installation,
        // A fault in one program hides nothing of the others.
        &["test", "--profile", profile, "--locked", "--no-fail-fast"],
    );
    command.args(["-p", package]).args(targets);
    // Our own library three times over (for its tests, for the programs, with its binaries): half the time at this level, and
    // the tests are as quick. The cells' library is the one that users have, at level 3.
    command.args(["--config", "profile.release.package.visages.opt-level=1"]);
    let clippy = toolchain.sysroot.join("bin/clippy-driver");
    command.env("RUSTC_WORKSPACE_WRAPPER", clippy);
    command.env("CLIPPY_ARGS", "-Dwarnings");
    if let Some(data) = data(installation) {
        command.env("TP_DONNEES", data);
    }
    command
}

/// The folder of photographs that tests and labs read, if there is one.
pub fn data(installation: &Installation) -> Option<PathBuf> {
    let given = std::env::var_os("TP_DONNEES").map(PathBuf::from);
    let root = installation.repository.root();
    let places = [
        given,
        Some(root.join("data")),
        Some(root.join("../shared/data")),
    ];
    places
        .into_iter()
        .flatten()
        .find(|folder| tp_protocol::data_sets::CELEBA.find(folder).is_some())?
        .canonicalize()
        .ok()
}

/// Runs the labs on drawings, with few of them: what the cells show is looked at, not what a network learnt.
pub fn run_drawn_labs(installation: &Installation, program: &Path) -> Command {
    let mut command = run_labs(installation, program, "--tous", Path::new(DRAWN_FACES));
    command.env("TP_IMAGES", "300");
    command
}

/// Runs the labs named by `which`: a name, or `--tous`.
pub fn run_labs(installation: &Installation, program: &Path, which: &str, data: &Path) -> Command {
    let mut command = tp(installation, program);
    command
        .args(["run", which, "--preset", "rapide", "--donnees"])
        .arg(data);
    command
}

/// A whole lab on the slowest engine: few images, the same cells. The quick tier runs the lab that hardly trains; that the
/// networks give the same losses and gradients there is the library's tests' to say.
pub fn run_on_ndarray(installation: &Installation, program: &Path, lab: &str) -> Command {
    let mut command = run_labs(installation, program, lab, Path::new(DRAWN_FACES));
    command.args(["--device", "ndarray"]).env("TP_IMAGES", "80");
    command
}

/// The untouched copies of a student, executed to their end.
///
/// # Errors
/// When the folder of the copies cannot be read.
pub fn blank_copies(installation: &Installation, program: &Path) -> Result<Command> {
    let mut command = tp(installation, program);
    command.arg("run").args(with_blanks(installation)?);
    command.args(["--etudiant", "--json", "--donnees", DRAWN_FACES]);
    // What is not written trains nothing; what is given (the CNN) need not learn.
    command.env("TP_IMAGES", "80");
    Ok(command)
}

/// What stands in a student's copy in place of a solution.
const BLANK: &str = "todo!(";

/// The labs whose student's copy has something to write; the others are their solution, which is run anyway.
fn with_blanks(installation: &Installation) -> Result<Vec<String>> {
    let folder = installation.repository.root().join("notebooks/etudiant");
    let unreadable = |error| Error::io("Impossible de lire", &folder)(error);
    let mut labs = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        if text.contains(BLANK) {
            let lab = name.and_then(|name| name.split_once('_').map(|(lab, _)| lab.to_owned()));
            labs.extend(lab);
        }
    }
    labs.sort();
    Ok(labs)
}

/// Whether all of [`blank_copies`] went to their end, each check returning zero points; says to `out` what differs.
///
/// # Errors
/// When the command cannot be started.
pub fn judge_blank_copies(command: &mut Command, out: &mut dyn Write) -> Result<bool> {
    let output = command
        .output()
        .map_err(Error::io("Impossible de lancer", "tp"))?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let Some(notebooks) = report["notebooks"].as_array().filter(|all| !all.is_empty()) else {
        let reason = String::from_utf8_lossy(&output.stderr);
        say(
            out,
            &format!("✘ Les copies vierges n'ont pas pu être exécutées : {reason}"),
        );
        return Ok(false);
    };
    // Each of them is looked at: a fault in the first does not hide those of the others.
    let blank: Vec<bool> = notebooks
        .iter()
        .map(|notebook| blank_copy(notebook, out))
        .collect();
    Ok(blank.iter().all(|fine| *fine))
}

/// Writes one line; a stream that is closed loses it.
fn say(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}");
}

/// Whether one executed copy has all its cells, at least one check, and no check above zero; says what differs.
fn blank_copy(notebook: &serde_json::Value, out: &mut dyn Write) -> bool {
    let name = notebook["notebook"].as_str().unwrap_or_default();
    let cells = notebook["cells"].as_array().map_or(&[][..], Vec::as_slice);
    let mut fine = notebook["cells_total"].as_u64() == Some(cells.len() as u64);
    if !fine {
        say(
            out,
            &format!("✘ Copie vierge de {name} : elle n'est pas allée à son terme."),
        );
    }
    let mut checks = 0;
    for cell in cells {
        let as_expected = match cell["points"]["points"].as_f64() {
            Some(points) => {
                checks += 1;
                points == 0.0
            }
            None => cell["ok"] == true,
        };
        if !as_expected {
            let [number, points, reason] = ["cell", "points", "reason"].map(|key| &cell[key]);
            say(
                out,
                &format!("✘ Copie vierge de {name}, cellule {number} : {points} {reason}"),
            );
            fine = false;
        }
    }
    if checks == 0 {
        say(
            out,
            &format!("✘ Copie vierge de {name} : aucune vérification."),
        );
        fine = false;
    }
    fine
}

/// Whether the committed notebooks are what their sources give.
pub fn published_notebooks(installation: &Installation, program: &Path) -> Command {
    let mut command = tp(installation, program);
    command.args(["publish", "--verifier"]);
    command
}

fn tp(installation: &Installation, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(installation.repository.root());
    command
}

/// The kernel's long tests, which the quick tier ignores.
pub fn heavy_kernel(installation: &Installation) -> Command {
    let arguments = ["test", "--profile", "tp", "--locked", "-p", "tp"];
    let mut command = cargo(installation, &arguments);
    command.args(["--test", "kernel", "--", "--ignored", "--nocapture"]);
    command
}

/// Whether a Python package that the project does without is installed.
pub fn has_python_module(installation: &Installation, name: &str) -> bool {
    let mut probe = installation.python.command("python");
    probe
        .args(["-c", &format!("import {name}")])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The Jupyter project's own tests of a kernel.
pub fn jupyter_conformity(installation: &Installation) -> Command {
    let mut command = installation.python.command("python");
    command
        .current_dir(installation.repository.root())
        .arg("crate/tp/tests/jupyter/kernel_test.py");
    command
}

/// The lab in the real JupyterLab; what was seen stays in the target folder.
pub fn in_a_browser(installation: &Installation, chromium: &Path) -> Command {
    let mut command = installation.python.command("python");
    command
        .current_dir(installation.repository.root())
        .args([
            "crate/tp/tests/jupyter/lab.py",
            "notebooks/corrige/tp5_debiaisage.ipynb",
        ])
        .arg(installation.cache.target().join("captures"))
        .arg("--chromium")
        .arg(chromium);
    command
}

/// Live controls in the real JupyterLab.
pub fn controls_in_a_browser(installation: &Installation, chromium: &Path) -> Command {
    let mut command = installation.python.command("python");
    command
        .current_dir(installation.repository.root())
        .arg("crate/tp/tests/jupyter/controls.py")
        .arg(installation.cache.target().join("captures"))
        .arg("--chromium")
        .arg(chromium);
    command
}

pub fn documentation(installation: &Installation) -> Command {
    let mut command = cargo(
        installation,
        &["doc", "--release", "--locked", "--no-deps", "-p", "visages"],
    );
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// Type-checks the CUDA variant; its build scripts download LLVM and are skipped the way docs.rs does.
pub fn cuda(installation: &Installation) -> Command {
    let mut command = cargo(
        installation,
        &["check", "--locked", "-p", "visages", "--features", "cuda"],
    );
    command.env("DOCS_RS", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_copy_has_checks() {
        let copy = |name: &str, cells: serde_json::Value| {
            let mut written = Vec::new();
            let copy = serde_json::json!({ "notebook": name, "cells_total": 1, "cells": cells });
            (blank_copy(&copy, &mut written), !written.is_empty())
        };
        let zero = serde_json::json!([{ "cell": 1, "points": { "points": 0.0, "max": 1.0 } }]);
        let plain = serde_json::json!([{ "cell": 1, "ok": true }]);
        assert_eq!(copy("tp5_debiaisage", zero), (true, false));
        assert_eq!(copy("tp5_debiaisage", plain), (false, true));
    }

    #[test]
    fn a_lab_with_nothing_to_write_is_run_once_only() {
        let text = |name: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../notebooks/etudiant");
            std::fs::read_to_string(folder.join(name)).unwrap()
        };
        assert!(text("tp0_prise_en_main.ipynb").contains(BLANK));
        assert!(!text("tp5b_aller_plus_loin.ipynb").contains(BLANK));
    }

    #[test]
    fn every_test_program_is_in_one_of_the_lists() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut programs: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").exists()
            })
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        programs.sort();
        let mut listed = [&KERNEL_TESTS[..], &OTHER_TESTS].concat();
        listed.sort_unstable();
        assert_eq!(programs, listed);
    }
}
