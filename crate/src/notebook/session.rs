//! The first cell of a lab: preset, device, data and seed, chosen once and said plainly.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use burn::tensor::Device;

use super::{
    data_source::{DataSource, SYNTHETIC, asks_for_drawings, find_data},
    drawings, user_cache,
};
use crate::{
    data::{
        DetectionConfig, DetectionLoader, FAIRFACE_FOLDER, LoadOptions, PRESET_VARIABLE, Preset,
        SyntheticConfig, TestFaces, utkface::UTKFACE_FOLDERS,
    },
    device::{self, DEVICE_VARIABLE},
    error::{Error, Result},
};

/// Environment variable that names the data: a folder, a file `train_face.h5`, or
/// [`SYNTHETIC`].
pub const DATA_VARIABLE: &str = "TP_DONNEES";
/// Environment variable that gives the seed.
pub const SEED_VARIABLE: &str = "TP_GRAINE";
/// Environment variable that bounds the number of training images a class, whatever the preset.
pub const IMAGES_VARIABLE: &str = "TP_IMAGES";

/// Fewest images a class that a lab can work with: a batch of 100 takes 50, and some are held out.
const FEWEST_IMAGES: usize = 80;
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
    max_images: Option<usize>,
    data: DataSource,
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
    /// folder `data` of this folder or of one above, up to the repository's root, that holds a data
    /// set; else drawn images), `TP_GRAINE` (default 42). Seeds the device, and prints what was chosen.
    ///
    /// `TP_IMAGES` bounds the training images a class, for a slow device.
    /// `TP_DONNEES` is a folder, a file `train_face.h5`, or `synthetique` for drawn images. One that
    /// does not exist is no error here: [`data_dir`](Self::data_dir) tells.
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

    /// This number of images of each kind, or the limit that `TP_IMAGES` sets when it is smaller: for what a lab
    /// draws by itself.
    pub fn at_most(&self, images: usize) -> usize {
        self.max_images.map_or(images, |max| images.min(max))
    }

    /// Whether images are drawn rather than read.
    pub fn is_synthetic(&self) -> bool {
        !matches!(self.data, DataSource::At(_))
    }

    /// The folder of the data sets; that of the file when the data are a `train_face.h5`.
    ///
    /// # Errors
    /// [`Error::DataRootMissing`] when images are drawn, [`Error::FolderMissing`] when the folder
    /// that was named does not exist.
    pub fn data_dir(&self) -> Result<PathBuf> {
        match &self.data {
            DataSource::At(path) if path.is_dir() => Ok(path.clone()),
            DataSource::At(path) if path.is_file() => {
                Ok(path.parent().unwrap_or(Path::new("/")).to_path_buf())
            }
            DataSource::At(path) => Err(Error::FolderMissing {
                what: "les données".to_owned(),
                path: path.clone(),
                remedy: format!(
                    "Corrigez {DATA_VARIABLE}, créez ce dossier, ou donnez-lui la valeur {SYNTHETIC} \
                     pour des visages dessinés"
                ),
            }),
            DataSource::Synthetic => Err(Error::DataRootMissing {
                searched: Vec::new(),
            }),
            DataSource::NotFound(searched) => Err(Error::DataRootMissing {
                searched: searched.clone(),
            }),
        }
    }

    /// Faces and non-faces for the detection labs, in the amount of the preset, split with the
    /// session's seed; prints how many there are. Reduced pictures are kept in the user's cache (`TP_CACHE`, else
    /// `~/.cache/tp-visages`), where the next session finds them. Drawn when there is no data set; see
    /// [`SyntheticConfig`].
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`DetectionConfig::init`] and of
    /// [`SyntheticConfig::detection_loader`].
    pub fn detection_loader(&self) -> Result<DetectionLoader> {
        let loader = match &self.data {
            DataSource::At(path) => {
                let mut config = DetectionConfig::for_preset(self.preset)
                    .with_seed(self.seed)
                    .with_load(real_pictures());
                if self.max_images.is_some() {
                    config = config.with_max_images(self.max_images);
                }
                let root = if path.is_file() {
                    path.clone()
                } else {
                    self.data_dir()?
                };
                config.init(&root)?
            }
            DataSource::Synthetic | DataSource::NotFound(_) => {
                let mut config = SyntheticConfig::for_preset(self.preset).with_seed(self.seed);
                if let Some(max) = self.max_images {
                    let (faces, non_faces) = (config.faces.min(max), config.non_faces.min(max));
                    config = config.with_images(faces, non_faces);
                }
                println!(
                    "Visages dessinés (synthétiques), biaisés à dessein : {:.0} % ont la peau foncée (Fitzpatrick IV à VI), \
                     et l'appareil photo les sous-expose",
                    100.0 * config.dark_share
                );
                config.detection_loader()?
            }
        };
        println!("{loader}");
        Ok(loader)
    }

    /// The test faces of the debiasing lab, read beside the training data, or drawn.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`TestFaces::load`] and of
    /// [`SyntheticConfig::test_faces`].
    pub fn test_faces(&self) -> Result<TestFaces> {
        if !self.is_synthetic() {
            return TestFaces::load(&self.data_dir()?, &real_pictures());
        }
        let config = SyntheticConfig::for_preset(self.preset).with_seed(self.seed);
        println!(
            "Visages de test dessinés : {} par groupe (le laboratoire du MIT en a 5)",
            config.test_faces_per_group
        );
        config.test_faces()
    }

    /// The folder of UTKFace: that of the data, or one of drawn faces in the same format, with planted defects, made
    /// once in the user's cache. Prints which.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir); [`Error::FolderMissing`] when the data have no UTKFace; those of
    /// [`DrawnFacesConfig::write_utkface_folder`]; [`Error::Stopped`] for an interrupt, after which the drawing goes on
    /// where it was.
    pub fn utkface(&self) -> Result<PathBuf> {
        if self.is_synthetic() {
            return drawings::utkface(self.preset, self.seed);
        }
        let root = self.data_dir()?;
        let mut folders = UTKFACE_FOLDERS.iter().map(|name| root.join(name));
        let folder = folders
            .find(|folder| folder.is_dir())
            .ok_or_else(|| Error::FolderMissing {
                what: "UTKFace".to_owned(),
                path: root.join(UTKFACE_FOLDERS[0]),
                remedy: format!(
                    "Placez-y les images (voir data/README.md), ou donnez à {DATA_VARIABLE} la valeur {SYNTHETIC} pour des \
                     visages dessinés"
                ),
            })?;
        println!("UTKFace : {}", folder.display());
        Ok(folder)
    }

    /// The faces of FairFace by gender and origin; without that folder, says so and gives `None`.
    ///
    /// # Errors
    /// Those of [`TestFaces::fairface`].
    pub fn fairface(&self) -> Result<Option<TestFaces>> {
        let faces = match self.data_dir() {
            Ok(root) => TestFaces::fairface(&root, &real_pictures())?,
            Err(_) => None,
        };
        if faces.is_none() {
            println!(
                "FairFace n'est pas dans le dossier de données (sous-dossier « {FAIRFACE_FOLDER} ») : cette partie est sautée. \
                 Voyez data/README.md pour l'obtenir."
            );
        }
        Ok(faces)
    }
}

