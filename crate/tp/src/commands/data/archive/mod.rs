//! What was downloaded, a folder or an archive: its names, then its files, written one by one where they belong.

mod reasons;
mod survey;

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;

use super::tree;
use crate::error::{Error, Result};

/// An archive may hold this much, however small it is.
const SMALL: u64 = 1 << 30;
/// A larger one holds at most so many times its own size: pictures hardly get smaller.
const RATIO: u64 = 20;

/// Something downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder.
    Folder(PathBuf),
    /// A `.zip` archive.
    Zip(PathBuf),
    /// A `.tar` archive.
    Tar(PathBuf),
    /// A `.tar.gz` or `.tgz` archive.
    TarGz(PathBuf),
    /// A table of labels by itself.
    Table(PathBuf),
}

/// What an extraction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extracted {
    /// Files written.
    pub written: usize,
    /// Files that were there already, with the same content, or that came twice.
    pub already: usize,
}

impl Source {
    /// Tells what a path is, by its content.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Unusable`] when it is none of those that are known.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let mut head = Vec::new();
        let file = File::open(path).map_err(Error::io("Impossible de lire", path))?;
        file.take(264)
            .read_to_end(&mut head)
            .map_err(Error::io("Impossible de lire", path))?;
        let owned = path.to_owned();
        match head.as_slice() {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Ok(Self::Zip(owned)),
            [0x1F, 0x8B, ..] => Ok(Self::TarGz(owned)),
            head if head.get(257..262) == Some(b"ustar") => Ok(Self::Tar(owned)),
            _ => Err(Error::Unusable {
                path: owned,
                reason: "ce n'est ni un dossier, ni une archive .zip, .tar ou .tar.gz".to_owned(),
                remedy: "Si c'est une page Web enregistrée à la place du fichier, téléchargez-le de nouveau.".to_owned(),
            }),
        }
    }

    /// The regular files, hidden ones of a folder apart, as safe relative paths.
    ///
    /// # Errors
    /// [`Error::Usage`] for a path that leads out of the folder of arrival; [`Error::Unusable`] for a damaged archive.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        self.each(|path, _| {
            files.push(path.to_owned());
            Ok(())
        })?;
        Ok(files)
    }

    /// Writes each of `files` (those of [`files`](Self::files)) where `place` says, if it says; each appears whole or not at
    /// all, and nothing that is there is replaced. `progress` is told how many have been seen.
    ///
    /// # Errors
    /// Those of [`files`](Self::files). Before anything is written: [`Error::Usage`] when two different contents would have
    /// the same place, or an archive holds more than its size lets expect; [`Error::Resource`] without enough room. Then
    /// [`Error::Io`] when a file cannot be written.
    pub fn extract(
        &self,
        files: &[PathBuf],
        place: impl Fn(&Path) -> Option<PathBuf>,
        mut progress: impl FnMut(usize),
    ) -> Result<Extracted> {
        let there = self.survey(files, &place)?;
        let mut extracted = Extracted::default();
        let mut seen = 0;
        self.each(|path, entry| {
            progress(seen + 1);
            let index = seen;
            seen += 1;
            let Some(target) = place(path) else {
                return Ok(());
            };
            if there.contains(&index) {
                extracted.already += 1;
                return Ok(());
            }
            write(entry.content, entry.size, &target).map_err(|failure| match failure {
                Failure::Read(error) => self.unreadable(path, &error),
                Failure::Write(error) => Error::io("Impossible d'écrire", &target)(error),
            })?;
            extracted.written += 1;
            Ok(())
        })?;
        Ok(extracted)
    }

    /// The error for a content that could not be read.
    fn unreadable(&self, within: &Path, error: &io::Error) -> Error {
        match self {
            Self::Folder(root) => {
                Error::io("Impossible de lire", root.join(within))(reasons::copied(error))
            }
            Self::Table(path) => Error::io("Impossible de lire", path)(reasons::copied(error)),
            Self::Zip(path) | Self::Tar(path) | Self::TarGz(path) => damaged(path, error),
        }
    }

    /// Calls `see` with each regular file.
    fn each(&self, see: impl FnMut(&Path, Entry) -> Result<()>) -> Result<()> {
        match self {
            Self::Folder(path) => each_of_folder(path, see),
            Self::Zip(path) => each_of_zip(path, see),
            Self::Tar(path) => each_of_tar(path, open(path)?, see),
            Self::TarGz(path) => {
                let content = Bounded {
                    content: GzDecoder::new(open(path)?),
                    left: most(path)?,
                };
                each_of_tar(path, content, see)
            }
            Self::Table(path) => {
                see_file(path, Path::new(path.file_name().unwrap_or_default()), see)
            }
        }
    }
}

/// A file while it is seen.
struct Entry<'a> {
    size: u64,
    content: &'a mut dyn Read,
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).map_err(Error::io("Impossible de lire", path))?;
    Ok(BufReader::new(file))
}

