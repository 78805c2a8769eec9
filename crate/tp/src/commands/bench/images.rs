//! `tp bench images`: pictures decoded and resized into memory per second, beside Pillow on the same files and cores.
//!
//! Four ways alternate in one run: ours and Pillow's, each with JPEG files decoded at a fraction of their size and whole.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::step::{peer, side::Side};
use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::{counted, fixed};
use crate::paths::{Cache, Repository};
use crate::setup::rust::Toolchain;
use crate::worker;

/// Heading in `environment.yml` of what Pillow takes.
const HEADING: &str = "pair-pillow";
const PILLOW: &str = include_str!("peer_pillow.py");
/// Images whose pixels are compared.
const SAMPLES: usize = 500;
/// Largest mean difference of pixels, in grey levels, to Pillow's whole decode.
const TOLERANCE: f64 = 2.0;

/// How many times faster than Pillow's same way we are to be, at least.
const RATIO: f64 = 1.2;
/// Memory that the reading is to stay under.
const MEMORY: u64 = 1_000_000_000;

/// Arguments of `tp bench images`.
#[derive(Debug, Args)]
pub struct ImageBenchArgs {
    /// Dossier d'images JPEG
    #[arg(value_name = "DOSSIER")]
    folder: PathBuf,
    /// Côté des images en mémoire, en pixels (64 par défaut)
    #[arg(long = "cote", value_name = "PX", default_value_t = 64, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    side: u32,
    /// Nombre d'images, réparties dans le dossier (toutes par défaut)
    #[arg(long = "images", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max: Option<u32>,
    /// Nombre de fils d'exécution, et de processus de Pillow (tous les cœurs par défaut)
    #[arg(long = "fils", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Tours de mesure (3 par défaut)
    #[arg(long = "blocs", value_name = "N", default_value_t = 3, hide_default_value = true,
          value_parser = clap::value_parser!(u16).range(1..=100))]
    blocks: u16,
    /// Écrit les mesures en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// Answer to « images ».
#[derive(Debug, Deserialize)]
struct Read {
    files: usize,
    unreadable: usize,
    seconds: f64,
}

#[derive(Debug, Deserialize)]
struct Engine {
    engine: String,
}

/// One way of reading the pictures.
#[derive(Debug, Serialize)]
struct Way {
    name: String,
    /// Whether large pictures are decoded at a fraction of their size.
    scaled: bool,
    /// Images a second of each round.
    speeds: Vec<f64>,
    /// Mean absolute difference of pixels to Pillow's whole decode, in grey levels.
    difference: f64,
}

