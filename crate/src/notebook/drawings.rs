//! Where a lab finds UTKFace when it has none: drawn faces, written once, kept in the user's cache.

use std::path::PathBuf;

use super::{
    live::{ProgressBar, progress_bar},
    user_cache,
};
use crate::{
    data::{DrawnFacesConfig, Preset},
    error::{Error, Result},
    host::{self, StopFlag},
};

/// The folder of the drawn faces of a preset and a seed; drawn now if it is not whole.
pub(super) fn utkface(preset: Preset, seed: u64) -> Result<PathBuf> {
    let config = DrawnFacesConfig::new()
        .with_faces(preset.choose(600, 3_000, 6_000))
        .with_side(preset.choose(100, 200, 200))
        .with_seed(seed);
    let name = format!("utkface-dessine-{}-{}-{seed}", config.faces, config.side);
    let folder = user_cache::folder().join("dessins").join(name);
    let wish = StopFlag::new();
    let mut bar: Option<ProgressBar> = None;
    let report = config.write_utkface_folder(&folder, &wish, |done, total| {
        if done < total || bar.is_some() {
            let bar = bar.get_or_insert_with(|| progress_bar("Dessin des visages", total));
            bar.go_to(done, "fichiers écrits");
        }
        if host::asked() {
            wish.request();
        }
    })?;
    if !report.is_complete() {
        return Err(Error::Stopped {
            what: "le dessin des visages".to_owned(),
        });
    }
    println!(
        "Visages dessinés au format d'UTKFace, avec des défauts glissés exprès : {} fichiers",
        report.files
    );
    Ok(folder)
}
