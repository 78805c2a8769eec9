//! A contact sheet of drawn faces, with their legend.

use super::faces::DrawnFacesConfig;
use crate::{
    error::Result,
    figures::{Figure, GridOptions, image_grid},
    french::count,
};

/// Narrowest place of a face, in pixels: its legend must hold above it.
const NARROWEST: usize = 116;
/// Faces of a sheet, at most.
const SHEET: usize = 100;

impl DrawnFacesConfig {
    /// The first 100 faces at their own size, ten a row, each under its type of skin (I to VI), its code (« g 0 » to « g 4 »)
    /// and its labelled age.
    ///
    /// # Errors
    /// Those of [`images`](Self::images) and of [`image_grid`].
    pub fn sheet(&self) -> Result<Figure> {
        let shown = Self {
            faces: self.faces.min(SHEET),
            ..self.clone()
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
        let bias = self
            .bias
            .map_or_else(String::new, |bias| format!(" (biais « {} »)", bias.name()));
        let options = GridOptions::new()
            .with_columns(10)
            .with_cell(self.side.max(NARROWEST) as u32)
            .with_titles(titles)
            .with_caption(format!(
                "Visages dessinés{bias} : teint · groupe (code) · âge"
            ));
        image_grid(&shown.images()?, &options)
    }
}
