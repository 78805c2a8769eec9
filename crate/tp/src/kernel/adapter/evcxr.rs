//! The process of evcxr_jupyter and those below it: the one that runs the cells, the compilers.

use std::io::{BufRead, BufReader};
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
        Ok(Self { child, program })
    }

    /// How it ended; `None` while it runs.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The process that runs the cells: the same program, started by itself.
    fn cells(&self) -> Option<u32> {
        platform::children(self.child.id())
            .into_iter()
            .find(|pid| is_program(*pid, &self.program))
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

fn is_program(pid: u32, program: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|executable| executable == program)
}
