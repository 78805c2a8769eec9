//! What the cells print, from the two pipes that they print on: text, messages of ours, displays.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tokio::sync::mpsc;
use tp_protocol::Marker;

use crate::error::{Error, Result};
use crate::jupyter::StreamName;

/// Read at once.
const CHUNK: usize = 64 * 1024;
/// Longest line that is waited for; a longer one is shown in pieces.
const LONGEST_LINE: usize = 64 << 20;
/// Longest representation of a value: what a notebook can hold.
const LONGEST_CONTENT: usize = 32 << 20;
/// Kept of a line that is too long: the adapter's own line may end it.
const TAIL: usize = 128;

const BEGIN_CONTENT: &str = "EVCXR_BEGIN_CONTENT ";
const END_CONTENT: &[u8] = b"EVCXR_END_CONTENT";
/// What evcxr's runtime prints at the end of a cell, where evcxr itself does not read it.
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
/// What the crate `evcxr_input` prints, a colon and its prompt behind.
const QUESTION: &str = "EVCXR_INPUT_REQUEST";
const PASSWORD: &str = "EVCXR_INPUT_REQUEST_PASSWORD";

/// Something that a cell printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Text for the reader.
    Text(String),
    /// A message of ours.
    Marker(Marker),
    /// One representation of a value, as evcxr's display protocol has it.
    Content {
        /// Media type.
        media: String,
        /// Text, or base64.
        body: String,
    },
    /// The cell waits for a line of the user's.
    Question {
        /// What it asks.
        prompt: String,
        /// Whether the answer must not be shown.
        password: bool,
    },
    /// The process of the cells is done with its cell, and reads its next order.
    Over,
    /// All that was written before the barrier of this number has been read.
    Barrier(u64),
}

/// The two pipes, kept open so that neither ends with a cell's process.
pub(super) struct Pipes {
    stdout: File,
    stderr: File,
    nonce: String,
}

impl Pipes {
    /// Makes the pipes in `folder` and starts to read them; pieces go to `send`, which may block the reader.
    pub(super) fn open<T, F>(folder: &Path, sender: &mpsc::Sender<T>, wrap: F) -> Result<Self>
    where
        T: Send + 'static,
        F: Fn(StreamName, Piece) -> T + Clone + Send + 'static,
    {
        let nonce = format!("\u{2}{}\u{2}", uuid::Uuid::new_v4().simple());
        let open = |name: &str, stream: StreamName| {
            let file = make(&folder.join(name))?;
            let reader = file
                .try_clone()
                .map_err(Error::io("Impossible d'ouvrir", folder))?;
            let (sender, wrap) = (sender.clone(), wrap.clone());
            let splitter = Splitter::new(&nonce);
            std::thread::spawn(move || {
                read(reader, splitter, |piece| {
                    sender.blocking_send(wrap(stream, piece)).is_ok()
                });
            });
            Ok(file)
        };
        Ok(Self {
            stdout: open("stdout", StreamName::Stdout)?,
            stderr: open("stderr", StreamName::Stderr)?,
            nonce,
        })
    }

    /// Has [`Piece::Barrier`] come on both streams, after all that is written by now.
    pub(super) fn barrier(&self, number: u64) {
        let line = format!("{}{number}\n", self.nonce);
        for pipe in [&self.stdout, &self.stderr] {
            let mut pipe: &File = pipe;
            if ready(pipe, libc::POLLOUT, 0) {
                let _ = pipe.write_all(line.as_bytes());
            } else if let Ok(mut pipe) = pipe.try_clone() {
                let line = line.clone();
                // A full pipe is emptied by a reader that may wait for this very thread.
                std::thread::spawn(move || {
                    let _ = pipe.write_all(line.as_bytes());
                });
            }
        }
    }
}

fn make(path: &Path) -> Result<File> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::Usage("Le dossier temporaire a un nom inutilisable.".to_owned()))?;
    // SAFETY: `name` is a C string.
    if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
        return Err(Error::io("Impossible de créer", path)(
            std::io::Error::last_os_error(),
        ));
    }
    // Opened for both: it never ends, and opening does not wait for the other side.
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(Error::io("Impossible d'ouvrir", path))
}

/// Reads until the end or until nobody listens. Text that stays without its line feed for a moment is shown as it is.
fn read(mut pipe: File, mut splitter: Splitter, mut send: impl FnMut(Piece) -> bool) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match pipe.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        let mut pieces = splitter.feed(&chunk[..count]);
        // A line that never ends is shown as it comes.
        if splitter.waits() && (splitter.is_long() || !has_more(&pipe)) {
            pieces.extend(splitter.unfinished());
        }
        // Whole lines travel together: a message each would cost more than the printing.
        for piece in joined(pieces) {
            if !send(piece) {
                return;
            }
        }
    }
}

