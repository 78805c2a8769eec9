//! The adapter: stands between Jupyter and evcxr_jupyter and adds what evcxr lacks, without forking it.
//!
//! | file | owns |
//! |---|---|
//! | [`wire`] | messages and signatures |
//! | [`sockets`] | the five channels on both sides |
//! | [`evcxr`] | the processes of evcxr |
//! | [`pipes`] | what the cells print, read without evcxr |
//! | [`running`] | the cell that runs |
//! | [`screen`], [`bar`] | what it shows, in order and at a readable pace |
//! | [`errors`], [`hints`], [`operands`], [`closures`], [`places`] | errors in French, at the student's own line |
//! | [`replies`] | what is answered without evcxr |
//! | [`questions`] | what a name means: `?name`, the tooltip |
//! | [`requests`] | what Jupyter asks |
//! | [`conclusion`] | how a cell ends |
//! | [`controls`] | live controls |
//!
//! evcxr is given one cell at a time; the queue is here. What a cell prints comes through two pipes of the adapter's
//! own; after evcxr's reply a line of the adapter's is written into both: once it is read back, all of the cell was.

mod bar;
mod closures;
mod compiler;
mod conclusion;
mod controls;
mod errors;
mod evcxr;
mod gate;
mod hints;
mod names;
mod operands;
mod pipes;
mod places;
mod questions;
mod replies;
mod requests;
mod running;
mod screen;
mod sockets;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use jupyter_protocol::ConnectionInfo;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::error::{Error, Result};
use crate::jupyter::StreamName;
use crate::paths;
use crate::process::in_words;
use controls::Controls;
use evcxr::EvcxrProcess;
use pipes::{Piece, Pipes};
use running::Running;
use sockets::{Evcxr, Front, Incoming, Urgent};
use wire::Message;

/// How often processes and limits are looked at.
const TICK: Duration = Duration::from_millis(100);
/// A cell that has read its standard input for so long waits for the user.
const READING: Duration = Duration::from_secs(1);
/// How long evcxr may take to answer its first question before it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Starts before giving up: another program can take a port between our choice and evcxr's.
const ATTEMPTS: usize = 3;
/// How long evcxr may take to listen: a machine may be very busy.
const CONNECT_PERIOD: Duration = Duration::from_secs(120);
/// Lines of evcxr's log that are kept for a failure.
const LOG_LINES: usize = 12;
/// What arrives at once from the pipes and the sockets.
const CHANNEL: usize = 64;
/// Requests that were sent before an error was known still arrive for this long, and are aborted.
const ABORT_PERIOD: Duration = Duration::from_millis(20);
/// How long what an ended evcxr still said is read, at most.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the adapter needs to know.
pub(super) struct Settings {
    /// A private folder, for sockets and pipes.
    pub(super) sockets: PathBuf,
    /// A private folder, that of the crate of the cells.
    pub(super) cells: PathBuf,
    /// Whether the client understands markers and wants them.
    pub(super) forwards: bool,
    /// Most memory of the cells' process, in bytes.
    pub(super) memory: Option<u64>,
    /// Longest time of one cell, its compilation not counted.
    pub(super) duration: Option<Duration>,
}

impl Settings {
    /// Folder of the pipes.
    pub(super) fn pipes(&self) -> PathBuf {
        self.sockets.join("tubes")
    }

    /// File that asks loops to stop.
    pub(super) fn stop_file(&self) -> PathBuf {
        self.sockets.join("tubes/arret")
    }

    /// Socket on which the cells' process and the adapter speak of live controls.
    pub(super) fn controls(&self) -> PathBuf {
        self.sockets.join("tubes/curseurs")
    }

    /// The file that evcxr compiles.
    fn generated(&self) -> PathBuf {
        self.cells.join("src/lib.rs")
    }

    /// Removes what the compiler keeps from one cell to the next. It writes into files that the last good state shares, by
    /// hard links: killed halfway, it leaves both states mixed, and no later cell links.
    fn forget_compilations(&self) {
        let target = self.cells.join("target");
        let below = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        // `debug`, or one folder deeper where a target is named.
        for folder in below(&target) {
            for path in below(&folder).into_iter().chain([folder]) {
                // Set aside first: half of it would be worse than all of it. Most have none.
                let (kept, aside) = (path.join("incremental"), path.join("abandon"));
                let _ = std::fs::remove_dir_all(&aside);
                if std::fs::rename(&kept, &aside).is_ok() {
                    let _ = std::fs::remove_dir_all(&aside);
                }
            }
        }
    }
}

