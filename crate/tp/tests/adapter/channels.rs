//! What only several messages at once show: the queue, questions during a cell, junk, the cost of a message.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jupyter_protocol::{
    CompleteRequest, ConnectionInfo, ExecuteRequest, HistoryRequest, InterruptRequest,
    IsCompleteRequest, JupyterMessage, JupyterMessageContent, KernelInfoRequest, ReplyStatus,
    Transport,
};
use jupyter_zmq_client::{
    ClientControlConnection, ClientIoPubConnection, ClientShellConnection, ClientStdinConnection,
    create_client_control_connection, create_client_iopub_connection,
    create_client_shell_connection_with_identity, create_client_stdin_connection_with_identity,
    peer_identity_for_session,
};

use super::Folder;

/// A kernel and plain sockets to it.
pub(super) struct Wires {
    pub(super) shell: ClientShellConnection,
    pub(super) control: ClientControlConnection,
    pub(super) stdin: ClientStdinConnection,
    pub(super) iopub: ClientIoPubConnection,
    pub(super) connection: ConnectionInfo,
    pub(super) child: Child,
    _folder: Folder,
}

impl Drop for Wires {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connection() -> ConnectionInfo {
    let held: Vec<_> = (0..5)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let port = |index: usize| held[index].local_addr().unwrap().port();
    ConnectionInfo {
        ip: "127.0.0.1".to_owned(),
        transport: Transport::TCP,
        shell_port: port(0),
        iopub_port: port(1),
        stdin_port: port(2),
        control_port: port(3),
        hb_port: port(4),
        key: "clé d'essai".to_owned(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: None,
    }
}

impl Wires {
    /// Starts the adapter, or the stand-in for evcxr directly.
    pub(super) async fn start(through_adapter: bool) -> Self {
        let folder = Folder::create();
        let connection = connection();
        let file = folder.0.join("connexion.json");
        std::fs::write(&file, serde_json::to_vec(&connection).unwrap()).unwrap();
        let mut command = if through_adapter {
            let mut command = Command::new(folder.0.join("bin/tp"));
            command.arg("kernel");
            command
        } else {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("--control_file");
            command
        };
        let child = command.arg(&file).stdin(Stdio::null()).spawn().unwrap();
        let mut wires = Self::connect(&connection, child, folder).await;
        // Both channels are there once a question's status arrives too.
        loop {
            let question = JupyterMessage::from(KernelInfoRequest {});
            let id = question.header.msg_id.clone();
            wires.shell.send(question).await.unwrap();
            wires.shell.read().await.unwrap();
            let heard = async {
                loop {
                    let message = wires.iopub.read().await.unwrap();
                    if message
                        .parent_header
                        .is_some_and(|parent| parent.msg_id == id)
                    {
                        return;
                    }
                }
            };
            if tokio::time::timeout(Duration::from_millis(300), heard)
                .await
                .is_ok()
            {
                return wires;
            }
        }
    }

    async fn connect(connection: &ConnectionInfo, child: Child, folder: Folder) -> Self {
        let session = uuid::Uuid::new_v4().to_string();
        let identity = peer_identity_for_session(&session).unwrap();
        Self {
            iopub: create_client_iopub_connection(connection, "", &session)
                .await
                .unwrap(),
            stdin: create_client_stdin_connection_with_identity(
                connection,
                &session,
                identity.clone(),
            )
            .await
            .unwrap(),
            shell: create_client_shell_connection_with_identity(connection, &session, identity)
                .await
                .unwrap(),
            control: create_client_control_connection(connection, &session)
                .await
                .unwrap(),
            connection: connection.clone(),
            child,
            _folder: folder,
        }
    }

    pub(super) async fn send(&mut self, content: impl Into<JupyterMessageContent>) -> String {
        let message = JupyterMessage::new(content, None);
        let id = message.header.msg_id.clone();
        self.shell.send(message).await.unwrap();
        id
    }

    pub(super) async fn execute(&mut self, code: &str) -> String {
        self.send(ExecuteRequest::new(code.to_owned())).await
    }

