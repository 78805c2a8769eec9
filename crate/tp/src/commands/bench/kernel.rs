//! `tp bench noyau`: start to first tensor, lab-like cells, memory, with one kernel and with several at once.

use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::exchange;
use crate::cli::Verdict;
use crate::commands::run::CellReport;
use crate::error::{Error, Result};
use crate::french::fixed;
use crate::jupyter::tree::{TreeMemory, tree_memory};
use crate::jupyter::{Client, KernelCommand, StartOptions};
use crate::notebook::CodeCell;
use crate::setup;
use crate::setup::python::Group;

/// What a student waits for first.
const FIRST: &str = "use visages::prelude::*;\n\
                     let premier = Tensor::<2>::ones([2, 3], &Device::flex());\n\
                     println!(\"{}\", premier.sum());";

/// Cells such as the labs have: values, models, frames, functions, structures, loops, displays. They leave types out where
/// students do.
const CELLS: [&str; 30] = [
    "let device = Device::flex();",
    "let x = Tensor::<2>::ones([4, 8], &device);",
    "let w = Tensor::<2>::random([8, 3], Distribution::Default, &device);",
    "let y = x.clone().matmul(w.clone());",
    "println!(\"{:?}\", y.dims());",
    "let couche: Linear = LinearConfig::new(8, 3).init(&device);",
    "let sortie = couche.forward(x.clone());",
    "sortie.dims()",
    "fn exactitude(predictions: &[u8], etiquettes: &[u8]) -> f64 {\n\
     \x20   let justes = predictions.iter().zip(etiquettes).filter(|(p, e)| p == e).count();\n\
     \x20   justes as f64 / etiquettes.len() as f64\n\
     }",
    "let resultat = exactitude(&[1, 0, 1, 1], &[1, 0, 0, 1]);",
    "resultat",
    "let mut somme = 0.0;\nfor i in 0..1000 {\n    somme += f64::from(i).sqrt();\n}\nprintln!(\"{somme:.2}\");",
    "let table = df!(\"groupe\" => [\"A\", \"B\", \"A\"], \"n\" => [1_i64, 2, 3])?;",
    "let moyennes = table.clone().lazy().group_by([col(\"groupe\")]).agg([col(\"n\").mean()]).collect()?;",
    "println!(\"{moyennes}\");",
    "let effectifs = table.column(\"n\")?.clone();",
    "struct Point {\n    x: f32,\n    y: f32,\n}\nimpl Point {\n    fn norme(&self) -> f32 {\n        self.x.hypot(self.y)\n    }\n}",
    "let point = Point { x: 3.0, y: 4.0 };",
    "println!(\"{}\", point.norme());",
    "let abscisses: Vec<f32> = (0..100).map(|i| i as f32 / 10.0).collect();",
    "let ordonnees = abscisses.iter().map(|x| x.sin()).collect::<Vec<f32>>();",
    "let maximum = ordonnees.iter().copied().fold(f32::MIN, f32::max);",
    "format!(\"{maximum:.3}\")",
    "let appareil = Device::flex().autodiff();",
    "let poids = Tensor::<1>::from_floats([1.0, 2.0, 3.0], &appareil).require_grad();",
    "let perte = (poids.clone() * poids.clone()).sum();",
    "let gradients = perte.backward();",
    "println!(\"{:?}\", poids.grad(&gradients).map(|gradient| gradient.into_data()));",
    "let message = if maximum > 0.9 { \"haut\" } else { \"bas\" };\nprintln!(\"{message}\");",
    "let mut valeur = Tensor::<1>::from_floats([4.0], &device);\n\
     for etape in 0..20 {\n\
     \x20   valeur = valeur.clone() - valeur.clone() * 0.1;\n\
     \x20   if etape % 10 == 0 {\n\
     \x20       println!(\"étape {etape} : {valeur}\");\n\
     \x20   }\n\
     }",
];

/// Longest time of one cell; reached only when something is broken.
const CELL_LIMIT: Duration = Duration::from_secs(120);

/// Goals with one kernel on 2 cores.
const GOAL_FIRST_SECONDS: f64 = 12.0;
const GOAL_CELL_SECONDS: f64 = 0.8;
const GOAL_MEMORY: f64 = 0.8e9;

/// Arguments of `tp bench noyau`.
#[derive(Debug, Args)]
pub struct KernelBenchArgs {
    /// Nombres de noyaux ouverts en même temps, séparés par des virgules (1,4 par défaut)
    #[arg(long = "noyaux", value_name = "N", value_delimiter = ',', default_value = "1,4", hide_default_value = true,
          value_parser = clap::value_parser!(u8).range(1..=16))]
    kernels: Vec<u8>,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// Memory at the three moments, in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