/// Makes the command that starts evcxr_jupyter with a connection file.
type MakeCommand<'a> = &'a dyn Fn(&Path) -> Result<Command>;

/// Runs until Jupyter asks for the end (`true`) or evcxr ends by itself (`false`).
///
/// # Errors
/// When evcxr cannot be started or an address is taken.
pub(super) fn run(
    connection_file: &Path,
    settings: Settings,
    command: MakeCommand<'_>,
) -> Result<bool> {
    let connection = sockets::read_connection(connection_file)?;
    // One thread: evcxr's «die with parent» signal follows the thread that starts it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::io("Impossible de démarrer", "tp kernel"))?;
    runtime.block_on(async {
        let (incoming, from_all) = mpsc::channel(CHANNEL);
        let (urgent, from_control) = mpsc::channel(CHANNEL);
        paths::create_private_folder(&settings.pipes())?;
        let pipes = Pipes::open(&settings.pipes(), &incoming, Incoming::Printed)?;
        controls::socket::listen(&settings.controls(), &incoming)?;
        let front = Front::bind(&connection, &settings.pipes(), &incoming, &urgent).await?;
        let (process, connecting) = start(&settings, command, &incoming)?;
        let mut adapter = Adapter {
            front,
            evcxr: None,
            process,
            connecting,
            pipes,
            settings,
            ready: false,
            asked: None,
            queue: VecDeque::new(),
            running: None,
            concluding: None,
            relayed: HashMap::new(),
            history: replies::History::default(),
            count: 0,
            barrier: 0,
            past: None,
            log: VecDeque::new(),
            controls: Controls::new(connection_file),
        };
        let status = Message::new(
            "status",
            &adapter.front.session,
            json!({"execution_state": "starting"}),
        );
        adapter.front.iopub(&status).await;
        adapter
            .serve(from_all, from_control, &incoming, command)
            .await
    })
}

/// Starts evcxr with a connection file of its own, and connects to it when it listens.
fn start(
    settings: &Settings,
    command: MakeCommand<'_>,
    incoming: &mpsc::Sender<Incoming>,
) -> Result<(EvcxrProcess, AbortHandle)> {
    let connection = sockets::private_connection()?;
    let file = settings.pipes().join("connexion.json");
    let text = serde_json::to_vec(&connection).unwrap_or_default();
    paths::write_private(&file, &text)?;
    let process = EvcxrProcess::start(command(&file)?, incoming)?;
    let connecting = tokio::spawn(connect(connection, incoming.clone(), CONNECT_PERIOD));
    Ok((process, connecting.abort_handle()))
}

/// Tries until evcxr listens; its end is seen by its process.
async fn connect(connection: ConnectionInfo, incoming: mpsc::Sender<Incoming>, period: Duration) {
    let start = Instant::now();
    while start.elapsed() < period {
        if let Ok(evcxr) = Evcxr::connect(&connection, &incoming).await {
            let _ = incoming.send(Incoming::Connected(Box::new(evcxr))).await;
            return;
        }
        tokio::time::sleep(TICK).await;
    }
    let _ = incoming.send(Incoming::Unreachable).await;
}

/// The first question to evcxr, until both its reply and its status came.
struct Asked {
    id: String,
    at: Instant,
    replied: bool,
    heard: bool,
}

/// A cell that is over and whose reply is to be sent.
struct Concluding {
    request: Message,
    reply: serde_json::Value,
    /// When it is sent and what waits is given up, if it is: what was sent before the error was known is on its way.
    aborts_at: Option<Instant>,
}

struct Adapter {
    front: Front,
    evcxr: Option<Evcxr>,
    process: EvcxrProcess,
    connecting: AbortHandle,
    pipes: Pipes,
    settings: Settings,
    ready: bool,
    asked: Option<Asked>,
    queue: VecDeque<Message>,
    running: Option<Running>,
    concluding: Option<Concluding>,
    /// Requests that evcxr answers, by id.
    relayed: HashMap<String, Message>,
    history: replies::History,
    count: u64,
    barrier: u64,
    /// The last cell, which late text belongs to: it goes on counting.
    past: Option<Running>,
    log: VecDeque<String>,
    controls: Controls,
}

