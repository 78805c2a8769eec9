//! What a model has learnt, made visible: latent variables and what each of them draws.

mod latent_traversal;

pub use latent_traversal::{Traversal, kl_by_dimension, latent_traversal, most_active};
