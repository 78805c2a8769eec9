//! The exchange with a kernel: channels, the first handshake, the messages of one cell until its end.

use std::future::pending;
use std::time::{Duration, Instant};

use jupyter_protocol::{
    ConnectionInfo, ExecutionState, JupyterMessage, JupyterMessageContent, KernelInfoReply,
    KernelInfoRequest, ReplyStatus,
};
use jupyter_zmq_client::{
    ClientControlConnection, ClientIoPubConnection, ClientShellConnection,
    create_client_control_connection, create_client_iopub_connection,
    create_client_shell_connection_with_identity, peer_identity_for_session,
};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::outputs::{Collector, Event};
use super::process::{KernelCommand, KernelProcess};
use crate::error::{Error, Result};
use crate::process::clock;

/// How often a silent kernel is checked for its end.
const TICK: Duration = Duration::from_millis(100);
/// After the idle message, outputs are still taken until none came for this long: evcxr's stderr is not ordered with it.
const QUIET: Duration = Duration::from_millis(60);
/// Longest wait for late outputs, when a background thread of the cell never stops printing.
const LATE_LIMIT: Duration = Duration::from_millis(600);
/// How long the first answer's status may take on iopub before the question is asked again: the subscription was late.
const SUBSCRIPTION_LIMIT: Duration = Duration::from_millis(500);
/// How long the first attempt to connect may last; each one after it lasts as much longer. Within an attempt, a socket that
/// finds nobody sleeps twice as long each time, up to half a minute.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Starts before giving up: another program can take a port between our choice and the kernel's.
const ATTEMPTS: usize = 3;

const DOCTOR: &str = "Lancez « cargo tp doctor » pour en trouver la cause.";

/// The sockets of one client.
pub(super) struct Channels {
    pub(super) shell: ClientShellConnection,
    pub(super) iopub: ClientIoPubConnection,
    pub(super) control: ClientControlConnection,
}

impl Channels {
    async fn open(connection: &ConnectionInfo) -> jupyter_zmq_client::Result<Self> {
        let session = uuid::Uuid::new_v4().to_string();
        let identity = peer_identity_for_session(&session)?;
        Ok(Self {
            iopub: create_client_iopub_connection(connection, "", &session).await?,
            shell: create_client_shell_connection_with_identity(connection, &session, identity)
                .await?,
            control: create_client_control_connection(connection, &session).await?,
        })
    }

    /// Asks on the shell channel and waits for the reply.
    pub(super) async fn ask(
        &mut self,
        request: JupyterMessage,
        process: &mut KernelProcess,
        timeout: Duration,
    ) -> Result<JupyterMessageContent> {
        let id = request.header.msg_id.clone();
        send(&mut self.shell, request).await?;
        let deadline = Instant::now() + timeout;
        loop {
            tokio::select! {
                message = self.shell.read() => match message {
                    Ok(message) if is_child(&message, &id) => return Ok(message.content),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(TICK).await,
                },
                // Read so that the kernel never waits for a full socket.
                message = self.iopub.read() => if message.is_err() {
                    tokio::time::sleep(TICK).await;
                },
                () = tokio::time::sleep(TICK) => {}
            }
            still_there(process, deadline, timeout)?;
        }
    }

    /// Waits for the confirmation of an interruption.
    pub(super) async fn confirmed(
        &mut self,
        process: &mut KernelProcess,
        timeout: Duration,
    ) -> Result<()> {
        let deadline = Instant::now() + timeout;
        loop {
            tokio::select! {
                message = self.control.read() => match message.map(|message| message.content) {
                    Ok(JupyterMessageContent::InterruptReply(_)) => return Ok(()),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(TICK).await,
                },
                () = tokio::time::sleep(TICK) => {}
            }
            still_there(process, deadline, timeout)?;
        }
    }
}

/// Ctrl-C and SIGTERM, when the client takes them over.
pub(super) struct Signals(Option<[Signal; 2]>);

impl Signals {
    /// Takes both over for the rest of this process.
    pub(super) fn caught_in(runtime: &Runtime) -> Result<Self> {
        let _guard = runtime.enter();
        let catch = |kind| signal(kind).map_err(|source| exchange_error(&source));
        Ok(Self(Some([
            catch(SignalKind::interrupt())?,
            catch(SignalKind::terminate())?,
        ])))
    }

    /// Leaves them to end this process.
    pub(super) fn left_alone() -> Self {
        Self(None)
    }

    async fn wait(&mut self) {
        match &mut self.0 {
            Some([interrupt, terminate]) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            None => pending().await,
        }
    }
}

/// Why a cell is no longer followed.
pub(super) enum Stop {
    /// The reply and the idle message have come.
    Done,
    /// The kernel ended.
    Died,
    /// The time limit is over.
    Deadline,
    /// A signal came.
    Signal,
}

/// One running cell.
pub(super) struct Cell<'a> {
    id: String,
    idle: bool,
    pub(super) reply: Option<ReplyStatus>,
    collector: &'a mut Collector,
    on_event: &'a mut dyn FnMut(Event<'_>),
}

