//! The sockets on both sides: ours that Jupyter connects to, and ours that are connected to evcxr_jupyter. evcxr's control
//! and stdin channels are left alone: what they do, killing the cells' process and answering it, the adapter does itself.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use jupyter_protocol::{ConnectionInfo, Transport};
use tokio::sync::mpsc;
use zeromq::{
    DealerSendHalf, DealerSocket, PubSocket, RepSocket, RouterRecvHalf, RouterSendHalf,
    RouterSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket,
};

use super::controls::socket::Told;
use super::gate;
use super::pipes::Piece;
use super::wire::{Key, Message};
use crate::error::{Error, Result};
use crate::jupyter::StreamName;

/// How long a port of the connection file may still be held by the kernel that a restart replaces.
const PORT_LIMIT: Duration = Duration::from_secs(5);

/// How long one attempt to connect to evcxr may last; the caller tries again.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Something that arrived.
pub(super) enum Incoming {
    /// Jupyter's request.
    Shell(Message),
    /// Jupyter's answer to a question.
    Stdin(Message),
    /// What a cell printed.
    Printed(StreamName, Piece),
    /// evcxr's reply.
    EvcxrShell(Message),
    /// evcxr's output or status.
    EvcxrIopub(Message),
    /// The connection to evcxr stands.
    Connected(Box<Evcxr>),
    /// evcxr did not listen in time.
    Unreachable,
    /// A line of evcxr's own log.
    Log(String),
    /// What the cells' process says of its live controls.
    Controls(Told),
}

/// What must not wait behind a flood of text.
pub(super) type Urgent = Message;

/// The sockets that Jupyter is connected to.
pub(super) struct Front {
    shell: RouterSendHalf,
    control: RouterSendHalf,
    stdin: RouterSendHalf,
    iopub: PubSocket,
    key: Key,
    pub(super) session: String,
}

impl Front {
    /// Binds the five addresses of a connection file and has what arrives sent on. `folder` is private.
    pub(super) async fn bind(
        connection: &ConnectionInfo,
        folder: &Path,
        incoming: &mpsc::Sender<Incoming>,
        urgent: &mpsc::Sender<Urgent>,
    ) -> Result<Self> {
        let key = Key::new(&connection.key);
        let address = |port| Address {
            connection,
            port,
            folder,
        };
        let (shell, from_shell) = address(connection.shell_port).router().await?;
        let (control, from_control) = address(connection.control_port).router().await?;
        let (stdin, from_stdin) = address(connection.stdin_port).router().await?;
        let iopub: PubSocket = address(connection.iopub_port).bound().await?;
        let heartbeat: RepSocket = address(connection.hb_port).bound().await?;
        tokio::spawn(echo(heartbeat));
        listen(from_shell, key.clone(), incoming.clone(), Incoming::Shell);
        listen(from_stdin, key.clone(), incoming.clone(), Incoming::Stdin);
        listen(from_control, key.clone(), urgent.clone(), |message| message);
        Ok(Self {
            shell,
            control,
            stdin,
            iopub,
            key,
            session: uuid::Uuid::new_v4().to_string(),
        })
    }

    // A client that is gone is no failure of the kernel's.

    pub(super) async fn shell(&mut self, message: &Message) {
        let _ = self.shell.send(message.encode(&self.key)).await;
    }

    pub(super) async fn control(&mut self, message: &Message) {
        let _ = self.control.send(message.encode(&self.key)).await;
    }

    pub(super) async fn stdin(&mut self, message: &Message) {
        let _ = self.stdin.send(message.encode(&self.key)).await;
    }

    pub(super) async fn iopub(&mut self, message: &Message) {
        let _ = self.iopub.send(message.encode(&self.key)).await;
    }
}

/// Where one of our sockets listens.
struct Address<'a> {
    connection: &'a ConnectionInfo,
    port: u16,
    folder: &'a Path,
}

impl Address<'_> {
    async fn bound<S: Socket>(&self) -> Result<S> {
        let start = Instant::now();
        loop {
            match self.try_bind().await {
                Ok(socket) => return Ok(socket),
                Err(_) if start.elapsed() < PORT_LIMIT => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(source) => {
                    return Err(Error::Command {
                        what: format!("L'ouverture de « {}:{} »", self.connection.ip, self.port),
                        status: source.to_string(),
                        remedy: "Redémarrez le noyau.".to_owned(),
                        tail: String::new(),
                    });
                }
            }
        }
    }

    async fn try_bind<S: Socket>(&self) -> zeromq::ZmqResult<S> {
        let Self {
            connection, port, ..
        } = self;
        let mut socket = S::new();
        match connection.transport {
            Transport::TCP => {
                let listener =
                    tokio::net::TcpListener::bind((connection.ip.as_str(), *port)).await?;
                let behind = self.folder.join(port.to_string());
                let _ = std::fs::remove_file(&behind);
                socket.bind_listener(UnixListener::bind(&behind)?).await?;
                gate::keep(listener, &behind);
            }
            // The rights of these files say who may connect.
            Transport::IPC => {
                socket
                    .bind(&format!("ipc://{}-{port}", connection.ip))
                    .await?;
            }
        }
        Ok(socket)
    }

    async fn router(&self) -> Result<(RouterSendHalf, RouterRecvHalf)> {
        Ok(self.bound::<RouterSocket>().await?.split())
    }
}

