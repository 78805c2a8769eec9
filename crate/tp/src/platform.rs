//! Everything that differs between operating systems. Linux is tested; macOS is written for and untested.

use std::process::Command;

/// Environment variable in which the dynamic loader looks for libraries.
pub const LIBRARY_PATH: &str = if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// Extension of a shared library, without the dot.
pub const SHARED_EXTENSION: &str = if cfg!(target_os = "macos") {
    "dylib"
} else {
    "so"
};

/// Whether the labs run here at all: a Windows DLL cannot export as many symbols as `visages` has.
pub const SUPPORTED: bool = cfg!(unix);

/// Makes the child die with this process (Linux), so that a killed kernel or runner leaves nothing behind.
///
/// The signal is tied to the thread that starts the child: call [`Command::spawn`] from a thread that lives on.
pub fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        // SAFETY: prctl is async-signal-safe and touches only the child.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Lets the child keep the memory that it frees (glibc), instead of giving it back to the system at once.
///
/// A training step asks for the same blocks of a few megabytes again and again; given back, each page costs
/// a fault the next time: 35 ms a step for 19 ms on the standard CNN.
pub fn keep_freed_memory(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        // 32 MB is the largest threshold that glibc takes: larger blocks still go back at once.
        command.env("MALLOC_MMAP_THRESHOLD_", (32 << 20).to_string());
        command.env("MALLOC_TRIM_THRESHOLD_", (512 << 20).to_string());
        command.env("MALLOC_TOP_PAD_", (16 << 20).to_string());
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Makes this process adopt the orphans of its children (Linux), so that it can end them.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    // SAFETY: sets an attribute of this process.
    unsafe {
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
    }
}

/// Kills every direct child of this process (Linux), orphans adopted with [`adopt_orphans`] included.
pub fn kill_children() {
    children(std::process::id()).into_iter().for_each(kill);
}

/// Kills one process that this one started, directly or not.
pub fn kill(pid: u32) {
    // SAFETY: kill only sends a signal.
    unsafe {
        libc::kill(pid as libc::pid_t, libc::SIGKILL);
    }
}

/// Resident memory of a process in bytes (Linux).
pub fn resident_memory(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: sysconf only asks.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * u64::try_from(size).ok()?)
}

/// Process ids of the direct children of `parent`; empty where `/proc` is not there.
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| parent_of(*pid) == Some(parent))
        .collect()
}

/// The user whose rights this process has.
pub fn user() -> u32 {
    // SAFETY: geteuid only asks.
    unsafe { libc::geteuid() }
}

/// Whether a process of this id exists.
pub fn is_alive(pid: u32) -> bool {
    // SAFETY: signal 0 only asks.
    let answer = unsafe { libc::kill(pid as libc::pid_t, 0) };
    answer == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces: fields are counted from the last parenthesis.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// Free space, in bytes, of the disk that holds `path` (or its nearest existing parent).
pub fn free_space(path: &std::path::Path) -> Option<u64> {
    let existing = path.ancestors().find(|folder| folder.exists())?;
    let found = file_system(existing)?;
    Some(found.f_bavail as u64 * found.f_frsize as u64)
}

/// What the system says of the disk that holds a folder.
fn file_system(folder: &std::path::Path) -> Option<libc::statvfs> {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut answer = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `name` is a C string and `answer` is filled when the call returns 0.
    unsafe {
        if libc::statvfs(name.as_ptr(), answer.as_mut_ptr()) != 0 {
            return None;
        }
        Some(answer.assume_init())
    }
}

/// Whether programs of this folder cannot be run (`noexec`).
pub fn forbids_programs(folder: &std::path::Path) -> bool {
    #[cfg(target_os = "linux")]
    return file_system(folder).is_some_and(|found| found.f_flag & libc::ST_NOEXEC != 0);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

/// Name of this machine, of letters, digits and dots: several may share a home.
pub fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is that long. A failure leaves it empty.
    unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    let plain = |next: &char| next.is_ascii_alphanumeric() || *next == '.';
    name.chars().filter(plain).take(40).collect()
}

/// Memory of the machine in bytes: total, available.
pub fn memory() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    };
    Some((field("MemTotal:")?, field("MemAvailable:")?))
}