/// Whether something more comes within a few milliseconds.
fn has_more(pipe: &File) -> bool {
    ready(pipe, libc::POLLIN, 5)
}

/// Whether a pipe can be read, or takes a short line without waiting, within so many milliseconds.
fn ready(pipe: &File, event: libc::c_short, milliseconds: libc::c_int) -> bool {
    use std::os::fd::AsRawFd;
    let mut poll = libc::pollfd {
        fd: pipe.as_raw_fd(),
        events: event,
        revents: 0,
    };
    // SAFETY: one valid entry.
    unsafe { libc::poll(&mut poll, 1, milliseconds) > 0 }
}

fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Text(all)), Piece::Text(text)) => all.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

/// Whether a text is a message that can be read, whatever stands before it.
fn is_message(text: &str) -> bool {
    match text.strip_prefix(BEGIN_CONTENT) {
        Some(media) => {
            let media = media.trim();
            media.contains('/') && !media.contains(char::is_whitespace)
        }
        None => matches!(Marker::decode(text), Some(Ok(_))),
    }
}

/// A content block whose end has not come.
#[derive(Debug)]
struct Content {
    media: String,
    body: String,
    too_long: bool,
}

impl Content {
    fn push(&mut self, line: &str) {
        self.too_long |= self.body.len() + line.len() > LONGEST_CONTENT;
        if self.too_long {
            self.body = String::new();
        } else {
            self.body.push_str(line);
            self.body.push('\n');
        }
    }

    fn piece(mut self) -> Piece {
        if self.too_long {
            return Piece::Text(format!(
                "… (affichage abandonné : plus de {} Mio ; affichez une partie, ou écrivez dans un fichier)\n",
                LONGEST_CONTENT >> 20
            ));
        }
        self.body.pop();
        Piece::Content {
            media: self.media,
            body: self.body,
        }
    }
}

/// Cuts what is printed into pieces.
#[derive(Debug)]
struct Splitter {
    nonce: String,
    pending: Vec<u8>,
    /// The beginning of this line was shown already.
    within_line: bool,
    content: Option<Content>,
}

impl Splitter {
    fn new(nonce: &str) -> Self {
        Self {
            nonce: nonce.to_owned(),
            pending: Vec::new(),
            within_line: false,
            content: None,
        }
    }

    /// Whether the beginning of a line is there and not its end.
    fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether that beginning is more than is read at once.
    fn is_long(&self) -> bool {
        self.pending.len() >= CHUNK
    }

    fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.pending);
            self.line(&line, &mut pieces);
            self.within_line = false;
        }
        self.pending.extend_from_slice(rest);
        if self.pending.len() > LONGEST_LINE {
            match &mut self.content {
                Some(content) => {
                    content.too_long = true;
                    self.pending.drain(..self.pending.len() - TAIL);
                }
                None => pieces.extend(self.unfinished()),
            }
        }
        pieces
    }

    fn line(&mut self, line: &[u8], pieces: &mut Vec<Piece>) {
        let text = String::from_utf8_lossy(line);
        // The adapter's own line, which may end one of the cell's.
        if let Some((before, number)) = text.rsplit_once(self.nonce.as_str()) {
            pieces.extend(self.content.take().map(Content::piece));
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.extend(number.parse().ok().map(Piece::Barrier));
            return;
        }
        // A thread's text may stand before it, glued.
        if let Some(before) = text.strip_suffix(COMPLETE) {
            pieces.extend(self.content.take().map(Content::piece));
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Over);
            return;
        }
        if let Some(content) = &mut self.content {
            if line == END_CONTENT {
                pieces.extend(self.content.take().map(Content::piece));
            } else {
                content.push(&text);
            }
            return;
        }
        // A message of ours may follow text that a « print! » left without its line feed.
        let start = self.message_start(&text);
        let (before, text) = text.split_at(start);
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        if start > 0 || !self.within_line || is_message(text) {
            if let Some(decoded) = Marker::decode(text) {
                // A marker that cannot be read hides what the cell wanted to say: that is a failure of the cell.
                pieces.push(Piece::Marker(decoded.unwrap_or_else(|error| {
                    Marker::Failure {
                        message: error.to_string(),
                    }
                })));
                return;
            }
            if let Some(media) = text.strip_prefix(BEGIN_CONTENT) {
                self.content = Some(Content {
                    media: media.trim().to_owned(),
                    body: String::new(),
                    too_long: false,
                });
                return;
            }
        }
        if !self.within_line
            && let Some((word @ (QUESTION | PASSWORD), prompt)) = text.split_once(':')
        {
            pieces.push(Piece::Question {
                prompt: prompt.to_owned(),
                password: word == PASSWORD,
            });
            return;
        }
        pieces.push(Piece::Text(format!("{text}\n")));
    }

    /// Where a message begins in a line, 0 in a line of plain text.
    fn message_start(&self, line: &str) -> usize {
        let starts = |word| line.match_indices(word).map(|(at, _)| at);
        starts(tp_protocol::PREFIX)
            .chain(starts(BEGIN_CONTENT))
            .find(|at| is_message(&line[*at..]))
            .unwrap_or(0)
    }

    /// The beginning of a line, unless it may still become a message.
    fn unfinished(&mut self) -> Option<Piece> {
        let prefix = tp_protocol::PREFIX.as_bytes();
        let may_be = |whole: &[u8]| {
            let common = whole.len().min(self.pending.len());
            whole[..common] == self.pending[..common]
        };
        // Within a line, one letter in common is a chance.
        let common = if self.within_line { 6 } else { 1 };
        let ours =
            may_be(prefix) || (self.pending.len() >= common && may_be(BEGIN_CONTENT.as_bytes()));
        let (nonce, mark) = (self.nonce.as_bytes()[0], prefix[0]);
        if self.content.is_some() || self.pending.is_empty() {
            return None;
        }
        let too_long = self.pending.len() > LONGEST_LINE;
        if !too_long && (ours || self.pending.contains(&nonce)) {
            return None;
        }
        let end = if too_long {
            self.pending.len() - TAIL
        } else {
            // What follows may become a message.
            let mark = self.pending.iter().position(|byte| *byte == mark);
            mark.unwrap_or(self.pending.len())
        };
        // A character cut in two waits for its second half.
        let whole = match std::str::from_utf8(&self.pending[..end]) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => end,
        };
        let rest = self.pending.split_off(whole);
        let text = std::mem::replace(&mut self.pending, rest);
        self.within_line = true;
        (!text.is_empty()).then(|| Piece::Text(String::from_utf8_lossy(&text).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn every_cut_gives_the_same_pieces() {
        let marker = Marker::Stopped {
            message: "été\nhiver".to_owned(),
        };
        let printed = format!(
            "un\n{}\ndeux\nEVCXR_BEGIN_CONTENT text/html\n<b>\né\nEVCXR_END_CONTENT\ntrois\u{2}n\u{2}7\n",
            marker.encode()
        );
        let expected = [
            text("un\n"),
            Piece::Marker(marker),
            text("deux\n"),
            Piece::Content {
                media: "text/html".to_owned(),
                body: "<b>\né".to_owned(),
            },
            text("trois"),
            Piece::Barrier(7),
        ];
        for cut in 0..printed.len() {
            let mut splitter = Splitter::new("\u{2}n\u{2}");
            let mut pieces = splitter.feed(&printed.as_bytes()[..cut]);
            pieces.extend(splitter.feed(&printed.as_bytes()[cut..]));
            assert_eq!(joined(pieces), expected, "cut at {cut}");
        }
    }

    #[test]
    fn an_unfinished_line_is_shown_and_a_message_is_waited_for() {
        let mut splitter = Splitter::new("\u{2}n\u{2}");
        assert_eq!(splitter.feed("é…".as_bytes()), []);
        assert_eq!(splitter.unfinished(), Some(text("é…")));
        // The rest of a line is no marker, whatever it looks like.
        let line = format!("{}1 {{}}\n", tp_protocol::PREFIX);
        assert_eq!(splitter.feed(line.as_bytes()), [text(&line)]);
        assert_eq!(splitter.feed(&tp_protocol::PREFIX.as_bytes()[..4]), []);
        assert_eq!(splitter.unfinished(), None);
        assert_eq!(splitter.feed(b"x\n"), [text("\u{1}tp-x\n")]);
        // A character cut in two is not shown by halves.
        splitter.feed(&"aé".as_bytes()[..2]);
        assert_eq!(splitter.unfinished(), Some(text("a")));
        assert_eq!(splitter.feed(&"é\n".as_bytes()[1..]), [text("é\n")]);
        let asked = splitter.feed(b"EVCXR_INPUT_REQUEST:Nom : ?\n");
        let question = Piece::Question {
            prompt: "Nom : ?".to_owned(),
            password: false,
        };
        assert_eq!(asked, [question]);
        // A message that follows such text is one.
        splitter.feed(b"x = ");
        assert_eq!(splitter.unfinished(), Some(text("x = ")));
        let marker = Marker::Begin;
        let encoded = marker.encode();
        let (start, end) = encoded.split_at(20);
        assert_eq!(splitter.feed(start.as_bytes()), []);
        assert_eq!(splitter.unfinished(), None);
        let whole = format!("{end}\n");
        assert_eq!(
            splitter.feed(whole.as_bytes()),
            [Piece::Marker(marker.clone())]
        );
        let line = format!("x = {encoded}\n");
        assert_eq!(
            splitter.feed(line.as_bytes()),
            [text("x = "), Piece::Marker(marker)]
        );
        let shown = splitter.feed(b"x = EVCXR_BEGIN_CONTENT text/plain\n3\nEVCXR_END_CONTENT\n");
        let three = Piece::Content {
            media: "text/plain".to_owned(),
            body: "3".to_owned(),
        };
        assert_eq!(shown, [text("x = "), three]);
        let prose = "le mot EVCXR_BEGIN_CONTENT n'est pas un affichage\n";
        assert_eq!(splitter.feed(prose.as_bytes()), [text(prose)]);
        // Bytes that are no text are replaced, never lost nor fatal.
        assert_eq!(splitter.feed(b"\xff\n"), [text("\u{fffd}\n")]);
    }

    #[test]
    fn the_end_of_a_cell_is_known_behind_a_line_that_has_none() {
        let mut splitter = Splitter::new("\u{2}n\u{2}");
        splitter.feed(&vec![b'x'; CHUNK]);
        assert!(splitter.is_long());
        assert_eq!(splitter.unfinished(), Some(text(&"x".repeat(CHUNK))));
        let pieces = splitter.feed(b"xxEVCXR_EXECUTION_COMPLETE\n");
        assert_eq!(pieces, [text("xx"), Piece::Over]);
        assert_eq!(splitter.feed(b"EVCXR_EXECUTION_COMPLETE d\n").len(), 1);
    }

    #[test]
    fn a_cell_that_dies_within_a_display_loses_nothing() {
        let mut splitter = Splitter::new("\u{2}n\u{2}");
        let pieces = splitter.feed("EVCXR_BEGIN_CONTENT text/plain\nà\n\u{2}n\u{2}3\n".as_bytes());
        let shown = Piece::Content {
            media: "text/plain".to_owned(),
            body: "à".to_owned(),
        };
        assert_eq!(pieces, [shown, Piece::Barrier(3)]);
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let barrier = "\u{2}n\u{2}3\n".as_bytes();
        let block = vec![b'x'; 1 << 20];
        for (start, line_feeds) in [
            ("EVCXR_BEGIN_CONTENT text/plain\n", true),
            ("EVCXR_BEGIN_CONTENT text/plain\n", false),
            ("\u{2}", false),
        ] {
            let mut splitter = Splitter::new("\u{2}n\u{2}");
            let mut pieces = splitter.feed(start.as_bytes());
            let mut most = 0;
            for _ in 0..100 {
                pieces.extend(splitter.feed(&block));
                if line_feeds {
                    pieces.extend(splitter.feed(b"\n"));
                }
                let body = splitter.content.as_ref();
                most = most.max(splitter.pending.len() + body.map_or(0, |body| body.body.len()));
                // Text is passed on.
                pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.starts_with('x')));
            }
            pieces.extend(splitter.feed(barrier));
            assert!(most < 100 << 20, "{most}");
            assert_eq!(pieces.last(), Some(&Piece::Barrier(3)));
            let abandoned =
                |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains("abandonné"));
            assert_eq!(
                pieces.iter().any(abandoned),
                start.starts_with("EVCXR"),
                "{start:?}"
            );
        }
    }

    #[test]
    fn pipes_carry_both_streams_and_their_barriers() {
        let folder = std::env::temp_dir().join(format!("tp-tubes-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let (sender, mut receiver) = mpsc::channel(16);
        let pipes = Pipes::open(&folder, &sender, |stream, piece| (stream, piece)).unwrap();
        let mut out = OpenOptions::new()
            .write(true)
            .open(folder.join("stdout"))
            .unwrap();
        out.write_all("a\nb".as_bytes()).unwrap();
        let mut err = OpenOptions::new()
            .write(true)
            .open(folder.join("stderr"))
            .unwrap();
        err.write_all("!\n".as_bytes()).unwrap();
        pipes.barrier(1);
        let (mut texts, mut barriers) = ([String::new(), String::new()], 0);
        while barriers < 2 {
            let (stream, piece) = receiver.blocking_recv().unwrap();
            match piece {
                Piece::Text(text) => {
                    texts[usize::from(stream == StreamName::Stderr)].push_str(&text)
                }
                Piece::Barrier(1) => barriers += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(texts, ["a\nb".to_owned(), "!\n".to_owned()]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
