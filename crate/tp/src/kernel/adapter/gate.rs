//! What stands on a TCP port before one of our ZeroMQ sockets: the `zeromq` crate makes room for as many bytes as a frame's
//! header announces, whoever sent it, and a process that cannot have them ends. Here an announcement that no message of
//! Jupyter's makes closes its connection; what passes goes on through a socket in our private folder.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// Longest message let through, all its frames together.
const LONGEST_MESSAGE: u64 = 256 << 20;
/// What a frame costs whoever keeps it, beside its bytes.
const FRAME_COST: u64 = 64;
/// Length of ZMTP's greeting, which comes before all frames.
const GREETING: u64 = 64;
/// Read at once.
const CHUNK: usize = 64 * 1024;

/// Lets those who connect to `listener` speak to the socket that listens at `behind`.
pub(super) fn keep(listener: TcpListener, behind: &Path) {
    let behind = behind.to_owned();
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((peer, _)) => drop(tokio::spawn(relay(peer, behind.clone()))),
                // Too many open files, most likely: some close.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    });
}

/// Both directions of one connection, until either ends.
async fn relay(peer: TcpStream, behind: PathBuf) -> std::io::Result<()> {
    let socket = UnixStream::connect(behind).await?;
    peer.set_nodelay(true)?;
    let (from_peer, to_peer) = peer.into_split();
    let (from_socket, to_socket) = socket.into_split();
    tokio::select! {
        ended = pump(from_peer, to_socket, Some(Meter::new(LONGEST_MESSAGE))) => ended,
        ended = pump(from_socket, to_peer, None) => ended,
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut meter: Option<Meter>,
) -> std::io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = from.read(&mut chunk).await?;
        let bytes = &chunk[..count];
        if count == 0 || meter.as_mut().is_some_and(|meter| !meter.accepts(bytes)) {
            return Ok(());
        }
        to.write_all(bytes).await?;
    }
}

/// Follows the frames of one connection.
#[derive(Debug)]
struct Meter {
    most: u64,
    /// The beginning of a frame: flags and length.
    header: Vec<u8>,
    /// Bytes before the next header.
    body: u64,
    /// What the frames of the message under way take.
    message: u64,
}

impl Meter {
    fn new(most: u64) -> Self {
        Self {
            most,
            header: Vec::new(),
            body: GREETING,
            message: 0,
        }
    }

    /// Whether a connection may go on after these bytes.
    fn accepts(&mut self, mut bytes: &[u8]) -> bool {
        const MORE: u8 = 1;
        const LONG: u8 = 2;
        const COMMAND: u8 = 4;
        while let [first, rest @ ..] = bytes {
            if self.body > 0 {
                let within =
                    usize::try_from(self.body).map_or(bytes.len(), |body| body.min(bytes.len()));
                self.body -= within as u64;
                bytes = &bytes[within..];
                continue;
            }
            self.header.push(*first);
            bytes = rest;
            let length = match self.header[..] {
                [flags, length] if flags & LONG == 0 => u64::from(length),
                [_, a, b, c, d, e, f, g, h] => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
                _ => continue,
            };
            let goes_on = self.header[0] & (MORE | COMMAND) == MORE;
            self.header.clear();
            self.message = self
                .message
                .saturating_add(length)
                .saturating_add(FRAME_COST);
            if self.message > self.most {
                return false;
            }
            self.body = length;
            if !goes_on {
                self.message = 0;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(flags: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![flags];
        match flags & 2 {
            0 => frame.push(u8::try_from(length).unwrap()),
            _ => frame.extend((length as u64).to_be_bytes()),
        }
        // Bodies that would be refused as headers.
        frame.resize(frame.len() + length, 0xff);
        frame
    }

    fn accepted(frames: &[Vec<u8>], cut: usize) -> bool {
        let mut meter = Meter::new(1000);
        let bytes = [vec![0xff; 64], frames.concat()].concat();
        bytes.chunks(cut).all(|chunk| meter.accepts(chunk))
    }

    #[test]
    fn long_messages_are_refused_however_they_are_cut() {
        let fine = [
            frame(4, 200),
            frame(1, 255),
            frame(3, 400),
            frame(0, 0),
            frame(2, 900),
        ];
        let long = [frame(4, 200), frame(2, 937)];
        let many = [frame(1, 255), frame(3, 400), frame(0, 200)];
        let empty = vec![frame(1, 0); 16];
        for cut in [1, 2, 7, 64, 65, 10_000] {
            assert!(accepted(&fine, cut), "{cut}");
            for refused in [&long[..], &many[..], &empty[..]] {
                assert!(!accepted(refused, cut), "{cut}");
            }
        }
        let announced = [&[2][..], &(1_u64 << 40).to_be_bytes()].concat();
        assert!(!accepted(&[announced], 3));
        assert!(!accepted(
            &[vec![2, 255, 255, 255, 255, 255, 255, 255, 255]],
            3
        ));
    }
}
