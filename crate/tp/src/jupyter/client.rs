//! The client of one kernel: what a caller asks and gets back.

use std::time::{Duration, Instant};

use jupyter_protocol::{
    CompleteRequest, ExecuteRequest, InspectRequest, InterruptRequest, JupyterMessage,
    JupyterMessageContent, KernelInfoReply, MediaType, ReplyStatus, ShutdownRequest,
};
use nbformat::v4::Output;
use tokio::runtime::Runtime;
use tp_protocol::Marker;

use super::exchange::{Cell, Channels, Signals, Stop, connect, exchange_error, send};
use super::outputs::{Collector, Event};
use super::process::{KernelCommand, KernelProcess};
use crate::error::{Error, Result};

/// How long an interrupted cell may take to give up before the kernel counts as dead.
const INTERRUPT_LIMIT: Duration = Duration::from_secs(8);
/// How long the kernel may take to end after a shutdown request.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);

/// How a kernel is started.
#[derive(Debug, Clone, Copy)]
pub struct StartOptions {
    /// How long the kernel may take to answer for the first time. Default 180 s: a loaded machine with cold disks.
    pub timeout: Duration,
    /// Ctrl-C and SIGTERM end the running cell as [`CellStatus::Interrupted`] instead of ending this process at once.
    /// Default `false`.
    pub catch_signals: bool,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(180),
            catch_signals: false,
        }
    }
}

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellStatus {
    /// The kernel replied ok. A panic is told by a marker, see [`CellResult::markers`].
    Ok,
    /// The kernel replied with an error: the code does not compile, or the cell's process ended.
    Error,
    /// The cell was interrupted at its time limit.
    TimedOut,
    /// The kernel itself ended.
    Died,
    /// Ctrl-C or SIGTERM came.
    Interrupted,
}

/// An error as the kernel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// Kind of error; evcxr always says `Error`.
    pub name: String,
    /// What went wrong.
    pub value: String,
    /// The details, one line each, with terminal colours.
    pub traceback: Vec<String>,
}

/// What a cell did.
#[derive(Debug)]
pub struct CellResult {
    /// How it ended.
    pub status: CellStatus,
    /// Its outputs, ready for a notebook; marker lines are taken out.
    pub outputs: Vec<Output>,
    /// The messages it left for us, in order.
    pub markers: Vec<Marker>,
    /// Its place in the order of execution, from 1.
    pub execution_count: usize,
    /// From the request to the reply, in seconds.
    pub seconds: f64,
}

impl CellResult {
    /// The first error output.
    pub fn error(&self) -> Option<CellError> {
        self.errors().next()
    }

    /// The error outputs, in order: a compilation gives one a message.
    pub fn errors(&self) -> impl Iterator<Item = CellError> {
        self.outputs.iter().filter_map(|output| match output {
            Output::Error(error) => Some(CellError {
                name: error.ename.clone(),
                value: error.evalue.clone(),
                traceback: error.traceback.clone(),
            }),
            _ => None,
        })
    }

    /// Everything printed on stdout, marker lines taken out.
    pub fn stdout(&self) -> String {
        self.stream("stdout")
    }

    /// Everything printed on stderr.
    pub fn stderr(&self) -> String {
        self.stream("stderr")
    }

    /// The plain text of the cell's value, if it has one.
    pub fn value(&self) -> Option<&str> {
        self.outputs.iter().find_map(|output| match output {
            Output::ExecuteResult(result) => {
                result.data.content.iter().find_map(|media| match media {
                    MediaType::Plain(text) => Some(text.as_str()),
                    _ => None,
                })
            }
            _ => None,
        })
    }

