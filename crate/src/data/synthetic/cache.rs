//! Drawings kept on disk, so that a seed is drawn once a user and not once a kernel.
//!
//! One file a set: a signature, the length of a key, the key (all that decides of the pixels, in words), the pixels. A file
//! appears whole or not at all, under a name of its own until then: processes that draw the same set at once do not
//! disturb each other. The files used least recently leave when all together exceed [`LIMIT`].

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use sha2::{Digest, Sha256};

use crate::data::{
    CHANNELS, ImageStore,
    kept::{Partial, shrink, touch},
};

/// Version of the drawings: what another version drew is drawn anew. A test holds the pixels of this one.
pub(super) const VERSION: u32 = 1;
/// Beginning of a file.
const SIGNATURE: &[u8; 8] = b"VISDES-1";
/// Ending of the files.
const ENDING: &str = "dessins";
/// Most bytes that all files of the folder may have: seven sets of the preset `seance`, three of `complet`.
const LIMIT: u64 = 1 << 30;

/// Where drawings are kept that name no folder.
static DEFAULT: OnceLock<PathBuf> = OnceLock::new();

/// From now on, drawings that name no folder are kept in this one; the first call decides.
pub(crate) fn keep_drawings_in(folder: PathBuf) {
    let _ = DEFAULT.set(folder);
}

/// The folder of drawings that name none, once there is one.
pub(super) fn default_folder() -> Option<&'static Path> {
    DEFAULT.get().map(PathBuf::as_path)
}

/// A place for one set of drawings.
pub(super) struct CachedSet {
    folder: PathBuf,
    key: String,
    side: usize,
    images: usize,
}

impl CachedSet {
    /// The place in `folder` of `images` drawings of `side` pixels, which `key` tells apart from all others.
    pub(super) fn new(folder: &Path, key: &str, side: usize, images: usize) -> Self {
        Self {
            folder: folder.to_path_buf(),
            key: format!("version {VERSION} ; côté {side} ; {images} images ; {key}"),
            side,
            images,
        }
    }

    fn path(&self) -> PathBuf {
        let digest = Sha256::digest(&self.key);
        let name: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.folder.join(format!("{name}.{ENDING}"))
    }

    /// The drawings, when they are there and sound.
    pub(super) fn recall(&self) -> Option<ImageStore> {
        let path = self.path();
        let mut file = File::options()
            .read(true)
            .write(true)
            .open(&path)
            .or_else(|_| File::open(&path))
            .ok()?;
        let mut start = [0; 16];
        file.read_exact(&mut start).ok()?;
        let (signature, length) = start.split_at(SIGNATURE.len());
        let length = u64::from_le_bytes(length.try_into().ok()?);
        if signature != SIGNATURE || length != self.key.len() as u64 {
            return None;
        }
        let mut key = vec![0; self.key.len()];
        file.read_exact(&mut key).ok()?;
        let image = self.side * self.side * CHANNELS;
        let whole = start.len() as u64 + length + (self.images * image) as u64;
        if key != self.key.as_bytes() || file.metadata().ok()?.len() != whole {
            return None;
        }
        let mut store = ImageStore::with_capacity(self.side, self.side, self.images);
        let mut pixels = vec![0; image];
        for _ in 0..self.images {
            file.read_exact(&mut pixels).ok()?;
            store.push(&pixels).ok()?;
        }
        touch(&file);
        Some(store)
    }

    /// Keeps the drawings, where the folder can be written; they are drawn anew next time otherwise.
    pub(super) fn keep(&self, store: &ImageStore) {
        let path = self.path();
        if self.write(&path, store).is_ok() {
            shrink(&self.folder, ENDING, &path, LIMIT);
        }
    }

    fn write(&self, path: &Path, store: &ImageStore) -> io::Result<()> {
        let (partial, file) = Partial::create(path)?;
        let mut file = BufWriter::new(file);
        file.write_all(SIGNATURE)?;
        file.write_all(&(self.key.len() as u64).to_le_bytes())?;
        file.write_all(self.key.as_bytes())?;
        for image in 0..store.len() {
            file.write_all(&store.image(image).map_err(io::Error::other)?)?;
        }
        partial.finish(&file.into_inner()?)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, SystemTime},
    };

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("visages-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn files(&self) -> usize {
            fs::read_dir(&self.0).map_or(0, Iterator::count)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn store(grey: u8) -> ImageStore {
        let mut store = ImageStore::new(4, 4);
        for shift in 0..3 {
            store.push(&[grey + shift; 48]).unwrap();
        }
        store
    }

    #[test]
    fn drawings_come_back_as_they_were() {
        let folder = Folder::new("dessins-gardes");
        let kept = CachedSet::new(&folder.0, "visages, graine 1", 4, 3);
        assert!(kept.recall().is_none());
        kept.keep(&store(10));
        assert_eq!(kept.recall(), Some(store(10)));
        // Another seed, another number, another side: another set.
        assert!(
            CachedSet::new(&folder.0, "visages, graine 2", 4, 3)
                .recall()
                .is_none()
        );
        assert!(
            CachedSet::new(&folder.0, "visages, graine 1", 4, 2)
                .recall()
                .is_none()
        );
        // A file that was cut short is as good as none.
        let path = kept.path();
        let whole = fs::read(&path).unwrap();
        for end in [0, 10, whole.len() - 1] {
            fs::write(&path, &whole[..end]).unwrap();
            assert!(kept.recall().is_none(), "{end}");
        }
        assert_eq!(folder.files(), 1);
    }

    #[test]
    fn several_may_keep_the_same_drawings_at_once() {
        let folder = Folder::new("dessins-ensemble");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let kept = CachedSet::new(&folder.0, "visages", 4, 3);
                        kept.keep(&store(50));
                        assert_eq!(kept.recall(), Some(store(50)));
                    }
                });
            }
        });
        assert_eq!(folder.files(), 1);
    }

    #[test]
    fn the_folder_is_bounded() {
        let folder = Folder::new("dessins-bornes");
        let place = |seed: u8| CachedSet::new(&folder.0, &format!("graine {seed}"), 4, 3);
        for seed in 0..4 {
            place(seed).keep(&store(seed));
            let old = SystemTime::now() - Duration::from_secs(100 - u64::from(seed));
            let file = File::options().append(true).open(place(seed).path());
            file.unwrap().set_modified(old).unwrap();
        }
        // The oldest is used again.
        assert!(place(0).recall().is_some());
        let size = fs::metadata(place(0).path()).unwrap().len();
        shrink(&folder.0, ENDING, &place(3).path(), 2 * size);
        let there: Vec<bool> = (0..4).map(|seed| place(seed).path().exists()).collect();
        assert_eq!(there, [true, false, false, true]);
        // However small the limit, what was just made stays.
        shrink(&folder.0, ENDING, &place(3).path(), 0);
        assert!(place(3).path().exists() && folder.files() == 1);
    }
}
