//! Lines for whoever reads a cell's output: whole ones, and whether markers are understood there.

use std::io::Write;

use tp_protocol::PROTOCOL_VARIABLE;

/// Writes one whole line at once; a closed output is no reason to fail.
pub(super) fn print_line(line: &str) {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
}

/// Whether the reader of stdout understands markers.
pub(super) fn speaks_protocol() -> bool {
    std::env::var_os(PROTOCOL_VARIABLE).is_some_and(|value| value == "1")
}
