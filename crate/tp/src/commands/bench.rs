//! `tp bench`: measurements, as a French table or as JSON.

mod bias;
mod controls;
mod effects;
mod exchange;
mod gender_age;
mod images;
mod journal;
mod kernel;
mod step;

use clap::{Args, Subcommand};

use crate::cli::{TEMPLATE, Verdict};
use crate::error::Result;

/// Arguments of `tp bench`.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    subcommand_help_heading = "Mesures ",
    subcommand_value_name = "MESURE"
)]
pub struct BenchArgs {
    /// What is measured.
    #[command(subcommand)]
    topic: Topic,
}

#[derive(Debug, Subcommand)]
enum Topic {
    /// Étudie quand le DB-VAE débiaise, dans quatorze mondes de visages dessinés (notebooks/resultats/protocole_biais.md)
    #[command(name = "biais", help_template = TEMPLATE)]
    Bias(bias::BiasBenchArgs),
    /// Mesure les curseurs : temps d'un déplacement à la nouvelle image, mémoire après beaucoup de déplacements
    #[command(help_template = TEMPLATE)]
    Curseurs(controls::ControlsBenchArgs),
    /// Mesure les effets qu'affirment les TP, sur leurs dessins et plusieurs graines
    #[command(help_template = TEMPLATE)]
    Effets(effects::EffectsArgs),
    /// Mesure les trois réseaux du genre et de l'âge, sur des photographies et plusieurs graines
    #[command(name = "genre-age", help_template = TEMPLATE)]
    GenderAge(gender_age::GenderAgeArgs),
    /// Mesure le noyau : démarrage, durée des cellules, mémoire, coût de l'adaptateur
    #[command(help_template = TEMPLATE)]
    Noyau(kernel::KernelBenchArgs),
    /// Mesure un pas d'entraînement, seul ou face à une autre bibliothèque
    #[command(help_template = TEMPLATE)]
    Pas(step::StepBenchArgs),
    /// Mesure la lecture d'un dossier d'images, face à Pillow
    #[command(help_template = TEMPLATE)]
    Images(images::ImageBenchArgs),
}

/// Runs the measurement.
///
/// # Errors
/// When set-up fails or the kernel cannot be started.
pub fn execute(args: &BenchArgs) -> Result<Verdict> {
    match &args.topic {
        Topic::Bias(args) => bias::execute(args),
        Topic::Curseurs(args) => controls::execute(args),
        Topic::Effets(args) => effects::execute(args),
        Topic::GenderAge(args) => gender_age::execute(args),
        Topic::Noyau(args) => kernel::execute(args),
        Topic::Pas(args) => step::execute(args),
        Topic::Images(args) => images::execute(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: BenchArgs,
    }

    /// What a user types is French.
    #[test]
    fn measures_have_the_names_that_the_readme_gives() {
        let command = <Line as clap::CommandFactory>::command();
        let names: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(
            names,
            [
                "biais",
                "curseurs",
                "effets",
                "genre-age",
                "noyau",
                "pas",
                "images"
            ]
        );
    }
}
