//! A contact sheet of drawn faces, with their legend.

use super::{Figure, GridOptions, image_grid};
use crate::{data::DrawnFacesConfig, error::Result, french::count};

/// Narrowest place of a face, in pixels: its legend must hold above it.
const NARROWEST: usize = 116;
/// Faces of a sheet, at most.
const SHEET: usize = 100;

/// The first 100 faces of `config` at their own size, ten a row, each under its type of skin (I to VI), its code (« g 0 » to
/// « g 4 ») and its labelled age.
///
/// # Errors
/// Those of [`DrawnFacesConfig::images`] and of [`image_grid`].
pub fn drawn_faces_sheet(config: &DrawnFacesConfig) -> Result<Figure> {
    let shown = DrawnFacesConfig {
        faces: config.faces.min(SHEET),
        ..config.clone()
    };
    let records = shown.records()?;
    let titles = records.iter().map(|record| {
        let age = count(usize::from(record.label.age), "an");
        format!(
            "{} · g {} · {age}",
            record.factors.tone.name(),
            record.label.code
        )
    });
    let bias = config
        .bias
        .map_or_else(String::new, |bias| format!(" (biais « {} »)", bias.name()));
    let options = GridOptions::new()
        .with_columns(10)
        .with_cell(config.side.max(NARROWEST) as u32)
        .with_titles(titles)
        .with_caption(format!(
            "Visages dessinés{bias} : teint · groupe (code) · âge"
        ));
    image_grid(&shown.images()?, &options)
}
