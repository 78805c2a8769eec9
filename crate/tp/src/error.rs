//! The one error type of `tp`: every message is French, names the thing and says what to do.

use std::path::{Path, PathBuf};

/// Result of everything that can fail in `tp`.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong, in the words that the user reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{action} « {} » : {}", path.display(), io_reason(source))]
    Io {
        /// What was attempted, as a French infinitive or noun (« Impossible d'écrire »).
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A program that must be there is not.
    #[error("{what} est introuvable. {remedy}")]
    Missing {
        /// The component, with its article (« Le compilateur Rust »).
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A child command ended with an error.
    #[error("{what} a échoué ({status}). {remedy}{}", details(tail))]
    Command {
        /// The step (« La compilation de la bibliothèque »).
        what: String,
        /// Exit status in words.
        status: String,
        /// What to do.
        remedy: String,
        /// The last lines that the command printed.
        tail: String,
    },
    /// The repository of the labs is not where the command runs.
    #[error(
        "Le dépôt « TP visages » est introuvable depuis « {} ». Placez-vous dans son dossier (celui de Cargo.toml et notebooks/) ou donnez son chemin dans la variable TP_DEPOT.",
        from.display()
    )]
    NoRepository {
        /// Where the search began.
        from: PathBuf,
    },
    /// A file is there, but its content is not what is needed.
    #[error("« {} » est inutilisable : {reason}. {remedy}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A lab's source breaks the rules of publication.
    #[error("{}", problems.join("\n✘ "))]
    InvalidSource {
        /// Each mistake: file, line, what is wrong and what to do.
        problems: Vec<String>,
    },
    /// A value given by the user is not accepted.
    #[error("{0}")]
    Usage(String),
    /// Not enough of a resource.
    #[error("{what} : {available} disponible, {needed} nécessaire. {remedy}")]
    Resource {
        /// The resource (« Espace disque dans … »).
        what: String,
        /// What there is.
        available: String,
        /// What is needed.
        needed: String,
        /// What to do.
        remedy: String,
    },
}

impl Error {
    /// An [`Error::Io`] as a closure for `map_err`.
    pub fn io(
        action: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_owned();
        move |source| Error::Io {
            action,
            path,
            source,
        }
    }
}

/// The system's answer in French for the cases that users meet.
fn io_reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "le fichier ou le dossier n'existe pas.".into(),
        Kind::PermissionDenied => "l'accès est refusé ; vérifiez les droits de ce dossier.".into(),
        Kind::StorageFull => {
            "le disque est plein ; libérez de la place, puis relancez la même commande.".into()
        }
        Kind::ReadOnlyFilesystem => {
            "le disque est en lecture seule ; choisissez un autre dossier.".into()
        }
        Kind::QuotaExceeded => "votre quota de disque est atteint ; libérez de la place.".into(),
        Kind::NotADirectory => "un fichier se trouve là où un dossier est attendu.".into(),
        Kind::IsADirectory => "un dossier se trouve là où un fichier est attendu.".into(),
        _ => format!("{error}."),
    }
}

fn details(tail: &str) -> String {
    if tail.trim().is_empty() {
        String::new()
    } else {
        format!("\nDernières lignes :\n{}", tail.trim_end())
    }
}
