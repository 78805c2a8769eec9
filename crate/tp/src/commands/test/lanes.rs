//! Checks that run side by side: some in the terminal, the others silently until each of them ends.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::process;

/// What to run under one name.
pub struct Check {
    name: &'static str,
    work: Work,
}

/// Commands, which pass when each exits with 0, or a function, which says whether it passed.
enum Work {
    Commands(Vec<Command>),
    Call(Call),
}

/// Writes what is to be read of it to its argument.
type Call = Box<dyn FnOnce(&mut dyn Write) -> Result<bool> + Send>;

impl Check {
    /// A check that a command makes.
    pub fn command(name: &'static str, command: Command) -> Self {
        Self::commands(name, vec![command])
    }

    /// A check that several commands make, one after the other: a fault in one hides nothing of the next.
    pub fn commands(name: &'static str, commands: Vec<Command>) -> Self {
        Self {
            name,
            work: Work::Commands(commands),
        }
    }

    /// A check that a function makes.
    pub fn call(
        name: &'static str,
        call: impl FnOnce(&mut dyn Write) -> Result<bool> + Send + 'static,
    ) -> Self {
        Self {
            name,
            work: Work::Call(Box::new(call)),
        }
    }

    /// Runs it with its output in the terminal.
    fn run_shown(self) -> Result<Step> {
        tell!("▸ {}", self.name);
        let started = Instant::now();
        let passed = match self.work {
            Work::Commands(commands) => all(commands, |command| {
                Ok(process::shared(command, "Diagnostic : cargo tp doctor")?.success())
            })?,
            Work::Call(call) => call(&mut std::io::stderr())?,
        };
        Ok(Step::new(self.name, started, passed))
    }

    /// Runs it, then shows all that it wrote at once.
    fn run_aside(self) -> Result<Step> {
        let started = Instant::now();
        let mut written = Vec::new();
        let passed = match self.work {
            Work::Commands(commands) => all(commands, |command| quiet(command, &mut written))?,
            Work::Call(call) => call(&mut written)?,
        };
        // One write: lines of the check in the terminal do not fall between.
        let mut text = format!("▸ {} (en même temps)\n", self.name).into_bytes();
        text.append(&mut written);
        let _ = std::io::stderr().lock().write_all(&text);
        Ok(Step::new(self.name, started, passed))
    }
}

/// Whether all of the commands pass; each is run.
fn all(commands: Vec<Command>, mut run: impl FnMut(&mut Command) -> Result<bool>) -> Result<bool> {
    let mut passed = true;
    for mut command in commands {
        passed &= run(&mut command)?;
    }
    Ok(passed)
}

/// Runs a command whose two streams go, in their order, to `written`.
fn quiet(command: &mut Command, written: &mut Vec<u8>) -> Result<bool> {
    let failed = || Error::io("Impossible de garder les messages de", "tp test");
    let mut file = unnamed_file().map_err(failed())?;
    let stream = || file.try_clone().map_err(failed());
    command
        .stdin(Stdio::null())
        .stdout(stream()?)
        .stderr(stream()?);
    let status = process::shared(command, "Diagnostic : cargo tp doctor")?;
    file.rewind().map_err(failed())?;
    file.read_to_end(written).map_err(failed())?;
    Ok(status.success())
}

/// A file that nobody else opens, gone when it is closed.
fn unnamed_file() -> std::io::Result<File> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tp-test-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file = File::options()
        .create_new(true)
        .read(true)
        .append(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// One check and how it ended.
pub struct Step {
    name: &'static str,
    elapsed: Duration,
    /// Whether it found nothing wrong.
    pub passed: bool,
}

impl Step {
    /// What began at `started` ends now.
    pub fn new(name: &'static str, started: Instant, passed: bool) -> Self {
        Self {
            name,
            elapsed: started.elapsed(),
            passed,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.passed { '✔' } else { '✘' };
        write!(f, "{sign} {} ({})", self.name, process::clock(self.elapsed))
    }
}

/// Runs checks one after the other in the terminal.
///
/// # Errors
/// When a check cannot be run; those after it are not.
pub fn run_shown(checks: Vec<Check>) -> Result<Vec<Step>> {
    checks.into_iter().map(Check::run_shown).collect()
}

/// Runs checks two at a time, each taken in the order of the list as soon as one ends: one in the terminal, the other aside.
/// What one leaves idle on two cores serves the other, and neither core waits at the end. The steps are in the list's order.
///
/// # Errors
/// When a check cannot be run; the one beside it goes to its end first.
pub fn run_two_at_a_time(checks: Vec<Check>) -> Result<Vec<Step>> {
    let queue = Mutex::new(checks.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let worker = |run: fn(Check) -> Result<Step>| -> Result<()> {
        // Not in the loop's head, which would keep the list locked while the check runs.
        let take = || locked(&queue).next();
        while let Some((place, check)) = take() {
            let step = run(check)?;
            locked(&done).push((place, step));
        }
        Ok(())
    };
    let (shown, aside) = std::thread::scope(|scope| {
        let aside = scope.spawn(|| worker(Check::run_aside));
        let shown = worker(Check::run_shown);
        let aside = aside
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (shown, aside)
    });
    shown.and(aside)?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, step)| step).collect())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_of_a_quiet_command_are_kept_in_their_order() {
        let mut written = Vec::new();
        let passed = quiet(
            &mut shell("echo un; echo deux >&2; echo trois; exit 3"),
            &mut written,
        );
        assert!(!passed.unwrap());
        assert_eq!(String::from_utf8(written).unwrap(), "un\ndeux\ntrois\n");
    }

    #[test]
    fn two_checks_run_at_the_same_time_and_the_next_begins_when_one_ends() {
        let (to_first, from_others) = std::sync::mpsc::channel();
        let checks = vec![
            // Ends only once the last of the list ran beside it.
            Check::call("attend", move |_| {
                Ok(from_others.recv_timeout(Duration::from_secs(20)).is_ok())
            }),
            Check::command("échoue", shell("exit 1")),
            Check::commands("échoue puis passe", vec![shell("exit 1"), shell("exit 0")]),
            Check::call("prévient", move |_| Ok(to_first.send(()).is_ok())),
        ];
        let steps = run_two_at_a_time(checks).unwrap();
        let ends: Vec<_> = steps.iter().map(|step| (step.name, step.passed)).collect();
        assert_eq!(
            ends,
            [
                ("attend", true),
                ("échoue", false),
                ("échoue puis passe", false),
                ("prévient", true)
            ]
        );
    }
}
