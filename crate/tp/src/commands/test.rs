//! `tp test`: the project's checks. What CI runs.
//!
//! | file | owns |
//! |---|---|
//! | `checks` | the command of each check |
//! | `lanes` | running lists of checks side by side |
//! | `twice` | whether a dependency would be compiled twice |

mod checks;
mod lanes;
mod twice;

use std::path::Path;
use std::time::Instant;

use clap::Args;

use self::lanes::{Check, Step, run_shown, run_two_at_a_time};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::process;
use crate::setup::{self, Installation, python::Group, rust::Toolchain};

/// Arguments of `tp test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Ajoute les vérifications longues : le TP 5 sur le moteur ndarray, les TP sur des photos, noyau sous charge, conformité Jupyter, JupyterLab dans un navigateur, documentation, CUDA (types seulement)
    #[arg(long)]
    pub tout: bool,
}

/// Runs every check, shows what each costs; [`Verdict::Failed`] when one fails.
///
/// # Errors
/// When the set-up fails or a program is missing.
pub fn execute(args: &TestArgs) -> Result<Verdict> {
    let started = Instant::now();
    let installation = setup::ensure(Group::Authors)?;
    let mut steps = vec![Step::new("installation", started, true)];
    let toolchain = Toolchain::detect(&installation.repository)?;
    // Found now: the tests' own compilation replaces the file of the running program, which then has no path any more.
    let program =
        std::env::current_exe().map_err(Error::io("Impossible de trouver ce programme", "tp"))?;
    steps.extend(run_shown(first_checks(&installation))?);
    // Two at a time on two cores: durations are among what the kernel's tests look at.
    steps.extend(run_two_at_a_time(long_and_short(
        &installation,
        &toolchain,
        &program,
    )?)?);
    if args.tout {
        steps.extend(run_shown(long_checks(&installation, &program))?);
    }
    for step in &steps {
        say!("{step}");
    }
    say!("total : {}", process::clock(started.elapsed()));
    Ok(if steps.iter().all(|step| step.passed) {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// What takes seconds.
fn first_checks(installation: &Installation) -> Vec<Check> {
    let format = checks::format_check(installation);
    let installation = installation.clone();
    vec![
        Check::command("mise en forme", format),
        Check::call("rien n'est compilé deux fois", move |out| {
            twice::nothing_built_twice(&installation, out)
        }),
    ]
}

/// What takes minutes, the longest first. The kernel's tests come once the library is compiled: beside that, they would look
/// at a kernel that is kept waiting.
fn long_and_short(
    installation: &Installation,
    toolchain: &Toolchain,
    program: &Path,
) -> Result<Vec<Check>> {
    let tests = |profile, package, targets: &[&str]| {
        checks::clippy_and_tests(installation, toolchain, profile, package, targets)
    };
    let mut blank = checks::blank_copies(installation, program)?;
    Ok(vec![
        Check::command(
            "clippy et tests, bibliothèque",
            tests("release", "visages", &[]),
        ),
        Check::command(
            "notebooks publiés à jour",
            checks::published_notebooks(installation, program),
        ),
        Check::command(
            "tous les TP, visages dessinés",
            checks::run_drawn_labs(installation, program),
        ),
        Check::command(
            "clippy et tests, noyau",
            tests("tp", "tp", &checks::targets(&checks::KERNEL_TESTS)),
        ),
        Check::call("tous les TP, copies vierges d'un étudiant", move |out| {
            checks::judge_blank_copies(&mut blank, out)
        }),
        Check::commands(
            "clippy et tests, ligne de commande",
            vec![
                tests("tp", "tp-protocol", &[]),
                tests("tp", "tp", &checks::other_targets()),
            ],
        ),
        Check::command(
            "tp0, moteur ndarray",
            checks::run_on_ndarray(installation, program, "tp0"),
        ),
    ])
}

/// What `--tout` adds; says what it leaves out for want of a program or of data.
fn long_checks(installation: &Installation, program: &Path) -> Vec<Check> {
    let mut long = vec![Check::command(
        "tp5, moteur ndarray, 80 images de chaque sorte",
        checks::run_on_ndarray(installation, program, "tp5"),
    )];
    if let Some(data) = checks::data(installation) {
        let labs = checks::run_labs(installation, program, "--tous", &data);
        long.push(Check::command("tous les TP, photos", labs));
    } else {
        tell!(
            "– les TP ne sont pas exécutés sur des photos : aucune dans TP_DONNEES, data/ ou ../shared/data (voyez data/README.md)."
        );
    }
    long.push(Check::command(
        "noyau : 20 à la fois, 1 000 cellules, 100 Mo de texte",
        checks::heavy_kernel(installation),
    ));
    let python = installation.python.program("python");
    if checks::has_python_module(installation, "jupyter_kernel_test") {
        let conformity = checks::jupyter_conformity(installation);
        long.push(Check::command(
            "conformité Jupyter (jupyter_kernel_test)",
            conformity,
        ));
    } else {
        tell!(
            "– la conformité Jupyter n'est pas vérifiée : « {} -m pip install jupyter_kernel_test » la permet.",
            python.display()
        );
    }
    match process::chromium().filter(|_| checks::has_python_module(installation, "playwright")) {
        Some(chromium) => {
            long.push(Check::command(
                "JupyterLab dans un navigateur (playwright)",
                checks::in_a_browser(installation, &chromium),
            ));
            long.push(Check::command(
                "curseurs dans un navigateur (playwright)",
                checks::controls_in_a_browser(installation, &chromium),
            ));
        }
        None => tell!(
            "– JupyterLab n'est pas essayé dans un navigateur : il y faut Chromium (« sudo apt install chromium ») et « {} -m pip install playwright ».",
            python.display()
        ),
    }
    long.push(Check::command(
        "documentation",
        checks::documentation(installation),
    ));
    long.push(Check::command("CUDA (types)", checks::cuda(installation)));
    long
}
