//! The real kernel, through a real client: what the labs rely on.
//!
//! Needs the kernel folder of the present sources (`cargo tp setup`), or another one named by `TP_NOYAU`. A kernel takes
//! about ten seconds to start: tests that leave nothing but names behind share one, the others start as few as they can.
//! One test runs at a time, because durations are among what is tested.

mod controls;
mod failures;
mod heavy;
mod isolation;
mod lab;
mod lifetime;
mod session;
mod stock;
mod together;

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tp::jupyter::{CellResult, CellStatus, Client, KernelCommand, StartOptions};
use tp::kernel::KernelFolder;
use tp::paths::{Cache, Repository};
use tp::setup::rust::Toolchain;
use tp_protocol::Marker;

/// Longest time of one cell, reached only by one that hangs: on a busy machine a new `:dep` takes minutes.
const LIMIT: Duration = Duration::from_secs(600);

/// Held by the test that is running, with the kernel that tests share once one of them started it.
static RUNNING: Mutex<Option<Client>> = Mutex::new(None);

/// Has this test run alone, with kernels of its own.
fn alone() -> MutexGuard<'static, Option<Client>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kernel that tests share, the prelude loaded: earlier tests left their names in it, and may have lost its variables.
fn shared() -> Shared {
    let mut client = alone();
    if client.is_none() {
        // A kernel ends with the thread that started it, and a test's ends with the test.
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let _ = sender.send(kernel());
            std::thread::park();
        });
        *client = Some(receiver.recv().unwrap());
    }
    Shared(client)
}

struct Shared(MutexGuard<'static, Option<Client>>);

impl Deref for Shared {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.0.as_ref().unwrap()
    }
}

impl DerefMut for Shared {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // What a failed test leaves is no start for the next one.
        if std::thread::panicking() {
            *self.0 = None;
        }
    }
}

/// The kernel folder of the present sources, or the one that `TP_NOYAU` names (a bundle's, or an earlier one).
fn folder() -> KernelFolder {
    if let Some(named) = std::env::var_os("TP_NOYAU") {
        return KernelFolder::open(std::path::Path::new(&named)).unwrap();
    }
    let repository = Repository::find().unwrap();
    let toolchain = Toolchain::detect(&repository).unwrap();
    let current =
        KernelFolder::current(&repository, &Cache::locate().unwrap(), &toolchain).unwrap();
    current.expect("no kernel for the present sources: run « cargo tp setup » first")
}

fn command() -> KernelCommand {
    with_markers(folder().command())
}

fn with_markers(command: KernelCommand) -> KernelCommand {
    command
        .with_env(tp_protocol::PROTOCOL_VARIABLE, "1")
        .with_cwd(std::env::temp_dir())
}

/// A kernel in which the prelude is there.
fn kernel() -> Client {
    start(&command())
}

fn start(command: &KernelCommand) -> Client {
    let mut client = Client::start(command, StartOptions::default()).unwrap();
    ok(&mut client, "use visages::prelude::*;");
    client
}

/// Runs a cell, whatever becomes of it.
fn run(client: &mut Client, code: &str) -> CellResult {
    client.execute(code, LIMIT, &mut |_| ()).unwrap()
}

/// Runs a cell that must succeed, and gives what it printed.
fn ok(client: &mut Client, code: &str) -> String {
    let result = run(client, code);
    let stopped = result
        .markers
        .iter()
        .any(|marker| !matches!(marker, Marker::Points { .. }));
    assert!(
        result.status == CellStatus::Ok && !stopped,
        "cell «\n{code}\n» gave {result:#?}"
    );
    result.stdout()
}

/// Runs a cell that prints lists of numbers (`{:?}` of vectors), one a line.
fn numbers(client: &mut Client, code: &str) -> Vec<Vec<f64>> {
    let text = ok(client, code);
    text.lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("« {line} »: {error}"))
        })
        .collect()
}

/// A folder that is removed at the end of its test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tp-essai-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
