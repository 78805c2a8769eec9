//! The process of evcxr_jupyter and those below it: the one that runs the cells, the compilers.

use std::cell::Cell;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::sockets::Incoming;
use crate::error::{Error, Result};
use crate::jupyter::tree;
use crate::{platform, process};

/// How long a cell that asked a question has to begin to read the answer.
const READ_LIMIT: Duration = Duration::from_secs(1);
/// A cell that asked nothing, though it printed what questions begin with, is over by then.
const READ_DELAY: Duration = Duration::from_millis(50);
/// How often it is looked at.
const READ_PERIOD: Duration = Duration::from_millis(10);

/// A running evcxr_jupyter.
pub(super) struct EvcxrProcess {
    child: Child,
    /// Its program, which the process of the cells runs too: a file is known by device and number, even once removed or
    /// replaced.
    program: Option<(u64, u64)>,
    /// The process that runs the cells, as last found: looking through all processes is not for every moment.
    known: Cell<Option<u32>>,
}

impl EvcxrProcess {
    /// Starts it; its log goes to ours and to `incoming`.
    pub(super) fn start(mut command: Command, incoming: &mpsc::Sender<Incoming>) -> Result<Self> {
        let program = PathBuf::from(command.get_program());
        command.stderr(Stdio::piped());
        platform::die_with_parent(&mut command);
        let mut child = command.spawn().map_err(|source| Error::Missing {
            what: format!("evcxr_jupyter (« {} », {source})", program.display()),
            remedy: "Lancez : cargo tp setup".into(),
        })?;
        if let Some(log) = child.stderr.take() {
            let incoming = incoming.clone();
            std::thread::spawn(move || {
                for line in process::lines(log) {
                    tell!("{line}");
                    if incoming.blocking_send(Incoming::Log(line)).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self {
            program: executable(child.id()),
            child,
            known: Cell::new(None),
        })
    }

    /// How it ended; `None` while it runs.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The process that runs the cells: the same program, started by itself.
    fn cells(&self) -> Option<u32> {
        let known = self.known.get();
        if known.is_some_and(|pid| self.runs_cells(pid)) {
            return known;
        }
        let found = platform::children(self.child.id())
            .into_iter()
            .find(|pid| self.runs_cells(*pid));
        self.known.set(found);
        found
    }

    fn runs_cells(&self, pid: u32) -> bool {
        self.program.is_some() && executable(pid) == self.program
    }

    /// Memory of the process that runs the cells, in bytes.
    pub(super) fn cells_memory(&self) -> Option<u64> {
        platform::resident_memory(self.cells()?)
    }

    /// Kills the process that runs the cells; evcxr starts another one.
    pub(super) fn kill_cells(&self) {
        if let Some(pid) = self.cells() {
            tree::end(&[(pid, tree::start_time(pid))]);
        }
    }

    /// Gives the cell that asked a line of the user's, unless it is `over` before it reads.
    pub(super) fn answer(&self, line: &str, over: &Arc<AtomicBool>) {
        // A process that is gone needs no answer.
        if let Some(pid) = self.cells() {
            let (line, over) = (line.to_owned(), Arc::clone(over));
            // A long line fills the pipe, and waits there for its reader.
            std::thread::spawn(move || answer_reader(pid, &line, &over));
        }
    }

    /// Whether the cells' process waits for a line of its standard input.
    pub(super) fn cells_read(&self) -> bool {
        self.cells()
            .is_some_and(|pid| reads_stdin(pid) == Some(true))
    }

    /// Kills the compilers that run, and nothing else; whether there were any.
    pub(super) fn kill_compilers(&self) -> bool {
        let compilers: Vec<u32> = platform::children(self.child.id())
            .into_iter()
            .filter(|pid| self.program.is_some() && !self.runs_cells(*pid))
            .collect();
        for pid in &compilers {
            let mut family = vec![(*pid, tree::start_time(*pid))];
            family.extend(tree::descendants(*pid));
            tree::end(&family);
        }
        !compilers.is_empty()
    }

    /// Kills it and all that it started.
    pub(super) fn kill(&mut self) {
        let family = tree::descendants(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        tree::end(&family);
    }
}

impl Drop for EvcxrProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes a line for a process once it reads; whether it did. What nobody reads would be taken by evcxr's runtime, as an
/// order that it does not know, and end it.
fn answer_reader(pid: u32, line: &str, over: &AtomicBool) -> bool {
    let start = Instant::now();
    std::thread::sleep(READ_DELAY);
    while !over.load(Ordering::Relaxed) && start.elapsed() < READ_LIMIT {
        // Where this cannot be known, the cell is believed.
        if reads_stdin(pid).unwrap_or(true) {
            return write_to_stdin(pid, line).is_ok();
        }
        std::thread::sleep(READ_PERIOD);
    }
    false
}

/// Whether a thread of a process waits in a read of its standard input (Linux); `None` where nothing says so.
fn reads_stdin(pid: u32) -> Option<bool> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let calls: Vec<String> = threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("syscall")).ok())
        .collect();
    let reading = format!("{} 0x0 ", libc::SYS_read);
    (!calls.is_empty()).then(|| calls.iter().any(|call| call.starts_with(&reading)))
}

/// Writes a line into the pipe that a process reads as its standard input (Linux): evcxr, which holds the other end, does
/// not know that the process asked.
fn write_to_stdin(pid: u32, line: &str) -> std::io::Result<()> {
    let mut pipe = std::fs::OpenOptions::new()
        .write(true)
        .open(format!("/proc/{pid}/fd/0"))?;
    // One line, whatever was typed.
    pipe.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes())
}

/// The program that a process runs.
fn executable(pid: u32) -> Option<(u64, u64)> {
    let file = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn spawn(script: &str) -> Child {
        Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    #[test]
    fn an_answer_reaches_a_process_through_its_own_pipe() {
        let mut child = spawn("sleep 0.2; read -r line; echo \"lu : $line\"");
        // The other end stays open, as evcxr's does.
        let kept = child.stdin.take();
        let over = AtomicBool::new(false);
        assert!(answer_reader(child.id(), "été\nhiver", &over));
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "lu : été hiver\n");
        drop(kept);
    }

    #[test]
    fn an_answer_that_nobody_reads_is_not_given() {
        let mut child = spawn("sleep 1.5; read -r line; echo \"lu : $line\"");
        let mut kept = child.stdin.take().unwrap();
        let long = "x".repeat(1 << 20);
        for over in [true, false] {
            assert!(!answer_reader(child.id(), &long, &AtomicBool::new(over)));
        }
        kept.write_all(b"ordre\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "lu : ordre\n");
    }

    #[test]
    fn a_program_is_known_once_its_file_is_replaced() {
        let folder = std::env::temp_dir().join(format!("tp-evcxr-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join("evcxr");
        std::fs::copy("/bin/sh", &program).unwrap();
        let mut command = Command::new(&program);
        command.args(["-c", "\"$0\" -c 'sleep 60; :' & sleep 60; :"]);
        command.arg(&program);
        let (sender, _receiver) = mpsc::channel(1);
        let process = EvcxrProcess::start(command, &sender).unwrap();
        let start = Instant::now();
        while process.cells().is_none() && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let cells = process.cells();
        std::fs::remove_file(&program).unwrap();
        std::fs::write(&program, "un autre").unwrap();
        assert!(cells.is_some() && process.cells() == cells, "{cells:?}");
        drop(process);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
