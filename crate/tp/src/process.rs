//! Child commands: where they are found, what is shown while they run, how their failure is told.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How many of a child's last lines a failure shows.
const TAIL_LINES: usize = 25;

/// Looks a program up in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

/// Names under which distributions install a Chromium.
const CHROMIUMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The Chromium of this machine, if there is one.
pub fn chromium() -> Option<PathBuf> {
    CHROMIUMS.into_iter().find_map(find_program)
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Runs a command and returns what it printed on stdout.
///
/// # Errors
/// [`Error::Missing`] when the program cannot be started, [`Error::Command`] when it fails.
pub fn output(command: &mut Command, what: &str, remedy: &str) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| not_started(command, &source, remedy))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let tail = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(failed(what, output.status, remedy, &tail))
}

/// Runs a command whose every line of output is given to `observe`, from both streams.
///
/// # Errors
/// As [`output`]; the failure shows the last lines.
pub fn observed(
    command: &mut Command,
    what: &str,
    remedy: &str,
    mut observe: impl FnMut(&str),
) -> Result<()> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| not_started(command, &source, remedy))?;
    let (sender, receiver) = std::sync::mpsc::channel::<String>();
    let mut readers = Vec::new();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child
            .stdout
            .take()
            .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child
            .stderr
            .take()
            .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        readers.push(std::thread::spawn(move || {
            for line in lines(stream) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        }));
    }
    drop(sender);
    let mut tail = std::collections::VecDeque::new();
    for line in receiver {
        observe(&line);
        // Cargo's JSON messages are for the observer, not for a reader.
        if !line.starts_with('{') {
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(line);
        }
    }
    for reader in readers {
        let _ = reader.join();
    }
    let status = child
        .wait()
        .map_err(|source| not_started(command, &source, remedy))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(
        what,
        status,
        remedy,
        &tail.into_iter().collect::<Vec<_>>().join("\n"),
    ))
}

/// The lines of a child, whatever their bytes: a reader that stops at one that is no text leaves the child with a broken
/// pipe.
pub fn lines(stream: impl Read) -> impl Iterator<Item = String> {
    let lines = BufReader::new(stream).split(b'\n');
    lines.map_while(|line| {
        let line = line.ok()?;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        Some(String::from_utf8_lossy(line).into_owned())
    })
}

/// Runs a command that shares this terminal.
///
/// # Errors
/// [`Error::Missing`] when the program cannot be started.
pub fn shared(command: &mut Command, remedy: &str) -> Result<ExitStatus> {
    command
        .status()
        .map_err(|source| not_started(command, &source, remedy))
}

fn not_started(command: &Command, source: &std::io::Error, remedy: &str) -> Error {
    let program = Path::new(command.get_program()).display();
    Error::Missing {
        what: format!("Le programme « {program} » ({source})"),
        remedy: remedy.to_owned(),
    }
}

fn failed(what: &str, status: ExitStatus, remedy: &str, tail: &str) -> Error {
    let lines: Vec<&str> = tail.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
    let full = tail.contains("No space left on device") || tail.contains("os error 28");
    let remedy = if full {
        "Le disque est plein : libérez de la place, puis relancez la même commande."
    } else {
        remedy
    };
    Error::Command {
        what: what.to_owned(),
        status: in_words(status),
        remedy: remedy.to_owned(),
        tail,
    }
}

/// An exit status in French.
pub fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("code {code}"),
        (None, Some(signal)) => format!("arrêté par le signal {signal}"),
        (None, None) => "fin inconnue".to_owned(),
    }
}

/// Whole-line progress on stderr for what lasts: at the start, then at most every ten seconds, then at the end.
#[derive(Debug)]
pub struct Progress {
    what: String,
    started: Instant,
    shown: Instant,
}

impl Progress {
    /// Announces a step and how long it usually takes.
    pub fn start(what: &str, usual: &str) -> Self {
        tell!("▸ {what} ({usual})");
        let now = Instant::now();
        Self {
            what: what.to_owned(),
            started: now,
            shown: now,
        }
    }

    /// Shows `done` out of `total` (0: unknown) when the last line is ten seconds old, with the time left at the pace so far.
    pub fn advance(&mut self, done: usize, total: usize) {
        if self.shown.elapsed() < Duration::from_secs(10) {
            return;
        }
        self.shown = Instant::now();
        let elapsed = self.started.elapsed();
        let left = match (done, total.checked_sub(done)) {
            (1.., Some(rest)) => format!(
                " · reste environ {}",
                clock(elapsed.mul_f64(rest as f64 / done as f64))
            ),
            _ => String::new(),
        };
        let count = if total == 0 {
            String::new()
        } else {
            format!("{done}/{total} · ")
        };
        tell!(
            "  {} : {count}temps écoulé {}{left}",
            self.what,
            clock(elapsed)
        );
    }

    /// Announces the end and the time it took.
    pub fn finish(self) -> Duration {
        let elapsed = self.started.elapsed();
        tell!("✔ {} ({})", self.what, clock(elapsed));
        elapsed
    }
}

/// Minutes and seconds, `mm:ss`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_no_text_ends_nothing() {
        // More than a pipe holds follows: a reader that stopped would end the child.
        let script = "printf 'caf\\351\\r\\n'; yes ligne | head -n 50000; printf fin";
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let (mut count, mut ends) = (0, Vec::new());
        let ran = observed(&mut command, "L'essai", "", |line| {
            count += 1;
            if line != "ligne" {
                ends.push(line.to_owned());
            }
        });
        assert!(ran.is_ok(), "{ran:?}");
        assert_eq!(
            (count, ends),
            (50_002, vec!["caf\u{fffd}".into(), "fin".into()])
        );
    }
}
