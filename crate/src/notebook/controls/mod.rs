//! Live controls: sliders, lists, check boxes, buttons and files that redraw a figure when they move, while a cell trains too.
//!
//! ```
//! use visages::prelude::*;
//!
//! let controls = Controls::new()
//!     .slider("Seuil", 0.0..=1.0, 0.5)
//!     .choice("Groupe", &["tous", "adultes"]);
//! interact(controls, |values| {
//!     let threshold = values.number("Seuil");
//!     format!("{} : seuil {}", values.choice("Groupe"), format_number(threshold, 2))
//! })?;
//! # Ok::<(), Error>(())
//! ```
//!
//! | file | owns |
//! |---|---|
//! | `builder` | [`Controls`]: what a set is made of |
//! | `values` | [`Values`], [`Upload`]: what the function is given |
//! | `view` | [`View`], [`IntoView`]: what it gives |
//! | `link` | the connection to the kernel adapter |
//! | `rehearsal` | [`rehearse`]: controls without a page, for check cells |
//! | `server` | the thread of a set |

mod builder;
mod link;
mod rehearsal;
mod server;
mod values;
mod view;

pub use builder::Controls;
pub use rehearsal::{Rehearsal, rehearse};
pub use values::{Upload, Values};
pub use view::{IntoView, View};

use tp_protocol::Marker;

use super::{
    attempt::{Attempt, attempt},
    display::print_blocks,
    live::new_id,
    output::{print_line, speaks_protocol},
};
use crate::error::Result;

/// Media type of a widget in a notebook.
const WIDGET: &str = "application/vnd.jupyter.widget-view+json";

/// A function of the values, whatever its type.
type Work = Box<dyn FnMut(&Values) -> Result<View> + Send>;

/// Shows controls, and below them what `work` makes of their values: a [`Figure`](crate::figures::Figure), a
/// [`Table`](super::Table), a text. It is called again each time that one moves, with the latest values, on a thread of its
/// own, and its output takes the place of the former one.
///
/// The function lives on after its cell: it owns what it uses. Write `move` before its bars, and give it copies of what later
/// cells still need.
///
/// ```
/// use visages::prelude::*;
/// let scores = vec![0.2, 0.7, 0.9];
/// let kept = scores.clone();
/// let controls = Controls::new().slider("Seuil", 0.0..=1.0, 0.5);
/// interact(controls, move |values| {
///     let threshold = values.number("Seuil");
///     let above = kept.iter().filter(|score| **score >= threshold).count();
///     format!("{above} images sur {}", kept.len())
/// })?;
/// assert_eq!(scores.len(), 3);
/// # Ok::<(), Error>(())
/// ```
///
/// An error or a panic of a later call is shown in the place of the output, and the controls go on. The thread computes alone,
/// beside a training: it takes no part of that one's threads, and nothing of the device's generator unless `work` draws from
/// it. Executing the cell again closes the former controls.
///
/// Where no page shows controls (`cargo tp run`, another kernel), the first output is shown as any value is, with the values
/// that made it.
///
/// # Errors
/// Those of the first call; [`Error::Argument`](crate::Error::Argument) for a control that makes no sense, or a label that none
/// has. An exercise that is still to write is told, and is no error.
pub fn interact<V: IntoView>(
    controls: Controls,
    mut work: impl FnMut(&Values) -> V + Send + 'static,
) -> Result<()> {
    start(controls, Box::new(move |values| work(values).into_view()))
}

fn start(controls: Controls, mut work: Work) -> Result<()> {
    let panel = controls.build()?;
    if rehearsal::is_on() {
        return rehearsal::keep(panel, work);
    }
    let values = Values::first(panel);
    let first = attempt(|| work(&values));
    // A label that does not exist explains whatever it led to.
    if let Some(mistake) = values.mistake() {
        return Err(mistake);
    }
    let Attempt::Done(view) = first? else {
        return Ok(());
    };
    let opened = link::open(values.panel(), &view);
    let model = opened.as_ref().and_then(|opened| opened.model.clone());
    show(&values, &view, model.as_deref());
    match opened {
        Some(opened) if opened.model.is_some() => server::spawn(opened, values, work),
        _ => Ok(()),
    }
}

/// Shows the first output: as the widget that a page knows by this model, and in any case by itself.
fn show(values: &Values, view: &View, model: Option<&str>) {
    let mut data = view.media();
    if let Some(text) = data.get_mut("text/plain") {
        *text = format!("{text}\n{}", values.described());
    }
    match model {
        Some(model) => {
            let widget =
                serde_json::json!({"model_id": model, "version_major": 2, "version_minor": 0});
            data.insert(WIDGET.to_owned(), widget.to_string());
        }
        // Nothing else tells them beside a picture.
        None => print_line(&values.described()),
    }
    if speaks_protocol() {
        let marker = Marker::Display {
            id: new_id("curseurs"),
            update: false,
            data,
        };
        print_line(&marker.encode());
    } else {
        let blocks: Vec<(&str, &str)> = data
            .iter()
            .map(|(media, body)| (media.as_str(), body.as_str()))
            .collect();
        print_blocks(&blocks);
    }
}
