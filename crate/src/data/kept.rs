//! Files that are kept from one session to the next in a folder of the user's cache: private, whole or absent, and bounded.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

/// Ending of files that are being written.
const PARTIAL: &str = "partiel";
/// A file that was being written that long ago will not be finished.
const ABANDONED: Duration = Duration::from_secs(24 * 3_600);

/// Makes a folder, and those above it, that nobody else may enter. One that exists stays as it is.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A file that takes its name when it is whole, and disappears if it never is.
pub(super) struct Partial {
    path: PathBuf,
    target: PathBuf,
    done: bool,
}

impl Partial {
    /// A new file beside `target`, hidden, which only the user may read.
    pub(super) fn create(target: &Path) -> io::Result<(Self, File)> {
        if let Some(folder) = target.parent() {
            private_folder(folder)?;
        }
        let path = partial_path(target);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        let target = target.to_path_buf();
        let done = false;
        Ok((Self { path, target, done }, file))
    }

    /// Gives the file its name, at once, when it is safe on the disk.
    pub(super) fn finish(mut self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.done {
            // Half a file is of no use.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Where what will be `target` is written: neither another process nor another thread writes the same one.
fn partial_path(target: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}-{number}.{PARTIAL}", std::process::id()))
}

/// Writes one of many small files, which others may read and whose disk nobody waits for: it is there whole or not at all.
pub(super) fn write_whole(target: &Path, content: &[u8]) -> io::Result<()> {
    let partial = partial_path(target);
    let written = fs::write(&partial, content).and_then(|()| fs::rename(&partial, target));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Whether a file is one being written, or one that was.
pub(super) fn is_partial(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == PARTIAL)
}

/// Deletes a file that was never finished; one that is being written stays.
pub(super) fn remove_abandoned(partial: &Path) {
    let age = || fs::metadata(partial).ok()?.modified().ok()?.elapsed().ok();
    if age().is_some_and(|age| age > ABANDONED) {
        let _ = fs::remove_file(partial);
    }
}

/// Notes that a file was used now.
pub(super) fn touch(file: &File) {
    // A file that cannot be noted is only deleted earlier.
    let _ = file.set_modified(SystemTime::now());
}

/// Deletes the files of `folder` with this ending that were used longest ago, until all together are at most `limit` bytes;
/// `newest` stays. Files that were never finished go too.
pub(super) fn shrink(folder: &Path, extension: &str, newest: &Path, limit: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let Ok(data) = fs::metadata(&path) else {
            continue;
        };
        let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let ends_in = |ending: &str| path.extension().is_some_and(|found| found == ending);
        if ends_in(PARTIAL) && used.elapsed().is_ok_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(&path);
        } else if ends_in(extension) && data.is_file() {
            files.push((path == newest, used, data.len(), path));
        }
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, _, bytes, _)| bytes).sum();
    for (is_newest, _, bytes, path) in files {
        if total <= limit || is_newest {
            break;
        }
        // Whoever has it open goes on reading it.
        if fs::remove_file(&path).is_ok() {
            total -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_private_whole_and_bounded() {
        let base = std::env::temp_dir().join(format!("visages-garde-{}", std::process::id()));
        let folder = base.join("a/b");
        let old = SystemTime::now() - 2 * ABANDONED;
        for name in ["1.x", "2.x", "3.x"] {
            let (partial, file) = Partial::create(&folder.join(name)).unwrap();
            file.set_len(100).unwrap();
            partial.finish(&file).unwrap();
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&base), mode(&folder)), (0o700, 0o700));
        assert_eq!(mode(&folder.join("1.x")), 0o600);
        let (partial, _) = Partial::create(&folder.join("4.x")).unwrap();
        drop(partial);
        let names = || {
            let entries = fs::read_dir(&folder).unwrap();
            let mut names: Vec<String> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(), ["1.x", "2.x", "3.x"]);

        for (name, age) in [("1.x", 10), ("2.x", 30), ("3.x", 20)] {
            let file = File::options().write(true).open(folder.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .unwrap();
        }
        let dead = File::create(folder.join("9.7-0.partiel")).unwrap();
        dead.set_modified(old).unwrap();
        File::create(folder.join("8.7-0.partiel")).unwrap();
        File::create(folder.join("autre.y")).unwrap();
        shrink(&folder, "x", &folder.join("1.x"), 250);
        assert_eq!(names(), ["1.x", "3.x", "8.7-0.partiel", "autre.y"]);
        // The newest stays, however small the limit.
        shrink(&folder, "x", &folder.join("1.x"), 0);
        assert_eq!(names(), ["1.x", "8.7-0.partiel", "autre.y"]);
        fs::remove_dir_all(&base).unwrap();
    }
}
