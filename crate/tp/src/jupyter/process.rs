//! The kernel's process: started in a group and a private folder of its own, ended with everything that it started.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use jupyter_protocol::{ConnectionInfo, Transport};

#[cfg(test)]
use super::tree::start_time;
use super::tree::{descendants, end};
use crate::error::{Error, Result};
use crate::platform;
use crate::process::in_words;

/// Replaced, in [`KernelCommand::argv`], by the path of the connection file.
pub const CONNECTION_FILE: &str = "{connection_file}";

/// How many lines of the kernel's own log an error shows.
const LOG_LINES: usize = 12;

/// What starts a kernel, as in a kernelspec.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KernelCommand {
    /// Program and arguments; [`CONNECTION_FILE`] stands for the connection file.
    pub argv: Vec<OsString>,
    /// Variables added to this process's environment.
    pub env: Vec<(OsString, OsString)>,
    /// Working folder of the kernel; this process's own when absent.
    pub cwd: Option<PathBuf>,
}

impl KernelCommand {
    /// A command from its program and arguments.
    pub fn new<S: Into<OsString>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The same command with one more environment variable; a variable already there is replaced.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let name = name.into();
        self.env.retain(|(known, _)| *known != name);
        self.env.push((name, value.into()));
        self
    }

    /// The same command in another working folder.
    #[must_use]
    pub fn with_cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }
}

/// A running kernel. Dropping it ends the kernel and everything that the kernel started.
#[derive(Debug)]
pub struct KernelProcess {
    child: Child,
    folder: PrivateFolder,
    connection: ConnectionInfo,
}

