//! Set-up on poor machines: each missing piece gives one French line that names it and says what to do, exit code 2.
//!
//! The machine is simulated by a `PATH` of our own and a copy of the few repository files that the set-up reads.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A repository and a machine in a folder with spaces and accents, removed at the end.
struct Machine {
    folder: PathBuf,
}

impl Machine {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("TP été {name} {}", std::process::id()));
        let machine = Self { folder };
        for folder in ["dépôt/crate/tp", "bin", "cache"] {
            fs::create_dir_all(machine.folder.join(folder)).expect("temporary folder");
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in [
            "Cargo.lock",
            "rust-toolchain.toml",
            "environment.yml",
            "crate/tp/Cargo.toml",
        ] {
            fs::copy(
                repository.join(file),
                machine.folder.join("dépôt").join(file),
            )
            .expect("copy");
        }
        machine
    }

    /// The same machine with a program that is this shell script.
    fn with_script(self, program: &str, script: &str) -> Self {
        let file = self.folder.join("bin").join(program);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions");
        self
    }

    /// A rustc at the pinned version, and a linker, that are never asked to compile.
    fn with_rust(self) -> Self {
        let rustc = "case \"$1 $2\" in '-vV '*) echo 'rustc 1.95.0 (test)'; echo 'host: test';; \
                     '--print sysroot') echo \"$PWD\";; *) echo \"$PWD\";; esac";
        self.with_script("rustc", rustc)
            .with_script("cc", "exit 0")
            .with_script("rustup", "exit 1")
    }

    fn tp(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("tp starts")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tp"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear();
        command
            .env("PATH", self.folder.join("bin"))
            .env("HOME", &self.folder);
        command
            .env("TP_DEPOT", self.folder.join("dépôt"))
            .env("TP_CACHE", self.folder.join("cache"));
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[track_caller]
fn assert_refused(output: &Output, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for word in words {
        assert!(text.contains(word), "« {word} » is not in: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn a_folder_that_is_not_the_repository_is_named() {
    let machine = Machine::new("dépôt");
    let output = machine
        .command(&["setup"])
        .env("TP_DEPOT", "/nulle/part")
        .output()
        .expect("tp starts");
    assert_refused(&output, &["/nulle/part", "TP_DEPOT"]);
}

#[test]
fn without_rust_the_remedy_is_rustup() {
    assert_refused(
        &Machine::new("sans rust").tp(&["setup"]),
        &["rustc", "rustup toolchain install 1.95.0"],
    );
}

#[test]
fn another_rustc_is_refused_with_both_versions() {
    let machine = Machine::new("autre rust").with_script("rustc", "echo 'rustc 1.80.0 (test)'");
    assert_refused(
        &machine.tp(&["setup"]),
        &["1.95.0", "1.80.0", "rustup toolchain install"],
    );
}

#[test]
fn without_a_linker_the_remedy_is_a_package() {
    let machine = Machine::new("sans cc").with_script("rustc", "echo 'rustc 1.95.0 (test)'");
    assert_refused(
        &machine.tp(&["setup"]),
        &["compilateur C", "build-essential"],
    );
}

#[test]
fn an_unwritable_cache_is_named() {
    let machine = Machine::new("cache");
    let output = machine
        .command(&["setup"])
        .env("TP_CACHE", "/dev/null/cache")
        .output()
        .expect("tp starts");
    assert_refused(
        &output,
        &[
            "/dev/null/cache",
            "un fichier se trouve là où un dossier est attendu",
        ],
    );
}

#[test]
fn without_python_the_oldest_version_is_said() {
    let machine = Machine::new("sans python").with_rust();
    assert_refused(
        &machine.tp(&["setup"]),
        &["Python 3.10", "aucun Python trouvé"],
    );
    let machine = Machine::new("vieux python")
        .with_rust()
        .with_script("python3", "echo 3 8");
    assert_refused(&machine.tp(&["setup"]), &["Python 3.10", "python3 3.8"]);
}

#[test]
fn without_the_venv_module_nothing_half_made_stays() {
    let script = "case \"$1\" in -c) echo 3 11;; *) /bin/mkdir -p \"$3/bin\"; echo 'No module named venv' >&2; exit 1;; esac";
    let machine = Machine::new("sans venv")
        .with_rust()
        .with_script("python3", script);
    assert_refused(
        &machine.tp(&["setup"]),
        &["environnement Python", "python3-venv"],
    );
    assert!(!machine.folder.join("dépôt/.venv").exists());
}

#[test]
fn a_failed_download_is_told_and_the_next_run_goes_on() {
    // A venv whose pip fails the first time, as without a network, and works the second.
    let pip = "#!/bin/sh\\nif [ -e \\\"$HOME/réseau\\\" ]; then exit 0; fi\\necho 'Network is unreachable' >&2\\nexit 1\\n";
    let script = format!(
        "case \"$1\" in -c) echo 3 11;; *) /bin/mkdir -p \"$3/bin\"; printf \"{pip}\" > \"$3/bin/python\"; /bin/chmod 755 \"$3/bin/python\";; esac"
    );
    let machine = Machine::new("sans réseau")
        .with_rust()
        .with_script("python3", &script);
    let output = machine.tp(&["setup"]);
    assert_refused(
        &output,
        &[
            "outils Python",
            "Vérifiez le réseau",
            "Network is unreachable",
        ],
    );
    fs::write(machine.folder.join("réseau"), "").expect("file");
    // The next step is then the one that fails: there is no cargo on this machine.
    assert_refused(&machine.tp(&["setup"]), &["cargo"]);
    assert!(machine.folder.join("dépôt/.venv/.tp-visages").is_file());
}

#[test]
fn the_doctor_names_what_is_missing_and_fails() {
    let machine = Machine::new("docteur").with_rust();
    let output = machine.tp(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "✔ Rust et éditeur de liens",
        "✘ Python",
        "✘ JupyterLab",
        "✘ evcxr_jupyter",
        "cargo tp setup",
    ] {
        assert!(text.contains(line), "« {line} » is not in: {text}");
    }
    let output = machine.tp(&["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        findings
            .as_array()
            .is_some_and(|findings| findings.len() >= 10)
    );
}

#[test]
fn a_reader_that_is_gone_is_no_failure() {
    let machine = Machine::new("tube fermé").with_rust();
    for (arguments, code) in [(&["doctor"][..], 1), (&["setup"], 2), (&["cuisine"], 2)] {
        let mut child = machine
            .command(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("tp starts");
        // What « | head -1 » does, of both streams.
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().expect("tp ends");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn usage_errors_are_french() {
    let machine = Machine::new("usage");
    assert_refused(
        &machine.tp(&["cuisine"]),
        &["La commande « cuisine » n'existe pas"],
    );
    assert_refused(
        &machine.tp(&["setup", "--vite"]),
        &["« --vite » n'existe pas"],
    );
    let help = machine.tp(&["--help"]);
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(
        help.status.success() && text.contains("Commandes") && !text.contains("Print help"),
        "{text}"
    );
}
