//! Where the images of a reading go: memory, or the file of the cache when they are larger than memory.

use std::path::Path;

use super::{
    cache::{Cache, Known, Seen, Writer},
    decode::Outcome,
    image_store::ImageStore,
    memory,
    options::{LoadOptions, Storage},
};
use crate::error::{Error, Result};

/// What a file of a reading turned out to be, once its pixels are put away.
pub(super) enum Taken {
    /// An image: width and height in its file.
    Image((u32, u32)),
    /// A picture that cannot be used; the reason is French.
    Unreadable(String),
    /// No picture.
    Ignored,
}

/// Takes the images of one reading.
pub(super) struct Intake<'a> {
    root: &'a Path,
    options: &'a LoadOptions,
    cache: Option<Cache>,
    destination: Destination,
    len: usize,
}

enum Destination {
    Memory(ImageStore),
    File(Writer),
    /// All is in the cache already: what each file gave, the next one last.
    Known(Vec<Outcome>, ImageStore),
}

impl<'a> Intake<'a> {
    /// A reading of these files, paths within `root`; `what` names them in messages.
    ///
    /// # Errors
    /// [`Error::Memory`] when the images would not fit in memory and may not lie elsewhere, [`Error::Argument`] when they
    /// should lie in a file and no cache is given, [`Error::Io`] when the cache cannot be made.
    pub(super) fn start(
        what: &str,
        root: &'a Path,
        files: &[&Path],
        options: &'a LoadOptions,
    ) -> Result<Self> {
        let mut images = ImageStore::new(options.height, options.width);
        let fits = || memory::check(what, files.len(), images.image_len());
        let on_disk = match options.storage {
            Storage::Memory => fits().map(|()| false)?,
            Storage::Disk if options.cache.is_none() => {
                return Err(Error::argument(
                    "storage",
                    "Disk",
                    "donnez aussi le dossier où garder les images décodées : .with_cache(\"…\")",
                ));
            }
            Storage::Disk => true,
            Storage::Auto => match (fits(), &options.cache) {
                (Ok(()), _) => false,
                (Err(_), Some(_)) => true,
                (Err(error), None) => return Err(error),
            },
        };
        let cache = match &options.cache {
            Some(folder) if root.is_dir() => Some(Cache::open(folder, root, options)?),
            _ => None,
        };
        let destination = match &cache {
            Some(cache) if on_disk => match cache.all_known(root, files, options) {
                Some(Known {
                    mut outcomes,
                    images,
                }) => {
                    outcomes.reverse();
                    Destination::Known(outcomes, images)
                }
                None => Destination::File(cache.writer()?),
            },
            // Without a cache there is no such folder: its files will say so.
            _ if on_disk => Destination::Memory(images),
            _ => {
                images = ImageStore::with_capacity(options.height, options.width, files.len());
                Destination::Memory(images)
            }
        };
        Ok(Self {
            root,
            options,
            cache,
            destination,
            len: 0,
        })
    }

    /// Files to look at between two looks at the clock and at the wish to stop.
    pub(super) fn chunk(&self) -> usize {
        match &self.destination {
            Destination::Memory(images) => memory::chunk(images.image_len()),
            _ => {
                memory::chunk(ImageStore::new(self.options.height, self.options.width).image_len())
            }
        }
    }

    /// Reads a file; several threads may at once.
    pub(super) fn look(&self, file: &Path) -> Option<Seen> {
        match self.destination {
            Destination::Known(..) => None,
            _ => Some(Seen::look(
                self.cache.as_ref(),
                self.root,
                file,
                self.options,
            )),
        }
    }

    /// Puts away what the next file gave.
    ///
    /// # Errors
    /// [`Error::Io`] when the cache cannot be written.
    pub(super) fn take(&mut self, file: &Path, seen: Option<Seen>) -> Result<Taken> {
        if let (Some(cache), Some(seen)) = (&mut self.cache, &seen) {
            cache.note(file, seen);
        }
        let outcome = match (&mut self.destination, seen) {
            (Destination::Known(outcomes, _), _) => outcomes.pop(),
            (_, seen) => seen.map(|seen| seen.outcome),
        };
        Ok(match outcome {
            Some(Outcome::Picture(picture)) => {
                match &mut self.destination {
                    Destination::Memory(images) => images.push(&picture.rgb)?,
                    Destination::File(writer) => writer.push(&picture.rgb)?,
                    Destination::Known(..) => {}
                }
                self.len += 1;
                Taken::Image(picture.original_size)
            }
            Some(Outcome::Unreadable(reason) | Outcome::Unreachable(reason)) => {
                Taken::Unreadable(reason)
            }
            Some(Outcome::Ignored) | None => Taken::Ignored,
        })
    }

    /// Images taken so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The images taken, which are kept for the next reading.
    ///
    /// # Errors
    /// [`Error::Io`] when images larger than memory cannot be written. Others are there all the same: a line says that they
    /// will be decoded again.
    pub(super) fn finish(self, what: &str) -> Result<ImageStore> {
        match (self.destination, self.cache) {
            (Destination::Memory(images), Some(cache)) => {
                if let Err(error) = cache.save(self.root, &images) {
                    println!("⚠ {what} : {error}");
                }
                Ok(images)
            }
            (Destination::Memory(images), None) => Ok(images),
            (Destination::File(writer), Some(cache)) => {
                cache.finish(self.root, writer, self.options)
            }
            (Destination::Known(_, images), _) if self.len == images.len() => Ok(images),
            (Destination::Known(_, images), _) => {
                images.select(&(0..self.len).collect::<Vec<usize>>())
            }
            (Destination::File(_), None) => {
                Ok(ImageStore::new(self.options.height, self.options.width))
            }
        }
    }
}
