//! Drawn faces as a folder of files named as UTKFace's are, with its defects, and a manifest that tells everything.

use std::{collections::HashSet, fs, path::Path};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    cache::VERSION,
    faces::DrawnFacesConfig,
    planted::{Defect, FEWEST, Planned, plan},
    record::{CHOICES, FaceRecord, MEASURES},
    render,
};
use crate::{
    data::kept,
    error::{Error, Result},
    host::StopFlag,
};

/// The file that says what each drawn file is: CSV, one line a file.
pub const MANIFEST: &str = "manifeste.csv";
/// The file that says how a folder was made: written first, so that an unfinished folder is known.
const SETTINGS: &str = "dessin.json";
/// Files drawn between two looks at the stop flag.
const CHUNK: usize = 32;

/// What a folder of drawn faces holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderReport {
    /// Image files of the finished folder.
    pub files: usize,
    /// Those that are there: fewer than `files` when the writing was stopped.
    pub written: usize,
    /// Those that were there already.
    pub resumed: usize,
    /// Names without a code or that break the pattern.
    pub malformed: usize,
    /// Copies of another file, byte for byte.
    pub duplicates: usize,
    /// Copies whose labels contradict those of their original.
    pub contradictions: usize,
}

impl FolderReport {
    /// Whether every file and the manifest are there.
    pub fn is_complete(&self) -> bool {
        self.written == self.files
    }
}

/// How a folder was made, as [`SETTINGS`] has it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    version: u32,
    faces: usize,
    side: usize,
    seed: u64,
    bias: Option<String>,
    difficulty: f64,
}

impl DrawnFacesConfig {
    /// A name for the folder of these faces, among others of the labs: number, side and seed.
    pub fn folder_name(&self) -> String {
        format!("utkface-dessine-{}-{}-{}", self.faces, self.side, self.seed)
    }

