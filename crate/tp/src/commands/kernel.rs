//! `tp kernel`: what Jupyter starts.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Verdict;
use crate::error::Result;
use crate::kernel::launch;

/// Arguments of `tp kernel`.
#[derive(Debug, Args)]
pub struct KernelArgs {
    /// Fichier de connexion écrit par Jupyter
    #[arg(value_name = "FICHIER")]
    pub connection_file: PathBuf,
}

/// Runs the kernel.
///
/// # Errors
/// When the kernel folder is incomplete or evcxr_jupyter cannot be started.
pub fn execute(args: &KernelArgs) -> Result<Verdict> {
    launch::run(&args.connection_file)
}
