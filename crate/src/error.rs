//! The one error type of the crate: what is wrong, where, what to do, in French.
//!
//! Messages are written for students: they name the thing at fault and the remedy, never a Rust type.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Result of every fallible function of the crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in `visages`. Its display is one French message for the reader of a notebook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // --- files and folders -----------------------------------------------------------------------
    /// Reading or writing a file failed.
    #[error("impossible de {action} « {} » : {}", .path.display(), io_reason(.source))]
    Io {
        /// What was tried, an infinitive: « lire le fichier ».
        action: &'static str,
        /// The file or folder at fault.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// A folder that must hold data is absent.
    #[error("dossier introuvable pour {what} : « {} ». {remedy}", .path.display())]
    FolderMissing {
        /// What was expected there: « les visages ».
        what: String,
        /// The folder looked for.
        path: PathBuf,
        /// What the reader can do.
        remedy: String,
    },

    /// A folder is there, but holds no usable image.
    #[error("aucune image utilisable pour {what} dans « {} ». {remedy}", .path.display())]
    FolderEmpty {
        /// What was expected there.
        what: String,
        /// The folder looked into.
        path: PathBuf,
        /// What the reader can do.
        remedy: String,
    },

    /// No data root was given and none was found.
    #[error(
        "aucun dossier de données : la séance emploie des visages dessinés{}. Pour de vraies photos, créez un \
         dossier « data » à la racine du dépôt, ou indiquez le vôtre avec la variable TP_DONNEES ; voyez \
         data/README.md pour ce qu'il doit contenir",
        searched_in(.searched)
    )]
    DataRootMissing {
        /// Folders that were tried, in order.
        searched: Vec<PathBuf>,
    },

    /// One image cannot be decoded.
    #[error("image illisible « {} » : {reason}. Remplacez ce fichier ou retirez-le du dossier", .path.display())]
    Image {
        /// The file at fault.
        path: PathBuf,
        /// Why, in French.
        reason: String,
    },

    /// A picture that the reader gave to a live control cannot be used.
    #[error("image inutilisable « {name} » : {reason}. Choisissez une photo JPEG ou PNG")]
    Upload {
        /// Its name on the reader's machine.
        name: String,
        /// Why, in French.
        reason: String,
    },

    /// A file of labels does not hold what it should.
    #[error("étiquettes inutilisables dans « {} » : {reason}", .path.display())]
    Labels {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong, in French.
        reason: String,
    },

    /// A data file is there, but is not what it should be.
    #[error("fichier de données inutilisable « {} » : {reason}. Voyez data/README.md", .path.display())]
    DataFile {
        /// The file at fault.
        path: PathBuf,
        /// Why, in French.
        reason: String,
    },

    /// A checkpoint cannot be read, or belongs to another training.
    #[error("reprise impossible depuis « {} » : {reason}", .path.display())]
    Checkpoint {
        /// The folder of the checkpoint.
        path: PathBuf,
        /// Why, and what to do, in French.
        reason: String,
    },

    /// A collection of images would not fit in memory.
    #[error(
        "{what} : {images} images demandent {needed} Mio, et {available} Mio seulement sont disponibles. Réduisez la taille \
         des images (with_size) ou leur nombre (with_max_images)"
    )]
    Memory {
        /// What was to be read.
        what: String,
        /// Images to read.
        images: usize,
        /// Mio needed, as written in French.
        needed: String,
        /// Mio that may be used, as written in French.
        available: String,
    },

    // --- shapes, arguments, settings -------------------------------------------------------------
    /// A tensor or a buffer does not have the expected shape.
    #[error("{what} : forme attendue {expected}, forme obtenue {found}")]
    Shape {
        /// The thing at fault: « images du lot ».
        what: String,
        /// Expected shape, such as `[n, 3, 64, 64]`.
        expected: String,
        /// Shape that was found.
        found: String,
    },

    /// An index lies outside a collection.
    #[error("indice {index} hors limites : {what} {}", index_range(*.len))]
    Index {
        /// The collection, with its article: « la collection d'images ».
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// Number of elements.
        len: usize,
    },

    /// An argument has a value that makes no sense.
    #[error("argument « {name} » invalide ({value}) : {expected}")]
    Argument {
        /// Name of the argument as the reader wrote it.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// What is accepted.
        expected: String,
    },

    /// A session setting (environment variable or builder argument) is not understood.
    #[error("réglage {variable} = « {value} » non reconnu ; valeurs acceptées : {accepted}")]
    Setting {
        /// Name of the environment variable.
        variable: &'static str,
        /// The value that was given.
        value: String,
        /// The accepted values.
        accepted: String,
    },

    /// A known compute device cannot be used here.
    #[error(
        "appareil de calcul « {name} » indisponible : {reason}. Utilisez TP_DEVICE=flex pour calculer sur le processeur"
    )]
    DeviceUnavailable {
        /// Name that was asked for.
        name: String,
        /// Why it cannot be used.
        reason: String,
    },

    // --- training, measures, figures -------------------------------------------------------------
    /// The reader interrupted a computation that has nothing to return before its term.
    #[error(
        "arrêt demandé pendant {what} : aucun résultat n'est renvoyé. Réexécutez la cellule pour recommencer"
    )]
    Stopped {
        /// The computation, with its article: « le calcul des probabilités ».
        what: String,
    },

    /// A training step was asked of a model in evaluation mode.
    #[error(
        "ce modèle n'est pas en mode entraînement, il n'a donc pas de gradient : écrivez « let model = model.train(); » avant la boucle"
    )]
    NotTraining,

    /// The loss became infinite or not a number.
    #[error(
        "entraînement interrompu : la perte n'est plus un nombre (NaN ou infini) au pas {step}, époque {epoch}. \
         Recréez le modèle et réduisez learning_rate{}, ou vérifiez votre fonction de perte", of_rate(*.learning_rate)
    )]
    Diverged {
        /// Step, from 1.
        step: usize,
        /// Epoch, from 1.
        epoch: u32,
        /// Learning rate that was used, when it is known.
        learning_rate: Option<f64>,
    },

    /// A probability is NaN or lies outside [0, 1].
    #[error(
        "{what} : {value} n'est pas une probabilité (un nombre de 0 à 1). Vérifiez le modèle et la sigmoïde"
    )]
    NotAProbability {
        /// Where it was found: « image 3 ».
        what: String,
        /// The value.
        value: f64,
    },

    /// A rate was asked of a group without images.
    #[error(
        "groupe « {name} » vide : aucun taux ne peut y être mesuré. Retirez ce groupe ou ajoutez-y des images"
    )]
    EmptyGroup {
        /// Name of the group.
        name: String,
    },

    /// A column of a frame is missing, or does not hold what is measured.
    #[error("colonne « {column} » : {problem}")]
    Column {
        /// Name of the column.
        column: String,
        /// What is wrong, where, and what to do, in French.
        problem: String,
    },

    /// A figure cannot be drawn.
    #[error("figure impossible à tracer : {0}")]
    Figure(String),

    /// A student's code panicked while the library ran it.
    #[error("le code de l'exercice s'est arrêté : {message}")]
    StudentCode {
        /// The panic, short and in French as far as we can.
        message: String,
    },

    // --- libraries -------------------------------------------------------------------------------
    /// Reading a tensor back from its device failed.
    #[error("lecture d'un tenseur impossible : {0}")]
    TensorRead(#[from] burn::tensor::TensorReadError),

    /// An operation on a data frame failed.
    #[error("opération impossible sur le tableau : {0}")]
    Frame(#[from] polars::error::PolarsError),
}

impl Error {
    /// An I/O failure: `action` is an infinitive, « lire le fichier ».
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_path_buf(),
            source,
        }
    }

    /// A wrong shape; `expected` and `found` are shown as they are.
    pub fn shape(
        what: impl Into<String>,
        expected: impl std::fmt::Debug,
        found: impl std::fmt::Debug,
    ) -> Self {
        Self::Shape {
            what: what.into(),
            expected: format!("{expected:?}"),
            found: format!("{found:?}"),
        }
    }

    /// A column that is missing or holds something else.
    pub fn column(column: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Column {
            column: column.into(),
            problem: problem.into(),
        }
    }

    /// An argument with a value that makes no sense.
    pub fn argument(
        name: &'static str,
        value: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Argument {
            name,
            value: value.to_string(),
            expected: expected.into(),
        }
    }
}