    /// Writes the faces as JPEG files named `[age]_[gender]_[race]_[datetime].jpg.chip.jpg`, with planted defects (names
    /// without a code, irregular names, copies with the same or with other labels), then [`MANIFEST`]: file, defect,
    /// file copied, true and written labels, and every factor of the face.
    ///
    /// `progress` is told how many files are there and how many there will be. A stop keeps what is written; the same call
    /// goes on from there. Each file appears whole or not at all; the manifest comes last. Several processes may write the
    /// same folder at once: they share the work.
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than 40 faces and those of [`records`](Self::records); [`Error::DataFile`] for a
    /// folder with other content or begun with other settings; [`Error::Io`] when it cannot be written.
    pub fn write_utkface_folder(
        &self,
        folder: &Path,
        stop: &StopFlag,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<FolderReport> {
        if self.faces < FEWEST {
            return Err(Error::argument(
                "faces",
                self.faces,
                format!("au moins {FEWEST} visages, pour que chaque défaut y soit"),
            ));
        }
        let records = self.records()?;
        let files = plan(&records, self.seed);
        let present = self.prepare(folder, &files)?;

        let of = |wanted: &[Defect]| {
            files
                .iter()
                .filter(|file| wanted.contains(&file.defect))
                .count()
        };
        let mut report = FolderReport {
            files: files.len(),
            written: present.len(),
            resumed: present.len(),
            malformed: of(&[Defect::MissingField, Defect::OddName]),
            duplicates: of(&[Defect::Copy, Defect::Contradiction]),
            contradictions: of(&[Defect::Contradiction]),
        };
        let mut missing: Vec<&Planned> = files
            .iter()
            .filter(|file| !present.contains(&file.name))
            .collect();
        // Another process begins elsewhere, and each finds what the other has drawn.
        let start = std::process::id() as usize * CHUNK % missing.len().max(1);
        missing.rotate_left(start);
        progress(report.written, report.files);
        for chunk in missing.chunks(CHUNK) {
            if stop.is_requested() {
                return Ok(report);
            }
            chunk.par_iter().try_for_each(|file| {
                let path = folder.join(&file.name);
                if path.exists() {
                    return Ok(());
                }
                let image = render::face_file(&records[file.index].factors, self.side)?;
                write_whole(&path, &image)
            })?;
            report.written += chunk.len();
            progress(report.written, report.files);
        }
        write_whole(
            &folder.join(MANIFEST),
            manifest(&files, &records).as_bytes(),
        )?;
        Ok(report)
    }

    /// Makes the folder or recognises it, and finds the files that are there.
    fn prepare(&self, folder: &Path, files: &[Planned]) -> Result<HashSet<String>> {
        let settings = Settings {
            version: VERSION,
            faces: self.faces,
            side: self.side,
            seed: self.seed,
            bias: self.bias.map(|bias| bias.name().to_owned()),
            difficulty: self.difficulty,
        };
        let refused = |reason: &str| Error::DataFile {
            path: folder.to_owned(),
            reason: reason.to_owned(),
        };
        fs::create_dir_all(folder)
            .map_err(|source| Error::io("créer le dossier", folder, source))?;
        let known = folder.join(SETTINGS);
        let mut names = names_of(folder)?;
        // What is being written belongs to another process, or to one that is no more.
        names.retain(|name| {
            let is_partial = kept::is_partial(name);
            if is_partial {
                kept::remove_abandoned(&folder.join(name));
            }
            !is_partial
        });
        if names.is_empty() {
            let text = serde_json::to_string_pretty(&settings)
                .map_err(|error| refused(&format!("réglages illisibles ({error})")))?;
            write_whole(&known, text.as_bytes())?;
            return Ok(names);
        }
        // A listing may miss what another process wrote meanwhile.
        if !names.remove(SETTINGS) && !known.is_file() {
            return Err(refused(
                "il contient autre chose que des visages dessinés ; choisissez un dossier nouveau ou vide",
            ));
        }
        let text = fs::read_to_string(&known)
            .map_err(|source| Error::io("lire le fichier", &known, source))?;
        if serde_json::from_str::<Settings>(&text).ok().as_ref() != Some(&settings) {
            return Err(refused(
                "il a été commencé avec d'autres réglages ; reprenez les mêmes, videz-le ou choisissez un autre dossier",
            ));
        }
        names.remove(MANIFEST);
        let expected: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        if let Some(stranger) = names.iter().find(|name| !expected.contains(name.as_str())) {
            return Err(refused(&format!(
                "« {stranger} » n'appartient pas à ce jeu de dessins ; retirez-le ou choisissez un autre dossier"
            )));
        }
        Ok(names)
    }
}

fn names_of(folder: &Path) -> Result<HashSet<String>> {
    let failed = |source| Error::io("lire le dossier", folder, source);
    fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| {
            let entry = entry.map_err(failed)?;
            Ok(entry.file_name().to_string_lossy().into_owned())
        })
        .collect()
}

fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    kept::write_whole(path, content).map_err(|source| Error::io("écrire le fichier", path, source))
}

/// The manifest. Names hold neither commas nor quotation marks; numbers have a decimal point, as CSV readers want.
fn manifest(files: &[Planned], records: &[FaceRecord]) -> String {
    let mut text = String::from(
        "file,defect,copy_of,index,age,gender,code,written_age,written_gender,written_code",
    );
    let names = CHOICES
        .iter()
        .map(|(name, _)| name)
        .chain(MEASURES.iter().map(|(name, _)| name));
    for name in names {
        text.push(',');
        text.push_str(name);
    }
    text.push('\n');
    for file in files {
        let FaceRecord { label, factors } = &records[file.index];
        let written_code = match file.defect {
            Defect::MissingField => String::new(),
            _ => file.label.code.to_string(),
        };
        let mut fields = vec![
            file.name.clone(),
            file.defect.name().to_owned(),
            file.copy_of.clone().unwrap_or_default(),
            file.index.to_string(),
            label.age.to_string(),
            label.presentation.code().to_string(),
            label.code.to_string(),
            file.label.age.to_string(),
            file.label.presentation.code().to_string(),
            written_code,
        ];
        fields.extend(CHOICES.iter().map(|(_, value)| value(factors).to_owned()));
        fields.extend(MEASURES.iter().map(|(_, value)| value(factors).to_string()));
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    text
}
