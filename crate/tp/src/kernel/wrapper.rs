//! `tp-rustc`: what cargo runs instead of rustc for the cells of a notebook.
//!
//! - A shadow crate is never compiled: its expected outputs are created empty.
//! - The cell crate `ctx` is compiled against the prebuilt library instead of the shadow, from the source that
//!   [`super::generated`] makes of evcxr's.
//! - Anything else, such as a student's own `:dep`, is passed through.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::generated;
use crate::platform;

/// evcxr's name for the crate that holds a cell.
const CELL_CRATE: &str = "ctx";

/// Runs as `tp-rustc RUSTC ARGUMENTS…`.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let Some((rustc, arguments)) = arguments.split_first() else {
        tell!("tp-rustc: usage: tp-rustc RUSTC ARGUMENTS");
        return ExitCode::from(2);
    };
    let outcome = match kernel_folder() {
        Ok(folder) => dispatch(&folder, rustc, arguments),
        Err(error) => Err(error),
    };
    outcome.unwrap_or_else(|error| {
        tell!("tp-rustc: {error}");
        ExitCode::from(2)
    })
}

fn kernel_folder() -> std::io::Result<PathBuf> {
    let binary = std::env::current_exe()?;
    let folder = binary.parent().and_then(Path::parent);
    folder
        .map(Path::to_owned)
        .ok_or_else(|| std::io::Error::other("not inside a kernel folder"))
}

fn dispatch(folder: &Path, rustc: &OsStr, arguments: &[OsString]) -> std::io::Result<ExitCode> {
    let invocation = Invocation::parse(arguments);
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let is_shadow =
        manifest_dir.is_some_and(|manifest| manifest.starts_with(folder.join("sources")));
    match invocation {
        Some(invocation) if is_shadow => {
            invocation.create_outputs()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(invocation) if invocation.crate_name == CELL_CRATE => {
            let code = std::fs::read_to_string(&invocation.source)?;
            let ours = generated::rewritten(&code, !has_other_crates(arguments));
            if invocation.links {
                // Compiled all the same, its end or its panics would be lost.
                generated::verify(&ours).map_err(std::io::Error::other)?;
            }
            if ours != code {
                std::fs::write(&invocation.source, ours)?;
            }
            run(rustc, &link_view(folder, arguments))
        }
        _ => run(rustc, arguments),
    }
}

fn run(rustc: &OsStr, arguments: &[OsString]) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(rustc);
    if let Some(folder) = std::env::var_os("EVCXR_TMPDIR") {
        // A linker that is killed leaves its files: there, they go with the kernel.
        command.env("TMPDIR", folder);
    }
    // exec: an interrupt must reach rustc itself, and one process less is one wait less.
    Err(command.args(arguments).exec())
}

/// What the wrapper must know of a compilation.
#[derive(Debug, PartialEq)]
struct Invocation {
    crate_name: String,
    source: PathBuf,
    out_dir: PathBuf,
    extra_filename: String,
    /// Whether machine code is asked for (`cargo build`), not only metadata (`cargo check`).
    links: bool,
}

impl Invocation {
    /// `None` for calls that compile nothing (`-vV`, `--print`).
    fn parse(arguments: &[OsString]) -> Option<Self> {
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|argument| argument.to_str().unwrap_or_default())
            .collect();
        let after = |name: &str| {
            let position = arguments.iter().position(|argument| *argument == name)?;
            arguments.get(position + 1).copied()
        };
        let codegen = arguments
            .windows(2)
            .filter(|pair| pair[0] == "-C")
            .map(|pair| pair[1]);
        let extra = codegen
            .filter_map(|option| option.strip_prefix("extra-filename="))
            .next_back();
        let emit = arguments
            .iter()
            .find_map(|argument| argument.strip_prefix("--emit="))?;
        Some(Self {
            crate_name: after("--crate-name")?.to_owned(),
            source: arguments
                .iter()
                .find(|argument| argument.ends_with(".rs"))?
                .into(),
            out_dir: after("--out-dir")?.into(),
            extra_filename: extra.unwrap_or_default().to_owned(),
            links: emit.split(',').any(|kind| kind == "link"),
        })
    }

    /// The files that cargo expects, empty but for the dependency list.
    fn create_outputs(&self) -> std::io::Result<()> {
        let stem = format!("{}{}", self.crate_name, self.extra_filename);
        let metadata = self.out_dir.join(format!("lib{stem}.rmeta"));
        std::fs::write(&metadata, "")?;
        if self.links {
            std::fs::write(self.out_dir.join(format!("lib{stem}.rlib")), "")?;
        }
        let list = format!("{}: {}\n", escape(&metadata), escape(&self.source));
        std::fs::write(self.out_dir.join(format!("{stem}.d")), list)
    }
}