struct Memory {
    resident: u64,
    proportional: u64,
}

/// One kernel's measurements.
#[derive(Debug, Serialize)]
struct Measured {
    /// Start of the process to the kernel's first answer.
    start_seconds: f64,
    /// Start of the process to the reply of the first cell.
    first_tensor_seconds: f64,
    /// Each of the 30 cells.
    cell_seconds: Vec<f64>,
    memory_started: Option<Memory>,
    memory_first_tensor: Option<Memory>,
    memory_after_cells: Option<Memory>,
}

/// The measurements of several kernels at once.
#[derive(Debug, Serialize)]
struct Run {
    kernels: usize,
    median_cell_seconds: f64,
    p90_cell_seconds: f64,
    measured: Vec<Measured>,
}

/// Measures and prints.
///
/// # Errors
/// When set-up fails, the kernel cannot be started, or one of the cells fails in it.
pub fn execute(args: &KernelBenchArgs) -> Result<Verdict> {
    let installation = setup::ensure(Group::Students)?;
    let command = installation
        .kernel
        .command()
        .with_env(tp_protocol::PROTOCOL_VARIABLE, "1")
        .with_cwd("/");
    let mut runs = Vec::new();
    for kernels in &args.kernels {
        tell!("▸ {} : une minute environ", in_words(usize::from(*kernels)));
        runs.push(measure(&command, usize::from(*kernels))?);
    }
    tell!("▸ cellules vides, avec et sans l'adaptateur : une demi-minute environ");
    let exchange = exchange::measure(&installation.kernel)?;
    let text = if args.json {
        json!({ "version": 1, "bench": "noyau", "cells": CELLS, "runs": runs, "exchange": exchange }).to_string()
    } else {
        format!("{}\n{}", table(&runs), exchange.line())
    };
    // A reader that is gone wants no result.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(Verdict::Fine)
}

/// Starts all kernels at once; each is driven by a thread of its own.
fn measure(command: &KernelCommand, kernels: usize) -> Result<Run> {
    let together = Barrier::new(kernels);
    let outcomes: Vec<Result<Measured>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..kernels)
            .map(|_| scope.spawn(|| measure_one(command, &together)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|joined| joined.unwrap_or_else(|_| Err(broken("le fil de mesure s'est arrêté"))))
            .collect()
    });
    let measured = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
    let mut seconds: Vec<f64> = measured
        .iter()
        .flat_map(|one| one.cell_seconds.iter().copied())
        .collect();
    seconds.sort_by(f64::total_cmp);
    Ok(Run {
        kernels,
        median_cell_seconds: quantile(&seconds, 0.5),
        p90_cell_seconds: quantile(&seconds, 0.9),
        measured,
    })
}

fn measure_one(command: &KernelCommand, together: &Barrier) -> Result<Measured> {
    together.wait();
    let start = Instant::now();
    let started = Client::start(command, StartOptions::default());
    let start_seconds = start.elapsed().as_secs_f64();
    let first = started.and_then(|mut client| {
        let memory = memory(&client);
        execute_cell(&mut client, 0, FIRST)?;
        Ok((client, memory))
    });
    let first_tensor_seconds = start.elapsed().as_secs_f64();
    // Waited for even after a failure: the other threads count on it.
    together.wait();
    let (mut client, memory_started) = first?;
    let memory_first_tensor = memory(&client);
    let cells = CELLS.iter().enumerate();
    let cell_seconds = cells
        .map(|(index, code)| execute_cell(&mut client, index + 1, code))
        .collect::<Result<Vec<_>>>()?;
    let memory_after_cells = memory(&client);
    client.shutdown();
    Ok(Measured {
        start_seconds,
        first_tensor_seconds,
        cell_seconds,
        memory_started,
        memory_first_tensor,
        memory_after_cells,
    })
}

fn execute_cell(client: &mut Client, number: usize, code: &str) -> Result<f64> {
    let result = client.execute(code, CELL_LIMIT, &mut |_| ())?;
    let cell = CodeCell {
        index: number,
        id: String::new(),
        source: code.to_owned(),
        tags: Vec::new(),
    };
    match CellReport::new(number, &cell, &result).reason {
        None => Ok(result.seconds),
        Some(reason) => Err(broken(&format!(
            "cellule {number}, « {} » : {reason}",
            cell.first_line(50)
        ))),
    }
}

pub(super) fn broken(status: &str) -> Error {
    Error::Command {
        what: "La mesure du noyau".to_owned(),
        status: status.to_owned(),
        remedy: "Lancez « cargo tp doctor » pour en trouver la cause.".to_owned(),
        tail: String::new(),
    }
}

