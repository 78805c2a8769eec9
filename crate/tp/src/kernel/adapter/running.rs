//! The cell that runs: what it showed, what it told, when it is over.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tp_protocol::Marker;

use super::errors::{self, Stop};
use super::pipes::Piece;
use super::questions;
use super::screen::{Screen, body_of};
use super::wire::Message;
use crate::jupyter::StreamName;

/// Why a cell's process is killed, or its compilation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// The user interrupted it.
    Interrupt,
    /// It took more memory than allowed, in bytes.
    Memory(u64),
    /// It took more time than allowed, in seconds.
    Duration(u64),
}

/// How long a loop that saw the request to stop may take to return what it has.
const HEARD_GRACE: Duration = Duration::from_secs(20);

/// A cell asked to stop.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) reason: Reason,
    /// When it was asked for the first time.
    pub(super) asked: Instant,
    /// When its process is killed, if it has not ended.
    pub(super) deadline: Instant,
    /// A loop saw the request.
    pub(super) heard: bool,
    /// Asked again: nothing is waited for any more.
    pub(super) hurried: bool,
    /// When its process was killed.
    pub(super) killed: Option<Instant>,
    /// A compiler was killed for it.
    pub(super) cut: bool,
}

/// Two requests closer than this are one: a double click on ■ must not cost the variables.
const DOUBLE_CLICK: Duration = Duration::from_millis(800);

impl Ending {
    /// Takes note of one more request to stop.
    pub(super) fn ask_again(&mut self) {
        self.hurried |= self.asked.elapsed() >= DOUBLE_CLICK;
    }

    /// Whether its process has had the time to end by itself.
    pub(super) fn is_due(&self) -> bool {
        let grace = match self.heard {
            true => HEARD_GRACE,
            false => Duration::ZERO,
        };
        self.hurried || Instant::now() >= self.deadline + grace
    }
}

/// The state of the training that was last saved.
#[derive(Debug, Clone)]
pub(super) struct SavedState {
    pub(super) folder: String,
    pub(super) epoch: u32,
}

/// One running cell.
pub(super) struct Running {
    pub(super) request: Message,
    pub(super) count: u64,
    pub(super) screen: Screen,
    /// Since when its own code runs: it is compiled.
    pub(super) begun: Option<Instant>,
    /// A cell `?name`, which is no code.
    pub(super) inspects: bool,
    /// What Jupyter's pager shows.
    pub(super) pages: Vec<Value>,
    /// The question to the user that waits for its answer.
    pub(super) question: Option<String>,
    /// Since when it reads its standard input without having asked anything.
    pub(super) reads_since: Option<Instant>,
    /// Since when its process is done with it, though evcxr has not said so.
    pub(super) done_since: Option<Instant>,
    /// Told to whoever still works for this cell.
    pub(super) over: Arc<AtomicBool>,
    /// Nothing of it is shown.
    pub(super) silent: bool,
    /// evcxr's reply.
    pub(super) reply: Option<Value>,
    /// evcxr has sent everything.
    pub(super) idle: bool,
    /// The barrier that follows all that the cell printed, and on how many streams it came.
    pub(super) barrier: Option<u64>,
    pub(super) barriers: u8,
    /// evcxr's own result, of a command.
    pub(super) result: Value,
    /// evcxr's error outputs.
    pub(super) errors: Vec<Value>,
    pub(super) stop: Option<Stop>,
    /// Line of evcxr's file where it stopped.
    pub(super) line: Option<u32>,
    pub(super) ending: Option<Ending>,
    pub(super) saved: Option<SavedState>,
    /// Marker lines are passed on to a client that asked for them.
    forwards: bool,
    ends_line: bool,
}

