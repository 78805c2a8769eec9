//! JupyterLab's interface as the labs want it: in French, as our messages name its menus, and without the questions and
//! the news that it opens with.

use std::path::PathBuf;

use serde_json::json;

use super::python::Environment;
use crate::error::Result;
use crate::paths;

/// Writes JupyterLab's default settings in our environment, unless there are some: they may be the instructor's. What a
/// user chooses in the interface comes before them. A conda environment may serve other work and stays as it is.
///
/// # Errors
/// When the environment cannot be written.
pub fn write(python: &Environment) -> Result<()> {
    if is_there(python) {
        return Ok(());
    }
    let settings = json!({
        "@jupyterlab/translation-extension:plugin": { "locale": "fr_FR" },
        // The versions are pinned: newer ones are not for students to install.
        "@jupyterlab/apputils-extension:notification": { "fetchNews": "false", "checkForUpdates": false },
    });
    let file = file(python);
    if let Some(folder) = file.parent() {
        paths::create_folder(folder)?;
    }
    paths::write_atomically(&file, format!("{settings:#}\n").as_bytes())
}

/// Whether nothing is to be written.
pub fn is_there(python: &Environment) -> bool {
    python.is_conda() || file(python).is_file()
}

fn file(python: &Environment) -> PathBuf {
    python
        .root()
        .join("share/jupyter/lab/settings/overrides.json")
}