    /// The next reply on the shell channel, whose request must be this one.
    pub(super) async fn reply_to(&mut self, id: &str) -> JupyterMessageContent {
        let read = tokio::time::timeout(Duration::from_secs(20), self.shell.read());
        let message = read.await.expect("a reply in time").unwrap();
        assert_eq!(
            message.parent_header.unwrap().msg_id,
            id,
            "{:?}",
            message.content
        );
        message.content
    }

    /// What the world hears of a request, until its work is over.
    pub(super) async fn told_of(&mut self, id: &str) -> Vec<JupyterMessageContent> {
        let mut told = Vec::new();
        loop {
            let read = tokio::time::timeout(Duration::from_secs(20), self.iopub.read());
            let message = read.await.expect("a message in time").unwrap();
            if message
                .parent_header
                .is_none_or(|parent| parent.msg_id != id)
            {
                continue;
            }
            if let JupyterMessageContent::Status(status) = &message.content
                && format!("{:?}", status.execution_state) == "Idle"
            {
                return told;
            }
            told.push(message.content);
        }
    }

    pub(super) async fn interrupt(&mut self) {
        self.control.send(InterruptRequest {}.into()).await.unwrap();
    }

    pub(super) async fn status_of(&mut self, id: &str) -> ReplyStatus {
        match self.reply_to(id).await {
            JupyterMessageContent::ExecuteReply(reply) => reply.status,
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future);
}

pub fn the_queue_stops_at_the_first_error() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let mut ids = Vec::new();
        for code in ["print un", "panic aïe", "print trois", "print quatre"] {
            ids.push(wires.execute(code).await);
        }
        let mut statuses = Vec::new();
        for id in &ids {
            statuses.push(format!("{:?}", wires.status_of(id).await));
        }
        assert_eq!(statuses, ["Ok", "Error", "Aborted", "Aborted"]);
        // What is asked afterwards runs.
        let id = wires.execute("print cinq").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        // A client that wants to go on does.
        let mut request = ExecuteRequest::new("panic aïe".to_owned());
        request.stop_on_error = false;
        let failing = wires.send(request).await;
        let next = wires.execute("print six").await;
        assert!(matches!(
            wires.status_of(&failing).await,
            ReplyStatus::Error
        ));
        assert!(matches!(wires.status_of(&next).await, ReplyStatus::Ok));
        // An interrupt gives up what waits.
        let running = wires.execute("listen").await;
        let waiting = wires.execute("print sept").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        wires
            .control
            .send(InterruptRequest {}.into())
            .await
            .unwrap();
        assert!(matches!(
            wires.status_of(&waiting).await,
            ReplyStatus::Aborted
        ));
        assert!(matches!(wires.status_of(&running).await, ReplyStatus::Ok));
    });
}

/// A kernel that says it is dead is given up by JupyterLab, which then misses the one that Jupyter starts in its place.
pub fn a_kernel_whose_evcxr_ends_is_idle_to_the_last() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let id = wires.execute("exit").await;
        assert!(matches!(wires.status_of(&id).await, ReplyStatus::Error));
        let mut states = Vec::new();
        let pause = Duration::from_millis(500);
        while let Ok(Ok(message)) = tokio::time::timeout(pause, wires.iopub.read()).await {
            if let JupyterMessageContent::Status(status) = message.content {
                states.push(format!("{:?}", status.execution_state));
            }
        }
        assert_eq!(
            states.last().map(String::as_str),
            Some("Idle"),
            "{states:?}"
        );
    });
}

