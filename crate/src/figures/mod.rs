//! Every picture a lab shows, one function each, from images, histories and frames to a PNG.
//!
//! Labels and numbers are French; colours are Okabe and Ito's, which colour-blind readers tell
//! apart, and never carry a meaning alone; the font is embedded, so a figure looks the same
//! everywhere; every figure comes with a text alternative that sums up its data.

mod ages;
mod augmentation;
mod bars;
mod blocks;
mod canvas;
mod curves;
mod cycle_gan;
mod difference_bars;
mod distributions;
mod drawn_faces;
mod figure;
mod frames;
mod grid;
mod group_bars;
mod histogram;
mod latent;
mod loss_axes;
mod loss_curve;
mod plot;
mod points;
mod probability_grid;
mod schemes;
mod style;
mod tables;

pub use ages::age_scatter;
pub use augmentation::augmentation_rows;
pub use bars::stacked_bars;
pub use curves::{errors_by_factor, reliability_diagram, roc_by_group};
pub use cycle_gan::cycle_gan_scheme;
pub use difference_bars::difference_bars;
pub use distributions::{histogram_by_group, split_violin};
pub use drawn_faces::drawn_faces_sheet;
pub use figure::Figure;
pub use grid::{GridOptions, image_grid, image_pair, image_rows};
pub use group_bars::{grouped_bars, recall_bars};
pub use histogram::stacked_histogram;
pub use latent::{factor_heatmap, latent_map};
pub use loss_curve::loss_curve;
pub(crate) use loss_curve::trace_figure;
pub use points::named_points;
pub use probability_grid::probability_grid;
pub use schemes::{db_vae_scheme, vae_scheme};
pub use tables::{confusion_matrix, crosstab_heatmap};
