//! Live controls: between the pages, which speak the ipywidgets protocol, and the process of the cells.
//!
//! | file | owns |
//! |---|---|
//! | [`socket`] | the connection of the cells' process |
//! | [`set`] | one set: its models, its values, what waits for an output |
//! | [`models`] | the widget models of a set |
//! | [`trace`] | their ids, known after their session too |
//! | [`values`] | values as pages send and show them |
//! | [`place`] | an output as HTML |
//! | [`comms`] | what pages say |
//! | [`leftover`] | controls that a saved notebook still names |
//!
//! evcxr hears nothing of it. A value goes to the cells at once, the next one when its output is there; what moves
//! meanwhile is one message. A page's control sends nothing more before the idle status of its last message, which
//! therefore comes after the output: a slow function slows its own slider and drops what is in between.

mod comms;
mod leftover;
mod models;
mod place;
mod set;
pub(super) mod socket;
mod trace;
mod values;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tp_protocol::controls::{Control, FromCells, ToCells, View};

use super::Adapter;
use super::wire::Message;
use models::Model;
use set::Set;
use socket::{Told, Writer};

/// The target of every widget's comm.
const WIDGET: &str = "jupyter.widget";
/// Metadata of a model's comm: a page refuses another major version.
const MODEL_VERSION: &str = "2.1.0";
/// Sets that live at once; beyond, the oldest one is closed.
const MOST_SETS: usize = 32;
/// How long a page's control waits for its output before it may send again.
const HOLD: Duration = Duration::from_secs(2);
/// A function that takes longer is told so.
const SLOW: Duration = Duration::from_secs(10);

const SLOW_NOTE: &str = "Le calcul dure depuis plus de 10 secondes. S'il ne finit pas, interrompez-le (bouton ■), ou redémarrez le noyau (menu Noyau).";
const DEAD_NOTE: &str = "Ces curseurs ne répondent plus, car le programme des cellules a redémarré : réexécutez la cellule pour les retrouver.";

/// All sets of controls of the session.
#[derive(Default)]
pub(super) struct Controls {
    cells: HashMap<u64, Writer>,
    sets: Vec<Set>,
    /// Comms on which pages ask for all states.
    pages: HashSet<String>,
    /// The clients that asked.
    clients: HashSet<String>,
    /// A page that shows controls was there.
    shown: bool,
    notebook: Option<PathBuf>,
    /// One id of each set of the kernels before this one.
    former: Vec<String>,
    /// Where the next kernel finds those of this one.
    memory: PathBuf,
}

impl Controls {
    pub(super) fn new(connection_file: &Path) -> Self {
        let memory = leftover::memory(connection_file);
        Self {
            notebook: leftover::notebook(),
            former: leftover::recall(&memory),
            memory,
            ..Self::default()
        }
    }

    /// The comms of a target, as « comm_info_request » wants them.
    pub(super) fn info(&self, target: Option<&str>) -> Json {
        let mut comms = serde_json::Map::new();
        if target.is_none_or(|target| target == WIDGET) {
            let models = self.sets.iter().flat_map(|set| &set.models.all);
            comms.extend(models.map(|model| (model.id.clone(), json!({"target_name": WIDGET}))));
        }
        json!({"status": "ok", "comms": comms})
    }

    /// Whether a set computes.
    pub(super) fn is_busy(&self) -> bool {
        self.sets.iter().any(|set| set.asked.is_some())
    }

    fn find(&mut self, connection: u64, number: u64) -> Option<&mut Set> {
        self.sets
            .iter_mut()
            .find(|set| set.connection == connection && set.number == number)
    }

    fn owner_of(&self, model: &str) -> Option<usize> {
        self.sets
            .iter()
            .position(|set| set.models.all.iter().any(|known| known.id == model))
    }
}

/// Which cell a set belongs to: by the page's own name of it, else by its code.
fn cell_of(request: &Message) -> String {
    match request.metadata["cellId"].as_str() {
        Some(id) => id.to_owned(),
        None => request.text("code").to_owned(),
    }
}

/// Whether a cell was executed by JupyterLab, which shows either controls or, without their extension, the picture beside
/// them. After a restart that it did not ask for itself, it says no more of its own accord.
fn comes_from_a_page(request: &Message) -> bool {
    request.metadata["deletedCells"].is_array()
}

