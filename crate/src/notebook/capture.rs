//! Where a cell prints: on the kernel adapter's own pipes, which lose nothing and keep the order of each stream, or,
//! where there are none, on the streams that evcxr reads. Lines of the two streams a moment apart may change places.
//!
//! evcxr takes a line of its own words for an order, and waits for ever for one that another text was glued to. From the
//! first cell on, nothing that cells or their threads print goes to evcxr: its stream gets whole lines of [`leave_cell`]'s
//! and no others.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
};

use tp_protocol::{Marker, PIPES_VARIABLE};

use super::output::{print_line, speaks_protocol};

unsafe extern "C" {
    /// POSIX: makes `new` name the open file of `old`.
    fn dup2(old: i32, new: i32) -> i32;
}

/// What evcxr's runtime prints when a cell has ended (`runtime.rs` of 0.22.0).
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";

/// Lines for evcxr, kept until the cell has ended.
static FOR_EVCXR: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The streams of a process whose cells print for the adapter.
struct Streams {
    /// The adapter's: stdout, stderr.
    pipes: [File; 2],
    /// The standard output that evcxr reads.
    evcxr: File,
}

static STREAMS: OnceLock<Option<Streams>> = OnceLock::new();

fn open_streams() -> Option<Streams> {
    let folder = std::env::var_os(PIPES_VARIABLE)?;
    let open = |name| {
        let mut options = OpenOptions::new();
        options.write(true).open(Path::new(&folder).join(name)).ok()
    };
    Some(Streams {
        pipes: [open("stdout")?, open("stderr")?],
        evcxr: File::from(std::io::stdout().as_fd().try_clone_to_owned().ok()?),
    })
}

/// Turns both streams to the adapter, where there is one, and says that the cell begins.
pub(super) fn begin() {
    if let Some(streams) = STREAMS.get_or_init(open_streams) {
        // At each cell: an earlier one may have turned them elsewhere.
        let [out, err] = &streams.pipes;
        point(std::io::stdout().as_fd(), out.as_fd());
        point(std::io::stderr().as_fd(), err.as_fd());
    }
    if speaks_protocol() {
        print_line(&Marker::Begin.encode());
    }
}

/// Writes what the cell printed without ending its line.
pub(super) fn end() {
    let _ = std::io::stdout().lock().flush();
}

/// Keeps a line for evcxr until the cell has ended.
pub(super) fn tell_evcxr(line: &str) {
    FOR_EVCXR
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line.to_owned());
}

/// Gives evcxr its lines, and the one that ends the cell, which its own runtime prints where it does not read it. Without
/// an adapter the runtime's line is the one.
pub(super) fn leave_cell() {
    let mut lines = std::mem::take(&mut *FOR_EVCXR.lock().unwrap_or_else(PoisonError::into_inner));
    match STREAMS.get().and_then(Option::as_ref) {
        Some(streams) => {
            lines.push(COMPLETE.to_owned());
            let mut evcxr = &streams.evcxr;
            // A kernel that is gone reads nothing more.
            let _ = evcxr.write_all(format!("{}\n", lines.join("\n")).as_bytes());
        }
        None => lines.iter().for_each(|line| print_line(line)),
    }
}

/// Makes `stream` write into `target`.
fn point(stream: BorrowedFd<'_>, target: BorrowedFd<'_>) {
    // SAFETY: both are open; `stream` is 1 or 2, which nobody owns. A failure leaves the stream as it was.
    unsafe { dup2(target.as_raw_fd(), stream.as_raw_fd()) };
}
