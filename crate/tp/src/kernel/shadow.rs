//! Shadow crates: what rust-analyzer reads so that `let` needs no type and completion knows tensors and data frames.
//!
//! A shadow is a crate's real source folder under a manifest that depends on shadows only. The whole graph has 400 crates
//! and costs the analyser 3.65 GB; these few, which hold every type that cells name, cost a fifth of that.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::paths;

/// The crates whose types and methods meet students.
///
/// Each one costs every kernel start and every cell. polars-arrow, polars-io and plotters were tried: 2.5 s more at the
/// start, for no type that the labs keep in a `let` (a value of plotters then needs its type written).
pub const CRATES: [&str; 17] = [
    "visages",
    "burn",
    "burn-core",
    "burn-tensor",
    "burn-nn",
    "burn-optim",
    "burn-std",
    "burn-backend",
    "polars",
    "polars-core",
    "polars-lazy",
    "polars-plan",
    "polars-ops",
    "polars-utils",
    "polars-error",
    "polars-dtype",
    "image",
];

/// The standard library's crates that hold what cells name.
const STANDARD_CRATES: [&str; 3] = ["core", "alloc", "std"];

/// Modules of `core` and `std` whose place an empty one takes: processor intrinsics and portable vectors. Reading them was a
/// third of a kernel's start, for names that no lab has.
const EMPTIED: [(&str, &str); 2] = [
    ("stdarch/crates/core_arch/src/mod.rs", "pub mod arch {}\n"),
    (
        "portable-simd/crates/core_simd/src/mod.rs",
        "pub mod simd { pub mod prelude {} }\n",
    ),
];

/// The parts of `cargo metadata` that are used.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    edition: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    features: Vec<String>,
    deps: Vec<NodeDependency>,
}

#[derive(Debug, Deserialize)]
struct NodeDependency {
    name: String,
    pkg: String,
}

/// Copies the sources of [`CRATES`] into `staging` and writes their manifests.
///
/// # Errors
/// [`Error::Unusable`] when a crate is missing from the metadata, [`Error::Io`] when a copy fails.
pub fn write(metadata: &str, staging: &Path) -> Result<()> {
    let metadata: Metadata = serde_json::from_str(metadata).map_err(|error| Error::Unusable {
        path: "cargo metadata".into(),
        reason: error.to_string(),
        remedy: "Vérifiez la version de cargo : cargo tp doctor".into(),
    })?;
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node))
        .collect();
    let packages: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .filter(|package| {
            CRATES.contains(&package.name.as_str()) && nodes.contains_key(package.id.as_str())
        })
        .map(|package| (package.id.as_str(), package))
        .collect();
    for (id, package) in &packages {
        let Some(library) = package
            .targets
            .iter()
            .find(|target| target.kind.iter().any(|kind| kind.ends_with("lib")))
        else {
            continue;
        };
        let Some(source) = library.src_path.parent() else {
            continue;
        };
        let folder = staging.join(&package.name);
        copy_sources(source, &folder.join("src"))?;
        let root = library
            .src_path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let manifest = manifest(package, library, &root, nodes[id], &packages);
        paths::write_atomically(&folder.join("Cargo.toml"), manifest.as_bytes())?;
    }
    Ok(())
}

/// Copies the standard library's sources, in which names and types are looked up, from `library`, the folder of rustup's
/// `rust-src`. Without `core` there, nothing is written: the analyser then does without.
///
/// # Errors
/// [`Error::Io`] when a copy fails.
pub fn write_standard_library(library: &Path, staging: &Path) -> Result<()> {
    if !library.join("core/src").is_dir() {
        return Ok(());
    }
    for name in STANDARD_CRATES {
        copy_sources(
            &library.join(name).join("src"),
            &staging.join(name).join("src"),
        )?;
    }
    for (file, text) in EMPTIED {
        let file = staging.join(file);
        paths::create_folder(file.parent().unwrap_or(staging))?;
        paths::write_atomically(&file, text.as_bytes())?;
    }
    Ok(())
}

