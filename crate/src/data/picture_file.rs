//! What a picture file holds, told by its first bytes, and its content.

use std::{fs::File, io::Read, path::Path};

use image::ImageFormat;

use crate::error::io_reason;

/// Largest file that is read.
const MAX_FILE_BYTES: u64 = 128 * 1024 * 1024;
/// Bytes that tell the format of a file.
const SIGNATURE_BYTES: usize = 16;
/// Extensions of pictures: such a file that is no JPEG or PNG inside is reported, others are ignored.
const PICTURE_EXTENSIONS: [&str; 13] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "webp", "tif", "tiff", "avif", "heic", "jp2",
];

/// Why the content of a file could not be had.
pub(super) struct Failure {
    /// In French.
    pub reason: String,
    /// Whether the system is the cause, not the content: it may go better next time.
    pub passing: bool,
}

impl Failure {
    fn of_content(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            passing: false,
        }
    }
}

/// Format and bytes of a JPEG or PNG file, told by its content; `None` when it is no picture.
pub(super) fn read_file(
    path: &Path,
) -> std::result::Result<Option<(ImageFormat, Vec<u8>)>, Failure> {
    let told = |error: std::io::Error| Failure {
        reason: io_reason(&error),
        passing: true,
    };
    let metadata = std::fs::metadata(path).map_err(told)?;
    // Opening a named pipe would wait for ever.
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(told)?;
    let mut bytes = Vec::with_capacity(SIGNATURE_BYTES);
    file.by_ref()
        .take(SIGNATURE_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    let format = match image::guess_format(&bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        Ok(other) => {
            return Err(Failure::of_content(format!(
                "format {} non pris en charge (JPEG ou PNG attendu)",
                other.extensions_str().first().copied().unwrap_or("inconnu")
            )));
        }
        Err(_) if !has_picture_extension(path) => return Ok(None),
        Err(_) if bytes.is_empty() => return Err(Failure::of_content("fichier vide")),
        Err(_) => {
            let reason = "le contenu n'est ni du JPEG ni du PNG";
            return Err(Failure::of_content(reason));
        }
    };
    if metadata.len() > MAX_FILE_BYTES {
        return Err(Failure::of_content(format!(
            "fichier de {} Mo, trop gros pour une image",
            metadata.len() / 1_000_000
        )));
    }
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    Ok(Some((format, bytes)))
}

fn has_picture_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| PICTURE_EXTENSIONS.contains(&extension.to_lowercase().as_str()))
}
