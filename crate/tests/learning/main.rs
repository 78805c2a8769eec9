//! Operations, models, trainings and what is read in a trained model.

mod checkpoint;
mod cpu_kernels;
mod cpu_properties;
mod data_costs;
mod db_vae;
mod db_vae_training;
mod explain;
mod features;
mod gender_age;
mod interrupts;
mod lab_networks;
mod latent_space;
mod models;
mod optimizers;
mod parity;
mod resampling;
mod support;
mod tasks;
mod tensorflow_parity;
mod train;
mod vae64;
mod young_old;
