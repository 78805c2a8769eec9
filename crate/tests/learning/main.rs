//! Operations, models, trainings and what is read in a trained model.

mod checkpoint;
mod cpu_kernels;
mod cpu_properties;
mod db_vae;
mod db_vae_training;
mod explain;
mod interrupts;
mod lab_networks;
mod models;
mod optimizers;
mod resampling;
mod support;
mod tasks;
mod tensorflow_parity;
mod train;
