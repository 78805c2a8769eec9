//! What moves while a cell runs: progress bars and the gentle interrupt; trainings are shown by
//! [`live_training`](super::live_training).
//!
//! All of it needs the kernel adapter. Elsewhere trainings print lines, as ever.

use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tp_protocol::{Marker, ProgressEnd, STOP_VARIABLE};

use super::{
    live_training::Live,
    output::{print_line, speaks_protocol},
};
use crate::host::{self, Host, ReadingWatcher};

/// Time between two moves of a bar.
const BAR_PERIOD: Duration = Duration::from_millis(200);
/// Steps after which the time left is told.
const WARM_UP: u64 = 5;
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
            reading: Some(|what, each, total, shown| {
                Box::new(ReadingBar::new(what, each, total, shown))
            }),
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

pub(super) fn new_id(kind: &str) -> String {
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
    each: &'static str,
    total: usize,
    shown: bool,
    start: Instant,
    bar: Option<ProgressBar>,
}

impl ReadingBar {
    fn new(what: &str, each: &'static str, total: usize, shown: bool) -> Self {
        Self {
            what: what.to_owned(),
            each,
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
        bar.go_to(done, self.each);
    }
}

/// The markers of one bar.
#[derive(Debug)]
pub(super) struct Bar {
    id: String,
    start: Instant,
    shown: Option<Instant>,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self {
            id: new_id("barre"),
            start: Instant::now(),
            shown: None,
        }
    }

    /// Moves the bar, unless it moved a moment ago; the end is always shown.
    pub(super) fn show(
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