    fn stream(&self, wanted: &str) -> String {
        let texts = self.outputs.iter().filter_map(|output| match output {
            Output::Stream { name, text } if name == wanted => Some(text.0.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

/// What the kernel proposes at a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The proposals.
    pub matches: Vec<String>,
    /// Where the text that they replace begins, in characters.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A running kernel and the channels to it. Dropping it ends the kernel.
pub struct Client {
    // Declared before the process: sockets close before the kernel is killed.
    channels: Channels,
    runtime: Runtime,
    process: KernelProcess,
    command: KernelCommand,
    options: StartOptions,
    info: KernelInfoReply,
    signals: Signals,
    executed: usize,
    busy: bool,
}

impl Client {
    /// Starts a kernel and waits until it answers.
    ///
    /// # Errors
    /// [`Error::Missing`] when the program cannot be started; [`Error::Command`] when the kernel ends or stays silent,
    /// with the last lines of its log.
    pub fn start(command: &KernelCommand, options: StartOptions) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| exchange_error(&source))?;
        let mut signals = if options.catch_signals {
            Signals::caught_in(&runtime)?
        } else {
            Signals::left_alone()
        };
        let (process, channels, info) = connect(&runtime, command, options.timeout, &mut signals)?;
        let command = command.clone();
        Ok(Self {
            channels,
            runtime,
            process,
            command,
            options,
            info,
            signals,
            executed: 0,
            busy: false,
        })
    }

    /// What the kernel says of itself and of its language.
    pub fn info(&self) -> &KernelInfoReply {
        &self.info
    }

    /// Process id of the kernel.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How the kernel ended, in French words, and the last lines of its own log; `None` while it runs.
    pub fn ended(&mut self) -> Option<(String, String)> {
        let status = self.process.ended()?;
        Some((status, self.process.log_tail()))
    }

    /// Runs a cell; `on_event` hears of everything that it sends, while it runs.
    ///
    /// At the time limit the cell is interrupted (under evcxr its variables are lost); a kernel that does not give up
    /// then is killed, and the next call needs [`Client::restart`].
    ///
    /// # Errors
    /// [`Error::Command`] when the kernel cannot be spoken to. A failing cell is not an error of this function.
    pub fn execute(
        &mut self,
        code: &str,
        timeout: Duration,
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Result<CellResult> {
        self.executed += 1;
        let start = Instant::now();
        let mut collector = Collector::new(self.executed);
        self.busy = true;
        let Self {
            runtime,
            channels,
            process,
            signals,
            ..
        } = self;
        let (status, seconds) = runtime.block_on(async {
            let request = JupyterMessage::from(ExecuteRequest::new(code.to_owned()));
            let mut cell = Cell::new(&request, &mut collector, on_event);
            send(&mut channels.shell, request).await?;
            let stop = cell
                .follow(channels, process, signals, start + timeout)
                .await;
            let seconds = start.elapsed().as_secs_f64();
            let status = match stop {
                Stop::Done => {
                    cell.drain(channels).await;
                    if matches!(cell.reply, Some(ReplyStatus::Ok)) {
                        CellStatus::Ok
                    } else {
                        CellStatus::Error
                    }
                }
                Stop::Died => {
                    cell.drain(channels).await;
                    CellStatus::Died
                }
                Stop::Signal => CellStatus::Interrupted,
                Stop::Deadline => {
                    // A request that cannot be sent shows as the kernel's silence.
                    let _ = send(&mut channels.control, InterruptRequest {}.into()).await;
                    let limit = Instant::now() + INTERRUPT_LIMIT;
                    match cell
                        .follow(channels, process, &mut Signals::left_alone(), limit)
                        .await
                    {
                        Stop::Done => cell.drain(channels).await,
                        Stop::Died | Stop::Signal | Stop::Deadline => process.kill(),
                    }
                    CellStatus::TimedOut
                }
            };
            Ok::<_, Error>((status, seconds))
        })?;
        self.busy = matches!(status, CellStatus::Interrupted);
        let (outputs, markers) = collector.finish(on_event);
        Ok(CellResult {
            status,
            outputs,
            markers,
            execution_count: self.executed,
            seconds,
        })
    }

    /// What can stand at `cursor` (in characters) of `code`.
    ///
    /// # Errors
    /// [`Error::Command`] when the kernel does not answer in time.
    pub fn complete(&mut self, code: &str, cursor: usize, timeout: Duration) -> Result<Completion> {
        let request = CompleteRequest {
            code: code.to_owned(),
            cursor_pos: cursor,
        };
        match self.request(request.into(), timeout)? {
            JupyterMessageContent::CompleteReply(reply) => Ok(Completion {
                matches: reply.matches,
                start: reply.cursor_start,
                end: reply.cursor_end,
            }),
            other => Err(exchange_error(&format!(
                "réponse inattendue : {}",
                other.message_type()
            ))),
        }
    }

    /// The documentation, in plain text, of what stands at `cursor` (in characters) of `code`.
    ///
    /// # Errors
    /// [`Error::Command`] when the kernel does not answer in time.
    pub fn inspect(
        &mut self,
        code: &str,
        cursor: usize,
        timeout: Duration,
    ) -> Result<Option<String>> {
        let request = InspectRequest {
            code: code.to_owned(),
            cursor_pos: cursor,
            detail_level: Some(0),
        };
        match self.request(request.into(), timeout)? {
            JupyterMessageContent::InspectReply(reply) => {
                let plain = reply
                    .data
                    .content
                    .into_iter()
                    .find_map(|media| match media {
                        MediaType::Plain(text) => Some(text),
                        _ => None,
                    });
                Ok(plain.filter(|_| reply.found))
            }
            other => Err(exchange_error(&format!(
                "réponse inattendue : {}",
                other.message_type()
            ))),
        }
    }

    /// Asks the kernel to interrupt what it does. Under evcxr, variables are lost and definitions stay.
    ///
    /// # Errors
    /// [`Error::Command`] when the kernel does not confirm within a few seconds.
    pub fn interrupt(&mut self) -> Result<()> {
        let Self {
            runtime,
            channels,
            process,
            ..
        } = self;
        runtime.block_on(async {
            send(&mut channels.control, InterruptRequest {}.into()).await?;
            channels.confirmed(process, INTERRUPT_LIMIT).await
        })
    }

    /// Ends the kernel and starts another one by the same command. Counts begin at 1 again.
    ///
    /// # Errors
    /// As [`Client::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill();
        let (process, channels, info) = connect(
            &self.runtime,
            &self.command,
            self.options.timeout,
            &mut self.signals,
        )?;
        self.process = process;
        self.channels = channels;
        self.info = info;
        self.executed = 0;
        self.busy = false;
        Ok(())
    }

    /// Asks the kernel to end, waits a few seconds, then kills what is left of it.
    pub fn shutdown(mut self) {
        let Self {
            runtime,
            channels,
            busy,
            ..
        } = &mut self;
        runtime.block_on(async {
            if *busy {
                // evcxr waits for the running cell before it ends.
                let _ = send(&mut channels.control, InterruptRequest {}.into()).await;
            }
            let _ = send(
                &mut channels.control,
                ShutdownRequest { restart: false }.into(),
            )
            .await;
            // The reply comes when the kernel is about to end; its end is what counts.
            let _ = tokio::time::timeout(SHUTDOWN_LIMIT, channels.control.read()).await;
        });
        self.process.wait(SHUTDOWN_LIMIT);
    }

    fn request(
        &mut self,
        content: JupyterMessageContent,
        timeout: Duration,
    ) -> Result<JupyterMessageContent> {
        let Self {
            runtime,
            channels,
            process,
            ..
        } = self;
        let request = JupyterMessage::new(content, None);
        runtime.block_on(channels.ask(request, process, timeout))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("id", &self.id())
            .field("executed", &self.executed)
            .finish()
    }
}
