//! Drawn images of the labs: made once a preset and a seed, kept in the user's cache for all labs.

use std::path::PathBuf;

use super::{
    live::{ProgressBar, progress_bar},
    user_cache,
};
use crate::{
    data::{DrawnFacesConfig, Preset, World, WorldConfig},
    error::{Error, Result},
    host::{self, StopFlag},
};

/// The detection set of a preset and a seed.
pub(super) fn detection(preset: Preset, seed: u64) -> WorldConfig {
    WorldConfig::for_preset(World::LAB, preset)
        .with_seed(seed)
        .with_cache(user_cache::drawings())
}

/// The folder of the drawn faces of a preset and a seed, in the format of UTKFace, and its number of images; drawn now if
/// it is not whole.
pub(super) fn utkface(preset: Preset, seed: u64) -> Result<(PathBuf, usize)> {
    let config = DrawnFacesConfig::for_preset(preset).with_seed(seed);
    let folder = user_cache::drawings().join(config.folder_name());
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
    match report.is_complete() {
        true => Ok((folder, report.files)),
        false => Err(Error::Stopped {
            what: "le dessin des visages".to_owned(),
        }),
    }
}