/// How the pictures of data sets are read: decoded once, then found in the user's cache.
fn real_pictures() -> LoadOptions {
    LoadOptions::default().with_cache(user_cache::images())
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

    /// Opens the session; see [`Seance::ouvrir`].
    ///
    /// # Errors
    /// Those of [`Seance::ouvrir`].
    pub fn open(self) -> Result<Seance> {
        let seance = self.resolve(|variable| {
            std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
        })?;
        device::share_this_thread();
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
        Ok(Seance {
            lab: self.lab,
            preset,
            device,
            seed,
            max_images,
            data,
        })
    }
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
        if let Some(max) = self.max_images {
            writeln!(
                f,
                "Au plus {max} images de chaque sorte ({IMAGES_VARIABLE})"
            )?;
        }
        match (&self.data, self.data_dir()) {
            (DataSource::Synthetic, _) => write!(f, "Données : visages dessinés (synthétiques)"),
            (DataSource::NotFound(_), _) => write!(
                f,
                "Données : visages dessinés (synthétiques), faute de photos dans un dossier « data » ; \
                 voyez data/README.md"
            ),
            // The file, not the folder it is in.
            (DataSource::At(path), Ok(_)) => write!(f, "Données : {}", path.display()),
            (DataSource::At(_), Err(error)) => write!(f, "⚠ Données : {error}"),
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

    #[test]
    fn a_bound_on_the_images_is_read_and_checked() {
        let bounded = resolve(Seance::builder("tp5"), &[(IMAGES_VARIABLE, " 120 ")]).unwrap();
        assert_eq!(bounded.max_images, Some(120));
        assert_eq!((bounded.at_most(800), bounded.at_most(100)), (120, 100));
        assert!(bounded.to_string().contains("Au plus 120 images"));
        for wrong in ["3", "beaucoup", "-1"] {
            let error = resolve(Seance::builder("tp5"), &[(IMAGES_VARIABLE, wrong)]).unwrap_err();
            assert!(error.to_string().contains("TP_IMAGES"), "{error}");
        }
    }

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
        let DataSource::NotFound(searched) = find_data(&nested) else {
            panic!("a folder outside the repository was taken");
        };
        assert_eq!(searched.len(), 3);
        assert_eq!(searched[2], base.join("depot/data"));

        // A folder that holds no data set is not enough; a part of one is.
        let data = base.join("depot/data");
        std::fs::create_dir(&data).unwrap();
        assert!(matches!(find_data(&nested), DataSource::NotFound(_)));
        std::fs::create_dir(data.join("visages")).unwrap();
        assert_eq!(find_data(&nested), DataSource::At(data.clone()));
        std::fs::remove_dir(data.join("visages")).unwrap();
        std::fs::write(data.join("train_face.h5"), "").unwrap();
        assert_eq!(find_data(&nested), DataSource::At(data));
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn drawings_are_asked_for_by_name() {
        for word in ["synthetique", "Synthétique", "/ailleurs/synthetique"] {
            let seance = resolve(Seance::builder("tp5"), &[(DATA_VARIABLE, word)]).unwrap();
            assert!(seance.is_synthetic(), "{word}");
            assert!(
                seance
                    .to_string()
                    .contains("visages dessinés (synthétiques)")
            );
            let message = seance.data_dir().unwrap_err().to_string();
            assert!(message.contains("visages dessinés"), "{message}");
        }
        let seance = resolve(Seance::builder("tp5"), &[(DATA_VARIABLE, "autre")]).unwrap();
        assert!(!seance.is_synthetic());
    }

    #[test]
    fn a_file_stands_for_its_folder() {
        let folder = std::env::temp_dir().join(format!("visages-fichier-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("mes_visages.h5");
        std::fs::write(&file, "").unwrap();
        let seance = resolve(Seance::builder("tp5").data_dir(&file), &[]).unwrap();
        assert_eq!(seance.data_dir().unwrap(), folder);
        assert!(seance.to_string().ends_with("mes_visages.h5"));
        let message = seance.detection_loader().unwrap_err().to_string();
        assert!(message.contains("il est vide"), "{message}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