impl Adapter {
    /// Takes what a process of the cells says.
    pub(super) async fn controls_told(&mut self, told: Told) {
        match told {
            Told::Came(connection, writer) => {
                self.controls.cells.insert(connection, writer);
            }
            Told::Gone(connection) => {
                self.controls.cells.remove(&connection);
                for index in 0..self.controls.sets.len() {
                    if self.controls.sets[index].connection == connection {
                        self.retire(index, DEAD_NOTE).await;
                    }
                }
            }
            Told::Said(connection, message, bytes) => match message {
                FromCells::Hello { .. } => {}
                FromCells::Open {
                    set,
                    controls,
                    rows,
                    view,
                } => {
                    let output = place::html(&view, &bytes);
                    self.open(connection, set, controls, &rows, &output).await;
                }
                FromCells::Output { set, serial, view } => {
                    self.output(connection, set, serial, &view, &bytes).await;
                }
                FromCells::Close { set } => {
                    let of = |one: &Set| one.connection == connection && one.number == set;
                    if let Some(index) = self.controls.sets.iter().position(of) {
                        self.close(index).await;
                    }
                }
            },
        }
    }

    /// Opens a set on all pages, where one shows controls.
    async fn open(
        &mut self,
        connection: u64,
        number: u64,
        controls: Vec<Control>,
        rows: &[Vec<usize>],
        output: &str,
    ) {
        let cell = self.running.as_ref().or(self.past.as_ref());
        let cell = cell.map(|cell| cell.request.clone());
        let shown = self.controls.shown || cell.as_ref().is_some_and(comes_from_a_page);
        let (true, Some(cell)) = (shown, cell) else {
            let answer = ToCells::Opened {
                set: number,
                model: None,
            };
            self.to_cells(connection, &answer);
            return;
        };
        if self.controls.sets.len() >= MOST_SETS {
            self.close(0).await;
        }
        let set = Set::new((connection, number), cell, controls, rows, output);
        for model in &set.models.all {
            let opened = opening(&set.request, &self.front.session, model);
            self.front.iopub(&opened).await;
        }
        let answer = ToCells::Opened {
            set: number,
            model: Some(set.models.root.clone()),
        };
        self.controls.sets.push(set);
        self.to_cells(connection, &answer);
    }

    fn to_cells(&self, connection: u64, message: &ToCells) {
        if let Some(writer) = self.controls.cells.get(&connection) {
            writer.send(message, b"");
        }
    }

    /// Shows what the latest values gave, and sends the ones that came meanwhile.
    async fn output(
        &mut self,
        connection: u64,
        number: u64,
        serial: u64,
        view: &View,
        bytes: &[u8],
    ) {
        let Some(set) = self.controls.find(connection, number) else {
            return;
        };
        if set.asked.take_if(|asked| asked.0 == serial).is_none() {
            return;
        }
        let waiting = set.answered(serial);
        let parent = waiting.last().unwrap_or(&set.request).clone();
        let (place, note) = (set.models.place.clone(), set.models.note.clone());
        let value = place::html(view, bytes);
        let noted = std::mem::take(&mut set.noted);
        self.update(&parent, &place, json!({"value": value})).await;
        if noted {
            self.update(&parent, &note, json!({"value": ""})).await;
        }
        for request in waiting {
            self.rest(&request).await;
        }
        if self.running.is_none() && !self.controls.is_busy() {
            // An interrupt of these functions alone is over.
            let _ = std::fs::remove_file(self.settings.stop_file());
        }
        if let Some(set) = self.controls.find(connection, number)
            && set.moved
        {
            self.ask_cells(connection, number);
        }
    }

    /// Sends the present values of a set to its function, unless it still works on earlier ones.
    fn ask_cells(&mut self, connection: u64, number: u64) {
        let writer = self.controls.cells.get(&connection);
        let set = self
            .controls
            .sets
            .iter_mut()
            .find(|set| set.connection == connection && set.number == number);
        if let (Some(writer), Some(set)) = (writer, set)
            && set.asked.is_none()
        {
            let (message, bytes) = set.ask();
            writer.send(&message, &bytes);
        }
    }

