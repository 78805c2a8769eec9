//! What was measured: medians, the agreement of the losses, French tables.

use serde::{Deserialize, Serialize};

use super::Model;
use crate::error::{Error, Result};
use crate::french::{counted, fixed};

/// Largest relative difference of the losses before any update: both sides compute the same function.
const FIRST_TOLERANCE: f64 = 5e-5;
/// Largest difference of the losses after one update, as a share of the first: both sides compute the same gradients and
/// the same Adam. The rounding of TensorFlow, Keras, PyTorch, burn and ours spreads them by 2e-4 at 32 images a batch, by
/// 7e-4 at 128.
const SECOND_TOLERANCE: f64 = 2e-3;
/// Largest difference of the last losses, as a share of the first: rounding differs from the first step on, and Adam turns
/// the sign of a tiny gradient into a whole step. The largest difference seen, with PyTorch in the young/old network,
/// is 0.0055.
const LAST_TOLERANCE: f64 = 1e-2;

/// The losses that both sides went through, nothing being drawn at random.
#[derive(Debug, Serialize)]
pub struct Losses {
    /// Steps compared; the last loss is that before the last update.
    pub steps: usize,
    /// Ours and the peer's at the first step.
    pub first: [f64; 2],
    /// Ours and the peer's after one update; those of the only step when nothing is trained.
    pub second: [f64; 2],
    /// Ours and the peer's at the last step.
    pub last: [f64; 2],
    /// Largest difference on the way, as a share of the first loss.
    pub largest_gap: f64,
}

impl Losses {
    /// Both lists, of `steps` losses.
    ///
    /// # Errors
    /// [`Error::Usage`] when one is shorter.
    pub fn new(ours: &[f64], peer: &[f64], steps: usize) -> Result<Self> {
        if steps == 0 || ours.len() != steps || peer.len() != steps {
            return Err(Error::Usage(format!(
                "{steps} pertes attendues de chaque côté, {} et {} reçues.",
                ours.len(),
                peer.len()
            )));
        }
        let at = |step: usize| [ours[step], peer[step]];
        let gaps = ours.iter().zip(peer).map(|(a, b)| (a - b).abs());
        // A loss that is not a number is no agreement; `max` would skip it.
        let largest = gaps.fold(
            0.0,
            |largest: f64, gap| {
                if gap.is_nan() { gap } else { largest.max(gap) }
            },
        );
        Ok(Self {
            steps,
            first: at(0),
            second: at(1.min(steps - 1)),
            last: at(steps - 1),
            largest_gap: largest / ours[0].abs(),
        })
    }

    /// Whether both sides compute the same thing.
    pub fn agree(&self) -> bool {
        let scale = self.first[0].abs();
        let within = |[a, b]: [f64; 2], tolerance: f64| (a - b).abs() <= tolerance * scale;
        within(self.first, FIRST_TOLERANCE)
            && within(self.second, SECOND_TOLERANCE)
            && within(self.last, LAST_TOLERANCE)
    }
}

/// One side's figures.
#[derive(Debug, Serialize)]
pub struct SideReport {
    /// Library, version.
    pub engine: String,
    /// Median, first and third quartile of a step, in milliseconds.
    pub median: f64,
    pub quartiles: [f64; 2],
    /// Processor time of a step over all threads, in milliseconds: what the machine's other work does not inflate.
    pub cpu: Option<f64>,
    /// Peak of resident memory, in bytes.
    pub peak_memory: Option<u64>,
    /// Every timed step, in milliseconds.
    pub milliseconds: Vec<f64>,
    #[serde(skip)]
    cpu_seconds: Option<f64>,
}

impl SideReport {
    pub fn new(engine: String) -> Self {
        Self {
            engine,
            median: f64::NAN,
            quartiles: [f64::NAN; 2],
            cpu: None,
            peak_memory: None,
            milliseconds: Vec::new(),
            cpu_seconds: Some(0.0),
        }
    }

    /// Adds a block: its steps, and the process's time before and after it.
    pub fn add(&mut self, milliseconds: &[f64], cpu_seconds: Option<(f64, f64)>) {
        self.milliseconds.extend_from_slice(milliseconds);
        let spent = cpu_seconds.map(|(before, after)| after - before);
        self.cpu_seconds = self.cpu_seconds.zip(spent).map(|(sum, more)| sum + more);
    }

    /// Computes what the blocks give.
    pub fn finish(mut self, peak_memory: Option<u64>) -> Self {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| quantile(&sorted, share);
        (self.median, self.quartiles) = (at(0.5), [at(0.25), at(0.75)]);
        self.cpu = self
            .cpu_seconds
            .map(|seconds| 1e3 * seconds / self.milliseconds.len().max(1) as f64);
        self.peak_memory = peak_memory;
        self
    }
}

