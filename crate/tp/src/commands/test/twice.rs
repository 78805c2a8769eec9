//! Whether the library and its tests share one compilation of every dependency.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::checks::cargo;
use crate::error::Result;
use crate::process;
use crate::setup::Installation;

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
///
/// # Errors
/// When cargo cannot be asked.
pub fn nothing_built_twice(installation: &Installation, out: &mut dyn Write) -> Result<bool> {
    let tree = |edges: &[&str]| {
        let format = format!("{{p}}{FEATURES} {{f}}");
        let mut command = cargo(installation, &["tree", "--locked", "-p", "visages"]);
        command.args(["--prefix", "none", "--format", &format]);
        command.args(edges);
        process::output(&mut command, "cargo tree", "Diagnostic : cargo tp doctor")
    };
    let twice = built_twice(&tree(&["-e", "no-dev"])?, &tree(&[])?);
    for package in &twice {
        let _ = writeln!(
            out,
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
