//! The PDF of a page, printed by Chromium without a window.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::{platform, process};

const REMEDY: &str =
    "La page HTML est écrite : ouvrez-la dans votre navigateur et imprimez-la en PDF.";

/// Prints a page beside itself and returns the path of the PDF.
///
/// # Errors
/// [`Error::Command`] when Chromium fails, [`Error::Unusable`] when it writes nothing.
pub fn to_pdf(page: &Path, chromium: &Path) -> Result<PathBuf> {
    let page = std::path::absolute(page).map_err(Error::io("Chemin inutilisable", page))?;
    let pdf = page.with_extension("pdf");
    // An older one would hide that nothing was written.
    if let Err(error) = std::fs::remove_file(&pdf)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(Error::io("Impossible de remplacer", &pdf)(error));
    }
    let mut command = Command::new(chromium);
    command.args(["--headless", "--disable-gpu", "--no-pdf-header-footer"]);
    // Chromium's sandbox refuses the superuser.
    if platform::user() == 0 {
        command.arg("--no-sandbox");
    }
    // A profile of its own: an open Chromium would take the page for itself.
    let profile =
        std::env::temp_dir().join(format!("tp-rapport-{}", uuid::Uuid::new_v4().simple()));
    command.arg(option("--user-data-dir=", &profile));
    command
        .arg(option("--print-to-pdf=", &pdf))
        .arg(address(&page));
    let printed = process::output(&mut command, "L'impression de la page en PDF", REMEDY);
    let _ = std::fs::remove_dir_all(&profile);
    printed?;
    if pdf.is_file() {
        return Ok(pdf);
    }
    Err(Error::Unusable {
        path: pdf,
        reason: "Chromium ne l'a pas écrit".to_owned(),
        remedy: REMEDY.to_owned(),
    })
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(value);
    option
}

/// A path as an address: « # » and « % » are parts of a name.
fn address(path: &Path) -> String {
    let mut address = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_address_whatever_its_name() {
        assert_eq!(
            address(Path::new("/a é/b#1.html")),
            "file:///a%20%C3%A9/b%231.html"
        );
    }
}