    /// Changes a model's state, here and on all pages.
    async fn update(&mut self, parent: &Message, id: &str, state: Json) {
        let Some(owner) = self.controls.owner_of(id) else {
            return;
        };
        if let (Some(model), Json::Object(state)) =
            (self.controls.sets[owner].models.get_mut(id), &state)
        {
            model.state.extend(state.clone());
        }
        let data = json!({"method": "update", "state": state, "buffer_paths": []});
        self.comm_message(parent, id, data).await;
    }

    async fn comm_message(&mut self, parent: &Message, id: &str, data: Json) {
        let content = json!({"comm_id": id, "data": data});
        let message = parent.child("comm_msg", &self.front.session, content);
        self.front.iopub(&message).await;
    }

    /// A set whose process is gone stays where it is, and says so.
    async fn retire(&mut self, index: usize, why: &str) {
        let set = &mut self.controls.sets[index];
        let waiting = set.retired();
        let parent = set.request.clone();
        let inputs: Vec<String> = set.models.inputs.iter().map(|(id, _)| id.clone()).collect();
        let note = set.models.note.clone();
        for id in inputs {
            self.update(&parent, &id, json!({"disabled": true})).await;
        }
        let told = place::note(why);
        self.update(&parent, &note, json!({"value": told})).await;
        for request in waiting {
            self.rest(&request).await;
        }
    }

    /// Before another kernel takes this one's place: pages that did not ask for it hear that these controls are over, and
    /// the next kernel is left what it needs to tell the others.
    pub(super) async fn leave_controls(&mut self) {
        for index in 0..self.controls.sets.len() {
            self.retire(index, leftover::TOLD).await;
        }
        let roots = self.controls.sets.iter().map(|set| set.models.root.clone());
        self.controls.former.extend(roots);
        leftover::keep(&self.controls.memory, &self.controls.former);
    }

    /// Takes a set away from all pages; its thread ends.
    async fn close(&mut self, index: usize) {
        let mut set = self.controls.sets.remove(index);
        let waiting = set.retired();
        for model in set.models.all.iter().rev() {
            let content = json!({"comm_id": model.id, "data": {}});
            let message = set
                .request
                .child("comm_close", &self.front.session, content);
            self.front.iopub(&message).await;
        }
        let message = ToCells::Close { set: set.number };
        self.to_cells(set.connection, &message);
        for request in waiting {
            self.rest(&request).await;
        }
    }

    /// Closes the sets of a cell that is executed again, and of those that were deleted: no page does.
    pub(super) async fn close_former_controls(&mut self, request: &Message) {
        let cell = cell_of(request);
        let deleted = request.metadata["deletedCells"].as_array();
        let gone = |set: &Set| {
            let of = cell_of(&set.request);
            of == cell
                || deleted.is_some_and(|cells| cells.iter().any(|deleted| deleted == of.as_str()))
        };
        while let Some(index) = self.controls.sets.iter().position(gone) {
            self.close(index).await;
        }
    }

    /// Lets go of controls that waited long enough, and tells which functions are slow.
    pub(super) async fn watch_controls(&mut self) {
        let now = Instant::now();
        let mut released = Vec::new();
        let mut slow = Vec::new();
        for set in &mut self.controls.sets {
            let Some((_, since)) = set.asked else {
                continue;
            };
            if now.duration_since(since) >= HOLD {
                released.extend(set.release());
            }
            if now.duration_since(since) >= SLOW && !set.noted {
                set.noted = true;
                slow.push((set.request.clone(), set.models.note.clone()));
            }
        }
        for request in released {
            self.rest(&request).await;
        }
        for (parent, note) in slow {
            let told = place::note(SLOW_NOTE);
            self.update(&parent, &note, json!({"value": told})).await;
        }
    }
}

/// The message that makes a model on all pages.
fn opening(parent: &Message, session: &str, model: &Model) -> Message {
    let content = json!({
        "comm_id": model.id,
        "target_name": WIDGET,
        "data": {"state": model.state, "buffer_paths": []},
    });
    let mut message = parent.child("comm_open", session, content);
    message.metadata = json!({"version": MODEL_VERSION});
    message
}