/// Make-style escape of spaces, which dependency lists need.
fn escape(path: &Path) -> String {
    path.to_string_lossy().replace(' ', "\\ ")
}

/// Whether a cell may name crates that the student loaded.
fn has_other_crates(arguments: &[OsString]) -> bool {
    arguments
        .windows(2)
        .any(|pair| pair[0] == "--extern" && !pair[1].to_string_lossy().starts_with("visages="))
}

/// The arguments of a cell's compilation with the shadow replaced by the prebuilt library.
fn link_view(folder: &Path, arguments: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(arguments.len() + 8);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--extern" {
            let value = arguments.next();
            if let Some(value) =
                value.filter(|value| !value.to_string_lossy().starts_with("visages="))
            {
                kept.extend([argument.clone(), value.clone()]);
            }
        } else if argument == "strip=debuginfo" {
            // A backtrace must find the cell's line.
            kept.push("strip=none".into());
        } else {
            kept.push(argument.clone());
        }
    }
    kept.extend(["-C".into(), "debuginfo=line-tables-only".into()]);
    // By itself rustc optimises a crate's parts a second time against each other: a third of a cell's compilation, for little
    // in a program this small. A loop that a student writes lies in one part.
    kept.extend(["-C".into(), "lto=off".into()]);
    let joined = |prefix: &str, path: PathBuf| {
        let mut option = OsString::from(prefix);
        option.push(path);
        option
    };
    // A cell that does not compile shows its errors, not what the compiler thinks of half-written earlier cells. What it
    // refuses by itself (300 as a `u8`) stays refused, but for what fails when it runs, in our words.
    kept.extend(
        [
            "-Awarnings",
            "-Aarithmetic_overflow",
            "-Aunconditional_panic",
        ]
        .map(OsString::from),
    );
    kept.push("--extern".into());
    kept.push(joined(
        "visages=",
        folder.join(format!("libvisages.{}", platform::SHARED_EXTENSION)),
    ));
    kept.push("-L".into());
    kept.push(joined("dependency=", folder.join("meta")));
    kept.push("-C".into());
    kept.push("prefer-dynamic".into());
    kept.push("-C".into());
    kept.push(joined("link-arg=-Wl,-rpath,", folder.to_owned()));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn an_invocation_is_read_from_cargo_s_arguments() {
        let arguments = words(
            "--crate-name ctx --edition=2024 src/lib.rs --crate-type cdylib --emit=dep-info,link -C opt-level=2 \
             -C extra-filename=-12ab --out-dir t/deps --extern visages=t/libvisages-1.rlib",
        );
        let invocation = Invocation::parse(&arguments).expect("a compilation");
        assert_eq!(invocation.crate_name, "ctx");
        assert_eq!(invocation.source, Path::new("src/lib.rs"));
        assert_eq!(invocation.extra_filename, "-12ab");
        assert!(invocation.links);
        assert_eq!(Invocation::parse(&words("-vV")), None);
        assert_eq!(
            Invocation::parse(&words("- --crate-name ___ --print=file-names")),
            None
        );
    }

    #[test]
    fn the_link_view_replaces_the_shadow_and_keeps_the_student_s_crates() {
        let arguments = words(
            "--crate-name ctx --extern visages=shadow.rlib --extern rand=librand.rlib src/lib.rs",
        );
        let view = link_view(Path::new("/k"), &arguments);
        let text: Vec<String> = view
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert!(!text.iter().any(|word| word.contains("shadow")));
        assert!(text.contains(&"rand=librand.rlib".to_owned()));
        assert!(
            text.iter()
                .any(|word| word.starts_with("visages=/k/libvisages."))
        );
        assert!(text.contains(&"dependency=/k/meta".to_owned()));
        assert!(text.contains(&"-Awarnings".to_owned()));
        assert!(has_other_crates(&arguments));
        assert!(!has_other_crates(&words(
            "--extern visages=a.rlib src/lib.rs"
        )));
    }
}
