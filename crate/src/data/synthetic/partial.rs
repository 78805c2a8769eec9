//! Files that appear whole or not at all, whoever writes the same ones at the same time.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// End of the name of a file being written.
const ENDING: &str = ".partiel";
/// A file being written that nobody has touched for so long belongs to a process that is no more.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// A name for what will be `path`: in its folder, hidden, of this writing alone.
pub(super) fn name(path: &Path) -> PathBuf {
    static WRITINGS: AtomicU64 = AtomicU64::new(0);
    let writing = WRITINGS.fetch_add(1, Ordering::Relaxed);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{file}.{}-{writing}{ENDING}", std::process::id()))
}

/// Whether a file is one being written.
pub(super) fn is_partial(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// Whether a file is one that nobody will finish.
pub(super) fn is_abandoned(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let age = || fs::metadata(path).ok()?.modified().ok()?.elapsed().ok();
    is_partial(&name) && age().is_some_and(|age| age > ABANDONED)
}

/// Writes a file under another name, then renames it.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = name(path);
    let written = File::create(&partial)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}