pub fn questions_are_answered_while_a_cell_runs() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let first = wires.execute("print let modele_a = 1").await;
        wires.status_of(&first).await;
        // Idle, evcxr answers.
        let id = wires
            .send(CompleteRequest {
                code: "m".to_owned(),
                cursor_pos: 1,
            })
            .await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::CompleteReply(reply) => assert_eq!(reply.matches, ["du_noyau"]),
            other => panic!("{other:?}"),
        }
        let running = wires.execute("listen").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let id = wires
            .send(CompleteRequest {
                code: "mod".to_owned(),
                cursor_pos: 3,
            })
            .await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::CompleteReply(reply) => assert_eq!(reply.matches, ["modele_a"]),
            other => panic!("{other:?}"),
        }
        let id = wires
            .send(IsCompleteRequest {
                code: "fn f() {".to_owned(),
            })
            .await;
        let reply = wires.reply_to(&id).await;
        assert!(
            matches!(reply, JupyterMessageContent::IsCompleteReply(_)),
            "{reply:?}"
        );
        let id = wires
            .send(HistoryRequest::Tail {
                n: 5,
                output: false,
                raw: true,
            })
            .await;
        match wires.reply_to(&id).await {
            JupyterMessageContent::HistoryReply(reply) => assert_eq!(reply.history.len(), 2),
            other => panic!("{other:?}"),
        }
        let id = wires.send(KernelInfoRequest {}).await;
        wires.reply_to(&id).await;
        wires
            .control
            .send(InterruptRequest {}.into())
            .await
            .unwrap();
        assert!(matches!(wires.status_of(&running).await, ReplyStatus::Ok));
    });
}

pub fn junk_and_wrong_signatures_are_refused() {
    block_on(async {
        let mut wires = Wires::start(true).await;
        let connection = wires.connection.clone();
        // Raw bytes on every port, some that begin like ZeroMQ's greeting, and connections that close at once.
        let greeting = [
            &[0xff_u8, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f][..],
            &[3, 1, b'N', b'U'][..],
        ]
        .concat();
        for port in [
            connection.shell_port,
            connection.iopub_port,
            connection.stdin_port,
            connection.control_port,
            connection.hb_port,
        ] {
            for junk in [
                &b"GET / HTTP/1.1\r\n\r\n"[..],
                &[0; 4096],
                &greeting,
                &[0xff; 70_000],
                b"",
            ] {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let _ = stream.write_all(junk);
            }
        }
        // Messages signed with another key: never answered, never executed.
        let mut other = connection.clone();
        other.key = "une autre".to_owned();
        let session = uuid::Uuid::new_v4().to_string();
        let identity = peer_identity_for_session(&session).unwrap();
        let mut stranger = create_client_shell_connection_with_identity(&other, &session, identity)
            .await
            .unwrap();
        let code = ExecuteRequest::new("exit".to_owned());
        stranger
            .send(JupyterMessage::new(code, None))
            .await
            .unwrap();
        let mut control = create_client_control_connection(&other, &session)
            .await
            .unwrap();
        let shutdown = jupyter_protocol::ShutdownRequest { restart: false };
        control
            .send(JupyterMessage::new(shutdown, None))
            .await
            .unwrap();
        let answer = tokio::time::timeout(Duration::from_millis(500), stranger.read()).await;
        assert!(answer.is_err(), "{answer:?}");
        // The kernel goes on for who has the key.
        for _ in 0..3 {
            let id = wires.execute("print toujours là").await;
            assert!(matches!(wires.status_of(&id).await, ReplyStatus::Ok));
        }
        assert!(wires.child.try_wait().unwrap().is_none());
        assert!(Path::new(&format!("/proc/{}", wires.child.id())).exists());
    });
}

/// Prints what the adapter adds to a cell: the figure that the README quotes.
pub fn messages_cost_little() {
    const CELLS: usize = 200;
    block_on(async {
        let mut medians = Vec::new();
        for through_adapter in [false, true] {
            let mut wires = Wires::start(through_adapter).await;
            let mut seconds = Vec::new();
            for _ in 0..CELLS {
                let start = Instant::now();
                let id = wires.execute("rien").await;
                let status = wires.status_of(&id).await;
                assert!(matches!(status, ReplyStatus::Ok), "{status:?}");
                seconds.push(start.elapsed().as_secs_f64());
            }
            seconds.sort_by(f64::total_cmp);
            medians.push(1000.0 * seconds[CELLS / 2]);
        }
        println!(
            "a cell without work, median of {CELLS}: {:.2} ms without the adapter, {:.2} ms with it",
            medians[0], medians[1]
        );
    });
}
