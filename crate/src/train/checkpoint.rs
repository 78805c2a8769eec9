//! Checkpoints: what a training needs to go on after an interruption, written after every epoch.
//!
//! A folder per training (model, configuration, data, seed) holds the last two points, each a folder
//! with the model, its best weights if they are kept and the optimizer in burnpack, and a JSON state. A point is written under
//! another name, then renamed: it is there whole or not at all. Epochs are reseeded, so the epoch
//! number is all the state that the samplers need.
//!
//! A training started anew never reads them: going on is asked for, and refused when anything
//! differs.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    History,
    checkpoint_key::{CheckpointKey, hexadecimal},
    control::ControlState,
    engine::{Engine, Saved},
    exact::{Exact, exact, inexact},
};
use crate::{
    error::{Error, Result, io_reason},
    host::EpochPoint,
};

/// Version of the format; another one is refused.
const VERSION: u32 = 2;
/// Points kept of a training: the last one and the one before.
const KEPT: usize = 2;

const PREFIX: &str = "point-";
const MODEL: &str = "modele.bpk";
const BEST: &str = "meilleur.bpk";
const OPTIMIZER: &str = "optimiseur.bpk";
const STATE: &str = "etat.json";

/// The checkpoints of one training; see [`FitConfig::with_checkpoints`](super::FitConfig::with_checkpoints).
#[derive(Debug, Clone)]
pub(super) struct Checkpoints {
    /// The folder of all trainings.
    root: PathBuf,
    /// The folder of this one.
    folder: PathBuf,
    key: CheckpointKey,
}

/// A training as it was after an epoch, beside its weights and its optimizer.
pub(super) struct Checkpoint {
    /// The losses and validations up to there.
    pub(super) history: History,
    /// Learning rate, plateau, early stopping.
    pub(super) control: ControlState,
    /// The last epoch that was finished, from 1.
    pub(super) epoch: u32,
}

/// What the JSON file of a point holds.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    key: CheckpointKey,
    epoch: u32,
    epochs: Vec<u32>,
    losses: Vec<Exact>,
    metrics: Vec<String>,
    points: Vec<SavedPoint>,
    control: ControlState,
    /// SHA-256 of each file, by its name.
    files: BTreeMap<String, String>,
}

/// An [`EpochPoint`].
#[derive(Serialize, Deserialize)]
struct SavedPoint {
    epoch: u32,
    step: usize,
    learning_rate: Exact,
    values: Vec<Exact>,
}

impl Checkpoints {
    /// The checkpoints of the training `key` under the folder `root`, which is made if need be.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be made.
    pub(super) fn open(root: impl AsRef<Path>, key: CheckpointKey) -> Result<Self> {
        let root = root.as_ref().to_path_buf();
        let folder = root.join(key.folder_name());
        fs::create_dir_all(&folder)
            .map_err(|error| Error::io("créer le dossier des points de reprise", &folder, error))?;
        Ok(Self { root, folder, key })
    }