/// The reason of an I/O failure in French; the system's own words where we have none.
pub(crate) fn io_reason(error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "fichier ou dossier introuvable",
        io::ErrorKind::PermissionDenied => "accès refusé (vérifiez les droits)",
        io::ErrorKind::StorageFull => "disque plein",
        io::ErrorKind::QuotaExceeded => "quota de disque dépassé",
        io::ErrorKind::ReadOnlyFilesystem => "système de fichiers en lecture seule",
        io::ErrorKind::UnexpectedEof => "fichier tronqué",
        io::ErrorKind::IsADirectory => "c'est un dossier, pas un fichier",
        io::ErrorKind::NotADirectory => "un élément du chemin n'est pas un dossier",
        _ => return error.to_string(),
    };
    reason.to_owned()
}

/// A learning rate between brackets; nothing when it is not known.
fn of_rate(learning_rate: Option<f64>) -> String {
    learning_rate.map_or(String::new(), |rate| format!(" (ici {rate})"))
}

/// The indices that a collection of `len` elements accepts.
fn index_range(len: usize) -> String {
    match len.checked_sub(1) {
        None => "est vide".to_owned(),
        Some(last) => format!("accepte les indices de 0 à {last}"),
    }
}

/// The folders that were searched, between guillemets; nothing when none was.
fn searched_in(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = paths
        .iter()
        .map(|path| format!("« {} »", path.display()))
        .collect();
    format!(" (cherché : {})", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_thing_and_the_remedy() {
        let missing = Error::io(
            "lire le fichier",
            "visages/a b.jpg",
            io::Error::from(io::ErrorKind::NotFound),
        );
        assert_eq!(
            missing.to_string(),
            "impossible de lire le fichier « visages/a b.jpg » : fichier ou dossier introuvable"
        );

        let shape = Error::shape("images du lot", [2, 3, 64, 64], [2, 64, 64, 3]);
        assert_eq!(
            shape.to_string(),
            "images du lot : forme attendue [2, 3, 64, 64], forme obtenue [2, 64, 64, 3]"
        );

        let root = Error::DataRootMissing {
            searched: vec!["a/data".into(), "b/data".into()],
        };
        assert!(root.to_string().contains("« a/data », « b/data »"));
        assert!(root.to_string().contains("TP_DONNEES"));

        let empty_index = Error::Index {
            what: "la collection d'images",
            index: 3,
            len: 0,
        };
        assert_eq!(
            empty_index.to_string(),
            "indice 3 hors limites : la collection d'images est vide"
        );
    }
}