impl Adapter {
    async fn serve(
        &mut self,
        mut incoming: mpsc::Receiver<Incoming>,
        mut urgent: mpsc::Receiver<Urgent>,
        sender: &mpsc::Sender<Incoming>,
        command: MakeCommand<'_>,
    ) -> Result<bool> {
        let handler =
            |kind| signal(kind).map_err(Error::io("Impossible d'attendre un signal", "tp kernel"));
        let (mut interrupt, mut terminate) = (
            handler(SignalKind::interrupt())?,
            handler(SignalKind::terminate())?,
        );
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let parent = Parent::of_jupyter();
        let mut attempts = 1;
        loop {
            let screens = [&self.past, &self.running].into_iter().flatten();
            let due = until(screens.filter_map(|cell| cell.screen.due()).min());
            let concluding = self.concluding.as_ref();
            let concluding = until(concluding.and_then(|concluding| concluding.aborts_at));
            tokio::select! {
                biased;
                Some(message) = urgent.recv() => {
                    if self.control(message).await {
                        return Ok(self.leave().await);
                    }
                }
                _ = terminate.recv() => return Ok(self.leave().await),
                _ = interrupt.recv() => self.interrupt().await,
                _ = tick.tick() => {
                    if parent.is_gone() {
                        return Ok(self.leave().await);
                    }
                    if let Some(status) = self.process.ended() {
                        // What it still said is read before it is judged; what it left behind may speak for ever.
                        let ended = Instant::now();
                        while ended.elapsed() < LAST_WORDS
                            && let Ok(Some(last)) = tokio::time::timeout(ABORT_PERIOD, incoming.recv()).await
                        {
                            if self.take(last).await {
                                return Ok(self.leave().await);
                            }
                        }
                        let lost_port = self.log.iter().any(|line| line.contains("Address already in use"));
                        if !self.ready && lost_port && attempts < ATTEMPTS {
                            attempts += 1;
                            self.log.clear();
                            self.evcxr = None;
                            self.connecting.abort();
                            (self.process, self.connecting) = start(&self.settings, command, sender)?;
                        } else {
                            self.evcxr_ended(status).await;
                            return Ok(false);
                        }
                    }
                    self.watch().await;
                }
                () = concluding => {}
                Some(message) = incoming.recv() => {
                    if self.take(message).await {
                        return Ok(self.leave().await);
                    }
                }
                () = due => {
                    for cell in [&mut self.past, &mut self.running].into_iter().flatten() {
                        cell.screen.show_due();
                    }
                }
            }
            self.show().await;
            self.settle().await;
        }
    }

    /// Ends the cell that is over and begins the next one.
    async fn settle(&mut self) {
        if self.running.as_ref().is_some_and(Running::is_over) {
            self.finish().await;
        }
        let now = Instant::now();
        let sent = |concluding: &mut Concluding| concluding.aborts_at.is_none_or(|at| now >= at);
        if let Some(concluding) = self.concluding.take_if(sent) {
            self.conclude(concluding).await;
        }
        while self.ready && self.running.is_none() && self.concluding.is_none() {
            let Some(request) = self.queue.pop_front() else {
                break;
            };
            self.begin(request).await;
        }
    }

    /// Takes something that arrived; `true` when the kernel should end.
    async fn take(&mut self, incoming: Incoming) -> bool {
        // It may be the cell's own question, or its end on the way: it does not wait for the user yet.
        if let Some(running) = &mut self.running
            && !matches!(incoming, Incoming::Controls(_))
        {
            running.reads_since = None;
        }
        match incoming {
            Incoming::Shell(request) => return self.shell(request).await,
            Incoming::Stdin(reply) => self.user_answered(&reply),
            Incoming::Printed(stream, Piece::Question { prompt, password }) => {
                self.ask_user(stream, prompt, password).await;
            }
            Incoming::Printed(stream, piece) => self.printed(stream, piece),
            Incoming::EvcxrShell(reply) => self.evcxr_replied(reply).await,
            Incoming::EvcxrIopub(message) => self.evcxr_told(message).await,
            Incoming::Connected(evcxr) => {
                self.evcxr = Some(*evcxr);
                self.ask().await;
            }
            Incoming::Unreachable => {
                self.logged("evcxr_jupyter n'écoute pas sur ses ports.".to_owned());
                // Its end is seen like any other.
                self.process.kill();
            }
            Incoming::Log(line) => self.logged(line),
            Incoming::Controls(told) => self.controls_told(told).await,
        }
        false
    }

