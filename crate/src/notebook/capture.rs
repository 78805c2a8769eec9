//! Where a cell prints: on the kernel adapter's own pipes, which lose nothing and keep the order of each stream, or,
//! where there are none, on the streams that evcxr reads. Lines of the two streams a moment apart may change places.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
};

use tp_protocol::{Marker, PIPES_VARIABLE};

use super::output::{print_line, speaks_protocol};

unsafe extern "C" {
    /// POSIX: makes `new` name the open file of `old`.
    fn dup2(old: i32, new: i32) -> i32;
}

/// Lines for evcxr, kept until the streams are its own again.
static FOR_EVCXR: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The adapter's pipes: stdout, stderr.
fn pipes() -> Option<&'static [File; 2]> {
    static PIPES: OnceLock<Option<[File; 2]>> = OnceLock::new();
    PIPES
        .get_or_init(|| {
            let folder = std::env::var_os(PIPES_VARIABLE)?;
            let open = |name| {
                OpenOptions::new()
                    .write(true)
                    .open(Path::new(&folder).join(name))
                    .ok()
            };
            Some([open("stdout")?, open("stderr")?])
        })
        .as_ref()
}

/// The streams while a cell runs.
pub(super) struct Capture {
    /// evcxr's streams, where the cell prints elsewhere.
    evcxr: Option<[OwnedFd; 2]>,
}

impl Capture {
    /// Turns both streams to the adapter and says that the cell begins.
    pub(super) fn begin() -> Self {
        let capture = Self { evcxr: redirect() };
        if speaks_protocol() {
            print_line(&Marker::Begin.encode());
        }
        capture
    }

    /// Gives the streams back to evcxr once all that the cell printed is written.
    pub(super) fn end(self) {
        let _ = std::io::stdout().lock().flush();
        if let Some([stdout, stderr]) = &self.evcxr {
            point(std::io::stdout().as_fd(), stdout.as_fd());
            point(std::io::stderr().as_fd(), stderr.as_fd());
        }
        let lines = std::mem::take(&mut *FOR_EVCXR.lock().unwrap_or_else(PoisonError::into_inner));
        for line in lines {
            print_line(&line);
        }
    }
}

/// Prints a line for evcxr when the cell has ended.
pub(super) fn tell_evcxr(line: &str) {
    FOR_EVCXR
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line.to_owned());
}

fn redirect() -> Option<[OwnedFd; 2]> {
    let [out, err] = pipes()?;
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    // A background thread's unfinished line belongs to evcxr's stream.
    let _ = stdout.lock().flush();
    let kept = [
        stdout.as_fd().try_clone_to_owned().ok()?,
        stderr.as_fd().try_clone_to_owned().ok()?,
    ];
    (point(stdout.as_fd(), out.as_fd()) && point(stderr.as_fd(), err.as_fd())).then_some(kept)
}

/// Makes `stream` write into `target`.
fn point(stream: BorrowedFd<'_>, target: BorrowedFd<'_>) -> bool {
    // SAFETY: both are open; `stream` is 1 or 2, which nobody owns.
    unsafe { dup2(target.as_raw_fd(), stream.as_raw_fd()) >= 0 }
}
