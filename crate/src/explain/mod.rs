//! What a model has learnt, made visible: latent variables, what each of them draws, and what each of them says.
//!
//! | file | owns |
//! |---|---|
//! | `decoding` | from latent values to images; the way from a code to another |
//! | `latent_traversal` | one variable moves and the others stay; how active each is |
//! | `latent_factors` | what variables say of what is known of the images |
//! | `regression` | linear least squares, cross-validated |
//! | `components` | the map in a plane |
//! | `clusters` | groups of neighbours, and whether they are those of a label |
//! | `probe` | a small classifier on latent variables or on pixels |
//! | `prior` | how far codes are from the law they are drawn from |

mod clusters;
mod components;
mod decoding;
mod latent_factors;
mod latent_traversal;
mod prior;
mod probe;
mod regression;

pub use clusters::{Clusters, adjusted_rand_index, cluster_factors, k_means};
pub use components::{PrincipalComponents, principal_components};
pub use decoding::interpolate;
pub use latent_factors::latent_factors;
pub use latent_traversal::{
    Traversal, kl_by_dimension, latent_traversal, most_active, prior_traversal,
};
pub use prior::{prior_share_outside, share_outside};
pub use probe::{Probe, linear_probe, pixel_features};
