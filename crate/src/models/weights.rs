//! The weights of a network in one file, for another session: written whole, and read back only into the same network.
//!
//! A line of JSON tells the layers, their shapes and the fingerprint of what follows; then comes burn's own format, burnpack.

use std::{fs, path::Path};

use burn::{
    Tensor,
    module::{Module, ModuleVisitor, Param},
    store::ModuleRecord,
    tensor::{Bool, Bytes, Int},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// First words of the file, and the version of its layout.
const FORMAT: &str = "poids TP visages 1";

/// What the first line says.
#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    layers: Vec<Layer>,
    sha256: String,
}

/// A parameter: its path in the network, and its shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Layer {
    path: String,
    shape: Vec<usize>,
}

/// Writes the weights of `model` in a file, with the name and the shape of each parameter. The file appears whole or not at
/// all; one of that name is replaced.
///
/// Only the weights are written, neither the optimizer nor the epoch: to go on with a training, use checkpoints
/// ([`FitConfig::with_checkpoints`](crate::train::FitConfig::with_checkpoints)).
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// let device = Device::flex();
/// let file = std::env::temp_dir().join(format!("visages-poids-{}.vae", std::process::id()));
/// let trained = dense(3, 2, &device);
/// save_weights(&trained, &file)?;
/// // In another session: a new network of the same sizes, whose weights are replaced.
/// let again = load_weights(dense(3, 2, &device), &file)?;
/// assert_eq!(again.weight.val().into_data(), trained.weight.val().into_data());
/// // Another size is refused.
/// assert!(load_weights(dense(4, 2, &device), &file).is_err());
/// # let _ = std::fs::remove_file(&file);
/// # Ok::<(), Error>(())
/// ```
pub fn save_weights<M: Module>(model: &M, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let failed = |source| Error::io("écrire le fichier", path, source);
    let record = model.valid().into_record();
    let bytes = record
        .into_bytes()
        .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    let head = Head {
        format: FORMAT.to_owned(),
        layers: layers(model),
        sha256: fingerprint(&bytes),
    };
    let mut content = serde_json::to_vec(&head).map_err(|error| failed(error.into()))?;
    content.push(b'\n');
    content.extend_from_slice(&bytes);
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partiel", std::process::id()));
    let written = fs::write(&partial, &content).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written.map_err(failed)
}

/// `model` with the weights of a file of [`save_weights`]: a network of the same layers and sizes, whose own weights are
/// lost.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read; [`Error::DataFile`] when it holds something else, is damaged, or comes from a
/// network whose layers or sizes differ (the first that does is told, with both shapes).
pub fn load_weights<M: Module>(model: M, path: impl AsRef<Path>) -> Result<M> {
    let path = path.as_ref();
    let refused = |reason: String| Error::DataFile {
        path: path.to_path_buf(),
        reason,
    };
    let content = fs::read(path).map_err(|source| Error::io("lire le fichier", path, source))?;
    let foreign = || refused("ce n'est pas un fichier de poids de save_weights".to_owned());
    let end = content.iter().position(|byte| *byte == b'\n');
    let (line, bytes) = content.split_at(end.ok_or_else(foreign)?);
    let head: Head = serde_json::from_slice(line).map_err(|_| foreign())?;
    let bytes = &bytes[1..];
    if head.format != FORMAT {
        return Err(foreign());
    }
    if head.sha256 != fingerprint(bytes) {
        return Err(refused("il est tronqué ou modifié".to_owned()));
    }
    if let Some(difference) = difference(&layers(&model), &head.layers) {
        return Err(refused(format!(
            "ses poids sont ceux d'un autre réseau ({difference}). Créez le réseau avec les tailles qu'il avait"
        )));
    }
    let unreadable = |error: burn::store::RecordError| refused(format!("illisible ({error})"));
    let bytes = Bytes::from_bytes_vec(bytes.to_vec());
    let record = ModuleRecord::from_bytes(bytes).map_err(unreadable)?;
    model.valid().try_load_record(record).map_err(unreadable)
}

/// The first parameter that differs, in words.
fn difference(model: &[Layer], file: &[Layer]) -> Option<String> {
    for layer in model {
        match file.iter().find(|other| other.path == layer.path) {
            None => return Some(format!("« {} » n'y est pas", layer.path)),
            Some(other) if other.shape != layer.shape => {
                return Some(format!(
                    "« {} » : forme {:?} dans le fichier, {:?} dans le réseau",
                    layer.path, other.shape, layer.shape
                ));
            }
            Some(_) => {}
        }
    }
    let unknown = file
        .iter()
        .find(|other| model.iter().all(|layer| layer.path != other.path));
    unknown.map(|other| format!("« {} » n'est pas dans le réseau", other.path))
}

fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn layers<M: Module>(model: &M) -> Vec<Layer> {
    #[derive(Default)]
    struct Walk {
        path: Vec<String>,
        found: Vec<Layer>,
    }

    impl Walk {
        fn note(&mut self, shape: Vec<usize>) {
            let path = self.path.join(".");
            self.found.push(Layer { path, shape });
        }
    }

    impl ModuleVisitor for Walk {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.note(param.shape().to_vec());
        }

        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            self.note(param.shape().to_vec());
        }

        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
            self.note(param.shape().to_vec());
        }
    }

    let mut walk = Walk::default();
    model.visit(&mut walk);
    walk.found
}
