//! The first cell of a lab: preset, device, data and seed, chosen once and said plainly.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use burn::tensor::Device;

use crate::{
    data::{DetectionConfig, DetectionLoader, LoadOptions, PRESET_VARIABLE, Preset, TestFaces},
    device::{self, DEVICE_VARIABLE},
    error::{Error, Result},
};

/// Environment variable that names the data folder.
pub const DATA_VARIABLE: &str = "TP_DONNEES";
/// Environment variable that gives the seed.
pub const SEED_VARIABLE: &str = "TP_GRAINE";
/// Seed used when none is given.
pub const DEFAULT_SEED: u64 = 42;

/// The settings of a lab, in force in every cell.
///
/// ```
/// use visages::prelude::*;
/// let seance = Seance::builder("tp5").preset(Preset::Rapide).device("flex").seed(7).open()?;
/// assert_eq!(seance.seed(), 7);
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Clone)]
pub struct Seance {
    lab: String,
    preset: Preset,
    device: Device,
    seed: u64,
    data: DataRoot,
}

/// Where the data folder was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DataRoot {
    /// Named by the reader, or found.
    At(PathBuf),
    /// Nowhere; the folders that were tried.
    NotFound(Vec<PathBuf>),
}

/// Settings that a cell gives itself; what it leaves out comes from the environment.
#[derive(Debug, Clone, Default)]
pub struct SeanceBuilder {
    lab: String,
    preset: Option<Preset>,
    device: Option<String>,
    data_dir: Option<PathBuf>,
    seed: Option<u64>,
}

impl Seance {
    /// Opens the session of a lab (`"tp5"`) with the settings of the environment: `TP_PRESET`
    /// (default `seance`), `TP_DEVICE` (default: the fastest at hand), `TP_DONNEES` (default: the
    /// folder `data` of this folder or of one above, up to the repository's root), `TP_GRAINE`
    /// (default 42). Seeds the device, and prints what was chosen.
    ///
    /// Missing data are no error here: [`data_dir`](Self::data_dir) tells.
    ///
    /// # Errors
    /// [`Error::Setting`] or [`Error::DeviceUnavailable`] for a setting that is not understood or
    /// cannot be met.
    pub fn ouvrir(lab: &str) -> Result<Seance> {
        Self::builder(lab).open()
    }

    /// A session whose settings the cell gives itself, in part or all.
    pub fn builder(lab: &str) -> SeanceBuilder {
        SeanceBuilder {
            lab: lab.to_owned(),
            ..SeanceBuilder::default()
        }
    }

    /// The lab's name.
    pub fn lab(&self) -> &str {
        &self.lab
    }

    /// How much is computed.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// The compute device, without autodiff.
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// The seed of splits, batches and weights.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The folder of the data sets.
    ///
    /// # Errors
    /// [`Error::DataRootMissing`] or [`Error::FolderMissing`] that say what to put where.
    pub fn data_dir(&self) -> Result<PathBuf> {
        match &self.data {
            DataRoot::At(path) if path.is_dir() => Ok(path.clone()),
            DataRoot::At(path) => Err(Error::FolderMissing {
                what: "les données".to_owned(),
                path: path.clone(),
                remedy: format!("Corrigez {DATA_VARIABLE}, ou créez ce dossier"),
            }),
            DataRoot::NotFound(searched) => Err(Error::DataRootMissing {
                searched: searched.clone(),
            }),
        }
    }

    /// Faces and non-faces for the detection labs, in the amount of the preset, split with the
    /// session's seed; prints how many there are.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir) and of [`DetectionConfig::init`].
    pub fn detection_loader(&self) -> Result<DetectionLoader> {
        let loader = DetectionConfig::for_preset(self.preset)
            .with_seed(self.seed)
            .init(&self.data_dir()?)?;
        println!("{loader}");
        Ok(loader)
    }

    /// The test faces of the debiasing lab.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir) and of [`TestFaces::load`].
    pub fn test_faces(&self) -> Result<TestFaces> {
        TestFaces::load(&self.data_dir()?, &LoadOptions::default())
    }
}

impl SeanceBuilder {
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

    /// Sets the folder of the data sets.
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

    /// Opens the session; see [`Seance::ouvrir`].
    ///
    /// # Errors
    /// Those of [`Seance::ouvrir`].
    pub fn open(self) -> Result<Seance> {
        let seance = self.resolve(|variable| {
            std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
        })?;
        seance.device.seed(seance.seed);
        println!("{seance}");
        Ok(seance)
    }

