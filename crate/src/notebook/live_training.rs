//! A training while it runs: its bar, its curve, redrawn in its place, and what its model makes of a few images.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tp_protocol::{Marker, ProgressEnd};

use super::{
    live::{Bar, new_id},
    output::print_line,
};
use crate::{
    data::ImageStore,
    error::Result,
    figures::{Figure, image_rows, trace_figure},
    french::compact,
    host::{PictureRow, TrainingPlan, TrainingTrace, TrainingWatcher},
    metrics::shown_name,
};

/// Time between two drawings of a curve, at least.
const CURVE_PERIOD: Duration = Duration::from_millis(1000);
/// Time between two drawings of a curve, at most: on a loaded machine drawing is slow, and a curve that stands still says
/// nothing.
const CURVE_LONGEST: Duration = Duration::from_millis(4000);
/// Share of the time that drawing may take: one drawing in so many times its own duration.
const DRAWING_SHARE: u32 = 20;
/// Most pictures in a row of previews.
const PREVIEWS_PER_ROW: usize = 8;

/// Shows one training.
pub(super) struct Live {
    plan: TrainingPlan,
    bar: Bar,
    curve: Place,
    previews: Place,
    epoch: u32,
    ended: bool,
}

impl Live {
    pub(super) fn new(plan: TrainingPlan) -> Self {
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
        let Some(loss) = trace.losses.last() else {
            return String::new();
        };
        let step = format!("pas {} · perte {}", trace.losses.len(), compact(*loss));
        // The metric that matters, or the first one.
        let at = trace.target.map_or(0, |target| target.metric);
        let value = trace.points.last().and_then(|point| point.values.get(at));
        match (trace.metrics.get(at), value) {
            (Some(metric), Some(value)) => {
                let metric = shown_name(metric);
                format!("{step} · {metric} en validation {}", compact(*value))
            }
            _ => step,
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
