//! `tp setup`: puts in place what is missing.

use clap::Args;

use crate::cli::Verdict;
use crate::error::Result;
use crate::setup::{self, python::Group};

/// Arguments of `tp setup`.
#[derive(Debug, Args)]
pub struct SetupArgs {
    /// Installe aussi les outils des auteurs et des correcteurs (nbgrader)
    #[arg(long)]
    pub auteurs: bool,
}

/// Installs what is missing and says what is ready.
///
/// # Errors
/// With the first component that cannot be had.
pub fn execute(args: &SetupArgs) -> Result<Verdict> {
    let group = if args.auteurs {
        Group::Authors
    } else {
        Group::Students
    };
    let installation = setup::ensure(group)?;
    tell!("✔ Tout est prêt. Ouvrez les TP : cargo tp lab");
    say!("{}", installation.kernel.path().display());
    Ok(Verdict::Fine)
}
