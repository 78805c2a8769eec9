//! `tp publish`: Markdown sources become the student's notebooks and the solutions, or are only compared with them.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::run::{self, Copy, Preset, RunArgs, Target};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::{counted, decimal};
use crate::paths::{self, Repository};
use crate::publish::{Publication, guide, publish};
use crate::setup::{self, python::Group};

/// Arguments of `tp publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// TP à publier (tp5, par exemple) ; sans cela, tous
    #[arg(value_name = "TP")]
    pub labs: Vec<String>,
    /// N'écrit rien : dit quels notebooks ne correspondent plus à leur source (code de sortie 1)
    #[arg(long = "verifier", conflicts_with = "run")]
    pub check: bool,
    /// Exécute ensuite les corrigés ; écrit les notebooks exécutés et leurs pages HTML dans ce dossier
    #[arg(long = "executer", value_name = "DOSSIER")]
    pub run: Option<PathBuf>,
    /// Taille des données et durée des entraînements, pour --executer
    #[arg(long, value_name = "PRESET", value_enum, default_value_t = Preset::Quick)]
    pub preset: Preset,
    /// Dossier des données, pour --executer
    #[arg(long = "donnees", value_name = "DOSSIER")]
    pub data: Option<PathBuf>,
}

/// Makes the notebooks of the labs, then writes or compares them.
///
/// # Errors
/// When a lab is unknown, a source breaks a rule, or a tool is missing. All labs are made before one is written.
pub fn execute(args: &PublishArgs) -> Result<Verdict> {
    let repository = Repository::find()?;
    let notebooks = repository.notebooks();
    let sources: Vec<Target> = if args.labs.is_empty() {
        run::all(Some(Copy::Source), &notebooks)?
    } else {
        let asked = args.labs.iter();
        asked
            .map(|lab| run::resolve(lab, Some(Copy::Source), &notebooks))
            .collect::<Result<_>>()?
    };
    one_lab_a_number(&run::published(Copy::Source, &notebooks))?;
    let python = setup::ensure_python(&repository, Group::Authors)?;
    let mut publications = Vec::new();
    for source in &sources {
        publications.push(publish(&shown(&source.path), &python)?);
    }
    if args.check {
        return check(&publications, &notebooks, args.labs.is_empty());
    }
    for publication in &publications {
        write(publication, &notebooks)?;
    }
    // Made from all labs: one alone cannot write them.
    if args.labs.is_empty() {
        for (file, text) in guide::FILES.iter().zip(guide::pages(&publications)) {
            let file = notebooks.join(file);
            let written = replace(&file, &text)?;
            let state = if written { "" } else { " (inchangé)" };
            say(&format!("✔ {}{state}", shown(&file).display()));
        }
    }
    match &args.run {
        Some(folder) => run::execute(&solutions(&publications, folder, args)),
        None => Ok(Verdict::Fine),
    }
}

/// Two labs of one number would give their cells the same identifiers.
fn one_lab_a_number(sources: &[PathBuf]) -> Result<()> {
    let mut names: Vec<String> = sources
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let lab = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    match names.windows(2).find(|pair| lab(&pair[0]) == lab(&pair[1])) {
        Some(pair) => Err(Error::Usage(format!(
            "« {}.md » et « {}.md » ont le même numéro : leurs cellules auraient les mêmes identifiants. Renommez une de ces sources.",
            pair[0], pair[1]
        ))),
        None => Ok(()),
    }
}

/// The folder and the text of each copy.
fn copies(publication: &Publication) -> [(&'static str, &str); 2] {
    [
        ("etudiant", &publication.student),
        ("corrige", &publication.solution),
    ]
}

fn write(publication: &Publication, notebooks: &Path) -> Result<()> {
    let mut written = 0;
    for (folder, text) in copies(publication) {
        let folder = notebooks.join(folder);
        paths::create_folder(&folder)?;
        let file = folder.join(format!("{}.ipynb", publication.name));
        written += usize::from(replace(&file, text)?);
    }
    let state = match written {
        0 => " (inchangé)",
        _ => "",
    };
    let summary = publication.summary;
    say(&format!(
        "✔ {} : {} cellules, {}, {}, {}, {} à noter à la main, {} points{state}",
        publication.name,
        summary.cells,
        counted(summary.exercises, "exercice"),
        counted(summary.checks, "vérification"),
        counted(summary.closed, "question fermée"),
        summary.by_hand,
        decimal(summary.points, 2),
    ));
    for line in publication.budget.lines(publication.lab()) {
        say(&format!("    {line}"));
    }
    Ok(())
}

/// Writes a file unless it says the same, and tells whether it did: what is unchanged keeps its date, else an open JupyterLab
/// would ask whether to reload it.
fn replace(file: &Path, text: &str) -> Result<bool> {
    if std::fs::read(file).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(false);
    }
    paths::write_atomically(file, text.as_bytes())?;
    Ok(true)
}

fn check(publications: &[Publication], notebooks: &Path, all: bool) -> Result<Verdict> {
    let mut stale = Vec::new();
    let mut compare = |file: PathBuf, text: &str, said: &'static str| {
        match std::fs::read(&file) {
            Ok(old) if old == text.as_bytes() => {}
            Ok(_) => stale.push((file, said)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                stale.push((file, "manque"));
            }
            Err(error) => return Err(Error::io("Impossible de lire", &file)(error)),
        }
        Ok(())
    };
    for publication in publications {
        for (folder, text) in copies(publication) {
            let file = format!("{folder}/{}.ipynb", publication.name);
            compare(notebooks.join(file), text, "ne correspond plus à sa source")?;
        }
    }
    if all {
        for (file, text) in guide::FILES.iter().zip(guide::pages(publications)) {
            let said = "ne correspond plus aux sources";
            compare(notebooks.join(file), &text, said)?;
        }
        for copy in [Copy::Student, Copy::Solution] {
            let orphans = run::published(copy, notebooks).into_iter().filter(|file| {
                let name = file.file_stem().unwrap_or_default();
                publications
                    .iter()
                    .all(|publication| name != &*publication.name)
            });
            stale.extend(orphans.map(|file| (file, "n'a pas de source ; supprimez-le")));
        }
    }
    for (file, what) in &stale {
        say(&format!("✘ « {} » {what}", shown(file).display()));
    }
    if stale.is_empty() {
        say(&format!(
            "✔ {} TP : les notebooks publiés correspondent aux sources",
            publications.len()
        ));
        return Ok(Verdict::Fine);
    }
    say("Pour les refaire : cargo tp publish");
    Ok(Verdict::Failed)
}

fn solutions(publications: &[Publication], folder: &Path, args: &PublishArgs) -> RunArgs {
    RunArgs {
        notebooks: publications
            .iter()
            .map(|publication| publication.name.clone())
            .collect(),
        all: false,
        solution: true,
        student: false,
        preset: args.preset,
        data: args.data.clone(),
        device: None,
        output: Some(folder.to_owned()),
        json: false,
    }
}

/// A path as the author would write it here.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// A result, on stdout. A reader that is gone wants none.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
