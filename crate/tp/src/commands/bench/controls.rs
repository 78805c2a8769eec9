//! `tp bench curseurs`: from a move to the new picture, through the protocol that pages speak: alone, and while a cell trains;
//! the kernel's memory before and after many moves.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::kernel::{broken, quantile};
use crate::cli::Verdict;
use crate::error::Result;
use crate::french::fixed;
use crate::jupyter::Page;
use crate::jupyter::page::Model;
use crate::jupyter::tree::tree_memory;
use crate::setup;
use crate::setup::python::Group;

/// What it needs.
const FIRST: &str = "use visages::prelude::*;\nuse visages::image::{Rgb, RgbImage};";

/// A slider that redraws a picture as large as a figure of the labs.
const CONTROLS: &str = "\
let controls = Controls::new().slider(\"Teinte\", 0.0..=255.0, 100.0).step(1.0);
interact(controls, |values| {
    let shade = values.number(\"Teinte\") as u8;
    let image = RgbImage::from_fn(256, 256, |x, y| Rgb([shade, x as u8, (x * y % 251) as u8]));
    Figure::from_image(&image, format!(\"teinte {shade}\"))
})?;";

/// What it says once it computes.
const TRAINS: &str = "entraîne";

/// A cell that keeps all processors busy, as a training does, until it is asked to stop.
const TRAINING: &str = "\
let device = Device::flex();
for step in 0..1_000_000 {
    if stop_requested() { break; }
    let a = Tensor::<2>::random([512, 512], Distribution::Default, &device);
    let sum: f32 = a.clone().matmul(a).sum().into_scalar();
    if step == 0 { println!(\"entraîne : {}\", sum > 0.0); }
}";

/// Longest time of a cell or of a move; reached only when something is broken.
const LIMIT: Duration = Duration::from_secs(180);
/// Moves that are not counted.
const WARM_UP: usize = 10;
/// Pause between two moves, as a hand has it.
const PAUSE: Duration = Duration::from_millis(30);
/// Goals for the medians, in milliseconds, the page's own part included.
const GOAL_ALONE: f64 = 120.0;
const GOAL_TRAINING: f64 = 400.0;

/// Arguments of `tp bench curseurs`.
#[derive(Debug, Args)]
pub struct ControlsBenchArgs {
    /// Déplacements chronométrés, seuls puis pendant un entraînement (101 par défaut)
    #[arg(long = "mesures", value_name = "N", default_value_t = 101, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    timed: u32,
    /// Déplacements entre les deux mesures de la mémoire (2000 par défaut ; 0 pour ne pas la mesurer)
    #[arg(
        long = "deplacements",
        value_name = "N",
        default_value_t = 2000,
        hide_default_value = true
    )]
    moves: u32,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// Milliseconds from a move to its picture.
#[derive(Debug, Serialize)]
struct Times {
    median_ms: f64,
    p95_ms: f64,
}

/// Resident bytes of all the kernel's processes.
#[derive(Debug, Serialize)]
struct Memory {
    moves: u32,
    before: u64,
    after: u64,
}

#[derive(Debug, Serialize)]
struct Measured {
    alone: Times,
    training: Times,
    memory: Option<Memory>,
}

/// Measures and prints.
///
/// # Errors
/// When set-up fails, the kernel cannot be started, or a move brings no picture.
pub fn execute(args: &ControlsBenchArgs) -> Result<Verdict> {
    let installation = setup::ensure(Group::Students)?;
    let command = installation
        .kernel
        .command()
        .with_env(tp_protocol::PROTOCOL_VARIABLE, "1")
        .with_cwd("/");
    tell!("▸ curseurs, seuls puis pendant un entraînement : une minute environ");
    let mut page = Page::start(&command)?;
    page.execute(FIRST, LIMIT)?;
    let models = page.execute(CONTROLS, LIMIT)?;
    let mut slider = Slider::among(&models)?;
    let alone = slider.time(&mut page, args.timed)?;
    let memory = slider.wear(&mut page, args.moves)?;
    page.begin(TRAINING, TRAINS, LIMIT)?;
    let training = slider.time(&mut page, args.timed)?;
    page.interrupt(LIMIT)?;
    let measured = Measured {
        alone,
        training,
        memory,
    };
    let text = if args.json {
        json!({"version": 1, "bench": "curseurs", "moves": args.timed, "measured": measured})
            .to_string()
    } else {
        table(args.timed, &measured)
    };
    // A reader that is gone wants no result.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(Verdict::Fine)
}

/// The slider that is moved, and the place of its pictures.
struct Slider {
    id: String,
    place: String,
    value: u32,
}

impl Slider {
    fn among(models: &[Model]) -> Result<Self> {
        let last = |name: &str| models.iter().rev().find(|model| model.name == name);
        match (last("FloatSliderModel"), last("HTMLModel")) {
            (Some(slider), Some(place)) => Ok(Self {
                id: slider.id.clone(),
                place: place.id.clone(),
                value: 100,
            }),
            _ => Err(broken("la cellule n'a pas ouvert de curseur")),
        }
    }

    /// Moves it by one, to and fro; milliseconds to the picture.
    fn step(&mut self, page: &mut Page) -> Result<f64> {
        self.value = if self.value >= 200 {
            100
        } else {
            self.value + 1
        };
        let moved = page.set(&self.id, json!({"value": self.value}), &self.place, LIMIT)?;
        match moved.output {
            Some((after, state))
                if state
                    .to_string()
                    .contains(&format!("teinte {}\\\"", self.value)) =>
            {
                Ok(1000.0 * after.as_secs_f64())
            }
            _ => Err(broken("un déplacement n'a pas donné son image")),
        }
    }

    fn time(&mut self, page: &mut Page, moves: u32) -> Result<Times> {
        for _ in 0..WARM_UP {
            self.step(page)?;
        }
        let mut milliseconds = Vec::new();
        for _ in 0..moves {
            milliseconds.push(self.step(page)?);
            std::thread::sleep(PAUSE);
        }
        milliseconds.sort_by(f64::total_cmp);
        Ok(Times {
            median_ms: quantile(&milliseconds, 0.5),
            p95_ms: quantile(&milliseconds, 0.95),
        })
    }

    /// Moves it many times without a pause.
    fn wear(&mut self, page: &mut Page, moves: u32) -> Result<Option<Memory>> {
        let resident = |page: &Page| tree_memory(page.id()).map(|memory| memory.resident);
        let before = resident(page);
        for _ in 0..moves {
            self.step(page)?;
        }
        Ok(before
            .zip(resident(page))
            .filter(|_| moves > 0)
            .map(|(before, after)| Memory {
                moves,
                before,
                after,
            }))
    }
}

fn table(timed: u32, measured: &Measured) -> String {
    let line = |title: &str, times: &Times, goal: f64| {
        format!(
            "{title:<28}{:>10} ms{:>10} ms{:>12}",
            fixed(times.median_ms, 1),
            fixed(times.p95_ms, 1),
            format!("< {} ms", fixed(goal, 0))
        )
    };
    let mut lines = vec![
        format!(
            "{:<28}{:>13}{:>13}{:>12}",
            "déplacement → image", "médiane", "95 %", "objectif"
        ),
        line("seuls", &measured.alone, GOAL_ALONE),
        line("pendant un entraînement", &measured.training, GOAL_TRAINING),
        format!(
            "{timed} déplacements chacun, par le protocole des pages : le navigateur ajoute le temps de peindre."
        ),
    ];
    if let Some(memory) = &measured.memory {
        let megabytes = |bytes: u64| fixed(bytes as f64 / 1e6, 1);
        lines.push(format!(
            "Mémoire du noyau, {} déplacements : {} Mo avant, {} Mo après.",
            memory.moves,
            megabytes(memory.before),
            megabytes(memory.after)
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_both_times_and_the_memory() {
        let measured = Measured {
            alone: Times {
                median_ms: 12.34,
                p95_ms: 20.0,
            },
            training: Times {
                median_ms: 45.0,
                p95_ms: 90.5,
            },
            memory: Some(Memory {
                moves: 2000,
                before: 700_000_000,
                after: 700_500_000,
            }),
        };
        let table = table(101, &measured);
        assert!(
            table.contains("12,3 ms") && table.contains("90,5 ms") && table.contains("< 400 ms"),
            "{table}"
        );
        assert!(table.contains("700,0 Mo avant, 700,5 Mo après"), "{table}");
    }
}
