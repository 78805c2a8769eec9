//! What moves while a cell runs: progress bars, the curve and the previews of a training, and the
//! gentle interrupt.
//!
//! All of it needs the kernel adapter. Elsewhere trainings print lines, as ever.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tp_protocol::{Marker, ProgressEnd, STOP_VARIABLE};

use super::output::{print_line, speaks_protocol};
use crate::{
    data::ImageStore,
    error::Result,
    figures::{Figure, image_rows, trace_figure},
    french::compact,
    host::{self, Host, PictureRow, ReadingWatcher, TrainingPlan, TrainingTrace, TrainingWatcher},
};

/// Time between two moves of a bar.
const BAR_PERIOD: Duration = Duration::from_millis(200);
/// Time between two drawings of a curve, at least.
const CURVE_PERIOD: Duration = Duration::from_millis(1000);
/// Time between two drawings of a curve, at most: on a loaded machine drawing is slow, and a curve that stands still says
/// nothing.
const CURVE_LONGEST: Duration = Duration::from_millis(4000);
/// Share of the time that drawing may take: one drawing in so many times its own duration.
const DRAWING_SHARE: u32 = 20;
/// Steps after which the time left is told.
const WARM_UP: u64 = 5;
/// Most pictures in a row of previews.
const PREVIEWS_PER_ROW: usize = 8;

/// A reading shorter than this shows no bar.
const READING_BAR_AFTER: Duration = Duration::from_secs(1);

/// Numbers the displays of this process.
static DISPLAYS: AtomicU64 = AtomicU64::new(1);

/// Called once, before the first cell: trainings are shown live where the reader understands it.
pub(super) fn prepare() {
    if speaks_protocol() {
        host::install(Host {
            asked: stop_requested,
            answered: |message| {
                let message = message.to_owned();
                print_line(&Marker::Stopped { message }.encode());
            },
            reading: Some(|what, total, shown| Box::new(ReadingBar::new(what, total, shown))),
            training: Some(|plan| Box::new(Live::new(plan))),
        });
    }
}

/// Whether the reader asked to interrupt the cell: a loop of one's own may look at it, say at each
/// step, and return what it has. The library's own loops do.
pub fn stop_requested() -> bool {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    FILE.get_or_init(|| std::env::var_os(STOP_VARIABLE).map(PathBuf::from))
        .as_ref()
        .is_some_and(|file| file.exists())
}

/// Takes away what the running cell has shown so far, as soon as it shows something else or ends: a loop of one's
/// own shows its latest state alone. Where nothing can be taken away, all stays.
///
/// ```
/// for trial in 0..3 {
///     visages::notebook::clear_output();
///     println!("essai {trial}");
/// }
/// ```
pub fn clear_output() {
    if speaks_protocol() {
        print_line(&Marker::Clear.encode());
    }
}

fn new_id(kind: &str) -> String {
    // The process id keeps apart the displays of a process and of the one that follows it.
    let number = DISPLAYS.fetch_add(1, Ordering::Relaxed);
    format!("{kind}-{}-{number}", std::process::id())
}

/// A progress bar for a loop of one's own; see [`progress_bar`].
#[derive(Debug)]
pub struct ProgressBar {
    bar: Bar,
    label: String,
    total: usize,
    done: usize,
    printed: Instant,
}

/// Opens a progress bar for `total` steps: call [`ProgressBar::advance`] after each. Where nothing can
/// move, a line is printed now and then.
///
/// ```
/// let mut bar = visages::notebook::progress_bar("Recherche", 3);
/// for trial in 0..3 {
///     bar.advance(&format!("essai {trial}"));
/// }
/// ```
pub fn progress_bar(label: &str, total: usize) -> ProgressBar {
    let mut bar = ProgressBar {
        bar: Bar::new(),
        label: label.to_owned(),
        total,
        done: 0,
        printed: Instant::now(),
    };
    // A loop without steps is over.
    bar.show("", (total == 0).then_some(ProgressEnd::Done));
    bar
}

