//! The process of evcxr_jupyter and those below it: the one that runs the cells, the compilers.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use tokio::sync::mpsc;

use super::sockets::Incoming;
use crate::error::{Error, Result};
use crate::jupyter::tree;
use crate::platform;

/// A running evcxr_jupyter.
pub(super) struct EvcxrProcess {
    child: Child,
    program: PathBuf,
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
                for line in BufReader::new(log).split(b'\n').map_while(|line| line.ok()) {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    eprintln!("{line}");
                    if incoming.blocking_send(Incoming::Log(line)).is_err() {
                        return;
                    }
                }
            });
        }
        let program = program.canonicalize().unwrap_or(program);
        Ok(Self {
            child,
            program,
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
        if known.is_some_and(|pid| is_program(pid, &self.program)) {
            return known;
        }
        let found = platform::children(self.child.id())
            .into_iter()
            .find(|pid| is_program(*pid, &self.program));
        self.known.set(found);
        found
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

    /// Gives the cell that asked a line of the user's.
    pub(super) fn answer(&self, line: &str) {
        // A process that is gone needs no answer.
        let _ = self.cells().map(|pid| write_to_stdin(pid, line));
    }

    /// Kills the compilers that run, and nothing else.
    pub(super) fn kill_compilers(&self) {
        let compilers: Vec<u32> = platform::children(self.child.id())
            .into_iter()
            .filter(|pid| !is_program(*pid, &self.program))
            .collect();
        for pid in compilers {
            let mut family = vec![(pid, tree::start_time(pid))];
            family.extend(tree::descendants(pid));
            tree::end(&family);
        }
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

/// Writes a line into the pipe that a process reads as its standard input (Linux): evcxr, which holds the other end, does
/// not know that the process asked.
fn write_to_stdin(pid: u32, line: &str) -> std::io::Result<()> {
    let mut pipe = std::fs::OpenOptions::new()
        .write(true)
        .open(format!("/proc/{pid}/fd/0"))?;
    // One line, whatever was typed.
    pipe.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes())
}

fn is_program(pid: u32, program: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|executable| executable == program)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_a_process_through_its_own_pipe() {
        let mut child = Command::new("sh")
            .args(["-c", "read -r line; echo \"lu : $line\""])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The other end stays open, as evcxr's does.
        let kept = child.stdin.take();
        write_to_stdin(child.id(), "été\nhiver").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "lu : été hiver\n");
        drop(kept);
    }
}
