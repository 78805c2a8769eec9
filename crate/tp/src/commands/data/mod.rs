//! `tp data`: data sets, made or prepared.

mod archive;
mod cacd;
mod catalog;
mod download;
mod fetch;
mod hdf5;
mod import;
pub(in crate::commands) mod list;
mod places;
pub mod synth;
mod tree;

pub use list::root_of;

use clap::{Args, Subcommand};

use crate::cli::{TEMPLATE, Verdict};
use crate::error::Result;

/// Arguments of `tp data`.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    subcommand_help_heading = "Actions ",
    subcommand_value_name = "ACTION"
)]
pub struct DataArgs {
    /// What is done.
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Liste les jeux de données des TP : où ils sont, ou bien où les trouver
    #[command(help_template = TEMPLATE)]
    List(list::ListArgs),
    /// Télécharge un fichier (reprise, taille et somme vérifiées), ou dit comment faire à la main
    #[command(help_template = TEMPLATE)]
    Fetch(fetch::FetchArgs),
    /// Place un jeu téléchargé, archive ou dossier, là où les TP le cherchent
    #[command(help_template = TEMPLATE)]
    Import(import::ImportArgs),
    /// Compare les jeux présents avec les jeux entiers
    #[command(help_template = TEMPLATE)]
    Verifier(list::VerifyArgs),
    /// Dessine des visages : un dossier au format d'UTKFace, ou une planche
    #[command(help_template = TEMPLATE)]
    Synth(synth::SynthArgs),
}

/// Does what is asked.
///
/// # Errors
/// When a value is not accepted, a folder cannot be used or a program is missing.
pub fn execute(args: &DataArgs) -> Result<Verdict> {
    match &args.action {
        Action::List(args) => list::list(args),
        Action::Fetch(args) => fetch::execute(args),
        Action::Import(args) => import::execute(args),
        Action::Verifier(args) => list::verify(args),
        Action::Synth(args) => synth::execute(args),
    }
}
