//! `tp data synth`: drawn faces as a folder in the manner of UTKFace, or as one sheet. The worker draws.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::counted;
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// The biases that can be put into the faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bias {
    /// Peaux foncées rares et sous-exposées
    #[value(name = "rare-et-sous-expose", alias = "rare-et-sombre")]
    RareAndUnderexposed,
    /// Ni rareté ni sous-exposition
    #[value(name = "equilibre")]
    Balanced,
    /// Peaux foncées sous-exposées, mais pas rares
    #[value(name = "sous-exposition-sans-rarete", alias = "contraste-sans-rarete")]
    UnderexposedOnly,
    /// Peaux foncées rares, mais bien exposées
    #[value(name = "rarete-sans-sous-exposition", alias = "rarete-sans-contraste")]
    RareOnly,
}

impl Bias {
    /// Its name in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::RareAndUnderexposed => "rare et sous-exposé",
            Self::Balanced => "équilibré",
            Self::UnderexposedOnly => "sous-exposition sans rareté",
            Self::RareOnly => "rareté sans sous-exposition",
        }
    }
}

/// Arguments of `tp data synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Dossier à remplir : nouveau, vide, ou commencé par la même commande
    #[arg(value_name = "SORTIE", required_unless_present = "sheet")]
    output: Option<PathBuf>,
    /// Nombre de visages, de 40 à 100 000 (2 000 par défaut)
    #[arg(long = "visages", value_name = "N", default_value_t = 2_000, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(40..=100_000))]
    faces: u32,
    /// Côté des images en pixels, de 32 à 256 (200 par défaut, comme UTKFace)
    #[arg(long = "cote", value_name = "PX", default_value_t = 200, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(32..=256))]
    side: u32,
    /// Graine : la même donne les mêmes images (42 par défaut)
    #[arg(
        long = "graine",
        value_name = "S",
        default_value_t = 42,
        hide_default_value = true
    )]
    seed: u64,
    /// Biais du jeu, connu et écrit dans le manifeste : rare-et-sous-expose, equilibre, sous-exposition-sans-rarete ou
    /// rarete-sans-sous-exposition. Sans cette option, les teintes suivent les étiquettes, à l'exposition juste
    #[arg(long = "biais", value_name = "BIAIS", hide_possible_values = true)]
    bias: Option<Bias>,
    /// Difficulté des prises de vue, de 0 (studio) à 1 (0,5 par défaut)
    #[arg(long = "difficulte", value_name = "D", default_value_t = 0.5, hide_default_value = true, value_parser = share)]
    difficulty: f64,
    /// Écrit aussi une planche de 100 visages avec sa légende dans ce fichier PNG ; seule, si SORTIE manque
    #[arg(long = "planche", value_name = "FICHIER")]
    sheet: Option<PathBuf>,
}

/// A number from 0 to 1, with a comma or a point.
fn share(text: &str) -> std::result::Result<f64, String> {
    match text.trim().replace(',', ".").parse() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("un nombre de 0 à 1".to_owned()),
    }
}

/// Answer to « synth ».
#[derive(Debug, Deserialize)]
struct Written {
    files: usize,
    resumed: usize,
    malformed: usize,
    duplicates: usize,
    contradictions: usize,
}

/// Answer to « sheet ».
#[derive(Debug, Deserialize)]
struct Drawn {}

/// Draws the folder, the sheet or both.
///
/// # Errors
/// When the worker cannot be compiled, or refuses: a folder with other content, a disk that is full.
pub fn execute(args: &SynthArgs) -> Result<Verdict> {
    let repository = Repository::find()?;
    let cache = Cache::locate()?;
    Toolchain::detect(&repository)?;
    let output = args.output.as_deref().map(absolute).transpose()?;
    let sheet = args.sheet.as_deref().map(absolute).transpose()?;
    if let Some(sheet) = &sheet
        && sheet.extension().is_none_or(|extension| extension != "png")
    {
        return Err(Error::Usage(format!(
            "--planche : « {} » ne finit pas par .png.",
            sheet.display()
        )));
    }
    let program = worker::build(&repository, &cache)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = json!({
        "faces": args.faces, "side": args.side, "seed": args.seed, "bias": args.bias, "difficulty": args.difficulty,
    });
    let ask = |op: &str, output: &Path| {
        let mut request = settings.clone();
        request["op"] = json!(op);
        request["output"] = json!(output);
        request
    };
    if let Some(folder) = &output {
        let written: Written = worker::perform(
            worker::command(&program, cores),
            &ask("synth", folder),
            "Dessin des visages",
            "environ une minute pour 2 000 visages de 200 pixels",
        )?;
        let _ = writeln!(std::io::stdout(), "{}", summary(&written, folder));
    }
    if let Some(file) = &sheet {
        let _: Drawn = worker::perform(
            worker::command(&program, cores),
            &ask("sheet", file),
            "Dessin de la planche",
            "quelques secondes",
        )?;
        let _ = writeln!(std::io::stdout(), "Planche : {}", file.display());
    }
    Ok(Verdict::Fine)
}

/// The worker does not run where the user is.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io("Impossible de situer", path))
}

fn summary(written: &Written, folder: &Path) -> String {
    let resumed = match written.resumed {
        0 => String::new(),
        count => format!(" ({count} déjà là)"),
    };
    format!(
        "{}{resumed} dans {}\nDéfauts placés exprès : {} noms irréguliers, {} copies identiques, dont {} aux étiquettes contradictoires.\n\
         Tout est dans manifeste.csv : facteurs de chaque visage et défauts.",
        counted(written.files, "fichier"),
        folder.display(),
        written.malformed,
        written.duplicates,
        written.contradictions
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_with_a_comma_or_a_point() {
        assert_eq!(share("0,25"), Ok(0.25));
        assert_eq!(share(" 1 "), Ok(1.0));
        for wrong in ["1,5", "-0.1", "NaN", "", "beaucoup"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_summary_counts_what_was_planted() {
        let written = Written {
            files: 120,
            resumed: 20,
            malformed: 3,
            duplicates: 6,
            contradictions: 4,
        };
        let text = summary(&written, Path::new("/x/visages"));
        assert!(
            text.starts_with("120 fichiers (20 déjà là) dans /x/visages\n"),
            "{text}"
        );
        assert!(
            text.contains("3 noms irréguliers, 6 copies identiques, dont 4 "),
            "{text}"
        );
    }
}