fn manifest(
    package: &Package,
    library: &Target,
    root: &str,
    node: &Node,
    shadows: &BTreeMap<&str, &Package>,
) -> String {
    let mut text = format!(
        "[package]\nname = \"{}\"\nversion = \"{}\"\nedition = \"{}\"\n\
         autobins = false\nautoexamples = false\nautotests = false\nautobenches = false\n\n\
         [lib]\nname = \"{}\"\npath = \"src/{root}\"\n\n[features]\n",
        package.name, package.version, package.edition, library.name
    );
    let features: Vec<&String> = node
        .features
        .iter()
        .filter(|feature| *feature != "default")
        .collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "default = {features:?}");
    for feature in features {
        let _ = writeln!(text, "{feature:?} = []");
    }
    text.push_str("\n[dependencies]\n");
    for dependency in &node.deps {
        if let Some(shadow) = shadows.get(dependency.pkg.as_str()) {
            let _ = writeln!(
                text,
                "{} = {{ package = \"{}\", path = \"../{}\" }}",
                dependency.name, shadow.name, shadow.name
            );
        }
    }
    text
}

/// Copies the `.rs` files of a folder tree, and whatever else sources may include as text.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    paths::create_folder(to)?;
    let entries =
        std::fs::read_dir(from).map_err(Error::io("Impossible de lire le dossier", from))?;
    for entry in entries.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_sources(&source, &target)?;
        } else if source
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            std::fs::copy(&source, &target)
                .map_err(Error::io("Impossible de copier vers", &target))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_library_loses_its_intrinsics_alone() {
        let root = std::env::temp_dir().join(format!("tp-std-{}", uuid::Uuid::new_v4()));
        let (library, out) = (root.join("library"), root.join("out"));
        write_standard_library(&library, &out).expect("nothing to copy");
        assert!(!out.exists());
        for file in ["core/src/lib.rs", "alloc/src/vec/mod.rs", "std/src/lib.rs"] {
            let file = library.join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("temporary folder");
            std::fs::write(file, "pub fn f() {}").expect("temporary file");
        }
        write_standard_library(&library, &out).expect("copied");
        assert!(out.join("alloc/src/vec/mod.rs").is_file());
        assert!(out.join(EMPTIED[0].0).is_file());
        std::fs::remove_dir_all(root).expect("clean up");
    }

    #[test]
    fn a_shadow_keeps_features_and_only_shadow_dependencies() {
        let sources = std::env::temp_dir().join(format!("tp-shadow-{}", std::process::id()));
        let source = sources.join("in/src");
        std::fs::create_dir_all(&source).expect("temporary folder");
        std::fs::write(source.join("lib.rs"), "pub struct A;").expect("temporary file");
        let library = source.join("lib.rs");
        let metadata = serde_json::json!({
            "packages": [
                {"id": "b", "name": "burn", "version": "1.0.0", "edition": "2021",
                 "targets": [{"name": "burn", "kind": ["lib"], "src_path": library}]},
                {"id": "n", "name": "burn-nn", "version": "2.0.0", "edition": "2021",
                 "targets": [{"name": "burn_nn", "kind": ["lib"], "src_path": library}]},
                {"id": "s", "name": "serde", "version": "1.0.0", "edition": "2021", "targets": []},
            ],
            "resolve": {"nodes": [
                {"id": "b", "features": ["default", "std", "flex"],
                 "deps": [{"name": "burn_nn", "pkg": "n"}, {"name": "serde", "pkg": "s"}]},
                {"id": "n", "features": [], "deps": []},
            ]},
        });
        write(&metadata.to_string(), &sources.join("out")).expect("shadows");
        let manifest =
            std::fs::read_to_string(sources.join("out/burn/Cargo.toml")).expect("manifest");
        assert!(
            manifest.contains("default = [\"std\", \"flex\"]"),
            "{manifest}"
        );
        assert!(manifest.contains("\"flex\" = []"), "{manifest}");
        assert!(
            manifest.contains("burn_nn = { package = \"burn-nn\", path = \"../burn-nn\" }"),
            "{manifest}"
        );
        assert!(!manifest.contains("serde"), "{manifest}");
        assert!(sources.join("out/burn-nn/src/lib.rs").is_file());
        std::fs::remove_dir_all(sources).expect("clean up");
    }
}