    /// The folder of this training.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the state after `epoch`; keeps the point before it and removes older ones.
    ///
    /// # Errors
    /// [`Error::Io`] when writing fails (a full disk): what was half written is removed and the
    /// points before are untouched.
    pub(super) fn save(
        &self,
        epoch: u32,
        engine: &dyn Engine,
        history: &History,
        control: &ControlState,
    ) -> Result<()> {
        let saved = engine
            .save()
            .map_err(|error| self.refusal(error.to_string()))?;
        let mut files = vec![(MODEL, &saved.model), (OPTIMIZER, &saved.optimizer)];
        files.extend(saved.best.as_ref().map(|best| (BEST, best)));
        let points = history.points().iter().map(|point| SavedPoint {
            epoch: point.epoch,
            step: point.step,
            learning_rate: Exact(point.learning_rate),
            values: exact(&point.values),
        });
        let state = State {
            version: VERSION,
            key: self.key.clone(),
            epoch,
            epochs: history.epochs().to_vec(),
            losses: exact(history.losses()),
            metrics: history.metrics().to_vec(),
            points: points.collect(),
            control: control.clone(),
            files: files
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), sha256(bytes)))
                .collect(),
        };
        let state = serde_json::to_vec_pretty(&state)
            .map_err(|error| Error::io("écrire le point de reprise", &self.folder, error.into()))?;
        let mut files: Vec<(&str, &[u8])> = files
            .into_iter()
            .map(|(name, bytes)| (name, &bytes[..]))
            .collect();
        files.push((STATE, &state));

        let points = self.points()?;
        let number = points.last().map_or(0, |(number, _)| number + 1);
        let partial = self.folder.join(format!("ecriture-{}", std::process::id()));
        let point = self.folder.join(format!("{PREFIX}{number:06}"));
        write_point(&partial, &point, &files).map_err(|error| {
            Error::io(
                "enregistrer le point de reprise (les précédents sont intacts) dans",
                &self.folder,
                error,
            )
        })?;
        // An old point that cannot be removed takes room and harms nothing.
        let old = (points.len() + 1).saturating_sub(KEPT);
        for (_, path) in &points[..old] {
            let _ = fs::remove_dir_all(path);
        }
        Ok(())
    }

    /// Puts the last point of this training into `engine`, or the one before when the last is damaged; `history` is
    /// empty and has the settings.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when there is none (with what differs from the nearest other training in
    /// the folder), when its step computes something else, or when none can be read.
    pub(super) fn load(&self, engine: &mut dyn Engine, history: History) -> Result<Checkpoint> {
        let points = self.points()?;
        if points.is_empty() {
            return Err(self.explain_absence());
        }
        let mut refusal = None;
        for (_, path) in points.iter().rev() {
            match self.read_point(path, engine, history.clone()) {
                Ok(point) => return Ok(point),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| self.explain_absence()))
    }

    fn read_point(
        &self,
        path: &Path,
        engine: &mut dyn Engine,
        mut history: History,
    ) -> Result<Checkpoint> {
        let refusal = |reason: String| Error::Checkpoint {
            path: path.to_path_buf(),
            reason,
        };
        let state = read_state(path).map_err(refusal)?;
        let differences = self.key.differences(&state.key);
        if !differences.is_empty() {
            return Err(refusal(format!(
                "{}. Remettez-la comme elle était, ou entraînez depuis le début, sans .resume()",
                differences.join(" ; ")
            )));
        }
        let read = |name: &str| {
            let bytes = fs::read(path.join(name))
                .map_err(|error| refusal(format!("{name} : {}", io_reason(&error))))?;
            if state.files.get(name) != Some(&sha256(&bytes)) {
                return Err(refusal(format!("{name} est tronqué ou modifié")));
            }
            Ok(Bytes::from_bytes_vec(bytes))
        };
        let saved = Saved {
            model: read(MODEL)?,
            optimizer: read(OPTIMIZER)?,
            best: match state.files.contains_key(BEST) {
                true => Some(read(BEST)?),
                false => None,
            },
        };
        if !engine.load(saved) {
            return Err(refusal(
                "les poids ne sont pas ceux de ce modèle".to_owned(),
            ));
        }
        let points = state.points.iter().map(|point| EpochPoint {
            epoch: point.epoch,
            step: point.step,
            learning_rate: point.learning_rate.0,
            values: inexact(&point.values),
        });
        history.refill(
            &state.epochs,
            &inexact(&state.losses),
            state.metrics,
            points.collect(),
        );
        Ok(Checkpoint {
            history,
            control: state.control,
            epoch: state.epoch,
        })
    }

    /// The points of this training, oldest first.
    fn points(&self) -> Result<Vec<(u64, PathBuf)>> {
        points_of(&self.folder).map_err(|error| Error::io("lire le dossier", &self.folder, error))
    }

    /// There is no point of this training: is there one of another?
    fn explain_absence(&self) -> Error {
        let others = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let nearest = others
            .filter_map(|entry| points_of(&entry.path()).ok()?.pop())
            .filter_map(|(_, path)| read_state(&path).ok())
            .map(|state| self.key.differences(&state.key))
            .min_by_key(Vec::len);
        self.refusal(match nearest {
            Some(differences) if !differences.is_empty() => format!(
                "ce n'est pas le même entraînement ({}). Remettez les réglages d'origine, ou \
                 entraînez depuis le début, sans .resume()",
                differences.join(" ; ")
            ),
            _ => "aucun point de reprise n'y est enregistré. Entraînez d'abord, sans .resume()"
                .to_owned(),
        })
    }

    fn refusal(&self, reason: String) -> Error {
        Error::Checkpoint {
            path: self.root.clone(),
            reason,
        }
    }
}

/// Writes files in the new folder `partial`, makes sure that they are on the disk, and renames it; when
/// one of these fails, removes what was written.
fn write_point(partial: &Path, point: &Path, files: &[(&str, &[u8])]) -> std::io::Result<()> {
    // Left by a process that was killed and whose number is ours now.
    if partial.exists() {
        fs::remove_dir_all(partial)?;
    }
    fs::create_dir(partial)?;
    let written = files
        .iter()
        .try_for_each(|(name, bytes)| {
            let mut file = fs::File::create(partial.join(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(partial, point));
    if written.is_err() {
        // What cannot be removed either has another name than a point's: nothing reads it.
        let _ = fs::remove_dir_all(partial);
    }
    written
}

/// The numbered points in a folder, oldest first; anything else is passed over.
fn points_of(folder: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut points = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            points.push((number, entry.path()));
        }
    }
    points.sort();
    Ok(points)
}

/// The JSON state of a point, or why it cannot be used.
fn read_state(point: &Path) -> std::result::Result<State, String> {
    let text =
        fs::read(point.join(STATE)).map_err(|error| format!("{STATE} : {}", io_reason(&error)))?;
    // The version is looked at first: the rest of another version may have other fields.
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|_| format!("{STATE} est tronqué ou modifié"))?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) => {
            return Err(format!(
                "format {version}, alors que cette version des TP lit le format {VERSION}"
            ));
        }
        None => return Err(format!("{STATE} n'est pas l'état d'un entraînement")),
    }
    serde_json::from_value(value).map_err(|_| format!("{STATE} est incomplet"))
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writing_that_fails_half_way_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("visages-moitie-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (partial, point) = (folder.join("ecriture"), folder.join("point-000000"));
        // The first file is written; the second cannot be, as on a full disk.
        let files: [(&str, &[u8]); 2] = [("un", b"1"), ("absent/deux", b"2")];
        assert!(write_point(&partial, &point, &files).is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

        write_point(&partial, &point, &files[..1]).unwrap();
        assert_eq!(fs::read(point.join("un")).unwrap(), b"1");
        assert!(!partial.exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
