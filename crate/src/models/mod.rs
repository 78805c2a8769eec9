//! The networks of the labs, one readable file an architecture.
//!
//! Every model is built as `XConfig::new().init(&device)` on a plain device (without autodiff) and
//! splits into `features()` and `head()`, or `encode()` and `decode()`, which is where the explanation
//! methods take hold.

mod age_cnn;
mod backbones;
mod db_vae;
mod decoder;
mod gender_age_cnn;
mod gender_cnn;
mod initialization;
mod parameters;
mod standard_cnn;
mod vae64;
mod weights;
mod young_old;

pub use age_cnn::{AgeCnn, AgeCnnConfig};
pub use backbones::{EfficientNet, EfficientNetConfig};
pub(crate) use db_vae::draw_latents;
pub use db_vae::{DbVae, DbVaeConfig};
pub use decoder::{FaceDecoder, FaceDecoderConfig};
pub use gender_age_cnn::{GenderAgeCnn, GenderAgeCnnConfig};
pub use gender_cnn::{GenderCnn, GenderCnnConfig};
pub use initialization::Initialization;
pub use parameters::{num_params, num_trainable_params};
pub use standard_cnn::{StandardCnn, StandardCnnConfig};
pub use vae64::{Vae64, Vae64Config};
pub use weights::{load_weights, save_weights};
pub use young_old::{YoungOldCnn, YoungOldCnnConfig};
