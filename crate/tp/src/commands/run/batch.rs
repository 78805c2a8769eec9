//! The notebooks of one command: those of a folder, what each is called where several files have one name, what may be
//! written for them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::targets::{self, Copy, Target};
use crate::error::{Error, Result};

/// A notebook to execute and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) target: Target,
    /// Its file's name; with folders before it where another one has the same (« dupont/tp5 »).
    pub(super) label: String,
}

impl Named {
    /// Where the executed notebook is written.
    pub(super) fn output(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.ipynb", self.label))
    }
}

/// Finds what each word of the command stands for: a lab, a file, or a folder with all the notebooks below it.
///
/// # Errors
/// [`Error::Usage`] for an unknown lab or file, a folder without notebooks, a file given twice.
pub(super) fn find(asked: &[String], copy: Option<Copy>, notebooks: &Path) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for asked in asked {
        let folder = Path::new(asked);
        match targets::resolve(asked, copy, notebooks) {
            Ok(target) => found.push(target),
            Err(_) if folder.is_dir() => found.extend(below(folder, copy)?),
            Err(error) => return Err(error),
        }
    }
    named(found)
}

/// The notebooks of a folder and of those in it, by name; what tools keep for themselves is left out.
fn below(folder: &Path, copy: Option<Copy>) -> Result<Vec<Target>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Error::Usage(format!(
            "Le dossier « {} » ne contient aucun notebook (.ipynb).",
            folder.display()
        )));
    }
    let stops = copy.is_some_and(|copy| copy != Copy::Student);
    let target = |path| Target { path, stops };
    Ok(files.into_iter().map(target).collect())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).map_err(Error::io("Impossible de lire le dossier", folder))?;
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "__MACOSX" {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|found| found == "ipynb") {
            files.push(path);
        }
    }
    Ok(())
}

/// Gives each its label.
pub(super) fn named(found: Vec<Target>) -> Result<Vec<Named>> {
    let real = |target: &Target| target.path.canonicalize().unwrap_or(target.path.clone());
    let mut seen = BTreeMap::new();
    let mut same_name: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for target in &found {
        let path = real(target);
        if seen.insert(path.clone(), ()).is_some() {
            return Err(Error::Usage(format!(
                "« {} » est demandé deux fois.",
                target.path.display()
            )));
        }
        same_name.entry(target.name()).or_default().push(path);
    }
    let label = |target: &Target| {
        let (name, paths) = (target.name(), &same_name[&target.name()]);
        let folder = common_folder(paths);
        let path = real(target);
        let relative = path.strip_prefix(&folder).unwrap_or(&path);
        match (paths.len(), relative.parent()) {
            (2.., Some(parent)) if parent != Path::new("") => {
                format!("{}/{name}", parent.display())
            }
            // Two files that differ by their extension alone.
            (2.., _) => path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .replace('.', "-"),
            _ => name,
        }
    };
    let labels: Vec<String> = found.iter().map(label).collect();
    let pairs = found.into_iter().zip(labels);
    Ok(pairs
        .map(|(target, label)| Named { target, label })
        .collect())
}

/// The folder that holds them all.
fn common_folder(paths: &[PathBuf]) -> PathBuf {
    let folder = |path: &PathBuf| path.parent().unwrap_or(Path::new("/")).to_owned();
    let mut common = paths.first().map(folder).unwrap_or_default();
    while !paths.iter().all(|path| path.starts_with(&common)) && common.pop() {}
    common
}

/// Refuses an output folder where the executed notebook would take the place of one that is executed.
pub(super) fn spare_inputs(named: &[Named], output: &Path) -> Result<()> {
    let identity = |path: &Path| path.metadata().ok().map(|data| (data.dev(), data.ino()));
    let inputs: Vec<_> = named
        .iter()
        .filter_map(|one| identity(&one.target.path))
        .collect();
    for one in named {
        let file = one.output(output);
        if identity(&file).is_some_and(|file| inputs.contains(&file)) {
            return Err(Error::Usage(format!(
                "Le notebook exécuté prendrait la place de « {} » : donnez à --sortie un autre dossier.",
                file.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(files: &[&str]) -> Self {
            let root = std::env::temp_dir().join(format!("tp-lot-{}", uuid::Uuid::new_v4()));
            for file in files {
                let file = root.join(file);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, "").unwrap();
            }
            Self(root)
        }

        fn found(&self, asked: &[&str]) -> Result<Vec<Named>> {
            let asked: Vec<String> = asked
                .iter()
                .map(|name| self.0.join(name).to_string_lossy().into_owned())
                .collect();
            find(&asked, None, Path::new("nulle-part"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn labels(named: &[Named]) -> Vec<&str> {
        named.iter().map(|one| one.label.as_str()).collect()
    }

    #[test]
    fn a_folder_of_hand_ins_is_all_its_notebooks() {
        let folder = Folder::new(&[
            "dupont/tp5.ipynb",
            "durand/tp5.ipynb",
            "durand/brouillon.ipynb",
            "durand/.ipynb_checkpoints/tp5.ipynb",
            "__MACOSX/durand/tp5.ipynb",
            "._tp5.ipynb",
            "notes.txt",
        ]);
        let found = folder.found(&[""]).unwrap();
        assert_eq!(labels(&found), ["dupont/tp5", "brouillon", "durand/tp5"]);
        assert!(found.iter().all(|one| !one.target.stops));
        let files = folder
            .found(&["dupont/tp5.ipynb", "durand/tp5.ipynb"])
            .unwrap();
        assert_eq!(labels(&files), ["dupont/tp5", "durand/tp5"]);
        let out = Path::new("/r");
        assert_eq!(files[0].output(out), Path::new("/r/dupont/tp5.ipynb"));
        let one = folder.found(&["dupont/tp5.ipynb"]).unwrap();
        assert_eq!(labels(&one), ["tp5"]);
        let twice = folder.found(&["dupont/tp5.ipynb", "dupont"]).unwrap_err();
        assert!(twice.to_string().contains("deux fois"), "{twice}");
        std::fs::create_dir(folder.0.join("vide")).unwrap();
        let empty = folder.found(&["vide"]).unwrap_err().to_string();
        assert!(empty.contains("aucun notebook"), "{empty}");
    }

    #[test]
    fn a_source_and_a_notebook_of_one_name_are_told_apart() {
        let folder = Folder::new(&["tp5.ipynb", "tp5.md"]);
        let found = folder.found(&["tp5.ipynb", "tp5.md"]).unwrap();
        assert_eq!(labels(&found), ["tp5-ipynb", "tp5-md"]);
    }

    #[test]
    fn no_result_takes_the_place_of_a_hand_in() {
        let folder = Folder::new(&["tp5.ipynb", "a/tp5.ipynb", "b/tp5.ipynb"]);
        let one = folder.found(&["tp5.ipynb"]).unwrap();
        let refused = spare_inputs(&one, &folder.0).unwrap_err().to_string();
        assert!(refused.contains("--sortie"), "{refused}");
        assert!(spare_inputs(&one, &folder.0.join("a/..")).is_err());
        // The result of one hand-in would be another one.
        let both = folder.found(&["a", "b"]).unwrap();
        assert!(spare_inputs(&both, &folder.0).is_err());
        assert!(spare_inputs(&both, &folder.0.join("resultats")).is_ok());
    }
}