/// What an archive may hold in all, in bytes.
fn most(archive: &Path) -> Result<u64> {
    let data = fs::metadata(archive).map_err(Error::io("Impossible de lire", archive))?;
    Ok(SMALL.max(data.len().saturating_mul(RATIO)))
}

fn too_large(archive: &Path) -> Error {
    Error::Usage(format!(
        "« {} » annonce plus de {RATIO} fois sa propre taille : trop pour des images, archive refusée, rien n'en a été pris.",
        archive.display()
    ))
}

/// A content that may not be longer than announced.
struct Bounded<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(count)
    }
}

fn damaged(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return too_large(path);
    }
    Error::Unusable {
        path: path.to_owned(),
        reason: format!("archive abîmée ou incomplète ({})", reasons::of_io(error)),
        remedy: "Téléchargez-la de nouveau, ou finissez le téléchargement.".to_owned(),
    }
}

/// A path of an archive without `.`; refused when it leads elsewhere than into the folder of arrival.
fn safe(path: &Path) -> Result<PathBuf> {
    let mut safe = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) if !name.to_string_lossy().contains('\\') => safe.push(name),
            Component::CurDir => {}
            _ => {
                return Err(Error::Usage(format!(
                    "L'archive contient « {} », qui s'écrirait hors du dossier d'arrivée : archive refusée, rien n'en a été pris.",
                    path.display()
                )));
            }
        }
    }
    Ok(safe)
}

fn each_of_folder(root: &Path, mut see: impl FnMut(&Path, Entry) -> Result<()>) -> Result<()> {
    let files = tree::files(root)?;
    for within in files {
        see_file(&root.join(&within), &within, &mut see)?;
    }
    Ok(())
}

/// Shows the file at `path` as `within`.
fn see_file(
    path: &Path,
    within: &Path,
    mut see: impl FnMut(&Path, Entry) -> Result<()>,
) -> Result<()> {
    let mut file = open(path)?;
    let data = fs::metadata(path).map_err(Error::io("Impossible de lire", path))?;
    let entry = Entry {
        size: data.len(),
        content: &mut file,
    };
    see(within, entry)
}

fn each_of_zip(path: &Path, mut see: impl FnMut(&Path, Entry) -> Result<()>) -> Result<()> {
    let mut archive =
        zip::ZipArchive::new(open(path)?).map_err(|error| reasons::of_zip(path, error))?;
    for index in 0..archive.len() {
        let mut file = archive
            .by_index(index)
            .map_err(|error| reasons::of_zip(path, error))?;
        if !file.is_file() {
            continue;
        }
        let name = file.name().map_err(|error| reasons::of_zip(path, error));
        let within = safe(Path::new(&*name?))?;
        let entry = Entry {
            size: file.size(),
            content: &mut file,
        };
        see(&within, entry)?;
    }
    Ok(())
}

fn each_of_tar(
    path: &Path,
    content: impl Read,
    mut see: impl FnMut(&Path, Entry) -> Result<()>,
) -> Result<()> {
    let mut archive = tar::Archive::new(content);
    for file in archive.entries().map_err(|error| damaged(path, &error))? {
        let mut file = file.map_err(|error| damaged(path, &error))?;
        // Links could lead anywhere, and no data set needs them.
        if !file.header().entry_type().is_file() {
            continue;
        }
        let within = safe(&file.path().map_err(|error| damaged(path, &error))?)?;
        let entry = Entry {
            size: file.size(),
            content: &mut file,
        };
        see(&within, entry)?;
    }
    Ok(())
}

/// On which side a copy failed.
enum Failure {
    Read(io::Error),
    Write(io::Error),
}

/// Copies exactly `size` bytes beside the target, then gives them its name.
fn write(content: &mut dyn Read, size: u64, target: &Path) -> std::result::Result<(), Failure> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(Failure::Write)?;
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partiel", std::process::id()));
    let partial = target.with_file_name(name);
    let copied = copy(content, size, &partial)
        .and_then(|()| fs::rename(&partial, target).map_err(Failure::Write));
    if copied.is_err() {
        // Half a file is of no use.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy(content: &mut dyn Read, size: u64, target: &Path) -> std::result::Result<(), Failure> {
    let mut file = File::create(target).map_err(Failure::Write)?;
    let (mut block, mut done) = (vec![0; 1 << 16], 0);
    loop {
        let count = match content.read(&mut block) {
            Ok(0) if done == size => return Ok(()),
            Ok(0) => return Err(Failure::Read(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error)),
        };
        done += count as u64;
        if done > size {
            return Err(Failure::Read(io::ErrorKind::InvalidData.into()));
        }
        file.write_all(&block[..count]).map_err(Failure::Write)?;
    }
}

#[cfg(test)]
mod tests;