    /// Asks evcxr for its first sign of life.
    async fn ask(&mut self) {
        let question = Message::new("kernel_info_request", &self.front.session, json!({}));
        if let Some(evcxr) = &mut self.evcxr {
            evcxr.shell(&question).await;
            self.asked = Some(Asked {
                id: question.id().to_owned(),
                at: Instant::now(),
                replied: false,
                heard: false,
            });
        }
    }

    fn answered(&mut self) {
        if self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.replied && asked.heard)
        {
            self.asked = None;
            self.ready = true;
        }
    }

    /// Looks at the clock: a question to ask again, a cell to stop.
    async fn watch(&mut self) {
        if self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.replied && asked.at.elapsed() > ASK_AGAIN)
        {
            // The subscription came too late for the status of the first answer.
            self.ask().await;
        }
        self.watch_reading().await;
        self.watch_controls().await;
        self.check_limits();
        self.enforce_ending();
        self.end_the_forgotten();
    }

    /// Asks the user for the line that a cell reads without saying so: « std::io::stdin().read_line(…) ».
    async fn watch_reading(&mut self) {
        let Some(running) = self.running.as_mut() else {
            return;
        };
        let works = running.begun.is_some()
            && running.done_since.is_none()
            && running.reply.is_none()
            && running.ending.is_none();
        if !works || running.question.is_some() || !self.process.cells_read() {
            running.reads_since = None;
            return;
        }
        // At its end too the process reads, until evcxr has said so.
        let since = running.reads_since.get_or_insert_with(Instant::now);
        if since.elapsed() > READING {
            running.reads_since = None;
            self.ask_user(StreamName::Stdout, String::new(), false)
                .await;
        }
    }

    /// Sends what the cells have to show.
    async fn show(&mut self) {
        for cell in [&mut self.past, &mut self.running].into_iter().flatten() {
            for (kind, content) in cell.screen.take() {
                if cell.silent {
                    continue;
                }
                let message = cell.request.child(kind, &self.front.session, content);
                self.front.iopub(&message).await;
            }
        }
    }

    fn logged(&mut self, line: String) {
        if let Some(name) = line.trim_start().strip_prefix("Compiling ") {
            if let Some(running) = self
                .running
                .as_mut()
                .filter(|running| running.begun.is_none())
            {
                let text = format!("Compilation de {name}…");
                running
                    .screen
                    .display("compilation", json!({"text/plain": text}), None, false);
            }
            // It says nothing of a failure.
            return;
        }
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }

    /// Ends evcxr and all below it. The last messages leave meanwhile.
    async fn leave(&mut self) -> bool {
        self.process.kill();
        if let Some(concluding) = self.concluding.take() {
            self.conclude(concluding).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        true
    }

    /// evcxr ended by itself: whoever waits is told, and Jupyter sees the end of this process.
    async fn evcxr_ended(&mut self, status: ExitStatus) {
        let what = if self.ready {
            format!("Le noyau Rust s'est arrêté ({}).", in_words(status))
        } else {
            format!("Le noyau Rust n'a pas pu démarrer ({}).", in_words(status))
        };
        tell!("tp kernel: {what}");
        self.fail_all(&what).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a moment, or for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// The Jupyter process that started this one, which the kernel must not outlive.
struct Parent(Option<u32>);

impl Parent {
    fn of_jupyter() -> Self {
        let told = std::env::var("JPY_PARENT_PID")
            .ok()
            .and_then(|pid| pid.parse().ok());
        // One that is not the direct parent started us in a way of its own.
        Self(told.filter(|pid| *pid == std::os::unix::process::parent_id()))
    }

    fn is_gone(&self) -> bool {
        self.0
            .is_some_and(|pid| pid != std::os::unix::process::parent_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_evcxr_that_never_listens_is_given_up() {
        let (sender, mut receiver) = mpsc::channel(1);
        let connection = sockets::private_connection().unwrap();
        connect(connection, sender, Duration::from_millis(300)).await;
        assert!(matches!(receiver.recv().await, Some(Incoming::Unreachable)));
    }
}
