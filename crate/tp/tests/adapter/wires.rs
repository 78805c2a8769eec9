//! A client made of plain sockets: what ours does not do can be sent, and every message is seen.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jupyter_protocol::{
    ConnectionInfo, ExecuteRequest, InputReply, InterruptRequest, JupyterMessage,
    JupyterMessageContent, KernelInfoRequest, ReplyStatus, Transport,
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
    folder: Option<Folder>,
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
        Self::start_with(through_adapter, &[]).await
    }

    /// The same, with more in its environment.
    pub(super) async fn start_with(through_adapter: bool, more: &[(&str, &str)]) -> Self {
        let folder = Folder::create();
        let connection = connection();
        Self::start_in(through_adapter, more, folder, &connection).await
    }

    /// Starts the adapter again where it ended, as Jupyter's server restarts a kernel.
    pub(super) async fn again(mut self) -> Self {
        self.child.wait().unwrap();
        let folder = self.folder.take().unwrap();
        let connection = self.connection.clone();
        drop(self);
        Self::start_in(true, &[], folder, &connection).await
    }

    async fn start_in(
        through_adapter: bool,
        more: &[(&str, &str)],
        folder: Folder,
        connection: &ConnectionInfo,
    ) -> Self {
        let file = folder.0.join("connexion.json");
        std::fs::write(&file, serde_json::to_vec(connection).unwrap()).unwrap();
        let mut command = if through_adapter {
            let mut command = Command::new(folder.0.join("bin/tp"));
            command.arg("kernel");
            command
        } else {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("--control_file");
            command
        };
        command.arg(&file).stdin(Stdio::null());
        command.envs(more.iter().copied());
        let child = command.spawn().unwrap();
        let mut wires = Self::connect(connection, child, folder).await;
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
            folder: Some(folder),
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

    /// The reply to a request, whatever else is replied to before it.
    pub(super) async fn reply_in_time(
        &mut self,
        id: &str,
        limit: Duration,
    ) -> JupyterMessageContent {
        let read = async {
            loop {
                let message = self.shell.read().await.unwrap();
                if message
                    .parent_header
                    .is_some_and(|parent| parent.msg_id == id)
                {
                    return message.content;
                }
            }
        };
        tokio::time::timeout(limit, read)
            .await
            .expect("a reply in time")
    }

    pub(super) async fn answer(&mut self, value: &str) {
        let reply = InputReply {
            value: value.to_owned(),
            ..InputReply::default()
        };
        self.stdin
            .send(JupyterMessage::new(reply, None))
            .await
            .unwrap();
    }

    /// The process ends by itself.
    pub(super) async fn ends(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

pub(super) fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future);
}

/// All that was printed, of both streams.
pub(super) fn printed(told: &[JupyterMessageContent]) -> String {
    let text = |content: &JupyterMessageContent| match content {
        JupyterMessageContent::StreamContent(stream) => Some(stream.text.clone()),
        _ => None,
    };
    told.iter().filter_map(text).collect()
}