impl<'a> Cell<'a> {
    pub(super) fn new(
        request: &JupyterMessage,
        collector: &'a mut Collector,
        on_event: &'a mut dyn FnMut(Event<'_>),
    ) -> Self {
        Self {
            id: request.header.msg_id.clone(),
            idle: false,
            reply: None,
            collector,
            on_event,
        }
    }

    /// Reads both channels until the end of the cell or one of the other reasons to stop.
    pub(super) async fn follow(
        &mut self,
        channels: &mut Channels,
        process: &mut KernelProcess,
        signals: &mut Signals,
        deadline: Instant,
    ) -> Stop {
        while !(self.idle && self.reply.is_some()) {
            tokio::select! {
                message = channels.iopub.read() => match message {
                    Ok(message) => self.take(message),
                    Err(_) => tokio::time::sleep(TICK).await,
                },
                message = channels.shell.read() => match message {
                    Ok(message) if is_child(&message, &self.id) => {
                        if let JupyterMessageContent::ExecuteReply(reply) = message.content {
                            self.reply = Some(reply.status);
                        }
                        // No need to ask whether the kernel lives.
                        continue;
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(TICK).await,
                },
                () = signals.wait() => return Stop::Signal,
                () = tokio::time::sleep(TICK) => {
                    if process.ended().is_some() {
                        return Stop::Died;
                    }
                }
            }
            if Instant::now() >= deadline {
                return Stop::Deadline;
            }
        }
        Stop::Done
    }

    /// Takes the outputs that come late.
    pub(super) async fn drain(&mut self, channels: &mut Channels) {
        let end = Instant::now() + LATE_LIMIT;
        while Instant::now() < end {
            match tokio::time::timeout(QUIET, channels.iopub.read()).await {
                Ok(Ok(message)) => self.take(message),
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    fn take(&mut self, message: JupyterMessage) {
        if !is_child(&message, &self.id) {
            return;
        }
        match message.content {
            JupyterMessageContent::Status(status) => {
                self.idle |= matches!(status.execution_state, ExecutionState::Idle);
            }
            content => self.collector.push(content, self.on_event),
        }
    }
}

/// Starts the kernel and waits for its first answer; starts again when it lost a port to another program.
pub(super) fn connect(
    runtime: &Runtime,
    command: &KernelCommand,
    timeout: Duration,
    signals: &mut Signals,
) -> Result<(KernelProcess, Channels, KernelInfoReply)> {
    let deadline = Instant::now() + timeout;
    let mut attempt = 1;
    loop {
        let mut process = KernelProcess::start(command)?;
        let connection = process.connection().clone();
        let outcome = runtime.block_on(async {
            tokio::select! {
                ready = handshake(&connection) => ready.map_err(|source| source.to_string()),
                reason = end_of(&mut process, deadline, timeout) => Err(reason),
                () = signals.wait() => Err("interrompu au clavier".to_owned()),
            }
        });
        match outcome {
            Ok((channels, info)) => return Ok((process, channels, info)),
            Err(_)
                if attempt < ATTEMPTS && process.log_tail().contains("Address already in use") =>
            {
                attempt += 1
            }
            Err(status) => {
                return Err(Error::Command {
                    what: "Le démarrage du noyau Rust".to_owned(),
                    status,
                    remedy: DOCTOR.to_owned(),
                    tail: process.log_tail(),
                });
            }
        }
    }
}

/// Connects, however late the kernel listens: its end and the time it has are looked at elsewhere.
async fn connected(connection: &ConnectionInfo) -> Channels {
    let mut limit = CONNECT_LIMIT;
    loop {
        match tokio::time::timeout(limit, Channels::open(connection)).await {
            Ok(Ok(channels)) => return channels,
            // Somebody else left the port, or the kernel was busy.
            Ok(Err(_)) => tokio::time::sleep(TICK).await,
            Err(_) => limit += CONNECT_LIMIT,
        }
    }
}

/// Connects and asks for the kernel's description until its status messages arrive too.
async fn handshake(
    connection: &ConnectionInfo,
) -> jupyter_zmq_client::Result<(Channels, KernelInfoReply)> {
    let mut channels = connected(connection).await;
    loop {
        let request = JupyterMessage::from(KernelInfoRequest {});
        let id = request.header.msg_id.clone();
        channels.shell.send(request).await?;
        let info = loop {
            let message = channels.shell.read().await?;
            if let JupyterMessageContent::KernelInfoReply(info) = message.content {
                break *info;
            }
        };
        let status = async {
            loop {
                match channels.iopub.read().await {
                    Ok(message) if is_child(&message, &id) => return,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        if tokio::time::timeout(SUBSCRIPTION_LIMIT, status)
            .await
            .is_ok()
        {
            return Ok((channels, info));
        }
    }
}

/// Waits for the end of the kernel or of the time it has, and says which.
async fn end_of(process: &mut KernelProcess, deadline: Instant, timeout: Duration) -> String {
    loop {
        if let Some(status) = process.ended() {
            return status;
        }
        if Instant::now() >= deadline {
            return format!("pas de réponse en {}", clock(timeout));
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Sends one message.
///
/// # Errors
/// [`Error::Command`] when the kernel is not there.
pub(super) async fn send(
    socket: &mut ClientShellConnection,
    message: JupyterMessage,
) -> Result<()> {
    socket
        .send(message)
        .await
        .map_err(|source| exchange_error(&source))
}

/// A failed exchange, in French.
pub(super) fn exchange_error(reason: &dyn std::fmt::Display) -> Error {
    Error::Command {
        what: "L'échange avec le noyau Rust".to_owned(),
        status: reason.to_string(),
        remedy: DOCTOR.to_owned(),
        tail: String::new(),
    }
}

fn still_there(process: &mut KernelProcess, deadline: Instant, timeout: Duration) -> Result<()> {
    if let Some(status) = process.ended() {
        return Err(exchange_error(&format!("le noyau s'est arrêté, {status}")));
    }
    if Instant::now() >= deadline {
        return Err(exchange_error(&format!(
            "pas de réponse en {}",
            clock(timeout)
        )));
    }
    Ok(())
}

fn is_child(message: &JupyterMessage, id: &str) -> bool {
    message
        .parent_header
        .as_ref()
        .is_some_and(|parent| parent.msg_id == id)
}