impl ProgressBar {
    /// One step more; `detail` says something of it.
    pub fn advance(&mut self, detail: &str) {
        self.go_to(self.done + 1, detail);
    }

    /// So many steps are done.
    pub(super) fn go_to(&mut self, done: usize, detail: &str) {
        if self.done >= self.total {
            // The bar has ended: steps beyond the announced ones change nothing.
            return;
        }
        self.done = done.min(self.total);
        let ended = (self.done == self.total).then_some(ProgressEnd::Done);
        self.show(detail, ended);
    }

    fn show(&mut self, detail: &str, ended: Option<ProgressEnd>) {
        let Self {
            bar, label, total, ..
        } = self;
        if speaks_protocol() {
            bar.show(label, self.done as u64, *total as u64, detail, ended);
        } else if ended.is_some() || self.printed.elapsed() >= Duration::from_secs(2) {
            self.printed = Instant::now();
            print_line(&format!("{label} · {}/{total} · {detail}", self.done));
        }
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        if speaks_protocol() && self.done < self.total {
            let ended = match std::thread::panicking() {
                true => ProgressEnd::Failed,
                false => ProgressEnd::Stopped,
            };
            self.show("", Some(ended));
        }
    }
}

/// A reading of many files: its bar appears when it lasts, or not at all.
struct ReadingBar {
    what: String,
    total: usize,
    shown: bool,
    start: Instant,
    bar: Option<ProgressBar>,
}

impl ReadingBar {
    fn new(what: &str, total: usize, shown: bool) -> Self {
        Self {
            what: what.to_owned(),
            total,
            shown,
            start: Instant::now(),
            bar: None,
        }
    }
}

impl ReadingWatcher for ReadingBar {
    fn shows(&self) -> bool {
        self.shown
    }

    fn at(&mut self, done: usize) {
        if !self.shown || (self.bar.is_none() && self.start.elapsed() < READING_BAR_AFTER) {
            return;
        }
        let bar = self
            .bar
            .get_or_insert_with(|| progress_bar(&self.what, self.total));
        bar.go_to(done, "fichiers lus");
    }
}

/// The markers of one bar.
#[derive(Debug)]
struct Bar {
    id: String,
    start: Instant,
    shown: Option<Instant>,
}

impl Bar {
    fn new() -> Self {
        Self {
            id: new_id("barre"),
            start: Instant::now(),
            shown: None,
        }
    }

    /// Moves the bar, unless it moved a moment ago; the end is always shown.
    fn show(
        &mut self,
        label: &str,
        done: u64,
        total: u64,
        detail: &str,
        ended: Option<ProgressEnd>,
    ) {
        let recent = self.shown.is_some_and(|shown| shown.elapsed() < BAR_PERIOD);
        if recent && ended.is_none() {
            return;
        }
        self.shown = Some(Instant::now());
        let left = total.saturating_sub(done);
        let pace = self.start.elapsed().as_secs_f64() / done.max(1) as f64;
        let marker = Marker::Progress {
            id: self.id.clone(),
            label: label.to_owned(),
            done,
            total,
            detail: detail.to_owned(),
            seconds_left: (done >= WARM_UP && ended.is_none()).then_some(pace * left as f64),
            ended,
        };
        print_line(&marker.encode());
    }
}

/// Shows one training.
struct Live {
    plan: TrainingPlan,
    bar: Bar,
    curve: Place,
    previews: Place,
    epoch: u32,
    ended: bool,
}

impl Live {
    fn new(plan: TrainingPlan) -> Self {
        let mut live = Self {
            plan,
            bar: Bar::new(),
            curve: Place::new("courbe"),
            previews: Place::new("apercus"),
            epoch: 1,
            ended: false,
        };
        live.bar("préparation", 0, None);
        live
    }

    fn bar(&mut self, detail: &str, steps: usize, ended: Option<ProgressEnd>) {
        if !self.plan.shown {
            return;
        }
        let (before, total) = (self.plan.before, self.plan.steps);
        self.bar.show(
            &format!("Entraînement, époque {}/{}", self.epoch, self.plan.epochs),
            steps.saturating_sub(before) as u64,
            total.saturating_sub(before).max(1) as u64,
            detail,
            ended,
        );
    }

