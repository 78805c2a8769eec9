//! A look at all that would be written, before anything is.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Entry, Source, most, too_large};
use crate::error::{Error, Result};
use crate::french::{counted, grouped};
use crate::platform;

/// Largest file that is taken: no picture or table is larger.
const MAX_FILE: u64 = 128 << 20;

impl Source {
    /// Which files, by their rank, need not be written: they are there already, or come twice.
    ///
    /// # Errors
    /// As [`extract`](Source::extract), before anything is written.
    pub(super) fn survey(
        &self,
        files: &[PathBuf],
        place: impl Fn(&Path) -> Option<PathBuf>,
    ) -> Result<HashSet<usize>> {
        let mut takers: HashMap<PathBuf, usize> = HashMap::new();
        for target in files.iter().filter_map(|file| place(file)) {
            *takers.entry(target).or_default() += 1;
        }
        let compressed = match self {
            Self::Zip(path) | Self::TarGz(path) => Some((path, most(path)?)),
            Self::Folder(_) | Self::Tar(_) | Self::Table(_) => None,
        };
        let mut firsts: HashMap<PathBuf, (PathBuf, Vec<u8>)> = HashMap::new();
        let mut skipped = HashSet::new();
        let mut others = Vec::new();
        let (mut rank, mut announced, mut needed) = (0, 0_u64, 0_u64);
        self.each(|path, Entry { size, content }| {
            let index = rank;
            rank += 1;
            announced = announced.saturating_add(size);
            if let Some((archive, most)) = compressed
                && announced > most
            {
                return Err(too_large(archive));
            }
            let Some(target) = place(path) else {
                return Ok(());
            };
            if size > MAX_FILE {
                return Err(Error::Usage(format!(
                    "« {} » annonce {} Mo : trop pour une image ou une table, rien n'a été pris.",
                    path.display(),
                    grouped(size / 1_000_000)
                )));
            }
            let unreadable = |error: io::Error| self.unreadable(path, &error);
            if fs::symlink_metadata(&target).is_ok() {
                match is_same(content, size, &target).map_err(unreadable)? {
                    true => _ = skipped.insert(index),
                    false => others.push(target),
                }
                return Ok(());
            }
            if takers.get(&target).is_some_and(|takers| *takers > 1) {
                let digest = digest(content).map_err(unreadable)?;
                if let Some((other, known)) = firsts.get(&target) {
                    if *known != digest {
                        return Err(Error::Usage(format!(
                            "« {} » et « {} » auraient la même place, « {} », et leurs contenus diffèrent : rien n'a été écrit. \
                             Importez-les séparément.",
                            other.display(),
                            path.display(),
                            target.display()
                        )));
                    }
                    skipped.insert(index);
                    return Ok(());
                }
                firsts.insert(target, (path.to_owned(), digest));
            }
            needed = needed.saturating_add(size);
            Ok(())
        })?;
        if let Some(first) = others.first() {
            return Err(Error::Usage(format!(
                "« {} » est déjà là avec un autre contenu ({} dans ce cas) : rien n'a été écrit. Déplacez ou effacez ce qui est \
                 en place, puis relancez la commande.",
                first.display(),
                counted(others.len(), "fichier")
            )));
        }
        check_room(takers.keys().next().map(PathBuf::as_path), needed)?;
        Ok(skipped)
    }
}

/// Refuses to fill the disk.
fn check_room(target: Option<&Path>, needed: u64) -> Result<()> {
    let Some((folder, free)) = target
        .and_then(Path::parent)
        .and_then(|folder| Some((folder, platform::free_space(folder)?)))
    else {
        return Ok(());
    };
    if needed < free {
        return Ok(());
    }
    let shown = |bytes: u64| format!("{} Mo", grouped(bytes.div_ceil(1_000_000)));
    Err(Error::Resource {
        what: format!("Espace disque dans « {} »", folder.display()),
        available: shown(free),
        needed: shown(needed),
        remedy: "Libérez de la place, ou donnez un autre dossier avec --donnees.".to_owned(),
    })
}

/// Whether a file has this content. What cannot be opened is another content: it is in the way.
fn is_same(content: &mut dyn Read, size: u64, target: &Path) -> io::Result<bool> {
    if !fs::metadata(target).is_ok_and(|there| there.is_file() && there.len() == size) {
        return Ok(false);
    }
    let Ok(file) = File::open(target) else {
        return Ok(false);
    };
    let mut there = BufReader::new(file);
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let count = content.read(&mut ours)?;
        if count == 0 {
            return Ok(true);
        }
        let theirs = &mut theirs[..count];
        if there.read_exact(theirs).is_err() || ours[..count] != *theirs {
            return Ok(false);
        }
    }
}

fn digest(content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match content.read(&mut block)? {
            0 => return Ok(hasher.finalize().to_vec()),
            count => hasher.update(&block[..count]),
        }
    }
}