fn memory(client: &Client) -> Option<Memory> {
    let TreeMemory {
        resident,
        proportional,
    } = tree_memory(client.id())?;
    Some(Memory {
        resident,
        proportional,
    })
}

/// The smallest value that at least the share `q` of the sorted values does not exceed.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// « 1 noyau », « 4 noyaux ».
fn in_words(kernels: usize) -> String {
    match kernels {
        0 | 1 => format!("{kernels} noyau"),
        _ => format!("{kernels} noyaux"),
    }
}

fn table(runs: &[Run]) -> String {
    let mut lines = vec![row("", runs, |run| in_words(run.kernels), "objectif (1)")];
    let seconds = |value: f64| fixed(value, 2) + " s";
    let worst =
        |run: &Run, value: fn(&Measured) -> f64| run.measured.iter().map(value).fold(0.0, f64::max);
    let largest = |run: &Run, value: fn(&Measured) -> Option<Memory>| {
        let all = run
            .measured
            .iter()
            .filter_map(value)
            .map(|memory| memory.resident);
        all.max()
            .map_or("?".to_owned(), |bytes| fixed(bytes as f64 / 1e9, 2) + " Go")
    };
    let goal_first = format!("< {} s", fixed(GOAL_FIRST_SECONDS, 0));
    let goal_cell = format!("< {} s", fixed(GOAL_CELL_SECONDS, 1));
    let goal_memory = format!("< {} Go", fixed(GOAL_MEMORY / 1e9, 1));
    lines.push(row(
        "démarrage du noyau",
        runs,
        |run| seconds(worst(run, |one| one.start_seconds)),
        "",
    ));
    lines.push(row(
        "démarrage → premier tenseur",
        runs,
        |run| seconds(worst(run, |one| one.first_tensor_seconds)),
        &goal_first,
    ));
    lines.push(row(
        "cellule, médiane de 30",
        runs,
        |run| seconds(run.median_cell_seconds),
        &goal_cell,
    ));
    lines.push(row(
        "cellule, 9ᵉ décile",
        runs,
        |run| seconds(run.p90_cell_seconds),
        "",
    ));
    lines.push(row(
        "mémoire au démarrage",
        runs,
        |run| largest(run, |one| one.memory_started),
        "",
    ));
    lines.push(row(
        "mémoire, premier tenseur",
        runs,
        |run| largest(run, |one| one.memory_first_tensor),
        "",
    ));
    lines.push(row(
        "mémoire après 30 cellules",
        runs,
        |run| largest(run, |one| one.memory_after_cells),
        &goal_memory,
    ));
    lines.push(
        "Durées et mémoire du noyau le plus mal servi ; mémoire résidente de tous ses processus."
            .to_owned(),
    );
    lines.join("\n")
}

fn row(title: &str, runs: &[Run], value: impl Fn(&Run) -> String, goal: &str) -> String {
    let cells: String = runs
        .iter()
        .map(|run| format!("{:>14}", value(run)))
        .collect();
    format!("{title:<28}{cells}{goal:>14}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_observed_values() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        assert_eq!(
            (
                quantile(&sorted, 0.5),
                quantile(&sorted, 0.9),
                quantile(&sorted, 1.0)
            ),
            (5.0, 9.0, 10.0)
        );
        assert_eq!(quantile(&[7.0], 0.5), 7.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn the_table_shows_the_worst_kernel() {
        let measured = |factor: f64| Measured {
            start_seconds: factor,
            first_tensor_seconds: 2.0 * factor,
            cell_seconds: vec![],
            memory_started: None,
            memory_first_tensor: Some(Memory {
                resident: 500_000_000,
                proportional: 1,
            }),
            memory_after_cells: Some(Memory {
                resident: (factor * 1e9) as u64,
                proportional: 1,
            }),
        };
        let run = Run {
            kernels: 2,
            median_cell_seconds: 0.5,
            p90_cell_seconds: 1.25,
            measured: vec![measured(0.5), measured(1.5)],
        };
        let table = table(&[run]);
        let line = |start: &str| {
            table
                .lines()
                .find(|line| line.starts_with(start))
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            line("démarrage du noyau").split_whitespace().next_back(),
            Some("s")
        );
        assert!(line("démarrage du noyau").contains(" 1,50 s"));
        assert!(line("démarrage →").contains(" 3,00 s") && line("démarrage →").ends_with("< 12 s"));
        assert!(line("cellule, 9").contains(" 1,25 s"));
        assert!(line("mémoire après").contains(" 1,50 Go") && line("mémoire au").contains('?'));
    }
}
