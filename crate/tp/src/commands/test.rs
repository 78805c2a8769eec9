//! `tp test`: the project's checks, in the order in which they are cheap. What CI runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;

use super::run::DRAWN_FACES;
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::kernel::folder;
use crate::process;
use crate::setup::{self, Installation, python::Group, rust::Toolchain};

/// Names under which distributions install a Chromium.
const CHROMIUMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Arguments of `tp test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Ajoute les vérifications longues : le TP 5 sur le moteur ndarray, les TP sur des photos, noyau sous charge, conformité Jupyter, JupyterLab dans un navigateur, documentation, CUDA (types seulement)
    #[arg(long)]
    pub tout: bool,
}

/// One check and how it ended.
struct Step {
    name: &'static str,
    elapsed: Duration,
    passed: bool,
}

/// Runs every check, shows what each costs; [`Verdict::Failed`] when one fails.
///
/// # Errors
/// When the set-up fails or a program is missing.
pub fn execute(args: &TestArgs) -> Result<Verdict> {
    let started = Instant::now();
    let installation = setup::ensure(Group::Authors)?;
    let mut steps = vec![Step {
        name: "installation",
        elapsed: started.elapsed(),
        passed: true,
    }];
    let started = Instant::now();
    steps.push(Step {
        name: "rien n'est compilé deux fois",
        passed: nothing_built_twice(&installation)?,
        elapsed: started.elapsed(),
    });
    let toolchain = Toolchain::detect(&installation.repository)?;
    // Found now: the tests' own compilation replaces the file of the running program, which then has no path any more.
    let program =
        std::env::current_exe().map_err(Error::io("Impossible de trouver ce programme", "tp"))?;
    let checks = vec![
        ("mise en forme", format_check(&installation)),
        ("clippy, ligne de commande", clippy_tp(&installation)),
        (
            "clippy, bibliothèque",
            clippy_library(&installation, &toolchain),
        ),
        (
            "tests, bibliothèque",
            tests(&installation, "release", &["visages"]),
        ),
        (
            "tests, noyau et ligne de commande",
            tests(&installation, "tp", &["tp-protocol", "tp"]),
        ),
        (
            "notebooks publiés à jour",
            published_notebooks(&installation, &program),
        ),
    ];
    run_all(checks, &mut steps)?;
    let labs = vec![
        (
            "tous les TP, visages dessinés",
            run_labs(&installation, &program, "--tous", Path::new(DRAWN_FACES)),
        ),
        (
            "tp0, moteur ndarray",
            run_on_ndarray(&installation, &program, "tp0"),
        ),
    ];
    // One lab leaves half of two cores idle: its cells are compiled by one thread. The blank copies are executed meanwhile.
    let blank = std::thread::scope(|scope| {
        let copies = scope.spawn(|| blank_copies(&installation, &program));
        run_all(labs, &mut steps)?;
        eprintln!("▸ tous les TP, copies vierges d'un étudiant (en même temps que les précédents)");
        copies
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    steps.push(blank);
    if args.tout {
        run_all(long_checks(&installation, &program), &mut steps)?;
    }
    for step in &steps {
        let sign = if step.passed { '✔' } else { '✘' };
        println!("{sign} {} ({})", step.name, process::clock(step.elapsed));
    }
    Ok(if steps.iter().all(|step| step.passed) {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// What `--tout` adds; says what it leaves out for want of a program or of data.
fn long_checks(installation: &Installation, program: &Path) -> Vec<(&'static str, Command)> {
    let mut checks = Vec::new();
    checks.push((
        "tp5, moteur ndarray, 80 images de chaque sorte",
        run_on_ndarray(installation, program, "tp5"),
    ));
    if let Some(data) = data(installation) {
        checks.push((
            "tous les TP, photos",
            run_labs(installation, program, "--tous", &data),
        ));
    } else {
        eprintln!(
            "– les TP ne sont pas exécutés sur des photos : aucune dans TP_DONNEES, data/ ou ../shared/data (voir data/README.md)."
        );
    }
    checks.push((
        "noyau : 20 à la fois, 1 000 cellules, 100 Mo de texte",
        heavy_kernel(installation),
    ));
    if has_python_module(installation, "jupyter_kernel_test") {
        checks.push((
            "conformité Jupyter (jupyter_kernel_test)",
            jupyter_conformity(installation),
        ));
    } else {
        eprintln!(
            "– la conformité Jupyter n'est pas vérifiée : « {} -m pip install jupyter_kernel_test » la permet.",
            installation.python.program("python").display()
        );
    }
    match chromium().filter(|_| has_python_module(installation, "playwright")) {
        Some(chromium) => checks.push((
            "JupyterLab dans un navigateur (playwright)",
            in_a_browser(installation, &chromium),
        )),
        None => eprintln!(
            "– JupyterLab n'est pas essayé dans un navigateur : il y faut Chromium (« sudo apt install chromium ») et « {} -m pip install playwright ».",
            installation.python.program("python").display()
        ),
    }
    checks.push(("documentation", documentation(installation)));
    checks.push(("CUDA (types)", cuda(installation)));
    checks
}

/// Runs checks one after the other, each with its output in the terminal.
fn run_all(checks: Vec<(&'static str, Command)>, steps: &mut Vec<Step>) -> Result<()> {
    for (name, mut command) in checks {
        eprintln!("▸ {name}");
        let started = Instant::now();
        let status = process::shared(&mut command, "Diagnostic : cargo tp doctor")?;
        steps.push(Step {
            name,
            elapsed: started.elapsed(),
            passed: status.success(),
        });
    }
    Ok(())
}

fn cargo(installation: &Installation, arguments: &[&str]) -> Command {
    let mut command = folder::cargo(&installation.repository, &installation.cache);
    command.args(arguments);
    command
}

fn format_check(installation: &Installation) -> Command {
    cargo(installation, &["fmt", "--all", "--check"])
}

fn clippy_tp(installation: &Installation) -> Command {
    let packages = ["-p", "tp", "-p", "tp-protocol", "--all-targets"];
    let mut command = cargo(installation, &["clippy", "--profile", "tp", "--locked"]);
    command.args(packages).args(["--", "-D", "warnings"]);
    command
}

/// Clippy as the compiler of our own crate in an ordinary build: `cargo clippy` would check polars and burn once more.
/// What it compiles is not run, hence not optimised.
fn clippy_library(installation: &Installation, toolchain: &Toolchain) -> Command {
    let mut command = cargo(
        installation,
        &[
            "build",
            "--release",
            "--locked",
            "--config",
            "profile.release.package.visages.opt-level=0",
            "-p",
            "visages",
            "--lib",
            "--tests",
        ],
    );
    command.env(
        "RUSTC_WORKSPACE_WRAPPER",
        toolchain.sysroot.join("bin/clippy-driver"),
    );
    command.env("CLIPPY_ARGS", "-Dwarnings");
    command
}

fn tests(installation: &Installation, profile: &str, packages: &[&str]) -> Command {
    let mut command = cargo(installation, &["test", "--profile", profile, "--locked"]);
    for package in packages {
        command.args(["-p", package]);
    }
    if let Some(data) = data(installation) {
        command.env("TP_DONNEES", data);
    }
    command
}

fn data(installation: &Installation) -> Option<PathBuf> {
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

/// Runs the labs named by `which`: a name, or `--tous`.
fn run_labs(installation: &Installation, program: &Path, which: &str, data: &Path) -> Command {
    let mut command = tp(installation, program);
    command
        .args(["run", which, "--preset", "rapide", "--donnees"])
        .arg(data);
    command
}

/// A whole lab on the slowest engine: few images, the same cells. The quick tier runs the lab that hardly trains; that the
/// networks give the same losses and gradients there is the library's tests' to say.
fn run_on_ndarray(installation: &Installation, program: &Path, lab: &str) -> Command {
    let mut command = run_labs(installation, program, lab, Path::new(DRAWN_FACES));
    command.args(["--device", "ndarray"]).env("TP_IMAGES", "80");
    command
}

/// Whether the untouched copies of a student run to their end, each check returning zero points. Says nothing before the end.
fn blank_copies(installation: &Installation, program: &Path) -> Result<Step> {
    let started = Instant::now();
    let step = |passed| Step {
        name: "tous les TP, copies vierges d'un étudiant",
        elapsed: started.elapsed(),
        passed,
    };
    let mut command = tp(installation, program);
    command.args([
        "run",
        "--tous",
        "--etudiant",
        "--json",
        "--donnees",
        DRAWN_FACES,
    ]);
    // What is not written trains nothing; what is given (the CNN) need not learn.
    command.env("TP_IMAGES", "80");
    let output = command
        .output()
        .map_err(Error::io("Impossible de lancer", "tp"))?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let Some(notebooks) = report["notebooks"].as_array().filter(|all| !all.is_empty()) else {
        eprintln!(
            "✘ Les copies vierges n'ont pas pu être exécutées : {}",
            String::from_utf8_lossy(&output.stderr)
        );
        return Ok(step(false));
    };
    // Each of them is looked at: a fault in the first does not hide those of the others.
    let blank: Vec<bool> = notebooks.iter().map(blank_copy).collect();
    Ok(step(blank.iter().all(|fine| *fine)))
}

/// Whether one executed copy has all its cells, at least one check, and no check above zero; says what differs.
fn blank_copy(notebook: &serde_json::Value) -> bool {
    let name = notebook["notebook"].as_str().unwrap_or_default();
    let cells = notebook["cells"].as_array().map_or(&[][..], Vec::as_slice);
    let mut fine = notebook["cells_total"].as_u64() == Some(cells.len() as u64);
    if !fine {
        eprintln!("✘ Copie vierge de {name} : elle n'est pas allée à son terme.");
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
            eprintln!(
                "✘ Copie vierge de {name}, cellule {} : {} {}",
                cell["cell"], cell["points"], cell["reason"]
            );
            fine = false;
        }
    }
    fine && checks > 0
}

/// Whether the committed notebooks are what their sources give.
fn published_notebooks(installation: &Installation, program: &Path) -> Command {
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
fn heavy_kernel(installation: &Installation) -> Command {
    let arguments = ["test", "--profile", "tp", "--locked", "-p", "tp"];
    let mut command = cargo(installation, &arguments);
    command.args(["--test", "kernel", "--", "--ignored", "--nocapture"]);
    command
}

/// Whether a Python package that the project does without is installed.
fn has_python_module(installation: &Installation, name: &str) -> bool {
    let mut probe = installation.python.command("python");
    probe
        .args(["-c", &format!("import {name}")])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The Jupyter project's own tests of a kernel.
fn jupyter_conformity(installation: &Installation) -> Command {
    let mut command = installation.python.command("python");
    command
        .current_dir(installation.repository.root())
        .arg("crate/tp/tests/jupyter/kernel_test.py");
    command
}

fn chromium() -> Option<PathBuf> {
    CHROMIUMS.into_iter().find_map(process::find_program)
}

/// The lab in the real JupyterLab; what was seen stays in the target folder.
fn in_a_browser(installation: &Installation, chromium: &Path) -> Command {
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

fn documentation(installation: &Installation) -> Command {
    let mut command = cargo(
        installation,
        &["doc", "--release", "--locked", "--no-deps", "-p", "visages"],
    );
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// Type-checks the CUDA variant; its build scripts download LLVM and are skipped the way docs.rs does.
fn cuda(installation: &Installation) -> Command {
    let mut command = cargo(
        installation,
        &["check", "--locked", "-p", "visages", "--features", "cuda"],
    );
    command.env("DOCS_RS", "1");
    command
}

/// The crates whose features are not the same when the library's own tests are built too: each, and all that depends on
/// it, would be compiled twice.
fn built_twice(library: &str, tests: &str) -> Vec<String> {
    let packages = |tree: &str| -> BTreeMap<String, BTreeSet<String>> {
        let mut packages = BTreeMap::<_, BTreeSet<_>>::new();
        for line in tree.lines() {
            // « (*) » ends the line of a package listed before.
            let line = line.trim_end_matches("(*)").trim_end();
            if let Some((package, features)) = line.split_once(FEATURES) {
                packages
                    .entry(package.to_owned())
                    .or_default()
                    .insert(features.trim().to_owned());
            }
        }
        packages
    };
    let with_tests = packages(tests);
    packages(library)
        .into_iter()
        .filter(|(package, features)| with_tests.get(package) != Some(features))
        .map(|(package, _)| package)
        .collect()
}

/// Between a package and its features in what cargo lists.
const FEATURES: &str = " features:";

/// Whether the library and its tests use the same compilation of every crate; what cargo plans says it, nothing is built.
fn nothing_built_twice(installation: &Installation) -> Result<bool> {
    let tree = |edges: &[&str]| {
        let format = format!("{{p}}{FEATURES} {{f}}");
        let mut command = cargo(installation, &["tree", "--locked", "-p", "visages"]);
        command.args(["--prefix", "none", "--format", &format]);
        command.args(edges);
        process::output(&mut command, "cargo tree", "Diagnostic : cargo tp doctor")
    };
    let twice = built_twice(&tree(&["-e", "no-dev"])?, &tree(&[])?);
    for package in &twice {
        eprintln!(
            "✘ {package} serait compilé deux fois : ses « features » diffèrent entre la bibliothèque et ses tests."
        );
    }
    Ok(twice.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_whose_features_grow_with_the_tests_is_named() {
        let library = "visages v1 features: default\npolars v2 features: lazy\nserde v3 features: std\npolars v2 features: lazy (*)";
        let with_more = "visages v1 features: default\npolars v2 features: csv,lazy\nserde v3 features: std\nproptest v4 features: ";
        assert_eq!(built_twice(library, library), Vec::<String>::new());
        assert_eq!(built_twice(library, with_more), ["polars v2"]);
        // What only the tests use may have any features; what is missing is a difference.
        assert_eq!(
            built_twice("a v1 features: ", "b v1 features: x\na v1 features: "),
            Vec::<String>::new()
        );
        assert_eq!(built_twice("a v1 features: ", ""), ["a v1"]);
    }
}
