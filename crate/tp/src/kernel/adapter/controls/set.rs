//! One set of controls: its models, its values, what waits for its output.

use std::time::Instant;

use bytes::Bytes;
use tp_protocol::controls::{Control, File, Kind, ToCells, Value};

use super::models::Models;
use super::values::value_state;
use crate::kernel::adapter::wire::Message;

/// A live set.
pub(super) struct Set {
    /// The process that it lives in.
    pub(super) connection: u64,
    /// Its number there.
    pub(super) number: u64,
    /// What its cell was executed by.
    pub(super) request: Message,
    pub(super) controls: Vec<Control>,
    values: Vec<Value>,
    pub(super) models: Models,
    /// The values that the function works on, and since when.
    pub(super) asked: Option<(u64, Instant)>,
    /// Values came since.
    pub(super) moved: bool,
    /// Its note says something that the next output puts an end to.
    pub(super) noted: bool,
    /// Its process is there.
    pub(super) alive: bool,
    serial: u64,
    /// Messages of pages whose idle status waits for the output of these values.
    waiting: Vec<(u64, Message)>,
    files: Vec<(File, Bytes)>,
}

impl Set {
    pub(super) fn new(
        (connection, number): (u64, u64),
        request: Message,
        controls: Vec<Control>,
        rows: &[Vec<usize>],
        output: &str,
    ) -> Self {
        Self {
            connection,
            number,
            request,
            values: controls.iter().map(|one| one.kind.first_value()).collect(),
            models: Models::build(&controls, rows, output),
            controls,
            asked: None,
            moved: false,
            noted: false,
            alive: true,
            serial: 0,
            waiting: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Takes a new value; the models that show it, with the part of their state that does. Empty when nothing changed.
    pub(super) fn take(&mut self, control: usize, value: Value) -> Vec<String> {
        if self.values.get(control) == Some(&value) {
            return Vec::new();
        }
        let state = value_state(&value);
        if let Some(kept) = self.values.get_mut(control) {
            *kept = value;
        }
        self.moved = true;
        let of = self.models.inputs.iter().filter(|(_, of)| *of == control);
        let ids: Vec<String> = of.map(|(id, _)| id.clone()).collect();
        for id in &ids {
            if let (Some(model), Some(state)) = (self.models.get_mut(id), state.as_object()) {
                model.state.extend(state.clone());
            }
        }
        ids
    }

    /// The present value of a control.
    pub(super) fn value(&self, control: usize) -> Option<&Value> {
        self.values.get(control)
    }

    /// Counts a click.
    pub(super) fn click(&mut self, control: usize) {
        if let Some(Value::Clicks(clicks)) = self.values.get_mut(control) {
            *clicks += 1;
            self.moved = true;
        }
    }

    /// Takes a file; it is forgotten once it is sent.
    pub(super) fn upload(&mut self, control: usize, name: &str, content: Bytes) {
        if let Some(Value::Files(files)) = self.values.get_mut(control) {
            *files += 1;
            self.moved = true;
            // A later file of the same control takes the place of one that nobody saw.
            self.files.retain(|(file, _)| file.control != control);
            let name = name.to_owned();
            self.files.push((File { control, name }, content));
        }
    }

    /// Whether it has a control that files are given to.
    pub(super) fn uploads(&self) -> Vec<String> {
        let is_upload = |control: &usize| {
            let control = self.controls.get(*control);
            control.is_some_and(|control| matches!(control.kind, Kind::Upload { .. }))
        };
        let inputs = self.models.inputs.iter();
        inputs
            .filter(|(_, control)| is_upload(control))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Has a page's message wait for the output of the values that are sent next.
    pub(super) fn hold(&mut self, request: Message) {
        self.waiting.push((self.serial + 1, request));
    }

    /// The message that asks for the output of the present values.
    pub(super) fn ask(&mut self) -> (ToCells, Bytes) {
        self.serial += 1;
        self.asked = Some((self.serial, Instant::now()));
        let first = (!self.files.is_empty()).then(|| self.files.remove(0));
        // A second file goes with the next values.
        self.moved = !self.files.is_empty();
        let (file, bytes) = first.unzip();
        let message = ToCells::Values {
            set: self.number,
            serial: self.serial,
            values: self.values.clone(),
            file,
        };
        (message, bytes.unwrap_or_default())
    }

    /// The messages that waited for the output of these values.
    pub(super) fn answered(&mut self, serial: u64) -> Vec<Message> {
        let (done, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(wanted, _)| *wanted <= serial);
        self.waiting = waiting;
        let done: Vec<(u64, Message)> = done;
        done.into_iter().map(|(_, request)| request).collect()
    }

    /// All messages that wait, for an output that does not come.
    pub(super) fn release(&mut self) -> Vec<Message> {
        self.answered(u64::MAX)
    }

    /// Its process is gone: nothing is computed any more.
    pub(super) fn retired(&mut self) -> Vec<Message> {
        self.alive = false;
        self.asked = None;
        self.moved = false;
        self.files.clear();
        self.release()
    }
}
