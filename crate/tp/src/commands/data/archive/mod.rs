//! What was downloaded, a folder or an archive: its names, then its files, written one by one where they belong.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;

use crate::error::{Error, Result};

/// Largest file that is taken out of an archive: no picture or table is larger.
const MAX_FILE: u64 = 1 << 30;
/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 16;

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
}

/// What an extraction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extracted {
    /// Files written.
    pub written: usize,
    /// Files that were there already, of the same size.
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
        let mut file = File::open(path).map_err(Error::io("Impossible de lire", path))?;
        file.by_ref()
            .take(264)
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

    /// The regular files, as safe relative paths.
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

    /// Writes each file where `place` says, if it says; each appears whole or not at all. `progress` is told how many
    /// have been seen.
    ///
    /// # Errors
    /// Those of [`files`](Self::files); [`Error::Io`] when a file cannot be written.
    pub fn extract(
        &self,
        place: impl Fn(&Path) -> Option<PathBuf>,
        mut progress: impl FnMut(usize),
    ) -> Result<Extracted> {
        let mut extracted = Extracted::default();
        let mut seen = 0;
        self.each(|path, entry| {
            seen += 1;
            progress(seen);
            let Some(target) = place(path) else {
                return Ok(());
            };
            if fs::metadata(&target).is_ok_and(|there| there.len() == entry.size) {
                extracted.already += 1;
                return Ok(());
            }
            if entry.size > MAX_FILE {
                return Err(Error::Usage(format!(
                    "« {} » annonce {} Mo : trop pour une image ou une table, archive refusée.",
                    path.display(),
                    entry.size / 1_000_000
                )));
            }
            write(entry.content, entry.size, &target)?;
            extracted.written += 1;
            Ok(())
        })?;
        Ok(extracted)
    }

    /// Calls `see` with each regular file.
    fn each(&self, see: impl FnMut(&Path, Entry) -> Result<()>) -> Result<()> {
        match self {
            Self::Folder(path) => each_of_folder(path, see),
            Self::Zip(path) => each_of_zip(path, see),
            Self::Tar(path) => each_of_tar(path, open(path)?, see),
            Self::TarGz(path) => each_of_tar(path, GzDecoder::new(open(path)?), see),
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

fn damaged(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Unusable {
        path: path.to_owned(),
        reason: format!("archive abîmée ou incomplète ({reason})"),
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
    let mut files = Vec::new();
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((within, depth)) = pending.pop() {
        let path = root.join(&within);
        let failed = || Error::io("Impossible de lire", &path);
        for entry in fs::read_dir(&path).map_err(failed())? {
            let within = within.join(entry.map_err(failed())?.file_name());
            let path = root.join(&within);
            if path.is_file() {
                files.push(within);
            } else if path.is_dir() && depth < MAX_DEPTH {
                pending.push((within, depth + 1));
            }
        }
    }
    files.sort();
    for within in files {
        let path = root.join(&within);
        let mut file = open(&path)?;
        let data = fs::metadata(&path).map_err(Error::io("Impossible de lire", &path))?;
        let entry = Entry {
            size: data.len(),
            content: &mut file,
        };
        see(&within, entry)?;
    }
    Ok(())
}

fn each_of_zip(path: &Path, mut see: impl FnMut(&Path, Entry) -> Result<()>) -> Result<()> {
    let mut archive = zip::ZipArchive::new(open(path)?).map_err(|error| damaged(path, error))?;
    for index in 0..archive.len() {
        let mut file = archive
            .by_index(index)
            .map_err(|error| damaged(path, error))?;
        if !file.is_file() {
            continue;
        }
        let name = file.name().map_err(|error| damaged(path, error))?;
        let within = safe(Path::new(name.as_ref()))?;
        drop(name);
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
    for file in archive.entries().map_err(|error| damaged(path, error))? {
        let mut file = file.map_err(|error| damaged(path, error))?;
        // Links could lead anywhere, and no data set needs them.
        if !file.header().entry_type().is_file() {
            continue;
        }
        let name = file.path().map_err(|error| damaged(path, error))?;
        let within = safe(&name)?;
        drop(name);
        let entry = Entry {
            size: file.size(),
            content: &mut file,
        };
        see(&within, entry)?;
    }
    Ok(())
}

/// Copies exactly `size` bytes beside the target, then gives them its name.
fn write(content: &mut dyn Read, size: u64, target: &Path) -> Result<()> {
    let failed = || Error::io("Impossible d'écrire", target);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(failed())?;
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partiel", std::process::id()));
    let partial = target.with_file_name(name);
    let copied = File::create(&partial)
        .and_then(|mut file| std::io::copy(&mut content.take(size + 1), &mut file))
        .and_then(|copied| match copied == size {
            true => fs::rename(&partial, target),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        });
    copied.map_err(|error| {
        // Half a file is of no use.
        let _ = fs::remove_file(&partial);
        failed()(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tp été {name} {}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn zip_of(path: &Path, files: &[(&str, &[u8])]) {
        let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, content) in files {
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Deflated);
            archive.start_file(*name, options).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap();
    }

    /// The names go in as they are: the library's own writer would refuse the bad ones.
    fn tar_gz_of(path: &Path, files: &[(&str, &[u8])]) {
        let compressed =
            flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(compressed);
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append(&header, *content).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
    }

    #[test]
    fn archives_and_folders_give_the_same_files() {
        let folder = Folder::new("sources");
        let files: [(&str, &[u8]); 3] = [
            ("a/1.jpg", b"un"),
            ("a/b/2.jpg", b"deux"),
            ("lisez.txt", b"x"),
        ];
        let (zipped, tarred) = (folder.0.join("x.zip"), folder.0.join("x.tgz"));
        zip_of(&zipped, &files);
        tar_gz_of(&tarred, &files);
        let plain = folder.0.join("plain");
        for (name, content) in files {
            fs::create_dir_all(plain.join(name).parent().unwrap()).unwrap();
            fs::write(plain.join(name), content).unwrap();
        }
        for (index, path) in [zipped, tarred, plain].iter().enumerate() {
            let source = Source::open(path).unwrap();
            let mut names = source.files().unwrap();
            names.sort();
            assert_eq!(names, files.map(|(name, _)| PathBuf::from(name)));
            let out = folder.0.join(format!("out{index}"));
            let place = |path: &Path| {
                path.extension()
                    .is_some_and(|ending| ending == "jpg")
                    .then(|| out.join(path.file_name().unwrap()))
            };
            let mut seen = 0;
            let first = source.extract(place, |count| seen = count).unwrap();
            assert_eq!(
                (first, seen),
                (
                    Extracted {
                        written: 2,
                        already: 0
                    },
                    3
                )
            );
            assert_eq!(fs::read(out.join("2.jpg")).unwrap(), b"deux");
            // Interrupted, then resumed: only what lacks or is cut is written.
            fs::write(out.join("2.jpg"), b"de").unwrap();
            let again = source.extract(place, |_| {}).unwrap();
            assert_eq!(
                again,
                Extracted {
                    written: 1,
                    already: 1
                }
            );
            assert_eq!(fs::read(out.join("2.jpg")).unwrap(), b"deux");
            assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
        }
    }

    #[test]
    fn ways_out_are_refused_before_anything_is_written() {
        let folder = Folder::new("sorties");
        for (index, name) in ["../x.jpg", "a/../../x.jpg", "/x.jpg", "a\\..\\x.jpg"]
            .iter()
            .enumerate()
        {
            let files: [(&str, &[u8]); 2] = [("bon.jpg", b"x"), (name, b"x")];
            let tarred = folder.0.join(format!("{index}.tgz"));
            tar_gz_of(&tarred, &files);
            let error = Source::open(&tarred)
                .unwrap()
                .files()
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("archive refusée") && error.contains(name),
                "{error}"
            );
        }
        let zipped = folder.0.join("x.zip");
        zip_of(&zipped, &[("../x.jpg", b"x")]);
        let error = Source::open(&zipped)
            .unwrap()
            .files()
            .unwrap_err()
            .to_string();
        assert!(error.contains("archive refusée"), "{error}");
    }

    #[test]
    fn damaged_and_foreign_files_are_told() {
        let folder = Folder::new("abîmées");
        let page = folder.0.join("page.zip");
        fs::write(&page, b"<!DOCTYPE html><html>Quota exceeded</html>").unwrap();
        let error = Source::open(&page).unwrap_err().to_string();
        assert!(error.contains("page Web"), "{error}");
        let zipped = folder.0.join("x.zip");
        zip_of(&zipped, &[("1.jpg", &[7; 5_000]), ("2.jpg", b"deux")]);
        let whole = fs::read(&zipped).unwrap();
        fs::write(&zipped, &whole[..whole.len() / 2]).unwrap();
        let error = Source::open(&zipped)
            .unwrap()
            .files()
            .unwrap_err()
            .to_string();
        assert!(error.contains("abîmée ou incomplète"), "{error}");
        let tarred = folder.0.join("x.tgz");
        tar_gz_of(&tarred, &[("1.jpg", &[7; 50_000])]);
        let whole = fs::read(&tarred).unwrap();
        fs::write(&tarred, &whole[..whole.len() / 2]).unwrap();
        let source = Source::open(&tarred).unwrap();
        assert!(
            source
                .extract(|_| Some(folder.0.join("1.jpg")), |_| {})
                .is_err()
        );
        assert!(!folder.0.join("1.jpg").exists());
    }
}