    fn detail(trace: &TrainingTrace<'_>) -> String {
        match trace.losses.last() {
            Some(loss) => format!("pas {} · perte {}", trace.losses.len(), compact(*loss)),
            None => String::new(),
        }
    }
}

impl TrainingWatcher for Live {
    fn shows(&self) -> bool {
        self.plan.shown
    }

    fn step(&mut self, epoch: u32, trace: &TrainingTrace<'_>) {
        self.epoch = epoch;
        let steps = trace.losses.len();
        self.bar(&Self::detail(trace), steps, None);
        if self.plan.shown && steps > 1 {
            self.curve.draw_if_due(|| trace_figure(trace).ok());
        }
    }

    fn epoch(&mut self, trace: &TrainingTrace<'_>) {
        if self.plan.shown && trace.losses.len() > 1 && !trace.metrics.is_empty() {
            self.curve.draw_if_due(|| trace_figure(trace).ok());
        }
    }

    fn previews(&mut self, rows: &[PictureRow<'_>]) {
        if self.plan.shown {
            let caption = format!("Aperçu pendant l'entraînement, époque {}", self.epoch);
            self.previews.draw(|| preview_figure(rows, &caption).ok());
        }
    }

    fn saved(&mut self, folder: &Path, epoch: u32) {
        let folder = folder.display().to_string();
        print_line(&Marker::Saved { folder, epoch }.encode());
    }

    fn end(&mut self, trace: &TrainingTrace<'_>, stopped: bool) {
        self.ended = true;
        let ended = if stopped {
            ProgressEnd::Stopped
        } else {
            ProgressEnd::Done
        };
        let steps = trace.losses.len();
        self.bar(&Self::detail(trace), steps, Some(ended));
        if self.plan.shown && steps > 1 {
            self.curve.draw(|| trace_figure(trace).ok());
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The loop left on an error or a panic.
        if !self.ended {
            self.bar("", 0, Some(ProgressEnd::Failed));
        }
    }
}

/// A picture that is redrawn in its place.
struct Place {
    id: String,
    drawn: Option<Instant>,
    /// How long the last drawing took.
    cost: Duration,
}

impl Place {
    fn new(kind: &str) -> Self {
        Self {
            id: new_id(kind),
            drawn: None,
            cost: Duration::ZERO,
        }
    }

    /// Draws when the last picture is old enough for what drawing costs.
    fn draw_if_due(&mut self, figure: impl FnOnce() -> Option<Figure>) {
        let pause = (self.cost * DRAWING_SHARE).clamp(CURVE_PERIOD, CURVE_LONGEST);
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= pause) {
            self.draw(figure);
        }
    }

    /// Draws now; a figure that cannot be drawn is left out, the training goes on.
    fn draw(&mut self, figure: impl FnOnce() -> Option<Figure>) {
        let start = Instant::now();
        if let Some(figure) = figure() {
            let marker = Marker::Display {
                id: self.id.clone(),
                update: self.drawn.is_some(),
                data: representations(&figure),
            };
            print_line(&marker.encode());
            self.drawn = Some(Instant::now());
            self.cost = start.elapsed();
        }
    }
}

/// Rows of pictures, given as bytes.
fn preview_figure(rows: &[PictureRow<'_>], caption: &str) -> Result<Figure> {
    let stores = rows
        .iter()
        .map(|row| {
            let mut store = ImageStore::new(row.height, row.width);
            row.pictures.iter().try_for_each(|rgb| store.push(rgb))?;
            Ok(store)
        })
        .collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = rows.iter().map(|row| row.name).zip(&stores).collect();
    image_rows(&rows, PREVIEWS_PER_ROW, caption)
}

fn representations(figure: &Figure) -> BTreeMap<String, String> {
    [
        ("image/png", STANDARD.encode(figure.png())),
        ("text/plain", figure.alt_text().to_owned()),
    ]
    .map(|(media, body)| (media.to_owned(), body))
    .into()
}
