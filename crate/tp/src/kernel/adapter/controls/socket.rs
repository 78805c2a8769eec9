//! The socket of the session that the process of the cells connects to.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tp_protocol::controls::{Frame, FromCells, HEADER, ToCells, VERSION, lengths};

use crate::error::{Error, Result};
use crate::kernel::adapter::sockets::Incoming;

/// What comes from the processes of the cells, each named by its connection.
pub(in crate::kernel::adapter) enum Told {
    /// One is there, and hears this.
    Came(u64, Writer),
    /// One speaks.
    Said(u64, FromCells, Vec<u8>),
    /// One ended.
    Gone(u64),
}

/// The way to one process of the cells.
pub(in crate::kernel::adapter) struct Writer(mpsc::UnboundedSender<Frame>);

impl Writer {
    /// Sends; a process that is gone hears nothing. What it has to read is bounded: one message of values a set.
    pub(super) fn send(&self, message: &ToCells, bytes: &[u8]) {
        let _ = self.0.send(Frame::new(message, bytes));
    }
}

/// Listens on `path`, in a private folder.
pub(in crate::kernel::adapter) fn listen(
    path: &Path,
    incoming: &mpsc::Sender<Incoming>,
) -> Result<()> {
    let listener = UnixListener::bind(path).map_err(Error::io("Impossible d'ouvrir", path))?;
    let incoming = incoming.clone();
    tokio::spawn(async move {
        let mut connection = 0;
        while let Ok((stream, _)) = listener.accept().await {
            connection += 1;
            let (from, to) = stream.into_split();
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(write(to, receiver));
            tokio::spawn(read(connection, from, Writer(sender), incoming.clone()));
        }
    });
    Ok(())
}

async fn write(mut to: OwnedWriteHalf, mut frames: mpsc::UnboundedReceiver<Frame>) {
    while let Some(frame) = frames.recv().await {
        if to.write_all(&frame.encode()).await.is_err() {
            return;
        }
    }
}

async fn read(
    connection: u64,
    mut from: OwnedReadHalf,
    writer: Writer,
    incoming: mpsc::Sender<Incoming>,
) {
    // Another version, or none of ours at all: it is left alone.
    let hello = next(&mut from).await.map(|(message, _)| message);
    if hello != Some(FromCells::Hello { version: VERSION }) {
        return;
    }
    let mut told = Told::Came(connection, writer);
    loop {
        if incoming.send(Incoming::Controls(told)).await.is_err() {
            return;
        }
        told = match next(&mut from).await {
            Some((message, bytes)) => Told::Said(connection, message, bytes),
            None => break,
        };
    }
    let _ = incoming
        .send(Incoming::Controls(Told::Gone(connection)))
        .await;
}

/// The next message; `None` at the end, and for what is none of ours.
async fn next(from: &mut OwnedReadHalf) -> Option<(FromCells, Vec<u8>)> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header).await.ok()?;
    let (message, bytes) = lengths(header).ok()?;
    let mut body = vec![0; message + bytes];
    from.read_exact(&mut body).await.ok()?;
    let frame = Frame::from_parts(body, message);
    Some((frame.message().ok()?, frame.bytes))
}
