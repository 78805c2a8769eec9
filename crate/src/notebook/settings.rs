//! The settings of a session: what the cell gives, else the environment, else the defaults.

use std::path::{Path, PathBuf};

use tp_protocol::data_sets::asks_for_drawings;

use super::{
    data_source::{DataSource, find_data},
    session::Session,
};
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

    /// Opens the session; see [`Session::open`].
    ///
    /// # Errors
    /// Those of [`Session::open`].
    pub fn open(self) -> Result<Session> {
        let session = self.resolve(|variable| {
            std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
        })?;
        device::share_this_thread();
        session.device.seed(session.seed);
        println!("{session}");
        Ok(session)
    }

    /// Settings of the builder, else of `environment`, else the defaults.
    fn resolve(self, environment: impl Fn(&'static str) -> Option<String>) -> Result<Session> {
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
        Ok(Session {
            lab: self.lab,
            preset,
            device,
            seed,
            max_images,
            data,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use burn::tensor::Device;

    use super::*;

    pub(in crate::notebook) fn resolve(
        builder: SessionBuilder,
        environment: &[(&str, &str)],
    ) -> Result<Session> {
        builder.resolve(|name| {
            environment
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_bound_on_the_images_is_read_and_checked() {
        let bounded = resolve(Session::builder("tp5"), &[(IMAGES_VARIABLE, " 120 ")]).unwrap();
        assert_eq!(bounded.max_images, Some(120));
        assert_eq!((bounded.at_most(800), bounded.at_most(100)), (120, 100));
        assert!(bounded.to_string().contains("Au plus 120 images"));
        for wrong in ["3", "beaucoup", "-1"] {
            let error = resolve(Session::builder("tp5"), &[(IMAGES_VARIABLE, wrong)]).unwrap_err();
            assert!(error.to_string().contains("TP_IMAGES"), "{error}");
        }
    }

    #[test]
    fn the_environment_gives_what_the_cell_leaves_out() {
        let environment = [
            (PRESET_VARIABLE, "rapide"),
            (DEVICE_VARIABLE, "ndarray"),
            (SEED_VARIABLE, " 9 "),
            (DATA_VARIABLE, "quelque part"),
        ];
        let session = resolve(Session::builder("tp5"), &environment).unwrap();
        assert_eq!(session.preset(), Preset::Quick);
        assert_eq!(session.seed(), 9);
        assert_eq!(session.device(), device::from_name("ndarray").unwrap());
        let message = session.data_dir().unwrap_err().to_string();
        assert!(message.contains("quelque part"), "{message}");
        assert!(message.contains("TP_DONNEES"), "{message}");
        assert!(session.to_string().contains("⚠ Données"));

        let builder = Session::builder("tp5")
            .preset(Preset::Full)
            .device("flex")
            .seed(3)
            .data_dir(std::env::temp_dir());
        let session = resolve(builder, &environment).unwrap();
        assert_eq!(session.preset(), Preset::Full);
        assert_eq!(session.seed(), 3);
        assert_eq!(session.device(), Device::flex());
        assert!(session.data_dir().unwrap().is_absolute());
        assert!(!session.device().is_autodiff());
    }

    #[test]
    fn empty_variables_count_as_absent() {
        let empty = [
            (PRESET_VARIABLE, ""),
            (DEVICE_VARIABLE, " "),
            (SEED_VARIABLE, ""),
            (DATA_VARIABLE, ""),
        ];
        let session = resolve(Session::builder("tp5"), &empty).unwrap();
        assert_eq!(session.preset(), Preset::Session);
        assert_eq!(session.seed(), DEFAULT_SEED);
        assert!(
            session
                .to_string()
                .starts_with("Séance tp5 · préréglage « seance »")
        );
    }

    #[test]
    fn settings_that_are_not_understood_name_the_accepted_ones() {
        let cases = [
            (PRESET_VARIABLE, "vite", "rapide, seance, complet"),
            (DEVICE_VARIABLE, "gpu", "flex, ndarray, cuda"),
            (SEED_VARIABLE, "-1", "un entier de 0"),
            (SEED_VARIABLE, "quarante", "un entier de 0"),
        ];
        for (variable, value, accepted) in cases {
            let error = resolve(Session::builder("tp5"), &[(variable, value)]).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(variable), "{message}");
            assert!(message.contains(value), "{message}");
            assert!(message.contains(accepted), "{message}");
        }
    }
}