impl Way {
    /// The median round: what else the machine does slows some of them.
    fn speed(&self) -> f64 {
        let mut sorted = self.speeds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Measures and prints; [`Verdict::Failed`] when our pixels are not those of Pillow. Speed and memory depend on what else the
/// machine does: they are told, and fail nothing.
///
/// # Errors
/// When the worker cannot be compiled, Pillow cannot be installed, or one of them fails.
pub fn execute(args: &ImageBenchArgs) -> Result<Verdict> {
    let repository = Repository::find()?;
    let cache = Cache::locate()?;
    Toolchain::detect(&repository)?;
    let folder = std::path::absolute(&args.folder)
        .map_err(Error::io("Impossible de situer", &args.folder))?;
    if !folder.is_dir() {
        return Err(Error::Missing {
            what: format!("Le dossier « {} »", folder.display()),
            remedy: "Donnez un dossier d'images JPEG.".to_owned(),
        });
    }
    let (python, script) = peer::install(&repository, &cache, HEADING, "pillow", PILLOW)?;
    let program = worker::build(&repository, &cache)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or(cores, usize::from);
    let mut command = std::process::Command::new(python);
    command.arg("-u").arg(script).arg(threads.to_string());
    let mut ours = Side::start("visages-worker", worker::command(&program, threads))?;
    let mut pillow = Side::start("Pillow", command)?;
    let engine: Engine = pillow.ask(&json!({ "op": "engine" }))?;

    let request = |scaled: bool| json!({ "op": "images", "folder": folder, "side": args.side, "max": args.max, "scaled": scaled });
    let scratch = cache.root().join("pairs");
    let way = |name: &str, side: &mut Side, scaled: bool| -> Result<(Way, Read, Vec<u8>)> {
        // The first reading warms the disk's cache up and gives the pixels to compare.
        let output = scratch.join(format!("pixels-{}", std::process::id()));
        let mut first = request(scaled);
        first["output"] = json!(output);
        first["samples"] = json!(SAMPLES);
        tell!("▸ {name}");
        let read: Read = side.ask(&first)?;
        let pixels = std::fs::read(&output).map_err(Error::io("Impossible de lire", &output))?;
        let _ = std::fs::remove_file(&output);
        let way = Way {
            name: name.to_owned(),
            scaled,
            speeds: Vec::new(),
            difference: f64::NAN,
        };
        Ok((way, read, pixels))
    };
    let reference = way(
        &format!("{}, décodage entier", engine.engine),
        &mut pillow,
        false,
    )?;
    let mut ways = vec![
        (true, way("visages, échelle réduite", &mut ours, true)?),
        (true, way("visages, décodage entier", &mut ours, false)?),
        (
            false,
            way(
                &format!("{}, échelle réduite", engine.engine),
                &mut pillow,
                true,
            )?,
        ),
        (false, reference),
    ];
    let reference = ways[3].1.2.clone();
    for (_, (way, read, pixels)) in &mut ways {
        if pixels.len() != reference.len() || read.unreadable > 0 {
            return Err(Error::Usage(format!(
                "{} : {} images lues et {} illisibles ; la mesure demande un dossier d'images JPEG toutes lisibles.",
                way.name, read.files, read.unreadable
            )));
        }
        way.difference = difference(pixels, &reference);
    }
    for round in 0..usize::from(args.blocks) {
        for turn in 0..ways.len() {
            // None always comes after the same other.
            let index = (round + turn) % ways.len();
            let (is_ours, (way, ..)) = &mut ways[index];
            let side = if *is_ours { &mut ours } else { &mut pillow };
            let read: Read = side.ask(&request(way.scaled))?;
            way.speeds.push(read.files as f64 / read.seconds);
        }
    }
    let files = ways[0].1.1.files;
    let ways: Vec<Way> = ways.into_iter().map(|(_, (way, ..))| way).collect();
    let peak = ours.peak_memory();
    let text = match args.json {
        true => json!({
            "version": 1, "bench": "images", "files": files, "side": args.side, "threads": threads,
            "peak_memory": peak, "ways": ways,
        })
        .to_string(),
        false => table(&ways, files, args.side, threads, peak),
    };
    // A reader that is gone wants no result.
    let _ = writeln!(std::io::stdout(), "{text}");
    let agree = ways.iter().take(2).all(|way| way.difference <= TOLERANCE);
    Ok(if agree {
        Verdict::Fine
    } else {
        Verdict::Failed
    })
}

/// Mean absolute difference of bytes.
fn difference(one: &[u8], other: &[u8]) -> f64 {
    let gaps = one
        .iter()
        .zip(other)
        .map(|(a, b)| u64::from(a.abs_diff(*b)));
    gaps.sum::<u64>() as f64 / one.len().max(1) as f64
}

fn table(ways: &[Way], files: usize, side: u32, threads: usize, peak: Option<u64>) -> String {
    let mut text = format!(
        "{} ramenées à {side} × {side} pixels, {}\n",
        counted(files, "image"),
        counted(threads, "fil")
    );
    for way in ways {
        text += &format!(
            "  {:<52} {:>6} images/s   écart moyen {} / 255\n",
            way.name,
            fixed(way.speed(), 0),
            fixed(way.difference, 2)
        );
    }
    let mark = |holds: bool| if holds { "✔" } else { "✘" };
    if let [scaled, whole, draft, full] = ways {
        let ratios = [scaled.speed() / draft.speed(), whole.speed() / full.speed()];
        text += &format!(
            "{} visages / Pillow : {} × en échelle réduite, {} × en décodage entier (but : {} au moins)\n",
            mark(ratios.iter().all(|ratio| *ratio >= RATIO)),
            fixed(ratios[0], 2),
            fixed(ratios[1], 2),
            fixed(RATIO, 1)
        );
        let difference = scaled.difference.max(whole.difference);
        text += &format!(
            "{} pixels : au plus {} / 255 d'écart moyen avec Pillow (but : {} au plus)\n",
            mark(difference <= TOLERANCE),
            fixed(difference, 2),
            fixed(TOLERANCE, 0)
        );
    }
    text + &match peak {
        Some(bytes) => format!(
            "{} mémoire la plus haute de visages-worker : {} Mio (but : moins de 1 Go)",
            mark(bytes < MEMORY),
            bytes >> 20
        ),
        None => "Mémoire la plus haute de visages-worker : inconnue".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_and_tables() {
        assert_eq!(difference(&[0, 10, 255], &[3, 10, 252]), 2.0);
        let way = |name: &str, speeds: [f64; 3]| Way {
            name: name.to_owned(),
            scaled: true,
            speeds: speeds.to_vec(),
            difference: 0.5,
        };
        let ways = [
            way("a", [900.0, 1000.0, 100.0]),
            way("b", [450.0; 3]),
            way("c", [400.0, 401.0, 399.0]),
            way("d", [300.0; 3]),
        ];
        let text = table(&ways, 12_000, 64, 2, Some(300 << 20));
        assert!(
            text.contains("900 images/s   écart moyen 0,50 / 255"),
            "{text}"
        );
        assert!(
            text.contains("2,25 × en échelle réduite, 1,50 × en décodage entier"),
            "{text}"
        );
        assert!(
            text.contains("✔ visages / Pillow") && text.contains("✔ pixels : au plus 0,50"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "✔ mémoire la plus haute de visages-worker : 300 Mio (but : moins de 1 Go)"
            ),
            "{text}"
        );
        let slow = [
            way("a", [450.0; 3]),
            way("b", [450.0; 3]),
            way("c", [400.0; 3]),
            way("d", [300.0; 3]),
        ];
        let text = table(&slow, 12_000, 64, 2, Some(2_000 << 20));
        assert!(
            text.contains("✘ visages / Pillow") && text.contains("✘ mémoire"),
            "{text}"
        );
    }
}