/// Answers each heartbeat with itself.
async fn echo(mut heartbeat: RepSocket) {
    loop {
        match heartbeat.recv().await {
            Ok(message) => {
                let _ = heartbeat.send(message).await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Sends on what a socket receives; what is no message of ours is dropped.
fn listen<S, T>(
    mut socket: S,
    key: Key,
    sender: mpsc::Sender<T>,
    wrap: impl Fn(Message) -> T + Send + 'static,
) where
    S: SocketRecv + Send + 'static,
    T: Send + 'static,
{
    tokio::spawn(async move {
        loop {
            match socket.recv().await {
                Ok(frames) => {
                    if let Some(message) = Message::decode(frames, &key)
                        && sender.send(wrap(message)).await.is_err()
                    {
                        return;
                    }
                }
                // A peer that left, or that spoke no ZeroMQ.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    });
}

/// The sockets connected to evcxr_jupyter.
pub(super) struct Evcxr {
    shell: DealerSendHalf,
    key: Key,
}

impl Evcxr {
    /// Connects as soon as evcxr listens; what it sends is sent on.
    pub(super) async fn connect(
        connection: &ConnectionInfo,
        incoming: &mpsc::Sender<Incoming>,
    ) -> zeromq::ZmqResult<Self> {
        let key = Key::new(&connection.key);
        let options = || {
            let mut options = SocketOptions::default();
            options.connect_timeout(CONNECT_LIMIT);
            options
        };
        let mut iopub = SubSocket::with_options(options());
        iopub.subscribe("").await?;
        iopub.connect(&connection.iopub_url()).await?;
        let mut shell = DealerSocket::with_options(options());
        shell.connect(&connection.shell_url()).await?;
        let (shell, from_shell) = shell.split();
        listen(iopub, key.clone(), incoming.clone(), Incoming::EvcxrIopub);
        listen(
            from_shell,
            key.clone(),
            incoming.clone(),
            Incoming::EvcxrShell,
        );
        Ok(Self { shell, key })
    }

    // evcxr's end is seen by its process, not by its sockets.

    pub(super) async fn shell(&mut self, message: &Message) {
        let _ = self.shell.send(self.unrouted(message)).await;
    }

    fn unrouted(&self, message: &Message) -> zeromq::ZmqMessage {
        let mut message = message.clone();
        message.identities.clear();
        message.encode(&self.key)
    }
}

/// Reads Jupyter's connection file.
pub(super) fn read_connection(file: &Path) -> Result<ConnectionInfo> {
    let text = std::fs::read(file).map_err(Error::io("Impossible de lire", file))?;
    let unusable = |reason: String| Error::Unusable {
        path: file.to_owned(),
        reason,
        remedy: "Ce fichier est écrit par Jupyter : relancez le noyau.".to_owned(),
    };
    let connection: ConnectionInfo =
        serde_json::from_slice(&text).map_err(|source| unusable(source.to_string()))?;
    if connection.signature_scheme != "hmac-sha256" && !connection.key.is_empty() {
        return Err(unusable(format!(
            "signature « {} » inconnue",
            connection.signature_scheme
        )));
    }
    Ok(connection)
}

/// Five free ports of this machine and a key of their own, for evcxr alone.
pub(super) fn private_connection() -> Result<ConnectionInfo> {
    let bind = || {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(Error::io("Aucun port libre sur", "127.0.0.1"))
    };
    // All are held until all are known, so that they differ.
    let mut held = Vec::new();
    let mut ports = [0_u16; 5];
    for port in &mut ports {
        let listener = bind()?;
        let address = listener.local_addr();
        *port = address
            .map_err(Error::io("Aucun port libre sur", "127.0.0.1"))?
            .port();
        held.push(listener);
    }
    let [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
    Ok(ConnectionInfo {
        ip: Ipv4Addr::LOCALHOST.to_string(),
        transport: Transport::TCP,
        shell_port,
        iopub_port,
        stdin_port,
        control_port,
        hb_port,
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: None,
    })
}
