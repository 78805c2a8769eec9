//! A client that shows live controls, as a notebook's page does, without a browser: it hears of their models and moves them.

use std::time::{Duration, Instant};

use jupyter_protocol::{
    CommId, CommMsg, CommOpen, ExecuteRequest, ExecutionState, InterruptRequest, JupyterMessage,
    JupyterMessageContent,
};
use serde_json::{Map, Value as Json, json};
use tokio::runtime::Runtime;

use super::StartOptions;
use super::exchange::{Channels, Signals, connect, exchange_error, send};
use super::process::{KernelCommand, KernelProcess};
use crate::error::Result;

/// The comm on which it asks for all states.
const STATES: &str = "etats";

/// A widget model that the kernel opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its comm.
    pub id: String,
    /// What it is: `FloatSliderModel`.
    pub name: String,
    /// Its first state.
    pub state: Json,
}

/// What came of one move.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// From the move to the new output, and the output, where one came.
    pub output: Option<(Duration, Json)>,
    /// From the move to the end of its work.
    pub idle: Duration,
}

/// A kernel and the page that shows it. Dropping it ends the kernel.
pub struct Page {
    channels: Channels,
    runtime: Runtime,
    process: KernelProcess,
}

impl Page {
    /// Starts a kernel, and asks it for all states as a page does.
    ///
    /// # Errors
    /// Those of [`super::Client::start`].
    pub fn start(command: &KernelCommand) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| exchange_error(&source))?;
        let patience = StartOptions::default().timeout;
        let (process, channels, _) =
            connect(&runtime, command, patience, &mut Signals::left_alone())?;
        let mut page = Self {
            channels,
            runtime,
            process,
        };
        let open = CommOpen {
            comm_id: CommId(STATES.to_owned()),
            target_name: "jupyter.widget.control".to_owned(),
            ..CommOpen::default()
        };
        page.exchange(open.into(), patience, &mut |_| false)?;
        page.message(
            STATES,
            json!({"method": "request_states"}),
            patience,
            &mut |_| false,
        )?;
        Ok(page)
    }

    /// Process id of the kernel.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Runs a cell; the models that it opened.
    ///
    /// # Errors
    /// [`crate::Error::Command`] when the cell fails or the kernel cannot be spoken to.
    pub fn execute(&mut self, code: &str, limit: Duration) -> Result<Vec<Model>> {
        let mut models = Vec::new();
        let mut failure = None;
        self.exchange(
            ExecuteRequest::new(code.to_owned()).into(),
            limit,
            &mut |content| {
                match content {
                    JupyterMessageContent::CommOpen(open) => models.push(Model {
                        id: open.comm_id.0.clone(),
                        name: open.data["state"]["_model_name"]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned(),
                        state: open.data["state"].clone(),
                    }),
                    JupyterMessageContent::ErrorOutput(error) => {
                        failure = Some(error.evalue.clone());
                    }
                    _ => {}
                }
                false
            },
        )?;
        match failure {
            Some(reason) => Err(exchange_error(&reason)),
            None => Ok(models),
        }
    }

    /// Begins a cell, and waits until it has printed this.
    ///
    /// # Errors
    /// As [`Page::execute`], and when it ends before.
    pub fn begin(&mut self, code: &str, words: &str, limit: Duration) -> Result<()> {
        let mut printed = String::new();
        let mut seen = false;
        self.exchange(
            ExecuteRequest::new(code.to_owned()).into(),
            limit,
            &mut |content| {
                if let JupyterMessageContent::StreamContent(text) = content {
                    printed.push_str(&text.text);
                }
                seen |= printed.contains(words);
                seen
            },
        )?;
        match seen {
            true => Ok(()),
            false => Err(exchange_error(&format!(
                "la cellule n'a pas écrit « {words} »"
            ))),
        }
    }

    /// Moves a control, and waits until its work is over. `place` is the model that shows outputs.
    ///
    /// # Errors
    /// [`crate::Error::Command`] when the kernel does not answer.
    pub fn set(
        &mut self,
        control: &str,
        state: Json,
        place: &str,
        limit: Duration,
    ) -> Result<Moved> {
        let start = Instant::now();
        let mut output = None;
        let data = json!({"method": "update", "state": state, "buffer_paths": []});
        self.message(control, data, limit, &mut |content| {
            if let JupyterMessageContent::CommMsg(told) = content
                && told.comm_id.0 == place
            {
                output = Some((start.elapsed(), told.data["state"].clone()));
            }
            false
        })?;
        Ok(Moved {
            output,
            idle: start.elapsed(),
        })
    }

    /// Asks the kernel to interrupt the running cell.
    ///
    /// # Errors
    /// [`crate::Error::Command`] when the kernel does not confirm.
    pub fn interrupt(&mut self, limit: Duration) -> Result<()> {
        let Self {
            channels,
            runtime,
            process,
        } = self;
        runtime.block_on(async {
            send(&mut channels.control, InterruptRequest {}.into()).await?;
            channels.confirmed(process, limit).await
        })
    }

    fn message(
        &mut self,
        comm: &str,
        data: Json,
        limit: Duration,
        hear: &mut dyn FnMut(&JupyterMessageContent) -> bool,
    ) -> Result<()> {
        let data = match data {
            Json::Object(data) => data,
            _ => Map::new(),
        };
        let content = CommMsg {
            comm_id: CommId(comm.to_owned()),
            data,
        };
        self.exchange(content.into(), limit, hear)
    }

    /// Sends, and hears what comes of it until its end, or until `hear` has heard enough.
    fn exchange(
        &mut self,
        content: JupyterMessageContent,
        limit: Duration,
        hear: &mut dyn FnMut(&JupyterMessageContent) -> bool,
    ) -> Result<()> {
        let Self {
            channels,
            runtime,
            process,
        } = self;
        let request = JupyterMessage::new(content, None);
        let id = request.header.msg_id.clone();
        let deadline = Instant::now() + limit;
        runtime.block_on(async {
            send(&mut channels.shell, request).await?;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let message = tokio::select! {
                    message = tokio::time::timeout(left, channels.iopub.read()) => message,
                    // Read so that the kernel never waits for a full socket.
                    _ = channels.shell.read() => continue,
                };
                let message = match message {
                    Ok(message) => message.map_err(|error| exchange_error(&error))?,
                    Err(_) => return Err(exchange_error(&late(process, limit))),
                };
                let ours = message.parent_header.as_ref();
                if ours.is_none_or(|parent| parent.msg_id != id) {
                    continue;
                }
                if hear(&message.content) {
                    return Ok(());
                }
                if let JupyterMessageContent::Status(status) = &message.content
                    && matches!(status.execution_state, ExecutionState::Idle)
                {
                    return Ok(());
                }
            }
        })
    }
}

fn late(process: &mut KernelProcess, limit: Duration) -> String {
    match process.ended() {
        Some(status) => format!("le noyau s'est arrêté, {status}"),
        None => format!("pas de réponse en {}", crate::process::clock(limit)),
    }
}