/// The value at a share of the sorted values, interpolated; NaN without values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * (place - low as f64),
        _ => f64::NAN,
    }
}

/// One configuration measured.
#[derive(Debug, Serialize)]
pub struct Run {
    pub model: Model,
    pub batch: usize,
    pub threads: usize,
    pub steps_a_block: usize,
    /// `None` without a peer.
    pub losses: Option<Losses>,
    pub ours: SideReport,
    pub peer: Option<SideReport>,
    pub profile: Option<Profile>,
}

impl Run {
    /// Our median over the peer's: below 1, we are faster.
    fn ratio(&self) -> Option<f64> {
        Some(self.ours.median / self.peer.as_ref()?.median)
    }
}

/// Where the time of our step goes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Profile {
    phases: Vec<Phase>,
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Phase {
    name: String,
    milliseconds: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Layer {
    name: String,
    output: Vec<usize>,
    forward: f64,
    backward: f64,
}

/// Everything for a reader.
pub fn text(runs: &[Run], load: Option<f64>) -> String {
    let mut lines = vec![format!(
        "{:<16}{:>5}{:>5}{:>27}{:>27}{:>9}{:>14}{:>16}{:>14}",
        "réseau",
        "lot",
        "fils",
        "nous, ms/pas",
        "pair, ms/pas",
        "rapport",
        "images/s",
        "CPU, ms/pas",
        "mémoire, Mo"
    )];
    lines.extend(runs.iter().map(row));
    let engines = runs.first().map(|run| match &run.peer {
        Some(peer) => format!("Nous : {} ; pair : {}.", run.ours.engine, peer.engine),
        None => format!("Nous : {}.", run.ours.engine),
    });
    lines.extend(engines);
    lines.push(
        "Médiane d'un pas [quartiles] ; rapport de nos millisecondes à celles du pair (moins de 1 : nous sommes plus rapides) ; \
         images/s, CPU (temps de processeur de tous les fils) et pic de mémoire : nous / pair."
            .to_owned(),
    );
    if let Some(load) = load {
        lines.push(format!(
            "Charge de la machine au début : {}.",
            fixed(load, 2)
        ));
    }
    for run in runs {
        lines.extend(run.losses.as_ref().map(|losses| losses_line(run, losses)));
    }
    for run in runs {
        if let Some(profile) = &run.profile {
            lines.push(String::new());
            lines.extend(profile_lines(run, profile));
        }
    }
    lines.join("\n")
}

fn row(run: &Run) -> String {
    let time = |side: &SideReport| {
        format!(
            "{} [{} ; {}]",
            fixed(side.median, 1),
            fixed(side.quartiles[0], 1),
            fixed(side.quartiles[1], 1)
        )
    };
    // « ours / peer », or ours alone.
    let both = |value: &dyn Fn(&SideReport) -> String| match &run.peer {
        Some(peer) => format!("{} / {}", value(&run.ours), value(peer)),
        None => value(&run.ours),
    };
    let pace = |side: &SideReport| fixed(1e3 * run.batch as f64 / side.median, 0);
    let cpu = |side: &SideReport| side.cpu.map_or("?".to_owned(), |cpu| fixed(cpu, 1));
    let memory = |side: &SideReport| {
        side.peak_memory
            .map_or("?".to_owned(), |bytes| fixed(bytes as f64 / 1e6, 0))
    };
    format!(
        "{:<16}{:>5}{:>5}{:>27}{:>27}{:>9}{:>14}{:>16}{:>14}",
        run.model.name(),
        run.batch,
        run.threads,
        time(&run.ours),
        run.peer.as_ref().map_or("–".to_owned(), time),
        run.ratio().map_or("–".to_owned(), |ratio| fixed(ratio, 2)),
        both(&pace),
        both(&cpu),
        both(&memory),
    )
}

fn losses_line(run: &Run, losses: &Losses) -> String {
    let name = format!(
        "{}, lot de {}, {}",
        run.model.name(),
        run.batch,
        counted(run.threads, "fil")
    );
    let (sign, verdict) = match losses.agree() {
        true => ("✔", "pertes égales"),
        false => (
            "✘",
            "les pertes DIFFÈRENT : les deux côtés ne calculent pas la même chose",
        ),
    };
    let pair = |[ours, peer]: [f64; 2]| format!("{} / {}", fixed(ours, 6), fixed(peer, 6));
    let last = match losses.steps {
        1 => String::new(),
        steps => format!(
            " ; pas 2 : {} ; pas {steps} : {} ; plus grand écart en chemin : {} de la première perte",
            pair(losses.second),
            pair(losses.last),
            fixed(losses.largest_gap, 5)
        ),
    };
    format!(
        "{sign} {name} : {verdict} (pas 1 : {}{last})",
        pair(losses.first)
    )
}

fn profile_lines(run: &Run, profile: &Profile) -> Vec<String> {
    let mut lines = vec![format!(
        "Profil de {}, lot de {}, {} : parties d'un vrai pas, ms",
        run.model.name(),
        run.batch,
        counted(run.threads, "fil")
    )];
    let phases = profile.phases.iter();
    lines.extend(
        phases.map(|phase| format!("  {:<34}{:>9}", phase.name, fixed(phase.milliseconds, 2))),
    );
    if profile.layers.is_empty() {
        return lines;
    }
    lines.push("Couches mesurées une à une, ms (arrière : par différence)".to_owned());
    lines.push(format!(
        "  {:<16}{:<20}{:>9}{:>9}",
        "couche", "sortie", "avant", "arrière"
    ));
    for layer in &profile.layers {
        let shape: Vec<String> = layer.output.iter().map(usize::to_string).collect();
        lines.push(format!(
            "  {:<16}{:<20}{:>9}{:>9}",
            layer.name,
            shape.join(" × "),
            fixed(layer.forward, 2),
            fixed(layer.backward, 2)
        ));
    }
    let sum = |time: fn(&Layer) -> f64| fixed(profile.layers.iter().map(time).sum(), 2);
    lines.push(format!(
        "  {:<36}{:>9}{:>9}",
        "somme",
        sum(|layer| layer.forward),
        sum(|layer| layer.backward)
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(engine: &str, milliseconds: &[f64]) -> SideReport {
        let mut side = SideReport::new(engine.to_owned());
        side.add(milliseconds, Some((1.0, 1.5)));
        side.add(milliseconds, Some((2.0, 2.5)));
        side.finish(Some(300_000_000))
    }

    fn run(losses: Losses) -> Run {
        Run {
            model: Model::Cnn,
            batch: 32,
            threads: 2,
            steps_a_block: 4,
            losses: Some(losses),
            ours: side("visages", &[10.0, 20.0, 20.0, 40.0]),
            peer: Some(side("TensorFlow", &[40.0, 40.0, 40.0, 100.0])),
            profile: None,
        }
    }

    #[test]
    fn medians_ratio_and_processor_time() {
        let run = run(Losses::new(&[1.0, 0.5], &[1.0, 0.5], 2).unwrap());
        assert_eq!((run.ours.median, run.ours.quartiles), (20.0, [17.5, 25.0]));
        assert_eq!(run.ratio(), Some(0.5));
        assert_eq!(run.ours.cpu, Some(125.0));
        let row = row(&run);
        assert!(
            row.contains("20,0 [17,5 ; 25,0]") && row.contains(" 0,50 "),
            "{row}"
        );
        assert!(
            row.contains("1600 / 800") && row.ends_with("300 / 300"),
            "{row}"
        );
    }

    #[test]
    fn losses_agree_within_their_tolerances_only() {
        let agree =
            |ours: &[f64], peer: &[f64]| Losses::new(ours, peer, ours.len()).unwrap().agree();
        assert!(agree(&[0.8, 0.5, 0.1], &[0.800_01, 0.5001, 0.106]));
        assert!(!agree(&[0.8, 0.5, 0.1], &[0.801, 0.5, 0.1]));
        assert!(!agree(&[0.8, 0.5, 0.1], &[0.8, 0.502, 0.1]));
        assert!(!agree(&[0.8, 0.5, 0.1], &[0.8, 0.5, 0.11]));
        assert!(!agree(&[0.8, f64::NAN, 0.1], &[0.8, 0.5, 0.1]));
        // A network that only answers.
        assert!(agree(&[0.8], &[0.8]));
        assert!(!agree(&[0.8], &[0.801]));
        assert!(Losses::new(&[0.8], &[0.8, 0.1], 2).is_err());
        assert!(Losses::new(&[], &[], 0).is_err());
    }

    #[test]
    fn a_difference_is_said_loudly() {
        let text = text(
            &[run(Losses::new(&[1.0, 0.5], &[1.0, 0.6], 2).unwrap())],
            Some(1.5),
        );
        assert!(
            text.contains("✘ cnn, lot de 32, 2 fils : les pertes DIFFÈRENT"),
            "{text}"
        );
        assert!(
            text.contains("0,500000 / 0,600000")
                && text.contains("Charge de la machine au début : 1,50.")
        );
    }
}
