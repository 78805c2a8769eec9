//! The settings of a session: what the cell gives, else the environment, else the defaults.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use tp_protocol::data_sets::asks_for_drawings;

use super::data_source::{DataSource, find_data};
use crate::{
    data::{PRESET_VARIABLE, Preset},
    device::{self, DEVICE_VARIABLE},
    error::{Error, Result},
};

/// Environment variable that names the data: a folder, a file `train_face.h5`, or
/// [`DRAWINGS`](crate::data::data_sets::DRAWINGS).
pub const DATA_VARIABLE: &str = "TP_DONNEES";
/// Environment variable that gives the seed.
pub const SEED_VARIABLE: &str = "TP_GRAINE";
/// Environment variable that bounds the number of training images a class, whatever the preset.
pub const IMAGES_VARIABLE: &str = "TP_IMAGES";

/// Fewest images a class that a lab can work with: a batch of 100 takes 50, and some are held out.
const FEWEST_IMAGES: usize = 80;
/// Seed used when none is given.
pub const DEFAULT_SEED: u64 = 42;

/// What a session was opened with.
#[derive(Clone)]
pub(super) struct Settings {
    pub lab: String,
    pub preset: Preset,
    pub device: Device,
    pub seed: u64,
    pub max_images: Option<usize>,
    pub data: DataSource,
}

/// Settings that a cell gives itself; what it leaves out comes from the environment.
#[derive(Debug, Clone, Default)]
pub struct SessionBuilder {
    lab: String,
    preset: Option<Preset>,
    device: Option<String>,
    data_dir: Option<PathBuf>,
    seed: Option<u64>,
}

impl SessionBuilder {
    pub(super) fn new(lab: &str) -> Self {
        Self {
            lab: lab.to_owned(),
            ..Self::default()
        }
    }

    /// Sets how much is computed.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Self {
        self.preset = Some(preset);
        self
    }

    /// Sets the device by name: `auto`, `flex`, `ndarray`, `cuda`, `cuda:1`.
    #[must_use]
    pub fn device(mut self, name: &str) -> Self {
        self.device = Some(name.to_owned());
        self
    }

    /// Sets the folder of the data sets, a file `train_face.h5`, or `"synthetique"`.
    #[must_use]
    pub fn data_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.data_dir = Some(path.as_ref().to_path_buf());
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Settings of the builder, else of `environment`, else the defaults.
    pub(super) fn resolve(
        self,
        environment: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Settings> {
        let variable = |name| environment(name).filter(|value| !value.trim().is_empty());
        let preset = match (self.preset, variable(PRESET_VARIABLE)) {
            (Some(preset), _) => preset,
            (None, Some(name)) => name.parse()?,
            (None, None) => Preset::default(),
        };
        let device = match self.device.or_else(|| variable(DEVICE_VARIABLE)) {
            Some(name) => device::from_name(&name)?,
            None => device::best(),
        };
        let seed = match (self.seed, variable(SEED_VARIABLE)) {
            (Some(seed), _) => seed,
            (None, Some(text)) => text.trim().parse().map_err(|_| Error::Setting {
                variable: SEED_VARIABLE,
                value: text.clone(),
                accepted: format!("un entier de 0 à {}", u64::MAX),
            })?,
            (None, None) => DEFAULT_SEED,
        };
        let max_images = match variable(IMAGES_VARIABLE) {
            Some(text) => match text.trim().parse() {
                Ok(max) if max >= FEWEST_IMAGES => Some(max),
                _ => {
                    return Err(Error::Setting {
                        variable: IMAGES_VARIABLE,
                        value: text,
                        accepted: format!("un nombre d'images par sorte, {FEWEST_IMAGES} au moins"),
                    });
                }
            },
            None => None,
        };
        let data = match self
            .data_dir
            .or_else(|| variable(DATA_VARIABLE).map(PathBuf::from))
        {
            Some(path) if asks_for_drawings(&path) => DataSource::Synthetic,
            Some(path) => DataSource::At(std::path::absolute(&path).unwrap_or(path)),
            None => match std::env::current_dir() {
                Ok(folder) => find_data(&folder),
                Err(_) => DataSource::NotFound(vec![PathBuf::from("data")]),
            },
        };
        Ok(Settings {
            lab: self.lab,
            preset,
            device,
            seed,
            max_images,
            data,
        })
    }
}
