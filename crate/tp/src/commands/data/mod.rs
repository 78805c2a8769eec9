//! `tp data`: data sets, made or prepared.

pub mod synth;

use clap::{Args, Subcommand};

use crate::cli::{TEMPLATE, Verdict};
use crate::error::Result;

/// Arguments of `tp data`.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    subcommand_help_heading = "Actions",
    subcommand_value_name = "ACTION",
    next_help_heading = "Options"
)]
pub struct DataArgs {
    /// What is done.
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
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
        Action::Synth(args) => synth::execute(args),
    }
}
