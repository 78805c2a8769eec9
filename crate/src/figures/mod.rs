//! Every picture a lab shows, one function each, from images, histories and frames to a PNG.
//!
//! Labels and numbers are French; colours are Okabe and Ito's, which colour-blind readers tell
//! apart, and never carry a meaning alone; the font is embedded, so a figure looks the same
//! everywhere; every figure comes with a text alternative that sums up its data.

mod augmentation;
mod canvas;
mod figure;
mod grid;
mod group_bars;
mod loss_curve;
mod schemes;
mod style;

pub use augmentation::augmentation_rows;
pub use figure::Figure;
pub use grid::{GridOptions, image_grid, image_rows, pair};
pub use group_bars::group_bars;
pub use loss_curve::loss_curve;
pub use schemes::{db_vae_scheme, vae_scheme};