impl Running {
    pub(super) fn new(request: Message, count: u64, forwards: bool) -> Self {
        Self {
            silent: request.flag("silent", false),
            request,
            count,
            screen: Screen::new(count),
            begun: None,
            inspects: false,
            pages: Vec::new(),
            question: None,
            reads_since: None,
            done_since: None,
            over: Arc::default(),
            reply: None,
            idle: false,
            barrier: None,
            barriers: 0,
            result: Value::Null,
            errors: Vec::new(),
            stop: None,
            line: None,
            ending: None,
            saved: None,
            forwards,
            ends_line: true,
        }
    }

    /// Takes something that the cell printed.
    pub(super) fn take(&mut self, stream: StreamName, piece: Piece) {
        match piece {
            Piece::Text(text) => self.print(stream, &text),
            Piece::Content { media, body } => self.screen.value(media, body),
            Piece::Marker(marker) => self.mark(marker),
            // Asked by the adapter, which alone can answer.
            Piece::Question { prompt, .. } => self.print(stream, &format!("{prompt}\n")),
            // Before this cell begins, it is the last one's.
            Piece::Over if self.begun.is_some() => {
                self.done_since = self.done_since.or_else(|| Some(Instant::now()));
            }
            Piece::Over => {}
            Piece::Barrier(number) => {
                if self.barrier == Some(number) {
                    self.barriers += 1;
                }
            }
        }
    }

    fn print(&mut self, stream: StreamName, text: &str) {
        if stream == StreamName::Stdout {
            self.ends_line = text.ends_with('\n');
        }
        match errors::lost_variables(text) {
            Some(told) if stream == StreamName::Stderr => self.screen.print(stream, &told),
            _ => self.screen.print(stream, text),
        }
    }

    /// Takes a message of ours.
    pub(super) fn mark(&mut self, marker: Marker) {
        match &marker {
            Marker::Begin => self.begun = self.begun.or_else(|| Some(Instant::now())),
            Marker::Line { line } => self.line = Some(*line),
            Marker::Panic { message, location } => {
                self.stop = Some(Stop::Panic {
                    message: message.clone(),
                    location: location.clone(),
                });
            }
            Marker::Failure { message } => {
                self.stop = Some(Stop::Failure {
                    message: message.clone(),
                });
            }
            Marker::Points { .. } => {}
            Marker::Clear => self.screen.clear(),
            Marker::Display { id, data, .. } => {
                let body =
                    |(media, body): (&String, &String)| (media.clone(), body_of(media, body));
                let data: Map<String, Value> = data.iter().map(body).collect();
                self.screen.display(id, Value::Object(data), None, false);
            }
            Marker::Progress { .. } => self.screen.progress(marker.clone()),
            Marker::Stopped { message } => {
                if let Some(ending) = &mut self.ending {
                    ending.heard = true;
                }
                self.print(StreamName::Stdout, &format!("■ {message}\n"));
            }
            Marker::Saved { folder, epoch } => {
                self.saved = Some(SavedState {
                    folder: folder.clone(),
                    epoch: *epoch,
                });
            }
        }
        let told = matches!(
            marker,
            Marker::Points { .. } | Marker::Panic { .. } | Marker::Failure { .. }
        );
        if told && self.forwards {
            let start = if self.ends_line { "" } else { "\n" };
            self.ends_line = true;
            self.screen
                .forward(&format!("{start}{}\n", marker.encode()));
        }
    }

    /// Takes evcxr's description of the name that the cell asks about.
    pub(super) fn described(&mut self, found: &Value) {
        match questions::page(found) {
            Some(page) => self.pages.push(page),
            None => {
                let text = questions::unknown(self.request.text("code"));
                self.print(StreamName::Stdout, &text);
            }
        }
        // Nothing comes through the pipes.
        self.reply = Some(json!({"status": "ok"}));
        self.idle = true;
        self.barriers = 2;
    }

    /// Whether nothing more can come of it.
    pub(super) fn is_over(&self) -> bool {
        self.reply.is_some() && self.idle && self.barriers >= 2
    }

    /// Whether evcxr replied with an error.
    pub(super) fn failed(&self) -> bool {
        self.reply
            .as_ref()
            .is_some_and(|reply| reply["status"] != "ok")
    }
}