impl KernelProcess {
    /// Starts the kernel on free ports of 127.0.0.1. The process that listens is not waited for.
    ///
    /// The kernel dies with the calling *thread* (Linux): call from one that lives as long as the kernel must.
    ///
    /// # Errors
    /// [`Error::Io`] when the private folder cannot be written, [`Error::Missing`] when the program cannot be started.
    pub fn start(kernel: &KernelCommand) -> Result<Self> {
        let folder = PrivateFolder::create()?;
        let connection = connection_info()?;
        let file = folder.path().join("connexion.json");
        write_private(&file, &connection)?;
        let log = folder.path().join("noyau.log");
        let log = File::create(&log).map_err(Error::io("Impossible d'écrire", &log))?;
        let second = log
            .try_clone()
            .map_err(Error::io("Impossible d'écrire", folder.path()))?;

        let Some((program, arguments)) = kernel.argv.split_first() else {
            return Err(Error::Usage("La commande du noyau est vide.".to_owned()));
        };
        let mut command = Command::new(program);
        command
            .args(
                arguments
                    .iter()
                    .map(|argument| with_connection_file(argument, &file)),
            )
            .envs(kernel.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(second)
            // A Ctrl-C at the terminal is for `tp`, which ends the kernel in order.
            .process_group(0);
        if let Some(cwd) = &kernel.cwd {
            command.current_dir(cwd);
        }
        platform::die_with_parent(&mut command);
        let child = command.spawn().map_err(|source| Error::Missing {
            what: format!(
                "Le programme du noyau « {} » ({source})",
                Path::new(program).display()
            ),
            remedy: "Lancez « cargo tp setup ».".to_owned(),
        })?;
        Ok(Self {
            child,
            folder,
            connection,
        })
    }

    /// Addresses and key of the five channels.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Process id of the kernel, which leads its process group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the kernel ended, in French words; `None` while it runs.
    pub fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(status) => status.map(in_words),
            Err(source) => Some(source.to_string()),
        }
    }

    /// The last lines that the kernel itself wrote (not the cells' outputs).
    pub fn log_tail(&self) -> String {
        let text = std::fs::read(self.folder.path().join("noyau.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Waits until the kernel has ended, at most `limit`.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if start.elapsed() >= limit {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends the kernel and all its descendants.
    pub fn kill(&mut self) {
        // Descendants are listed before the end of their parents hides them, and end first: a launcher that waits for
        // its child then removes its files and ends by itself.
        let descendants = descendants(self.id());
        if matches!(self.child.try_wait(), Ok(None)) && !descendants.is_empty() {
            end(&descendants);
            self.wait(Duration::from_secs(1));
        }
        signal(-(self.id() as i32), libc::SIGKILL);
        end(&descendants);
        // Failing to reap a child that is gone already is no news.
        let _ = self.child.wait();
    }
}

impl Drop for KernelProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(target: i32, signal: libc::c_int) {
    // SAFETY: kill only sends a signal; `target` is a process or group that this process started.
    unsafe {
        libc::kill(target, signal);
    }
}

fn with_connection_file(argument: &OsStr, file: &Path) -> OsString {
    match argument.to_str() {
        Some(text) if text.contains(CONNECTION_FILE) => {
            let mut replaced = OsString::new();
            for (index, part) in text.split(CONNECTION_FILE).enumerate() {
                if index > 0 {
                    replaced.push(file);
                }
                replaced.push(part);
            }
            replaced
        }
        _ => argument.to_owned(),
    }
}

/// Five ports that are free now. The kernel binds them a moment later; a start that loses one is retried by the client.
fn connection_info() -> Result<ConnectionInfo> {
    let bind = || {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(Error::io("Aucun port libre sur", "127.0.0.1"))
    };
    // All are held until all are known, so that they differ.
    let mut held = Vec::new();
    let mut ports = [0_u16; 5];
    for port in &mut ports {
        let listener = bind()?;
        *port = listener
            .local_addr()
            .map_err(Error::io("Aucun port libre sur", "127.0.0.1"))?
            .port();
        held.push(listener);
    }
    let [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
    Ok(ConnectionInfo {
        ip: Ipv4Addr::LOCALHOST.to_string(),
        transport: Transport::TCP,
        shell_port,
        iopub_port,
        stdin_port,
        control_port,
        hb_port,
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: None,
    })
}

fn write_private(file: &Path, connection: &ConnectionInfo) -> Result<()> {
    let text = serde_json::to_vec_pretty(connection).map_err(|source| Error::Unusable {
        path: file.to_owned(),
        reason: source.to_string(),
        remedy: "Relancez la commande.".to_owned(),
    })?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut opened| opened.write_all(&text))
        .map_err(Error::io("Impossible d'écrire", file))
}

/// A temporary folder that only this user can read, removed with its owner.
#[derive(Debug)]
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    const PREFIX: &str = "tp-client-";

    fn create() -> Result<Self> {
        let base = std::env::temp_dir();
        Self::remove_abandoned(&base);
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let path = base.join(format!("{}{}-{unique}", Self::PREFIX, std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(Error::io("Impossible de créer le dossier", &path))?;
        Ok(Self(path))
    }

    /// Removes the folders of processes that were killed.
    fn remove_abandoned(base: &Path) {
        for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| {
                let (owner, _) = name.strip_prefix(Self::PREFIX)?.split_once('-')?;
                owner.parse().ok()
            });
            if owner.is_some_and(|owner| !platform::is_alive(owner)) {
                // Another user's folder stays: it is not ours to remove.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // Nothing is lost when a temporary folder stays.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn shell(script: &str) -> KernelCommand {
        KernelCommand::new(["sh", "-c", script, "sh", CONNECTION_FILE])
    }

    #[test]
    fn connection_file_is_private_and_removed() {
        let mut process = KernelProcess::start(&shell("sleep 60")).unwrap();
        let folder = process.folder.path().to_owned();
        let file = folder.join("connexion.json");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            folder.metadata().unwrap().permissions().mode() & 0o777,
            0o700
        );
        let read: ConnectionInfo = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(&read, process.connection());
        let ports = [
            read.shell_port,
            read.iopub_port,
            read.stdin_port,
            read.control_port,
            read.hb_port,
        ];
        assert!(
            ports
                .iter()
                .enumerate()
                .all(|(i, port)| *port > 0 && !ports[..i].contains(port))
        );
        process.kill();
        drop(process);
        assert!(!folder.exists());
    }

    #[test]
    fn folders_of_dead_processes_are_removed() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let base = std::env::temp_dir().join(format!("tp-abandon-{}", std::process::id()));
        let dead = base.join(format!("{}{}-x", PrivateFolder::PREFIX, child.id()));
        let living = base.join(format!("{}{}-x", PrivateFolder::PREFIX, std::process::id()));
        let other = base.join("autre");
        for folder in [&dead, &living, &other] {
            std::fs::create_dir_all(folder).unwrap();
        }
        PrivateFolder::remove_abandoned(&base);
        assert!(!dead.exists() && living.exists() && other.exists());
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn argument_and_environment_reach_the_kernel() {
        let command = shell("echo \"$VALEUR $1\"; pwd")
            .with_env("VALEUR", "un")
            .with_env("VALEUR", "deux été");
        let mut process = KernelProcess::start(&command.with_cwd("/")).unwrap();
        assert!(process.wait(Duration::from_secs(5)).is_some());
        let log = process.log_tail();
        let expected = format!(
            "deux été {}/connexion.json\n/",
            process.folder.path().display()
        );
        assert_eq!(log, expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn kill_ends_descendants_even_in_another_group() {
        let script = "setsid sh -c 'sleep 61; true' & sleep 61; true";
        let mut process = KernelProcess::start(&shell(script)).unwrap();
        let start = Instant::now();
        while descendants(process.id()).len() < 3 && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let all = descendants(process.id());
        assert!(all.len() >= 3, "{all:?}");
        process.kill();
        std::thread::sleep(Duration::from_millis(100));
        let alive: Vec<_> = all
            .into_iter()
            .filter(|(pid, started)| start_time(*pid) == *started)
            .collect();
        let running: Vec<_> = alive
            .into_iter()
            .filter(|(pid, _)| !is_zombie(*pid))
            .collect();
        assert!(running.is_empty(), "{running:?}");
    }

    #[cfg(target_os = "linux")]
    fn is_zombie(pid: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            stat.rsplit_once(')')
                .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
        })
    }
}
