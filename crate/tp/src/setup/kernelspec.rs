//! The kernelspec: how Jupyter finds the kernel. It lives in the Python environment, never at user level.

use serde_json::json;

use super::python::Environment;
use crate::error::Result;
use crate::kernel::{KERNEL_DISPLAY_NAME, KERNEL_NAME, KernelFolder};
use crate::paths;

/// Writes `share/jupyter/kernels/tp-rust/kernel.json` when it is absent or points elsewhere.
///
/// # Errors
/// When the environment cannot be written.
pub fn write(python: &Environment, kernel: &KernelFolder) -> Result<()> {
    let folder = python
        .root()
        .join("share/jupyter/kernels")
        .join(KERNEL_NAME);
    let spec = json!({
        "argv": kernel.argv(),
        "display_name": KERNEL_DISPLAY_NAME,
        "language": "rust",
        "interrupt_mode": "message",
    });
    let text = format!("{spec:#}\n");
    let file = folder.join("kernel.json");
    if std::fs::read_to_string(&file).is_ok_and(|present| present == text) {
        return Ok(());
    }
    paths::create_folder(&folder)?;
    paths::write_atomically(&file, text.as_bytes())
}

/// Whether the environment's kernelspec starts this kernel.
pub fn is_current(python: &Environment, kernel: &KernelFolder) -> bool {
    let file = python
        .root()
        .join("share/jupyter/kernels")
        .join(KERNEL_NAME)
        .join("kernel.json");
    let launcher = kernel.launcher();
    std::fs::read_to_string(file).is_ok_and(|text| text.contains(&*launcher.to_string_lossy()))
}
