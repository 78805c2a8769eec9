//! What the adapter adds to each cell: the same empty cell through it and without it.

use std::time::Duration;

use serde::Serialize;

use super::kernel::{broken, quantile};
use crate::error::Result;
use crate::french::fixed;
use crate::jupyter::{CellStatus, Client, KernelCommand, StartOptions};
use crate::kernel::KernelFolder;
use crate::platform;

/// A command of evcxr's that compiles nothing: the list of no variables.
const CELL: &str = ":vars";
/// Cells of each kernel; an odd number has a middle.
const CELLS: usize = 101;
/// Cells before them, which are not counted.
const WARM_UP: usize = 10;
/// Longest time of one cell; reached only when something is broken.
const LIMIT: Duration = Duration::from_secs(60);
/// Goal for what the adapter adds, in milliseconds.
const GOAL: f64 = 5.0;

/// Milliseconds from the request to the end of an empty cell.
#[derive(Debug, Serialize)]
pub(super) struct Exchange {
    /// Median, evcxr_jupyter alone.
    pub(super) alone_ms: f64,
    /// Median, through the adapter.
    pub(super) adapter_ms: f64,
}

impl Exchange {
    /// One line of the table.
    pub(super) fn line(&self) -> String {
        format!(
            "Cellule vide, médiane de {CELLS} : {} ms par evcxr seul, {} ms à travers l'adaptateur, qui ajoute {} ms (objectif : < {} ms).",
            fixed(self.alone_ms, 1),
            fixed(self.adapter_ms, 1),
            fixed(self.adapter_ms - self.alone_ms, 1),
            fixed(GOAL, 0)
        )
    }
}

/// Measures both, one after the other.
///
/// # Errors
/// When a kernel cannot be started or does not answer.
pub(super) fn measure(kernel: &KernelFolder) -> Result<Exchange> {
    let manifest = kernel.manifest();
    let evcxr = manifest.evcxr.to_string_lossy();
    let alone = KernelCommand::new([&*evcxr, "--control_file", "{connection_file}"])
        // A folder without settings: no library to load.
        .with_env("EVCXR_CONFIG_DIR", kernel.path().join("bin"))
        .with_env("RUSTUP_TOOLCHAIN", &manifest.toolchain)
        .with_env(platform::LIBRARY_PATH, &manifest.target_libdir);
    Ok(Exchange {
        alone_ms: median(&alone)?,
        adapter_ms: median(&kernel.command())?,
    })
}

fn median(command: &KernelCommand) -> Result<f64> {
    let command = command.clone().with_cwd(std::env::temp_dir());
    let mut client = Client::start(&command, StartOptions::default())?;
    let mut milliseconds = Vec::with_capacity(CELLS);
    for number in 0..WARM_UP + CELLS {
        let result = client.execute(CELL, LIMIT, &mut |_| ())?;
        if result.status != CellStatus::Ok {
            return Err(broken(&format!("la cellule « {CELL} » a échoué")));
        }
        if number >= WARM_UP {
            milliseconds.push(1000.0 * result.seconds);
        }
    }
    client.shutdown();
    milliseconds.sort_by(f64::total_cmp);
    Ok(quantile(&milliseconds, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_the_difference() {
        let exchange = Exchange {
            alone_ms: 1.25,
            adapter_ms: 3.5,
        };
        let line = exchange.line();
        assert!(
            line.contains("3,5 ms à travers") && line.contains("ajoute 2,2 ms"),
            "{line}"
        );
    }
}
