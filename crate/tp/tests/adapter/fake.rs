//! A stand-in for evcxr_jupyter: same protocol, no compiler. The code of a cell is a command for it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use jupyter_protocol::{
    ConnectionInfo, ErrorOutput, ExecuteReply, JupyterMessage, JupyterMessageContent,
    KernelInfoReply, ReplyError, ReplyStatus, Status, StreamContent,
};
use jupyter_zmq_client::{
    KernelIoPubConnection, KernelShellConnection, create_kernel_control_connection,
    create_kernel_heartbeat_connection, create_kernel_iopub_connection,
    create_kernel_shell_connection, create_kernel_stdin_connection,
};
use tp_protocol::{Marker, PIPES_VARIABLE, ProgressEnd, STOP_VARIABLE};

use super::stage;

/// Argument of the process that stands for the one that runs the cells.
pub const CELLS: &str = "--cells";

/// What the kernel is asked to do wrong from the start, in this variable: « die », or « rude », which hangs up on the first
/// who connects.
pub const MODE_VARIABLE: &str = "TP_ESSAI_FAUX";

/// The process of the cells: repeats what it reads, and waits to be killed, or for the end of its kernel.
pub fn play_cells() {
    let kernel = std::os::unix::process::parent_id();
    std::thread::spawn(|| {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            println!("lu : {line}");
        }
    });
    while std::os::unix::process::parent_id() == kernel {
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Plays the kernel until it is killed.
pub fn play(control_file: &Path) {
    let mode = std::env::var(MODE_VARIABLE).unwrap_or_default();
    if mode == "die" {
        eprintln!("bibliothèque absente");
        std::process::exit(3);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let connection: ConnectionInfo =
        serde_json::from_slice(&std::fs::read(control_file).unwrap()).unwrap();
    if mode == "rude" {
        let address = ("127.0.0.1", connection.iopub_port);
        let _ = TcpListener::bind(address).unwrap().accept().unwrap();
    }
    runtime.block_on(serve(connection));
}

async fn serve(connection: ConnectionInfo) {
    let _heartbeat = create_kernel_heartbeat_connection(&connection)
        .await
        .unwrap();
    let _control = create_kernel_control_connection(&connection, "faux")
        .await
        .unwrap();
    let _stdin = create_kernel_stdin_connection(&connection, "faux")
        .await
        .unwrap();
    let mut kernel = Fake {
        iopub: create_kernel_iopub_connection(&connection, "faux")
            .await
            .unwrap(),
        shell: create_kernel_shell_connection(&connection, "faux")
            .await
            .unwrap(),
        cells: Cells::start(),
    };
    loop {
        let Ok(request) = kernel.shell.read().await else {
            continue;
        };
        kernel.answer(request).await;
    }
}

/// The process of the cells, and both ends of what it is told and tells.
struct Cells {
    child: Child,
    told: ChildStdin,
    heard: BufReader<ChildStdout>,
}

impl Cells {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(CELLS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            told: child.stdin.take().unwrap(),
            heard: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.heard.read_line(&mut line).unwrap();
        line
    }
}

struct Fake {
    iopub: KernelIoPubConnection,
    shell: KernelShellConnection,
    cells: Cells,
}

impl Fake {
    async fn tell(&mut self, content: impl Into<JupyterMessageContent>, request: &JupyterMessage) {
        let message = JupyterMessage::new(content, Some(request));
        self.iopub.send(message).await.unwrap();
    }

    async fn answer(&mut self, request: JupyterMessage) {
        self.tell(Status::busy(), &request).await;
        match &request.content {
            JupyterMessageContent::KernelInfoRequest(_) => {
                let info: KernelInfoReply = serde_json::from_value(serde_json::json!({
                    "status": "ok", "protocol_version": "5.3", "implementation": "faux",
                    "implementation_version": "0", "banner": "", "help_links": [],
                    "language_info": {"name": "Rust", "version": ""},
                }))
                .unwrap();
                let reply = JupyterMessage::new(info, Some(&request));
                self.shell.send(reply).await.unwrap();
            }
            JupyterMessageContent::ExecuteRequest(execute) => {
                let code = execute.code.clone();
                let failure = self.run(&code, &request).await;
                let reply = ExecuteReply {
                    // evcxr counts from 2, and says nothing of the error.
                    execution_count: 2_usize.into(),
                    status: match failure {
                        None => ReplyStatus::Ok,
                        Some(_) => ReplyStatus::Error,
                    },
                    error: failure.map(|_| Box::new(ReplyError::default())),
                    ..ExecuteReply::default()
                };
                let reply = JupyterMessage::new(reply, Some(&request));
                self.shell.send(reply).await.unwrap();
            }
            JupyterMessageContent::CompleteRequest(complete) => {
                if complete.code == "meurs" {
                    std::process::exit(9);
                }
                let reply: jupyter_protocol::CompleteReply = serde_json::from_value(
                    serde_json::json!({"status": "ok", "matches": ["du_noyau"], "cursor_start": 0,
                        "cursor_end": 1, "metadata": {}}),
                )
                .unwrap();
                let reply = JupyterMessage::new(reply, Some(&request));
                self.shell.send(reply).await.unwrap();
            }
            JupyterMessageContent::InspectRequest(inspect) => {
                if inspect.code == "lent" {
                    std::thread::sleep(Duration::from_secs(2));
                }
                let reply: jupyter_protocol::InspectReply = serde_json::from_value(
                    serde_json::json!({"status": "ok", "found": false, "data": {}, "metadata": {}}),
                )
                .unwrap();
                let reply = JupyterMessage::new(reply, Some(&request));
                self.shell.send(reply).await.unwrap();
            }
            _ => {}
        }
        self.tell(Status::idle(), &request).await;
    }

    /// Does what the cell says; an error when evcxr would reply with one.
    async fn run(&mut self, code: &str, request: &JupyterMessage) -> Option<()> {
        let (word, rest) = code.split_once(' ').unwrap_or((code, ""));
        match word {
            "print" => cell(|out, _| writeln!(out, "{rest}").unwrap()),
            "unfinished" => cell(|out, _| write!(out, "{rest}").unwrap()),
            "stderr" => cell(|_, err| writeln!(err, "{rest}").unwrap()),
            "flood" => {
                let lines: usize = rest.parse().unwrap();
                cell(|out, _| {
                    let block = format!("{}\n", "x".repeat(99)).repeat(1000);
                    for _ in 0..lines / 1000 {
                        out.write_all(block.as_bytes()).unwrap();
                    }
                });
            }
            "value" => cell(|out, _| {
                writeln!(
                    out,
                    "EVCXR_BEGIN_CONTENT text/plain\n{rest}\nEVCXR_END_CONTENT"
                )
                .unwrap();
            }),
            "panic" => cell(|out, _| {
                mark(
                    out,
                    &Marker::Panic {
                        message: rest.to_owned(),
                        location: None,
                    },
                );
            }),
            "failure" => cell(|out, _| {
                mark(
                    out,
                    &Marker::Failure {
                        message: rest.to_owned(),
                    },
                );
            }),
            "bar" => cell(|out, _| {
                for done in 0..=100 {
                    mark(
                        out,
                        &progress(done, (done == 100).then_some(ProgressEnd::Done)),
                    );
                    let display = Marker::Display {
                        id: "courbe".to_owned(),
                        update: done > 0,
                        data: [("text/plain".to_owned(), format!("état {done}"))].into(),
                    };
                    mark(out, &display);
                    std::thread::sleep(Duration::from_millis(5));
                }
            }),
            // A loop that looks at the request to stop.
            "listen" => cell(|out, _| {
                mark(out, &progress(1, None));
                let stop = PathBuf::from(std::env::var_os(STOP_VARIABLE).unwrap());
                while !stop.exists() {
                    std::thread::sleep(Duration::from_millis(20));
                }
                mark(
                    out,
                    &Marker::Stopped {
                        message: "arrêté au pas 1".to_owned(),
                    },
                );
            }),
            // One that does not: over when the process of the cells is killed.
            "deaf" => {
                let saved = Marker::Saved {
                    folder: "reprises".to_owned(),
                    epoch: 3,
                };
                cell(|out, _| mark(out, &saved));
                return self.wait_for_the_end(request).await;
            }
            // One that says it stops, and goes on.
            "stubborn" => {
                cell(|out, _| {
                    let stop = PathBuf::from(std::env::var_os(STOP_VARIABLE).unwrap());
                    while !stop.exists() {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    let message = "arrêté, dit-il".to_owned();
                    mark(out, &Marker::Stopped { message });
                });
                return self.wait_for_the_end(request).await;
            }
            // Over when the compiler is killed. What compilers keep for the next cell is there.
            "compile" => {
                std::fs::create_dir_all(kept_by_compilers()).unwrap();
                let status = Command::new("sleep").arg("60").status().unwrap();
                return self.fail(format!("rustc : {status}"), request).await;
            }
            // The system kills the compiler.
            "starve" => {
                std::fs::create_dir_all(kept_by_compilers()).unwrap();
                let value = "Compilation failed, but no parsable errors were found. STDERR:\n\
                     error: could not compile `ctx` (lib)\n\nCaused by:\n  process didn't exit successfully: `rustc` \
                     (signal: 9, SIGKILL: kill)\n\nSTDOUT:{}\n";
                return self.fail(value.to_owned(), request).await;
            }
            "keep" => std::fs::create_dir_all(kept_by_compilers()).unwrap(),
            "compiled" => {
                let kept = kept_by_compilers().exists();
                cell(|out, _| writeln!(out, "{kept}").unwrap());
            }
            "slow" => {
                std::thread::sleep(Duration::from_millis(rest.parse().unwrap()));
                cell(|out, _| {
                    std::thread::sleep(Duration::from_millis(400));
                    writeln!(out, "prêt").unwrap();
                });
            }
            // Which process the cells are in.
            "cells" => cell(|out, _| writeln!(out, "{}", self.cells.child.id()).unwrap()),
            "ask" => cell(|out, _| {
                writeln!(out, "EVCXR_INPUT_REQUEST:{rest}").unwrap();
                let line = self.cells.read_line();
                out.write_all(line.as_bytes()).unwrap();
            }),
            // The process of the cells is done, behind a thread's line without end, and reads its next order.
            "done" => {
                cell(|out, _| writeln!(out, "xxxEVCXR_EXECUTION_COMPLETE").unwrap());
                std::thread::sleep(Duration::from_millis(1800));
                self.cells.told.write_all(b"ordre\n").unwrap();
                let line = self.cells.read_line();
                cell(|out, _| out.write_all(line.as_bytes()).unwrap());
            }
            // Threads that outlive their cell: a question, a flood, a murmur.
            "asklate" => cell(|_, _| {
                after(move |out, _| writeln!(out, "EVCXR_INPUT_REQUEST:tard ?").unwrap());
            }),
            "floodlate" => cell(|_, _| {
                after(|_, err| {
                    let block = format!("{}\n", "x".repeat(99)).repeat(1000);
                    (0..50).for_each(|_| err.write_all(block.as_bytes()).unwrap());
                });
            }),
            "chatter" => cell(|_, _| {
                after(|_, err| {
                    for _ in 0..5000 {
                        writeln!(err, ".").unwrap();
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
            }),
            // A display that never ends, and too many of them.
            "open" => cell(|out, _| {
                writeln!(out, "EVCXR_BEGIN_CONTENT text/plain").unwrap();
                let block = format!("{}\n", "x".repeat(99)).repeat(1000);
                (0..500).for_each(|_| out.write_all(block.as_bytes()).unwrap());
            }),
            "displays" => cell(|out, _| {
                for index in 0..rest.parse().unwrap() {
                    let display = Marker::Display {
                        id: format!("image-{index}"),
                        update: false,
                        data: [("text/plain".to_owned(), "image".to_owned())].into(),
                    };
                    mark(out, &display);
                }
            }),
            // Live controls: a set, how many were closed, the end of their process, junk.
            "controls" => cell(|out, _| stage::open(rest, out)),
            "closed" => cell(|out, _| writeln!(out, "fermés : {}", stage::closed()).unwrap()),
            "hangup" => cell(|_, _| stage::hang_up()),
            "babble" => cell(|_, _| stage::babble()),
            "mismatch" => {
                return self.fail("mismatched types".to_owned(), request).await;
            }
            "late" => {
                let text = StreamContent::stdout("par evcxr\n");
                self.tell(text, request).await;
            }
            "exit" => std::process::exit(9),
            _ => {}
        }
        None
    }

    /// Waits until the process of the cells is killed, and starts another, as evcxr does.
    async fn wait_for_the_end(&mut self, request: &JupyterMessage) -> Option<()> {
        self.cells.child.wait().unwrap();
        self.cells = Cells::start();
        let value = "Subprocess terminated with status: signal: 9 (SIGKILL)".to_owned();
        self.fail(value, request).await
    }

    async fn fail(&mut self, value: String, request: &JupyterMessage) -> Option<()> {
        let error = ErrorOutput {
            ename: "Error".to_owned(),
            traceback: vec!["[E0308] Error:".to_owned(), value.clone()],
            evalue: value,
        };
        self.tell(error, request).await;
        Some(())
    }
}

fn progress(done: u64, ended: Option<ProgressEnd>) -> Marker {
    Marker::Progress {
        id: "barre".to_owned(),
        label: "Attempt".to_owned(),
        done,
        total: 100,
        detail: String::new(),
        seconds_left: None,
        ended,
    }
}

fn mark(out: &mut dyn Write, marker: &Marker) {
    writeln!(out, "{}", marker.encode()).unwrap();
}

/// Runs a cell's body with the adapter's pipes, after the marker of its beginning.
fn cell(body: impl FnOnce(&mut dyn Write, &mut dyn Write)) {
    let (mut out, mut err) = pipes();
    mark(&mut out, &Marker::Begin);
    body(&mut out, &mut err);
}

/// Stands for what a compiler keeps from one cell to the next.
fn kept_by_compilers() -> PathBuf {
    let folder = PathBuf::from(std::env::var_os("EVCXR_TMPDIR").unwrap());
    folder.join("target/machine/debug/incremental/ctx")
}

/// Does something once the cell is over.
fn after(body: impl FnOnce(&mut dyn Write, &mut dyn Write) + Send + 'static) {
    let (mut out, mut err) = pipes();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        body(&mut out, &mut err);
    });
}

fn pipes() -> (File, File) {
    let folder = PathBuf::from(std::env::var_os(PIPES_VARIABLE).unwrap());
    let open = |name| {
        OpenOptions::new()
            .write(true)
            .open(folder.join(name))
            .unwrap()
    };
    (open("stdout"), open("stderr"))
}
