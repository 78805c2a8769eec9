//! A process that answers JSON lines: our worker, or the script of a peer.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::platform;
use crate::process;

/// How many of its last lines on stderr a failure shows.
const TAIL_LINES: usize = 15;

/// One side of the measurement; ended when dropped.
#[derive(Debug)]
pub struct Side {
    name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    tail: Arc<Mutex<VecDeque<String>>>,
}

/// What every answer begins with.
#[derive(Debug, Deserialize)]
struct Outcome {
    ok: bool,
    #[serde(default)]
    error: String,
}

impl Side {
    /// Starts the process; `name` is what the user reads.
    ///
    /// # Errors
    /// [`Error::Missing`] when it cannot be started.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        platform::die_with_parent(&mut command);
        let missing = |reason: &str| Error::Missing {
            what: format!("Le programme « {name} » ({reason})"),
            remedy: "Diagnostic : cargo tp doctor".to_owned(),
        };
        let mut child = command
            .spawn()
            .map_err(|source| missing(&source.to_string()))?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(missing("sans entrée ni sortie"));
        };
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&tail);
        // Read all along: a full pipe would stop the process.
        std::thread::spawn(move || {
            for line in process::lines(errors) {
                let Ok(mut kept) = kept.lock() else { return };
                if kept.len() == TAIL_LINES {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        Ok(Self {
            name: name.to_owned(),
            child,
            input,
            output: BufReader::new(output),
            tail,
        })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// [`Error::Command`] when the process ends, answers something else, or says that it failed.
    pub fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        let mut line = String::new();
        let exchanged = writeln!(self.input, "{request}")
            .and_then(|()| self.input.flush())
            .and_then(|()| self.output.read_line(&mut line));
        match exchanged {
            Ok(1..) => {}
            // It closed its output: it is ending, and says why.
            _ => {
                let status = self
                    .child
                    .wait()
                    .map_or_else(|error| error.to_string(), process::in_words);
                return Err(self.failed(status));
            }
        }
        let outcome: Outcome = serde_json::from_str(&line)
            .map_err(|_| self.failed(format!("réponse « {} »", line.trim())))?;
        if !outcome.ok {
            return Err(self.failed(outcome.error));
        }
        serde_json::from_str(&line)
            .map_err(|error| self.failed(format!("réponse incomplète : {error}")))
    }

    fn failed(&self, status: String) -> Error {
        let tail = self.tail.lock().map(|tail| tail.iter().cloned().collect());
        Error::Command {
            what: format!("La mesure par {}", self.name),
            status,
            remedy: "Essayez un lot plus petit, ou un autre pair.".to_owned(),
            tail: tail.unwrap_or_else(|_| Vec::new()).join("\n"),
        }
    }

    /// Most memory that the process has had at once, in bytes; `None` where `/proc` is not there.
    pub fn peak_memory(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        peak(&text)
    }

    /// Processor time of all its threads since its start, in seconds; `None` where `/proc` is not there.
    pub fn cpu_seconds(&self) -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // SAFETY: reads a constant of the system.
        let ticks_a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        Some(ticks(&text)? as f64 / ticks_a_second.max(1) as f64)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `VmHWM` of `/proc/…/status`, in bytes.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// User and system time of `/proc/…/stat`, in clock ticks; the program's name may hold spaces.
fn ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(field(11)? + field(12)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    struct Echo {
        value: u32,
    }

    fn shell(script: &str) -> Side {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Side::start("essai", command).unwrap()
    }

    #[test]
    fn an_answer_is_read_and_a_refusal_is_told() {
        let mut side = shell(
            r#"read a; echo '{"ok":true,"value":7}'; read b; echo '{"ok":false,"error":"lot trop grand"}'; read c; echo bonjour; read d; echo '{"ok":true}'; read e"#,
        );
        let request = json!({ "op": "x" });
        assert_eq!(side.ask::<Echo>(&request).unwrap().value, 7);
        let mut refused = || side.ask::<Echo>(&request).unwrap_err().to_string();
        assert!(refused().contains("lot trop grand"));
        assert!(refused().contains("réponse « bonjour »"));
        assert!(refused().contains("réponse incomplète"));
        assert!(side.peak_memory().is_none_or(|bytes| bytes > 0));
    }

    #[test]
    fn an_early_end_is_told_with_its_reason() {
        let mut side = shell("read a; echo 'No module named x' >&2; sleep 0.2; exit 3");
        let error = side.ask::<Echo>(&json!({})).unwrap_err().to_string();
        assert!(
            error.contains("code 3") && error.contains("No module named x"),
            "{error}"
        );
    }

    #[test]
    fn the_systems_figures_are_read() {
        assert_eq!(
            peak("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"),
            Some(2 << 20)
        );
        let stat = "7 (a b) c) S 1 7 7 0 -1 4 5 0 0 0 120 30 0 0 20 0 3";
        assert_eq!(ticks(stat), Some(150));
        assert!(peak("").is_none() && ticks("").is_none());
    }
}
