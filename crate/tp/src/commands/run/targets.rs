//! Which notebook a name on the command line stands for.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Which copy of a lab is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// The solution: the published one, or the source it is made from.
    Solution,
    /// The student's.
    Student,
    /// The Markdown source that both are made from.
    Source,
}

/// A file to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The notebook or its Markdown source.
    pub path: PathBuf,
    /// Whether the run ends at the first failure: what follows in a solution depends on it, a student's work goes on.
    pub stops: bool,
}

impl Target {
    /// File name without extension.
    pub fn name(&self) -> String {
        self.path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// Whether it is a Markdown source.
    pub fn is_source(&self) -> bool {
        self.path
            .extension()
            .is_some_and(|extension| extension == "md")
    }
}

/// Finds what `asked` stands for: a file (`x.ipynb`, `x.md`) or a lab (`tp5`, `tp5_debiaisage`).
///
/// # Errors
/// [`Error::Usage`] naming the labs that there are, or the missing file.
pub fn resolve(asked: &str, copy: Option<Copy>, notebooks: &Path) -> Result<Target> {
    let path = Path::new(asked);
    let stops = match copy {
        Some(copy) => copy != Copy::Student,
        None => path
            .extension()
            .is_none_or(|extension| extension != "ipynb"),
    };
    if path
        .extension()
        .is_some_and(|extension| extension == "ipynb" || extension == "md")
    {
        if !path.is_file() {
            return Err(Error::Usage(format!(
                "Le fichier « {asked} » n'existe pas."
            )));
        }
        return Ok(Target {
            path: path.to_owned(),
            stops,
        });
    }
    let known = all(copy, notebooks)?;
    let is_asked = |target: &&Target| {
        let name = target.name();
        name == asked
            || name
                .strip_prefix(asked)
                .is_some_and(|rest| rest.starts_with('_'))
    };
    let found: Vec<&Target> = known.iter().filter(is_asked).collect();
    match found[..] {
        [target] => Ok(target.clone()),
        [] => {
            let names: Vec<String> = known.iter().map(Target::name).collect();
            let names = if names.is_empty() {
                "aucun".to_owned()
            } else {
                names.join(", ")
            };
            Err(Error::Usage(format!(
                "Le TP « {asked} » n'existe pas. TP disponibles : {names}."
            )))
        }
        _ => {
            let names: Vec<String> = found.iter().map(|target| target.name()).collect();
            Err(Error::Usage(format!(
                "« {asked} » désigne plusieurs TP : {}. Donnez le nom entier.",
                names.join(", ")
            )))
        }
    }
}

/// Every lab, in the order of the names.
///
/// # Errors
/// [`Error::Usage`] when students' copies are asked for and none is published.
pub fn all(copy: Option<Copy>, notebooks: &Path) -> Result<Vec<Target>> {
    let copy = copy.unwrap_or(Copy::Solution);
    let mut files = published(copy, notebooks);
    if copy == Copy::Solution {
        let published: Vec<_> = files
            .iter()
            .map(|path| path.file_stem().map(ToOwned::to_owned))
            .collect();
        files.extend(
            self::published(Copy::Source, notebooks)
                .into_iter()
                .filter(|path| !published.contains(&path.file_stem().map(ToOwned::to_owned))),
        );
    } else if copy == Copy::Student && files.is_empty() {
        return Err(Error::Usage(format!(
            "Aucun notebook d'étudiant dans « {} ».",
            notebooks.join("etudiant").display()
        )));
    }
    files.sort_by_key(|path| path.file_stem().map(ToOwned::to_owned));
    Ok(files
        .into_iter()
        .map(|path| Target {
            path,
            stops: copy != Copy::Student,
        })
        .collect())
}

/// The files of one copy, in no order.
pub fn published(copy: Copy, notebooks: &Path) -> Vec<PathBuf> {
    match copy {
        Copy::Solution => files(&notebooks.join("corrige"), "ipynb"),
        Copy::Student => files(&notebooks.join("etudiant"), "ipynb"),
        Copy::Source => files(&notebooks.join("sources"), "md"),
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_lab = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("tp") && path.extension().is_some_and(|found| found == extension)
    };
    entries.map(|entry| entry.path()).filter(is_lab).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Labs(PathBuf);

    impl Labs {
        fn new(name: &str, files: &[&str]) -> Self {
            let root =
                std::env::temp_dir().join(format!("tp-cibles-{name}-{}", std::process::id()));
            for file in files {
                let file = root.join(file);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, "").unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Labs {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_name_stands_for_the_solution_then_for_the_source() {
        let files = [
            "sources/tp1_a.md",
            "sources/tp5_b.md",
            "sources/notes.md",
            "corrige/tp5_b.ipynb",
            "sources/tp10_c.md",
        ];
        let labs = Labs::new("noms", &files);
        let found = |name: &str| resolve(name, None, &labs.0).map(|target| target.path);
        assert_eq!(found("tp1").unwrap(), labs.0.join("sources/tp1_a.md"));
        assert_eq!(found("tp5").unwrap(), labs.0.join("corrige/tp5_b.ipynb"));
        assert_eq!(found("tp10_c").unwrap(), labs.0.join("sources/tp10_c.md"));
        let names: Vec<String> = all(None, &labs.0)
            .unwrap()
            .iter()
            .map(Target::name)
            .collect();
        assert_eq!(names, ["tp10_c", "tp1_a", "tp5_b"]);
        let source = resolve("tp5", Some(Copy::Source), &labs.0).unwrap();
        assert_eq!(source.path, labs.0.join("sources/tp5_b.md"));
        assert!(
            found("tp9")
                .unwrap_err()
                .to_string()
                .contains("tp1_a, tp5_b")
        );
        assert!(found("").is_err());
        assert!(
            found("absent.ipynb")
                .unwrap_err()
                .to_string()
                .contains("absent.ipynb")
        );
    }

    #[test]
    fn only_solutions_stop_at_the_first_failure() {
        let labs = Labs::new("arret", &["etudiant/tp5_b.ipynb", "sources/tp5_b.md"]);
        let student = resolve("tp5", Some(Copy::Student), &labs.0).unwrap();
        assert_eq!(
            (student.path, student.stops),
            (labs.0.join("etudiant/tp5_b.ipynb"), false)
        );
        assert!(resolve("tp5", None, &labs.0).unwrap().stops);
        let file = labs.0.join("etudiant/tp5_b.ipynb");
        let stops = |copy| {
            resolve(file.to_str().unwrap(), copy, &labs.0)
                .unwrap()
                .stops
        };
        assert!(!stops(None) && stops(Some(Copy::Solution)));
        assert!(
            resolve(
                labs.0.join("sources/tp5_b.md").to_str().unwrap(),
                None,
                &labs.0
            )
            .unwrap()
            .stops
        );
        assert!(all(Some(Copy::Student), Path::new("nulle-part")).is_err());
    }
}
