//! `tp bench pas` where it cannot be done: one French line that names the cause, exit code 2.
//!
//! The machine is simulated by a `PATH` of our own; nothing is compiled or installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine with the programs given as shell scripts, and this repository's files that the measurement reads.
struct Machine {
    folder: PathBuf,
}

impl Machine {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("TP pas {name} {}", std::process::id()));
        for folder_of in ["dépôt/crate/tp", "bin", "cache"] {
            fs::create_dir_all(folder.join(folder_of)).expect("temporary folder");
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in [
            "Cargo.lock",
            "rust-toolchain.toml",
            "environment.yml",
            "crate/tp/Cargo.toml",
        ] {
            fs::copy(repository.join(file), folder.join("dépôt").join(file)).expect("copy");
        }
        let machine = Self { folder };
        machine.script(
            "rustc",
            "case \"$1\" in -vV) echo 'rustc 1.95.0 (test)';; *) echo \"$PWD\";; esac",
        );
        machine.script("cc", "exit 0");
        machine
    }

    fn script(&self, program: &str, script: &str) {
        let file = self.folder.join("bin").join(program);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions");
    }

    fn bench(&self, arguments: &[&str]) -> Output {
        self.bench_with(&[], arguments)
    }

    fn bench_with(&self, variables: &[(&str, &Path)], arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tp"));
        command.args(["bench", "pas"]).args(arguments);
        command
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.folder.join("bin").display()),
            )
            .env("TP_DEPOT", self.folder.join("dépôt"))
            .env("TP_CACHE", self.folder.join("cache"))
            .envs(variables.iter().copied())
            .current_dir(&self.folder);
        command.output().expect("tp starts")
    }

    fn refused(&self, arguments: &[&str]) -> String {
        self.refused_with(&[], arguments)
    }

    fn refused_with(&self, variables: &[(&str, &Path)], arguments: &[&str]) -> String {
        let output = self.bench_with(variables, arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_peer_that_cannot_be_installed_is_told_before_anything_is_compiled() {
    let machine = Machine::new("pip");
    machine.script("cargo", "echo compile > compiled");
    // A Python whose venv works and whose pip has no network.
    machine.script(
        "python3",
        "case \"$2\" in venv) mkdir -p \"$3/bin\"; cp \"$0\" \"$3/bin/python\";; \
         pip) echo 'Could not find a version that satisfies tensorflow-cpu' >&2; exit 1;; \
         *) echo 3 11;; esac",
    );
    let said = machine.refused(&["--pair", "tensorflow"]);
    assert!(
        said.contains("▸ Installation du pair (tensorflow-cpu=="),
        "{said}"
    );
    assert!(
        said.contains("✘ L'installation du pair a échoué (code 1)."),
        "{said}"
    );
    assert!(said.contains("Could not find a version"), "{said}");
    assert!(!machine.folder.join("dépôt/compiled").exists());
    assert!(!machine.folder.join("cache/pairs/tensorflow").exists());
}

/// A Python that is recent enough, and has no PyTorch.
const WITHOUT_TORCH: &str = "case \"$2\" in 'import torch') echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1;; \
     *) echo 3 11;; esac";

#[test]
fn pytorch_that_is_not_there_is_told_and_not_installed() {
    let machine = Machine::new("torch");
    machine.script("cargo", "echo compile > compiled");
    machine.script("python3", WITHOUT_TORCH);
    machine.script("autre", WITHOUT_TORCH);
    let bin = machine.folder.join("bin");
    let (python, other, absent) = (bin.join("python3"), bin.join("autre"), bin.join("absent"));
    for (variables, program, reason) in [
        (vec![], &python, "n'importe pas torch"),
        (vec![("TP_PYTORCH", &*other)], &other, "n'importe pas torch"),
        (vec![("TP_PYTORCH", &*absent)], &absent, "ne démarre pas"),
    ] {
        let said = machine.refused_with(&variables, &["--pair", "pytorch"]);
        let expected = format!(
            "✘ PyTorch (« {} » {reason}) est introuvable.",
            program.display()
        );
        assert!(
            said.contains(&expected) && said.lines().count() == 1,
            "{said}"
        );
        assert!(
            said.contains("python3 -m pip install torch") && said.contains("TP_PYTORCH="),
            "{said}"
        );
    }
    assert!(!machine.folder.join("dépôt/compiled").exists());
    assert!(!machine.folder.join("cache/pairs").exists());
}

#[test]
fn pytorch_is_taken_where_it_is() {
    let machine = Machine::new("torch là");
    machine.script("cargo", "exit 101");
    machine.script("python3", WITHOUT_TORCH);
    machine.script("autre", "exit 0");
    let other = machine.folder.join("bin/autre");
    // Compiling comes next: the peer was ready.
    let next = "✘ La compilation de visages-worker a échoué (code 101).";
    let said = machine.refused_with(&[("TP_PYTORCH", &*other)], &["--pair", "pytorch"]);
    assert!(said.contains(next), "{said}");
    // The labs' environment comes before the Python of the PATH.
    let venv = machine.folder.join("dépôt/.venv/bin");
    fs::create_dir_all(&venv).expect("folder");
    fs::copy(other, venv.join("python")).expect("copy");
    let said = machine.refused(&["--pair", "pytorch"]);
    assert!(said.contains(next), "{said}");
}

#[test]
fn a_worker_that_does_not_compile_is_told() {
    let machine = Machine::new("cargo");
    machine.script(
        "cargo",
        "echo 'error[E0425]: cannot find value' >&2; exit 101",
    );
    let said = machine.refused(&["--modele", "cnn"]);
    assert!(
        said.contains("✘ La compilation de visages-worker a échoué (code 101)."),
        "{said}"
    );
    assert!(said.contains("E0425"), "{said}");
}

#[test]
fn values_that_cannot_be_are_named() {
    let machine = Machine::new("options");
    for (arguments, expected) in [
        (
            ["--pair", "caffe"],
            "valeurs possibles : tensorflow, keras, pytorch",
        ),
        (
            ["--modele", "resnet"],
            "valeurs possibles : cnn, dbvae, vae64, jeune-age, genre, age, genre-age, efficientnet-b0",
        ),
        (
            ["--lots", "32,33"],
            "« 33 » n'est pas une valeur de « --lots",
        ),
        (["--lots", "0"], "« 0 » n'est pas une valeur de « --lots"),
        (["--fils", "0"], "« 0 » n'est pas une valeur de « --fils"),
        (["--blocs", "0"], "« 0 » n'est pas une valeur de « --blocs"),
        (
            ["--pas", "beaucoup"],
            "« beaucoup » n'est pas une valeur de « --pas",
        ),
    ] {
        let said = machine.refused(&arguments);
        assert!(
            said.contains(expected) && said.lines().count() == 1,
            "{said}"
        );
    }
}

#[test]
fn the_help_is_french() {
    let machine = Machine::new("aide");
    let output = machine.bench(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        help.contains("tensorflow") && help.contains("TP_PYTORCH") && help.contains("dbvae"),
        "{help}"
    );
    assert!(
        !help.contains("Possible values") && !help.contains("default"),
        "{help}"
    );
}