    /// Settings of the builder, else of `environment`, else the defaults.
    fn resolve(self, environment: impl Fn(&'static str) -> Option<String>) -> Result<Seance> {
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
        let data = match self
            .data_dir
            .or_else(|| variable(DATA_VARIABLE).map(PathBuf::from))
        {
            Some(path) => DataRoot::At(std::path::absolute(&path).unwrap_or(path)),
            None => match std::env::current_dir() {
                Ok(folder) => find_data(&folder),
                Err(_) => DataRoot::NotFound(vec![PathBuf::from("data")]),
            },
        };
        Ok(Seance {
            lab: self.lab,
            preset,
            device,
            seed,
            data,
        })
    }
}

/// The first folder `data` in `start` or above it, up to the repository's root. The root of the
/// file system is left out: a `/data` there has nothing to do with the labs.
fn find_data(start: &Path) -> DataRoot {
    let mut searched = Vec::new();
    for folder in start.ancestors() {
        if folder.parent().is_none() {
            break;
        }
        let candidate = folder.join("data");
        if candidate.is_dir() {
            return DataRoot::At(candidate);
        }
        searched.push(candidate);
        if [".git", "Cargo.lock"]
            .iter()
            .any(|mark| folder.join(mark).exists())
        {
            break;
        }
    }
    DataRoot::NotFound(searched)
}

impl fmt::Display for Seance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Séance {} · préréglage « {} » · {} · graine {}",
            self.lab,
            self.preset,
            device::describe(&self.device),
            self.seed
        )?;
        match self.data_dir() {
            Ok(path) => write!(f, "Données : {}", path.display()),
            Err(error) => write!(f, "⚠ Données : {error}"),
        }
    }
}

impl fmt::Debug for Seance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(builder: SeanceBuilder, environment: &[(&str, &str)]) -> Result<Seance> {
        builder.resolve(|name| {
            environment
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_gives_what_the_cell_leaves_out() {
        let environment = [
            (PRESET_VARIABLE, "rapide"),
            (DEVICE_VARIABLE, "ndarray"),
            (SEED_VARIABLE, " 9 "),
            (DATA_VARIABLE, "quelque part"),
        ];
        let seance = resolve(Seance::builder("tp5"), &environment).unwrap();
        assert_eq!(seance.preset(), Preset::Rapide);
        assert_eq!(seance.seed(), 9);
        assert_eq!(seance.device(), device::from_name("ndarray").unwrap());
        let message = seance.data_dir().unwrap_err().to_string();
        assert!(message.contains("quelque part"), "{message}");
        assert!(message.contains("TP_DONNEES"), "{message}");
        assert!(seance.to_string().contains("⚠ Données"));

        let builder = Seance::builder("tp5")
            .preset(Preset::Complet)
            .device("flex")
            .seed(3)
            .data_dir(std::env::temp_dir());
        let seance = resolve(builder, &environment).unwrap();
        assert_eq!(seance.preset(), Preset::Complet);
        assert_eq!(seance.seed(), 3);
        assert_eq!(seance.device(), Device::flex());
        assert!(seance.data_dir().unwrap().is_absolute());
        assert!(!seance.device().is_autodiff());
    }

    #[test]
    fn empty_variables_count_as_absent() {
        let empty = [
            (PRESET_VARIABLE, ""),
            (DEVICE_VARIABLE, " "),
            (SEED_VARIABLE, ""),
            (DATA_VARIABLE, ""),
        ];
        let seance = resolve(Seance::builder("tp5"), &empty).unwrap();
        assert_eq!(seance.preset(), Preset::Seance);
        assert_eq!(seance.seed(), DEFAULT_SEED);
        assert!(
            seance
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
            let error = resolve(Seance::builder("tp5"), &[(variable, value)]).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(variable), "{message}");
            assert!(message.contains(value), "{message}");
            assert!(message.contains(accepted), "{message}");
        }
    }

    #[test]
    fn data_are_searched_upward_to_the_root_of_the_repository() {
        let base = std::env::temp_dir().join(format!("visages-seance-{}", std::process::id()));
        let nested = base.join("depot/notebooks/etudiant");
        std::fs::create_dir_all(&nested).unwrap();
        std::fs::create_dir_all(base.join("data")).unwrap();
        std::fs::write(base.join("depot/Cargo.lock"), "").unwrap();
        // Beyond the root of the repository nothing is taken.
        let DataRoot::NotFound(searched) = find_data(&nested) else {
            panic!("a folder outside the repository was taken");
        };
        assert_eq!(searched.len(), 3);
        assert_eq!(searched[2], base.join("depot/data"));

        std::fs::create_dir(base.join("depot/data")).unwrap();
        assert_eq!(find_data(&nested), DataRoot::At(base.join("depot/data")));
        std::fs::remove_dir_all(&base).unwrap();
    }
}
