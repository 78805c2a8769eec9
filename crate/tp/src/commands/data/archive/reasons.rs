//! What the libraries that read archives answer, without their English.

use std::io;
use std::path::Path;

use zip::result::ZipError;

use super::damaged;
use crate::error::Error;

/// The error for what was found in a `.zip` archive.
pub fn of_zip(path: &Path, error: ZipError) -> Error {
    let unusable = |reason: &str| Error::Unusable {
        path: path.to_owned(),
        reason: reason.to_owned(),
        remedy: "Décompressez-la vous-même, puis importez le dossier obtenu.".to_owned(),
    };
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            unusable("l'archive est protégée par un mot de passe")
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            unusable("l'archive est faite d'une façon que ce programme ne connaît pas")
        }
        ZipError::Io(error) => damaged(path, &error),
        // Its list of files stands at its end: what is cut has none.
        _ => damaged(path, &io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Why a content could not be read, for those that users meet.
pub fn of_io(error: &io::Error) -> &'static str {
    let told = error.to_string().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "elle s'arrête avant la fin",
        _ if says(&["entire block", "unexpected eof", "unexpected end"]) => {
            "elle s'arrête avant la fin"
        }
        _ if says(&["header", "numeric field"]) => "un en-tête est incohérent",
        _ if says(&["checksum", "crc"]) => "une somme de contrôle est fausse",
        _ if says(&["deflate", "gzip"]) => "des données compressées sont incohérentes",
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => "des données sont incohérentes",
        _ => "lecture impossible",
    }
}

/// The same error once more: the library's own cannot be copied.
pub fn copied(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}
