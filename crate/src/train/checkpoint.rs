//! Checkpoints: what a training needs to go on after an interruption, written after every epoch.
//!
//! A folder per training (model, configuration, data, seed) holds the last two points, each a folder
//! with the model and the optimizer in burnpack and a JSON state. A point is written under
//! another name, then renamed: it is there whole or not at all. Epochs are reseeded, so the epoch
//! number is all the state that the samplers need.
//!
//! A training started anew never reads them: going on is asked for, and refused when anything
//! differs.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use burn::{module::Module, optim::ModuleOptimizer, store::ModuleRecord, tensor::Bytes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    History,
    checkpoint_key::{CheckpointKey, hexadecimal},
};
use crate::error::{Error, Result, io_reason};

/// Version of the format; another one is refused.
const VERSION: u32 = 1;
/// Points kept of a training: the last one and the one before.
const KEPT: usize = 2;

const PREFIX: &str = "point-";
const MODEL: &str = "modele.bpk";
const OPTIMIZER: &str = "optimiseur.bpk";
const STATE: &str = "etat.json";

/// The checkpoints of one training; see [`FitConfig::with_checkpoints`](super::FitConfig::with_checkpoints).
///
/// [`fit`](super::fit) uses them by itself; a loop of one's own calls [`save`](Self::save) after each
/// epoch and [`load`](Self::load) when it goes on.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    /// The folder of all trainings.
    root: PathBuf,
    /// The folder of this one.
    folder: PathBuf,
    key: CheckpointKey,
}

/// A training as it was after an epoch.
pub struct Checkpoint<M> {
    /// The model, plain.
    pub model: M,
    /// The optimizer, with its moments.
    pub optimizer: ModuleOptimizer,
    /// The losses up to there.
    pub history: History,
    /// The last epoch that was finished, from 1.
    pub epoch: u32,
}

/// What the JSON file of a point holds.
#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    key: CheckpointKey,
    epoch: u32,
    epochs: Vec<u32>,
    losses: Vec<f64>,
    model_sha256: String,
    optimizer_sha256: String,
}

impl Checkpoints {
    /// The checkpoints of the training `key` under the folder `root`, which is made if need be.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be made.
    pub fn open(root: impl AsRef<Path>, key: CheckpointKey) -> Result<Self> {
        let root = root.as_ref().to_path_buf();
        let folder = root.join(key.folder_name());
        fs::create_dir_all(&folder)
            .map_err(|error| Error::io("créer le dossier des points de reprise", &folder, error))?;
        Ok(Self { root, folder, key })
    }

    /// The folder of this training.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the state after `epoch`; keeps the point before it and removes older ones.
    ///
    /// # Errors
    /// [`Error::Io`] when writing fails (a full disk): what was half written is removed and the
    /// points before are untouched.
    pub fn save<M: Module>(
        &self,
        epoch: u32,
        model: &M,
        optimizer: &ModuleOptimizer,
        history: &History,
    ) -> Result<()> {
        let unreadable = |error: burn::store::RecordError| self.refusal(error.to_string());
        let model = model.clone().into_record().into_bytes();
        let model = model.map_err(unreadable)?;
        let optimizer = optimizer.into_bytes().map_err(unreadable)?;
        let state = State {
            version: VERSION,
            key: self.key.clone(),
            epoch,
            epochs: history.epochs().to_vec(),
            losses: history.losses().to_vec(),
            model_sha256: sha256(&model),
            optimizer_sha256: sha256(&optimizer),
        };
        let state = serde_json::to_vec_pretty(&state)
            .map_err(|error| Error::io("écrire le point de reprise", &self.folder, error.into()))?;

        let points = self.points()?;
        let number = points.last().map_or(0, |(number, _)| number + 1);
        let partial = self.folder.join(format!("ecriture-{}", std::process::id()));
        let written = write_point(
            &partial,
            &self.folder.join(format!("{PREFIX}{number:06}")),
            &[(MODEL, &model), (OPTIMIZER, &optimizer), (STATE, &state)],
        );
        written.map_err(|error| {
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

    /// The last point of this training, or the one before when the last is damaged; `model` has the
    /// architecture (its weights are replaced), `optimizer` the settings, `history` is empty.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when there is none (with what differs from the nearest other training in
    /// the folder), or when none can be read.
    pub fn load<M: Module>(
        &self,
        model: M,
        optimizer: ModuleOptimizer,
        history: History,
    ) -> Result<Checkpoint<M>> {
        let points = self.points()?;
        if points.is_empty() {
            return Err(self.explain_absence());
        }
        let mut refusal = None;
        for (_, path) in points.iter().rev() {
            match self.read_point(path, model.clone(), optimizer.clone(), history.clone()) {
                Ok(point) => return Ok(point),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| self.explain_absence()))
    }

    fn read_point<M: Module>(
        &self,
        path: &Path,
        model: M,
        optimizer: ModuleOptimizer,
        mut history: History,
    ) -> Result<Checkpoint<M>> {
        let refusal = |reason: String| Error::Checkpoint {
            path: path.to_path_buf(),
            reason,
        };
        let state = read_state(path).map_err(refusal)?;
        let differences = self.key.differences(&state.key);
        if !differences.is_empty() {
            return Err(refusal(differences.join(" ; ")));
        }
        let read = |name: &str, expected: &str| {
            let bytes = fs::read(path.join(name))
                .map_err(|error| refusal(format!("{name} : {}", io_reason(&error))))?;
            if sha256(&bytes) != expected {
                return Err(refusal(format!("{name} est tronqué ou modifié")));
            }
            Ok(Bytes::from_bytes_vec(bytes))
        };
        let foreign = |_| refusal("les poids ne sont pas ceux de ce modèle".to_owned());
        let record =
            ModuleRecord::from_bytes(read(MODEL, &state.model_sha256)?).map_err(foreign)?;
        let model = model.try_load_record(record).map_err(foreign)?;
        let optimizer = optimizer
            .from_bytes(read(OPTIMIZER, &state.optimizer_sha256)?)
            .map_err(foreign)?;
        for (&epoch, &loss) in state.epochs.iter().zip(&state.losses) {
            history.push(epoch, loss);
        }
        Ok(Checkpoint {
            model,
            optimizer,
            history,
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
